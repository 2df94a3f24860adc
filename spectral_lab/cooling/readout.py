"""Reading the energy: where the entropy goes.

A unitary schedule cannot cool a mixed state; a measurement can. Both models commute with H, so they disturb no
level: they only tell which one it is. (Ours throughout: the abstract does not say how shifts are chosen.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.levels import LARGEST, level_tolerance
from spectral_lab.cooling.spin_chains import generator


def pointer_density(
    energies: ArrayLike, populations: ArrayLike, resolution: Any, e: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    """Density of the outcome e of a Gaussian pointer: p(e) = sum_i |c_i|^2 N(e; E_i, s), per unit of energy."""
    E, p = _levels(energies, populations)
    s = checks.number(resolution, "resolution", above=0.0)
    e = checks.real_array(e, "e")
    if e.size * len(E) > 1e8:
        raise ValueError(f"e must hold at most {1e8 / len(E):.3g} energies for {len(E)} levels, got {e.size}")
    bell = np.exp(-0.5 * ((e[..., None] - E) / s) ** 2) / (np.sqrt(2 * np.pi) * s)
    return np.asarray(bell @ p)


def read_pointer(energies: ArrayLike, populations: ArrayLike, resolution: Any, rng: np.random.Generator) -> float:
    """One outcome e, sampled exactly: draw a level from the populations, add Gaussian noise of width s (energy)."""
    E, p = _levels(energies, populations)
    s, rng = checks.number(resolution, "resolution", 0.0), generator(rng, "rng")
    return float(E[rng.choice(len(E), p=p / p.sum())] + s * rng.normal())


def pointer_factors(energies: ArrayLike, e: Any, resolution: Any) -> Float[np.ndarray, " N"]:
    """The Kraus operator of the outcome e on the levels, exp(-(E - e)^2 / 4 s^2), scaled so that its largest is 1.

    At resolution 0 it is the projector onto the level nearest to e, all of it if degenerate.
    """
    E = checks.real_array(energies, "energies", (None,))
    s = checks.number(resolution, "resolution", 0.0)
    distance = np.abs(E - checks.number(e, "e", -LARGEST, LARGEST))
    if len(E) == 0:
        raise ValueError("energies must hold at least one level")
    nearest, tolerance = distance.min(), level_tolerance(E)
    if s <= 1e-3 * tolerance:  # finer than rounding
        return (distance <= nearest + tolerance).astype(float)
    return np.exp(-((distance - nearest) / (2 * s)) * ((distance + nearest) / (2 * s)))


def band_factors(s: ArrayLike) -> tuple[Float[np.ndarray, " N"], Float[np.ndarray, " N"]]:
    """Kraus operators of 'below mu?': K_- = cos, K_+ = sin of (pi/4)(1 + s_w); K_-^2 + K_+^2 = 1 exactly."""
    quarter = 0.25 * np.pi * (1 + checks.real_array(s, "s", (None,)))
    return np.cos(quarter), np.sin(quarter)


def _levels(energies: ArrayLike, populations: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    E, p = checks.real_array(energies, "energies", (None,)), checks.real_array(populations, "populations", (None,))
    if len(E) != len(p) or len(E) == 0:
        raise ValueError(f"energies and populations must have one length of at least 1, got {len(E)} and {len(p)}")
    if p.min() < -1e-12 or p.sum() <= 0:
        raise ValueError("populations must not be negative, and not all zero")
    return E, np.maximum(p, 0.0)
