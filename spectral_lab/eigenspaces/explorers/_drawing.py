"""Graphs in pictures: edges as lines, nodes as discs coloured by a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from spectral_lab.explorer.palette import DIVERGING, INK, MUTED
from spectral_lab.explorer.theme import Trace, points, segments, text


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
) -> list[Trace]:
    """A graph with its nodes coloured by `values` between `low` (default -limit) and `limit`."""
    marker = {"color": values, "cmin": -limit if low is None else low, "cmax": limit, "colorscale": colors}
    marker |= {"size": size, "line": {"width": 1.5, "color": INK}}
    nodes = points(xy[:, 0], xy[:, 1], marker=marker, text=[f"{v:.3f}" for v in values]) | {"hoverinfo": "text"}
    words = [text(xy[:, 0], xy[:, 1], labels, position="middle center")] if labels else []
    return [edge_lines(xy, edges, width=width), nodes, *words]


def edge_lines(xy: Float[np.ndarray, "n 2"], edges: Int[np.ndarray, "m 2"], color: str = MUTED, **style: Any) -> Trace:
    """All edges as one line with gaps."""
    return segments(xy[edges, 0], xy[edges, 1], color=color, hoverinfo="skip", **style)


def circle(n: int) -> Float[np.ndarray, "n 2"]:
    """A ring drawn as a ring: the edge between nodes 0 and n - 1 is at the top."""
    angle = np.pi / 2 - 2 * np.pi * (np.arange(n) + 0.5) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def fitted(xy: Float[np.ndarray, "n 2"], centre: tuple[float, float], size: float) -> Float[np.ndarray, "n 2"]:
    """A layout moved and scaled into a square of the given size around `centre`."""
    middle = (xy.max(axis=0) + xy.min(axis=0)) / 2
    return (xy - middle) * (size / np.ptp(xy, axis=0).max()) + np.array(centre)


def round_up(value: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `value`: an axis end that rarely moves."""
    power = 10.0 ** np.floor(np.log10(max(value, 1e-12)))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value * (1 - 1e-9)))
