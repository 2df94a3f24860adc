r"""Whose angles are these? Seven conventions of quantum signal processing, and the way from each to each.

A list of angles means nothing without its convention. They all describe one polynomial P(x), x = cos t, through a
product of signals and gates; `CONVENTIONS` says which product, and which of its entries is P. X, Z and H are the
Pauli matrices and the Hadamard gate, |+> = H|0>, w = e^{it}, and

    W(x) = e^{itX} = [[x, i sqrt(1 - x^2)], [i sqrt(1 - x^2), x]],    R(x) = [[x, sqrt(1 - x^2)], [sqrt(1 - x^2), -x]].

W and R are the same up to quarter turns, R = -i e^{i pi Z/4} W e^{i pi Z/4}, and W = H diag(w, 1/w) H: hence phases
that differ by multiples of pi/4 (literature: Gilyén, Su, Low and Wiebe, arXiv 1806.01838, corollary 8; Martyn, Rossi,
Tan and Chuang, arXiv 2105.02859, appendix A). The way to generalised QSP and back is derived here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.cooling.qsp import MAX_DEGREE, Angles, check_work, gate, gate_angles, gqsp_polynomial

_HADAMARD = np.array([[1, 1], [1, -1]]) / np.sqrt(2)


class Convention(NamedTuple):
    """What is multiplied (LaTeX, d signals), what of the product is the polynomial (LaTeX), and who writes it so."""

    product: str
    polynomial: str
    used_by: str


_WX = r"e^{i\phi_0 Z}\prod_{j=1}^{d} W(x)\,e^{i\phi_j Z}"
CONVENTIONS: dict[str, Convention] = {
    "Wx": Convention(_WX, r"P=\langle 0|\cdot|0\rangle", "Low and Chuang 2017; Martyn et al. 2021"),
    "Wz": Convention(
        r"e^{i\phi_0 X}\prod_{j=1}^{d}\begin{pmatrix}w&0\\0&w^{-1}\end{pmatrix}e^{i\phi_j X}",
        r"P=\langle +|\cdot|+\rangle",
        "Haah 2019; Chao et al. 2020, who read the Laurent polynomial ⟨0|·|0⟩",
    ),
    "reflection": Convention(
        r"e^{i\phi_0 Z}\prod_{j=1}^{d} R(x)\,e^{i\phi_j Z}",
        r"P=i^d\,\langle 0|\cdot|0\rangle",
        "Martyn et al. 2021, appendix",
    ),
    "QSVT": Convention(
        r"\prod_{j=1}^{d} e^{i\phi_j Z}R(x)", r"P=\langle 0|\cdot|0\rangle", "Gilyén et al. 2019, one phase a signal"
    ),
    "QSPPACK": Convention(_WX, r"f=\mathrm{Re}\,\langle 0|\cdot|0\rangle", "QSPPACK, symmetric phases"),
    "pyqsp": Convention(_WX, r"f=\mathrm{Im}\,\langle 0|\cdot|0\rangle", "pyqsp's sym_qsp, symmetric phases"),
    "GQSP": Convention(
        r"\prod_{j=d}^{1}\Big[R(\theta_j,\phi_j,0)\begin{pmatrix}w^2&0\\0&1\end{pmatrix}\Big]R(\theta_0,\phi_0,\lambda)",
        r"P=w^{-d}\,\langle 0|\cdot|0\rangle",
        "Motlagh and Wiebe 2023; PennyLane; this course",
    ),
}


def qsp_response(
    phases: Any, convention: str, x: ArrayLike
) -> Complex[np.ndarray, "*grid"] | Float[np.ndarray, "*grid"]:
    """P(x), or the target f(x), of phases in one of the `CONVENTIONS`: the product is multiplied out as it is defined.

    `phases` is an array of d + 1 phases (d for 'QSVT'), or `Angles` for 'GQSP'. Raises ValueError for x outside
    [-1, 1].
    """
    convention = checks.choice(convention, "convention", CONVENTIONS)
    phases = _phases(phases, convention)
    x = checks.real_array(x, "x")
    if np.abs(x).max(initial=0.0) > 1:
        raise ValueError(f"x must lie in [-1, 1], got {x.flat[np.abs(x).argmax()]:g}")
    w = x + 1j * np.sqrt(1 - x * x)
    if isinstance(phases, Angles):
        return np.asarray(gqsp_polynomial(*phases, w**2) / w ** (len(phases.theta) - 1))
    check_work(len(phases), x.size, "x")
    signal = np.array([[w.real, 1j * w.imag], [1j * w.imag, w.real]])
    if convention in ("reflection", "QSVT"):
        signal = np.array([[w.real, w.imag], [w.imag, -w.real]])
    elif convention == "Wz":
        signal = np.array([[w, 0 * w], [0 * w, w.conj()]])
    turn = _turn_x if convention == "Wz" else _turn_z
    first = np.array([1, 1]) / np.sqrt(2) if convention == "Wz" else np.array([1, 0])
    row = np.multiply.outer(first @ turn(phases[0]), np.ones_like(w))
    for phase in [*phases[1:], *([0.0] if convention == "QSVT" else [])]:
        row = np.einsum("i...,ij...,jk->k...", row, signal, turn(phase))
    if convention == "Wz":
        return np.asarray((row[0] + row[1]) / np.sqrt(2))
    P = row[0] * (1j ** ((len(phases) - 1) % 4) if convention == "reflection" else 1)
    return np.asarray({"QSPPACK": P.real, "pyqsp": P.imag}.get(convention, P))


def convert_phases(phases: Any, source: str, target: str) -> Float[np.ndarray, " d1"] | Angles:
    """The phases of the same polynomial in another of the `CONVENTIONS`, as an array, or as `Angles` for 'GQSP'.

    All ways lead over 'Wx'. There 'Wz' is the same list; 'reflection' is Wx with pi/4 less at both ends and pi/2 less
    between; 'QSVT' has the two ends in one phase, phi_0 + phi_d + (d - 1) pi/2; 'QSPPACK' reads Re P of the same list,
    and 'pyqsp' needs pi/4 more at both ends to have it in the imaginary part. A list of Wx becomes GQSP for U = w^2 by
    moving what commutes with the signal to the right; only the GQSP whose gates are rotations about one axis can go
    back. Raises ValueError for one that cannot.
    """
    source = checks.choice(source, "source", CONVENTIONS)
    target = checks.choice(target, "target", CONVENTIONS)
    given = _phases(phases, source)
    if isinstance(given, Angles):
        wx = _from_gqsp(given)
    elif source == "QSVT":  # the last phase of Wx may be anything, as long as the first makes up for it
        wx = np.append(given, 0.0) + np.pi / 2
        wx[0], wx[-1] = given[0] - (len(given) - 1) * np.pi / 2, 0.0
    else:
        wx = given - _offsets(len(given), source)
    if target == "GQSP":
        return _to_gqsp(wx)
    if target == "QSVT":
        if len(wx) == 1:
            raise ValueError("phases must have at least one signal for 'QSVT', which has one phase for each")
        return np.append(wx[0] + wx[-1] + (len(wx) - 2) * np.pi / 2, wx[1:-1] - np.pi / 2)
    return wx + _offsets(len(wx), target)


def _offsets(count: int, convention: str) -> np.ndarray:
    """What is added to the phases of Wx."""
    offsets = np.full(count, -np.pi / 2 if convention == "reflection" else 0.0)
    if count == 1:  # no signal, so that nothing needs to be made up for, but a factor i between Re and Im
        return np.array([np.pi / 2 if convention == "pyqsp" else 0.0])
    offsets[[0, -1]] = {"reflection": -np.pi / 4, "pyqsp": np.pi / 4}.get(convention, 0.0)
    return offsets


def _to_gqsp(wx: np.ndarray) -> Angles:
    """H diag(w^2, 1) H = w W(x): the gates e^{i phi Z} between Hadamards, each brought to the form R(theta, phi, 0).

    A gate is R times a diagonal matrix, which commutes with diag(U, 1) and so joins the next gate.
    """
    d = len(wx) - 1
    gates = np.array([_turn_z(phase) for phase in wx])
    gates[:-1] = gates[:-1] @ _HADAMARD
    gates[1:] = _HADAMARD @ gates[1:]
    theta, phi = np.zeros(d + 1), np.zeros(d + 1)
    diagonal = np.ones(2, dtype=complex)
    for j, G in zip(range(d, -1, -1), gates, strict=True):
        G = diagonal[:, None] * G
        theta[j], phi[j], _ = gate_angles(*G[:, 0].tolist())
        diagonal = np.diag(gate(theta[j], phi[j]).conj().T @ G)
    return Angles(theta, phi, float(np.angle(diagonal[0])))


def _from_gqsp(angles: Angles) -> np.ndarray:
    """The phases of Wx, by the same sweep: every gate must be a rotation e^{i phi X}, between those of the two ends."""
    theta, phi, lam = angles
    d = len(theta) - 1
    if d == 0:
        return np.array([np.angle(gate(theta[0], phi[0], lam)[0, 0])])
    wx = np.zeros(d + 1)
    diagonal = np.ones(2, dtype=complex)
    for j in range(d, -1, -1):
        G = diagonal[:, None] * gate(theta[j], phi[j], lam if j == 0 else 0.0)
        mixed = G[0, 0].conj() * G[1, 0]
        if j == d:
            wx[0] = -np.angle(mixed) / 2
            wanted = _turn_z(wx[0]) @ _HADAMARD
        elif j > 0:
            wx[d - j] = np.arctan2(2 * mixed.imag, abs(G[0, 0]) ** 2 - abs(G[1, 0]) ** 2) / 2
            wanted = _turn_x(wx[d - j])
        else:
            wanted = _HADAMARD
        rest = wanted.conj().T @ G
        if not abs(rest[1, 0]) < 1e-6:
            raise ValueError(
                f"phases of 'GQSP' can be converted if every gate turns about one axis, but gate {j} of {d} is off by "
                f"{abs(rest[1, 0]):.2g}"
            )
        diagonal = np.diag(rest)
    wx[d] = np.angle(diagonal[0])
    return wx


def _turn_z(phase: float) -> np.ndarray:
    return np.array([[np.exp(1j * phase), 0], [0, np.exp(-1j * phase)]])


def _turn_x(phase: float) -> np.ndarray:
    return np.array([[np.cos(phase), 1j * np.sin(phase)], [1j * np.sin(phase), np.cos(phase)]])


def _phases(phases: Any, convention: str) -> Any:
    if convention == "GQSP":
        if not isinstance(phases, tuple) or len(phases) != 3:
            raise ValueError(f"phases must be Angles, or (theta, phi, lam), for 'GQSP', got {checks.shown(phases)}")
        theta, phi = (checks.real_array(a, name, (None,)) for a, name in zip(phases, ("theta", "phi"), strict=False))
        if not 1 <= len(theta) == len(phi) <= MAX_DEGREE + 1:
            raise ValueError(f"theta and phi must have one length of at least 1, got {len(theta)} and {len(phi)}")
        return Angles(theta, phi, checks.number(phases[2], "lam"))
    phases = checks.real_array(phases, "phases", (None,))
    if not 1 <= len(phases) <= MAX_DEGREE + 1:
        raise ValueError(f"phases must hold at least one phase, and at most {MAX_DEGREE + 1}, got {len(phases)}")
    return phases
