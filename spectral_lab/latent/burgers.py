"""Burgers' equation u_t + (u^2/2)_x = nu u_xx, period 1: the smallest equation that steepens, shocks and dissipates.

In coefficient space diffusion only damps, each mode by itself; the nonlinearity pumps energy to high frequencies until
diffusion stops it, at about 1/nu. If the grid ends before, products of high modes come back as low ones: aliasing.
Cole (1951) and Hopf (1950) found every solution in closed form, which makes it a test with an answer.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks

LARGEST_STEPS = 1_000_000


def cole_hopf(x: ArrayLike, t: Any, viscosity: Any) -> Float[np.ndarray, "*points"]:
    """The exact solution at x and t >= 0 for u(x, 0) = sin(2 pi x), to 1e-11.

    u = -2 nu theta_x / theta, where theta solves the heat equation from exp(cos(2 pi y) / (4 pi nu)). So u is an
    average of u(y, 0) with positive weights, and nothing cancels (the average: derived here):

        u(x, t) = E[sin 2 pi y],   weight of y:  exp(cos(2 pi y) / (4 pi nu) - (x - y)^2 / (4 nu t)).

    Args: x, real, of any shape; t, 0 to 100; viscosity nu, 1e-4 to 100. Raises: ValueError.
    """
    place, t = checks.real_array(x, "x"), checks.number(t, "t", 0, 100)
    nu = checks.number(viscosity, "viscosity", 1e-4, 100)
    place = place - np.floor(place)
    if t < 1e-14:
        return np.asarray(np.sin(2 * np.pi * place))
    # The weight is at least as wide as `narrow`, has period-1 parts, and is below e^-40 of its largest beyond `reach`.
    narrow = 1 / math.sqrt(1 / (2 * nu * t) + math.pi / nu)
    reach = math.sqrt(2 * t / math.pi + 160 * nu * t)
    count = math.ceil(max(4 / narrow, 32) * reach)
    checks.room(place.size * (2 * count + 1) // 4, "x, t and 1 / viscosity")
    offset = reach / count * np.arange(-count, count + 1)
    y = place[..., None] + offset
    exponent = np.cos(2 * np.pi * y) / (4 * np.pi * nu) - offset**2 / (4 * nu * t)
    weight = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    return np.asarray((weight * np.sin(2 * np.pi * y)).sum(axis=-1) / weight.sum(axis=-1))


def burgers(
    u0: ArrayLike, viscosity: Any, times: ArrayLike, dealias: bool = True, step: Any = None
) -> Float[np.ndarray, "times N"]:
    """u at the given times, from N samples of u(., 0) on [0, 1): pseudospectral, RK4 with an integrating factor.

    v_k = e^{nu (2 pi k)^2 t} u_k takes diffusion out exactly, and RK4 steps v (Canuto and others, "Spectral Methods",
    2006). `dealias` keeps |k| < N/3 of the product: then u^2 is free of aliasing. The step, if not given, turns
    no wave by more than a quarter of a radian. At N = 256 and viscosity 0.01 that costs 3e-10.
    A shock narrower than the grid, as any at viscosity 0, makes the answer ring: past it this is no solution.

    Args: u0 (N,), N from 4 to 8192; viscosity, 0 to 1e6; times, ascending from 0 or later, up to 1e6; step > 0, up to
    the next of the times at most.
    Raises: ValueError, also where the solution blows up, which diffusion and the exact law ||u(t)|| <= ||u0|| forbid.
    """
    u0, times = checks.real_array(u0, "u0", (None,)), ascending(times)
    N, nu = checks.integer(len(u0), "the length of u0", 4, 8192), checks.number(viscosity, "viscosity", 0, 1e6)
    dealias, speed = checks.flag(dealias, "dealias"), float(np.abs(u0).max())
    if speed > 1e6:
        raise ValueError(f"u0 must be at most 1e6 in size, got {speed:.3g}")
    k = 2 * np.pi * np.arange(N // 2 + 1)
    # (u^2/2)_x: the last frequency of an even N has no derivative on the grid.
    derivative = -0.5j * k * (np.arange(len(k)) < (N / 3 if dealias else N / 2))
    if step is None:
        step = 0.25 / (speed * 2 * np.abs(derivative).max() + 1e-3)
    step = checks.number(step, "step", above=0)
    fft = scipy.fft

    def product(v: np.ndarray) -> np.ndarray:
        return derivative * fft.rfft(np.square(fft.irfft(v, N)))

    most = 3 * float(np.linalg.norm(u0))
    solution, v, now = np.empty((len(times), N)), fft.rfft(u0), 0.0
    for row, time in zip(solution, times, strict=True):
        count = steps_between(now, time, step)
        if count:
            half = np.exp(-nu * k**2 * (time - now) / count / 2)
            v, now = rk4(v, half, product, (time - now) / count, count), time
        row[:] = fft.irfft(v, N)
        if not np.linalg.norm(row) <= most:
            raise ValueError(
                f"step and viscosity must keep u from blowing up, which it did before t = {time:g}: take a smaller "
                f"step than {step:.3g}, more samples, or dealias"
            )
    return solution


def rk4(v: Any, half: Any, product: Any, h: float, count: int) -> Any:
    """`count` steps of RK4 of length h for v' = L v + product(v), diagonal L, with `half` = e^{L h / 2}.

    The integrating factor takes L out exactly, so only `product` limits the step. Arrays or tensors.
    """
    with np.errstate(all="ignore"):
        for _ in range(count):
            middle = half * v
            a = h * product(v)
            b = h * product(middle + half * (0.5 * a))
            c = h * product(middle + 0.5 * b)
            d = h * product(half * (middle + c))
            v = half * (middle + (half * a + 2 * (b + c)) / 6) + d / 6
    return v


def ascending(times: ArrayLike) -> Float[np.ndarray, " times"]:
    """Times in ascending order from 0 up to 1e6; ValueError otherwise."""
    times = checks.real_array(times, "times", (None,))
    if len(times) == 0 or times[0] < 0 or times[-1] > 1e6 or (np.diff(times) < 0).any():
        raise ValueError(f"times must be at least one number, ascending from 0 to 1e6, got {checks.shown(times)}")
    return times


def steps_between(start: float, end: float, step: float) -> int:
    """How many equal steps of at most `step` lead from one time to another; ValueError for too many."""
    count = (end - start) / step
    if count > LARGEST_STEPS:
        raise ValueError(f"step must be at least a millionth of the time between two records, got {step:.3g}")
    return math.ceil(count * (1 - 1e-9))
