"""What a GPU is for in chapter 04: cooling twenty spins without a matrix, and training a schedule for twelve (C22).

The paper's abstract gives neither configurations nor results, so there is no "paper" preset and no number to meet:
both experiments are ours, at a size that a lecture can run. The last cell of the notebook calls `pointer_here` and
`spectral_lab.training.train_here(RECIPES, "schedule", wanted="lecture")`; from the shell

    python -m spectral_lab.cooling.recipe [lecture|miniature]      the pointer cooling
    spectral-lab train cooling --preset lecture                    the schedules
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset

from spectral_lab import checks, records
from spectral_lab.cooling.models import ChainRun, CoolingCircuit, cool_chain, heisenberg_chain, ising_chain
from spectral_lab.records import figure, hardware
from spectral_lab.training import Evaluation, Optimiser, Part, Recipe, Target, schedules
from spectral_lab.training.classroom import preset_here
from spectral_lab.training.table import ResultsTable

# Lowest level of the tilted Ising chain, by Lanczos.
GROUND_LEVELS = {8: -13.0528868, 10: -16.49933201, 14: -23.39222409, 16: -26.83867015, 20: -33.73156226}
NO_PAPER = "the paper's abstract gives no configuration to repeat: preset must be 'lecture' or 'miniature'"


# --- pointer cooling of a long chain ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class PointerCooling:
    """The settings of `cool_chain` for the tilted Ising chain of n spins from Néel; energies in J."""

    n: int
    steps: int
    batch: int
    width: float
    resolution: float
    margin: float
    angle: float
    kick: float
    error: float = 1e-3
    seed: int = 0


POINTER = {
    "lecture": PointerCooling(n=20, steps=32, batch=4, width=1.0, resolution=0.4, margin=2.2, angle=12.0, kick=0.6),
    "miniature": PointerCooling(n=8, steps=8, batch=4, width=0.5, resolution=0.25, margin=1.2, angle=6.0, kick=0.5),
}


@dataclass(frozen=True, eq=False)
class PointerResult:
    """A finished pointer cooling: its settings, the run, the seconds it took, and where."""

    preset: str
    settings: PointerCooling
    run: ChainRun
    seconds: float
    hardware: dict[str, Any]

    def record(self) -> dict[str, Any]:
        """Everything that someone needs to judge or repeat the run, as JSON values."""
        run = self.run
        return records.record(
            "cooling/pointer",
            self.preset,
            seed=self.settings.seed,
            metrics=summary(run, self.settings.n, self.settings.resolution),
            seconds=self.seconds,
            hardware=self.hardware,
            settings=asdict(self.settings),
            ground_level=GROUND_LEVELS[self.settings.n],
            energies=run.energies.round(6).tolist(),
            spreads=run.spreads.round(6).tolist(),
            readings=run.readings.round(6).tolist(),
            shifts=run.shifts.round(6).tolist(),
            products=run.products,
        )

    def save(self, folder: Path | None = None) -> Path:
        """Write the record into `results/` (or `folder`), atomically; returns its path."""
        return records.write(self.record(), folder)


def summary(run: ChainRun, n: int, resolution: float) -> dict[str, float]:
    """What a cooling came to. A run has arrived if its energy is within 2 resolutions of the ground level at the end.

    The median is that of the steps after which those that arrived first came so near; NaN if none has arrived.
    """
    above = run.energies - GROUND_LEVELS[n]
    close = above <= 2 * resolution
    arrived = close[:, -1]
    return {
        "spins": float(n),
        "runs": float(len(arrived)),
        "steps": float(above.shape[1] - 1),
        "arrived": float(arrived.sum()),
        "median steps to it": float(np.median(close.argmax(axis=1)[arrived])) if arrived.any() else np.nan,
        "lowest E − E₀": float(np.abs(above[:, -1].min())),
        "products with H": float(run.products),
    }


def pointer_cooling(preset: str, report: Callable[[int, np.ndarray], None] | None = None) -> PointerResult:
    """Cool the chain of a preset on the GPU if there is one. Raises ValueError for another preset."""
    if preset == "paper":
        raise ValueError(NO_PAPER)
    settings = POINTER[checks.choice(preset, "preset", POINTER)]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    options = asdict(settings)
    begin = time.perf_counter()
    run = cool_chain(
        ising_chain(options.pop("n"), dtype=torch.float32),
        options.pop("steps"),
        device=device,
        report=report,
        **options,
    )
    return PointerResult(preset, settings, run, time.perf_counter() - begin, hardware(device, 1))


def pointer_here(wanted: str = "lecture") -> PointerResult | None:
    """Pointer cooling at the size that this machine can run, with one line a step and an estimate of the time.

    None after the stop button: a cooling cannot go on where it was, it begins anew.
    """
    preset = preset_here(wanted)
    settings = POINTER[checks.choice(preset, "preset", POINTER)]
    print(f"Pointer cooling, preset {preset!r}: {settings.n} spins, {settings.batch} runs, {settings.steps} steps.")
    begin = time.perf_counter()

    def report(step: int, energies: np.ndarray) -> None:
        left = (time.perf_counter() - begin) / step * (settings.steps - step)
        print(f"step {step}: {', '.join(f'{e:.3f}' for e in energies)}; about {left:.0f} s left", file=sys.stderr)

    # The miniature ends in seconds; its output stays the same on every machine.
    try:
        return pointer_cooling(preset, None if preset == "miniature" else report)
    except KeyboardInterrupt:
        print("Interrupted. Run this cell again to begin anew.")
        return None


def pointer_table(result: PointerResult | None, results: Path | None = None) -> ResultsTable:
    """The recorded runs and this one: energy above the ground level at the end, and the steps that it took."""
    rows = [
        ("recorded", f"{r.preset}, {r.machine}", *_cells(r.content, ".3f"), f"{r.content['seconds']:.0f} s")
        for r in records.select("cooling/pointer", metrics=["arrived"], folder=results)
    ]
    if not rows:
        rows.append(("recorded", "not yet run", "", "", "", "", ""))
    columns = (
        "source",
        "where",
        "spins",
        "runs within 2s of the ground level",
        "median steps to it",
        "lowest E − E₀ (J)",
        "time",
    )
    if result is None:
        return ResultsTable(columns, (*rows, ("this run", "unfinished: run the training cell again", *[""] * 5)))
    here = ("this run", f"{result.preset}, here")
    exact = (*rows, (*here, *_cells(result.record(), ".3g"), f"{result.seconds:.1f} s"))
    rows.append((*here, *_cells(result.record(), ".1f"), ""))
    return ResultsTable(columns, tuple(rows), exact)


def _cells(content: dict[str, Any], form: str) -> tuple[str, str, str, str]:
    measured = {name: records.number(value) for name, value in content["metrics"].items()}
    arrived = measured["arrived"]
    steps = figure(measured["median steps to it"], ".0f") if arrived else "none"
    lowest = figure(measured["lowest E − E₀"], form)
    return f"{measured['spins']:.0f}", f"{arrived:.0f} of {measured['runs']:.0f}", steps, lowest


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


RECIPES: dict[str, Callable[[str], Recipe]] = {
    "schedule/kicks-and-signs": partial(schedule, kicks_only=False),
    "schedule/kicks-alone": partial(schedule, kicks_only=True),
}


if __name__ == "__main__":
    finished = pointer_here(sys.argv[1] if len(sys.argv) > 1 else "lecture")
    if finished is None:
        sys.exit(130)
    print(f"Record: {finished.save()}")
    print(pointer_table(finished))
