"""Growth before decay: what ||e^{tA}|| can do, and the abscissas that say so.

    alpha(A)       spectral abscissa, the largest real part of an eigenvalue: ||e^{tA}|| for t -> infinity
    omega(A)       numerical abscissa, the largest eigenvalue of (A + A^*) / 2: its slope at t = 0
    alpha_eps(A)   pseudospectral abscissa, the largest real part of a point of sigma_eps(A): everything between
    K(A)           Kreiss constant, sup_eps alpha_eps / eps: K <= sup_t ||e^{tA}|| <= e n K

Trefethen & Embree 2005, chapters 14 to 19. LegS has omega = -1/2, so it never grows, whatever its eigenvectors do.
"""

from __future__ import annotations

from typing import Any, SupportsInt

import numpy as np
import scipy
from jaxtyping import Float, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo import expm
from spectral_lab.pseudospectra.resolvent import sigma_min


def spectral_abscissa(A: ArrayLike) -> float:
    """alpha(A) = max Re lambda_i. Args: A (n, n), real or complex. Raises: ValueError."""
    return float(np.linalg.eigvals(checks.square(A, "A")).real.max())


def numerical_abscissa(A: ArrayLike) -> float:
    """omega(A) = lambda_max((A + A^*) / 2) = d/dt ||e^{tA}|| at t = 0; ||e^{tA}|| <= e^{t omega}.

    Args: A (n, n), real or complex. Raises: ValueError.
    """
    A = checks.square(A, "A")
    return float(np.linalg.eigvalsh((A + A.conj().T) / 2)[-1])


def pseudospectral_abscissa(A: ArrayLike, epsilon: Any) -> float:
    """alpha_eps(A) = max Re z with sigma_min(z I - A) <= eps, by criss-cross search (Burke, Lewis, Overton 2003).

    A vertical search finds where the line Re z = x enters and leaves the pseudospectrum, horizontal searches from the
    middle of each piece find how far right it reaches; both read the answer off an eigenvalue problem of size 2n.
    Convergence is quadratic. An epsilon below rounding, 1e-16 ||A||, is not resolved.

    Args: A (n, n), real or complex; epsilon > 0. Raises: ValueError.
    """
    A, epsilon = checks.square(A, "A"), checks.number(epsilon, "epsilon", above=0)
    eigenvalues = np.linalg.eigvals(A)
    rightmost = eigenvalues[eigenvalues.real.argmax()]
    x = max(rightmost.real, _rightmost_on_line(A, epsilon, rightmost.imag))
    for _ in range(50):
        heights = _crossings(A, epsilon, x)
        reached = max((_rightmost_on_line(A, epsilon, y) for y in heights), default=x)
        if reached <= x + 1e-13 * max(abs(x), epsilon):
            break
        x = reached
    return float(x)


def kreiss_constant(A: ArrayLike) -> float:
    """K(A) = sup over Re z > 0 of Re z ||(z I - A)^{-1}||; at least 1, infinite if the matrix has growing solutions.

    A coarse grid finds a start, a climb along the gradient its summit; then each of a ladder of lines Re z = x is
    asked, by the eigenvalue problem of the criss-cross search, whether it rises above. As the largest resolvent norm
    on a line falls with x, no peak between two lines is higher than theirs by more than the ratio of their x.

    Args: A (n, n), real or complex. Raises: ValueError.
    """
    A = checks.square(A, "A")
    eigenvalues, size = np.linalg.eigvals(A), float(np.linalg.norm(A, 2))
    abscissa = eigenvalues.real.max()
    if abscissa > 1e-12 * size:
        return np.inf
    if size == 0 or numerical_abscissa(A) <= 1e-14 * size:
        return 1.0  # a contraction: ||(z I - A)^{-1}|| <= 1 / Re z, and equality is the limit z -> infinity
    marginal = abscissa > -1e-12 * size
    low = 1e-6 * size if marginal else min(1e-6 * size, 1e-2 * abs(abscissa))
    x = np.geomspace(low, 10 * size, 40)
    y = np.unique(np.concatenate([eigenvalues.imag, np.linspace(-size, size, 41)]))
    heights = x[:, None] / sigma_min(A, x[:, None] + 1j * y)
    lines = heights.max(axis=1)
    if marginal and lines[0] > 1.1 * lines[1]:
        return np.inf  # an eigenvalue on the axis with too few eigenvectors: the resolvent outgrows 1 / Re z
    i, j = np.unravel_index(heights.argmax(), heights.shape)
    best = max(1.0, _summit(A, complex(x[i], y[j])))
    for _ in range(20):
        candidates = [x + 1j * y for x in x for y in _crossings(A, x / (best * (1 + 1e-8)), x)]
        if not candidates:
            break
        higher = [_summit(A, z) for z in sorted(candidates, key=lambda z: sigma_min(A, z) / z.real)[:3]]
        if max(higher) <= best * (1 + 1e-8):
            break
        best = max(higher)
    return float(best)


def semigroup_norms(A: ArrayLike, step: Any, steps: SupportsInt) -> Float[np.ndarray, " times"]:
    """||e^{tA}||_2 at t = 0, step, ..., steps * step, from powers of e^{step A}, eight at a time.

    Args: A (n, n), real or complex; step > 0 in units of time; steps, at least 1. Raises: ValueError.
    """
    A, step, steps = checks.square(A, "A"), checks.number(step, "step", above=0), checks.integer(steps, "steps", 1)
    too_long = f"step must be small enough for e^(tA) to be finite at t = {steps} step, got {step:g}"
    with np.errstate(all="ignore"):
        try:
            one = expm(step * A)
        except ValueError:
            raise ValueError(too_long) from None
        powers = [np.eye(len(A), dtype=one.dtype)]
        for _ in range(8):
            powers.append(powers[-1] @ one)
        blocks, leap = [np.array(powers[:8])], powers[8]
        while 8 * len(blocks) <= steps:
            blocks.append(blocks[-1] @ leap)
    exponentials = np.concatenate(blocks)[: steps + 1]
    if not np.isfinite(exponentials).all():
        raise ValueError(too_long)
    return np.linalg.norm(exponentials, 2, axis=(1, 2))


def growth_reached(t: ArrayLike, abscissa: Any, epsilon: Any) -> Float[np.ndarray, "*times"]:
    """A lower bound for sup_{s <= t} ||e^{sA}|| from one point of sigma_eps(A) with Re z = abscissa > 0.

    e^{at} / (1 + (e^{at} - 1) eps / a), a = abscissa (Trefethen & Embree 2005, equation 15.20); it tends to a / eps.

    Args: t, times >= 0 of any shape; abscissa > 0; epsilon > 0. Raises: ValueError.
    """
    t = np.asarray(checks.array(t, "t"))
    a, epsilon = checks.number(abscissa, "abscissa", above=0), checks.number(epsilon, "epsilon", above=0)
    if np.iscomplexobj(t) or (t < 0).any():
        raise ValueError("t must hold times of at least 0 only")
    return np.asarray(1 / (np.exp(-a * t) - np.expm1(-a * t) * epsilon / a))


def _summit(A: Inexact[np.ndarray, "n n"], start: complex) -> float:
    """The local maximum of Re z / sigma_min(z I - A) uphill from a start, by BFGS in (log x, y).

    With the singular vectors z v - A v = sigma u, the derivative of sigma is Re u^* v in x and -Im u^* v in y.
    """
    eye, unit = np.eye(len(A)), start.real

    def descent(point: Float[np.ndarray, " 2"]) -> tuple[float, Float[np.ndarray, " 2"]]:
        x, y = unit * np.exp(point[0]), start.imag + unit * point[1]
        U, s, Vh = np.linalg.svd(complex(x, y) * eye - A)
        overlap = U[:, -1].conj() @ Vh[-1].conj()
        sigma = max(s[-1], np.finfo(float).eps * s[0])  # a step may land on an eigenvalue
        return np.log(sigma / x), np.array([x * overlap.real / sigma - 1, -unit * overlap.imag / sigma])

    found = scipy.optimize.minimize(descent, np.zeros(2), jac=True, method="BFGS", options={"gtol": 1e-9})
    return float(np.exp(-found.fun))


def _crossings(A: Inexact[np.ndarray, "n n"], epsilon: float, x: float) -> Float[np.ndarray, " pieces"]:
    """Middles of the pieces of the line Re z = x that lie in the pseudospectrum.

    i y is an eigenvalue of the Hamiltonian matrix below if and only if eps is a singular value of A - (x + i y) I.
    Eigenvalues that are imaginary up to rounding count; one too many only cuts a piece in two.
    """
    eye = np.eye(len(A))
    H = np.block([[A - x * eye, -epsilon * eye], [epsilon * eye, x * eye - A.conj().T]])
    roots = np.linalg.eigvals(H)
    y = np.sort(roots.imag[np.abs(roots.real) <= 1e-6 * np.linalg.norm(H, 2)])
    middles = (y[1:] + y[:-1]) / 2
    inside = np.linalg.svd(A - (x + 1j * middles[:, None, None]) * eye, compute_uv=False)[:, -1] < epsilon
    return middles[inside]


def _rightmost_on_line(A: Inexact[np.ndarray, "n n"], epsilon: float, y: float) -> float:
    """The largest x with eps a singular value of A - (x + i y) I: the last real eigenvalue of the matrix below."""
    eye = np.eye(len(A))
    shifted = A - 1j * y * eye
    roots = np.linalg.eigvals(np.block([[shifted, -epsilon * eye], [-epsilon * eye, shifted.conj().T]]))
    scale = np.linalg.norm(shifted, 2) + epsilon
    real = np.sort(roots.real[np.abs(roots.imag) <= 1e-6 * scale])[::-1]
    for x in real:
        sigma = np.linalg.svd(shifted - x * eye, compute_uv=False)[-1]
        if sigma <= epsilon * (1 + 1e-6) + 1e-14 * scale:
            return float(x)
    return -np.inf
