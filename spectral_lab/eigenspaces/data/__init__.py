"""Data of chapter 01: graphs that are generated, and published sets that are read.

graphs.py      the `Graphs` data set: counting, ZINC, Alchemy, DrugOOD and their stand-ins, split and batched
formats.py     the published file formats, read without trusting the files
molecules.py   molecules as graphs, by rdkit
"""

from spectral_lab.eigenspaces.data.graphs import (
    DATASETS,
    Batch,
    Graphs,
    alchemy,
    counting,
    drugood,
    graph_set,
    nci,
    nci_by_size,
    standardised,
    zinc,
)

__all__ = [
    "DATASETS",
    "Batch",
    "Graphs",
    "alchemy",
    "counting",
    "drugood",
    "graph_set",
    "nci",
    "nci_by_size",
    "standardised",
    "zinc",
]
