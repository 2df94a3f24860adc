"""Real spherical harmonics, and the Wigner matrices by which they rotate.

A rotation mixes the 2l + 1 harmonics of one degree l among themselves and leaves other degrees alone:

    Y_l(R p) = D^l(R) Y_l(p),    D^l(R) orthogonal

Components stand in the order m = -l..l of the physical axes: degree 1 is (y, z, x), degree 2 is
(xy, yz, 2z^2 - x^2 - y^2, zx, x^2 - y^2), up to a factor for each.
"""

from __future__ import annotations

from functools import cache
from math import factorial, sqrt
from typing import SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks

LARGEST_DEGREE = 12  # twice the degree of i shells; coupling tensors of this degree take seconds
LARGEST_DEVIATION = 1e-8  # of R R^T from the identity


def spherical_harmonics(degree: SupportsInt, xyz: ArrayLike) -> Float[np.ndarray, "n m"]:
    """The real spherical harmonics Y_lm of the directions of points, m = -l..l, scaled to sum_m Y_lm^2 = 2l + 1.

        Y_lm = c_lm Pi_l^|m|(z) Re (x + iy)^m,  or Im (x + iy)^|m| for m < 0,    on the unit sphere,

    Pi_l^m(z) = d^m P_l(z) / dz^m with the Legendre polynomial P_l: the textbook form without the sign (-1)^m.

    Args: degree, 0 to 12; xyz (n, 3), no point at the origin; lengths do not matter. Raises: ValueError.
    """
    l = checks.integer(degree, "degree", 0, LARGEST_DEGREE)
    p = checks.real_array(xyz, "xyz", (None, 3))
    largest = np.abs(p).max(axis=1, keepdims=True, initial=0.0)
    if (largest == 0).any():
        raise ValueError("xyz must have a direction in every row, got a point at the origin")
    p = p / largest  # first, so that no square overflows
    x, y, z = (p / np.linalg.norm(p, axis=1, keepdims=True)).T
    powers = (x + 1j * y)[:, None] ** np.arange(l + 1)
    result = np.empty((len(p), 2 * l + 1))
    for m in range(l + 1):
        scale = sqrt((2 * l + 1) * (1 if m == 0 else 2) * factorial(l - m) / factorial(l + m))
        derivative = scale * _legendre_derivative(l, m, z)
        result[:, l + m] = derivative * powers[:, m].real
        if m:
            result[:, l - m] = derivative * powers[:, m].imag
    return result


def wigner_d(degree: SupportsInt, R: ArrayLike) -> Float[np.ndarray, "m m"]:
    """The matrix D with Y(R p) = D Y(p) for all p, for a rotation or a reflection R.

    D follows from its defining equation on enough points Q, by least squares: D = (Y(Q)^+ Y(Q R^T))^T. No Euler angles.

    Args: degree, 0 to 12; R (3, 3), orthogonal. Raises: ValueError.
    """
    l = checks.integer(degree, "degree", 0, LARGEST_DEGREE)
    R = orthogonal(R, "R")
    points, inverse = _points(l)
    return (inverse @ spherical_harmonics(l, points @ R.T)).T


def rotation(alpha: SupportsFloat, beta: SupportsFloat, gamma: SupportsFloat) -> Float[np.ndarray, "3 3"]:
    """R_z(alpha) R_y(beta) R_z(gamma), angles in radians. Raises: ValueError."""
    a, b, c = (checks.number(angle, name) for angle, name in ((alpha, "alpha"), (beta, "beta"), (gamma, "gamma")))

    def about_z(t: float) -> np.ndarray:
        return np.array([[np.cos(t), -np.sin(t), 0.0], [np.sin(t), np.cos(t), 0.0], [0.0, 0.0, 1.0]])

    about_y = np.array([[np.cos(b), 0.0, np.sin(b)], [0.0, 1.0, 0.0], [-np.sin(b), 0.0, np.cos(b)]])
    return about_z(a) @ about_y @ about_z(c)


def orthogonal(R: ArrayLike, name: str) -> Float[np.ndarray, "3 3"]:
    """An argument that must be an orthogonal (3, 3) matrix. Raises: ValueError."""
    R = checks.real_array(R, name, (3, 3))
    deviation = np.abs(np.clip(R, -2, 2) @ np.clip(R, -2, 2).T - np.eye(3)).max()
    if not deviation < LARGEST_DEVIATION:
        raise ValueError(f"{name} must be orthogonal, got R R^T off the identity by {deviation:.2g}")
    return R


def _legendre_derivative(l: int, m: int, z: np.ndarray) -> np.ndarray:
    """d^m P_l / dz^m by the recursion in l: (l - m) Pi_l = (2l - 1) z Pi_(l-1) - (l + m - 1) Pi_(l-2)."""
    before, now = np.zeros_like(z), np.full_like(z, factorial(2 * m) / (2**m * factorial(m)))  # Pi_m^m = (2m - 1)!!
    for k in range(m + 1, l + 1):
        before, now = now, ((2 * k - 1) * z * now - (k + m - 1) * before) / (k - m)
    return now


@cache
def _points(l: int) -> tuple[np.ndarray, np.ndarray]:
    """Points spread evenly over the sphere on a spiral, and the pseudo-inverse of Y_l there."""
    count = 8 * l + 8
    z = 1 - (2 * np.arange(count) + 1) / count
    angle = np.arange(count) * np.pi * (3 - sqrt(5))
    points = np.stack([np.sqrt(1 - z**2) * np.cos(angle), np.sqrt(1 - z**2) * np.sin(angle), z], axis=1)
    return points, np.linalg.pinv(spherical_harmonics(l, points))
