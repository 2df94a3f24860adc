from __future__ import annotations

from math import factorial
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import (
    convection_diffusion,
    eigenvalue_conditions,
    grcar,
    growth_reached,
    jordan_block,
    kreiss_constant,
    numerical_abscissa,
    power_norms,
    pseudospectral_abscissa,
    semigroup_norms,
    sigma_min,
    spectral_abscissa,
)


def test_the_abscissas_of_the_reference_and_of_the_literature(reference: Any) -> None:
    numbers = reference("pseudospectra.json")
    for case in numbers["abscissa"]:
        A = legs(case["n"])[0] if case["matrix"] == "legs" else grcar(case["n"])
        assert pseudospectral_abscissa(A, case["eps"]) == pytest.approx(case["alpha"], abs=1e-6)
    published = numbers["literature"]
    assert pseudospectral_abscissa(grcar(100), 1e-4) == pytest.approx(published["pseudospectral_abscissa"], abs=1e-5)


@given(n=st.integers(1, 10), seed=st.integers(0, 1000), power=st.floats(-5, 0.5), imaginary=st.booleans())
def test_the_pseudospectral_abscissa_is_attained_and_not_passed(
    n: int, seed: int, power: float, imaginary: bool
) -> None:
    rng, epsilon = np.random.default_rng(seed), 10.0**power
    A = rng.standard_normal((n, n)) + (1j * rng.standard_normal((n, n)) if imaginary else 0)
    alpha = pseudospectral_abscissa(A, epsilon)
    y = np.linspace(-6, 6, 1201)
    y = np.concatenate([y, np.linalg.eigvals(A).imag])
    scale = np.linalg.norm(A, 2) + epsilon
    assert sigma_min(A, alpha + 1e-6 * scale + 1j * y).min() > epsilon * (1 - 1e-7)
    assert spectral_abscissa(A) < alpha <= numerical_abscissa(A) + epsilon * (1 + 1e-7) + 1e-12 * scale
    for _ in range(5):
        E = rng.standard_normal((n, n)) + 1j * rng.standard_normal((n, n))
        assert spectral_abscissa(A + E * epsilon / np.linalg.norm(E, 2)) <= alpha + 1e-7 * scale


def test_a_normal_matrix_reaches_just_epsilon_further() -> None:
    A = np.diag([-1 + 5j, -2, -0.5 - 3j])
    assert pseudospectral_abscissa(A, 0.25) == pytest.approx(-0.25, abs=1e-10)


def test_kreiss_matrix_theorem_with_both_sides() -> None:
    for A in (grcar(12) - 1.8 * np.eye(12), jordan_block(6, -0.5), convection_diffusion(10)):
        K = kreiss_constant(A)
        peak = semigroup_norms(A, 0.05, 1000).max()
        assert peak * (1 + 1e-3) >= K
        assert peak <= np.e * len(A) * K
        for epsilon in (1e-3, 1e-2, 0.1):
            assert pseudospectral_abscissa(A, epsilon) / epsilon <= K * (1 + 1e-6)


def test_the_kreiss_constant_of_a_two_by_two_matrix_is_the_brute_force_one() -> None:
    A = np.array([[-1.0, 40.0], [0.0, -2.0]])
    x = np.geomspace(1e-2, 1e3, 400)[:, None]
    brute = (x / sigma_min(A, x + 1j * np.linspace(-5, 5, 401))).max()
    assert kreiss_constant(A) == pytest.approx(brute, rel=1e-3)
    assert kreiss_constant(A) >= brute


@given(n=st.integers(2, 8), seed=st.integers(0, 1000), power=st.floats(-3, 0), imaginary=st.booleans())
def test_the_kreiss_constant_is_the_largest_abscissa_over_epsilon(
    n: int, seed: int, power: float, imaginary: bool
) -> None:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n)) + np.triu(rng.standard_normal((n, n)), 1) * 3
    A = A + (1j * rng.standard_normal((n, n)) if imaginary else 0)
    A = A - (spectral_abscissa(A) + 10.0**power) * np.eye(n)
    K, epsilons = kreiss_constant(A), np.linalg.norm(A, 2) * np.geomspace(1e-5, 10, 40)
    reached = max(pseudospectral_abscissa(A, epsilon) / epsilon for epsilon in epsilons)
    assert reached <= K * (1 + 1e-6)
    assert max(reached, 1) * 1.05 >= K  # the grid of epsilon is coarse


def resolvent_norm(A: np.ndarray, x: float) -> float:
    """||(x I - A)^{-1}|| with 60 digits, by powers: for a resolvent with positive entries."""
    with mpmath.workdps(60):
        R, v = mpmath.matrix((x * np.eye(len(A)) - A).tolist()) ** -1, mpmath.matrix([1] * len(A))
        for _ in range(20):
            v = R.T * (R * v)
            v = v / mpmath.norm(v)
        return float(mpmath.norm(R * v))


def test_the_kreiss_constant_of_a_textbook_bidiagonal_is_far_beyond_rounding() -> None:
    # Malyshev, Sadkane 1999: -1 and 10 on two diagonals. Its resolvent has positive entries and is largest for real z.
    A = -np.eye(20) + 10 * np.eye(20, k=-1)
    K = kreiss_constant(A)
    sampled = max(x * resolvent_norm(A, x) for x in (0.045, 0.05, 0.053, 0.056))
    assert sampled <= K * (1 + 1e-12)
    assert pytest.approx(sampled, rel=1e-3) == K
    assert pytest.approx(1.9079e17, rel=1e-4) == K


@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("s", [1e2, 1e4, 1e7, 1e10])
def test_short_chains_of_any_strength(n: int, s: float) -> None:
    # For large s the resolvent is s^(n-1) / (1 + x)^n, largest times x at x = 1 / (n - 1).
    K = kreiss_constant(-np.eye(n) + s * np.eye(n, k=1))
    assert pytest.approx(s ** (n - 1) * (n - 1) ** (n - 1) / n**n, rel=10 / s) == K


@given(n=st.integers(2, 7), seed=st.integers(0, 10**6), power=st.floats(0, 6), unit=st.integers(-600, 600))
def test_neither_units_of_time_nor_the_order_of_states_nor_phases_change_the_kreiss_constant(
    n: int, seed: int, power: float, unit: int
) -> None:
    rng = np.random.default_rng(seed)
    A = np.triu(10**power * rng.standard_normal((n, n)), 1) - np.diag(rng.uniform(0.1, 2, n))
    order = rng.permutation(n)
    K = kreiss_constant(A)
    assert kreiss_constant(2.0**unit * A) == pytest.approx(K, rel=1e-12)
    assert kreiss_constant(0.3 * A) == pytest.approx(K, rel=1e-6)
    assert kreiss_constant(A[np.ix_(order, order)]) == pytest.approx(K, rel=1e-6)
    assert kreiss_constant(A.T) == pytest.approx(K, rel=1e-6)
    turn = np.exp(1j * rng.uniform(0, 6.28, n))
    assert kreiss_constant(A * turn[:, None] / turn + 3j * np.eye(n)) == pytest.approx(K, rel=1e-5)
    x = np.geomspace(1e-3, 10, 40)
    assert (x / sigma_min(A, x)).max() <= K * (1 + 1e-6)


@given(n=st.integers(2, 8), seed=st.integers(0, 10**6), decay=st.floats(0.01, 0.5), imaginary=st.booleans())
def test_kreiss_matrix_theorem_of_the_disc(n: int, seed: int, decay: float, imaginary: bool) -> None:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n)) + np.triu(rng.standard_normal((n, n)), 1) * 3
    A = A + (1j * rng.standard_normal((n, n)) if imaginary else 0)
    A = A * ((1 - decay) / np.abs(np.linalg.eigvals(A)).max())
    K, norms = kreiss_constant(A, "disc"), power_norms(A, 300)
    assert norms.max() * (1 + 1e-8) >= K
    assert norms.max() <= np.e * n * K
    r, theta = np.geomspace(1e-3, 10, 60)[:, None], np.linspace(-np.pi, np.pi, 181)
    sampled = (r / sigma_min(A, (1 + r) * np.exp(1j * theta))).max()
    assert sampled <= K * (1 + 1e-7)
    assert max(1.0, sampled) >= K / 1.2


def test_the_disc_of_a_shift_that_is_nilpotent() -> None:
    # s S with n states: (|z| - 1) ||R|| is about (x - 1) s^(n-1) / x^n, largest at x = n / (n - 1).
    n, s = 5, 1e4
    K = kreiss_constant(s * np.eye(n, k=1), "disc")
    assert pytest.approx(s ** (n - 1) * (n - 1) ** (n - 1) / n**n, rel=1e-3) == K
    np.testing.assert_allclose(power_norms(s * np.eye(n, k=1), 6), [1, s, s**2, s**3, s**4, 0, 0], rtol=1e-14)


def test_growing_and_marginal_matrices_of_the_disc() -> None:
    assert kreiss_constant(np.diag([1.1, 0.5]), "disc") == np.inf
    assert [kreiss_constant(jordan_block(n, 1.0), "disc") for n in (2, 3, 6, 20, 60)] == [np.inf] * 5
    assert kreiss_constant(jordan_block(2, -1.0), "disc") == np.inf
    assert kreiss_constant(np.zeros((3, 3)), "disc") == 1
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    assert kreiss_constant(turn, "disc") == pytest.approx(1, abs=1e-9)
    assert kreiss_constant(np.array([[1.0, 5.0], [0.0, 0.5]]), "disc") >= eigenvalue_conditions(
        np.array([[1.0, 5.0], [0.0, 0.5]])
    )[0] * (1 - 1e-4)


@given(n=st.integers(1, 6), seed=st.integers(0, 10**6), k=st.integers(1, 40))
def test_power_norms_are_norms_of_powers(n: int, seed: int, k: int) -> None:
    A = np.random.default_rng(seed).standard_normal((n, n))
    expected = [np.linalg.norm(np.linalg.matrix_power(A, j), 2) for j in range(k + 1)]
    np.testing.assert_allclose(power_norms(A, k), expected, rtol=1e-10)


def test_a_strong_chain_in_time_is_its_closed_form() -> None:
    for n, s in ((8, 3e3), (8, 1e5), (20, 10.0)):
        A = -np.eye(n) + s * np.eye(n, k=1)
        norms, K = semigroup_norms(A, 0.5, 100), kreiss_constant(A)
        for j in (1, 2, 7, 60):
            terms = [np.exp(-j / 2) * (s * j / 2) ** k / factorial(k) for k in range(n)]
            expected = sum((x * np.eye(n, k=k) for k, x in enumerate(terms)), np.zeros((n, n)))
            assert norms[j] == pytest.approx(np.linalg.norm(expected, 2), rel=1e-12)
        assert K <= norms.max() <= np.e * n * K


def test_a_marginal_eigenvalue_beside_a_strong_coupling() -> None:
    # x ||(x I - A)^{-1}|| tends to the norm of the projector onto the eigenvalue 0 as x -> 0.
    s = 1e10
    assert kreiss_constant(np.array([[0.0, s], [0.0, -1.0]])) == pytest.approx(np.hypot(1, s), rel=1e-4)
    assert kreiss_constant(np.array([[0.0, 1e-30], [0.0, 0.0]])) == np.inf


def test_legs_never_grows_although_its_eigenvectors_are_hopeless() -> None:
    for n in (4, 16, 32):
        A, _ = legs(n)
        assert numerical_abscissa(A) == pytest.approx(-0.5, abs=1e-9)
        assert kreiss_constant(A) == 1
        norms = semigroup_norms(A, 0.1, 60)
        assert (norms <= np.exp(-0.05 * np.arange(61)) * (1 + 1e-12)).all()


def test_grcar_grows_and_convection_waits() -> None:
    assert semigroup_norms(grcar(24) - 1.8 * np.eye(24), 0.1, 100).max() > 5
    A = convection_diffusion(60)
    norms = semigroup_norms(A, 0.01, 200)
    assert kreiss_constant(A) == 1
    assert norms.max() == 1
    assert norms[50] > 0.8  # a pulse from the far end is still on its way, where e^{t alpha} is
    assert np.exp(0.5 * spectral_abscissa(A)) < 0.01
    assert norms[200] < 1e-3


def test_growing_and_marginal_matrices() -> None:
    assert kreiss_constant(np.diag([0.1, -1.0])) == np.inf
    assert [kreiss_constant(jordan_block(n)) for n in (2, 3, 6, 20, 60)] == [np.inf] * 5
    assert kreiss_constant(np.zeros((3, 3))) == 1
    assert kreiss_constant(np.array([[0.0, 1.0], [-1.0, 0.0]])) == 1


@pytest.mark.parametrize("seed", range(8))
def test_an_eigenvalue_on_the_axis_makes_the_kreiss_constant_its_condition_or_more(seed: int) -> None:
    rng = np.random.default_rng(seed)  # at seed 3 the climb steps on the eigenvalue itself
    n = int(rng.integers(2, 9))
    A = rng.standard_normal((n, n))
    A = A - np.linalg.eigvals(A).real.max() * np.eye(n)
    K = kreiss_constant(A)
    assert np.isfinite(K)
    assert eigenvalue_conditions(A)[0] * (1 - 1e-4) <= K


@given(seed=st.integers(0, 1000), steps=st.integers(1, 40))
def test_semigroup_norms_are_those_of_matrix_exponentials(seed: int, steps: int) -> None:
    A = np.random.default_rng(seed).standard_normal((5, 5))
    expected = [np.linalg.norm(scipy.linalg.expm(0.07 * k * A), 2) for k in range(steps + 1)]
    np.testing.assert_allclose(semigroup_norms(A, 0.07, steps), expected, rtol=1e-9)


@given(n=st.integers(2, 8), seed=st.integers(0, 1000), power=st.floats(-3, 0))
def test_the_growth_that_a_pseudospectrum_forces_is_reached(n: int, seed: int, power: float) -> None:
    rng, epsilon = np.random.default_rng(seed), 10.0**power
    A = np.triu(rng.standard_normal((n, n)) * 3, 1) - np.diag(rng.uniform(0.2, 1, n))
    alpha = pseudospectral_abscissa(A, epsilon)
    if alpha > 1e-3:
        reached = np.maximum.accumulate(semigroup_norms(A, 0.02, 300))
        assert (growth_reached(0.02 * np.arange(301), alpha, epsilon) <= reached * (1 + 1e-2)).all()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: pseudospectral_abscissa(np.ones((2, 3)), 0.1), "A"),
        (lambda: pseudospectral_abscissa(np.eye(2), 0.0), "epsilon"),
        (lambda: pseudospectral_abscissa(np.eye(2), -1), "epsilon"),
        (lambda: pseudospectral_abscissa(np.eye(2), np.nan), "epsilon"),
        (lambda: kreiss_constant([[np.inf]]), "A"),
        (lambda: numerical_abscissa(np.ones(3)), "A"),
        (lambda: spectral_abscissa(np.ones(3)), "A"),
        (lambda: semigroup_norms(np.eye(2), 0, 3), "step"),
        (lambda: semigroup_norms(np.eye(2), 0.1, 0), "steps"),
        (lambda: semigroup_norms(np.eye(2), 100.0, 20), "step"),
        (lambda: semigroup_norms(np.eye(2), 0.1, 10**9), "steps"),
        (lambda: semigroup_norms(np.eye(2), 1e300, 3), "step"),
        (lambda: power_norms(np.eye(2), 10**400), "k"),
        (lambda: power_norms(2 * np.eye(2), 5000), "k"),
        (lambda: power_norms(np.ones((2, 1)), 5), "A"),
        (lambda: kreiss_constant(np.eye(2), "circle"), "region"),
        (lambda: kreiss_constant(-np.eye(60) + 1e10 * np.eye(60, k=1)), "A"),
        (lambda: growth_reached(1.0, 1e-300, 1e20), "epsilon"),
        (lambda: growth_reached(1.0, 0.0, 0.1), "abscissa"),
        (lambda: growth_reached(-1.0, 1.0, 0.1), "t"),
    ],
)
def test_bad_input_is_named(call: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must"):
        call()
