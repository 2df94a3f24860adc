"""Data of chapter 02: expressions and pictures that are generated, published sets that are read, signals to remember.

expressions.py   ListOps, generated
snakes.py        Pathfinder and Path-X, generated
pixels.py        digits, CIFAR-10 and MNIST pixel by pixel
arena.py         the Long Range Arena as released, IMDB, AAN
memory_tasks.py  the delay and reconstruction tasks
"""

from spectral_lab.hippo.data.arena import DATASETS as ARENA_DATASETS
from spectral_lab.hippo.data.arena import Pairs, aan, imdb, lra_listops, lra_pathfinder
from spectral_lab.hippo.data.expressions import listops, listops_arrays, listops_tokens, listops_value
from spectral_lab.hippo.data.memory_tasks import delay, reconstruction
from spectral_lab.hippo.data.pixels import bit_reversal, cifar10, digits, mnist
from spectral_lab.hippo.data.snakes import pathfinder, pathfinder_images
from spectral_lab.pictures import DATASETS as PICTURES
from spectral_lab.samples import Sequences

DATASETS = {name: PICTURES[name] for name in ("cifar10", "mnist")} | ARENA_DATASETS

__all__ = [
    "DATASETS",
    "Pairs",
    "Sequences",
    "aan",
    "bit_reversal",
    "cifar10",
    "delay",
    "digits",
    "imdb",
    "listops",
    "listops_arrays",
    "listops_tokens",
    "listops_value",
    "lra_listops",
    "lra_pathfinder",
    "mnist",
    "pathfinder",
    "pathfinder_images",
    "reconstruction",
]
