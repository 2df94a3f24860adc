from __future__ import annotations

import numpy as np
import pytest

from spectral_lab.course import Prediction
from spectral_lab.hippo import delay_readout_error, horizon, legs, legt, measure, state_kernel
from spectral_lab.hippo import exercises as e

ANSWERS = {
    e.dead_state: 0.0,
    e.how_many_states: 138,
    e.half_weight: 69.3,
    e.best_step: 0.00389,
    e.trace: 50.0,
}


@pytest.mark.parametrize("exercise", ANSWERS, ids=lambda x: x.title)
def test_the_answer_of_the_solution_is_right_and_a_neighbour_is_not(exercise):
    answer = ANSWERS[exercise]
    assert exercise.check(answer).correct, exercise.check(answer)
    assert not exercise.check(1.1 * answer + 0.1).correct
    for wrong, remark in exercise.judge.mistakes:
        assert remark in exercise.check(wrong).message


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


@pytest.mark.parametrize(
    ("exercise", "solution"),
    [(e.never_explodes, norm_of_a_step), (e.your_memory, last_state), (e.a_step, step)],
    ids=lambda x: getattr(x, "title", ""),
)
def test_solutions_pass_and_slips_do_not(exercise, solution):
    assert exercise.check(solution).correct, exercise.check(solution)
    assert not exercise.check(lambda *a: 2 * np.asarray(solution(*a))).correct
    assert exercise.check(lambda *a: ...).message.startswith("Not answered yet")


def test_the_prose_of_the_solutions_is_true():
    assert norm_of_a_step(legs(16)[0], 30.0) <= 1
    x, w = np.polynomial.legendre.leggauss(40)
    t = -np.log((x + 1) / 2)
    K = state_kernel("legs", 8, t)
    np.testing.assert_allclose(((w / 2 / measure("legs", t))[:, None] * K**2).sum(0), 0.5, atol=1e-12)
    assert horizon(64, 0.02 / 0.00389) / 0.00389 == pytest.approx(410, abs=0.5)
    assert 64 / (np.pi * 0.02) == pytest.approx(1019, abs=0.5)
    assert 1 - delay_readout_error("legt", 64, 64, 1.8 / 64, frequencies=256) > 0.99999
    assert delay_readout_error("legt", 64, 64, 2.4 / 64, frequencies=256) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("name", [name for name in vars(e) if name.startswith("guess_")])
def test_guesses_have_answers_that_the_library_computes(name):
    guess = getattr(e, name)
    assert isinstance(guess, Prediction)
    answer = guess.answer()
    if guess.options:
        assert answer in guess.options
        assert guess.compare(answer).startswith("Yes")
    else:
        assert "close" in guess.compare(float(answer) * 1.01)


def test_the_answers_to_the_guesses():
    assert e.guess_drawing.answer() == "Legendre polynomials, bent"
    assert e.guess_states.answer() == pytest.approx(2.868, abs=1e-3)
    assert e.guess_cliff.answer() == "about a half"
    assert e.guess_aliasing.answer() == 2
    assert e.guess_sign.answer() == "-1"
    assert e.guess_precision.answer() == "neither"
