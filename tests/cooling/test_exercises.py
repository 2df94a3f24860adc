from __future__ import annotations

import numpy as np
import pytest

from spectral_lab.cooling import exercises as ex
from spectral_lab.cooling.ladder import ladder_law


def test_the_answers_to_the_guesses():
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


def test_a_rounded_answer_counts():
    assert ex.two_ground_states.check(0.0625).correct
    assert not ex.two_ground_states.check(0.0631).correct
