"""The models of chapter 01: SPE, its baselines, and the network that reads them."""

from __future__ import annotations

from spectral_lab.eigenspaces.models.basisnet import BasisNet
from spectral_lab.eigenspaces.models.filters import LipschitzFilters, SplineFilters
from spectral_lab.eigenspaces.models.gine import GINE
from spectral_lab.eigenspaces.models.layers import GIN, MLP
from spectral_lab.eigenspaces.models.peg import PEG, RandomWalk, RawEigenvectors
from spectral_lab.eigenspaces.models.released import load_released_weights, released_parameter_count
from spectral_lab.eigenspaces.models.signnet import SignNet
from spectral_lab.eigenspaces.models.spe import SPE

__all__ = [
    "GIN",
    "GINE",
    "MLP",
    "PEG",
    "SPE",
    "BasisNet",
    "LipschitzFilters",
    "RandomWalk",
    "RawEigenvectors",
    "SignNet",
    "SplineFilters",
    "load_released_weights",
    "released_parameter_count",
]
