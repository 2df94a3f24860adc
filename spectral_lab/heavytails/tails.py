"""Tail exponents: if the density of eigenvalues falls like lambda^-alpha beyond some x_min, what is alpha?

Sort lambda_0 <= ... <= lambda_{N-1} and let the tail start at index i, with t = N - i values. Then

    alpha_i = 1 + t / sum_{j >= i} ln(lambda_j / lambda_i)
    D_i = max_{j >= i} |1 - (lambda_j / lambda_i)^{1 - alpha_i} - (j - i) / t|

are Hill's estimator of the exponent and the distance of Kolmogorov and Smirnov between the tail and its power law. The
start is counted in t although its own logarithm is 0, as in the released programs: alpha - 1 is (k + 1) / k times
Hill's (1975) textbook value with k = t - 1. What remains is where the tail starts, and in nothing else do rules differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from spectral_lab import checks

RULES = ("median", "goodness-of-fit", "peak")
BOUNDS = ("released", "intended")
BINS = 100  # of the histogram of log10(lambda) whose fullest bin is the peak
FEW, SHORT = 5, 2.0
EXACT, CANDIDATES = 10_000, 512  # from EXACT values on, no more than CANDIDATES starts are tried
STRIDE = 8
CACHED = 60_000  # numbers that are worked on at a time, few enough to stay near the processor


@dataclass(frozen=True)
class TailFit:
    """A power law fitted to the tail: its exponent, where it starts, how far it is off, and what speaks against it.

    `start` is the index of x_min among the sorted values, `count` how many lie in the tail, `doubts` plain sentences.
    """

    alpha: float
    x_min: float
    distance: float
    start: int
    count: int
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class HillCurve:
    """Exponent and Kolmogorov-Smirnov distance for every start 0..N-2 of the tail."""

    alphas: Float[np.ndarray, " starts"]
    distances: Float[np.ndarray, " starts"]


def hill_curve(eigenvalues: ArrayLike) -> HillCurve:
    """All exponents and all distances, the exponents in one pass of sums from the end.

    A start at a zero eigenvalue has exponent 1 and distance 1, the limit of small values; exponents up to 1 keep the
    distance 1, as in the released programs. Equal values to the end give an infinite exponent.
    At most 20 000 eigenvalues, at least 2. Raises: ValueError.
    """
    values = spectrum(eigenvalues)
    if len(values) > 2 * EXACT:
        raise ValueError(f"eigenvalues must be at most {2 * EXACT:,} in number, got {len(values):,}")
    alphas = _exponents(values)
    return HillCurve(alphas, _distances(values, alphas, np.arange(len(alphas))))


def tail_exponent(
    eigenvalues: ArrayLike,
    rule: str = "median",
    position: Any = 2,
    bounds: str = "released",
    keep_above: Any = None,
) -> TailFit:
    """Fit a power law to the tail of a spectrum, by one of the rules in use for where the tail starts.

    - "median": at index floor(N / position): the upper half for position 2 (`xmin_mid`; TempBalance, FARMS on images),
      in general all but the lowest 1 / position of the values;
    - "goodness-of-fit": where D_i is least (Clauset, Shalizi, Newman 2009; powerlaw, WeightWatcher);
    - "peak": the same, among lambda_i from 0.95 to 1.5 times the peak of the density of log10(lambda), which is the
      left edge of the fullest of 100 bins (`xmin_peak`; AlphaPruning, FARMS on language models). With
      bounds="released" the lower bound is log10(0.95 peak), a logarithm compared with a value, which hardly ever binds.

    keep_above leaves out eigenvalues up to that size first; it is no share but a size, so it depends on the unit.
    From 10 000 values on the two searching rules try 512 starts, evenly spaced among those allowed; exponent and
    distance at the start that they choose are exact.

    Args: at least 2 eigenvalues, not negative; position above 1. Raises: ValueError.
    """
    rule, bounds = checks.choice(rule, "rule", RULES), checks.choice(bounds, "bounds", BOUNDS)
    position = checks.number(position, "position", above=1, maximum=1e9)
    values = spectrum(eigenvalues, keep_above)
    N = len(values)
    alphas = _exponents(values)
    if rule == "median":
        starts = np.array([min(int(N / position), N - 2)])
    else:
        starts = np.arange(N - 1) if rule == "goodness-of-fit" else _near_the_peak(values, bounds)
        if N >= EXACT:
            starts = np.unique(starts[np.linspace(0, len(starts) - 1, CANDIDATES).round().astype(int)])
    distances = _distances(values, alphas, starts)
    best = int(distances.argmin())
    start, alpha = int(starts[best]), float(alphas[starts[best]])
    return TailFit(alpha, float(values[start]), float(distances[best]), start, N - start, _doubts(values, start, alpha))


def spectrum(eigenvalues: ArrayLike, keep_above: Any = None) -> Float[np.ndarray, " N"]:
    """The eigenvalues, checked and ascending. Raises: ValueError if fewer than two are left, or one is negative."""
    values = checks.real_array(eigenvalues, "eigenvalues", (None,))
    checks.room(values.size, "eigenvalues")
    if values.size and values.min() < 0:
        raise ValueError(f"eigenvalues must be squares of singular values, not negative, got {values.min():.3g}")
    if keep_above is not None:
        values = values[values > checks.number(keep_above, "keep_above", 0)]
        if len(values) < 2:
            raise ValueError(
                f"keep_above must leave at least 2 eigenvalues, got {keep_above}, which leaves {len(values)}"
            )
    if len(values) < 2:
        raise ValueError(f"eigenvalues must be at least 2 in number, got {len(values)}")
    return np.sort(values)


def _exponents(values: Float[np.ndarray, " N"]) -> Float[np.ndarray, " starts"]:
    """alpha_i for i = 0..N-2."""
    N = len(values)
    logs = _logs(values)
    counts = np.arange(N, 0, -1)
    # Logarithms from the largest value: the sums then hold no common part that would cancel.
    below = logs - logs[-1]
    sums = np.cumsum(below[::-1])[::-1] - counts * below
    with np.errstate(divide="ignore", invalid="ignore"):
        alphas = 1 + counts / np.maximum(sums, 0)
    alphas[values == values[-1]] = np.inf
    alphas[values == 0] = 1.0
    return alphas[:-1]


def _logs(values: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
    positive = values > 0
    return np.log(np.where(positive, values, 1.0), where=positive, out=np.full(len(values), -800.0))


def _distances(
    values: Float[np.ndarray, " N"], alphas: Float[np.ndarray, " starts"], starts: Int[np.ndarray, " some"]
) -> Float[np.ndarray, " some"]:
    """D_i for some starts, without looking at every j.

    Both the power law and the step function grow with j. So between two points j < k neither can differ from the other
    by more than one of them at k from the other at j. Look at every 8th point first; then only into those gaps whose
    bound exceeds what was found.
    """
    logs, result = _logs(values), np.ones(len(starts))
    usable = np.flatnonzero((alphas[starts] > 1) & np.isfinite(alphas[starts]) & (values[starts] > 0))
    flat = np.isinf(alphas[starts])
    result[flat] = 1 - 1 / (len(values) - starts[flat])  # all values equal: the law stays at 0, the steps do not
    rows = max(CACHED // (len(values) // STRIDE + 2), 1)
    for first in range(0, len(usable), rows):
        some = usable[first : first + rows]
        result[some] = _suprema(logs, alphas[starts[some]] - 1, starts[some])
    return result


def _suprema(
    logs: Float[np.ndarray, " N"], powers: Float[np.ndarray, " some"], starts: Int[np.ndarray, " some"]
) -> Float[np.ndarray, " some"]:
    last = len(logs) - 1
    counts = (last + 1 - starts)[:, None]
    grid = np.minimum(starts[:, None] + np.arange(0, last - starts.min() + STRIDE, STRIDE), last)
    law = -np.expm1(-powers[:, None] * (logs[grid] - logs[starts, None]))
    steps = (grid - starts[:, None]) / counts
    found = np.abs(law - steps).max(axis=1)
    bound = np.maximum(law[:, 1:] - steps[:, :-1], steps[:, 1:] - law[:, :-1])
    row, gap = np.nonzero((bound > found[:, None]) & (np.diff(grid) > 1))
    for first in range(0, len(row), 30_000):
        r, g = row[first : first + 30_000], gap[first : first + 30_000]
        inner = np.minimum(grid[r, g][:, None] + np.arange(1, STRIDE), last)
        law_inside = -np.expm1(-powers[r, None] * (logs[inner] - logs[starts[r], None]))
        off = np.abs(law_inside - (inner - starts[r, None]) / counts[r]).max(axis=1)
        np.maximum.at(found, r, off)
    return found


def _near_the_peak(values: Float[np.ndarray, " N"], bounds: str) -> Int[np.ndarray, " some"]:
    """The starts that the peak rule allows."""
    positive = values[values > 0]
    if len(positive) < 2:
        return np.array([max(len(values) - 2, 0)])
    counts, edges = np.histogram(np.log10(positive), bins=BINS)
    peak = 10.0 ** edges[counts.argmax()]
    lowest = math.log10(0.95 * peak) if bounds == "released" else 0.95 * peak
    allowed = np.flatnonzero((values[:-1] >= lowest) & (values[:-1] <= 1.5 * peak) & (values[:-1] > 0))
    # A bin may be so wide that no value lies within 1.5 of its left edge: then the first value in it.
    return allowed if len(allowed) else np.array([min(np.searchsorted(values, peak), len(values) - 2)])


def _doubts(values: Float[np.ndarray, " N"], start: int, alpha: float) -> tuple[str, ...]:
    zeros, tail, span = int((values == 0).sum()), len(values) - start, values[-1] / (values[start] or math.inf)
    doubts = []
    if len(values) < FEW:
        doubts.append(f"{len(values)} eigenvalues are too few for any exponent")
    if zeros:
        doubts.append(f"{zeros} of {len(values)} eigenvalues are 0")
    if values[start] == 0:
        doubts.append("the tail starts at 0")
    elif tail < FEW:
        doubts.append(f"the tail holds only {tail} values")
    if values[start] and span < SHORT:
        doubts.append(f"the tail spans a factor of {span:.2f}: it starts at the edge, where no power law can be told")
    if alpha <= 1:
        doubts.append("an exponent of 1 or less belongs to no density")
    return tuple(doubts)
