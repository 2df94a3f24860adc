"""The bill: how often each variant asks for exp(-i H tau) and for V.

The paper states orders, up to logarithms: O~(d^{3/2}/eps) queries to the time evolution of H, and O~(d^{3/2}) to a
block encoding of V. The counts below, with constants and logarithms of the errors, are our reconstruction of such an
algorithm; those of the variants are ours.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy

from spectral_lab import checks
from spectral_lab.cooling.bands import DRIVES, MAX_TIME, budget, pulses
from spectral_lab.cooling.sign_functions import TINY, oracle_time, sign_degree

ERROR = 1e-3  # of the sign outside its window, and of the simulation of a step


class Queries(NamedTuple):
    """Calls of exp(+-i H tau), and of the block encoding of V; infinite for the exact sign, which no polynomial is."""

    evolution: float
    perturbation: float


def sign_queries(spread: Any, width: Any, error: Any = ERROR) -> float:
    """Calls of exp(+-i H tau) for one use of erf((H - mu)/width): 2 K, K from the rule of `sign_series`.

    The width w is an energy resolution eps = w erfcinv(error/2), hence edges of eps tau radians. Infinite at w = 0.
    """
    spread, width = checks.number(spread, "spread", above=0.0), checks.number(width, "width", 0.0, 1e290)
    error = _error(error)
    if width <= TINY * spread:  # the exact sign
        return np.inf
    resolution = width * float(scipy.special.erfcinv(error / 2))
    _, edge = oracle_time(spread, resolution)
    return 2.0 * sign_degree(edge, error)[0] if edge < np.pi / 2 else 2.0


def jacobi_anger_degree(t: Any, error: Any = ERROR) -> int:
    """Uses of a block encoding of norm 1 for exp(-i t A): smallest K, 2 sum_{k>K} |J_k(t)| < error (literature)."""
    t, error = checks.number(t, "t", 0.0, 2 * MAX_TIME), _error(error)
    k = np.arange(int(1.5 * t + 60 - 10 * np.log10(error)))
    beyond = 2 * np.cumsum(np.abs(scipy.special.jv(k, t))[::-1])[::-1]  # beyond[k] counts the orders >= k
    return int(np.argmax(beyond < error)) - 1 if beyond[0] >= error else 0


def pointer_queries(spread: Any, resolution: Any, error: Any = ERROR) -> float:
    """Calls of exp(-i H tau) for one Gaussian read-out of width s: about sqrt(2 ln(2/error)) / (s tau) (ours).

    The pointer couples for times t with the Gaussian amplitude exp(-t^2 s^2), cut on both sides where it is small.
    """
    spread, s = checks.number(spread, "spread", above=0.0), checks.number(resolution, "resolution", 0.0)
    error = _error(error)
    if s <= TINY * spread:
        return np.inf
    tau, _ = oracle_time(spread, s)
    return float(np.ceil(np.sqrt(2 * np.log(2 / error)) / (s * tau)))


def step_queries(
    spread: Any, *, width: Any, alpha: Any, angle: Any, drive: str = "constant", error: Any = ERROR
) -> Queries:
    """Calls for one cooling step.

    'constant' and 'ramp': Hamiltonian simulation of S + alpha V for t = angle/alpha takes K_J((1 + alpha) t) uses of
    both block encodings. 'bang-bang': r reflections, one sign each, and r kicks of K_J(angle/r) uses of V.
    """
    drive = checks.choice(drive, "drive", DRIVES)
    one_sign = sign_queries(spread, width, error)
    alpha, angle = checks.number(alpha, "alpha", above=0.0), checks.number(angle, "angle", above=0.0)
    if drive == "bang-bang":
        rounds = pulses(angle, alpha)
        return Queries(rounds * one_sign, rounds * float(jacobi_anger_degree(min(angle / rounds, MAX_TIME), error)))
    peak = 2 * alpha if drive == "ramp" else alpha
    t = (1 + peak) * (angle / alpha)
    if t > MAX_TIME:
        raise ValueError(f"angle / alpha must be at most {MAX_TIME / (1 + peak):.3g}, got {angle / alpha:g}")
    uses = jacobi_anger_degree(t, error)
    return Queries(uses * one_sign if uses else 0.0, float(uses))


def bill(
    spread: Any,
    steps: Any,
    resolution: Any,
    *,
    overlap: Any,
    leak_budget: Any = 0.2,
    angle: Any = 8.0,
    contacts: Any = 200,
    error: Any = ERROR,
) -> dict[str, float]:
    """Calls of the time evolution for a whole preparation, method by method, at energy resolution eps.

    'cooling': d steps of S + alpha V with alpha = sqrt(eta/d), the abstract's d^{3/2}/eps; 'bang-bang': kicks of
    d^{-1/4}/2, hence d^{5/4}/eps (ours); both with the d + 1 pointer read-outs of width eps that they need,
    'read-outs'. 'filter': one sign per try, 1/gamma^2 tries for the ground-state overlap gamma (amplitude),
    'amplified filter': 1/gamma (literature). Both must know a mu between the two lowest levels; 'search for E0' is
    what finding it takes at least, one amplified filter for each halving of the spread down to eps (after Lin and
    Tong 2020; the constants are our estimate). 'bath': contacts of one ancilla that resolves eps, each pi/eps long
    (our estimate; 200 of them took our chain of six spins to a ground population of 0.8 to 0.9).
    Raises ValueError unless 0 < overlap <= 1.
    """
    steps = checks.integer(steps, "steps", 1, 10**15)
    gamma = checks.number(overlap, "overlap", 1e-100, 1.0)
    spread = checks.number(spread, "spread", above=0.0)
    resolution = checks.number(resolution, "resolution", maximum=1e280, above=0.0)
    width = resolution / float(scipy.special.erfcinv(_error(error) / 2))
    alpha, total = budget(steps, leak_budget, angle)
    if (1 + alpha) * total / steps > MAX_TIME:
        most = (alpha / angle * MAX_TIME) ** 2 * steps / 4
        raise ValueError(f"steps must be at most {most:.3g} for this leak_budget and angle, got {steps}")
    constant = step_queries(spread, width=width, alpha=alpha, angle=angle, error=error)
    pulsed = step_queries(spread, width=width, alpha=0.5 * steps**-0.25, angle=angle, drive="bang-bang", error=error)
    one_sign = sign_queries(spread, width, error)
    tau, _ = oracle_time(spread, resolution)
    readings = (steps + 1) * pointer_queries(spread, resolution, error)
    halvings = max(1.0, np.ceil(np.log2(spread / resolution)))
    return {
        "cooling": steps * constant.evolution + readings,
        "bang-bang": steps * pulsed.evolution + readings,
        "read-outs": readings,
        "filter": one_sign / gamma**2,
        "amplified filter": one_sign / gamma,
        "search for E0": float(halvings * one_sign / gamma),
        "bath": checks.integer(contacts, "contacts", 0, 10**15) * np.pi / (resolution * tau),
    }


def _error(value: Any) -> float:
    return checks.number(value, "error", 1e-100, 0.5)
