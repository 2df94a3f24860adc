from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from spectral_lab.course import Exercise, Function, Prediction
from spectral_lab.pseudospectra import allpass, diagonalize, jordan_block, numerical_radius, sigma_min
from spectral_lab.pseudospectra import exercises as e
from spectral_lab.pseudospectra.explorers import how_much_poison

ANSWERS = {
    e.last_spike: 732.86,
    e.count_spikes: 5,
    e.why_exact: 0.0,
    e.falls_below: 489,
    e.worth_of_the_bound: 2.34e-4,
    e.distance_to_instability: 0.57722,
    e.radius_of_a_block: 0.9955,
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


def solution(A: np.ndarray, z: complex) -> float:
    """As the solution of `real_distance` has it."""
    M = np.linalg.inv(z * np.eye(len(A)) - A)
    P = lambda g: np.block([[M.real, -g * M.imag], [M.imag / g, M.real]])  # noqa: E731
    s = lambda x: np.linalg.svd(P(np.exp(x)), compute_uv=False)[1]  # noqa: E731
    return 1 / minimize_scalar(s, bounds=(-15, 0), method="bounded", options={"xatol": 1e-9}).fun


def test_real_distance_is_judged_by_what_it_does() -> None:
    assert e.real_distance.check(solution).correct
    assert not e.real_distance.check(lambda A, z: sigma_min(A, z)).correct
    assert not e.real_distance.check(lambda A, z: 1.001 * solution(A, z)).correct
    judge = e.real_distance.judge
    assert isinstance(judge, Function)
    for A, z in judge.cases:
        distance = judge.reference(A, z)
        assert distance >= sigma_min(A, z) * (1 - 1e-9)
        if np.isreal(z):
            assert distance == pytest.approx(float(sigma_min(A, z)), rel=1e-9)
            continue
        n, rng = len(A), np.random.default_rng(0)

        def size(x: np.ndarray, A: np.ndarray = A, z: complex = z, n: int = n) -> float:
            """The norm of the smallest real E with (A + E) x = z x; x is given as its real and imaginary part."""
            x = x[:n] + 1j * x[n:]
            y = z * x - A @ x
            return float(np.linalg.norm(np.c_[y.real, y.imag] @ np.linalg.pinv(np.c_[x.real, x.imag]), 2))

        options = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-9, "fatol": 1e-10, "adaptive": True}
        found = [minimize(size, rng.standard_normal(2 * n), method="Nelder-Mead", options=options) for _ in range(2)]
        assert min(item.fun for item in found) == pytest.approx(distance, rel=1e-4)


def test_the_prose_of_the_solutions_is_true() -> None:
    assert sigma_min(e.legs(32)[0], -16 + 5j) < 1e-14
    below = np.zeros((8, 8))
    below[1, 7] = 12.3
    changed = diagonalize(e.legs(8)[0], below)
    assert (changed.condition, changed.abscissa) == pytest.approx((3.50, 0.14), abs=0.01)
    z = 1.25 + 0.5j
    assert solution(np.diag([1.0, 2.0, 4.0]), z) == pytest.approx(0.75, abs=1e-6)
    assert sigma_min(np.diag([1.0, 2.0, 4.0]), z) == pytest.approx(0.56, abs=2e-3)
    start = how_much_poison().data
    assert (start["norm"], start["worst"]) == pytest.approx((20.6, 0.029), rel=0.01)
    assert start["norm"] / e.worth_of_the_bound.judge.expected() == pytest.approx(88_000, rel=1e-3)
    block = jordan_block(32)
    assert numerical_radius(block) == pytest.approx(e.radius_of_a_block.judge.expected(), rel=1e-12)
    assert [np.linalg.norm(np.linalg.matrix_power(block, k), 2) for k in (31, 32)] == [1, 0]
    assert abs(1 + allpass(32, 243.5j)) == pytest.approx(1, abs=0.01)


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
