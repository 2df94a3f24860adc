"""One good call of every public function of chapter 03: what tests/hostile.py spoils, one argument at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

A = np.array([[-1.0, 2.0, 0.0], [0.0, -2.0, 1.0], [0.5, 0.0, -3.0]])
B = np.ones(3)
C = np.array([1.0, -1.0, 0.5])
POLES = np.array([-1.0, -2.0, -3.0 + 1j])

CALLS: dict[str, dict[str, Any]] = {
    "allpass": {"n": 4, "s": 1j},
    "allpass_phase": {"n": 4, "omega": 1.0},
    "arnoldi": {"A": A, "start": B, "steps": 2},
    "convection_diffusion": {"n": 4, "diffusion": 0.02},
    "departure_from_normality": {"A": A},
    "diag_gap": {"n": 4, "s": 1j, "C": np.ones(4)},
    "diag_gap_norm": {"n": 4, "C": np.ones(4)},
    "diagonalize": {"A": A, "E": 0.1 * A.T},
    "eigenvalue_conditions": {"A": A},
    "eigenvector_condition": {"A": A},
    "energy_matrix": {"A": A, "B": np.diag([1.0, 2.0, 3.0])},
    "field_of_values": {"A": A, "points": 8},
    "grcar": {"n": 5},
    "growth_reached": {"t": 1.0, "abscissa": 0.5, "epsilon": 0.1},
    "h2_norm": {"A": A, "B": B, "C": C},
    "hinf_norm": {"A": A, "B": B, "C": C, "D": 0.5},
    "hold": {"poles": POLES, "residues": B, "step": 0.1},
    "impulse_gap": {"n": 4, "C": np.ones(4)},
    "jordan_block": {"n": 4, "eigenvalue": 0.5},
    "kreiss_constant": {"A": A, "region": "half-plane"},
    "legs_impulse_response": {"n": 4, "t": 0.5, "C": np.ones(4), "system": "dplr"},
    "legs_normal": {"n": 4},
    "legs_normal_eigenpairs": {"n": 4},
    "legs_sigma_min": {"n": 4, "z": 1j},
    "legs_state_modes": {"n": 4, "l": 2, "system": "dplr"},
    "legs_states": {"n": 4, "s": 1j},
    "legs_transfer": {"n": 4, "s": 1j, "C": np.ones(4), "system": "dplr"},
    "modal_transfer": {"poles": POLES, "residues": B, "s": 1j},
    "modes": {"A": A, "B": B, "C": C},
    "numerical_abscissa": {"A": A},
    "numerical_radius": {"A": A},
    "pencil_sigma_min": {"A": A, "B": np.diag([1.0, 2.0, 3.0]), "z": 1j, "alpha": 1.0, "beta": 0.5},
    "power_norms": {"A": A, "k": 5},
    "pseudospectral_abscissa": {"A": A, "epsilon": 0.1},
    "ptd": {"A": A, "epsilon": 0.05, "method": "dense", "seed": 0},
    "ptd_by_adam": {"A": A, "weight": 1.0, "steps": 5, "rate": 0.1, "seed": 0},
    "rank_one_path": {"n": 4, "epsilons": [0.1, 0.05], "seed": 0},
    "read_matrix": {"source": "1 2; 3 4", "largest": 5},
    "s4d_frequencies": {"n": 4},
    "sampled_transfer": {"poles": POLES, "residues": B, "omega": 1.0, "step": 0.1},
    "semigroup_norms": {"A": A, "step": 0.1, "steps": 5},
    "sigma_min": {"A": A, "z": 1j, "method": "lanczos"},
    "spectral_abscissa": {"A": A},
    "spikes": {"n": 4, "C": np.ones(4)},
    "stored_path": {"n": 64},
    "tone_response": {"poles": POLES, "residues": B, "omega": 1.0, "t": 0.5},
    "transfer_function": {"A": A, "B": B, "C": C, "s": 1j},
    "weak_error": {"n": 4, "C": np.ones(4), "rate": 1.0},
}
