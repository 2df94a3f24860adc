"""What the pictures of chapter 05 share: a density of eigenvalues, and matrices that are made only once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer.palette import MUTED
from spectral_lab.explorer.theme import Trace, line
from spectral_lab.heavytails.ensembles import gaussian_matrix
from spectral_lab.heavytails.esd import esd


@lru_cache(maxsize=64)
def noise_spectrum(m: int, n: int, seed: int) -> np.ndarray:
    """The squared singular values of noise of variance 1 / max(m, n)."""
    return esd(gaussian_matrix((m, n), seed))


def density(
    values: np.ndarray, bins: int = 40, log: bool = False, end: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """A histogram as an outline, with unit area, or the part of it up to `end`; with `log` in bins of equal ratio,
    still per unit of the value."""
    if log:
        values = values[values > 1e-12 * values.max()]
        edges = np.geomspace(values.min() * 0.999, values.max() * 1.001, bins + 1)
    else:
        edges = np.linspace(0, values.max() * 1.02 if end is None else end, bins + 1)
    counts, _ = np.histogram(values, edges)
    heights = counts / len(values) / np.diff(edges)
    return np.repeat(edges, 2), np.concatenate([[0], np.repeat(heights, 2), [0]])


def outline(x: np.ndarray, y: np.ndarray, name: str, color: str = MUTED, **more: Any) -> Trace:
    """A histogram's outline, filled where the axis is linear."""
    return line(x, y, name, color, width=1.2, **more)
