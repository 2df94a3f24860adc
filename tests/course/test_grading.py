"""Grading: judged anew from answers alone, whatever a notebook stores, prints, replaces or does to its process."""

from __future__ import annotations

import csv
import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_lab import cli
from spectral_lab.course import Exercise, Function, Value, chapter
from spectral_lab.course.exercises import Verdict
from spectral_lab.course.grading import COLUMNS, Mark, answers, decode, judge, plain
from spectral_lab.course.sheet import named_exercises
from spectral_lab.course.submission import encode, watched

IMPORT = "import numpy as np\nfrom spectral_lab.matrix_functions import exercises"
TOTAL = "exercises.sum_of_eigenvalues.check({})"
CUT = "def cut(S):\n    {}\nexercises.cut_from_sign.check(cut)"
RIGHT = (TOTAL.format("126"), CUT.format("return (np.eye(len(S)) + S) / 2"))


def submission(path: Path, *sources: str) -> Path:
    stored = {"output_type": "execute_result", "data": {"text/plain": "✓ Right."}, "metadata": {}, "execution_count": 1}
    cells = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [stored], "execution_count": 1}
        for source in (IMPORT, *sources)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}), encoding="utf-8")
    return path


def graded(path: Path, seconds: float = 60, memory: float = 8) -> dict[str, Mark]:
    return {mark.exercise: mark for mark in judge(path.stem, *answers(path, seconds, memory))}


def earned(marks: dict[str, Mark]) -> list[int]:
    return [mark.points for mark in marks.values()]


def test_a_submission_gets_its_points_and_its_remarks(tmp_path) -> None:
    marks = graded(
        submission(tmp_path / "a.ipynb", *RIGHT, "exercises.heat_without_eigenvalues.check(lambda L, x, t: x)")
    )
    assert earned(marks) == [1, 2, 0]
    assert marks["sum_of_eigenvalues"] == Mark("a", "matrix_functions", "sum_of_eigenvalues", 1, 1, 1, "Right.")
    assert marks["cut_from_sign"].verdict.startswith("Right, on all")
    assert marks["heat_without_eigenvalues"].verdict.startswith("For f(array of shape")


# Each tries for points that it has not earned, or to keep the command from its end; with what it is left with.
HOSTILE = {
    "stored outputs and printed verdicts": (("print('✓ Right.')", TOTAL.format("1")), [0, 0, 0]),
    "a judge that says yes": (
        (
            "from spectral_lab.course import Exercise, exercises as kit\n"
            "yes = lambda *a: kit.Verdict(True, 'Right.')\n"
            "Exercise.check = kit.Value.__call__ = kit.Function.__call__ = yes",
            TOTAL.format("1"),
            CUT.format("return 0"),
        ),
        [0, 0, 0],
    ),
    "a function judged by a judge that says yes": (
        (
            "from spectral_lab.course import exercises as kit\n"
            "kit.Function.__call__ = lambda self, f: [f(*case) for case in self.cases] and kit.Verdict(True, '')",
            CUT.format("return 0 * S"),
        ),
        [0, 0, 0],
    ),
    "an end of the process": ((RIGHT[0], "import os; os._exit(0)", RIGHT[1]), [1, 0, 0]),
    "an exit within an answer": ((RIGHT[0], CUT.format("import os; os._exit(0)")), [1, 0, 0]),
    "an error and an exit": (("raise SystemExit", "1 / 0", *RIGHT), [1, 2, 0]),
    "forged lines of the record": (
        (
            "import os, json, sys\n"
            "line = {'exercise': 'cut_from_sign', 'answer': {'function': 1}, 'verdict': {'correct': True}}\n"
            "os.write(int(sys.argv[2]), (json.dumps(line) + '\\n[[[' + '[' * 100000 + '\\n{\\n').encode())",
            RIGHT[0],
        ),
        [1, 0, 0],
    ),
    "a huge output": (("for _ in range(2000): print('x' * 10**5)", *RIGHT), [1, 2, 0]),
    "a huge answer": ((TOTAL.format("list(range(3_000_000))"), RIGHT[1]), [0, 0, 0]),
    "all memory": (("hold = np.ones(10**10)", "hold = [0] * 10**10", *RIGHT), [1, 2, 0]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_submission_gains_nothing_and_stops_nothing(name: str, tmp_path) -> None:
    sources, left = HOSTILE[name]
    assert earned(graded(submission(tmp_path / "a.ipynb", *sources))) == left


def test_an_endless_loop_ends_its_cell_and_a_stubborn_one_its_notebook(tmp_path) -> None:
    marks = graded(submission(tmp_path / "a.ipynb", CUT.format("while True: pass"), RIGHT[0]), seconds=24)
    assert earned(marks) == [1, 0, 0]
    assert "TimeoutError" in marks["cut_from_sign"].verdict
    stubborn = "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass"
    marks = graded(submission(tmp_path / "b.ipynb", RIGHT[0], stubborn, RIGHT[1]), seconds=12)
    assert earned(marks) == [1, 0, 0]
    assert marks["cut_from_sign"].verdict == "Not checked: stopped after 12 seconds."


def test_the_command_writes_a_table_of_all_that_it_finds(tmp_path, capsys) -> None:
    submission(tmp_path / "in" / "=anna" / "00.ipynb", *RIGHT)
    submission(tmp_path / "in" / ".ipynb_checkpoints" / "00.ipynb", *RIGHT)
    (tmp_path / "in" / "broken.ipynb").write_text("[" * 100_000)
    table = tmp_path / "marks.csv"
    assert cli.main(["grade", str(tmp_path / "in"), "--csv", str(table), "--seconds", "60"]) == 0
    said = capsys.readouterr().out
    assert "'=anna/00.ipynb: 3 of 6 points\nbroken.ipynb: no notebook of this course" in said
    assert "These points are formative" in said
    with table.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == COLUMNS
    assert [row[0] for row in rows] == ["'=anna/00.ipynb"] * 3 + ["broken.ipynb"]
    assert [row[4:6] for row in rows] == [["1", "1"], ["2", "2"], ["0", "3"], ["0", "0"]]


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--seconds", "0"], "seconds must be"), (["--memory", "nan"], "memory must be"), ([], "folder must hold")],
)
def test_what_cannot_be_graded_is_said(words: list[str], message: str, tmp_path, capsys) -> None:
    assert cli.main(["grade", str(tmp_path), "--csv", str(tmp_path / "marks.csv"), *words]) == 2
    assert message in capsys.readouterr().err


def both(package: str, name: str, exercise: Exercise, answer: Any) -> tuple[Verdict, Mark]:
    """The verdict on an answer at once, and its mark when it went through the record."""
    lines: list[Any] = [{"chapter": package}]
    check = watched(Exercise.check, lambda _, given: lines.append({"exercise": name, "answer": given}))
    verdict = check(exercise, answer)
    marks = judge("a", json.loads(json.dumps(lines)), "")
    return verdict, next(mark for mark in marks if mark.exercise == name)


@pytest.mark.parametrize("package", ["matrix_functions", "pseudospectra", "hamiltonians"])
def test_the_verdict_is_that_of_the_notebook(package: str) -> None:
    """On the right answers, and on others, what comes through the record is judged as it would have been at once."""
    known = importlib.import_module(f"{package}.answers").ANSWERS
    for name, exercise in named_exercises(chapter(package)).items():
        for answer in (*known[name], ..., "seven", None, [1.0, ...], lambda *a: 1 / 0):
            at_once, told = both(package, name, exercise, answer)
            assert (told.points > 0) == at_once.correct
            if not callable(answer) or isinstance(exercise.judge, Function):
                assert told.verdict == at_once.message


@pytest.mark.parametrize(
    "value",
    [3, -0.5, 1 + 2j, True, "a", [1, 2.5], np.arange(6.0).reshape(2, 3), np.zeros((0, 3)), np.array([1j, 2])],
)
def test_answers_survive_the_record(value: Any) -> None:
    back = decode(json.loads(json.dumps(encode(value))))
    np.testing.assert_array_equal(np.asarray(back), np.asarray(value))
    assert np.shape(back) == np.shape(value)


def test_what_is_no_answer_survives_it_too() -> None:
    judge_number = Value(lambda: 1.0)
    for strange in ({1: 2}, {1}, object, 10**5000, [[[[[[[[[[1]]]]]]]]]]):
        given = decode(json.loads(json.dumps(encode(strange))))
        assert judge_number(given).message.startswith("Please give a number")


def test_words_of_strangers_are_plain() -> None:
    assert plain("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert plain("a\x1b[2Jb\u202ec é") == "a?[2Jb?c é"
