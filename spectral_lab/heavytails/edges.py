"""How far the largest eigenvalue of noise strays from the edge: the laws of Tracy and Widom."""

from __future__ import annotations

import math
from functools import cache
from typing import SupportsInt

import numpy as np
import scipy
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks

LEFT, RIGHT = -9.0, 10.0  # outside, F_1 and F_2 are 0 and 1 to 3e-12
NODES, DEGREE, REACH = 80, 96, 24.0


def tracy_widom_cdf(s: ArrayLike, beta: SupportsInt = 1) -> Float[np.ndarray, "*points"]:
    """F_beta(s), the limit law of the scaled largest eigenvalue of real (beta = 1) or complex (2) noise, to 1e-10.

    F_1(s) = det(I - V) on L^2(s, inf), V(x, y) = Ai((x + y) / 2) / 2 (Ferrari, Spohn 2005), and
    F_2(s) = det(I - V) det(I + V), since V V is the Airy kernel. The determinants by Gauss-Legendre (Bornemann 2010)
    at Chebyshev points, then interpolation. Below -9 the answer is 0, above 10 it is 1.

    Raises: ValueError.
    """
    s, beta = checks.real_array(s, "s"), checks.integer(beta, "beta", 1, 2)
    inside = np.polynomial.chebyshev.chebval((np.clip(s, LEFT, RIGHT) - LEFT) / (RIGHT - LEFT) * 2 - 1, _series(beta))
    return np.where(s < LEFT, 0.0, np.where(s > RIGHT, 1.0, np.clip(inside, 0.0, 1.0)))


def largest_eigenvalue_law(n: SupportsInt, p: SupportsInt, order: SupportsInt = 2) -> tuple[float, float]:
    """(centre, scale): (largest eigenvalue of X^T X - centre) / scale follows F_1; X is n by p, standard normal.

    centre = (sqrt n' + sqrt p')^2, scale = (sqrt n' + sqrt p') (1 / sqrt n' + 1 / sqrt p')^{1/3}, where (n', p') is
    (n - 1/2, p - 1/2) in the second-order form (Ma 2012), (n - 1, p) in the first (Johnstone 2001).

    Raises: ValueError.
    """
    order = checks.integer(order, "order", 1, 2)
    rows = checks.integer(n, "n", 3 - order, 10**15) - 1 / order
    columns = checks.integer(p, "p", 1, 10**15) - (0.5 if order == 2 else 0)
    root = math.sqrt(rows) + math.sqrt(columns)
    return root**2, root * (1 / math.sqrt(rows) + 1 / math.sqrt(columns)) ** (1 / 3)


@cache
def _series(beta: int) -> Float[np.ndarray, " coefficients"]:
    """Chebyshev coefficients of F_beta on [LEFT, RIGHT]."""
    at = np.polynomial.chebyshev.chebpts1(DEGREE + 1)
    values = [_determinant(LEFT + (RIGHT - LEFT) * (t + 1) / 2, beta) for t in at]
    return np.polynomial.chebyshev.chebfit(at, values, DEGREE)


def _determinant(s: float, beta: int) -> float:
    points, weights = np.polynomial.legendre.leggauss(NODES)
    x, root = s + REACH * (points + 1) / 2, np.sqrt(weights * REACH / 2)
    V = root[:, None] * scipy.special.airy((x[:, None] + x) / 2)[0] / 2 * root
    eye = np.eye(NODES)
    return float(np.linalg.det(eye - V) * (np.linalg.det(eye + V) if beta == 2 else 1.0))
