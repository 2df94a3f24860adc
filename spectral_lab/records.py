"""Records of runs: JSON files in `results/`. What one cannot be read is passed over, and named; the others are read.

A number that is not finite stands in a record as a word ("NaN", "Infinity"), since JSON has no other way to write it.
Imports no library, so that claims may read the records without torch.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spectral_lab.checkout import local_folder

RUN_FORMAT = "spectral_lab.training record 1"
LARGEST = 1 << 26  # bytes of one record
_told: set[str] = set()


def results_folder() -> Path:
    """Where records are kept: `SPECTRAL_LAB_RESULTS` if set, else `results/` of the checkout, else of this folder."""
    return local_folder("SPECTRAL_LAB_RESULTS", "results")


def load(pattern: str, parse: Callable[[dict[str, Any]], Any], folder: Path | None = None) -> list[Any]:
    """What `parse` makes of the JSON files with names of this pattern, in the order of their names.

    `parse` returns None for a file that is meant for others. A file that cannot be read, or for which it raises
    KeyError, TypeError or ValueError, is passed over, and named once on standard error.
    """
    found = []
    for path in sorted((folder or results_folder()).glob(pattern)):
        try:
            parsed = parse(_content(path))
        except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
            _pass_over(path, error)
            continue
        if parsed is not None:
            found.append(parsed)
    return found


def runs(
    pattern: str = "*.json",
    folder: Path | None = None,
    *,
    needs: Sequence[str] = (),
    metrics: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The records of finished training runs, each with its metrics as numbers and the name of its hardware.

    Args:
        pattern: of the files' names.
        folder: default `results_folder()`.
        needs: further fields that a record must have.
        metrics: what it must have measured.
    """

    def parse(record: dict[str, Any]) -> dict[str, Any] | None:
        if record.get("format", RUN_FORMAT) != RUN_FORMAT or record.get("finished", True) is not True:
            return None
        for name in needs:
            record[name]
        if not isinstance(record["hardware"]["name"], str):
            raise TypeError("the name of the hardware is no text")
        measured = {name: number(value) for name, value in dict(record["metrics"]).items()}
        for name in metrics:
            measured[name]
        return record | {"metrics": measured}

    return load(pattern, parse, folder)


def number(value: Any) -> float:
    """A number of a record; words stand for what is not finite. Raises: TypeError."""
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON that every reader understands: numbers that are not finite become words."""
    return json.dumps(_worded(value), indent=indent, allow_nan=False)


def figure(value: float, form: str = ".3g") -> str:
    """A number as it is shown: never "-0", and in words if it is not finite."""
    if math.isfinite(value):
        return f"{value:z{form}}"
    return "not a number" if math.isnan(value) else "infinite" if value > 0 else "minus infinity"


def _content(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise ValueError(f"it has more than {LARGEST:,} bytes")
    content = json.loads(text)
    if not isinstance(content, dict):
        raise TypeError("it is no JSON object")
    return content


def _pass_over(path: Path, error: Exception) -> None:
    why = f"it has no field {error}" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
    line = f"spectral_lab: the record {path} is passed over ({why})."
    if line not in _told:
        _told.add(line)
        print(line, file=sys.stderr)


def _worded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _worded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_worded(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
