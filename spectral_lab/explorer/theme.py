"""One look for every picture: colour-blind safe, readable on light and on dark, drawn with plain dicts.

A figure is a Plotly figure as a dict, {"data": [traces], "layout": {...}}, made of panels, and a panel of marks:

    figure(
        panel("How large", axis("time t"), axis("norm", 1, 1e3, log=True)).draw(
            line(t, norms, "‖exp(tA)‖"), note("it grows", 1, 20)
        ),
        panel("Eigenvalues", axis("Re z"), axis("Im z"), equal=True).draw(points(z.real, z.imag)),
    )

All positions are data units, on logarithmic axes too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_lab.explorer.palette import BLUE, DIVERGING, FIELD, GRID, INK, MUTED, PAPER, RED

GAP = 0.11  # between panels, as a share of the picture
LINE = 17  # from one line of a key to the next, in pixels

Figure = dict[str, Any]
Trace = dict[str, Any]
Note = dict[str, Any]
Axis = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    """A part of a picture with axes of its own."""

    title: str
    x: Axis
    y: Axis
    width: float
    equal: bool
    marks: tuple[Trace | Note, ...] = ()

    def draw(self, *marks: Trace | Note) -> Panel:
        """The panel with these marks on it, the first at the back."""
        return replace(self, marks=marks)


def line(
    x: Any,
    y: Any,
    name: str = "",
    color: str = BLUE,
    *,
    width: float = 2,
    dash: str = "solid",
    fill: str | None = None,
    **more: Any,
) -> Trace:
    """A curve through (x, y); `name` appears when the reader points at it."""
    style = {"color": color, "width": width, "dash": dash}
    trace = {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": style, **_named(name), **more}
    return trace | {"fill": fill} if fill else trace


def segments(x: Any, y: Any, name: str = "", color: str = BLUE, **more: Any) -> Trace:
    """Separate straight pieces as one trace; x and y, broadcast against each other, are [pieces, 2]."""
    ends = np.stack(np.broadcast_arrays(x, y), axis=-1).astype(float)
    gaps = np.full((len(ends), 1, 2), np.nan)
    x, y = np.concatenate([ends, gaps], axis=1).reshape(-1, 2).T
    return line(x, y, name, color, **more)


def points(
    x: Any,
    y: Any,
    name: str = "",
    color: Any = RED,
    *,
    size: Any = 6,
    symbol: str = "circle",
    opacity: float = 1.0,
    **more: Any,
) -> Trace:
    """Markers at (x, y); colour and size are one for all, or one for each point."""
    marker = {"color": color, "size": size, "symbol": symbol, "opacity": opacity}
    return {"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": marker, **_named(name), **more}


def text(
    x: Any, y: Any, labels: Sequence[str], color: str = INK, *, size: int = 12, position: str = "top center"
) -> Trace:
    """Words at (x, y), cut at no edge: one for each point."""
    font = {"color": color, "size": size}
    trace = {"type": "scatter", "mode": "text", "x": x, "y": y, "text": list(labels), "textfont": font}
    return trace | {"textposition": position, "cliponaxis": False, "name": "", "hoverinfo": "skip"}


def note(words: str, x: float, y: float, color: str = INK, *, anchor: str = "left", **more: Any) -> Note:
    """Words that stand beside (x, y): the direct label of a curve, instead of a legend."""
    font = {"color": color, "size": 12}
    return {"text": words, "x": x, "y": y, "xanchor": anchor, "showarrow": False, "font": font} | more


def key(corner: str, *entries: tuple[str, str]) -> list[Note]:
    """Words in their colours, one line each, in a corner ("top left", "bottom right") of a panel with fixed limits."""
    vertical, side = corner.split()
    x, y = {"left": 0.03, "right": 0.97}[side], {"bottom": 0, "top": 1}[vertical]
    first = -12 if vertical == "top" else LINE * len(entries) - 5
    return [
        note(words, x, y, color, anchor=side, yshift=first - LINE * k, share=True)
        for k, (words, color) in enumerate(entries)
    ]


def apart(heights: Any, distance: float, *, log: bool = False) -> list[float]:
    """The heights, moved up as little as needed for notes that stand `distance` apart: decades, with `log`."""
    places = np.log10(heights) if log else np.array(heights, dtype=float)
    lowest = -np.inf
    for i in np.argsort(places, kind="stable"):
        places[i] = lowest = max(places[i], lowest + distance)
    return (10**places if log else places).tolist()


def heat(
    x: Any, y: Any, z: Any, low: float, high: float, *, colors: Any = FIELD, bar: str | None = None, **more: Any
) -> Trace:
    """A field z[row, column] over columns x and rows y, in colour; `bar` titles a colour bar."""
    trace = {"type": "heatmap", "x": x, "y": y, "z": z, "zmin": low, "zmax": high, "colorscale": colors}
    trace |= {"zsmooth": "fast", "showscale": bar is not None, **_named(""), **more}
    return trace | {"colorbar": _bar(bar)} if bar is not None else trace


def matrix(z: Any, limit: float, *, low: float | None = None, colors: Any = DIVERGING, **more: Any) -> Trace:
    """A matrix entry by entry, over row and column number; its colours run from `low` (default -limit) to `limit`."""
    rows, columns = np.shape(z)
    low = -limit if low is None else low
    return heat(np.arange(columns), np.arange(rows), z, low, limit, colors=colors, zsmooth=False, **more)


def contours(
    x: Any,
    y: Any,
    z: Any,
    low: float,
    high: float,
    step: float,
    *,
    filled: bool = True,
    color: str | None = None,
    width: float = 1,
    labels: bool = False,
    bar: str | None = None,
    **more: Any,
) -> Trace:
    """Contours of z[row, column] at low, low + step, ..., high, filled or as lines of one colour."""
    levels: dict[str, Any] = {"start": low, "end": high, "size": step, "showlabels": labels}
    levels["coloring"] = "fill" if filled else ("none" if color else "lines")
    if labels:
        levels["labelfont"] = {"size": 11, "color": INK}
    trace: Trace = {"type": "contour", "x": x, "y": y, "z": z, "contours": levels, "autocontour": False}
    trace |= {"colorscale": FIELD, "zmin": low, "zmax": high, "showscale": bar is not None}
    trace["line"] = {"width": width, "smoothing": 0.6} | ({"color": color} if color else {})
    trace |= {**_named(""), **more}
    return trace | {"colorbar": _bar(bar)} if bar is not None else trace


def axis(
    title: str = "", low: float | None = None, high: float | None = None, *, log: bool = False, **more: Any
) -> Axis:
    """An axis with its title (name the unit), linear or logarithmic, with fixed limits where given."""
    result: Axis = {
        "title": {"text": title, "standoff": 8, "font": {"size": 13}},
        "color": INK,
        "gridcolor": GRID,
        "zeroline": False,
        "linecolor": MUTED,
        "ticks": "outside",
        "tickcolor": MUTED,
        "ticklen": 4,
        "automargin": False,
    }
    if log:
        # One tick a decade; Plotly draws powers a quarter larger than other labels, so they are set smaller.
        result |= {"type": "log", "exponentformat": "power", "dtick": 1, "tickfont": {"size": 10.5}}
    if low is not None and high is not None:
        result["range"] = [np.log10(low), np.log10(high)] if log else [low, high]
    return result | more


def bare(low: float, high: float, title: str = "", **more: Any) -> Axis:
    """An axis of a drawing: no ticks, no grid."""
    return axis(title, low, high, showgrid=False, showticklabels=False, ticks="", showline=False) | more


def panel(title: str, x: Axis, y: Axis, width: float = 1.0, *, equal: bool = False) -> Panel:
    """An empty panel; widths are relative, `equal` gives both axes the same scale (where geometry matters)."""
    return Panel(title, x, y, width, equal)


def figure(
    *panels: Any,
    x: Axis | None = None,
    y: Axis | None = None,
    height: int = 380,
    margin: dict[str, int] | None = None,
    **more: Any,
) -> Figure:
    """A picture of one panel, or of several side by side. figure(marks, x=..., y=...) is one panel without a title."""
    if x is not None and y is not None:
        panels = (panel("", x, y).draw(*panels[0]),)
    titled = any(each.title for each in panels)
    layout: dict[str, Any] = {
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 30 if titled else 12, "b": 48} | (margin or {}),
        "font": {"color": INK, "size": 13, "family": "system-ui, sans-serif"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": MUTED, "font": {"color": INK}},
        "dragmode": "pan",
        # One constant revision: a reader's zoom survives every slider move.
        "uirevision": "reader",
    }
    traces: list[Trace] = []
    notes: list[Note] = []
    shares = np.array([each.width for each in panels], dtype=float)
    shares *= (1 - GAP * (len(panels) - 1)) / shares.sum()
    left = np.concatenate([[0.0], np.cumsum(shares + GAP)[:-1]])
    for i, (each, start, share) in enumerate(zip(panels, left, shares, strict=True), 1):
        number = "" if i == 1 else str(i)
        across, up, start, end = "x" + number, "y" + number, float(round(start, 6)), float(round(start + share, 6))
        scale = {"scaleanchor": across, "scaleratio": 1, "constrain": "domain"} if each.equal else {}
        layout["xaxis" + number] = each.x | {"domain": [start, min(end, 1.0)], "anchor": up}
        layout["yaxis" + number] = each.y | {"anchor": across} | scale
        traces += [mark | {"xaxis": across, "yaxis": up} for mark in each.marks if "type" in mark]
        notes += [_placed(mark, each) | {"xref": across, "yref": up} for mark in each.marks if "type" not in mark]
        if each.title:
            notes.append(_heading(each.title, start))
    return {"data": traces, "layout": layout | {"annotations": notes} | more}


def _placed(mark: Note, panel: Panel) -> Note:
    """A note where Plotly wants it: in decades on a logarithmic axis. Those of a key are shares of the axes."""
    mark = dict(mark)
    share = mark.pop("share", False)
    for letter, axis in (("x", panel.x), ("y", panel.y)):
        if share:
            low, high = axis["range"]
            mark[letter] = float(low + mark[letter] * (high - low))
        elif axis.get("type") == "log":
            mark[letter] = float(np.log10(mark[letter]))
    return mark


def _heading(words: str, left: float) -> Note:
    """The title of a panel; the browser, which knows it by its name, breaks it into lines where the panel is narrow."""
    font, place = {"size": 13, "color": INK}, {"xref": "paper", "yref": "paper", "x": left, "y": 1, "yshift": 6}
    corner = {"xanchor": "left", "align": "left", "yanchor": "bottom"}
    return {"name": "title", "text": f"<b>{words}</b>", "showarrow": False, "font": font} | place | corner


def _named(name: str) -> dict[str, Any]:
    return {"name": name, "hoverinfo": "x+y+name" if name else "x+y"}


def _bar(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "side": "right", "font": {"size": 13}},
        "thickness": 12,
        "outlinewidth": 0,
        "tickcolor": MUTED,
        "tickfont": {"color": INK},
    }
