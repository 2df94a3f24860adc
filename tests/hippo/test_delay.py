from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import pade
from scipy.special import factorial

from spectral_lab.hippo import delay_network, delay_readout_error, fourier_delay, pade_delay, transfer_function

points = st.complex_numbers(max_magnitude=6).filter(lambda z: z.real >= 0)


@given(n=st.integers(1, 12), s=points)
def test_legt_delay_is_the_pade_approximant(n, s):
    np.testing.assert_allclose(transfer_function(*delay_network("legt", n), s), pade_delay(n, s), atol=1e-10)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_pade_delay_matches_the_series_of_the_exponential(n):
    """Against scipy's construction from Taylor coefficients, and 2n matched derivatives at 0."""
    taylor = (-1.0) ** np.arange(2 * n) / factorial(np.arange(2 * n))
    over, under = pade(taylor, n, n - 1)
    s = np.array([0.1, 0.7 + 0.3j, 2.0])
    np.testing.assert_allclose(pade_delay(n, s), over(s) / under(s), rtol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 20, 100, 300])
def test_pade_delay_does_not_cancel(n):
    """Against its own rational function in 300 digits, and against e^{-s} where n is large enough for it."""
    points = [0.0, 1.0, 3.0, -2 + 10j, 30j, 100j, 20 - 100j, 1000j]
    with mpmath.workdps(300):
        over, under = [mpmath.mpf(1)], [mpmath.mpf(1)]
        for j in range(n):
            over.append(-over[-1] * (n - 1 - j) / mpmath.mpf((2 * n - 1 - j) * (j + 1)))
            under.append(under[-1] * (n - j) / mpmath.mpf((2 * n - 1 - j) * (j + 1)))
        exact = [mpmath.polyval(over[::-1], s) / mpmath.polyval(under[::-1], s) for s in map(mpmath.mpc, points)]
    np.testing.assert_allclose(pade_delay(n, points), np.array([complex(h) for h in exact]), rtol=1e-12, atol=1e-12)
    if n >= 100:
        np.testing.assert_allclose(pade_delay(n, 100j), np.exp(-100j), atol=1e-12)


def exact_pade(n, s):
    """H and its condition number |s H'/H|, from the polynomials in 300 digits."""
    over, under = [mpmath.mpf(1)], [mpmath.mpf(1)]
    for j in range(n):
        over.append(-over[-1] * (n - 1 - j) / mpmath.mpf((2 * n - 1 - j) * (j + 1)))
        under.append(under[-1] * (n - j) / mpmath.mpf((2 * n - 1 - j) * (j + 1)))
    p, dp = mpmath.polyval(over[::-1], s, derivative=1)
    q, dq = mpmath.polyval(under[::-1], s, derivative=1)
    return p / q, abs(s * (dp / p - dq / q)) if p else mpmath.inf


@pytest.mark.parametrize("n", [1, 2, 5, 20, 64, 150])
def test_pade_delay_has_all_its_digits_in_the_whole_plane(n):
    """Left and right, near the axis and far out, to a few roundings times the condition number of H."""
    angles = np.concatenate([np.linspace(-np.pi, np.pi, 9), [np.pi / 2 + 0.03, np.pi / 2 - 0.2]])
    points = (n * np.array([0.01, 0.3, 0.7, 1.1, 1.6, 3, 8, 100, 1e6])[:, None] * np.exp(1j * angles)).ravel()
    with mpmath.workdps(300):
        exact = [exact_pade(n, mpmath.mpc(s)) for s in points]
        kept = [i for i, (H, _) in enumerate(exact) if H and abs(mpmath.log(abs(H))) < 600]
        found = pade_delay(n, points[kept])
        pairs = zip([exact[i] for i in kept], map(mpmath.mpc, found), strict=True)
        worst = max(abs(h - H) / abs(H) / (1 + condition) for (H, condition), h in pairs)
    assert len(kept) > 60
    assert worst < 1e-14


def test_pade_delay_far_left():
    assert pade_delay(64, -50.0) == pytest.approx(5.184705528587e21, rel=1e-12)
    assert pade_delay(64, 50.0) == pytest.approx(np.exp(-50), rel=1e-12)


@given(half=st.integers(1, 8), exponent=st.floats(3, 300), turn=st.floats(-np.pi, np.pi))
def test_fourier_delay_is_minus_one_far_out(half, exponent, turn):
    """H = (2 g - s)/(2 g + s), and g stays finite."""
    s = 10.0**exponent * np.exp(1j * turn)
    assert abs(fourier_delay(2 * half, s) + 1) <= 10 * half / abs(s) + 1e-12


@given(half=st.integers(1, 40), omega=st.floats(-60, 60))
def test_fourier_delay_is_all_pass(half, omega):
    assert abs(fourier_delay(2 * half, 1j * omega)) == pytest.approx(1, abs=1e-10)


@given(half=st.integers(1, 20), s=points)
def test_fourier_delay_is_the_network(half, s):
    n = 2 * half
    if abs(s) > 1e-3:
        network = transfer_function(*delay_network("fout", n), s)
        np.testing.assert_allclose(network, fourier_delay(n, s), atol=1e-8)


def test_fourier_delay_needs_minus_one():
    """Error at s = 1 falls like 1/n with D = -1; with D = +1 it stays at 2."""
    errors = [abs(fourier_delay(n, 1.0) - np.exp(-1)) for n in (16, 64, 256, 1024)]
    np.testing.assert_allclose(errors, [2.7e-3, 6.4e-4, 1.6e-4, 4.0e-5], rtol=0.02)
    A, B, C, D = delay_network("fout", 64)
    assert D == -1
    assert abs(transfer_function(A, B, C, +1, 1.0) - np.exp(-1)) == pytest.approx(2, abs=1e-3)


def test_energy_balance_of_the_fourier_delay():
    """A + A^T = -C C^T: d|x|^2/dt = u^2 - y^2, what goes in comes out."""
    A, B, C, _ = delay_network("fout", 20)
    np.testing.assert_allclose(A + A.T, -np.outer(C, C), atol=1e-12)
    np.testing.assert_allclose(B, C, atol=1e-12)


@pytest.mark.parametrize("family", ["legt", "fout"])
def test_a_longer_delay_is_the_same_network_slowed_down(family):
    s = np.array([0.3 + 1j, 2.0])
    slow = transfer_function(*delay_network(family, 8, delay=2.5), s)
    np.testing.assert_allclose(slow, transfer_function(*delay_network(family, 8), 2.5 * s), atol=1e-12)


@pytest.mark.parametrize("family", ["legs", "legt", "fout"])
def test_read_out_errors_are_the_reference(facts, family):
    p = facts["delay_ls"]["params"]
    found = [
        np.log10(delay_readout_error(family, p["N"], p["lag"], x / p["lag"], p["band"], p["F"], p["ridge"]))
        for x in p["dt_times_lag"]
    ]
    np.testing.assert_allclose(found, facts["delay_ls"]["log10_nmse"][family], atol=0.02)


def test_a_window_shorter_than_the_lag_sees_nothing_of_it():
    inside, outside = (delay_readout_error("legt", 64, 64, x / 64) for x in (1.8, 2.5))
    assert inside < 0.02
    assert outside > 0.4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: delay_network("legs", 4), "family must"),
        (lambda: delay_network("legt", 4, 0.0), "delay must"),
        (lambda: pade_delay(0, 1.0), "n must"),
        (lambda: fourier_delay(5, 1.0), "n must"),
        (lambda: transfer_function(np.eye(2), np.ones(2), np.ones(2), 0.0, 1.0), "s must"),
        (lambda: transfer_function(np.eye(2), np.ones(2), np.ones(2), np.nan, 2.0), "D must"),
        (lambda: pade_delay(1, -1.0), "s must"),
        (lambda: pade_delay(5000, -1000.0), "s must"),
        (lambda: pade_delay(10**400, 1.0), "n must"),
        (lambda: fourier_delay(10**6, 1.0), "n must"),
        (lambda: fourier_delay(2, -2.0), "s must"),
        (lambda: delay_readout_error("legt", 10**9, 4, 0.1), "n must"),
        (lambda: delay_readout_error("legt", 8, 4, 0.1, frequencies=10**10), "n and frequencies must"),
        (lambda: transfer_function(np.eye(2000), np.ones(2000), np.ones(2000), 0.0, 1j * np.arange(100)), "s and A"),
        (lambda: delay_readout_error("legs", 8, -1, 0.1), "lag must"),
        (lambda: delay_readout_error("legs", 8, 1024, 1e-3, frequencies=256), "frequencies must be at least"),
        (lambda: delay_readout_error("legs", 8, 4, 0.0), "step must"),
        (lambda: delay_readout_error("legs", 8, 4, 0.1, band=1.5), "band must"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
