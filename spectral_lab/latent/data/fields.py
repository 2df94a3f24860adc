"""Fields and their targets in memory, channels last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from spectral_lab.samples import Batched

EPSILON = 1e-5  # added to a standard deviation: on the border of a square at rest it is 0


class FieldBatch(NamedTuple):
    """Input and target of a batch; what a model answers is scale times it plus mean; codes of shapes, or None."""

    input: Tensor
    target: Tensor
    mean: Tensor
    scale: Tensor
    code: Tensor | None


@dataclass(frozen=True)
class Fields(Batched):
    """Inputs (n, *grid, in) and targets (n, *grid, out) as they are, and how a model shall see them.

    mean, scale   (1 or n, *grid, out): the prediction is scale * model(input) + mean. A mask is a scale of 0 and 1.
    code          (n, 42) descriptions of a shape, or None
    """

    input: Float[Tensor, "n ..."]
    target: Float[Tensor, "n ..."]
    mean: Float[Tensor, "_ *grid out"]
    scale: Float[Tensor, "_ *grid out"]
    code: Float[Tensor, "n code"] | None = None

    def __len__(self) -> int:
        return len(self.target)

    def __getitems__(self, rows: list[int]) -> FieldBatch:
        index = torch.as_tensor(rows)
        mean, scale = (part[index] if len(part) == len(self) > 1 else part for part in (self.mean, self.scale))
        return FieldBatch(
            self.input[index], self.target[index], mean, scale, None if self.code is None else self.code[index]
        )


def plain(input: Tensor, target: Tensor, code: Tensor | None = None) -> Fields:
    """Fields that a model sees as they are."""
    like = target[:1]
    return Fields(input, target, torch.zeros_like(like), torch.ones_like(like), code)


def pointwise(train: tuple[Tensor, Tensor], *others: tuple[Tensor, Tensor]) -> list[Fields]:
    """Pairs (input, target), normalised at each point by mean and unbiased standard deviation of the first pair.

    The published preprocessing of Darcy and Plasticity: (x - mean) / (std + 1e-5).
    """
    (mean_in, scale_in), (mean, scale) = (
        (part.mean(0, keepdim=True), part.std(0, keepdim=True) + EPSILON) for part in train
    )
    return [Fields((x - mean_in) / scale_in, y, mean, scale) for x, y in (train, *others)]
