"""The right answer of every exercise of chapter 02, and slips; tests/chapters/test_exercises.py checks them."""

from __future__ import annotations

import numpy as np

from spectral_lab.hippo import legt


def norm_of_a_step(A, d):
    eye = np.eye(len(A))
    return np.linalg.norm(np.linalg.solve(eye - d / 2 * A, eye + d / 2 * A), 2)


def last_state(u, dt, n):
    (A, B), eye = legt(n), np.eye(n)
    Ad, Bd = np.linalg.solve(eye - dt / 2 * A, eye + dt / 2 * A), np.linalg.solve(eye - dt / 2 * A, dt * B)
    x = np.zeros(n)
    for v in u:
        x = Ad @ x + Bd * v
    return x


def step(Lambda, P, B, z, u, d):
    """The dense step: what the exercise asks for without a matrix."""
    A, eye = np.diag(Lambda) - np.outer(P, P.conj()), np.eye(len(z))
    return np.linalg.solve(eye - d / 2 * A, (eye + d / 2 * A) @ z + d * B * u)


def twice(solution):
    """A slip of a factor."""
    return lambda *arguments: 2 * np.asarray(solution(*arguments))


ANSWERS = {
    "dead_state": (0.0, 1.0),
    "how_many_states": (138, 69),
    "half_weight": (69.3, 50.0),
    "best_step": (0.00389, 0.0389),
    "trace": (50.0, 100.0),
    "never_explodes": (norm_of_a_step, twice(norm_of_a_step)),
    "your_memory": (last_state, twice(last_state)),
    "a_step": (step, twice(step)),
}
