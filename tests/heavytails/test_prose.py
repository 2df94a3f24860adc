"""The numbers in the prose of notebook 05 are those of the pictures and functions it speaks of."""

from __future__ import annotations

from typing import Any

import nbformat
import numpy as np
import pytest

from spectral_lab.checkout import ROOT
from spectral_lab.course import recorded
from spectral_lab.heavytails import (
    MarchenkoPastur,
    largest_wishart,
    noise_exponent,
    tail_exponent,
    wishart_spectra,
)
from spectral_lab.heavytails import explorers as ex
from spectral_lab.heavytails.claims import distance_at

NOTEBOOK = ROOT / "notebooks" / "05_esd_heavy_tails.ipynb"
pytestmark = pytest.mark.skipif(not NOTEBOOK.is_file(), reason="notebook 05 is not written yet")


@pytest.fixture(scope="module")
def prose() -> str:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return " ".join(" ".join(cell.source.split()) for cell in cells if cell.cell_type == "markdown")


def preset(explorer: Any, name: str) -> dict[str, Any]:
    return explorer(**explorer().presets[name]).data


def test_noise(prose: str) -> None:
    assert "for $Q=20$ all eigenvalues lie between 0.6 and 1.5" in prose
    assert MarchenkoPastur(20).edges == pytest.approx((0.6, 1.5), abs=0.01)
    assert "reads 3.8 before it has seen a picture. A square convolution beside it reads 2.1" in prose
    assert preset(ex.aspect_ratio_illusion, "The head, 100 × 512")["alpha"] == pytest.approx(3.8, abs=0.05)
    assert "several times too wide" in prose
    alphas = [tail_exponent(values).alpha for values in wishart_spectra((128, 128), 40)]
    assert 3 < (np.mean(alphas) - 1) / 8 / np.std(alphas) < 12


def test_starts(prose: str) -> None:
    assert "all rules find 2.6" in prose
    power = preset(ex.where_the_tail_starts, "A true power law")
    assert power["rule_alphas"] == pytest.approx(2.6, abs=0.05)
    assert "strictly falling, to 0.1146 at the edge" in prose
    assert distance_at(MarchenkoPastur(1), 0.998) == pytest.approx(0.1146, abs=0.002)


def test_phases(prose: str) -> None:
    assert "five clear spikes among 160 eigenvalues move it from 2.65 to about 2.5" in prose
    assert preset(ex.spikes_and_phases, "Random-like")["alpha"] == pytest.approx(2.65, abs=0.01)
    assert preset(ex.spikes_and_phases, "Bulk and spikes")["alpha"] == pytest.approx(2.5, abs=0.05)
    assert "*rank collapse* moves it more than any preset with signals" in prose
    collapse = preset(ex.spikes_and_phases, "Rank collapse")["alpha"]
    assert collapse < min(preset(ex.spikes_and_phases, name)["alpha"] for name in ("Bulk decay", "Bulk and spikes"))


def test_windows(prose: str) -> None:
    assert "5.3 before, 2.1 after" in prose
    long = preset(ex.farms_player, "Windows straighten a long matrix")
    assert (long["before"], long["after"]) == pytest.approx((5.3, 2.1), abs=0.05)
    assert "aspect ratio 7.5 in place of 1, and 85 % of the matrix never seen" in prose
    big = preset(ex.farms_player, "A window too big, as released")
    assert (big["r"], big["c"]) == (150, 20)
    assert big["uncovered"] == pytest.approx(85, abs=0.5)
    assert "60 % of the entries are in none" in prose
    assert long["uncovered"] == pytest.approx(60, abs=0.5)
    assert "at 1.26 of the edge in the matrix, and in the windows at 1.10" in prose
    weak = preset(ex.farms_player, "A weak signal is lost")
    assert (weak["top"], weak["top_window"]) == pytest.approx((1.26, 1.10), abs=0.005)
    assert "with the signal at 0 it is 1.10 again" in prose
    without = ex.farms_player(**ex.farms_player().presets["A weak signal is lost"] | {"signal": 0.0}).data
    assert without["top_window"] == pytest.approx(1.10, abs=0.005)
    assert "16 such windows of noise stands at 1.04 on average, one time in twenty above 1.1" in prose
    noise = largest_wishart((64, 64), 16 * 600).reshape(-1, 16).max(axis=1) / (64 * MarchenkoPastur(1).edges[1])
    assert noise.mean() == pytest.approx(1.04, abs=0.005)
    assert (noise > 1.1).mean() == pytest.approx(0.05, abs=0.02)


def test_pruning(prose: str) -> None:
    assert "block by block, windows move a sparsity by 0.024 on average" in prose
    start = ex.who_gets_pruned().data
    assert np.abs(start["shares"][0] - start["shares"][1]).mean() == pytest.approx(0.024, abs=5e-4)
    assert "the whole is 0.798 sparse by its own exponents, 0.794 by those of whole matrices" in prose
    assert "With SparseGPT it chose 0.2, where nothing is clipped" in prose
    assert start["clipped"][:2].tolist() == [0, 0]
    searched = preset(ex.who_gets_pruned, "As searched for FARMS")
    assert searched["total"][:2] == pytest.approx([0.794, 0.798], abs=5e-4)


def test_limits(prose: str) -> None:
    variants = ("uniform", "tempbalance", "farms", "permuted", "lower", "reversed")
    found = recorded("heavytails/images", variants, preset="miniature", metrics=["accuracy"])
    told = [
        "one rate {}, TempBalance {}, FARMS",
        "FARMS {}. Permuted",
        "as the real ones, {}, and",
        "does best, {}. One",
        "factors, {}, raise",
    ]
    numbers = [f"{100 * found.mean(name, 'accuracy'):.2f}" for name in variants]
    for sentence, said in zip(told, [numbers[:2], *([n] for n in numbers[2:])], strict=True):
        assert sentence.format(*said) in prose
    assert numbers[4] == max(numbers)
    assert np.std(found.each("tempbalance", "accuracy"), ddof=1) == pytest.approx(0.0055, abs=0.001)


def test_the_ladder(prose: str) -> None:
    found = recorded("heavytails/text/gpt", preset="miniature", metrics=["perplexity"])
    assert found.seeds == 2
    assert "Two seeds of one small model" in prose

    def each(name: str) -> np.ndarray:
        return np.array(found.each("gpt", name))

    methods = ("magnitude", "wanda", "sparsegpt")
    rising = ("alpha", "farms", "depth")
    gains = [
        1 - each(f"{method} 0.7 {rule} 0.2").mean() / each(f"{method} 0.7 uniform").mean()
        for method in methods
        for rule in rising
    ]
    assert "by 4 to 15 % at sparsity 0.7 and $\\epsilon=0.2$" in prose
    assert (round(100 * min(gains)), round(100 * max(gains))) == (4, 15)
    assert "At sparsities 0.7 and 0.8 every rule but the last is better than uniform sparsity" in prose
    for place in (f"{method} {S}" for method in methods for S in (0.7, 0.8)):
        for rule in (f"{name} {epsilon}" for name in rising for epsilon in (0.1, 0.2, 0.3)):
            assert (each(f"{place} {rule}") < each(f"{place} uniform")).all()
    names = [
        f"{method} {S} {{}} {epsilon}" for method in methods for S in (0.5, 0.7, 0.8) for epsilon in (0.1, 0.2, 0.3)
    ]
    whole, windows, depth = (np.array([each(name.format(rule)) for name in names]) for rule in rising)
    assert "within 7 % of each other at every method, sparsity, $\\epsilon$ and seed, and neither is ahead" in prose
    assert np.abs(windows / whole - 1).max() < 0.07
    assert (windows < whole).any()
    assert (windows > whole).any()
    assert "The depth alone gets within 7 % of whole matrices, mostly a little behind" in prose
    assert np.abs(depth / whole - 1).max() < 0.07
    assert (depth > whole).mean() > 0.8


def test_few_flows(prose: str) -> None:
    assert "noise of that shape reads 5.8, square noise of 12 rows 2.4" in prose
    assert [noise_exponent(shape).mean for shape in ((128, 12), (12, 12))] == pytest.approx([5.8, 2.4], abs=0.05)
    variants = ("uniform", "higher", "sigmoid", "farms", "sigmoid-spectral", "farms-spectral")
    found = recorded("heavytails/sciml", variants, preset="miniature", metrics=["nRMSE"])
    errors = {
        name: dict(zip([run.seed for run in found[name]], found.each(name, "nRMSE"), strict=True)) for name in variants
    }
    assert "Three seeds, 16 flows" in prose
    assert all(len(each) == 3 for each in errors.values())
    for seed, one in errors["uniform"].items():
        assert errors["farms"][seed] < errors["sigmoid"][seed]
        assert one < errors["sigmoid"][seed] < errors["sigmoid-spectral"][seed]
        assert errors["farms"][seed] < errors["farms-spectral"][seed]
    assert "errs less by more than a fifth" in prose
    assert found.mean("higher", "nRMSE") < 0.8 * found.mean("uniform", "nRMSE")
    for name, least, most in (("sigmoid", 1.77, 1.78), ("farms", 0.55, 0.7)):
        heads = [rates["head.0.weight"] for run in found[name] for _, rates in run.content["notes"]["rates"]]
        assert least < min(heads) <= max(heads) < most
