"""Marks of the pictures of chapter 03 that once fell outside their panels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spectral_lab.pseudospectra import explorers

CASES = [
    *((explorers.calm_or_not, preset, "‖exp(tA)‖") for preset in explorers.calm_or_not().presets.values()),
    (explorers.calm_or_not, {"name": "Grcar, shifted", "n": 48}, "‖exp(tA)‖"),
    (explorers.backward_and_forward, {"power": -16.0, "n": 8}, "now"),
    (explorers.how_much_poison, {"n": 16, "epsilon": 1e-4}, "stable"),
    (explorers.how_much_poison, {"n": 64, "epsilon": 1e-4}, "A + E"),
    (explorers.sing_at_it, {"omega": 5.0, "loudness": 1.0, "l": 4}, "S4"),
]


@pytest.mark.parametrize(("make", "state", "name"), CASES)
def test_it_lies_inside_its_panel(make: Any, state: dict[str, Any], name: str) -> None:
    figure = make(**state).figure
    trace = next(trace for trace in figure["data"] if trace["name"] == name)
    for letter in "xy":
        axis = figure["layout"][trace[letter + "axis"].replace(letter, letter + "axis")]
        shown = np.asarray(trace[letter], dtype=float)
        shown = np.log10(shown[shown > 0]) if axis.get("type") == "log" else shown
        assert axis["range"][0] <= shown.min() <= shown.max() <= axis["range"][1]
