"""The chapters: one source for the README's table, the bibliography and the commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pkgutil import iter_modules

import pytest

from spectral_lab.checkout import ROOT
from spectral_lab.course import CHAPTERS, Chapter, Exercise, Prediction, chapter
from spectral_lab.course.chapters import BY_NAME, NOTEBOOKS, ROOMS, markdown_table, readme


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


def test_a_room_that_is_not_there_is_none_and_an_error_in_one_that_is_there_shows(monkeypatch) -> None:
    item = CHAPTERS[0]
    assert item.room("no_such_room") is None

    def fail(name: str) -> None:
        raise ImportError(f"{name} needs a package")

    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(ImportError, match="needs a package"):
        item.room("claims")


@pytest.mark.parametrize("item", CHAPTERS, ids=lambda item: item.package)
@pytest.mark.parametrize("name", ROOMS)
def test_every_room_lists_what_is_in_it_once(item, name: str) -> None:
    listed = item.listed(name)
    assert isinstance(listed, dict if name in BY_NAME else tuple)
    assert len({id(entry) for entry in (listed.values() if name in BY_NAME else listed)}) == len(listed)


@pytest.mark.parametrize("item", CHAPTERS, ids=lambda item: item.package)
def test_no_guess_exercise_or_explorer_is_left_out(item) -> None:
    for name, kind in (("PREDICTIONS", Prediction), ("EXERCISES", Exercise)):
        made = [value for value in vars(item.room("exercises") or item).values() if isinstance(value, kind)]
        assert {id(value) for value in made} == {id(value) for value in item.listed(name)}
    room = item.room("explorers")
    assert {explorer.__name__ for explorer in item.listed("EXPLORERS")} == set(getattr(room, "__all__", ())) - {
        "EXPLORERS"
    }


@pytest.mark.parametrize("item", CHAPTERS, ids=lambda item: item.package)
def test_rooms_are_folders_and_an_explorers_helper_is_known_by_its_name(item) -> None:
    assert all(hasattr(item.room(name), "__path__") for name in ("models", "data", "explorers") if item.room(name))
    files = {module.name for module in iter_modules(getattr(item.room("explorers"), "__path__", []))}
    makers = {explorer.__module__.split(".")[-1] for explorer in item.listed("EXPLORERS")}
    assert {name for name in files if not name.startswith("_")} == makers


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
