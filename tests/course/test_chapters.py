"""The chapters: one source for the README's table, the bibliography and the commands."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from spectral_lab.checkout import ROOT
from spectral_lab.course import CHAPTERS, Chapter, chapter
from spectral_lab.course.chapters import NOTEBOOKS, markdown_table, readme


def test_readme_table_is_current() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme(page) == page, "run `make pages`"


def test_the_readme_keeps_all_but_its_table_and_a_lost_mark_is_named() -> None:
    page = readme("above\n<!-- chapters -->\nold table\n<!-- end of chapters -->\nbelow\n")
    assert page == f"above\n<!-- chapters -->\n{markdown_table()}\n<!-- end of chapters -->\nbelow\n"
    with pytest.raises(ValueError, match="end of chapters"):
        readme("above\n<!-- chapters -->\nold table\n")


def test_every_paper_is_in_the_bibliography() -> None:
    entries = re.findall(r"@\w+\{([^,]+),(.*?)\n\}", (ROOT / "docs/references.bib").read_text(encoding="utf-8"), re.S)
    bibliography = dict(entries)
    for paper in (item.paper for item in CHAPTERS if item.paper):
        assert paper.arxiv in bibliography[paper.key]
        assert paper.title in bibliography[paper.key].replace("{", "").replace("}", "")


def test_a_chapter_is_found_by_package_and_number() -> None:
    assert chapter("pseudospectra") is chapter(3) is chapter("03") is CHAPTERS[3]
    with pytest.raises(ValueError, match=r"pseudospectra \(3\).*'pseudo'"):
        chapter("pseudo")


def test_status_says_what_is_there() -> None:
    present = {path.name for path in NOTEBOOKS.glob("*.ipynb")}
    assert {item.notebook for item in CHAPTERS if item.status == "open"} == present
    closed = [item for item in CHAPTERS if item.notebook not in present]
    assert [item.status for item in closed] == ["library only" if item.written else "planned" for item in closed]


def test_a_room_that_is_not_there_is_none_and_an_error_in_one_that_is_there_shows(monkeypatch) -> None:
    item = CHAPTERS[0]
    assert item.room("no_such_room") is None

    def fail(name: str) -> None:
        raise ImportError(f"{name} needs a package")

    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(ImportError, match="needs a package"):
        item.room("claims")


def test_a_list_of_another_name_is_refused_and_a_missing_room_lists_nothing(monkeypatch) -> None:
    with pytest.raises(ValueError, match=r"name must be one of 'CLAIMS'.*'GUESSES'"):
        CHAPTERS[0].listed("GUESSES")
    monkeypatch.setattr(Chapter, "room", lambda item, name: None)
    assert CHAPTERS[0].listed("CLAIMS") == ()
    assert CHAPTERS[0].listed("RECIPES") == {}


def test_the_kit_is_light() -> None:
    heavy = "{'torch', 'plotly', 'ipywidgets', 'matplotlib', 'scipy', 'pooch'}"
    script = f"import sys, spectral_lab.course, spectral_lab.datasets; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
