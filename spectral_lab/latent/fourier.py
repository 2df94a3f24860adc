"""Fourier series, and how fast they converge: as fast as the function is smooth.

    f(x) = sum_k c_k e^{ikx},    c_k = (1/2pi) int_0^{2pi} f(x) e^{-ikx} dx,    S_N f = sum_{|k| <= N} c_k e^{ikx}

Each derivative of bounded variation earns a power of N; a function analytic in the strip |Im x| < alpha earns a factor
e^{-alpha} for each new frequency. I_N f interpolates at the 2N + 1 nodes 2 pi j / (2N + 1). Its coefficients are
aliased, c~_k = sum_m c_{k + m(2N+1)}, which costs at most a factor 2. (Standard: Trefethen, "Spectral Methods in
MATLAB", 2000; the best trigonometric approximation is Favard's, and Akhiezer's and Krein's, 1937.)
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, SupportsInt

import numpy as np
import scipy
from jaxtyping import Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.latent._sampling import Function, sample

LARGEST_DEGREE = 100_000
FINE = 2**16  # nodes that stand for the integral: a pole at distance 0.001 from the axis is seen to 1e-28
KINDS = ("truncation", "interpolation")


class Sides(NamedTuple):
    """Both sides of an inequality: error <= bound."""

    error: float
    bound: float


def fourier_coefficients(f: Function, N: SupportsInt) -> Inexact[np.ndarray, " modes"]:
    """c_k of a function of period 2 pi, for k = -N..N, by the trapezoidal rule on at least 65,536 nodes.

    Exact up to rounding for analytic f; for an f that jumps the error is about k / 65,536 of c_k.

    Args: f, of an array of points; N, 0 to 100,000. Raises: ValueError.
    """
    N = checks.integer(N, "N", 0, LARGEST_DEGREE)
    return _coefficients(f, max(FINE, 16 * N))[np.arange(-N, N + 1)]


def fourier_truncation(f: Function, N: SupportsInt, x: ArrayLike) -> Inexact[np.ndarray, "*points"]:
    """S_N f at x: the terms |k| <= N of the Fourier series of f.

    Args: f, of period 2 pi; N, 0 to 100,000; x, real, of any shape. Raises: ValueError.
    """
    return fourier_sum(fourier_coefficients(f, N), x)


def fourier_interpolation(f: Function, N: SupportsInt, x: ArrayLike) -> Inexact[np.ndarray, "*points"]:
    """I_N f at x: the trigonometric polynomial of degree N through f at the 2N + 1 nodes 2 pi j / (2N + 1).

    Args: f, of period 2 pi; N, 0 to 100,000; x, real, of any shape. Raises: ValueError.
    """
    N = checks.integer(N, "N", 0, LARGEST_DEGREE)
    return fourier_sum(_coefficients(f, 2 * N + 1)[np.arange(-N, N + 1)], x)


def fourier_sum(coefficients: ArrayLike, x: ArrayLike) -> Inexact[np.ndarray, "*points"]:
    """sum_{k=-N}^{N} c_k e^{ikx}, real where c_{-k} is the conjugate of c_k.

    Args: coefficients (2N + 1,), for k = -N..N; x, real, of any shape. Raises: ValueError.
    """
    c, x = checks.array(coefficients, "coefficients", (None,)), checks.real_array(x, "x")
    if len(c) % 2 == 0:
        raise ValueError(f"coefficients must be of odd length 2N + 1, for k = -N..N, got {len(c)}")
    checks.room(len(c) * x.size // 100, "coefficients and x")  # Horner's rule keeps a few arrays of x's size
    N, z = len(c) // 2, np.exp(1j * x)
    # Two sums in powers of z and 1/z: on the unit circle Horner's rule loses nothing.
    polynomial = np.polynomial.polynomial.polyval
    if np.allclose(c, c[::-1].conj(), rtol=0, atol=1e-14 * np.abs(c).max()):
        return np.asarray(2 * polynomial(z, c[N:]).real - c[N].real)
    return np.asarray(polynomial(z, c[N:]) + polynomial(1 / z, c[N::-1]) - c[N])


def favard_constant(r: SupportsInt) -> float:
    """K_r = (4/pi) sum_{i>=0} (-1)^{i(r+1)} / (2i+1)^{r+1}: 1, pi/2, pi^2/8, pi^3/24, ... (Favard 1937).

    The best trigonometric polynomial of degree N is within K_r ||f^(r)|| / (N+1)^r of f in the largest error, and no
    smaller constant will do. K_r tends to 4/pi.

    Args: r, 0 to 1000. Raises: ValueError.
    """
    r = checks.integer(r, "r", 0, 1000)
    s = r + 1
    if r == 0:
        return 1.0  # (4/pi) (1 - 1/3 + 1/5 - ...)
    if r % 2:  # all signs plus: (1 - 2^{-s}) zeta(s)
        return float(4 / math.pi * (1 - 2.0**-s) * scipy.special.zeta(s))
    i = np.arange(16.0)  # alternating: these terms, and the others by Hurwitz's zeta, even and odd i apart
    tail = 4.0**-s * (scipy.special.zeta(s, 8.25) - scipy.special.zeta(s, 8.75))
    return float(4 / math.pi * (((-1) ** i * (2 * i + 1) ** -s).sum() + tail))


def best_approximation_error(f: Function, N: SupportsInt, points: SupportsInt = 1000) -> float:
    """E_N(f): the smallest possible largest error of a trigonometric polynomial of degree N, by linear programming.

    minimise e subject to |f(x_j) - p(x_j)| <= e at `points` equidistant x_j, among them 0: a lower bound of E_N that
    is short of it by about (N / points)^2 of its size.

    Args: f, real and of period 2 pi; N, 0 to 64; points, 4 (N + 1) to 4000. Raises: ValueError.
    """
    N = checks.integer(N, "N", 0, 64)
    points = checks.integer(points, "points", 4 * (N + 1), 4000)
    x = 2 * np.pi * np.arange(points) / points
    values = checks.real_array(sample(f, x), "the values of f")
    scale = float(np.abs(values).max()) or 1.0
    basis = np.hstack([np.cos(np.outer(x, np.arange(N + 1))), np.sin(np.outer(x, np.arange(1, N + 1)))])
    one = np.ones((points, 1))
    result = scipy.optimize.linprog(
        np.append(np.zeros(2 * N + 1), 1.0),
        A_ub=np.vstack([np.hstack([basis, -one]), np.hstack([-basis, -one])]),
        b_ub=np.concatenate([values, -values]) / scale,
        bounds=(None, None),
    )
    return float(result.fun) * scale


def favard_sides(f: Function, N: SupportsInt, r: SupportsInt, derivative: Any) -> Sides:
    """E_N(f) and K_r ||f^(r)|| / (N+1)^r (Favard; Akhiezer and Krein 1937). For r = 1: pi L / (2(N+1)), L Lipschitz's.

    Args: f, real and of period 2 pi; N, 0 to 64; r, 1 to 1000; derivative, ||f^(r)|| in the largest value, at least 0.
    Raises: ValueError.
    """
    error, r = best_approximation_error(f, N), checks.integer(r, "r", 1, 1000)
    derivative = checks.number(derivative, "derivative", 0)
    return Sides(error, favard_constant(r) * derivative / (int(N) + 1.0) ** r)


def smooth_sides(f: Function, N: SupportsInt, p: SupportsInt, variation: Any, kind: str = "truncation") -> Sides:
    """||f - S_N f|| or ||f - I_N f|| in the largest value, and V / (pi p N^p), or twice that.

    For f^(p-1) absolutely continuous and f^(p) of variation V over a period: |c_k| <= V / (2 pi |k|^{p+1}), and
    the terms left out sum to at most the bound (Trefethen 2000, chapter 4).

    Args: f, of period 2 pi; N, 1 to 100,000; p, 1 to 100; variation V, at least 0; kind, "truncation" or
    "interpolation". Raises: ValueError.
    """
    N, p = checks.integer(N, "N", 1, LARGEST_DEGREE), checks.integer(p, "p", 1, 100)
    variation = checks.number(variation, "variation", 0)
    error = _largest_error(f, N, checks.choice(kind, "kind", KINDS))
    return Sides(error, (1 + (kind == "interpolation")) * variation / (math.pi * p) * float(N) ** -p)


def analytic_sides(f: Function, N: SupportsInt, alpha: Any, maximum: Any, kind: str = "truncation") -> Sides:
    """||f - S_N f|| or ||f - I_N f|| in the largest value, and 2 M e^{-alpha N} / (e^alpha - 1), or twice that.

    For f analytic with |f| <= M in |Im x| < alpha: |c_k| <= M e^{-alpha |k|} (Trefethen 2000, chapter 4).

    Args: f, of period 2 pi; N, 0 to 100,000; alpha, 1e-6 to 100; maximum M, at least 0; kind, "truncation" or
    "interpolation". Raises: ValueError.
    """
    N = checks.integer(N, "N", 0, LARGEST_DEGREE)
    alpha, maximum = checks.number(alpha, "alpha", 1e-6, 100), checks.number(maximum, "maximum", 0)
    error = _largest_error(f, N, checks.choice(kind, "kind", KINDS))
    bound = 2 * maximum * math.exp(-alpha * N) / math.expm1(alpha)
    return Sides(error, (1 + (kind == "interpolation")) * bound)


def poisson_kernel(x: ArrayLike, r: Any) -> Inexact[np.ndarray, "*points"]:
    """P_r(x) = (1 - r^2) / (1 - 2 r cos x + r^2) = sum_k r^|k| e^{ikx}: its pole is at distance ln(1/r) from the axis.

    The largest error of S_N is exactly 2 r^{N+1} / (1 - r), at x = 0 (a geometric series).

    Args: x, real, of any shape; r, 0 to 0.999. Raises: ValueError.
    """
    x, r = checks.real_array(x, "x"), checks.number(r, "r", 0, 0.999)
    return np.asarray((1 - r**2) / ((1 - r) ** 2 + 4 * r * np.sin(x / 2) ** 2))


def _coefficients(f: Function, nodes: int) -> Inexact[np.ndarray, " nodes"]:
    return np.fft.fft(sample(f, 2 * np.pi * np.arange(nodes) / nodes)) / nodes


def _largest_error(f: Function, N: int, kind: str) -> float:
    """The largest error over 4096 points and some more between the nodes, none of them a node of I_N."""
    x = 2 * np.pi * (np.arange(4096) + 0.5) / 4096
    x = np.concatenate([x, [0.0, np.pi]])
    approximation = fourier_truncation if kind == "truncation" else fourier_interpolation
    return float(np.abs(sample(f, x) - approximation(f, N, x)).max())
