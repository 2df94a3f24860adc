"""QHNet, the baseline: five convolutions and two pair layers, all tensor products dense (Yu et al., ICML 2023).

It makes features for all directed pairs and adds H and its transpose at the end, where SPHNet makes each pair once.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab.hamiltonians.models.expansion import Expansion
from spectral_lab.hamiltonians.models.layers import (
    BernsteinRBF,
    EquivariantLinear,
    NormGate,
    PathWeights,
    harmonics,
    inner_product,
)
from spectral_lab.hamiltonians.models.molecules import Edges, Molecules, edges, gather
from spectral_lab.hamiltonians.models.sphnet import ELEMENTS, Lifting, SelfLayer
from spectral_lab.hamiltonians.models.tensor_product import SparseTensorProduct


class DenseConvolution(nn.Module):
    """x_i + Linear(sum_j TP(x_j, Y(r_ij)))."""

    def __init__(self, L: int, channels: int, rbf: int, hidden: int) -> None:
        super().__init__()
        self.before = nn.Sequential(NormGate(L, channels), EquivariantLinear(L, channels, channels))
        self.product = SparseTensorProduct(L, channels)
        self.weights = PathWeights(rbf, channels * (L + 2), hidden, len(self.product.paths), channels)
        self.linear = EquivariantLinear(L, channels, channels)

    def forward(
        self, x: Float[Tensor, "atoms u m"], edge: Edges, Y: Float[Tensor, "edges m"], rbf: Float[Tensor, "edges n"]
    ) -> Float[Tensor, "atoms u m"]:
        """See the class."""
        h = self.before(x)
        receiving, sending = h[edge.receiver], h[edge.sender]
        norms = inner_product(receiving, sending)[..., 1:].flatten(1)
        s = torch.cat([receiving[..., 0], sending[..., 0], norms], dim=-1)
        messages = self.product(sending, Y[:, None, :], self.weights(rbf, s))
        return x + self.linear(gather(messages, edge.receiver, len(x)))


class DirectedPairLayer(nn.Module):
    """Features of directed pairs: TP(x_i, x_j), on top of those of the former layer."""

    def __init__(self, L: int, channels: int, rbf: int, hidden: int) -> None:
        super().__init__()
        self.before = nn.Sequential(NormGate(L, channels), EquivariantLinear(L, channels, channels))
        self.product = SparseTensorProduct(L, channels)
        self.weights = PathWeights(rbf, channels * (L + 2), hidden, len(self.product.paths), channels)
        self.after = nn.Sequential(NormGate(L, channels), EquivariantLinear(L, channels, channels))

    def forward(
        self, x: Float[Tensor, "atoms u m"], edge: Edges, rbf: Float[Tensor, "edges n"], former: Tensor | None
    ) -> Float[Tensor, "edges u m"]:
        """See the class; i is the receiver."""
        h = self.before(x)
        i, j = h[edge.receiver], h[edge.sender]
        s = torch.cat([i[..., 0], j[..., 0], inner_product(i, j)[..., 1:].flatten(1)], dim=-1)
        z = self.after(self.product(i, j, self.weights(rbf, s)))
        return z if former is None else former + z


class QHNet(nn.Module):
    """Predicts the blocks of H in degree order; arguments as those of `SPHNet`. Raises: ValueError."""

    def __init__(
        self, basis: str = "def2-svp", channels: int = 128, bottleneck: int = 32, hidden: int = 32,
        pair_hidden: int = 128, rbf: int = 32, cutoff: float = 15.0, alpha: float = 0.5, convolutions: int = 5,
    ) -> None:  # fmt: skip
        super().__init__()
        self.expansion = Expansion(bottleneck, basis)
        self.L = L = self.expansion.L
        self.embedding = nn.Embedding(ELEMENTS, channels)
        self.rbf = BernsteinRBF(rbf, cutoff, alpha)
        self.lifting = Lifting(L, channels, rbf, hidden)
        self.convolutions = nn.ModuleList(DenseConvolution(L, channels, rbf, hidden) for _ in range(convolutions - 1))
        self.self_layers = nn.ModuleList(SelfLayer(L, channels, 0.0, False) for _ in range(2))
        self.pair_layers = nn.ModuleList(DirectedPairLayer(L, channels, rbf, pair_hidden) for _ in range(2))
        self.narrow, self.narrow_pairs = (EquivariantLinear(L, channels, bottleneck) for _ in range(2))
        outputs = self.expansion.weight_count + self.expansion.bias_count
        self.of_atoms, self.of_pairs = (
            nn.Sequential(nn.Linear(width, channels), nn.SiLU(), nn.Linear(channels, outputs))
            for width in (channels, 2 * channels)
        )

    def forward(self, batch: Molecules) -> tuple[Float[Tensor, "atoms k k"], Float[Tensor, "pairs k k"]]:
        """The diagonal blocks of all atoms, symmetric, and the blocks (i, j) of `batch.pairs`."""
        edge, scalars = edges(batch), self.embedding(batch.numbers)
        Y, rbf = harmonics(self.L, edge.direction), self.rbf(edge.distance)
        x = self.lifting(scalars, edge, Y, rbf)
        atoms = pairs = None
        for number, convolution in enumerate(self.convolutions, start=3 - len(self.convolutions)):
            x = convolution(x, edge, Y, rbf)
            if number > 0:  # the last two
                atoms = self.self_layers[number - 1](x, atoms)
                pairs = self.pair_layers[number - 1](x, edge, rbf, pairs)
        diagonal = self._expand(self.narrow(atoms), self.of_atoms(scalars))
        both = self.of_pairs(torch.cat([scalars[edge.receiver], scalars[edge.sender]], dim=-1))
        there, back = self._expand(self.narrow_pairs(pairs), both).chunk(2)
        return diagonal + diagonal.transpose(1, 2), there + back.transpose(1, 2)

    def _expand(self, features: Tensor, made: Int[Tensor, "rows w"] | Float[Tensor, "rows w"]) -> Tensor:
        return self.expansion(features, *made.split([self.expansion.weight_count, self.expansion.bias_count], dim=-1))
