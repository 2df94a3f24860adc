"""One look for every picture: colour-blind safe, readable on light and on dark, drawn with plain dicts.

A figure is a Plotly figure as a dict, {"data": [traces], "layout": {...}}. The colours INK, MUTED, GRID and PAPER
are names that the browser turns into the page's own colours, so a picture follows the reader's theme. The other
colours (from Okabe and Ito's palette) keep a contrast of at least 3:1 on white and on near-black.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

INK = "$ink"
MUTED = "$muted"
GRID = "$grid"
PAPER = "$paper"
BLUE = "#2f86c9"
RED = "#d55e00"
GREEN = "#009e73"
PINK = "#cc79a7"
COLORS = (BLUE, RED, GREEN, PINK)
# Perceptually even and readable for colour-blind readers; the dark end is kept off black and off white.
FIELD = "Cividis"

Figure = dict[str, Any]
Trace = dict[str, Any]
Axis = dict[str, Any]


def line(
    x: Any,
    y: Any,
    *,
    name: str = "",
    color: str = BLUE,
    width: float = 2,
    dash: str = "solid",
    panel: int = 1,
    fill: str | None = None,
    **more: Any,
) -> Trace:
    """A curve through (x, y) in the given panel; `name` appears when the reader points at it."""
    trace = {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"color": color, "width": width, "dash": dash},
        **_common(name, panel),
        **more,
    }
    return trace | {"fill": fill} if fill else trace


def points(
    x: Any,
    y: Any,
    *,
    name: str = "",
    color: Any = RED,
    size: Any = 6,
    symbol: str = "circle",
    opacity: float = 1.0,
    panel: int = 1,
    **more: Any,
) -> Trace:
    """Markers at (x, y) in the given panel; colour and size are one for all, or one for each point."""
    marker = {"color": color, "size": size, "symbol": symbol, "opacity": opacity}
    return {"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": marker, **_common(name, panel), **more}


def text(
    x: Any, y: Any, labels: Sequence[str], *, color: str = INK, size: int = 12, position: str = "top center", panel=1
) -> Trace:
    """Words at (x, y): the direct label of a curve, instead of a legend."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": x,
        "y": y,
        "text": list(labels),
        "textposition": position,
        "textfont": {"color": color, "size": size},
        "cliponaxis": False,
        **_common("", panel),
        "hoverinfo": "skip",
    }


def heat(
    x: Any,
    y: Any,
    z: Any,
    *,
    low: float,
    high: float,
    colors: Any = FIELD,
    bar: str | None = None,
    panel: int = 1,
    **more: Any,
) -> Trace:
    """A field z[row, column] over columns x and rows y, in colour; `bar` titles a colour bar."""
    trace = {
        "type": "heatmap",
        "x": x,
        "y": y,
        "z": z,
        "zmin": low,
        "zmax": high,
        "colorscale": colors,
        "zsmooth": "fast",
        "showscale": bar is not None,
        **_common("", panel),
        **more,
    }
    return trace | {"colorbar": _bar(bar)} if bar is not None else trace


def contours(
    x: Any,
    y: Any,
    z: Any,
    *,
    low: float,
    high: float,
    step: float,
    filled: bool = True,
    color: str | None = None,
    width: float = 1,
    labels: bool = False,
    bar: str | None = None,
    panel: int = 1,
    **more: Any,
) -> Trace:
    """Contours of z[row, column] at low, low + step, ..., high, filled or as lines of one colour."""
    levels: dict[str, Any] = {"start": low, "end": high, "size": step, "showlabels": labels}
    levels["coloring"] = "fill" if filled else ("none" if color else "lines")
    if labels:
        levels["labelfont"] = {"size": 11, "color": INK}
    trace: Trace = {
        "type": "contour",
        "x": x,
        "y": y,
        "z": z,
        "contours": levels,
        "autocontour": False,
        "colorscale": FIELD,
        "zmin": low,
        "zmax": high,
        "showscale": bar is not None,
        "line": {"width": width, "smoothing": 0.6} | ({"color": color} if color else {}),
        **_common("", panel),
        **more,
    }
    return trace | {"colorbar": _bar(bar)} if bar is not None else trace


def axis(
    title: str = "", *, log: bool = False, low: float | None = None, high: float | None = None, **more: Any
) -> Axis:
    """An axis with its title (name the unit), linear or logarithmic, with fixed limits where given (in data units)."""
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


def figure(
    traces: Sequence[Trace],
    *,
    x: Axis | Sequence[Axis],
    y: Axis | Sequence[Axis],
    titles: Sequence[str] = (),
    widths: Sequence[float] | None = None,
    equal: bool | Sequence[bool] = False,
    height: int = 380,
    notes: Sequence[dict[str, Any]] = (),
    margin: dict[str, int] | None = None,
    **more: Any,
) -> Figure:
    """A picture of one panel, or of several side by side when lists of axes are given.

    widths: relative widths of the panels; equal: the same scale on both axes of a panel (where geometry matters);
    titles: a heading for each panel; notes: Plotly annotations, made with `note`.
    """
    xs = [x] if isinstance(x, dict) else list(x)
    ys = [y] if isinstance(y, dict) else list(y)
    same = [equal] * len(xs) if isinstance(equal, bool) else list(equal)
    layout: dict[str, Any] = {
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 30 if titles else 12, "b": 48} | (margin or {}),
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
    annotations = list(notes)
    gap = 0.11
    shares = np.array(widths if widths is not None else [1.0] * len(xs), dtype=float)
    shares *= (1 - gap * (len(xs) - 1)) / shares.sum()
    left = np.concatenate([[0.0], np.cumsum(shares + gap)[:-1]])
    for i, (ax, ay, keep, start, share) in enumerate(zip(xs, ys, same, left, shares, strict=True), 1):
        suffix = "" if i == 1 else str(i)
        end = float(round(start + share, 6))
        layout["xaxis" + suffix] = ax | {"domain": [float(round(start, 6)), min(end, 1.0)], "anchor": "y" + suffix}
        scale = {"scaleanchor": "x" + suffix, "scaleratio": 1, "constrain": "domain"} if keep else {}
        layout["yaxis" + suffix] = ay | {"anchor": "x" + suffix} | scale
        if i <= len(titles):
            annotations.append(
                {
                    "name": "title",  # the browser breaks it into lines where the panel is narrow
                    "text": f"<b>{titles[i - 1]}</b>",
                    "xref": "paper",
                    "yref": "paper",
                    "x": float(round(start, 6)),
                    "y": 1,
                    "xanchor": "left",
                    "align": "left",
                    "yanchor": "bottom",
                    "yshift": 6,
                    "showarrow": False,
                    "font": {"size": 13, "color": INK},
                }
            )
    layout["annotations"] = annotations
    return {"data": list(traces), "layout": layout | more}


def note(
    words: str, x: float, y: float, *, color: str = INK, panel: int = 1, anchor: str = "left", **more: Any
) -> dict[str, Any]:
    """Words at (x, y) in a panel, in data units (give log10 on a logarithmic axis); for direct labels of curves."""
    suffix = "" if panel == 1 else str(panel)
    return {
        "text": words,
        "x": x,
        "y": y,
        "xref": "x" + suffix,
        "yref": "y" + suffix,
        "xanchor": anchor,
        "showarrow": False,
        "font": {"color": color, "size": 12},
    } | more


def _common(name: str, panel: int) -> dict[str, Any]:
    suffix = "" if panel == 1 else str(panel)
    hover = {"hoverinfo": "x+y+name"} if name else {"hoverinfo": "x+y"}
    return {"name": name, "xaxis": "x" + suffix, "yaxis": "y" + suffix} | hover


def _bar(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "side": "right", "font": {"size": 13}},
        "thickness": 12,
        "outlinewidth": 0,
        "tickcolor": MUTED,
        "tickfont": {"color": INK},
    }
