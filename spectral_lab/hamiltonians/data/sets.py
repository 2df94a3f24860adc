"""Molecules with their Hamiltonians as a torch data set: blocks for the network, whole matrices to judge by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from spectral_lab import checks
from spectral_lab.datasets import data_folder
from spectral_lab.hamiltonians.blocks import blocks
from spectral_lab.hamiltonians.data.generate import read_arrays
from spectral_lab.hamiltonians.models.molecules import Molecules, join
from spectral_lab.samples import Batched

WATER = Path(__file__).with_name("water.npz")


class Sample(NamedTuple):
    """One geometry: H in degree order, and H0 and S where they are known, in Hartree; positions in Angstrom."""

    numbers: tuple[int, ...]
    positions: Float[np.ndarray, "atoms 3"]
    H: Float[np.ndarray, "n n"]
    H0: Float[np.ndarray, "n n"] | None = None
    S: Float[np.ndarray, "n n"] | None = None


class Batch(NamedTuple):
    """What a network takes, what it shall predict (H - H0 where H0 is known), and the samples themselves."""

    molecules: Molecules
    diagonal: Float[Tensor, "atoms k k"]
    lower: Float[Tensor, "pairs k k"]
    diagonal_mask: Bool[Tensor, "atoms k k"]
    lower_mask: Bool[Tensor, "pairs k k"]
    samples: list[Sample]


@dataclass(frozen=True)
class Hamiltonians(Batched):
    """Samples by their place in a source, read when they are asked for."""

    source: Callable[[int], Sample]
    rows: np.ndarray
    basis: str

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, rows: list[int]) -> Batch:
        """A batch of these samples."""
        samples = [self.source(int(self.rows[row])) for row in rows]
        targets = [sample.H if sample.H0 is None else sample.H - sample.H0 for sample in samples]
        cut = [blocks(M, list(sample.numbers), self.basis) for M, sample in zip(targets, samples, strict=True)]
        together = {
            name: torch.tensor(np.concatenate([getattr(one, name) for one in cut]))
            for name in ("diagonal", "lower", "diagonal_mask", "lower_mask")
        }
        molecules = join([(sample.numbers, sample.positions) for sample in samples])
        return Batch(
            molecules, together["diagonal"].float(), together["lower"].float(), together["diagonal_mask"],
            together["lower_mask"], samples,
        )  # fmt: skip


def split(source: Callable[[int], Sample], basis: str, parts: dict[str, np.ndarray]) -> dict[str, Hamiltonians]:
    """Data sets of the rows of a source, by name."""
    return {name: Hamiltonians(source, rows, basis) for name, rows in parts.items()}


def in_memory(arrays: Sequence[dict[str, np.ndarray]]) -> Callable[[int], Sample]:
    """A source over generated sets, one after the other."""
    ends = np.cumsum([len(each["X"]) for each in arrays])

    def sample(row: int) -> Sample:
        which = int(np.searchsorted(ends, row, side="right"))
        one, place = arrays[which], row - (ends[which] - len(arrays[which]["X"]))
        H, H0, S = (one[name][place] for name in ("H", "H0", "S"))
        return Sample(tuple(one["Z"].tolist()), one["X"][place], H, H0, S)

    return sample


def water(train: int = 240, val: int = 80, test: int = 80) -> dict[str, Hamiltonians]:
    """400 geometries of water at 300 K in STO-3G, B3LYP with VWN5: the miniature, which comes with the code.

    Raises: ValueError if more than 400 are asked for.
    """
    sizes = [checks.integer(n, name, 1, 400) for n, name in ((train, "train"), (val, "val"), (test, "test"))]
    if sum(sizes) > 400:
        raise ValueError(f"train, val and test must be 400 together at most, got {sum(sizes)}")
    cuts = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    return split(in_memory([read_arrays(WATER)]), "sto-3g", dict(zip(("train", "val", "test"), cuts, strict=True)))


def generated(names: Sequence[str], basis: str) -> dict[str, Hamiltonians]:
    """Sets made by `spectral-lab data hamiltonians`, each cut 80 / 10 / 10 in the order of its geometries.

    Args: names of files in the data folder, without their ending. Raises: FileNotFoundError, which says the command.
    """
    paths = [data_folder() / "hamiltonians" / f"{name}.npz" for name in names]
    if missing := [path for path in paths if not path.is_file()]:
        raise FileNotFoundError(f"{missing[0]} is missing. `spectral-lab data hamiltonians --help` says how to make it")
    arrays = [read_arrays(path) for path in paths]
    parts: dict[str, list[np.ndarray]] = {"train": [], "val": [], "test": []}
    start = 0
    for each in arrays:
        count = len(each["X"])
        cuts = np.split(start + np.arange(count), [int(0.8 * count), int(0.8 * count) + int(0.1 * count)])
        for rows, cut in zip(parts.values(), cuts, strict=True):
            rows.append(cut)
        start += count
    return split(in_memory(arrays), basis, {name: np.concatenate(rows) for name, rows in parts.items()})
