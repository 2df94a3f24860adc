"""The numbers in the prose of notebook 03 are those of the pictures it speaks of."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import numpy as np
import pytest

from spectral_lab.checkout import ROOT
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import eigenvector_condition, explorers
from spectral_lab.pseudospectra.exercises import guess_beside

NOTEBOOK = ROOT / "notebooks" / "03_pseudospectra_and_ptd.ipynb"


@pytest.fixture(scope="module")
def prose() -> str:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return " ".join(" ".join(cell.source.split()) for cell in cells if cell.cell_type == "markdown")


def preset(explorer: Any, name: str) -> dict[str, Any]:
    return explorer(**explorer().presets[name]).data


def test_hidden_eigenvalues(prose: str) -> None:
    assert "a perturbation of $10^{-14}$ moves eigenvalues by more than 4" in prose
    assert preset(explorers.hidden_eigenvalues, "A breath of noise")["distance"] > 6
    assert "an eigenvalue moves by at most $\\varepsilon$" in prose
    normal = preset(explorers.hidden_eigenvalues, "Normal: nothing moves")
    assert normal["distance"] <= normal["epsilon"]


def test_the_bell(prose: str) -> None:
    assert "(0.863 and 0.651 for $n=4$)" in prose
    few = explorers.ringing_bell(n=4).data
    assert (few["loud"], few["height"]) == pytest.approx((0.863, 0.651), abs=5e-4)
    middle = len(few["zoom"]) // 2  # what the picture draws there
    assert few["S4D zoom"][middle] == pytest.approx(few["loud"])
    assert few["apart"][middle] == pytest.approx(few["height"])


def test_a_click(prose: str) -> None:
    assert "the outputs are small then, and 70 % apart" in prose
    click = preset(explorers.weak_not_strong, "A click")
    output = np.sqrt(np.trapezoid(click["S4"] ** 2, click["t"]))
    assert click["error"] / output == pytest.approx(0.7, abs=0.03)


def test_the_sweet_spot_and_too_much(prose: str) -> None:
    assert (
        "of 32 eigenvalues three survive, $-1$, $-2$ and roughly $-3$; the others are off by more than a half" in prose
    )
    assert "the response agrees to seven digits" in prose
    sweet = preset(explorers.backward_and_forward, "The sweet spot")
    assert sweet["forward"] == pytest.approx(25, abs=0.5)
    assert 1e-8 < sweet["error"] < 1e-7
    A, rng = legs(32)[0], np.random.default_rng(0)
    G = rng.standard_normal((32, 32)) + 1j * rng.standard_normal((32, 32))
    E = 10**-8.5 * np.linalg.norm(A, 2) / np.linalg.norm(G, 2) * G
    off = np.sort(np.abs(np.linalg.eigvals(A + E)[:, None] + np.arange(1, 33)).min(axis=1))
    assert off[:2].max() < 2e-3
    assert off[2] < 0.2 < 0.5 < off[3]
    assert "at $t=8$ it is off by $3\\cdot10^{13}$ times its peak" in prose
    much = preset(explorers.backward_and_forward, "Too much")
    assert much["abscissa"] > 0
    assert much["error"] == pytest.approx(3e13, rel=0.17)
    assert "even the left end is fine" in prose
    assert explorers.backward_and_forward(power=-16.0, l=1).data["error"] < 1e-8


def test_poison(prose: str) -> None:
    assert "already brings $\\kappa(V)$ from $10^{23}$ to about 1300" in prose
    assert np.log10(eigenvector_condition(legs(32)[0])) == pytest.approx(23, abs=0.2)
    assert preset(explorers.how_much_poison, "A drop")["condition"] == pytest.approx(1320, rel=0.02)
    assert "ten times more poison, six to seven times better conditioned, almost whatever $n$ is" in prose
    for n in (16, 32, 64):
        curve = explorers.how_much_poison(n=n).data
        decades = np.interp([-4, -3, -2, -1], np.log10(curve["best_sizes"]), np.log10(curve["best_conditions"]))
        assert (np.round(10 ** -np.diff(decades)) >= 6).all()
        assert (np.round(10 ** -np.diff(decades)) <= 7).all()
    assert preset(explorers.how_much_poison, "Chance: unstable")["abscissa"] > 0


def test_beside_the_spike(prose: str) -> None:
    assert (
        "ten times more quietly than on it, and still 13 times as loudly as the others (its gain is 17 times theirs)"
        in prose
    )
    on, beside = explorers.sing_at_it().data, preset(explorers.sing_at_it, "Beside the spike")
    S4, S4D, PTD = beside["heard"]
    assert on["heard"][1] / S4D == pytest.approx(10, abs=0.5)
    assert pytest.approx([13, 13], abs=0.5) == [S4D / S4, S4D / PTD]
    assert guess_beside.answer() == pytest.approx(17, abs=0.5)


def test_the_own_matrix(prose: str) -> None:
    assert "at first it grows, to 18" in prose
    assert "an $E$ of norm 0.0055 would end stability" in prose
    flow = explorers.own_matrix().data
    assert (flow["peak"], flow["to_the_edge"]) == pytest.approx((18, 0.0055), rel=0.02)
    assert flow["start"] > 0 > flow["rate"]
    assert "a third of the way to the axis" in prose
    assert (preset(explorers.own_matrix, "Hardly disturbed")["reach"] + 0.5) / 0.5 == pytest.approx(1 / 3, abs=0.03)
    assert preset(explorers.own_matrix, "A rough copy")["relative"] == pytest.approx(0.3, abs=0.02)
    assert "Its powers grow to 25 before they die" in prose
    assert preset(explorers.own_matrix, "Step by step")["peak"] == pytest.approx(25, abs=0.5)


def test_the_recorded_note(prose: str) -> None:
    assert "on enlarged digits the note costs S4D 27 points of accuracy" in prose
    record = json.loads((ROOT / "results" / "pseudospectra-digits-s4d-lecture-seed0-nvidia-h200.json").read_text())
    lost = record["metrics"]["clean"] - record["metrics"]["noisy"]
    assert round(100 * lost) == 27


def test_the_arena_is_said_to_be_recalled(prose: str) -> None:
    assert "The table is recalled, not copied" in prose


def test_every_picture_lies_beside_the_notebook() -> None:
    """A server that serves only this folder (Voila) must find it."""
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "](../" not in text
    assert (NOTEBOOK.parent / "pictures" / "pseudospectra.png").is_file()
