"""Splits of generated crystals: by composition, and by an element that is never seen in training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from spectral_lab import checks
from spectral_lab.generation.prototypes import Prototype
from spectral_lab.generation.vocabulary import ELEMENTS

Split = tuple[list[Prototype], list[Prototype]]


def split_by_composition(entries: Sequence[Prototype], share: Any = 0.9, seed: Any = 0) -> Split:
    """(train, test): every composition is on one side, polymorphs together; a share of the compositions is trained on.

    Still easy: the neighbours of a held-out composition are trained on. Raises ValueError.
    """
    share = checks.number(share, "share", 0.0, 1.0)
    keys = [composition(entry) for entry in entries]
    order = sorted(set(keys))
    places = np.random.RandomState(checks.integer(seed, "seed", 0, 2**32 - 1)).permutation(len(order))
    chosen = {order[place] for place in places[: round(share * len(order))]}
    return _divide(entries, [key in chosen for key in keys])


def leave_out(entries: Sequence[Prototype], element: str) -> Split:
    """(train, test): the test crystals are those with this element, which training never sees. Raises ValueError."""
    element = checks.choice(element, "element", ELEMENTS)
    return _divide(entries, [element not in entry.crystal.species for entry in entries])


def composition(entry: Prototype) -> tuple[tuple[str, int], ...]:
    """Elements and counts, in alphabetical order."""
    return tuple(sorted(Counter(entry.crystal.species).items()))


def _divide(entries: Sequence[Prototype], kept: list[bool]) -> Split:
    pairs = list(zip(entries, kept, strict=True))
    return [entry for entry, keep in pairs if keep], [entry for entry, keep in pairs if not keep]
