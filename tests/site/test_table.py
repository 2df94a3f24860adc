"""Tables: they hold what the live explorer says, word by word, and draws, as far as a picture can show it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_reader import Read

from spectral_lab.course import CHAPTERS
from spectral_lab.explorer import Explorer, choice, integers, slider, theme, toggle
from spectral_lab.site import table


def wave(**state: Any) -> Explorer:
    """Four controls, one of each kind; its picture has one number of traces or two."""

    def compute(n: int, a: float, f: str, both: bool) -> dict[str, Any]:
        x = np.linspace(0, 1, 50)
        return {"x": x, "y": a * getattr(np, f)(n * x), "z": np.outer(x, x)[:5, :5] + n}

    def figure(d: Any) -> Any:
        lines = [theme.line(d.x, d.y)] + [theme.line(d.x, -d.y)] * d.both
        return theme.figure(theme.panel("", theme.axis("x"), theme.axis("y")).draw(*lines, theme.matrix(d.z, 9)))

    return Explorer(
        title="A wave",
        controls=[
            integers("n", "waves $n$", 1, 40, 3),
            slider("a", "height $a$", 0.5, 2, 1, steps=3),
            choice("f", "kind", ["sin", "cos"]),
            toggle("both", "both"),
        ],
        compute=compute,
        figure=figure,
        readout=lambda d: f"{d.n} waves of height {d.a:g}: y(1) = {d.y[-1]:.9f}{', twice' * d.both}",
        code=lambda n, a, f, both: f"{a} * np.{f}({n} * x)",
        presets={"Fast": {"n": 39}, "Between": {"a": 1.234567}},
        state=state,
    )


def keys(states: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {tuple(state.values()) for state in states}


EVERYTHING = 40 * 4 * 2 * 2


def test_few_states_are_all_computed() -> None:
    states = table.plan(wave(), 10_000, EVERYTHING, 0)
    assert len(states) == len(keys(states)) == EVERYTHING + 1  # and the preset between the slider's values


def test_many_states_are_computed_along_each_control_from_the_start_and_each_preset() -> None:
    states = keys(table.plan(wave(), 10_000, EVERYTHING - 1, 0))
    start, presets = (3, 1.0, "sin", False), [(39, 1.0, "sin", False), (3, 1.234567, "sin", False)]
    lines = [range(1, 41), (0.5, 1.0, 1.5, 2.0), ("sin", "cos"), (False, True)]
    expected = {
        (*base[:k], value, *base[k + 1 :])
        for base in [start, *presets]
        for k, values in enumerate(lines)
        for value in values
    }
    assert states == expected | {start, *presets}


def test_where_the_reset_leads_is_computed_too() -> None:
    assert (3, 1.0, "sin", False) in keys(table.plan(wave(n=20, both=True), 40, 0, 0))


def test_too_many_states_lose_every_second_value_of_the_sliders_and_no_option() -> None:
    full, thin = (keys(table.plan(wave(), most, 0, 0)) for most in (10_000, 80))
    assert thin < full
    assert len(thin) <= 80
    for state in [(3, 1.0, "cos", False), (3, 1.0, "sin", True), (39, 1.0, "sin", False), (40, 1.0, "sin", False)]:
        assert state in thin


@given(st.integers(30, 700))
def test_a_coarse_grid_fills_what_is_left_and_joins_all_controls(coarse: int) -> None:
    states = keys(table.plan(wave(), 10_000, 0, coarse))
    lines = keys(table.plan(wave(), 10_000, 0, 0))
    assert lines <= states
    assert len(states) <= max(coarse, len(lines))
    if coarse > 300:
        added = states - lines
        assert len(added) > (coarse - len(lines)) / 4
        assert {state[2:] for state in added} == set(itertools.product(("sin", "cos"), (False, True)))


@pytest.fixture(scope="module")
def made() -> table.Table:
    return table.tabulate("tests/wave", wave())


def test_a_table_holds_the_readouts_codes_and_pictures_of_the_live_explorer(made: table.Table) -> None:
    read = Read(made.text)
    live = wave()
    assert read.key == "tests/wave"
    assert keys(read.states()) == keys(list(made.states))
    for number in range(0, len(made.states), 7):
        state = read.states()[number]
        live.set(**state)
        entry = read.head["states"][number]
        assert entry["readout"] == live.readout
        assert entry["code"] == live.code
        same(read.figure(number), live.figure)


def same(stored: Any, live: Any) -> None:
    """The two figures agree, their arrays to what a picture can show."""
    if isinstance(live, np.ndarray):
        assert stored.shape == live.shape
        finite = live[np.isfinite(live)]
        allowed = 2.0**-14 * np.minimum(np.abs(live), np.ptp(finite) or np.inf if finite.size else np.inf)
        np.testing.assert_array_equal(np.isnan(stored), np.isnan(live))
        assert np.all((np.abs(stored - live.astype(float)) <= allowed)[np.isfinite(live)])
    elif isinstance(live, dict):
        assert stored.keys() == live.keys()
        for key in live:
            same(stored[key], live[key])
    elif isinstance(live, list):
        assert len(stored) == len(live)
        for a, b in zip(stored, live, strict=True):
            same(a, b)
    else:
        assert stored == live


numbers = st.floats(-1e30, 1e30).filter(lambda x: x == 0 or abs(x) > 1e-30)


@given(st.lists(numbers, min_size=1, max_size=20), st.floats(-1e6, 1e6))
def test_numbers_lose_no_more_than_a_picture_shows(values: list[float], shift: float) -> None:
    array = np.array([*values, np.nan]) + (shift if max(map(abs, values)) < 1e3 else 0)
    same(table.single(array), array)


@pytest.mark.parametrize("value", [1e-300, 1e300])
def test_numbers_beyond_single_precision_stay_double(value: float) -> None:
    array = np.array([value, 1.0])
    np.testing.assert_array_equal(table.single(array), array)


def test_controls_that_contradict_each_other_keep_their_line() -> None:
    def compute(n: int) -> dict[str, Any]:
        if n == 5:
            raise ValueError("n must not be 5 today")
        return {"x": np.arange(9.0)}

    explorer = Explorer(
        title="Broken at five",
        controls=[integers("n", "n", 1, 9, 3)],
        compute=compute,
        figure=lambda d: theme.figure(
            theme.panel("", theme.axis("x"), theme.axis("y")).draw(theme.line(d.x, d.n * d.x))
        ),
        readout=lambda d: f"n = {d.n}",
        code=lambda n: "",
    )
    read = Read(table.tabulate("broken", explorer).text)
    said = {state["n"]: entry.get("error") for state, entry in zip(read.states(), read.head["states"], strict=True)}
    assert said == {n: "n must not be 5 today" if n == 5 else None for n in range(1, 10)}


def test_equal_arrays_are_kept_once(made: table.Table) -> None:
    read = Read(made.text)
    kept = [array.tobytes() for array in read.arrays]
    assert len(kept) == len(set(kept))


def every_explorer() -> list[Any]:
    return [
        pytest.param(make, id=f"{item.package}-{make.__name__}")
        for item in CHAPTERS
        for make in item.listed("EXPLORERS")
    ]


@pytest.mark.parametrize("make", every_explorer())
def test_a_sample_of_every_explorers_table_says_what_the_live_explorer_says(make: Any) -> None:
    explorer, live = make(), make()
    lines = table.plan(explorer, 8, 0, 0)
    chosen = [lines[0], lines[len(lines) // 2], lines[-1]]
    read = Read(table._Maker(explorer).script("sample", chosen))
    for number in reversed(range(len(chosen))):  # in another order: a picture must not depend on the one before
        live.set(**chosen[number])
        entry = read.head["states"][number]
        assert entry["readout"] == live.readout
        assert entry["code"] == live.code
        same(read.figure(number), live.figure)


def test_what_an_explorer_costs_decides_how_many_states_it_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    few = table.tabulate("tests/wave", wave(), 1e-9)
    assert len(few.states) < 40
    assert len(Read(few.text).states()) == len(few.states)
    monkeypatch.setattr(table, "LARGEST", len(few.text))
    small = table.tabulate("tests/wave", wave())
    assert len(small.text) <= len(few.text) or len(small.states) <= math.ceil(8)
