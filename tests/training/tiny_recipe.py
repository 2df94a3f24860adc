"""The smallest recipe that has everything a checkpoint could lose: dropout, batch norm, moments, a random metric.

Run as a script it trains, as the tests of other processes need:

    python tiny_recipe.py FOLDER [--kill STEP | --interrupt STEP] [--plain] [--resume]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import TensorDataset

from spectral_lab.training import Evaluation, Group, Optimiser, Part, Recipe, Silent, Target, schedules, train


def blobs(seed: int, noise: float) -> dict[str, TensorDataset]:
    """Two noisy blobs in the plane: 48 samples to learn from, 20 to measure on."""
    draw = torch.Generator().manual_seed(seed)
    labels = torch.arange(68) % 2
    x = 2.0 * labels[:, None] - 1 + noise * torch.randn(68, 2, generator=draw)
    return {"train": TensorDataset(x[:48], labels[:48]), "test": TensorDataset(x[48:], labels[48:])}


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


def recipe(plain: bool = False, epochs: int = 4, noise: float = 0.5, **changes) -> Recipe:
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
    return replace(plan, **changes)


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
        recipe(args.plain, noise=0.0 if args.plain else 0.5),
        reporter=listener,
        folder=args.folder,
        checkpoint_seconds=0.0,
    )
    if int(os.environ.get("RANK", 0)) == 0:
        (args.folder / "curves.json").write_text(json.dumps({"step": run.step, **run.curves}))


if __name__ == "__main__":
    import tiny_recipe  # under its own name, which goes into the configuration

    tiny_recipe.main()
