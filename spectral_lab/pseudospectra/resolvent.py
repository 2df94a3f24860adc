"""The smallest singular value of z I - A over many z at once: the height map behind every pseudospectrum.

sigma_eps(A) = {z : sigma_min(z I - A) < eps} = the eigenvalues of all A + E with ||E|| < eps (Trefethen & Embree 2005).
One Schur form A = Q T Q^* serves every z, as z I - T stays triangular: (z I - T)^{-1} (z I - T)^{-*} costs two
substitutions, and a few Lanczos steps on it find its largest eigenvalue 1 / sigma_min^2 (Lui 1997, EigTool). Here each
step runs on a whole block of points; row i of every array below is entry i of the vectors of all points.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsInt

import numpy as np
import scipy
from jaxtyping import Complex, Float, Inexact, Int
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo import legs

METHODS = ("lanczos", "svd")
EPS = float(np.finfo(float).eps)
BLOCK = 200_000  # complex numbers in one block of vectors: 3.2 MB, to stay in cache and yet be long for one call
STRAGGLERS = 0.004  # share of a block that is left to the dense SVD, cheaper than more steps for a handful
RESIDUAL = 3e-6  # relative residual at which a Ritz value counts as found; its own error is that squared over the gap


def sigma_min(A: ArrayLike, z: ArrayLike, method: str = "lanczos") -> Float[np.ndarray, "*grid"]:
    """sigma_min(z I - A) at every z, the reciprocal of the norm of the resolvent.

    "lanczos" has a relative error of about 1e-10 where the value is well above rounding, whose size is 2e-16 ||A|| for
    any method that is only given A (a triangular A is used as it is and does better). It leaves few points, small
    matrices and stragglers to "svd", all singular values of every z I - A: slow, obvious, the check on the other.
    For LegS, legs_sigma_min is faster and accurate far below rounding.

    Args: A (n, n), real or complex; z, complex numbers of any shape; method. Raises: ValueError.
    """
    A, z = checks.square(A, "A"), np.asarray(checks.array(z, "z"), dtype=complex)
    method = checks.choice(method, "method", METHODS)
    points = z.ravel()
    if method == "svd" or len(A) <= 4 or points.size <= 16:
        return _by_svd(A, points).reshape(z.shape)
    T = _schur_form(A)
    if np.linalg.norm(np.triu(T, 1)) <= 10 * EPS * np.linalg.norm(A):
        sigma = np.min([np.abs(points - eigenvalue) for eigenvalue in np.diag(T)], axis=0)  # normal: the distance
        return sigma.reshape(z.shape)
    sigma = _by_blocks(lambda block: _SchurResolvent(T, block), len(A), points)
    missing = np.isnan(sigma)
    sigma[missing] = _by_svd(A, points[missing])
    return sigma.reshape(z.shape)


def legs_sigma_min(n: SupportsInt, z: ArrayLike) -> Float[np.ndarray, "*grid"]:
    """sigma_min(z I - A_H) of HiPPO-LegS in O(n) per point, to full relative accuracy (derived here).

    A dense SVD cannot see values below 1e-16 ||A_H||; here they are right down to 1e-150 (and 0 beyond).

    Args: n, at least 1; z, complex numbers of any shape. Raises: ValueError.
    """
    n = checks.integer(n, "n", 1)
    z = np.asarray(checks.array(z, "z"), dtype=complex)
    points = z.ravel()

    def sweep(points: Complex[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
        return _by_blocks(lambda block: _LegsResolvent(n, block), n, points)

    sigma = sweep(points)
    missing = np.isnan(sigma)
    if missing.any():
        A, _ = legs(n)
        sigma[missing] = _by_svd(A, points[missing])
        tiny = missing & (sigma < 1e-6 * np.linalg.norm(A))  # out of the SVD's reach: once more, as a small block
        sigma[tiny] = np.nan_to_num(sweep(points[tiny]), nan=0.0)
    return sigma.reshape(z.shape)


# What Lanczos needs of M = z I - A at every point of a block is a class with
#     inverse        (n, points), one over the diagonal of M
#     weights        (n,), the inner product is sum_i weights_i conj(x_i) y_i
#     inverse_gram   (||M^{-*} v||^2, M^{-1} M^{-*} v), both times a scale for each point
#     take           the same for some of the points


class _SchurResolvent:
    """M = z I - T with T upper triangular: forward, then backward substitution, halved recursively into products."""

    def __init__(self, T: Complex[np.ndarray, "n n"], z: Complex[np.ndarray, " points"]) -> None:
        self.T, self.T_conj = np.asfortranarray(T), np.asfortranarray(T.conj())
        self.weights = np.ones(len(T))
        self.inverse = 1 / (z - np.diag(T)[:, None])

    def take(self, index: Int[np.ndarray, " kept"]) -> _SchurResolvent:
        part = object.__new__(_SchurResolvent)
        part.T, part.T_conj, part.weights = self.T, self.T_conj, self.weights
        part.inverse = self.inverse.take(index, axis=1)
        return part

    def inverse_gram(
        self, v: Complex[np.ndarray, "n points"], scale: Float[np.ndarray, " points"]
    ) -> tuple[Float[np.ndarray, " points"], Complex[np.ndarray, "n points"]]:
        y = v * scale
        self._forward(y, 0, len(y))
        square = _norm_squared(y, self.weights) / scale
        self._backward(y, 0, len(y))
        return square, y

    # BLAS wants columns; the transpose of rows [a, b) of a C-ordered array is a Fortran array of b - a columns,
    # so Y[b:c] += X^T Y[a:b] runs in place as Y[b:c]^T += Y[a:b]^T X.

    def _forward(self, y: Complex[np.ndarray, "n points"], low: int, high: int) -> None:
        """y[low:high] <- M^{-*} y[low:high] with M^* lower triangular, off-diagonal entries -conj(T_ji)."""
        if high - low == 1:
            y[low] *= self.inverse[low].conj()
            return
        middle = (low + high) // 2
        self._forward(y, low, middle)
        scipy.linalg.blas.zgemm(
            1.0, y[low:middle].T, self.T_conj[low:middle, middle:high], 1.0, y[middle:high].T, overwrite_c=1
        )
        self._forward(y, middle, high)

    def _backward(self, y: Complex[np.ndarray, "n points"], low: int, high: int) -> None:
        """y[low:high] <- M^{-1} y[low:high] with M upper triangular, off-diagonal entries -T_ij."""
        if high - low == 1:
            y[low] *= self.inverse[low]
            return
        middle = (low + high) // 2
        self._backward(y, middle, high)
        scipy.linalg.blas.zgemm(
            1.0, y[middle:high].T, self.T[low:middle, middle:high], 1.0, y[low:middle].T, trans_b=1, overwrite_c=1
        )
        self._backward(y, low, middle)


class _LegsResolvent:
    """M = z I - A_H: entries R_i R_j below the diagonal, z + i on it. In coordinates x_i / R_i a solve is one sweep,

    y_i = (x_i - S) / (z + i), S <- S + R_i^2 y_i (downwards for M, upwards with conj(z) for M^*).
    """

    def __init__(self, n: int, z: Complex[np.ndarray, " points"]) -> None:
        self.weights = 2.0 * np.arange(n) + 1  # R_i^2
        self.inverse = 1 / (z + np.arange(1, n + 1)[:, None])

    def take(self, index: Int[np.ndarray, " kept"]) -> _LegsResolvent:
        part = object.__new__(_LegsResolvent)
        part.weights, part.inverse = self.weights, self.inverse.take(index, axis=1)
        return part

    def inverse_gram(
        self, v: Complex[np.ndarray, "n points"], scale: Float[np.ndarray, " points"]
    ) -> tuple[Float[np.ndarray, " points"], Complex[np.ndarray, "n points"]]:
        y = v * scale
        self._sweep(y, range(len(v) - 1, -1, -1), adjoint=True)
        square = _norm_squared(y, self.weights) / scale
        self._sweep(y, range(len(v)), adjoint=False)
        return square, y

    def _sweep(self, x: Complex[np.ndarray, "n points"], order: range, adjoint: bool) -> None:
        S = np.zeros_like(x[0])
        for i in order:
            np.subtract(x[i], S, out=x[i])
            np.multiply(x[i], self.inverse[i].conj() if adjoint else self.inverse[i], out=x[i])
            S = scipy.linalg.blas.zaxpy(x[i], S, a=self.weights[i])  # in place


_Resolvent = _SchurResolvent | _LegsResolvent


def _by_blocks(
    make: Callable[[Complex[np.ndarray, " block"]], _Resolvent], n: int, z: Complex[np.ndarray, " points"]
) -> Float[np.ndarray, " points"]:
    """sigma_min at every z, NaN where Lanczos gave up."""
    size = max(BLOCK // n, 1)
    with np.errstate(all="ignore"):  # a point on or next to an eigenvalue overflows, which is looked for instead
        blocks = [_inverse_lanczos(make(z[start : start + size])) for start in range(0, z.size, size)]
    return np.concatenate([np.empty(0), *blocks])


def _inverse_lanczos(resolvent: _Resolvent) -> Float[np.ndarray, " points"]:
    """1 / sqrt of the largest eigenvalue of H = M^{-1} M^{-*} at every point, by Lanczos from one random start.

    The three-term recurrence needs no reorthogonalisation here: rounding only ever adds copies of a Ritz value that
    has converged, and the largest is what is asked for. Points leave the block as they converge.
    """
    n, points = resolvent.inverse.shape
    sigma = np.full(points, np.nan)
    sigma[~np.isfinite(resolvent.inverse).all(axis=0)] = 0.0  # z is an eigenvalue
    active = np.flatnonzero(np.isnan(sigma))
    if active.size == 0:
        return sigma
    resolvent = resolvent.take(active)
    start = np.random.default_rng(0).standard_normal((n, 2)).view(complex) / np.sqrt(resolvent.weights)[:, None]
    v = np.repeat(start / np.sqrt(_norm_squared(start, resolvent.weights)), active.size, axis=1)
    previous, scale = v, np.ones(active.size)
    alpha: list[np.ndarray] = []
    beta2: list[np.ndarray] = []
    theta = weight = np.zeros(active.size)
    for step in range(n):
        a, w = resolvent.inverse_gram(v, scale)
        if step == 0:  # from here on H is divided by its first Rayleigh quotient, against overflow
            scale = 1 / a
            w *= scale
            a = np.ones_like(a)
        w -= v * a
        if step > 0:
            w -= previous * np.sqrt(beta2[-1])
        alpha.append(a)
        theta, weight = _largest_ritz_value(alpha, beta2, theta, weight)
        beta2.append(_norm_squared(w, resolvent.weights))
        found = beta2[-1] * weight <= (RESIDUAL * theta) ** 2
        sigma[active[found]] = np.sqrt(scale[found] / theta[found])
        keep = np.flatnonzero(~found)
        if keep.size <= STRAGGLERS * points:
            break
        if keep.size < found.size:
            active, scale, theta, weight = active[keep], scale[keep], theta[keep], weight[keep]
            v, w = v.take(keep, axis=1), w.take(keep, axis=1)
            alpha, beta2 = [x[keep] for x in alpha], [x[keep] for x in beta2]
            resolvent = resolvent.take(keep)
        previous, v = v, w
        v *= 1 / np.sqrt(beta2[-1])
    return sigma


def _largest_ritz_value(
    alpha: list[np.ndarray],
    beta2: list[np.ndarray],
    theta: Float[np.ndarray, " points"],
    weight: Float[np.ndarray, " points"],
) -> tuple[Float[np.ndarray, " points"], Float[np.ndarray, " points"]]:
    """The largest eigenvalue of the tridiagonal (alpha, sqrt(beta2)) and the squared last entry of its unit vector.

    Given both for the leading k - 1 rows: d_1 = theta - alpha_1, d_j = theta - alpha_j - beta_{j-1}^2 / d_{j-1}; the
    eigenvalue is the root of d_k right of the old one, which is a pole of d_k. Newton on f = (theta - pole) d_k, which
    is convex there: a step that would go left of a point where f falls starts again from the bound
    max(pole, alpha_k) + beta_{k-1}. First guess: the 2 x 2 matrix that is exact if the old vector is all that matters.
    d_k' = 1 / weight comes by the same recurrence.
    """
    if not beta2:
        return alpha[0], np.ones_like(alpha[0])
    pole = theta
    bound = np.maximum(pole, alpha[-1]) + np.sqrt(beta2[-1])
    theta = (pole + alpha[-1]) / 2 + np.sqrt(((pole - alpha[-1]) / 2) ** 2 + beta2[-1] * weight)
    for _ in range(30):
        d, slope = theta - alpha[0], np.ones_like(theta)
        for a, b in zip(alpha[1:], beta2, strict=True):
            ratio = b / d
            slope = 1 + slope * ratio / d
            d = theta - a - ratio
        f_slope = d + (theta - pole) * slope
        next_theta = np.where(f_slope > 0, np.minimum(theta - (theta - pole) * d / f_slope, bound), bound)
        change, theta = theta - next_theta, next_theta
        if not (np.abs(change) > 1e-7 * theta).any():
            break
    return theta, 1 / slope


def _norm_squared(x: Complex[np.ndarray, "n points"], weights: Float[np.ndarray, " n"]) -> Float[np.ndarray, " points"]:
    square = weights @ np.square(x.view(float))
    return square[::2] + square[1::2]


def _schur_form(A: Inexact[np.ndarray, "n n"]) -> Complex[np.ndarray, "n n"]:
    """An upper triangular T = Q^* A Q; a triangular A needs no rounding to get there."""
    if not np.tril(A, -1).any():
        return A.astype(complex)
    if not np.triu(A, 1).any():
        return A[::-1, ::-1].astype(complex)
    return scipy.linalg.schur(A, output="complex")[0]


def _by_svd(A: Inexact[np.ndarray, "n n"], z: Complex[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
    """Dense singular values, a few thousand at a time."""
    eye, size = np.eye(len(A)), max(4_000_000 // A.size, 1)
    blocks = [z[start : start + size, None, None] * eye - A for start in range(0, z.size, size)]
    return np.concatenate([np.empty(0), *(np.linalg.svd(block, compute_uv=False)[:, -1] for block in blocks)])
