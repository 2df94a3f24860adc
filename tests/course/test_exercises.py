"""Exercises answer every answer: the right one, the near miss, and the one that is no answer at all."""

from __future__ import annotations

import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.course import Exercise, Function, Prediction, Value, chapter


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
        (NUMBER, Fraction(73286, 100)),
        (NUMBER, Decimal("732.86")),
        (NUMBER, torch.tensor(732.86, requires_grad=True)),
        (MATRIX, torch.eye(2, dtype=torch.bfloat16, requires_grad=True)),
        (MATRIX, [torch.tensor([1.0, 0.0], requires_grad=True), [Fraction(0), Fraction(1)]]),
        (MATRIX, scipy.sparse.eye(2)),
        (COMPLEX, torch.tensor(1j)),
        (COMPLEX, torch.tensor(-1j).conj()),
        (FUNCTION, lambda x: torch.tensor([x, x * x], requires_grad=True)),
        (FUNCTION, lambda x: (Fraction(x), Fraction(x) ** 2)),
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
        (NUMBER, 10**400, "Please give a number, not int a whole number of 1329 bits"),
        (NUMBER, np.ma.array(732.86, mask=True), "Please give a number, not MaskedArray"),
        (MATRIX, [[1, ...], [0, 1]], "Not answered yet"),
        (MATRIX, [["1", "0"], ["0", "1"]], "Please give an array of shape (2, 2), not list"),
        (MATRIX, [[True, 0], [0, {}]], "Please give an array of shape (2, 2), not list"),
        (FUNCTION, lambda x: sys.exit(), "Your function raises SystemExit for f(1.0)"),
        (FUNCTION, lambda x: [x, ...], "Not answered yet"),
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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Exercise("t", 4, "s", "x = ...", Value(lambda: 1), "h", "s"), "level must be 1, 2 or 3, got 4"),
        (lambda: Exercise("t", 1, "s", "x = ...", 3, "h", "s"), "judge must be a function, got 3"),
        (lambda: Value(1.0), "expected must be a function, got 1.0"),
        (lambda: Value(lambda: 1.0, relative=float("nan")), "relative must be a finite number between 0 and 1"),
        (lambda: Function(None, [(1,)]), "reference must be a function, got None"),
        (lambda: Function(abs, []), "cases must hold at least one tuple of arguments"),  # all answers would be right
        (lambda: Function(abs, [1.0]), "cases must hold tuples of arguments, got 1.0"),
        (lambda: Prediction("q", 3, "b"), "answer must be a function, got 3"),
        (lambda: Prediction("q", lambda: 1, "b", options=(1, 2)), "options must be texts"),
        (lambda: Prediction("q", lambda: 1, "b", digits=0), "digits must be a whole number between 1 and 15"),
        (lambda: Prediction("q", lambda: 1, "b", tolerance=float("nan")), "tolerance must be a finite number"),
        (lambda: chapter(10**400), "chapter must be one of matrix_functions"),
        (lambda: chapter(None), "chapter must be a whole number, got None"),
    ],
)
@pytest.mark.usefixtures("as_users_call")
def test_wrong_parts_are_refused_by_name(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


class Hostile:
    """An answer whose every part raises when it is read."""

    def fail(self, *_: object) -> None:
        raise Unspeakable

    __array__ = __repr__ = __str__ = __float__ = __len__ = __iter__ = __bool__ = __eq__ = __getattr__ = fail
    __hash__ = None


def test_an_answer_whose_own_code_fails_gets_a_line() -> None:
    for task in (NUMBER, MATRIX, COMPLEX, FUNCTION):
        assert "not Hostile <Hostile instance" in task.check(Hostile()).message
    assert "not Hostile <Hostile instance" in FUNCTION.check(lambda x: Hostile()).message
    assert FUNCTION.check(lambda x: [1, 2].index(Hostile())).message.startswith("Your function raises Unspeakable for")


def test_an_answer_that_works_in_place_cannot_change_what_it_is_compared_with() -> None:
    x = np.array([1.0, 2.0])
    task = exercise(Function(lambda v, options: v * options["by"], [(x, {"by": 3.0})]))

    def right(v: np.ndarray, options: dict[str, float]) -> np.ndarray:
        v *= options.pop("by")
        return v

    def wrong(v: np.ndarray, options: dict[str, float]) -> np.ndarray:
        v[:] = options["by"] = 0.0
        return v

    for _ in range(2):
        assert task.check(right).correct
        assert not task.check(wrong).correct
    assert task.judge.cases == [(x, {"by": 3.0})]
    assert x.tolist() == [1.0, 2.0]


def test_a_reference_that_works_in_place_gives_the_learner_a_fresh_case() -> None:
    def negated(v: np.ndarray) -> np.ndarray:
        v *= -1
        return v

    task = exercise(Function(negated, [(np.array([1.0, 2.0]),)]))
    assert task.check(lambda v: -v).correct
    assert task.check(lambda v: -v).correct
