"""The honest number beside alpha: what the layer reads, minus what noise of its shape reads.

An untrained 100 by 512 head reads 3.8 and an untrained square layer 2.1; on the usual scale both are "well trained". So
read the difference, in units of the scatter of noise. Ours: it corrects the offset that the shape gives to noise. The
offset of a layer with signal may be another, so that this number answers "is there structure?", and not "how much?".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.heavytails.ensembles import sides, wishart_spectra
from spectral_lab.heavytails.marchenko_pastur import LARGEST_Q, MarchenkoPastur
from spectral_lab.heavytails.tails import RULES, tail_exponent

SIMULATED, SEARCHED = 128, 512  # the largest side that is simulated as it is: median rule, and those that search
FEWEST, SPECTRA = 48, 400  # draws, and about how many spectra for them
POOLED, VALUES = 9, 1152  # so many slices are pooled as they are, or so many eigenvalues
LARGEST_SLICES = 4096


@dataclass(frozen=True)
class NoiseExponent:
    """What the rule reads off Gaussian noise of one shape: mean and standard deviation over draws, and the limit."""

    mean: float
    spread: float
    limit: float | None  # for infinitely large matrices of this aspect ratio; None where the rule has none


@dataclass(frozen=True)
class Corrected:
    """An exponent less that of noise: `difference`, and the same in standard deviations of noise."""

    alpha: float
    noise: NoiseExponent
    difference: float
    deviations: float


def noise_exponent(
    shape: Any, rule: str = "median", position: Any = 2, slices: SupportsInt = 1, seed: SupportsInt = 0
) -> NoiseExponent:
    """The exponent of Gaussian noise of shape (m, n), pooled over as many slices as a kernel has positions.

    Simulated by 48 to 400 draws of the spectrum, whose cost does not grow with the longer side. For the median rule a
    smaller side N above 128 is simulated at 128 with the same aspect ratio, and the result carried over: eigenvalues
    are rigid, so offset and scatter fall like 1/N. Those of the searching rules grow: they are simulated up to N = 512;
    beyond, they stand as they are there, too low.

    Args: shape; rule and position as `tail_exponent`; slices from 1 to 4096; seed. Raises: ValueError.
    """
    rule = checks.choice(rule, "rule", RULES)
    position = checks.number(position, "position", 1.01, 1000)
    slices = checks.integer(slices, "slices", 1, LARGEST_SLICES)
    m, n = sides(shape)
    long, N = max(m, n), min(m, n)
    if long > LARGEST_Q * N or N * slices < 2:
        raise ValueError(f"shape must have a ratio of at most 1e8 and give 2 eigenvalues, got {checks.shown(shape)}")
    return _simulated(long, N, rule, position, slices, checks.integer(seed, "seed", 0))


def null_corrected(
    alpha: Any, shape: Any, rule: str = "median", position: Any = 2, slices: SupportsInt = 1
) -> Corrected:
    """alpha minus `noise_exponent` of the shape; 0 for noise, negative for a heavier tail. Raises: ValueError."""
    alpha = checks.number(alpha, "alpha", 0, 1e6)
    noise = noise_exponent(shape, rule, position, slices)
    difference = alpha - noise.mean
    return Corrected(alpha, noise, difference, difference / noise.spread)


@lru_cache(maxsize=1000)
def _simulated(long: int, N: int, rule: str, position: float, slices: int, seed: int) -> NoiseExponent:
    limit = MarchenkoPastur(long / N).hill_exponent(1 / position) if rule == "median" else None
    small = min(N, SIMULATED if rule == "median" else SEARCHED)
    pooled = min(slices, max(POOLED, VALUES // small))  # its scatter falls like the root of its size beyond
    draws = max(FEWEST, SPECTRA // pooled if rule == "median" else 0)
    spectra = wishart_spectra((max(round(long * small / N), small), small), draws * pooled, seed)
    pools = spectra.reshape(draws, -1)
    alphas = median_exponents(pools, position) if rule == "median" else _searched(pools, rule)
    mean, spread = float(alphas.mean()), float(alphas.std(ddof=1))
    if limit is None:
        return NoiseExponent(mean, spread, None)
    shrink = small / N
    return NoiseExponent(limit + (mean - limit) * shrink, spread * shrink * (pooled / slices) ** 0.5, limit)


def median_exponents(pools: Float[np.ndarray, "draws N"], position: float) -> Float[np.ndarray, " draws"]:
    """What the median rule of `tail_exponent` reads off each row, all rows at once."""
    N = pools.shape[1]
    tails = np.maximum(np.sort(pools)[:, min(int(N / position), N - 2) :], 1e-300)
    return 1 + tails.shape[1] / np.log(tails / tails[:, :1]).sum(axis=1)


def _searched(pools: Float[np.ndarray, "draws N"], rule: str) -> Float[np.ndarray, " draws"]:
    return np.array([tail_exponent(pool, rule).alpha for pool in pools])
