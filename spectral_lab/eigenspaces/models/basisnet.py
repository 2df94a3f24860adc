"""BasisNet: invariance to the basis of each eigenspace through its projector (Lim et al., ICLR 2023)."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.eigenspaces.models.layers import GIN, Norm, Packing, require_pairs, require_sizes
from spectral_lab.eigenspaces.partitions import eigenspace_labels


class BasisNet(nn.Module):
    """An invariant graph network on every eigenspace projector, then a GIN on what they say: the hard partition.

    One network per multiplicity μ reads P_g and gives μ numbers per node. They are laid side by side (multiplicity
    ascending, then eigenspace, then channel), padded with zeros to d, followed by the d eigenvalues, and read by a
    GIN. The partition makes the encoding jump where a degeneracy splits.

    Args:
        d: eigenpairs used.
        max_multiplicity: the largest eigenspace that can be read.
        width: of the invariant networks.
        rho_layers: depth of the GIN ρ, whose width is 2d.
        partition, tol: which eigenvalues count as equal, see `eigenspace_labels`; "rounding" as published.
        as_released: repeat the reshape of the released code, which mixes the node axis with the feature axis, so
            that the encoding is not permutation equivariant. For history only.
    """

    def __init__(
        self,
        d: int,
        max_multiplicity: int,
        width: int = 120,
        rho_layers: int = 8,
        out: int | None = None,
        mlp_layers: int = 3,
        mlp_width: int | None = None,
        norm: Norm = "batch",
        partition: str = "linkage",
        tol: float = 1e-5,
        as_released: bool = False,
    ):
        super().__init__()
        self.d, self.out, mlp_width = d, d if out is None else out, width if mlp_width is None else mlp_width
        require_sizes(d=d, max_multiplicity=max_multiplicity, width=width, rho_layers=rho_layers)
        require_sizes(mlp_layers=mlp_layers, mlp_width=mlp_width, out=self.out)
        self.rule = checks.choice(partition, "partition", ("linkage", "rounding"))
        self.tol = checks.number(tol, "tol", 1e-15, 1.0)
        self.as_released = as_released
        self.readers = nn.ModuleList(ProjectorReader(width, size) for size in range(1, max_multiplicity + 1))
        self.rho = GIN(rho_layers, 2 * d, 2 * d, self.out, mlp_layers, mlp_width, norm)

    def forward(
        self,
        eigenvalues: Float[Tensor, "b d"],
        eigenvectors: Float[Tensor, "b n d"],
        adjacency: Float[Tensor, "b n n"],
        mask: Bool[Tensor, "b n"],
    ) -> Float[Tensor, "b n out"]:
        require_pairs(eigenvalues, self.d)
        spaces = torch.from_numpy(self._partition(eigenvalues, mask)).to(mask.device)
        features = eigenvectors.new_zeros(*mask.shape, self.d)
        nodes = torch.arange(mask.shape[1], device=mask.device)
        for size in spaces[:, 2].unique().tolist():
            graph, first, _, place = spaces[spaces[:, 2] == size].T
            within = torch.arange(size, device=mask.device)
            V = eigenvectors[graph[:, None], :, first[:, None] + within].transpose(1, 2)  # [spaces, n, size]
            read = self.readers[size - 1](V @ V.transpose(1, 2), mask[graph])  # [spaces, n, size]
            if self.as_released:
                read = _mixed_axes(read, graph, mask)
            where = (graph[:, None, None], nodes[:, None], (place[:, None] + within)[:, None, :])
            features = features.index_put(where, read)
        eigen = eigenvalues[:, None, :].expand(-1, mask.shape[1], -1)
        x = torch.cat([features, eigen], dim=2) * mask[..., None]
        return self.rho(x[:, :, None, :], adjacency, mask[:, :, None])[:, :, 0]

    def _partition(self, eigenvalues: Float[Tensor, "b d"], mask: Bool[Tensor, "b n"]) -> Int[np.ndarray, "spaces 4"]:
        """(graph, first eigenpair, multiplicity, first feature) of every eigenspace in the batch."""
        spaces = []
        counts = mask.sum(dim=1).tolist()
        for b, lam in enumerate(eigenvalues.detach().double().cpu().numpy()):
            sizes = np.bincount(eigenspace_labels(lam[: min(counts[b], self.d)], self.tol, self.rule, scale=1.0))
            if sizes.max() > len(self.readers):
                raise ValueError(
                    f"graph {b} has an eigenspace of dimension {sizes.max()}; "
                    f"max_multiplicity is {len(self.readers)}: build BasisNet with a larger one"
                )
            order = np.argsort(sizes, kind="stable")  # features: multiplicity ascending, then eigenspace
            place = np.empty_like(sizes)
            place[order] = np.cumsum(sizes[order]) - sizes[order]
            spaces.append(np.stack([np.full(len(sizes), b), np.cumsum(sizes) - sizes, sizes, place], axis=1))
        return np.concatenate(spaces)


def _mixed_axes(
    read: Float[Tensor, "spaces n size"], graph: Int[Tensor, " spaces"], mask: Bool[Tensor, "b n"]
) -> Float[Tensor, "spaces n size"]:
    """The released reshape: the eigenspaces of one graph as [spaces, size, n], read as [n, spaces * size]."""
    mixed = torch.zeros_like(read)
    for b in graph.unique().tolist():
        mine, n = graph == b, int(mask[b].sum())
        block = read[mine, :n].transpose(1, 2).reshape(n, -1, read.shape[2])  # [n, spaces, size]
        mixed[mine, :n] = block.transpose(0, 1)
    return mixed


class ProjectorReader(nn.Module):
    """IGN 2 -> 1: a permutation equivariant network from an n x n matrix to `out` numbers per node."""

    def __init__(self, width: int, out: int, layers: int = 3):
        super().__init__()
        self.first = Contractions(1, width, 5)
        self.rest = nn.ModuleList(Contractions(width, width, 2) for _ in range(layers - 1))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(layers))
        self.hidden, self.last = nn.Linear(width, width), nn.Linear(width, out)

    def forward(self, P: Float[Tensor, "s n n"], mask: Bool[Tensor, "s n"]) -> Float[Tensor, "s n out"]:
        nodes = Packing(mask)
        n = mask.sum(dim=1)
        x = nodes.pack(self.first(matrix_contractions(P[:, None], n).transpose(1, 3)))  # [rows, width]
        x = self.norms[0](torch.relu(x))
        for layer, norm in zip(self.rest, self.norms[1:], strict=True):
            padded = nodes.unpack(x).transpose(1, 2)  # [s, width, n]
            x = norm(torch.relu(nodes.pack(layer(vector_contractions(padded, n).transpose(1, 3)))))
        return nodes.unpack(self.last(torch.relu(self.hidden(x))))


class Contractions(nn.Module):
    """A linear map over (channel, contraction) pairs: [..., contractions, inp] -> [..., out]."""

    def __init__(self, inp: int, out: int, contractions: int):
        super().__init__()
        self.coefficients = nn.Parameter(torch.randn(inp, out, contractions) * (2.0 / (inp + out)) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(out))

    def forward(self, x: Float[Tensor, "*batch contractions inp"]) -> Float[Tensor, "*batch out"]:
        return torch.einsum("...ki,iok->...o", x, self.coefficients) + self.bias


def matrix_contractions(P: Float[Tensor, "s c n n"], n: Int[Tensor, " s"]) -> Float[Tensor, "s c 5 n"]:
    """The five equivariant linear maps R^{n x n} -> R^n: diagonal, trace/n, row mean, column mean, total/n².

    The means divide by the n real nodes of each matrix, which may be padded with zeros.
    """
    size = n.to(P)[:, None, None]
    diagonal = P.diagonal(dim1=2, dim2=3)
    rows, columns = P.sum(dim=3) / size, P.sum(dim=2) / size
    trace = diagonal.sum(dim=2, keepdim=True) / size
    total = P.sum(dim=(2, 3)).unsqueeze(2) / size**2
    return torch.stack([diagonal, trace.expand_as(diagonal), rows, columns, total.expand_as(diagonal)], dim=2)


def vector_contractions(x: Float[Tensor, "s c n"], n: Int[Tensor, " s"]) -> Float[Tensor, "s c 2 n"]:
    """The two equivariant linear maps R^n -> R^n: identity and mean, over the n real nodes."""
    mean = x.sum(dim=2, keepdim=True) / n.to(x)[:, None, None]
    return torch.stack([x, mean.expand_as(x)], dim=2)
