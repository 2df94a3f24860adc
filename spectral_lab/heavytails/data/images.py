"""Pictures in classes: the digits of scikit-learn, and CIFAR-100 as the released programs prepare it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from spectral_lab import pictures
from spectral_lab.samples import Batched, Labelled

MEAN, DEVIATION = (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)  # of the colours of CIFAR-100, as released


def digits(size: int = 8, copies: int = 1, train_size: int = 1400, seed: int = 42) -> dict[str, Labelled]:
    """The digits of `pictures.digits`, (1, size, size), in "train" and "test". Raises: ValueError; ImportError."""
    return pictures.digits(size, copies, train_size, seed)


def cifar100(path: str | Path | None = None) -> dict[str, Batched]:
    """CIFAR-100 in "train", cropped and mirrored at random, and "test"; colours shifted and scaled.

    Raises: FormatError; DatasetUnavailable.
    """
    parts = pictures.cifar(100, path)
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    ready = {name: Labelled((part.x / 255 - mean) / deviation, part.labels) for name, part in parts.items()}
    return {"train": Augmented(ready["train"]), "test": ready["test"]}


@dataclass(frozen=True)
class Augmented(Batched):
    """Pictures that are cropped after padding by 4 pixels and mirrored every other time, anew in each batch."""

    part: Labelled

    def __len__(self) -> int:
        return len(self.part)

    def __getitems__(self, rows: list[int]) -> tuple[Float[Tensor, "b c h w"], Tensor]:
        x, labels = self.part.__getitems__(rows)
        height, width = x.shape[2:]
        padded = F.pad(x, (4, 4, 4, 4))
        down, across = torch.randint(0, 9, (2, len(x)))
        i, j = down[:, None] + torch.arange(height), across[:, None] + torch.arange(width)
        mirror = torch.rand(len(x)) < 0.5
        j = torch.where(mirror[:, None], j.flip(1), j)
        picture = torch.arange(len(x))[:, None, None]
        return padded[picture, :, i[:, :, None], j[:, None, :]].permute(0, 3, 1, 2).contiguous(), labels
