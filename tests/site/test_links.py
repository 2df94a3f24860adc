"""Addresses: where an explorer of a notebook says that the site shows it."""

from __future__ import annotations

import numpy as np
import pytest

from spectral_lab import cli
from spectral_lab.course import CHAPTERS
from spectral_lab.explorer import Explorer, integers, links, theme
from spectral_lab.matrix_functions.explorers import functions_of_a_matrix
from spectral_lab.site.pages import read_cells, shown_explorers


def test_an_explorer_knows_its_address_and_one_of_a_reader_has_none() -> None:
    link = functions_of_a_matrix(t=3).spec["link"]
    assert link == f"{links.SITE}matrix_functions.html#a-function-of-a-matrix-is-a-function-of-its-spectrum"
    own = Explorer(
        title="Mine",
        controls=[integers("n", "n", 1, 9, 3)],
        compute=lambda n: {"x": np.arange(9.0)},
        figure=lambda d: theme.figure(theme.panel("", theme.axis("x"), theme.axis("y")).draw(theme.line(d.x, d.x))),
        readout=lambda d: f"n = {d.n}",
        code=lambda n: "",
    )
    assert own.spec["link"] == ""


@pytest.mark.parametrize(
    ("title", "place"),
    [
        ("What does $e^{tA}B$ draw?", "what-does-draw"),
        ("1. Why, and *how*?", "1-why-and-how"),
        ("Padé's way", "padé-s-way"),
    ],
)
def test_a_place_is_named_by_the_words_of_its_title(title: str, place: str) -> None:
    assert links.anchor(title) == place


def test_the_explorers_of_a_chapter_have_different_places_and_shown_ones_different_keys() -> None:
    for item in CHAPTERS:
        places = [links.anchor(make().title) for make in item.listed("EXPLORERS")]
        assert len(places) == len(set(places))
        if item.status == "open":
            keys = [shown.key for shown in shown_explorers(item, read_cells(cli.NOTEBOOKS / item.notebook))]
            assert len(keys) == len(set(keys))


@pytest.mark.parametrize("wrong", [["--processes", "0"], ["--seconds", "-1"], ["--seconds", "nan"]])
def test_a_wrong_number_is_named(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["site", *wrong]) == 2
    assert wrong[0] in capsys.readouterr().err
