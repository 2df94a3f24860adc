"""Sheets: a notebook for students, without solutions, or for their teacher, with them; ready for nbgrader, or as it is.

An exercise of a notebook is two cells: `exercises.name` shows the statement, with hint and solution folded below it,
and the next one ends in `exercises.name.check(answer)`. On a sheet it is three: the statement with its hint and its
points; the answer; and a locked cell that holds the answer against the judge, for which nbgrader gives the points. In
the teacher's sheet the answer stands between nbgrader's marks, so that `nbgrader generate_assignment` takes it away.
Pictures beside the notebook become part of the sheet.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spectral_lab import checks
from spectral_lab.course.chapters import CHAPTERS, Chapter
from spectral_lab.course.exercises import Exercise, Function

READERS = ("students", "teacher")
STATEMENT = re.compile(r"exercises\.(\w+)\s*")
CHECK = re.compile(r"exercises\.(\w+)\.check\((\w+)\)\s*$")
IMPORT = re.compile(r"^from spectral_lab\.(\w+) import [^#\n]*\bexercises\b", re.M)
PICTURE = re.compile(r"(!\[[^\]]*\]\()(?!https?:|data:|attachment:)([^)\s]+)(\))")
# What notebooks say of their exercises, and what is left of it on a sheet.
SAID = (
    (r"Hint and solution are folded", "A hint is folded"),
    (r"ints and solutions are folded", "ints are folded"),
    (r"a hint and a solution", "a hint"),
)


def sheet(notebook: dict[str, Any], reader: str, folder: Path) -> dict[str, Any]:
    """The sheet for "students" or "teacher" of a notebook (of format 4) that lies in `folder`, with its pictures.

    Raises: ValueError if `reader` is neither, if the notebook imports no chapter's exercises or shows none of them, or
    if one that it shows is not checked in a cell of its own.
    """
    checks.choice(reader, "reader", READERS)
    exercises = named_exercises(chapter_of(notebook))
    cells = [cell for old in notebook["cells"] for cell in _on_the_sheet(old, exercises, reader, folder)]
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id", "") for cell in cells]
    shown = [name.removesuffix("-statement") for name in ids if name.endswith("-statement")]
    if not shown:
        raise ValueError("the notebook must show an exercise, in a cell that holds `exercises.name` and nothing else")
    for name in shown:
        if f"{name}-points" not in ids:
            raise ValueError(f"the notebook must check {name} in a cell that ends in `exercises.{name}.check(answer)`")
    return notebook | {"nbformat_minor": max(5, notebook.get("nbformat_minor", 0)), "cells": cells}


def chapter_of(notebook: dict[str, Any]) -> Chapter:
    """The chapter whose exercises a notebook imports. Raises: ValueError if there is none."""
    for cell in notebook["cells"]:
        found = IMPORT.search("".join(cell["source"])) if cell["cell_type"] == "code" else None
        for item in CHAPTERS:
            if found and item.package == found[1]:
                return item
    raise ValueError("the notebook must import `exercises` in a line `from spectral_lab.<chapter> import exercises`")


def named_exercises(chapter: Chapter) -> dict[str, Exercise]:
    """The chapter's exercises by the names that they have in its notebook, in their order."""
    names = {id(value): name for name, value in vars(chapter.room("exercises")).items()}
    return {names[id(exercise)]: exercise for exercise in chapter.listed("EXERCISES")}


def points(exercise: Exercise) -> int:
    """What an exercise counts: as many points as its level."""
    return exercise.level


def _on_the_sheet(
    cell: dict[str, Any], exercises: dict[str, Exercise], reader: str, folder: Path
) -> Iterator[dict[str, Any]]:
    source = "".join(cell["source"])
    shown, checked = STATEMENT.fullmatch(source), CHECK.search(source)
    if cell["cell_type"] == "markdown":
        yield _alone(cell, source, folder)
    elif cell["cell_type"] == "code" and shown and shown[1] in exercises:
        text = _statement(exercises[shown[1]])
        own = {key: cell[key] for key in ("id",) if key in cell}
        yield own | {"cell_type": "markdown", "source": text, "metadata": _marks(f"{shown[1]}-statement", locked=True)}
    elif cell["cell_type"] == "code" and checked and checked[1] in exercises:
        name, answer = checked.groups()
        answered = _code(source, _marks(f"{name}-answer", solution=True), cell.get("id"))
        if reader == "teacher":
            answered |= _solved(source[: checked.start()], name, answer, exercises[name], checked[0])
        yield answered
        held = f"verdict = exercises.{name}.check({answer})\nassert verdict.correct, verdict.message"
        marks = _marks(f"{name}-points", locked=True, grade=True, points=points(exercises[name]))
        # An answer that is not there yet must not end the run of the cells below.
        yield _code(held, marks | {"tags": ["raises-exception"]}, f"{name}-points"[:64])
    else:
        yield cell


def _alone(cell: dict[str, Any], source: str, folder: Path) -> dict[str, Any]:
    """A cell of words without its promise of solutions, and with its pictures inside it."""
    attached = dict(cell.get("attachments", {}))

    def attach(found: re.Match[str]) -> str:
        file = folder / found[2]
        kind = mimetypes.guess_type(file.name)[0]
        if kind is None or not file.is_file():
            return found[0]
        attached[file.name] = {kind: base64.b64encode(file.read_bytes()).decode()}
        return f"{found[1]}attachment:{file.name}{found[3]}"

    source = PICTURE.sub(attach, source)
    for said, left in SAID:
        source = re.sub(said, left, source)
    return cell | {"source": source} | ({"attachments": attached} if attached else {})


def _statement(exercise: Exercise) -> str:
    count = points(exercise)
    level = "●" * exercise.level + "○" * (3 - exercise.level)
    head = f"**Exercise: {exercise.title}** {level} ({count} point{'s' * (count > 1)})"
    hint = f"<details><summary>Hint</summary>\n\n{exercise.hint_text}\n\n</details>"
    return f"{head}\n\n{exercise.statement}\n\n{hint}"


def _solved(before: str, name: str, answer: str, exercise: Exercise, check: str) -> dict[str, Any]:
    """Source and output of a cell that puts the judge's own answer in place of the dots and shows the solution."""
    own = "reference" if isinstance(exercise.judge, Function) else "expected()"
    lines = [f"{answer} = exercises.{name}.judge.{own}", f"display(exercises.{name}.solution())"]
    source = "\n".join(["### BEGIN SOLUTION", *lines, "### END SOLUTION", ""])
    worked = exercise.solution()
    data = {"text/plain": repr(worked), "text/html": worked._repr_html_()}
    shown = {"output_type": "display_data", "data": data, "metadata": {}}
    return {"source": f"{before}{source}{check}", "outputs": [shown]}


def _code(source: str, metadata: dict[str, Any], name: str | None) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "code", "source": source, "metadata": metadata}
    cell |= {"outputs": [], "execution_count": None}
    return cell | ({"id": name} if name else {})


def _marks(name: str, *, locked: bool = False, solution: bool = False, grade: bool = False, **more: Any) -> dict:
    """What nbgrader must know of a cell (version 3 of its schema)."""
    flags = {"locked": locked, "solution": solution, "grade": grade, "task": False}
    return {"nbgrader": {"schema_version": 3, "grade_id": name, **flags, **more}}
