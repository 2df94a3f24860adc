"""Controls: what a reader can move, with its unit, its LaTeX label and the values it may take.

A slider is an ordered list of values, each with its text: linear, logarithmic and whole-number sliders differ only
in that list, and the browser needs to know nothing but a position in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab import checks


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
    unit: str = "",
    play: bool = False,
) -> Slider:
    """A slider with `steps` equal steps from low to high; with `log` the steps are equal in the logarithm."""
    grid = np.geomspace(low, high, steps + 1) if log else np.linspace(low, high, steps + 1)
    # Rounding to 6 digits keeps 0.30000000000000004 out of labels, states and shown code.
    values = tuple(float(f"{value:.6g}") for value in grid)
    return Slider(name, label, values, float(default), unit, play)


def integers(
    name: str, label: str, low: int, high: int, default: int, *, step: int = 1, unit: str = "", play: bool = False
) -> Slider:
    """A slider over the whole numbers low, low + step, ..., high."""
    return Slider(name, label, tuple(range(low, high + 1, step)), default, unit, play)


def choice(name: str, label: str, options: Sequence[str], default: str | None = None) -> Choice:
    """A choice among named options; the first is the default unless another is named."""
    return Choice(name, label, tuple(options), options[0] if default is None else default)


def toggle(name: str, label: str, default: bool = False) -> Toggle:
    """A switch."""
    return Toggle(name, label, default)


def number_text(value: float, digits: int = 6) -> str:
    """A number for readers, to so many significant digits (three beside a power of ten): 325.426, 0.035, 3.2·10⁻⁷."""
    value = float(f"{value:.{digits}g}")
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}".replace("-", "−")
    mantissa, exponent = f"{value:.2e}".split("e")
    power = "10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    mantissa = mantissa.rstrip("0").rstrip(".")
    return power if mantissa == "1" else f"{mantissa}·{power}".replace("-", "−")


@lru_cache(maxsize=512)
def math_html(text: str) -> str:
    """The text as HTML, each $...$ in it turned from LaTeX into MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert

    parts = re.split(r"\$([^$]+)\$", text)
    escaped = [part.replace("&", "&amp;").replace("<", "&lt;") for part in parts[::2]]
    formulas = [convert(part) for part in parts[1::2]] + [""]
    return "".join(a + b for a, b in zip(escaped, formulas, strict=True))


def _common(control: Control) -> dict[str, Any]:
    plain = re.sub(r"[$\\{}]", "", control.label)
    return {"name": control.name, "label": math_html(control.label), "plain": plain, "default": control.default}
