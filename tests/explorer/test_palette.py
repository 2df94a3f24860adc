"""Colours for colour-blind readers: the lines and points of a panel stay apart as they see them.

Colour blindness is simulated as Machado, Oliveira and Fernandes (2009) do, at full severity, and distances are those of
CIELAB, where 2.3 is just noticeable.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from spectral_lab.course import CHAPTERS
from spectral_lab.explorer.palette import COLORS
from spectral_lab.training import live

SEEN = {
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "all colours": np.eye(3).tolist(),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
APART = 15.0
THEMES = (
    {"$ink": "#1c1c1c", "$muted": "#6b6b6b", "$grid": "#e3e3e3", "$paper": "#ffffff"},
    {"$ink": "#eeeeee", "$muted": "#aaaaaa", "$grid": "#444444", "$paper": "#111111"},
)


def light(colour: str) -> np.ndarray:
    """Linear red, green and blue of "#rrggbb"."""
    share = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(colour: str, seen: str = "all colours") -> np.ndarray:
    """CIELAB of a colour as such a reader sees it."""
    xyz = TO_XYZ @ np.clip(SEEN[seen] @ light(colour), 0, 1) / (TO_XYZ @ np.ones(3))
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: str, other: str, seen: str) -> float:
    return float(np.linalg.norm(lab(one, seen) - lab(other, seen)))


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(TO_XYZ[1] @ light(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_the_simulation_is_one() -> None:
    """Greys stay grey, red and green of one lightness fall together, blue and yellow stay apart."""
    np.testing.assert_allclose(lab("#808080", "deuteranopia"), [53.6, 0, 0], atol=0.1)
    assert distance("#c05a5a", "#7d7a3c", "all colours") > 40
    assert distance("#c05a5a", "#7d7a3c", "deuteranopia") < APART
    assert distance("#2f5fc9", "#c9b52f", "deuteranopia") > 60


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("colours", [COLORS, live.COLORS], ids=["explorers", "training curves"])
def test_the_palette_stays_apart(colours: tuple[str, ...], seen: str) -> None:
    for one, other in combinations(colours, 2):
        assert distance(one, other, seen) > APART, (one, other)
    for colour in colours:
        assert min(contrast(colour, paper) for paper in ("#ffffff", "#111111")) >= 3


def look(trace: dict[str, Any]) -> tuple[Any, ...] | None:
    """The colour of a trace, and what tells it apart besides: dash, symbol, kind; None for fields and words."""
    mode = trace.get("mode", "")
    part = trace.get("line", {}) if "lines" in mode else trace.get("marker", {}) if "markers" in mode else {}
    colour = part.get("color")
    return (colour, mode, part.get("dash"), part.get("symbol")) if isinstance(colour, str) else None


@pytest.mark.parametrize(
    "make",
    [pytest.param(make, id=f"{c.package}-{make.__name__}") for c in CHAPTERS for make in c.listed("EXPLORERS")],
)
def test_lines_of_a_panel_stay_apart(make: Any) -> None:
    explorer = make()
    panels: dict[str, set[tuple[Any, ...]]] = {}
    for trace in explorer.figure["data"]:
        if seen := look(trace):
            panels.setdefault(trace["xaxis"], set()).add(seen)
    near = []
    for looks in panels.values():
        for (one, *how), (other, *same) in combinations(sorted(looks, key=str), 2):
            if one == other or how != same:
                continue  # told apart, if at all, by dash or symbol
            for theme in THEMES:
                a, b = (theme.get(colour, colour) for colour in (one, other))
                near += [(a, b, kind) for kind in SEEN if distance(a, b, kind) <= APART]
    assert near == []
