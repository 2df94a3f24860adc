"""The right answer of every exercise of chapter 05, and slips; tests/chapters/test_exercises.py checks them."""

from __future__ import annotations

import numpy as np

from spectral_lab.heavytails import MarchenkoPastur, alpha_pruning, esd, farms_exponent, tail_exponent


def corrected(W: np.ndarray) -> float:
    Q = max(W.shape) / min(W.shape)
    shape = MarchenkoPastur(Q).hill_exponent() - MarchenkoPastur(1).hill_exponent()
    return tail_exponent(esd(W)).alpha - shape


def hill(values: np.ndarray) -> np.ndarray:
    logs = np.log(np.sort(values))
    n = np.arange(len(logs), 1, -1)
    return 1 + n / (np.cumsum(logs[::-1])[::-1][:-1] - n * logs[:-1])


def shares(w: np.ndarray, S: float, c: float) -> np.ndarray:
    """Through the library: weights between 1 - epsilon and 1 + epsilon are a map of exponents."""
    middle = (w.max() + w.min()) / 2
    epsilon = (w.max() - w.min()) / 2 / middle
    return alpha_pruning(1 + w, np.ones(len(w)), S, epsilon, c, redistribute=True)


def clipped(w: np.ndarray, S: float, c: float) -> np.ndarray:
    return np.minimum(w * S / w.mean(), c)


def change(W: np.ndarray, size: int) -> float:
    return farms_exponent(W, size, per_axis=2).alpha - tail_exponent(esd(W)).alpha


ANSWERS = {
    "reads_four": (6.0, 4.0, 10.0),
    "smallest_window": (228, 341, 101),
    "which_rule_sees_it": (1.0664, 1.0),
    "largest_epsilon": (0.21, 0.252, 0.3),
    "worth_of_an_error_bar": (7, 1.0, 16),
    "correct_without_windows": (corrected, lambda W: tail_exponent(esd(W)).alpha),
    "all_exponents": (hill, lambda values: hill(values)[::-1]),
    "keep_the_total": (shares, clipped),
    "your_checkpoint": (change, lambda W, size: -change(W, size)),
}
