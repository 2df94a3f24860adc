from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.cooling import hamiltonians as hm
from spectral_lab.cooling import qsp
from spectral_lab.cooling import sign_functions as sf

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
        imaginary = qsp.symmetric_qsp_polynomial(case["pyqsp_full_phases_Im"], x).imag
        real = qsp.symmetric_qsp_polynomial(case["qsppack_full_phases_Re"], x).real
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
    assert qsp.product_error(p, qsp.gqsp_angles(p, bad)) > 1e4 * qsp.product_error(p, qsp.gqsp_angles(p, good))


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
        (lambda: qsp.symmetric_qsp_polynomial([0.1], 1.2), "x must lie"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
