"""What several demonstrations draw: a matrix by name, a window on the complex plane, and log10 of sigma_min over it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.gallery import convection_diffusion, grcar, jordan_block
from spectral_lab.pseudospectra.legs import legs_normal
from spectral_lab.pseudospectra.resolvent import legs_sigma_min, sigma_min

Window = tuple[float, float, float]  # left, right, and the height above the real axis; mirrored below


@lru_cache(maxsize=256)
def matrix(name: str, n: int) -> np.ndarray:
    """The n-by-n matrix of that name."""
    if name == "random":
        return np.random.default_rng(0).standard_normal((n, n)) / np.sqrt(n)
    if name == "LegS":
        return legs(n)[0]
    if name == "normal part of LegS":
        return legs_normal(n)[0]
    if name == "Grcar":
        return grcar(n)
    if name == "Grcar, shifted":
        return grcar(n) - 1.8 * np.eye(n)
    if name == "convection":
        return convection_diffusion(n) / 10
    return jordan_block(n, -0.6 if name == "Jordan, shifted" else 0.0)


def window(name: str, n: int) -> Window:
    """The part of the plane worth seeing."""
    if name == "LegS":
        return -1.9 * n, 0.7 * n, 0.65 * n
    if name == "normal part of LegS":
        return -0.8 * n**2, 0.8 * n**2, 0.4 * n**2
    return {
        "Grcar": (-5.5, 7.5, 3.4),
        "random": (-3.2, 3.2, 1.6),
        "Jordan block": (-3.2, 3.2, 1.6),
    }[name]


@lru_cache(maxsize=128)
def portrait(name: str, n: int, view: Window, columns: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x, y, log10 sigma_min(zI - A)) over the window, in single precision; the lower half mirrors the upper half.

    An eigenvalue on the grid has sigma_min = 0; its height is drawn as 10^-300.
    """
    A = matrix(name, n)
    x, y = np.linspace(view[0], view[1], columns), np.linspace(0, view[2], rows)
    z = x + 1j * y[:, None]
    sigma = legs_sigma_min(n, z) if name == "LegS" else sigma_min(A, z)
    height = np.log10(np.maximum(sigma, 1e-300)).astype(np.float32)
    return x, np.concatenate([-y[:0:-1], y]), np.concatenate([height[:0:-1], height])
