"""The self-consistent field: orbitals give a density, the density gives a Hamiltonian, until they agree.

Restricted Hartree-Fock, a closed shell. With the density matrix P,

    F[P] = h + J[P] - K[P] / 2,    J_ab = sum_cd (ab|cd) P_cd,    K_ab = sum_cd (ac|bd) P_cd
    E[P] = tr P (h + F[P]) / 2

A solution has F P S = S P F. A network that predicts F lets the iteration start near its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hamiltonians.roothaan import (
    LARGEST,
    density_matrix,
    occupied_count,
    orthogonaliser,
    same_order,
    solve_roothaan,
    symmetric,
)

LARGEST_BASIS = 60  # orbitals: their repulsion integrals take 0.1 GB
MOST_ITERATIONS = 1000
HISTORY = 8  # Fock matrices that DIIS combines


@dataclass(frozen=True)
class SCF:
    """A converged field, or the last iterate: electronic energy, orbitals, density, and how it came there.

    history    the energy of each iteration's density, in Hartree
    residuals  the largest entry of F P S - S P F of each iteration, in orthogonal orbitals
    """

    energy: float
    orbital_energies: Float[np.ndarray, " n"]
    coefficients: Float[np.ndarray, "n n"]
    density: Float[np.ndarray, "n n"]
    fock: Float[np.ndarray, "n n"]
    history: Float[np.ndarray, " iterations"]
    residuals: Float[np.ndarray, " iterations"]
    converged: bool


def fock_matrix(core: np.ndarray, eri: np.ndarray, density: np.ndarray) -> np.ndarray:
    """F[P] = h + J[P] - K[P] / 2."""
    n = len(core)
    coulomb = eri.reshape(n * n, n * n) @ density.ravel()
    exchange = eri.swapaxes(1, 2).reshape(n * n, n * n) @ density.ravel()
    return core + (coulomb - exchange / 2).reshape(n, n)


def rhf(
    core: ArrayLike,
    S: ArrayLike,
    eri: ArrayLike,
    electrons: SupportsInt,
    guess: ArrayLike,
    *,
    diis: bool = True,
    damping: SupportsFloat = 0.0,
    tolerance: SupportsFloat = 1e-10,
    iterations: SupportsInt = 200,
) -> SCF:
    """Iterate from a guessed Fock matrix until F P S = S P F.

    Args: core, S, guess (n, n), symmetric; eri (n, n, n, n) with eri[a, b, c, d] = (ab|cd); electrons, even; diis,
    whether Fock matrices are combined so as to make the residual least (Pulay 1980), without which the plain iteration
    is slow and may cycle; damping, the share of the former Fock matrix that is kept, 0 to 0.99; tolerance, of the
    residual, relative to the largest entry of F (at 1e-10 densities are found to 1e-7
    unless the gap is tiny, energies far better); iterations, at most.
    Raises: ValueError. A field that does not converge is told by `converged`.
    """
    core = symmetric(core, "core")
    n = len(core)
    if n > LARGEST_BASIS:
        raise ValueError(f"core must be of order {LARGEST_BASIS} at most, got shape {core.shape}")
    S, F = symmetric(S, "S"), symmetric(guess, "guess")
    same_order(core, S, "core", "S")
    same_order(core, F, "core", "guess")
    eri = _repulsion(eri, n)
    occupied_count(electrons, n)
    diis, damping = checks.flag(diis, "diis"), checks.number(damping, "damping", 0, 0.99)
    tolerance = checks.number(tolerance, "tolerance", 1e-13, 1)
    X = orthogonaliser(S)
    history: list[float] = []
    residuals: list[float] = []
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    converged = False
    for _ in range(checks.integer(iterations, "iterations", 1, MOST_ITERATIONS)):
        energies, C = solve_roothaan(F, S)
        P = density_matrix(C, electrons)
        new = fock_matrix(core, eri, P)
        error = X.T @ (new @ P @ S - S @ P @ new) @ X
        history.append(float((P * (core + new)).sum() / 2))
        residuals.append(float(np.abs(error).max()))
        if converged := residuals[-1] <= tolerance * float(np.abs(X.T @ new @ X).max()):
            F = new
            energies, C = solve_roothaan(F, S)
            break
        if diis:
            kept = [*kept, (new, error)][-HISTORY:]
            new = _combined(kept)
        F = damping * F + (1 - damping) * new
    return SCF(history[-1], energies, C, P, F, np.array(history), np.array(residuals), converged)


def energy_of(F: ArrayLike, core: ArrayLike, S: ArrayLike, eri: ArrayLike, electrons: SupportsInt) -> float:
    """E[P] of the density that a Hamiltonian F gives: above the field's own energy by the square of the error in F.

    Args: as of `rhf`. Raises: ValueError.
    """
    F = symmetric(F, "F")
    return float(rhf(core, S, eri, electrons, F, iterations=1).energy)


def _combined(kept: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The combination of Fock matrices, with weights of sum 1, whose combined residual is least."""
    errors = np.array([error.ravel() for _, error in kept])
    gram = errors @ errors.T
    system = np.ones((len(kept) + 1,) * 2)
    system[:-1, :-1], system[-1, -1] = gram / (gram.diagonal().max() or 1.0), 0.0
    weights = np.linalg.lstsq(system, np.eye(len(kept) + 1)[-1], rcond=None)[0][:-1]
    return np.tensordot(weights, np.array([fock for fock, _ in kept]), 1)


def _repulsion(eri: ArrayLike, n: int) -> np.ndarray:
    eri = checks.real_array(eri, "eri", (n, n, n, n))
    scale = np.abs(eri).max()
    if scale > LARGEST:
        raise ValueError(f"eri must have a largest entry of at most {LARGEST:g}, got {scale:g}")
    asymmetry = max(np.abs(eri - eri.transpose(order)).max() for order in ((1, 0, 2, 3), (2, 3, 0, 1)))
    if asymmetry > 1e-8 * scale:
        raise ValueError(f"eri must have the symmetries (ab|cd) = (ba|cd) = (cd|ab), but they fail by {asymmetry:.2g}")
    return eri
