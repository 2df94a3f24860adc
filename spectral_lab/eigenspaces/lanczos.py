"""A few of the lowest eigenpairs of one large sparse graph, without a dense matrix.

Krylov methods start from one vector, and from one vector they see one direction of every eigenspace; only rounding
brings in the others. Two measures make the multiplicities right. Connected components are treated one by one, each
with its eigenvalue 0 and the eigenvector D^{1/2} 1 known exactly. And what was found is projected out and the method
asked once more: if it still finds an eigenvalue below the largest one, that one was missed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
from jaxtyping import Float, Int

from spectral_lab.eigenspaces.laplacian import inverse_sqrt_degrees

DENSE = 300  # up to here a dense matrix is faster
FEW = 4  # and where more than a quarter of a component's eigenpairs are wanted
SHIFT = 1e-3  # of the inverse (L + shift I)^{-1}, which separates small eigenvalues better than L itself
RESTARTS = 60
SAME = 1e-9  # relative to the spectrum of the operator: what is closer than this is not a missed eigenvalue

Pairs = tuple[Float[np.ndarray, " d"], Float[np.ndarray, "n d"]]


def lowest_eigenpairs(
    n: int, edges: Int[np.ndarray, "m 2"], weights: Float[np.ndarray, " m"], d: int, isolated: float
) -> Pairs:
    """The d lowest eigenpairs of the normalised Laplacian of one graph (edges once each, d at most n).

    Lanczos's method on 2I - L, and where that does not converge (eigenvalues as close as on a long path) on
    (L + 1e-3 I)^{-1}; a dense matrix if that fails too. The start vectors are fixed, so the same graph gives the
    same bits.
    """
    i, j = edges.T
    A = scipy.sparse.csr_array((np.r_[weights, weights], (np.r_[i, j], np.r_[j, i])), shape=(n, n))
    degrees = A.sum(axis=1)
    scale = scipy.sparse.diags_array(inverse_sqrt_degrees(degrees))
    L = scipy.sparse.csr_array(scipy.sparse.diags_array(np.where(degrees > 0, 1.0, isolated)) - scale @ A @ scale)
    component = scipy.sparse.csgraph.connected_components(A, directed=False)[1]
    order = np.argsort(component, kind="stable")
    values, owners, vectors = [], [], []
    for nodes in np.split(order, np.flatnonzero(np.diff(component[order])) + 1):
        lam, V = _component(L[nodes][:, nodes], degrees[nodes], min(d, len(nodes)))
        values.append(lam)
        owners.append(nodes)
        vectors.append(V)
    part = np.repeat(np.arange(len(values)), [len(lam) for lam in values])
    column = np.concatenate([np.arange(len(lam)) for lam in values])
    lowest = np.argsort(np.concatenate(values), kind="stable")[:d]
    eigenvectors = np.zeros((n, d))
    for k, at in enumerate(lowest):
        eigenvectors[owners[part[at]], k] = vectors[part[at]][:, column[at]]
    return np.concatenate(values)[lowest], eigenvectors


def _component(L: Any, degrees: Float[np.ndarray, " n"], d: int) -> Pairs:
    """The d lowest eigenpairs of a connected graph: the first is 0 with D^{1/2} 1, and all others are orthogonal."""
    n = L.shape[0]
    if n == 1:
        return L.toarray()[0], np.ones((1, 1))
    first = np.sqrt(degrees / degrees.max())[:, None]
    first /= np.linalg.norm(first)
    if d == 1:
        return np.zeros(1), first
    if n > DENSE and FEW * d <= n:  # one more must fit beside those found, to see whether it was missed
        for operator in (_reflected, _inverse):
            try:
                lam, V = _orthogonal_to(first, operator(L), L, d - 1)
                return np.r_[0.0, lam], np.hstack([first, V])
            except (scipy.sparse.linalg.ArpackError, RuntimeError):  # not converged, or a factor that is singular
                continue
    lam, V = np.linalg.eigh(L.toarray())
    return np.r_[0.0, np.clip(lam[1:d], 0.0, 2.0)], V[:, :d]


def _reflected(L: Any) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: 2 * x - L @ x


def _inverse(L: Any) -> Callable[[np.ndarray], np.ndarray]:
    shifted = scipy.sparse.csc_array(L + SHIFT * scipy.sparse.eye_array(L.shape[0]))
    return scipy.sparse.linalg.splu(shifted).solve


def _orthogonal_to(
    found: Float[np.ndarray, "n k"], operator: Callable[[np.ndarray], np.ndarray], L: Any, d: int
) -> Pairs:
    """The d eigenpairs of L where the operator, a decreasing function of L, is largest on the complement of `found`."""
    V = _largest(operator, found, d)
    while True:
        values = np.array([v @ operator(v) for v in V.T])
        missed = _largest(operator, np.hstack([found, V]), 1)[:, 0]
        if missed @ operator(missed) <= values.min() + SAME * values.max():
            break
        V[:, np.argmin(values)] = missed
    lam, Q = np.linalg.eigh(V.T @ (L @ V))  # Rayleigh and Ritz: the eigenvalues of L itself, in order
    return np.clip(lam, 0.0, 2.0), V @ Q


def _largest(
    operator: Callable[[np.ndarray], np.ndarray], found: Float[np.ndarray, "n k"], d: int
) -> Float[np.ndarray, "n d"]:
    """Orthonormal eigenvectors of the d largest eigenvalues of the operator on the complement of `found`."""
    n = len(found)

    def project(x: np.ndarray) -> np.ndarray:
        return x - found @ (found.T @ x)

    projected = scipy.sparse.linalg.LinearOperator((n, n), lambda x: project(operator(project(x.ravel()))), dtype=float)
    start = project(np.random.default_rng(0).standard_normal(n))
    ncv = min(n, max(2 * d + 1, 40))
    _, V = scipy.sparse.linalg.eigsh(projected, d, which="LA", v0=start, ncv=ncv, maxiter=RESTARTS, rng=0)
    return np.linalg.qr(project(V))[0]
