"""Data of chapter 07.

labels.py      Hamiltonians by PySCF (optional), and the molecules that are drawn
generate.py    sets of geometries with their labels, by a command
build.py       what the lesson stores
sets.py        the data set that networks learn from; the miniature, water
published.py   QH9 and MD17
splits.py      the published splits
"""

from spectral_lab.hamiltonians.data.published import DATASETS, MD17, QH9, FormatError
from spectral_lab.hamiltonians.data.sets import Batch, Hamiltonians, Sample, generated, split, water

__all__ = ["DATASETS", "MD17", "QH9", "Batch", "FormatError", "Hamiltonians", "Sample", "generated", "split", "water"]
