"""What cooling is measured against: filters, imaginary time, adiabatic passage, and a bath of one ancilla.

All of it is literature; the numbers are ours. Everything is dense and exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.levels import LARGEST, Levels, dense, levels
from spectral_lab.cooling.queries import ERROR, sign_queries
from spectral_lab.cooling.sign_functions import sign_of
from spectral_lab.cooling.spin_chains import MAX_SITES, PAULIS, generator, product_amplitudes, tfim


class Prepared(NamedTuple):
    """What a method delivers: mean energy, ground-space population, and the probability that it succeeds at all."""

    energy: float
    ground_population: float
    success: float


class BathCycle(NamedTuple):
    """One contact with a fresh ancilla: splitting omega, system operator A (as in `Levels.operator`), g, time."""

    omega: float
    operator: Any
    g: float
    time: float


def eigenvalue_filter(H: Any, state: Any, width: Any, mu: Any = None) -> Prepared:
    """F = (1 - erf((H - mu)/width))/2 applied to a state, at mid gap unless mu is given (like QETU; literature).

    The success probability ||F psi||^2 is about the overlap gamma^2 with the ground space.
    """
    spectrum = levels(H)
    c = spectrum.coordinates(state)
    mu = float(spectrum.energies[0] + spectrum.gap / 2) if mu is None else checks.number(mu, "mu")
    return _prepared(spectrum, 0.5 * (1 - sign_of(spectrum.energies, mu, width)) * c, "mu and width")


def filter_queries(spread: Any, width: Any, success: Any, *, amplified: bool = False, error: Any = ERROR) -> float:
    """Expected calls of exp(-i H tau) of a filter: one sign a try, 1/success tries, or 1/sqrt(success) if amplified."""
    success = checks.number(success, "success", 1e-200, 1.0)
    if not isinstance(amplified, bool):
        raise ValueError(f"amplified must be True or False, got {checks.shown(amplified)}")
    return sign_queries(spread, width, error) / (np.sqrt(success) if amplified else success)


def imaginary_time(H: Any, state: Any, beta: Any) -> Prepared:
    """exp(-beta H) psi, normalised. beta is an inverse energy; success is against exp(-beta (H - E_0))."""
    spectrum = levels(H)
    beta = checks.number(beta, "beta", 0.0)
    c = np.exp(-beta * (spectrum.energies - spectrum.energies[0])) * spectrum.coordinates(state)
    return _prepared(spectrum, c, "beta")


def adiabatic(H: Any, T: Any, *, step: Any = 0.05, strength: Any = 1.0) -> Prepared:
    """(1 - t/T)(-b sum X) + (t/T) H from all-plus over a time T, by commutator-free Magnus steps of order 4.

    b is the `strength` of the field at the start (energy). Raises ValueError unless H acts on spins, or if T / step
    exceeds 10^6, or would take hours at this size.
    """
    spectrum = levels(H)
    n = spectrum.dimension.bit_length() - 1
    if n == 0 or 2**n != spectrum.dimension:
        raise ValueError(f"H must act on spins, a power of two states, got {spectrum.dimension}")
    T, step = checks.number(T, "T", above=0.0), checks.number(step, "step", above=0.0)
    strength = checks.number(strength, "strength", maximum=1e150, above=0.0)
    most = min(1e6, 1e11 / spectrum.dimension**3)
    if most * step < T:
        raise ValueError(
            f"T / step must be at most {most:.3g} for {spectrum.dimension} states, got T = {T:g}, {step = }"
        )
    target = (spectrum.vectors * spectrum.energies) @ spectrum.vectors.conj().T
    field = dense(tfim(n, J=0.0, g=strength, h=0.0))
    psi = product_amplitudes(n, "plus")
    slices, offset = int(np.ceil(T / step)), np.sqrt(3) / 6
    gauss = (np.arange(slices)[:, None] + 0.5 + np.array([-offset, offset])) / slices
    early, late = 0.25 + offset, 0.25 - offset
    for progress in (2 * gauss @ np.array([[early, late], [late, early]])).ravel():
        E, W = np.linalg.eigh((1 - progress) * field + progress * target)
        psi = W @ (np.exp(-0.5j * T / slices * E) * (W.conj().T @ psi))
    return _prepared(spectrum, spectrum.coordinates(psi), "T")


def bath_cycles(n: Any, count: Any, g: Any, spread: Any, seed: Any = 0, *, lowest: Any = 0.5) -> list[BathCycle]:
    """Random contacts: a random Pauli on a random site, omega uniform in [lowest, spread/2], time pi/g +- 20 %.

    `lowest` should be below the gaps that are to be cooled; all but n and count are energies. Raises ValueError if
    lowest exceeds spread/2.
    """
    n, count = checks.integer(n, "n", 1, MAX_SITES), checks.integer(count, "count", 0, 100_000)
    g, spread = checks.number(g, "g", above=0.0), checks.number(spread, "spread", above=0.0)
    lowest = checks.number(lowest, "lowest", 0.0)
    if lowest > spread / 2:
        raise ValueError(f"lowest must be at most half of spread = {spread:g}, got {lowest:g}")
    rng = generator(seed)
    cycles = []
    for _ in range(count):
        v = np.zeros((n, 3))
        v[rng.integers(n), rng.integers(3)] = 1.0
        cycles.append(BathCycle(rng.uniform(lowest, spread / 2), v, g, np.pi / g * rng.uniform(0.8, 1.2)))
    return cycles


def bath_cooling(H: Any, state: Any, cycles: Any) -> tuple[Float[np.ndarray, " c1"], Float[np.ndarray, " c1"]]:
    """Mean energy and ground-space population after each contact with an ancilla that starts in |0> and is reset.

    H + omega n_anc + (g/2) A (x) X_anc for a time t; tracing the ancilla out leaves the Kraus operators <0|U|0> and
    <1|U|0>. Entry 0 is the start. Exact, with the density matrix (N <= 64 in seconds).
    """
    spectrum = levels(H)
    c = spectrum.coordinates(state)
    rho = np.outer(c, c.conj())
    record = [rho.diagonal().real]
    if not isinstance(cycles, Iterable):
        raise ValueError(f"cycles must hold BathCycle (omega, operator, g, time), got {checks.shown(cycles)}")
    for cycle in cycles:
        below, above = _bath_kraus(spectrum, cycle)
        rho = below @ rho @ below.conj().T + above @ rho @ above.conj().T
        record.append(rho.diagonal().real)
    populations = np.array(record)
    return populations @ spectrum.energies, populations[:, spectrum.same_level(0)].sum(axis=1)


def damped_bath(
    H: Any, state: Any, *, omega: Any, field: ArrayLike, g: Any, rate: Any, times: ArrayLike
) -> tuple[Float[np.ndarray, " t"], Float[np.ndarray, " t"]]:
    """The same bath with an ancilla that decays at a constant rate instead of being reset, by its master equation.

    d rho/dt = -i [H, rho] + L rho L* - (L* L rho + rho L* L)/2 with L = sqrt(rate) |0><1| on the ancilla (Lindblad:
    literature); `field` (n, 3), or a matrix, is the system side of the coupling. Returns the mean energy and the
    ground-space population at `times`, which start with the contact. Exact: short times by Taylor's series, long ones
    of up to three spins by squaring the exponential. Raises ValueError if the times do not increase, or are too long
    for the size.
    """
    spectrum = levels(H)
    A = spectrum.operator(field, "field")
    omega, g, rate = checks.number(omega, "omega"), checks.number(g, "g"), checks.number(rate, "rate", 0.0)
    if not np.abs(A).max() <= LARGEST / 1e100:
        raise ValueError("field must have entries of at most 1e100")
    times = checks.real_array(times, "times", (None,))
    if not 1 <= len(times) <= 100_000 or np.any(np.diff(times) <= 0):
        raise ValueError(f"times must hold 1 to 100 000 times, and increase, got {checks.shown(times)}")
    one, low = np.eye(2), np.array([[0.0, 1.0], [0.0, 0.0]])
    E = spectrum.energies - spectrum.energies.mean()
    total = np.kron(np.diag(E), one) + omega * np.kron(np.eye(len(E)), low.T @ low) + 0.5 * g * np.kron(A, PAULIS[0])
    jump = np.sqrt(rate) * np.kron(np.eye(len(E)), low)
    speed = spectrum.spread + abs(omega) + abs(g) * float(np.linalg.norm(A, 2)) + 2 * rate  # of the fastest change
    c = np.kron(spectrum.coordinates(state), [1.0, 0.0])
    record = [np.abs(c) ** 2]
    for rho in _lindblad(total, jump, speed, np.outer(c, c.conj()), times):
        record.append(rho.diagonal().real)
    populations = np.array(record).reshape(len(times), -1, 2).sum(axis=2)
    return populations @ spectrum.energies, populations[:, spectrum.same_level(0)].sum(axis=1)


def _lindblad(
    H: np.ndarray, jump: np.ndarray, speed: float, rho: np.ndarray, times: np.ndarray
) -> Iterator[np.ndarray]:
    """The density matrix at all times but the first."""
    if len(times) == 1:
        return
    N, span = len(rho), float(times[-1] - times[0])
    steps = np.diff(times)
    alike = np.round(steps / (8 * np.spacing(np.abs(times).max())))  # equal up to rounding
    seconds = 20 * (1 + speed * span) * (5e-5 + 4e-9 * N**3)  # of Taylor's series, about
    square = seconds > 0.5 and N <= 16 and len(np.unique(alike)) <= 100 and speed * span < 1e9
    if seconds > 60 and not square:
        raise ValueError(
            f"times span {span:.3g}, which would take too long for these omega, g and rate: with {N // 2} levels at "
            f"most {span * 60 / seconds:.3g} is allowed"
            + (f", or {1e9 / speed:.3g} in at most 100 different steps" if N <= 16 else "")
        )
    drift = -1j * H - 0.5 * jump.conj().T @ jump
    kept: dict[float, np.ndarray] = {}
    for dt, key in zip(steps.tolist(), alike.tolist(), strict=True):
        if square:
            if key not in kept:
                eye = np.eye(N)
                generator = np.kron(drift, eye) + np.kron(eye, drift.conj()) + np.kron(jump, jump.conj())
                kept[key] = _exponential_by_squaring(dt * generator)
            rho = (kept[key] @ rho.reshape(-1)).reshape(N, N)
        else:
            parts = max(1, int(np.ceil(speed * dt)))
            for _ in range(parts):
                rho = _taylor(lambda r: drift @ r + r @ drift.conj().T + jump @ r @ jump.conj().T, dt / parts, rho)
        yield rho


def _taylor(generator: Callable[[np.ndarray], np.ndarray], t: float, rho: np.ndarray) -> np.ndarray:
    """exp(t L) rho for a short time, ||t L|| of order 1."""
    total = term = rho
    for k in range(1, 20):
        term = generator(term) * (t / k)
        total = total + term
    return total


def _exponential_by_squaring(A: np.ndarray) -> np.ndarray:
    """e^A from a Taylor series at a norm below 1/2, squared: stable here, since all powers are contractions."""
    squarings = max(0, int(np.ceil(np.log2(2 * np.linalg.norm(A, 1)))))
    total = term = np.eye(len(A), dtype=complex)
    for k in range(1, 17):
        term = term @ A / (k * 2.0**squarings)
        total = total + term
    for _ in range(squarings):
        total = total @ total
    return total


def _bath_kraus(spectrum: Levels, cycle: Any) -> Complex[np.ndarray, "2 N N"]:
    if not isinstance(cycle, tuple) or len(cycle) != 4:
        raise ValueError(f"cycles must hold BathCycle (omega, operator, g, time), got {checks.shown(cycle)}")
    omega, operator, g, time = cycle
    omega, g = checks.number(omega, "omega of a cycle"), checks.number(g, "g of a cycle")
    time = checks.number(time, "time of a cycle", 0.0)
    N = spectrum.dimension
    joint = np.zeros((2 * N, 2 * N), dtype=complex)  # ancilla 0 first
    joint[:N, N:] = joint[N:, :N] = 0.5 * g * spectrum.operator(operator, "operator of a cycle")
    joint[np.diag_indices(2 * N)] = np.concatenate([spectrum.energies, spectrum.energies + omega])
    E, W = np.linalg.eigh(joint)
    return ((W * np.exp(-1j * time * E)) @ W[:N].conj().T).reshape(2, N, N)


def _prepared(spectrum: Levels, c: np.ndarray, names: str) -> Prepared:
    p = np.abs(c) ** 2
    success = float(p.sum())
    if not success > 0:
        raise ValueError(
            f"H, state, {names} leave no amplitude: the state has no overlap with the levels that are kept"
        )
    return Prepared(float(p @ spectrum.energies / success), float(p[spectrum.same_level(0)].sum() / success), success)
