"""Exercises answer every answer: the right one, the near miss, and the one that is no answer at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.course import Exercise, Function, Value


def exercise(judge) -> Exercise:
    return Exercise("The last spike", 1, "Where is it for $n = 48$?", "omega = ...", judge, "Square n.", "$n^2/\\pi$.")


NUMBER = exercise(Value(lambda: 732.86, mistakes=((2304.0, "Divide by pi."),)))
MATRIX = exercise(Value(lambda: np.eye(2)))
COMPLEX = exercise(Value(lambda: 1j))
FUNCTION = exercise(Function(lambda x: np.array([x, x**2]), cases=[(1.0,), (3.0,)]))


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        (NUMBER, 733),
        (NUMBER, np.float32(732.9)),
        (MATRIX, [[1, 0], [0, 1]]),
        (MATRIX, np.eye(2, dtype=complex).real),
        (COMPLEX, 1j),
        (FUNCTION, lambda x: [x, x * x]),
    ],
)
def test_right_answers(task: Exercise, answer) -> None:
    assert task.check(answer).correct
    assert task.check(answer).message.startswith("Right")


@pytest.mark.parametrize(
    ("task", "answer", "message"),
    [
        (NUMBER, ..., "Not answered yet: replace the dots"),
        (NUMBER, None, "Not answered yet"),
        (NUMBER, 2304, "Not quite. Divide by pi."),
        (NUMBER, -732.86, "the sign is not"),
        (NUMBER, 1465.72, "too large, by a factor of 2"),
        (NUMBER, 7.3286, "too small, by a factor of 1e+02"),
        (NUMBER, 0, "too small"),
        (NUMBER, float("nan"), "NaN or infinity"),
        (NUMBER, np.inf, "NaN or infinity"),
        (NUMBER, "733", "Please give a number, not str '733'"),
        (NUMBER, True, "not bool True"),
        (NUMBER, 733 + 0j, "that is real"),
        (NUMBER, [733], "a number; yours is an array of shape (1,)"),
        (NUMBER, abs, "Please give a number, not builtin"),
        (MATRIX, np.eye(3), "shape (2, 2); yours is an array of shape (3, 3)"),
        (MATRIX, [[1, 0], [0]], "rows of different lengths"),
        (MATRIX, [[1, 0], [0.5, 1]], "largest difference is 0.5 at index (1, 0)"),
        (MATRIX, np.array([1, 2], dtype=np.uint8), "shape (2, 2)"),
        (COMPLEX, 1, "largest difference is 1.41"),
        (FUNCTION, 3, "Please give a function, not int 3"),
        (FUNCTION, lambda x: [x, x], "For f(3.0): the largest difference is 6 at index (1,)"),
        (FUNCTION, lambda x: x, "For f(1.0): Please give an array of shape (2,)"),
        (FUNCTION, lambda x: 1 / 0, "raises ZeroDivisionError for f(1.0): division by zero"),
        (FUNCTION, lambda: 1, "raises TypeError"),
        (FUNCTION, lambda x: None, "For f(1.0): Please give an array of shape (2,), not NoneType None"),
    ],
)
def test_wrong_answers_get_a_line_that_helps(task: Exercise, answer, message: str) -> None:
    verdict = task.check(answer)
    assert not verdict.correct
    assert message in verdict.message
    assert "\n" not in repr(verdict)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@given(anything)
@settings(deadline=None, max_examples=200)
def test_no_answer_raises(answer) -> None:
    for task in (NUMBER, MATRIX, COMPLEX, FUNCTION):
        assert isinstance(task.check(answer).message, str)
        assert isinstance(exercise(Function(lambda: 1.0, [()])).check(lambda: answer).message, str)


@given(st.floats(1e-6, 1e6), st.floats(-2e-3, 2e-3))
@settings(deadline=None, max_examples=100)
def test_tolerance_is_relative(value: float, error: float) -> None:
    correct = exercise(Value(lambda: value, relative=1e-3)).check(value * (1 + error)).correct
    assert correct == (abs(error) <= 1e-3) or abs(abs(error) - 1e-3) < 1e-9


def test_hint_and_solution_are_folded_and_their_text_is_deterministic() -> None:
    assert repr(NUMBER) == "Exercise, level 1: The last spike. Where is it for $n = 48$?"
    assert repr(NUMBER.hint()) == "Hint: Square n."
    page = NUMBER._repr_html_()
    assert page.count("<details") == 2
    assert "omega = ..." in page
    assert "●○○" in page


def test_level_is_checked() -> None:
    with pytest.raises(ValueError, match="level must be 1, 2 or 3, got 4"):
        Exercise("t", 4, "s", "x = ...", Value(lambda: 1), "h", "s")
