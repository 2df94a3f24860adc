"""A computation: what takes long and trains nothing, such as a campaign or a model's spectra; recorded as a run is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from spectral_lab import checks, records
from spectral_lab.training.recipe import PRESETS, Configured, Part, Target

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Computation(Configured):
    """A long computation, entirely: it stands in a chapter's `RECIPES` beside the training recipes.

    name, preset, seed, target   as a `Recipe` has them
    compute   `compute(seed, report)` returns the metrics, named numbers, and a dict of what else belongs into the
              record, JSON values; it takes the GPU if there is one, and calls `report(done, steps, words)` now and then
    Raises: ValueError.
    """

    name: str
    preset: str
    compute: Part
    target: Target
    seed: int = 0

    def __post_init__(self) -> None:
        checks.choice(self.preset, "preset", PRESETS)
        checks.integer(self.seed, "seed", 0, 2**63 - 1)
        for name, kind in (("name", str), ("compute", Part), ("target", Target)):
            if not isinstance(value := getattr(self, name), kind) or value == "":
                raise ValueError(f"{name} must be of the kind {kind.__name__}, got {checks.shown(value)}")

    def run(self) -> Computed:
        """Compute it. All but the miniature tell on standard error how far they are."""
        begin = perf_counter()

        def report(done: int, steps: int, words: str) -> None:
            left = (perf_counter() - begin) / max(done, 1) * (steps - done)
            if self.preset != "miniature":
                print(f"step {done} of {steps}: {words}; about {left:.0f} s left", file=sys.stderr)

        metrics, details = self.compute(self.seed, report)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return Computed(self, metrics, details, perf_counter() - begin, records.hardware(device))


@dataclass(frozen=True)
class Computed:
    """A finished computation: what it measured, what else it found, the seconds it took, and where."""

    recipe: Computation
    metrics: dict[str, float]
    details: dict[str, Any]
    seconds: float
    hardware: dict[str, Any]

    finished = True

    def record(self) -> dict[str, Any]:
        """Everything that someone needs to judge or repeat the computation, as JSON values."""
        return records.record(
            self.recipe.name,
            self.recipe.preset,
            seed=self.recipe.seed,
            metrics=self.metrics,
            seconds=self.seconds,
            target=self.recipe.config()["target"],
            hardware=self.hardware,
            recipe=self.recipe.config(),
            details=self.details,
        )

    def save(self, folder: Path | None = None) -> Path:
        """Write the record into `results/` (or `folder`), atomically; returns its path."""
        return records.write(self.record(), folder)
