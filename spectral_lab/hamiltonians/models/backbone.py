"""Scalars that know their neighbourhood: messages of scalars and vectors, in the manner of PaiNN (Schütt et al. 2021).

It stands where SPHNet has its vectorial node interaction, whose output is scalars too. Vectors are used inside, and
only their lengths and inner products come out.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab.hamiltonians.models.layers import BernsteinRBF
from spectral_lab.hamiltonians.models.molecules import Edges, gather

CUTOFF = 5.0  # Angstrom
DISTANCES = 50


class ScalarLayer(nn.Module):
    """Messages s_j w(r) to scalars, v_j w'(r) + r_ij w''(r) to vectors; then scalars and vectors of an atom mix."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.message = nn.Sequential(nn.Linear(channels, channels), nn.SiLU(), nn.Linear(channels, 3 * channels))
        self.filter = nn.Linear(DISTANCES, 3 * channels, bias=False)
        self.left, self.right = (nn.Linear(channels, channels, bias=False) for _ in range(2))
        self.update = nn.Sequential(nn.Linear(2 * channels, channels), nn.SiLU(), nn.Linear(channels, 3 * channels))

    def forward(
        self, x: Float[Tensor, "atoms u"], v: Float[Tensor, "atoms 3 u"], edge: Edges, rbf: Float[Tensor, "edges n"]
    ) -> tuple[Float[Tensor, "atoms u"], Float[Tensor, "atoms 3 u"]]:
        """The new scalars and vectors."""
        to_scalar, to_vector, along = (self.message(self.norm(x))[edge.sender] * self.filter(rbf)).chunk(3, dim=-1)
        vectors = v[edge.sender] * to_vector[:, None, :] + edge.direction[:, :, None] * along[:, None, :]
        x = x + gather(to_scalar, edge.receiver, len(x))
        v = v + gather(vectors, edge.receiver, len(x))
        a, b = self.left(v), self.right(v)
        lengths = torch.linalg.vector_norm(b, dim=1)
        scale, mix, shift = self.update(torch.cat([x, lengths], dim=-1)).chunk(3, dim=-1)
        return x + mix * (a * b).sum(dim=1) + shift, v + a * scale[:, None, :]


class ScalarNetwork(nn.Module):
    """Scalars of atoms that know their neighbours within 5 Angstrom; none of it with 0 layers."""

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.rbf = BernsteinRBF(DISTANCES, CUTOFF, 0.5) if layers else None
        self.layers = nn.ModuleList(ScalarLayer(channels) for _ in range(layers))

    def forward(self, x: Float[Tensor, "atoms u"], edge: Edges) -> Float[Tensor, "atoms u"]:
        """See the class."""
        if self.rbf is None:
            return x
        rbf, v = self.rbf(edge.distance), x.new_zeros(len(x), 3, x.shape[1])
        for layer in self.layers:
            x, v = layer(x, v, edge, rbf)
        return x
