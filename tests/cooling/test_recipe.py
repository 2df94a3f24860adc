from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from spectral_lab.cooling import recipe
from spectral_lab.training import Silent, train


def test_the_miniature_schedules_train_and_signs_beat_kicks(tmp_path):
    runs = {}
    for name, build in recipe.RECIPES.items():
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


def test_pointer_cooling_is_recorded_and_shown(tmp_path, monkeypatch):
    small = replace(recipe.POINTER["miniature"], n=8, steps=2, batch=2)
    monkeypatch.setitem(recipe.POINTER, "miniature", small)
    seen = []
    result = recipe.pointer_cooling("miniature", lambda step, energies: seen.append(step))
    assert seen == [1, 2]
    record = json.loads(result.save(tmp_path).read_text())
    assert np.shape(record["energies"]) == (2, 3)
    assert record["settings"]["n"] == 8
    assert min(map(min, record["energies"])) > record["ground_level"] - 1e-3
    table = recipe.pointer_table(result, tmp_path)
    assert [row[0] for row in table.rows] == ["recorded", "this run"]
    assert recipe.pointer_table(result, tmp_path / "none").rows[0][1] == "not yet run"


def test_after_stop_the_pointer_table_says_that_the_run_is_unfinished(tmp_path, monkeypatch, capsys):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipe, "pointer_cooling", stop)
    cooled = recipe.pointer_here("lecture")
    assert "Interrupted. Run this cell again" in capsys.readouterr().out
    assert recipe.pointer_table(cooled, tmp_path).rows[-1][:2] == (
        "this run",
        "unfinished: run the training cell again",
    )


def test_there_is_no_paper_preset():
    for call in (lambda: recipe.pointer_cooling("paper"), lambda: recipe.schedule("paper", False)):
        with pytest.raises(ValueError, match="gives no configuration"):
            call()
    with pytest.raises(ValueError, match="preset must be"):
        recipe.pointer_cooling("huge")


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
