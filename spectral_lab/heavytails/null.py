"""The honest number beside alpha: what the layer reads, minus what noise of its shape reads.

An untrained 100 by 512 head reads 3.8 and an untrained square layer 2.1; on the usual scale both are "well trained". So
read the difference, in units of the scatter of noise. Ours: it corrects the offset that the shape gives to noise. The
offset of a layer with signal may be another, so that this number answers "is there structure?", and not "how much?".
"""

from __future__ import annotations

import math
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
# Of one matrix of N > 128 rows under the median rule: N / (limit - 1) times offset and standard deviation, measured
# once on 20 000 draws of N = 128 at each of eight aspect ratios. They are smooth in sqrt(q), as the law of noise is.
OFFSET, SCATTER = (1.54, 0.28, 0.19), (2.77, 0.12, 0.42)  # of 1, sqrt(q) and q
GROWTH = 0.16  # of the squared scatter with ln(N / 128): an eigenvalue in the bulk strays by sqrt(ln N) of its distance
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
    smaller side N above 128 is carried over from 128 at the same aspect ratio: eigenvalues are rigid, so offset and
    scatter fall like 1/N. Of single matrices with the tail at the median the draws at 128 were made once and for all,
    and the scatter is right to a few percent. Those of the searching rules grow: they are simulated up to N = 512;
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
    return _noise(long, N, rule, position, slices, checks.integer(seed, "seed", 0))


def null_corrected(
    alpha: Any, shape: Any, rule: str = "median", position: Any = 2, slices: SupportsInt = 1
) -> Corrected:
    """alpha minus `noise_exponent` of the shape; 0 for noise, negative for a heavier tail. Raises: ValueError."""
    alpha = checks.number(alpha, "alpha", 0, 1e6)
    noise = noise_exponent(shape, rule, position, slices)
    difference = alpha - noise.mean
    return Corrected(alpha, noise, difference, difference / noise.spread)


@lru_cache(maxsize=1000)
def _noise(long: int, N: int, rule: str, position: float, slices: int, seed: int) -> NoiseExponent:
    law = MarchenkoPastur(long / N)
    limit = law.hill_exponent(1 / position) if rule == "median" else None
    if limit is not None and (position, slices) == (2, 1) and N > SIMULATED:
        powers, unit = (N / long) ** np.array([0, 0.5, 1]), (limit - 1) / N
        spread = unit * float(powers @ SCATTER) * (1 + GROWTH * math.log(N / SIMULATED)) ** 0.5
        middle = law.hill_exponent((N // 2) / N)  # of an odd N the tail starts half a step before it
        return NoiseExponent(middle + unit * float(powers @ OFFSET), spread, limit)
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
