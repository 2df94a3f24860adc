from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from spectral_lab.heavytails.data import passages
from spectral_lab.heavytails.models import TinyGPT
from spectral_lab.heavytails.recipe import LADDER, RECIPES, VARIANTS, block_sparsities, images, ladder, perplexity, text
from spectral_lab.training import train


def test_every_recipe_has_its_presets() -> None:
    for name, make in RECIPES.items():
        for preset in ("paper", "lecture", "miniature"):
            if name == "text/gpt" and preset == "paper":
                with pytest.raises(ValueError, match="it prunes LLaMA"):
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


def test_the_ladder_prunes_copies_by_every_rule() -> None:
    torch.manual_seed(0)
    model, splits = TinyGPT(width=32, blocks=3, heads=2, context=32), passages(context=32, most=4)
    before = [p.clone() for p in model.parameters()]
    found = ladder(model, splits, window=16, sparsities=(0.5,), methods=("wanda",), samples=4)
    assert found.keys() == {"perplexity", *(f"wanda 0.5 {rule}" for rule in LADDER)}
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert found["perplexity"] == perplexity(model, splits["test"])
    for rule in LADDER:
        shares = block_sparsities(model, rule, 0.7, 0.2, 16)
        assert sum(shares) / 3 == pytest.approx(0.7)
    assert block_sparsities(model, "depth", 0.7, 0.2, 16) == sorted(block_sparsities(model, "depth", 0.7, 0.2, 16))
    assert text("miniature").measurements
