"""DeepONet (Lu and others 2021): a branch reads the input field, a trunk reads where, an inner product answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.latent.models.multiscale import coordinates
from spectral_lab.latent.models.spectral_block import axes


class DeepONet(nn.Module):
    """x (B, *grid, in) -> (B, *grid, out): u(s) = sum_i branch_i(x) trunk_i(s) + bias, for one fixed grid.

    Args: grid, points along each axis; width, of all layers; depth, layers of branch and trunk. Raises: ValueError.
    """

    def __init__(
        self, in_channels: int, out_channels: int, grid: Sequence[int], width: int = 128, depth: int = 3
    ) -> None:
        super().__init__()
        self.grid, self.in_channels = axes(grid, "grid", 1), checks.integer(in_channels, "in_channels", 1, 10_000)
        width, depth = checks.integer(width, "width", 1, 4096), checks.integer(depth, "depth", 1, 20)
        self.out_channels = checks.integer(out_channels, "out_channels", 1, 10_000)
        self.branch = perceptron(in_channels * math.prod(self.grid), width, width * out_channels, depth)
        self.trunk = perceptron(len(self.grid), width, width, depth)
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, *grid, in) -> (B, *grid, out)."""
        if tuple(x.shape[1:]) != (*self.grid, self.in_channels) or not len(x):
            shape = f"(B, {', '.join(map(str, (*self.grid, self.in_channels)))})"
            raise ValueError(f"x must have shape {shape}, B at least 1, got {tuple(x.shape)}")
        coefficients = self.branch(x.flatten(1)).unflatten(1, (self.out_channels, -1))  # (B, out, width)
        return torch.einsum("bow,...w->b...o", coefficients, self.trunk(coordinates(x[:1])[0])) + self.bias


def perceptron(inputs: int, width: int, outputs: int, depth: int) -> nn.Sequential:
    """`depth` linear maps with GELU between."""
    sizes = [inputs, *[width] * (depth - 1), outputs]
    layers = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.GELU())]
    return nn.Sequential(*layers[:-1])
