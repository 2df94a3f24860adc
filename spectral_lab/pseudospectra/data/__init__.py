"""Data of chapter 03: labelled sequences, the same as in chapter 02.

The digits of scikit-learn stand in for sequential CIFAR where there is no network; ListOps, Pathfinder and Path-X are
generated; CIFAR-10, IMDB and AAN are read from their published files. `spectral-lab data` fetches what has a hash.
"""

from __future__ import annotations

from spectral_lab.hippo.data import DATASETS as OF_CHAPTER_02
from spectral_lab.hippo.data import (
    Pairs,
    Sequences,
    aan,
    cifar10,
    digits,
    imdb,
    listops,
    lra_listops,
    lra_pathfinder,
    pathfinder,
)

DATASETS = {name: OF_CHAPTER_02[name] for name in ("cifar10", "imdb", "aan")}

__all__ = [
    "DATASETS",
    "Pairs",
    "Sequences",
    "aan",
    "cifar10",
    "digits",
    "imdb",
    "listops",
    "lra_listops",
    "lra_pathfinder",
    "pathfinder",
]
