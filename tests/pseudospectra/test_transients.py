from __future__ import annotations

from typing import Any

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
    assert kreiss_constant(jordan_block(2)) == np.inf
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
        (lambda: growth_reached(1.0, 0.0, 0.1), "abscissa"),
        (lambda: growth_reached(-1.0, 1.0, 0.1), "t"),
    ],
)
def test_bad_input_is_named(call: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must"):
        call()
