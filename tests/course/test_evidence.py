"""Comparisons hold exactly where the inequality does, for every entry; recorded runs are read when asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import Runs

from spectral_lab.course import (
    Evidence,
    NotYetRun,
    above,
    at_least,
    at_most,
    below,
    between,
    recorded,
    within,
)

NUMBERS = st.one_of(st.floats(-4, 4), st.sampled_from([0.0, 1.0, -1.0, math.nan, math.inf, -math.inf]))
MANY = st.one_of(NUMBERS, st.lists(NUMBERS, min_size=1, max_size=4))


@given(MANY, st.floats(-3, 3))
def test_every_entry_must_pass(value: float | list[float], bound: float) -> None:
    entries = np.ravel(value)
    assert below(value, bound).holds is bool((entries < bound).all())
    assert at_most(value, bound).holds is bool((entries <= bound).all())
    assert above(value, bound).holds is bool((entries > bound).all())
    assert at_least(value, bound).holds is bool((entries >= bound).all())
    assert within(value, 0.5, of=bound).holds is bool((np.abs(entries - bound) <= 0.5).all())
    assert between(value, bound, bound + 1).holds is bool(((entries > bound) & (entries < bound + 1)).all())


@given(MANY, st.floats(-3, 3))
def test_the_text_is_the_bound_or_the_value(value: float | list[float], bound: float) -> None:
    for comparison in (below(value, bound), above(value, bound, "more than"), within(value, 0.5, of=bound)):
        assert bool(comparison) is comparison.holds
        shown = f"{comparison}"
        assert shown == comparison.bound if comparison else shown != comparison.bound


def test_the_words_can_be_chosen() -> None:
    assert f"{below(1e-13, 1e-12)}, {below(0.1, 1, 'less than')}, {below(0.1, 0.5, words='')}" == (
        "below 1e-12, less than 1, 0.5"
    )
    assert str(below(0.25, 0.1)) == "0.25"
    assert str(below(math.nan, 0.1)) == "not a number"
    assert str(between(3, 1, 2)) == "3"
    assert str(within(2, 0.1, of=2)) == "within 0.1 of 2"


@pytest.mark.parametrize("value", [[], "one", None, 1j, [[1.0], [2.0, 3.0]]])
@pytest.mark.parametrize("compare", [below, above, at_most, at_least])
def test_what_is_no_number_is_refused(compare, value) -> None:
    with pytest.raises(ValueError, match=r"value must be a real number or several|inhomogeneous"):
        compare(value, 1)


def test_evidence_without_a_check_is_refused() -> None:
    with pytest.raises(ValueError, match="evidence must be checked against a bound"):
        Evidence("0.5")
    assert Evidence("0.5", True, np.bool_(True), below(0, 1)).holds
    assert not Evidence("0.5", True, np.bool_(False)).holds
    assert not Evidence("0.5", below(2, 1), True).holds


def runs(**errors: float) -> Runs:
    return Runs("lecture", {f"tests/task/{variant}": {"error": error} for variant, error in errors.items()})


def asked(variants=("a", "b", "c"), **changed):
    return recorded("tests/task", variants, **{"preset": "lecture", "metrics": ["error"]} | changed)


@pytest.mark.parametrize(
    ("there", "call", "command"),
    [
        ({}, {}, "--task task --preset lecture"),
        ({"a": 1.0}, {}, "--task task/b task/c --preset lecture"),
        ({"a": 1.0, "b": 1.0}, {}, "--task task/c --preset lecture"),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, {"preset": "paper"}, "--task task --preset paper"),
        ({}, {"variants": ()}, "--task task --preset lecture"),
    ],
)
def test_what_is_missing_is_asked_for(there, call, command, monkeypatch, tmp_path) -> None:
    with pytest.raises(NotYetRun, match=f"^needs recorded runs: spectral-lab train tests {command} --record$"):
        runs(**there).ask(lambda: asked(**call), monkeypatch, tmp_path)


def test_a_pattern_is_asked_for_in_quotes(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path))
    with pytest.raises(NotYetRun, match=r"train tests --task '\*/big' --preset paper"):
        recorded("tests/*/big", ("a", "b", "c"), preset="paper", metrics=[])


def test_runs_of_several_seeds_and_machines_stand_together(monkeypatch, tmp_path) -> None:
    from spectral_lab import records

    monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path))
    for seed, machine, error in ((0, "B", 1.0), (1, "B", 2.0), (0, "A", 6.0)):
        content = records.record("tests/task/a", "lecture", seed=seed, metrics={"error": error}, seconds=1)
        records.write(content | {"hardware": {"name": machine}})
    runs(b=4.0).ask(lambda: None, monkeypatch, tmp_path)
    found = asked(variants=("a", "b"))
    assert sorted(found.each("a", "error")) == [1.0, 2.0, 6.0]
    assert found.mean("a", "error") == 3.0
    assert found["b"][0].metrics == {"error": 4.0}
    assert found.where == "A, A GPU, B"
    assert found.seeds == 1
    with pytest.raises(NotYetRun):  # a run that did not measure it
        asked(variants=("a", "b"), metrics=["error", "loss"])
