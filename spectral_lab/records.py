"""Records of long computations: one JSON file each in `results/`, written, read and selected here, and nowhere else.

A training run, a campaign on a GPU, a benchmark, the spectra of a checkpoint: what takes long is computed once, and its
record is what claims and tables read. What cannot be read is passed over, and named; the others are read.

    path = write(record("cooling/pointer", "lecture", metrics={"arrived": 4.0}, seconds=61.5, settings={"n": 20}))
    select("cooling/*", preset="lecture", metrics=["arrived"])      # [Record, ...]

A number that is not finite stands in a record as a word ("NaN", "Infinity"), since JSON has no other way to write it.
Imports no library, so that claims may read the records without torch.
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import spectral_lab
from spectral_lab.atomic import write_atomically
from spectral_lab.checkout import local_folder

FORMAT = "spectral_lab record 1"
LARGEST = 1 << 26  # bytes of one record
_told: set[str] = set()


def results_folder() -> Path:
    """Where records are kept: `SPECTRAL_LAB_RESULTS` if set, else `results/` of the checkout, else of this folder."""
    return local_folder("SPECTRAL_LAB_RESULTS", "results")


# --- one record ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    """A finished computation as its record tells it.

    name      what was computed: "chapter/task/variant", such as "pseudospectra/digits/s4d"
    metrics   what it measured: named numbers
    machine   the name of the hardware
    content   everything that the file holds
    """

    name: str
    preset: str
    seed: int
    metrics: dict[str, float]
    machine: str
    content: dict[str, Any]


def record(
    name: str, preset: str, *, metrics: Mapping[str, float], seconds: float, seed: int = 0, **more: Any
) -> dict[str, Any]:
    """The content of a record, with the hardware and the versions of this process unless they are given.

    `more` is what someone needs to judge or repeat the computation: settings, curves, tables, as JSON values.
    """
    stated = {"format": FORMAT, "name": name, "preset": preset, "seed": seed, "finished": True}
    measured = {"seconds": round(seconds, 1), "metrics": dict(metrics)}
    return stated | measured | {"hardware": hardware(), "versions": versions()} | more


def write(content: Mapping[str, Any], folder: Path | None = None) -> Path:
    """Write a record into `results/` (or `folder`), atomically; returns its path.

    Raises: KeyError, TypeError or ValueError, if it could not be read again; OSError.
    """
    parsed = _parse(json.loads(to_json(dict(content))))
    ending = f"-{_words(parsed.machine)}.json"
    path = (folder or results_folder()) / file_name(parsed.name, parsed.preset, parsed.seed, ending)
    write_atomically(path, (to_json(dict(content), indent=1) + "\n").encode())
    return path


def file_name(name: str, preset: str, seed: int, ending: str) -> str:
    """The name of a computation's file: its name, preset and seed in words, then the ending."""
    return f"{_words(name)}-{preset}-seed{seed}{ending}"


def select(
    name: str = "*", preset: str = "*", *, metrics: Sequence[str] = (), folder: Path | None = None
) -> list[Record]:
    """The records of finished computations with this name and preset (shell patterns), by the names of their files.

    A file that cannot be read, or that lacks one of the metrics, is passed over, and named once on standard error; one
    that is meant for others, or unfinished, is passed over in silence.
    """
    pattern = f"{_words(name, keep='*')}-{preset}-seed*.json" if name != "*" else "*.json"
    found = []
    for path in sorted((folder or results_folder()).glob(pattern)):
        try:
            content = _content(path)
            if content.get("format") != FORMAT or content.get("finished") is not True:
                continue
            parsed = _parse(content)
            if fnmatchcase(parsed.name, name) and fnmatchcase(parsed.preset, preset):
                for metric in metrics:
                    parsed.metrics[metric]
                found.append(parsed)
        except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
            _pass_over(path, error)
    return found


def _parse(content: dict[str, Any]) -> Record:
    """A record from the content of its file. Raises: KeyError, TypeError or ValueError if something is missing."""
    machine, seed = content["hardware"]["name"], content["seed"]
    for what, text in (("name", content["name"]), ("preset", content["preset"]), ("name of the hardware", machine)):
        if not isinstance(text, str) or not _words(text):
            raise TypeError(f"the {what} is no text")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError("the seed is no whole number")
    metrics = {metric: number(value) for metric, value in dict(content["metrics"]).items()}
    return Record(content["name"], content["preset"], seed, metrics, machine, content)


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


def _words(text: str, keep: str = "") -> str:
    return re.sub(f"[^a-z0-9{keep}]+", "-", text.lower()).strip("-")


# --- the machine -----------------------------------------------------------------------------------------------------


def hardware(device: Any = None, processes: int = 1) -> dict[str, Any]:
    """What a computation runs on: a name for tables, and the details. `device` is torch's, of one that uses torch."""
    torch = sys.modules.get("torch")
    details: dict[str, Any] = {"processes": processes, "cpu": _cpu(), "cores": os.cpu_count()}
    if torch is not None and getattr(device, "type", "cpu") == "cuda":
        gpu = torch.cuda.get_device_properties(device)
        count = f"{processes} x " if processes > 1 else ""
        return {"name": f"{count}{gpu.name}", "gpu_memory_GiB": round(gpu.total_memory / 2**30, 1), **details}
    threads = {} if torch is None else {"threads": torch.get_num_threads()}
    return {"name": f"CPU, {details['cores']} cores", **threads, **details}


def versions() -> dict[str, str]:
    """Versions of what computes the numbers."""
    found = {"python": platform.python_version(), "spectral_lab": spectral_lab.__version__}
    for package in ("torch", "numpy", "scipy", "lightning-fabric", "safetensors"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # some images bring a package inside another one
            module = sys.modules.get(package.replace("-", "_"))
            found[package] = str(getattr(module, "__version__", "unknown"))
    return found


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


# --- numbers ---------------------------------------------------------------------------------------------------------


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


def _worded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _worded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_worded(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
