"""The circuit of one cooling step, gate by gate, as a text in OpenQASM 3.

A bang-bang step is r rounds of half a kick, a reflection e^{-i (pi/2) S}, and half a kick. A kick turns every spin by
itself. The reflection is one circuit of generalised QSP, with one ancilla, whose queries are controlled evolutions
under H; these are products of two-spin rotations (Suzuki's symmetric formula, literature). So everything down to gates
that a machine has is written out. (The circuit is our reconstruction, the pulses are ours.)
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import scipy

from spectral_lab import checks
from spectral_lab.cooling.bands import pulses
from spectral_lab.cooling.levels import check_hermitian, levels
from spectral_lab.cooling.qsp import Angles, gqsp_angles, shift_angles
from spectral_lab.cooling.sign_functions import oracle_time, reflection_laurent

MAX_SPINS = 6
MAX_ROUNDS = 100_000


def pauli_terms(H: Any) -> dict[str, float]:
    """The coefficients of a Hermitian operator on spins in products of Pauli matrices, such as {'ZZI': -1.0}.

    The leftmost letter is site 0. Terms below rounding are left out. Raises ValueError unless H is Hermitian on 1 to 6
    spins.
    """
    matrix = checks.square(H.full() if hasattr(H, "full") else H, "H").astype(complex)
    n = len(matrix).bit_length() - 1
    if 2**n != len(matrix) or not 1 <= n <= MAX_SPINS:
        raise ValueError(f"H must act on 1 to {MAX_SPINS} spins, a power of two states, got {len(matrix)}")
    check_hermitian(matrix, "H")
    index = np.arange(2**n)
    parity = scipy.linalg.hadamard(2**n)  # (-1)^{z.j}
    terms = {}
    for x in range(2**n):
        sums = parity @ matrix[index ^ x, index] / 2**n  # of X^x Z^z; a Y is i X Z
        for z, total in enumerate(sums.tolist()):
            both = (x & z).bit_count()
            letters = "".join("IZXY"[2 * (x >> k & 1) + (z >> k & 1)] for k in range(n - 1, -1, -1))
            terms[letters] = float((total * (-1j) ** (both % 4)).real)
    largest = max(abs(c) for c in terms.values())
    return {letters: c for letters, c in terms.items() if abs(c) >= 1e-14 * largest and c} or {"I" * n: 0.0}


def step_qasm(
    H: Any,
    V: Any,
    mu: Any,
    *,
    width: Any,
    alpha: Any = 0.25,
    angle: Any = 12.0,
    error: Any = 1e-2,
    slices: Any = 1,
) -> str:
    """One bang-bang cooling step of a few spins as OpenQASM 3: `cooling_step(.., drive='bang-bang')` as a circuit.

    H: Hermitian on 1 to 6 spins; V: local field (n, 3); mu, width, alpha, angle as there. `error` bounds the
    polynomial of a reflection, `slices` is the number of product formulas in one query e^{-i H tau}, whose error falls
    as 1/slices^2. The ancilla starts in |0> and returns to it but for `error`; measuring 0 at the end confirms it.
    Raises ValueError on arguments outside their range.
    """
    terms = pauli_terms(H)
    n = len(next(iter(terms)))
    V = checks.real_array(V, "V", (n, 3))
    slices = checks.integer(slices, "slices", 1, 1000)
    alpha, angle = checks.number(alpha, "alpha", above=0.0), checks.number(angle, "angle", above=0.0)
    if angle / alpha > MAX_ROUNDS:
        raise ValueError(f"angle / alpha must be at most {MAX_ROUNDS} to be written out, got {angle:g} / {alpha:g}")
    angles, calls, tau = reflection_circuit(H, mu, width=width, error=error)
    rounds = pulses(angle, alpha)
    kick = angle / rounds
    sites = ", ".join(f"q{i}" for i in range(n))
    d = len(angles.theta) - 1
    lines = [
        "OPENQASM 3.0;",
        'include "stdgates.inc";',
        f"// One cooling step of {n} spins: {rounds} rounds of half a kick, a reflection of {d} queries, half a kick.",
        f"// mu = {float(mu):.6g}, width = {float(width):.6g}, tau = {tau:.6g}.",
        "",
        f"// exp(-i H tau): {slices} symmetric product formula{'s' * (slices > 1)}",
        f"gate evolution {sites} {{",
        *_indented(_evolution(terms, tau, slices)),
        "}",
        "// exp(-i (pi/2) sgn(H - mu)) on the spins, with the ancilla a in |0>",
        f"gate reflection a, {sites} {{",
        *_indented(_reflection(angles, calls, sites)),
        "}",
        f"// exp(-i V {kick:.6g} / 2)",
        f"gate half_kick {sites} {{",
        *_indented([line for i in range(n) for line in _kick(0.5 * kick * V[i], f"q{i}")]),
        "}",
        "",
        "qubit a;",
        f"qubit[{n}] spin;",
        "bit failed;",
        "",
    ]
    spins = ", ".join(f"spin[{i}]" for i in range(n))
    for _ in range(rounds):
        lines += [f"half_kick {spins};", f"reflection a, {spins};", f"half_kick {spins};"]
    return "\n".join([*lines, "failed = measure a;", ""])


def reflection_circuit(H: Any, mu: Any, *, width: Any, error: Any = 1e-2) -> tuple[Angles, int, float]:
    """Angles, number of inverse calls, and tau of the circuit for exp(-i (pi/2) erf((H - mu)/width)), to `error`.

    The signal is exp(+i H tau), shifted to mu by the phases; as in `gqsp_circuit`, half of the queries are inverse.
    Raises ValueError if H has one level only, mu is farther than a spread outside the spectrum, or the width is so
    small that the degree exceeds 20 000.
    """
    spectrum = levels(H)
    mu, width = checks.number(mu, "mu"), checks.number(width, "width", maximum=1e200, above=0.0)
    error = checks.number(error, "error", 1e-10, 0.5)
    lowest, highest = spectrum.energies[[0, -1]].tolist()
    spread = highest - lowest
    if not spread > 0:
        raise ValueError("H must have two levels at least, but it is a multiple of the identity")
    if not lowest - spread <= mu <= highest + spread:
        raise ValueError(f"mu must be within the spectrum of H or a spread from it, got {mu:g}")
    reach = max(highest, mu) - min(lowest, mu)
    tau, _ = oracle_time(reach, width * float(scipy.special.erfcinv(error / 2)))
    sigma = width * tau / np.sqrt(2)
    if not sigma >= 1e-3:
        raise ValueError(f"width must be at least {1e-3 * np.sqrt(2) / tau:.3g} to be written out, got {width:g}")
    P = reflection_laurent(sigma, error)
    K = len(P) // 2
    theta, phi, lam = gqsp_angles(P)
    # The K inverse calls multiply by z^{-K}, and the shifted phases leave e^{-i K mu tau}, which the ancilla's gates
    # can take back all at once.
    return Angles(theta, shift_angles(phi, -mu * tau), lam + K * mu * tau), K, tau


def _evolution(terms: dict[str, float], tau: float, slices: int) -> list[str]:
    """exp(-i H tau): `slices` times all terms forwards and backwards, half of each at a time."""
    n = len(next(iter(terms)))
    turns = [(letters, 2 * c * tau / slices) for letters, c in terms.items() if letters != "I" * n]
    half = [line for letters, turn in turns for line in _pauli_rotation(letters, 0.5 * turn)]
    back = [line for letters, turn in turns[::-1] for line in _pauli_rotation(letters, 0.5 * turn)]
    phase = -tau * terms.get("I" * n, 0.0)
    return [*([f"gphase({_number(phase)});"] if phase else []), *((half + back) * slices)]


def _pauli_rotation(letters: str, turn: float) -> list[str]:
    """exp(-i turn/2 P) for a product P of Pauli matrices: the last site gathers their parity, and is turned."""
    sites = [i for i, letter in enumerate(letters) if letter != "I"]
    if len(sites) == 1:
        return [f"r{letters[sites[0]].lower()}({_number(turn)}) q{sites[0]};"]
    into = [line for i in sites for line in {"X": [f"h q{i};"], "Y": [f"sdg q{i};", f"h q{i};"]}.get(letters[i], [])]
    out = [line for i in sites for line in {"X": [f"h q{i};"], "Y": [f"h q{i};", f"s q{i};"]}.get(letters[i], [])]
    ladder = [f"cx q{i}, q{j};" for i, j in pairwise(sites)]
    return [*into, *ladder, f"rz({_number(turn)}) q{sites[-1]};", *ladder[::-1], *out]


def _reflection(angles: Angles, calls: int, sites: str) -> list[str]:
    """R(theta, phi, lambda) = e^{i(phi + ..)} diag(1, e^{-i phi}) Ry(2 theta) Z diag(e^{i lambda}, 1), and the queries.

    The signal is exp(+i H tau): a query on |0> is the inverse of `evolution`, an inverse query on |1> is `evolution`.
    """
    theta, phi, lam = angles
    d = len(theta) - 1
    lines = [f"gphase({_number(float(phi.sum()) + lam)});", f"p({_number(-lam)}) a;"]
    for j in range(d + 1):
        if j:
            inverse = (j * calls) // d > ((j - 1) * calls) // d  # spread evenly, as in `gqsp_circuit`
            lines.append(f"ctrl @ evolution a, {sites};" if inverse else f"negctrl @ inv @ evolution a, {sites};")
        lines += ["z a;", f"ry({_number(2 * theta[j])}) a;", f"p({_number(-phi[j])}) a;"]
    return lines


def _kick(v: np.ndarray, site: str) -> list[str]:
    """exp(-i v.sigma) of one spin, as Rz Ry Rz."""
    length = float(np.linalg.norm(v))
    x, y, z = v * np.sinc(length / np.pi)
    beta = 2 * np.arctan2(np.hypot(x, y), np.hypot(np.cos(length), z))
    plus, minus = np.arctan2(z, np.cos(length)), np.arctan2(-x, y)
    turns = (("rz", plus - minus), ("ry", beta), ("rz", plus + minus))
    return [f"{name}({_number(turn)}) {site};" for name, turn in turns if turn]


def _number(angle: float) -> str:
    """Twelve decimals; what is left out is rounding already."""
    return repr(round(float(angle), 12) + 0.0)


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
