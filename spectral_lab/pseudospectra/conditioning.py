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
from spectral_lab.pseudospectra.balancing import triangular_order

EPS = float(np.finfo(float).eps)


def eigenvector_condition(A: ArrayLike) -> float:
    """kappa_V(A) = ||V||_2 ||V^{-1}||_2 for eigenvectors V with unit columns; 1 for an A that is normal up to rounding.

    Unit columns are within a factor sqrt(n) of the best scaling. A triangular A (LegS; in any order of its
    rows) gives each left and right eigenvector by a substitution of its own, and the result is right even where kappa
    is 10^40. Any other A is known to about 1e-16 kappa ||A|| only, so that values beyond 10^15 just say "huge";
    infinity says defective.

    Args: A (n, n), real or complex. Raises: ValueError.
    """
    A = triangular_order(checks.square(A, "A"))
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
    A = triangular_order(checks.square(A, "A"))
    if _is_normal(A):
        return np.ones(len(A))
    eigenvalues, V, W = _eigensystem(A)
    order = np.lexsort((eigenvalues.imag, -eigenvalues.real))
    with np.errstate(divide="ignore"):
        return np.maximum(1 / np.abs(np.einsum("ij,ij->j", W.conj(), V)), 1.0)[order]


def departure_from_normality(A: ArrayLike) -> float:
    """Henrici's sqrt(||A||_F^2 - sum_i |lambda_i|^2): 0 for a normal matrix only, where "normal" is up to rounding.

    Args: A (n, n), real or complex. Raises: ValueError.
    """
    A = triangular_order(checks.square(A, "A"))
    size = float(np.abs(A).max()) or 1.0
    return 0.0 if _is_normal(A) else size * float(np.linalg.norm(np.triu(_schur_form(A / size), 1)))


def _is_normal(A: Inexact[np.ndarray, "n n"]) -> bool:
    """Up to rounding. Repeated eigenvalues of a normal matrix have no eigenvectors of their own to compute with."""
    A, size = A / (np.abs(A).max() or 1.0), np.abs(A / (np.abs(A).max() or 1.0))  # keeps squares in range
    alike = 8 * EPS * np.maximum(size, size.T)
    if any((np.abs(A - sign * A.conj().T) <= alike).all() for sign in (1, -1)):  # symmetric, skew, or such
        return True
    T = _schur_form(A)
    if _is_triangular(
        A
    ):  # nothing is rounded on the way: an entry is compared with the two eigenvalues that it couples
        diagonal = np.abs(np.diag(A))
        return bool((np.abs(np.triu(T, 1)) <= 10 * EPS * np.maximum(diagonal[:, None], diagonal)).all())
    return bool(np.linalg.norm(np.triu(T, 1)) <= 5 * EPS * np.sqrt(len(A) + 3) * np.linalg.norm(A))


def _schur_form(A: Inexact[np.ndarray, "n n"]) -> Inexact[np.ndarray, "n n"]:
    return A if _is_triangular(A) else scipy.linalg.schur(A, output="complex")[0]


def _is_triangular(A: Inexact[np.ndarray, "n n"]) -> bool:
    return not np.tril(A, -1).any()


def _eigensystem(
    A: Inexact[np.ndarray, "n n"],
) -> tuple[Complex[np.ndarray, " n"], Complex[np.ndarray, "n n"], Complex[np.ndarray, "n n"]]:
    """Eigenvalues, right eigenvectors V and left eigenvectors W, columns of norm 1."""
    eigenvalues, W, V = scipy.linalg.eig(A, left=True, right=True)
    return eigenvalues, V.astype(complex), W.astype(complex)
