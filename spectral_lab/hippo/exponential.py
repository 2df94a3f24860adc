"""The matrix exponential, right also for matrices that are far from normal.

scipy.linalg.expm (1.15 to 1.17) takes its norms from the transpose and scales too little: e^{-I + s S}, S a shift of 8
states, is off by 0.7 % at s = 3000. Here the norm is made small, a series summed, and the result squared. All of it is
sums and products, so a change of units, X -> D^{-1} X D with D diagonal, changes nothing but the units of the result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import factorial

import numpy as np
import scipy
from jaxtyping import Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks


def expm(A: ArrayLike) -> Inexact[np.ndarray, "n n"]:
    """e^A = I + A + A^2 / 2 + ... by scaling and squaring (Moler, Van Loan 2003, method 3).

    Args: A (n, n), real or complex. Raises: ValueError, also where e^A overflows.
    """
    A = checks.square(A, "A")
    with np.errstate(all="ignore"):
        B, (units, order) = scipy.linalg.matrix_balance(A, separate=True)  # by powers of 2: nothing is rounded
        # At least 2 n pieces: the largest entry may be at the end of a path of n - 1 steps, longer than the series.
        small = 2.0**-60 * B  # so that no norm overflows
        size = max(float(min(np.linalg.norm(small, 1), np.linalg.norm(small, np.inf))), 2.0**-60 * len(A))
        s = int(np.ceil(np.log2(size))) + 61
        power, less_one = deque(doublings(np.ldexp(1.0, -s) * B, s + 1), maxlen=1).pop()
        power = power + np.eye(len(A)) if less_one else power
        if not np.tril(B, -1).any():
            np.fill_diagonal(power, np.exp(np.diag(B)))  # 1 + (e^x - 1) has no digits where e^x is small
        result = np.empty_like(power)
        result[np.ix_(order, order)] = _in_units(power, units)
    if not np.isfinite(result).all():
        raise ValueError(f"A must be small enough for e^A to be finite, got entries of up to {np.abs(A).max():.3g}")
    return result


def doublings(X: Inexact[np.ndarray, "n n"], count: int) -> Iterator[tuple[Inexact[np.ndarray, "n n"], bool]]:
    """e^X, e^{2X}, e^{4X}, ..., `count` of them, for ||X|| <= 1/2; True beside each that is given without its I.

    E = e^X - I is squared as E <- 2 E + E^2, which loses no digit of a small E, where I + E forgets those below 1e-16.
    So one entry far from the diagonal may ask for an X far too small for all others. Only once e^X is small itself, and
    I + E cancels, is e^X squared. The diagonal of a triangular e^X is exact (Al-Mohy, Higham 2009; else derived here).
    """
    triangular, n = not (np.tril(X, -1).any() and np.triu(X, 1).any()), len(X)
    power, less_one = _expm1_series(X), True
    for k in range(count):
        if k:
            power = power @ power + 2 * power if less_one else power @ power
        if less_one and abs(np.trace(power) + n) <= n / 2:
            power, less_one = power + np.eye(n), False
        if triangular:
            np.fill_diagonal(power, (np.expm1 if less_one else np.exp)(np.ldexp(1.0, k) * np.diag(X)))
        yield power, less_one


def _expm1_series(X: Inexact[np.ndarray, "n n"]) -> Inexact[np.ndarray, "n n"]:
    """X + X^2 / 2 + ... + X^16 / 16!, for ||X|| <= 1/2 exact to 1e-19, by six products (Paterson, Stockmeyer 1973)."""
    powers = [np.eye(len(X)), X, X @ X]
    powers += [X @ powers[2], powers[2] @ powers[2]]
    total = powers[4] / factorial(16)
    for k in (12, 8, 4, 0):
        total = sum((powers[j] / factorial(k + j) for j in range(4) if k + j), total)
        total = powers[4] @ total if k else total
    return total


def _in_units(power: Inexact[np.ndarray, "n n"], units: np.ndarray) -> Inexact[np.ndarray, "n n"]:
    """D power D^{-1}, D = diag(units), powers of 2 whose quotients may overflow where the result does not."""
    exponent = np.frexp(units)[1][:, None] - np.frexp(units)[1]
    if np.iscomplexobj(power):
        return np.ldexp(power.real, exponent) + 1j * np.ldexp(power.imag, exponent)
    return np.ldexp(power, exponent)
