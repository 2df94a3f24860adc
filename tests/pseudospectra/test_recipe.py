"""The recipes of chapter 03: what they say, and that the miniature shows what the paper shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from spectral_lab import cli
from spectral_lab.pseudospectra import s4d_frequencies
from spectral_lab.pseudospectra.recipe import RECIPES, ROBUSTNESS, accuracy, robustness_network, sweep
from spectral_lab.training import Silent, train
from spectral_lab.training.recipe import PRESETS


@pytest.mark.parametrize("preset", PRESETS)
def test_the_two_robustness_recipes_differ_in_the_start_only(preset):
    one, other = (RECIPES[f"digits/{start}"](preset).config() for start in ("s4d", "s4ptd"))
    one["model"].pop("start"), other["model"].pop("start")
    for config in (one, other):
        config.pop("name")
        config["target"].pop("published")
    assert one == other


def test_the_paper_preset_is_the_published_configuration():
    recipe = RECIPES["digits/s4ptd"]("paper")
    assert recipe.data.options == {"colour": True}
    assert recipe.model.options == {
        "start": "s4ptd",
        "n": 32,
        "inputs": 3,
        "layers": 4,
        "channels": 128,
        "dropout": 0.1,
    }
    assert (recipe.batch_size, recipe.epochs) == (64, 100)
    assert (recipe.optimiser.name, recipe.optimiser.learning_rate, recipe.optimiser.weight_decay) == (
        "adamw",
        0.01,
        0.05,
    )
    assert recipe.evaluations[0].metrics.options["tones"] == {"noisy": [325.43, 0.1]}


def test_the_sweep_meets_the_first_spikes():
    frequencies = sweep(32, 10)
    assert frequencies == sorted(frequencies)
    for spike in s4d_frequencies(32)[:3]:
        assert min(abs(spike - frequency) for frequency in frequencies) < 0.01


def test_only_what_the_paper_trains_is_trained():
    model = robustness_network("s4d", 8, 1, 2, 4, 0.0)
    learnt = {name.rsplit(".", 1)[-1] for name, _ in model.named_parameters() if ".ssm." in name}
    assert learnt == {"C"}
    optimiser = RECIPES["digits/s4d"]("miniature").optimiser.build(model)
    assert sorted(group["lr"] for group in optimiser.param_groups) == [0.004, 0.01]


def test_a_silent_tone_changes_no_answer():
    torch.manual_seed(0)
    model = robustness_network("s4ptd", 8, 1, 2, 4, 0.0)
    batch = (torch.randn(30, 16, 1), None, torch.arange(30) % 10)
    answers = accuracy(model, batch, {"silent": (80.0, 0.0), "loud": (80.0, 1e4)})
    assert torch.equal(answers["silent"], answers["clean"])
    assert answers["loud"].shape == (30,)


def test_the_miniature_shows_the_fragility_of_s4d_and_its_cure(tmp_path):
    """Three epochs are enough for the order of things; the full miniature has ten."""
    runs = {
        start: train(replace(RECIPES[f"digits/{start}"]("miniature"), epochs=4), reporter=Silent(), folder=tmp_path)
        for start in ("s4d", "s4ptd")
    }
    for run in runs.values():
        assert run.metrics["clean"] > 0.75
    assert runs["s4d"].metrics["noisy"] < 0.4
    assert runs["s4ptd"].metrics["noisy"] > 0.6
    spike = f"at {round(s4d_frequencies(32)[0], 2):g}"
    assert runs["s4d"].metrics[spike] < runs["s4d"].metrics["at 976.28"]


def test_the_command_trains_the_miniature_and_records_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SPECTRAL_LAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path / "results"))
    words = ["train", "pseudospectra", "--task", "digits/s4d", "--preset", "miniature", "--epochs", "1", "--record"]
    assert cli.main(words) == 0
    assert "pseudospectra/digits/s4d  recorded" in capsys.readouterr().out
    assert len(list((tmp_path / "results").glob("pseudospectra-digits-s4d-miniature-*.json"))) == 1


def test_unknown_starts_and_presets_are_named():
    with pytest.raises(ValueError, match="start must be one of 's4d', 's4ptd'"):
        robustness_network("s4", 8, 1, 2, 4, 0.0)
    with pytest.raises(ValueError, match="preset must be one of 'paper', 'lecture', 'miniature'"):
        RECIPES["digits/s4d"]("huge")
    assert tuple(ROBUSTNESS) == PRESETS
