"""The last cell of a notebook: train what this machine can train, and hold it against the paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from itertools import zip_longest
from math import ceil, isfinite
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spectral_lab import checks, records
from spectral_lab.records import Record, figure
from spectral_lab.training.computation import Computation, Computed
from spectral_lab.training.loop import is_finished, train
from spectral_lab.training.recipe import PRESETS, Recipe
from spectral_lab.training.reporter import Reporter, Text
from spectral_lab.training.run import Run
from spectral_lab.training.table import ResultsTable, in_notebook

AnyRecipe = Recipe | Computation
AnyRun = Run | Computed
Recipes = Mapping[str, Callable[[str], Any]]  # from a preset to a `Recipe` or a `Computation`


def preset_here(wanted: str = "paper") -> str:
    """The preset that this machine can run: the wanted one with a CUDA device, `"miniature"` without."""
    checks.choice(wanted, "wanted", PRESETS)
    return wanted if torch.cuda.is_available() else "miniature"


def select(recipes: Recipes, task: str) -> Recipes:
    """The recipes of a task: that of this name, those under it ("digits" holds "digits/s4d"), those of a pattern.

    Raises: ValueError with the names there are.
    """
    chosen = {name: build for name, build in recipes.items() if fnmatchcase(name, task) or name.startswith(f"{task}/")}
    if not chosen:
        raise ValueError(
            f"task must be one of {', '.join(map(repr, recipes))}, or the beginning of some; got {checks.shown(task)}"
        )
    return chosen


def with_seeds(recipe: AnyRecipe, seeds: Sequence[int] | None) -> list[AnyRecipe]:
    """The recipe with each of these seeds, or as it is. Raises: ValueError for no seed, or one that is there twice."""
    if seeds is None:
        return [recipe]
    if not isinstance(seeds, (list, tuple, range)) or not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must be a list of different whole numbers, got {checks.shown(seeds)}")
    return [replace(recipe, seed=seed) for seed in seeds]


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
    """A metric by variant, the mean over its seeds; what is not measured yet is `Unknown`."""

    def __init__(self, values: Mapping[str, float], variants: Sequence[str]) -> None:
        super().__init__(values)
        self.variants = variants

    def __missing__(self, variant: str) -> Unknown:
        checks.choice(variant, "variant", self.variants)
        return Unknown()


class Runs(list[AnyRun]):
    """The runs of a task that have begun; `recipes` are all of them."""

    def __init__(self, recipes: Sequence[AnyRecipe], begun: Sequence[AnyRun] = ()) -> None:
        super().__init__(begun)
        self.recipes = tuple(recipes)

    def metric(self, name: str) -> Measured:
        """This metric by the last word of the recipes' names ("s4d"): the mean over its seeds, once all are finished.

        Of what is not, it is `Unknown`.
        Raises: ValueError if the finished runs have no such metric, or the variant asked for does not exist.
        """
        finished: dict[str, list[float]] = {_variant(recipe): [] for recipe in self.recipes}
        for run in self:
            if run.finished:
                checks.choice(name, "name", run.metrics)
                finished[_variant(run.recipe)].append(run.metrics[name])
        seeds = Counter(map(_variant, self.recipes))
        means = {variant: _mean(values) for variant, values in finished.items() if len(values) == seeds[variant]}
        return Measured(means, list(finished))


def train_here(
    recipes: Recipes,
    task: str,
    *,
    wanted: str = "paper",
    seeds: Sequence[int] | None = None,
    reporter: Reporter | None = None,
    resume: bool = True,
) -> Runs:
    """Train (or compute) every variant of a task in turn, as far as this machine can; returns the runs.

    With `seeds` each variant is trained once for each of them, else once with the recipe's own.

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
    runs = Runs([recipe for build in select(recipes, task).values() for recipe in with_seeds(build(preset), seeds)])
    done = [resume and isinstance(recipe, Recipe) and is_finished(recipe) for recipe in runs.recipes]
    for recipe, finished in zip(runs.recipes, done, strict=True):
        try:
            if isinstance(recipe, Computation):
                runs.append(recipe.run())
                continue
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


def results_table(
    runs: Sequence[AnyRun], *, results: Path | None = None, decimals: int = 1, within: float | None = None
) -> ResultsTable:
    """Paper, recorded runs and these runs, one below the other for each recipe.

    Runs that differ in the seed alone are one row: the mean and the standard deviation (of n - 1) over the seeds.

    Args:
        results: folder of the records; default `records.results_folder()`.
        decimals: to which these runs are rounded in the text. One decimal is what different machines agree on.
        within: width of intervals to show in the text in place of rounded numbers, where machines agree on no decimal:
            0.5 shows an accuracy as "0 to 0.5" or "0.5 to 1".
    Raises: ValueError if there are no runs or the width is not positive.
    """
    if not isinstance(runs, (list, tuple)) or not all(isinstance(run, AnyRun) for run in runs):
        raise ValueError(f"runs must be a list of runs, as train_here returns it, got {checks.shown(runs)}")
    recipes = runs.recipes if isinstance(runs, Runs) else [run.recipe for run in runs]
    if not recipes:
        raise ValueError("runs must hold at least one run, got none")
    decimals = checks.integer(decimals, "decimals", 0, 15)
    if within is not None:
        within = checks.number(within, "within", above=0)
    agreed = partial(_spread, form=f".{decimals}f") if within is None else partial(_interval, width=within)
    found = records.select(folder=results)
    metrics = list(dict.fromkeys(metric for recipe in recipes for metric in recipe.target.metrics))
    rows: list[tuple[str, ...]] = []
    exact: list[tuple[str, ...]] = []
    for ensemble in _ensembles(recipes, runs):
        recipe = ensemble[0][0]
        begun = [run for _, run in ensemble if run is not None]
        known = _known(recipe, found, metrics)
        rows += known
        exact += known
        values = [run.metrics for run in begun if run.finished] or [run.metrics for run in begun[:1]]
        name = (recipe.name, "this run", _state(ensemble))
        rows.append((*name, *_cells(values, metrics, agreed)))
        exact.append((*name, *_cells(values, metrics, partial(_spread, form=".3g"))))
    return ResultsTable(("recipe", "source", "where", *metrics), tuple(rows), tuple(exact))


Ensemble = list[tuple[AnyRecipe, AnyRun | None]]


def _ensembles(recipes: Sequence[AnyRecipe], runs: Sequence[AnyRun]) -> list[Ensemble]:
    """The recipes that are the same but for the seed, each with its run if that has begun."""
    found: dict[str, Ensemble] = {}
    for recipe, run in zip_longest(recipes, runs):
        found.setdefault(replace(recipe, seed=0).fingerprint(), []).append((recipe, run))
    return list(found.values())


def _known(recipe: AnyRecipe, found: Sequence[Record], metrics: Sequence[str]) -> list[tuple[str, ...]]:
    """What is known of a recipe before it is run here: the paper's numbers and the recorded ones."""
    name, target = recipe.name, recipe.target
    rows = [(name, "paper", target.source, *_cells([target.published], metrics, _published))] * bool(target.published)
    recorded: dict[tuple[str, ...], list[Record]] = {}
    for record in found:
        if record.name == name:
            steps = str(record.content.get("steps"))  # as `--epochs` may have changed them
            recorded.setdefault((record.preset, record.machine, steps), []).append(record)
    for (preset, machine, _), ensemble in recorded.items():
        where = f"{preset}, {machine}{_over([record.seed for record in ensemble])}"
        rows.append((name, "recorded", where, *_cells([record.metrics for record in ensemble], metrics, _recorded)))
    return rows if recorded else [*rows, (name, "recorded", "not yet run", *_cells([], metrics, _recorded))]


def _state(ensemble: Ensemble) -> str:
    """Where these runs stand, in words."""
    preset, last = ensemble[0][0].preset, ensemble[-1][1]
    finished = [recipe.seed for recipe, run in ensemble if run is not None and run.finished]
    if len(finished) == len(ensemble):
        return f"{preset}, here{_over(finished)}"
    if len(ensemble) > 1:
        return f"{preset}, here, {len(finished)} of {len(ensemble)} seeds: run the training cell again"
    begun = "unfinished" if last is None else "here, interrupted"
    return f"{preset}, {begun}: run the training cell again"


def _over(seeds: Sequence[int]) -> str:
    return f", mean ± standard deviation of seeds {', '.join(map(str, sorted(seeds)))}" if len(seeds) > 1 else ""


def _cells(
    values: Sequence[Mapping[str, float]], metrics: Sequence[str], show: Callable[[Sequence[float]], str]
) -> list[str]:
    """A cell for each metric: what the runs that measured it say."""
    measured = [[each[metric] for each in values if metric in each] for metric in metrics]
    return [show(numbers) if numbers else "" for numbers in measured]


def _mean(values: Sequence[float]) -> float:
    """Of a single value that value, to the last bit."""
    with np.errstate(invalid="ignore"):
        return float(np.mean(values))


def _spread(values: Sequence[float], form: str) -> str:
    """The mean, and behind ± the standard deviation where there are several values."""
    if len(values) == 1:
        return figure(values[0], form)
    with np.errstate(invalid="ignore"):
        return f"{figure(_mean(values), form)} ± {figure(float(np.std(values, ddof=1)), form)}"


def _published(values: Sequence[float]) -> str:
    return f"{values[0]:g}"


def _recorded(values: Sequence[float]) -> str:
    """Three decimals; more where these would hide a small number."""
    mean = _mean(values)
    return _spread(values, ".3f" if abs(mean) >= 0.01 or mean == 0 else ".2g")


def _interval(values: Sequence[float], width: float) -> str:
    """The interval k width < mean <= (k + 1) width, so that an accuracy of 1 is in the topmost."""
    value = _mean(values)
    if not isfinite(value) or not isfinite(value / width):
        return figure(value)
    low = width * (ceil(value / width) - 1)
    return f"{low:zg} to {low + width:zg}"


def _variant(recipe: AnyRecipe) -> str:
    return recipe.name.split("/")[-1]
