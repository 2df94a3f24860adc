"""Exercises with checks: a statement, a starter, a judge that answers in one clear line, hint and solution folded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_lab import checks, markup

WAITING = "Not answered yet: replace the dots and run the cell again."


@dataclass(frozen=True)
class Verdict:
    """What `check` says: right or not, and one line why."""

    correct: bool
    message: str

    def __repr__(self) -> str:
        return f"{'✓' if self.correct else '✗' if self.message != WAITING else '…'} {self.message}"


Judge = Callable[[Any], Verdict]


@dataclass(frozen=True)
class Value:
    """Judges a number or an array: within `relative` of the expected one, in the largest entry's scale.

    `expected` is a function, so that importing an exercise computes nothing. `mistakes` pairs well-known wrong
    answers with the remark that helps.
    """

    expected: Callable[[], Any]
    relative: float = 1e-3
    mistakes: tuple[tuple[Any, str], ...] = ()

    def __post_init__(self) -> None:
        _callable(self.expected, "expected")
        checks.number(self.relative, "relative", 0, 1)

    def __call__(self, answer: Any) -> Verdict:
        expected = np.asarray(self.expected())
        given, complaint = readable(answer, expected)
        if given is None:
            return Verdict(False, complaint)
        if _close(given, expected, self.relative):
            return Verdict(True, "Right.")
        for wrong, remark in self.mistakes:
            if np.shape(wrong) == given.shape and _close(given, wrong, self.relative):
                return Verdict(False, f"Not quite. {remark}")
        return Verdict(False, f"Not yet: {_distance(given, expected)}.")


@dataclass(frozen=True)
class Function:
    """Judges a function: it must agree with `reference` on every case (a tuple of positional arguments).

    Both get copies of the case, and the reference is asked first: an answer may work in place, and must not be able to
    change what it is compared with, nor the case itself.
    """

    reference: Callable[..., Any]
    cases: Sequence[tuple[Any, ...]]
    relative: float = 1e-6

    def __post_init__(self) -> None:
        _callable(self.reference, "reference")
        if not isinstance(self.cases, (list, tuple)) or not self.cases:  # without cases every answer would be right
            raise ValueError(f"cases must hold at least one tuple of arguments, got {checks.shown(self.cases)}")
        for case in self.cases:
            if not isinstance(case, tuple):
                raise ValueError(f"cases must hold tuples of arguments, got {checks.shown(case)}")
        checks.number(self.relative, "relative", 0, 1)

    def __call__(self, answer: Any) -> Verdict:
        if not callable(answer):
            return Verdict(False, f"Please give a function, not {_kind(answer)}.")
        for case in self.cases:
            shown = f"f({', '.join(_short(argument) for argument in case)})"
            expected = np.array(self.reference(*deepcopy(case)))
            try:
                result = answer(*deepcopy(case))
            except (Exception, SystemExit) as error:  # the learner's own code: say what happened, and for which input
                return Verdict(False, f"Your function raises {type(error).__name__} for {shown}: {words_of(error)}")
            if result is ...:
                return Verdict(False, WAITING)
            given, complaint = readable(result, expected)
            if given is None:
                return Verdict(False, complaint if complaint == WAITING else f"For {shown}: {complaint}")
            if not _close(given, expected, self.relative):
                return Verdict(False, f"For {shown}: {_distance(given, expected)}.")
        return Verdict(True, f"Right, on all {len(self.cases)} cases.")


@dataclass(frozen=True)
class Folded:
    """A hint or a solution, folded away until it is asked for."""

    summary: str
    text: str

    def __repr__(self) -> str:
        return f"{self.summary}: {self.text}"

    def _repr_html_(self) -> str:
        return markup.folded(self.summary, self.text)


@dataclass(frozen=True)
class Exercise:
    """An exercise of level 1 (read it off), 2 (work it out) or 3 (build it).

    `starter` is the code that a learner begins with; `judge` is a `Value` or a `Function`.
    """

    title: str
    level: int
    statement: str
    starter: str
    judge: Judge
    hint_text: str
    solution_text: str

    def __post_init__(self) -> None:
        if self.level not in (1, 2, 3):
            raise ValueError(f"level must be 1, 2 or 3, got {checks.shown(self.level)}")
        _callable(self.judge, "judge")

    def check(self, answer: Any) -> Verdict:
        """One clear line on the answer, whatever the answer is; dots mean that it is still to come."""
        return Verdict(False, WAITING) if answer is ... or answer is None else self.judge(answer)

    def hint(self) -> Folded:
        """A push in the right direction."""
        return Folded("Hint", self.hint_text)

    def solution(self) -> Folded:
        """The worked solution."""
        return Folded("Solution", self.solution_text)

    def __repr__(self) -> str:
        return f"Exercise, level {self.level}: {self.title}. {self.statement}"

    def _repr_html_(self) -> str:
        level = f'<span title="level {self.level} of 3">{"●" * self.level}{"○" * (3 - self.level)}</span>'
        return markup.card(
            f'<p style="margin: 0.4em 0;"><b>Exercise: {markup.inline(self.title)}</b> {level}</p>',
            markup.prose(self.statement),
            markup.code(self.starter),
            self.hint()._repr_html_(),
            self.solution()._repr_html_(),
        )


@np.errstate(all="ignore")
def readable(answer: Any, expected: np.ndarray) -> tuple[np.ndarray | None, str]:
    """The answer as an array of the expected shape and kind, or None and what is wrong with it; it never raises."""
    wanted = "a number" if expected.ndim == 0 else f"an array of shape {expected.shape}"
    try:
        given = read_array(answer)
        if given.dtype.kind == "O" and any(entry is ... for entry in given.ravel()):
            return None, WAITING
        if given.dtype.kind == "O" and expected.dtype.kind in "iufc":
            given = _numbers(given)
    except Exception as error:  # whatever the answer is: its own code may run when it is read
        uneven = isinstance(error, ValueError) and "inhomogeneous" in str(error)
        return None, f"Please give {wanted}, not {'rows of different lengths' if uneven else _kind(answer)}."
    if given.dtype.kind not in "iufc" and given.dtype != expected.dtype:
        return None, f"Please give {wanted}, not {_kind(answer)}."
    if given.shape != expected.shape:
        have = "a number" if given.ndim == 0 else f"an array of shape {given.shape}"
        return None, f"Please give {wanted}; yours is {have}."
    if np.iscomplexobj(given) and not np.iscomplexobj(expected):
        return None, f"Please give {wanted} that is real; yours is complex."
    given = given.astype(complex if np.iscomplexobj(given) else float)
    if not np.isfinite(given).all():
        return None, "Your answer holds NaN or infinity."
    return given, ""


def read_array(answer: Any) -> np.ndarray:
    """What numpy makes of an answer, and what it does not make by itself of tensors and sparse matrices."""
    if np.ma.isMaskedArray(answer):
        raise TypeError("its mask would be lost")
    if hasattr(answer, "detach"):  # of torch: with a gradient, on a GPU, or in bfloat16
        answer = answer.detach().tolist()
    elif hasattr(answer, "toarray"):  # of scipy.sparse
        answer = answer.toarray()
    elif isinstance(answer, (list, tuple)):
        answer = [read_array(entry) if hasattr(entry, "detach") else entry for entry in answer]
    return np.asarray(answer)


def _numbers(entries: np.ndarray) -> np.ndarray:
    """Objects as numbers, such as fractions and whole numbers of any size. Raises: TypeError, OverflowError."""
    if any(entry is None or isinstance(entry, (str, bytes, bool)) for entry in entries.ravel()):
        return entries
    try:
        return entries.astype(float)
    except TypeError:  # some are complex, or no numbers at all
        return entries.astype(complex)


@np.errstate(all="ignore")
def _close(given: Any, expected: Any, relative: float) -> bool:
    scale = np.abs(expected).max(initial=0.0)
    return bool(np.abs(np.subtract(given, expected)).max(initial=0.0) <= relative * (scale if scale > 0 else 1.0))


def _distance(given: np.ndarray, expected: np.ndarray) -> str:
    if given.ndim == 0 and not np.iscomplexobj(given) and not np.iscomplexobj(expected):
        return _scalar_distance(float(given), float(expected))
    gap = np.abs(given - expected)
    where = tuple(int(index) for index in np.unravel_index(int(gap.argmax()), gap.shape))
    return f"the largest difference is {gap.max():.3g}{f' at index {where}' if where else ''}"


def _scalar_distance(given: float, expected: float) -> str:
    if expected != 0 and _close(-given, expected, 1e-3):
        return "the size is right, the sign is not"
    same_side = given != 0 and expected != 0 and (given > 0) == (expected > 0)
    factor = max(abs(given / expected), abs(expected / given)) if same_side else 1.0
    how = "too large" if given > expected else "too small"
    return f"your value {given:.6g} is {how}" + (f", by a factor of {factor:.2g}" if factor >= 1.05 else "")


def _callable(value: Any, name: str) -> None:
    if not callable(value):
        raise ValueError(f"{name} must be a function, got {checks.shown(value)}")


def _kind(value: Any) -> str:
    return f"{type(value).__name__} {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return f"array of shape {value.shape}"
    text = checks.shown(value)
    return text if len(text) <= 40 else text[:37] + "..."


def words_of(error: BaseException) -> str:
    """What an exception says, on one line; nothing if it cannot say it."""
    try:
        return " ".join(str(error).split())
    except Exception:
        return ""
