from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from spectral_lab.heavytails import esd, tail_exponent
from spectral_lab.heavytails.data import passages, shipped_text
from spectral_lab.heavytails.models import TinyGPT, blocks_of
from spectral_lab.heavytails.recipe import (
    LADDER,
    RECIPES,
    VARIANTS,
    block_scores,
    identity,
    images,
    ladder,
    perplexity,
    text,
)
from spectral_lab.training import Part, train


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


def test_the_record_says_which_text_was_learnt(tmp_path) -> None:
    recipe = text("miniature")
    small = {"width": 16, "blocks": 2, "heads": 2, "context": 16}
    short = Part(passages, {"context": 16, "most": 2})
    kept = tuple(m for m in recipe.measurements if m.measure.function is identity)
    run = train(
        replace(recipe, model=Part(TinyGPT, small), data=short, batch_size=4000, epochs=1, measurements=kept),
        folder=tmp_path,
    )
    size, digest = len(shipped_text()), hashlib.sha256(shipped_text()).hexdigest()
    assert run.notes["text"][-1][1] == f"{size:,} bytes, sha256 {digest}"
