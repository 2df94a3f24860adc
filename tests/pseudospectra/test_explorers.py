"""Marks of the pictures of chapter 03 that once fell outside their panels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spectral_lab.pseudospectra import explorers, jordan_block, semigroup_norms
from spectral_lab.pseudospectra.explorers import _portraits

CASES = [
    *((explorers.calm_or_not, preset, "‖exp(tA)‖") for preset in explorers.calm_or_not().presets.values()),
    (explorers.calm_or_not, {"name": "Grcar, shifted", "n": 48}, "‖exp(tA)‖"),
    (explorers.backward_and_forward, {"power": -16.0, "n": 8}, "now"),
    (explorers.how_much_poison, {"n": 16, "epsilon": 1e-4}, "stable"),
    (explorers.how_much_poison, {"n": 64, "epsilon": 1e-4}, "A + E"),
    (explorers.sing_at_it, {"omega": 5.0, "loudness": 1.0, "l": 4}, "S4"),
]


@pytest.mark.parametrize("name", ["Grcar, shifted", "Jordan, shifted", "convection", "LegS"])
def test_the_peak_that_is_read_out_comes_before_the_end_of_the_picture(name: str) -> None:
    for n in (8, 24, 48):
        d = explorers.calm_or_not(name=name, n=n).data
        assert d["norms"].argmax() < 0.9 * len(d["norms"])
        longer = semigroup_norms(_portraits.matrix(name, n), d["t"][-1] / 96, 300)
        assert d["peak"] == pytest.approx(longer.max(), rel=1e-6)


def test_no_peak_is_claimed_where_the_norm_still_rises() -> None:
    long = jordan_block(48, -0.6)
    assert "still rises, to" in explorers.own_matrix(long).readout
    assert "still rises, to" in explorers.own_matrix(0.5 * jordan_block(60, 1.8), time="a map, x ← Ax").readout
    for calm in (jordan_block(5, -0.6), np.array([[0.0, 1.0], [-1.0, 0.0]]), -np.eye(2)):
        assert "peaks at" in explorers.own_matrix(calm).readout


@pytest.mark.parametrize(("make", "state", "name"), CASES)
def test_it_lies_inside_its_panel(make: Any, state: dict[str, Any], name: str) -> None:
    figure = make(**state).figure
    trace = next(trace for trace in figure["data"] if trace["name"] == name)
    for letter in "xy":
        axis = figure["layout"][trace[letter + "axis"].replace(letter, letter + "axis")]
        shown = np.asarray(trace[letter], dtype=float)
        shown = np.log10(shown[shown > 0]) if axis.get("type") == "log" else shown
        assert axis["range"][0] <= shown.min() <= shown.max() <= axis["range"][1]
