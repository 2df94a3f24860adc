from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spectral_lab.hamiltonians import recipe as r
from spectral_lab.hamiltonians.data import FormatError, sets, splits
from spectral_lab.training import Part, Recipe, schedules, train
from spectral_lab.training.recipe import PRESETS
from spectral_lab.training.reporter import Silent


def short(task: str, epochs: int = 5) -> Recipe:
    """The miniature on few molecules for a few epochs: one random, one adaptive."""
    recipe = r.RECIPES[task]("miniature")
    phases = tuple(Part(part.function, dict(part.options) | {"random": 1, "adaptive": 1}) for part in recipe.callbacks)
    data = Part(sets.water, {"train": 20, "val": 5, "test": 5})
    schedule = Part(schedules.linear, {"warmup": 2})
    return replace(recipe, data=data, batch_size=10, epochs=epochs, callbacks=phases, schedule=schedule)


@pytest.mark.parametrize("task", [task for task in r.RECIPES if task.startswith(("dynamic", "sweep"))])
def test_every_preset_makes_its_model(task: str) -> None:
    for preset in PRESETS:
        recipe = r.RECIPES[task](preset)
        torch.manual_seed(0)
        assert sum(p.numel() for p in recipe.model().parameters()) > 1000
        assert recipe.name.startswith("hamiltonians/")


@pytest.mark.parametrize("variant", ["both", "frozen", "qhnet"])
def test_every_variant_learns(variant: str, tmp_path: Path) -> None:
    run = train(short(f"dynamic/{variant}", 8), reporter=Silent(), folder=tmp_path)
    losses = [value for _, value in run.curves["loss"]]
    assert losses[-1] < 0.7 * losses[0]
    assert set(run.metrics) == {"H", "levels", "psi"}
    assert 0 < run.metrics["psi"] <= 1


def test_an_interrupted_run_ends_as_one_that_was_not(tmp_path: Path) -> None:
    class Stop(Silent):
        def evaluation(self, step: int, metrics: dict[str, float]) -> None:
            if step == 2:  # after the random phase
                raise KeyboardInterrupt

    whole = train(short("dynamic/both"), reporter=Silent(), folder=tmp_path / "whole")
    stopped = train(short("dynamic/both"), reporter=Stop(), folder=tmp_path / "parts")
    assert not stopped.finished
    resumed = train(short("dynamic/both"), reporter=Silent(), folder=tmp_path / "parts")
    assert resumed.finished
    for (name, one), (_, other) in zip(
        whole.model.state_dict().items(), resumed.model.state_dict().items(), strict=True
    ):
        assert torch.equal(one, other), name
    assert whole.metrics == resumed.metrics
    assert {product.phase for product in resumed.model.products()} == {"fixed"}


def test_frozen_paths_never_change(tmp_path: Path) -> None:
    one, two = (
        train(short("dynamic/frozen", epochs), reporter=Silent(), folder=tmp_path / str(epochs)) for epochs in (1, 4)
    )
    for a, b in zip(one.model.products(), two.model.products(), strict=True):
        assert torch.equal(a.kept, b.kept)
        assert int(a.kept.sum()) == 4


def test_errors_are_those_of_a_model_that_knows_nothing() -> None:
    class Nothing(torch.nn.Module):
        def forward(self, molecules):
            return torch.zeros(len(molecules.numbers), 5, 5), torch.zeros(len(molecules.pairs), 5, 5)

    batch = sets.water()["test"].__getitems__([0, 1, 2])
    found = r.errors(Nothing(), batch, 20.0, "sto-3g")
    expected = [1e6 * np.abs(sample.H - sample.H0).mean() for sample in batch.samples]
    np.testing.assert_allclose(found["H"].numpy(), expected)
    assert 35_000 < found["H"].mean() < 50_000
    assert (found["psi"] < 1).all()


def test_published_sets_have_no_stand_in() -> None:
    with pytest.raises(ValueError, match="preset must be 'paper'"):
        r.RECIPES["qh9/stable-id/qhnet"]("lecture")
    assert r.RECIPES["qh9/stable-id/qhnet"]("paper").target.published["H"] == 76.31


@pytest.mark.parametrize("cut", ["geo", "mol"])
def test_qh9_dynamic_is_cut_and_learnt_from_a_file_of_its_format(
    cut: str, write_qh9: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    monkeypatch.setattr(splits, "QH9_DYNAMIC", 2)  # two molecules, sixty geometries each
    (tmp_path / "qh9").mkdir()
    H, X = write_qh9(tmp_path / "qh9" / "QH9Dynamic.db", dynamic=True, rows=120)
    recipe = r.RECIPES[f"qh9/dynamic-{cut}/both"]("paper")
    data = recipe.data()
    sizes = {"geo": [96, 12, 12], "mol": [60, 0, 60]}[cut]
    assert [len(part) for part in data.values()] == sizes
    assert sorted(np.concatenate([part.rows for part in data.values()]).tolist()) == list(range(120))
    torch.manual_seed(0)
    model = r.network("def2-svp", {"channels": 4, "bottleneck": 2, "hidden": 4, "pair_hidden": 4}, "both", 0.7)
    batch = data["train"].__getitems__([0, 59])
    assert torch.isfinite(r.loss(model.train(), batch, 1.0))
    np.testing.assert_allclose(batch.samples[0].H, H)
    np.testing.assert_allclose(batch.samples[1].positions, X)
    with torch.no_grad():
        assert set(r.errors(model.eval(), batch, 1.0, "def2-svp")) == {"H"}  # the file holds no S
    assert recipe.target.published == {}
    write_qh9(tmp_path / "qh9" / "QH9Dynamic.db", dynamic=True, rows=100)
    with pytest.raises(FormatError, match=f"must hold 120 rows, which qh9/dynamic-{cut} is cut from, got 100"):
        recipe.data()


def test_missing_files_say_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="spectral-lab data hamiltonians"):
        r.RECIPES["dynamic/both"]("lecture").data()
