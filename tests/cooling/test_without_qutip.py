"""Where qutip is not installed, operators are plain matrices with the same entries, and every picture is the same."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from spectral_lab import cooling
from spectral_lab.cooling import spin_chains
from spectral_lab.cooling.explorers import EXPLORERS
from spectral_lab.explorer import Explorer


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A call that takes qutip away; it is back after the test."""

    def hide() -> None:
        monkeypatch.setitem(sys.modules, "qutip", None)
        spin_chains._qutip.cache_clear()

    yield hide
    spin_chains._qutip.cache_clear()


MAKERS = {
    "tfim": lambda: cooling.tfim(3),
    "xxz": lambda: cooling.xxz(3),
    "hubbard": lambda: cooling.hubbard(2),
    "field": lambda: spin_chains.field_operator(cooling.random_field(3, 0)),
    "hopping": lambda: spin_chains.random_hopping(2, 0),
    "ket": lambda: cooling.start_state(3, "plus"),
}


@pytest.mark.parametrize("name", MAKERS)
def test_entries_are_those_of_qutip(name: str, without: Callable[[], None]) -> None:
    theirs = MAKERS[name]().full()
    without()
    ours = MAKERS[name]()
    assert not hasattr(ours, "full")
    assert np.array_equal(ours if name == "ket" else ours.toarray(), theirs[:, 0] if name == "ket" else theirs)


def test_a_run_of_the_protocol_is_the_same(without: Callable[[], None]) -> None:
    def run() -> np.ndarray:
        H, start = cooling.tfim(4), cooling.start_state(4, "neel")
        S = cooling.smooth_sign(H, mu=-2.0)
        return np.append(cooling.cool(H, start, 3, alpha=0.25, angle=12.0, seed=1).energies, cooling.levels(S).energies)

    theirs = run()
    without()
    np.testing.assert_allclose(run(), theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("make", EXPLORERS, ids=lambda make: make.__name__)
def test_explorers_say_the_same(make: Callable[[], Explorer], without: Callable[[], None]) -> None:
    theirs = make().readout
    without()
    assert make().readout == theirs
