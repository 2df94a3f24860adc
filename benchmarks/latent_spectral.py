"""The latent spectral model against a plain transcription of the published forward, side by side in one process.

    python benchmarks/latent_spectral.py

One thread, float32, Darcy's configuration (85 x 85, width 64), processor time. Both compute the same numbers; that is
checked first. Wanted: 1.3 times for the network, forward and backward; 2 times for the block alone.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable

import torch
from report import publish
from torch import Tensor, nn

from spectral_lab.latent.models import FNO, LSM, SpectralBlock
from spectral_lab.latent.models.multiscale import Body

REPEATS = 15


class PlainBlock(nn.Module):
    """The same block, computed as it is usually written: channels first, keys, values and queries formed."""

    def __init__(self, block: SpectralBlock) -> None:
        super().__init__()
        d = block.width
        self.patch, self.tokens, self.weights = block.patch, block.tokens, block.weights
        self.encoder, self.decoder = nn.Conv2d(d, 2 * d, 1), nn.Conv2d(d, d, 1)
        for ours, theirs in ((block.encoder, self.encoder), (block.decoder, self.decoder)):
            theirs.weight.data, theirs.bias.data = ours.weight.data[..., None, None], ours.bias.data

    def forward(self, x: Tensor) -> Tensor:
        """(B, d, H, W) -> the same."""
        (B, d, H, W), (p, q) = x.shape, self.patch
        x = x.view(B, d, H // p, p, W // q, q).permute(0, 2, 4, 1, 3, 5).contiguous().view(-1, d, p, q)
        n, h, C = len(x), *self.tokens.shape[:2]
        pairs = self.encoder(x).view(n, h, d // h, 2, -1).permute(3, 0, 1, 4, 2).contiguous()
        tokens = self.tokens[None].expand(n, -1, -1, -1)
        tokens = tokens + (tokens @ pairs[0].transpose(-1, -2)).softmax(-1) @ pairs[1]
        tokens = tokens.permute(0, 1, 3, 2).contiguous().view(n, d, C, 1)
        N = self.weights.shape[1] // 2
        phase = math.pi * torch.arange(N).view(1, 1, 1, N) / N * tokens
        basis = torch.cat([phase.sin(), phase.cos()], dim=-1)
        tokens = tokens[..., 0] + torch.einsum("bilm,im->bil", basis, self.weights)
        tokens = tokens.view(n, h, d // h, C).permute(0, 1, 3, 2).contiguous()
        queries = self.decoder(x).view(n, h, d // h, -1).permute(0, 1, 3, 2).contiguous()
        update = (queries @ tokens.transpose(-1, -2)).softmax(-1) @ tokens
        x = x + update.permute(0, 1, 3, 2).contiguous().view(n, d, p, q)
        return x.view(B, H // p, W // q, d, p, q).permute(0, 3, 1, 4, 2, 5).contiguous().view(B, d, H, W)


class PlainBody(nn.Module):
    """The same five scales with plain blocks, as usually written: channels first, doubled, joined, convolved."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.start, self.down, self.up, self.end = body.start, body.down, body.up, body.end
        self.blocks = nn.ModuleList(PlainBlock(block) for block in body.blocks)
        self.to(memory_format=torch.contiguous_format)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same."""
        skips = [self.start(x.contiguous())]
        for down in self.down:
            skips.append(down(skips[-1]))
        skips = [block(skip) for block, skip in zip(self.blocks, skips, strict=True)]
        x = skips.pop()
        for up in self.up:
            x = nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True)
            x = up(torch.cat([skips.pop(), x], dim=1))
        return self.end(x)


def plain(model: LSM) -> LSM:
    """The same network with a plain body."""
    other = copy.deepcopy(model)
    other.body = PlainBody(other.body)
    return other


def forward(model: nn.Module, x: Tensor) -> Callable[[], object]:
    def call() -> None:
        with torch.no_grad():
            model(x)

    return call


def forward_backward(model: nn.Module, x: Tensor) -> Callable[[], object]:
    return lambda: model(x.clone().requires_grad_()).square().sum().backward()


def least(*calls: Callable[[], object]) -> list[float]:
    """Least milliseconds of processor time of each, taking turns: what else the machine does only adds to a time."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(REPEATS):
        for call, own in zip(calls, times, strict=True):
            start = time.process_time()
            call()
            own.append(1e3 * (time.process_time() - start))
    return [min(own) for own in times]


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    block, x = SpectralBlock(64, (6, 6)), torch.randn(4, 64, 96, 96)
    other, last = PlainBlock(block), x.contiguous(memory_format=torch.channels_last)  # as each network hands it over
    torch.testing.assert_close(block(last), other(x), atol=2e-5, rtol=1e-4)
    model, field = LSM(1, 1, 64, (6, 6), (11, 11)), torch.randn(2, 85, 85, 1)
    torch.testing.assert_close(model.eval()(field), plain(model)(field), atol=2e-5, rtol=1e-4)
    model.train()
    whole, fno = plain(model), FNO(1, 1, 64, (12, 12), (11, 11))
    rows = []
    for kind, run in (("forward", forward), ("forward and backward", forward_backward)):
        block_plain, block_ours = least(run(other, x), run(block, last))
        whole_plain, whole_ours, fno_ours = least(run(whole, field), run(model, field), run(fno, field))
        rows.append(row(f"block (4, 64, 96, 96), {kind}", block_plain, block_ours))
        rows.append(row(f"LSM, Darcy, batch 2, {kind}", whole_plain, whole_ours))
        rows.append(row(f"FNO, the same, {kind}", math.nan, fno_ours))
    publish("latent_spectral", "How fast is the LSM beside a plain transcription of its published forward?", rows)


def row(case: str, plain: float, ours: float) -> dict[str, object]:
    ratio = None if math.isnan(plain) else round(plain / ours, 2)
    return {
        "case": case,
        "plain ms": None if ratio is None else round(plain, 1),
        "ours ms": round(ours, 1),
        "ratio": ratio,
    }


if __name__ == "__main__":
    main()
