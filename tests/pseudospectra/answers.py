"""The right answer of every exercise of chapter 03, and slips; tests/chapters/test_exercises.py checks them."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from spectral_lab.pseudospectra import sigma_min


def real_distance(A: np.ndarray, z: complex) -> float:
    """As the solution of `real_distance` has it."""
    M = np.linalg.inv(z * np.eye(len(A)) - A)
    P = lambda g: np.block([[M.real, -g * M.imag], [M.imag / g, M.real]])  # noqa: E731
    s = lambda x: np.linalg.svd(P(np.exp(x)), compute_uv=False)[1]  # noqa: E731
    return 1 / minimize_scalar(s, bounds=(-15, 0), method="bounded", options={"xatol": 1e-9}).fun


ANSWERS = {
    "last_spike": (732.86, 2304.0),
    "count_spikes": (5, 6),
    "why_exact": (0.0, 1.0),
    "falls_below": (489, 500),
    "worth_of_the_bound": (2.34e-4, 2.34e-2),
    "distance_to_instability": (0.57722, 1.0),
    "radius_of_a_block": (0.9955, 1.0),
    "one_entry": (-12.5, 12.5),
    "real_distance": (real_distance, sigma_min, lambda A, z: 1.001 * real_distance(A, z)),
}
