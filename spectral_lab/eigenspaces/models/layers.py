"""What all encoders share: padding that no network ever sees, perceptrons, and graph isomorphism layers.

Graphs of different sizes travel as dense padded tensors. Every network that acts row by row is given only the rows
that exist, and padding is put back as zeros after it. Sums, pools and normalisation statistics therefore never touch
padding, and batch norm needs no mask of its own.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

Norm = Literal["batch", "layer", "none"]


class Packing:
    """Where the real rows of a padded tensor are: [..., c] to and from [rows, c]."""

    def __init__(self, mask: Bool[Tensor, "*shape"]):
        self.shape = mask.shape
        self.index = mask.reshape(-1).nonzero().squeeze(1)

    def pack(self, padded: Float[Tensor, "*shape c"]) -> Float[Tensor, "rows c"]:
        """The rows that exist."""
        return padded.reshape(-1, padded.shape[-1]).index_select(0, self.index)

    def unpack(self, rows: Float[Tensor, "rows c"]) -> Float[Tensor, "*shape c"]:
        """The padded tensor, with zeros where no row exists."""
        padded = rows.new_zeros(math.prod(self.shape), rows.shape[1]).index_copy(0, self.index, rows)
        return padded.view(*self.shape, rows.shape[1])


class MLP(nn.Module):
    """`layers` linear maps with (norm, ReLU, dropout) after all but the last, for rows [rows, inp] -> [rows, out]."""

    def __init__(self, layers: int, inp: int, hidden: int, out: int, norm: Norm = "batch", dropout: float = 0.0):
        super().__init__()
        widths = [inp] + [hidden] * (layers - 1) + [out]
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(_norm(norm, hidden) for _ in range(layers - 1))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "rows inp"]) -> Float[Tensor, "rows out"]:
        for linear, norm in zip(self.linears, self.norms, strict=False):
            x = self.dropout(torch.relu(norm(linear(x))))
        return self.linears[-1](x)


class GINLayer(nn.Module):
    """Z_i = (1 + ε) X_i + Σ_{j ∈ N(i)} X_j, then an MLP, on many columns of features at once.

    ε is learned and starts as a standard normal number, as in the published models.
    """

    def __init__(self, mlp: MLP):
        super().__init__()
        self.eps = nn.Parameter(torch.randn(1))
        self.mlp = mlp

    def forward(
        self, x: Float[Tensor, "b n k c"], adjacency: Float[Tensor, "b n n"], packing: Packing
    ) -> Float[Tensor, "b n k c2"]:
        neighbours = (adjacency @ x.flatten(2)).view_as(x)
        return packing.unpack(self.mlp(packing.pack((1 + self.eps) * x + neighbours)))


class GIN(nn.Module):
    """Graph isomorphism layers applied to each of k columns: [b, n, k, inp] -> [b, n, k, out].

    `norm_between` puts a batch norm between the layers; the published SignNet does so, the published SPE does not.
    """

    def __init__(
        self,
        layers: int,
        inp: int,
        hidden: int,
        out: int,
        mlp_layers: int = 3,
        mlp_width: int | None = None,
        norm: Norm = "batch",
        dropout: float = 0.0,
        norm_between: bool = False,
    ):
        super().__init__()
        widths = [inp] + [hidden] * (layers - 1) + [out]
        self.layers = nn.ModuleList(
            GINLayer(MLP(mlp_layers, a, mlp_width or hidden, b, norm, dropout)) for a, b in pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(hidden) for _ in range(layers - 1) if norm_between)

    def forward(
        self, x: Float[Tensor, "b n k inp"], adjacency: Float[Tensor, "b n n"], mask: Bool[Tensor, "b n k"]
    ) -> Float[Tensor, "b n k out"]:
        packing = Packing(mask)
        for depth, layer in enumerate(self.layers):
            x = layer(x, adjacency, packing)
            if depth < len(self.norms):
                x = packing.unpack(self.norms[depth](packing.pack(x)))
        return x


def eigen_mask(mask: Bool[Tensor, "b n"], d: int) -> Bool[Tensor, "b d"]:
    """Which of the d eigenpairs exist: the first min(n, d) of a graph with n nodes."""
    return torch.arange(d, device=mask.device) < mask.sum(dim=1, keepdim=True)


def _norm(norm: Norm, width: int) -> nn.Module:
    if norm == "batch":
        return nn.BatchNorm1d(width)
    if norm == "layer":
        return nn.LayerNorm(width)
    if norm == "none":
        return nn.Identity()
    raise ValueError(f"norm must be one of 'batch', 'layer', 'none', got {norm!r}")
