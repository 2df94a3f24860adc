"""What all encoders share: padding that no network ever sees, perceptrons, and graph isomorphism layers.

Graphs of different sizes travel as dense padded tensors. Every network that acts row by row is given only the rows
that exist, and padding is put back as zeros after it. Sums, pools and normalisation statistics therefore never touch
padding, and batch norm needs no mask of its own.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from spectral_lab import checks

Norm = Literal["batch", "layer", "none"]


class Packing:
    """Where the real rows of a padded tensor are: [..., c] to and from [rows, c]."""

    def __init__(self, mask: Bool[Tensor, "*shape"]):
        self.shape = mask.shape
        self.index = mask.reshape(-1).nonzero().squeeze(1)

    def pack(self, padded: Float[Tensor, "*shape c"]) -> Float[Tensor, "rows c"]:
        """The rows that exist."""
        return _Pack.apply(padded.reshape(-1, padded.shape[-1]), self.index)

    def unpack(self, rows: Float[Tensor, "rows c"]) -> Float[Tensor, "*shape c"]:
        """The padded tensor, with zeros where no row exists."""
        return _Unpack.apply(rows, self.index, math.prod(self.shape)).view(*self.shape, rows.shape[1])


class _Pack(torch.autograd.Function):
    """Row selection. No row is selected twice, so its gradient is a plain copy; autograd would add rows one by one."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(index)
        ctx.count = len(padded)
        return padded.index_select(0, index)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Unpack.apply(gradient, *ctx.saved_tensors, ctx.count), None


class _Unpack(torch.autograd.Function):
    """The transpose of `_Pack`."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, index: Tensor, count: int) -> Tensor:
        ctx.save_for_backward(index)
        return rows.new_zeros(count, rows.shape[1]).index_copy_(0, index, rows)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _Pack.apply(gradient, *ctx.saved_tensors), None, None


class Blocks(Packing):
    """The rows of [b, n, k, c] sorted by shape: graphs with as many nodes and columns are one dense block.

    A layer on the blocks neither sees padding nor pays for it. The mask must be an outer product of nodes and columns.
    """

    def __init__(self, mask: Bool[Tensor, "b n k"]):
        nodes, columns = mask.any(dim=2), mask.any(dim=1)
        self.shape = mask.shape
        sizes = torch.stack([nodes.sum(dim=1), columns.sum(dim=1)], dim=1)
        kinds, kind, counts = sizes.unique(dim=0, return_inverse=True, return_counts=True)
        self.sizes = [(g, n, k) for g, (n, k) in zip(counts.tolist(), kinds.tolist(), strict=True)]
        graphs = kind.argsort(stable=True).split(counts.tolist())
        row = (~nodes).to(torch.uint8).argsort(dim=1, stable=True)  # the nodes that exist first
        column = (~columns).to(torch.uint8).argsort(dim=1, stable=True)
        self.places = [(b, row[b, :n], column[b, :k]) for b, (_, n, k) in zip(graphs, self.sizes, strict=True)]
        self.index = torch.cat([self._flat(*place).reshape(-1) for place in self.places])

    def _flat(self, b: Tensor, row: Tensor, column: Tensor) -> Tensor:
        return (b[:, None, None] * self.shape[1] + row[:, :, None]) * self.shape[2] + column[:, None, :]

    def adjacency(self, adjacency: Float[Tensor, "b n n"]) -> list[Tensor]:
        """The adjacency matrices [g, n, n] of each block."""
        return [adjacency[b[:, None, None], row[:, :, None], row[:, None, :]] for b, row, _ in self.places]

    def neighbours(self, rows: Float[Tensor, "rows c"], adjacency: list[Tensor]) -> Float[Tensor, "rows c"]:
        """Σ_{j ∈ N(i)} of the rows of the neighbours, column by column."""
        parts = rows.split([g * n * k for g, n, k in self.sizes])
        sums = [
            (A @ part.view(g, n, -1)).view_as(part)
            for A, part, (g, n, _) in zip(adjacency, parts, self.sizes, strict=True)
        ]
        return torch.cat(sums)


class MLP(nn.Module):
    """`layers` linear maps, (norm, ReLU, dropout) after all but the last, dropout after the last as well, as published.

    Maps rows [rows, inp] -> [rows, out].
    """

    def __init__(self, layers: int, inp: int, hidden: int, out: int, norm: Norm = "batch", dropout: float = 0.0):
        super().__init__()
        require_sizes(layers=layers, inp=inp, hidden=hidden, out=out)
        widths = [inp] + [hidden] * (layers - 1) + [out]
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(_norm(norm, hidden) for _ in range(layers - 1))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "rows inp"]) -> Float[Tensor, "rows out"]:
        for linear, norm in zip(self.linears, self.norms, strict=False):
            x = self.dropout(norm(linear(x)).relu_())
        return self.dropout(self.linears[-1](x))


class GINLayer(nn.Module):
    """Z_i = (1 + ε) X_i + Σ_{j ∈ N(i)} X_j, then an MLP, on many columns of features at once.

    ε is learned and starts as a standard normal number, as in the published models.
    """

    def __init__(self, mlp: MLP):
        super().__init__()
        self.eps = nn.Parameter(torch.randn(1))
        self.mlp = mlp

    def forward(
        self, rows: Float[Tensor, "rows c"], adjacency: list[Tensor], blocks: Blocks
    ) -> Float[Tensor, "rows c2"]:
        return self.mlp((1 + self.eps) * rows + blocks.neighbours(rows, adjacency))


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
        require_sizes(layers=layers, inp=inp, hidden=hidden, out=out)
        widths = [inp] + [hidden] * (layers - 1) + [out]
        self.layers = nn.ModuleList(
            GINLayer(MLP(mlp_layers, a, mlp_width or hidden, b, norm, dropout)) for a, b in pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(hidden) for _ in range(layers - 1) if norm_between)

    def forward(
        self, x: Float[Tensor, "b n k inp"], adjacency: Float[Tensor, "b n n"], mask: Bool[Tensor, "b n k"]
    ) -> Float[Tensor, "b n k out"]:
        blocks = Blocks(mask)
        rows, own = blocks.pack(x), blocks.adjacency(adjacency)
        for depth, layer in enumerate(self.layers):
            rows = layer(rows, own, blocks)
            if depth < len(self.norms):
                rows = self.norms[depth](rows)
        return blocks.unpack(rows)


def require_sizes(**sizes: Any) -> None:
    """Raise a ValueError, with the name, unless each is a whole number of at least 1."""
    for name, value in sizes.items():
        checks.integer(value, name, 1)


def require_pairs(eigenvalues: Float[Tensor, "b width"], d: int) -> None:
    """Raise a ValueError unless there are d eigenvalues for each graph."""
    if eigenvalues.shape[1] != d:
        raise ValueError(
            f"eigenvalues must have {d} columns, as the encoder was built for d = {d}, got {eigenvalues.shape[1]}; "
            "laplacian_spectra pads to d"
        )


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
