"""Delay lines: how well n states hold on to a signal until it is due.

A window memory of length 1 that is read at its far end gives u(t - 1): Legendre polynomials make the Pade approximant
of e^{-s}, the Fourier basis makes an all-pass filter. And for any memory, how well a read-out can recover a lag as a
function of the step: the step is a ruler ("How to Train Your HiPPO", arXiv 2206.12037, sections 3.4 and 5).
"""

from __future__ import annotations

from typing import Any, SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo.bases import basis, system
from spectral_lab.hippo.dplr import FAMILIES as DPLR_FAMILIES
from spectral_lab.hippo.dplr import dplr

StateSpace = tuple[Float[np.ndarray, "n n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"], float]


def delay_network(family: str, n: SupportsInt, delay: SupportsFloat = 1.0) -> StateSpace:
    """(A, B, C, D) whose output C x + D u approximates u(t - delay).

    legt: C_k = p_k(delay) = (-1)^k sqrt(2k + 1), D = 0. fout: C = 2 p, D = -1, because a Fourier series takes the mean
    of both ends at the jump between now and delay: p . x = (u(t) + u(t - delay))/2. (The published statement is
    remembered with D = +1; the error of that is 2. The authors' notebook subtracts, as here.)

    Args: family, "legt" or "fout"; n states (even for fout); delay > 0. Raises: ValueError.
    """
    family = checks.choice(family, "family", ("legt", "fout"))
    delay = checks.number(delay, "delay", 1e-100, 1e100)
    A, B = system(family, n, delay)
    if family == "fout":
        return A, B, B * delay, -1.0
    return A, B, basis("legt", len(B), delay, delay), 0.0


def transfer_function(
    A: ArrayLike, B: ArrayLike, C: ArrayLike, D: SupportsFloat, s: ArrayLike
) -> Complex[np.ndarray, "*points"]:
    """H(s) = C (s I - A)^{-1} B + D at complex points s; s = i omega is the frequency response.

    Args: A (n, n); B, C (n,); D; s, any shape, not an eigenvalue of A. Raises: ValueError.
    """
    A = checks.square(A, "A")
    B, C = checks.array(B, "B", (len(A),)), checks.array(C, "C", (len(A),))
    D = checks.number(D, "D")
    points = checks.array(s, "s").astype(np.complex128)
    checks.room(points.size * A.size, "s and A")
    try:
        x = np.linalg.solve(points[..., None, None] * np.eye(len(A)) - A, B[:, None])[..., 0]
    except np.linalg.LinAlgError:
        raise ValueError("s must not be an eigenvalue of A") from None
    return _finite(x @ C + D, "s must not be an eigenvalue of A, nor so near to one that H overflows")


def pade_delay(n: SupportsInt, s: Any) -> Complex[np.ndarray, "*points"]:
    """The [n-1/n] Pade approximant of e^{-s}: what the LegT delay network computes, exactly (arXiv 2206.12037).

    It is 1/G, with G the convergent of the classical continued fraction after m = 2n - 1 partial numerators a_j,

        e^s = 1 + s/(1 - s/(2 + s/(3 - s/(2 + s/(5 - ...))))) = (A_m + t A_{m-1})/(B_m + t B_{m-1}),    G = A_m/B_m,

    where t is the tail that is cut off. A_j and B_j both obey X_j = b_j X_{j-1} + a_j X_{j-2}. To the right of the
    imaginary axis rounding grows in B as e^{Re s}, and not in A, which is positive where s is; to the left the two
    change places. There H comes from what it misses (derived here, from the determinant d = A_m B_{m-1} - A_{m-1} B_m):

        H = e^{-s} - t d/(A_m (A_m + t A_{m-1})) for Re s > 0,     1/H = e^s + t d/(B_m (B_m + t B_{m-1})) for Re s < 0.

    Near the axis and far out, where rounding does not grow, it is B_m/A_m. So H has all its digits in the whole plane,
    except next to a zero or a pole.

    Args: n from 1 to 10 000; s complex, any shape, not a pole. Raises: ValueError. Cost: about 16 n steps a point.
    """
    n = checks.order(n, "n")
    z = checks.array(s, "s").astype(np.complex128)
    if (np.abs(z) > 1e100).any():
        raise ValueError(f"s must have a modulus of at most 1e100, got {np.abs(z).max():.3g}")
    left = z.real < 0
    A, A_before, B, B_before = np.ones_like(z), np.ones_like(z), np.ones_like(z), np.zeros_like(z)
    determinant = -np.ones_like(z)
    for j in range(1, 2 * n):
        a, b = (z, j) if j % 2 else (-z, 2)
        A, A_before, B, B_before = b * A + a * A_before, A, b * B + a * B_before, B
        size = np.where(left, np.abs(B) + np.abs(B_before), np.abs(A) + np.abs(A_before))
        A, A_before, B, B_before = A / size, A_before / size, B / size, B_before / size
        determinant = determinant / size * -a / size
    tail = np.zeros_like(z)
    for j in range(16 * n + 80, 2 * n - 1, -1):  # where it is needed, |s|^2 is below 2 n^2 |Re s|, and this converges
        a, b = (z, j) if j % 2 else (-z, 2)
        tail = a / (b + tail)
    X, X_before = np.where(left, B, A), np.where(left, B_before, A_before)
    with np.errstate(all="ignore"):
        growth = np.abs(z.real) * np.minimum(1, 2 * n**2 / np.abs(z) ** 2)  # of rounding errors, as an exponent
        missed = tail * determinant / (X * (X + tail * X_before))
        H = np.where(left, 1 / (np.exp(np.where(left, z, 0)) + missed), np.exp(np.where(left, 0, -z)) - missed)
        H = np.where(growth <= 1 + np.log1p(np.abs(z) / n), B / A, H)
    return _finite(H, "s must not be a pole of the approximant, nor so far left that it overflows")


def fourier_delay(n: SupportsInt, s: Any) -> Complex[np.ndarray, "*points"]:
    """The transfer function of the FouT delay network, H = (2q - 1)/(2q + 1), in closed form (derived here).

    q(s) = 1/s + sum_{m=1}^{n/2-1} 2 s/(s^2 + (2 pi m)^2) tends to coth(s/2)/2, and H to e^{-s}. On s = i omega, q is
    imaginary, so |H| = 1 at every n: energy goes through, only its phase is approximate.

    Args: n states, even; s complex, any shape, not a pole. Raises: ValueError.
    """
    n = checks.order(n, "n", 2)
    if n % 2:
        raise ValueError(f"n must be even, got {n}")
    z = checks.array(s, "s").astype(np.complex128)
    checks.room(z.size * n, "n and s")
    # With g = s q, H = (2 g - s)/(2 g + s) has no pole at s = 0. The poles of q at 2 pi i m are where H = 1.
    w = z[..., None] / (2 * np.pi * np.arange(1, n // 2))
    near = np.abs(w) <= 1
    u = np.where(near, w, 1 / np.where(near, 1, w))  # 2 s^2/(s^2 + (2 pi m)^2) without a square that overflows
    gap = 1 + u**2
    on_pole = (gap == 0).any(axis=-1)
    g = 1 + (np.where(near, 2 * u**2, 2) / np.where(gap == 0, 1, gap)).sum(axis=-1)
    with np.errstate(all="ignore"):
        H = np.where(on_pole, 1, (g - z / 2) / (g + z / 2))
    return _finite(H, "s must not be a pole of the network")


def delay_readout_error(
    family: str,
    n: SupportsInt,
    lag: SupportsFloat,
    step: SupportsFloat,
    band: SupportsFloat = 0.5,
    frequencies: SupportsInt = 1024,
    ridge: SupportsFloat = 1e-6,
) -> float:
    """The normalised mean square error of the best linear read-out of u[k - lag] from the state (derived here).

    The input is white noise up to `band` of the Nyquist frequency, sampled at w_f = (f + 1/2) pi band/F. With the
    bilinear state response X(w) = (I - A_bar e^{-iw})^{-1} B_bar and a constant, ridge regression minimises
    |X c - e^{-iw lag}|^2 + ridge tau |c|^2, tau the mean square of a feature; the error is the first term. Windows of
    legt and fout are [0, 2], so that each family has the timescale 1, that is 1/step samples.

    Args: family, "legs", "legt" or "fout"; n states, even; lag >= 0 in samples; step > 0; band in (0, 1];
        frequencies F >= band * lag, or a long lag would pass for a short one at the sampled w_f; ridge >= 0.
    Raises: ValueError. Cost: about 3 ms at n = 64 and F = 512.
    """
    family = checks.choice(family, "family", DPLR_FAMILIES)
    n, Delta = checks.order(n, "n"), checks.number(step, "step", 1e-100, 1e100)
    lag, damping = checks.number(lag, "lag", 0, 2**53), checks.number(ridge, "ridge", 0, 1e100)
    band, F = checks.number(band, "band", 1e-100, 1), checks.integer(frequencies, "frequencies", 1)
    checks.room(2 * n * F, "n and frequencies")
    if band * lag > F:
        raise ValueError(f"frequencies must be at least band * lag = {band * lag:g}, to tell the lag, got {F}")
    w = (np.arange(F) + 0.5) * np.pi * band / F
    X = _state_response(family, n, Delta, np.exp(-1j * w))
    target = np.exp(-1j * w * lag)
    features = np.concatenate([X, np.ones((F, 1))], axis=1)
    M = np.concatenate([features.real, features.imag]) / np.sqrt(F)
    y = np.concatenate([target.real, target.imag]) / np.sqrt(F)
    G = M.T @ M
    penalty = damping * np.trace(G) / len(G)
    if damping >= 1e-12:
        c = np.linalg.solve(G + penalty * np.eye(len(G)), M.T @ y)
    else:  # what the normal equations would lose in rounding
        damped = np.concatenate([M, np.sqrt(penalty) * np.eye(len(G))])
        c = np.linalg.lstsq(damped, np.concatenate([y, np.zeros(len(G))]))[0]
    return float(((M @ c - y) ** 2).sum())


def _finite(H: Any, message: str) -> Complex[np.ndarray, "*points"]:
    if not np.isfinite(H).all():
        raise ValueError(message)
    return np.asarray(H)


def _state_response(
    family: str, n: SupportsInt, Delta: float, omega: Complex[np.ndarray, " points"]
) -> Complex[np.ndarray, "points n"]:
    """(I - omega A_bar)^{-1} B_bar = 2 D (2 (1 - omega) - (1 + omega) D A)^{-1} B in real coordinates, by Woodbury."""
    form = dplr(family, n, window=2.0)
    Lambda, B, P = (np.concatenate([x, x.conj()], axis=-1) for x in (form.Lambda, form.B, form.P))
    weight = Delta * (1 + omega)[:, None]
    E = 1 / (2 * (1 - omega)[:, None] - weight * Lambda)  # (points, n)
    M = np.eye(len(P)) + weight[..., None] * np.einsum("rn,fn,sn->frs", P.conj(), E, P, optimize=True)
    middle = np.linalg.solve(M, ((E * B) @ P.conj().T)[..., None])
    z = 2 * Delta * E * (B - weight * (middle[..., 0] @ P))
    half, V = len(form.Lambda), form.rotate(np.eye(len(Lambda)))
    return z[:, :half] @ V.T + z[:, half:] @ V.conj().T
