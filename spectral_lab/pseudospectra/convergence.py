"""Weak, not strong: how far apart the outputs of S4 (DPLR) and S4D (Diag) are, input by input.

For one fixed input u with |u^(w)| = O(|w|^-q), q > 1/2, the two outputs meet like 1/n (Theorem 1 of Yu et al., arXiv
2310.01698). Their impulse responses do not meet at all (appendix F.3 there, F7 here), nor do the answers to a tone that
follows the last spike (Theorem 2, diag_gap_norm).
"""

from __future__ import annotations

from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.legs import legs_normal
from spectral_lab.pseudospectra.norms import h2_norm


def weak_error(n: SupportsInt, C: ArrayLike, rate: Any = 1.0) -> float:
    """||y_DPLR - y_Diag|| in L^2 over t > 0 for the input u(t) = e^{-rate t} (Theorem 1: O(1/n); q = 1).

    u is itself the impulse response of u' = -rate u: with it as one more state, the error is an H2 norm. For rate 1
    and C = e_1 it is close to 1 / (2n) (derived here).

    Args: n, 1 to 2000; C of shape (n,); rate, 1e-100 to 1e100. Raises: ValueError.
    """
    A, B, C = _difference(n, C)
    rate = checks.number(rate, "rate", 1e-100, 1e100)
    size = len(A) + 1
    driven = np.zeros((size, size))
    driven[:-1, :-1], driven[:-1, -1], driven[-1, -1] = A, B, -rate
    return h2_norm(driven, np.eye(size)[-1], np.append(C, 0.0))


def impulse_gap(n: SupportsInt, C: ArrayLike) -> float:
    """||K_Diag - K_DPLR|| in L^2 over t > 0: (1/2) sqrt(2l - 1) in the limit of large n for C = e_l (F7).

    That it does not tend to 0 is appendix F.3 of the paper. For C = e_1 its square is (1 - 2/n^2) / 4 for every n tried
    from 2 on (found here, not proved); at n = 1 it is 1/12.

    Args: n, 1 to 2000; C of shape (n,). Raises: ValueError.
    """
    return h2_norm(*_difference(n, C))


def _difference(
    n: SupportsInt, C: ArrayLike
) -> tuple[Float[np.ndarray, "m m"], Float[np.ndarray, " m"], Inexact[np.ndarray, " m"]]:
    """One system of 2n states whose output is y_DPLR - y_Diag."""
    n = checks.order(n, "n", maximum=2000)
    C = checks.array(C, "C", (n,))
    if np.abs(C).max() > 1e150:
        raise ValueError(f"C must hold numbers of at most 1e150, got {np.abs(C).max():.3g}")
    A = np.zeros((2 * n, 2 * n))
    A[:n, :n], B_dplr = legs(n)
    A[n:, n:], B_diag = legs_normal(n)
    return A, np.concatenate([B_dplr, B_diag]), np.concatenate([C, -C])
