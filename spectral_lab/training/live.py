"""Curves that grow while a run goes on, in the output of its notebook cell.

One widget for all runs of a cell: a line of text and a bar for each run, then a panel of their losses and one of each
metric, with a curve a run: so each panel has as many labels as there are runs, however many metrics there are.
The pictures are SVG in an HTML widget, so that an update is one short message. What the notebook file keeps of it is a
line of text that does not depend on the machine.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from math import ceil, log10
from typing import Any

from spectral_lab.records import figure
from spectral_lab.training.reporter import duration
from spectral_lab.training.run import Run

# One a run, readable on white and on near-black, and told apart by colour-blind readers; a fifth run has the first
# colour again, dashed.
COLORS = ("#2f86c9", "#d55e00", "#17a069", "#bc71a7")
DASHES = ("", "6 3", "2 3")
WIDTH, HEIGHT, MARGIN = 340, 190, 40
LINE = 12  # from label to label
PAUSE = 0.25  # seconds between two pictures
FAR = 1e300  # beyond it a picture has no room

Curve = tuple[str, str, str, Sequence[tuple[float, float]]]  # label, colour, dash, points (x, y)


class Live:
    """A reporter for notebooks: start, progress, estimate, losses and metrics of each run, in one widget."""

    def __init__(self) -> None:
        from ipywidgets import HTML

        self.runs: list[Run] = []
        self.lasting: list[str] = []  # what is known of each run's time
        self.widget = HTML()
        self._shown = 0.0

    def start(self, run: Run) -> None:
        if not self.runs:
            self._display()
        self.runs.append(run)
        self.lasting.append("measuring its first steps" if run.step == 0 else f"goes on at step {run.step}")
        self._draw()

    def estimate(self, seconds: float) -> None:
        self.lasting[-1] = f"about {duration(seconds)} by its first steps"
        self._draw()

    def step(self, step: int, loss: float) -> None:
        if time.perf_counter() - self._shown > PAUSE:
            self._draw()

    def evaluation(self, step: int, metrics: dict[str, float]) -> None:
        self._draw()

    def end(self, run: Run) -> None:
        self.lasting[-1] = f"took {duration(run.seconds)}" if run.finished else "interrupted; nothing is lost"
        self._draw()

    def _display(self) -> None:
        from IPython.display import display

        view = {"model_id": self.widget.model_id, "version_major": 2, "version_minor": 0}
        text = "Training: its curves grow here while the cell runs."
        display({"application/vnd.jupyter.widget-view+json": view, "text/plain": text}, raw=True)

    def _draw(self) -> None:
        rows = "".join(
            _row(run, lasting, COLORS[i % len(COLORS)])
            for i, (run, lasting) in enumerate(zip(self.runs, self.lasting, strict=True))
        )
        names = dict.fromkeys(name for run in self.runs for name in run.recipe.target.metrics)
        epochs = max(run.recipe.epochs for run in self.runs)
        titles = {"training loss": "loss", **{name: name for name in names}}
        pictures = "".join(panel(title, self._curves(name), epochs) for title, name in titles.items())
        self.widget.value = f"<div>{rows}<div style='display:flex;flex-wrap:wrap'>{pictures}</div></div>"
        self._shown = time.perf_counter()

    def _curves(self, name: str) -> list[Curve]:
        curves: list[Curve] = []
        for i, run in enumerate(self.runs):
            dash = DASHES[i // len(COLORS) % len(DASHES)]
            variant = run.recipe.name.split("/")[-1]
            alike = sum(run.recipe.name == other.recipe.name for other in self.runs)
            label = f"{variant}, seed {run.recipe.seed}" if alike > 1 else variant
            curves.append((label, COLORS[i % len(COLORS)], dash, _by_epoch(run, name)))
        return curves


def shown(html: str) -> dict[str, Any]:
    """An output that shows this HTML in place of the output before it, and that the notebook file does not keep."""
    from ipywidgets import HTML

    hide = "<style>.jp-OutputArea-child:has(+ .jp-OutputArea-child .sl-now) {display: none}</style>"
    bundle = HTML(f"{hide}<div class='sl-now jp-RenderedHTMLCommon'>{html}</div>")._repr_mimebundle_() or {}
    return {kind: part for kind, part in bundle.items() if kind != "text/plain"}


def panel(title: str, curves: Sequence[Curve], epochs: int) -> str:
    """An SVG of curves over epochs, each labelled at its end; the range is that of the points, on round numbers.

    The picture grows with the number of labels, so that none lies on another or outside. Values that are not finite
    are left out, and the label says so if the last one is such.
    """
    curves = [_finite(*curve) for curve in curves]
    curves = [curve for curve in curves if curve[3]]
    values = [y for *_, points in curves for _, y in points]
    height = max(HEIGHT, 2 * MARGIN + LINE * len(curves))
    low, high = _round_range(min(values), max(values)) if values else (0.0, 1.0)

    def place(x: float, y: float) -> str:
        across = MARGIN + x / epochs * (WIDTH - 2.6 * MARGIN)
        return f"{across:.1f},{height - MARGIN - (y - low) / (high - low) * (height - 2 * MARGIN):.1f}"

    left, right = MARGIN, WIDTH - 1.6 * MARGIN
    lines = [
        f"<text x='{left}' y='20' font-weight='600'>{escape(title)}</text>",
        f"<path d='M{left},{MARGIN} V{height - MARGIN} H{right:.0f}' fill='none' stroke='currentColor'/>",
        f"<text x='{left - 5}' y='{MARGIN + 4}' text-anchor='end'>{high:g}</text>",
        f"<text x='{left - 5}' y='{height - MARGIN}' text-anchor='end'>{low:g}</text>",
        f"<text x='{right:.0f}' y='{height - MARGIN + 16}' text-anchor='end'>{epochs} epochs</text>",
    ]
    ends = [tuple(map(float, place(*points[-1]).split(","))) for *_, points in curves]
    heights = _apart([down for _, down in ends], height - MARGIN)
    for (label, color, dash, points), (across, down), beside in zip(curves, ends, heights, strict=True):
        path = " ".join(place(x, y) for x, y in points)
        stroke = f"stroke='{color}' stroke-width='2' stroke-dasharray='{dash}'"
        lines.append(f"<polyline points='{path}' fill='none' {stroke}/>")
        lines.append(f"<circle cx='{across}' cy='{down}' r='2.5' fill='{color}'/>")
        lines.append(f"<text x='{across + 6:.1f}' y='{beside + 4:.1f}' fill='{color}'>{escape(label)}</text>")
    style = "font:12px sans-serif;fill:currentColor;color:var(--jp-ui-font-color1,currentColor);overflow:visible"
    return f"<svg width='{WIDTH}' height='{height}' style='{style}' role='img'>{''.join(lines)}</svg>"


def _finite(label: str, color: str, dash: str, points: Sequence[tuple[float, float]]) -> Curve:
    seen = [(x, y) for x, y in points if abs(y) < FAR]
    lost = bool(points) and not abs(points[-1][1]) < FAR
    return (f"{label}: {figure(points[-1][1])}" if lost else label, color, dash, seen)


def _apart(heights: Sequence[float], bottom: float) -> list[float]:
    """The heights moved so that labels there are at least LINE apart and none is below the bottom."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    moved, above = list(heights), float("-inf")
    for i in order:
        moved[i] = above = max(heights[i], above + LINE)
    below = bottom + LINE
    for i in reversed(order):
        moved[i] = below = min(moved[i], below - LINE)
    return moved


def _row(run: Run, lasting: str, color: str) -> str:
    figures = [f"{name} {figure(value)}" for name, value in run.metrics.items() if name in run.recipe.target.metrics]
    words = f"{run.recipe.name}, {run.recipe.preset}, on {run.hardware['name']}: {'; '.join([lasting, *figures])}"
    bar = f"<div style='background:{color};width:{100 * run.step / run.steps:.1f}%;height:4px'></div>"
    return f"<div style='margin:4px 0;line-height:1.4'>{escape(words)}<div style='background:#8884'>{bar}</div></div>"


def _by_epoch(run: Run, name: str) -> list[tuple[float, float]]:
    return [(step / run.steps_per_epoch, value) for step, value in run.curves.get(name, [])]


def _round_range(low: float, high: float) -> tuple[float, float]:
    """The smallest range of round numbers around [low, high]."""
    unit = 10.0 ** ceil(log10(max(high - low, 1e-3 * abs(high), 1e-9)) - 1)
    return unit * (low // unit), unit * ceil(high / unit + 1e-9)
