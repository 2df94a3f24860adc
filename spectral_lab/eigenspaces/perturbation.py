"""How far eigenvalues and eigenspaces can move: the classical inequalities, each with both of its sides.

Eigenvalues always move by no more than the matrix (Weyl; Hoffman and Wielandt). Eigenspaces do so only when a gap
separates them from the rest of the spectrum (Davis and Kahan), and that is the whole difficulty of this chapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks

ROUNDING = 1e-12  # of eigenvalues, relative to the norm of the matrix
LARGEST = 1e300  # entries; their sums may overflow beyond it


@dataclass(frozen=True)
class Inequality:
    """Both sides of `left <= right`, and how far rounding may move them."""

    left: float
    right: float
    rounding: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether left <= right, with room for rounding."""
        return self.left <= self.right * (1 + ROUNDING) + self.rounding

    @property
    def tightness(self) -> float:
        """left / right: 1 where the bound is attained, 0 where it says nothing."""
        return self.left / self.right if self.right else 0.0


def weyl(L: ArrayLike, L2: ArrayLike) -> Inequality:
    """Weyl: max_i |λ_i - λ'_i| <= ||L - L'||_2, for symmetric matrices and ascending eigenvalues.

    Raises:
        ValueError: if L and L2 are not symmetric matrices of one shape.
    """
    L, L2, size = _symmetric_pair(L, L2)
    shift = np.linalg.eigvalsh(L) - np.linalg.eigvalsh(L2)
    left, right = float(np.abs(shift).max()), float(np.linalg.norm(L - L2, 2))
    return Inequality(size * left, size * right, size * len(L) * ROUNDING)


def hoffman_wielandt(L: ArrayLike, L2: ArrayLike) -> Inequality:
    """Hoffman and Wielandt: ||λ - λ'|| <= ||L - L'||_F, for symmetric matrices and ascending eigenvalues.

    Raises:
        ValueError: if L and L2 are not symmetric matrices of one shape.
    """
    L, L2, size = _symmetric_pair(L, L2)
    shift = np.linalg.eigvalsh(L) - np.linalg.eigvalsh(L2)
    left, right = float(np.linalg.norm(shift)), float(np.linalg.norm(L - L2))
    return Inequality(size * left, size * right, size * len(L) * ROUNDING)


def davis_kahan(L: ArrayLike, L2: ArrayLike, d: SupportsInt) -> Inequality:
    """Davis and Kahan as Yu, Wang and Samworth state it: ||sin Θ||_F <= 2 ||L - L'||_F / γ.

    Θ are the principal angles between the spans of the d lowest eigenvectors, and γ = λ_{d+1} - λ_d is the gap of
    L alone. The projectors then differ by ||P - P'||_F = sqrt(2) ||sin Θ||_F. With d = n both sides are 0; with no
    gap (none above rounding, 1e-14 n ||L||) the d lowest eigenvectors are not determined, and the right side is
    infinite.

    The best constant is sqrt(2) in the place of 2 (Vu, Cho, Lei and Rohe 2013, by their curvature lemma; derived here
    in another way). In their eigenbases u_i of L and w_j of L2, ||L - L'||_F^2 = Σ (λ_i - λ'_j)² (u_i · w_j)². Let c
    lie in [λ'_d, λ'_{d+1}]. The terms with i <= d < j weigh ||sin Θ||_F^2 and have factors of at least (c - λ_d)_+²;
    those with j <= d < i weigh as much and have factors of at least (λ_{d+1} - c)_+²; together at least γ²/2. Two
    levels that meet half-way and pass attain it.

    Raises:
        ValueError: if L and L2 are not symmetric matrices of one shape, or d is outside 1..n.
    """
    L, L2, _ = _symmetric_pair(L, L2)
    n = len(L)
    d = checks.integer(d, "d", 1, n)
    if d == n:
        return Inequality(0.0, 0.0)
    lam, V = np.linalg.eigh(L)
    W = np.linalg.eigh(L2)[1][:, :d]
    change, gap = float(np.linalg.norm(L - L2)), float(lam[d] - lam[d - 1])
    if gap <= 1e-14 * n * np.abs(lam).max():
        return Inequality(sin_theta(V[:, :d], W), float("inf") if change > 0 else 0.0, ROUNDING)
    return Inequality(sin_theta(V[:, :d], W), 2 * change / gap, min(1.0, ROUNDING * n / gap))


def sin_theta(V: ArrayLike, W: ArrayLike) -> float:
    """||sin Θ||_F between the spans of two sets of d orthonormal columns.

    Computed as the part of W outside span(V): the textbook form sqrt(d - ||V^T W||_F^2) loses half of the digits
    when the angles are small.

    Raises:
        ValueError: if V and W are not matrices [n, d] of one shape with orthonormal columns.
    """
    V, W = checks.array(V, "V", (None, None)), checks.array(W, "W", (None, None))
    if V.shape != W.shape:
        raise ValueError(f"V and W must have one shape, got {V.shape} and {W.shape}")
    for columns, name in ((V, "V"), (W, "W")):
        error = np.abs(columns.conj().T @ columns - np.eye(columns.shape[1])).max(initial=0.0)
        if error > 1e-8:
            raise ValueError(f"{name} must have orthonormal columns, but {name}^T {name} differs from I by {error:.2g}")
    return float(np.linalg.norm(W - V @ (V.conj().T @ W)))


def gap_at(lam: ArrayLike, d: SupportsInt) -> float:
    """γ(d) = λ_{d+1} - λ_d of ascending eigenvalues; infinite for d = n, where nothing is cut off.

    Raises:
        ValueError: if lam is not a vector in ascending order, or d is outside 1..n.
    """
    lam = ascending(lam)
    if len(lam) == 0:
        raise ValueError("lam must hold at least one eigenvalue")
    d = checks.integer(d, "d", 1, len(lam))
    return float(lam[d] - lam[d - 1]) if d < len(lam) else float("inf")


def ascending(lam: ArrayLike) -> Float[np.ndarray, " d"]:
    """Eigenvalues as a real vector in ascending order.

    Raises:
        ValueError: if lam is anything else.
    """
    lam = checks.real_array(lam, "lam", (None,))
    if np.abs(lam).max(initial=0.0) > LARGEST:
        raise ValueError(f"lam must hold eigenvalues of at most {LARGEST:g}, got {np.abs(lam).max():g}")
    if np.any(np.diff(lam) < 0):
        raise ValueError(f"lam must ascend, got {lam[np.argmin(np.diff(lam))]:g} before a smaller eigenvalue")
    return lam


def _symmetric_pair(L: ArrayLike, L2: ArrayLike) -> tuple[np.ndarray, np.ndarray, float]:
    """Both matrices divided by the size of their largest entry, and that size: squares neither over- nor underflow."""
    first, second = checks.square(L, "L"), checks.square(L2, "L2")
    checks.order(len(first), "the order of L")
    if first.shape != second.shape:
        raise ValueError(f"L and L2 must have one shape, got {first.shape} and {second.shape}")
    for matrix, name in ((first, "L"), (second, "L2")):
        if np.abs(matrix).max() > LARGEST:
            raise ValueError(f"{name} must have entries of at most {LARGEST:g}, got {np.abs(matrix).max():g}")
        if np.abs(matrix - matrix.T.conj()).max() > 1e-12 * np.abs(matrix).max():
            raise ValueError(f"{name} must be symmetric (or Hermitian)")
    size = float(max(np.abs(first).max(), np.abs(second).max())) or 1.0
    return first / size, second / size, size
