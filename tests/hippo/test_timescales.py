from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab import hippo
from spectral_lab.hippo import (
    basis,
    fourier_states_needed,
    gramian,
    horizon,
    impulse_response,
    measure,
    orthogonality_defect,
    projection,
    states_needed,
    stretch,
    system,
    tilt,
    timescale,
    turn,
)


@given(n=st.integers(1, 20), c=st.floats(0.2, 5), t=st.floats(0, 3))
def test_stretch_compresses_the_basis_and_the_measure(n, c, t):
    K = impulse_response(*stretch(*hippo.legs(n), c), np.array([t]))[0]
    np.testing.assert_allclose(K, basis("legs", n, c * t) * c * measure("legs", c * t), atol=1e-10 * max(1, c))


@given(n=st.integers(1, 20), c=st.floats(-1, 0.5), t=st.floats(0, 3))
def test_tilt_moves_weight_between_basis_and_measure(n, c, t):
    K = impulse_response(*tilt(*hippo.legs(n), c), np.array([t]))[0]
    p, omega = np.exp(-c * t) * basis("legs", n, t), np.exp(2 * c * t) * measure("legs", t)
    np.testing.assert_allclose(K, p * omega, atol=1e-10)


def test_tilted_legs_is_orthonormal_without_a_weight():
    assert orthogonality_defect(*tilt(*hippo.legs(20), 0.5), 0.0) < 1e-12


@given(n=st.integers(1, 10), seed=st.integers(0, 1000))
def test_turn_rotates_the_kernels(n, seed):
    rng = np.random.default_rng(seed)
    V, _ = np.linalg.qr(rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)))
    A, B = hippo.legs(n)
    At, Bt = turn(A, B, V)
    x, y = rng.normal(size=2)
    z = complex(x, y) + 3
    resolvent = np.linalg.solve(z * np.eye(n) - At, Bt)
    np.testing.assert_allclose(resolvent, V @ np.linalg.solve(z * np.eye(n) - A, B), atol=1e-10)


def test_orthogonality_holds_at_every_n_except_for_legt():
    assert orthogonality_defect(*hippo.legs(64), 1.0) < 1e-12
    assert orthogonality_defect(*hippo.lagt(64), 0.0) < 1e-12
    assert orthogonality_defect(*hippo.fout(64), 0.0) < 1e-12
    A, B = hippo.legt(8)
    mirrored = B * (-1.0) ** np.arange(8)
    np.testing.assert_allclose(A + A.T, -np.outer(B, B) - np.outer(mirrored, mirrored), atol=1e-12)
    assert orthogonality_defect(A, B, 0.0) > 0.9


@given(n=st.integers(1, 40))
def test_gramian_of_legs_has_trace_half_n(n):
    assert np.trace(gramian(*hippo.legs(n))) == pytest.approx(n / 2, rel=1e-9)


def test_constant_input_fills_legs_to_norm_one():
    for n in (1, 7, 64):
        A, B = hippo.legs(n)
        np.testing.assert_allclose(np.linalg.solve(A, -B), np.eye(n)[0], atol=1e-10)


@pytest.mark.parametrize(("family", "window"), [("legs", 1.0), ("legt", 1.0), ("fout", 3.0)])
def test_timescale_is_the_mean_age(family, window):
    s = np.linspace(0, 40, 400_001)
    omega = measure(family, s, window)
    assert timescale(family, window) == pytest.approx(np.trapezoid(s * omega, s) / np.trapezoid(omega, s), abs=1e-3)


@pytest.mark.parametrize(("n", "f"), [(64, 5.0), (256, 5.0), (256, 20.0)])
def test_at_the_horizon_a_tone_is_half_resolved(n, f):
    """Local relative error of the projection of a complex tone, averaged over the period round s*: one half."""
    theta = (np.arange(8000) + 0.5) * np.pi / 8000
    sigma, w = (1 - np.cos(theta)) / 2, np.sin(theta) / 2 * np.pi / 8000
    age = -np.log(sigma)
    p, tone = basis("legs", n, age), np.exp(2j * np.pi * f * age)
    near = float(horizon(n, f)) + np.linspace(-0.5, 0.5, 401) / f
    estimate = basis("legs", n, near[near >= 0]) @ (p.T @ (w * tone))
    error = np.sqrt(np.mean(np.abs(estimate - np.exp(2j * np.pi * f * near[near >= 0])) ** 2))
    assert 0.47 < error < 0.52


def test_horizon_and_states_needed_are_inverse():
    assert states_needed("legs", 5, 3) == 138
    assert float(horizon(states_needed("legs", 5, 3), 5)) == pytest.approx(3, abs=0.02)


@pytest.mark.parametrize("family", ["legt", "fout"])
def test_a_window_with_enough_states_sees_a_band_limited_signal(family):
    u = hippo.white_signal(1.0, 1e-3, 12.0, seed=1)
    enough = states_needed(family, 12.0)
    residual = [
        np.linalg.norm(projection(family, n, u, 1e-3) - u) / np.linalg.norm(u) for n in (enough // 4 * 2, enough + 12)
    ]
    assert residual[0] > 0.3
    assert residual[1] < 0.05


def test_fourier_bound_holds_and_is_tight_for_the_ramp():
    """||ramp - its first n Fourier states||^2 = sum_{m >= n/2} 2 (L/(2 pi m))^2, in closed form."""
    ratios = []
    for n in (16, 64, 256):
        m = np.arange(n // 2, 2_000_000)
        error = np.sqrt(2 * np.sum(1 / (2 * np.pi * m) ** 2) + 2 / (2 * np.pi) ** 2 / m[-1])
        assert fourier_states_needed(1.0, error) >= n
        ratios.append(error * np.pi * np.sqrt(n - 2))
    np.testing.assert_allclose(ratios, [0.965, 0.992, 0.998], atol=1e-3)


def test_a_constant_needs_no_tones_however_smooth_it_must_be():
    assert fourier_states_needed(0.0, 1.0) == 2
    assert fourier_states_needed(1.0, 0.1, derivatives=900) == 4  # pi^900 is beyond double precision


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stretch(np.eye(2), np.ones(2), 0.0), "c must"),
        (lambda: turn(np.eye(2), np.ones(2), 2 * np.eye(2)), "V must be unitary"),
        (lambda: gramian(*system("fout", 4)), "A must have all eigenvalues"),
        (lambda: timescale("lagt"), "family must"),
        (lambda: horizon(0, 1.0), "n must"),
        (lambda: horizon(8, 0.0), "frequency must"),
        (lambda: fourier_states_needed(1.0, 0.0), "error must"),
        (lambda: fourier_states_needed(1.0, 1e-300), "lipschitz over error must"),
        (lambda: fourier_states_needed(1e300, 1e-300, 2), "lipschitz over error must"),
        (lambda: states_needed("legs", 1.0, 2000.0), "frequency and age must"),
        (lambda: states_needed("fout", 1e308, 1e308), "frequency and age must"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


@given(n=st.integers(1, 6), seed=st.integers(0, 200), scale=st.sampled_from([1e-120, 1.0, 1e120]), real=st.booleans())
def test_the_gramian_solves_its_equation_in_any_units(n, seed, scale, real):
    """Real A with complex pairs and complex B among them: scipy would solve another equation."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, n)) - (3 * np.sqrt(n) + 1) * np.eye(n)
    B = rng.normal(size=n) + (0 if real else 1j * rng.normal(size=n))
    W = gramian(scale * A, B)
    force = np.outer(B, B.conj())
    np.testing.assert_allclose(A @ W * scale + W * scale @ A.conj().T, -force, atol=1e-12 * np.abs(force).max())


def test_an_undamped_system_has_no_gramian_however_rounding_falls():
    Q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))
    with pytest.raises(ValueError, match=r"^A must"):
        gramian(*turn(*hippo.fout(8), Q))


def test_the_horizon_needs_no_squares_that_overflow():
    assert horizon(1e200, 1.0) == pytest.approx(2 * np.log(1e200 / (2 * np.pi)), rel=1e-14)
    assert horizon(1, 1e9) == pytest.approx((1 / (2 * np.pi * 1e9)) ** 2, rel=1e-12)
