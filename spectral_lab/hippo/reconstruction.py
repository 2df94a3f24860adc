"""Remembering online: run a memory over a signal and read its past back from n numbers.

x_k = A_bar x_{k-1} + B_bar u_k, and at any moment u(t - s) is approximated by sum_k x_k p_k(s). A family name gives the
time-invariant memory; "legs_scaled" is the original HiPPO-LegS, x' = (A x + B u)/t, which has no step at all.
"""

from __future__ import annotations

from typing import Any, SupportsFloat, SupportsInt

import numpy as np
import scipy
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo.bases import FAMILIES, basis, measure, shifted_legendre, system
from spectral_lab.hippo.discretization import METHODS, discretize
from spectral_lab.hippo.matrices import legs

MEMORIES = (*FAMILIES, "legs_scaled")


def memory(
    family: str,
    n: SupportsInt,
    signal: ArrayLike,
    dt: SupportsFloat,
    method: str = "bilinear",
    window: SupportsFloat = 1.0,
) -> Float[np.ndarray, "samples n"]:
    """The state after each sample of `signal`, starting from 0.

    Args: family, one of FAMILIES or "legs_scaled"; n states; signal (samples,) real; dt > 0 between samples, in units
        of the memory's time; method, a discretisation; window > 0 (legt, fout, lmu).
    Raises: ValueError. Cost: n^2 operations a sample, of which at most 10^11 are done (about a minute).
    """
    family = checks.choice(family, "family", MEMORIES)
    u, dt = _signal(signal), checks.number(dt, "dt", 1e-100, 1e100)
    if family == "legs_scaled":
        return scaled_legs(n, u, method)
    _affordable(n, u)
    try:
        A_bar, B_bar = discretize(*system(family, n, window), dt, checks.choice(method, "method", METHODS))
    except ValueError as error:
        raise ValueError(str(error).replace("step must", "dt must")) from None
    states = np.empty((len(u), len(B_bar)))
    x = np.zeros(len(B_bar))
    with np.errstate(all="ignore"):
        for k, sample in enumerate(u):
            x = A_bar @ x + B_bar * sample
            states[k] = x
    if not np.isfinite(x).all():
        raise ValueError(f"dt must keep the discrete memory from growing without bound, got {dt:g} with {method!r}")
    return states


def scaled_legs(n: SupportsInt, signal: ArrayLike, method: str = "bilinear") -> Float[np.ndarray, "samples n"]:
    """The original HiPPO-LegS (arXiv 2008.07669): A/k and B/k at sample k = 1, 2, ... in place of dt A and dt B.

    Stretching time changes nothing: the state after c k samples of a signal slowed down c times is, up to the error of
    the discretisation, the state after k samples of the original.

    Args: n states; signal (samples,); method "bilinear" or "backward_euler" (the explicit rules are unstable at k < n).
    Raises: ValueError.
    """
    u = _signal(signal)
    method = checks.choice(method, "method", ("bilinear", "backward_euler"))
    _affordable(n, u)
    A, B = legs(n)
    implicit = 0.5 if method == "bilinear" else 1.0
    eye = np.eye(len(A))
    states = np.empty((len(u), len(B)))
    x = np.zeros(len(B))
    for k, sample in enumerate(u, start=1):
        known = x + ((1 - implicit) / k) * (A @ x) + B * (sample / k)
        x = scipy.linalg.solve_triangular(eye - (implicit / k) * A, known, lower=True, check_finite=False)
        states[k - 1] = x
    return states


def reconstruct(
    family: str,
    n: SupportsInt,
    signal: ArrayLike,
    dt: SupportsFloat,
    at: Any = -1,
    method: str = "bilinear",
    window: SupportsFloat = 1.0,
    half_sample: bool = False,
) -> Float[np.ndarray, " past"]:
    """The past as the memory sees it at sample `at`, oldest first: an estimate of signal[: at + 1].

    Two conventions. By default that of the authors: the basis at the ages 0, dt, 2 dt, ..., 0 outside the window, and
    for legt 0 also on its two edges (so its newest sample is always 0). With `half_sample`, ages dt/2, 3 dt/2, ...:
    that is where the kernel of the bilinear rule sits (K_bar[k] is about dt K((k + 1/2) dt)); it never meets an edge,
    and for slow signals it is far more exact.

    Args: as `memory`; at, an index of the signal. Raises: ValueError.
    """
    u = _signal(signal)
    at = _index(at, len(u))
    states = memory(family, n, u[: at + 1], dt, method, window)
    return recall(family, states[-1], at + 1, dt, window, half_sample)


def recall(
    family: str,
    state: ArrayLike,
    samples: SupportsInt,
    dt: SupportsFloat,
    window: SupportsFloat = 1.0,
    half_sample: bool = False,
) -> Float[np.ndarray, " samples"]:
    """The last `samples` samples, oldest first, as one state remembers them (see `reconstruct`).

    Args: family, one of FAMILIES or "legs_scaled"; state (n,); samples >= 1; dt > 0. Raises: ValueError.
    """
    x = checks.real_array(state, "state", (None,))
    if len(x) == 0:
        raise ValueError("state must hold at least one number")
    return recall_matrix(family, len(x), samples, dt, window, half_sample) @ x


def recall_matrix(
    family: str,
    n: SupportsInt,
    samples: SupportsInt,
    dt: SupportsFloat,
    window: SupportsFloat = 1.0,
    half_sample: bool = False,
) -> Float[np.ndarray, "samples n"]:
    """The matrix from a state to the samples it remembers, oldest first: p_k(age), and 0 outside the window.

    Args and errors: as `recall`.
    """
    family = checks.choice(family, "family", MEMORIES)
    n, samples = checks.order(n, "n"), checks.integer(samples, "samples", 1)
    checks.room(n * samples, "n and samples")
    dt, half_sample = checks.number(dt, "dt", 1e-100, 1e100), checks.flag(half_sample, "half_sample")
    if family == "legs_scaled":  # its basis lives on the absolute time t in [0, 1] of the whole past
        t = (np.arange(samples) + 0.5) / samples if half_sample else np.linspace(0, 1, samples)
        return shifted_legendre(n, t)
    age = (np.arange(samples) + (0.5 if half_sample else 0.0)) * dt
    inside = measure(family, age, window) > 0
    if family == "legt" and not half_sample:  # the authors' LegT window is open
        inside &= (age > 0) & (age < float(window) * (1 - 1e-12))
    return (basis(family, n, np.where(inside, age, 0), window) * inside[:, None])[::-1]


def projection(
    family: str, n: SupportsInt, signal: ArrayLike, dt: SupportsFloat, window: SupportsFloat = 1.0
) -> Float[np.ndarray, " samples"]:
    """The best that any n coefficients could do: the signal's projection on the basis in the family's measure.

    Weighted least squares over the samples at half-sample ages, oldest first. Args: as `memory`. Raises: ValueError.
    """
    u = _signal(signal)
    _affordable(n, u)
    P = recall_matrix(family, n, len(u), dt, window, half_sample=True)
    weight = np.sqrt(_weights(family, len(u), dt, window))
    x, *_ = np.linalg.lstsq(weight[:, None] * P, weight * u, rcond=None)
    return P @ x


def relative_error(
    family: str, estimate: ArrayLike, signal: ArrayLike, dt: SupportsFloat, window: SupportsFloat = 1.0
) -> float:
    """sqrt(sum omega (estimate - signal)^2 / sum omega signal^2) in the measure of the family.

    Args: estimate, signal (samples,), oldest first, the last sample being now.
    Raises: ValueError, also if the signal is 0 wherever the measure is not.
    """
    u = _signal(signal)
    v = checks.real_array(estimate, "estimate", u.shape)
    weight = _weights(family, len(u), dt, window)
    if not weight.any():
        raise ValueError(f"dt must leave at least one sample inside the window, got {dt!r}")
    size = np.abs(u[weight > 0]).max()
    if size == 0:
        raise ValueError("signal must not be 0 in all of the measure: a relative error needs something to compare with")
    with np.errstate(over="ignore"):
        error = float(np.sqrt((weight * ((v - u) / size) ** 2).sum() / (weight * (u / size) ** 2).sum()))
    if not np.isfinite(error):
        raise ValueError(f"estimate must keep the error finite, got entries of up to {np.abs(v).max():g}")
    return error


def _weights(family: str, samples: int, dt: SupportsFloat, window: SupportsFloat) -> Float[np.ndarray, " samples"]:
    family = checks.choice(family, "family", MEMORIES)
    if family == "legs_scaled":
        return np.ones(samples)
    age = (np.arange(samples) + 0.5) * checks.number(dt, "dt", 1e-100, 1e100)
    return measure(family, age, window)[::-1]


def _signal(value: ArrayLike) -> Float[np.ndarray, " samples"]:
    u = checks.real_array(value, "signal", (None,))
    if len(u) == 0 or np.abs(u).max() > 1e150:
        raise ValueError("signal must hold at least one sample, and none beyond 1e150 in size")
    return u


def _affordable(n: SupportsInt, u: Float[np.ndarray, " samples"]) -> None:
    n = checks.order(n, "n")
    checks.room(n * len(u), "n and signal")
    if n**2 * len(u) > 10**11:
        raise ValueError(f"n must need at most 10^11 operations, n^2 a sample, got {n} for {len(u):,} samples")


def _index(at: Any, samples: int) -> int:
    at = checks.integer(at, "at", -samples, samples - 1)
    return at % samples
