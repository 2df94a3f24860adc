"""One theorem behind both LegS memories: Legendre polynomials in warped time.

For an increasing differentiable a(t), let sigma(t, s) = e^{a(s) - a(t)}: 1 now, and smaller the older s is. With the
LegS pair (A, B), the system with speed a'(t),

    x'(t) = a'(t) (A x + B u)    has    x_k(t) = int_0^1 u(s(sigma)) L_k(sigma) d sigma,

so its basis is p_k(t, s) = L_k(sigma) and its measure omega(t, s) = a'(s) sigma ("How to Train Your HiPPO", arXiv
2206.12037, the time-warp theorem). a(t) = t gives S4's time-invariant LegS, which forgets exponentially; a(t) = log t
gives the original HiPPO-LegS, x' = (A x + B u)/t, which weighs all of [0, t] equally and has no time scale.
Here s is absolute time, not age.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.hippo.bases import shifted_legendre

RealFunction = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class TimeWarp:
    """An increasing function a(t), its derivative, and its inverse, each acting on arrays."""

    a: RealFunction
    derivative: RealFunction
    inverse: RealFunction

    def __post_init__(self) -> None:
        """Raises: ValueError for what cannot be called."""
        for name in ("a", "derivative", "inverse"):
            if not callable(getattr(self, name)):
                raise ValueError(f"{name} must be a function of arrays, got {checks.shown(getattr(self, name))}")

    def sigma(self, t: Any, s: Any) -> Float[np.ndarray, "*times"]:
        """sigma(t, s) = e^{a(s) - a(t)}, the warped position of time s <= t: 1 at s = t, towards 0 in the far past.

        Raises: ValueError for times outside the domain of a.
        """
        with np.errstate(all="ignore"):
            sigma = np.asarray(np.exp(self.a(np.asarray(s, dtype=float)) - self.a(np.asarray(t, dtype=float))))
        if not np.isfinite(sigma).all():
            raise ValueError("t and s must lie in the domain of the warp")
        return sigma


EXPONENTIAL = TimeWarp(a=lambda t: t, derivative=np.ones_like, inverse=lambda a: a)
UNIFORM = TimeWarp(a=np.log, derivative=np.reciprocal, inverse=np.exp)


def warped_basis(warp: Any, n: SupportsInt, t: Any, s: Any) -> Float[np.ndarray, "*times n"]:
    """p_k(t, s) = L_k(sigma(t, s)), k = 0..n-1, in the last axis.

    Args: t, the present; s <= t, absolute times in the domain of the warp. Raises: ValueError.
    """
    n, (t, s) = checks.order(n, "n"), _past(warp, t, s)
    checks.room(n * np.broadcast(t, s).size, "n, t and s")
    return shifted_legendre(n, warp.sigma(t, s))


def warped_measure(warp: Any, t: Any, s: Any) -> Float[np.ndarray, "*times"]:
    """omega(t, s) = a'(s) sigma(t, s). Its integral over the past is 1 if a is unbounded below.

    Args: as `warped_basis`. Raises: ValueError.
    """
    t, s = _past(warp, t, s)
    sigma = warp.sigma(t, s)
    with np.errstate(all="ignore"):
        omega = np.asarray(warp.derivative(s) * sigma)
    if not np.isfinite(omega).all():
        raise ValueError("s must lie in the domain of the warp")
    return omega


def warped_coefficients(
    warp: Any, n: SupportsInt, signal: Any, t: SupportsFloat, nodes: SupportsInt = 400
) -> Float[np.ndarray, " n"]:
    """The state x(t) of the warped system, x_k = int_0^1 u(s(sigma)) L_k(sigma) d sigma, by Gauss-Legendre nodes.

    Args: signal, u as a function of absolute time, smooth on (-inf, t] or the domain of the warp; nodes, the order of
        the quadrature, up to 2000, exact for polynomials in sigma of degree 2 nodes - 1.
    Raises: ValueError.
    """
    n, nodes = checks.order(n, "n"), checks.integer(nodes, "nodes", 1, 2000)
    present = checks.number(t, "t")
    _is_warp(warp)
    if not callable(signal):
        raise ValueError(f"signal must be a function of arrays of times, got {checks.shown(signal)}")
    points, weights = np.polynomial.legendre.leggauss(nodes)
    sigma = (points + 1) / 2
    with np.errstate(all="ignore"):
        past = warp.inverse(np.log(sigma) + warp.a(np.asarray(present)))
    if not np.isfinite(past).all():
        raise ValueError(f"t must lie in the domain of the warp, got {t!r}")
    return (weights / 2 * checks.real_array(signal(past), "signal(times)", past.shape)) @ shifted_legendre(n, sigma)


def _past(warp: Any, t: Any, s: Any) -> tuple[Float[np.ndarray, "*now"], Float[np.ndarray, "*then"]]:
    _is_warp(warp)
    t, s = checks.real_array(t, "t"), checks.real_array(s, "s")
    try:
        later = (s > t).any()
    except ValueError:
        raise ValueError(f"s must fit t of shape {t.shape}, got shape {s.shape}") from None
    if later:
        raise ValueError("s must be at most t: the memory sees only the past")
    return t, s


def _is_warp(warp: Any) -> None:
    if not isinstance(warp, TimeWarp):
        raise ValueError(f"warp must be a TimeWarp, got {checks.shown(warp)}")
