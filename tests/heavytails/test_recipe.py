from __future__ import annotations

import hashlib
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from spectral_lab.heavytails import esd, tail_exponent
from spectral_lab.heavytails.data import Passages, passages, shipped_text
from spectral_lab.heavytails.models import TemperatureBalance, TinyGPT, blocks_of
from spectral_lab.heavytails.recipe import (
    BALANCES,
    LADDER,
    RECIPES,
    VARIANTS,
    block_scores,
    flow_error,
    flow_loss,
    identity,
    images,
    ladder,
    perplexity,
    sciml,
    text,
)
from spectral_lab.latent.data import Fields, plain
from spectral_lab.training import Part, Silent, metrics, train
from spectral_lab.training.checkpoint import read_state


def test_every_recipe_has_its_presets() -> None:
    for name, make in RECIPES.items():
        for preset in ("paper", "lecture", "miniature"):
            refused = {"text": preset == "paper", "llama": preset != "paper"}
            if refused.get(name.split("/")[0]):
                with pytest.raises(ValueError, match="preset must be"):
                    make(preset)
            else:
                assert make(preset).name == f"heavytails/{name}"


def test_variants_differ_in_their_rates_and_in_nothing_else() -> None:
    plain = images("uniform", "paper")
    assert (plain.epochs, plain.batch_size, plain.optimiser.learning_rate) == (200, 128, 0.1)
    for variant in VARIANTS[2:]:
        other = images(variant, "paper")
        same = replace(other, name=plain.name, callbacks=(), optimiser=plain.optimiser)
        assert same == plain
    assert images("farms", "paper").callbacks[0].options == {"size": 100, "low": 0.1, "high": 1.9}


@pytest.mark.parametrize("variant", ["uniform", "farms"])
def test_half_of_the_miniature_learns_most_of_it(variant: str, tmp_path) -> None:
    run = train(replace(images(variant, "miniature"), epochs=20), folder=tmp_path)
    assert run.metrics["accuracy"] > 0.8
    if variant == "farms":
        assert run.notes["alpha"]


def stopping(model: torch.nn.Module, batch: list[torch.Tensor]) -> torch.Tensor:
    """The loss, which at the tenth step asks for an end as Ctrl-C does, and then again at once."""
    stopping.steps += 1
    if stopping.steps == 10:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
    return metrics.cross_entropy(model, batch)


@pytest.mark.parametrize("order", ["as read", "permuted"])
def test_balance_that_was_broken_off_goes_on_with_the_same_rates(order: str, tmp_path) -> None:
    """Four steps an epoch: broken off in the third. The factors, the permutation too, are those of the whole run."""
    balance = Part(TemperatureBalance, {"size": 64, "order": order})
    small = replace(images("farms", "miniature"), epochs=4, evaluations=(), loss=Part(stopping), callbacks=(balance,))
    stopping.steps = 10**6
    whole = train(small, reporter=Silent(), folder=tmp_path / "whole")
    stopping.steps = 0
    part = train(small, reporter=Silent(), folder=tmp_path / "parts")
    assert (part.finished, read_state(part.checkpoint)["step"]) == (False, 8)
    stopping.steps = 10**6
    resumed = train(small, reporter=Silent(), folder=tmp_path / "parts")
    assert resumed.finished
    assert resumed.curves == whole.curves
    assert resumed.notes == whole.notes
    assert len(whole.notes["alpha"]) == 4
    same = zip(whole.model.state_dict().values(), resumed.model.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in same)


def test_the_ladder_prunes_copies_by_every_rule() -> None:
    torch.manual_seed(0)
    model, splits = TinyGPT(width=32, blocks=3, heads=2, context=32), passages(context=32, most=4)
    before = [p.clone() for p in model.parameters()]
    found = ladder(model, splits, 16, sparsities=(0.5,), epsilons=(0.2,), methods=("wanda",), samples=4)
    assert found.keys() == {"perplexity", "wanda 0.5 uniform", *(f"wanda 0.5 {rule} 0.2" for rule in LADDER)}
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert found["perplexity"] == perplexity(model, splits["test"])
    assert len(set(found.values())) == 6  # every rule prunes otherwise
    assert list(block_scores(model, "depth", 16)) == list(block_scores(model, "reversed", 16))[::-1]
    whole = [
        np.mean([tail_exponent(esd(m.weight.detach().numpy())).alpha for m in ms.values()]) for ms in blocks_of(model)
    ]
    assert block_scores(model, "alpha", 16) == pytest.approx(whole, rel=1e-4)
    assert (block_scores(model, "farms", 16) < np.array(whole) - 0.2).all()  # a third of the matrices are long
    assert text("miniature").measurements


def few() -> dict[str, Passages]:
    """Twelve passages to learn from and as many to be tested on."""
    content = passages(context=16)["test"].content[:200]
    return {part: Passages(content, 16, 16) for part in ("train", "test")}


def test_the_record_says_which_text_was_learnt(tmp_path) -> None:
    recipe, small = text("miniature"), {"width": 16, "blocks": 2, "heads": 2, "context": 16}
    kept = tuple(m for m in recipe.measurements if m.measure.function is identity)
    short = replace(recipe, model=Part(TinyGPT, small), data=Part(few), batch_size=4, measurements=kept)
    run = train(short, reporter=Silent(), folder=tmp_path)
    size, digest = len(shipped_text()), hashlib.sha256(shipped_text()).hexdigest()
    assert run.notes["text"][-1][1] == f"{size:,} bytes, sha256 {digest}"


def few_flows(fields: int) -> dict[str, Fields]:
    """Six flows of 12 frames that stand still but for a drift, of several fields."""
    drift = torch.arange(12.0).repeat_interleave(fields)
    frames = torch.randn(6, 16, 16, 1, generator=torch.Generator().manual_seed(0)) + drift
    return {name: plain(frames[..., : 10 * fields], frames[..., 10 * fields :]) for name in ("train", "test")}


def test_sciml_is_what_tb_sigmoid_released_and_variants_differ_in_their_rates_alone() -> None:
    plain_rate = sciml("uniform", "paper")
    network, rule = plain_rate.model.options, plain_rate.optimiser
    assert (network["modes"], network["width"], network["in_channels"], network["out_channels"]) == (
        [12, 12],
        20,
        40,
        4,
    )
    assert (rule.name, rule.learning_rate, rule.weight_decay, plain_rate.batch_size) == ("adam", 2.5e-3, 1e-4, 20)
    assert [
        plain_rate.schedule.function(step, 70_000, 100, **plain_rate.schedule.options) for step in (9_999, 10_000)
    ] == [
        1,
        0.5,
    ]
    assert replace(sciml("higher", "paper"), name=plain_rate.name, optimiser=rule) == plain_rate
    assert sciml("higher", "paper").optimiser == replace(rule, learning_rate=5e-3)
    for variant, options in BALANCES.items():
        other = sciml(variant, "paper")
        assert replace(other, name=plain_rate.name, callbacks=(), optimiser=rule) == plain_rate
        assert other.callbacks[0].options == options


def test_an_error_of_flows_is_that_of_each_field_in_its_own_size() -> None:
    class Still(torch.nn.Module):
        def forward(self, frames: torch.Tensor) -> torch.Tensor:
            return frames[..., -2:]

    batch = plain(torch.ones(3, 4, 4, 4), torch.tensor([2.0, 100, 4, 100]).expand(3, 4, 4, 4)).__getitems__([0, 1])
    found = flow_error(Still(), batch, 2)
    assert found["nRMSE"].tolist() == pytest.approx([(1 / 2 + 99 / 100 + 3 / 4 + 99 / 100) / 4] * 2)
    assert found["persistence"].tolist() == found["nRMSE"].tolist()
    assert float(flow_loss(Still(), batch, 2)) == pytest.approx((1 + 99**2) / 2 + (9 + 99**2) / 2)


@pytest.mark.parametrize("variant", ["uniform", "farms", "sigmoid-spectral"])
def test_few_flows_are_learnt_at_rates_that_follow_the_layers(variant: str, tmp_path) -> None:
    recipe = sciml(variant, "miniature")
    network = {**recipe.model.options, "in_channels": 20, "out_channels": 2, "modes": [4, 4]}
    part, fields = Part(few_flows, {"fields": 2}), {"fields": 2}
    short = replace(
        recipe,
        data=part,
        model=Part(recipe.model.function, network),
        loss=Part(flow_loss, fields),
        evaluations=(replace(recipe.evaluations[0], metrics=Part(flow_error, fields), every=1),),
        epochs=3,
    )
    run = train(short, reporter=Silent(), folder=tmp_path)
    errors = [value for _, value in run.curves["nRMSE"]]
    assert errors[-1] < errors[0]
    if variant == "uniform":
        assert not run.notes
    else:
        (_, rates), read = run.notes["rates"][0], set(run.notes["alpha"][0][1])
        assert ("body.spectral.0" in read) == (variant == "sigmoid-spectral")
        assert {"lift", "head.0", "body.pointwise.3"} <= read
        assert "head.2" not in read  # it has two eigenvalues of its own, however many its windows have
        assert all(10**-0.25 < factor < 10**0.25 for factor in rates.values())
