from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import EXPONENTIAL, UNIFORM, TimeWarp, legs, warped_basis, warped_coefficients, warped_measure

SINH = TimeWarp(a=np.sinh, derivative=np.cosh, inverse=np.arcsinh)


def signal(t: np.ndarray) -> np.ndarray:
    return np.cos(3 * t + 0.3) * np.exp(-(t**2) / 20)


@pytest.mark.parametrize("warp", [EXPONENTIAL, UNIFORM, SINH], ids=["exponential", "uniform", "sinh"])
def test_warped_coefficients_solve_the_warped_equation(warp):
    """x' = a'(t) (A x + B u), by central differences: residual of second order in their step."""
    n, t, h = 8, 1.3, 1e-4
    A, B = legs(n)
    x = {d: warped_coefficients(warp, n, signal, t + d) for d in (-h, 0.0, h)}
    derivative = (x[h] - x[-h]) / (2 * h)
    speed = float(warp.derivative(np.asarray(t)))
    np.testing.assert_allclose(derivative, speed * (A @ x[0.0] + B * signal(np.asarray(t))), atol=1e-5)


@given(t=st.floats(0.2, 3), n=st.integers(1, 12))
def test_uniform_warp_is_legendre_on_the_whole_past(t, n):
    """a = log t: p_k = L_k(s/t), omega = 1/t, the original HiPPO-LegS."""
    s = np.linspace(0.01, 1, 20) * t
    np.testing.assert_allclose(warped_measure(UNIFORM, t, s), 1 / t, rtol=1e-12)
    k = np.arange(n)
    legendre = np.stack([np.polynomial.legendre.Legendre.basis(j)(2 * s / t - 1) for j in k], axis=-1)
    np.testing.assert_allclose(warped_basis(UNIFORM, n, t, s), np.sqrt(2 * k + 1) * legendre, atol=1e-9)


@pytest.mark.parametrize("warp", [EXPONENTIAL, SINH], ids=["exponential", "sinh"])
def test_warped_measure_integrates_to_one(warp):
    s = np.linspace(-30 if warp is EXPONENTIAL else -6, 1.3, 200_001)
    assert np.trapezoid(warped_measure(warp, 1.3, s), s) == pytest.approx(1, abs=1e-6)


def test_scaled_legs_is_timescale_equivariant():
    """The coefficients of u(c t) at t are those of u at c t; with exponential forgetting they are not."""
    c, t, n = 1.7, 0.9, 10

    def faster(s: np.ndarray) -> np.ndarray:
        return signal(c * s)

    stretched = warped_coefficients(UNIFORM, n, faster, t)
    np.testing.assert_allclose(stretched, warped_coefficients(UNIFORM, n, signal, c * t), atol=1e-12)
    fading = warped_coefficients(EXPONENTIAL, n, faster, t) - warped_coefficients(EXPONENTIAL, n, signal, c * t)
    assert np.abs(fading).max() > 0.05


def test_the_future_is_refused():
    with pytest.raises(ValueError, match="s must be at most t"):
        warped_basis(EXPONENTIAL, 4, 1.0, 1.5)
    with pytest.raises(ValueError, match="s must be at most t"):
        warped_measure(EXPONENTIAL, 1.0, [0.5, 1.5])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: warped_basis(UNIFORM, 3, 1.0, -1.0), "t and s must"),
        (lambda: warped_basis(UNIFORM, 3, 0.0, 0.0), "t and s must"),
        (lambda: warped_measure(UNIFORM, 1.0, 0.0), "s must lie"),
        (lambda: warped_coefficients(UNIFORM, 3, np.cos, -1.0), "t must"),
        (lambda: warped_coefficients(UNIFORM, 3, np.cos, 1.0, 0), "nodes must"),
        (lambda: warped_coefficients(UNIFORM, 3, np.cos, 1.0, 10**400), "nodes must"),
        (lambda: warped_coefficients(UNIFORM, 3, 5.0, 1.0), "signal must"),
        (lambda: warped_basis(None, 3, 1.0, 0.5), "warp must"),
        (lambda: warped_measure("log", 1.0, 0.5), "warp must"),
        (lambda: warped_basis(UNIFORM, 3, [1.0, 2.0], [0.1, 0.2, 0.3]), "s must fit"),
    ],
)
def test_times_outside_the_domain_of_the_warp_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
