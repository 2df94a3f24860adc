"""The HiPPO systems x' = A x + B u, all in the stable sign (the eigenvalues of A lie in Re <= 0).

Gu, Johnson, Timalsina, Rudra, Re, "How to Train Your HiPPO" (arXiv 2206.12037), from HiPPO (2008.07669), the
LMU (Voelker, Kajic, Eliasmith 2019) and S4 (2111.00396). Every family writes a summary of the past of u into the
state: x_k(t) = int_0^inf p_k(s) omega(s) u(t - s) ds, with p_k orthonormal under the measure omega.
Below j, k = 0..n-1 and R_k = sqrt(2k + 1).
"""

from __future__ import annotations

from typing import SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Float

from spectral_lab import checks

System = tuple[Float[np.ndarray, "n n"], Float[np.ndarray, " n"]]


def legs(n: SupportsInt) -> System:
    """HiPPO-LegS: Legendre polynomials in e^{-s} under the measure e^{-s}.

    A_jk = -R_j R_k below the diagonal, -(j + 1) on it, 0 above; B_j = R_j. Then
    e_k^T e^{tA} B = e^{-t} L_k(e^{-t}) exactly, and A + A^T = -I - B B^T.

    Args: n, the number of states, at least 1. Raises: ValueError.
    """
    R = _legendre_norms(n)
    A = np.tril(-np.outer(R, R), -1) - np.diag(np.arange(1.0, R.size + 1))
    return A, R


def legt(n: SupportsInt, window: SupportsFloat = 1.0) -> System:
    """HiPPO-LegT: Legendre polynomials on the sliding window [0, window].

    For the unit window A_jk = -R_j R_k (k <= j) or -(-1)^{j-k} R_j R_k (k > j), and B_j = R_j; a window w divides
    both by w. The kernel tends to the basis on the window as n grows (the cut at s = w is exact only in the limit).

    Args: n, the number of states, at least 1; window > 0. Raises: ValueError.
    """
    R = _legendre_norms(n)
    w = window_length(window)
    order = np.arange(R.size)
    sign = np.where(order[:, None] >= order, 1.0, (-1.0) ** (order[:, None] + order))
    return -np.outer(R, R) * sign / w, R / w


def fout(n: SupportsInt, window: SupportsFloat = 1.0) -> System:
    """Truncated Fourier basis on the sliding window [0, window], states (cos 0, sin 0, cos 1, sin 1, ...).

    For the unit window A = S - 2 p p^T and B = 2 p, with p = (1, 0, sqrt 2, 0, sqrt 2, 0, ...) the basis at age 0 and
    S the rotations [[0, -2 pi m], [2 pi m, 0]] of frequency m = 0..n/2-1; a window w divides both by w.
    The state "sin 0" is always zero: a dead state with eigenvalue 0.

    Args: n, the number of states, even and at least 2; window > 0. Raises: ValueError.
    """
    n = checks.order(n, "n", 2)
    if n % 2:
        raise ValueError(f"n must be even (a cosine and a sine for each frequency), got {n}")
    w = window_length(window)
    p = np.zeros(n)
    p[0], p[2::2] = 1.0, np.sqrt(2.0)
    A = -2.0 * np.outer(p, p)
    cosine = np.arange(0, n, 2)
    frequency = np.pi * cosine  # 2 pi m, with m = cosine / 2
    A[cosine + 1, cosine] += frequency
    A[cosine, cosine + 1] -= frequency
    return A / w, 2.0 * p / w


def lagt(n: SupportsInt) -> System:
    """HiPPO-LagT, tilted by 1/2 (as in S4's code): Laguerre functions e^{-s/2} Lag_k(s) under the flat measure 1.

    A is -1/2 on the diagonal, -1 below, 0 above; B is 1. Untilted, `tilt(*lagt(n), -1/2)`, A is -1 on and below the
    diagonal: kernels e^{-s} Lag_k(s), polynomials Lag_k under the measure e^{-s} (HiPPO, arXiv 2008.07669).

    Args: n, the number of states, at least 1. Raises: ValueError.
    """
    n = checks.order(n, "n")
    return np.tril(-np.ones((n, n)), -1) - 0.5 * np.eye(n), np.ones(n)


def lmu(n: SupportsInt) -> System:
    """The Legendre memory unit: LegT on the unit window without normalisation, (D A D^{-1}, D B).

    D = diag((-1)^k R_k), so A_jk = -(2j + 1) (j < k) or (-1)^{j-k+1} (2j + 1) (j >= k), B_j = (-1)^j (2j + 1).

    Args: n, the number of states, at least 1. Raises: ValueError.
    """
    order = np.arange(checks.order(n, "n"))
    alternating = (-1.0) ** (order[:, None] + order + 1)
    A = (2.0 * order[:, None] + 1) * np.where(order[:, None] < order, -1.0, alternating)
    return A, (-1.0) ** order * (2.0 * order + 1)


def _legendre_norms(n: SupportsInt) -> Float[np.ndarray, " n"]:
    """R_k = sqrt(2k + 1): the value at 1 of the Legendre polynomial that is orthonormal on [0, 1]."""
    return np.sqrt(2.0 * np.arange(checks.order(n, "n")) + 1)


def window_length(window: SupportsFloat) -> float:
    """The length of a window, so far from overflow that the square of what is divided by it is finite."""
    return checks.number(window, "window", 1e-100, 1e100)
