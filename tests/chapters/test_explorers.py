"""What every explorer of every chapter promises: it draws all it offers, says what changed, and gives its numbers."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np

from spectral_lab.explorer import Choice, Explorer, Slider, still, wire


def numbers(value: Any) -> list[np.ndarray]:
    """Every array of numbers in a picture."""
    if isinstance(value, dict):
        return [array for item in value.values() for array in numbers(item)]
    if isinstance(value, (list, tuple)):
        return [array for item in value for array in numbers(item)]
    return [value] if isinstance(value, np.ndarray) and value.dtype.kind == "f" else []


def elsewhere(control: Any) -> Any:
    """Near a third of the way along a slider, or elsewhere if it starts there; the next option of a choice."""
    if isinstance(control, Slider):
        last = len(control.values) - 1
        start = int(np.argmin(np.abs(np.array(control.values) - control.default)))
        return control.values[next(at for at in (last // 3, 2 * last // 3, last, 0) if abs(at - start) > last / 6)]
    if isinstance(control, Choice):
        return control.options[(control.options.index(control.default) + 1) % len(control.options)]
    return not control.default


def test_every_control_moves_the_picture_and_the_readout(make: Any) -> None:
    explorer: Explorer = make()
    start, figure, readout = dict(explorer.state), explorer.figure, explorer.readout
    for name, control in explorer._controls.items():
        explorer.set(**start | {name: elsewhere(control)})
        assert wire.difference(figure, explorer.figure), name
        assert explorer.readout != readout, name


def test_it_draws_finite_numbers_at_the_ends_of_every_slider(make: Any) -> None:
    explorer: Explorer = make()
    start = dict(explorer.state)
    for name, control in explorer._controls.items():
        for value in (control.values[0], control.values[-1]) if isinstance(control, Slider) else ():
            explorer.set(**start | {name: value})
            assert explorer.state[name] == value
            assert all(not np.isinf(array).any() for array in numbers(explorer.figure)), f"{name} = {value}"
            assert "not a number" not in explorer.readout.replace("not a number, since", ""), f"{name} = {value}"


def test_a_coarse_picture_has_the_axes_of_the_fine_one(make: Any) -> None:
    """While a slider is dragged only the marks are coarse: axes that jumped on release would be noise."""
    explorer: Explorer = make()
    coarse = explorer._picture(explorer.state, coarse=True).figure["layout"]
    for name, axis in explorer.figure["layout"].items():
        if name[1:].startswith("axis"):
            assert axis.get("range") == coarse[name].get("range"), name


def test_its_readout_is_the_same_every_time_and_follows_its_presets(make: Any) -> None:
    explorer = make()
    assert repr(explorer) == repr(make())
    assert len(explorer.presets) >= 2
    said = {repr(explorer)}
    for values in explorer.presets.values():
        explorer.set(**values)
        assert repr(explorer) == repr(make(**values))
        picture = still.svg(explorer.figure)
        assert ElementTree.fromstring(picture).tag.endswith("svg")
        assert not re.search(r"[ ML]nan[ L]", re.sub(r'base64,[^"]*', "", picture))
        said.add(repr(explorer))
    assert len(said) == 1 + len(explorer.presets)


def test_its_numbers_can_be_taken_away_and_no_minus_of_its_words_breaks(make: Any) -> None:
    explorer = make()
    for values in ({}, *explorer.presets.values()):
        explorer.set(**explorer._defaults | values)
        rows = [line.split(",")[1:] for line in explorer.csv().splitlines()[1:]]
        assert np.array([[cell or "nan" for cell in row] for row in rows], dtype=float).shape[1] == 3
        assert {name for name, value in explorer.arrays().items() if value.dtype.kind in "fc"}
        assert not re.search(r"(?<![\d.])-\d", explorer.readout), "a minus before a number is −"
