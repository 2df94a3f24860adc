"""What every chapter promises, tested once: `make` runs over all explorers, `item` over all chapters that are written.

-k hippo picks a chapter, -k two_bands an explorer. A chapter without a room has nothing to test there.
"""

from __future__ import annotations

import pytest

from spectral_lab.course import CHAPTERS
from spectral_lab.course.chapters import ROOMS

WRITTEN = [item for item in CHAPTERS if item.written]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "item" in metafunc.fixturenames:
        metafunc.parametrize("item", WRITTEN, ids=lambda item: item.package)
    for argument, room in (("make", "EXPLORERS"), ("exercise", "EXERCISES"), ("prediction", "PREDICTIONS")):
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, named(room))


def named(room: str) -> list:
    """All entries of that list of all chapters, called by the names that they have in their chapter."""
    found = []
    for item in WRITTEN:
        names = {id(value): name for name, value in vars(item.room(ROOMS[room])).items()} if item.listed(room) else {}
        found += [pytest.param(entry, id=f"{item.package}-{names[id(entry)]}") for entry in item.listed(room)]
    return found
