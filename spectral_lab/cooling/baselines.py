"""What cooling is measured against: filters, imaginary time, adiabatic passage, and a bath of one ancilla.

All of it is literature; the numbers are ours. Everything is dense and exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.hamiltonians import PAULIS, generator, start_state, tfim
from spectral_lab.cooling.levels import Levels, levels
from spectral_lab.cooling.queries import ERROR, sign_queries
from spectral_lab.cooling.sign_functions import sign_of


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
    return _prepared(spectrum, 0.5 * (1 - sign_of(spectrum.energies, mu, width)) * c)


def filter_queries(spread: Any, width: Any, success: Any, *, amplified: bool = False, error: Any = ERROR) -> float:
    """Expected calls of exp(-i H tau) of a filter: one sign a try, 1/success tries, or 1/sqrt(success) if amplified."""
    success = checks.number(success, "success", maximum=1.0, above=0.0)
    return sign_queries(spread, width, error) / (np.sqrt(success) if amplified else success)


def imaginary_time(H: Any, state: Any, beta: Any) -> Prepared:
    """exp(-beta H) psi, normalised. beta is an inverse energy; success is against exp(-beta (H - E_0))."""
    spectrum = levels(H)
    beta = checks.number(beta, "beta", 0.0)
    return _prepared(spectrum, np.exp(-beta * (spectrum.energies - spectrum.energies[0])) * spectrum.coordinates(state))


def adiabatic(H: Any, T: Any, *, step: Any = 0.05) -> Prepared:
    """(1 - t/T)(-sum X) + (t/T) H from all-plus over a time T, by commutator-free Magnus steps of order 4.

    Raises ValueError unless H acts on spins, or if T / step exceeds 10^6.
    """
    spectrum = levels(H)
    n = spectrum.dimension.bit_length() - 1
    if n == 0 or 2**n != spectrum.dimension:
        raise ValueError(f"H must act on spins, a power of two states, got {spectrum.dimension}")
    T, step = checks.number(T, "T", above=0.0), checks.number(step, "step", above=0.0)
    if T / step > 1e6:
        raise ValueError(f"T / step must be at most 1e+06, got {T / step:g}")
    target = (spectrum.vectors * spectrum.energies) @ spectrum.vectors.conj().T
    field = tfim(n, J=0.0, g=1.0, h=0.0).full()
    psi = start_state(n, "plus").full()[:, 0]
    slices, offset = int(np.ceil(T / step)), np.sqrt(3) / 6
    gauss = (np.arange(slices)[:, None] + 0.5 + np.array([-offset, offset])) / slices
    early, late = 0.25 + offset, 0.25 - offset
    for progress in (2 * gauss @ np.array([[early, late], [late, early]])).ravel():
        E, W = np.linalg.eigh((1 - progress) * field + progress * target)
        psi = W @ (np.exp(-0.5j * T / slices * E) * (W.conj().T @ psi))
    return _prepared(spectrum, spectrum.coordinates(psi))


def bath_cycles(n: Any, count: Any, g: Any, spread: Any, seed: Any = 0) -> list[BathCycle]:
    """Random contacts: a random Pauli on a random site, omega uniform in [0.5, spread/2], time pi/g +- 20 %."""
    n, count = checks.integer(n, "n", 1), checks.integer(count, "count", 0)
    g, spread = checks.number(g, "g", above=0.0), checks.number(spread, "spread", 1.0)
    rng = generator(seed)
    cycles = []
    for _ in range(count):
        v = np.zeros((n, 3))
        v[rng.integers(n), rng.integers(3)] = 1.0
        cycles.append(BathCycle(rng.uniform(0.5, spread / 2), v, g, np.pi / g * rng.uniform(0.8, 1.2)))
    return cycles


def bath_cooling(
    H: Any, state: Any, cycles: Iterable[BathCycle]
) -> tuple[Float[np.ndarray, " c1"], Float[np.ndarray, " c1"]]:
    """Mean energy and ground-space population after each contact with an ancilla that starts in |0> and is reset.

    H + omega n_anc + (g/2) A (x) X_anc for a time t; tracing the ancilla out leaves the Kraus operators <0|U|0> and
    <1|U|0>. Entry 0 is the start. Exact, with the density matrix (N <= 64 in seconds).
    """
    spectrum = levels(H)
    c = spectrum.coordinates(state)
    rho = np.outer(c, c.conj())
    record = [rho.diagonal().real]
    for cycle in cycles:
        below, above = _bath_kraus(spectrum, cycle)
        rho = below @ rho @ below.conj().T + above @ rho @ above.conj().T
        record.append(rho.diagonal().real)
    populations = np.array(record)
    return populations @ spectrum.energies, populations[:, spectrum.same_level(0)].sum(axis=1)


def damped_bath(
    H: Any, state: Any, *, omega: Any, field: ArrayLike, g: Any, rate: Any, times: ArrayLike
) -> tuple[Float[np.ndarray, " t"], Float[np.ndarray, " t"]]:
    """The same bath with an ancilla that decays at a constant rate instead of being reset: qutip's master equation.

    L = sqrt(rate) |0><1| on the ancilla; `field` (n, 3) is the system side of the coupling. Returns the mean energy
    and the ground-space population at `times`, which start with the contact. Raises ValueError if they do not increase.
    """
    import qutip

    spectrum = levels(H)
    A = spectrum.operator(field)
    omega, g, rate = checks.number(omega, "omega"), checks.number(g, "g"), checks.number(rate, "rate", 0.0)
    times = checks.real_array(times, "times", (None,))
    if len(times) == 0 or np.any(np.diff(times) <= 0):
        raise ValueError(f"times must hold at least one time, and increase, got {times}")
    lower, one = qutip.destroy(2), qutip.qeye(2)
    E = qutip.Qobj(np.diag(spectrum.energies))
    total = qutip.tensor(E, one) + qutip.tensor(qutip.qeye(spectrum.dimension), omega * lower.dag() * lower)
    total = total + 0.5 * g * qutip.tensor(qutip.Qobj(A), qutip.Qobj(PAULIS[0]))
    ground = qutip.Qobj(np.diag(spectrum.same_level(0).astype(float)))
    start = qutip.tensor(qutip.Qobj(spectrum.coordinates(state)[:, None]), qutip.basis(2, 0))
    result = qutip.mesolve(
        total,
        start,
        times,
        c_ops=[np.sqrt(rate) * qutip.tensor(qutip.qeye(spectrum.dimension), lower)],
        e_ops=[qutip.tensor(E, one), qutip.tensor(ground, one)],
        options={"progress_bar": "", "nsteps": 100_000, "atol": 1e-10, "rtol": 1e-8},
    )
    return np.real(result.expect[0]), np.real(result.expect[1])


def _bath_kraus(spectrum: Levels, cycle: BathCycle) -> Complex[np.ndarray, "2 N N"]:
    N = spectrum.dimension
    joint = np.zeros((2 * N, 2 * N), dtype=complex)  # ancilla 0 first
    joint[:N, N:] = joint[N:, :N] = 0.5 * cycle.g * spectrum.operator(cycle.operator)
    joint[np.diag_indices(2 * N)] = np.concatenate([spectrum.energies, spectrum.energies + cycle.omega])
    E, W = np.linalg.eigh(joint)
    return ((W * np.exp(-1j * cycle.time * E)) @ W[:N].conj().T).reshape(2, N, N)


def _prepared(spectrum: Levels, c: np.ndarray) -> Prepared:
    p = np.abs(c) ** 2
    success = float(p.sum())
    if not success > 0:
        raise ValueError("the method leaves no amplitude: the state has no overlap with what it keeps")
    return Prepared(float(p @ spectrum.energies / success), float(p[spectrum.same_level(0)].sum() / success), success)
