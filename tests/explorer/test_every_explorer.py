"""What every explorer of every chapter promises: it starts and it reaches the ends of its sliders."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np

from spectral_lab.explorer import Explorer, Slider, still


def _numbers(value: Any) -> list[np.ndarray]:
    """Every array of numbers in a picture."""
    if isinstance(value, dict):
        return [array for item in value.values() for array in _numbers(item)]
    if isinstance(value, (list, tuple)):
        return [array for item in value for array in _numbers(item)]
    return [value] if isinstance(value, np.ndarray) and value.dtype.kind == "f" else []


def test_it_draws_finite_numbers_at_the_ends_of_every_slider(make: Any) -> None:
    explorer: Explorer = make()
    for name, control in explorer._controls.items():
        ends = (control.values[0], control.values[-1]) if isinstance(control, Slider) else ()
        for value in ends:
            explorer.set(**{name: value})
            assert explorer.state[name] == value
            assert all(not np.isinf(array).any() for array in _numbers(explorer.figure)), f"{name} = {value}"
        explorer.set(**make().state)


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
