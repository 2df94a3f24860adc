"""QHNet, the baseline: five convolutions and two pair layers, all tensor products dense (Yu et al., ICML 2023).

It makes features for all directed pairs and adds H and its transpose at the end, where SPHNet makes each pair once.
`load_published` takes the released weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab.hamiltonians.models import released
from spectral_lab.hamiltonians.models.expansion import Expansion
from spectral_lab.hamiltonians.models.layers import BernsteinRBF, EquivariantLinear, NormGate, PathWeights, harmonics
from spectral_lab.hamiltonians.models.molecules import Edges, Molecules, edges
from spectral_lab.hamiltonians.models.sphnet import (
    ELEMENTS,
    Convolution,
    ExpansionWeights,
    Lifting,
    SelfLayer,
    pair_scalars,
)
from spectral_lab.hamiltonians.models.tensor_product import SparseTensorProduct


class DirectedPairLayer(nn.Module):
    """Features of directed pairs (i, j), j the sender: TP(h_j, h_i), h = Linear(NormGate(x))."""

    def __init__(self, L: int, channels: int, rbf: int, hidden: int) -> None:
        super().__init__()
        self.inner = EquivariantLinear(L, channels, channels)
        self.before = nn.Sequential(NormGate(L, channels), EquivariantLinear(L, channels, channels))
        self.product = SparseTensorProduct(L, channels)
        self.weights = PathWeights(rbf, channels * (L + 2), hidden, len(self.product.paths), channels, biased=True)
        self.after = nn.Sequential(NormGate(L, channels), EquivariantLinear(L, channels, channels))

    def forward(
        self, x: Float[Tensor, "atoms u m"], edge: Edges, rbf: Float[Tensor, "edges n"]
    ) -> Float[Tensor, "edges u m"]:
        """See the class."""
        s, h = pair_scalars(self.inner(x), edge.receiver, edge.sender), self.before(x)
        return self.after(self.product(h[edge.sender], h[edge.receiver], self.weights(rbf, s)))


class QHNet(nn.Module):
    """Predicts the blocks of H in degree order; arguments as those of `SPHNet`.

    elements: atomic numbers below it have an embedding; 10 in the released weights. Raises: ValueError.
    """

    def __init__(
        self, basis: str = "def2-svp", channels: int = 128, bottleneck: int = 32, hidden: int = 32,
        pair_hidden: int = 128, rbf: int = 32, cutoff: float = 15.0, alpha: float = 0.5, convolutions: int = 5,
        elements: int = ELEMENTS,
    ) -> None:  # fmt: skip
        super().__init__()
        self.expansion = Expansion(bottleneck, basis)
        self.L = L = self.expansion.L
        self.embedding = nn.Embedding(elements, channels)
        self.rbf = BernsteinRBF(rbf, cutoff, alpha)
        self.lifting = Lifting(L, channels, rbf, hidden)
        self.convolutions = nn.ModuleList(Convolution(L, channels, rbf, hidden) for _ in range(convolutions - 1))
        self.self_layers = nn.ModuleList(SelfLayer(L, channels, residual=True) for _ in range(2))
        self.pair_layers = nn.ModuleList(DirectedPairLayer(L, channels, rbf, pair_hidden) for _ in range(2))
        self.narrow, self.narrow_pairs = (EquivariantLinear(L, channels, bottleneck, bias=False) for _ in range(2))
        self.of_atoms, self.of_pairs = (ExpansionWeights(u, channels, self.expansion) for u in (channels, 2 * channels))

    def forward(self, batch: Molecules) -> tuple[Float[Tensor, "atoms k k"], Float[Tensor, "pairs k k"]]:
        """The diagonal blocks of all atoms, symmetric, and the blocks (i, j) of `batch.pairs`."""
        edge, scalars = edges(batch), self.embedding(batch.numbers)
        Y, rbf, molecule = harmonics(self.L, edge.direction), self.rbf(edge.distance), batch.molecule[edge.receiver]
        states = [self.lifting(scalars, edge, Y, rbf)]
        for convolution in self.convolutions:
            states.append(convolution(states[-1], edge, Y, rbf, molecule))
        atoms = sum(layer(x) for layer, x in zip(self.self_layers, states[-2:], strict=True))
        pairs = sum(layer(x, edge, rbf) for layer, x in zip(self.pair_layers, states[-2:], strict=True))
        diagonal = self.expansion(self.narrow(atoms), *self.of_atoms(scalars))
        both = torch.cat([scalars[edge.receiver], scalars[edge.sender]], dim=-1)
        there, back = self.expansion(self.narrow_pairs(pairs), *self.of_pairs(both)).chunk(2)
        return diagonal + diagonal.transpose(1, 2), there + back.transpose(1, 2)

    def load_published(self, state_dict: Mapping[str, Any]) -> list[str]:
        """Take released weights (github.com/divelab/AIRS, OpenDFT/QHBench/QH9), or change nothing and raise.

        A released file holds them as its entry "state_dict": torch.load(path, weights_only=True)["state_dict"], for
        QHNet(rbf=16, elements=10). Returns the names that are not used. Raises: ValueError with the name of what is
        missing, foreign or misshaped.
        """
        return released.load_qhnet(self, state_dict, self.embedding.embedding_dim, len(self.convolutions) + 1)
