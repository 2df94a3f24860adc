"""Diagonal plus low rank: HiPPO matrices in coordinates where a step costs O(n).

None of the HiPPO matrices is normal, and LegS cannot be diagonalised in floating point (its eigenvectors have entries
of up to 2^{4n/3}: S4, lemma 3.2). But adding a matrix of rank one or two makes each of them normal, and a normal
matrix has a unitary eigenbasis (S4, arXiv 2111.00396, theorem 1):

    A + P P^T = d I + S,   S skew,   hence   A = V (Lambda - P P^*) V^*   with P, B rotated by V^*.

A is real, so the spectrum comes in conjugate pairs and half of it is enough: the arrays keep the n/2 eigenvalues with
negative imaginary part, most negative first. A state x is then 2 Re(V z), and outputs are 2 Re(C z).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Complex, Float, Inexact

from spectral_lab import checks
from spectral_lab.hippo.bases import system
from spectral_lab.hippo.matrices import window_length

FAMILIES = ("legs", "legt", "fout")


@dataclass(frozen=True)
class DPLR:
    """x' = (Lambda - P P^*) x + B u on a half spectrum; leading axes of Lambda and B are independent systems.

    Lambda (..., half), B (..., half), P (rank, ..., half); V (n, half) holds the eigenvectors where the system came
    from real coordinates. With m = half eigenvalues the full system has n = 2 m states.
    """

    Lambda: Complex[np.ndarray, "*systems half"]
    P: Complex[np.ndarray, "rank *systems half"]
    B: Complex[np.ndarray, "*systems half"]
    V: Complex[np.ndarray, "n half"] | None = None

    def __post_init__(self) -> None:
        """Raises: ValueError if the parts do not fit together."""
        for name in ("Lambda", "P", "B"):
            if not isinstance(getattr(self, name), np.ndarray):
                raise ValueError(f"{name} must be a numpy array, got {type(getattr(self, name)).__name__}")
            checks.array(getattr(self, name), name)
        shape, half = self.Lambda.shape, self.Lambda.shape[-1:]
        if half in ((), (0,)) or self.B.shape != shape or self.P.shape[1:] != shape or len(self.P) == 0:
            raise ValueError(
                f"Lambda and B must have one shape (..., half), and P (rank, ..., half), got {shape}, {self.B.shape}, "
                f"{self.P.shape}"
            )
        if self.V is not None and np.shape(self.V) != (2 * half[0], half[0]):
            raise ValueError(f"V must have shape {(2 * half[0], half[0])}, got {np.shape(self.V)}")

    def rotate(self, C: Inexact[np.ndarray, "*channels n"]) -> Inexact[np.ndarray, "*channels half"]:
        """A read-out in the eigenbasis: C x = 2 Re((C V) z)."""
        if self.V is None:
            raise ValueError("V is needed to rotate a read-out from real coordinates; this system has none")
        return C @ self.V

    def full(self) -> tuple[Complex[np.ndarray, "*systems n n"], Complex[np.ndarray, "*systems n"]]:
        """The complex matrices (A, B) over the whole spectrum, the conjugates after the half: for small checks."""
        Lambda, B, P = (np.concatenate([x, x.conj()], axis=-1) for x in (self.Lambda, self.B, self.P))
        diagonal = Lambda[..., None] * np.eye(Lambda.shape[-1])
        return diagonal - np.einsum("r...i,r...j->...ij", P, P.conj()), B

    def real(self) -> tuple[Float[np.ndarray, "*systems n n"], Float[np.ndarray, "*systems n"]]:
        """The same system on the real state (Re z, Im z), n = 2 half: real arithmetic, a quarter of the work.

        z' = Lambda z - P 2 Re(P^* z) + B u, and P^* z = sum conj(P_k) z_k has real part (Re P)(Re z) + (Im P)(Im z).
        """
        half = self.Lambda.shape[-1]
        P = np.concatenate([self.P.real, self.P.imag], axis=-1)
        A = -2 * np.einsum("r...i,r...j->...ij", P, P)
        k = np.arange(half)
        A[..., k, k] += self.Lambda.real
        A[..., k + half, k + half] += self.Lambda.real
        A[..., k, k + half] -= self.Lambda.imag
        A[..., k + half, k] += self.Lambda.imag
        return A, np.concatenate([self.B.real, self.B.imag], axis=-1)


def low_rank(family: str, n: SupportsInt, window: SupportsFloat = 1.0) -> Float[np.ndarray, "rank n"]:
    """The rows P with A + sum_r P_r^T P_r normal, in the original real coordinates.

    - legs, rank 1: P_k = sqrt(k + 1/2), leaving -1/2 I + skew;
    - fout, rank 1: P = sqrt(2/w) (1, 0, sqrt 2, 0, ...), leaving the rotations;
    - legt, rank 2: P_k = sqrt((2k + 1)/w) on odd k in one row, on even k in the other, leaving a skew matrix.

    Args: family, "legs", "legt" or "fout"; n states; window w > 0 (legt, fout). Raises: ValueError.
    """
    family = checks.choice(family, "family", FAMILIES)
    _, B = system(family, n, window)
    w = window_length(window)
    if family == "legs":
        return (B / np.sqrt(2))[None]
    if family == "fout":
        return (B * np.sqrt(w / 2))[None]
    order = np.arange(len(B))
    return B * np.sqrt(w) * np.stack([order % 2 == 1, order % 2 == 0])


def dplr(family: str, n: SupportsInt, window: SupportsFloat = 1.0) -> DPLR:
    """The diagonal-plus-low-rank form of a family: A = V (Lambda - P P^*) V^*, on the half spectrum.

    Real parts of Lambda: -1/2 (legs), 0 (legt, fout); the largest frequency of legs tends to n^2/pi. Eigenvectors have
    arbitrary phases, so only |B|, |P| and B conj(P) are determined; of the two signs that rounding chooses from, the
    one with Re(e^{-i} B) > 0 is taken. FouT has the eigenvalue 0 twice, once for the mean
    and once for the dead state; the kept vector is (e_0 + i e_1)/sqrt 2, whose conjugate is the other one.

    Args: family, "legs", "legt" or "fout"; n states, even; window > 0 (legt, fout).
    Raises: ValueError. Source: S4 (arXiv 2111.00396), theorem 1 and appendix C; arXiv 2206.12037 for FouT.
    """
    n = checks.order(n, "n", 2)
    if n % 2:
        raise ValueError(f"n must be even, so that the spectrum has two conjugate halves, got {n}")
    P = low_rank(family, n, window)
    A, B = system(family, n, window)
    normal = A + P.T @ P
    d = -0.5 if family == "legs" else 0.0
    skew = normal - d * np.eye(n)
    frequency, V = np.linalg.eigh(-1j * skew)  # the skew part has eigenvalues i frequency, in ascending order
    half = n // 2
    frequency, V = frequency[:half], V[:, :half]
    if family == "fout":
        frequency[-1] = 0.0
        V[:, -1] = 0.0
        V[:2, -1] = np.array([1, 1j]) / np.sqrt(2)
    V = V * np.where((np.exp(-1j) * (B @ V.conj())).real < 0, -1, 1)
    return DPLR(Lambda=d + 1j * frequency, P=P @ V.conj(), B=B @ V.conj(), V=V)
