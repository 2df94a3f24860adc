from __future__ import annotations

import numpy as np
import pytest

from spectral_lab.cooling import exercises as ex
from spectral_lab.cooling.ladder import ladder_law

RIGHT = {
    "exponent": 1.5,
    "ladder_from_32": 6.058,
    "degree_for_an_edge": 215,
    "which_phases": lambda d: [1.0] * d + [0.0],
    "average_over_starts": 1 / 64,
    "silent_layer": 4,
    "posterior": lambda E, p, e, s: (
        p * np.exp(-((E - e) ** 2) / (2 * s**2)) / (p @ np.exp(-((E - e) ** 2) / (2 * s**2)))
    ),
    "safe_strength": lambda gap, p: gap * np.sqrt(p) / 2,
}
WRONG = {
    "exponent": 2,
    "ladder_from_32": ladder_law(32, "uniform"),
    "degree_for_an_edge": 117,
    "which_phases": lambda d: np.ones(d + 1),
    "average_over_starts": 1 / 32,
    "silent_layer": 5,
    "posterior": lambda E, p, e, s: p * np.exp(-((E - e) ** 2) / (4 * s**2)),
    "safe_strength": lambda gap, p: np.sqrt(p),
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
    assert sorted(e.level for e in ex.EXERCISES) == [1, 1, 1, 1, 2, 2, 3, 3]


def test_guesses():
    for guess in ex.GUESSES:
        answer = guess.answer()
        assert answer in guess.options if guess.options else np.isfinite(answer)
        assert guess.compare(answer)
        assert guess.options or "close" not in guess.compare(0)
    assert 0.01 < ex.guess_leak.answer() < 1  # per cent; the bound is 1
    assert ex.guess_crossover.answer() < 0.01
    assert abs(ex.guess_kicks.answer() + 0.75) < 1e-3  # the best product state


def test_a_remark_is_plain_text_and_a_rounded_answer_counts():
    """A verdict is shown as text: LaTeX would stay as it is typed."""
    assert "$" not in ex.exponent.check(1).message
    assert ex.average_over_starts.check(0.0156).correct
    assert not ex.average_over_starts.check(0.0161).correct
