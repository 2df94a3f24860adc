"""Exercises accept their solution and no slip, guesses know their answer; the answers stand in <chapter>/answers.py.

ANSWERS there gives for each exercise, by its name, the right answer and then slips that a reader may make.
"""

from __future__ import annotations

import importlib
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from spectral_lab.course import Exercise, Function, Prediction, Value


def answers(request: pytest.FixtureRequest) -> tuple[Any, ...]:
    """The right answer and the slips for the exercise of this test."""
    package, name = request.node.callspec.id.split("-")
    return importlib.import_module(f"{package}.answers").ANSWERS[name]


def spoiled(right: Any) -> Any:
    """A number, an array or a function that is a little off everywhere."""
    return (lambda *a: 1.1 * np.asarray(right(*a)) + 0.1) if callable(right) else 1.1 * np.asarray(right) + 0.1


def test_every_exercise_has_its_answers_and_a_level(item: Any) -> None:
    exercises = {id(exercise) for exercise in item.listed("EXERCISES")}
    if exercises:  # a chapter may not have come so far
        names = {name for name, value in vars(item.room("exercises")).items() if id(value) in exercises}
        assert importlib.import_module(f"{item.package}.answers").ANSWERS.keys() == names
        assert {exercise.level for exercise in item.listed("EXERCISES")} == {1, 2, 3}


def test_the_solution_is_accepted_and_slips_are_not(exercise: Exercise, request: pytest.FixtureRequest) -> None:
    right, *slips = answers(request)
    assert exercise.check(right).correct, exercise.check(right)
    for slip in (*slips, spoiled(right)):
        verdict = exercise.check(slip)
        assert not verdict.correct
        assert len(verdict.message) > 15
    for waiting in (..., lambda *a: ...) if callable(right) else (...,):
        assert exercise.check(waiting).message.startswith("Not answered yet")


def test_foreseen_mistakes_get_their_remark(exercise: Exercise) -> None:
    for wrong, remark in exercise.judge.mistakes if isinstance(exercise.judge, Value) else ():
        assert remark in exercise.check(wrong).message
        assert not set("$\\`") & set(remark)  # a verdict is shown as plain text


def test_no_exercise_is_changed_by_an_answer(exercise: Exercise) -> None:
    def vandal(*arguments: Any) -> float:
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                argument[...] = 0
        return 0.0

    if isinstance(exercise.judge, Function):
        before = deepcopy(exercise.judge.cases)
        exercise.judge(vandal)
        np.testing.assert_equal(list(exercise.judge.cases), list(before))


def test_a_guess_has_an_answer_and_the_right_one_is_recognised(prediction: Prediction) -> None:
    answer = prediction.answer()
    if prediction.options:
        assert answer in prediction.options
        assert prediction.compare(answer).startswith("Yes")
        for wrong in set(prediction.options) - {answer}:
            assert "says otherwise" in prediction.compare(wrong)
    else:
        assert np.isfinite(answer)
        assert prediction.compare(answer).startswith("Yes")
        far = prediction.compare(100 * answer + 100)
        assert far.startswith("You said")
        assert "you were close" not in far
