from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.latent import (
    analytic_sides,
    best_approximation_error,
    favard_constant,
    favard_sides,
    fourier_coefficients,
    fourier_interpolation,
    fourier_sum,
    fourier_truncation,
    poisson_kernel,
    smooth_sides,
)


def away(x: np.ndarray) -> np.ndarray:
    """|x| on [-pi, pi], continued with period 2 pi."""
    return np.abs((np.asarray(x) + np.pi) % (2 * np.pi) - np.pi)


def jump(x: np.ndarray) -> np.ndarray:
    return np.sign(np.sin(x)) * (np.abs(np.sin(x)) > 1e-12)


def random_polynomial(N: int, seed: int, real: bool = True) -> np.ndarray:
    """Coefficients for k = -N..N."""
    rng = np.random.default_rng(seed)
    c = rng.standard_normal(2 * N + 1) + 1j * rng.standard_normal(2 * N + 1)
    return (c + c[::-1].conj()) / 2 if real else c


@given(N=st.integers(0, 20), more=st.integers(0, 5), seed=st.integers(0, 1000), real=st.booleans())
def test_trigonometric_polynomials_are_reproduced(N: int, more: int, seed: int, real: bool) -> None:
    c, x = random_polynomial(N, seed, real), np.linspace(-4, 9, 57)
    dense = np.exp(1j * np.outer(x, np.arange(-N, N + 1))) @ c
    f = lambda t: fourier_sum(c, t)  # noqa: E731
    assert np.iscomplexobj(f(x)) != real or N == 0
    for approximation in (f(x), fourier_truncation(f, N + more, x), fourier_interpolation(f, N + more, x)):
        np.testing.assert_allclose(approximation, dense, atol=1e-11)
    np.testing.assert_allclose(fourier_coefficients(f, N), c, atol=1e-12)


@given(N=st.integers(1, 12), seed=st.integers(0, 100))
def test_interpolation_aliases(N: int, seed: int) -> None:
    """The coefficients of I_N are c_k + c_{k+n} + c_{k-n} for a polynomial of degree 2N, n = 2N + 1."""
    c = random_polynomial(2 * N, seed)
    x = np.linspace(0, 6, 31)
    n, folded = 2 * N + 1, np.zeros(2 * N + 1, complex)
    for k, value in zip(range(-2 * N, 2 * N + 1), c, strict=True):
        folded[(k + N) % n] += value
    np.testing.assert_allclose(
        fourier_interpolation(lambda t: fourier_sum(c, t), N, x), fourier_sum(folded, x), atol=1e-11
    )


def test_the_coefficients_of_exp_cos_are_bessel_numbers() -> None:
    c = fourier_coefficients(lambda x: np.exp(np.cos(x)), 20)
    np.testing.assert_allclose(c, scipy.special.iv(np.abs(np.arange(-20, 21)), 1.0), atol=1e-15)


def test_parity_of_the_poisson_kernel(reference) -> None:
    numbers, x = reference("lsm_numerics.json"), 2 * np.pi * np.arange(4096) / 4096
    rows = [(fourier_truncation, row, row["sup_error"]) for row in numbers["poisson_kernel_truncation"]]
    rows += [(fourier_interpolation, row, row["sup_error_on_4096"]) for row in numbers["poisson_kernel_trig_interp"]]
    for approximation, row, expected in rows:
        r, N = row["r"], row["N"]
        error = np.abs(approximation(lambda t, r=r: poisson_kernel(t, r), N, x) - poisson_kernel(x, r)).max()
        assert error == pytest.approx(expected, rel=1e-9)
        if approximation is fourier_truncation:
            assert error == pytest.approx(2 * r ** (N + 1) / (1 - r), rel=1e-9)


def test_parity_of_favards_constants(reference) -> None:
    for r, expected in enumerate(reference("lsm_numerics.json")["favard_constants_K0_K4"]):
        assert favard_constant(r) == pytest.approx(expected, rel=1e-14)
    assert favard_constant(1000) == pytest.approx(4 / np.pi, rel=1e-15)


@pytest.mark.parametrize("r", [1, 2, 5, 6, 11, 40, 299])
def test_favards_constant_is_its_series(r: int) -> None:
    with mpmath.workdps(30):
        series = (
            4 / mpmath.pi * mpmath.nsum(lambda i: (-1) ** (int(i) * (r + 1)) / (2 * i + 1) ** (r + 1), [0, mpmath.inf])
        )
    assert favard_constant(r) == pytest.approx(float(series), rel=1e-13)


@given(r=st.floats(0.05, 0.9), N=st.integers(0, 40), share=st.floats(0.3, 0.95))
def test_the_analytic_bound_holds_in_every_strip(r: float, N: int, share: float) -> None:
    alpha = share * math.log(1 / r)
    largest = float(np.abs((1 - r**2) / (1 - 2 * r * np.cos(1j * alpha) + r**2)))  # on the edge, above the pole's side
    for kind in ("truncation", "interpolation"):
        sides = analytic_sides(lambda x: poisson_kernel(x, r), N, alpha, largest, kind)
        assert sides.error <= sides.bound + 1e-12 * largest


@given(p=st.integers(0, 2), N=st.integers(1, 60))
def test_the_smooth_bound_holds(p: int, N: int) -> None:
    """|sin x|^{2p+1} has 2p continuous derivatives, and one more of bounded variation."""
    q = 2 * p + 1
    f = lambda x: np.abs(np.sin(x)) ** q  # noqa: E731
    x, k = np.pi * (np.arange(2000) + 0.5) / 2000, np.arange(-q, q + 1)
    c = np.fft.fft(np.sin(2 * np.pi * np.arange(64) / 64) ** q)[k] / 64
    top = (np.exp(1j * np.outer(x, k)) @ (c * (1j * k) ** q)).real  # the q-th derivative on the arc from 0 to pi
    variation = 2 * (np.abs(np.diff(top)).sum() + 2 * abs(top[0]))  # two arcs, and a jump of sign at 0 and pi
    for kind in ("truncation", "interpolation"):
        sides = smooth_sides(f, N, q, variation * 1.001, kind)
        assert sides.error <= sides.bound


def test_the_error_falls_by_the_power_that_smoothness_buys() -> None:
    for f, slope in ((away, -1.0), (lambda x: away(x) ** 2 * (1.5 * np.pi - away(x)), -3.0)):
        x = np.linspace(0, np.pi, 3001)
        error = [np.abs(fourier_truncation(f, N, x) - f(x)).max() for N in (20, 80)]
        assert np.log(error[1] / error[0]) / np.log(4) == pytest.approx(slope, abs=0.05)


def test_errors_of_the_distance() -> None:
    """Minimax errors of |x| and errors of its partial sums; N E_N tends to Bernstein's 0.2802 from above."""
    for N, best, partial in ((4, 0.0861, 0.156), (8, 0.0393, 0.0792), (16, 0.0186, 0.0397), (32, 0.00902, 0.0199)):
        sides = favard_sides(away, N, 1, 1.0)
        assert sides.error == pytest.approx(best, rel=0.01)
        assert 0.2802 / N < sides.error <= sides.bound == pytest.approx(np.pi / 2 / (N + 1))
        x = np.linspace(0, np.pi, 2001)
        assert np.abs(fourier_truncation(away, N, x) - x).max() == pytest.approx(partial, rel=5e-3)


@given(N=st.integers(0, 6), more=st.integers(1, 4), seed=st.integers(0, 100))
@settings(max_examples=15)
def test_no_polynomial_beats_the_best(N: int, more: int, seed: int) -> None:
    c, x = random_polynomial(N + more, seed), 2 * np.pi * np.arange(400) / 400
    f = lambda t: fourier_sum(c, t)  # noqa: E731
    best = best_approximation_error(f, N, 400)
    assert best <= np.abs(f(x) - fourier_truncation(f, N, x)).max() + 1e-9
    # By orthogonality no error in the largest value is below the root mean square of what is left out.
    assert best >= np.sqrt((np.abs(np.delete(c, range(more, 2 * N + 1 + more))) ** 2).sum()) * (1 - 1e-6)
    assert best_approximation_error(f, N + more, 400) < 1e-6


def test_favards_bound_is_attained() -> None:
    """The extremal function for r = 1, degree N is the saw of period 2 pi / (N+1)."""
    N = 3
    sides = favard_sides(lambda x: away((N + 1) * x) / (N + 1), N, 1, 1.0)
    assert sides.error == pytest.approx(sides.bound, rel=1e-3)


def test_gibbs_overshoot_never_shrinks() -> None:
    limit = (2 / np.pi * float(mpmath.si(mpmath.pi)) - 1) / 2  # of the jump, 2
    for N in (31, 127, 511):
        x = np.linspace(0, 4 * np.pi / N, 2001)
        overshoot = (fourier_truncation(jump, N, x).max() - 1) / 2
        assert overshoot == pytest.approx(limit, abs=0.6 / N**2 + 2e-5)
        assert overshoot > 0.0894


@pytest.mark.parametrize(("f", "N"), [(np.cos, -1), (np.cos, 2.5), (3, 4), (lambda x: x[:2], 4), (lambda x: x / 0, 4)])
def test_bad_functions_and_degrees_are_refused(f, N, as_users_call) -> None:
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"f|N"):
        fourier_truncation(f, N, 0.5)
