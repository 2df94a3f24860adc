"""What the basis operators of the neural spectral block can represent: a count of directions.

The block adds to each entry t of a token a learned curve sum_k w_k phi_k(t). With integer frequencies this is a Fourier
series in t, and Favard's theorem gives its rate. The released code has the frequencies pi k / N < pi instead: a
larger N packs the same band more densely. On |t| <= R a band of half width pi holds about 2R + a few independent
functions (Slepian's time-bandwidth count), whatever N is. (That limit is no claim of the paper: derived here.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.latent._sampling import Function, sample

FREQUENCIES = ("code", "integer")
LARGEST_COUNT = 512


@dataclass(frozen=True)
class Fit:
    """A ridge fit on equidistant t: weights w, fitted values, the largest error, and the basis' singular values."""

    t: Float[np.ndarray, " points"]
    weights: Float[np.ndarray, " columns"]
    values: Float[np.ndarray, " points"]
    error: float
    singular_values: Float[np.ndarray, " columns"]


def basis_matrix(t: ArrayLike, count: SupportsInt, frequencies: str = "code") -> Float[np.ndarray, "points columns"]:
    """The basis operators at t, a column each, for count = N, the code's `num_basis`.

    "code": sin(pi k t / N) for k = 0..N-1, then cos: 2N columns, of which sin 0 is dead and cos 0 is the constant.
    "integer": 1, then sin(kt), then cos(kt) for k = 1..N-1: 2N - 1 columns.

    Args: t (points,), real, at most 1e6 in size; count, 1 to 512; frequencies, "code" or "integer". Raises: ValueError.
    """
    t, count = checks.real_array(t, "t", (None,)), checks.integer(count, "count", 1, LARGEST_COUNT)
    if np.abs(t).max(initial=0) > 1e6:
        raise ValueError(f"t must be at most 1e6 in size, got {np.abs(t).max():.3g}")
    checks.room(2 * count * len(t), "t and count")
    if checks.choice(frequencies, "frequencies", FREQUENCIES) == "code":
        phase = np.outer(t, np.pi * np.arange(count) / count)
        return np.hstack([np.sin(phase), np.cos(phase)])
    phase = np.outer(t, np.arange(1, count))
    return np.hstack([np.ones((len(t), 1)), np.sin(phase), np.cos(phase)])


def useful_directions(radius: Any, count: SupportsInt, frequencies: str = "code", threshold: Any = 1e-2) -> int:
    """How many singular values of the basis on 4001 points of [-radius, radius] exceed threshold times the largest.

    Args: radius R, 1e-3 to 1000; count, 1 to 512; threshold, 1e-13 to 1. Raises: ValueError.
    """
    radius, threshold = checks.number(radius, "radius", 1e-3, 1e3), checks.number(threshold, "threshold", 1e-13, 1)
    basis = basis_matrix(np.linspace(-radius, radius, 4001), count, frequencies)
    singular_values = np.linalg.svd(basis, compute_uv=False)
    return int((singular_values > threshold * singular_values[0]).sum())


def fit_residual(
    target: Function,
    radius: Any,
    count: SupportsInt,
    frequencies: str = "code",
    ridge: Any = 1e-6,
    points: SupportsInt = 401,
) -> Fit:
    """The weights that fit target(t) on [-R, R]: minimise the mean of |target - w.phi|^2 + ridge |w|^2.

    Solved by singular values, so that ridge = 0 is least squares of the smallest norm.

    Args: target, a real function of t; radius R, 1e-3 to 1000; count, 1 to 512; ridge, 0 to 1e6; points, 2 to 20,000.
    Raises: ValueError.
    """
    radius, ridge = checks.number(radius, "radius", 1e-3, 1e3), checks.number(ridge, "ridge", 0, 1e6)
    points = checks.integer(points, "points", 2, 20_000)
    t = np.linspace(-radius, radius, points)
    values = checks.real_array(sample(target, t, "target"), "the values of target")
    basis = basis_matrix(t, count, frequencies)
    U, s, Vh = np.linalg.svd(basis, full_matrices=False)
    kept = s > 1e-13 * s[0]
    gain = np.where(kept, s, 0) / np.where(kept, s**2 + ridge * points, 1)
    weights = Vh.T @ (gain * (U.T @ values))
    fitted = basis @ weights
    return Fit(t, weights, fitted, float(np.abs(fitted - values).max()), s)


def block_frequencies(count: SupportsInt, frequencies: str = "code") -> Float[np.ndarray, " count"]:
    """omega_k of the block's operators sin(omega_k t), cos(omega_k t), k = 0..N-1: pi k / N ("code") or k ("integer").

    Args: count N, 1 to 512; frequencies, "code" or "integer". Raises: ValueError.
    """
    count = checks.integer(count, "count", 1, LARGEST_COUNT)
    code = checks.choice(frequencies, "frequencies", FREQUENCIES) == "code"
    return np.arange(count) * (np.pi / count if code else 1.0)
