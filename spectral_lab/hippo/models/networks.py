"""Networks: encoder, body and head put together, for whole sequences, for pairs, and for the delay task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hippo.models.kernels import WIDEST, FreeKernel, S4DKernel, S4Kernel
from spectral_lab.hippo.models.layers import DEEPEST, NORMS, Block, Convolution, Stack


class Network(nn.Module):
    """Encoder, body, pooling, linear head: classifies or regresses whole sequences.

    Args:
        encoder: data to (batch, length, channels): `nn.Linear` for signals, `nn.Embedding` for tokens.
        body: `Stack`, `Recurrent` or `Transformer`.
        head: from the pooled features to the answer.
        pool: "mean" over the true length, "last" true position, or "none" (the head sees every position).
    Raises: ValueError.
    """

    def __init__(self, encoder: nn.Module, body: nn.Module, head: nn.Module, pool: str = "mean") -> None:
        super().__init__()
        self.encoder, self.body, self.head = encoder, body, head
        self.pool = checks.choice(pool, "pool", ("mean", "last", "none"))

    def forward(self, x: Tensor, lengths: Int[Tensor, " b"] | None = None, rate: float = 1.0) -> Tensor:
        """Answers (batch, ...); `lengths`, the true lengths of padded sequences; `rate`, as `Convolution`."""
        return self.head(self.features(x, lengths, rate))

    def features(self, x: Tensor, lengths: Int[Tensor, " b"] | None = None, rate: float = 1.0) -> Tensor:
        """The pooled features. Raises: ValueError if the lengths do not fit (values are looked at on a CPU only)."""
        x = self.encoder(x)
        if lengths is not None:
            wrong = lengths.device.type == "cpu" and bool(((lengths < 1) | (lengths > x.shape[1])).any())
            if lengths.shape != x.shape[:1] or wrong:
                raise ValueError(f"lengths must be {len(x)} whole numbers from 1 to {x.shape[1]}, got {lengths}")
        inside = None if lengths is None else (torch.arange(x.shape[1], device=x.device) < lengths[:, None])[..., None]
        x = self.body(x, inside, rate)  # (b, l, h)
        if self.pool == "none":
            return x
        if self.pool == "last":
            return x[:, -1] if lengths is None else x[torch.arange(len(x), device=x.device), lengths - 1]
        return x.mean(1) if lengths is None or inside is None else (x * inside).sum(1) / lengths[:, None]


class PairNetwork(nn.Module):
    """Two documents through one network (its head is unused), then [a, b, a - b, a b] to a small head (retrieval).

    Both go through as one batch, padded to one length, so that batch norm sees them together, as in the authors' code.
    Args: gelu, how the GELU of the head is computed: "none", exactly, or "tanh", as in JAX.
    """

    def __init__(self, network: Network, channels: int, classes: int = 2, gelu: str = "none") -> None:
        super().__init__()
        self.network = network
        self.head = nn.Sequential(nn.Linear(4 * channels, channels), nn.GELU(gelu), nn.Linear(channels, classes))

    def forward(
        self, first: Int[Tensor, "b _"], n: Int[Tensor, " b"], second: Int[Tensor, "b _"], m: Int[Tensor, " b"]
    ) -> Tensor:
        """Answers (batch, classes) to pairs of documents with their lengths."""
        longest = max(first.shape[1], second.shape[1])
        documents = torch.cat([F.pad(x, (0, longest - x.shape[1])) for x in (first, second)])
        a, b = self.network.features(documents, torch.cat([n, m])).chunk(2)
        return self.head(torch.cat([a, b, a - b, a * b], -1))


def reader(
    encoder: nn.Module,
    body: nn.Module,
    channels: int,
    classes: int,
    *,
    pool: str = "mean",
    pairs: bool = False,
    gelu: str = "none",
) -> Network | PairNetwork:
    """The network that tells the class of a sequence, or of a pair; arguments as of `Network` and `PairNetwork`."""
    if pairs:
        return PairNetwork(Network(encoder, body, nn.Identity(), pool), channels, classes, gelu)
    return Network(encoder, body, nn.Linear(channels, classes), pool)


def s4_stack(
    channels: int,
    layers: int,
    *,
    states: int = 64,
    kernel: str = "s4",
    init: str = "legs",
    copies: int = 1,
    steps: Sequence[float] = (1e-3, 1e-1),
    bidirectional: bool = True,
    norm: str = "batch",
    prenorm: bool = True,
    dropout: float = 0.0,
    length: int = 1024,
    B_clip: float | None = None,
) -> Stack:
    """The authors' architecture: `layers` blocks of S4 ("s4"), S4D ("s4d") or free kernels of `length` ("free")."""
    checks.choice(kernel, "kernel", ("s4", "s4d", "free"))
    checks.choice(norm, "norm", NORMS)
    prenorm, dropout = checks.flag(prenorm, "prenorm"), checks.number(dropout, "dropout", 0, 1)
    channels, layers = checks.integer(channels, "channels", 1, 10_000), checks.integer(layers, "layers", 1, DEEPEST)
    checks.room(2 * channels**2 * layers, "channels and layers")
    if B_clip is not None and kernel != "s4":
        raise ValueError(f"B_clip must be None for kernel {kernel!r}: only S4 is clipped, got {B_clip!r}")
    blocks = []
    for _ in range(layers):
        shared: dict[str, Any] = {"init": init, "copies": copies, "steps": steps, "bidirectional": bidirectional}
        module: S4Kernel | S4DKernel | FreeKernel
        if kernel == "s4":
            module = S4Kernel(channels, states, B_clip=B_clip, **shared)
        elif kernel == "s4d":
            module = S4DKernel(channels, states, **shared)
        else:
            module = FreeKernel(channels, length, bidirectional=bidirectional)
        blocks.append(Block(Convolution(module), norm=norm, prenorm=prenorm, dropout=dropout))
    return Stack(blocks, norm)


class DelayModel(nn.Module):
    """The linear model of the delay task: one S4 layer between two linear maps, no activation, norm or residual."""

    def __init__(self, init: str, states: int, steps: Sequence[float], channels: int = 4) -> None:
        super().__init__()
        channels = checks.integer(channels, "channels", 1, WIDEST)
        self.encoder = nn.Linear(1, channels)
        self.layer = Convolution(S4Kernel(channels, states, init=init, steps=steps))
        self.decoder = nn.Linear(channels, 1)

    def forward(self, u: Float[Tensor, "b l 1"]) -> Float[Tensor, "b l 1"]:
        return self.decoder(self.layer(self.encoder(u)))
