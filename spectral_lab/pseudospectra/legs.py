"""HiPPO-LegS in closed form: what S4 (DPLR) and S4D (Diag) do to a frequency, with no matrix in sight.

Two systems share one state matrix family (indices k = 1..n, R_k = sqrt(2k - 1)):

    DPLR = (A_H, B_H, C)          A_H, B_H = hippo.legs(n)                 eigenvalues -1..-n, far from normal
    Diag = (A_N, B_H / 2, C)      A_N = A_H + B_H B_H^T / 2                normal, A_N + A_N^T = -I

Everything below follows from one all-pass function, P_n(s) = prod_{j=1}^n (s - j + 1) / (s + j). The labels F1 to F7
number the formulas of this chapter; Lemma 1 is that of Yu et al. (arXiv 2310.01698), its form F4 is derived here.
Each costs O(n) per frequency; the tests hold each against the dense matrices.
"""

from __future__ import annotations

from functools import lru_cache
from typing import SupportsInt

import numpy as np
import scipy
from jaxtyping import Complex, Float, Inexact
from numpy.polynomial import Legendre, Polynomial
from numpy.polynomial.legendre import legval
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo import legs

SYSTEMS = ("dplr", "diag")


def legs_normal(n: SupportsInt) -> tuple[Float[np.ndarray, "n n"], Float[np.ndarray, " n"]]:
    """The S4D-LegS system (A_N, B_H / 2), A_N = A_H + B_H B_H^T / 2: the normal part of LegS.

    The half on B belongs to the theory: with it Diag and DPLR agree at frequency 0 (P_n(0) = 0 in F4).

    Args: n, the number of states, at least 1. Raises: ValueError.
    """
    A, B = legs(n)
    return A + np.outer(B, B) / 2, B / 2


def allpass(n: SupportsInt, s: ArrayLike) -> Complex[np.ndarray, "*grid"]:
    """P_n(s) = prod_{j=1}^n (s - j + 1) / (s + j) = 1 - B_H^T (s I - A_H)^{-1} B_H (F1); infinity at s = -1..-n.

    |P_n(i w)| = w / sqrt(w^2 + n^2) (F2): all-pass up to its factors j = 1 and j = n.

    Args: n, at least 1; s, complex frequencies of any shape. Raises: ValueError.
    """
    n = checks.order(n, "n")
    _, product = _sweep(_frequencies(s), np.zeros(n))
    return product


def allpass_phase(n: SupportsInt, omega: ArrayLike) -> Float[np.ndarray, "*grid"]:
    """arg P_n(i w) without jumps (F2): 2 sum_{k<n} arctan(k / w) + arctan(n / w); falls from (n - 1/2) pi to 0.

    Args: n, at least 1; omega, positive angular frequencies of any shape. Raises: ValueError.
    """
    n = checks.order(n, "n")
    omega = np.asarray(checks.array(omega, "omega"))
    if np.iscomplexobj(omega) or (omega <= 0).any():
        raise ValueError("omega must hold positive real frequencies only")
    k = np.arange(1, n)
    return np.asarray(2 * np.arctan(k / omega[..., None]).sum(-1) + np.arctan(n / omega))


def legs_states(n: SupportsInt, s: ArrayLike) -> Complex[np.ndarray, "*grid n"]:
    """x(s) = (s I - A_H)^{-1} B_H, x_k = R_k / (s + k) prod_{j<k} (s - j + 1) / (s + j) (F1); infinity at the poles.

    Energy identity (F3): ||x(i w)||^2 + |P_n(i w)|^2 = 1.

    Args: n, at least 1; s, complex frequencies of any shape; the states are the last axis. Raises: ValueError.
    """
    n = checks.order(n, "n")
    s = _frequencies(s)[..., None]
    k = np.arange(1, n + 1)
    with np.errstate(all="ignore"):
        factor = (s - k + 1) / (s + k)
        product = np.cumprod(np.concatenate([np.ones_like(s), factor[..., :-1]], axis=-1), axis=-1)
        return _infinite_at_poles(np.sqrt(2 * k - 1) * product / (s + k))


def legs_transfer(n: SupportsInt, s: ArrayLike, C: ArrayLike, system: str = "dplr") -> Complex[np.ndarray, "*grid"]:
    """The transfer function C (s I - A)^{-1} B of "dplr" or "diag" in O(n) per frequency; infinity at a pole.

    G_DPLR = C x(s) (F1) and G_Diag = G_DPLR / (1 + P_n(s)) for every C (F4, Lemma 1 of the paper).

    Args: n, at least 1; s, complex frequencies of any shape; C of shape (n,), real or complex. Raises: ValueError.
    """
    n = checks.order(n, "n")
    s, C = _frequencies(s), checks.array(C, "C", (n,))
    system = checks.choice(system, "system", SYSTEMS)
    if system == "dplr":
        return _sweep(s, C)[0]
    # Left of Re s = -1/2, where |P_n| > 1, G and P_n are huge together near -1..-n: divide both by P_n first.
    left = s.real < -0.5
    G = np.empty_like(s)
    for side, where in ((1, ~left), (-1, left)):
        numerator, allpass_power = _sweep(s[where], C, side)
        with np.errstate(all="ignore"):
            G[where] = _infinite_at_poles(numerator / (1 + allpass_power))
    return G


def diag_gap(n: SupportsInt, s: ArrayLike, C: ArrayLike) -> Complex[np.ndarray, "*grid"]:
    """G_Diag - G_DPLR = -P_n G_Diag (F4), without the cancellation of subtracting them; infinity at a pole of either.

    Args: as for legs_transfer. Raises: ValueError.
    """
    with np.errstate(all="ignore"):
        return _infinite_at_poles(-allpass(n, s) * legs_transfer(n, s, C, "diag"))


def s4d_frequencies(n: SupportsInt) -> Float[np.ndarray, " half"]:
    """The positive frequencies v of the eigenvalues -1/2 +- i v of A_N, largest first, with no eigensolver (F5).

    P_n has modulus 1 on Re s = -1/2, and 1 + P_n(-1/2 + i v) = 0 reads
    sum_{j=1}^n arctan((j - 1/2) / v) = (m + 1/2) pi, m = 0..floor(n/2)-1. The first is
    v_0 = n^2/pi - pi/6 + O(n^-2). Odd n has the real eigenvalue -1/2 as well.

    Args: n, at least 1 (n = 1 gives an empty array). Raises: ValueError.
    """
    return _s4d_frequencies(checks.order(n, "n", maximum=4000)).copy()


@lru_cache(maxsize=64)  # most functions of this module begin with them
def _s4d_frequencies(n: int) -> Float[np.ndarray, " half"]:
    level = (np.arange(n // 2) + 0.5) * np.pi
    j = np.arange(n) + 0.5
    frequency = _continuum_frequencies(n, level)
    for _ in range(60):
        # The sum is convex and falls with v: from below, Newton climbs to the root and never passes it.
        excess = np.arctan(j / frequency[:, None]).sum(1) - level
        slope = (j / (j**2 + frequency[:, None] ** 2)).sum(1)
        step = excess / slope
        frequency = np.maximum(frequency + step, frequency / 2)
        if (np.abs(step) <= 4e-15 * frequency).all():
            break
    return frequency


def legs_normal_eigenpairs(n: SupportsInt) -> tuple[Complex[np.ndarray, " n"], Complex[np.ndarray, "n n"]]:
    """Eigenvalues -1/2 + i v of A_N, v from largest to smallest, and a unitary V of eigenvectors (F5, F1).

    The eigenvector of s_m is x(s_m), as P_n(s_m) = -1; its entries have modulus R_k / |k - 1/2 + i v_m|.

    Args: n, at least 1. Raises: ValueError.
    """
    upper = s4d_frequencies(n)
    n = checks.order(n, "n")
    frequency = np.concatenate([upper, np.zeros(n % 2), -upper[::-1]])
    eigenvalues = -0.5 + 1j * frequency
    V = legs_states(n, eigenvalues).T
    return eigenvalues, V / np.linalg.norm(V, axis=0)


def spikes(n: SupportsInt, C: ArrayLike) -> tuple[Float[np.ndarray, " half"], Float[np.ndarray, " half"]]:
    """Frequencies v_m and heights |G_Diag - G_DPLR|(i v_m) of the spikes that dropping the low rank leaves (F6).

    For C = e_l the last (m = 0) tends to (2/pi) sqrt(2l - 1) as n grows, and the m-th to 1/(2m + 1) of it.

    Args: n, at least 1; C of shape (n,). Raises: ValueError.
    """
    frequency = s4d_frequencies(n)
    return frequency, np.abs(diag_gap(n, 1j * frequency, C))


def diag_gap_norm(n: SupportsInt, C: ArrayLike | None = None) -> tuple[float, float]:
    """sup_w |G_Diag - G_DPLR|(i w) and the w > 0 that attains it; for C = None, over every C of unit norm as well.

    For the worst C the gap is |P_n| ||x|| / |1 + P_n| with ||x|| = n / sqrt(w^2 + n^2) (F3); it grows like 2n/pi.

    Args: n, at least 1; C of shape (n,). Raises: ValueError.
    """
    n = checks.order(n, "n")

    def gap(omega: Float[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
        if C is not None:
            return np.abs(diag_gap(n, 1j * omega, C))
        P = allpass(n, 1j * omega)
        return np.abs(P / (1 + P)) * n / np.hypot(n, omega)

    # A grid misses spikes of width 1 at w ~ n^2: search between neighbours of points that include them.
    frequency = s4d_frequencies(n)
    points = np.concatenate(
        [np.geomspace(1e-3, 1e3 * n**2, 400), frequency, frequency + 1, np.maximum(frequency - 1, 1e-3)]
    )
    points = np.unique(points)
    best = int(np.argmax(gap(points)))
    bounds = points[max(best - 1, 0)], points[min(best + 1, len(points) - 1)]
    peak = scipy.optimize.minimize_scalar(
        lambda w: -gap(np.array([w]))[0], bounds=bounds, method="bounded", options={"xatol": 1e-9}
    )
    return float(-peak.fun), float(peak.x)


def legs_impulse_response(
    n: SupportsInt, t: ArrayLike, C: ArrayLike, system: str = "dplr"
) -> Inexact[np.ndarray, "*times"]:
    """K(t) = C e^{tA} B of "dplr" or "diag" at the times t >= 0.

    DPLR: sum_k C_k R_k e^{-t} P_{k-1}(2 e^{-t} - 1), warped Legendre polynomials. Diag: a sum over the modes of A_N.
    For large n the two stay (1/2) sqrt(2l - 1) apart in L^2 for C = e_l (F7).

    Args: n, at least 1; t, times of any shape; C of shape (n,). Raises: ValueError.
    """
    n = checks.order(n, "n")
    t, C = np.asarray(checks.array(t, "t")), checks.array(C, "C", (n,))
    system = checks.choice(system, "system", SYSTEMS)
    if np.iscomplexobj(t) or (t < 0).any():
        raise ValueError("t must hold times of at least 0 only")
    _, B = legs(n)
    if np.abs(C).max() > 1e300:
        raise ValueError(f"C must hold numbers of at most 1e300, got {np.abs(C).max():.3g}")
    if system == "dplr":
        return np.asarray(np.exp(-t) * legval(2 * np.exp(-t) - 1, C * B))
    eigenvalues, V = legs_normal_eigenpairs(n)
    kernel = np.exp(t[..., None] * eigenvalues) @ ((C @ V) * (V.conj().T @ B) / 2)
    return np.asarray(kernel if np.iscomplexobj(C) else kernel.real)


def legs_state_modes(
    n: SupportsInt, l: SupportsInt, system: str = "dplr"
) -> tuple[Complex[np.ndarray, " m"], Complex[np.ndarray, " m"]]:
    """Poles p and residues r of "dplr" or "diag" read at state l: K(t) = sum_i r_i exp(p_i t).

    DPLR: R_l x P_{l-1}(2 x - 1) by powers of x = e^{-t}, so only the poles -1..-l are seen; the coefficients grow like
    5.8^l, so it is meant for small l. Diag: all n eigenvalues of A_N. Derived here, from F1 and F5.

    Args: n, at least 1; l from 1 to n. Raises: ValueError.
    """
    n = checks.order(n, "n")
    l = checks.integer(l, "l", 1, n)
    if checks.choice(system, "system", SYSTEMS) == "dplr":
        if l > 300:
            raise ValueError(f"l must be at most 300 for dplr: its coefficients grow like 5.8^l, got {l}")
        powers = Legendre.basis(l - 1).convert(kind=Polynomial)(Polynomial([-1.0, 2.0])).coef
        return -np.arange(1.0, l + 1) + 0j, np.sqrt(2 * l - 1) * powers + 0j
    poles, V = legs_normal_eigenpairs(n)
    return poles, V[l - 1] * (V.conj().T @ legs(n)[1]) / 2


def _frequencies(s: ArrayLike) -> Complex[np.ndarray, "*grid"]:
    return np.asarray(checks.array(s, "s"), dtype=complex)


def _sweep(
    s: Complex[np.ndarray, "*grid"], C: Inexact[np.ndarray, " n"], side: int = 1
) -> tuple[Complex[np.ndarray, "*grid"], Complex[np.ndarray, "*grid"]]:
    """(C x(s), P_n(s)) by one pass over the states, or both divided by P_n(s), from the last state, for side = -1."""
    total, product = np.zeros_like(s), np.ones_like(s)
    n = len(C)
    with np.errstate(all="ignore"):
        for k in range(1, n + 1) if side == 1 else range(n, 0, -1):
            pole, zero = (s + k, s - (k - 1)) if side == 1 else (s - (k - 1), s + k)
            product = product / pole
            if C[k - 1] != 0:
                total += C[k - 1] * np.sqrt(2 * k - 1) * product
            product = product * zero
    return _infinite_at_poles(total), _infinite_at_poles(product)


def _infinite_at_poles(values: ArrayLike) -> Complex[np.ndarray, "*shape"]:
    """Complex division by zero gives NaNs in numpy; a pole is one point, infinity."""
    return np.where(np.isfinite(values), values, np.inf)


def _continuum_frequencies(n: int, level: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """F5 with its sum as an integral, n arctan(n/v) - (v/2) log(1 + n^2/v^2) = level, solved by bisection of log v."""
    low, high = np.full(level.shape, np.log(1e-4)), np.log(n**2 / (2 * level))
    for _ in range(40):
        middle = (low + high) / 2
        v = np.exp(middle)
        above = n * np.arctan(n / v) - v / 2 * np.log1p((n / v) ** 2) > level
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.exp(low)
