from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from spectral_lab import records
from spectral_lab.cooling import recipe
from spectral_lab.training import Silent, results_table, train, train_here
from spectral_lab.training.classroom import select


def test_the_miniature_schedules_train_and_signs_beat_kicks(tmp_path):
    runs = {}
    for name, build in select(recipe.RECIPES, "schedule").items():
        runs[name] = train(build("miniature"), reporter=Silent(), folder=tmp_path)
        assert runs[name].finished
    signs, kicks = (runs[f"schedule/{name}"].metrics for name in ("kicks-and-signs", "kicks-alone"))
    assert signs["E − E₀"] < 0.3
    assert kicks["E − E₀"] > 0.86  # no product state comes nearer than -0.75 + 1.616
    assert signs["ground population"] > kicks["ground population"]


def test_the_lecture_is_the_same_experiment_at_twelve_spins():
    small, large = (recipe.schedule(preset, False) for preset in ("miniature", "lecture"))
    assert large.model.options["n"] == 12
    assert small.loss == large.loss


def test_pointer_cooling_is_recorded_and_shown(tmp_path):
    short = recipe.pointer("miniature")
    short = replace(short, compute=replace(short.compute, options=recipe.POINTER["miniature"] | {"steps": 2}))
    done = short.run()
    assert results_table([done], results=tmp_path / "none").rows[0][1:3] == ("recorded", "not yet run")
    (record,) = records.select("cooling/pointer", folder=done.save(tmp_path).parent)
    energies = np.array(record.content["details"]["energies"])
    assert energies.shape == (4, 3)
    assert energies.min() > recipe.GROUND_LEVELS[8] - 1e-3
    assert record.content["recipe"]["compute"]["n"] == 8
    assert record.metrics["lowest E − E₀"] == pytest.approx(energies[:, -1].min() - recipe.GROUND_LEVELS[8], abs=2e-6)
    assert [row[1] for row in results_table([done], results=tmp_path).rows] == ["recorded", "this run"]


def test_a_cooling_that_is_stopped_leaves_no_record(monkeypatch, capsys):
    """`cool_chain` returns the steps so far."""
    whole = recipe.cool_chain
    monkeypatch.setattr(recipe, "cool_chain", lambda chain, steps, **options: whole(chain, steps - 1, **options))
    runs = train_here(recipe.RECIPES, "pointer", wanted="miniature")
    assert "Interrupted before cooling/pointer. Run this cell again" in capsys.readouterr().out
    assert results_table(runs).rows[-1][2] == "miniature, unfinished: run the training cell again"


def test_there_is_no_paper_preset():
    for call in (lambda: recipe.pointer("paper"), lambda: recipe.schedule("paper", False)):
        with pytest.raises(ValueError, match="gives no configuration"):
            call()
    with pytest.raises(ValueError, match="preset must be"):
        recipe.pointer("huge")


@pytest.mark.parametrize("count", [0, 2.5, 10**12, None])
def test_a_number_of_iterations_is_a_whole_number_that_fits(count):
    with pytest.raises(ValueError, match="count must be"):
        recipe.iterations(count)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: run it on a machine with one")
def test_the_gpu_gives_the_energies_of_the_cpu():
    from spectral_lab.cooling.models import cool_chain, ising_chain

    options = {"width": 0.5, "resolution": 0.25, "margin": 1.2, "angle": 4, "kick": 0.5, "dtype": torch.complex128}
    runs = [cool_chain(ising_chain(8), 2, batch=2, device=device, **options) for device in ("cpu", "cuda")]
    np.testing.assert_allclose(runs[0].energies, runs[1].energies, atol=1e-6)
