"""Evidence for a claim: what was measured, and the comparisons that it must pass, here or in recorded runs.

A comparison holds its bound once. It is what decides, and what is printed:

    worst = below(errors, 1e-12)                       # of many values the worst decides; NaN passes nothing
    return Evidence(f"largest error {worst}", worst)   # "largest error below 1e-12", or the error itself
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from spectral_lab import records
from spectral_lab.records import Record


@dataclass(frozen=True)
class Comparison:
    """A measured value beside its bound. Its text is the bound where it holds, and the value where it does not.

    So nothing that is printed depends on the size of a rounding error.
    """

    value: float
    holds: bool
    bound: str

    def __bool__(self) -> bool:
        return self.holds

    def __str__(self) -> str:
        return self.bound if self.holds else records.figure(self.value)


def below(value: Any, bound: float, words: str = "below") -> Comparison:
    """Whether a number, or each of many, is less than the bound."""
    worst = float(_numbers(value).max())
    return Comparison(worst, bool(worst < bound), _said(words, bound))


def at_most(value: Any, bound: float, words: str = "at most") -> Comparison:
    """Whether a number, or each of many, is at most the bound."""
    worst = float(_numbers(value).max())
    return Comparison(worst, bool(worst <= bound), _said(words, bound))


def above(value: Any, bound: float, words: str = "above") -> Comparison:
    """Whether a number, or each of many, is greater than the bound."""
    worst = float(_numbers(value).min())
    return Comparison(worst, bool(worst > bound), _said(words, bound))


def at_least(value: Any, bound: float, words: str = "at least") -> Comparison:
    """Whether a number, or each of many, is at least the bound."""
    worst = float(_numbers(value).min())
    return Comparison(worst, bool(worst >= bound), _said(words, bound))


def between(value: Any, low: float, high: float) -> Comparison:
    """Whether a number, or each of many, lies strictly between two."""
    numbers = _numbers(value)
    inside = (numbers > low) & (numbers < high)
    return _all(numbers, inside, (low + high) / 2, f"between {low:g} and {high:g}")


def within(value: Any, tolerance: float, of: float) -> Comparison:
    """Whether a number, or each of many, is at most the tolerance away from another."""
    numbers = _numbers(value)
    return _all(numbers, np.abs(numbers - of) <= tolerance, of, f"within {tolerance:g} of {of:g}")


def _all(numbers: np.ndarray, inside: np.ndarray, middle: float, bound: str) -> Comparison:
    farthest = np.abs(numbers - middle).argmax()  # the first NaN, if there is one
    return Comparison(float(numbers[farthest]), bool(inside.all()), bound)


def _numbers(value: Any) -> np.ndarray:
    """One number or many, as a vector. Raises: ValueError if there is none, or one that is not real."""
    numbers = np.ravel(np.asarray(value))
    if numbers.size == 0 or numbers.dtype.kind not in "buif":
        raise ValueError(f"value must be a real number or several, got {value!r}")
    return numbers.astype(float)


def _said(words: str, bound: float) -> str:
    return f"{words} {bound:g}".strip()


@dataclass(frozen=True, init=False)
class Evidence:
    """What was measured, in a short text, and the checks that it must pass: comparisons, or other truth values.

    Round the numbers in `measured` so far that every machine writes the same text: tests and notebooks compare it.
    Raises: ValueError without any check, since such evidence could not fail.
    """

    measured: str
    checks: tuple[Comparison | bool, ...]

    def __init__(self, measured: str, *checks: Any) -> None:
        if not checks:
            raise ValueError(f"evidence must be checked against a bound, got only {measured!r}")
        object.__setattr__(self, "measured", measured)
        object.__setattr__(self, "checks", tuple(c if isinstance(c, Comparison) else bool(c) for c in checks))

    @property
    def holds(self) -> bool:
        """Whether every check is passed."""
        return all(self.checks)

    def __str__(self) -> str:
        """What was measured, and which comparisons it does not meet."""
        missed = [
            f"{records.figure(c.value)} is not {c.bound}" for c in self.checks if isinstance(c, Comparison) and not c
        ]
        return f"{self.measured} ({'; '.join(missed)})" if missed else self.measured


# --- evidence from recorded runs -------------------------------------------------------------------------------------


FEW = 2  # recipes that a line lists by name


class NotYetRun(Exception):
    """Raised by evidence that reads recorded runs, where there are none; the message says what would make them."""


@dataclass(frozen=True)
class Recorded:
    """Recorded runs by variant, at least one each; several are of several seeds or machines."""

    runs: Mapping[str, tuple[Record, ...]]

    def __getitem__(self, variant: str) -> tuple[Record, ...]:
        return self.runs[variant]

    def each(self, variant: str, metric: str) -> list[float]:
        """The metric of every run of a variant."""
        return [run.metrics[metric] for run in self.runs[variant]]

    def mean(self, variant: str, metric: str) -> float:
        """The mean of the metric over the runs of a variant."""
        return fmean(self.each(variant, metric))

    @property
    def where(self) -> str:
        """The machines that ran them."""
        return ", ".join(sorted({run.machine for runs in self.runs.values() for run in runs}))

    @property
    def seeds(self) -> int:
        """How many runs every variant has at least."""
        return min(map(len, self.runs.values()))


def recorded(task: str, variants: Collection[str] = (), *, preset: str, metrics: Sequence[str]) -> Recorded:
    """The recorded runs that settle a claim, read when asked for: "eigenspaces/counting/all" and its variants.

    A recipe is named `task/variant`, or as the task says with the variant in the place of its "*" ("hippo/arena/*/s4");
    without variants the task is one recipe, and its variant its last word. A run counts if it is finished and has
    measured all `metrics`. Raises: NotYetRun, with the command that would record them, unless every variant has run.
    """
    pattern = task if "*" in task else f"{task}/*"
    names = {variant: pattern.replace("*", variant) for variant in variants} or {task.split("/")[-1]: task}
    runs = {variant: tuple(records.select(name, preset, metrics=metrics)) for variant, name in names.items()}
    missing = [names[variant] for variant in names if not runs[variant]]
    if missing:
        chapter, rest = task.split("/", 1)
        few = [shlex.quote(name.removeprefix(f"{chapter}/")) for name in missing if len(missing) <= FEW]
        tasks = " ".join(few) or shlex.quote(rest)
        command = f"train {chapter} --task {tasks} --preset {preset} --record"
        raise NotYetRun(f"needs recorded runs: spectral-lab {command}")
    return Recorded(runs)
