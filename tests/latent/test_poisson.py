from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.latent import sine_coefficients, solve_poisson

X = np.linspace(0, np.pi, 101)


@given(k=st.integers(1, 12), more=st.integers(0, 10))
def test_a_sine_is_an_eigenfunction(k: int, more: int) -> None:
    f = lambda x: k**2 * np.sin(k * x)  # noqa: E731
    np.testing.assert_allclose(solve_poisson(f, k + more, X), np.sin(k * X), atol=1e-12)
    np.testing.assert_allclose(solve_poisson(f, 40, X, "chebyshev"), np.sin(k * X), atol=1e-9)


def test_for_a_constant_load_the_sine_coefficients_fall_by_powers_and_degree_two_is_exact() -> None:
    k = np.arange(1, 100)
    np.testing.assert_allclose(sine_coefficients(np.ones_like, 99), np.where(k % 2, 4 / (np.pi * k), 0), atol=1e-13)
    X = np.linspace(0, np.pi, 4001)
    exact = X * (np.pi - X) / 2
    np.testing.assert_allclose(solve_poisson(np.ones_like, 2, X, "chebyshev"), exact, atol=1e-14)
    errors = [np.abs(solve_poisson(np.ones_like, n, X) - exact).max() for n in (15, 127)]
    assert np.log(errors[1] / errors[0]) / np.log(128 / 16) == pytest.approx(-2, abs=0.1)


@given(seed=st.integers(0, 100), n=st.integers(2, 14))
def test_polynomial_solutions_are_found_exactly(seed: int, n: int) -> None:
    p = np.polynomial.Polynomial(np.random.default_rng(seed).standard_normal(max(n - 1, 1))) * 0.3
    u = p * np.polynomial.Polynomial([0, 1]) * np.polynomial.Polynomial([np.pi, -1])
    f = lambda x: -u.deriv(2)(x)  # noqa: E731
    scale = np.abs(u(X)).max() + 1
    np.testing.assert_allclose(solve_poisson(f, max(n, 2), X, "chebyshev"), u(X), atol=1e-8 * scale)
