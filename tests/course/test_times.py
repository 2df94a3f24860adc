"""The times in the notebooks' headers: measured by words and tasks, and not longer ago than the text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from spectral_lab.checkout import ROOT
from spectral_lab.course.chapters import CHAPTERS, NOTEBOOKS
from spectral_lab.course.times import LEFT_OUT, STEP, section_minutes, stated_minutes, time_line, with_times


def markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": text}


def code(source: str, text: str = "") -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": [{"data": {"text/plain": text}}] if text else []}


def lesson(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"cells": [markdown("# A lesson\n\n*Needs:* nothing. *Time:* a while.\n\nAn end."), *cells]}


def test_words_and_formulas_are_counted() -> None:
    words = "word " * 250
    alone = section_minutes(lesson(markdown(f"## One\n{words}\n\n$$a\n+b$$\n\nand $x + y = z$ too")))
    introduction = 9  # the words of the first cell
    assert alone == {"One": pytest.approx((introduction + 253) / 100 + 0.5)}


def test_tasks_are_counted_by_their_kind() -> None:
    notebook = lesson(
        markdown("## 1. One"),
        code("exercises.where", "Guess first: where?"),
        code("from a import b\n\nexplorers.lens(n=3)"),
        code("exercises.a", "Exercise, level 1: A. Do it."),
        code("exercises.b", "Exercise, level 3: B. Do it."),
        markdown("## 2. Two"),
        code("check(CLAIMS)", "C1: holds"),
        code("runs = train_here(RECIPES, 'digits')"),
        code("\n".join(["x = 1"] * 12)),
        markdown("## References\n" + "word " * 1000),
    )
    first, second = section_minutes(notebook).values()
    assert first == pytest.approx(1 + 5 + 3 + 15, abs=0.2)  # and the introduction
    assert second == pytest.approx(3 + 1 + 1)


def test_the_line_says_what_was_measured_and_can_be_read_back() -> None:
    tasks = [code("exercises.a", "Exercise, level 2: A.")] * 3
    notebook = lesson(markdown("## 1. One\n" + "word " * 1000), markdown("## 2. Exercises"), *tasks)
    line = "*Time:* about 35 minutes, 25 of them for the exercises. Sections 1 to 2 take 10, 25 minutes"
    assert time_line(notebook).startswith(line)
    header = with_times(notebook, width=40)
    assert stated_minutes(header) == [10, 25]
    assert header.startswith("# A lesson\n\n*Needs:* nothing.\n*Time:* about 35 minutes")
    assert header.endswith("\n\nAn end.")
    notebook["cells"][0]["source"] = header
    assert with_times(notebook, width=40) == header
    named = lesson(markdown("## The map\n" + "word " * 700))
    assert stated_minutes(with_times(named)) == [5]


def test_a_header_without_times_is_refused() -> None:
    with pytest.raises(ValueError, match="the first cell must have a paragraph"):
        with_times({"cells": [markdown("# A lesson")]})
    with pytest.raises(ValueError, match="must state its times"):
        stated_minutes("*Time:* 90 minutes.")
    assert "References" in LEFT_OUT


@pytest.mark.parametrize("page", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda page: page.stem)
def test_the_header_of_a_notebook_says_what_its_words_and_tasks_take(page: Path) -> None:
    """After a larger change of the text: python tools/write_times.py."""
    notebook = json.loads(page.read_text(encoding="utf-8"))
    header = "".join(notebook["cells"][0]["source"])
    measured, stated = section_minutes(notebook), stated_minutes(header)
    assert len(stated) == len(measured)
    for (section, minutes), told in zip(measured.items(), stated, strict=True):
        assert abs(told - minutes) <= STEP, section
    whole = re.search(r"about (\d+)\s+minutes", header)
    assert whole is not None
    assert int(whole[1]) == sum(stated)


@pytest.mark.parametrize("item", [item for item in CHAPTERS if item.status == "open"], ids=lambda item: item.package)
def test_the_plan_for_teachers_has_every_section_with_its_minutes(item) -> None:
    page = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    _, _, plan = page.partition(f"### {item.number:02d} {item.title}\n")
    rows = re.findall(r"^\| (.+?) \| (\d+) \|", re.split(r"^###? ", plan, maxsplit=1, flags=re.M)[0], re.M)
    measured = section_minutes(nbformat.read(NOTEBOOKS / item.notebook, as_version=4))
    assert [name for name, _ in rows] == list(measured)
    for (name, minutes), share in zip(rows, measured.values(), strict=True):
        assert abs(int(minutes) - share) <= 5, name
