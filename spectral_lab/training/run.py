"""A run: what was asked for, how far it came, what it measured, and on which machine. Its record is one JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from spectral_lab import checks, records
from spectral_lab.training.callback import Callback
from spectral_lab.training.checkpoint import CheckpointError
from spectral_lab.training.recipe import Recipe


@dataclass
class Run:
    """A training run, finished or not.

    epoch       epochs done and measured; `step` counts the steps, those of the epoch under way included
    begun       epochs begun: one more than `epoch` once the callbacks were told of the epoch under way
    curves      for "loss" and each metric the points (step, value); the loss is a mean over a window of steps
    notes       what was measured or noted and is no number, in the same way: (step, JSON value) by name
    rates       factors on the learning rates of single parameters, by name, as a callback last set them
    pending     losses of the window that is not complete yet
    seconds     wall time so far, over all sittings
    replaced    where the checkpoint went that this run did not go on from, if there was one
    """

    recipe: Recipe
    model: nn.Module
    checkpoint: Path
    steps_per_epoch: int
    hardware: dict[str, Any]
    callbacks: tuple[Callback, ...] = ()
    step: int = 0
    epoch: int = 0
    begun: int = 0
    seconds: float = 0.0
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    notes: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    pending: list[float] = field(default_factory=list)
    replaced: Path | None = None

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.recipe.epochs * self.steps_per_epoch

    @property
    def finished(self) -> bool:
        """Whether the last epoch is done and measured."""
        return self.epoch == self.recipe.epochs

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of the last evaluation, or of the epoch that the target selects by its validation metric.

        An epoch whose validation metric is not finite is never the best.
        """
        target = self.recipe.target
        measured = {name: points for name, points in self.curves.items() if name != "loss"}
        last = {name: points[-1][1] for name, points in measured.items()}
        finite = [point for point in measured.get(target.select or "", []) if isfinite(point[1])]
        if not finite:
            return last
        best = max if target.best == "highest" else min
        chosen, _ = best(finite, key=lambda point: point[1])
        return {name: dict(points).get(chosen, last[name]) for name, points in measured.items()}

    def note(self, name: str, value: Any) -> None:
        """Put a value into the record at the present step: a number into the curves, other JSON values into the notes.

        Raises: ValueError if it is no JSON value, or for the name "loss", which is the loop's.
        """
        if not isinstance(name, str) or name in ("", "loss"):
            raise ValueError(f"name must be a text other than 'loss', got {checks.shown(name)}")
        if isinstance(value, (Real, np.generic, np.ndarray, torch.Tensor)) and not isinstance(value, bool):
            value = value.tolist() if hasattr(value, "tolist") else float(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            self.curves.setdefault(name, []).append((self.step, float(value)))
            return
        try:
            value = json.loads(records.to_json(value))
        except (TypeError, ValueError, RecursionError):
            raise ValueError(f"value of {name!r} must be a JSON value, got {checks.shown(value)}") from None
        self.notes.setdefault(name, []).append((self.step, value))

    def scale_rates(self, factors: Mapping[str, float]) -> None:
        """Multiply the learning rates of these parameters from now on, those of no others; and note the factors.

        Raises: ValueError if a factor is negative, or a name is no parameter with a group of its own (`Group.each`).
        """
        groups = self.recipe.optimiser.members(self.model)
        alone = {name for group, members in groups for name in members if group.each}
        rates = {}
        for name, factor in factors.items():
            if name not in alone:
                raise ValueError(f"factors must name parameters of a Group with each=True, got {checks.shown(name)}")
            rates[name] = checks.number(factor, f"factors[{name!r}]", 0)
        self.rates = rates
        self.note("rates", rates)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it, as JSON values."""
        return {
            "recipe": self.recipe.config(),
            "step": self.step,
            "epoch": self.epoch,
            "begun": self.begun,
            "seconds": self.seconds,
            "curves": self.curves,
            "notes": self.notes,
            "rates": self.rates,
            "callbacks": [callback.state_dict() for callback in self.callbacks],
            "pending": self.pending,
            "hardware": self.hardware,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up where a checkpoint left off. Raises: CheckpointError if this run cannot stand there."""
        try:
            step, epoch, begun = int(state["step"]), int(state["epoch"]), int(state["begun"])
            seconds, pending = float(state["seconds"]), [float(value) for value in state["pending"]]
            curves = {
                name: [(int(step), float(value)) for step, value in points] for name, points in state["curves"].items()
            }
            notes = {name: [(int(step), value) for step, value in points] for name, points in state["notes"].items()}
            rates = {str(name): float(factor) for name, factor in state["rates"].items()}
            hardware = dict(state.get("hardware", self.hardware))
            str(hardware["name"])
            for callback, remembered in zip(self.callbacks, state["callbacks"], strict=True):
                callback.load_state_dict(remembered)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise CheckpointError(f"{self.checkpoint} does not say how far its run came ({error!r}).") from None
        start = epoch * self.steps_per_epoch
        if not (
            0 <= epoch <= self.recipe.epochs
            and start <= step <= min(start + self.steps_per_epoch, self.steps)
            and epoch + (step > start) <= begun <= epoch + 1
        ):
            raise CheckpointError(
                f"{self.checkpoint} stands at step {step} of epoch {epoch}, which this run never does "
                f"({self.recipe.epochs} epochs of {self.steps_per_epoch} steps)."
            )
        self.step, self.epoch, self.begun, self.seconds, self.pending = step, epoch, begun, seconds, pending
        self.curves, self.notes, self.rates = curves, notes, rates
        if self.finished:  # perhaps on another machine than this one
            self.hardware = hardware

    def record(self) -> dict[str, Any]:
        """Everything that someone needs to judge or repeat the run, as JSON values."""
        return records.record(
            self.recipe.name,
            self.recipe.preset,
            seed=self.recipe.seed,
            metrics=self.metrics,
            seconds=self.seconds,
            finished=self.finished,
            steps=[self.step, self.steps],
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            target=self.recipe.config()["target"],
            hardware=self.hardware,
            recipe=self.recipe.config(),
            curves=self.curves,
            notes=self.notes,
        )

    def save(self, folder: Path | None = None) -> Path:
        """Write the record into `results/` (or `folder`), atomically; returns its path."""
        return records.write(self.record(), folder)

    def __repr__(self) -> str:
        state = "finished" if self.finished else f"{self.step} of {self.steps} steps"
        return f"Run({self.recipe.name}, {self.recipe.preset}, seed {self.recipe.seed}, {state})"


def file_name(recipe: Recipe, ending: str) -> str:
    """The name of a run's file: the recipe's name, preset and seed in words, then the ending."""
    return records.file_name(recipe.name, recipe.preset, recipe.seed, ending)
