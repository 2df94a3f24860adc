"""Data of chapter 03: labelled sequences, the same as in chapter 02.

The digits of scikit-learn stand in for sequential CIFAR where there is no network; ListOps, Pathfinder and Path-X are
generated; CIFAR-10, IMDB and AAN are read from their published files. `spectral-lab data` fetches what has a hash.
"""

from __future__ import annotations

from spectral_lab.hippo.data.arena import DATASETS as ARENA
from spectral_lab.hippo.data.arena import Pairs, aan, imdb, lra_listops, lra_pathfinder
from spectral_lab.hippo.data.expressions import VOCABULARY, listops
from spectral_lab.hippo.data.sequences import DATASETS as PIXELS
from spectral_lab.hippo.data.sequences import Batch, FormatError, Sequences, cifar10, digits, read_cifar10, redraw
from spectral_lab.hippo.data.snakes import pathfinder

DATASETS = {"cifar10": PIXELS["cifar10"], **ARENA}

__all__ = [
    "DATASETS",
    "VOCABULARY",
    "Batch",
    "FormatError",
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
    "read_cifar10",
    "redraw",
]
