"""Darcy's law: -div(a grad u) = 1 on the unit square, u = 0 on its boundary, solved by preconditioned CG.

Divide out what is known: the constant-coefficient operator is diagonal in sines, so its inverse costs two fast
transforms. Preconditioned by it, the condition number is at most max a / min a, whatever the grid (derived here: both
quadratic forms are sums over faces, with weights a and 1). For contrast kappa the error in the energy norm is at most
2 rho^n of its start after n iterations, rho = (sqrt kappa - 1) / (sqrt kappa + 1): 1/3 for the published contrast of 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.latent.random_fields import square_fields

MODES = ("node", "cell")
METHODS = ("pcg", "direct")
LARGEST_ITERATIONS = 2000


@dataclass(frozen=True)
class DarcySolution:
    """u (..., K, K), and history (iterations + 1, ...): sqrt(r.z) relative to the start; empty for a direct solve."""

    u: Float[np.ndarray, "*batch K K"]
    history: Float[np.ndarray, "steps ..."]

    @property
    def iterations(self) -> int:
        """How many iterations the slowest field took."""
        return max(len(self.history) - 1, 0)


def darcy_coefficient(field: ArrayLike, low: Any = 3.0, high: Any = 12.0) -> Float[np.ndarray, "*shape"]:
    """high where the field is at least 0, low elsewhere. The published data have 3 and 12.

    Args: field, real, of any shape; low and high, 1e-6 to 1e6. Raises: ValueError.
    """
    field = checks.real_array(field, "field")
    low, high = checks.number(low, "low", 1e-6, 1e6), checks.number(high, "high", 1e-6, 1e6)
    return np.where(field >= 0, high, low)


def solve_darcy(a: ArrayLike, mode: str = "node", method: str = "pcg", tolerance: Any = 1e-8) -> DarcySolution:
    """u for a coefficient a on a grid, by the five-point scheme in flux form; a face has the mean of its two nodes.

    - mode "node": a and u live at the nodes i / (K-1), borders included, where u = 0.
    - mode "cell": a and u live at the centres (i + 1/2) / K; splines lead to the nodes and back, as for the published
      data. They overshoot at the jumps of a, even below 0. So u at the outer centres is not quite 0, and "pcg" may not
      apply.

    "pcg" stops when sqrt(r.z) has fallen by `tolerance`; r is the residual, z = P^{-1} r. "direct" is a sparse LU.

    Args: a (..., K, K), 1e-6 to 1e6, K from 3 to 1025 ("cell": 4); tolerance, 1e-14 to 0.5. Raises: ValueError.
    """
    mode, method = checks.choice(mode, "mode", MODES), checks.choice(method, "method", METHODS)
    tolerance = checks.number(tolerance, "tolerance", 1e-14, 0.5)
    a = _coefficient(a, 3 + (mode == "cell"))
    if mode == "cell":
        a = _spline(a, *cells_and_nodes(a.shape[-1]))
        if method == "pcg" and a.min() <= 0:
            raise ValueError(
                f"a must stay positive when splines carry it to the nodes, got {a.min():.3g} there: use method 'direct'"
            )
    K = a.shape[-1]
    inner, history = (_direct(a), []) if method == "direct" else pcg(a, poisson_inverse(K), tolerance)
    u = np.pad(inner, [(0, 0)] * (a.ndim - 2) + [(1, 1), (1, 1)])
    if mode == "cell":
        u = _spline(u, *cells_and_nodes(K)[::-1])
    return DarcySolution(u, np.array(history).reshape(-1, *a.shape[:-2]))


def faces(a: Any) -> tuple[Any, Any]:
    """Coefficients between neighbours of the inner nodes, (..., K-1, K-2) down and (..., K-2, K-1) across; arrays or
    tensors."""
    down, across = (a[..., 1:, :] + a[..., :-1, :]) / 2, (a[..., :, 1:] + a[..., :, :-1]) / 2
    return down[..., :, 1:-1], across[..., 1:-1, :]


def pcg(a: Any, precondition: Callable[[Any], Any], tolerance: float) -> tuple[Any, list[Any]]:
    """(u at the inner nodes, history) by conjugate gradients for every field of a batch at once; arrays or tensors.

    Args: a (..., K, K) > 0 at the nodes; precondition, from residuals to P^{-1} times them. Raises: ValueError if it
    takes more than 2000 iterations.
    """
    (down, across), scale = faces(a), float(a.shape[-1] - 1) ** 2
    centre = down[..., 1:, :] + down[..., :-1, :] + across[..., :, 1:] + across[..., :, :-1]

    def operator(u: Any) -> Any:
        flux = centre * u
        flux[..., 1:, :] -= down[..., 1:-1, :] * u[..., :-1, :]
        flux[..., :-1, :] -= down[..., 1:-1, :] * u[..., 1:, :]
        flux[..., :, 1:] -= across[..., :, 1:-1] * u[..., :, :-1]
        flux[..., :, :-1] -= across[..., :, 1:-1] * u[..., :, 1:]
        return scale * flux

    def dot(x: Any, y: Any) -> Any:
        return (x * y).sum(axis=(-2, -1), keepdims=True)

    def quotient(x: Any, y: Any) -> Any:
        return x / (y + (y == 0))  # a field solved exactly waits for the others

    u, r = 0 * centre, 0 * centre + 1
    z = p = precondition(r)
    rz = start = dot(r, z)
    history = [(rz / start) ** 0.5]
    while bool((history[-1] > tolerance).any()):
        if len(history) > LARGEST_ITERATIONS:
            raise ValueError(f"a must have a smaller contrast: {LARGEST_ITERATIONS} iterations were not enough")
        Ap = operator(p)
        step = quotient(rz, dot(p, Ap))
        u, r = u + step * p, r - step * Ap
        z = precondition(r)
        old, rz = rz, dot(r, z)
        p = z + quotient(rz, old) * p
        history.append((abs(rz) / start) ** 0.5)
    return u, [relative[..., 0, 0] for relative in history]


def poisson_eigenvalues(K: int) -> Float[np.ndarray, "n n"]:
    """4 (K-1)^2 [sin^2(pi k / 2(K-1)) + sin^2(pi l / 2(K-1))], k, l = 1..K-2: the five-point Laplacian in sines."""
    one = 4 * (K - 1) ** 2 * np.sin(np.pi * np.arange(1, K - 1) / (2 * (K - 1))) ** 2
    return np.add.outer(one, one)


def poisson_inverse(K: int) -> Callable[[Any], Any]:
    """The inverse of the five-point Laplacian at the (K-2)^2 inner nodes, by sine transforms of type I."""
    eigenvalues = poisson_eigenvalues(K)

    def inverse(r: Any) -> Any:
        sines = scipy.fft.dstn(r, type=1, axes=(-2, -1), norm="ortho")
        sines /= eigenvalues
        return scipy.fft.dstn(sines, type=1, axes=(-2, -1), norm="ortho", overwrite_x=True)

    return inverse


def pcg_rate(contrast: Any) -> float:
    """(sqrt kappa - 1) / (sqrt kappa + 1): the error of n iterations is at most 2 rate^n (Chebyshev; Saad 2003, 6.11).

    Args: contrast kappa = max a / min a, 1 to 1e12. Raises: ValueError.
    """
    root = checks.number(contrast, "contrast", 1, 1e12) ** 0.5
    return (root - 1) / (root + 1)


def mean_solution_bounds(a: ArrayLike) -> tuple[float, float]:
    """(lower, upper): between what the mean of u over the square must lie for the coefficient a, in the continuum.

    The mean of u is the work of the load 1. It is monotone in a, and 0.0351443 / a for a constant a: 1/a times
    (64 / pi^6) sum over odd k, l of 1 / (k^2 l^2 (k^2 + l^2)) (Dirichlet's principle).

    Args: a, 1e-6 to 1e6, of any shape. Raises: ValueError.
    """
    a = checks.real_array(a, "a")
    if a.size == 0 or not 1e-6 <= a.min() <= a.max() <= 1e6:
        raise ValueError("a must hold numbers between 1e-6 and 1e6")
    k2 = np.arange(1.0, 400, 2) ** 2
    unit = 64 / np.pi**6 * (1 / (np.multiply.outer(k2, k2) * np.add.outer(k2, k2))).sum()
    return float(unit / a.max()), float(unit / a.min())


def correlation(field: ArrayLike, lag: Any) -> float:
    """The mean of s(x) s(x + lag) over rows and columns, s the sign of (field - 0): how long a patch of one sign is.

    Args: field (..., K, K), real; lag, a whole number of cells, 0 to K - 1. Raises: ValueError.
    """
    field = square_fields(field, "field")
    lag = checks.integer(lag, "lag", 0, field.shape[-1] - 1)
    sign, K = np.where(field >= 0, 1.0, -1.0), field.shape[-1]
    rows = (sign[..., : K - lag, :] * sign[..., lag:, :]).mean()
    return float((rows + (sign[..., : K - lag] * sign[..., lag:]).mean()) / 2)


def cells_and_nodes(K: int) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
    """The centres (i + 1/2) / K and the nodes i / (K - 1) of a grid."""
    return (np.arange(K) + 0.5) / K, np.linspace(0, 1, K)


def _direct(a: np.ndarray) -> Float[np.ndarray, "*batch n n"]:
    n, scale = a.shape[-1] - 2, float(a.shape[-1] - 1) ** 2
    index = np.arange(n * n).reshape(n, n)
    inner = np.empty((*a.shape[:-2], n, n))
    for place in np.ndindex(a.shape[:-2]):
        down, across = faces(a[place])
        centre = down[1:] + down[:-1] + across[:, 1:] + across[:, :-1]
        rows = [index.ravel(), index[1:].ravel(), index[:-1].ravel(), index[:, 1:].ravel(), index[:, :-1].ravel()]
        columns = [index.ravel(), index[:-1].ravel(), index[1:].ravel(), index[:, :-1].ravel(), index[:, 1:].ravel()]
        south, east = -down[1:-1].ravel(), -across[:, 1:-1].ravel()
        entries = np.concatenate([centre.ravel(), south, south, east, east])
        A = scipy.sparse.csc_array((scale * entries, (np.concatenate(rows), np.concatenate(columns))))
        inner[place] = scipy.sparse.linalg.spsolve(A, np.ones(n * n)).reshape(n, n)
    return inner


def _spline(fields: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Fields carried from one grid to another by cubic splines ("not a knot") along both axes."""
    for axis in (-2, -1):
        fields = scipy.interpolate.make_interp_spline(old, fields, k=3, axis=axis)(new)
    return fields


def _coefficient(a: ArrayLike, smallest: int) -> Float[np.ndarray, "*batch K K"]:
    a = square_fields(a, "a")
    checks.integer(a.shape[-1], "the last side of a", smallest, 1025)
    if not 1e-6 <= a.min() <= a.max() <= 1e6:
        raise ValueError(f"a must hold numbers between 1e-6 and 1e6, got {a.min():.3g} to {a.max():.3g}")
    return a
