"""What a GPU is for in chapter 04: cooling twenty spins without a matrix, and training a schedule for twelve (C22).

The paper's abstract gives neither configurations nor results, so there is no "paper" preset and no number to meet:
both experiments are ours, at a size that a lecture can run:

    pointer                      pointer cooling of a long chain; nothing is trained
    schedule/kicks-and-signs     a trained schedule, and what it is without its sign layers
    schedule/kicks-alone
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset

from spectral_lab import checks
from spectral_lab.cooling.models import CoolingCircuit, cool_chain, heisenberg_chain, ising_chain
from spectral_lab.training import Computation, Evaluation, Optimiser, Part, Recipe, Target, schedules

# Lowest level of the tilted Ising chain, by Lanczos.
GROUND_LEVELS = {8: -13.0528868, 10: -16.49933201, 14: -23.39222409, 16: -26.83867015, 20: -33.73156226}
NO_PAPER = "the paper's abstract gives no configuration to repeat: preset must be 'lecture' or 'miniature'"


# --- pointer cooling of a long chain ---------------------------------------------------------------------------------


# Settings of `cool_chain` for the tilted Ising chain of n spins from Néel; energies in J.
POINTER: dict[str, dict[str, Any]] = {
    "lecture": {
        "n": 20, "steps": 32, "batch": 4, "width": 1.0, "resolution": 0.4, "margin": 2.2, "angle": 12.0, "kick": 0.6,
    },
    "miniature": {
        "n": 8, "steps": 8, "batch": 4, "width": 0.5, "resolution": 0.25, "margin": 1.2, "angle": 6.0, "kick": 0.5,
    },
}  # fmt: skip


def pointer(preset: str) -> Computation:
    """Pointer cooling: `batch` runs at once on the GPU if there is one. Raises: ValueError for another preset."""
    if preset == "paper":
        raise ValueError(NO_PAPER)
    return Computation(
        name="cooling/pointer",
        preset=preset,
        compute=Part(cool_by_pointer, POINTER[checks.choice(preset, "preset", POINTER)]),
        target=Target(("runs", "arrived", "median steps to it", "lowest E − E₀")),
    )


def cool_by_pointer(
    seed: int, report: Callable[[int, int, str], None], *, n: int, steps: int, resolution: float, **settings: Any
) -> tuple[dict[str, float], dict[str, Any]]:
    """Cool the chain; returns what it came to, and the energies, spreads, readings and shifts of each run and step.

    A run has arrived if its energy is within 2 resolutions of the ground level at the end. The median is that of the
    steps after which those that arrived first came so near; NaN if none has arrived. Raises: KeyboardInterrupt.
    """
    run = cool_chain(
        ising_chain(n, dtype=torch.float32),
        steps,
        resolution=resolution,
        seed=seed,
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
        report=lambda step, energies: report(step, steps, ", ".join(f"{energy:.3f}" for energy in energies)),
        **settings,
    )
    if run.shifts.shape[1] < steps:  # `cool_chain` returns the steps so far; they are not what was asked for
        raise KeyboardInterrupt
    above = run.energies - GROUND_LEVELS[n]
    close = above <= 2 * resolution
    arrived = close[:, -1]
    metrics = {
        "spins": float(n),
        "runs": float(len(arrived)),
        "steps": float(steps),
        "arrived": float(arrived.sum()),
        "median steps to it": float(np.median(close.argmax(axis=1)[arrived])) if arrived.any() else np.nan,
        "lowest E − E₀": float(np.abs(above[:, -1].min())),
        "products with H": float(run.products),
    }
    columns = {"energies": run.energies, "spreads": run.spreads, "readings": run.readings, "shifts": run.shifts}
    return metrics, {name: rows.round(6).tolist() for name, rows in columns.items()}


# --- training a schedule ---------------------------------------------------------------------------------------------


def iterations(count: Any) -> dict[str, Dataset]:
    """The loss has no data: an epoch is `count` iterations on the one known start, and its end is measured once."""
    count = checks.integer(count, "count", 1, 1_000_000)
    return {"train": TensorDataset(torch.zeros(count)), "test": TensorDataset(torch.zeros(1))}


def circuit(n: int, layers: int, kicks_only: bool) -> CoolingCircuit:
    """Layers of kicks and signs on the Heisenberg chain from all up, its top level."""
    return CoolingCircuit(heisenberg_chain(n), layers, kicks_only=kicks_only)


def energy(model: Any, batch: Any) -> Tensor:
    """The mean energy of the final state."""
    return model.energy(model())


def quality(model: Any, batch: Any) -> dict[str, Tensor]:
    """Energy above the ground level (J), and ground population."""
    psi = model()
    above = model.energy(psi) - model.sign.energies[0]
    return {"E − E₀": above.reshape(1), "ground population": model.ground_population(psi).reshape(1)}


def schedule(preset: str, kicks_only: bool) -> Recipe:
    """Train a schedule on the Heisenberg chain: twelve spins in a lecture, four in the miniature."""
    if preset == "paper":
        raise ValueError(NO_PAPER)
    small = checks.choice(preset, "preset", ("lecture", "miniature")) == "miniature"
    return Recipe(
        name=f"cooling/schedule/{'kicks-alone' if kicks_only else 'kicks-and-signs'}",
        preset=preset,
        data=Part(iterations, {"count": 20}),
        model=Part(circuit, {"n": 4 if small else 12, "layers": 4 if small else 16, "kicks_only": kicks_only}),
        loss=Part(energy),
        evaluations=(Evaluation("test", Part(quality)),),
        optimiser=Optimiser("adam", 0.05 if small else 0.03),
        schedule=Part(schedules.cosine),
        target=Target(("E − E₀", "ground population")),
        batch_size=1,
        epochs=6 if small else 40,
    )


RECIPES: dict[str, Callable[[str], Recipe | Computation]] = {
    "schedule/kicks-and-signs": partial(schedule, kicks_only=False),
    "schedule/kicks-alone": partial(schedule, kicks_only=True),
    "pointer": pointer,
}
