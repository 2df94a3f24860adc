"""The exercises accept their solutions and refuse the well-known mistakes; the predictions' answers are options."""

from __future__ import annotations

import numpy as np
import pytest

from spectral_lab.course import Exercise, Prediction
from spectral_lab.eigenspaces import (
    davis_kahan,
    exercises,
    landau_zener_ring,
    laplacian_spectra,
    named_graph,
    normalized_laplacian,
)

ANSWERS = {
    "gap": 1.0529150,
    "steepness": lambda n: 1 / (1 - np.cos(2 * np.pi / n)),
    "pentagons": 12,
    "all_lengths": exercises.mean_square_length,
    "complete": [0, 1.25, 1.25, 1.25, 1.25],
    "exchange": 0.5**0.5,
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


def test_foreseen_mistakes_get_their_remarks():
    assert "half-way" in exercises.exchange.check(1.0).message
    assert "comes from δ" in exercises.gap.check(1.08).message
    assert "trace" in exercises.pentagons.check(120).message


def test_near_misses_get_a_remark_that_helps():
    assert "comes first" in exercises.complete.check([1.25] * 4 + [0]).message
    assert "divided by the degree" in exercises.complete.check([0, 5, 5, 5, 5]).message
    assert "$" not in exercises.gap.check(0.0529).message  # a verdict is shown as plain text


@pytest.mark.parametrize("name", PREDICTIONS)
def test_a_prediction_answers_with_one_of_its_options(name):
    prediction = PREDICTIONS[name]
    answer = prediction.answer()
    if prediction.options:
        assert answer == prediction.options[1] if name != "power" else answer == "5"
    else:
        assert answer == pytest.approx(2**0.5, abs=1e-6) if name == "jump" else 5e3 < answer < 2e4


@pytest.mark.parametrize("n", [6, 8, 12])
def test_the_smallest_gap_is_the_smallest_along_the_sweep(n):
    delta = 1e-3
    gaps = []
    for a in np.linspace(-3 * delta, 3 * delta, 601):
        lam = np.linalg.eigvalsh(normalized_laplacian(landau_zener_ring(n, 1 + a, delta)))
        gaps.append(lam[2] - lam[1])
    assert min(gaps) == pytest.approx(exercises.smallest_gap(n, delta), rel=5e-3)


@pytest.mark.parametrize("name", ["Petersen", "cube", "rook 4x4", "ring of 8"])
def test_the_mean_length_is_that_of_every_basis(name):
    """All d, also those that cut through an eigenspace: the mean does not depend on the basis."""
    V = laplacian_spectra([named_graph(name)]).eigenvectors[0]
    for d in range(1, len(V) + 1):
        lengths = np.linalg.norm(V[:, None, :d] - V[None, :, :d], axis=2)[np.triu_indices(len(V), 1)]
        assert np.mean(lengths**2) == pytest.approx(exercises.mean_square_length(len(V), d), abs=1e-12)


def test_the_gap_of_the_exercise_is_there_to_first_order():
    lam = np.linalg.eigvalsh(normalized_laplacian(landau_zener_ring(8, 1.0529150, 0.06)))
    assert lam[2] - lam[1] == pytest.approx(0.01, rel=0.06)


def test_levels_that_meet_half_way_are_exchanged_at_the_least_cost():
    rng, L = np.random.default_rng(0), np.diag([0.0, 1.0])
    for _ in range(300):
        a, b, c = rng.normal(size=3) * 0.4
        change = np.array([[a, b], [b, c]])
        v = np.linalg.eigh(L + change)[1][:, 0]
        if abs(v[1]) > 0.999:  # exchanged, or nearly
            assert np.linalg.norm(change) > 0.5**0.5 * 0.999
    assert davis_kahan(L, L + np.diag([0.5 + 1e-9, -0.5 - 1e-9]), 1).left == pytest.approx(1.0)
