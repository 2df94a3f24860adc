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
    delay = checks.number(delay, "delay", above=0)
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
    try:
        x = np.linalg.solve(points[..., None, None] * np.eye(len(A)) - A, B[:, None])[..., 0]
    except np.linalg.LinAlgError:
        raise ValueError("s must not be an eigenvalue of A") from None
    return np.asarray(x @ C + D)


def pade_delay(n: SupportsInt, s: Any) -> Complex[np.ndarray, "*points"]:
    """The [n-1/n] Pade approximant of e^{-s}: what the LegT delay network computes, exactly (arXiv 2206.12037).

    It is the classical continued fraction, cut off after 2n - 1 partial denominators 1, 2, 3, 2, 5, 2, 7, ...,

        e^{-s} = 1/(1 + s/(1 - s/(2 + s/(3 - s/(2 + s/(5 - ...)))))),

    taken from the far end as a ratio of two numbers: no step divides, so that a zero of H is a zero here, and the
    cancellation of the polynomials (all digits at |s| = 100, whatever n is) does not arise.

    Args: n >= 1; s complex, any shape, not a pole. Raises: ValueError.
    """
    n = checks.integer(n, "n", 1)
    z = checks.array(s, "s").astype(np.complex128)
    over, under = np.full(z.shape, 2.0 * n - 1, dtype=np.complex128), np.ones(z.shape, dtype=np.complex128)
    for j in range(2 * n - 2, 0, -1):
        partial, sign = (2, 1) if j % 2 == 0 else (j, -1)
        over, under = partial * over + sign * z * under, over
        size = np.abs(over) + np.abs(under)
        over, under = over / size, under / size
    if (over + z * under == 0).any():
        raise ValueError("s must not be a pole of the approximant")
    return np.asarray(over / (over + z * under))


def fourier_delay(n: SupportsInt, s: Any) -> Complex[np.ndarray, "*points"]:
    """The transfer function of the FouT delay network, H = (2q - 1)/(2q + 1), in closed form (derived here).

    q(s) = 1/s + sum_{m=1}^{n/2-1} 2 s/(s^2 + (2 pi m)^2) tends to coth(s/2)/2, and H to e^{-s}. On s = i omega, q is
    imaginary, so |H| = 1 at every n: energy goes through, only its phase is approximate.

    Args: n states, even; s complex, any shape. Raises: ValueError.
    """
    n = checks.integer(n, "n", 2)
    if n % 2:
        raise ValueError(f"n must be even, got {n}")
    z = checks.array(s, "s").astype(np.complex128)
    # With g = s q, H = (2 g - s)/(2 g + s) has no pole at s = 0. The poles of q at 2 pi i m are where H = 1.
    H = np.empty(z.shape, dtype=np.complex128)
    resonance = (2 * np.pi * np.arange(1, n // 2)) ** 2
    gap = z[..., None] ** 2 + resonance
    on_pole = (gap == 0).any(axis=-1)
    g = 1 + (2 * z[..., None] ** 2 / np.where(gap == 0, 1, gap)).sum(axis=-1)
    H[...] = np.where(on_pole, 1, (2 * g - z) / (2 * g + z))
    return H


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
        frequencies F >= 1; ridge >= 0.
    Raises: ValueError. Cost: about 3 ms at n = 64 and F = 512.
    """
    lag, Delta = checks.number(lag, "lag", 0), checks.number(step, "step", above=0)
    band, F = checks.number(band, "band", above=0, maximum=1), checks.integer(frequencies, "frequencies", 1)
    ridge = checks.number(ridge, "ridge", 0)
    w = (np.arange(F) + 0.5) * np.pi * band / F
    X = _state_response(family, n, Delta, np.exp(-1j * w))
    target = np.exp(-1j * w * lag)
    features = np.concatenate([X, np.ones((F, 1))], axis=1)
    M = np.concatenate([features.real, features.imag]) / np.sqrt(F)
    y = np.concatenate([target.real, target.imag]) / np.sqrt(F)
    G = M.T @ M
    c = np.linalg.solve(G + ridge * np.trace(G) / len(G) * np.eye(len(G)), M.T @ y)
    return float(((M @ c - y) ** 2).sum())


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
