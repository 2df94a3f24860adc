"""What happens between epochs and steps: when it is asked for, what it may do, and that it is resumed as it was."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from itertools import pairwise

import pytest
import tiny_recipe
import torch
from safetensors.torch import load_file
from torch import nn

from spectral_lab.training import (
    Callback,
    CheckpointError,
    Evaluation,
    Group,
    Optimiser,
    Part,
    Run,
    Silent,
    loop,
    schedules,
    train,
)
from spectral_lab.training.checkpoint import read_state, save_checkpoint


def sgd(**options) -> Optimiser:
    return Optimiser("sgd", 0.1, groups=(Group("*", each=True),), **options)


def plain(**changes):
    changes = {"optimiser": sgd(), "schedule": Part(schedules.constant)} | changes
    return tiny_recipe.recipe(plain=True, noise=0.0, **changes)


class Diary(Callback):
    """Writes down when it was called, and the weights that it saw."""

    pages: list[tuple]  # of the test that is running

    def before_epoch(self, run: Run) -> None:
        self.pages.append(("epoch", run.epoch, run.step))

    def before_step(self, run: Run) -> None:
        weights = [weight.detach().clone() for weight in self.model.parameters()]
        self.pages.append(("step", run.step, self.model.training, weights))


@pytest.fixture
def pages(monkeypatch) -> list[tuple]:
    monkeypatch.setattr(Diary, "pages", [], raising=False)
    return Diary.pages


def moments(pages: list[tuple]) -> list[tuple]:
    return [page[:2] for page in pages]


EXPECTED = [
    moment
    for epoch in range(4)
    for moment in [("epoch", epoch), *(("step", step) for step in range(6 * epoch, 6 * epoch + 6))]
]


def test_it_is_called_before_each_epoch_and_step_and_at_no_other_time(pages, tmp_path):
    train(plain(callbacks=(Part(Diary),)), reporter=Silent(), folder=tmp_path)
    assert moments(pages) == EXPECTED


@pytest.mark.parametrize("at", [6, 7, 12])
def test_an_epoch_that_goes_on_is_not_begun_again(pages, tmp_path, at):
    def stop():
        raise KeyboardInterrupt

    recipe = plain(callbacks=(Part(Diary),))
    train(recipe, reporter=tiny_recipe.AtStep(at, stop), folder=tmp_path)
    assert train(recipe, reporter=Silent(), folder=tmp_path).finished
    assert moments(pages) == EXPECTED


def test_a_stop_between_an_epochs_begin_and_its_first_step_is_no_second_begin(pages, tmp_path, monkeypatch):
    order = loop.epoch_order

    def stop(size, batch, seed, epoch):
        if epoch == 2:
            raise KeyboardInterrupt
        return order(size, batch, seed, epoch)

    recipe = plain(callbacks=(Part(Diary),))
    monkeypatch.setattr(loop, "epoch_order", stop)
    partial = train(recipe, reporter=Silent(), folder=tmp_path)
    assert (partial.epoch, partial.begun) == (2, 3)
    monkeypatch.setattr(loop, "epoch_order", order)
    train(recipe, reporter=Silent(), folder=tmp_path)
    assert moments(pages) == EXPECTED


def stopping(model: nn.Module, batch: list[torch.Tensor]) -> torch.Tensor:
    loss = tiny_recipe.cross_entropy(model, batch)
    if Diary.pages[-1][1] == 9 and not stopping.done:
        stopping.done = True
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
    return loss


def test_a_step_that_was_broken_off_is_not_kept(pages, tmp_path):
    """Batch norm has then seen the batch already: to go on from there would show it twice."""
    recipe = tiny_recipe.recipe(loss=Part(stopping), callbacks=(Part(Diary),))
    stopping.done = True
    whole = train(recipe, reporter=Silent(), folder=tmp_path / "whole")
    stopping.done = False
    partial = train(recipe, reporter=Silent(), folder=tmp_path / "parts")
    assert (partial.finished, read_state(partial.checkpoint)["step"]) == (False, 6)
    resumed = train(recipe, reporter=Silent(), folder=tmp_path / "parts")
    assert resumed.curves == whole.curves
    a, b = load_file(whole.checkpoint), load_file(resumed.checkpoint)
    assert all(torch.equal(a[name], b[name]) for name in a)


class Freezing(Callback):
    """From this epoch on only the last layer learns, at another rate."""

    def __init__(self, model: nn.Module, epoch: int, factor: float) -> None:
        super().__init__(model)
        self.epoch, self.factor = epoch, factor

    def before_epoch(self, run: Run) -> None:
        if run.epoch == self.epoch:
            run.scale_rates({"0.weight": 0.0, "0.bias": 0, "2.weight": self.factor})


def test_the_rate_of_each_parameter_is_schedule_times_base_times_factor(pages, tmp_path):
    """Against a loop written out: SGD by hand, with the batches of the kit's own order."""
    recipe = plain(
        callbacks=(Part(Freezing, {"epoch": 2, "factor": 0.25}), Part(Diary)),
        schedule=Part(schedules.linear, {"warmup": 2}),
        optimiser=Optimiser("sgd", 0.1, groups=(Group("2.*", 0.4, each=True), Group("*", each=True))),
    )
    run = train(recipe, reporter=Silent(), folder=tmp_path)
    seen = [page[3] for page in pages if page[0] == "step"] + [list(run.model.parameters())]
    data = recipe.data()["train"]
    model = recipe.model()
    for step in range(24):
        for weight, value in zip(model.parameters(), seen[step], strict=True):
            weight.data.copy_(value)
        rows = loop.epoch_order(48, 8, recipe.seed, step // 6)[step % 6].tolist()
        model.zero_grad()
        tiny_recipe.cross_entropy(model, data[rows]).backward()
        factors = [0.0, 0.0, 0.25, 1.0] if step >= 12 else [1.0] * 4
        for weight, after, factor, base in zip(
            model.parameters(), seen[step + 1], factors, [0.1, 0.1, 0.4, 0.4], strict=True
        ):
            rate = schedules.linear(step, 24, 6, warmup=2) * base * factor
            torch.testing.assert_close(after, weight - rate * weight.grad, rtol=1e-5, atol=1e-7)
    assert run.record()["notes"]["rates"] == [(12, {"0.weight": 0.0, "0.bias": 0.0, "2.weight": 0.25})]


class Asking(Callback):
    """Does with the run what the test asks for."""

    def before_epoch(self, run: Run) -> None:
        self.do(run)


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (lambda run: run.scale_rates({"0.weight": -1.0}), r"factors\['0.weight'\] must be a finite number of at least"),
        (lambda run: run.scale_rates({"0.weight": float("nan")}), r"factors\['0.weight'\] must be a finite number"),
        (lambda run: run.scale_rates({"9.weight": 1.0}), "factors must name parameters of a Group with each=True"),
        (lambda run: run.note("loss", 1.0), "name must be a text other than 'loss', got 'loss'"),
        (lambda run: run.note("", 1.0), "name must be a text other than 'loss'"),
        (lambda run: run.note("model", run.model), "value of 'model' must be a JSON value"),
        (lambda run: run.note("odd", {1: object()}), "value of 'odd' must be a JSON value"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(tmp_path, monkeypatch, do, message):
    monkeypatch.setattr(Asking, "do", staticmethod(do), raising=False)
    with pytest.raises(ValueError, match=message):
        train(plain(callbacks=(Part(Asking),)), reporter=Silent(), folder=tmp_path)


def test_a_rate_of_a_group_that_others_share_is_refused(tmp_path):
    recipe = plain(optimiser=Optimiser("sgd", 0.1), callbacks=(Part(Freezing, {"epoch": 0, "factor": 1.0}),))
    with pytest.raises(ValueError, match=r"factors must name parameters of a Group with each=True, got '0\.weight'"):
        train(recipe, reporter=Silent(), folder=tmp_path)


def test_notes_keep_what_is_no_number_and_curves_what_is(tmp_path, monkeypatch):
    def do(run):
        run.note("kept", [1, 4])
        run.note("threshold", torch.tensor(0.25))
        run.note("alphas", torch.tensor([1.0, float("inf")]))
        run.note("frozen", run.epoch > 1)

    monkeypatch.setattr(Asking, "do", staticmethod(do), raising=False)
    run = train(plain(callbacks=(Part(Asking),)), reporter=Silent(), folder=tmp_path)
    assert run.curves["threshold"] == [(step, 0.25) for step in (0, 6, 12, 18)]
    assert run.metrics["threshold"] == 0.25
    assert run.notes["kept"][-1] == (18, [1, 4])
    assert run.notes["alphas"][0] == (0, [1.0, "Infinity"])
    assert [value for _, value in run.notes["frozen"]] == [False, False, True, True]
    record = json.loads(run.save(tmp_path).read_text())
    assert record["notes"] == json.loads(json.dumps(run.notes))
    assert "kept" not in record["metrics"]


def test_the_options_of_a_callback_are_part_of_the_configuration(tmp_path):
    recipe = plain(callbacks=(Part(Freezing, {"epoch": 2, "factor": 0.25}),))
    named = {"function": f"{Freezing.__module__}.Freezing", "epoch": 2, "factor": 0.25}
    assert recipe.config()["callbacks"] == [named]

    def stop():
        raise KeyboardInterrupt

    train(recipe, reporter=tiny_recipe.AtStep(8, stop), folder=tmp_path)
    changed = replace(recipe, callbacks=(Part(Freezing, {"epoch": 2, "factor": 0.5}),))
    with pytest.raises(CheckpointError, match="belongs to another configuration"):
        train(changed, reporter=Silent(), folder=tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"callbacks": []},
        {"callbacks": [{}, {}]},
        {"callbacks": None},
        {"notes": {"phase": [[1]]}},
        {"notes": None},
        {"rates": {"0.weight": "fast"}},
        {"begun": 0},
        {"begun": 3},
        {"begun": None},
    ],
)
def test_a_state_that_no_run_has_is_refused(tmp_path, change):
    def stop():
        raise KeyboardInterrupt

    recipe = tiny_recipe.recipe(callbacks=(Part(tiny_recipe.Phases, {"most": 1.0}),), optimiser=sgd())
    partial = train(recipe, reporter=tiny_recipe.AtStep(9, stop), folder=tmp_path)
    optimiser = recipe.optimiser.build(partial.model)
    save_checkpoint(partial.checkpoint, partial.model, optimiser, partial.state() | change)
    with pytest.raises(CheckpointError, match=r"does not say how far|which this run never does"):
        train(recipe, reporter=Silent(), folder=tmp_path)


# --- what the optimiser and the batches do ---------------------------------------------------------------------------


def steps_taken(pages: list[tuple], run: Run) -> list[torch.Tensor]:
    """How far the weights went in each step, as one vector."""
    flat = [torch.cat([weight.flatten() for weight in page[3]]) for page in pages if page[0] == "step"]
    flat.append(torch.cat([weight.detach().flatten() for weight in run.model.parameters()]))
    return [after - before for before, after in pairwise(flat)]


def test_a_long_gradient_is_shortened_and_a_short_one_is_not(pages, tmp_path):
    clipped = train(plain(optimiser=sgd(clip=0.05), callbacks=(Part(Diary),)), reporter=Silent(), folder=tmp_path)
    lengths = [float(step.norm()) for step in steps_taken(pages, clipped)]
    assert lengths[0] == pytest.approx(0.1 * 0.05, rel=1e-4)
    assert max(lengths) < 0.1 * 0.05 * (1 + 1e-4)
    first = steps_taken(pages, clipped)[0]
    pages.clear()
    free = train(plain(callbacks=(Part(Diary),)), reporter=Silent(), folder=tmp_path)
    whole = steps_taken(pages, free)[0]
    assert whole.norm() > 2 * first.norm()
    torch.testing.assert_close(first / first.norm(), whole / whole.norm(), rtol=0, atol=1e-4)
    loose = train(plain(optimiser=sgd(clip=1e6)), reporter=Silent(), folder=tmp_path)
    assert loose.curves == free.curves


def test_a_batch_in_parts_is_the_batch(tmp_path):
    """Each sample weighs the same, so up to rounding it is the same run; without batch norm and dropout."""
    whole = train(plain(), reporter=Silent(), folder=tmp_path)
    for parts in (2, 4, 8):
        split = train(plain(accumulate=parts), reporter=Silent(), folder=tmp_path)
        for name in ("loss", "accuracy"):
            assert [step for step, _ in split.curves[name]] == [step for step, _ in whole.curves[name]]
            values = [[value for _, value in run.curves[name]] for run in (whole, split)]
            torch.testing.assert_close(*map(torch.tensor, values), rtol=1e-4, atol=1e-5)


def first_logit(model: nn.Module, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    return {"logit": model(batch[0])[:, 0]}


def test_the_average_is_what_is_measured_and_what_the_run_gives(pages, tmp_path):
    evaluations = (Evaluation("test", Part(first_logit), 0),)
    recipe = plain(average=0.7, callbacks=(Part(Diary),), optimiser=Optimiser("sgd", 1.0), evaluations=evaluations)
    run = train(recipe, reporter=Silent(), folder=tmp_path)
    weights = load_file(run.checkpoint)
    seen = [page[3] for page in pages if page[0] == "step"]
    seen.append([weights[f"model.{name}"] for name, _ in run.model.named_parameters()])
    average = [weight.clone() for weight in seen[0]]
    for step, after in enumerate(seen[1:], start=1):
        decay = min(0.7, (1 + step) / (10 + step))
        average = [decay * a + (1 - decay) * w for a, w in zip(average, after, strict=True)]
    for (name, weight), mean, last in zip(run.model.named_parameters(), average, seen[-1], strict=True):
        torch.testing.assert_close(weight.detach(), mean, rtol=1e-5, atol=1e-6)
        assert torch.equal(weight, weights[f"average.{name}"])
        assert not torch.allclose(weight, last, atol=1e-4)
    x, _ = recipe.data()["test"][:]
    with torch.no_grad():
        assert run.metrics["logit"] == pytest.approx(float(run.model.eval()(x)[:, 0].mean()), rel=1e-4)
        for weight, last in zip(run.model.parameters(), seen[-1], strict=True):
            weight.copy_(last)
        assert run.metrics["logit"] != pytest.approx(float(run.model(x)[:, 0].mean()), rel=1e-2)
    free = train(replace(recipe, average=None), reporter=Silent(), folder=tmp_path / "free")
    assert free.curves["loss"] == run.curves["loss"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sgd(clip=0.0), "clip must be a finite number greater than 0"),
        (lambda: sgd(clip=float("inf")), "clip must be a finite number greater than 0"),
        (lambda: sgd(options={"betas": [0.9, 0.99]}), "options must be JSON values that torch's sgd takes, got"),
        (lambda: sgd(options={"momentum": -1.0}), "options must be JSON values that torch's sgd takes, got"),
        (lambda: sgd(options={"lr": 1.0}), "lr is a field of its own"),
        (lambda: sgd(options=[0.9]), "options must be a mapping from names to values"),
        (lambda: sgd(options={"momentum": float("nan")}), "options must be JSON values"),
        (lambda: Group("*", each=1), "each must be True or False, got 1"),
        (lambda: plain(accumulate=0), "accumulate must be a whole number between 1 and 8, got 0"),
        (lambda: plain(accumulate=3), "accumulate must divide the batch_size 8, got 3"),
        (lambda: plain(average=1.5), "average must be a finite number between 0 and 1, got 1.5"),
        (lambda: plain(callbacks=(Diary,)), "callbacks must be of the kind Part"),
        (lambda: plain(measurements=(Part(print),)), "measurements must be of the kind Measurement"),
    ],
)
@pytest.mark.usefixtures("as_users_call")
def test_wrong_options_are_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_optimisers_own_options_reach_it():
    model = nn.Linear(2, 2)
    assert sgd(options={"momentum": 0.9}).build(model).param_groups[0]["momentum"] == 0.9
    built = Optimiser("adamw", 0.1, options={"betas": [0.9, 0.95]}).build(model)
    assert list(built.param_groups[0]["betas"]) == [0.9, 0.95]
