"""What every explorer of every chapter promises: it starts, it reaches the ends of its sliders, its shown code runs."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest

from spectral_lab.course import CHAPTERS
from spectral_lab.explorer import Explorer, Slider


def _explorers() -> list[Any]:
    found = []
    for chapter in CHAPTERS:
        room = chapter.room("explorers")
        names = room.__all__ if room else []
        found += [pytest.param(getattr(room, name), id=f"{chapter.package}-{name}") for name in names]
    return found


EXPLORERS = _explorers()


def _numbers(value: Any) -> list[np.ndarray]:
    """Every array of numbers in a picture."""
    if isinstance(value, dict):
        return [array for item in value.values() for array in _numbers(item)]
    if isinstance(value, (list, tuple)):
        return [array for item in value for array in _numbers(item)]
    return [value] if isinstance(value, np.ndarray) and value.dtype.kind == "f" else []


@pytest.mark.parametrize("make", EXPLORERS)
def test_it_draws_finite_numbers_at_the_ends_of_every_slider(make: Any) -> None:
    explorer: Explorer = make()
    for name, control in explorer._controls.items():
        ends = (control.values[0], control.values[-1]) if isinstance(control, Slider) else ()
        for value in ends:
            explorer.set(**{name: value})
            assert explorer.state[name] == value
            assert all(not np.isinf(array).any() for array in _numbers(explorer.figure)), f"{name} = {value}"
        explorer.set(**make().state)


@pytest.mark.parametrize("make", EXPLORERS)
def test_its_readout_is_the_same_every_time_and_follows_its_presets(make: Any) -> None:
    explorer = make()
    assert repr(explorer) == repr(make())
    assert len(explorer.presets) >= 2
    said = {repr(explorer)}
    for values in explorer.presets.values():
        explorer.set(**values)
        assert repr(explorer) == repr(make(**values))
        said.add(repr(explorer))
    assert len(said) == 1 + len(explorer.presets)


@pytest.mark.parametrize("make", EXPLORERS)
def test_the_shown_code_runs_as_it_stands_and_prints(make: Any) -> None:
    explorer = make()
    for values in [explorer.state, *explorer.presets.values()]:
        explorer.set(**values)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(explorer.code, {})
        assert printed.getvalue().strip(), explorer.code
