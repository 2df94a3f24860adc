"""How loud can a linear system get? Norms of C (s I - A)^{-1} B + D without a grid that could miss the loudest place.

For x' = A x + B u, y = C x + D u: the H-infinity norm sup_w ||G(i w)||_2 is the gain from L^2 to L^2; for D = 0 the H2
norm sqrt(1/2pi int ||G(i w)||_F^2 dw) is the L^2 norm of the impulse response. A spike of S4D has width 1 at a
frequency n^2/pi: a grid of frequencies steps over it, the methods below do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from jaxtyping import Float, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.pseudospectra.balancing import eigenvalues

TOLERANCE = 1e-10


def hinf_norm(A: ArrayLike, B: ArrayLike, C: ArrayLike, D: ArrayLike = 0.0) -> tuple[float, float]:
    """(norm, omega): sup_w ||C (i w I - A)^{-1} B + D||_2 of a stable system, and a frequency that attains it.

    Boyd, Balakrishnan 1990; Bruinsma, Steinbuch 1990: gamma > ||D|| is a singular value of G(i w) if and only if i w
    is an eigenvalue of a Hamiltonian matrix. Its imaginary eigenvalues cut the axis into pieces; where G exceeds gamma,
    the middle of a piece gives a larger gamma. Convergence is quadratic. For real systems omega >= 0; omega is infinite
    if no frequency exceeds G(i inf) = D.

    Args: A (n, n), all eigenvalues in Re < 0; B (n,) or (n, inputs); C (n,) or (outputs, n); D (outputs, inputs), or a
    number if there is one input and one output, or 0. Raises: ValueError.
    """
    system, poles, time, gain = _stable_system(A, B, C, D)
    symmetric = not any(map(np.iscomplexobj, (system.A, system.B, system.C, system.D)))
    frequencies = np.unique(np.append(np.abs(poles.imag) if symmetric else poles.imag, 0.0))
    omega, gamma = _largest(system, frequencies)
    size, unit = np.abs(poles), float(np.linalg.norm(system.B) * np.linalg.norm(system.C) / np.abs(poles).max())
    if gamma <= 1e-8 * unit:  # all of these may be zeros of G, but no more than n - 1 points can, unless G = 0
        omega, gamma = _largest(system, np.append(np.geomspace(size.min() / 2, 2 * size.max(), len(size)), omega))
    at_infinity = float(np.linalg.norm(system.D, 2))
    if at_infinity >= gamma:
        omega, gamma = np.inf, at_infinity
    if gamma <= 1e-30 * unit:
        return 0.0, 0.0
    for _ in range(30):
        level = (1 + 2 * TOLERANCE) * gamma
        roots = np.linalg.eigvals(_hamiltonian(system, level))
        crossings = np.sort(roots.imag[np.abs(roots.real) <= 1e-6 * np.abs(roots).max()])
        # Two crossings that nearly meet may leave the axis by rounding, and a middle may then be where G is known: at 0
        # of a real system. So each piece is asked at its quarters as well.
        inside = np.concatenate([crossings[:-1] + share * np.diff(crossings) for share in (0.25, 0.5, 0.75)])
        if inside.size == 0:
            break
        candidate, value = _largest(system, np.abs(inside) if symmetric else inside)
        if value <= level:
            break
        omega, gamma = candidate, value
    if np.isfinite(omega):
        gamma, omega = _polished(system, omega, gamma, np.abs(poles.real).min())
    return gamma * gain, float(abs(omega) if symmetric else omega) / time


def h2_norm(A: ArrayLike, B: ArrayLike, C: ArrayLike) -> float:
    """||C e^{tA} B|| in L^2 over t > 0, of a stable system: sqrt(tr C P C^*) with A P + P A^* = -B B^*.

    Args: A (n, n), all eigenvalues in Re < 0; B (n,) or (n, inputs); C (n,) or (outputs, n). Raises: ValueError.
    """
    system, _, time, gain = _stable_system(A, B, C)
    # scipy solves a real A in real arithmetic, whatever B is
    A, B, C = system.A.astype(np.result_type(system.A, system.B)), system.B, system.C
    gramian = scipy.linalg.solve_continuous_lyapunov(A, -B @ B.conj().T)
    return gain * float(np.sqrt(max(np.trace(C @ gramian @ C.conj().T).real, 0.0)) / np.sqrt(time))


@dataclass(frozen=True)
class _System:
    A: Inexact[np.ndarray, "n n"]
    B: Inexact[np.ndarray, "n inputs"]
    C: Inexact[np.ndarray, "outputs n"]
    D: Inexact[np.ndarray, "outputs inputs"]


def _stable_system(
    A: ArrayLike, B: ArrayLike, C: ArrayLike, D: ArrayLike = 0.0
) -> tuple[_System, Inexact[np.ndarray, " n"], float, float]:
    """The system in units of time and gain in which no product leaves the range of numbers; its poles; both units."""
    A = checks.square(A, "A")
    n = len(A)
    B, C, D = checks.array(B, "B"), checks.array(C, "C"), checks.array(D, "D")
    B, C = B[:, None] if B.ndim == 1 else B, C[None, :] if C.ndim == 1 else C
    if B.ndim != 2 or B.shape[0] != n or B.shape[1] == 0:
        raise ValueError(f"B must be of shape ({n},) or ({n}, inputs), got {B.shape}")
    if C.ndim != 2 or C.shape[1] != n or C.shape[0] == 0:
        raise ValueError(f"C must be of shape ({n},) or (outputs, {n}), got {C.shape}")
    shape = (C.shape[0], B.shape[1])
    if D.size == 1 and (shape == (1, 1) or not D.any()):
        D = np.broadcast_to(D.reshape(1, 1), shape)
    if D.shape != shape:
        raise ValueError(f"D must be of shape {shape}, outputs by inputs, got {D.shape}")
    poles, rounding = eigenvalues(A)
    if poles.real.max() >= -1e-2 * rounding:
        raise ValueError(
            f"A must be stable (all eigenvalues in Re < 0), got an eigenvalue with Re = {poles.real.max():.3g}"
        )
    rate, b, c = (float(np.abs(X).max()) or 1.0 for X in (A, B, C))
    gain = b / rate * c
    if not 1e-300 < gain < 1e300 or np.abs(D).max() > 1e300 * min(gain, 1):
        sizes = {"A": rate, "B": b, "C": c, "D": float(np.abs(D).max()) or 1.0}
        name = max(sizes, key=lambda name: abs(np.log(sizes[name])))
        raise ValueError(f"{name} must leave ||B|| ||C|| / ||A|| and D in the range of numbers, got {gain:.3g}")
    return _System(A / rate, B / b, C / c, D / gain), poles / rate, 1 / rate, gain


def _hamiltonian(system: _System, level: float) -> Inexact[np.ndarray, "m m"]:
    """i w is an eigenvalue if and only if `level`, greater than ||D||, is a singular value of G(i w)."""
    A, B, C, D = system.A, system.B, system.C, system.D / level
    R, S = np.eye(D.shape[1]) - D.conj().T @ D, np.eye(D.shape[0]) - D @ D.conj().T
    feedback = A + B @ np.linalg.solve(R, D.conj().T @ C) / level
    return np.block(
        [
            [feedback, B @ np.linalg.solve(R, B.conj().T) / level],
            [-C.conj().T @ np.linalg.solve(S, C) / level, -feedback.conj().T],
        ]
    )


def _gain(system: _System, omega: Float[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
    """||G(i w)||_2, a few thousand matrices' worth of memory at a time."""
    size, eye, B = max(4_000_000 // system.A.size, 1), np.eye(len(system.A)), system.B.astype(complex)
    blocks = [omega[start : start + size, None, None] for start in range(0, omega.size, size)]
    return np.concatenate(
        [
            np.linalg.norm(system.C @ np.linalg.solve(1j * w * eye - system.A, B) + system.D, 2, axis=(1, 2))
            for w in blocks
        ]
    )


def _largest(system: _System, omega: Float[np.ndarray, " points"]) -> tuple[float, float]:
    gains = _gain(system, omega)
    return float(omega[gains.argmax()]), float(gains.max())


def _polished(system: _System, omega: float, gamma: float, damping: float) -> tuple[float, float]:
    """The top of the peak that the search has ended on, to the last digits of its frequency.

    Where rounding has ended the search early (a pole of multiplicity 12, say) the top may lie further off: climb on.
    """
    width = 1e-3 * max(abs(omega), damping)
    for _ in range(20):
        peak = scipy.optimize.minimize_scalar(
            lambda w: -_gain(system, np.array([w]))[0],
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
