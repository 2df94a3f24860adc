"""Sets that make a whole batch at a time: labelled samples, and sequences, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int, Shaped
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

SequenceBatch = tuple[Tensor, Tensor | None, Tensor]


class Batched(TorchDataset):
    """A set whose `__getitems__` makes a batch of the rows that it is asked for, so that nothing is left to collate."""

    @staticmethod
    def collate(batch: Any) -> Any:
        """What `__getitems__` returns is a batch already."""
        return batch


@dataclass(frozen=True)
class Labelled(Batched):
    """Samples and their labels; a batch is (x, labels). Bytes that are pixels are divided by `scale` in the batch."""

    x: Shaped[Tensor, "samples ..."]
    labels: Shaped[Tensor, " samples"]
    scale: float | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitems__(self, rows: list[int]) -> tuple[Tensor, Tensor]:
        index = torch.as_tensor(rows)
        x = self.x[index]
        return x if self.scale is None else x.float() / self.scale, self.labels[index]


@dataclass(frozen=True)
class Sequences(Batched):
    """Sequences, their lengths (None where all are full), and their labels; a batch is (x, lengths, labels).

    Small whole numbers may be kept as bytes, and are widened when a batch is made: pixels are divided by `scale`,
    tokens become integers, cut to the longest sequence of the batch.
    """

    x: Tensor
    labels: Int[Tensor, " samples"]
    lengths: Int[Tensor, " samples"] | None = None
    scale: float | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitems__(self, rows: list[int]) -> SequenceBatch:
        index = torch.as_tensor(rows)
        x, lengths = self.x[index], None if self.lengths is None else self.lengths[index]
        if self.scale is not None:
            x = x.float() / self.scale
        elif x.dtype == torch.uint8:
            x = (x if lengths is None else x[:, : int(lengths.max())]).long()
        return x, lengths, self.labels[index]
