"""Chapter 07: predicting the Hamiltonian of a molecule, and what its spectrum keeps.

1. The Kohn-Sham matrix H of a molecule gives its levels, its density and its gap: H C = S C diag(epsilon).
2. If the molecule turns, H turns block by block with Wigner matrices, and its levels stay. A network that predicts H
   must do the same; it does so with tensor products, whose cost grows with the sixth power of the degree.
3. SPHNet leaves out pairs of atoms and coupling paths by gates that are learned, in three phases.
4. An error in H moves levels by up to 1 / lambda_min(S) times as much, and the energy by its square.

Luo, Wei, Huang, Li, Yang, Xia, Wang, Liu, Shao, Zhang, "Efficient and Scalable Density Functional Theory Hamiltonian
Prediction through Adaptive Sparsity", ICML 2025 (arXiv 2502.01171).
"""

from __future__ import annotations

from spectral_lab.hamiltonians.blocks import Blocks, assemble, atom_pairs, blocks, slot_count, slots
from spectral_lab.hamiltonians.coupling import (
    PathCosts,
    couple,
    path_costs,
    tensor_product_paths,
    uncouple,
    wigner_3j,
)
from spectral_lab.hamiltonians.gating import GateHistory, choose, learn_gates
from spectral_lab.hamiltonians.harmonics import rotation, spherical_harmonics, wigner_d
from spectral_lab.hamiltonians.metrics import HamiltonianMetrics, hamiltonian_metrics, matrix_noise
from spectral_lab.hamiltonians.orbitals import basis_rotation, from_degree_order, shells, to_degree_order
from spectral_lab.hamiltonians.roothaan import (
    EigenvalueBound,
    Orbitals,
    density_matrix,
    eigenvalue_bound,
    solve_roothaan,
    wa_loss,
)
from spectral_lab.hamiltonians.scf import SCF, energy_of, rhf
from spectral_lab.hamiltonians.stored import stored
from spectral_lab.hamiltonians.vibrations import NormalModes, normal_modes, sample_normal_modes

__all__ = [
    "SCF",
    "Blocks",
    "EigenvalueBound",
    "GateHistory",
    "HamiltonianMetrics",
    "NormalModes",
    "Orbitals",
    "PathCosts",
    "assemble",
    "atom_pairs",
    "basis_rotation",
    "blocks",
    "choose",
    "couple",
    "density_matrix",
    "eigenvalue_bound",
    "energy_of",
    "from_degree_order",
    "hamiltonian_metrics",
    "learn_gates",
    "matrix_noise",
    "normal_modes",
    "path_costs",
    "rhf",
    "rotation",
    "sample_normal_modes",
    "shells",
    "slot_count",
    "slots",
    "solve_roothaan",
    "spherical_harmonics",
    "stored",
    "tensor_product_paths",
    "to_degree_order",
    "uncouple",
    "wa_loss",
    "wigner_3j",
    "wigner_d",
]
