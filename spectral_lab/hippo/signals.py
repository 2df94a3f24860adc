"""Test signals: band-limited noise, the standard input of memory experiments."""

from __future__ import annotations

from typing import Any, SupportsFloat

import numpy as np
from jaxtyping import Float

from spectral_lab import checks


def white_signal(
    period: SupportsFloat, dt: SupportsFloat, freq: SupportsFloat, seed: Any = 0
) -> Float[np.ndarray, " samples"]:
    """White noise below the frequency `freq`, with rms 1/2, shifted to start at 0.

    A random Fourier series of 2 ceil(period / (2 dt)) samples: normal real and imaginary parts up to the cut-off, no
    mean. It is the signal of the HiPPO experiments (arXiv 2206.12037, after Nengo's WhiteSignal), with the same draws
    from the same legacy generator, so that a seed gives their numbers.

    Args: period in units of time; dt between samples; freq in cycles per unit of time, from 1/period to 1/(2 dt);
        seed, an integer from 0 to 2^32 - 1, or a `numpy.random.RandomState` to go on drawing from.
    Raises: ValueError.
    """
    period, dt = checks.number(period, "period", above=0), checks.number(dt, "dt", above=0)
    freq = checks.number(freq, "freq", above=0)
    if freq < 1 / period or freq > 0.5 / dt:
        raise ValueError(f"freq must lie between 1/period = {1 / period:g} and 1/(2 dt) = {0.5 / dt:g}, got {freq!r}")
    checks.room(2 * int(np.ceil(min(period / dt / 2, 1e18))), "period/dt")
    draw = seed
    if not isinstance(seed, np.random.RandomState):
        draw = np.random.RandomState(checks.integer(seed, "seed", 0, 2**32 - 1))
    return white_signals(1, period, dt, freq, draw)[0]


def white_signals(
    count: int, period: float, dt: float, freq: float, draw: np.random.RandomState
) -> Float[np.ndarray, "count samples"]:
    """Many at once, all imaginary parts drawn before all real parts. Args as `white_signal`, already checked."""
    rms = 0.5
    half = int(np.ceil(period / dt / 2))
    sigma = rms * np.sqrt(0.5)
    coefficients = 1j * draw.normal(0.0, sigma, size=(count, half + 1))
    coefficients[:, -1] = 0.0
    coefficients += draw.normal(0.0, sigma, size=(count, half + 1))
    coefficients[:, 0] = 0.0
    cut = np.fft.rfftfreq(2 * half, d=dt) > freq
    coefficients[:, cut] = 0.0
    coefficients /= np.sqrt(1 - np.count_nonzero(cut) / half)
    signals = np.fft.irfft(coefficients * np.sqrt(2 * half))
    return signals - signals[:, :1]
