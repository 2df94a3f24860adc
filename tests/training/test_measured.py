"""What is no mean over samples: summaries of a whole split, and measurements of the model itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tiny_recipe
import torch
from torch import nn

from spectral_lab.training import Evaluation, Measurement, Part, Silent, train


def plain(**changes):
    return tiny_recipe.recipe(plain=True, noise=0.0, **changes)


def rows(model: nn.Module, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    return {"x": batch[0], "labels": batch[1], "logits": model(batch[0])}


def last_three(pooled: dict[str, np.ndarray]) -> dict:
    assert all(values.dtype == np.float64 for values in pooled.values())
    return {
        "shape": [len(pooled["x"]), *pooled["logits"].shape],
        "last": pooled["x"][-3:],
        "quantile": np.quantile(pooled["logits"][:, 0], 0.3),
        "right": np.mean(pooled["logits"].argmax(-1) == pooled["labels"]),
    }


def test_a_summary_gets_the_whole_split_in_its_order(tmp_path):
    """20 samples in batches of 8, 8 and 4."""
    recipe = plain(evaluations=(Evaluation("test", Part(rows), 0, Part(last_three)), plain().evaluations[0]))
    run = train(recipe, reporter=Silent(), folder=tmp_path)
    x, _ = recipe.data()["test"][:]
    assert run.notes["shape"] == [(24, [20, 20, 2])]
    assert run.notes["last"] == [(24, x[-3:].double().tolist())]
    with torch.no_grad():
        logits = run.model.eval()(x)[:, 0].double().numpy()
    assert run.metrics["quantile"] == pytest.approx(np.quantile(logits, 0.3), rel=1e-5)
    assert run.metrics["right"] == run.metrics["accuracy"]
    assert [step for step, _ in run.curves["accuracy"]] == [6, 12, 18, 24]
    assert len(run.curves["right"]) == 1


def test_rows_need_a_summary(tmp_path):
    with pytest.raises(ValueError, match=r"'x' has rows of shape \(2,\), which needs a summary|'logits' has rows"):
        train(plain(evaluations=(Evaluation("test", Part(rows)),)), reporter=Silent(), folder=tmp_path)


def mean_of_batch(model: nn.Module, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    return {"accuracy": tiny_recipe.accuracy(model, batch, 0.0)["accuracy"].mean()}


def test_a_metric_that_is_not_of_samples_is_refused(tmp_path):
    message = r"metrics must give one value for each of the 8 samples of a batch, but 'accuracy' is of shape \(\)"
    with pytest.raises(ValueError, match=message):
        train(plain(evaluations=(Evaluation("test", Part(mean_of_batch)),)), reporter=Silent(), folder=tmp_path)


def generate(model: nn.Module, splits: dict, draws: int) -> dict:
    """A random sample, as a list and in words; and a number of the weights."""
    assert not model.training
    assert not torch.is_grad_enabled()
    assert set(splits) == {"train", "test"}
    x = torch.randn(draws, 2)
    kinds = model(x).argmax(-1)
    largest = torch.linalg.svdvals(model[0].weight)[0]
    return {"sample": x.tolist(), "words": "".join("ab"[kind] for kind in kinds), "largest": largest}


@pytest.mark.parametrize(("every", "steps"), [(0, [24]), (1, [6, 12, 18, 24]), (3, [18, 24])])
def test_a_measurement_of_the_model_is_recorded_when_due(tmp_path, every, steps):
    recipe = plain(measurements=(Measurement(Part(generate, {"draws": 5}), every),))
    run = train(recipe, reporter=Silent(), folder=tmp_path)
    assert [step for step, _ in run.curves["largest"]] == steps
    assert [step for step, _ in run.notes["words"]] == steps
    record = json.loads(run.save(tmp_path).read_text())
    largest = torch.linalg.svdvals(run.model[0].weight.detach())[0]
    assert record["metrics"]["largest"] == pytest.approx(float(largest))
    assert record["notes"]["sample"][-1][1] == run.notes["sample"][-1][1]
    assert len(record["notes"]["words"][-1][1]) == 5
    assert "words" not in record["metrics"]


def test_measuring_does_not_change_the_training(tmp_path):
    """With dropout, batch norm and a random metric: the measurement draws from a stream of its own."""
    without = train(tiny_recipe.recipe(), reporter=Silent(), folder=tmp_path)
    measured = (Measurement(Part(generate, {"draws": 5}), 1),)
    run = train(tiny_recipe.recipe(measurements=measured), reporter=Silent(), folder=tmp_path)
    assert {name: run.curves[name] for name in without.curves} == without.curves
    again = train(tiny_recipe.recipe(measurements=measured), reporter=Silent(), folder=tmp_path)
    assert again.notes == run.notes
    other = train(tiny_recipe.recipe(measurements=measured, seed=1), reporter=Silent(), folder=tmp_path)
    assert other.notes["sample"] != run.notes["sample"]


def test_a_measurement_draws_what_no_metric_drew_before_it(tmp_path):
    samples = []
    for metrics in (Part(counted), Part(tiny_recipe.accuracy, {"noise": 0.5})):
        measured = (Measurement(Part(generate, {"draws": 5}), 1),)
        recipe = tiny_recipe.recipe(evaluations=(Evaluation("test", metrics),), measurements=measured)
        samples.append(train(recipe, reporter=Silent(), folder=tmp_path).notes["sample"])
    assert samples[0] == samples[1]


def counted(model: nn.Module, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """Draws nothing."""
    return {"count": torch.ones(len(batch[0]))}


def nothing_sayable(model: nn.Module, splits: dict) -> dict:
    return {"model": model}


def test_what_no_record_can_hold_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match="value of 'model' must be a JSON value"):
        train(plain(measurements=(Measurement(Part(nothing_sayable)),)), reporter=Silent(), folder=tmp_path)
