"""Sentences as a torch data set: padded on the right, numbers in reading order, and the records to judge by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from spectral_lab import checks
from spectral_lab.generation.crystals import Crystal
from spectral_lab.generation.data.crystals import split_by_composition
from spectral_lab.generation.data.molecules import (
    dipole_moment,
    generated_conformers,
    generated_molecules,
    molecule_record,
)
from spectral_lab.generation.data.published import crystal_tables
from spectral_lab.generation.prototypes import generated_crystals, ion_pairs, prototype_crystal
from spectral_lab.generation.tokens import TokenSequence, tokenize_conditional, tokenize_crystal, tokenize_molecule
from spectral_lab.generation.vocabulary import Vocabulary
from spectral_lab.samples import Batched

SCALE = 4.0  # of fractional coordinates
CUBIC = ("rocksalt", "cscl", "zincblende", "fluorite", "antifluorite", "perovskite")


class SentenceBatch(NamedTuple):
    """What `UniGenX.loss` takes, and the records that the sentences were made of: crystals, or molecules as dicts.

    The records stand in an array of objects, which nothing looks into on the way to a device.
    """

    tokens: Int[Tensor, "b t"]
    mask: Bool[Tensor, "b t"]
    coordinates: Float[Tensor, "n 3"]
    attention: Bool[Tensor, "b t"]
    records: np.ndarray


@dataclass(frozen=True)
class Sentences(Batched):
    """Sentences of one dictionary and the records behind them."""

    sequences: list[TokenSequence]
    records: list[Any]

    def __len__(self) -> int:
        return len(self.sequences)

    def __getitems__(self, rows: list[int]) -> SentenceBatch:
        """A batch of these sentences."""
        chosen = [self.sequences[row] for row in rows]
        longest = max(map(len, chosen))
        tokens = torch.full((len(rows), longest), Vocabulary("uni").pad)  # 0 in every dictionary
        mask, attention = torch.zeros(len(rows), longest, dtype=torch.bool), torch.zeros(len(rows), longest).bool()
        for i, sequence in enumerate(chosen):
            tokens[i, : len(sequence)] = torch.as_tensor(sequence.tokens)
            mask[i, : len(sequence)] = torch.as_tensor(sequence.coordinates_mask).bool()
            attention[i, : len(sequence)] = True
        numbers = torch.as_tensor(np.concatenate([sequence.coordinates for sequence in chosen]), dtype=torch.float32)
        records = np.empty(len(rows), dtype=object)
        for i, row in enumerate(rows):
            records[i] = self.records[row]
        return SentenceBatch(tokens, mask, numbers, attention, records)


def crystal_record(crystal: Crystal) -> dict[str, Any]:
    """A crystal as the record that `tokenize_crystal` takes."""
    sites = [
        {"element": name, "fractional_coordinates": row}
        for name, row in zip(crystal.species, crystal.frac.tolist(), strict=True)
    ]
    return {"lattice": crystal.lattice.tolist(), "sites": sites}


def crystal_sentences(crystals: Sequence[Crystal], scale: float = SCALE) -> Sentences:
    """Crystals in the unified dictionary."""
    sequences = [tokenize_crystal(crystal_record(crystal), "uni_mat", scale) for crystal in crystals]
    return Sentences(sequences, list(crystals))


def generated_sentences(
    prototypes: Sequence[str] | None = None, largest: int = 0, tested: int = 60, scale: float = SCALE, seed: int = 0
) -> dict[str, Sentences]:
    """Generated crystals, and molecules of 3 to `largest` heavy atoms (0: none): "train", "crystals", "molecules".

    The test sets are the first `tested` of a split by composition, and of a tenth of the molecules, shuffled by seed.
    Raises: ValueError.
    """
    tested, seed = checks.integer(tested, "tested", 1, 10**6), checks.integer(seed, "seed", 0, 2**31)
    train, test = split_by_composition(generated_crystals(prototypes), seed=seed)
    rng = np.random.RandomState(seed)
    chosen = [test[place].crystal for place in rng.permutation(len(test))[:tested]]
    splits = {
        "train": crystal_sentences([entry.crystal for entry in train], scale),
        "crystals": crystal_sentences(chosen, scale),
    }
    if not largest:
        return splits
    records = generated_molecules(largest)
    order = rng.permutation(len(records))
    cut = len(order) // 10
    known, new = ([records[place] for place in places] for places in (order[cut:], order[: min(cut, tested)]))
    first = splits["train"]
    return {
        "train": Sentences([*first.sequences, *map(tokenize_molecule, known)], [*first.records, *known]),
        "crystals": splits["crystals"],
        "molecules": Sentences([tokenize_molecule(record) for record in new], new),
    }


def dipole_sentences(largest: int = 5, tested: int = 40, seed: int = 0) -> dict[str, Sentences]:
    """Molecules of 3 to `largest` heavy atoms behind their dipole moments: "train", and a tenth as "properties".

    A record also has its moment, `mu` in D. Raises: ValueError.
    """
    records = [
        {**molecule_record(conformer), "mu": dipole_moment(conformer)} for conformer in generated_conformers(largest)
    ]
    tested = min(checks.integer(tested, "tested", 1, 10**6), len(records) // 10)
    order = np.random.RandomState(checks.integer(seed, "seed", 0, 2**31)).permutation(len(records))
    known, new = ([records[place] for place in places] for places in (order[tested:], order[:tested]))
    return {
        name: Sentences([tokenize_conditional(record, {"mu": record["mu"]}) for record in part], part)
        for name, part in (("train", known), ("properties", new))
    }


def polymorph_sentences(tested: int = 12, scale: float = SCALE, seed: int = 0) -> dict[str, Sentences]:
    """Zincblende and wurtzite for every pair of ions, behind one and the same prompt of four atoms.

    "train" holds both of most compositions, "polymorphs" one sentence each of `tested` others, whose record is the pair
    of crystals. No radius is asked: the question is whether both are found. Raises: ValueError.
    """
    pairs = [
        (_doubled(prototype_crystal("zincblende", ions)), prototype_crystal("wurtzite", ions)) for ions in ion_pairs()
    ]
    tested = checks.integer(tested, "tested", 1, len(pairs) - 1)
    order = np.random.RandomState(checks.integer(seed, "seed", 0, 2**31)).permutation(len(pairs))
    known, new = ([pairs[place] for place in places] for places in (order[tested:], order[:tested]))
    return {
        "train": crystal_sentences([form for pair in known for form in pair], scale),
        "polymorphs": Sentences(crystal_sentences([first for first, _ in new], scale).sequences, list(new)),
    }


def _doubled(crystal: Crystal) -> Crystal:
    """Two cells, one on the other along the third axis; atoms of an element stay together."""
    layers = np.stack([crystal.frac, crystal.frac + [0, 0, 1]], axis=1) / [1, 1, 2]
    return Crystal(
        crystal.lattice * [[1], [1], [2]], [name for name in crystal.species for _ in range(2)], layers.reshape(-1, 3)
    )


def published_sentences(
    name: str, folder: str | None = None, scale: float = SCALE, tested: int = 10**6
) -> dict[str, Sentences]:
    """The training and the test crystals of a published table, such as "mp-20"."""
    tables = crystal_tables(name, folder)
    return {
        split: crystal_sentences([row.crystal for row in tables[source]][:count], scale)
        for split, source, count in (("train", "train", None), ("crystals", "test", tested))
    }
