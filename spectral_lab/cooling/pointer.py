"""Records of pointer cooling runs (`recipe.pointer_cooling`), read without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spectral_lab import records

FORMAT = "spectral_lab.cooling pointer record 1"


class Summary(NamedTuple):
    """What a record says of its runs; a run has arrived when its energy is within 2 resolutions of the ground level."""

    n: int
    arrived: int
    runs: int
    median: float  # steps of those that arrived until they first did; NaN if none has
    lowest: float  # energy above the ground level at the end, J


def summary(record: dict[str, Any]) -> Summary:
    """The summary of a record. Raises: KeyError, TypeError or ValueError if it does not hold what it should."""
    energies = np.array([[records.number(energy) for energy in run] for run in record["energies"]])
    if energies.ndim != 2 or not energies.size:
        raise ValueError("energies are no table of runs and steps")
    above = energies - records.number(record["ground_level"])
    close = above <= 2 * records.number(record["settings"]["resolution"])
    arrived = close[:, -1]
    median = float(np.median(close.argmax(axis=1)[arrived])) if arrived.any() else float("nan")
    n = int(record["settings"]["n"])
    return Summary(n, int(arrived.sum()), len(arrived), median, float(np.abs(above[:, -1].min())))


def pointer_records(preset: str = "*", folder: Path | None = None) -> list[dict[str, Any]]:
    """The records of a preset, or of all; what cannot be read is passed over, and named."""

    def parse(record: dict[str, Any]) -> dict[str, Any] | None:
        if record.get("format", FORMAT) != FORMAT:
            return None
        summary(record), records.number(record["seconds"]), record["hardware"]["name"], record["products"]
        return record

    return records.load(f"cooling-pointer-{preset}-*.json", parse, folder)
