"""One good call of every public function of chapter 05: what tests/hostile.py spoils, one argument at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

W = np.random.default_rng(0).standard_normal((12, 20))
KERNEL = np.random.default_rng(1).standard_normal((6, 4, 3, 3))
VALUES = np.linspace(0.1, 3.0, 30) ** 2
ALPHAS = np.array([2.0, 3.5, 2.7])

CALLS: dict[str, dict[str, Any]] = {
    "alpha_pruning": {
        "alphas": ALPHAS,
        "sizes": np.array([10.0, 20.0, 5.0]),
        "sparsity": 0.7,
        "epsilon": 0.2,
        "clip": 0.99,
        "redistribute": True,
    },
    "convolution_blocks": {"W": KERNEL, "Q": 1.0},
    "coverage": {"shape": (12, 20), "size": 5, "Q": 1.0, "per_axis": 3, "step": None, "fit": "guarded"},
    "esd": {"W": W, "precision": "double"},
    "farms_esd": {"W": W, "size": 5, "Q": 1.0, "per_axis": 3, "step": None, "fit": "guarded", "windows": "grid"},
    "farms_exponent": {"W": W, "size": 5, "rule": "median", "Q": 1.0, "per_axis": None, "step": 4, "position": 2},
    "gaussian_matrix": {"shape": (6, 9), "seed": 0},
    "hill_curve": {"eigenvalues": VALUES},
    "lanczos_density": {"W": W, "steps": 5, "probes": 2, "seed": 0},
    "largest_eigenvalue_law": {"n": 20, "p": 10, "order": 2},
    "largest_wishart": {"shape": (6, 9), "draws": 3, "seed": 0},
    "magnitude_mask": {"W": W, "sparsity": 0.5},
    "noise_exponent": {"shape": (6, 9), "rule": "median", "position": 2, "slices": 1, "seed": 0},
    "null_corrected": {"alpha": 2.5, "shape": (6, 9), "rule": "median", "position": 2, "slices": 1},
    "pareto_matrix": {"shape": (6, 9), "tail": 1.5, "seed": 0},
    "phase_matrix": {"phase": "bulk-decay", "shape": (6, 9), "seed": 0},
    "planted_matrix": {"shape": (6, 9), "strengths": np.array([2.0, 1.0]), "seed": 0},
    "sigmoid_balance": {"alphas": ALPHAS, "rate": 0.1, "below": 0.5, "above": 1.0, "temperature": 10.0},
    "sparsegpt": {"W": W, "inputs": np.random.default_rng(2).standard_normal((40, 20)), "sparsity": 0.5},
    "spiked_covariance": {"ell": 3.0, "q": 0.5},
    "spiked_matrix": {"s": 1.5, "q": 0.5},
    "spiked_wigner": {"theta": 1.5},
    "tail_exponent": {"eigenvalues": VALUES, "rule": "peak", "position": 2, "bounds": "intended", "keep_above": 0.1},
    "temperature_balance": {"alphas": ALPHAS, "rate": 0.1, "low": 0.5, "high": 1.5, "rule": "linear"},
    "tracy_widom_cdf": {"s": np.array([-1.0, 0.5]), "beta": 1},
    "wanda_mask": {"W": W, "inputs": np.random.default_rng(2).standard_normal((40, 20)), "sparsity": 0.5},
    "weight_metrics": {"eigenvalues": VALUES, "alpha": 2.0},
    "window_starts": {"shape": (12, 20), "size": 5, "Q": 1.0, "per_axis": None, "step": 3, "fit": "guarded"},
    "wishart_spectra": {"shape": (6, 9), "draws": 3, "seed": 0},
}
