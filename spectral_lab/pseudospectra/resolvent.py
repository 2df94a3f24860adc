"""The smallest singular value of z I - A over many z at once: the height map behind every pseudospectrum.

sigma_eps(A) = {z : sigma_min(z I - A) < eps} = the eigenvalues of all A + E with ||E|| < eps (Trefethen & Embree 2005).
One Schur form A = Q T Q^* serves every z, as z I - T stays triangular: (z I - T)^{-1} (z I - T)^{-*} costs two
substitutions, and a few Lanczos steps on it find its largest eigenvalue 1 / sigma_min^2 (Lui 1997, EigTool). Here each
step runs on a whole block of points; row i of every array below is entry i of the vectors of all points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import SupportsInt

import numpy as np
import scipy
from jaxtyping import Bool, Complex, Float, Inexact, Int
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.balancing import triangular_order

METHODS = ("lanczos", "svd")
EPS = float(np.finfo(float).eps)
BLOCK = 200_000  # complex numbers in one block of vectors: 3.2 MB, to stay in cache and yet be long for one call
LEAF = 4  # rows at which halving the triangle ends
STRAGGLERS = 0.008  # share of a block that is left to the dense SVD, cheaper than more steps for a handful
RESIDUAL = 1e-5  # residual at which a Ritz value counts as found, relative to how far it stands out of the others
ERROR = 1e-10  # the error of a Ritz value is its residual squared over the gap, and at most its residual


def sigma_min(A: ArrayLike, z: ArrayLike, method: str = "lanczos") -> Float[np.ndarray, "*grid"]:
    """sigma_min(z I - A) at every z, the reciprocal of the norm of the resolvent.

    "lanczos" has a relative error of about 1e-10 where the value is well above 2e-16 ||A||, the size of rounding. If A
    is triangular, or is so with its rows and columns in another order, values far below are right as well. Few points
    and small matrices are left to a dense route: singular values, and those of (z I - A)^{-1} where they are small.
    "svd" is all singular values of every z I - A: slow, obvious, the check on the other. For LegS, legs_sigma_min is
    faster.

    Args: A (n, n), real or complex; z, complex numbers of any shape; method. Raises: ValueError.
    """
    matrix, z = checks.square(A, "A"), np.asarray(checks.array(z, "z"), dtype=complex)
    method = checks.choice(method, "method", METHODS)
    size = max(np.abs(matrix).max(), np.abs(z).max(initial=0.0))
    unit = 2.0 ** np.floor(np.log2(size)) if size > 0 else 1.0  # keeps squares in range, and costs no rounding
    matrix, points = matrix / unit, z.ravel() / unit
    if method == "svd":
        sigma = _by_svd(matrix, points)
    else:
        matrix = triangular_order(matrix)
        few = matrix.shape[0] <= 4 or points.size <= 16
        sigma = _dense(matrix, points) if few else _by_lanczos(matrix, points)
    return (unit * sigma).reshape(z.shape)


def legs_sigma_min(n: SupportsInt, z: ArrayLike) -> Float[np.ndarray, "*grid"]:
    """sigma_min(z I - A_H) of HiPPO-LegS in O(n) per point, to a relative 1e-9 (derived here).

    A dense SVD cannot see values below 1e-16 ||A_H||; here they are right down to 1e-300 (and 0 beyond).

    Args: n, from 1 to 10 000; z, complex numbers of any shape. Raises: ValueError.
    """
    n = checks.order(n, "n")
    z = np.asarray(checks.array(z, "z"), dtype=complex)
    points, position = _upper_half(z.ravel())

    sigma, found = _by_blocks(lambda block: _LegsResolvent(n, block), n, points)
    left = ~found
    if n <= 500:  # beyond, the SVD costs more than the 1e-6 or so that Lanczos leaves where singular values nearly meet
        sigma[left] = _by_svd(legs(n)[0], points[left])
        left &= sigma < 1e-6 * n**2  # out of its reach
    sigma[left], _ = _by_blocks(lambda block: _LegsResolvent(n, block), n, points[left])
    return sigma[position].reshape(z.shape)


def _by_lanczos(A: Inexact[np.ndarray, "n n"], z: Complex[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
    """One Schur form for all points; the distance to the spectrum where A is normal; dense where Lanczos gives up."""
    T = _schur_form(A)
    if np.linalg.norm(np.triu(T, 1)) <= 10 * EPS * np.linalg.norm(A):
        return np.min([np.abs(z - eigenvalue) for eigenvalue in np.diag(T)], axis=0)
    points, position = (z, slice(None)) if np.iscomplexobj(A) else _upper_half(z)
    sigma, found = _by_blocks(lambda block: _SchurResolvent(T, block), len(A), points)
    sigma[~found] = _dense(A, points[~found])
    return sigma[position]


# What Lanczos needs of M = z I - A at every point of a block is a class with
#     inverse        (n, points), one over the diagonal of M
#     weights        (n,), the inner product is sum_i weights_i conj(x_i) y_i
#     solve          x <- M^{-1} x, or M^{-*} x for adjoint=True, in place
# Vectors of a block take megabytes, and memory fresh from the system costs more than the arithmetic: all work in place.


class _SchurResolvent:
    """M = z I - T with T upper triangular: forward, then backward substitution, halved recursively into products."""

    def __init__(self, T: Complex[np.ndarray, "n n"], z: Complex[np.ndarray, " points"]) -> None:
        self.T, self.T_conj = np.asfortranarray(T), np.asfortranarray(T.conj())
        self.weights = np.ones(len(T))
        self.inverse = 1 / (z - np.diag(T)[:, None])

    def solve(self, x: Complex[np.ndarray, "n points"], adjoint: bool = False) -> None:
        (self._forward if adjoint else self._backward)(x, 0, len(x))

    # BLAS wants columns; the transpose of rows [a, b) of a C-ordered array is a Fortran array of b - a columns,
    # so Y[b:c] += X^T Y[a:b] runs in place as Y[b:c]^T += Y[a:b]^T X. A few rows are quicker one by one.

    def _forward(self, y: Complex[np.ndarray, "n points"], low: int, high: int) -> None:
        """y[low:high] <- M^{-*} y[low:high] with M^* lower triangular, off-diagonal entries -conj(T_ji)."""
        if high - low <= LEAF:
            for i in range(low, high):
                y[i] *= self.inverse[i].conj()
                for j in range(i + 1, high):
                    scipy.linalg.blas.zaxpy(y[i], y[j], a=self.T_conj[i, j])
            return
        middle = (low + high) // 2
        self._forward(y, low, middle)
        scipy.linalg.blas.zgemm(
            1.0, y[low:middle].T, self.T_conj[low:middle, middle:high], 1.0, y[middle:high].T, overwrite_c=1
        )
        self._forward(y, middle, high)

    def _backward(self, y: Complex[np.ndarray, "n points"], low: int, high: int) -> None:
        """y[low:high] <- M^{-1} y[low:high] with M upper triangular, off-diagonal entries -T_ij."""
        if high - low <= LEAF:
            for i in range(high - 1, low - 1, -1):
                y[i] *= self.inverse[i]
                for j in range(low, i):
                    scipy.linalg.blas.zaxpy(y[i], y[j], a=self.T[j, i])
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

    def solve(self, x: Complex[np.ndarray, "n points"], adjoint: bool = False) -> None:
        order = range(len(x) - 1, -1, -1) if adjoint else range(len(x))
        S = np.zeros_like(x[0])
        for i in order:
            np.subtract(x[i], S, out=x[i])
            np.multiply(x[i], self.inverse[i].conj() if adjoint else self.inverse[i], out=x[i])
            S = scipy.linalg.blas.zaxpy(x[i], S, a=self.weights[i])  # in place


_Resolvent = _SchurResolvent | _LegsResolvent


def _by_blocks(
    make: Callable[[Complex[np.ndarray, " block"]], _Resolvent],
    n: int,
    z: Complex[np.ndarray, " points"],
) -> tuple[Float[np.ndarray, " points"], Bool[np.ndarray, " points"]]:
    """sigma_min at every z, and whether Lanczos has found it or gave up near it."""
    size = max(BLOCK // n, 1)
    with np.errstate(all="ignore"):  # a point on or next to an eigenvalue overflows, which is looked for instead
        blocks = [_inverse_lanczos(make(z[start : start + size])) for start in range(0, z.size, size)]
    sigma, found = zip(*blocks, strict=True) if blocks else ((), ())
    return np.concatenate([np.empty(0), *sigma]), np.concatenate([np.empty(0, dtype=bool), *found])


def _upper_half(
    z: Complex[np.ndarray, " points"],
) -> tuple[Complex[np.ndarray, " kept"], slice | Int[np.ndarray, " points"]]:
    """Points enough for all z if A is real, where sigma_min is the same at z and conj(z), and each z's place in them.

    np.linspace(-1, 1, k) is not symmetric to the last bit: twins whose Im z agrees to 16 units in the last place are
    one, which moves sigma_min by no more than rounding does.
    """
    if (z.imag >= 0).all() or (z.imag <= 0).all():
        return z, slice(None)
    y = np.abs(z.imag)
    rounded = (((y.view(np.int64) + 8) >> 4) << 4).view(float)
    _, first, position = np.unique(z.real + 1j * rounded, return_index=True, return_inverse=True)
    return (z.real + 1j * y)[first], position


def _inverse_lanczos(resolvent: _Resolvent) -> tuple[Float[np.ndarray, " points"], Bool[np.ndarray, " points"]]:
    """1 / sqrt of the largest eigenvalue of H = M^{-1} M^{-*} at every point, by Lanczos from one random start.

    The three-term recurrence needs no reorthogonalisation here: rounding only ever adds copies of a Ritz value that
    has converged, and the largest is what is asked for. Points leave the block once found; the last few are given up.
    M is divided by `unit`, about its smallest singular value, before anything is squared.
    """
    n, points = resolvent.inverse.shape
    sigma = np.zeros(points)  # right where z is an eigenvalue
    active = np.flatnonzero(np.isfinite(resolvent.inverse).all(axis=0))
    found = np.ones(points, dtype=bool)
    if active.size == 0:
        return sigma, found
    resolvent.inverse = _kept(resolvent.inverse, active)
    previous, v, w = np.zeros((3, n, active.size), dtype=complex)
    start = np.random.default_rng(0).standard_normal((n, 2)).view(complex) / np.sqrt(resolvent.weights)[:, None]
    v[:] = start / np.sqrt(_norm_squared(start, resolvent.weights))
    unit = np.ones(active.size)
    alpha: list[np.ndarray] = []
    beta2: list[np.ndarray] = []
    theta = weight = np.zeros(active.size)
    for step in range(min(n, 200)):  # n would do without rounding
        _times(v, unit, out=w)
        resolvent.solve(w, adjoint=True)
        if step == 0:
            largest = np.abs(w.view(float)).max(axis=0)
            unit = 1 / np.maximum(largest[::2], largest[1::2])
            _times(w, unit, out=w)
        a = _norm_squared(w, resolvent.weights)
        _times(w, unit, out=w)
        resolvent.solve(w)
        square = _orthogonalize(w, v, a, previous, np.sqrt(beta2[-1]) if beta2 else np.zeros_like(a), resolvent.weights)
        alpha.append(a)
        theta, weight = _largest_ritz_value(alpha, beta2, theta, weight)
        beta2.append(square)
        # The first Rayleigh quotient stands for the others: far from the spectrum of A all lie close together.
        residual = np.maximum(RESIDUAL * (theta - alpha[0]), ERROR * theta)
        lost = ~np.isfinite(theta)  # sigma is below the range of floating-point numbers
        sigma[active] = np.where(lost, 0.0, unit / np.sqrt(theta))
        found[active] = lost | (square * weight <= residual**2)
        keep = np.flatnonzero(~found[active])
        if keep.size <= STRAGGLERS * points:
            break
        previous, v, w = v, w, previous
        if keep.size < active.size:
            active, unit, theta, weight = active[keep], unit[keep], theta[keep], weight[keep]
            alpha, beta2 = [x[keep] for x in alpha], [x[keep] for x in beta2]
            previous, v, resolvent.inverse = _kept(previous, keep), _kept(v, keep), _kept(resolvent.inverse, keep)
            w = w.reshape(-1)[: n * keep.size].reshape(n, -1)
        _times(v, 1 / np.sqrt(beta2[-1]), out=v)
    return sigma, found


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
    pole, a, b = theta, alpha, beta2
    bound = np.maximum(pole, a[-1]) + np.sqrt(b[-1])
    theta = (pole + a[-1]) / 2 + np.sqrt(((pole - a[-1]) / 2) ** 2 + b[-1] * weight)
    roots, slopes, todo = theta, np.ones_like(theta), np.arange(theta.size)
    for _ in range(30):
        d, slope = theta - a[0], np.ones_like(theta)
        for a_j, b_j in zip(a[1:], b, strict=True):
            inverse = 1 / d
            ratio = b_j * inverse
            slope = 1 + slope * (ratio * inverse)
            d = (theta - a_j) - ratio
        f_slope = d + (theta - pole) * slope
        step = np.where(f_slope > 0, np.maximum((theta - pole) * d / f_slope, theta - bound), theta - bound)
        theta = theta - step
        roots[todo], slopes[todo] = theta, slope
        left = np.flatnonzero(np.abs(step) > np.maximum(1e-4 * (theta - pole), 4 * EPS * theta))
        if left.size == 0:
            break
        if left.size < todo.size / 2:  # a few points may need many steps
            todo, theta, pole, bound = todo[left], theta[left], pole[left], bound[left]
            a, b = [x[left] for x in a], [x[left] for x in b]
    return roots, 1 / slopes


def _orthogonalize(
    w: Complex[np.ndarray, "n points"],
    v: Complex[np.ndarray, "n points"],
    a: Float[np.ndarray, " points"],
    previous: Complex[np.ndarray, "n points"],
    b: Float[np.ndarray, " points"],
    weights: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " points"]:
    """w <- w - a v - b previous; returns its squared norm."""
    a, b = np.repeat(a, 2), np.repeat(b, 2)  # real and imaginary parts side by side: real arithmetic will do
    w, v, previous, square = w.view(float), v.view(float), previous.view(float), np.zeros_like(a)
    for rows, term in _rows(w):
        part = w[rows]
        part -= np.multiply(v[rows], a, out=term)
        part -= np.multiply(previous[rows], b, out=term)
        square += weights[rows] @ np.multiply(part, part, out=term)
    return square[::2] + square[1::2]


def _norm_squared(x: Complex[np.ndarray, "n points"], weights: Float[np.ndarray, " n"]) -> Float[np.ndarray, " points"]:
    parts, square = x.view(float), np.zeros(2 * x.shape[1])
    for rows, term in _rows(parts):
        square += weights[rows] @ np.square(parts[rows], out=term)
    return square[::2] + square[1::2]


def _times(
    x: Complex[np.ndarray, "n points"], factor: Float[np.ndarray, " points"], out: Complex[np.ndarray, "n points"]
) -> None:
    np.multiply(x.view(float), np.repeat(factor, 2), out=out.view(float))


def _kept(x: Complex[np.ndarray, "n points"], index: Int[np.ndarray, " kept"]) -> Complex[np.ndarray, "n kept"]:
    """x[:, index] in the memory of x, whose former contents are lost."""
    kept = x.reshape(-1)[: len(x) * index.size].reshape(len(x), -1)
    for row, old in zip(kept, x, strict=True):
        old.take(index, out=row, mode="clip")  # a row never reaches into what is still to be read
    return kept


def _rows(x: Float[np.ndarray, "n parts"]) -> Iterator[tuple[slice, Float[np.ndarray, "rows parts"]]]:
    """Groups of rows, few enough to stay in cache and many enough to save calls, with room for one intermediate."""
    size = max(4, 40_000 // max(x.shape[1], 1))
    room = np.empty((min(size, len(x)), x.shape[1]))
    for start in range(0, len(x), size):
        yield slice(start, start + size), room[: len(x) - start]


def _schur_form(A: Inexact[np.ndarray, "n n"]) -> Complex[np.ndarray, "n n"]:
    """An upper triangular T = Q^* A Q; an A that is triangular already needs no rounding to get there."""
    if not np.tril(A, -1).any():
        return A.astype(complex)
    return scipy.linalg.schur(A, output="complex")[0]


def _dense(A: Inexact[np.ndarray, "n n"], z: Complex[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
    """Singular values; where they are small and their digits few, 1 / ||(z I - A)^{-1}||, for which elimination is
    exact to a few units in the last place of each entry if A is triangular, and nearly so if A is graded."""
    sigma = _by_svd(A, z)
    small = sigma < 1e-6 * (np.linalg.norm(A, 2) + np.abs(z))
    R = resolvent(A, z[small])
    infinite = ~np.isfinite(R).all(axis=(1, 2))
    R[infinite] = 0
    with np.errstate(divide="ignore"):
        sigma[small] = np.where(infinite, 0.0, 1 / np.linalg.norm(R, 2, axis=(1, 2)))
    return sigma


def resolvent(
    A: Inexact[np.ndarray, "n n"], z: Complex[np.ndarray, "*grid"] | complex
) -> Complex[np.ndarray, "*grid n n"]:
    """(z I - A)^{-1}, infinite where z is an eigenvalue."""
    M = np.asarray(z)[..., None, None] * np.eye(len(A)) - A
    try:
        with np.errstate(all="ignore"):
            return np.linalg.inv(M)
    except np.linalg.LinAlgError:  # one of them is singular
        if M.ndim > 2:
            return np.stack([resolvent(A, one) for one in np.asarray(z)])
        return np.full(A.shape, np.inf, dtype=complex)


def _by_svd(A: Inexact[np.ndarray, "n n"], z: Complex[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
    """Dense singular values, a few thousand at a time."""
    eye, size = np.eye(len(A)), max(4_000_000 // A.size, 1)
    blocks = [z[start : start + size, None, None] * eye - A for start in range(0, z.size, size)]
    return np.concatenate([np.empty(0), *(np.linalg.svd(block, compute_uv=False)[:, -1] for block in blocks)])
