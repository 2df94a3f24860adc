"""What a run measures, records and says; and the table that holds it against the paper."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_recipe
import torch

from spectral_lab import records
from spectral_lab.records import hardware
from spectral_lab.training import (
    Evaluation,
    Part,
    Run,
    Silent,
    Target,
    Text,
    classroom,
    preset_here,
    results_table,
    train,
)
from spectral_lab.training.reporter import duration


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return train(tiny_recipe.recipe(noise=0.0), reporter=Silent(), folder=tmp_path_factory.mktemp("run"))


def test_the_loss_falls_and_the_metric_is_the_mean_over_the_split(run):
    loss = [value for _, value in run.curves["loss"]]
    assert len(loss) == 24
    assert sum(loss[-6:]) < 0.5 * sum(loss[:6])
    x, labels = run.recipe.data()["test"][:]
    with torch.no_grad():
        direct = (run.model.eval()(x).argmax(-1) == labels).double().mean()
    assert run.metrics == {"accuracy": pytest.approx(float(direct), abs=1e-12)}
    assert [step for step, _ in run.curves["accuracy"]] == [6, 12, 18, 24]


def test_the_record_holds_what_is_needed_to_repeat_the_run(run, tmp_path):
    path = run.save(tmp_path)
    record = json.loads(path.read_text())
    assert path.name.startswith("tests-tiny-miniature-seed0-")
    assert record["recipe"] == run.recipe.config()
    assert record["finished"]
    assert record["steps"] == [24, 24]
    assert record["parameters"] == 2 * 8 + 8 + 8 + 8 + 8 * 2 + 2
    assert record["metrics"] == run.metrics
    assert [tuple(point) for point in record["curves"]["loss"]] == run.curves["loss"]
    assert {"python", "torch", "numpy", "scipy", "lightning-fabric", "safetensors"} <= record["versions"].keys()
    assert record["hardware"]["cores"] >= 1
    assert record["seconds"] >= 0
    assert run.seconds > 0
    assert run.save(tmp_path) == path
    assert list(tmp_path.iterdir()) == [path]


def curve_run(target: Target) -> Run:
    recipe = tiny_recipe.recipe(target=target)
    run = Run(recipe, recipe.model(), Path("none"), steps_per_epoch=6, hardware=hardware(torch.device("cpu"), 1))
    run.curves = {
        "loss": [(6, 1.0), (12, 0.5), (18, 0.4)],
        "validation": [(6, 0.7), (12, 0.9), (18, 0.8)],
        "test": [(6, 0.6), (12, 0.85), (18, 0.88)],
        "sweep": [(18, 0.1)],
    }
    return run


def test_the_best_validation_epoch_is_reported():
    assert curve_run(Target(("test",))).metrics == {"validation": 0.8, "test": 0.88, "sweep": 0.1}
    highest = curve_run(Target(("test",), select="validation"))
    assert highest.metrics == {"validation": 0.9, "test": 0.85, "sweep": 0.1}
    lowest = curve_run(Target(("test",), select="validation", best="lowest"))
    assert lowest.metrics == {"validation": 0.7, "test": 0.6, "sweep": 0.1}


@pytest.mark.parametrize("lost", [float("nan"), float("inf"), -float("inf")])
def test_an_epoch_whose_metric_is_not_finite_is_never_the_best(lost):
    for best, right in (("highest", 0.9), ("lowest", 0.8)):
        run = curve_run(Target(("test",), select="validation", best=best))
        run.curves["validation"][0] = (6, lost)
        assert run.metrics["validation"] == right
        run.curves["validation"] = [(step, lost) for step in (6, 12, 18)]
        assert run.metrics["test"] == 0.88  # no epoch is better than another: the last


def reject(text):
    raise AssertionError(f"{text} is not JSON")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_record_that_is_not_finite_is_json_and_says_so(value, tmp_path):
    evaluations = (Evaluation("test", Part(tiny_recipe.lost, {"value": value})),)
    heard = io.StringIO()
    run = train(tiny_recipe.recipe(evaluations=evaluations), reporter=Text(heard), folder=tmp_path)
    word = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[value]
    record = json.loads(run.save(tmp_path).read_text(), parse_constant=reject)
    assert record["metrics"] == {"accuracy": word}
    assert record["curves"]["accuracy"][0] == [6, word]
    (read,) = records.select(run.recipe.name, folder=tmp_path)
    assert repr(read.metrics["accuracy"]) == value
    said = {"nan": "not a number", "inf": "infinite", "-inf": "minus infinity"}[value]
    assert f"accuracy {said}" in heard.getvalue()
    for options in ({}, {"within": 0.5}, {"within": 1e-320}):
        table = results_table([run], results=tmp_path, **options)
        assert [row[-1] for row in table.rows[1:]] == [said, said]
        assert said in table._repr_html_()
    again = train(run.recipe, again=False, reporter=Silent(), folder=tmp_path)
    assert repr(again.curves) == repr(run.curves)


def test_a_small_number_is_not_hidden_by_the_table(tmp_path):
    run = curve_run(Target(("test",)))
    run.curves["test"] = [(18, 0.0254)]
    table = results_table([run], results=tmp_path)
    assert table.rows[-1][-1] == "0.0"  # the text that every machine agrees on
    assert table.exact[-1][-1] == "0.0254"
    assert "0.0254" in table._repr_html_()
    run.curves["test"] = [(18, -1e-9)]
    assert results_table([run], results=tmp_path).rows[-1][-1] == "0.0"  # not -0.0


def test_a_notebook_shows_the_numbers_and_keeps_what_machines_agree_on(run, tmp_path, monkeypatch):
    table = results_table([run], results=tmp_path, within=0.5)
    number = f"{run.metrics['accuracy']:.3g}"
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: outputs.append(bundle))
    table._ipython_display_()
    kept = {"text/plain": repr(table), "text/html": table._html(table.rows)}
    assert outputs == [kept]
    assert f">{number}<" in table._repr_html_()
    assert f">{number}<" not in kept["text/html"]
    monkeypatch.setattr("spectral_lab.training.table.in_notebook", lambda: True)
    table._ipython_display_()
    assert outputs[1] == kept
    (view,) = outputs[2:]
    assert list(view) == ["application/vnd.jupyter.widget-view+json"]  # which notebook tests pass over


def test_the_table_puts_paper_records_and_this_run_below_each_other(run, tmp_path):
    run.save(tmp_path)
    (tmp_path / "foreign.json").write_text('{"format": "something else"}')
    (tmp_path / "broken.json").write_text("{")
    whole = json.loads(next(tmp_path.glob("tests-*.json")).read_text())
    for number, change in enumerate(
        ({"metrics": None}, {"metrics": {"accuracy": None}}, {"hardware": {}}, {"name": 0})
    ):
        (tmp_path / f"changed-{number}.json").write_text(json.dumps(whole | change))
    (tmp_path / "unfinished.json").write_text(json.dumps(whole | {"finished": False}))
    table = results_table([run], results=tmp_path)
    assert [row[1] for row in table.rows] == ["paper", "recorded", "this run"]
    assert table.rows[0] == ("tests/tiny", "paper", "a table", "0.9")
    assert table.rows[1][2].startswith("miniature, CPU")
    assert table.rows[2] == ("tests/tiny", "this run", "miniature, here", f"{run.metrics['accuracy']:.1f}")
    text = repr(table).splitlines()
    assert text[0].split() == ["recipe", "source", "where", "accuracy"]
    assert len(text) == 5
    html = table._repr_html_()
    assert html.count("<tr>") == 4
    assert "a table" in html


def test_the_table_says_what_was_not_run(run, tmp_path):
    table = results_table([run], results=tmp_path)
    assert table.rows[1] == ("tests/tiny", "recorded", "not yet run", "")
    with pytest.raises(ValueError, match="runs must hold at least one run"):
        results_table([])


def test_intervals_stand_for_numbers_that_machines_do_not_agree_on(run, tmp_path):
    shown = {}
    for accuracy in (0.0, 0.2, 0.5, 0.51, 0.93, 1.0):
        run_here = replace(run, curves={"accuracy": [(24, accuracy)]})
        shown[accuracy] = results_table([run_here], results=tmp_path, within=0.5).rows[-1][-1]
    assert shown[0.2] == shown[0.5] == "0 to 0.5"
    assert shown[0.51] == shown[0.93] == shown[1.0] == "0.5 to 1"
    with pytest.raises(ValueError, match="within must be a finite number greater than 0"):
        results_table([run], results=tmp_path, within=0)


def with_accuracy(run: Run, seed: int, *values: float) -> Run:
    curve = [(6 * epoch, value) for epoch, value in enumerate(values, start=1)]
    return replace(run, recipe=replace(run.recipe, seed=seed), curves={"accuracy": curve}, epoch=len(values))


def test_an_ensemble_is_one_row_with_its_spread(run, tmp_path):
    ensemble = [with_accuracy(run, seed, 0, 0, 0, value) for seed, value in enumerate((0.6, 0.7, 0.95))]
    other = replace(ensemble[0], recipe=replace(ensemble[0].recipe, name="tests/other"))
    table = results_table([*ensemble, other], results=tmp_path)
    assert [row[0] for row in table.rows] == ["tests/tiny"] * 3 + ["tests/other"] * 3
    assert table.rows[2][2:] == ("miniature, here, mean ± standard deviation of seeds 0, 1, 2", "0.8 ± 0.2")
    assert table.exact[2][-1] == "0.75 ± 0.18"
    assert table.rows[-1][-1] == "0.6"
    assert results_table(ensemble, results=tmp_path, within=0.5).rows[-1][-1] == "0.5 to 1"
    for each in ensemble[:2]:
        each.save(tmp_path)
    shorter = replace(ensemble[2], recipe=replace(ensemble[2].recipe, epochs=3), epoch=3)
    shorter.save(tmp_path)  # another number of epochs is another run
    rows = results_table(ensemble, results=tmp_path).rows
    recorded = {row[2].removeprefix(f"miniature, {run.hardware['name']}"): row[-1] for row in rows[1:-1]}
    assert recorded == {", mean ± standard deviation of seeds 0, 1": "0.650 ± 0.071", "": "0.950"}


def test_an_ensemble_shows_what_is_finished_of_it(run, tmp_path):
    finished, begun = with_accuracy(run, 0, 0, 0, 0, 0.6), with_accuracy(run, 1, 0.9)
    runs = classroom.Runs([replace(run.recipe, seed=seed) for seed in range(3)], [finished, begun])
    (*_, row) = results_table(runs, results=tmp_path).rows
    assert row[2:] == ("miniature, here, 1 of 3 seeds: run the training cell again", "0.6")
    assert str(runs.metric("accuracy")["tiny"]) == classroom.UNFINISHED
    runs[1:] = [with_accuracy(run, seed, 0, 0, 0, 0.9) for seed in (1, 2)]
    assert runs.metric("accuracy")["tiny"] == pytest.approx(0.8)


def test_a_seed_that_is_not_finite_makes_no_mean(run, tmp_path):
    lost = [with_accuracy(run, 0, 0, 0, 0, float("inf")), with_accuracy(run, 1, 0, 0, 0, float("-inf"))]
    assert results_table(lost, results=tmp_path).rows[-1][-1] == "not a number ± not a number"


@pytest.mark.usefixtures("as_users_call")
def test_the_last_cell_trains_each_variant_with_each_seed(monkeypatch, tmp_path):
    monkeypatch.setenv("SPECTRAL_LAB_RUNS", str(tmp_path))
    runs = classroom.train_here(RECIPES, "tiny", seeds=(3, 5), reporter=Silent())
    assert [(run.recipe.name[-3:], run.recipe.seed) for run in runs] == [
        ("one", 3), ("one", 5), ("two", 3), ("two", 5),
    ]  # fmt: skip
    values = [run.metrics["accuracy"] for run in runs]
    assert runs.metric("accuracy") == {"one": np.mean(values[:2]), "two": np.mean(values[2:])}
    for seeds in ((), (1, 1), 3, "12"):
        with pytest.raises(ValueError, match="seeds must be a list of different whole numbers"):
            classroom.with_seeds(runs.recipes[0], seeds)
    with pytest.raises(ValueError, match="seed must be a whole number"):
        classroom.with_seeds(runs.recipes[0], ["1"])


def test_html_is_escaped(run, tmp_path):
    sly = replace(run.recipe, target=Target(("accuracy",), {"accuracy": 1.0}, "<script>"))
    assert "<script>" not in results_table([replace(run, recipe=sly)], results=tmp_path)._repr_html_()


def test_the_text_reporter_tells_the_story(tmp_path):
    heard = io.StringIO()
    train(tiny_recipe.recipe(), reporter=Text(heard), folder=tmp_path)
    story = heard.getvalue()
    assert "tests/tiny, preset miniature, seed 0: begins on CPU" in story
    assert "It will take about" in story
    assert story.count("accuracy") == 4
    assert "Finished in" in story


def test_the_text_reporter_says_how_to_go_on(tmp_path):
    class Impatient(Text):
        def step(self, step, loss):
            super().step(step, loss)
            if step == 8:
                raise KeyboardInterrupt

    heard = io.StringIO()
    run = train(tiny_recipe.recipe(), reporter=Impatient(heard), folder=tmp_path)
    assert f"Interrupted at step 8 of 24; it goes on from {run.checkpoint}" in heard.getvalue()
    heard = io.StringIO()
    train(tiny_recipe.recipe(), reporter=Text(heard), folder=tmp_path)
    assert "goes on at step 8" in heard.getvalue()
    train(tiny_recipe.recipe(), again=False, reporter=Text(heard), folder=tmp_path)
    assert "was finished before" in heard.getvalue()
    assert "is kept as" not in heard.getvalue()
    train(tiny_recipe.recipe(), reporter=Text(heard), folder=tmp_path)
    assert f"is kept as {run.checkpoint.with_suffix('.previous.safetensors')}" in heard.getvalue()


def test_the_estimate_counts_steps_and_evaluations(tmp_path, monkeypatch):
    heard = []

    class Listener(Silent):
        def estimate(self, seconds):
            heard.append(seconds)

    class Timer:
        now = 0.0

        @classmethod
        def perf_counter(cls):
            return cls.now

    def slow_loss(model, batch):
        Timer.now += 2.0
        return tiny_recipe.cross_entropy(model, batch)

    def slow_metric(model, batch):
        Timer.now += 5.0
        return tiny_recipe.accuracy(model, batch, 0.0)

    monkeypatch.setattr("spectral_lab.training.upkeep.time", Timer)
    monkeypatch.setattr("spectral_lab.training.loop.time", Timer)
    recipe = tiny_recipe.recipe(loss=Part(slow_loss), evaluations=(Evaluation("test", Part(slow_metric), 2),))
    train(recipe, reporter=Listener(), folder=tmp_path)
    # After step 6: 18 more steps of 2 s, and the metric on 2.5 batches of 5 s after epochs 2 and 4.
    assert heard == [pytest.approx(18 * 2 + 2 * 2.5 * 5)]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (5400, "1.5 h")]
)
def test_durations_in_words(seconds, text):
    assert duration(seconds) == text


RECIPES = {
    "tiny/one": lambda preset: tiny_recipe.recipe(name="tests/tiny/one", preset=preset),
    "tiny/two": lambda preset: tiny_recipe.recipe(name="tests/tiny/two", preset=preset, seed=2),
    "other": lambda preset: tiny_recipe.recipe(name="tests/other", preset=preset),
}


def test_the_last_cell_says_what_it_chose(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SPECTRAL_LAB_RUNS", str(tmp_path))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    runs = classroom.train_here(RECIPES, "tiny", wanted="lecture", reporter=Silent())
    assert [run.recipe.name for run in runs] == ["tests/tiny/one", "tests/tiny/two"]
    assert all(run.finished for run in runs)
    said = capsys.readouterr()
    assert said.out == "No CUDA device here: preset 'miniature' in place of 'lecture', the same code in small.\n"
    assert said.err == ""


def test_the_last_cell_can_be_interrupted_and_run_again(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SPECTRAL_LAB_RUNS", str(tmp_path))

    def stop():
        raise KeyboardInterrupt

    runs = classroom.train_here(RECIPES, "tiny/one", reporter=tiny_recipe.AtStep(8, stop))
    assert (len(runs), runs[0].step) == (1, 8)
    assert "Run this cell again to go on" in capsys.readouterr().out
    (run,) = classroom.train_here(RECIPES, "tiny/one", reporter=tiny_recipe.AtStep(8, pytest.fail))
    assert run.finished


def test_after_stop_the_next_cells_say_that_the_training_is_unfinished(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SPECTRAL_LAB_RUNS", str(tmp_path))
    listener = StopsInTheSecond()
    runs = classroom.train_here(RECIPES, "tiny", reporter=listener)
    accuracy = runs.metric("accuracy")
    assert accuracy["one"] == runs[0].metrics["accuracy"]
    said = f"{accuracy['one'] < accuracy['two']}, {accuracy['two'] > 0.5}, {100 * accuracy['two'] - 1:.2f}"
    assert said == ", ".join([classroom.UNFINISHED] * 3)
    assert not accuracy["two"]
    with pytest.raises(ValueError, match="variant must be one of 'one', 'two', got 'three'"):
        accuracy["three"]
    with pytest.raises(ValueError, match="name must be one of 'accuracy', got 'error'"):
        runs.metric("error")
    states = [row[2] for row in results_table(runs, results=tmp_path).rows if row[1] == "this run"]
    assert states == ["miniature, here", "miniature, here, interrupted: run the training cell again"]


def test_a_stop_before_the_first_step_is_a_stop_as_well(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SPECTRAL_LAB_RUNS", str(tmp_path))

    def stopped(*_):
        raise KeyboardInterrupt

    slow = {name: lambda preset, b=build: replace(b(preset), data=Part(stopped)) for name, build in RECIPES.items()}
    runs = classroom.train_here(slow, "tiny", reporter=Silent())
    assert runs == []
    assert "Interrupted before tests/tiny/one. Run this cell again to go on." in capsys.readouterr().out
    assert str(runs.metric("accuracy")["one"]) == classroom.UNFINISHED
    states = [row[2] for row in results_table(runs, results=tmp_path).rows if row[1] == "this run"]
    assert states == ["miniature, unfinished: run the training cell again"] * 2


class StopsInTheSecond(Silent):
    """Notes where each run begins, and interrupts the second one after 8 steps, once."""

    def __init__(self):
        self.begun = []
        self.armed = True

    def start(self, run):
        self.begun.append((run.recipe.name.split("/")[-1], run.step))

    def step(self, step, loss):
        if self.armed and self.begun[-1][0] == "two" and step == 8:
            self.armed = False
            raise KeyboardInterrupt


def test_the_last_cell_does_not_repeat_what_was_finished(monkeypatch, tmp_path):
    monkeypatch.setenv("SPECTRAL_LAB_RUNS", str(tmp_path))
    listener = StopsInTheSecond()
    assert [run.finished for run in classroom.train_here(RECIPES, "tiny", reporter=listener)] == [True, False]
    assert [run.finished for run in classroom.train_here(RECIPES, "tiny", reporter=listener)] == [True, True]
    assert listener.begun[2:] == [("one", 24), ("two", 8)]
    classroom.train_here(RECIPES, "tiny", reporter=listener)  # all were finished: a new lesson
    assert listener.begun[4:] == [("one", 0), ("two", 0)]
    changed = {name: lambda preset, build=build: replace(build(preset), epochs=3) for name, build in RECIPES.items()}
    classroom.train_here(changed, "tiny", reporter=listener)  # a finished run of an older recipe stands in no one's way
    assert listener.begun[6:] == [("one", 0), ("two", 0)]


def test_presets_follow_the_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert preset_here() == "paper"
    assert preset_here("lecture") == "lecture"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert preset_here() == "miniature"
    with pytest.raises(ValueError, match="wanted must be one of"):
        preset_here("big")


def test_an_unknown_task_names_the_known_ones():
    with pytest.raises(ValueError, match="task must be one of 'tiny/one', 'tiny/two', 'other'"):
        classroom.select(RECIPES, "tin")
