"""The field of values: what a matrix can do to the size of a vector in one step, or in the first moment.

    W(A) = {x^* A x : ||x|| = 1}, a convex set that contains the eigenvalues

In continuous time, x' = A x, its rightmost point omega(A) is the slope of ||e^{tA}|| at t = 0, and ||e^{tA}|| <=
e^{t omega}. In discrete time, x <- A x, its point furthest from 0 has modulus w(A), and ||A^k|| <= 2 w(A)^k (Berger).
W(A) is the numerical range too; sigma_eps(A) lies within eps of it (Trefethen & Embree 2005, chapter 17).
"""

from __future__ import annotations

from typing import SupportsInt

import numpy as np
import scipy
from jaxtyping import Complex, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks

FLAT = 1e-10  # eigenvalues this close, relative to ||A||, share a supporting line: the boundary is straight there


def field_of_values(A: ArrayLike, points: SupportsInt = 180) -> Complex[np.ndarray, " points"]:
    """Points on the boundary of W(A), anticlockwise from the right: one for each of so many directions theta.

    Johnson 1978: the largest eigenvalue of H(theta), the Hermitian part of e^{-i theta} A, is how far W(A) reaches in
    direction theta, and x^* A x of its eigenvector is where. The polygon of the points lies inside W(A). Where W(A) is
    straight the far end of the piece is returned, so that no choice of eigenvectors shows.

    Args: A (n, n), real or complex; points, 3 to 10 000. Raises: ValueError.
    """
    A, points = checks.square(A, "A"), checks.integer(points, "points", 3, 10_000)
    unit = float(np.abs(A).max()) or 1.0  # keeps products in range
    return unit * np.array([_furthest(A / unit, theta) for theta in 2 * np.pi * np.arange(points) / points])


def numerical_radius(A: ArrayLike) -> float:
    """w(A) = max |z| over W(A): ||A|| / 2 <= w(A) <= ||A||, and w(A^k) <= w(A)^k (Berger, Pearcy).

    The largest reach over 181 directions, then the summit next to it. (A real A needs the upper half only.)

    Args: A (n, n), real or complex. Raises: ValueError.
    """
    A = checks.square(A, "A")
    unit = float(np.abs(A).max())
    if unit == 0:
        return 0.0
    A = A / unit
    grid = np.linspace(0, 2 * np.pi if np.iscomplexobj(A) else np.pi, 181)
    reach = [_reach(A, theta) for theta in grid]
    best, step = int(np.argmax(reach)), grid[1]
    summit = scipy.optimize.minimize_scalar(
        lambda theta: -_reach(A, theta),
        bounds=(grid[best] - step, grid[best] + step),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return unit * max(float(-summit.fun), reach[best])


def _reach(A: Inexact[np.ndarray, "n n"], theta: float) -> float:
    """How far W(A) reaches in direction theta."""
    turned = np.exp(-1j * theta) * A
    return float(np.linalg.eigvalsh((turned + turned.conj().T) / 2)[-1])


def _furthest(A: Inexact[np.ndarray, "n n"], theta: float) -> complex:
    """The point of W(A) furthest in direction theta; of several, the last one anticlockwise."""
    turned = np.exp(-1j * theta) * A
    forward, sideways = (turned + turned.conj().T) / 2, (turned - turned.conj().T) / 2j
    reach, X = np.linalg.eigh(forward)
    top = X[:, reach >= reach[-1] - FLAT * np.linalg.norm(A)]
    side = np.linalg.eigvalsh(top.conj().T @ sideways @ top)[-1]
    return complex(np.exp(1j * theta) * (reach[-1] + 1j * side))
