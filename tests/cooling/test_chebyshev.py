from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from spectral_lab.cooling import chebyshev as ch
from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.levels import levels, smooth_sign
from spectral_lab.cooling.readout import pointer_density, pointer_factors


def test_coefficients_match_the_reference(reference, as_complex):
    case = reference["chebyshev"]
    arguments = (case["mu"], case["w"], case["lo"], case["hi"])
    sign = ch.sign_coefficients(*arguments, 1e-12).coefficients
    np.testing.assert_allclose(sign[:12], case["erf_first12"], atol=1e-14)
    assert np.abs(sign[case["K"] - 4 : case["K"] + 1]).max() == pytest.approx(case["erf_tail_abs_max_last5"], rel=1e-8)
    reflection = ch.reflection_coefficients(*arguments, 1e-12).coefficients
    np.testing.assert_allclose(reflection[:12], as_complex(case["reflection_first12"]), atol=1e-14)


@settings(deadline=None, max_examples=25)
@given(mu=st.floats(-3, 3), width=st.floats(0.1, 2), error=st.floats(1e-12, 1e-2))
def test_the_error_is_certified(mu, width, error):
    E = np.linspace(-4, 5, 2001)
    for series, exact in (
        (ch.sign_coefficients(mu, width, -4, 5, error), erf((E - mu) / width)),
        (ch.reflection_coefficients(mu, width, -4, 5, error), np.exp(-0.5j * np.pi * erf((E - mu) / width))),
    ):
        assert series.error <= error
        assert np.abs(ch.series_value(series, E) - exact).max() <= 1.1 * error + 1e-13
        assert len(series.coefficients) == series.degree + 1


@pytest.mark.parametrize("error", [1e-13, 1e-9, 1e-4])
@pytest.mark.parametrize("width", [0.3, 0.05, 0.005])
@pytest.mark.parametrize("mu", [0.3, -4.99, 4.9999, 7.0])
def test_the_error_is_certified_for_narrow_edges_near_the_ends_too(mu, width, error):
    E = np.concatenate([np.linspace(-5, 5, 2001), np.linspace(mu - 3 * width, mu + 3 * width, 401).clip(-5, 5)])
    series = ch.reflection_coefficients(mu, width, -5, 5, error)
    exact = np.exp(-0.5j * np.pi * erf((E - mu) / width))
    # beside the error: a rounding of E moves a steep edge, and so does the sum of many terms
    assert np.abs(ch.series_value(series, E) - exact).max() <= error + 3e-15 / width + 1e-12


@pytest.mark.parametrize("s", [1.0, 0.1, 0.01, 0.001])
@pytest.mark.parametrize("e", [0.37, -2.1, 3.0, -4.99])
def test_a_narrow_bell_is_not_overlooked(s, e):
    """With 64 nodes on [-5, 5] the finest of these bells lies between two nodes."""
    series = ch.pointer_coefficients(e, s, -5, 5)
    E = np.linspace(e - 6 * s, e + 6 * s, 301).clip(-5, 5)
    assert np.abs(ch.series_value(series, E) - np.exp(-((E - e) ** 2) / (4 * s * s))).max() <= 1e-4 + 1e-12


def test_a_reading_beyond_the_spectrum_prefers_the_nearer_end():
    E = np.linspace(-5, 5, 1001)
    values = ch.series_value(ch.pointer_coefficients(5.6, 0.1, -5, 5), E)
    np.testing.assert_allclose(values, pointer_factors(E, 5.6, 0.1), atol=1.1e-4)
    assert values[-1] == pytest.approx(1, abs=1e-4)


def test_degree_grows_as_one_over_width():
    widths = np.array([0.4, 0.2, 0.1, 0.05])
    degrees = [ch.sign_coefficients(0.3, w, -4, 4, 1e-6).degree for w in widths]
    assert np.polyfit(np.log(widths), np.log(degrees), 1)[0] == pytest.approx(-1, abs=0.03)


def test_functions_without_eigenvectors_equal_those_with():
    H = hm.tfim(5)
    matrix, psi = H.full(), hm.start_state(5, "neel").full()[:, 0]
    lo, hi = levels(H).energies[[0, -1]] + [-0.1, 0.1]
    series = ch.sign_coefficients(-1.0, 0.5, lo, hi, 1e-12)
    ours = ch.apply_series(series, lambda v: matrix @ v, psi)
    np.testing.assert_allclose(ours, smooth_sign(H, -1.0, 0.5).full() @ psi, atol=1e-11)


@settings(deadline=None, max_examples=15)
@given(count=st.integers(2, 40), seed=st.integers(0, 2**32))
def test_moments_by_doubling_equal_the_definition(count, seed):
    H = hm.gue(9, seed)
    E, W = np.linalg.eigh(H)
    lo, hi = E[0] - 0.1, E[-1] + 0.2
    psi = np.random.default_rng(seed).normal(size=9) + 0j
    x = (2 * E - lo - hi) / (hi - lo)
    wanted = np.cos(np.outer(np.arange(count), np.arccos(x))) @ np.abs(W.conj().T @ psi) ** 2
    np.testing.assert_allclose(ch.moments(lambda v: H @ v, psi, lo, hi, count), wanted, atol=1e-10)


def test_density_from_moments_equals_the_pointer():
    H = hm.tfim(5)
    matrix, psi = H.full(), hm.start_state(5, "neel").full()[:, 0]
    spectrum, s = levels(H), 0.4
    lo, hi = spectrum.energies[[0, -1]] + [-0.1, 0.1]
    count = int(np.ceil(6.5 * (hi - lo) / (2 * s)))
    e = np.linspace(lo, hi, 101)
    p = ch.density_from_moments(ch.moments(lambda v: matrix @ v, psi, lo, hi, count), lo, hi, s, e)
    exact = pointer_density(spectrum.energies, np.abs(spectrum.coordinates(psi)) ** 2, s, e)
    np.testing.assert_allclose(p, exact, atol=1e-9)


def test_samples_of_a_density():
    e = np.linspace(-4, 4, 321)
    rng = np.random.default_rng(0)
    p = np.exp(-0.5 * (e - 0.5) ** 2) - 1e-9
    drawn = np.array([ch.sample_density(e, p, rng) for _ in range(3000)])
    assert drawn.mean() == pytest.approx(0.5, abs=0.06)
    assert drawn.std() == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("unit", [1e-30, 1e-12, 1e12])
def test_units_of_energy_and_of_the_function_do_not_matter(unit):
    """The error is a part of the largest |f|; lengths are compared with the interval."""
    right = ch.sign_coefficients(0.3, 0.2, -2, 3, 1e-8)
    there = ch.sign_coefficients(0.3 * unit, 0.2 * unit, -2 * unit, 3 * unit, 1e-8)
    np.testing.assert_allclose(there.coefficients, right.coefficients, atol=1e-12)
    scaled = ch.chebyshev_series(lambda E: unit * np.tanh(E), -2, 3, 1e-8)
    plain = ch.chebyshev_series(np.tanh, -2, 3, 1e-8)
    np.testing.assert_allclose(scaled.coefficients / unit, plain.coefficients, atol=1e-12)
    assert scaled.error / unit == pytest.approx(plain.error, rel=1e-4)
    right = ch.pointer_coefficients(0.5, 0.2, -2, 3)
    there = ch.pointer_coefficients(0.5 * unit, 0.2 * unit, -2 * unit, 3 * unit)
    np.testing.assert_allclose(there.coefficients, right.coefficients, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ch.sign_coefficients(0, 0, -1, 1), "width must be"),
        (lambda: ch.sign_coefficients(0, 0.1, 1, -1), "lo must be below hi"),
        (lambda: ch.chebyshev_series(np.sign, -1, 1.1, 1e-8), "needs more than"),
        (lambda: ch.chebyshev_series(np.sin, -1, 1, 1e-17), "error must be"),  # below rounding
        (lambda: ch.chebyshev_series(np.sin, -1, 1, detail=0), "detail must be"),
        (lambda: ch.sign_coefficients(0, 1e-320, -1, 1), "width must be at least"),
        (lambda: ch.chebyshev_series(lambda E: np.full_like(E, np.nan), -1, 1), "f must be finite"),
        (lambda: ch.moments(lambda v: v, np.ones(2), -1, 1, 1), "count must be"),
        (lambda: ch.sample_density([0, 1], [0, -1], np.random.default_rng(0)), "positive somewhere"),
        (lambda: ch.sample_density([0, 1], [1], np.random.default_rng(0)), "one length"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
