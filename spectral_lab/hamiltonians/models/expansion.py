"""From features of degrees 0..L to blocks over pairs of shells: the decomposition of a block, read backwards."""

from __future__ import annotations

from itertools import accumulate

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hamiltonians.blocks import slot_count
from spectral_lab.hamiltonians.models.tensor_product import coupling_matrix, degree
from spectral_lab.hamiltonians.orbitals import SLOTS


class Expansion(nn.Module):
    """Blocks of a pair of atoms, shell by shell, with weights and biases that are given with the features:

        B_(a,i),(b,j) = 1/U sum_l sum_k C^(la lb l)_ijk [sum_u W^l_uab f^l_uk + bias_ab if l = 0]

    Paths (l, la, lb) stand with l outermost; each has weights [channel, a, b], a and b counting the shells of degrees
    la and lb. parity: only paths with la + lb + l even.

    Args: channels U; basis, "sto-3g", "def2-svp" or "def2-tzvp". Raises: ValueError.
    """

    def __init__(self, channels: int, basis: str, parity: bool = False) -> None:
        super().__init__()
        self.channels, self.slots = checks.integer(channels, "channels", 1), slot_count(basis)
        self.counts = [SLOTS[basis].count(l) for l in range(max(SLOTS[basis]) + 1)]
        self.starts = list(accumulate((count * (2 * l + 1) for l, count in enumerate(self.counts)), initial=0))
        largest = len(self.counts) - 1
        self.L = 2 * largest
        self.paths = [
            (l, la, lb)
            for l in range(self.L + 1)
            for la in range(largest + 1)
            for lb in range(largest + 1)
            if abs(la - lb) <= l <= la + lb and not (parity and (l + la + lb) % 2)
        ]

    @property
    def weight_count(self) -> int:
        """Weights of a row."""
        return self.channels * sum(self.counts[la] * self.counts[lb] for _, la, lb in self.paths)

    @property
    def bias_count(self) -> int:
        """Biases of a row."""
        return sum(self.counts[la] * self.counts[lb] for l, la, lb in self.paths if l == 0)

    def forward(
        self,
        features: Float[Tensor, "rows u m"],
        weights: Float[Tensor, "rows w"],
        biases: Float[Tensor, "rows b"],
    ) -> Float[Tensor, "rows k k"]:
        """The blocks; features of degrees above L are ignored."""
        rows = len(features)
        shells = [[features.new_zeros(rows, self._width(la), self._width(lb)) for lb in range(len(self.counts))]
                  for la in range(len(self.counts))]  # fmt: skip
        weight_at = bias_at = 0
        for l, la, lb in self.paths:
            a, b = self.counts[la], self.counts[lb]
            W = weights[:, weight_at : weight_at + self.channels * a * b].unflatten(-1, (self.channels, a * b))
            weight_at += self.channels * a * b
            mixed = W.transpose(1, 2) @ features[..., degree(l)]  # rows, a b, 2l + 1
            if l == 0:
                mixed = mixed + biases[:, bias_at : bias_at + a * b, None]
                bias_at += a * b
            C = coupling_matrix(((la, lb, l),), features.dtype, features.device)
            block = (mixed @ C.T).view(rows, a, b, 2 * la + 1, 2 * lb + 1).transpose(2, 3)
            shells[la][lb] = shells[la][lb] + block.reshape(rows, self._width(la), self._width(lb))
        return torch.cat([torch.cat(row, dim=2) for row in shells], dim=1) / self.channels

    def _width(self, l: int) -> int:
        return self.counts[l] * (2 * l + 1)
