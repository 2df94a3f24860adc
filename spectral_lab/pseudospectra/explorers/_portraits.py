"""What several demonstrations draw: a matrix by name, and log10 of sigma_min over a window on the complex plane."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer.palette import RED
from spectral_lab.explorer.theme import Trace, contours
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.gallery import convection_diffusion, grcar, jordan_block
from spectral_lab.pseudospectra.legs import legs_normal
from spectral_lab.pseudospectra.resolvent import legs_sigma_min, sigma_min

Window = tuple[float, float, float]  # left, right, and the height above the real axis; mirrored below

# Each matrix as a function of its size, and as the code that a reader may paste.
GALLERY: dict[str, tuple[Callable[[int], np.ndarray], str]] = {
    "LegS": (lambda n: legs(n)[0], "legs({n})[0]"),
    "normal part of LegS": (lambda n: legs_normal(n)[0], "ps.legs_normal({n})[0]"),
    "Grcar": (grcar, "ps.grcar({n})"),
    "Grcar, shifted": (lambda n: grcar(n) - 1.8 * np.eye(n), "ps.grcar({n}) - 1.8 * np.eye({n})"),
    "Jordan block": (jordan_block, "ps.jordan_block({n})"),
    "Jordan, shifted": (lambda n: jordan_block(n, -0.6), "ps.jordan_block({n}, -0.6)"),
    "convection": (lambda n: convection_diffusion(n) / 10, "ps.convection_diffusion({n}) / 10"),
    "random": (
        lambda n: np.random.default_rng(0).standard_normal((n, n)) / np.sqrt(n),
        "np.random.default_rng(0).standard_normal(({n}, {n})) / np.sqrt({n})",
    ),
}


@lru_cache(maxsize=256)
def matrix(name: str, n: int) -> np.ndarray:
    """The n-by-n matrix of that name."""
    return GALLERY[name][0](n)


def matrix_code(name: str, n: int) -> str:
    """The code that makes it."""
    return GALLERY[name][1].format(n=n)


@lru_cache(maxsize=128)
def portrait(name: str, n: int, view: Window, columns: int, rows: int) -> dict[str, np.ndarray]:
    """x, y and height = log10 sigma_min(zI - A) over the window, in single precision, mirrored at the real axis.

    An eigenvalue on the grid has sigma_min = 0; its height is drawn as 10^-300.
    """
    A = matrix(name, n)
    x, y = np.linspace(view[0], view[1], columns), np.linspace(0, view[2], rows)
    z = x + 1j * y[:, None]
    sigma = legs_sigma_min(n, z) if name == "LegS" else sigma_min(A, z)
    height = np.log10(np.maximum(sigma, 1e-300)).astype(np.float32)
    mirrored = {"y": np.concatenate([-y[:0:-1], y]), "height": np.concatenate([height[:0:-1], height])}
    return {"x": x, **mirrored}


def height_map(
    d: Any, low: float = -16, high: float = 2, step: float = 2, bar: str = "log₁₀ σ<sub>min</sub>(zI − A)"
) -> list[Trace]:
    """Contours of the height over (x, y), and the boundary of the pseudospectrum of level epsilon in red."""
    level = float(np.log10(d.epsilon)) if d.epsilon else -300.0
    return [
        contours(d.x, d.y, d.height, low, high, step, bar=bar),
        contours(d.x, d.y, d.height, level, level, 1, filled=False, color=RED, width=2.5),
    ]
