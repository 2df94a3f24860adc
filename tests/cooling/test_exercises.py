from __future__ import annotations

import numpy as np
import pytest

from spectral_lab.cooling import exercises as ex
from spectral_lab.cooling.ladder import ladder_law


def complement(p):
    """The worked solution."""
    half = np.fft.ifft(0.5 * np.log(1 - np.abs(np.fft.fft(p, 4096)) ** 2))
    half[1:2048] *= 2
    half[2048:] = 0
    q = np.fft.ifft(np.exp(np.fft.fft(half)))[: len(p)]
    return q[::-1].conj()


def ground_population(E, c, fields, readings, s, margin, alpha, angle):
    """The worked solution, without the library."""
    found = []
    for k, e in enumerate(readings):
        if k:
            mu = readings[k - 1] + margin
            w, W = np.linalg.eigh(np.diag(np.sign(E - mu)) + alpha * fields[k - 1])
            c = W @ (np.exp(-1j * angle / alpha * w) * (W.conj().T @ c))
        c = c * np.exp(-((E - e) ** 2) / (4 * s**2))
        c = c / np.linalg.norm(c)
        found.append(abs(c[0]) ** 2)
    return found


RIGHT = {
    "every_drive": lambda q: 1 + 1 / q,
    "two_ground_states": 1 / 16,
    "composition": 2.71,
    "best_degree": 115,
    "ladder_returns": lambda k, r: r + sum(1 / j for j in range(1, k + 1)),
    "silent_layer": 4,
    "safe_strength": 0.0382,
    "completion": complement,
    "trajectory": ground_population,
}
WRONG = {
    "every_drive": lambda q: 2 - 1 / q,
    "two_ground_states": 1 / 32,
    "composition": 1.0,
    "best_degree": 117,
    "ladder_returns": lambda k, r: r * sum(1 / j for j in range(1, k + 1)),
    "silent_layer": 5,
    "safe_strength": 0.1,
    "completion": lambda p: complement(p)[::-1].conj(),  # zeros outside
    "trajectory": lambda E, c, fields, *rest: ground_population(E, c, fields[::-1], *rest),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass_wrong_ones_get_a_line(name):
    exercise = getattr(ex, name)
    assert exercise in ex.EXERCISES
    assert exercise.check(RIGHT[name]).correct, exercise.check(RIGHT[name])
    verdict = exercise.check(WRONG[name])
    assert not verdict.correct
    assert len(verdict.message) > 20
    assert not exercise.check(...).correct


def test_all_exercises_are_tested_and_levels_rise():
    assert len(RIGHT) == len(ex.EXERCISES)
    assert sorted(e.level for e in ex.EXERCISES) == [1, 1, 2, 2, 2, 2, 2, 3, 3]


def test_guesses():
    for guess in ex.PREDICTIONS:
        answer = guess.answer()
        assert answer in guess.options if guess.options else np.isfinite(answer)
        assert guess.compare(answer)
        assert guess.options or "close" not in guess.compare(0)
    assert 0.01 < ex.guess_leak.answer() < 1  # per cent; the bound is 1
    assert 0.005 < ex.guess_crossover.answer() < 0.02
    assert ex.guess_bands.answer() == 53
    assert abs(ex.guess_kicks.answer() + 0.75) < 1e-3  # the best product state


def test_the_ladder_with_memory_is_the_law_for_both_kinds_of_mixing():
    for k in (1, 5, 32):
        assert ex._returns(k, 1) == pytest.approx(ladder_law(k, "uniform"))
        assert ex._returns(k, 2) == pytest.approx(ladder_law(k))
        T = [0.0]
        for m in range(1, k + 1):  # the recursion itself, with r = 3.5
            T.append(((m + 3.5) + sum(T)) / m)
        assert ex._returns(k, 3.5) == pytest.approx(T[-1])


def test_the_reference_completion_has_what_the_statement_asks_for():
    for (p,) in ex.completion.judge.cases:
        q = ex.gqsp_complement(p)
        circle = np.exp(2j * np.pi * np.arange(1000) / 1000)
        P, Q = (np.abs(np.polynomial.polynomial.polyval(circle, c)) for c in (p, q))
        assert P.max() <= 0.95
        np.testing.assert_allclose(P**2 + Q**2, 1, atol=1e-12)
        assert np.abs(np.roots(q[::-1])).max() < 1
        assert q[-1].real > 0
        assert abs(q[-1].imag) < 1e-12


def test_a_remark_is_plain_text_and_a_rounded_answer_counts():
    """A verdict is shown as text: LaTeX would stay as it is typed."""
    assert "$" not in ex.composition.check(1).message
    assert ex.two_ground_states.check(0.0625).correct
    assert not ex.two_ground_states.check(0.0631).correct
