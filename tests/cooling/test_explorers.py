from __future__ import annotations

import contextlib
import io
import re

import numpy as np
import pytest

from spectral_lab.cooling import explorers
from spectral_lab.cooling.explorers import machine
from spectral_lab.explorer import Choice, Slider

NAMES = explorers.__all__


@pytest.fixture(scope="module", params=NAMES)
def explorer(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "SEEDS", 4)  # the fan of twenty runs is the same code, five times slower
        yield getattr(explorers, request.param)()


def elsewhere(control, now):
    """A third of the way along a slider, or two thirds if it stands near a third; the next option of a choice."""
    if isinstance(control, Slider):
        last = len(control.values) - 1
        at = int(np.argmin(np.abs(np.array(control.values) - now)))
        return control.values[round(last / 3) if abs(at - last / 3) > last / 6 else round(2 * last / 3)]
    if isinstance(control, Choice):
        return control.options[(control.options.index(now) + 1) % len(control.options)]
    return not now


def test_every_control_changes_the_picture_and_the_readout(explorer):
    start = dict(explorer.state)
    picture, readout = repr(explorer.figure), explorer.readout
    for name, control in explorer._controls.items():
        explorer.set(**{name: elsewhere(control, start[name])})
        assert repr(explorer.figure) != picture, name
        assert explorer.readout != readout, name
        explorer.set(**start)
        assert explorer.readout == readout


def test_the_numbers_can_be_taken_away(explorer):
    assert explorer.csv().count("\n") > 10
    assert explorer.arrays()


def test_presets_and_the_ends_of_every_slider_work(explorer):
    start, seen = dict(explorer.state), {explorer.readout}
    assert len(explorer.presets) >= 2
    for values in explorer.presets.values():
        explorer.set(**values)
        seen.add(explorer.readout)
    assert len(seen) == len(explorer.presets) + 1
    for name, control in explorer._controls.items():
        for value in (control.values[0], control.values[-1]) if isinstance(control, Slider) else ():
            explorer.set(**{**start, name: value})
            assert "nan" not in explorer.readout, name
    explorer.set(**start)


def test_the_shown_code_runs_and_prints_a_number_of_the_readout(explorer):
    for values in ({}, *explorer.presets.values()):
        explorer.set(**values)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(explorer.code, {})
        numbers = re.findall(r"\d+\.?\d*(?:e[+-]\d+)?", printed.getvalue().split("{")[0])
        readout = re.findall(r"\d+\.?\d*(?:e[+-]\d+)?", explorer.readout)
        assert set(numbers) & set(readout), (printed.getvalue(), explorer.readout)
        explorer.set(**explorer._defaults)
