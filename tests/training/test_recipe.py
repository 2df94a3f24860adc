"""A recipe is complete, comparable and recordable; wrong ones are refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from math import cos, pi

import numpy as np
import pytest
import tiny_recipe
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.training import Evaluation, Group, Optimiser, Part, Target, schedules
from spectral_lab.training.loop import epoch_order, reseed
from spectral_lab.training.recipe import differences


def test_the_configuration_is_json_and_holds_every_value():
    recipe = tiny_recipe.recipe()
    config = recipe.config()
    assert json.loads(json.dumps(config)) == config
    assert config["data"] == {"function": "tiny_recipe.blobs", "seed": 3, "noise": 0.7}
    group = {"pattern": "0.*", "learning_rate": 0.02, "weight_decay": 0.0, "each": False}
    assert config["optimiser"]["groups"][0] == group
    assert recipe.fingerprint() == tiny_recipe.recipe().fingerprint()


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"epochs": 5}, {"batch_size": 12}, {"preset": "paper"}, {"precision": "tf32"}]
)
def test_every_change_shows(change):
    recipe = tiny_recipe.recipe()
    changed = replace(recipe, **change)
    assert changed.fingerprint() != recipe.fingerprint()
    (name,) = change
    (found,) = differences(recipe.config(), changed.config())
    assert found.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tiny_recipe.recipe(preset="huge"), "preset must be one of 'paper', 'lecture', 'miniature'"),
        (lambda: tiny_recipe.recipe(precision="16-mixed"), "precision must be one of"),
        (lambda: tiny_recipe.recipe(batch_size=0), "batch_size must be a whole number between 1 and"),
        (lambda: tiny_recipe.recipe(epochs=0), "epochs must be a whole number between 1 and"),
        (lambda: tiny_recipe.recipe(seed=-1), "seed must be a whole number between 0 and"),
        (lambda: Part(print, {"end": object()}), "options\\['end'\\] of builtins.print must be a JSON value"),
        (lambda: Part(print, {"x": float("nan")}), "must be a JSON value"),
        (lambda: Optimiser("lion", 0.1), "name must be one of 'adam', 'adamw', 'sgd'"),
        (lambda: Optimiser("adam", 0.0), "learning_rate must be a finite number greater than 0"),
        (lambda: Optimiser("adam", 0.1, -1.0), "weight_decay must be a finite number of at least 0"),
        (lambda: Evaluation("test", Part(print), -1), "every must be a whole number of at least 0"),
        (lambda: tiny_recipe.recipe(epochs=10**30), "epochs must be a whole number between 1 and"),
        (lambda: tiny_recipe.recipe(seed=10**400), "seed must be a whole number between 0 and"),
        (lambda: tiny_recipe.recipe(name=""), "name must be a text of 1 to 200 characters"),
        (lambda: tiny_recipe.recipe(data=print), "data must be of the kind Part, got"),
        (lambda: tiny_recipe.recipe(evaluations=None), "evaluations must be of the kind Evaluation, got None"),
        (lambda: tiny_recipe.recipe(target="accuracy"), "target must be of the kind Target, got 'accuracy'"),
        (lambda: Part(None), "function must be a function with a name, so that a record can hold it, got None"),
        (lambda: Part(partial(print, 1)), "function must be a function with a name"),
        (lambda: Part(print, 3), "options must be a mapping from names to values, got 3"),
        (lambda: Part(print, {"x": {1, 2}}), "must be a JSON value"),
        (lambda: Optimiser("adam", float("nan")), "learning_rate must be a finite number"),
        (lambda: Optimiser("adam", 0.1, groups=("0.*",)), "groups must be of the kind Group"),
        (lambda: Group("", 0.1), "pattern must be a text"),
        (lambda: Group("*", float("nan")), "learning_rate must be a finite number of at least 0, got nan"),
        (lambda: Group("*", 0.1, -1.0), "weight_decay must be a finite number of at least 0"),
        (lambda: Evaluation("", Part(print)), "split must be a text"),
        (lambda: Evaluation("test", print), "metrics must be of the kind Part"),
        (lambda: Target("accuracy"), "metrics must be of the kind str, got 'accuracy'"),
        (lambda: Target((), {"accuracy": float("nan")}), "published\\['accuracy'\\] must be a finite number"),
        (lambda: Target((), 0.5), "published must be a mapping from metrics to numbers, got 0.5"),
        (lambda: Target((), select=3), "select must be a text"),
        (lambda: Target((), best="biggest"), "best must be one of 'highest', 'lowest'"),
    ],
)
@pytest.mark.usefixtures("as_users_call")
def test_wrong_values_are_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_groups_take_the_first_pattern_that_matches():
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 4))
    optimiser = Optimiser("adamw", 0.1, 0.2, (Group("0.weight", 0.01), Group("0.*", 0.02, 0.0))).build(model)
    found = {
        tuple(p.shape): (g["lr"], g["base_lr"], g["weight_decay"]) for g in optimiser.param_groups for p in g["params"]
    }
    expected = {(3, 2): (0.01, 0.01, 0.2), (3,): (0.02, 0.02, 0.0), (4, 3): (0.1, 0.1, 0.2), (4,): (0.1, 0.1, 0.2)}
    assert found == expected


def test_a_pattern_that_matches_nothing_is_a_slip():
    with pytest.raises(ValueError, match="no parameter matches the group 'ssm"):
        Optimiser("adam", 0.1, groups=(Group("ssm.*", 0.01),)).build(torch.nn.Linear(2, 2))


@settings(deadline=None, max_examples=50)
@given(steps=st.integers(2, 400), warmup=st.integers(0, 50))
def test_cosine_rises_then_falls_to_zero(steps, warmup):
    warmup = min(warmup, steps - 1)
    factor = [schedules.cosine(step, steps, 1, warmup=warmup) for step in range(steps + 1)]
    assert factor[warmup] == pytest.approx(1.0)
    assert factor[-1] == pytest.approx(0.0, abs=1e-15)
    assert (np.diff(factor[: warmup + 1]) > 0).all()
    assert (np.diff(factor[warmup:]) < 0).all()
    middle = factor[warmup + (steps - warmup) // 2]
    assert middle == pytest.approx(0.5 * (1 + cos(pi * ((steps - warmup) // 2) / (steps - warmup))))


def test_cosine_by_epoch_is_torchs_annealing_stepped_after_each_epoch():
    parameter = torch.nn.Parameter(torch.zeros(1))
    reference = torch.optim.SGD([parameter], lr=1.0)
    annealing = torch.optim.lr_scheduler.CosineAnnealingLR(reference, T_max=7)
    for epoch in range(7):
        for step in range(5):
            factor = schedules.cosine_by_epoch(5 * epoch + step, 35, 5)
            assert factor == pytest.approx(annealing.get_last_lr()[0], abs=1e-12)
        reference.step()
        annealing.step()


@pytest.mark.parametrize("schedule", [schedules.cosine, schedules.linear])
def test_a_schedule_may_end_above_zero(schedule):
    factor = [schedule(step, 40, 1, warmup=10, low=0.1) for step in range(41)]
    np.testing.assert_allclose(factor[:11], np.linspace(0, 1, 11), atol=1e-15)
    to_zero = [schedule(step, 40, 1, warmup=10) for step in range(41)]
    np.testing.assert_allclose(factor[10:], 0.1 + 0.9 * np.array(to_zero[10:]), atol=1e-15)
    assert (factor[-1], to_zero[-1]) == (pytest.approx(0.1), pytest.approx(0.0, abs=1e-15))
    assert schedules.linear(25, 40, 1, warmup=10) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("schedule", "options", "torchs"),
    [
        (
            schedules.one_cycle,
            {},
            lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=60, cycle_momentum=False),
        ),
        (
            schedules.one_cycle,
            {"rise": 0.4, "first": 0.1, "last": 0.001},
            lambda o: torch.optim.lr_scheduler.OneCycleLR(
                o, max_lr=1.0, total_steps=60, pct_start=0.4, div_factor=10, final_div_factor=100, cycle_momentum=False
            ),
        ),
        (
            schedules.stairs,
            {"epochs": 2, "factor": 0.5},
            lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=2 * 5, gamma=0.5),
        ),
    ],
)
def test_schedules_are_torchs(schedule, options, torchs):
    reference = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torchs(reference)
    for step in range(60):
        assert schedule(step, 60, 5, **options) == pytest.approx(scheduler.get_last_lr()[0], rel=1e-12)
        reference.step()
        scheduler.step()


def test_a_longer_cosine_is_cut_off():
    assert schedules.cosine(10, 10, 1, length=20) == pytest.approx(0.5)
    assert schedules.constant(3, 10, 1) == 1.0


@settings(deadline=None, max_examples=50)
@given(size=st.integers(1, 200), batch=st.integers(1, 50), seed=st.integers(0, 99), epoch=st.integers(0, 99))
def test_an_epoch_sees_each_sample_at_most_once(size, batch, seed, epoch):
    order = epoch_order(size, batch, seed, epoch)
    assert order.shape == (size // batch, batch)
    assert len(np.unique(order)) == order.size
    assert order.size > size - batch
    np.testing.assert_array_equal(order, epoch_order(size, batch, seed, epoch))


def test_each_step_process_and_seed_has_its_own_stream():
    before = torch.get_rng_state()
    draws = set()
    for key in [(0, 0, 0), (0, 1, 0), (1, 0, 0), (0, 0, 1), (0, 0, 0, 1)]:
        reseed(*key)
        draws.add(torch.rand(1).item())
        reseed(*key)
        assert torch.rand(1).item() in draws
    torch.set_rng_state(before)
    assert len(draws) == 5


@pytest.mark.parametrize(("every", "due"), [(0, [4]), (1, [1, 2, 3, 4]), (3, [3, 4])])
def test_evaluations_come_when_due_and_always_at_the_end(every, due):
    evaluation = Evaluation("test", Part(print), every)
    assert [epoch for epoch in range(1, 5) if evaluation.due(epoch, 4)] == due


@given(st.integers(0, 7), st.integers(0, 30), st.integers(1, 30))
def test_the_evaluations_still_to_come_are_counted_as_they_fall_due(every, epoch, epochs):
    evaluation = Evaluation("test", Part(print), every)
    due = [later for later in range(epoch + 1, epochs + 1) if evaluation.due(later, epochs)]
    assert evaluation.times(min(epoch, epochs), epochs) == len(due)
