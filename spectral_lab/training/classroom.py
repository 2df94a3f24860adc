"""The last cell of a notebook: train what this machine can train, and hold it against the paper."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from math import ceil, isfinite
from pathlib import Path
from typing import Any

import torch

from spectral_lab import checks, records
from spectral_lab.records import Record, figure
from spectral_lab.training.loop import is_finished, train
from spectral_lab.training.recipe import PRESETS, Recipe
from spectral_lab.training.reporter import Reporter, Text
from spectral_lab.training.run import Run

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
        raise ValueError(
            f"task must be one of {', '.join(map(repr, recipes))}, or the beginning of some; got {checks.shown(task)}"
        )
    return chosen


UNFINISHED = "unknown: the training is unfinished, run its cell again to go on"


@dataclass(frozen=True, eq=False)
class Unknown:
    """What a run has not measured yet: whatever is asked of it, the answer is that the training is unfinished."""

    why: str = UNFINISHED

    def _still(self, *_: Any) -> Unknown:
        return self

    __lt__ = __le__ = __gt__ = __ge__ = _still
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __neg__ = _still

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return self.why

    def __format__(self, form: str) -> str:
        return self.why


class Measured(dict[str, float]):
    """A metric by variant; what is not measured yet is `Unknown`."""

    def __init__(self, values: Mapping[str, float], variants: Sequence[str]) -> None:
        super().__init__(values)
        self.variants = variants

    def __missing__(self, variant: str) -> Unknown:
        checks.choice(variant, "variant", self.variants)
        return Unknown()


class Runs(list[Run]):
    """The runs of a task that have begun; `recipes` are all of them."""

    def __init__(self, recipes: Sequence[Recipe], begun: Sequence[Run] = ()) -> None:
        super().__init__(begun)
        self.recipes = tuple(recipes)

    def metric(self, name: str) -> Measured:
        """This metric of each finished run, by the last word of its name ("s4d"); `Unknown` of one that is not.

        Raises: ValueError if the finished runs have no such metric, or the variant asked for does not exist.
        """
        finished = {_variant(run.recipe): run.metrics for run in self if run.finished}
        for metrics in finished.values():
            checks.choice(name, "name", metrics)
        values = {variant: metrics[name] for variant, metrics in finished.items()}
        return Measured(values, [_variant(recipe) for recipe in self.recipes])


def train_here(
    recipes: Recipes,
    task: str,
    *,
    wanted: str = "paper",
    reporter: Reporter | None = None,
    resume: bool = True,
) -> Runs:
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
    runs = Runs([build(preset) for build in select(recipes, task).values()])
    done = [resume and is_finished(recipe) for recipe in runs.recipes]
    for recipe, finished in zip(runs.recipes, done, strict=True):
        try:
            runs.append(train(recipe, reporter=listener, resume=resume, again=all(done) or not finished))
        except KeyboardInterrupt:  # before its first step or after its last
            print(f"Interrupted before {recipe.name}. Run this cell again to go on.")
            break
        if not runs[-1].finished:
            print(f"Interrupted in {recipe.name}. Run this cell again to go on.")
            break
    return runs


def reporter_here() -> Reporter:
    """Live curves in a notebook that can show widgets, text elsewhere."""
    if not in_notebook():
        return Text()
    from spectral_lab.training.live import Live

    return Live()


def in_notebook() -> bool:
    """Whether this is a notebook that can show widgets."""
    ipython = sys.modules.get("IPython")
    if ipython is None or not hasattr(ipython.get_ipython(), "kernel"):
        return False
    return importlib.util.find_spec("ipywidgets") is not None


@dataclass(frozen=True)
class ResultsTable:
    """Rows of text under column names; shows as HTML in a notebook and as aligned columns elsewhere.

    `rows` hold what every machine agrees on: they are the text, and what the notebook file keeps. `exact` are the same
    rows with the numbers of this run, which a live notebook shows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    exact: tuple[tuple[str, ...], ...] | None = None

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = (self.columns, tuple("-" * width for width in widths), *self.rows)
        return "\n".join("  ".join(f"{c:<{w}}" for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)

    def _repr_html_(self) -> str:
        return self._html(self.rows if self.exact is None else self.exact)

    def _ipython_display_(self) -> None:
        """The rows that are kept; in a live notebook then those of this run, which hide them.

        They are two outputs, because a page without a kernel has no widget to show.
        """
        from IPython.display import display

        display({"text/plain": repr(self), "text/html": self._html(self.rows)}, raw=True)
        if self.exact is not None and in_notebook():
            from spectral_lab.training.live import shown

            display(shown(self._repr_html_()), raw=True)

    def _html(self, rows: Sequence[Sequence[str]]) -> str:
        head = "".join(f"<th style='text-align:left'>{escape(column)}</th>" for column in self.columns)
        cells = ("".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row) for row in rows)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def results_table(
    runs: Sequence[Run], *, results: Path | None = None, decimals: int = 1, within: float | None = None
) -> ResultsTable:
    """Paper, recorded runs and these runs, one below the other for each recipe.

    Args:
        results: folder of the records; default `records.results_folder()`.
        decimals: to which these runs are rounded in the text. One decimal is what different machines agree on.
        within: width of intervals to show in the text in place of rounded numbers, where machines agree on no decimal:
            0.5 shows an accuracy as "0 to 0.5" or "0.5 to 1".
    Raises: ValueError if there are no runs or the width is not positive.
    """
    if not isinstance(runs, (list, tuple)) or not all(isinstance(run, Run) for run in runs):
        raise ValueError(f"runs must be a list of runs, as train_here returns it, got {checks.shown(runs)}")
    recipes = runs.recipes if isinstance(runs, Runs) else [run.recipe for run in runs]
    if not recipes:
        raise ValueError("runs must hold at least one run, got none")
    decimals = checks.integer(decimals, "decimals", 0, 15)
    if within is not None:
        within = checks.number(within, "within", above=0)
    found = records.select(folder=results)
    metrics = list(dict.fromkeys(metric for recipe in recipes for metric in recipe.target.metrics))
    rows: list[tuple[str, ...]] = []
    exact: list[tuple[str, ...]] = []
    begun = list(runs) + [None] * (len(recipes) - len(runs))
    for recipe, run in zip(recipes, begun, strict=True):
        known = _known(recipe, found, metrics)
        rows += known
        exact += known
        values = {} if run is None else run.metrics
        name = (recipe.name, "this run", _state(recipe, run))
        agreed = partial(figure, form=f".{decimals}f") if within is None else partial(_interval, width=within)
        rows.append((*name, *_cells(values, metrics, agreed)))
        exact.append((*name, *_cells(values, metrics, partial(figure, form=".3g"))))
    return ResultsTable(("recipe", "source", "where", *metrics), tuple(rows), tuple(exact))


def _known(recipe: Recipe, found: Sequence[Record], metrics: Sequence[str]) -> list[tuple[str, ...]]:
    """What is known of a recipe before it is run here: the paper's numbers and the recorded ones."""
    name, target = recipe.name, recipe.target
    rows = [(name, "paper", target.source, *_cells(target.published, metrics, "{:g}".format))] * bool(target.published)
    recorded = [record for record in found if record.name == name]
    for record in recorded:
        where = f"{record.preset}, {record.machine}"
        rows.append((name, "recorded", where, *_cells(record.metrics, metrics, _recorded)))
    return rows if recorded else [*rows, (name, "recorded", "not yet run", *_cells({}, metrics, _recorded))]


def _state(recipe: Recipe, run: Run | None) -> str:
    if run is None:
        return f"{recipe.preset}, unfinished: run the training cell again"
    return f"{recipe.preset}, here" + ("" if run.finished else ", interrupted: run the training cell again")


def _cells(values: Mapping[str, float], metrics: Sequence[str], show: Callable[[float], str]) -> list[str]:
    return [show(values[metric]) if metric in values else "" for metric in metrics]


def _recorded(value: float) -> str:
    """Three decimals; more where these would hide a small number."""
    return figure(value, ".3f" if abs(value) >= 0.01 or value == 0 else ".2g")


def _interval(value: float, width: float) -> str:
    """The interval k width < value <= (k + 1) width, so that an accuracy of 1 is in the topmost."""
    if not isfinite(value) or not isfinite(value / width):
        return figure(value)
    low = width * (ceil(value / width) - 1)
    return f"{low:zg} to {low + width:zg}"


def _variant(recipe: Recipe) -> str:
    return recipe.name.split("/")[-1]
