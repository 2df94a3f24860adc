"""The recorded runs as tables and curves, task by task."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup

from spectral_lab.course.chapters import Chapter
from spectral_lab.explorer import still, theme
from spectral_lab.explorer.links import anchor
from spectral_lab.explorer.palette import COLORS, INK, MUTED
from spectral_lab.records import Record, figure

WIDTH, HEIGHT = 420, 260  # pixels of a picture of curves
MOST_COLUMNS = 10  # of a table that fits on paper; with more, and fewer runs, a run is a column
MOST_POINTS = 240  # of a curve, which is drawn a few hundred pixels wide
PALETTE = (*COLORS, INK, MUTED)


def by_chapter(chapters: Sequence[Chapter], records: Sequence[Record]) -> list[dict[str, Any]]:
    """The records of each chapter, and of the benchmarks, by task and preset, ready for the page."""
    titles = {item.package: f"{item.number:02d} {item.title}" for item in chapters} | {"benchmarks": "Benchmarks"}
    groups = {package: [each for each in records if each.name.split("/")[0] == package] for package in titles}
    return [
        {
            "title": titles[package],
            "anchor": package,
            "tasks": [_task(name, list(runs)) for name, runs in _tasks(group)],
        }
        for package, group in groups.items()
        if group
    ]


def _tasks(records: list[Record]) -> Any:
    def name(run: Record) -> str:
        whole = run.name if "rows" in run.content or run.name.count("/") < 2 else run.name.rsplit("/", 1)[0]
        return f"{whole.split('/', 1)[1]}, {run.preset}"

    return groupby(sorted(records, key=lambda run: (name(run), run.name, run.seed)), key=name)


def _task(name: str, runs: list[Record]) -> dict[str, Any]:
    rows = runs[0].content.get("rows")
    if rows:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        cells = [[_cell(row.get(column, "")) for column in columns] for row in rows]
        return {"name": name, "anchor": anchor(runs[0].name), "columns": columns, "rows": cells, "curves": []}
    metrics = list(dict.fromkeys(metric for run in runs for metric in run.metrics))
    columns = ["run", "seed", *metrics, "seconds", "machine"]
    cells = [
        [_variant(run), str(run.seed), *(_cell(run.metrics.get(metric, "")) for metric in metrics)]
        + [_cell(run.content.get("seconds", "")), run.machine]
        for run in runs
    ]
    if len(columns) > max(MOST_COLUMNS, len(runs)):
        columns, *cells = (list(line) for line in zip(columns, *cells, strict=True))
    return {"name": name, "anchor": anchor(name), "columns": columns, "rows": cells, "curves": _curves(runs)}


def _variant(run: Record) -> str:
    return run.name.rsplit("/", 1)[-1]


def _cell(value: Any) -> str:
    return (
        figure(float(value), ".4g") if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
    )


def _curves(runs: list[Record]) -> list[dict[str, Any]]:
    """A picture for each curve that the runs kept, one colour a variant."""
    names = list(dict.fromkeys(curve for run in runs for curve in run.content.get("curves", {})))
    colours = {variant: PALETTE[k % len(PALETTE)] for k, variant in enumerate(dict.fromkeys(map(_variant, runs)))}
    drawn = [(name, _drawn(name, runs, colours)) for name in names]
    return [{"words": name, "svg": Markup(svg)} for name, svg in drawn if svg]


def _drawn(name: str, runs: list[Record], colours: dict[str, str]) -> str:
    lines = []
    for run in runs:
        points = [
            (float(step), float(value))
            for step, value in run.content.get("curves", {}).get(name, [])
            if isinstance(value, (int, float))
        ]
        points = points[:: max(1, len(points) // MOST_POINTS)]
        if len(points) > 1:
            x, y = zip(*points, strict=True)
            lines.append(theme.line(list(x), list(y), color=colours[_variant(run)], width=1.5))
    if not lines:
        return ""
    panel = theme.panel("", theme.axis("step"), theme.axis(name)).draw(*lines)
    picture = theme.figure(panel, height=HEIGHT + 17 * -(-len(colours) // 2))
    return still.svg(picture, WIDTH)
