"""The networks of chapter 07, and the layers that they are made of."""

from spectral_lab.hamiltonians.models.expansion import Expansion
from spectral_lab.hamiltonians.models.gates import PairGate, ThreePhaseScheduler, TPGate
from spectral_lab.hamiltonians.models.layers import (
    BernsteinRBF,
    EquivariantLayerNorm,
    EquivariantLinear,
    NormGate,
    PathWeights,
    harmonics,
    inner_product,
)
from spectral_lab.hamiltonians.models.losses import block_loss, wa_loss
from spectral_lab.hamiltonians.models.molecules import Molecules, join
from spectral_lab.hamiltonians.models.qhnet import QHNet
from spectral_lab.hamiltonians.models.sphnet import SPHNet
from spectral_lab.hamiltonians.models.tensor_product import SparseTensorProduct
from spectral_lab.hamiltonians.models.vectorial import VectorialNetwork

__all__ = [
    "BernsteinRBF",
    "EquivariantLayerNorm",
    "EquivariantLinear",
    "Expansion",
    "Molecules",
    "NormGate",
    "PairGate",
    "PathWeights",
    "QHNet",
    "SPHNet",
    "SparseTensorProduct",
    "TPGate",
    "ThreePhaseScheduler",
    "VectorialNetwork",
    "block_loss",
    "harmonics",
    "inner_product",
    "join",
    "wa_loss",
]
