"""One good call of every public function of chapter 04: what tests/hostile.py spoils, one argument at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.cooling import bath_cycles, gqsp_angles, random_field, start_state, tfim

H = tfim(3).full()
V = np.kron(np.array([[0.0, 1.0], [1.0, 0.0]]), np.eye(4))
STATE = start_state(3)
S = np.array([-1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
P = np.array([0.3, 0.2j, 0.1])
ANGLES = gqsp_angles(P)
CIRCUIT = {"theta": ANGLES.theta, "phi": ANGLES.phi, "lam": ANGLES.lam}

CALLS: dict[str, dict[str, Any]] = {
    "adiabatic": {"H": tfim(3), "T": 1.0, "step": 0.1, "strength": 1.0},
    "bath_cooling": {"H": tfim(2), "state": start_state(2), "cycles": bath_cycles(2, 2, 0.3, 4.0, 0)},
    "bath_cycles": {"n": 2, "count": 2, "g": 0.3, "spread": 4.0, "seed": 0, "lowest": 0.5},
    "bill": {
        "spread": 10.0,
        "steps": 5,
        "resolution": 0.1,
        "overlap": 0.1,
        "leak_budget": 0.2,
        "angle": 8.0,
        "contacts": 20,
        "error": 1e-3,
    },
    "budget": {"steps": 5, "leak_budget": 0.2, "angle": 8.0},
    "convert_phases": {"phases": np.array([0.1, 0.2, 0.3]), "source": "Wx", "target": "GQSP"},
    "cool": {
        "H": H,
        "state": STATE,
        "steps": 2,
        "policy": "pointer",
        "drive": "bang-bang",
        "alpha": 0.25,
        "angle": 12.0,
        "width": 0.1,
        "resolution": 0.05,
        "margin": 0.3,
        "perturbation": "field",
        "shifts": "sweep",
        "seed": 0,
    },
    "cooling_step": {
        "state": STATE,
        "H": H,
        "V": V,
        "mu": 0.0,
        "width": 0.1,
        "alpha": 0.1,
        "angle": 4.0,
        "drive": "constant",
    },
    "descend": {
        "H": H,
        "start": 4,
        "angle": 8.0,
        "alpha": 0.1,
        "drive": "constant",
        "perturbation": "field",
        "max_steps": 5,
        "seed": 0,
    },
    "eigenvalue_filter": {"H": H, "state": STATE, "width": 0.3, "mu": -3.0},
    "golden_rule": {"s": S, "V": V, "alpha": 0.1, "t": 3.0},
    "gqsp_angles": {"P": P, "Q": None},
    "gqsp_circuit": {**CIRCUIT, "U": np.diag(np.exp(1j * np.arange(3.0))), "inverse_calls": 0},
    "gqsp_coefficients": dict(CIRCUIT),
    "gqsp_complement": {"P": P, "zeros": "inside"},
    "gqsp_path": {**CIRCUIT, "z": 1j},
    "gqsp_polynomial": {**CIRCUIT, "z": 1j},
    "gue": {"dimension": 4, "seed": 0},
    "hubbard": {"sites": 2, "t": 1.0, "U": 4.0},
    "imaginary_time": {"H": H, "state": STATE, "beta": 1.0},
    "ladder_law": {"k": 3, "mixing": "haar"},
    "ladder_walks": {"k": 3, "walks": 5, "seed": 0, "mixing": "haar"},
    "laurent_coefficients": {"coefficients": np.array([0.5, 0.1])},
    "leak": {"U": np.eye(8), "s": S},
    "leak_bound": {"alpha": 0.1, "norm": 1.0, "gap": 2.0},
    "levels": {"H": H},
    "mean_ground_population": {"H": H, "unitaries": [np.eye(8)]},
    "minimax_coefficients": {"degree": 7, "edge": 0.2},
    "oracle_time": {"spread": 10.0, "resolution": 0.1},
    "pauli_terms": {"H": H},
    "pointer_queries": {"spread": 10.0, "resolution": 0.1, "error": 1e-3},
    "product_error": {"P": P, "angles": ANGLES, "points": 17},
    "qsp_response": {"phases": np.array([0.1, 0.2, 0.3]), "convention": "Wx", "x": 0.3},
    "random_field": {"n": 3, "seed": 0},
    "reflection_circuit": {"H": H, "mu": 0.0, "width": 1.0, "error": 0.1},
    "reflection_laurent": {"sigma": 0.2, "error": 0.01},
    "shift_angles": {"phi": np.arange(3.0), "angle": 0.3},
    "sign_of": {"energies": np.arange(3.0), "mu": 1.2, "width": 0.1},
    "sign_queries": {"spread": 10.0, "width": 0.1, "error": 1e-3},
    "sign_series": {"edge": 0.2, "error": 0.01},
    "sine_series": {"coefficients": np.array([0.5, 0.1]), "theta": 0.3},
    "smooth_sign": {"H": H, "mu": 0.0, "width": 0.1},
    "start_state": {"n": 3, "kind": "neel"},
    "step_qasm": {
        "H": H,
        "V": random_field(3, 0),
        "mu": 0.0,
        "width": 1.0,
        "alpha": 0.5,
        "angle": 2.0,
        "error": 0.1,
        "slices": 1,
    },
    "step_queries": {"spread": 10.0, "width": 0.1, "alpha": 0.1, "angle": 4.0, "drive": "constant", "error": 1e-3},
    "step_unitary": {"s": S, "V": V, "alpha": 0.1, "angle": 4.0, "drive": "constant"},
    "tfim": {"n": 3, "J": 1.0, "g": 1.05, "h": 0.5},
    "uniform_field": {"n": 3, "direction": (1.0, 1.0, 1.0)},
    "xxz": {"n": 3, "J": 1.0, "Delta": 1.0},
}
