from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import jv

from spectral_lab.cooling import qsp
from spectral_lab.cooling import sign_functions as sf
from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.conventions import qsp_response

CIRCLE = np.exp(2j * np.pi * np.arange(401) / 401)


def random_polynomial(degree, seed, scale):
    rng = np.random.default_rng(seed)
    p = rng.normal(size=degree + 1) + 1j * rng.normal(size=degree + 1)
    return scale * p / np.abs(np.polynomial.polynomial.polyval(np.exp(1j * np.linspace(0, 2 * np.pi, 4096)), p)).max()


def sign_polynomial(edge, error, eta=1e-6):
    return (1 - eta - error / 2) * sf.laurent_coefficients(sf.sign_series(edge, error).coefficients)


def test_angles_match_the_reference(reference, as_complex):
    for case in reference["gqsp"]:
        p, grid = as_complex(case["p"]), np.exp(1j * np.array(case["grid"]))
        q = qsp.gqsp_complement(p)
        np.testing.assert_allclose(q, as_complex(case["q_stable"]), atol=1e-12)
        angles = qsp.gqsp_angles(p, q)
        np.testing.assert_allclose(angles.theta, case["theta"], atol=1e-12)
        np.testing.assert_allclose(qsp.gqsp_polynomial(*angles, grid), as_complex(case["P_on_grid"]), atol=1e-12)
        theirs = qsp.gqsp_column(case["theta"], case["phi"], case["lam"], grid)
        np.testing.assert_allclose(theirs[0], as_complex(case["P_on_grid"]), atol=1e-10)
        np.testing.assert_allclose(np.abs(theirs[1]), case["absQ_on_grid"], atol=1e-10)


def test_symmetric_phases_of_two_other_packages_give_the_same_polynomial(reference):
    for case in reference["symmetric_qsp"]:
        b = case["scale"] * sf.gaussian_coefficients(case["K"], case["sigma"])
        theta = np.linspace(-np.pi, np.pi, 101)
        f = sf.sine_series(b, theta)
        x = np.clip(np.sin(theta), -1, 1)
        imaginary = qsp_response(case["pyqsp_full_phases_Im"], "pyqsp", x)
        real = qsp_response(case["qsppack_full_phases_Re"], "QSPPACK", x)
        np.testing.assert_allclose(imaginary, f, atol=1e-10)
        np.testing.assert_allclose(real, f, atol=1e-10)
        # every second generalised angle is the symmetric phase, up to sign and the last one
        angles = qsp.gqsp_angles(sf.laurent_coefficients(b))
        np.testing.assert_allclose(angles.theta[:-1:2], np.abs(case["pyqsp_full_phases_Im"])[:-1], atol=1e-10)
        np.testing.assert_allclose(angles.theta[1::2], 0, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(degree=st.integers(0, 80), seed=st.integers(0, 2**32), scale=st.floats(0, 0.999))
def test_completion_and_product_for_any_polynomial(degree, seed, scale):
    p = random_polynomial(degree, seed, scale)
    q = qsp.gqsp_complement(p)
    assert qsp.completion_error(p, q) < 1e-11
    assert q[-1].real > 0
    assert abs(q[-1].imag) < 1e-12
    if degree:
        assert np.abs(np.roots(q[::-1])).max() < 1 + 1e-9
    angles = qsp.gqsp_angles(p, q)
    assert qsp.product_error(p, angles, 401) < 1e-11
    np.testing.assert_allclose(
        qsp.gqsp_column(*angles, CIRCLE)[1], np.polynomial.polynomial.polyval(CIRCLE, q), atol=1e-11
    )


@pytest.mark.parametrize(
    ("edge", "error", "bound"), [(0.05, 1e-3, 1e-13), (0.0215, 1e-3, 1e-12), (0.0054, 1e-3, 1e-11)]
)
def test_sign_polynomials_of_high_degree_strip_stably(edge, error, bound):
    p = sign_polynomial(edge, error)
    assert qsp.product_error(p, qsp.gqsp_angles(p), 301) < bound


def test_the_other_root_choice_completes_but_strips_badly():
    p = sign_polynomial(0.0215, 1e-3)
    good, bad = qsp.gqsp_complement(p), qsp.gqsp_complement(p, zeros="outside")
    assert qsp.completion_error(p, bad) < 1e-12
    np.testing.assert_allclose(np.abs(np.fft.fft(good, 4096)), np.abs(np.fft.fft(bad, 4096)), atol=1e-12)
    assert qsp.product_error(p, qsp.gqsp_angles(p, bad, tolerance=1e-3)) > 1e4 * qsp.product_error(
        p, qsp.gqsp_angles(p, good)
    )


@settings(deadline=None, max_examples=20)
@given(degree=st.integers(0, 40), seed=st.integers(0, 2**32), angle=st.floats(-10, 10))
def test_shift_by_phases(degree, seed, angle):
    p = random_polynomial(degree, seed, 0.9)
    theta, phi, lam = qsp.gqsp_angles(p)
    shifted = qsp.gqsp_polynomial(theta, qsp.shift_angles(phi, angle), lam, CIRCLE)
    direct = np.polynomial.polynomial.polyval(CIRCLE * np.exp(1j * angle), p)
    np.testing.assert_allclose(shifted, direct, atol=1e-11)


def test_one_circuit_serves_every_shift():
    """The ancilla circuit on three sites, Laurent form: the block is f((H - mu) tau) for each mu."""
    E, W = np.linalg.eigh(hm.tfim(3).full())
    tau, edge = sf.oracle_time(E[-1] - E[0], 0.9)
    series = sf.sign_series(edge, 1e-3)
    K = series.degree
    theta, phi, lam = qsp.gqsp_angles(0.999 * sf.laurent_coefficients(series.coefficients))
    # z = exp(+i (E - mu) tau): the oracle exp(-i H tau) is called backwards, or the two bands swap
    U = (W * np.exp(1j * E * tau)) @ W.conj().T
    for mu in (E[0] + 1.0, 0.0, 2.5):
        blocks = qsp.gqsp_circuit(theta, qsp.shift_angles(phi, -mu * tau), lam, U, inverse_calls=K)
        block = np.exp(1j * K * mu * tau) * blocks[0]
        wanted = (W * (0.999 * sf.sine_series(series.coefficients, (E - mu) * tau))) @ W.conj().T
        np.testing.assert_allclose(block, wanted, atol=1e-12)
        total = blocks[0].conj().T @ blocks[0] + blocks[1].conj().T @ blocks[1]
        np.testing.assert_allclose(total, np.eye(8), atol=1e-12)


def test_circuit_without_inverse_calls_is_the_polynomial():
    p = random_polynomial(9, 1, 0.8)
    angles = qsp.gqsp_angles(p)
    U = np.linalg.qr(hm.gue(5, 3))[0]
    powers = sum(c * np.linalg.matrix_power(U, k) for k, c in enumerate(p))
    np.testing.assert_allclose(qsp.gqsp_circuit(*angles, U)[0], powers, atol=1e-12)


def test_path_starts_at_gate_zero_and_ends_at_the_polynomial():
    p = sign_polynomial(0.3, 1e-2)
    angles = qsp.gqsp_angles(p)
    path = qsp.gqsp_path(*angles, np.exp(0.7j))
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 1, atol=1e-12)
    P = abs(qsp.gqsp_polynomial(*angles, np.exp(0.7j))) ** 2
    assert path[-1, 2] == pytest.approx(2 * P - 1, abs=1e-12)


def test_gates_are_unitary_and_trivial_polynomials_work():
    R = qsp.gate(0.3, 1.1, -0.4)
    np.testing.assert_allclose(R @ R.conj().T, np.eye(2), atol=1e-15)
    for p in ([0.0], [1.0], [0.0, 0.0, 0.9j], [0.0, 0.0]):
        assert qsp.product_error(p, qsp.gqsp_angles(p)) < 1e-12


@pytest.mark.parametrize(
    "p",
    [
        [0.5, 0.5],
        [0.6, 0.0, 0.4],
        [0.25, -0.5j, -0.25],
        [0.0, 0.5, 0.5j, 0.0],
        np.full(30, 1 / 30),
        [0.5 - 1e-9, 0.5 - 1e-9],
    ],
    ids=str,
)
def test_a_polynomial_may_touch_one(p):
    """The theorem asks for |P| <= 1, and no FFT resolves log(1 - |P|^2) where they are equal."""
    q = qsp.gqsp_complement(p)
    assert qsp.completion_error(p, q) < 1e-14
    assert qsp.product_error(p, qsp.gqsp_angles(p, q), 401) < 1e-14
    assert q[-1].real > 0
    assert np.abs(np.roots(q[::-1])).max() < 1 + 1e-7


def hamiltonian_simulation(t, tail=0.0):
    """z^K exp(i t cos(theta)) by Jacobi and Anger: coefficients i^k J_k(t), cut where what is left is below `tail`."""
    K = int(t + 20 + 8 * np.cbrt(t))
    size = np.abs(jv(np.arange(K), t))
    K = int(np.argmax(2 * np.cumsum(size[::-1])[::-1] <= tail)) if tail else K
    k = np.arange(-K, K + 1)
    return 1j ** (k % 4) * jv(k, t)


@pytest.mark.parametrize("t", [0, 1e-8, 0.01, 1, 5, 10, 50, 100, 300])
def test_hamiltonian_simulation_has_modulus_one_and_is_completed(t):
    """|P| = 1 to rounding all along, but P is no monomial: the gates must give P, not its largest term."""
    for p in (hamiltonian_simulation(t), hamiltonian_simulation(t) * (1 - 1e-9)):
        assert qsp.product_error(p, qsp.gqsp_angles(p), 401) < 3e-12
    circle = np.exp(2j * np.pi * np.arange(50) / 50)
    column = qsp.gqsp_column(*qsp.gqsp_angles(hamiltonian_simulation(t)), circle)
    exact = circle ** (len(hamiltonian_simulation(t)) // 2) * np.exp(1j * t * circle.real)
    np.testing.assert_allclose(column[0], exact, atol=1e-11)
    even, odd = hamiltonian_simulation(t).real, 1j * hamiltonian_simulation(t).imag
    if t <= 10:  # cos and sin of t cos(theta) touch 1 at points only: of too high a degree they are refused
        assert qsp.product_error(even, qsp.gqsp_angles(even), 401) < 1e-11
        assert qsp.product_error(odd, qsp.gqsp_angles(odd), 401) < 1e-11


@pytest.mark.parametrize("tail", [1e-12, 1e-8, 1e-4, 1e-2])
@pytest.mark.parametrize("t", [1, 10, 50])
def test_a_cut_series_that_is_scaled_to_one_is_completed(t, tail):
    p = hamiltonian_simulation(t, tail)
    p = p / np.abs(np.fft.fft(p, 2**18)).max() * (1 - 1e-7)
    assert qsp.product_error(p, qsp.gqsp_angles(p), 401) < 1e-10


@settings(deadline=None, max_examples=60)
@given(
    degree=st.integers(0, 40),
    low=st.integers(0, 5),
    high=st.integers(0, 5),
    step=st.integers(1, 3),
    real=st.booleans(),
    sign=st.sampled_from([0.0, -0.0]),
    scale=st.sampled_from([1 - 1e-4, 0.9, 0.3, 1e-5, 1e-15, 1e-300]),
    seed=st.integers(0, 2**32),
)
def test_coefficients_that_vanish_decide_nothing(degree, low, high, step, real, sign, scale, seed):
    """Zeros before, after and between the coefficients, of either sign, leave the product what it should be."""
    p = random_polynomial(degree, seed, 1.0)
    p = p.real if real else p
    p[np.arange(degree + 1) % step > 0] = sign
    p = np.concatenate([np.full(low, sign), p, np.full(high, sign)])
    p *= scale / np.abs(np.fft.fft(p, 2**14)).max()
    angles = qsp.gqsp_angles(p)
    np.testing.assert_allclose(qsp.gqsp_coefficients(*angles)[0], p, atol=1e-11)
    assert qsp.product_error(p, angles, 401) < 1e-11
    assert np.all((angles.theta >= 0) & (angles.theta <= np.pi / 2))
    turned = np.append(angles.phi, angles.lam)
    assert np.all((turned > 1e-12 - np.pi) & (turned <= np.pi))


@pytest.mark.parametrize("value", [1.0, -1.0, 1j, -1j, complex(-1.0, -0.0), complex(-0.0, 1.0)])
@pytest.mark.parametrize("zero", [0.0, -0.0, complex(-0.0, -0.0), 1e-17, -1e-17j])
def test_the_sign_of_a_zero_decides_nothing(value, zero):
    for k, d in ((0, 0), (1, 1), (0, 3), (2, 3), (3, 5)):
        p = np.full(d + 1, zero, dtype=complex)
        p[k] = value
        for q in (None, np.full(d + 1, zero, dtype=complex)):
            angles = qsp.gqsp_angles(p, q)
            assert qsp.product_error(p, angles, 101) < 1e-13
            assert np.all(np.isin(angles.theta, [0, np.pi / 2]))
            same = qsp.gqsp_angles(np.where(np.arange(d + 1) == k, p, 0), np.zeros(d + 1))
            np.testing.assert_array_equal(angles.theta, same.theta)
            np.testing.assert_allclose(angles.phi, same.phi, atol=1e-12)
            assert angles.lam == pytest.approx(same.lam, abs=1e-12)
    # and with the roles of P and Q exchanged
    column = qsp.gqsp_column(*qsp.gqsp_angles([zero, zero], [value, zero]), CIRCLE)
    np.testing.assert_allclose(column, np.array([0 * CIRCLE, value + 0 * CIRCLE]), atol=1e-14)


def test_the_advice_of_a_refusal_is_good(monkeypatch):
    """cos(t cos theta) touches 1 at many points; of a degree too high for Newton's iteration it must be scaled."""
    monkeypatch.setattr(qsp, "MAX_FFT", 2**18)  # for speed
    p = hamiltonian_simulation(80).real
    with pytest.raises(ValueError, match="too close to 1 to complete: multiply P by") as refusal:
        qsp.gqsp_angles(p)
    p = p * float(str(refusal.value).rsplit(" ", 1)[1])
    assert qsp.product_error(p, qsp.gqsp_angles(p), 401) < 1e-10


def test_angles_that_do_not_give_the_polynomial_are_refused_with_the_error_measured():
    p = sign_polynomial(0.0215, 1e-3)
    bad = qsp.gqsp_complement(p, zeros="outside")
    z = np.exp(2j * np.pi * np.arange(1500) / 1500)
    wanted = [np.polynomial.polynomial.polyval(z, row) for row in (p, bad)]
    error = np.abs(qsp.gqsp_column(*qsp.gqsp_angles(p, bad, tolerance=1e-3), z) - wanted).max()
    with pytest.raises(ValueError, match="product of the gates") as refusal:
        qsp.gqsp_angles(p, bad)
    said = float(str(refusal.value).split("off by ")[1].split(":")[0])
    assert 0.5 * error < said < 2 * error


@settings(deadline=None, max_examples=30)
@given(degree=st.integers(0, 70), seed=st.integers(0, 2**32))
def test_coefficients_of_any_angles(degree, seed):
    rng = np.random.default_rng(seed)
    theta, phi, lam = rng.normal(size=degree + 1), rng.normal(size=degree + 1), rng.normal()
    coefficients = qsp.gqsp_coefficients(theta, phi, lam)
    assert coefficients.shape == (2, degree + 1)
    column = [np.polynomial.polynomial.polyval(CIRCLE, row) for row in coefficients]
    np.testing.assert_allclose(column, qsp.gqsp_column(theta, phi, lam, CIRCLE), atol=1e-13)


def test_the_complement_of_a_mean_is_half_a_difference():
    np.testing.assert_allclose(qsp.gqsp_complement([0.5, 0.5]), [-0.5, 0.5], atol=1e-7)  # (1 + z)/2 and (z - 1)/2


def test_what_cannot_be_completed_is_said(monkeypatch):
    monkeypatch.setattr(qsp, "MAX_FFT", 2**14)  # for speed
    with pytest.raises(ValueError, match="too close to 1"):
        qsp.gqsp_complement(np.full(300, 1 / 300))  # of too high a degree for Newton's iteration


def test_monomials_and_polynomials_padded_with_zeros_work():
    phase = np.exp(0.3j)
    for k, d in ((0, 0), (2, 2), (3, 5), (0, 4), (700, 900)):
        p = np.zeros(d + 1, dtype=complex)
        p[k] = phase
        q = qsp.gqsp_complement(p)
        np.testing.assert_array_equal(q, 0)
        assert qsp.product_error(p, qsp.gqsp_angles(p, q), 101) < 1e-13
    p = random_polynomial(6, 5, 0.9)
    q = qsp.gqsp_complement(p)
    for padded in ((np.append(p, [0, 0]), np.append(q, [0, 0])), ([0.6, 0.0], [0.8j, 0.0]), ([0.0, 0.0], [1.0, 0.0])):
        column = qsp.gqsp_column(*qsp.gqsp_angles(*padded), CIRCLE)
        wanted = [np.polynomial.polynomial.polyval(CIRCLE, np.asarray(x)) for x in padded]
        np.testing.assert_allclose(column, wanted, atol=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qsp.shift_angles([], 0.1), "phi must hold at least one phase"),
        (lambda: qsp.shift_angles([1j], 0.1), "phi must be real"),
        (lambda: qsp.gqsp_polynomial([0.1j], [0.1], 0.0, 1.0), "theta must be real"),
        (lambda: qsp.gqsp_path([0.1], [0.1], 0.0, [1.0, 1j]), "z must have shape"),
        (lambda: qsp.gqsp_complement([0.8, 0.8]), "must not exceed 1"),
        (lambda: qsp.gqsp_complement([]), "at least one coefficient"),
        (lambda: qsp.gqsp_complement([np.nan]), "P must be finite"),
        (lambda: qsp.gqsp_complement([0.5], zeros="left"), "zeros must be one of"),
        (lambda: qsp.gqsp_angles([0.5, 0.1], [0.5]), "one degree"),
        (lambda: qsp.gqsp_angles([0.5, 0.1], [0.5, 0.1]), "must be 1 on the unit circle"),
        (lambda: qsp.gqsp_polynomial([0.1], [0.1, 0.2], 0.0, 1.0), "one length"),
        (lambda: qsp.gqsp_circuit([0.1, 0.2], [0.1, 0.2], 0.0, np.ones((2, 2))), "U must be unitary"),
        (lambda: qsp.gqsp_circuit([0.1], [0.1], 0.0, np.eye(2), inverse_calls=1), "inverse_calls must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
