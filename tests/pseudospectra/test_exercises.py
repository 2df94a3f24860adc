from __future__ import annotations

import re

import numpy as np
import pytest

from spectral_lab.course import Exercise, Function, Prediction
from spectral_lab.pseudospectra import diagonalize, legs_transfer, sigma_min
from spectral_lab.pseudospectra import exercises as e

ANSWERS = {
    e.last_spike: 732.86,
    e.count_spikes: 5,
    e.why_exact: 0.0,
    e.why_a_half: 0.5,
    e.impulse_distance: 0.4950,
    e.resolvent_bound: 2,
    e.distance_to_instability: 0.57722,
    e.one_entry: -12.4,
}


@pytest.mark.parametrize("exercise", ANSWERS, ids=lambda x: x.title)
def test_the_answer_of_the_solution_is_right_and_a_neighbour_is_not(exercise: Exercise) -> None:
    answer = ANSWERS[exercise]
    assert exercise.check(answer).correct, exercise.check(answer)
    assert not exercise.check(1.1 * answer + 0.1).correct
    assert exercise.check(...).message.startswith("Not answered yet")


@pytest.mark.parametrize("exercise", ANSWERS, ids=lambda x: x.title)
def test_foreseen_mistakes_get_their_remark(exercise: Exercise) -> None:
    for wrong, remark in exercise.judge.mistakes:  # type: ignore[attr-defined]
        assert remark in exercise.check(wrong).message


def test_reaching_a_point_is_judged_by_what_it_does() -> None:
    def reach(A: np.ndarray, z: complex) -> np.ndarray:
        U, s, Vh = np.linalg.svd(z * np.eye(len(A)) - A)
        return s[-1] * np.outer(U[:, -1], Vh[-1])

    assert e.reach_a_point.check(reach).correct
    assert not e.reach_a_point.check(lambda A, z: -reach(A, z)).correct
    assert not e.reach_a_point.check(lambda A, z: (z - A[0, 0]) * np.eye(len(A))).correct
    judge = e.reach_a_point.judge
    assert isinstance(judge, Function)
    for A, z in judge.cases:
        E = reach(A, z)
        assert np.abs(np.linalg.eigvals(A + E) - z).min() < 1e-7
        assert np.linalg.norm(E, 2) == pytest.approx(sigma_min(A, z), rel=1e-9)


def test_the_prose_of_the_solutions_is_true() -> None:
    n, C = 9, np.random.default_rng(0).standard_normal(9)
    assert legs_transfer(n, 0.0, C) == pytest.approx(legs_transfer(n, 0.0, C, "diag"), rel=1e-12)
    assert sigma_min(e.legs(32)[0], -16 + 5j) < 1e-14
    below = np.zeros((8, 8))
    below[1, 7] = 12.3
    changed = diagonalize(e.legs(8)[0], below)
    assert (changed.condition, changed.abscissa) == pytest.approx((3.50, 0.14), abs=0.01)


@pytest.mark.parametrize("guess", e.PREDICTIONS, ids=lambda x: x.question[:30])
def test_every_guess_has_an_answer_and_the_right_one_is_recognised(guess: Prediction) -> None:
    answer = guess.answer()
    if guess.options:
        assert answer in guess.options
        assert guess.compare(answer).startswith("Yes")
        wrong = next(option for option in guess.options if option != answer)
        assert "says otherwise" in guess.compare(wrong)
    else:
        assert "you were close" in guess.compare(answer)
        assert "factor" in guess.compare(100 * answer)


def test_every_exercise_and_guess_is_listed() -> None:
    named = [value for value in vars(e).values() if isinstance(value, (Exercise, Prediction))]
    assert {id(value) for value in named} == {id(value) for value in (*e.EXERCISES, *e.PREDICTIONS)}
    assert all(re.search(r"\w", exercise.hint_text) for exercise in e.EXERCISES)
