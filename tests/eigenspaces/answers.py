"""The right answer of every exercise of chapter 01, and slips; tests/chapters/test_exercises.py checks them."""

from __future__ import annotations

import numpy as np

from spectral_lab.eigenspaces import exercises

ANSWERS = {
    "gap": (1.0529150, 1.08),
    "steepness": (lambda n: 1 / (1 - np.cos(2 * np.pi / n)), lambda n: 1 / np.sin(2 * np.pi / n)),
    "pentagons": (12, 120),
    "all_lengths": (exercises.mean_square_length, lambda n, d: 2 * d / n),
    "complete": ([0, 1.25, 1.25, 1.25, 1.25], [1.25] * 4 + [0], [0, 5, 5, 5, 5]),
    "exchange": (0.5**0.5, 1.0),
    "narrowest": (exercises.smallest_gap, lambda n, delta: 2 * exercises.smallest_gap(n, delta)),
    "squares": (
        lambda lam, V, degrees: (
            (
                np.trace(np.linalg.matrix_power(V @ np.diag(1 - lam) @ V.T * np.sqrt(np.outer(degrees, degrees)), 4))
                - 2 * (degrees**2).sum()
                + degrees.sum()
            )
            / 8
        ),
        lambda lam, V, degrees: ((1 - lam) ** 4).sum(),
    ),
}
