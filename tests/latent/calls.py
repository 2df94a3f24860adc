"""One good call of every public function of chapter 06: what tests/hostile.py spoils, one argument at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

rng = np.random.default_rng(0)
X, T = rng.standard_normal((6, 4)), rng.standard_normal((2, 3, 2))
FIELD = np.exp(0.3 * rng.standard_normal((6, 6)))

CALLS: dict[str, dict[str, Any]] = {
    "analytic_sides": {"f": np.cos, "N": 4, "alpha": 0.5, "maximum": 2.0, "kind": "truncation"},
    "attend": {"queries": X, "keys": X, "values": X},
    "basis_matrix": {"t": [0.0, 0.5, 1.0], "count": 4, "frequencies": "code"},
    "best_approximation_error": {"f": np.cos, "N": 1, "points": 50},
    "block_frequencies": {"count": 4, "frequencies": "integer"},
    "burgers": {"u0": [0.0, 1.0, 0.0, -1.0], "viscosity": 0.1, "times": [0.1, 0.2], "dealias": True, "step": 0.05},
    "chebyshev_coefficients": {"f": np.exp, "n": 4},
    "chebyshev_differentiation": {"n": 4},
    "chebyshev_interpolation": {"f": np.exp, "n": 4, "x": 0.5},
    "chebyshev_nodes": {"n": 4},
    "chebyshev_sides": {"f": np.exp, "n": 4, "rho": 2.0, "maximum": 4.0, "kind": "interpolation"},
    "chebyshev_truncation": {"f": np.exp, "n": 4, "x": 0.5},
    "cole_hopf": {"x": [0.1, 0.2], "t": 0.5, "viscosity": 0.1},
    "complex_noise": {"shape": (4, 4), "seed": 0},
    "correlation": {"field": FIELD, "lag": 1},
    "darcy_coefficient": {"field": FIELD, "low": 3.0, "high": 12.0},
    "decode": {"X": X, "tokens": T, "weight": np.eye(4), "bias": np.zeros(4)},
    "decoder_sides": {"query": [1.0, 2.0], "tokens": T[0], "change": T[1]},
    "favard_constant": {"r": 2},
    "favard_sides": {"f": np.cos, "N": 1, "r": 1, "derivative": 1.0},
    "fit_residual": {
        "target": np.abs,
        "radius": 1.0,
        "count": 4,
        "frequencies": "code",
        "ridge": 1e-6,
        "points": 41,
    },
    "fourier_coefficients": {"f": np.cos, "N": 4},
    "fourier_interpolation": {"f": np.cos, "N": 4, "x": 0.5},
    "fourier_sum": {"coefficients": [0.5, 1.0, 0.5], "x": 0.5},
    "fourier_truncation": {"f": np.cos, "N": 4, "x": 0.5},
    "from_patches": {"rows": np.arange(36.0).reshape(4, 9)},
    "latent_solve": {"tokens": T, "weights": np.ones((4, 6)), "frequencies": "code"},
    "latent_tokens": {"X": X, "tokens": T, "weight": np.ones((8, 4)), "bias": np.zeros(8)},
    "mean_solution_bounds": {"a": FIELD},
    "navier_stokes": {
        "w0": FIELD - FIELD.mean(),
        "viscosity": 0.01,
        "times": [0.1, 0.2],
        "step": 0.05,
        "scheme": "if-rk4",
        "forcing": np.zeros((6, 6)),
    },
    "patch_features": {"field": FIELD, "patch": 3},
    "pcg_rate": {"contrast": 4.0},
    "poisson_kernel": {"x": 0.5, "r": 0.5},
    "random_field_neumann": {"noise": FIELD, "alpha": 2.0, "tau": 3.0},
    "random_field_periodic": {"noise": FIELD + 1j, "alpha": 2.5, "tau": 7.0, "strength": 686.0},
    "relative_l2": {"prediction": FIELD, "target": FIELD + 1},
    "runge": {"x": 0.5, "a": 25.0},
    "sine_coefficients": {"f": np.cos, "n": 4},
    "smooth_sides": {"f": np.cos, "N": 4, "p": 2, "variation": 4.0, "kind": "truncation"},
    "solve_darcy": {"a": FIELD, "mode": "node", "method": "pcg", "tolerance": 1e-8},
    "solve_poisson": {"f": np.cos, "n": 4, "x": 0.5, "basis": "chebyshev"},
    "through_tokens": {"X": rng.standard_normal((2, 6, 4)), "tokens": 2, "scale": 1.0, "seed": 0},
    "to_patches": {"field": FIELD, "patch": 3},
    "trained_network": {"name": "darcy-fno"},
    "useful_directions": {"radius": 1.0, "count": 4, "frequencies": "code", "threshold": 1e-2},
}
