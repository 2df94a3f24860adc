"""The exercises accept their solutions and refuse the well-known mistakes; the predictions' answers are options."""

from __future__ import annotations

import numpy as np
import pytest

from spectral_lab.course import Exercise, Prediction
from spectral_lab.eigenspaces import exercises, landau_zener_ring, normalized_laplacian

ANSWERS = {
    "gap": 0.0025,
    "contrast": 0.05,
    "pentagons": 12,
    "all_lengths": 2**0.5,
    "complete": [0, 1.25, 1.25, 1.25, 1.25],
    "orthogonal": 8,
    "narrowest": exercises.smallest_gap,
    "squares": lambda lam, V, degrees: (
        (
            np.trace(np.linalg.matrix_power(V @ np.diag(1 - lam) @ V.T * np.sqrt(np.outer(degrees, degrees)), 4))
            - 2 * (degrees**2).sum()
            + degrees.sum()
        )
        / 8
    ),
}
EXERCISES = {name: value for name, value in vars(exercises).items() if isinstance(value, Exercise)}
PREDICTIONS = {name: value for name, value in vars(exercises).items() if isinstance(value, Prediction)}


def test_every_exercise_has_its_answer_here():
    assert EXERCISES.keys() == ANSWERS.keys()
    assert len(PREDICTIONS) == 6


@pytest.mark.parametrize("name", ANSWERS)
def test_the_solution_is_accepted_and_others_are_not(name):
    exercise = EXERCISES[name]
    assert exercise.check(ANSWERS[name]).correct
    assert not exercise.check(...).correct
    wrong = (lambda *arguments: 1.23) if callable(ANSWERS[name]) else np.asarray(ANSWERS[name]) * 1.3
    assert not exercise.check(wrong).correct


def test_the_loose_bound_gets_its_remark():
    assert "two places" in exercises.contrast.check(2**0.5 * 0.05).message
    assert "trace" in exercises.pentagons.check(120).message


def test_near_misses_get_a_remark_that_helps():
    assert "comes first" in exercises.complete.check([1.25] * 4 + [0]).message
    assert "divided by the degree" in exercises.complete.check([0, 5, 5, 5, 5]).message
    assert exercises.all_lengths.check(1.41).correct
    assert "$" not in exercises.gap.check(0.005).message  # a verdict is shown as plain text


@pytest.mark.parametrize("name", PREDICTIONS)
def test_a_prediction_answers_with_one_of_its_options(name):
    prediction = PREDICTIONS[name]
    answer = prediction.answer()
    if prediction.options:
        assert answer == prediction.options[1] if name != "power" else answer == "5"
    else:
        assert answer == pytest.approx(2**0.5, abs=1e-6)


@pytest.mark.parametrize("n", [6, 8, 12])
def test_the_smallest_gap_is_the_smallest_along_the_sweep(n):
    delta = 1e-3
    gaps = []
    for a in np.linspace(-3 * delta, 3 * delta, 601):
        lam = np.linalg.eigvalsh(normalized_laplacian(landau_zener_ring(n, 1 + a, delta)))
        gaps.append(lam[2] - lam[1])
    assert min(gaps) == pytest.approx(exercises.smallest_gap(n, delta), rel=5e-3)
