"""The last cell of a notebook: train what this machine can train, and hold it against the paper."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil
from pathlib import Path
from typing import Any

import torch

from spectral_lab import checks
from spectral_lab.training.files import results_folder
from spectral_lab.training.loop import is_finished, train
from spectral_lab.training.recipe import PRESETS, Recipe
from spectral_lab.training.reporter import Reporter, Text
from spectral_lab.training.run import RECORD_FORMAT, Run

Recipes = Mapping[str, Callable[[str], Recipe]]


def preset_here(wanted: str = "paper") -> str:
    """The preset that this machine can run: the wanted one with a CUDA device, `"miniature"` without."""
    checks.choice(wanted, "wanted", PRESETS)
    return wanted if torch.cuda.is_available() else "miniature"


def select(recipes: Recipes, task: str) -> Recipes:
    """The recipes of a task: the one of this name, or all those under it ("digits" holds "digits/s4d").

    Raises: ValueError with the names there are.
    """
    chosen = {name: build for name, build in recipes.items() if name == task or name.startswith(f"{task}/")}
    if not chosen:
        raise ValueError(f"task must be one of {', '.join(map(repr, recipes))}, or the beginning of some; got {task!r}")
    return chosen


def train_here(
    recipes: Recipes,
    task: str,
    *,
    wanted: str = "paper",
    reporter: Reporter | None = None,
    resume: bool = True,
) -> list[Run]:
    """Train every variant of a task in turn, as far as this machine can; returns the runs.

    In a notebook its curves grow in the cell's output. Ctrl-C (the stop button) ends it without loss: called again, it
    goes on where it was. Once all variants are finished, it trains them all anew.
    Raises: ValueError for an unknown task, and what `train` raises.
    """
    preset = preset_here(wanted)
    if preset == wanted:
        print(f"Preset {preset!r}.")
    else:
        print(f"No CUDA device here: preset {preset!r} in place of {wanted!r}, the same code in small.")
    listener = reporter or reporter_here()
    chosen = [build(preset) for build in select(recipes, task).values()]
    done = [resume and is_finished(recipe) for recipe in chosen]
    runs: list[Run] = []
    for recipe, finished in zip(chosen, done, strict=True):
        runs.append(train(recipe, reporter=listener, resume=resume, again=all(done) or not finished))
        if not runs[-1].finished:
            print(f"Interrupted in {runs[-1].recipe.name}. Run this cell again to go on.")
            break
    return runs


def reporter_here() -> Reporter:
    """Live curves in a notebook that can show widgets, text elsewhere."""
    ipython = sys.modules.get("IPython")
    if ipython is None or not hasattr(ipython.get_ipython(), "kernel"):
        return Text()
    try:
        from spectral_lab.training.live import Live

        return Live()
    except ImportError:
        return Text()


@dataclass(frozen=True)
class ResultsTable:
    """Rows of text under column names; shows as HTML in a notebook and as aligned columns elsewhere."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = (self.columns, tuple("-" * width for width in widths), *self.rows)
        return "\n".join("  ".join(f"{c:<{w}}" for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{escape(column)}</th>" for column in self.columns)
        cells = ("".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row) for row in self.rows)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def results_table(
    runs: Sequence[Run], *, results: Path | None = None, decimals: int = 1, within: float | None = None
) -> ResultsTable:
    """Paper, recorded runs and these runs, one below the other for each recipe.

    Args:
        results: folder of the records; default `results_folder()`.
        decimals: to which these runs are rounded. One decimal is what different machines agree on.
        within: width of intervals to show in place of rounded numbers, where machines agree on no decimal: 0.5 shows
            an accuracy as "0 to 0.5" or "0.5 to 1".
    Raises: ValueError if there are no runs or the width is not positive.
    """
    if not runs:
        raise ValueError("runs must hold at least one run, got none")
    if within is not None:
        within = checks.number(within, "within", above=0)
    records = read_records(results or results_folder())
    metrics = list(dict.fromkeys(metric for run in runs for metric in run.recipe.target.metrics))
    rows: list[tuple[str, ...]] = []
    for run in runs:
        recipe, target = run.recipe, run.recipe.target
        if target.published:
            rows.append((recipe.name, "paper", target.source, *_numbers(target.published, metrics, None)))
        recorded = [record for record in records if record["name"] == recipe.name]
        for record in recorded:
            where = f"{record['preset']}, {record['hardware']['name']}"
            rows.append((recipe.name, "recorded", where, *_numbers(record["metrics"], metrics, 3)))
        if not recorded:
            rows.append((recipe.name, "recorded", "not yet run", *("" for _ in metrics)))
        where = f"{recipe.preset}, here" if run.finished else f"{recipe.preset}, here, interrupted"
        here = _numbers(run.metrics, metrics, decimals) if within is None else _intervals(run.metrics, metrics, within)
        rows.append((recipe.name, "this run", where, *here))
    return ResultsTable(("recipe", "source", "where", *metrics), tuple(rows))


def read_records(folder: Path) -> list[dict[str, Any]]:
    """The records of finished runs in a folder, by file name; other JSON files are passed over."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_text())
        except ValueError:
            continue
        if isinstance(record, dict) and record.get("format") == RECORD_FORMAT and record["finished"]:
            found.append(record)
    return found


def _numbers(values: Mapping[str, float], metrics: Sequence[str], decimals: int | None) -> list[str]:
    def show(value: float) -> str:
        return f"{value:g}" if decimals is None else f"{value:.{decimals}f}"

    return [show(values[metric]) if metric in values else "" for metric in metrics]


def _intervals(values: Mapping[str, float], metrics: Sequence[str], width: float) -> list[str]:
    """The interval k width < value <= (k + 1) width of each metric, so that an accuracy of 1 is in the topmost."""
    lower = {metric: width * (ceil(values[metric] / width) - 1) for metric in metrics if metric in values}
    return [f"{lower[metric]:g} to {lower[metric] + width:g}" if metric in lower else "" for metric in metrics]
