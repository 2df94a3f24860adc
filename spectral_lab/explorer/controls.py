"""Controls: what a reader can move, with its unit, its LaTeX label and the values it may take.

A slider is an ordered list of values, each with its text: linear, logarithmic and whole-number sliders differ only
in that list, and the browser needs to know nothing but a position in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_lab import checks
from spectral_lab.markup import math_html, spoken

MOST_STEPS = 10_000  # of a slider; a screen has fewer pixels
LARGEST_WHOLE = 2**53  # that a browser holds exactly


@dataclass(frozen=True)
class Slider:
    """A slider over `values` (ascending); other values within the range can be set from code or by a preset."""

    name: str
    label: str
    values: tuple[float, ...]
    default: float
    unit: str = ""
    play: bool = False

    def check(self, value: Any) -> float | int:
        """The value as a number of the slider's kind, or ValueError if it lies outside the slider's range."""
        if isinstance(self.values[0], int):
            return checks.integer(value, self.name, int(self.values[0]), int(self.values[-1]))
        return checks.number(value, self.name, self.values[0], self.values[-1])

    def text(self, value: float) -> str:
        """The value as the reader sees it, e.g. '10⁻¹²' or '325.43 rad/s'."""
        return number_text(value) + (f" {self.unit}" if self.unit else "")

    def spec(self) -> dict[str, Any]:
        """What the browser needs to draw this control."""
        texts = [self.text(value) for value in self.values]
        return {"kind": "slider", "values": list(self.values), "texts": texts, "play": self.play, **_common(self)}


@dataclass(frozen=True)
class Choice:
    """One of several named options."""

    name: str
    label: str
    options: tuple[str, ...]
    default: str

    def check(self, value: Any) -> str:
        """The option, or ValueError if it is none of them."""
        return checks.choice(value, self.name, self.options)

    def text(self, value: str) -> str:
        """The option as the reader sees it."""
        return value

    def spec(self) -> dict[str, Any]:
        """What the browser needs to draw this control."""
        return {"kind": "choice", "values": list(self.options), **_common(self)}


@dataclass(frozen=True)
class Toggle:
    """On or off."""

    name: str
    label: str
    default: bool

    def check(self, value: Any) -> bool:
        """The value as a bool, or ValueError if it is not one."""
        if not isinstance(value, bool):
            raise ValueError(f"{self.name} must be True or False, got {value!r}")
        return value

    def text(self, value: bool) -> str:
        """The state as the reader sees it."""
        return "on" if value else "off"

    def spec(self) -> dict[str, Any]:
        """What the browser needs to draw this control."""
        return {"kind": "toggle", **_common(self)}


Control = Slider | Choice | Toggle


def slider(
    name: str,
    label: str,
    low: float,
    high: float,
    default: float,
    *,
    steps: int = 100,
    log: bool = False,
    digits: int = 6,
    unit: str = "",
    play: bool = False,
) -> Slider:
    """A slider with `steps` equal steps from low to high; with `log` the steps are equal in the logarithm.

    Its values are rounded to so many significant digits: no 0.30000000000000004 in labels, states and shown code.
    Raises ValueError unless low < high (with `log` 0 < low), all of them finite, low <= default <= high,
    1 <= steps <= 10,000, 1 <= digits <= 15, and the values differ when rounded.
    """
    low = checks.number(low, "low", above=0 if log else None)
    high = checks.number(high, "high", above=low)
    steps = checks.integer(steps, "steps", 1, MOST_STEPS)
    digits = checks.integer(digits, "digits", 1, 15)
    values = rounded(np.geomspace(low, high, steps + 1) if log else np.linspace(low, high, steps + 1), digits)
    if len(values) <= steps:
        raise ValueError(
            f"low and high must differ in their first {digits} digits at each of {steps} steps, got {low}, {high}"
        )
    return Slider(name, label, values, checks.number(default, "default", values[0], values[-1]), unit, play)


def rounded(values: Iterable[float], digits: int) -> tuple[float, ...]:
    """The values to so many significant digits, ascending, each once: what a reader should see on a slider."""
    return tuple(sorted({float(f"{value:.{digits}g}") for value in values}))


def integers(
    name: str, label: str, low: int, high: int, default: int, *, step: int = 1, unit: str = "", play: bool = False
) -> Slider:
    """A slider over the whole numbers low, low + step, ..., high.

    Raises ValueError unless low < high, both at most 2^53 in size, 1 <= step <= high - low, low <= default <= high,
    and there are at most 10,000 steps.
    """
    low = checks.integer(low, "low", -LARGEST_WHOLE, LARGEST_WHOLE - 1)
    high = checks.integer(high, "high", low + 1, LARGEST_WHOLE)
    step = checks.integer(step, "step", max(1, -(-(high - low) // MOST_STEPS)), high - low)
    values = tuple(range(low, high + 1, step))
    return Slider(name, label, values, checks.integer(default, "default", low, values[-1]), unit, play)


def choice(name: str, label: str, options: Sequence[str], default: str | None = None) -> Choice:
    """A choice among named options; the first is the default unless another is named.

    Raises ValueError unless the options are different texts, at least one of them, and the default is one.
    """
    if not isinstance(options, (list, tuple)) or not options or not all(isinstance(option, str) for option in options):
        raise ValueError(f"options must be a list of at least one text, got {checks.shown(options)}")
    if len(set(options)) < len(options):
        raise ValueError(f"options must differ from one another, got {checks.shown(options)}")
    return Choice(
        name, label, tuple(options), options[0] if default is None else checks.choice(default, "default", options)
    )


def toggle(name: str, label: str, default: bool = False) -> Toggle:
    """A switch. Raises ValueError unless the default is True or False."""
    control = Toggle(name, label, default)
    control.check(default)
    return control


def number_text(value: float, digits: int = 6) -> str:
    """A number for readers, to so many significant digits (three beside a power of ten): 325.426, 0.035, 3.2·10⁻⁷.

    Infinity is ∞, and what is not a number is called so.
    """
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "∞" if value > 0 else "−∞"
    value = float(f"{value:.{digits}g}") + 0.0  # -0.0 + 0.0 is 0.0
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}".replace("-", "−")
    mantissa, exponent = f"{value:.2e}".split("e")
    power = "10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    mantissa = mantissa.rstrip("0").rstrip(".")
    return power if mantissa == "1" else f"{mantissa}·{power}".replace("-", "−")


def plain_words(text: str) -> str:
    """A readout as it is shown: no signs before zeros ("-0.00"), and ∞ or "not a number" for "inf" and "nan"."""
    text = re.sub(r"(?<![\w)])[-−](?=0(\.0*)?(?![\d.]*\d|\.\d|·|e[-+]?\d))", "", text)
    text = re.sub(r"(?<!\w)inf(?!\w)", "∞", text)
    return re.sub(r"(?<!\w)nan(?!\w)", "not a number", text)


def _common(control: Control) -> dict[str, Any]:
    words = {"label": math_html(control.label), "plain": spoken(control.label)}
    return {"name": control.name, **words, "default": control.default}
