"""The recipes of chapter 03: what they say, and that the miniature shows what the paper shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from spectral_lab import cli
from spectral_lab.hippo import legs
from spectral_lab.hippo.recipe import RECIPES as hippo_recipes
from spectral_lab.pseudospectra import s4d_frequencies, stored_path
from spectral_lab.pseudospectra.data import Pairs, listops
from spectral_lab.pseudospectra.recipe import (
    ARENA_TABLE,
    EPSILONS,
    RECIPES,
    ROBUSTNESS,
    TASKS,
    accuracy,
    arena,
    perturbed_modes,
    robustness_network,
    s4_network,
    s5_cosine,
    s5_network,
    sweep,
)
from spectral_lab.training import Silent, metrics, train
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
        "learnt": False,
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
    learnt = {name.rsplit(".", 1)[-1] for name, _ in model.named_parameters() if ".kernel." in name}
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
    assert runs["s4d"].metrics["loud 1"] < runs["s4d"].metrics["loud 0.3"] < runs["s4d"].metrics["loud 0.03"] + 0.02


def test_the_command_trains_the_miniature_and_records_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SPECTRAL_LAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SPECTRAL_LAB_RESULTS", str(tmp_path / "results"))
    words = ["train", "pseudospectra", "--task", "digits/s4d", "--preset", "miniature", "--epochs", "1", "--record"]
    assert cli.main(words) == 0
    assert "pseudospectra/digits/s4d  recorded" in capsys.readouterr().out
    assert len(list((tmp_path / "results").glob("pseudospectra-digits-s4d-miniature-*.json"))) == 1


def test_learnt_recipes_learn_what_the_paper_freezes():
    frozen, learnt = (RECIPES[f"{task}/s4ptd"]("miniature") for task in ("digits", "learnt"))
    names = [
        {name.split(".")[-1] for name, _ in r.model().named_parameters() if ".kernel." in name}
        for r in (frozen, learnt)
    ]
    assert names == [{"C"}, {"C", "B", "inv_step", "A_real", "A_imag"}]
    rates = {group["lr"] for group in learnt.optimiser.build(learnt.model()).param_groups}
    assert rates == {0.01, 0.004, 0.001}


def test_the_ablation_starts_from_perturbations_of_the_sizes_it_names():
    for epsilon in EPSILONS:
        recipe = RECIPES[f"ablation/{epsilon:g}"]("miniature")
        E = stored_path(32).nearest(recipe.model.options["epsilon"]).E
        assert np.linalg.norm(E, 2) == pytest.approx(epsilon * np.linalg.norm(legs(32)[0], 2), rel=0.15)
        model = recipe.model()
        assert model.body.blocks[0].convolution.D is not None
        assert model.body.blocks[0].residual
    paper = RECIPES["ablation/0.01"]("paper")
    assert {"layers": 6, "channels": 512, "inputs": 3}.items() <= paper.model.options.items()
    assert paper.epochs == 200


# --- the Long Range Arena --------------------------------------------------------------------------------------------


def test_every_row_of_the_published_table_has_its_average():
    for row in ARENA_TABLE.values():
        *tasks, average = row
        assert len(tasks) == len(TASKS)
        assert sum(tasks) / len(tasks) == pytest.approx(average, abs=0.0051)


PARAMETERS = {  # as counted for the authors' code: S5, S5-PTD
    "listops": (188_490, 237_834),
    "text": (1_321_154, 2_207_618),
    "retrieval": (772_098, 1_364_226),
    "pathfinder": (1_113_602, 2_000_642),
    "path-x": (694_018, 1_286_146),
}


@pytest.mark.parametrize("task", PARAMETERS)
@pytest.mark.parametrize("model", ["s5", "s5ptd", "s4ptd"])
def test_paper_presets_build_with_all_their_groups(task, model):
    recipe = RECIPES[f"arena/{task}/{model}"]("paper")
    network = recipe.model()
    rates = {group["lr"] for group in recipe.optimiser.build(network).param_groups}
    assert recipe.optimiser.learning_rate in rates
    assert min(rates) <= recipe.optimiser.learning_rate
    if model != "s4ptd":
        count = sum(parameter.numel() for parameter in network.parameters())
        assert count == PARAMETERS[task][model == "s5ptd"]


def test_the_images_of_s5ptd_start_from_b_h_and_clip():
    recipe = RECIPES["arena/image/s5ptd"]("paper")
    chosen = {"blocks": 3, "states": 128, "inputs": "hippo", "stabiliser": "clip"}
    assert chosen.items() <= recipe.model.options.items()
    assert (recipe.batch_size, recipe.epochs, recipe.seed) == (50, 250, 16418)
    assert recipe.optimiser.learning_rate == pytest.approx(5e-3)


def test_a_norm_ends_the_pre_norm_models_of_s4ptd_only():
    for task, ends in (("text", True), ("listops", False)):
        body = RECIPES[f"arena/{task}/s4ptd"]("paper").model().body
        assert [name for name, _ in body.norm.named_parameters()] == ["norm.weight", "norm.bias"] * ends
    assert not list(RECIPES["arena/listops/s5"]("miniature").model().body.norm.parameters())
    images = {model: RECIPES[f"arena/image/{model}"]("paper").model.options for model in ("s4ptd", "s5")}
    assert (images["s4ptd"]["norm"], images["s4ptd"]["prenorm"]) == ("layer", False)
    assert images["s5"]["stabiliser"] == "clip"


def test_who_learns_b_and_the_steps():
    def rates(task: str) -> dict[str, tuple[float, float]]:
        recipe = RECIPES[f"arena/{task}/s5ptd"]("paper")
        network = recipe.model()
        names = {id(parameter): name for name, parameter in network.named_parameters()}
        groups = recipe.optimiser.build(network).param_groups
        return {names[id(p)]: (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}

    for task, B, step in (
        ("pathfinder", (9e-4, 0.0), (9e-4, 0.0)),
        ("path-x", (6e-4, 0.06), (6e-4, 0.0)),
        ("listops", (3e-3, 0.05), (1e-3, 0.0)),
        ("text", (1e-3, 0.0), (4e-3, 0.07)),
    ):
        found = rates(task)
        place = "body.blocks.0.ssm."
        assert found[place + "B"] == pytest.approx(B)
        assert found[place + "log_step"] == pytest.approx(step)
        assert found[place + "real"][1] == 0.0
        assert found["body.blocks.0.norm.norm.weight"] == found["head.weight"]


def test_the_schedule_of_s5_rises_falls_and_rests():
    factors = [s5_cosine(step, 100, 10, epochs=10, warmup=2) for step in range(100)]
    assert factors[:20] == [step / 20 for step in range(20)]
    assert factors[20] == pytest.approx(0.8536, abs=1e-4)  # a quarter of the way down already
    assert (np.diff(factors[20:]) <= 0).all()
    assert factors[80:] == [0.0] * 20


def test_small_modes_and_large_ones():
    exact = perturbed_modes(2)
    assert sorted(exact.eigenvalues.real) == pytest.approx([-2.0, -1.0])
    for n in (8, 64):
        assert perturbed_modes(n).eigenvalues.real.max() < 0


@pytest.mark.parametrize("model", ["s4ptd", "s5ptd", "s5"])
def test_the_arena_in_small_learns(model, tmp_path):
    recipe = RECIPES[f"arena/image/{model}"]("miniature")
    run = train(recipe, reporter=Silent(), folder=tmp_path)
    assert run.metrics["accuracy"] > 0.5
    assert run.recipe.target.published["accuracy"] > 0.8


def test_expressions_and_pairs_of_them_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    torch.manual_seed(0)
    parts = listops(40, 10, 10, 0, 3, 4, 8, 40, workers=1)
    assert all(int(part.x.max()) < TASKS["listops"]["tokens"] for part in parts.values())
    rows = [3, 1, 4]
    for name in ("arena/listops/s5ptd", "arena/listops/s4ptd"):
        model = RECIPES[name]("miniature").model()
        assert metrics.cross_entropy(model, parts["train"].__getitems__(rows)).isfinite()
    pairs = Pairs(parts["train"], parts["train"])
    for model in (
        s5_network(True, 1, 8, 1, 2, classes=10, tokens=20, pairs=True),
        s4_network(1, 8, 8, classes=10, tokens=20, pairs=True),
    ):
        assert metrics.cross_entropy(model, pairs.__getitems__(rows)).isfinite()


@pytest.mark.parametrize("preset", PRESETS)
def test_the_arena_is_that_of_chapter_02(preset):
    """The same data, and the same network but for the kernel: state-space parameters apart, as many to learn."""
    for task in TASKS:
        ours, theirs = RECIPES[f"arena/{task}/s4ptd"](preset), hippo_recipes[f"arena/{task}/s4d-legs"](preset)
        assert ours.data == theirs.data
        if preset == "miniature":
            shapes = [
                {name: tuple(p.shape) for name, p in recipe.model().named_parameters() if ".kernel." not in name}
                for recipe in (ours, theirs)
            ]
            assert shapes[0] == shapes[1]


def test_unknown_starts_tasks_and_presets_are_named():
    with pytest.raises(ValueError, match="task must be one of 'listops', 'text'"):
        arena("lstops", "s5", "paper")
    with pytest.raises(ValueError, match="model must be one of 's4ptd', 's5ptd', 's5', got 's4'"):
        arena("listops", "s4", "paper")
    with pytest.raises(ValueError, match="start must be one of 's4d', 's4ptd'"):
        robustness_network("s4", 8, 1, 2, 4, 0.0)
    with pytest.raises(ValueError, match="preset must be one of 'paper', 'lecture', 'miniature'"):
        RECIPES["digits/s4d"]("huge")
    assert tuple(ROBUSTNESS) == PRESETS
