from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from spectral_lab.hippo import recipe
from spectral_lab.hippo.recipe import PUBLISHED, RANGES, RECIPES, ROWS, arena, delay, delay_table, equal_expressions
from spectral_lab.training import Silent, train
from spectral_lab.training.recipe import PRESETS


@pytest.fixture(autouse=True)
def _one_thread_and_own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_recipe_has_all_presets_and_its_own_name(preset):
    made = {name: build(preset) for name, build in RECIPES.items()}
    assert len({one.name for one in made.values()}) == len(made)
    assert all(one.name == f"hippo/{name}" for name, one in made.items())
    assert all(one.preset == preset for one in made.values())


def test_paper_presets_are_the_authors_settings():
    """Parameters of the current configurations (counted in the authors' modules), and some lines of the table."""
    counts = {"listops": 815_186, "text": 843_594, "retrieval": 1_096_522, "image": 3_564_682, "path-x": 1_288_706}
    for task, count in counts.items():
        model = RECIPES[f"arena-now/{task}/s4-legs"]("paper").model()
        assert sum(p.numel() for p in model.parameters()) == count, task
    old = RECIPES["arena/listops/s4-legs"]("paper")
    assert sum(p.numel() for p in old.model().parameters()) == 599_562
    assert (old.batch_size, old.epochs, old.seed) == (50, 40, 2222)
    assert old.target.published == {"accuracy": 0.5960}
    demonstration = RECIPES["digits/s4d-lin"]("paper").model()  # "200k parameters", in the authors' words
    assert sum(p.numel() for p in demonstration.parameters()) == pytest.approx(200_000, rel=0.4)
    path_x = RECIPES["arena/path-x/s4-legs"]("paper")
    assert path_x.model.options["steps"] == [1e-4, 0.1]
    assert path_x.schedule(500_000, 0, 1) == pytest.approx(0, abs=1e-9)


def test_groups_train_the_state_space_slowly_and_without_decay():
    optimiser = arena("listops", "s4-legs", "lecture").optimiser
    model = arena("listops", "s4-legs", "lecture").model()
    slow = [group for group in optimiser.build(model).param_groups if group["weight_decay"] == 0]
    assert {len(group["params"]) for group in slow} == {4, 8}  # P, B and steps of four layers; A_real and A_imag
    assert all(group["lr"] == 0.001 for group in slow)


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("arena/listops", 0.01),
        ("arena/image", 0.01),
        ("arena/pathfinder", 0.001),
        ("arena/path-x", 0.0005),
        ("arena-now/image", 0.001),
        ("arena-now/pathfinder", 0.001),
        ("arena-now/text", 0.01),
    ],
)
def test_the_read_out_learns_at_the_small_rate_where_the_authors_give_one_number(name, rate):
    """C is slow where the file has one rate for the state space; it keeps the weight decay of the other weights."""
    recipe = RECIPES[f"{name}/s4-legs"]("paper")
    small = replace(recipe.model, options=recipe.model.options | {"layers": 1, "channels": 4, "copies": 1})
    model = small()
    (C,) = (p for key, p in model.named_parameters() if key.endswith(".C"))
    (group,) = (g for g in recipe.optimiser.build(model).param_groups if any(p is C for p in g["params"]))
    assert (group["lr"], group["weight_decay"]) == (rate, recipe.optimiser.weight_decay)


def test_averages_of_the_published_table():
    """The paper's averages, with chance (50 %) where a model fails."""
    for model, average in {"s4-legs": 86.09, "s4-fout": 77.90, "s4d-legs": 84.89, "s4d-inv": 85.50}.items():
        values = [0.5 if value is None else value for value in PUBLISHED[model].values()]
        assert 100 * sum(values) / len(ROWS) == pytest.approx(average, abs=0.06)


def test_delay_learns_from_steps_that_fit_and_not_from_steps_that_do_not(tmp_path):
    errors = {}
    for span in ("hugging", "beyond"):
        small = delay("legs", span, "miniature")
        short = replace(small, data=replace(small.data, options={**small.data.options, "train": 3200}))
        errors[span] = train(short, reporter=Silent(), folder=tmp_path).metrics["error"]
    assert errors["hugging"] < 0.3 < errors["beyond"]  # after 100 steps; the whole run ends at 0.01 and 0.6
    low, high = delay("fout", "hugging", "paper").model.options["steps"]
    assert (low, high) == (1e-3, 2e-3)


@pytest.mark.parametrize(
    "name", ["listops/s4-legs", "listops/transformer", "arena/retrieval/s4-fout", "digits/s4d-lin"]
)
def test_miniatures_run_and_lower_the_loss(name, tmp_path, monkeypatch):
    words = recipe.Part(recipe.expressions, {"train": 300, "test": 60, "longest": 30})
    monkeypatch.setitem(recipe.SMALL_DATA["miniature"], "listops", words)
    pairs = recipe.Part(recipe.equal_expressions, words.options)
    monkeypatch.setitem(recipe.SMALL_DATA["miniature"], "retrieval", pairs)
    run = train(replace(RECIPES[name]("miniature"), epochs=1), reporter=Silent(), folder=tmp_path)
    losses = [loss for _, loss in run.curves["loss"]]
    assert run.finished
    assert ("val accuracy" in run.metrics) == (not name.startswith("digits"))
    if "retrieval" not in name:  # too hard for six steps; here only its batches of pairs are tried
        assert losses[-1] < losses[0]


def test_half_of_the_pairs_have_equal_values():
    parts = equal_expressions(200, 50, 30)
    shares = [float(part.first.labels.float().mean()) for part in parts.values()]
    assert all(0.4 < share < 0.75 for share in shares)


def test_delay_table_shows_logarithms():
    table = delay_table({"hippo/delay/legs/hugging": 0.01, "hippo/delay/fout/beyond": 1.0})
    lines = table.splitlines()
    assert len(lines) == 1 + len(RANGES)
    assert "-2.0" in lines[1]
    assert lines[-1].endswith("0.0")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: delay("legs", "narrow", "paper"), "span must"),
        (lambda: delay("legs", "wide", "huge"), "preset must"),
        (lambda: arena("chess", "s4-legs", "paper"), "task must"),
        (lambda: recipe.classifier("lstm", 8, 1, 2), "model must"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
