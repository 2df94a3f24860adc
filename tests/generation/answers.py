"""The right answer of every exercise of chapter 08, and slips; tests/chapters/test_exercises.py checks them."""

from __future__ import annotations

import numpy as np


def amplitude(Z: np.ndarray, frac: np.ndarray, h: np.ndarray, abar: float) -> list[float]:
    angle = 2 * np.pi * np.sqrt(abar) * (frac @ h)
    blur = np.exp(-0.5 * (1 - abar) * (2 * np.pi) ** 2 * (h**2).sum())
    return [blur * (Z * np.cos(angle)).sum(), blur * (Z * np.sin(angle)).sum()]


def periodic(Z: np.ndarray, frac: np.ndarray, h: np.ndarray, abar: float) -> list[float]:
    F = np.exp(-2 * np.pi**2 * (1 - abar) * (h @ h)) * (Z @ np.exp(2j * np.pi * (frac @ h)))
    return [F.real, F.imag]


def boldest_order(Sigma: np.ndarray) -> list[int]:
    order: list[int] = []
    while len(order) < len(Sigma):
        left = [i for i in range(len(Sigma)) if i not in order]
        cross = Sigma[np.ix_(left, order)]
        known = cross @ np.linalg.solve(Sigma[np.ix_(order, order)], cross.T) if order else 0
        order.append(left[int(np.argmax(np.diag(Sigma[np.ix_(left, left)] - known)))])
    return order


ANSWERS = {
    "sentence_length": (34, 35, 31),
    "first_vector": (1, 4, 0),
    "smallest_noise": (0.0016, 0.0064, 0.026),
    "one_timestep": (97.4, 2.6),
    "another_cap": (9.9, 31.6, 99),
    "four_times": (1.143, 4),
    "head_parameters": (348_291, 348_678),
    "two_polymorphs": ([0.5, 2.0**-20], [0.5, 1 - 2.0**-20], [1, 0]),
    "vp_amplitude": (amplitude, periodic),
    "boldest_order": (boldest_order, lambda Sigma: np.argsort(-np.diag(Sigma))),
}
