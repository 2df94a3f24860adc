"""`spectral-lab spectra PATH`: read the spectra of a checkpoint, layer by layer, and say what noise would look like."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from spectral_lab.archives import FormatError
from spectral_lab.atomic import write_atomically
from spectral_lab.datasets import data_folder
from spectral_lab.heavytails.tails import RULES

SAVED_EVERY = 5.0  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.description = (
        "Read the weight spectra of a checkpoint, layer by layer, beside those of noise of the same shape. "
        "A matrix whose shorter side is above 10,000 is named and left out."
    )
    parser.add_argument("path", help="a .safetensors file, a folder that holds some, or a torch state dict")
    parser.add_argument("--farms", type=int, metavar="SIZE", help="read FARMS windows of this size too")
    parser.add_argument("--rule", choices=RULES, default="median", help="where a tail starts (default: median)")
    parser.add_argument("--html", metavar="FILE", help="write one page with a picture for each layer")
    parser.add_argument("--json", metavar="FILE", help="write the numbers")


def run(options: argparse.Namespace) -> int:
    """Read the checkpoint; returns the exit code. What was read before Ctrl-C is kept, and the next call goes on."""
    from spectral_lab.heavytails import report as reports
    from spectral_lab.heavytails.checkpoints import open_checkpoint

    try:
        if options.farms is not None and options.farms < 2:
            raise ValueError(f"--farms must be a size of at least 2, got {options.farms}")
        checkpoint = open_checkpoint(options.path)
        for target in (options.html, options.json):
            if target is not None and not Path(target).resolve().parent.is_dir():
                raise ValueError(f"{target} cannot be written: there is no folder {Path(target).resolve().parent}")
    except (FormatError, FileNotFoundError, ValueError) as error:
        print(f"spectral-lab spectra: {error}", file=sys.stderr)
        return 2
    todo = reports.matrices(checkpoint)
    need = reports.memory(checkpoint)
    print(f"{len(todo)} matrices; one at a time, about {max(need / 2**20, 1):,.0f} MB of memory.", file=sys.stderr)
    kept = _Kept(options, checkpoint)
    if kept.known:
        print(f"An earlier call was stopped: going on after {len(kept.known)} of {len(todo)}.", file=sys.stderr)
    try:
        readings = _all(checkpoint, options, kept)
    except KeyboardInterrupt:
        kept.save()
        print(f"\nStopped after {len(kept.known)} of {len(todo)}; the same command goes on there.", file=sys.stderr)
        return 130
    result = reports.gathered(checkpoint, readings, options.farms, options.rule)
    print(result)
    if options.json is not None:
        write_atomically(Path(options.json).resolve(), result.json().encode())
    if options.html is not None:
        from spectral_lab.heavytails.page import page

        write_atomically(Path(options.html).resolve(), page(result).encode())
    kept.forget()
    return 0


def _all(checkpoint: Any, options: argparse.Namespace, kept: _Kept) -> list[Any]:
    from tqdm import tqdm

    from spectral_lab.heavytails import report as reports

    todo = reports.matrices(checkpoint)
    total = sum(map(reports.cost, todo))
    readings: list[Any] = []
    form = "{percentage:3.0f} % |{bar}| {elapsed} gone, {remaining} left{postfix}"
    with tqdm(total=total, bar_format=form, disable=not sys.stderr.isatty(), leave=False) as bar:
        lines = reports.read_layers(
            checkpoint, options.farms, options.rule, kept.known, lambda entry: bar.update(reports.cost(entry))
        )
        for entry, reading in zip(todo, lines, strict=True):
            bar.set_postfix_str(entry.name[-40:])
            readings.append(reading)
            kept.add(entry.name, reading)
    return readings


class _Kept:
    """Readings of an interrupted call, on the disk under what the answer depends on."""

    def __init__(self, options: argparse.Namespace, checkpoint: Any) -> None:
        state = [options.rule, options.farms, *((e.name, e.shape, e.kind, e.size) for e in checkpoint.entries)]
        path = Path(options.path).expanduser().resolve()
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        state += [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
        key = hashlib.sha256(json.dumps(state, default=str).encode()).hexdigest()[:24]
        self.file, self.saved, self.known = data_folder() / "spectra" / f"{key}.json", time.monotonic(), self._load(key)

    def _load(self, key: str) -> dict[str, Any]:
        from spectral_lab.heavytails.report import LayerReading

        try:
            stored = json.loads((data_folder() / "spectra" / f"{key}.json").read_text())
            return {
                name: item if isinstance(item, str) else LayerReading(**_tuples(item)) for name, item in stored.items()
            }
        except (OSError, ValueError, TypeError, AttributeError):  # there is none, or it is of another version
            return {}

    def add(self, name: str, reading: Any) -> None:
        self.known[name] = reading
        if time.monotonic() - self.saved > SAVED_EVERY:
            self.save()

    def save(self) -> None:
        plain = {name: item if isinstance(item, str) else vars(item) for name, item in self.known.items()}
        write_atomically(self.file, json.dumps(plain).encode())
        self.saved = time.monotonic()

    def forget(self) -> None:
        self.file.unlink(missing_ok=True)


def _tuples(item: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
