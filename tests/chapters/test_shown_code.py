"""What "Show code" shows, run as it stands, prints the numbers that the readout says.

The rule, at the start values, at every preset and at both ends of every slider: each number of the readout is

    printed     some number in what the code prints, rounded as the readout rounds it, is that number; of a bound
                ("below 10⁻⁵", "less than 0.2") some printed number of at least 0 lies below it;
    or given    it is the value of a control (or stands in the name of a chosen option), or the code writes it as a
                literal, whole numbers below 10 aside, since those stand in every code;
    or wording  it stands in the words of the readout function itself ("within 10 %", "of 20 runs"), and so says
                nothing about these values.

Numbers are read with their sign, as 0.0123, 1e-05, 1.2·10⁻⁵, 10⁻⁵, 12,345 or ∞; digits that belong to a word or a
symbol (S4D, λ₂, n², e⁻¹) are none. The last digit that the readout shows sets the rounding, so 44 is met by 44.37;
zeros at the end of a large whole number may be rounded, down to three digits, so 2470 is met by 2474.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import math
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from spectral_lab.explorer import Explorer, Slider

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
NUMBER = re.compile(
    r"(?P<bound>(?:below|less than|under) )?"
    r"(?<![\w.⁻⁰¹²³⁴⁵⁶⁷⁸⁹])"
    r"(?P<sign>(?<![\w)])-)?"
    r"(?:(?P<infinite>∞|inf\b)|(?:(?P<mantissa>\d{1,3}(?:,\d{3})+|\d+)(?P<decimals>\.(?:\d+|(?=e)))?(?:e(?P<exponent>[+-]?\d+))?)"
    r"(?P<power>·10)?(?P<raised>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?)"
)


class Number(NamedTuple):
    text: str
    value: float
    unit: float  # of its last digit
    bound: bool

    def is_met_by(self, value: float) -> bool:
        """Whether `value`, rounded as this number is, gives this number; or lies below it, if it is a bound."""
        if math.isinf(self.value) or math.isinf(value):
            return value == self.value
        return (self.bound and 0 <= value < self.value) or abs(value - self.value) <= 0.501 * self.unit


def numbers(text: str) -> Iterator[Number]:
    """The numbers that a reader sees in a text."""
    for found in NUMBER.finditer(text.replace("−", "-")):
        part = found.groupdict(default="")
        sign = -1 if part["sign"] else 1
        if part["infinite"]:
            yield Number(found[0], sign * math.inf, 0, False)
            continue
        digits, decimals = part["mantissa"].replace(",", ""), part["decimals"].lstrip(".")
        exponent = int(part["exponent"] or 0)
        if part["power"]:
            exponent += int(part["raised"].translate(SUPERSCRIPTS))
        elif part["raised"]:
            if digits != "10" or decimals:
                continue  # a power of something else is a formula
            digits, exponent = "1", int(part["raised"].translate(SUPERSCRIPTS))
        value = float(f"{digits}.{decimals}e{exponent}")
        zeros = 0 if decimals else min(len(digits) - len(digits.rstrip("0")), max(len(digits) - 3, 0))
        yield Number(found[0], sign * value, 10.0 ** (exponent + zeros - len(decimals)), bool(part["bound"]))


def words(function: Callable[..., Any]) -> str:
    """Every constant piece of text in a function, and in those of its module that it calls."""
    pieces: list[str] = []
    codes, seen = [inspect.unwrap(function).__code__], set()
    names = vars(sys.modules[function.__module__])
    while codes:
        code = codes.pop()
        if code in seen:
            continue
        seen.add(code)
        pieces += [item for item in code.co_consts if isinstance(item, str)]
        codes += [item for item in code.co_consts if hasattr(item, "co_consts")]
        called = (names.get(name) for name in code.co_names)
        codes += [
            inspect.unwrap(f).__code__ for f in called if inspect.isfunction(f) and f.__module__ == function.__module__
        ]
    return " | ".join(pieces)


def states(explorer: Explorer) -> dict[str, dict[str, Any]]:
    """The start, every preset, both ends of every slider."""
    ends = {
        f"{name} = {value:g}": explorer.state | {name: value}
        for name, control in explorer._controls.items()
        if isinstance(control, Slider)
        for value in (control.values[0], control.values[-1])
    }
    return {"start": explorer.state, **explorer.presets, **ends}


def missing(explorer: Explorer, printed: str) -> list[str]:
    """The numbers of the readout that are neither printed nor given nor wording."""
    texts = [control.text(explorer.state[name]) for name, control in explorer._controls.items()]
    given = [float(v) for v in explorer.state.values() if isinstance(v, (int, float)) and not isinstance(v, bool)]
    given += [n.value for text in texts for n in numbers(text)]
    given += [n.value for n in numbers(explorer.code) if n.value >= 10 or n.value != int(n.value)]
    wording = {n.value for n in numbers(words(explorer._describe))}
    carried = [n.value for n in numbers(printed)]
    return [
        number.text
        for number in numbers(explorer.readout)
        if number.value not in wording
        and not any(number.is_met_by(value) for value in carried)
        and not any(number._replace(bound=False).is_met_by(value) for value in given)
    ]


def test_the_shown_code_prints_the_numbers_of_the_readout(make: Any) -> None:
    explorer: Explorer = make()
    problems = []
    for where, values in states(explorer).items():
        explorer.set(**values)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(explorer.code, {})
        absent = missing(explorer, printed.getvalue())
        if absent:
            printed_text = f"{explorer.readout!r}, but prints:\n{printed.getvalue()}"
            problems.append(f"{where}: the code does not print {', '.join(absent)} of {printed_text}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n = 32, δ = 10⁻⁶: off by 1.1·10⁻⁵, −0.51 and 4.5e+04", [32, 1e-6, 1.1e-5, -0.51, 4.5e4]),
        ("S4D, λ₂, e⁻¹, n²/π, VΛV⁻¹, float64, 2³", []),
        ("1 − λ, from 0 to 12,345 (∞), 3-4", [1, 0, 12345, math.inf, 3, 4]),
        ("[-28.06+0.j -2e-07 1.e-05]", [-28.06, 0, -2e-7, 1e-5]),
    ],
)
def test_numbers_are_read_as_a_reader_reads_them(text: str, values: list[float]) -> None:
    assert [number.value for number in numbers(text)] == values


@pytest.mark.parametrize(
    ("said", "printed", "met"),
    [
        ("44", 44.37, True),
        ("44", 44.6, False),
        ("2470.", 2474.7, True),
        ("2470", 2476, False),
        ("100", 101, False),
        ("0.15", 0.1533, True),
        ("1.1·10⁻⁵", 1.13e-5, True),
        ("1.1·10⁻⁵", 1.2e-5, False),
        ("below 10⁻⁵", 1.1e-6, True),
        ("below 10⁻⁵", 1.6e-5, False),
        ("∞", 1e300, False),
        ("−0.5", 0.5, False),
    ],
)
def test_a_number_is_met_at_its_own_rounding(said: str, printed: float, met: bool) -> None:
    (number,) = numbers(said)
    assert number.is_met_by(printed) == met
