"""The smallest recipe that has everything a checkpoint could lose: dropout, batch norm, moments, a random metric; and
with `full` callbacks, an average of the weights, a clipped gradient, batches in parts, summaries and measurements.

Run as a script it trains the full one, as the tests of other processes need:

    python tiny_recipe.py FOLDER [--kill STEP | --interrupt STEP] [--plain] [--resume]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset

from spectral_lab.training import (
    Callback,
    Evaluation,
    Group,
    Measurement,
    Optimiser,
    Part,
    Recipe,
    Run,
    Silent,
    Target,
    schedules,
    train,
)


def blobs(seed: int, noise: float) -> dict[str, TensorDataset]:
    """Two noisy blobs in the plane: 48 samples to learn from, 20 to measure on."""
    draw = torch.Generator().manual_seed(seed)
    labels = torch.arange(68) % 2
    x = 2.0 * labels[:, None] - 1 + noise * torch.randn(68, 2, generator=draw)
    return {"train": TensorDataset(x[:48], labels[:48]), "test": TensorDataset(x[48:], labels[48:])}


class Shaken(TensorDataset):
    """Draws its samples anew each time that they are asked for, as augmentation does."""

    def __getitems__(self, rows: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        x, labels = self[rows]
        return list(zip(x + 0.1 * torch.randn_like(x), labels, strict=True))


def shaken(seed: int, noise: float) -> dict[str, TensorDataset]:
    return {name: Shaken(*split.tensors) for name, split in blobs(seed, noise).items()}


def network(plain: bool) -> nn.Module:
    if plain:
        return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    return nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Tanh(), nn.Linear(8, 2))


def cross_entropy(model: nn.Module, batch: list[torch.Tensor]) -> torch.Tensor:
    x, labels = batch
    return nn.functional.cross_entropy(model(x), labels)


def poisoned(model: nn.Module, batch: list[torch.Tensor], threshold: float) -> torch.Tensor:
    """A loss that turns into NaN once it has been learnt down to the threshold."""
    loss = cross_entropy(model, batch)
    return loss if loss > threshold else loss * float("nan")


def accuracy(model: nn.Module, batch: list[torch.Tensor], noise: float) -> dict[str, torch.Tensor]:
    x, labels = batch
    return {"accuracy": (model(x + noise * torch.randn_like(x)).argmax(-1) == labels).float()}


def lost(model: nn.Module, batch: list[torch.Tensor], value: str) -> dict[str, torch.Tensor]:
    """A metric that is no number, or infinite."""
    return {"accuracy": torch.full((len(batch[0]),), float(value))}


def many(model: nn.Module, batch: list[torch.Tensor], names: list[str]) -> dict[str, torch.Tensor]:
    """The same metric under many names."""
    return {name: accuracy(model, batch, 0.0)["accuracy"] + i for i, name in enumerate(names)}


class Phases(Callback):
    """Counts the epochs, and lets the first layer learn at a random rate in the odd ones only."""

    def __init__(self, model: nn.Module, most: float) -> None:
        super().__init__(model)
        self.most = most
        self.phase = 0

    def before_epoch(self, run: Run) -> None:
        self.phase += 1
        run.scale_rates({"0.weight": self.most * float(torch.rand(())), "0.bias": self.phase % 2})
        run.note("phase", "odd" if self.phase % 2 else "even")

    def state_dict(self) -> dict:
        return {"phase": self.phase}

    def load_state_dict(self, state: dict) -> None:
        self.phase = state["phase"]


class Fading(Callback):
    """What `forced` adds to the input fades with the steps; it is nothing but a function of the step."""

    def before_step(self, run: Run) -> None:
        self.model.forcing = 1 - run.step / run.steps
        if run.step % 5 == 0:
            run.note("forcing", self.model.forcing)


def forced(model: nn.Module, batch: list[torch.Tensor]) -> torch.Tensor:
    x, labels = batch
    return cross_entropy(model, [x * (1 + model.forcing), labels])


def margins(model: nn.Module, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """The logits of each sample, and which sample it is, by its first coordinate."""
    return {"logits": model(batch[0]), "x": batch[0][:, 0]}


def medians(pooled: dict[str, np.ndarray], name: str) -> dict[str, float]:
    margin = pooled["logits"][:, 1] - pooled["logits"][:, 0]
    return {name: float(np.median(margin * np.sign(pooled["x"])))}


def describe(model: nn.Module, splits: dict[str, TensorDataset]) -> dict:
    """A number, a text and a list of the model itself; the number is random as well."""
    weight = next(model.parameters())
    norms = torch.linalg.svdvals(weight).tolist()
    return {"tail": norms[0] + float(torch.rand(())), "sample": f"{weight.shape[0]} rows", "spectrum": norms}


def full_options(plain: bool) -> dict:
    """The options of the full recipe."""
    return {
        "loss": Part(forced),
        "optimiser": Optimiser("adamw", 0.05, 0.1, (Group("0.*", 0.02, 0.0, each=True),), {"betas": [0.8, 0.9]}, 0.5),
        "evaluations": (
            Evaluation("test", Part(accuracy, {"noise": 0.0 if plain else 0.5})),
            Evaluation("test", Part(margins), 2, Part(medians, {"name": "median margin"})),
        ),
        "accumulate": 2,
        "average": 0.8,
        "callbacks": (Part(Phases, {"most": 2.0}), Part(Fading)),
        "measurements": (Measurement(Part(describe), every=3),),
        "data": Part(blobs if plain else shaken, {"seed": 3, "noise": 0.7}),
    }


def recipe(plain: bool = False, epochs: int = 4, noise: float = 0.5, full: bool = False, **changes) -> Recipe:
    """24 steps in 4 epochs."""
    plan = Recipe(
        name="tests/tiny",
        preset="miniature",
        data=Part(blobs, {"seed": 3, "noise": 0.7}),
        model=Part(network, {"plain": plain}),
        loss=Part(cross_entropy),
        evaluations=(Evaluation("test", Part(accuracy, {"noise": noise})),),
        optimiser=Optimiser("adamw", 0.05, 0.1, (Group("0.*", 0.02, 0.0),)),
        schedule=Part(schedules.cosine, {"warmup": 3}),
        target=Target(("accuracy",), {"accuracy": 0.9}, "a table"),
        batch_size=8,
        epochs=epochs,
    )
    return replace(plan, **((full_options(plain) if full else {}) | changes))


class AtStep(Silent):
    """Does something once a step has been reached."""

    def __init__(self, at: int, do) -> None:
        self.at, self.do = at, do

    def step(self, step: int, loss: float) -> None:
        if step == self.at:
            self.do()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kill", type=int, default=0)
    parser.add_argument("--interrupt", type=int, default=0)
    parser.add_argument("--plain", action="store_true")
    args = parser.parse_args()
    number = signal.SIGKILL if args.kill else signal.SIGINT
    listener = AtStep(args.kill or args.interrupt, lambda: os.kill(os.getpid(), number))
    run = train(
        recipe(args.plain, noise=0.0 if args.plain else 0.5, full=True),
        reporter=listener,
        folder=args.folder,
        checkpoint_seconds=0.0,
    )
    if int(os.environ.get("RANK", 0)) == 0:
        (args.folder / "curves.json").write_text(json.dumps({"step": run.step, **run.curves, "notes": run.notes}))


if __name__ == "__main__":
    import tiny_recipe  # under its own name, which goes into the configuration

    tiny_recipe.main()
