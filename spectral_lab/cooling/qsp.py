"""Generalised quantum signal processing: from a polynomial P to the angles of a circuit, and back.

With U on the system, A = diag(U, 1) on (ancilla, system) and the ancilla gate

    R(theta, phi, lambda) = [[e^{i(lambda+phi)} cos theta, e^{i phi} sin theta], [e^{i lambda} sin theta, -cos theta]],

the circuit  [prod_{j=d..1} R(theta_j, phi_j, 0) A] R(theta_0, phi_0, lambda)  has the first block column (P(U), Q(U)),
for any complex P with |P| <= 1 on the unit circle (Motlagh and Wiebe, arXiv 2308.01501: literature, by two of the
authors of the paper). Gate 0 acts first. Q is found by FFT (Alexis, Lin, Mnatsakanyan, Thiele
and Wang, arXiv 2407.05634; Berntson and Sünderhauf, arXiv 2406.04246: literature). For which of the possible Q
stripping the gates is stable, Ni, Sarkar, Ying and Lin prove (arXiv 2505.12615: literature). The shift by phases and
the checks are derived here.
"""

from __future__ import annotations

import cmath
import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from spectral_lab import checks

MAX_DEGREE = 20_000
MAX_FFT = 2**22
MAX_NEWTON = 200  # degree
MAX_GATES = 500_000_000  # applied to single points
DISCARDED = 1e-13  # what the FFT may leave beyond the coefficients that are kept
NOTHING = 1e-14  # a coefficient that is rounding
MARGIN = 1e-12  # 1 - |P| that is left for Q: below it, |Q|^2 is rounding


class Angles(NamedTuple):
    """The angles of a circuit of degree d: theta and phi have d + 1 entries, lam belongs to gate 0 (radians)."""

    theta: Float[np.ndarray, " d1"]
    phi: Float[np.ndarray, " d1"]
    lam: float


def gqsp_complement(P: ArrayLike, *, zeros: str = "inside") -> Complex[np.ndarray, " d1"]:
    """Q of the degree of P with |P|^2 + |Q|^2 = 1 on the unit circle, by FFT; ascending powers.

    Weiss' construction: q = exp of the analytic half of log(1 - |P|^2)/2 has no zero in the disc. Its reversal
    Q(z) = z^d conj(q(1/conj z)) has the same modulus, ALL zeros inside the disc and a leading coefficient that is
    real and positive; `gqsp_angles` is stable for that one (Ni, Sarkar, Ying, Lin). `zeros='outside'` returns q itself,
    to show what goes wrong. Where |P| touches 1, zeros lie on the circle and no FFT resolves the logarithm: there
    Newton's iteration takes over, for degrees up to 200. Where |P| is 1 to rounding all along (Hamiltonian
    simulation), |Q|^2 would be rounding: (1 - 1e-12) P is completed. A monomial has Q = 0. Raises ValueError where
    |P| exceeds 1 (rescale P: a truncated sign series overshoots by up to half its error), or is too close to 1 for
    its degree, or if the degree exceeds 20 000.
    """
    p = _polynomial(P, "P")
    zeros = checks.choice(zeros, "zeros", ("inside", "outside"))
    others = np.sort(np.abs(p))[:-1].sum()
    q, largest = _outer_function(p, MAX_FFT if len(p) > MAX_NEWTON + 1 else 2**18)
    if others < NOTHING and abs(largest - 1) < NOTHING:  # a monomial
        return np.zeros_like(p)
    if q is None and len(p) <= MAX_NEWTON + 1:
        q = _newton(p)
    if q is None:
        less = 1 - max(1e-6, (60 * len(p) / MAX_FFT) ** 2)
        raise ValueError(f"max |P| = {largest:.12g} is too close to 1 to complete: multiply P by {less:.7g}")
    return np.ascontiguousarray(q.conj()[::-1]) if zeros == "inside" else q


def gqsp_angles(P: ArrayLike, Q: ArrayLike | None = None, *, tolerance: Any = 1e-9) -> Angles:
    """The angles whose product has first column (P, Q), by stripping one gate after another: O(d^2), vectorised rows.

    From the top coefficients (a, b): theta = atan2(|b|, |a|), phi = arg(a conj b); undo the gate, shift, repeat.
    Without Q the stable `gqsp_complement(P)` is used. phi is arbitrary where cos or sin theta vanishes (every second
    gate of an odd P), and 0 is taken: compare products, not angles. The product is always multiplied out and compared
    with P, and with Q if it was given. Raises ValueError if the degrees differ, or if |P|^2 + |Q|^2 differs from 1,
    or the product from P and Q, by more than `tolerance` on the unit circle.
    """
    p = _polynomial(P, "P")
    q = gqsp_complement(p) if Q is None else _polynomial(Q, "Q")
    tolerance = checks.number(tolerance, "tolerance", above=0.0)
    if len(q) != len(p):
        raise ValueError(f"P and Q must have one degree, got {len(p) - 1} and {len(q) - 1}")
    defect = completion_error(p, q)
    if not defect <= tolerance:
        raise ValueError(
            f"|P|^2 + |Q|^2 must be 1 on the unit circle to tolerance = {tolerance:g}, but it is off by {defect:.2g}"
        )
    d = len(p) - 1
    rows = np.array([p, q])
    theta, phi = np.zeros(d + 1), np.zeros(d + 1)
    undo = np.empty((2, 2), dtype=complex)
    for j in range(d, 0, -1):
        a, b = complex(rows[0, -1]), complex(rows[1, -1])
        if max(abs(a), abs(b)) < NOTHING:  # padded with zeros; but (p_d, q_d) is orthogonal to (p_0, q_0)
            a, b = -complex(rows[1, 0]).conjugate(), complex(rows[0, 0]).conjugate()
        theta[j], phi[j], _ = gate_angles(a, b)
        turn, c, s = cmath.rect(1.0, -phi[j]), math.cos(theta[j]), math.sin(theta[j])
        undo[:] = [[turn * c, s], [turn * s, -c]]
        undone = undo @ rows
        rows = np.array([undone[0, 1:], undone[1, :-1]])
    theta[0], phi[0], lam = gate_angles(complex(rows[0, 0]), complex(rows[1, 0]))
    wrong = gqsp_coefficients(theta, phi, lam) - [p, q]
    error = float(np.abs(np.fft.fft(wrong[: 1 if Q is None else 2], _points(4 * len(p)))).max())
    if not error <= tolerance:
        raise ValueError(
            f"the product of the gates must be P and Q to tolerance = {tolerance:g}, but it is off by {error:.2g}: "
            "take the Q of gqsp_complement(P), or multiply P by 1 - 1e-6"
        )
    return Angles(theta, phi, lam)


def gqsp_coefficients(theta: ArrayLike, phi: ArrayLike, lam: Any) -> Complex[np.ndarray, "2 d1"]:
    """The coefficients of P and Q, ascending powers: the inverse of `gqsp_angles`.

    Products of neighbouring gates by FFT, then of neighbouring products, and so on: O(d log^2 d).
    """
    theta, phi, lam = _angles(theta, phi, lam)
    gates = len(theta)
    c, s, turn = np.cos(theta), np.sin(theta), np.exp(1j * phi)
    factors = np.zeros((1 << (gates - 1).bit_length(), 2, 2, 2), dtype=complex)  # (gate, row, column, power of z)
    factors[:gates, 0, 0, 1], factors[:gates, 0, 1, 0] = turn * c, turn * s
    factors[:gates, 1, 0, 1], factors[:gates, 1, 1, 0] = s, -c
    factors[0, :, :, 0], factors[0, :, :, 1] = gate(theta[0], phi[0], lam), 0  # gate 0 comes before the first query
    factors[gates:, [0, 1], [0, 1], 0] = 1
    while len(factors) > 1:
        values = np.fft.fft(factors, 2 * factors.shape[-1])
        factors = np.fft.ifft(np.einsum("gijz,gjkz->gikz", values[1::2], values[::2]))
    return factors[0, :, 0, :gates]


def gqsp_polynomial(theta: ArrayLike, phi: ArrayLike, lam: Any, z: ArrayLike) -> Complex[np.ndarray, "*grid"]:
    """P(z), the upper left entry of the product of gates at each z of the unit circle: the inverse of `gqsp_angles`."""
    return np.asarray(gqsp_column(theta, phi, lam, z)[0])


def gqsp_column(theta: ArrayLike, phi: ArrayLike, lam: Any, z: ArrayLike) -> Complex[np.ndarray, " 2 *grid"]:
    """(P(z), Q(z)), the first column of the product of gates; z of any shape, usually on the unit circle."""
    theta, phi, lam = _angles(theta, phi, lam)
    z = checks.array(z, "z").astype(complex)
    check_work(len(theta), z.size, "z")
    turn, c, s = np.exp(1j * phi), np.cos(theta), np.sin(theta)
    a = np.full(z.shape, np.exp(1j * lam) * turn[0] * c[0])
    b = np.full(z.shape, np.exp(1j * lam) * s[0])
    for j in range(1, len(theta)):
        za = z * a
        a, b = turn[j] * (c[j] * za + s[j] * b), s[j] * za - c[j] * b
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError(f"z must be so close to the unit circle that |z|^{len(theta) - 1} does not overflow")
    return np.array([a, b])


def gqsp_path(theta: ArrayLike, phi: ArrayLike, lam: Any, z: Any) -> Float[np.ndarray, "d1 3"]:
    """The Bloch vector of the ancilla after each gate, for one level with signal z: how the signal is processed."""
    theta, phi, lam = _angles(theta, phi, lam)
    z = complex(checks.array(z, "z", ()))
    if abs(abs(z) - 1) > 1e-8:
        raise ValueError(f"z must lie on the unit circle, but |z| = {abs(z):g}")
    columns = [gqsp_column(theta[:1], phi[:1], lam, z)]
    for t, f in zip(theta[1:], phi[1:], strict=True):
        a, b = columns[-1]
        R = gate(t, f)
        columns.append(R @ np.array([a * z, b]))
    a, b = np.array(columns).T
    mixed = 2 * a.conj() * b
    return np.stack([mixed.real, mixed.imag, np.abs(a) ** 2 - np.abs(b) ** 2], axis=1)


def gate(theta: Any, phi: Any, lam: Any = 0.0) -> Complex[np.ndarray, "2 2"]:
    """R(theta, phi, lambda), the ancilla gate of the paper's GQSP convention."""
    c, s = np.cos(theta), np.sin(theta)
    return np.array([[np.exp(1j * (lam + phi)) * c, np.exp(1j * phi) * s], [np.exp(1j * lam) * s, -c + 0j]])


def shift_angles(phi: ArrayLike, angle: Any) -> Float[np.ndarray, " d1"]:
    """The phases phi for the signal e^{i angle} U instead of U: all but the last grow by `angle`, theta and lam stay.

    One set of angles serves every mu: P(z e^{i angle}) = the product with the shifted phases (derived here). With
    z = exp(i (E - mu) tau), mu -> mu + Delta is angle = -Delta tau. A circuit with k gates B = diag(1, U*) gains the
    global factor e^{-i k angle} as well.
    """
    phi = checks.real_array(phi, "phi", (None,))
    if len(phi) == 0:
        raise ValueError("phi must hold at least one phase")
    shifted = phi + checks.number(angle, "angle")
    shifted[-1] = phi[-1]
    return shifted


def gqsp_circuit(
    theta: ArrayLike, phi: ArrayLike, lam: Any, U: Any, *, inverse_calls: Any = 0
) -> Complex[np.ndarray, "2 N N"]:
    """The blocks (P(U), Q(U)) of the circuit with one ancilla, simulated gate by gate on a unitary matrix U.

    With `inverse_calls` = k, k of the d gates A = diag(U, 1) are replaced by B = diag(1, U*): the blocks become
    U^{-k} P(U), the Laurent form z^{-k} P(z) (two kinds of control, still one ancilla). U may be a qutip operator.
    Raises ValueError if U is not unitary (1e-8) or k is not between 0 and d.
    """
    theta, phi, lam = _angles(theta, phi, lam)
    d = len(theta) - 1
    U = checks.square(U.full() if hasattr(U, "full") else U, "U").astype(complex)
    if (d + 1) * len(U) ** 3 > 1e12:
        raise ValueError(
            f"U must have at most {(1e12 / (d + 1)) ** (1 / 3):.0f} states for {d + 1} gates, got {len(U)}"
        )
    k = checks.integer(inverse_calls, "inverse_calls", 0, d)
    eye = np.eye(len(U))
    if not np.allclose(U @ U.conj().T, eye, atol=1e-8):
        raise ValueError("U must be unitary")
    column = gate(theta[0], phi[0], lam)[:, 0, None, None] * eye
    for j in range(1, d + 1):
        inverse = (j * k) // d > ((j - 1) * k) // d  # spread the k inverse calls evenly over the circuit
        queried = np.array([column[0], U.conj().T @ column[1]]) if inverse else np.array([U @ column[0], column[1]])
        column = np.tensordot(gate(theta[j], phi[j]), queried, axes=1)
    return column


def completion_error(P: ArrayLike, Q: ArrayLike) -> float:
    """max over roots of unity of | |P|^2 + |Q|^2 - 1 |, on at least 4 points a coefficient."""
    p, q = _polynomial(P, "P"), _polynomial(Q, "Q")
    points = _points(4 * max(len(p), len(q)))
    return float(np.abs(np.abs(np.fft.fft(p, points)) ** 2 + np.abs(np.fft.fft(q, points)) ** 2 - 1).max())


def product_error(P: ArrayLike, angles: Angles, points: Any = 257) -> float:
    """max |product of gates - P(z)| over `points` points of the unit circle: the self-check of a set of angles."""
    p = _polynomial(P, "P")
    if not isinstance(angles, tuple) or len(angles) != 3:
        raise ValueError(f"angles must be Angles (theta, phi, lam), got {checks.shown(angles)}")
    points = checks.integer(points, "points", 1, 2**20)
    check_work(len(p), points, "points")
    z = np.exp(2j * np.pi * np.arange(points) / points)
    return float(np.abs(gqsp_polynomial(*angles, z) - np.polynomial.polynomial.polyval(z, p)).max())


def check_work(gates: int, points: int, name: str) -> None:
    """Raises ValueError if so many gates on so many points would take minutes."""
    if gates * points > MAX_GATES:
        raise ValueError(f"{name} must hold at most {MAX_GATES // gates} points for {gates} gates, got {points}")


def gate_angles(a: complex, b: complex) -> tuple[float, float, float]:
    """theta, phi, lambda of the gate with first column (a, b) up to its length; what is only rounding has no phase."""
    size_a, size_b = abs(a), abs(b)
    length = max(size_a, size_b)
    least = NOTHING * length if length > NOTHING else length
    size_a, size_b = size_a * (size_a > least), size_b * (size_b > least)
    turn_b = b / size_b if size_b else 1 + 0j
    turn_a = a / size_a if size_a else turn_b
    return math.atan2(size_b, size_a), _angle(turn_a * turn_b.conjugate()), _angle(turn_b)


def _outer_function(p: np.ndarray, limit: int) -> tuple[np.ndarray | None, float]:
    """The completion without zeros in the disc, or None if `limit` points do not resolve it; and the largest |P|."""
    points = _points(16 * len(p))
    while True:
        modulus = np.abs(np.fft.fft(p, points))
        largest = float(modulus.max())
        if largest > 1 + MARGIN:
            raise ValueError(f"P must not exceed 1 on the unit circle, but max |P| = {largest:.12g}")
        remainder = 1 - (modulus * min(1.0, (1 - MARGIN) / max(largest, 0.5))) ** 2
        s = np.fft.ifft(0.5 * np.log(remainder))
        s[1 : points // 2] *= 2  # keep the analytic half: s_0 + 2 sum_{k>0} s_k z^k
        s[points // 2 + 1 :] = 0
        # numpy's forward transform evaluates at exp(-i w), so powers of z are read back with the inverse one.
        q = np.fft.fft(np.exp(np.fft.ifft(s) * points)) / points
        # A coefficient that is left out costs |P|^2 + |Q|^2 its product with Q.
        if np.abs(q[len(p) :]).max(initial=0.0) * np.sqrt(remainder.max()) < DISCARDED:
            return q[: len(p)], largest
        if points >= limit:
            return None, largest
        points = min(4 * points, limit)


def _newton(p: np.ndarray) -> np.ndarray | None:
    """The same where |P| touches 1, or None: sum_j q_{j+k} conj(q_j) = 1_{k=0} - sum_j p_{j+k} conj(p_j), by Newton.

    Started from the completion of a smaller P, the iteration keeps all zeros on their side and halves their distance
    to a double zero on the circle in each step (Wilson, literature). O(d^3) a step.
    """
    q, _ = _outer_function(0.999 * p, MAX_FFT)
    n, k = len(p), np.arange(len(p))
    wanted = (k == 0) - np.correlate(p, p, "full")[n - 1 :]
    kept, best = None, np.inf
    while q is not None:
        residual = wanted - np.correlate(q, q, "full")[n - 1 :]
        size = np.abs(residual).max()
        if not size < 0.9 * best:  # down to rounding
            break
        kept, best = q, size
        padded = np.concatenate([np.zeros(n - 1), q, np.zeros(n - 1)])
        before = padded[n - 1 + k - k[:, None]].conj()  # what multiplies the change of q, and its conjugate
        after = padded[n - 1 + k + k[:, None]]
        plus, minus = before + after, before - after
        system = np.block([[plus.real, -minus.imag], [plus.imag, minus.real]])
        system[n] = np.arange(2 * n) == n  # the equation of order 0 is real: it leaves a phase, and q_0 stays real
        change = np.linalg.lstsq(system, np.concatenate([residual.real, residual.imag * (k > 0)]), rcond=1e-15)[0]
        q = q + change[:n] + 1j * change[n:]
    return kept if best < DISCARDED else None


def _polynomial(value: ArrayLike, name: str) -> np.ndarray:
    p = checks.array(value, name, (None,)).astype(complex)
    if not 1 <= len(p) <= MAX_DEGREE + 1:
        raise ValueError(f"{name} must have at least one coefficient, and at most {MAX_DEGREE + 1}, got {len(p)}")
    return p


def _angles(theta: ArrayLike, phi: ArrayLike, lam: Any) -> tuple[np.ndarray, np.ndarray, float]:
    theta, phi = checks.real_array(theta, "theta", (None,)), checks.real_array(phi, "phi", (None,))
    if len(theta) != len(phi) or len(theta) == 0:
        raise ValueError(f"theta and phi must have one length of at least 1, got {len(theta)} and {len(phi)}")
    return theta, phi, checks.number(lam, "lam")


def _angle(value: complex) -> float:
    """The argument in (-pi, pi]; a negative number is at +pi, whatever the sign of its rounding."""
    angle = cmath.phase(value)
    return angle if angle > 1e-12 - math.pi else math.pi


def _points(least: int) -> int:
    """The smallest power of two that is no less."""
    return 1 << (least - 1).bit_length()
