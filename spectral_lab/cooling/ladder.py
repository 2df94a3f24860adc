"""Why a dozen steps are enough, and why a measurement is needed: the ladder law and the no-go statement.

All of this is derived here, beyond the paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.bands import evolve
from spectral_lab.cooling.levels import levels
from spectral_lab.cooling.protocol import perturbations
from spectral_lab.cooling.spin_chains import generator

MIXING = ("uniform", "haar")


def ladder_law(k: Any, mixing: str = "haar") -> float:
    """Expected steps from the k-th excited level to the ground level, with an exact read-out after each full mixing.

    'uniform' (each of the levels 0..k equally likely): 1 + H_k, H_k = 1 + 1/2 + .. + 1/k. 'haar' (long coherent
    evolution with random eigenvectors, which returns to its start twice as often): 2 + H_k. 0 for k = 0.
    """
    k = checks.integer(k, "k", 0, 10**15)
    extra = {"uniform": 1, "haar": 2}[checks.choice(mixing, "mixing", MIXING)]
    return extra + float(scipy.special.digamma(k + 1) + np.euler_gamma) if k else 0.0


def ladder_walks(k: Any, walks: Any, seed: Any = 0, mixing: str = "haar") -> Int[np.ndarray, " walks"]:
    """Steps taken by simulated walks down the ladder from level k, for comparison with `ladder_law`.

    'haar' draws the eigenvectors and the phases of every step afresh: P(j) = |sum_l W_jl e^{i phase_l} W*_kl|^2.
    Raises ValueError if these are more than 1e7 numbers at once.
    """
    k, walks = checks.integer(k, "k", 0, 100_000), checks.integer(walks, "walks", 1, 1_000_000)
    mixing = checks.choice(mixing, "mixing", MIXING)
    if walks * max(k, 10) > 10_000_000:
        raise ValueError(f"walks must be at most {10_000_000 // max(k, 10)} from level k = {k}, got {walks}")
    if mixing == "haar" and walks * (k + 1) ** 2 > 1e7:
        raise ValueError(f"walks (k + 1)^2 must be at most 1e+07, got {walks * (k + 1) ** 2:.2g}: take fewer walks")
    rng = generator(seed)
    level, steps = np.full(walks, k), np.zeros(walks, dtype=int)
    while np.any(level):
        for start in np.unique(level[level > 0]).tolist():
            here = np.flatnonzero(level == start)
            steps[here] += 1
            if mixing == "uniform":
                level[here] = rng.integers(start + 1, size=len(here))
            else:
                chance = _haar_populations(start + 1, len(here), rng)
                level[here] = (chance.cumsum(axis=1) < rng.random((len(here), 1))).sum(axis=1).clip(0, start)
    return steps


def descend(
    H: Any,
    start: Any,
    *,
    angle: Any = 8.0,
    alpha: Any = 0.1,
    drive: str = "constant",
    perturbation: Any = "field",
    max_steps: Any = 1000,
    seed: Any = 0,
) -> Int[np.ndarray, " steps1"]:
    """The levels visited on the way down: exact read-out, exact sign just above the level found, stir, again.

    `start` is the index of an eigenvector. Only the ORDER of the levels enters: no energy and no gap (the paper's
    'no prior knowledge of gaps', here exactly). Ends at the ground level, or after max_steps.
    """
    spectrum = levels(H)
    level = checks.integer(start, "start", 0, spectrum.dimension - 1)
    max_steps = checks.integer(max_steps, "max_steps", 0, 100_000)
    rng = generator(seed)
    fields = perturbations(perturbation, max_steps, spectrum, rng)
    tops = np.array([np.flatnonzero(spectrum.same_level(i))[[0, -1]] for i in range(spectrum.dimension)])
    visited = [int(tops[level, 0])]
    c = np.eye(spectrum.dimension, dtype=complex)[level]
    while visited[-1] > 0 and len(visited) <= max_steps:
        s = np.where(np.arange(spectrum.dimension) <= tops[visited[-1], 1], -1.0, 1.0)
        c = evolve(c, s, next(fields), alpha=alpha, angle=angle, drive=drive)
        chance = np.abs(c) ** 2
        lowest, highest = tops[rng.choice(len(c), p=chance / chance.sum())]
        c[:lowest] = c[highest + 1 :] = 0
        c /= np.linalg.norm(c)
        visited.append(int(lowest))
    return np.array(visited)


def mean_ground_population(H: Any, unitaries: Iterable[ArrayLike]) -> float:
    """Ground-space population after a fixed sequence of unitaries, averaged over an orthonormal basis of inputs.

    It is g/N for a g-fold ground level, whatever the unitaries: sum_i |<0|U|i>|^2 = 1. So a schedule that does not
    look at the state cannot cool an unknown one. The unitaries are in the basis of the levels.
    Raises ValueError on a matrix that is not unitary (1e-8).
    """
    spectrum = levels(H)
    total = np.eye(spectrum.dimension, dtype=complex)
    if not isinstance(unitaries, Iterable):
        raise ValueError(f"unitaries must be a sequence of matrices, got {checks.shown(unitaries)}")
    for U in unitaries:
        U = checks.array(U, "unitaries", (spectrum.dimension,) * 2)
        defect = np.abs(U @ U.conj().T - np.eye(spectrum.dimension)).max()
        if defect > 1e-8:
            raise ValueError(f"unitaries must be unitary, but U U* differs from 1 by {defect:.2g}")
        total = U @ total
    return float((np.abs(total[spectrum.same_level(0)]) ** 2).sum() / spectrum.dimension)


def _haar_populations(m: int, count: int, rng: np.random.Generator) -> Float[np.ndarray, "count m"]:
    """Populations after a long coherent evolution from the last of m levels, with Haar eigenvectors and free phases."""
    z = rng.normal(size=(count, m, m)) + 1j * rng.normal(size=(count, m, m))
    W = np.linalg.qr(z)[0]  # Haar up to the phases of columns, which the free phases absorb
    phases = np.exp(2j * np.pi * rng.random((count, m)))
    return np.abs(np.einsum("wjl,wl,wl->wj", W, phases, W[:, -1].conj())) ** 2
