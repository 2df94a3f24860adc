"""Tests that take `make` run once for every explorer of every chapter; -k hippo or -k two_bands picks some."""

from typing import Any

import pytest

from spectral_lab.course import CHAPTERS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "make" in metafunc.fixturenames:
        metafunc.parametrize("make", explorers())


def explorers() -> list[Any]:
    rooms = {chapter.package: chapter.room("explorers") for chapter in CHAPTERS}
    return [
        pytest.param(getattr(room, name), id=f"{package}-{name}")
        for package, room in rooms.items()
        if room
        for name in room.__all__
    ]
