"""What pure noise looks like: the laws of Marchenko and Pastur, and of Wigner.

A matrix of independent entries of mean 0 and variance v, m by n, has no structure, and still a sharp spectrum: its
squared singular values over max(m, n) fill an interval. With Q = max / min, q = 1/Q and r = sqrt(q)

    rho(x) = sqrt((b - x)(x - a)) / (2 pi v q x),   a, b = v (1 -+ r)^2,

the law of Marchenko and Pastur (1967). It depends on the shape, and so does every exponent that is read off it: that is
the bias that the chapter is about. Everything below uses the angle p in [0, pi] with

    x = v |1 + r e^{ip}|^2 = v (1 + q + 2 r cos p),   p = 0 at the upper edge,

in which the law is (2 / pi) sin^2 p / |1 + r e^{ip}|^2 dp, and smooth (derived here).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks

LARGEST_Q = 1e8  # beyond, the bulk is narrower than 4e-4 of its place and rounding eats its shape
NODES = 64


@dataclass(frozen=True)
class MarchenkoPastur:
    """The limit law of the min(m, n) squared singular values over max(m, n); Q = max / min, entries of `variance`.

    Q from 1 to 1e8, variance from 1e-100 to 1e100. Raises: ValueError.
    """

    Q: float
    variance: float = 1.0

    def __post_init__(self) -> None:
        checks.number(self.Q, "Q", 1, LARGEST_Q)
        checks.number(self.variance, "variance", 1e-100, 1e100)

    @property
    def edges(self) -> tuple[float, float]:
        """(a, b) = v (1 -+ sqrt(1/Q))^2: the ends of the bulk."""
        r = self._r
        return self.variance * (1 - r) ** 2, self.variance * (1 + r) ** 2

    def pdf(self, x: ArrayLike) -> Float[np.ndarray, "*points"]:
        """The density, 0 outside the bulk; for Q = 1 it is infinite at 0."""
        x = checks.real_array(x, "x") / self.variance
        (a, b), q = MarchenkoPastur(self.Q).edges, 1 / self.Q
        with np.errstate(divide="ignore", invalid="ignore"):
            density = np.sqrt(np.maximum(b - x, 0) * np.maximum(x - a, 0)) / (2 * np.pi * q * x)
            density = np.where((x == 0) & (a == 0), np.inf, np.where((x > a) & (x < b), density, 0.0))
        return np.asarray(density / self.variance)

    def cdf(self, x: ArrayLike) -> Float[np.ndarray, "*points"]:
        """The share of eigenvalues up to x: 1 - (p - sin(p) / r + (1/q - 1) arg(1 + r e^{ip})) / pi (derived here)."""
        x = checks.real_array(x, "x") / self.variance
        a, b = MarchenkoPastur(self.Q).edges
        inside = np.clip(x, a, b)
        angle = np.arctan2(np.sqrt((b - inside) * (inside - a)), inside - 1 - 1 / self.Q)
        return np.where(x <= a, 0.0, np.where(x >= b, 1.0, np.clip(1 - self._above(angle), 0.0, 1.0)))

    def quantile(self, p: ArrayLike) -> Float[np.ndarray, "*points"]:
        """x with cdf(x) = p, for p from 0 to 1."""
        share = checks.real_array(p, "p")
        if share.size and not (share.min() >= 0 and share.max() <= 1):
            raise ValueError(f"p must be between 0 and 1, got values from {share.min():g} to {share.max():g}")
        a, b = self.edges
        x = self._at(self._angle(1 - share))
        return np.where(share == 0, a, np.where(share == 1, b, x))

    def moment(self, k: SupportsInt) -> float:
        """The mean of x^k, k from 0 to 100: v^k sum_r q^r / (r + 1) C(k, r) C(k - 1, r)."""
        k = checks.integer(k, "k", 0, 100)
        terms = [math.comb(k, r) * math.comb(k - 1, r) / (r + 1) * self.Q**-r for r in range(k)]
        moment = float(self.variance) ** k * sum(terms) if k else 1.0
        if not math.isfinite(moment):
            raise ValueError(
                f"k must leave the moment in the range of numbers, got {k} with variance {self.variance:g}"
            )
        return moment

    def hill_exponent(self, below: Any = 0.5) -> float:
        """What Hill's estimator reads off infinitely much noise whose tail starts at the quantile `below`.

        1 + 1 / E[ln(x / x_0) | x > x_0], x_0 = quantile(below), below from 0 to 0.999. At below = 1/2 this is the
        limit of the median rule: 2.1217 for Q = 1, 3.78 for Q = 5.12, and 1 + (3 pi / 8) sqrt(Q) + 0.23 for large Q
        (derived here). By Gauss-Legendre in the angle.
        """
        below = checks.number(below, "below", 0, 0.999)
        if self.Q == 1 and below == 0:  # the whole of a square matrix: ln(x / 0)
            return 1.0
        end = float(self._angle(1 - below))
        points, weights = _legendre(NODES)
        v, r = (points + 1) / 2, self._r
        angle = end * (1 - v**3)  # crowded where the tail starts: in a nearly square matrix ln(x) dips steeply there
        x, start = self._at(angle) / self.variance, float(self._at(end)) / self.variance
        # ln(x / x_0), without losing digits where the bulk is narrow
        logs = np.log1p(2 * r * (np.cos(angle) - math.cos(end)) / start)
        mean = end / 2 * float(weights @ (3 * v**2 * 2 / np.pi * np.sin(angle) ** 2 / x * logs)) / (1 - below)
        return 1 + 1 / mean

    @property
    def _r(self) -> float:
        return 1 / math.sqrt(self.Q)

    def _at(self, angle: Any) -> Any:
        r = self._r
        return self.variance * ((1 - r) ** 2 + 4 * r * np.cos(angle / 2) ** 2)  # nothing cancels at the lower edge

    def _above(self, angle: Any) -> Any:
        """The share of eigenvalues above x(angle)."""
        r, sine = self._r, np.sin(angle)
        turned = np.arctan2(r * sine, 1 + r * np.cos(angle)) if r < 1 else angle / 2
        return (angle - sine / r + (self.Q - 1) * turned) / np.pi

    def _angle(self, above: Any) -> Any:
        """The angle above whose x lies this share of the law: Newton's steps, kept between two ends that close in."""
        r = self._r
        low, high = np.zeros_like(above), np.full_like(above, np.pi)
        angle = np.pi * above ** (1 / 3)  # near the upper edge the share grows like the cube
        for _ in range(60):
            error = self._above(angle) - above
            low, high = np.where(error < 0, angle, low), np.where(error >= 0, angle, high)
            slope = 2 / np.pi * np.sin(angle) ** 2 / np.maximum(1 + r * (r + 2 * np.cos(angle)), 1e-300)
            with np.errstate(divide="ignore", invalid="ignore"):
                moved = angle - error / slope
            moved = np.where((moved > low) & (moved < high), moved, (low + high) / 2)
            if np.all(np.abs(moved - angle) <= 1e-15):
                break
            angle = moved
        return moved


@dataclass(frozen=True)
class Semicircle:
    """Wigner's law: the eigenvalues of a symmetric matrix with off-diagonal variance (radius / 2)^2 / n.

    radius from 1e-100 to 1e100. Raises: ValueError.
    """

    radius: float

    def __post_init__(self) -> None:
        checks.number(self.radius, "radius", 1e-100, 1e100)

    def pdf(self, x: ArrayLike) -> Float[np.ndarray, "*points"]:
        """2 / (pi R^2) sqrt(R^2 - x^2), and 0 outside [-R, R]."""
        u = np.clip(checks.real_array(x, "x") / self.radius, -1, 1)
        return np.asarray(2 / (np.pi * self.radius) * np.sqrt((1 - u) * (1 + u)))

    def cdf(self, x: ArrayLike) -> Float[np.ndarray, "*points"]:
        """1/2 + (u sqrt(1 - u^2) + arcsin u) / pi with u = x / R."""
        u = np.clip(checks.real_array(x, "x") / self.radius, -1, 1)
        return np.asarray(0.5 + (u * np.sqrt((1 - u) * (1 + u)) + np.arcsin(u)) / np.pi)


@cache
def _legendre(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(nodes)
