"""How loud can a linear system get? Norms of C (s I - A)^{-1} B without a grid that could miss the loudest place.

For x' = A x + B u, y = C x: the H-infinity norm sup_w ||G(i w)||_2 is the gain from L^2 to L^2, the H2 norm
sqrt(1/2pi int ||G(i w)||_F^2 dw) the L^2 norm of the impulse response. A spike of S4D has width 1 at a frequency
n^2/pi: a grid of frequencies steps over it, the methods below do not.
"""

from __future__ import annotations

import numpy as np
import scipy
from jaxtyping import Float, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks

TOLERANCE = 1e-10


def hinf_norm(A: ArrayLike, B: ArrayLike, C: ArrayLike) -> tuple[float, float]:
    """(norm, omega): sup_w ||C (i w I - A)^{-1} B||_2 of a stable system, and a frequency that attains it.

    Boyd, Balakrishnan 1990; Bruinsma, Steinbuch 1990: gamma is a singular value of G(i w) if and only if i w is an
    eigenvalue of a Hamiltonian matrix. Its imaginary eigenvalues cut the axis into pieces; where G exceeds gamma, the
    middle of a piece gives a larger gamma. Convergence is quadratic. For real systems omega >= 0.

    Args: A (n, n), all eigenvalues in Re < 0; B (n,) or (n, inputs); C (n,) or (outputs, n). Raises: ValueError.
    """
    A, B, C, poles = _stable_system(A, B, C)
    symmetric = not any(map(np.iscomplexobj, (A, B, C)))
    frequencies = np.unique(np.append(np.abs(poles.imag) if symmetric else poles.imag, 0.0))
    omega, gamma = _largest(A, B, C, frequencies)
    size, unit = np.abs(poles), float(np.linalg.norm(B) * np.linalg.norm(C) / np.abs(poles).max())
    if gamma <= 1e-8 * unit:  # all of these may be zeros of G, but no more than n - 1 points can, unless G = 0
        omega, gamma = _largest(A, B, C, np.append(np.geomspace(size.min() / 2, 2 * size.max(), len(A)), omega))
    if gamma <= 1e-30 * unit:
        return 0.0, 0.0
    for _ in range(30):
        level = (1 + 2 * TOLERANCE) * gamma
        H = np.block([[A, B @ B.conj().T / level], [-C.conj().T @ C / level, -A.conj().T]])
        roots = np.linalg.eigvals(H)
        crossings = np.sort(roots.imag[np.abs(roots.real) <= 1e-6 * np.abs(roots).max()])
        # Two crossings that nearly meet may leave the axis by rounding, and a middle may then be where G is known: at 0
        # of a real system. So each piece is asked at its quarters as well.
        inside = np.concatenate([crossings[:-1] + share * np.diff(crossings) for share in (0.25, 0.5, 0.75)])
        if inside.size == 0:
            break
        candidate, value = _largest(A, B, C, np.abs(inside) if symmetric else inside)
        if value <= level:
            break
        omega, gamma = candidate, value
    gamma, omega = _polished(A, B, C, omega, gamma, np.abs(poles.real).min())
    return gamma, abs(omega) if symmetric else omega


def h2_norm(A: ArrayLike, B: ArrayLike, C: ArrayLike) -> float:
    """||C e^{tA} B|| in L^2 over t > 0, of a stable system: sqrt(tr C P C^*) with A P + P A^* = -B B^*.

    Args: A (n, n), all eigenvalues in Re < 0; B (n,) or (n, inputs); C (n,) or (outputs, n). Raises: ValueError.
    """
    A, B, C, _ = _stable_system(A, B, C)
    gramian = scipy.linalg.solve_continuous_lyapunov(A, -B @ B.conj().T)
    return float(np.sqrt(max(np.trace(C @ gramian @ C.conj().T).real, 0.0)))


def _stable_system(
    A: ArrayLike, B: ArrayLike, C: ArrayLike
) -> tuple[
    Inexact[np.ndarray, "n n"], Inexact[np.ndarray, "n m"], Inexact[np.ndarray, "p n"], Inexact[np.ndarray, " n"]
]:
    """A, B and C as matrices, and the eigenvalues of A."""
    A = checks.square(A, "A")
    n = len(A)
    B, C = checks.array(B, "B"), checks.array(C, "C")
    B, C = B[:, None] if B.ndim == 1 else B, C[None, :] if C.ndim == 1 else C
    if B.ndim != 2 or B.shape[0] != n or B.shape[1] == 0:
        raise ValueError(f"B must be of shape ({n},) or ({n}, inputs), got {B.shape}")
    if C.ndim != 2 or C.shape[1] != n or C.shape[0] == 0:
        raise ValueError(f"C must be of shape ({n},) or (outputs, {n}), got {C.shape}")
    poles = np.linalg.eigvals(A)
    if poles.real.max() >= 0:
        raise ValueError(
            f"A must be stable (all eigenvalues in Re < 0), got an eigenvalue with Re = {poles.real.max():.3g}"
        )
    return A, B, C, poles


def _gain(
    A: Inexact[np.ndarray, "n n"], B: Inexact[np.ndarray, "n m"], C: Inexact[np.ndarray, "p n"], omega: np.ndarray
) -> Float[np.ndarray, " points"]:
    G = C @ np.linalg.solve(1j * omega[:, None, None] * np.eye(len(A)) - A, B.astype(complex))
    return np.linalg.norm(G, 2, axis=(1, 2))


def _largest(
    A: Inexact[np.ndarray, "n n"], B: Inexact[np.ndarray, "n m"], C: Inexact[np.ndarray, "p n"], omega: np.ndarray
) -> tuple[float, float]:
    gains = _gain(A, B, C, omega)
    return float(omega[gains.argmax()]), float(gains.max())


def _polished(
    A: Inexact[np.ndarray, "n n"],
    B: Inexact[np.ndarray, "n m"],
    C: Inexact[np.ndarray, "p n"],
    omega: float,
    gamma: float,
    damping: float,
) -> tuple[float, float]:
    """The top of the peak that the search has ended on, to the last digits of its frequency.

    Where rounding has ended the search early (a pole of multiplicity 12, say) the top may lie further off: climb on.
    """
    width = 1e-3 * max(abs(omega), damping)
    for _ in range(20):
        peak = scipy.optimize.minimize_scalar(
            lambda w: -_gain(A, B, C, np.array([w]))[0],
            bounds=(omega - width, omega + width),
            method="bounded",
            options={"xatol": 1e-10 * max(abs(omega), width)},
        )
        if -peak.fun <= gamma * (1 + 1e-14):
            break
        at_edge = abs(peak.x - omega) > 0.9 * width
        gamma, omega, width = float(-peak.fun), float(peak.x), 2 * width
        if not at_edge:
            break
    return gamma, omega
