"""From a Hamiltonian to orbitals: the Roothaan-Hall equations, and how far an error in H moves a level.

    H C = S C diag(epsilon),    C^T S C = I

H is the Kohn-Sham or Fock matrix, S the overlap of the atomic orbitals. The columns of C are molecular orbitals; the
lowest half as many as there are electrons are occupied twice. All energies are in Hartree.
"""

from __future__ import annotations

from typing import NamedTuple, SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks

ASYMMETRY = 1e-8  # of a matrix that should be symmetric, relative to its largest entry
LARGEST = 1e50  # of an entry: products of three stay finite


class Orbitals(NamedTuple):
    """Orbital energies, ascending, and the orbitals as columns over the atomic orbitals; their signs mean nothing."""

    energies: Float[np.ndarray, " n"]
    coefficients: Float[np.ndarray, "n n"]


class EigenvalueBound(NamedTuple):
    """How far a level can move: the sharp bound, and a looser one that needs only norms."""

    sharp: float
    loose: float


def solve_roothaan(H: ArrayLike, S: ArrayLike) -> Orbitals:
    """Solve H C = S C diag(epsilon) by canonical orthogonalisation: X = U s^(-1/2) from S = U s U^T, then X^T H X.

    Args: H, S (n, n), symmetric, S positive definite. Raises: ValueError.
    """
    H, S = symmetric(H, "H"), symmetric(S, "S")
    same_order(H, S, "H", "S")
    X = orthogonaliser(S)
    energies, vectors = np.linalg.eigh(X.T @ H @ X)
    return Orbitals(energies, X @ vectors)


def density_matrix(coefficients: ArrayLike, electrons: SupportsInt) -> Float[np.ndarray, "n n"]:
    """P = 2 C_occ C_occ^T: two electrons in each of the first electrons / 2 orbitals.

    Args: coefficients (n, n); electrons, even, 2 to 2n. Raises: ValueError.
    """
    C = _bounded(checks.real_array(coefficients, "coefficients", (None, None)), "coefficients")
    occupied = C[:, : occupied_count(electrons, C.shape[1])]
    return 2 * occupied @ occupied.T


def eigenvalue_bound(delta: ArrayLike, S: ArrayLike) -> EigenvalueBound:
    """How far any level can move if H changes by delta (Weyl's inequality for H C = S C diag(epsilon)):

        max_i |epsilon_i(H + delta) - epsilon_i(H)| <= ||S^(-1/2) delta S^(-1/2)||_2 <= ||delta||_2 / lambda_min(S)

    Args: delta, S (n, n), symmetric, S positive definite. Raises: ValueError.
    """
    delta, S = symmetric(delta, "delta"), symmetric(S, "S")
    same_order(delta, S, "delta", "S")
    X = orthogonaliser(S)
    return EigenvalueBound(
        float(np.linalg.norm(X.T @ delta @ X, 2)), float(np.linalg.norm(delta, 2) / np.linalg.eigvalsh(S)[0])
    )


def wa_loss(H: ArrayLike, coefficients: ArrayLike, energies: ArrayLike, off_diagonal: float = 1.0) -> float:
    """The wavefunction alignment loss: a penalty on levels that needs no derivative of an eigensolver.

    With the reference's orbitals C fixed, M = C^T H C is diag(epsilon) for the right H. The loss is the mean of
    (M_ii - epsilon_i)^2 plus `off_diagonal` times the mean of M_ij^2, i not j. M_ii is the level to first order: what
    is left falls with the square of the error.

    Args: H (n, n), symmetric; coefficients (n, n) and energies (n,) of the reference. Raises: ValueError.
    """
    H = symmetric(H, "H")
    C = _bounded(checks.real_array(coefficients, "coefficients", H.shape), "coefficients")
    energies = _bounded(checks.real_array(energies, "energies", (len(H),)), "energies")
    weight = checks.number(off_diagonal, "off_diagonal", 0)
    M = C.T @ H @ C
    others = M[~np.eye(len(H), dtype=bool)]
    return float(((np.diag(M) - energies) ** 2).mean() + weight * (others**2).sum() / max(1, others.size))


def orthogonaliser(S: np.ndarray) -> np.ndarray:
    """X with X^T S X = I. Raises: ValueError if S is not positive definite to working precision."""
    values, U = np.linalg.eigh(S)
    if not (values[-1] > 1 / LARGEST and values[0] > len(S) * np.finfo(float).eps * values[-1]):
        raise ValueError(f"S must be positive definite, got eigenvalues from {values[0]:.1g} to {values[-1]:.1g}")
    return U / np.sqrt(values)


def symmetric(M: ArrayLike, name: str) -> np.ndarray:
    """A real symmetric matrix, made exactly so. Raises: ValueError."""
    M = checks.square(checks.real_array(M, name), name)
    _bounded(M, name)
    asymmetry = float(np.abs(M - M.T).max())
    if asymmetry > ASYMMETRY * np.abs(M).max():
        raise ValueError(f"{name} must be symmetric, but M - M^T has an entry of {asymmetry:.2g}")
    return M / 2 + M.T / 2


def same_order(M: np.ndarray, S: np.ndarray, first: str, second: str) -> None:
    """Refuse matrices of different orders by their names."""
    if M.shape != S.shape:
        raise ValueError(f"{first} and {second} must be of one shape, got {M.shape} and {S.shape}")


def occupied_count(electrons: SupportsInt, orbitals: int) -> int:
    """The number of occupied orbitals of a closed shell. Raises: ValueError."""
    count = checks.integer(electrons, "electrons", 2, 2 * orbitals)
    if count % 2:
        raise ValueError(f"electrons must be even: the shell is closed, got {count}")
    return count // 2


def _bounded(M: np.ndarray, name: str) -> np.ndarray:
    if np.abs(M).max(initial=0.0) > LARGEST:
        raise ValueError(f"{name} must have a largest entry of at most {LARGEST:g}, got {np.abs(M).max():g}")
    return M
