"""What needs torch: long chains without a matrix, batched cooling runs, and a circuit whose schedule is trained."""

from spectral_lab.cooling.models.chain import Chain, heisenberg_chain, ising_chain, product_state
from spectral_lab.cooling.models.circuit import CoolingCircuit, DenseSign, MatrixFreeSign
from spectral_lab.cooling.models.trajectories import ChainRun, cool_chain

__all__ = [
    "Chain",
    "ChainRun",
    "CoolingCircuit",
    "DenseSign",
    "MatrixFreeSign",
    "cool_chain",
    "heisenberg_chain",
    "ising_chain",
    "product_state",
]
