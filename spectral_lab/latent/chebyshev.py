"""Chebyshev series on [-1, 1]: Fourier series in disguise, for functions that are not periodic.

    f(x) = sum_k a_k T_k(x),    T_k(cos theta) = cos(k theta)

If f is analytic and bounded by M inside the Bernstein ellipse E_rho (foci -1 and 1, half axes summing to rho > 1), then
|a_k| <= 2 M rho^{-k}. So the nearest singularity in the complex plane sets the rate. (Bernstein 1912; Trefethen,
"Approximation Theory and Approximation Practice", 2013, theorems 8.1 and 8.2.)
"""

from __future__ import annotations

import math
from typing import Any, SupportsInt

import numpy as np
import scipy
from jaxtyping import Float, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.latent._sampling import Function, sample
from spectral_lab.latent.fourier import KINDS, LARGEST_DEGREE, Sides

FINE = 2**14


def chebyshev_nodes(n: SupportsInt) -> Float[np.ndarray, " nodes"]:
    """x_j = cos(pi j / n), j = 0..n, from 1 down to -1: where T_n is 1 in size.

    Args: n, 1 to 200,000. Raises: ValueError.
    """
    n = checks.integer(n, "n", 1, 2 * LARGEST_DEGREE)
    return np.sin(np.pi * np.arange(n, -n - 1, -2) / (2 * n))  # exactly odd, unlike the cosine


def chebyshev_coefficients(f: Function, n: SupportsInt) -> Inexact[np.ndarray, " terms"]:
    """a_k for k = 0..n, by a cosine transform on at least 16,385 nodes: exact up to rounding for analytic f.

    Args: f, on [-1, 1]; n, 0 to 100,000. Raises: ValueError.
    """
    n = checks.integer(n, "n", 0, LARGEST_DEGREE)
    return _coefficients(f, max(FINE, 2 * n))[: n + 1]


def chebyshev_truncation(f: Function, n: SupportsInt, x: ArrayLike) -> Inexact[np.ndarray, "*points"]:
    """The terms k <= n of the Chebyshev series of f, at x in [-1, 1] of any shape. Raises: ValueError."""
    return _sum(chebyshev_coefficients(f, n), x)


def chebyshev_interpolation(f: Function, n: SupportsInt, x: ArrayLike) -> Inexact[np.ndarray, "*points"]:
    """The polynomial of degree n through f at the nodes cos(pi j / n), at x in [-1, 1] of any shape.

    Args: f, on [-1, 1]; n, 1 to 100,000. Raises: ValueError.
    """
    return _sum(_coefficients(f, checks.integer(n, "n", 1, LARGEST_DEGREE)), x)


def chebyshev_differentiation(n: SupportsInt) -> Float[np.ndarray, "nodes nodes"]:
    """D (n+1, n+1): from values at cos(pi j / n) to the derivative there of the polynomial through them.

    D_ij = (c_i / c_j) (-1)^{i+j} / (x_i - x_j) with c_0 = c_n = 2 and c = 1 between. The diagonal is minus the sum of
    its row, so that constants have derivative 0 exactly; the closed formula would cancel (Trefethen 2000, chapter 6).

    Args: n, 1 to 2000. Raises: ValueError.
    """
    n = checks.order(n, "n", maximum=2000)
    j = np.arange(n + 1)
    c = np.where((j == 0) | (j == n), 2.0, 1.0) * (-1.0) ** j
    # x_i - x_j as a product of sines, which do not cancel where nodes are close.
    difference = 2 * np.sin(np.pi * np.add.outer(j, j) / (2 * n)) * np.sin(-np.pi * np.subtract.outer(j, j) / (2 * n))
    np.fill_diagonal(difference, 1.0)
    D = np.outer(c, 1 / c) / difference
    np.fill_diagonal(D, 0.0)
    np.fill_diagonal(D, -D.sum(axis=1))
    return D


def chebyshev_sides(f: Function, n: SupportsInt, rho: Any, maximum: Any, kind: str = "truncation") -> Sides:
    """The largest error at degree n, and 2 M rho^{-n} / (rho - 1), or twice that for interpolation.

    Args: f, analytic with |f| <= M in the ellipse E_rho; n, 1 to 100,000; rho, 1.000001 to 1e6; maximum M, at least 0;
    kind, "truncation" or "interpolation". Raises: ValueError.
    """
    n, rho = checks.integer(n, "n", 1, LARGEST_DEGREE), checks.number(rho, "rho", 1.000001, 1e6)
    maximum, kind = checks.number(maximum, "maximum", 0), checks.choice(kind, "kind", KINDS)
    x = np.linspace(-1, 1, 5001)
    approximation = chebyshev_truncation if kind == "truncation" else chebyshev_interpolation
    error = float(np.abs(sample(f, x) - approximation(f, n, x)).max())
    return Sides(error, (2 + 2 * (kind == "interpolation")) * maximum / (rho - 1) * math.exp(-n * math.log(rho)))


def runge(x: ArrayLike, a: Any = 25.0) -> Float[np.ndarray, "*points"]:
    """1 / (1 + a x^2), with poles at +- i / sqrt a: rho = (1 + sqrt(1 + a)) / sqrt a.

    Args: x, real, of any shape; a, 1e-6 to 1e12. Raises: ValueError.
    """
    x, a = checks.real_array(x, "x"), checks.number(a, "a", 1e-6, 1e12)
    return np.asarray(1 / (1 + a * np.square(np.clip(x, -1e140, 1e140))))


def _coefficients(f: Function, n: int) -> Inexact[np.ndarray, " terms"]:
    """Coefficients of the interpolant of degree n, by the cosine transform of type I."""
    values = sample(f, chebyshev_nodes(n))
    a = scipy.fft.dct(values.real, type=1) / n
    if np.iscomplexobj(values):
        a = a + 1j * scipy.fft.dct(values.imag, type=1) / n
    a[[0, -1]] /= 2
    return a


def _sum(a: np.ndarray, x: ArrayLike) -> Inexact[np.ndarray, "*points"]:
    x = checks.real_array(x, "x")
    if (np.abs(x) > 1).any():
        raise ValueError(f"x must lie between -1 and 1, got {x[np.abs(x) > 1].flat[0]:g}")
    checks.room(len(a) * x.size // 100, "n and x")
    return np.asarray(np.polynomial.chebyshev.chebval(x, a))
