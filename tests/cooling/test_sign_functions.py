from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.special import erfcinv, exp1

from spectral_lab.cooling import sign_functions as sf

GRID = np.linspace(-np.pi, np.pi, 4001)


def test_series_match_the_reference(reference):
    for case in reference["sign_fourier"]:
        b = sf.gaussian_coefficients(case["K"], case["sigma"])
        np.testing.assert_allclose(b, case["b_odd"], atol=1e-14)
        np.testing.assert_allclose(sf.sine_series(b, case["theta"]), case["f"], atol=1e-12)
        wave = sf.smoothed_square_wave(case["theta"], case["sigma"])
        np.testing.assert_allclose(wave, case["smoothed_square_wave"], atol=1e-12)


def test_design_rule_matches_the_reference(reference):
    for case in reference["sign_design"]:
        series = sf.sign_series(case["eps"], case["delta"])
        assert series.width == pytest.approx(case["sigma"], rel=1e-12)
        assert series.degree == case["K"]


def test_minimax_matches_the_reference_linear_program(reference):
    for case in reference["sign_minimax"]:
        b, error = sf.minimax_coefficients(case["degree"], np.arcsin(case["a"]))
        assert error == pytest.approx(case["error"], rel=1e-3)
        chebyshev = b * (-1.0) ** np.arange(len(b))
        np.testing.assert_allclose(chebyshev, case["cheb_odd"], atol=1e-3)
        assert sf.minimax_asymptotics(case["degree"], case["a"]) == pytest.approx(case["asymptotic"], rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(edge=st.floats(0.01, 1.57), error=st.floats(1e-9, 0.999))
@example(edge=1.57, error=1e-6)
@example(edge=1.57, error=1e-3)
@example(edge=1.5, error=0.7)
def test_the_designed_series_keeps_its_error_and_needs_its_degree(edge, error):
    series = sf.sign_series(edge, error)
    theta = np.concatenate([np.linspace(edge, np.pi - edge, 3001), -np.linspace(edge, np.pi - edge, 101)])
    f = sf.sine_series(series.coefficients, theta)
    assert np.abs(f - np.sign(theta)).max() <= error * (1 + 1e-9)
    assert np.abs(sf.sine_series(series.coefficients, GRID)).max() <= 1 + error / 2 + 1e-12
    # the next smaller odd degree would break the truncation half of the budget
    assert series.degree == 1 or exp1(0.5 * ((series.degree - 2) * series.width) ** 2) / np.pi > error / 2


@settings(deadline=None, max_examples=20)
@given(sigma=st.floats(0.02, 1.0), m=st.integers(1, 60))
def test_truncation_bound(sigma, m):
    K = 2 * m - 1
    difference = sf.sine_series(sf.gaussian_coefficients(K, sigma), GRID) - sf.smoothed_square_wave(GRID, sigma)
    assert np.abs(difference).max() <= exp1(0.5 * (K * sigma) ** 2) / np.pi + 1e-13


def test_smoothed_wave_is_bounded_odd_and_antiperiodic_and_has_both_edges():
    for sigma in (0.01, 0.3, 1.5):
        f = sf.smoothed_square_wave(GRID, sigma)
        assert np.abs(f).max() <= 1
        np.testing.assert_allclose(f, -f[::-1], atol=1e-13)
        np.testing.assert_allclose(sf.smoothed_square_wave(GRID + np.pi, sigma), -f, atol=1e-13)
        np.testing.assert_allclose(sf.smoothed_square_wave(GRID + 14 * np.pi, sigma), f, atol=1e-12)
        assert abs(sf.smoothed_square_wave(np.pi, sigma)) < 1e-12


@pytest.mark.parametrize(("degree", "sigma"), [(201, 0.02), (5001, 8e-4), (50_001, 1.4e-4)])
def test_a_series_is_summed_to_rounding_next_to_every_edge(degree, sigma):
    """Against direct summation; the plain Clenshaw recurrence is off by 1e-10 at degree 50 001."""
    b, near = sf.gaussian_coefficients(degree, sigma), np.linspace(0, 40 * sigma, 41)
    theta = np.concatenate([near, -near, np.pi - near, np.pi / 2 - near, near + 0.7])
    direct = np.sin(np.outer(theta, np.arange(1, degree + 1, 2))) @ b
    np.testing.assert_allclose(sf.sine_series(b, theta), direct, atol=2e-14)


def test_a_tiny_edge_keeps_a_tiny_error():
    series = sf.sign_series(1e-3, 1e-12)
    theta = np.geomspace(1e-3, np.pi / 2, 301)
    assert np.abs(sf.sine_series(series.coefficients, theta) - 1).max() <= 1e-12


def test_laurent_form_and_chebyshev_form_are_the_sine_series():
    b = sf.gaussian_coefficients(31, 0.1)
    c = sf.laurent_coefficients(b)
    z = np.exp(1j * GRID)
    np.testing.assert_allclose((z[:, None] ** np.arange(-31, 32)) @ c, sf.sine_series(b, GRID), atol=1e-13)
    chebyshev = np.zeros(32)
    chebyshev[1::2] = b * (-1.0) ** np.arange(16)
    f = np.polynomial.chebyshev.chebval(np.sin(GRID), chebyshev)
    np.testing.assert_allclose(f, sf.sine_series(b, GRID), atol=1e-12)


def test_plain_series_overshoots_and_fejer_does_not():
    assert sf.sine_series(sf.plain_coefficients(301), np.linspace(0, 0.05, 2001)).max() == pytest.approx(
        1.179, abs=1e-3
    )
    assert np.abs(sf.sine_series(sf.fejer_coefficients(301), GRID)).max() <= 1
    errors = [1 - sf.sine_series(sf.fejer_coefficients(K), 0.1) for K in (101, 501)]
    np.testing.assert_allclose(errors, [0.059, 0.0127], rtol=0.02)


@settings(deadline=None, max_examples=20)
@given(m=st.integers(1, 70), edge=st.floats(0.04, 1.3))
def test_minimax_error_alternates_and_beats_the_gaussian(m, edge):
    """Chebyshev's theorem: an error that alternates m + 1 times at its maximum is the best one."""
    K = 2 * m - 1
    assume(m == 1 or sf.minimax_asymptotics(K, np.sin(edge)) > 1e-10)
    b, error = sf.minimax_coefficients(K, edge)
    theta = np.linspace(edge, np.pi / 2, 200 * m + 1)
    residual = 1 - sf.sine_series(b, theta)
    assert np.abs(residual).max() <= error * 1.01 + 1e-12
    large = residual[np.abs(residual) > 0.95 * error]
    assert (np.diff(np.sign(large)) != 0).sum() + 1 == m + 1


def test_minimax_ratio_to_the_asymptotic_law_rises_to_one():
    ratios = [sf.minimax_coefficients(K, np.arcsin(0.1))[1] / sf.minimax_asymptotics(K, 0.1) for K in (11, 21, 41, 81)]
    np.testing.assert_allclose(ratios, [0.76, 0.85, 0.91, 0.95], atol=0.006)


def test_resolution_of_the_smooth_sign():
    for delta, factor in ((1e-2, 1.82), (1e-3, 2.33)):
        assert erfcinv(delta) == pytest.approx(factor, abs=5e-3)
        assert 1 - sf.sign_of(0.3 * erfcinv(delta), 0.0, 0.3) == pytest.approx(delta, rel=1e-10)
    np.testing.assert_array_equal(sf.sign_of([-1.0, 2.0, 5.0], 2.0), [-1, 0, 1])


def test_no_level_wraps_with_the_oracle_time():
    tau, edge = sf.oracle_time(17.34, 0.3)
    assert edge == pytest.approx(0.0535, abs=2e-4)
    for mu in np.linspace(0, 17.34, 7):
        assert max(abs(0 - mu), 17.34 - mu) * tau <= np.pi - edge + 1e-12


@pytest.mark.parametrize("sigma", [1.0, 0.2, 0.02])
@pytest.mark.parametrize("error", [1e-1, 1e-3, 1e-9])
def test_a_reflection_is_one_polynomial(sigma, error):
    c = sf.reflection_laurent(sigma, error)
    K = len(c) // 2
    theta = np.linspace(-np.pi, np.pi, 2001)
    values = np.polynomial.polynomial.polyval(np.exp(1j * theta), c) * np.exp(-1j * K * theta)
    exact = np.exp(-0.5j * np.pi * sf.smoothed_square_wave(theta, sigma))
    assert np.abs(values - exact).max() < error
    assert np.abs(values).max() < 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sf.sign_series(0, 0.1), "edge must be"),
        (lambda: sf.sign_series(2.0, 0.1), "edge must be below"),
        (lambda: sf.sign_series(0.1, 1.0), "error must be"),
        (lambda: sf.sign_series(0.1, 1e-300), "error must be"),
        (lambda: sf.sine_series(sf.laurent_coefficients([1.0, 0.3]), 0.1), "coefficients must be real"),
        (lambda: sf.sine_series([], 0.1), "coefficients must hold"),
        (lambda: sf.laurent_coefficients([]), "coefficients must hold"),
        (lambda: sf.sign_series(1e-7, 1e-3), "needs degree"),
        (lambda: sf.sign_series(1e-90, 1e-3), r"needs degree 1.071e.91"),
        (lambda: sf.sign_series(5e-324, 1e-3), "edge must be"),
        (lambda: sf.gaussian_coefficients(4, 0.1), "degree must be odd"),
        (lambda: sf.minimax_coefficients(303, 0.1), "degree must be"),
        (lambda: sf.minimax_coefficients(101, 1.2), "needlessly high"),
        (lambda: sf.minimax_asymptotics(1, 0.1), "degree must be at least 3"),
        (lambda: sf.sign_of([0.0], 0.0, -1.0), "width must be"),
        (lambda: sf.sign_of([np.inf], 0.0), "energies must be finite"),
        (lambda: sf.oracle_time(0.0, 0.1), "spread must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
