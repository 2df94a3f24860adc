"""One good call of every public function of chapter 07: what tests/hostile.py spoils, one argument at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.hamiltonians import NormalModes

WATER, BASIS = [8, 1, 1], "sto-3g"
S = np.eye(7) + 0.05
H = np.diag(np.arange(7.0)) + 0.1
R = np.diag([1.0, -1.0, -1.0])
ERI = np.einsum("ab,cd->abcd", np.eye(2), np.eye(2))
POSITIONS = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
SPRING = np.kron([[1.0, -1.0], [-1.0, 1.0]], np.diag([0.0, 0.0, 1.0]))

CALLS: dict[str, dict[str, Any]] = {
    "assemble": {"diagonal": np.zeros((3, 5, 5)), "lower": np.zeros((3, 5, 5)), "numbers": WATER, "basis": BASIS},
    "atom_pairs": {"atoms": 3},
    "choose": {"scores": np.arange(5.0), "sparsity": 0.5},
    "energy_of": {"F": -np.eye(2), "core": -np.eye(2), "S": np.eye(2), "eri": ERI, "electrons": 2},
    "learn_gates": {"paths": 15, "sparsity": 0.5, "random": 5, "adaptive": 5, "steps": 20, "seed": 0},
    "matrix_noise": {"n": 3, "mae": 0.1, "seed": 0, "where": np.eye(3)},
    "stored": {"name": "water"},
    "basis_rotation": {"R": R, "numbers": WATER, "basis": BASIS},
    "blocks": {"M": H, "numbers": WATER, "basis": BASIS},
    "couple": {"block": np.ones((3, 5)), "l1": 1, "l2": 2},
    "density_matrix": {"coefficients": np.eye(7), "electrons": 10},
    "eigenvalue_bound": {"delta": H, "S": S},
    "from_degree_order": {"M": H, "numbers": WATER, "basis": BASIS, "target": "orca"},
    "hamiltonian_metrics": {
        "H": H, "reference": H + 0.1, "S": S, "electrons": 10, "numbers": WATER, "basis": BASIS,
    },
    "normal_modes": {"positions": POSITIONS, "masses": np.array([1.0, 2.0]), "hessian": SPRING},
    "path_costs": {"L": 2},
    "rhf": {"core": -np.eye(2), "S": np.eye(2), "eri": ERI, "electrons": 2, "guess": -np.eye(2), "diis": True,
            "damping": 0.1, "tolerance": 1e-8, "iterations": 9},
    "rotation": {"alpha": 0.1, "beta": 0.2, "gamma": 0.3},
    "sample_normal_modes": {
        "positions": POSITIONS, "modes": NormalModes(np.ones(1), np.ones((1, 2, 3))), "temperature": 300.0, "count": 3,
        "seed": 0,
    },
    "shells": {"numbers": WATER, "basis": BASIS},
    "slot_count": {"basis": BASIS},
    "slots": {"numbers": WATER, "basis": BASIS},
    "solve_roothaan": {"H": H, "S": S},
    "spherical_harmonics": {"degree": 2, "xyz": POSITIONS + 1},
    "tensor_product_paths": {"L": 2, "parity": True},
    "to_degree_order": {"M": H, "numbers": WATER, "basis": BASIS, "source": "orca"},
    "uncouple": {"parts": {1: np.ones(3)}, "l1": 1, "l2": 2},
    "wa_loss": {"H": H, "coefficients": np.eye(7), "energies": np.arange(7.0), "off_diagonal": 1.0},
    "wigner_3j": {"l1": 1, "l2": 2, "l3": 3},
    "wigner_d": {"degree": 2, "R": R},
}  # fmt: skip
