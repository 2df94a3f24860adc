"""The training recipes of chapter 05: learning rates by layer, of images and of flows, and a language model to prune.

    images/uniform, images/lower        one learning rate for all layers, and half of it
    images/tempbalance, images/farms    TempBalance from whole matrices, and from FARMS windows
    images/reversed, images/permuted    two controls: the factors turned round, or dealt out at random
    text/gpt                            a byte-level GPT, then pruned by every method and every rule
    llama/magnitude, wanda, sparsegpt   LLaMA-7B as the paper prunes it, by the exponents that its authors cached
    sciml/uniform, sciml/higher         a Fourier neural operator that learns flows from few of them, at one rate and
                                        at twice this, the next that the released program tries
    sciml/sigmoid, sciml/farms          TB_Sigmoid from whole matrices, and from FARMS windows
    sciml/sigmoid-spectral, farms-...   the same, with the Fourier layers read too, which no released program does

`paper` of images is ResNet-18 on CIFAR-100 as the released configuration has it; its accuracies are not established
here, so none are shown. `lecture` is the same network on digits enlarged to 32x32, `miniature` a tiny one on 256
digits. `lower` is the control that matters most: the linear map puts most layers near its lower end, so a part of any
gain is a lower mean rate. The paper prunes LLaMA; `text` is our stand-in at sizes that train here: a GPT of 0.7 million
weights, in minutes on one core, and as `miniature` one of 0.2 million, in under a minute.

The paper's code for scientific models was never released. `paper` of sciml is what its predecessor TB_Sigmoid released:
PDEBench's FNO on compressible flows, every 40th of 9000; FARMS in it is our reconstruction, with windows as large as
fit. What summaries quote for FARMS, errors lower by at most 5.66 %, is of another network (DPOT), so no number is shown
beside ours. `lecture` and `miniature` learn turbulence that is generated here.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.heavytails import data
from spectral_lab.heavytails.allocation import alpha_pruning
from spectral_lab.heavytails.llama import llama_alphas
from spectral_lab.heavytails.models import (
    ResNet,
    SigmoidBalance,
    TemperatureBalance,
    TinyGPT,
    TinyImageNet,
    blocks_of,
    layer_spectra,
    load_llama,
    prune_blocks,
)
from spectral_lab.heavytails.models.sequential import METHODS
from spectral_lab.latent.data import FieldBatch, flow_fields
from spectral_lab.latent.models import FNO, forecast
from spectral_lab.training import (
    Computation,
    Evaluation,
    Group,
    Measurement,
    Optimiser,
    Part,
    Recipe,
    Target,
    metrics,
    schedules,
)
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


# --- LLaMA -----------------------------------------------------------------------------------------------------------

# epsilon as the released programs searched it, by whole matrices and by FARMS
SEARCHED = {
    "magnitude": {0.7: (0.3, 0.6), 0.8: (0.2, 0.3)},
    "wanda": {0.7: (0.2, 0.3), 0.8: (0.2, 0.3)},
    "sparsegpt": {0.7: (0.2, 0.2), 0.8: (0.1, 0.2)},
}
PERPLEXITIES: dict[str, dict[str, float]] = {  # published, as far as they could be established
    "magnitude": {"0.7 uniform": 48419},
    "wanda": {"0.7 uniform": 85.77, "0.7 alpha": 23.86},
    "sparsegpt": {"0.7 uniform": 26.30, "0.7 alpha": 18.54, "0.8 alpha": 96.02, "0.8 farms": 79.42},
}


@torch.no_grad()
def window_perplexity(model: nn.Module, windows: Int[Tensor, "windows t"]) -> float:
    """exp of the mean over windows of the mean loss of all tokens but the first."""
    device = next(model.parameters()).device
    losses = [
        F.cross_entropy(model(window[None].to(device))[0, :-1].float(), window[1:].to(device)) for window in windows
    ]
    return float(torch.stack(losses).double().mean().exp())


def prune_llama(
    seed: int, report: Callable[[int, int, str], None], *, method: str, samples: int, length: int
) -> tuple[dict[str, float], dict[str, Any]]:
    """Perplexity on WikiText-2, dense and pruned by uniform sparsity, by whole matrices, and by FARMS, as released.

    Raises: DatasetUnavailable; ImportError; FormatError.
    """
    config, _, _, text, part = data.LLAMA.fetch()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    encode = data.tokenizer(config.parent)
    windows = data.windows_of(text, encode, length)
    tokens = data.calibration(part, encode, length, samples, seed).to(device)
    rungs: list[tuple[str, float, str | None, float]] = [("perplexity", 0.0, None, 0.0)]
    for sparsity, (whole, farms) in SEARCHED[method].items():
        rungs += [(f"{sparsity:g} uniform", sparsity, None, 0.0)]
        rungs += [
            (f"{sparsity:g} alpha", sparsity, "vanilla", whole),
            (f"{sparsity:g} farms", sparsity, "farms", farms),
        ]
    found = {}
    for done, (name, sparsity, exponents, epsilon) in enumerate(rungs):
        model = load_llama(config.parent, device)
        sizes = [sum(linear.weight.numel() for linear in linears.values()) for linears in blocks_of(model)]
        shares = np.full(len(sizes), sparsity)
        if exponents:
            means = llama_alphas()[exponents].mean(axis=1)[: len(sizes)]
            shares = alpha_pruning(means, sizes, sparsity, epsilon, 0.99999 if sparsity == 0.7 else 0.998)
        if sparsity:
            prune_blocks(model, tokens, shares.tolist(), method)
        found[name] = window_perplexity(model, windows)
        report(done + 1, len(rungs), f"{name}: {found[name]:.2f}")
        del model
    return found, {}


def llama(method: str, preset: str) -> Computation:
    """LLaMA-7B pruned by one method, on a GPU. There is only the `paper` preset. Raises: ValueError for another."""
    if checks.choice(preset, "preset", PRESETS) != "paper":
        raise ValueError("preset must be 'paper': what stands in for LLaMA here is the task text/gpt")
    return Computation(
        name=f"heavytails/llama/{method}",
        preset=preset,
        compute=Part(prune_llama, {"method": method, "samples": 128, "length": 2048}),
        target=Target(
            ("perplexity", *(f"{S:g} {rule}" for S in (0.7, 0.8) for rule in ("uniform", "alpha", "farms"))),
            {"perplexity": 5.68, **PERPLEXITIES[method]},
            "the abstract, and other papers' tables as summaries quote them",
        ),
    )


# --- flows -----------------------------------------------------------------------------------------------------------

ONE_RATE = {"uniform": 2.5e-3, "higher": 5e-3}
BALANCES: dict[str, dict[str, Any]] = {
    "sigmoid": {},
    "farms": {"size": WHOLE},
    "sigmoid-spectral": {"spectral": True},
    "farms-spectral": {"size": WHOLE, "spectral": True},
}
FLOWS: dict[str, dict[str, Any]] = {
    "paper": {
        "data": Part(data.compressible_flows, {"every": 40}),
        "network": {"in_channels": 40, "out_channels": 4, "width": 20, "modes": [12, 12], "padding": [2, 2]},
        "batch_size": 20,
        "epochs": 700,
    },
    "lecture": {
        "data": Part(flow_fields, {"N": 64, "stride": 1, "train": 25, "test": 50, "viscosity": 1e-4, "step": 0.02}),
        "network": {"in_channels": 10, "out_channels": 1, "width": 20, "modes": [12, 12], "padding": [2, 2]},
        "batch_size": 5,
        "epochs": 140,
    },
    "miniature": {
        "data": Part(
            flow_fields,
            {"N": 32, "stride": 2, "train": 16, "test": 16, "viscosity": 1e-3, "step": 0.05, "frames": 4},
        ),
        "network": {"in_channels": 10, "out_channels": 1, "width": 12, "modes": [6, 6], "padding": [2, 2]},
        "batch_size": 4,
        "epochs": 70,
    },
}


def flow_loss(model: nn.Module, batch: FieldBatch, fields: int) -> Float[Tensor, ""]:
    """The mean squared error of a frame, summed over the frames; the model reads its own predictions."""
    frames = batch.target.shape[-1] // fields
    return frames * F.mse_loss(forecast(model, batch.input, frames), batch.target)


def flow_error(model: nn.Module, batch: FieldBatch, fields: int) -> dict[str, Float[Tensor, " b"]]:
    """PDEBench's nRMSE: of each field of each frame the error over its size, root mean squares, averaged over both.

    "persistence" is that of the last frame seen as a guess of all.
    """
    frames = batch.target.shape[-1] // fields
    still = batch.input[..., -fields:].repeat(*[1] * (batch.input.ndim - 1), frames)
    size = batch.target.flatten(1, -2).norm(dim=1)
    guesses = {"nRMSE": forecast(model, batch.input, frames), "persistence": still}
    return {name: ((guess - batch.target).flatten(1, -2).norm(dim=1) / size).mean(1) for name, guess in guesses.items()}


def sciml(variant: str, preset: str) -> Recipe:
    """One way to set the learning rates of an FNO that has few flows to learn from: Adam, halved in seven stairs."""
    size = FLOWS[checks.choice(preset, "preset", FLOWS)]
    plain = checks.choice(variant, "variant", (*ONE_RATE, *BALANCES)) in ONE_RATE
    fields, stair = {"fields": size["network"]["out_channels"]}, size["epochs"] // 7
    return Recipe(
        name=f"heavytails/sciml/{variant}",
        preset=preset,
        data=size["data"],
        model=Part(FNO, size["network"]),
        loss=Part(flow_loss, fields),
        evaluations=(Evaluation("test", Part(flow_error, fields), stair),),
        optimiser=Optimiser(
            "adam", ONE_RATE.get(variant, ONE_RATE["uniform"]), 1e-4, () if plain else (Group("*", each=True),)
        ),
        schedule=Part(schedules.stairs, {"epochs": stair, "factor": 0.5}),
        target=Target(("nRMSE",)),
        batch_size=size["batch_size"],
        epochs=size["epochs"],
        callbacks=() if plain else (Part(SigmoidBalance, BALANCES[variant]),),
    )


RECIPES = {
    **{f"images/{variant}": partial(images, variant) for variant in VARIANTS},
    "text/gpt": text,
    **{f"llama/{method}": partial(llama, method) for method in METHODS},
    **{f"sciml/{variant}": partial(sciml, variant) for variant in (*ONE_RATE, *BALANCES)},
}
