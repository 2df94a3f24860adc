"""The rooms of every chapter have the names that all chapters agree on, and list all that is in them."""

from __future__ import annotations

import importlib
import inspect
from pkgutil import iter_modules
from typing import Any

import pytest

from spectral_lab.course import Exercise, Prediction
from spectral_lab.course.chapters import BY_NAME, ROOMS

FOLDERS = {"models", "data", "explorers"}
# What a room may not be called: it would hide beside the agreed one.
STRAYS = {"model", "networks", "datasets", "dataset", "explorer", "recipes", "claim", "exercise", "utils", "helpers"}


def test_rooms_have_the_agreed_names_and_kinds(item: Any) -> None:
    package = importlib.import_module(f"spectral_lab.{item.package}")
    kinds = {module.name: module.ispkg for module in iter_modules(package.__path__)}
    assert {name for name in FOLDERS & kinds.keys() if not kinds[name]} == set(), "these are folders"
    assert {name for name in kinds if kinds[name]} <= FOLDERS, "all else stands in files"
    assert STRAYS & kinds.keys() == set()


@pytest.mark.parametrize("name", ROOMS)
def test_every_room_lists_what_is_in_it_once(item: Any, name: str) -> None:
    listed = item.listed(name)
    assert isinstance(listed, dict if name in BY_NAME else tuple)
    assert len({id(entry) for entry in (listed.values() if name in BY_NAME else listed)}) == len(listed)


def test_no_guess_and_no_exercise_is_left_out(item: Any) -> None:
    for name, kind in (("PREDICTIONS", Prediction), ("EXERCISES", Exercise)):
        made = [value for value in vars(item.room("exercises") or item).values() if isinstance(value, kind)]
        assert {id(value) for value in made} == {id(value) for value in item.listed(name)}


def test_every_explorer_is_listed_and_a_helper_is_told_from_it_by_name(item: Any) -> None:
    room = item.room("explorers")
    modules = {module.name for module in iter_modules(room.__path__)} if room else set()
    homes = {make.__module__.rsplit(".", 1)[1] for make in item.listed("EXPLORERS")}
    assert {name for name in modules if not name.startswith("_")} == homes
    assert {make.__name__ for make in item.listed("EXPLORERS")} == set(getattr(room, "__all__", ())) - {"EXPLORERS"}


def test_an_open_chapter_has_every_room_that_its_notebook_needs(item: Any) -> None:
    needed = ("EXPLORERS", "PREDICTIONS", "EXERCISES", *(("CLAIMS",) if item.paper else ()))
    assert item.status != "open" or [name for name in needed if not item.listed(name)] == []


def test_public_names_are_listed_once_and_explained(item: Any) -> None:
    package = importlib.import_module(f"spectral_lab.{item.package}")
    assert package.__doc__
    assert len(set(package.__all__)) == len(package.__all__)
    public = [getattr(package, name) for name in package.__all__]
    assert [each.__name__ for each in public if inspect.isroutine(each) and not inspect.getdoc(each)] == []
