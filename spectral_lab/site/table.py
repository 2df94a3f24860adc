"""Tables: what an explorer answers, computed when the site is built, in the messages that a kernel would send.

A table holds the whole picture at the start, and for every other state what differs from it: the patch of
`explorer.wire`, the readout, the code. Which states: all of them where there are few. Else the lines, each control
moved alone from the start and from each preset; and, as far as a table may grow, a coarse grid of all controls. Nothing
here knows an explorer by name: what is dear to compute or large gets fewer states, by the rules in `plan`.

Numbers are in single precision, cut to what a picture can show; equal arrays are kept once. Readouts and code are text
and exactly those of the live explorer.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
import statistics
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_lab.explorer import Explorer, Slider, Toggle, wire
from spectral_lab.explorer.controls import Control
from spectral_lab.explorer.explorer import error_line

FORMAT = 1
SECONDS = 120.0  # of computing that the table of one explorer may take, as measured on a few of its states
MOST_STATES = 8192
LARGEST = 9_500_000  # bytes of a table
SMALL = 4_000_000  # bytes that a table of all states may have, and
COARSE = 2_000_000  # that the coarse grid may bring one to
BITS = 14  # of a number that a picture shows: its spread to one part in 16,000
SINGLE = 23  # bits that single precision has

State = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """The states of one explorer; `text` is the script that hands them to the page, `start` the first picture."""

    states: tuple[State, ...]
    text: str
    start: dict[str, Any]
    readout: str
    seconds: float


def tabulate(key: str, explorer: Explorer, seconds: float = SECONDS) -> Table:
    """Compute the table of an explorer in about so many seconds at most; `key` names it to the page."""
    began = time.process_time()
    maker = _Maker(explorer)
    states = plan(explorer, *maker.affordable(seconds))
    text = maker.script(key, states)
    while len(text) > LARGEST and len(states) > 8:
        states = plan(explorer, len(states) // 2, 0, 0)
        text = maker.script(key, states)
    return Table(tuple(states), text, explorer.figure, explorer.readout, time.process_time() - began)


# --- which states ----------------------------------------------------------------------------------------------------


def plan(explorer: Explorer, most: int, small: int, coarse: int) -> list[State]:
    """The states to compute: every one if they are at most `small`; else lines, at most about `most`, and a grid.

    The start and the presets are always among them. Lines lose every second value of their sliders until they fit. The
    grid may bring the number to `coarse`.
    """
    controls = explorer.controls
    if math.prod(len(values_of(control)) for control in controls.values()) <= small:
        every = [
            dict(zip(controls, state, strict=True)) for state in itertools.product(*map(values_of, controls.values()))
        ]
        return _distinct([*_bases(explorer), *every])
    step, lines = 1, _distinct(_lines(explorer, 1))
    while len(lines) > most and step < max(len(values_of(control)) for control in controls.values()):
        step *= 2
        lines = _distinct(_lines(explorer, step))
    return _distinct([*lines, *_grid(explorer, coarse - len(lines))])


def values_of(control: Control) -> Sequence[Any]:
    """Every value that a reader can give to a control."""
    if isinstance(control, Toggle):
        return (False, True)
    return control.values if isinstance(control, Slider) else control.options


def _bases(explorer: Explorer) -> list[State]:
    """The start, where the reset leads, and the presets."""
    defaults = {name: control.default for name, control in explorer.controls.items()}
    return [dict(explorer.state), defaults, *map(dict, explorer.presets.values())]


def _lines(explorer: Explorer, step: int) -> Iterator[State]:
    """The bases, and from each the line of each control, with every `step`-th value of a slider and the last."""
    yield from _bases(explorer)
    for base in _bases(explorer):
        for name, control in explorer.controls.items():
            yield from (base | {name: value} for value in _every(control, step))


def _every(control: Control, step: int) -> list[Any]:
    values = list(values_of(control))
    return [*values[::step], values[-1]] if isinstance(control, Slider) else values


def _grid(explorer: Explorer, most: int) -> list[State]:
    """A grid of all controls with at most so many states; the slider with the fewest values gets more of them first."""
    controls = explorer.controls
    chosen: dict[str, list[Any]] = {
        name: [explorer.state[name]] if isinstance(control, Slider) else list(values_of(control))
        for name, control in controls.items()
    }
    steps = {name: 2 ** math.ceil(math.log2(len(values_of(control)))) for name, control in controls.items()}
    growing = [name for name, control in controls.items() if isinstance(control, Slider)]
    while growing:
        name = min(growing, key=lambda name: len(chosen[name]))
        finer = list(dict.fromkeys([explorer.state[name], *_every(controls[name], steps[name])]))
        if math.prod(len(finer if other == name else values) for other, values in chosen.items()) > most:
            growing.remove(name)
            continue
        chosen[name], steps[name] = finer, steps[name] // 2
        if not steps[name]:
            growing.remove(name)
    states = itertools.product(*chosen.values()) if math.prod(map(len, chosen.values())) <= most else ()
    return [dict(zip(controls, state, strict=True)) for state in states]


def _distinct(states: Any) -> list[State]:
    return list({tuple(state.values()): state for state in states}.values())


# --- what they hold --------------------------------------------------------------------------------------------------


class _Maker:
    """Makes pictures of an explorer, each once, and writes them down."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self.start = single(explorer.figure)
        start = {"readout": explorer.readout, "code": explorer.code, "patch": []}
        self.made: dict[tuple[Any, ...], dict[str, Any]] = {tuple(explorer.state.values()): start}

    def affordable(self, seconds: float) -> tuple[int, int, int]:
        """How many states can be had, by a few samples: on lines, as a table of all states, and with a coarse grid."""
        state, controls = self.explorer.state, self.explorer.controls
        samples = _distinct(
            state | {name: values_of(control)[k]}
            for name, control in controls.items()
            for k in (-1, len(values_of(control)) // 3)
        )
        took = []
        for sample in samples:
            began = time.process_time()
            self.make(sample)
            took.append(time.process_time() - began)
        each = statistics.median(took)  # the first one loads what all of them need
        size = (len(self.script("", samples)) - len(self.script("", samples[:1]))) / max(1, len(samples) - 1)
        most = min(seconds / max(each, 1e-6), MOST_STATES)
        return int(most), int(min(most, SMALL / max(size, 1))), int(min(most, COARSE / max(size, 1)))

    def make(self, state: State) -> dict[str, Any]:
        """The picture at a state: its readout, its code, and how it differs from the picture at the start.

        Where there is none, the line that the explorer says in its place.
        """
        key = tuple(state.values())
        if key not in self.made:
            try:
                picture = self.explorer.look(**state)
            except ValueError as error:  # controls that contradict each other, and say so
                self.made[key] = {"error": error_line(error), "patch": []}
            else:
                patch = wire.difference(self.start, single(picture.figure))
                self.made[key] = {"readout": picture.readout, "code": self.explorer.code_at(**state), "patch": patch}
        return self.made[key]

    def script(self, key: str, states: Sequence[State]) -> str:
        """The states as a script for the page."""
        pool, names = _Pool(), list(self.explorer.controls)
        first: list[memoryview] = []
        figure = wire.pack(self.start, first)
        arrays = [pool.add(buffer) for buffer in first]
        values = {name: list(dict.fromkeys(state[name] for state in states)) for name in names}
        place = {name: {value: i for i, value in enumerate(values[name])} for name in names}
        entries = []
        for state in states:
            made, buffers = self.make(state), list(first)
            patch = wire.pack([list(change) for change in made["patch"]], buffers)
            own = [pool.add(buffer) for buffer in buffers[len(first) :]]
            at = [place[name][state[name]] for name in names]
            entries.append(made | {"at": at, "patch": patch, "arrays": own})
        controls = self.explorer.controls
        texts = {name: [controls[name].text(value) for value in values[name]] for name in names}
        head = {
            "format": FORMAT,
            "spec": self.explorer.spec | {"key": key},
            "values": values,
            "texts": texts,
            "figure": figure,
        }
        head |= {"arrays": arrays, "sizes": pool.sizes, "states": entries}
        packed = [
            _packed(json.dumps(head).encode()),
            _packed(pool.shuffled(np.float32)),
            _packed(pool.shuffled(np.float64)),
        ]
        return f"spectralLabTable({json.dumps(key)}, {json.dumps(packed)});\n"


class _Pool:
    """Arrays, equal ones kept once: `sizes` holds for each whether it is single and how many numbers it has."""

    def __init__(self) -> None:
        self.places: dict[tuple[bytes, bool], int] = {}
        self.sizes: list[tuple[bool, int]] = []

    def add(self, buffer: memoryview) -> int:
        """The place of an array, which is new or known."""
        is_single = isinstance(buffer.obj, np.ndarray) and buffer.obj.dtype == np.float32
        key = bytes(buffer), is_single
        if key not in self.places:
            self.places[key] = len(self.sizes)
            self.sizes.append((is_single, len(key[0]) // (4 if is_single else 8)))
        return self.places[key]

    def shuffled(self, kind: Any) -> bytes:
        """All numbers of a kind, their first bytes first, then their second ones: alike bytes lie together."""
        joined = b"".join(data for data, is_single in self.places if is_single == (kind is np.float32))
        return np.frombuffer(joined, np.uint8).reshape(-1, np.dtype(kind).itemsize).T.tobytes()


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()


def single(figure: Any) -> Any:
    """A figure with its arrays in single precision, and no more digits than a picture can show."""
    if isinstance(figure, Mapping):
        return {key: single(item) for key, item in figure.items()}
    if isinstance(figure, list):
        return [single(item) for item in figure]
    return _cut(figure) if isinstance(figure, np.ndarray) else figure


def _cut(array: np.ndarray) -> np.ndarray:
    """The array in single precision with the bits that its spread needs; as it is where those do not do.

    A number is off by at most 2^-15 of itself and by 2^-15 of the array's spread.
    """
    finite = np.isfinite(array)
    sizes = np.abs(array[finite])
    if not sizes.size or sizes.max() > 1e38 or sizes[sizes > 0].min(initial=1.0) < 1e-37:
        return array
    spread = float(np.ptp(array[finite])) or float(sizes.max()) or 1.0
    needed = BITS + max(0, math.ceil(math.log2(float(sizes.max()) / spread))) if sizes.max() else BITS
    if needed > SINGLE:
        return array
    dropped = SINGLE - needed
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    half = np.uint32((1 << dropped) >> 1)
    cut = ((bits + half) >> np.uint32(dropped)) << np.uint32(dropped)
    return np.where(finite, cut, bits).astype(np.uint32).view(np.float32)
