from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.latent import (
    chebyshev_coefficients,
    chebyshev_differentiation,
    chebyshev_interpolation,
    chebyshev_nodes,
    chebyshev_sides,
    chebyshev_truncation,
    runge,
)

chebval, chebder = np.polynomial.chebyshev.chebval, np.polynomial.chebyshev.chebder


@given(n=st.integers(1, 30), seed=st.integers(0, 1000))
def test_polynomials_are_reproduced_and_differentiated(n: int, seed: int) -> None:
    a, x = np.random.default_rng(seed).standard_normal(n + 1), np.linspace(-1, 1, 33)
    f = lambda t: chebval(t, a)  # noqa: E731
    np.testing.assert_allclose(chebyshev_interpolation(f, n, x), f(x), atol=1e-12 * n)
    np.testing.assert_allclose(chebyshev_truncation(f, n, x), f(x), atol=1e-12 * n)
    np.testing.assert_allclose(chebyshev_coefficients(f, n), a, atol=1e-13)
    nodes = chebyshev_nodes(n)
    np.testing.assert_allclose(chebyshev_differentiation(n) @ f(nodes), chebval(nodes, chebder(a)), atol=1e-11 * n**2)


def test_constants_have_derivative_zero_and_nodes_are_odd() -> None:
    for n in (1, 2, 17, 64):
        D, x = chebyshev_differentiation(n), chebyshev_nodes(n)
        assert np.abs(D.sum(axis=1)).max() < 1e-15 * np.abs(D).sum(axis=1).max()
        np.testing.assert_array_equal(x, -x[::-1])
        np.testing.assert_allclose(x, np.cos(np.pi * np.arange(n + 1) / n), atol=2e-16)


def test_the_corner_of_the_matrix_is_known_in_closed_form() -> None:
    for n in (3, 20):
        assert chebyshev_differentiation(n)[0, 0] == pytest.approx((2 * n**2 + 1) / 6)


def test_an_interpolant_meets_its_nodes_and_a_complex_function_is_welcome() -> None:
    f = lambda x: np.exp(5j * x)  # noqa: E731
    np.testing.assert_allclose(chebyshev_interpolation(f, 12, chebyshev_nodes(12)), f(chebyshev_nodes(12)), atol=1e-14)
    assert np.abs(chebyshev_truncation(f, 40, np.linspace(-1, 1, 50)) - f(np.linspace(-1, 1, 50))).max() < 1e-13


def test_parity_of_runges_function(reference) -> None:
    for row in reference("lsm_numerics.json")["runge_chebyshev_interp"]["rows"]:
        a, n = row["a"], row["n"]
        rho = (1 + np.sqrt(1 + a)) / np.sqrt(a)
        assert rho == pytest.approx(row["rho"])
        sides = chebyshev_sides(lambda x, a=a: runge(x, a), n, rho, 1.0, "interpolation")
        assert sides.error == pytest.approx(row["sup_error_5001"], rel=1e-8)


@given(pole=st.floats(1.05, 4), share=st.floats(0.3, 0.95), n=st.integers(1, 60))
def test_the_bound_holds_in_every_ellipse(pole: float, share: float, n: int) -> None:
    """f = 1 / (pole - x) is largest on an ellipse at its right end."""
    rho = 1 + share * (pole + np.sqrt(pole**2 - 1) - 1)
    largest = 1 / (pole - (rho + 1 / rho) / 2)
    for kind in ("truncation", "interpolation"):
        sides = chebyshev_sides(lambda x: 1 / (pole - x), n, rho, largest, kind)
        assert sides.error <= sides.bound + 1e-12 * largest


@pytest.mark.parametrize("x", [1.5, -1.0001])
def test_points_outside_are_refused(x: float) -> None:
    with pytest.raises(ValueError, match="x must lie between -1 and 1"):
        chebyshev_interpolation(np.exp, 4, x)
