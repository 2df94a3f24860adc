"""Cooling a chain step by step: choose a shift, stir inside the band, read the energy, repeat.

The step is the paper's. How the shifts are chosen the abstract does not say: the policies are our reconstruction of
a working algorithm ('pointer'), of a tempting one that stalls ('band'), and of none at all ('none').
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.bands import DRIVES, evolve
from spectral_lab.cooling.hamiltonians import generator, gue, random_field, uniform_field
from spectral_lab.cooling.levels import Levels, levels
from spectral_lab.cooling.queries import ERROR, Queries, pointer_queries, sign_queries, step_queries
from spectral_lab.cooling.readout import band_factors, pointer_factors, read_pointer
from spectral_lab.cooling.sign_functions import sign_of

POLICIES = ("none", "band", "pointer")
PERTURBATIONS = ("field", "gue", "uniform")


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One cooling run of d steps; entry 0 is the start, entry k the state after step k and its read-out.

    energies: mean energy; ground_population: weight on the ground SPACE (all of a degenerate level);
    shifts: mu of each step; readings: what the pointer said (NaN without one); queries: calls of exp(-i H tau) so
    far, read-outs included; perturbation_queries: calls of V so far; populations of every level.
    """

    energies: Float[np.ndarray, " d1"]
    ground_population: Float[np.ndarray, " d1"]
    shifts: Float[np.ndarray, " d"]
    readings: Float[np.ndarray, " d1"]
    queries: Float[np.ndarray, " d1"]
    perturbation_queries: Float[np.ndarray, " d1"]
    populations: Float[np.ndarray, "d1 N"]

    @property
    def steps(self) -> int:
        return len(self.shifts)

    def steps_to(self, ground_population: float = 0.99) -> int | None:
        """The first step after which the ground population exceeds this value, or None."""
        reached = np.flatnonzero(self.ground_population > ground_population)
        return int(reached[0]) if len(reached) else None


def cool(
    H: Any,
    state: Any,
    steps: Any = 20,
    *,
    policy: str = "pointer",
    drive: str = "bang-bang",
    alpha: Any = 0.25,
    angle: Any = 12.0,
    width: Any = 0.1,
    resolution: Any = 0.05,
    margin: Any = 0.3,
    perturbation: Any = "field",
    shifts: ArrayLike | str = "sweep",
    seed: Any = 0,
) -> Trajectory:
    """Cool a state of H by `steps` steps; returns the `Trajectory` with energies, ground population, shifts, queries.

    policy 'pointer' (our reconstruction of a working algorithm): read e, set mu = e + margin, stir, read again; the
    margin should be at least 2 width + 3 resolution. 'band': stir below mu, ask whether the state is below
    mu - margin, and lower mu if so; it ratchets, then stalls. 'none': no read-out; `shifts` is an array of d values,
    'sweep' (from 0.8 to 0.1 of the spectrum) or 'mean' (the mean energy plus margin); it drifts to the mean level.
    drive, alpha, angle, width: as in `cooling_step`. perturbation: 'field' (a new random local field at each step),
    'gue', 'uniform' (the same field on all sites, dark for Heisenberg), or an array: one V or field (n, 3) for all
    steps, or one field a step (d, n, 3). Raises ValueError on arguments outside their range, or on an array of shifts
    for another policy than 'none'.
    """
    spectrum = levels(H)
    c = spectrum.coordinates(state)
    c = c / np.linalg.norm(c)
    steps = checks.integer(steps, "steps", 0, 10_000)
    policy = checks.choice(policy, "policy", POLICIES)
    drive = checks.choice(drive, "drive", DRIVES)
    margin = checks.number(margin, "margin", 0.0)
    width, resolution = checks.number(width, "width", 0.0), checks.number(resolution, "resolution", 0.0)
    rng = generator(seed)
    fields = perturbations(perturbation, steps, spectrum, rng)
    planned = _plan(shifts, steps, spectrum)
    if policy != "none" and not isinstance(shifts, str):
        raise ValueError(f"shifts can be given for policy 'none' only: policy {policy!r} finds its own")

    E = spectrum.energies
    spread = max(spectrum.spread, 1e-9)
    cost = step_queries(spread, width=width, alpha=alpha, angle=angle, drive=drive)
    reading_cost = 0.0
    if policy == "band":  # cos and sin of (pi/4)(1 + s) are the P and Q of one circuit, about as long as the sign's
        reading_cost = sign_queries(spread, width)
    if policy == "pointer":
        reading_cost = pointer_queries(spread, resolution)
        start = np.abs(c) ** 2
        reading = read_pointer(E, start, resolution, rng)
        c = _collapse(c, pointer_factors(E, reading, resolution))
        log = _Log(spectrum, start, reading, reading_cost)
    else:
        log = _Log(spectrum, np.abs(c) ** 2, np.nan, 0.0)
    mu = float(np.abs(c) ** 2 @ E) + margin  # the first shift of policy 'band'

    for k in range(steps):
        if policy == "pointer":
            mu = reading + margin
        elif policy == "none":
            mu = float(np.abs(c) ** 2 @ E) + margin if planned is None else float(planned[k])
        used, s = mu, sign_of(E, mu, width)
        c = evolve(c, s, next(fields), alpha=alpha, angle=angle, drive=drive)
        if policy == "pointer":
            reading = read_pointer(E, np.abs(c) ** 2, resolution, rng)
            c = _collapse(c, pointer_factors(E, reading, resolution))
        elif policy == "band":
            c, below = _ask_band(c, E, mu - margin, width, rng)
            mu = mu - margin if below else mu
        # With mu well above (or below) the whole spectrum S is a constant, and needs no query.
        called = cost if np.ptp(s) > ERROR else Queries(0.0, cost.perturbation)
        log.add(np.abs(c) ** 2, used, reading if policy == "pointer" else np.nan, called, reading_cost)
    return log.trajectory()


class _Log:
    """Collects what happens at each step; `trajectory()` is the record."""

    def __init__(self, spectrum: Levels, populations: np.ndarray, reading: float, cost: float) -> None:
        self.spectrum = spectrum
        self.populations, self.readings = [populations], [reading]
        self.shifts: list[float] = []
        self.queries, self.perturbation_queries = [cost], [0.0]

    def add(self, populations: np.ndarray, mu: float, reading: float, called: Queries, reading_cost: float) -> None:
        self.populations.append(populations)
        self.shifts.append(mu)
        self.readings.append(reading)
        self.queries.append(self.queries[-1] + called.evolution + reading_cost)
        self.perturbation_queries.append(self.perturbation_queries[-1] + called.perturbation)

    def trajectory(self) -> Trajectory:
        populations = np.array(self.populations)
        return Trajectory(
            energies=populations @ self.spectrum.energies,
            ground_population=populations[:, self.spectrum.same_level(0)].sum(axis=1),
            shifts=np.array(self.shifts, dtype=float),
            readings=np.array(self.readings),
            queries=np.array(self.queries),
            perturbation_queries=np.array(self.perturbation_queries),
            populations=populations,
        )


def perturbations(perturbation: Any, steps: int, spectrum: Levels, rng: np.random.Generator) -> Any:
    """An iterator of V in the basis of the levels, one a step."""
    n = spectrum.dimension.bit_length() - 1
    if isinstance(perturbation, str):
        perturbation = checks.choice(perturbation, "perturbation", PERTURBATIONS)
        if perturbation == "gue":
            return (gue(spectrum.dimension, rng) for _ in range(steps))  # its law is the same in every basis
        draw = {"field": lambda: random_field(n, rng), "uniform": lambda: uniform_field(n, rng.normal(size=3))}
        return (spectrum.operator(draw[perturbation]()) for _ in range(steps))
    given = checks.array(perturbation.full() if hasattr(perturbation, "full") else perturbation, "perturbation")
    if given.ndim == 3:
        if given.shape != (steps, n, 3):
            raise ValueError(f"perturbation must have shape ({steps}, {n}, 3) for one field a step, got {given.shape}")
        return (spectrum.operator(v) for v in given)
    V = spectrum.operator(given)
    return (V for _ in range(steps))


def _plan(shifts: ArrayLike | str, steps: int, spectrum: Levels) -> np.ndarray | None:
    if isinstance(shifts, str):
        if checks.choice(shifts, "shifts", ("sweep", "mean")) == "mean":
            return None
        return spectrum.energies[0] + spectrum.spread * np.linspace(0.8, 0.1, steps)
    return checks.real_array(shifts, "shifts", (steps,))


def _collapse(c: np.ndarray, factors: np.ndarray) -> np.ndarray:
    c = factors * c
    return c / np.linalg.norm(c)


def _ask_band(
    c: np.ndarray, E: np.ndarray, mu: float, width: float, rng: np.random.Generator
) -> tuple[np.ndarray, bool]:
    """Measure 'below mu?': the state after the answer, and the answer."""
    lower, upper = band_factors(sign_of(E, mu, width))
    below = bool(rng.random() < np.linalg.norm(lower * c) ** 2)
    return _collapse(c, lower if below else upper), below
