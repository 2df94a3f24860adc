"""Where a diagonal model starts: which LegS system was diagonalised, with which eigenvectors, at which steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsInt

import numpy as np
from jaxtyping import Complex
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.legs import legs_normal_eigenpairs
from spectral_lab.pseudospectra.ptd import diagonalize


@dataclass(frozen=True)
class Modes:
    """A diagonalised system: A = V diag(eigenvalues) V^{-1} with unit columns in V, and B = V^{-1} B_0."""

    eigenvalues: Complex[np.ndarray, " n"]
    V: Complex[np.ndarray, "n n"]
    B: Complex[np.ndarray, " n"]


def s4d_modes(n: SupportsInt, *, half: bool = True) -> Modes:
    """The modes of S4D-LegS, (A_N, B_H / 2); `half=False` leaves B_H whole, as the paper's experiments did.

    The half belongs to the theory (Lemma 1); without it the transfer function is twice as large everywhere.

    Raises: ValueError.
    """
    n = checks.integer(n, "n", 1)
    eigenvalues, V = legs_normal_eigenpairs(n)
    B = V.conj().T @ legs(n)[1]
    return Modes(eigenvalues, V, B / 2 if half else B)


def ptd_modes(E: ArrayLike) -> Modes:
    """The modes of the perturbed system, (A_H + E, B_H), by falling |Im|; V is not unitary, so V^{-1} is a solve.

    Args: E, the perturbation, (n, n), real or complex. Raises: ValueError.
    """
    E = checks.square(E, "E")
    A, B = legs(len(E))
    system = diagonalize(A, E)
    return Modes(system.eigenvalues, system.V, np.linalg.solve(system.V, B + 0j))
