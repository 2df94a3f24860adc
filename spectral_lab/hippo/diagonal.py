"""S4D: what remains when the low-rank term is dropped, and a diagonal matrix does the work.

"On the Parameterization and Initialization of Diagonal State Space Models" (arXiv 2206.11893). On half a spectrum,
z' = Lambda z + B u with output 2 Re(C z), the kernel is a sum of damped waves: a Vandermonde product,
K[k] = 2 Re sum_n C_n B_bar_n Lambda_bar_n^k.
"""

from __future__ import annotations

from math import isqrt
from typing import Any, SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo.bases import system
from spectral_lab.hippo.dplr import dplr, low_rank
from spectral_lab.hippo.kernels import LONGEST

INITIALISATIONS = ("legs", "lin", "inv", "real", "foud")
METHODS = ("zoh", "bilinear")
ALGORITHMS = ("two_level", "direct")
Diagonal = tuple[Complex[np.ndarray, " half"], Complex[np.ndarray, " half"]]


def diagonal(name: str, n: SupportsInt) -> Diagonal:
    """The initial (Lambda, B) of S4D on the half spectrum, h = n/2 modes j = 0..h-1 (arXiv 2206.11893, section 4):

    - "legs": the normal part of LegS, with B = V^* B / 2. The half makes the kernels converge to those of LegS
      (theorem 3 there), weakly (Yu et al., arXiv 2310.01698); the authors' code leaves it out, as C is trained anyway;
    - "lin": -1/2 - i pi j, B = 1; the mode j = 0 is real, and 2 Re counts it twice;
    - "inv": -1/2 - i (n/pi) (n/(2j + 1) - 1), B = 1: the spectrum of LegS, approximately;
    - "real": -(j + 1), B = 1;
    - "foud": FouT on [0, 2] without its low-rank term, plus the decay 1/2: -1/2 - i pi j, B = V^* B of FouT.

    Args: name; n states, even. Raises: ValueError.
    """
    name = checks.choice(name, "name", INITIALISATIONS)
    n = checks.order(n, "n", 2)
    if n % 2:
        raise ValueError(f"n must be even, so that the spectrum has two conjugate halves, got {n}")
    j = np.arange(n // 2)
    if name == "legs":
        full = dplr("legs", n)
        return full.Lambda, full.B / 2
    if name == "foud":
        full = dplr("fout", n, window=2.0)
        return full.Lambda - 0.5, full.B
    ones = np.ones(n // 2, dtype=np.complex128)
    if name == "lin":
        return -0.5 - 1j * np.pi * j, ones
    if name == "inv":
        return -0.5 - 1j * (n / np.pi) * (n / (2 * j + 1) - 1), ones
    return -(j + 1.0) + 0j, ones


def without_low_rank(
    family: str, n: SupportsInt, window: SupportsFloat = 1.0
) -> tuple[Float[np.ndarray, "n n"], Float[np.ndarray, " n"]]:
    """The system (A + P P^T, B/2): normal, in the original real coordinates.

    For legs its kernels tend to those of LegS (S4D, arXiv 2206.11893, theorem 3), but only weakly, not in L2 (Yu et
    al., arXiv 2310.01698): the antiderivatives agree in the limit, while the L2 distance stays near R_k/2 (measured in
    the claims). For fout it never forgets.

    Args: family, "legs", "legt" or "fout"; n states; window > 0. Raises: ValueError.
    """
    P = low_rank(family, n, window)
    A, B = system(family, n, window)
    return A + P.T @ P, B / 2


def vandermonde_kernel(
    Lambda: ArrayLike,
    B: ArrayLike,
    C: ArrayLike,
    step: Any,
    length: Any,
    method: str = "zoh",
    algorithm: str = "two_level",
) -> Float[np.ndarray, "*channels length"]:
    """The S4D kernel K[k] = 2 Re sum_n C_n B_bar_n Lambda_bar_n^k, k = 0..length-1, in the last axis.

    Zero-order hold: Lambda_bar = e^{D Lambda}, B_bar = (Lambda_bar - 1)/Lambda B. Bilinear: Lambda_bar =
    (1 + D Lambda/2)/(1 - D Lambda/2), B_bar = D B/(1 - D Lambda/2).

    "two_level" (derived here) writes Lambda_bar^{am + b} = Lambda_bar^{am} Lambda_bar^b, so that all of K is one real
    matrix product of sqrt(L) rows with sqrt(L) columns; "direct" makes the whole n x L matrix.

    Args: Lambda, B (..., half): leading axes are independent systems; C (..., half): channels, then systems; step > 0,
        one for each system or one number; length from 1 to 10 million; method "zoh" or "bilinear"; algorithm
        "two_level" or "direct".
    Single precision input gives a single precision computation. Raises: ValueError.
    """
    length = checks.integer(length, "length", 1, LONGEST)
    algorithm = checks.choice(algorithm, "algorithm", ALGORITHMS)
    Lambda_bar, B_bar = discretize_diagonal(Lambda, B, step, method)
    C = _complex(C, "C")
    half = B_bar.shape[-1]
    if C.shape[-1] != half or not _fit(C.shape, B_bar.shape):
        raise ValueError(f"C must have shape (channels, systems, {half}) for modes {B_bar.shape}, got {C.shape}")
    weights = 2 * C * B_bar
    checks.room((weights.size if algorithm == "direct" else weights[..., 0].size) * length, "C and length")
    with np.errstate(all="ignore"):
        K = _vandermonde(Lambda_bar, weights, length, algorithm)
    if not np.isfinite(K).all():
        raise ValueError("Lambda must not grow so fast, nor C be so large, that the kernel overflows")
    return K


def _vandermonde(
    Lambda_bar: Complex[np.ndarray, "*systems half"],
    weights: Complex[np.ndarray, "*channels half"],
    length: int,
    algorithm: str,
) -> Float[np.ndarray, "*channels length"]:
    """Re sum_n weights_n Lambda_bar_n^k."""
    if algorithm == "direct":
        powers = Lambda_bar[..., None] ** np.arange(length, dtype=Lambda_bar.real.dtype)
        return np.einsum("...n,...nk->...k", weights, powers).real
    width = 1 << isqrt(length - 1).bit_length() if length > 1 else 1
    columns = _powers(Lambda_bar, width)  # (*systems, half, width)
    rows = _powers(_squarings(Lambda_bar, width), -(-length // width))  # Lambda_bar^{a width}
    rows = weights[..., None] * rows  # (*channels, half, rows)
    left = np.concatenate([rows.real, -rows.imag], axis=-2)
    right = np.concatenate([columns.real, columns.imag], axis=-2)
    K = left.swapaxes(-1, -2) @ right
    return K.reshape(*K.shape[:-2], -1)[..., :length]


def discretize_diagonal(
    Lambda: ArrayLike, B: ArrayLike, step: Any, method: str = "zoh"
) -> tuple[Complex[np.ndarray, "*systems half"], Complex[np.ndarray, "*systems half"]]:
    """(Lambda_bar, B_bar) of z_k = Lambda_bar z_{k-1} + B_bar u_k, mode by mode; formulas in `vandermonde_kernel`.

    Args: Lambda, B (..., half); step > 0, one for each system or one number; method "zoh" or "bilinear".
    Raises: ValueError.
    """
    method = checks.choice(method, "method", METHODS)
    Lambda, B = _complex(Lambda, "Lambda"), _complex(B, "B")
    Delta = checks.real_array(step, "step")
    if Delta.size == 0 or (Delta <= 0).any():
        raise ValueError(f"step must be greater than 0, got {checks.shown(step)}")
    D = Delta.astype(Lambda.real.dtype)[..., None]
    if Lambda.shape[-1] != B.shape[-1] or not _fit(Lambda.shape, B.shape, D.shape):
        raise ValueError(f"Lambda {Lambda.shape}, B {B.shape} and step {Delta.shape} must fit together")
    with np.errstate(all="ignore"):
        if method == "bilinear":
            Lambda_bar, B_bar = (1 + D * Lambda / 2) / (1 - D * Lambda / 2), D * B / (1 - D * Lambda / 2)
        else:
            at_zero = Lambda == 0  # an eigenvalue 0 integrates: B_bar = D B
            Lambda_bar = np.exp(D * Lambda)
            B_bar = np.where(at_zero, D, np.expm1(D * Lambda) / np.where(at_zero, 1, Lambda)) * B
    if not (np.isfinite(Lambda_bar).all() and np.isfinite(B_bar).all()):
        raise ValueError("step must not overflow e^(step Lambda), or for the bilinear rule make step Lambda = 2")
    return Lambda_bar, B_bar


def _fit(*shapes: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


def _powers(z: Complex[np.ndarray, "*systems half"], count: int) -> Complex[np.ndarray, "*systems half count"]:
    """1, z, ..., z^{count-1} by doubling: multiplications are many times cheaper than exponentials."""
    powers = np.ones_like(z)[..., None]
    square = z[..., None]
    while powers.shape[-1] < count:
        powers = np.concatenate([powers, powers * square], axis=-1)
        square = square * square
    return powers[..., :count]


def _squarings(z: Complex[np.ndarray, "*systems half"], power_of_two: int) -> Complex[np.ndarray, "*systems half"]:
    for _ in range(power_of_two.bit_length() - 1):
        z = z * z
    return z


def _complex(value: ArrayLike, name: str) -> Complex[np.ndarray, "*axes half"]:
    """A finite complex array that keeps single precision."""
    given = checks.array(value, name)
    single = np.asarray(value).dtype in (np.complex64, np.float32)
    if given.ndim == 0 or given.size == 0:
        raise ValueError(f"{name} must have an entry for each mode in its last axis, got shape {given.shape}")
    return given.astype(np.complex64 if single else np.complex128)
