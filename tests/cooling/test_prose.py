"""The numbers in the prose of notebook 04 are those of the pictures and records it speaks of."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import numpy as np
import pytest
import scipy

from spectral_lab.checkout import ROOT
from spectral_lab.cooling import explorers, levels, tfim
from spectral_lab.cooling.explorers import machine


@pytest.fixture(scope="module")
def prose() -> str:
    cells = nbformat.read(ROOT / "notebooks" / "04_qsp_cooling.ipynb", as_version=4).cells
    return " ".join(" ".join(cell.source.split()) for cell in cells if cell.cell_type == "markdown")


def preset(explorer: Any, name: str) -> dict[str, Any]:
    return explorer(**explorer().presets[name]).data


def test_two_bands(prose: str) -> None:
    assert "the plain Fourier series overshoots to 1.179" in prose
    assert preset(explorers.two_bands, "Gibbs")["peak"] == pytest.approx(1.179, abs=5e-4)
    assert "at degree 61 no level comes within 1 % of ±1" in prose
    assert explorers.two_bands(method="Fejér").data["in_bands"] == 0
    assert "the seven hottest levels pass $\\theta=\\pi$, and five of them land in the cold band" in prose
    wrapped = preset(explorers.two_bands, "Wrap through π")
    assert np.flatnonzero(wrapped["wrapped"]).tolist() == list(range(57, 64))
    assert (np.abs(wrapped["s"][wrapped["wrapped"]] + 1) <= 0.01).sum() == 5


def test_the_angle_factory(prose: str) -> None:
    assert "first division is by $4\\cdot10^{-7}$" in prose
    assert "jumps from below $10^{-11}$ to about $10^{-4}$ at the edges" in prose
    wrong = preset(explorers.angle_factory, "Wrong roots")
    assert wrong["divisor"] == pytest.approx(4e-7, rel=0.12)
    assert 3e-5 < wrong["error"].max() < 3e-4
    assert wrong["error"].argmax() % 128 == 0  # at -pi, 0 or pi
    assert preset(explorers.angle_factory, "Degree 1002")["error"].max() < 1e-11


def test_who_may_jump(prose: str) -> None:
    assert "here by a factor of more than ten, however long you wait" in prose
    assert explorers.who_may_jump(t=100.0).data["above"].max() < 1e-3
    assert "hardly anything moves, 0.2 % here" in prose
    assert 1 - preset(explorers.who_may_jump, "Plain H")["stay"] == pytest.approx(2e-3, abs=5e-4)
    assert "What climbs here stays below 2 % even so" in prose
    assert preset(explorers.who_may_jump, "Too strong")["above"].max() < 0.02


def test_the_machine(prose: str) -> None:
    assert "5.0 steps from Néel, 2.0 *from all plus*, which has 0.39 of its weight on the ground level" in prose
    assert "from all plus, at −4.2 J, they heat" in prose
    neel, plus = explorers.cooling_machine().data, preset(explorers.cooling_machine, "From all plus")
    assert (neel["law"], plus["law"], plus["ground"][0]) == pytest.approx((5.04, 1.97, 0.393), abs=5e-3)
    assert plus["energy"][0] == pytest.approx(-4.2)
    assert "sits on a level 0.1 J below $\\mu$" in prose
    assert "seven of the twenty were caught above $\\mu$ at once" in prose
    assert "five are cold after 30 steps" in prose
    chosen = ("tilted Ising", "Néel", "band", "random local field", 8.0, 0.4, 0.06)
    runs = [machine._run(*chosen, seed) for seed in range(1, 21)]
    shown, E = runs[3], levels(tfim(4)).energies
    assert shown.shifts[-1] - E[shown.populations[-1].argmax()] == pytest.approx(0.1, abs=0.02)
    assert sum(bool((run.shifts == run.shifts[0]).all()) for run in runs) == 7
    assert preset(explorers.cooling_machine, "Only 'below?'")["cold"] == 5


def test_the_bill(prose: str) -> None:
    assert "cost nine times as much as the amplified filter that knows where to cut, and 1.3 times as much" in prose
    assert "by a factor of 9 against bang-bang pulses from Néel, and of 300 from all plus" in prose
    assert "of 1.3 and 45 if it must find $E_0$ first" in prose
    neel, plus = explorers.the_bill().data, preset(explorers.the_bill, "All plus, 6 spins")
    times = [d["bang-bang"] / d[way] for d in (neel, plus) for way in ("amplified filter", "amplified, with search")]
    assert times == pytest.approx([9, 1.3, 310, 45], rel=0.03)
    ten = preset(explorers.the_bill, "Néel, 6 spins")
    assert "With 10 steps (*Néel, 6 spins*) pulses are cheaper than that search" in prose
    assert ten["bang-bang"] < ten["search for E0"]
    assert neel["bath"] < neel["bang-bang"]


def test_teaching(prose: str) -> None:
    assert "ends within 0.01 J of the ground level" in prose
    assert "*rises* to $+0.23$ J" in prose
    d = explorers.teach_it_to_cool().data
    assert d["path"][-1] - d["E"][0] < 0.01
    assert d["path"][-2] == pytest.approx(0.23, abs=5e-3)
    assert "the best product state already has a ground population of 0.99 at four spins" in prose
    ground = levels(tfim(4)).vectors[:, 0]

    def population(x: np.ndarray) -> float:
        state = np.ones(1)
        for angle in x:
            state = np.kron(state, [np.cos(angle), np.sin(angle)])
        return float(state @ ground) ** 2

    best = scipy.optimize.minimize(lambda x: -population(x), np.full(4, 0.5))
    assert -best.fun == pytest.approx(0.99, abs=5e-3)


def test_the_recorded_schedules(prose: str) -> None:
    assert "with sign layers 0.67 J above the ground level and a ground population of 0.37" in prose
    assert "kicks alone 2.39 J and 0.06" in prose
    for name, expected in (("kicks-and-signs", (0.67, 0.37)), ("kicks-alone", (2.39, 0.06))):
        path = ROOT / "results" / f"cooling-schedule-{name}-lecture-seed0-cpu-2-cores.json"
        assert tuple(round(x, 2) for x in json.loads(path.read_text())["metrics"].values()) == expected
