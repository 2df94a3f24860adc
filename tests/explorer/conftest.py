"""Tests that take `make` run once for every explorer of every chapter; -k hippo or -k two_bands picks some."""

from typing import Any

import pytest

from spectral_lab.course import CHAPTERS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "make" in metafunc.fixturenames:
        metafunc.parametrize("make", explorers())


def explorers() -> list[Any]:
    return [
        pytest.param(make, id=f"{chapter.package}-{make.__name__}")
        for chapter in CHAPTERS
        for make in chapter.listed("EXPLORERS")
    ]
