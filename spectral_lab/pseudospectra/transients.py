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
from spectral_lab.pseudospectra.balancing import eigenvalues, triangular_order
from spectral_lab.pseudospectra.resolvent import resolvent, sigma_min


def spectral_abscissa(A: ArrayLike) -> float:
    """alpha(A) = max Re lambda_i. Args: A (n, n), real or complex. Raises: ValueError."""
    return float(eigenvalues(checks.square(A, "A"))[0].real.max())


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
    unit = _HalfPlane.unit(np.append(A, epsilon))
    A, epsilon = A / unit, epsilon / unit
    spectrum, _ = eigenvalues(A)
    rightmost = spectrum[spectrum.real.argmax()]
    x = max(rightmost.real, _rightmost_on_line(A, epsilon, rightmost.imag))
    for _ in range(50):
        heights = _crossings(A, epsilon, x)
        reached = max((_rightmost_on_line(A, epsilon, y) for y in heights), default=x)
        if reached <= x + 1e-13 * max(abs(x), epsilon):
            break
        x = reached
    return float(unit * x)


def kreiss_constant(A: ArrayLike, region: str = "half-plane") -> float:
    """K(A) = sup of Re z ||(z I - A)^{-1}|| over Re z > 0; for the "disc" of (|z| - 1) ||(z I - A)^{-1}|| over |z| > 1.

    The first is for x' = A x, the second for x_{k+1} = A x_k. At least 1; infinite if there are growing solutions.
    A coarse grid finds starts, a climb along the gradient a summit; then each of a ladder of lines Re z = x (circles
    |z| = r) is asked, by an eigenvalue problem of order 2n, whether it rises above. As the largest resolvent norm on a
    line falls with x, no peak between two lines is higher than theirs by more than the ratio of their x.

    The value is attained: K is at least that. Beyond about 1e12 the eigenvalue problems no longer see the peak, and the
    value is what the climbs have found. A triangular A, or one that is so with its rows in another order, keeps its
    digits there; any other is known to a relative 1e-16 K, so that beyond 1e15 its value just says "huge". 200 states
    take half a minute.

    Args: A (n, n), real or complex; region. Raises: ValueError, also where the resolvent overflows.
    """
    A, region = checks.square(A, "A"), checks.choice(region, "region", tuple(REGIONS))
    domain, A = REGIONS[region], triangular_order(A)
    unit = domain.unit(A)
    A = A / unit
    spectrum, rounding = eigenvalues(A)
    heights, slack, size = domain.height(spectrum), domain.slack(rounding), float(np.linalg.norm(A, 2))
    if heights.max() > slack:
        return np.inf
    steepest = domain.steepest(A)
    if steepest <= 1e-14 * size:
        return 1.0  # a contraction: ||(z I - A)^{-1}|| <= 1 / h at height h, and equality is the limit z -> infinity
    near = size * (1e-6 if slack else 1e-100)
    if heights.max() >= -slack and _unbounded(A, domain, spectrum[heights >= -slack], near):
        return np.inf
    slowest = min(-heights[heights < -slack], default=size)
    low = min(1e-6 * size, 0.05 / len(A) * slowest)
    h = np.geomspace(low, 10 * size, 8 + int(np.log(10 * size / low) / np.log(1.5)))
    along = np.unique(np.concatenate([domain.along(spectrum), domain.grid(size)]))
    with np.errstate(divide="ignore"):
        values = h[:, None] / sigma_min(A, domain.place(h[:, None], along))
    if not np.isfinite(values).all():
        raise ValueError("A must be nearer to normal: its resolvent is beyond the range of floating-point numbers")
    best = max([1.0, *(_summit(A, domain, h[i], along[j]) for i, j in _highest(values))])
    for _ in range(20):
        # Above the height h, Re z ||R|| <= h / (h - steepest); below 1e-13 the search for crossings sees rounding only.
        lines = h[(h * (best - 1) <= steepest * best) & (h / best >= 1e-13 * size)]
        level = best * (1 + 1e-8)
        starts = [(x, y) for x in lines for y in domain.crossings(A, x / level, x)]
        if not starts:
            break
        starts.sort(key=lambda start: float(sigma_min(A, domain.place(*start))) / start[0])
        higher = max(_summit(A, domain, *start) for start in starts[:3])
        if higher <= level:
            break
        best = higher
    return float(best)


def semigroup_norms(A: ArrayLike, step: Any, steps: SupportsInt) -> Float[np.ndarray, " times"]:
    """||e^{tA}||_2 at t = 0, step, ..., steps * step, from powers of e^{step A}.

    Args: A (n, n), real or complex; step > 0 in units of time; steps, at least 1, at most 2e10 / n^3. Raises:
    ValueError, also where e^{tA} overflows.
    """
    A, step = checks.square(A, "A"), checks.number(step, "step", above=0)
    steps = checks.integer(steps, "steps", 1, _most_steps(A))
    try:
        return _norms_of_powers(expm(step * A), steps)
    except ValueError:
        raise ValueError(
            f"step must be small enough for e^(tA) to be finite at t = {steps} step, got {step:g}"
        ) from None


def power_norms(A: ArrayLike, k: SupportsInt) -> Float[np.ndarray, " powers"]:
    """||A^j||_2 for j = 0, 1, ..., k: how far x_{j+1} = A x_j can grow before it decays.

    The Kreiss matrix theorem: K <= sup_j ||A^j|| <= e n K with the Kreiss constant K of the disc (Spijker 1991;
    Trefethen & Embree 2005, chapter 18).

    Args: A (n, n), real or complex; k, at least 1, at most 2e10 / n^3. Raises: ValueError, also where A^j overflows.
    """
    A = checks.square(A, "A")
    k = checks.integer(k, "k", 1, _most_steps(A))
    try:
        return _norms_of_powers(A, k)
    except ValueError:
        raise ValueError(f"k must be small enough for A^k to be finite, got {k}") from None


def _most_steps(A: Inexact[np.ndarray, "n n"]) -> int:
    """Singular values of so many powers take about ten seconds."""
    return max(1, min(1_000_000, int(2e10 / len(A) ** 3)))


def _norms_of_powers(A: Inexact[np.ndarray, "n n"], count: int) -> Float[np.ndarray, " powers"]:
    """||A^j||, j = 0..count, eight powers at a time. Raises: ValueError where one is not finite."""
    with np.errstate(all="ignore"):
        block = [np.eye(len(A), dtype=A.dtype)]
        while len(block) < 9:
            block.append(block[-1] @ A)
        powers, leap = np.array(block[:8]), block[8]
        norms = []
        for start in range(0, count + 1, 8):
            now = powers[: count + 1 - start]
            if not np.isfinite(now).all():
                raise ValueError("a power is not finite")
            norms.append(np.linalg.norm(now, 2, axis=(1, 2)))
            powers = powers @ leap
        return np.concatenate(norms)


def growth_reached(t: ArrayLike, abscissa: Any, epsilon: Any) -> Float[np.ndarray, "*times"]:
    """A lower bound for sup_{s <= t} ||e^{sA}|| from one point of sigma_eps(A) with Re z = abscissa > 0.

    e^{at} / (1 + (e^{at} - 1) eps / a), a = abscissa (Trefethen & Embree 2005, equation 15.20); it tends to a / eps.

    Args: t, times >= 0 of any shape; abscissa > 0; epsilon > 0. Raises: ValueError.
    """
    t = np.asarray(checks.array(t, "t"))
    a, epsilon = checks.number(abscissa, "abscissa", above=0), checks.number(epsilon, "epsilon", above=0)
    if epsilon > 1e300 * min(a, 1):
        raise ValueError(f"epsilon must be at most 1e300, and so many times the abscissa {a:.3g}, got {epsilon:.3g}")
    if np.iscomplexobj(t) or (t < 0).any():
        raise ValueError("t must hold times of at least 0 only")
    with np.errstate(over="ignore"):  # beyond the range of a t the bound is a / eps
        return np.asarray(1 / (np.exp(-a * t) - np.expm1(-a * t) * (epsilon / a)))


class _HalfPlane:
    """z = h + i t with h > 0: the place at height h, at `along` t."""

    @staticmethod
    def unit(A: Inexact[np.ndarray, ...]) -> float:
        """K does not change with the unit of time: one in which no square leaves the range of numbers."""
        largest = float(np.abs(A).max())
        return 2.0 ** np.floor(np.log2(largest)) if largest > 0 else 1.0

    @staticmethod
    def slack(rounding: float) -> float:
        return rounding

    @staticmethod
    def height(z: Inexact[np.ndarray, "*grid"]) -> Float[np.ndarray, "*grid"]:
        return z.real

    @staticmethod
    def along(z: Inexact[np.ndarray, "*grid"]) -> Float[np.ndarray, "*grid"]:
        return z.imag

    @staticmethod
    def grid(size: float) -> Float[np.ndarray, " points"]:
        return np.linspace(-size, size, 41)

    @staticmethod
    def place(h: Any, t: Any) -> Any:
        return h + 1j * t

    @staticmethod
    def directions(h: float, t: float) -> tuple[complex, complex]:
        """dz/dh and dz/dt."""
        return 1, 1j

    @staticmethod
    def steepest(A: Inexact[np.ndarray, "n n"]) -> float:
        """s with ||(z I - A)^{-1}|| <= 1 / (h - s) for h > s."""
        return float(np.linalg.eigvalsh((A + A.conj().T) / 2)[-1])

    @staticmethod
    def crossings(A: Inexact[np.ndarray, "n n"], epsilon: float, h: float) -> Float[np.ndarray, " pieces"]:
        return _crossings(A, epsilon, h)


class _Disc(_HalfPlane):
    """z = (1 + h) e^{it} with h > 0."""

    @staticmethod
    def unit(A: Inexact[np.ndarray, ...]) -> float:
        return 1.0

    @staticmethod
    def slack(rounding: float) -> float:
        return rounding + 4 * float(np.finfo(float).eps)

    @staticmethod
    def height(z: Inexact[np.ndarray, "*grid"]) -> Float[np.ndarray, "*grid"]:
        return np.abs(z) - 1

    @staticmethod
    def along(z: Inexact[np.ndarray, "*grid"]) -> Float[np.ndarray, "*grid"]:
        return np.angle(z)

    @staticmethod
    def grid(size: float) -> Float[np.ndarray, " points"]:
        return np.linspace(-np.pi, np.pi, 41)

    @staticmethod
    def place(h: Any, t: Any) -> Any:
        return (1 + h) * np.exp(1j * t)

    @staticmethod
    def directions(h: float, t: float) -> tuple[complex, complex]:
        return np.exp(1j * t), 1j * (1 + h) * np.exp(1j * t)

    @staticmethod
    def steepest(A: Inexact[np.ndarray, "n n"]) -> float:
        return float(np.linalg.norm(A, 2)) - 1

    @staticmethod
    def crossings(A: Inexact[np.ndarray, "n n"], epsilon: float, h: float) -> Float[np.ndarray, " pieces"]:
        """Middles of the arcs of |z| = 1 + h in the pseudospectrum: (z I - A) v = eps u and (z I - A)^* u = eps v read

        z [[I, 0], [eps I, A^*]] (v, u) = [[A, eps I], [0, r^2 I]] (v, u) for |z| = r (Byers 1988)."""
        r, eye, zero = 1 + h, np.eye(len(A)), np.zeros(A.shape)
        z = scipy.linalg.eigvals(
            np.block([[A, epsilon * eye], [zero, r**2 * eye]]), np.block([[eye, zero], [epsilon * eye, A.conj().T]])
        )
        t = np.sort(np.angle(z[np.isfinite(z) & (np.abs(np.abs(z) - r) <= 1e-6 * r)]))
        middles = (t + np.append(t[1:], t[:1] + 2 * np.pi)) / 2
        return middles[sigma_min(A, r * np.exp(1j * middles), "svd") < epsilon]


REGIONS = {"half-plane": _HalfPlane, "disc": _Disc}


def _highest(values: Float[np.ndarray, "heights places"]) -> list[tuple[int, int]]:
    """Where the grid is higher than at its four neighbours: the five highest of these places."""
    framed = np.pad(values, 1, constant_values=-np.inf)
    inner = framed[1:-1, 1:-1]
    around = np.maximum.reduce([framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:]])
    places = np.argwhere(inner >= around)
    order = np.argsort(-values[tuple(places.T)], kind="stable")[:5]
    return [(int(i), int(j)) for i, j in places[order]]


def _unbounded(
    A: Inexact[np.ndarray, "n n"], domain: type[_HalfPlane], marginal: Inexact[np.ndarray, " m"], h: float
) -> bool:
    """An eigenvalue on the boundary with too few eigenvectors: near it the resolvent outgrows 1 / h."""
    far, near = (float(sigma_min(A, domain.place(x, domain.along(marginal))).min()) for x in (1.5 * h, h))
    return 1.5 * 1.1 * near <= far  # both 0 if they underflow: a long Jordan block


def _summit(A: Inexact[np.ndarray, "n n"], domain: type[_HalfPlane], h: float, t: float) -> float:
    """The local maximum of h / sigma_min(z I - A) uphill from a place, by BFGS in (log h, t / h).

    With singular vectors (z I - A) v = sigma u, the derivative of sigma along dz is Re(u^* v dz). They are taken once
    more through the resolvent, which gives small entries digits of their own: u^* v may be as small as sigma.
    """
    highest = h / float(sigma_min(A, domain.place(h, t)))

    def descent(point: Float[np.ndarray, " 2"]) -> tuple[float, Float[np.ndarray, " 2"]]:
        nonlocal highest
        height, place = h * np.exp(point[0]), t + h * point[1]
        R = resolvent(A, domain.place(height, place))
        if not np.isfinite(R).all():  # on an eigenvalue
            return np.inf, np.zeros(2)
        U, s, _ = np.linalg.svd(R)
        u = R.conj().T @ U[:, 0]
        v = R @ u
        u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)
        highest = max(highest, height * s[0])
        up, aside = (height * dz if i == 0 else h * dz for i, dz in enumerate(domain.directions(height, place)))
        overlap = s[0] * (u.conj() @ v)
        return -np.log(s[0] * height), np.array([(overlap * up).real - 1, (overlap * aside).real])

    scipy.optimize.minimize(descent, np.zeros(2), jac=True, method="BFGS", options={"gtol": 1e-9})
    return float(highest)


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
