"""PEG and the encodings without parameters: edge lengths, random walks, raw eigenvectors."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from spectral_lab import checks


class PEG(nn.Module):
    """||V_i - V_j|| on every edge (Wang et al., ICLR 2022); it scales the edge's message and touches no node.

    Stable, and invariant to the basis when no eigenspace is cut. With d = n every length is sqrt(2), since the rows
    of an orthogonal matrix are orthonormal: the encoding then says nothing.
    """

    def __init__(self, d: int):
        super().__init__()
        self.d = checks.integer(d, "d", 1)

    def forward(
        self, eigenvectors: Float[Tensor, "b n d"], edges: tuple[Int[Tensor, " e"], ...]
    ) -> Float[Tensor, "e 1"]:
        graph, i, j = edges
        V = eigenvectors[..., : self.d]
        return torch.linalg.vector_norm(V[graph, i] - V[graph, j], dim=1, keepdim=True)


class RandomWalk(nn.Module):
    """The return probabilities ((D^{-1} A)^k)_ii, k = 1..steps, of each node."""

    def __init__(self, steps: int):
        super().__init__()
        self.out = checks.integer(steps, "steps", 1)

    def forward(
        self,
        eigenvalues: Float[Tensor, "b d"],
        eigenvectors: Float[Tensor, "b n d"],
        adjacency: Float[Tensor, "b n n"],
        mask: Bool[Tensor, "b n"],
    ) -> Float[Tensor, "b n steps"]:
        degrees = adjacency.sum(dim=2, keepdim=True)
        walk = adjacency / torch.where(degrees > 0, degrees, 1.0)
        power, returns = walk, [walk.diagonal(dim1=1, dim2=2)]
        for _ in range(self.out - 1):
            power = power @ walk
            returns.append(power.diagonal(dim1=1, dim2=2))
        return torch.stack(returns, dim=2)


class RawEigenvectors(nn.Module):
    """The rows of V themselves: neither sign nor basis invariant. The encoding that started the trouble."""

    def __init__(self, d: int):
        super().__init__()
        self.out = checks.integer(d, "d", 1)

    def forward(
        self,
        eigenvalues: Float[Tensor, "b d"],
        eigenvectors: Float[Tensor, "b n d"],
        adjacency: Float[Tensor, "b n n"],
        mask: Bool[Tensor, "b n"],
    ) -> Float[Tensor, "b n d"]:
        return eigenvectors
