"""The numbers in the prose of notebook 08 are those of the pictures and the records that it speaks of."""

from __future__ import annotations

from typing import Any

import nbformat
import numpy as np
import pytest

from spectral_lab import records
from spectral_lab.checkout import ROOT
from spectral_lab.generation import (
    CosineSchedule,
    Crystal,
    dpm_solver,
    explorers,
    gaussian_predictor,
    respace,
    terminal_amplification,
)
from spectral_lab.generation.explorers import words
from spectral_lab.generation.explorers.basis import MODES, family
from spectral_lab.generation.explorers.frames import acetamide
from spectral_lab.generation.explorers.microscope import CHANCE
from spectral_lab.generation.recipe import RECIPES

NOTEBOOK = ROOT / "notebooks" / "08_sequence_and_structure.ipynb"


@pytest.fixture(scope="module")
def prose() -> str:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return " ".join(" ".join(cell.source.split()) for cell in cells if cell.cell_type == "markdown")


def preset(explorer: Any, name: str) -> Any:
    return explorer(**explorer().presets[name]).data


def test_sentences(prose: str) -> None:
    assert "Five sites stand in 120 orders" in prose
    assert preset(explorers.mixed_sentence, "Shuffle the sites").orders == 120
    assert "Six sentences are left" in prose
    assert preset(explorers.mixed_sentence, "Shuffled, but sorted").orders == 6


def test_widths(prose: str) -> None:
    cloud = explorers.next_atom
    assert "0.58 in 20 steps, 0.91 in 200" in prose
    assert [cloud(N=N).data.exact for N in (20, 200)] == pytest.approx([0.58, 0.91], abs=0.005)
    assert "0.87 times as wide, not 0.45" in prose
    few, scaled = (preset(cloud, name) for name in ("DDIM in ten steps", "The same, scaled up"))
    assert [scaled.exact, few.exact] == pytest.approx([0.87, 0.45], abs=0.005)
    assert "79 % of the samples end in the middle place, and 32 of 400 stray" in prose
    assert (scaled.counts[1] / 400, scaled.strays) == (pytest.approx(0.79, abs=0.005), 32)
    assert "At 0 all samples end in the middle place" in prose
    assert preset(cloud, "No noise on the way").counts.tolist() == [0, 400, 0]
    assert "At 0.5 the middle has 56 %" in prose
    assert cloud(temperature=0.5).data.counts[1] / 400 == pytest.approx(0.56, abs=0.005)
    assert "right to two per cent in 20 steps" in prose
    assert preset(cloud, "DPM-Solver++").exact == pytest.approx(1, abs=0.02)
    assert "leaves that node's noise of 0.0064 in: data of standard deviation 0.01 come out 1.5 times" in prose
    exact = gaussian_predictor([0.0], [[0.01**2]])
    released = dpm_solver(exact, respace(CosineSchedule(), 200), (1, 1), np.ones, 20)
    assert abs(released[0, 0]) / 0.01 == pytest.approx(1.5, abs=0.02)


def test_first_steps(prose: str) -> None:
    data = explorers.first_step().data
    assert "throws $x$ to 17" in prose
    assert (data.kick, data.end) == pytest.approx((16.7, 133), abs=0.5)
    assert "the size at the end is 133" in prose
    assert "an amplification of 32 is bearable" in prose
    assert terminal_amplification(1000) == pytest.approx(32, abs=0.5)
    assert r"of 200 steps the noisiest alone. It starts at $\sqrt{\bar\alpha}=0.008$" in prose
    nodes = respace(CosineSchedule(), 200)
    assert (nodes.log_snr < -5.1).sum() == 1
    assert np.sqrt(nodes.alphas_cumprod[-2]) == pytest.approx(0.008, abs=0.0005)
    assert r"0.999/\sqrt{0.001}=31.6" in prose
    assert terminal_amplification(1000) == pytest.approx(0.999 / np.sqrt(0.001), rel=1e-5)
    assert "comes back, from 19 to 1.8" in prose
    back = preset(explorers.first_step, "Right everywhere")
    assert (back.largest, back.end) == pytest.approx((19, 1.8), rel=0.03)


def test_orders_of_writing(prose: str) -> None:
    assert "the variances fall, from 0.13 to 0.01. The eigenvalues fall further, from 1 to 0.004" in prose
    data = preset(explorers.eigenbasis_or_cholesky, "Ends first")
    assert data.written[[0, -1]] == pytest.approx([0.13, 0.01], rel=0.05)
    assert data.values[[0, -1]] == pytest.approx([1, 0.004], rel=0.03)
    assert "each next one keeps about a fifth of its variance" in prose
    data = explorers.eigenbasis_or_cholesky().data
    assert data.written[1:] / np.diag(family(2.0, MODES[0])[0])[1:] == pytest.approx(0.2, abs=0.025)
    assert "its variance is 0.0098 where it was 0.0185" in prose
    last = preset(explorers.eigenbasis_or_cholesky, "One site last")
    assert (last.place, last.there, data.there) == pytest.approx((16, 0.0098, 0.0185), abs=5e-5)
    assert "site 9 has lost the neighbour that told it most, and has 0.0345" in prose
    assert last.written[7] == pytest.approx(0.0345, abs=5e-5)


def test_chance(prose: str) -> None:
    assert (
        "64 % for wurtzite, 29 % for rutile, 20 % for this perovskite, and 0 for the spinel (200 draws each)" in prose
    )
    assert list(CHANCE.values()) == pytest.approx([1, 0.64, 0.29, 0.20, 0], abs=0.0051)
    assert "still matches here at CDVAE's tolerance, not at pymatgen's own" in prose
    melted = preset(explorers.crystal_microscope, "Half melted")
    assert (melted.loose is None, melted.strict is None) == (False, True)
    assert 0.2 * np.linalg.norm(melted.truth.lattice[0]) == pytest.approx(0.8, abs=0.01)
    assert "leaves a cosine of 0.14" in prose
    assert preset(explorers.crystal_microscope, "One per cent smaller").cosine == pytest.approx(0.14, abs=0.005)


def test_frames(prose: str) -> None:
    data = preset(explorers.frames_are_eigenvectors, "Two variances meet")
    assert "at 108° and a C–N bond of 1.50 Å" in prose
    assert "no atom by more than 0.01 Å in the room, and one of them by 2.8 Å" in prose
    assert data.honest < 0.01
    assert data.jump == pytest.approx(2.8, abs=0.05)
    assert "The gap, 0.015 Å², is small and does not close: the axes turn fast, by 33° in this degree" in prose
    assert data.gap == pytest.approx(0.015, abs=5e-4)

    def first_axis(angle: float, length: float = 1.5) -> tuple[float, float]:
        X = acetamide(angle, length)[:, :2]
        values, vectors = np.linalg.eigh(np.cov(X.T, bias=True))
        return np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])) % 180, values[1] - values[0]

    assert first_axis(108)[0] - first_axis(109)[0] == pytest.approx(33, abs=0.5)
    assert "here at 1.52 Å, where both bonds are alike" in prose
    assert min(first_axis(angle, 1.52)[1] for angle in np.linspace(107, 110, 301)) < 1e-4
    assert min(first_axis(angle)[1] for angle in np.linspace(107, 110, 301)) > 0.01


def test_heads_alone_are_those_of_the_records(prose: str) -> None:
    assert "misses by 0.095, and by 0.067 with 16 words" in prose
    assert "misses by 0.040, and by 0.032 with numbers 16 times" in prose
    assert "misses by 0.008" in prose

    def missed(variant: str) -> float:
        runs = records.select(f"generation/precision/{variant}", preset="miniature", metrics=["RMSE"])
        return float(np.mean([run.metrics["RMSE"] for run in runs]))

    for bins, rmse in words.BINS.items():
        assert missed(f"bins-{bins}") == pytest.approx(rmse, abs=5e-5)
    for scale, rmse in words.DIFFUSION.items():
        assert missed(f"diffusion-{scale}") == pytest.approx(rmse, abs=5e-5)
    assert missed("regression") == pytest.approx(words.REGRESSION, abs=5e-5)
    told = [words.BINS[4096], words.BINS[16], words.DIFFUSION[1], words.DIFFUSION[16], words.REGRESSION]
    assert told == pytest.approx([0.095, 0.067, 0.040, 0.032, 0.008], abs=5.1e-4)
    floor = 2 / (4096 * np.sqrt(12))
    assert "rounding alone would allow 0.0001 at $K=4096$" in prose
    assert floor == pytest.approx(1e-4, abs=5e-5)


def test_crystals_and_molecules_alone(prose: str) -> None:
    def mean(kind: str, metric: str) -> float:
        runs = records.select(f"generation/{kind}/diffusion", preset="miniature", metrics=[metric])
        assert len(runs) == 3
        return float(np.mean([run.metrics[metric] for run in runs]))

    assert "comes twice as near to them (0.30 Å for 0.61 Å)" in prose
    told = [mean("molecules", "conformer RMSD"), mean("unified", "conformer RMSD")]
    assert told == pytest.approx([0.30, 0.61], abs=0.005)
    assert "hardly anything (0.97 matched for 0.98)" in prose
    assert [mean("unified", "match"), mean("crystals", "match")] == pytest.approx([0.97, 0.98], abs=0.005)
    assert "reads each of them 5.3 times as often" in prose
    assert "on 1184 cubic crystals and 275 small molecules" in prose
    assert pytest.approx(5.3, abs=0.05) == (1184 + 275) / 275


def test_the_lecture(prose: str) -> None:
    (run,) = records.select("generation/unified/diffusion", preset="lecture", metrics=["match"])
    assert "matches 0.98 of 60 crystals, where random positions match 0.25" in prose
    assert "0.44 Å from the true ones" in prose
    told = [run.metrics[name] for name in ("match", "random match", "conformer RMSD")]
    assert told == pytest.approx([0.98, 0.25, 0.44], abs=0.005)


def test_trained_heads_and_samplers(prose: str) -> None:
    def seeds(head: str, metric: str) -> np.ndarray:
        runs = records.select(f"generation/unified/{head}", preset="miniature", metrics=[metric])
        return np.array([run.metrics[metric] for run in runs])

    heads = ("diffusion", "bins", "regression", "joint")
    match, distance = ({head: seeds(head, metric) for head in heads} for metric in ("match", "conformer RMSD"))
    assert all(len(match[head]) == 3 for head in heads)
    assert "it matches 176 of 180 crystals, where" in prose
    assert "match 180 (least squares), 174 (diffusion) and 166 (bins)" in prose
    of_180 = {head: round(60 * match[head].sum()) for head in heads}
    assert of_180 == {"joint": 176, "regression": 180, "diffusion": 174, "bins": 166}
    assert "about as near to the molecules as the diffusion head" in prose
    assert distance["joint"].mean() / distance["diffusion"].mean() == pytest.approx(1, abs=0.1)
    assert "least squares matches all 60 test crystals with every seed, and diffusion 0.95 to 0.98 of them" in prose
    assert (match["regression"] == 1).all()
    assert [match["diffusion"].min(), match["diffusion"].max()] == pytest.approx([0.95, 0.98], abs=0.005)
    assert "least squares (0.56 to 0.62 Å) comes as near as diffusion (0.61 to 0.62 Å)" in prose
    assert "scatter most on molecules (0.67 to 1.43 Å)" in prose
    for head, ends in {"regression": [0.56, 0.62], "diffusion": [0.61, 0.62], "bins": [0.67, 1.43]}.items():
        assert [distance[head].min(), distance[head].max()] == pytest.approx(ends, abs=0.005)
    assert "Bins of 1024 words match fewest crystals on the mean, closely where they do" in prose
    assert min(heads, key=lambda head: match[head].mean()) == "bins"
    assert seeds("bins", "RMSE").mean() < 0.02
    assert max(heads, key=lambda head: np.ptp(distance[head])) == "bins"

    assert "DDPM in 20, 100 or 200 of the 1000 steps matches at most one crystal of 24" in prose
    assert "reads without a fault in twenty steps" in prose
    assert (seeds("diffusion", "DPM-Solver++ 20: match") == 1).all()
    for run in records.select("generation/unified/diffusion", preset="miniature", metrics=["match"]):
        matches = {name.removesuffix(": match"): value for name, value in run.metrics.items() if ": match" in name}
        assert len(matches) == 10
        for sampler, value in matches.items():
            bad = sampler in ("DDPM 20", "DDPM 100", "DDPM 200")
            assert value < 0.05 if bad else value > (0.7 if sampler == "DPM-Solver++ 5" else 0.9), sampler


def test_sizes_of_the_miniature(prose: str) -> None:
    made = RECIPES["unified/diffusion"]("miniature")
    splits = made.data()
    crystals = sum(isinstance(record, Crystal) for record in splits["train"].records)
    assert "on 1184 cubic crystals and 275 small molecules, in one dictionary, for nine epochs" in prose
    assert (crystals, len(splits["train"]) - crystals, made.epochs) == (1184, 275, 9)
    assert "60 crystals and 30 molecules" in prose
    assert (len(splits["crystals"]), len(splits["molecules"])) == (60, 30)
    assert "Every three epochs" in prose
    assert next(judge for judge in made.evaluations if judge.split == "crystals").every == 3
