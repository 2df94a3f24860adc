"""The training recipes of chapter 05: learning rates by layer, and a language model to prune.

    images/uniform, images/lower        one learning rate for all layers, and half of it
    images/tempbalance, images/farms    TempBalance from whole matrices, and from FARMS windows
    images/reversed, images/permuted    two controls: the factors turned round, or dealt out at random
    text/gpt                            a byte-level GPT, then pruned by every method and every rule

`paper` of images is ResNet-18 on CIFAR-100 as the released configuration has it; its accuracies are not established
here, so none are shown. `lecture` is the same network on digits enlarged to 32x32, `miniature` a tiny one on 256
digits. `lower` is the control that matters most: the linear map puts most layers near its lower end, so a part of any
gain is a lower mean rate. The paper prunes LLaMA; `text` is our stand-in at sizes that train here: a GPT of 0.7 million
weights, in minutes on one core, and as `miniature` one of 0.2 million, in under a minute.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.heavytails import data
from spectral_lab.heavytails.allocation import alpha_pruning
from spectral_lab.heavytails.models import (
    ResNet,
    TemperatureBalance,
    TinyGPT,
    TinyImageNet,
    blocks_of,
    layer_spectra,
    prune_blocks,
)
from spectral_lab.heavytails.models.sequential import METHODS
from spectral_lab.training import Evaluation, Group, Measurement, Optimiser, Part, Recipe, Target, metrics, schedules
from spectral_lab.training.recipe import PRESETS

VARIANTS = ("uniform", "lower", "tempbalance", "farms", "reversed", "permuted")
WHOLE = 10_000  # a window as large as fits: the guard shrinks it to the shorter side
IMAGES: dict[str, dict[str, Any]] = {
    "paper": {
        "data": Part(data.cifar100),
        "network": Part(ResNet, {"depth": 18, "classes": 100}),
        "balance": {"tempbalance": {"low": 0.6, "high": 1.4}, "farms": {"size": 100, "low": 0.1, "high": 1.9}},
        "decay": 5e-4,
        "batch_size": 128,
        "epochs": 200,
    },
    "lecture": {
        "data": Part(data.digits, {"size": 32, "train_size": 256}),
        "network": Part(ResNet, {"depth": 18, "classes": 10, "colours": 1}),
        "balance": {"tempbalance": {}, "farms": {"size": 100}},
        "decay": 5e-4,
        "batch_size": 64,
        "epochs": 40,
    },
    "miniature": {
        "data": Part(data.digits, {"train_size": 256}),
        "network": Part(TinyImageNet, {"classes": 10}),
        "balance": {"tempbalance": {}, "farms": {"size": WHOLE}},
        "decay": 5e-4,
        "batch_size": 64,
        "epochs": 40,
    },
}


def images(variant: str, preset: str) -> Recipe:
    """One way to set the learning rates of an image classifier: SGD with momentum 0.9, rate 0.1, cosine by epoch."""
    size = IMAGES[checks.choice(preset, "preset", IMAGES)]
    balance = dict(size["balance"].get(variant, size["balance"]["tempbalance"]))
    if variant in ("reversed", "permuted"):
        balance["order"] = variant
    plain = checks.choice(variant, "variant", VARIANTS) in ("uniform", "lower")
    return Recipe(
        name=f"heavytails/images/{variant}",
        preset=preset,
        data=size["data"],
        model=size["network"],
        loss=Part(metrics.cross_entropy),
        evaluations=(Evaluation("test", Part(metrics.accuracy), 1 if preset == "paper" else 5),),
        optimiser=Optimiser(
            "sgd",
            0.05 if variant == "lower" else 0.1,
            size["decay"],
            () if plain else (Group("*", each=True),),
            {"momentum": 0.9},
        ),
        schedule=Part(schedules.cosine_by_epoch),
        target=Target(("accuracy",)),
        batch_size=size["batch_size"],
        epochs=size["epochs"],
        callbacks=() if plain else (Part(TemperatureBalance, balance),),
    )


# --- text ------------------------------------------------------------------------------------------------------------

TEXT: dict[str, dict[str, Any]] = {
    "lecture": {"network": {"context": 128}, "epochs": 4, "window": 64},
    "miniature": {"network": {"width": 64, "blocks": 4, "context": 64}, "epochs": 1, "window": 32},
}
LADDER = ("alpha", "farms", "depth", "reversed")  # the last two ignore the weights: rising with depth, and falling


def token_loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Float[Tensor, ""]:
    """The mean loss of a byte."""
    tokens, following = batch
    return F.cross_entropy(model(tokens).flatten(0, 1), following.flatten())


def passage_loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Float[Tensor, " b"]]:
    """The loss of each passage, in nats a byte."""
    tokens, following = batch
    losses = F.cross_entropy(model(tokens).transpose(1, 2), following, reduction="none")
    return {"nats": losses.mean(1)}


def block_exponents(model: TinyGPT, size: int | None) -> Float[np.ndarray, " blocks"]:
    """The mean exponent of each block's matrices, whole or by windows."""
    return np.array([np.mean([layer.alpha for layer in layer_spectra(block, size)]) for block in model.blocks])


def block_scores(model: TinyGPT, rule: str, window: int) -> Float[np.ndarray, " blocks"]:
    """By what a rule of `LADDER` tells blocks apart: the larger, the sparser. Raises: ValueError."""
    if checks.choice(rule, "rule", LADDER) in ("depth", "reversed"):
        depths = np.arange(1.0, len(model.blocks) + 1)
        return depths if rule == "depth" else depths[::-1]
    return block_exponents(model, window if rule == "farms" else None)


@torch.no_grad()
def perplexity(model: TinyGPT, passages: data.Passages) -> float:
    """exp of the mean loss over all passages, a byte."""
    device = next(model.parameters()).device
    losses = []
    for first in range(0, len(passages), 32):
        rows = list(range(first, min(first + 32, len(passages))))
        tokens, following = passages.__getitems__(rows)
        losses.append(passage_loss(model, (tokens.to(device), following.to(device)))["nats"])
    return float(torch.cat(losses).double().mean().exp())


def ladder(
    model: TinyGPT,
    splits: Mapping[str, Any],
    window: int,
    sparsities: tuple[float, ...] = (0.5, 0.7, 0.8),
    epsilons: tuple[float, ...] = (0.1, 0.2, 0.3),
    methods: tuple[str, ...] = METHODS,
    samples: int = 16,
) -> dict[str, float]:
    """Perplexity on the test passages, dense and pruned: by every method and sparsity, uniform, and by every rule.

    "wanda 0.7 farms 0.2" is Wanda at sparsity 0.7, shared out by FARMS with epsilon 0.2.
    """
    spread = np.linspace(0, len(splits["train"]) - 1, samples).round().astype(int)
    tokens, _ = splits["train"].__getitems__([int(row) for row in spread])
    tokens = tokens.to(next(model.parameters()).device)
    sizes = [sum(linear.weight.numel() for linear in linears.values()) for linears in blocks_of(model)]
    scores = {rule: block_scores(model, rule, window) for rule in LADDER}
    found = {"perplexity": perplexity(model, splits["test"])}
    for method, sparsity in itertools.product(methods, sparsities):
        shares = {"uniform": np.full(len(sizes), sparsity)} | {
            f"{rule} {epsilon:g}": alpha_pruning(scores[rule], sizes, sparsity, epsilon, redistribute=True)
            for rule, epsilon in itertools.product(LADDER, epsilons)
        }
        for name, share in shares.items():
            pruned = copy.deepcopy(model)
            prune_blocks(pruned, tokens, share.tolist(), method)
            found[f"{method} {sparsity:g} {name}"] = perplexity(pruned, splits["test"])
    return found


def identity(model: TinyGPT, splits: Mapping[str, Any]) -> dict[str, str]:
    """Size and hash of the text, for the record: it differs from one version of Python to the next."""
    return {"text": data.text_identity()}


def text(preset: str) -> Recipe:
    """A byte-level GPT, trained and then pruned. There is no `paper` preset: the paper prunes LLaMA as published."""
    if checks.choice(preset, "preset", PRESETS) == "paper":
        raise ValueError("preset must be 'lecture' or 'miniature': the paper trains no language model, it prunes LLaMA")
    size = TEXT[preset]
    return Recipe(
        name="heavytails/text/gpt",
        preset=preset,
        data=Part(data.passages, {"context": size["network"]["context"], "most": 64}),
        model=Part(TinyGPT, size["network"]),
        loss=Part(token_loss),
        evaluations=(Evaluation("test", Part(passage_loss)),),
        optimiser=Optimiser("adamw", 2e-3, 0.1, options={"betas": [0.9, 0.95]}, clip=1.0),
        schedule=Part(schedules.cosine, {"warmup": 50, "low": 0.1}),
        target=Target(
            ("perplexity", *(f"magnitude 0.7 {how}" for how in ("uniform", "alpha 0.2", "farms 0.2", "depth 0.2")))
        ),
        batch_size=24,
        epochs=size["epochs"],
        measurements=(Measurement(Part(ladder, {"window": size["window"]})), Measurement(Part(identity))),
    )


RECIPES = {
    **{f"images/{variant}": partial(images, variant) for variant in VARIANTS},
    "text/gpt": text,
}
