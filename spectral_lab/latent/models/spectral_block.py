"""The neural spectral block (Wu and others 2023, section 3), for grids of one, two or three axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.latent.basis import FREQUENCIES, LARGEST_COUNT
from spectral_lab.training.published import load

HEADS = 8
NAMES = (
    ("latent", "tokens"),
    ("encoder_attn.", "encoder."),
    ("decoder_attn.", "decoder."),
)


class SpectralBlock(nn.Module):
    """Compress each patch to C tokens, move each entry of a token along a learned curve, bring the tokens back.

    Keys, values and queries of points are never formed. A score of a token and a point is linear in the point, so the
    weight of the keys moves to the tokens; an average of values is the value of the average. The bias of the keys adds
    the same to all scores of a token and so has no effect (both derived here).

    Args: width, a multiple of 8; patch, points along each axis of a patch; num_basis N, 1 to 512; num_token C, 1 to
    1024; frequencies, "code" (pi k / N, as released) or "integer" (k). Raises: ValueError.
    """

    def __init__(
        self,
        width: int,
        patch: Sequence[int],
        num_basis: int = 12,
        num_token: int = 4,
        frequencies: str = "code",
    ) -> None:
        super().__init__()
        self.width = multiple_of_heads(width)
        self.patch = axes(patch, "patch", 1)
        count = checks.integer(num_basis, "num_basis", 1, LARGEST_COUNT)
        C = checks.integer(num_token, "num_token", 1, 1024)
        checks.choice(frequencies, "frequencies", FREQUENCIES)
        self.frequency = math.pi / count if frequencies == "code" else 1.0  # omega_1, of which all are multiples
        self.tokens = nn.Parameter(torch.rand(HEADS, C, width // HEADS) / width)
        self.weights = nn.Parameter(torch.rand(width, 2 * count) / width)  # of sin(k omega t), then of cos(k omega t)
        self.encoder = nn.Linear(width, 2 * width)  # keys and values, interleaved
        self.decoder = nn.Linear(width, width)  # queries

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, *grid) -> the same; each axis of the grid a multiple of the patch."""
        return self.on_points(x.movedim(1, -1)).movedim(-1, 1)

    def on_points(self, x: Tensor) -> Tensor:
        """(B, *grid, width) -> the same."""
        size, d = x.shape[1:-1], self.width
        if (
            x.shape[-1] != d
            or len(size) != len(self.patch)
            or any(n % p for n, p in zip(size, self.patch, strict=True))
            or not x.numel()
        ):
            got = f"{len(x)} of width {x.shape[-1]} and grid {tuple(size)}"
            raise ValueError(f"x must be fields of width {d} and a grid that patches of {self.patch} fill, got {got}")
        split = [number for n, p in zip(size, self.patch, strict=True) for number in (n // p, p)]
        order = [
            0,
            *range(1, len(split), 2),
            *range(2, len(split) + 1, 2),
            len(split) + 1,
        ]  # patches first, then points
        patched = x.reshape(-1, *split, d).permute(order)
        points = patched.reshape(-1, math.prod(self.patch), d)
        out = self.decode(points, self.solve(self.encode(points)))
        return out.reshape(patched.shape).permute(*np.argsort(order).tolist()).reshape(x.shape)

    def encode(self, points: Tensor) -> Tensor:
        """(patches, L, width) -> T_x = T + softmax_points(T K^T) V (patches, heads, C, width / heads)."""
        T, shape = self.tokens, self.tokens.shape[:2]
        keys, values = self._by_head(self.encoder.weight[::2]), self._by_head(self.encoder.weight[1::2])
        scores = points @ (T @ keys).flatten(0, 1).T  # (patches, L, heads C)
        means = scores.softmax(dim=1).transpose(1, 2) @ points  # (patches, heads C, width)
        means = torch.einsum("nhcd,hed->nhce", means.unflatten(1, shape), values)
        return T + means + self.encoder.bias[1::2].view(HEADS, 1, -1)

    def solve(self, T: Tensor) -> Tensor:
        """T_y = T + sum_k (W_k sin(k w T) + W_{N+k} cos(k w T)), w = omega_1: Re of a polynomial in e^{iwT}."""
        t = T.permute(1, 3, 0, 2).reshape(self.width, -1)  # a row a channel: long rows are quick to sum
        sine, cosine = self.weights.unflatten(1, (2, -1, 1)).unbind(dim=1)
        coefficients = torch.complex(cosine, -sine)  # (width, N, 1)
        z = torch.polar(torch.ones_like(t), self.frequency * t)
        curve = coefficients[:, -1].expand_as(z)
        for k in range(coefficients.shape[1] - 2, -1, -1):
            curve = torch.addcmul(coefficients[:, k], curve, z)
        return T + curve.real.view(HEADS, -1, len(T), T.shape[2]).permute(2, 0, 3, 1)

    def decode(self, points: Tensor, T: Tensor) -> Tensor:
        """Y = X + softmax_tokens(Q T^T) T, with tokens as keys and values."""
        queries = torch.einsum("nhce,hed->nhcd", T, self._by_head(self.decoder.weight)).flatten(1, 2)
        bias = torch.einsum("nhce,he->nhc", T, self.decoder.bias.view(HEADS, -1)).flatten(1).unsqueeze(-1)
        scores = torch.baddbmm(bias, queries, points.transpose(1, 2))  # (patches, heads C, L)
        weights = scores.unflatten(1, T.shape[1:3]).softmax(dim=2).flatten(1, 2)
        each = torch.eye(HEADS, dtype=T.dtype, device=T.device).view(HEADS, 1, HEADS, 1)
        spread = (
            (T.unsqueeze(3) * each).flatten(3).flatten(1, 2)
        )  # (patches, heads C, width): a head fills its channels
        return torch.baddbmm(points, weights.transpose(1, 2), spread)

    def load_published(self, state: Mapping[str, Any]) -> list[str]:
        """Take the tensors of a published block by their published names; what was not needed is returned."""
        return load(self, state, NAMES)

    def _by_head(self, weight: Tensor) -> Tensor:
        return weight.view(HEADS, -1, self.width)


def multiple_of_heads(width: Any) -> int:
    """A width that 8 heads share."""
    width = checks.integer(width, "width", HEADS, 4096)
    if width % HEADS:
        raise ValueError(f"width must be a multiple of the {HEADS} heads, got {width}")
    return width


def axes(value: Any, name: str, minimum: int, dimension: int | None = None) -> tuple[int, ...]:
    """One whole number for each axis of a grid of 1 to 3 axes, in the order of the axes."""
    if not isinstance(value, (tuple, list)) or not 1 <= len(value) <= 3 or dimension not in (None, len(value)):
        count = "1 to 3 whole numbers" if dimension is None else f"{dimension} whole numbers"
        raise ValueError(f"{name} must be a tuple of {count}, one an axis, got {checks.shown(value)}")
    return tuple(checks.integer(number, f"{name} of an axis", minimum, 100_000) for number in value)
