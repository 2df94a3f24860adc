"""Sheets: without solutions for students, with working ones for the teacher, and as nbgrader wants its cells."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from spectral_lab import cli
from spectral_lab.course import CHAPTERS
from spectral_lab.course.chapters import NOTEBOOKS
from spectral_lab.course.sheet import chapter_of, named_exercises, sheet

OPEN = [item for item in CHAPTERS if item.status == "open"]


def read(name: str) -> Any:
    return nbformat.read(NOTEBOOKS / name, as_version=4)


def marked(cells: list[Any], kind: str) -> dict[str, Any]:
    """The cells of a sheet that nbgrader knows as `name-kind`, by name."""
    ids = {cell["metadata"].get("nbgrader", {}).get("grade_id", ""): cell for cell in cells}
    return {name.removesuffix(f"-{kind}"): cell for name, cell in ids.items() if name.endswith(f"-{kind}")}


@pytest.mark.parametrize("item", OPEN, ids=lambda item: item.package)
@pytest.mark.parametrize("reader", ["students", "teacher"])
def test_a_sheet_is_its_notebook_with_three_cells_for_each_exercise(item: Any, reader: str) -> None:
    notebook = read(item.notebook)
    assert chapter_of(notebook) is item
    made = nbformat.from_dict(sheet(notebook, reader, NOTEBOOKS))
    nbformat.validate(made)
    exercises = named_exercises(item)
    for kind, wanted in {
        "statement": {"locked": True, "grade": False, "solution": False},
        "answer": {"locked": False, "grade": False, "solution": True},
        "points": {"locked": True, "grade": True, "solution": False},
    }.items():
        cells = marked(made.cells, kind)
        assert list(cells) == list(exercises)
        for name, cell in cells.items():
            marks = dict(cell.metadata.nbgrader)
            assert marks.pop("points", None) == (exercises[name].level if kind == "points" else None)
            assert re.fullmatch(r"[a-zA-Z0-9_\-]+", marks.pop("grade_id"))
            assert marks == {"schema_version": 3, "task": False, **wanted}
    assert len(made.cells) == len(notebook.cells) + len(exercises)
    assert len({cell.id for cell in made.cells}) == len(made.cells)
    # All else is as it was, but for what a sheet does not hold: promises of solutions, and pictures beside it.
    others = [cell for cell in made.cells if "nbgrader" not in cell.metadata]
    before = [c for c in notebook.cells if not (c.cell_type == "code" and "exercises." in c.source)]
    assert [c for c in others if c.cell_type == "code" and "exercises." not in c.source] == [
        c for c in before if c.cell_type == "code"
    ]
    words = "\n".join(cell.source for cell in others if cell.cell_type == "markdown")
    assert not re.search(r"solutions?[^.]*folded|folded[^.]*solution", words)
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", words)
    assert len(pictures) == len(re.findall(r"!\[", "\n".join(c.source for c in notebook.cells)))
    attached = {f"attachment:{name}" for cell in others for name in cell.get("attachments", {})}
    assert set(pictures) <= attached


@pytest.mark.parametrize("item", OPEN, ids=lambda item: item.package)
def test_students_get_no_solution_and_the_teacher_all(item: Any) -> None:
    notebook = read(item.notebook)
    students, teacher = (json.dumps(sheet(notebook, reader, NOTEBOOKS)) for reader in ("students", "teacher"))
    for exercise in named_exercises(item).values():
        inside = json.dumps(f"Solution: {exercise.solution_text}")[1:-1]  # as in a JSON string
        assert inside not in students
        assert inside in teacher
    assert "BEGIN SOLUTION" not in students
    assert "solution()" not in students


def test_the_teachers_answers_are_right() -> None:
    cells = sheet(read("00_start_here.ipynb"), "teacher", NOTEBOOKS)["cells"]
    space: dict[str, Any] = {"display": lambda shown: None}
    exec("from spectral_lab.matrix_functions import exercises", space)
    for name, cell in marked(cells, "answer").items():
        assert cell["source"].index("BEGIN SOLUTION") > cell["source"].index("...")  # the place to start stays
        exec(cell["source"], space)
        exec(marked(cells, "points")[name]["source"], space)  # raises where the verdict is not right


def test_an_unanswered_sheet_fails_its_points_and_goes_on() -> None:
    cells = sheet(read("00_start_here.ipynb"), "students", NOTEBOOKS)["cells"]
    space: dict[str, Any] = {}
    exec("from spectral_lab.matrix_functions import exercises", space)
    for name, cell in marked(cells, "points").items():
        exec(marked(cells, "answer")[name]["source"], space)
        with pytest.raises(AssertionError, match="Not answered yet"):
            exec(cell["source"], space)
        assert cell["metadata"]["tags"] == ["raises-exception"]


def page(*sources: str) -> dict[str, Any]:
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (("import numpy",), "must import `exercises`"),
        (("from spectral_lab.nowhere import exercises",), "must import `exercises`"),
        (("from spectral_lab.hippo import exercises",), "must show an exercise"),
        (("from spectral_lab.hippo import exercises", "exercises.trace"), "must check trace in a cell"),
    ],
)
def test_what_is_no_notebook_of_a_chapter_is_refused(sources: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sheet(page(*sources), "students", Path())
    with pytest.raises(ValueError, match="reader must be one of"):
        sheet(page(*sources), "parents", Path())


def test_the_command_writes_a_sheet_and_never_over_its_notebook(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    path = str(NOTEBOOKS / "00_start_here.ipynb")
    assert cli.main(["sheet", path, "--for", "students"]) == 0
    assert capsys.readouterr().out == "wrote 00_start_here_students.ipynb\n"
    assert "BEGIN SOLUTION" not in (tmp_path / "00_start_here_students.ipynb").read_text(encoding="utf-8")
    assert cli.main(["sheet", path, "--for", "teacher", "--out", path]) == 2
    assert "must be another file" in capsys.readouterr().err
    Path("broken.ipynb").write_text("{")
    assert cli.main(["sheet", "broken.ipynb", "--for", "teacher"]) == 2
    assert cli.main(["sheet", "missing.ipynb", "--for", "teacher"]) == 1
    assert "No such file" in capsys.readouterr().err
