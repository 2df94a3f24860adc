"""The numbers in the prose of notebook 07 are those of the pictures and the records that it speaks of."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import nbformat
import numpy as np
import pytest

from spectral_lab import records
from spectral_lab.checkout import ROOT
from spectral_lab.hamiltonians import explorers, path_costs, stored

NOTEBOOK = ROOT / "notebooks" / "07_hamiltonian_prediction.ipynb"


@pytest.fixture(scope="module")
def prose() -> str:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return " ".join(" ".join(cell.source.split()) for cell in cells if cell.cell_type == "markdown")


def preset(explorer: Any, name: str) -> Any:
    return explorer(**explorer().presets[name]).data


def test_work_grows(prose: str) -> None:
    assert "From $L=4$ to $L=6$ the work grows by 7.5" in prose
    assert path_costs(6).multiplies / path_costs(4).multiplies == pytest.approx(7.5, abs=0.05)


def test_phases(prose: str) -> None:
    assert "17 of 20 are right, not 19" in prose
    assert preset(explorers.three_phases, "No random phase")["good"] == 17
    assert preset(explorers.three_phases, "To the end")["good"] == 19
    early = preset(explorers.three_phases, "Freeze too early")
    assert early["last"] > 1.5 * early["floor"]


def test_two_nearly_equal_functions(prose: str) -> None:
    assert "A mean error of $10^{-5}$ Hartree moves a level by 0.13" in prose
    data = preset(explorers.error_to_physics, "Nearly the same functions twice")
    assert data["moved"] == pytest.approx(0.13, abs=0.005)
    assert np.abs(data["after"] - data["before"])[0] < 1e-4


def test_the_grid_of_the_labels(prose: str) -> None:
    assert "On a coarse grid the difference is as large as the errors that networks report" in prose
    assert stored("grid")["errors"][0, 1] > 5e-5  # in the mean; QHNet reports 7.6e-5 on QH9


def test_head_starts(prose: str) -> None:
    assert "about 0.7 of a digit an iteration" in prose
    path = explorers.head_start().data["core"]
    assert np.log10(path[6] / path[11]) / 5 == pytest.approx(0.7, abs=0.05)
    plain = preset(explorers.head_start, "Too long for the plain iteration")
    assert (plain["steps core"], plain["steps minao"], plain["steps predicted"]) == (0, 0, 0)
    both = preset(explorers.head_start, "Longer still, DIIS and damping")
    assert both["steps predicted"] > 0
    assert both["steps core"] == 0


def test_records(prose: str) -> None:
    assert "in the mean by a factor of 1.7 with both gates and 3.8 with the gate of paths alone" in prose
    means = {
        name: fmean(run.metrics["H"] for run in records.select(f"hamiltonians/dynamic/{name}", "miniature"))
        for name in ("dense", "both", "tp", "frozen")
    }
    assert means["both"] / means["dense"] == pytest.approx(1.7, abs=0.05)
    assert means["tp"] / means["dense"] == pytest.approx(3.8, abs=0.05)
    assert means["frozen"] < means["dense"]
