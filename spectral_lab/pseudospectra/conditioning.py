"""How ill-conditioned are the eigenvectors, and each eigenvalue? Two numbers that a spectrum does not show.

With right eigenvectors v_i (A v_i = lambda_i v_i) and left ones w_i (w_i^* A = lambda_i w_i^*), a perturbation E moves
lambda_i by at most kappa(lambda_i) ||E|| to first order, and kappa(V) bounds how far it can move at all (Bauer-Fike):
every eigenvalue of A + E lies within kappa(V) ||E|| of one of A (Trefethen & Embree 2005, chapters 2 and 52).
"""

from __future__ import annotations

import numpy as np
import scipy
from jaxtyping import Complex, Float, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks


def eigenvector_condition(A: ArrayLike) -> float:
    """kappa_V(A) = ||V||_2 ||V^{-1}||_2 for the eigenvectors V scaled to unit columns; 1 for a normal A.

    Unit columns are within a factor sqrt(n) of the best scaling. A triangular A (LegS) gives each left and right
    eigenvector by a substitution of its own, and the result is right even where kappa is 10^40. Any other A is known
    to about 1e-16 kappa ||A|| only, so that values beyond 10^15 just say "huge"; infinity says defective.

    Args: A (n, n), real or complex. Raises: ValueError.
    """
    A = checks.square(A, "A")
    if _is_normal(A):
        return 1.0
    _, V, W = _eigensystem(A)
    if not _is_triangular(A) or len(np.unique(np.diag(A))) < len(A):  # W is dual to V for distinct eigenvalues only
        return float(np.linalg.cond(V))
    with np.errstate(all="ignore"):
        inverse = W.conj().T / np.einsum("ij,ij->j", W.conj(), V)[:, None]
    if not np.isfinite(inverse).all():
        return np.inf
    # Rows of very different size: factor the largest out, so that squares inside the norm stay in range.
    size = np.abs(inverse).max()
    return float(np.linalg.norm(V, 2) * np.linalg.norm(inverse / size, 2) * size)


def eigenvalue_conditions(A: ArrayLike) -> Float[np.ndarray, " n"]:
    """kappa(lambda_i) = ||w_i|| ||v_i|| / |w_i^* v_i|, at least 1 each, for eigenvalues of falling real part.

    For LegS that is the order -1, -2, ..., -n; equal real parts stand by rising imaginary part. With unit columns
    sum_i kappa(lambda_i)^2 = ||V^{-1}||_F^2. A defective eigenvalue gets a huge number (rounding hides infinity).

    Args: A (n, n), real or complex. Raises: ValueError.
    """
    A = checks.square(A, "A")
    if _is_normal(A):
        return np.ones(len(A))
    eigenvalues, V, W = _eigensystem(A)
    order = np.lexsort((eigenvalues.imag, -eigenvalues.real))
    with np.errstate(divide="ignore"):
        return np.maximum(1 / np.abs(np.einsum("ij,ij->j", W.conj(), V)), 1.0)[order]


def departure_from_normality(A: ArrayLike) -> float:
    """Henrici's sqrt(||A||_F^2 - sum_i |lambda_i|^2): 0 for a normal matrix only.

    Args: A (n, n), real or complex. Raises: ValueError.
    """
    A = checks.square(A, "A")
    size = float(np.abs(A).max()) or 1.0
    gap = np.linalg.norm(A / size) ** 2 - (np.abs(np.linalg.eigvals(A / size)) ** 2).sum()
    return size * float(np.sqrt(max(gap, 0.0)))


def _is_normal(A: Inexact[np.ndarray, "n n"]) -> bool:
    """Up to rounding. Repeated eigenvalues of a normal matrix have no eigenvectors of their own to compute with."""
    A = A / (np.abs(A).max() or 1.0)  # keeps squares in range
    T = A - np.diag(np.diag(A)) if _is_triangular(A) else np.triu(scipy.linalg.schur(A, output="complex")[0], 1)
    return bool(np.linalg.norm(T) <= 10 * np.finfo(float).eps * np.linalg.norm(A))


def _is_triangular(A: Inexact[np.ndarray, "n n"]) -> bool:
    return not (np.tril(A, -1).any() and np.triu(A, 1).any())


def _eigensystem(
    A: Inexact[np.ndarray, "n n"],
) -> tuple[Complex[np.ndarray, " n"], Complex[np.ndarray, "n n"], Complex[np.ndarray, "n n"]]:
    """Eigenvalues, right eigenvectors V and left eigenvectors W, columns of norm 1."""
    eigenvalues, W, V = scipy.linalg.eig(A, left=True, right=True)
    return eigenvalues, V.astype(complex), W.astype(complex)
