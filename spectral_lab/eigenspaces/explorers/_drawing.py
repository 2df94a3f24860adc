"""Graphs in pictures: edges as lines, nodes as discs coloured by a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from spectral_lab.explorer import theme

DIVERGING = [[0, theme.RED], [0.5, theme.PAPER], [1, theme.BLUE]]


def graph(
    xy: Float[np.ndarray, "n 2"],
    edges: Int[np.ndarray, "m 2"],
    values: Float[np.ndarray, " n"],
    limit: float,
    *,
    labels: Sequence[str] = (),
    low: float | None = None,
    colors: Any = DIVERGING,
    size: float = 22,
    width: float = 2,
    panel: int = 1,
) -> list[theme.Trace]:
    """A graph with its nodes coloured by `values` between `low` (default -limit) and `limit`."""
    marker = {
        "color": values,
        "cmin": -limit if low is None else low,
        "cmax": limit,
        "colorscale": colors,
        "size": size,
        "line": {"width": 1.5, "color": theme.INK},
    }
    nodes = theme.points(xy[:, 0], xy[:, 1], marker=marker, text=[f"{v:.3f}" for v in values], panel=panel)
    traces = [edge_lines(xy, edges, width=width, panel=panel), nodes | {"hoverinfo": "text"}]
    return traces + ([theme.text(xy[:, 0], xy[:, 1], labels, position="middle center", panel=panel)] if labels else [])


def edge_lines(
    xy: Float[np.ndarray, "n 2"],
    edges: Int[np.ndarray, "m 2"],
    *,
    color: str = theme.MUTED,
    width: float = 2,
    panel: int = 1,
) -> theme.Trace:
    """All edges as one line with gaps."""
    ends = np.full((len(edges), 3, 2), np.nan)
    ends[:, :2] = xy[edges]
    x, y = ends.reshape(-1, 2).T
    return theme.line(x, y, color=color, width=width, panel=panel, hoverinfo="skip")


def circle(n: int) -> Float[np.ndarray, "n 2"]:
    """A ring drawn as a ring: the edge between nodes 0 and n - 1 is at the top."""
    angle = np.pi / 2 - 2 * np.pi * (np.arange(n) + 0.5) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def fitted(xy: Float[np.ndarray, "n 2"], centre: tuple[float, float], size: float) -> Float[np.ndarray, "n 2"]:
    """A layout moved and scaled into a square of the given size around `centre`."""
    middle = (xy.max(axis=0) + xy.min(axis=0)) / 2
    return (xy - middle) * (size / np.ptp(xy, axis=0).max()) + np.array(centre)


def bare(low: float, high: float, title: str = "") -> theme.Axis:
    """An axis of a drawing: no ticks, no grid."""
    return theme.axis(title, low=low, high=high, showgrid=False, showticklabels=False, ticks="", showline=False)


def round_up(value: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `value`: an axis end that rarely moves."""
    power = 10.0 ** np.floor(np.log10(max(value, 1e-12)))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value * (1 - 1e-9)))


def apart(heights: list[float], distance: float) -> list[float]:
    """The heights, moved up as little as needed for labels that stand `distance` apart."""
    result, lowest = list(heights), -np.inf
    for i in np.argsort(heights):
        result[i] = lowest = max(heights[i], lowest + distance)
    return result
