"""Cooling a chain step by step: choose a shift, stir inside the band, read the energy, repeat.

The step is the paper's. How the shifts are chosen the abstract does not say: the policies are our reconstruction of
a working algorithm ('pointer'), of a tempting one that stalls ('band'), and of none at all ('none').
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.bands import DRIVES, evolve
from spectral_lab.cooling.levels import MAX_DIMENSION, Levels, amplitudes, array_shape, levels
from spectral_lab.cooling.matrix_free import MatrixFree, perturbation_product
from spectral_lab.cooling.queries import ERROR, Queries, pointer_queries, sign_queries, step_queries
from spectral_lab.cooling.readout import band_factors, pointer_factors, read_pointer
from spectral_lab.cooling.sign_functions import sign_of
from spectral_lab.cooling.spin_chains import generator, gue, random_field, uniform_field

POLICIES = ("none", "band", "pointer")
PERTURBATIONS = ("field", "gue", "uniform")


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One cooling run of d steps; entry 0 is the start, entry k the state after step k and its read-out.

    energies: mean energy; ground_population: weight on the ground SPACE (all of a degenerate level);
    shifts: mu of each step; readings: what the pointer said (NaN without one); queries: calls of exp(-i H tau) so
    far, read-outs included; perturbation_queries: calls of V so far; populations of every level, without any columns
    where only the ground space is known (more than 1024 states, or a LinearOperator).
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
    margin should be about 2 width + 3 resolution. 'band': stir below mu, ask whether the state is below
    mu - margin, and lower mu if so; it ratchets, then stalls. 'none': no read-out; `shifts` is an array of d values,
    'sweep' (from 0.8 to 0.1 of the spectrum) or 'mean' (the mean energy plus margin); it drifts to the mean level.
    drive, alpha, angle, width: as in `cooling_step`. perturbation: 'field' (a new random local field at each step),
    'gue', 'uniform' (the same field on all sites, dark for Heisenberg), or an array: one V or field (n, 3) for all
    steps, or one field a step (d, n, 3). All energies (width, resolution, margin, shifts) are in the unit of H.

    H is a qutip operator, a matrix, or a sparse matrix; with more than 1024 states, or as a LinearOperator, it is never
    diagonalised: signs and read-outs are then Chebyshev series of H, good to 1e-10, whose length grows as the spread
    over `width`. That takes minutes for 12 spins at the default width of 0.1, and seconds at 0.5; 'ramp', 'gue', and
    a width or resolution of 0 are refused. Raises ValueError on arguments outside their range, on energies wider than
    the whole spectrum (H is in another unit), on an array of shifts for another policy than 'none', or on a run that
    would take more than about an hour.
    """
    steps = checks.integer(steps, "steps", 0, 10_000)
    policy = checks.choice(policy, "policy", POLICIES)
    drive = checks.choice(drive, "drive", DRIVES)
    margin = checks.number(margin, "margin", 0.0)
    width, resolution = checks.number(width, "width", 0.0), checks.number(resolution, "resolution", 0.0)
    alpha, angle = checks.number(alpha, "alpha", above=0.0), checks.number(angle, "angle", above=0.0)
    if angle / alpha > 1e9:
        raise ValueError(f"alpha must be at least 1e-9 of angle = {angle:g}, got {alpha:g}")
    rng = generator(seed)
    settings = {"width": width, "alpha": alpha, "angle": angle, "drive": drive}
    H = H.linear_operator() if hasattr(H, "linear_operator") else H
    large = not isinstance(H, Levels) and (hasattr(H, "matvec") or max(array_shape(H, "H"), default=0) > MAX_DIMENSION)
    system: Any = _Large(H) if large else _Diagonalised(levels(H))
    _check_units(system.spread, width=width, resolution=resolution)
    system.check_cost(steps, policy, resolution=resolution, **settings)
    c = system.coordinates(state)
    c = c / np.linalg.norm(c)
    fields = system.perturbations(perturbation, steps, rng)
    planned = _plan(shifts, steps, system)
    if policy != "none" and not isinstance(shifts, str):
        raise ValueError(f"shifts can be given for policy 'none' only: policy {policy!r} finds its own")

    cost, reading_cost = _costs(system.spread, policy, resolution, settings)
    reading, log = np.nan, _Log(system)
    if policy == "pointer":
        reading = system.read(c, resolution, rng)
        log.start(c, reading, reading_cost)
        c = system.collapse(c, reading, resolution)
    else:
        log.start(c, reading, 0.0)
    mu = system.energy(c) + margin  # the first shift of policy 'band'

    for k in range(steps):
        if policy == "pointer":
            mu = reading + margin
        elif policy == "none":
            mu = system.energy(c) + margin if planned is None else float(planned[k])
        used = mu
        c = system.stir(c, mu, next(fields), **settings)
        if policy == "pointer":
            reading = system.read(c, resolution, rng)
            c = system.collapse(c, reading, resolution)
        elif policy == "band":
            c, below = system.ask(c, mu - margin, width, rng)
            mu = mu - margin if below else mu
        # With mu well above (or below) the whole spectrum S is a constant, and needs no query.
        called = cost if system.contrast(used, width) > ERROR else Queries(0.0, cost.perturbation)
        log.add(c, used, reading, called, reading_cost)
    return log.trajectory()


def _check_units(spread: float, **energies: float) -> None:
    """Energies wider than the whole spectrum are in another unit than H (joules, say), and the sign would be flat."""
    for name, value in energies.items():
        if 0 < spread < value:
            raise ValueError(f"{name} must be at most the spread {spread:g} of the levels of H, got {value:g}")


def _costs(spread: float, policy: str, resolution: float, settings: dict[str, Any]) -> tuple[Queries, float]:
    """Queries of a step, and of a reading; where all levels are one, nothing depends on H."""
    if spread == 0:
        return Queries(0.0, step_queries(1.0, **settings | {"width": 1.0}).perturbation), 0.0
    cost = step_queries(spread, **settings)
    if policy == "band":  # cos and sin of (pi/4)(1 + s) are the P and Q of one circuit, about as long as the sign's
        return cost, sign_queries(spread, settings["width"])
    return cost, pointer_queries(spread, resolution) if policy == "pointer" else 0.0


class _Diagonalised:
    """A small H in the basis of its levels, with the methods of `matrix_free.MatrixFree`."""

    def __init__(self, spectrum: Levels) -> None:
        self.spectrum, self.E = spectrum, spectrum.energies
        self.lowest, self.spread = float(self.E[0]), spectrum.spread

    def check_cost(self, steps: int, policy: str, *, angle: float, alpha: float, **settings: Any) -> None:
        """Raises ValueError before a run that would take hours."""
        N = len(self.E)
        work = steps * (N**3 + N**2 * min(angle / alpha, 1000 * N))
        if work > 1e12:
            raise ValueError(f"steps = {steps} would take hours with {N} states: take fewer")

    def coordinates(self, state: Any) -> np.ndarray:
        return self.spectrum.coordinates(state)

    def perturbations(self, perturbation: Any, steps: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        return perturbations(perturbation, steps, self.spectrum, rng)

    def energy(self, c: np.ndarray) -> float:
        return float(np.abs(c) ** 2 @ self.E)

    def ground_population(self, c: np.ndarray) -> float:
        return float((np.abs(c[self.spectrum.same_level(0)]) ** 2).sum())

    def populations(self, c: np.ndarray) -> np.ndarray:
        return np.abs(c) ** 2

    def contrast(self, mu: float, width: float) -> float:
        return float(np.ptp(sign_of(self.E[[0, -1]], mu, width)))

    def stir(self, c: np.ndarray, mu: float, V: np.ndarray, *, width: float, **settings: Any) -> np.ndarray:
        return evolve(c, sign_of(self.E, mu, width), V, **settings)

    def read(self, c: np.ndarray, resolution: float, rng: np.random.Generator) -> float:
        return read_pointer(self.E, np.abs(c) ** 2, resolution, rng)

    def collapse(self, c: np.ndarray, e: float, resolution: float) -> np.ndarray:
        c = pointer_factors(self.E, e, resolution) * c
        return c / np.linalg.norm(c)

    def ask(self, c: np.ndarray, mu: float, width: float, rng: np.random.Generator) -> tuple[np.ndarray, bool]:
        lower, upper = band_factors(sign_of(self.E, mu, width))
        below = bool(rng.random() < np.linalg.norm(lower * c) ** 2)
        c = (lower if below else upper) * c
        return c / np.linalg.norm(c), below


class _Large(MatrixFree):
    """A large H in the basis of the sites."""

    def coordinates(self, state: Any) -> np.ndarray:
        return amplitudes(state, self.dimension)

    def perturbations(self, perturbation: Any, steps: int, rng: np.random.Generator) -> Iterator[Any]:
        if isinstance(perturbation, str) and perturbation == "gue":
            raise ValueError(f"perturbation must not be 'gue', a dense matrix, for the {self.dimension} states of H")
        drawn = drawn_perturbations(perturbation, steps, self.dimension, rng)
        if isinstance(drawn, repeat):
            return repeat(perturbation_product(perturbation, self.dimension), steps)
        return (perturbation_product(v, self.dimension) for v in drawn)

    def populations(self, c: np.ndarray) -> np.ndarray:
        return np.empty(0)  # nothing but the ground space is known


class _Log:
    """Collects what happens at each step; `trajectory()` is the record."""

    def __init__(self, system: Any) -> None:
        self.system = system
        self.shifts: list[float] = []
        self.energies: list[float] = []
        self.ground: list[float] = []
        self.populations: list[Any] = []
        self.readings: list[float] = []
        self.queries, self.perturbation_queries = [0.0], [0.0]

    def start(self, c: np.ndarray, reading: float, cost: float) -> None:
        self._look(c, reading)
        self.queries = [cost]

    def add(self, c: np.ndarray, mu: float, reading: float, called: Queries, reading_cost: float) -> None:
        self._look(c, reading)
        self.shifts.append(mu)
        self.queries.append(self.queries[-1] + called.evolution + reading_cost)
        self.perturbation_queries.append(self.perturbation_queries[-1] + called.perturbation)

    def _look(self, c: np.ndarray, reading: float) -> None:
        self.energies.append(self.system.energy(c))
        self.ground.append(self.system.ground_population(c))
        self.populations.append(self.system.populations(c))
        self.readings.append(reading)

    def trajectory(self) -> Trajectory:
        return Trajectory(
            energies=np.array(self.energies),
            ground_population=np.array(self.ground),
            shifts=np.array(self.shifts, dtype=float),
            readings=np.array(self.readings),
            queries=np.array(self.queries),
            perturbation_queries=np.array(self.perturbation_queries),
            populations=np.array(self.populations),
        )


def perturbations(perturbation: Any, steps: int, spectrum: Levels, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """V in the basis of the levels, one a step."""
    drawn = drawn_perturbations(perturbation, steps, spectrum.dimension, rng)
    if isinstance(drawn, repeat):
        return repeat(spectrum.operator(perturbation, "perturbation"), steps)
    return (spectrum.operator(v, "perturbation") for v in drawn)


def drawn_perturbations(perturbation: Any, steps: int, dimension: int, rng: np.random.Generator) -> Iterator[Any]:
    """V as it is drawn or given, one a step: fields (n, 3), or operators."""
    n = dimension.bit_length() - 1
    spins = n > 0 and 2**n == dimension
    if isinstance(perturbation, str):
        kind = checks.choice(perturbation, "perturbation", PERTURBATIONS)
        if kind == "gue":
            return (gue(dimension, rng) for _ in range(steps))
        if not spins:
            raise ValueError(
                f"perturbation {kind!r} acts on spins, but H has {dimension} states, which is no power of two: "
                "take 'gue', or give a Hermitian matrix"
            )
        if kind == "field":
            return (random_field(n, rng) for _ in range(steps))
        return (uniform_field(n, rng.normal(size=3)) for _ in range(steps))
    shape = array_shape(perturbation, "perturbation")
    if len(shape) == 3:
        if not spins or shape != (steps, n, 3):
            raise ValueError(f"perturbation must have shape ({steps}, {n}, 3) for one field a step, got {shape}")
        return iter(checks.real_array(perturbation, "perturbation"))
    return repeat(perturbation, steps)


def _plan(shifts: ArrayLike | str, steps: int, system: Any) -> np.ndarray | None:
    if isinstance(shifts, str):
        if checks.choice(shifts, "shifts", ("sweep", "mean")) == "mean":
            return None
        return system.lowest + system.spread * np.linspace(0.8, 0.1, steps)
    return checks.real_array(shifts, "shifts", (steps,))
