"""One step under S + alpha V: who may jump, who may not, and how far the bands protect.

The paper: evolve under the sign of H - mu plus a weak static perturbation; inside a band every transition conserves
the transformed energy, across the gap of 2 jumps are off resonance. The bound, the second-order motion and the
golden-rule formulas are our reconstruction; the smooth ramp and the symmetric bang-bang pulses go beyond the paper
(ours). Everything here is in a basis where S is diagonal: `s` holds its values on the levels, `V` is a matrix there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.levels import LARGEST, MAX_DIMENSION, check_hermitian, levels
from spectral_lab.cooling.sign_functions import sign_of

DRIVES = ("constant", "ramp", "bang-bang")
MAX_TIME = 1e6  # of a step: pulses and their bill are computed one by one, or order by order
MAX_PHASE = 1e12  # radians: of a larger one, rounding leaves no digit that means anything


def cooling_step(
    state: Any,
    H: Any,
    V: Any,
    mu: Any,
    *,
    width: Any = 0.0,
    alpha: Any = 0.1,
    angle: Any = 8.0,
    drive: str = "constant",
) -> Complex[np.ndarray, " N"]:
    """The state after one unmeasured cooling step with shift mu, in the basis of the sites.

    S = erf((H - mu)/width), or the exact sign at width 0; ||V|| = 1 is meant; angle = alpha t.
    drive 'constant': exp(-i t (S + alpha V)) (the paper's evolution); 'ramp': alpha(t') = 2 alpha sin^2(pi t'/t)
    (ours); 'bang-bang': (e^{-i k V/2} e^{-i pi S/2} e^{-i k V/2})^r with r = `pulses(angle, alpha)` and
    k = angle/r (ours): there alpha is the kick wanted, and k near it.
    `state` and `H` are qutip objects or arrays, `V` also a local field of shape (n, 3).
    Raises ValueError on mismatched sizes, a state that is not normalised, H or V not Hermitian, alpha or angle not
    positive, or a time angle/alpha so long that pulses or slices of a ramp are too many.
    """
    spectrum = levels(H)
    s = sign_of(spectrum.energies, mu, width)
    c = evolve(spectrum.coordinates(state), s, spectrum.operator(V), alpha=alpha, angle=angle, drive=drive)
    return spectrum.state(c)


def evolve(
    c: ArrayLike, s: ArrayLike, V: ArrayLike, *, alpha: Any, angle: Any, drive: str = "constant"
) -> Complex[np.ndarray, " N *batch"]:
    """Amplitudes c (one state, or columns) after a step; see `cooling_step` for the drives.

    s need not be a sign: with s = E this is evolution under H + alpha V itself, which does not cool.
    """
    c, s, V, alpha, angle = _step_arguments(c, s, V, alpha, angle, drive)
    if drive == "constant":
        return _exponential(np.diag(s) + alpha * V, angle / alpha, c)
    if drive == "ramp":
        *_, last = _ramp(c, s, V, alpha, angle)
        return last
    rounds = pulses(angle, alpha)
    # For many columns or rounds, repeated squaring of one round is cheaper.
    if (c.ndim == 2 and c.shape[1] == len(s)) or rounds > 1000 + 100 * len(s):
        half = _exponential(V, 0.5 * angle / rounds, np.eye(len(s), dtype=complex))
        reflect = np.exp(-0.5j * np.pi * s)[:, None]
        return np.linalg.matrix_power(half @ (reflect * half), rounds) @ c
    *_, last = _bang_bang(c, s, V, angle / rounds, rounds)
    return last


def during(
    c: ArrayLike, s: ArrayLike, V: ArrayLike, *, alpha: Any, angle: Any, drive: str = "constant"
) -> tuple[Float[np.ndarray, " t"], Complex[np.ndarray, "t N"]]:
    """Times and amplitudes of one state during a step, both ends included; the last row is `evolve`.

    'constant' and 'ramp': every half unit of time or less; 'bang-bang': after every round, which counts as the time
    angle/(alpha r), so that all drives take t = angle/alpha.
    """
    c, s, V, alpha, angle = _step_arguments(c, s, V, alpha, angle, drive)
    if c.ndim != 1:
        raise ValueError(f"c must be one state, got shape {c.shape}")
    t = angle / alpha
    if (2 * t + 33) * len(s) > 2e7:
        raise ValueError(
            f"angle / alpha must be at most {1e7 / len(s):.3g} for {len(s)} levels at every time, got {t:g}"
        )
    if drive == "constant":
        times = np.linspace(0, t, int(np.ceil(2 * t)) + 1)
        E, W = np.linalg.eigh(np.diag(s) + alpha * V)
        return times, (np.exp(-1j * np.outer(times, E)) * (W.conj().T @ c)) @ W.T
    rounds = pulses(angle, alpha)
    path = _ramp(c, s, V, alpha, angle) if drive == "ramp" else _bang_bang(c, s, V, angle / rounds, rounds)
    states = np.array([c, *path])
    return np.linspace(0, t, len(states)), states


def step_unitary(
    s: ArrayLike, V: ArrayLike, *, alpha: Any, angle: Any, drive: str = "constant"
) -> Complex[np.ndarray, "N N"]:
    """The whole unitary of a step: `evolve` applied to every level."""
    s, V = _levels_and_matrix(s, V, "V")
    return evolve(np.eye(len(s)), s, V, alpha=alpha, angle=angle, drive=drive)


def pulses(angle: Any, kick: Any) -> int:
    """Number of reflections of a bang-bang step, r = 2 max(1, round(angle / (2 kick))): even, so that signs cancel.

    The kicks are then angle / r, near `kick`: at most 1.5 times as large.
    """
    angle, kick = _positive(angle, "angle"), _positive(kick, "kick")
    if angle / kick > 1e12:
        raise ValueError(f"kick must be at least 1e-12 of angle = {angle:g}, got {kick:g}")
    return 2 * max(1, round(angle / kick / 2))


def leak(U: ArrayLike, s: ArrayLike) -> float:
    """||Q U P||^2: the largest probability to jump from the lower band (s < 0) to the upper one, over all states."""
    s, U = _levels_and_matrix(s, U, "U")
    lower = s < 0
    across = U[np.ix_(~lower, lower)]
    return float(np.linalg.norm(across, 2) ** 2) if across.size else 0.0


def leak_bound(alpha: Any, norm: Any = 1.0, gap: Any = 2.0) -> float:
    """Band protection: ||Q exp(-it(S + alpha V)) P||^2 <= (2 alpha ||V|| / gap)^2 for all t, alpha^2 by default.

    The step U commutes with S + alpha V, so S U - U S = -alpha [V, U]. Between the bands of an exact sign the left
    side is 2 Q U P, hence ||Q U P|| <= alpha ||[V, U]|| / 2 <= alpha ||V||; for another gap it is Davis and Kahan's
    sin 2 Theta theorem (our reconstruction of 'off-resonant transitions are suppressed').
    A probability never exceeds 1. Raises ValueError on a negative alpha or norm, or a gap that is not positive.
    """
    alpha, norm = checks.number(alpha, "alpha", 0.0), checks.number(norm, "norm", 0.0)
    return float(min(1.0, 2 * (alpha * norm) / checks.number(gap, "gap", above=0.0)) ** 2)


def two_level_leak(alpha: Any, t: ArrayLike) -> Float[np.ndarray, "*times"]:
    """Two levels, one in each band, |V_12| = 1: alpha^2/(1 + alpha^2) sin^2(sqrt(1 + alpha^2) t). Off resonance."""
    alpha = checks.number(alpha, "alpha", 0.0)
    t = checks.real_array(t, "t")
    speed = np.hypot(1, alpha)
    check_phase(float(speed), t, "alpha and t")
    return np.asarray((alpha / speed * np.sin(speed * t)) ** 2)


def two_level_exchange(alpha: Any, t: ArrayLike) -> Float[np.ndarray, "*times"]:
    """Two levels in the same band, |V_12| = 1: sin^2(alpha t). On resonance, whatever their energies under H."""
    alpha, t = checks.number(alpha, "alpha", 0.0), checks.real_array(t, "t")
    check_phase(alpha, t, "alpha and t")
    return np.asarray(np.sin(alpha * t) ** 2)


def golden_rule(s: ArrayLike, V: ArrayLike, alpha: Any, t: Any) -> Float[np.ndarray, "N N"]:
    """First-order probabilities [j, i] of i -> j: alpha^2 |V_ji|^2 4 sin^2(D t/2) / D^2, D = s_j - s_i.

    Inside a band D = 0 and the limit is alpha^2 t^2 |V_ji|^2; across it is at most alpha^2 |V_ji|^2. With s = E it
    is the plain H + alpha V: no transition is resonant. The diagonal is 1 minus the rest of its column, and negative
    where alpha t is too large for first order.
    """
    s, V = _levels_and_matrix(s, V, "V")
    check_hermitian(V, "V")
    alpha, t = checks.number(alpha, "alpha", 0.0), checks.number(t, "t", 0.0)
    check_phase(float(np.ptp(s)), t, "s and t")
    check_phase(alpha * float(np.abs(V).max()), t, "alpha, V and t")
    difference = s[:, None] - s[None, :]
    probability = (alpha * t * np.abs(V) * np.sinc(difference * t / (2 * np.pi))) ** 2
    np.fill_diagonal(probability, 0.0)
    np.fill_diagonal(probability, 1 - probability.sum(axis=0))
    return probability


def motion_in_band(s: ArrayLike, V: ArrayLike, alpha: Any, t: Any, *, order: Any = 2) -> Complex[np.ndarray, "p p"]:
    """The lower band's own motion: exp(-it(-1 + alpha PVP - (alpha^2/2) PVQVP)), up to O(alpha^2) for t ~ 1/alpha.

    order = 1 drops the last term, the level shift by the other band; over such a time that costs O(alpha).
    For exact signs s = -1, +1 only. (Our reconstruction, second-order perturbation theory.)
    """
    s, V = _levels_and_matrix(s, V, "V")
    check_hermitian(V, "V")
    alpha, t = checks.number(alpha, "alpha", 0.0), checks.number(t, "t", 0.0)
    order = checks.integer(order, "order", 1, 2)
    if not np.all(np.abs(s) == 1):
        raise ValueError("s must hold exact signs, -1 and +1")
    reach = alpha * float(np.abs(V).max())
    check_phase(1 + reach * (1 + reach), t, "alpha, V and t")
    lower = s < 0
    effective = alpha * V[np.ix_(lower, lower)] - np.eye(int(lower.sum()))
    if order == 2:
        across = V[np.ix_(~lower, lower)]
        effective = effective - 0.5 * alpha**2 * across.conj().T @ across
    return _exponential(effective, t, np.eye(len(effective), dtype=complex))


def budget(steps: Any, leak_budget: Any = 0.2, angle: Any = 8.0) -> tuple[float, float]:
    """Strength alpha = sqrt(eta/d) and total time d angle/alpha = angle d^{3/2}/sqrt(eta) of d steps.

    Probabilities of a jump add up over measured steps, d alpha^2 <= eta: that is the abstract's exponent 3/2.
    Amplitudes that added coherently would give d^2 (our reconstruction of where the exponent comes from).
    """
    steps = checks.integer(steps, "steps", 1, 10**15)
    leak_budget, angle = checks.number(leak_budget, "leak_budget", 1e-100), _positive(angle, "angle")
    if angle > 1e200:
        raise ValueError(f"angle must be at most 1e200, got {angle:g}")
    alpha = float(np.sqrt(leak_budget / steps))
    return alpha, steps * angle / alpha


def _step_arguments(
    c: Any, s: Any, V: Any, alpha: Any, angle: Any, drive: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    checks.choice(drive, "drive", DRIVES)
    s, V = _levels_and_matrix(s, V, "V")
    check_hermitian(V, "V")
    c = checks.array(c, "c").astype(complex)
    if c.shape[:1] != s.shape:
        raise ValueError(f"c must have one row for each of the {len(s)} levels, got shape {c.shape}")
    alpha = checks.number(alpha, "alpha", maximum=1e100, above=0.0)
    angle = checks.number(angle, "angle", maximum=1e100, above=0.0)
    if not max(float(np.abs(s).max()), float(np.abs(V).max())) <= LARGEST:
        raise ValueError(f"s and V must have entries of at most {LARGEST:g}")
    fastest = max(float(np.abs(s).max()) / alpha, 1.0)  # |S| and |alpha V| in units of alpha
    longest = {
        "constant": MAX_PHASE / fastest / alpha,
        "ramp": min(1e5, 2e9 / max(len(s), 32) ** 3) / fastest / alpha,
        "bang-bang": MAX_TIME,
    }[drive]
    if angle / alpha > longest:
        raise ValueError(
            f"angle / alpha must be at most {longest:.3g} for drive {drive!r} of {len(s)} levels, got {angle / alpha:g}"
        )
    return c, s, V.astype(complex), alpha, angle


def _levels_and_matrix(s: ArrayLike, matrix: ArrayLike, name: str) -> tuple[np.ndarray, np.ndarray]:
    s, matrix = checks.real_array(s, "s", (None,)), checks.square(matrix, name)
    if len(s) == 0:
        raise ValueError("s must hold at least one level")
    if len(s) > MAX_DIMENSION:
        raise ValueError(f"s must hold at most {MAX_DIMENSION} levels, got {len(s)}")
    if len(s) != len(matrix):
        raise ValueError(f"{name} must be {len(s)} x {len(s)} for {len(s)} levels, got shape {matrix.shape}")
    return s, matrix


def _exponential(A: np.ndarray, t: float, c: np.ndarray) -> np.ndarray:
    E, W = np.linalg.eigh(A)
    turn = np.exp(-1j * t * E)
    return W @ (turn.reshape((-1,) + (1,) * (c.ndim - 1)) * (W.conj().T @ c))


def _ramp(c: np.ndarray, s: np.ndarray, V: np.ndarray, alpha: float, angle: float) -> Iterator[np.ndarray]:
    """Commutator-free Magnus steps of order 4, each half with its own constant coupling: good to about 1e-6.

    Their length is at most 1/2 in units of the largest |s| or of alpha, and 1/32 of the ramp: a short ramp is steep.
    """
    slices = max(32, int(np.ceil(2 * angle * max(float(np.abs(s).max()) / alpha, 1.0))))
    dt, offset = angle / alpha / slices, np.sqrt(3) / 6
    gauss = (np.arange(slices)[:, None] + 0.5 + np.array([-offset, offset])) / slices
    coupling = 2 * alpha * np.sin(np.pi * gauss) ** 2
    early, late = 0.25 + offset, 0.25 - offset
    halves = 2 * coupling @ np.array([[early, late], [late, early]])
    for first, second in halves:
        c = _exponential(np.diag(s) + first * V, dt / 2, c)
        c = _exponential(np.diag(s) + second * V, dt / 2, c)
        yield c


def _bang_bang(c: np.ndarray, s: np.ndarray, V: np.ndarray, kick: float, rounds: int) -> Iterator[np.ndarray]:
    E, W = np.linalg.eigh(V)
    half = (W * np.exp(-0.5j * kick * E)) @ W.conj().T
    one_round = half @ (np.exp(-0.5j * np.pi * s)[:, None] * half)
    for _ in range(rounds):
        c = one_round @ c
        yield c


def check_phase(speed: float, t: Any, names: str) -> None:
    """Raises ValueError for a time so long that the phase `speed` t has lost its digits."""
    longest = float(np.abs(t).max(initial=0.0))
    if not speed * longest <= MAX_PHASE:
        raise ValueError(f"{names} must keep all phases below {MAX_PHASE:g}, got {speed:.3g} times {longest:.3g}")


def _positive(value: Any, name: str) -> float:
    return checks.number(value, name, above=0.0)
