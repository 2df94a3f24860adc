"""The published splits: which molecules are learnt from, chosen on, and tested on."""

from __future__ import annotations

import random

import numpy as np
from jaxtyping import Int

Split = dict[str, Int[np.ndarray, " rows"]]
QH9_STABLE = 130_831
QH9_DYNAMIC, FRAMES = 2_399, 60  # of the first release, which SPHNet uses: molecules, and geometries of each
MD17_SIZES = {
    "water": (500, 500, 3900),
    "ethanol": (25_000, 500, 4500),
    "malondialdehyde": (25_000, 500, 1478),
    "uracil": (25_000, 500, 4500),
}


def qh9_stable_id() -> Split:
    """QH9-stable-id: a permutation of the 130 831 molecules, 80 / 10 / 10."""
    return _cut(np.random.RandomState(43).permutation(QH9_STABLE))


def qh9_stable_ood(atoms: Int[np.ndarray, " molecules"]) -> Split:
    """QH9-stable-ood: by the number of atoms, at most 20, 21 or 22, and more."""
    return {
        "train": np.flatnonzero(atoms <= 20),
        "val": np.flatnonzero((atoms == 21) | (atoms == 22)),
        "test": np.flatnonzero(atoms >= 23),
    }


def qh9_dynamic_geo() -> Split:
    """QH9-dynamic-geo of the first release: of each molecule 48, 6 and 6 of its 60 geometries."""
    orders = [
        FRAMES * molecule + np.random.RandomState(FRAMES * molecule + 59).permutation(FRAMES)
        for molecule in range(QH9_DYNAMIC)
    ]
    ends = {"train": slice(0, 48), "val": slice(48, 54), "test": slice(54, FRAMES)}
    return {name: np.concatenate([order[part] for order in orders]) for name, part in ends.items()}


def qh9_dynamic_mol() -> Split:
    """QH9-dynamic-mol of the first release: whole molecules, 80 / 10 / 10."""
    order = list(range(QH9_DYNAMIC))
    random.Random(43).shuffle(order)
    return {
        name: (FRAMES * molecules[:, None] + np.arange(FRAMES)).ravel()
        for name, molecules in _cut(np.array(order)).items()
    }


def md17(molecule: str) -> Split:
    """The published sizes; the order, which is not published with them, is ours (seed 43)."""
    sizes = MD17_SIZES[molecule]
    order = np.random.RandomState(43).permutation(sum(sizes))
    return dict(zip(("train", "val", "test"), np.split(order, np.cumsum(sizes)[:-1]), strict=True))


def _cut(order: Int[np.ndarray, " n"]) -> Split:
    first, second = int(0.8 * len(order)), int(0.1 * len(order))
    return dict(zip(("train", "val", "test"), np.split(order, [first, first + second]), strict=True))
