"""The three phases in small: gates that learn which of many paths matter, while most of them are switched off.

Each of P paths carries a part of a target, of size t_p; with its gate g_p the error is

    E(g) = sum over all paths of (t_p - g_p [p is kept])^2 / sum of t_p^2

and a step moves the gates of kept paths a fifth of the way to t_p, with some noise; the others feel nothing, as in
SPHNet. Paths are random and orthogonal here, so nothing else is like a network. (Derived here.)
"""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple, SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from spectral_lab import checks


class GateHistory(NamedTuple):
    """Gates before each step, which of them were kept, and the error after it; the target that they learn."""

    gates: Float[np.ndarray, "steps paths"]
    kept: Bool[np.ndarray, "steps paths"]
    errors: Float[np.ndarray, " steps"]
    target: Float[np.ndarray, " paths"]


def choose(scores: ArrayLike, sparsity: SupportsFloat) -> Int[np.ndarray, " kept"]:
    """The places of the scores that are at least their k-quantile, k = sparsity, below 1; ties at it are all kept.

    Raises: ValueError.
    """
    scores = checks.real_array(scores, "scores", (None,))
    k = checks.number(sparsity, "sparsity", 0, 0.999)
    if not len(scores):
        raise ValueError("scores must have a shape with at least one entry, got none")
    # The next score from the quantile's place on: an interpolated quantile may be rounded past the score it falls on.
    place = ceil(round((len(scores) - 1) * k, 9))
    return np.flatnonzero(scores >= np.sort(scores)[place])


def learn_gates(
    paths: SupportsInt,
    sparsity: SupportsFloat,
    random: SupportsInt,
    adaptive: SupportsInt,
    steps: SupportsInt = 200,
    seed: SupportsInt = 0,
) -> GateHistory:
    """Gates, all 1 at first, through their phases: so many random steps, so many adaptive ones, then frozen.

    Args: paths, 2 to 500; sparsity k, 0 to 0.95; random, adaptive, steps, at most 2000. Raises: ValueError.
    """
    P, k = checks.integer(paths, "paths", 2, 500), checks.number(sparsity, "sparsity", 0, 0.95)
    first, then = (checks.integer(n, name, 0, 2000) for n, name in ((random, "random"), (adaptive, "adaptive")))
    steps = checks.integer(steps, "steps", 1, 2000)
    rng = np.random.default_rng(checks.integer(seed, "seed", 0, 2**63 - 1))
    target = 2 * rng.random(P) ** 2
    gates, kept = np.ones((steps, P)), np.zeros((steps, P), dtype=bool)
    g, count, errors = np.ones(P), max(1, floor((1 - k) * P + 1e-9)), np.empty(steps)
    now = choose(g, k)
    for step in range(steps):
        if step < first:
            now = rng.permutation(P)[:count]
        elif step < first + then or step == first:
            now = choose(g, k)
        gates[step], kept[step, now] = g, True
        g = g.copy()
        g[now] += 0.2 * (target[now] - g[now]) + 0.05 * rng.standard_normal(len(now))
        missing = target.copy()
        missing[now] -= g[now]
        errors[step] = (missing**2).sum() / (target**2).sum()
    return GateHistory(gates, kept, errors, target)
