from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import (
    departure_from_normality,
    eigenvalue_conditions,
    eigenvector_condition,
    jordan_block,
    legs_normal,
)


def test_legs_is_right_to_the_last_digit_however_ill_conditioned(reference: Any) -> None:
    for n, case in reference("legs_spectra.json").items():
        A, _ = legs(int(n))
        assert eigenvector_condition(A) == pytest.approx(case["kappa_V_unit_columns"], rel=1e-10)
        np.testing.assert_allclose(eigenvalue_conditions(A), case["eigenvalue_condition_numbers"], rtol=1e-10)


@pytest.mark.parametrize("n", [5, 20, 48])
def test_legs_against_fifty_digits(n: int) -> None:
    with mpmath.workdps(90):
        V, W = mpmath.eye(n), mpmath.eye(n)
        R = [mpmath.sqrt(2 * k + 1) for k in range(n)]
        for i in range(n):  # (A_H + (i+1)) v = 0 by forward substitution, rows i+1..n-1
            for j in range(i + 1, n):
                V[j, i] = -R[j] * mpmath.fsum(R[k] * V[k, i] for k in range(i, j)) / (j - i)
        W = V**-1
        for i in range(n):
            size = mpmath.norm(V[:, i])
            V[:, i] /= size
            W[i, :] *= size
        expected = mpmath.svd_r(V, compute_uv=False)[0] * mpmath.svd_r(W, compute_uv=False)[0]
        assert eigenvector_condition(legs(n)[0]) == pytest.approx(float(expected), rel=1e-9)


@given(n=st.integers(2, 12), seed=st.integers(0, 1000))
def test_definitions_hold_on_random_matrices(n: int, seed: int) -> None:
    A = np.random.default_rng(seed).standard_normal((n, n))
    _, V = np.linalg.eig(A)
    inverse = np.linalg.inv(V)
    assert eigenvector_condition(A) == pytest.approx(np.linalg.cond(V), rel=1e-6)
    conditions = eigenvalue_conditions(A)
    assert (conditions >= 1 - 1e-12).all()
    assert np.sqrt((conditions**2).sum()) == pytest.approx(np.linalg.norm(inverse), rel=1e-6)


@given(n=st.integers(2, 10), seed=st.integers(0, 1000), size=st.floats(1e-8, 1e-1))
def test_bauer_fike(n: int, seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    A, E = rng.standard_normal((n, n)), rng.standard_normal((n, n))
    E *= size / np.linalg.norm(E, 2)
    distance = np.abs(np.linalg.eigvals(A + E)[:, None] - np.linalg.eigvals(A)).min(axis=1)
    assert distance.max() <= eigenvector_condition(A) * size * (1 + 1e-6) + 1e-10


def test_a_simple_eigenvalue_moves_by_its_condition_number_at_most() -> None:
    A, size = legs(6)[0], 1e-7
    moved = np.sort(np.linalg.eigvals(A + size * np.random.default_rng(0).standard_normal((6, 6))).real)[::-1]
    E_norm = 2 * np.sqrt(6) * size
    assert (np.abs(moved + np.arange(1, 7)) <= eigenvalue_conditions(A) * E_norm).all()


@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e200, 1e300])
def test_units_do_not_matter(unit: float) -> None:
    A = legs(4)[0]
    assert eigenvector_condition(unit * A) == pytest.approx(eigenvector_condition(A), rel=1e-9)
    np.testing.assert_allclose(eigenvalue_conditions(unit * A), eigenvalue_conditions(A), rtol=1e-9)


def test_normal_and_defective_matrices_are_the_two_ends() -> None:
    A, _ = legs_normal(12)
    assert eigenvector_condition(A) == pytest.approx(1, abs=1e-9)
    assert departure_from_normality(A) < 1e-5
    assert departure_from_normality(legs(12)[0]) > 50
    assert eigenvector_condition(jordan_block(5)) > 1e15
    assert eigenvalue_conditions(jordan_block(2)).min() > 1e15


@given(n=st.integers(1, 10), kinds=st.integers(1, 3), seed=st.integers(0, 1000))
def test_a_normal_matrix_has_condition_one_even_with_repeated_eigenvalues(n: int, kinds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((n, n)) + 1j * rng.standard_normal((n, n)))
    A = Q * rng.choice(rng.standard_normal(kinds), n) @ Q.conj().T
    assert eigenvector_condition(A) == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(eigenvalue_conditions(A), 1, atol=1e-9)


@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_rings_are_normal_to_the_last_digit(unit: float) -> None:
    walk = np.roll(np.eye(200), 1, axis=0) / 2
    walk = walk + walk.T
    turn = np.roll(np.eye(300), 1, axis=0)
    for A in (walk @ walk @ walk, turn - turn.T, turn, 1j * (turn + turn.T), turn + 0.3 * turn @ turn, np.eye(4)):
        assert eigenvector_condition(unit * A) == 1
        assert (eigenvalue_conditions(unit * A) == 1).all()
        assert departure_from_normality(unit * A) == 0


def test_normal_at_one_scale_is_not_normal_at_another() -> None:
    A = scipy.linalg.block_diag([[1e20]], [[0.0, 1.0], [0.0, 1e-5]])
    assert eigenvector_condition(A) == pytest.approx(2e5, rel=1e-3)
    assert departure_from_normality(A) == pytest.approx(1, rel=1e-12)


@given(n=st.integers(1, 12), seed=st.integers(0, 1000))
def test_the_order_of_the_states_does_not_matter(n: int, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(n)
    A = legs(n)[0]
    mixed = A[np.ix_(order, order)]
    assert eigenvector_condition(mixed) == pytest.approx(eigenvector_condition(A), rel=1e-9)
    np.testing.assert_allclose(eigenvalue_conditions(mixed), eigenvalue_conditions(A), rtol=1e-9)
    assert departure_from_normality(mixed) == pytest.approx(np.linalg.norm(np.tril(A, -1)), rel=1e-12)


def test_a_triangular_matrix_that_repeats_an_eigenvalue_and_is_diagonalisable() -> None:
    # (A - I) (A - 2 I) = 0, so 1 has two eigenvectors: e_1 and, up to its length, (0, -7, 1).
    A = np.array([[1.0, 5.0, 35.0], [0.0, 2.0, 7.0], [0.0, 0.0, 1.0]])
    V = np.array([[1.0, 0.0, 5.0], [0.0, -7.0, 1.0], [0.0, 1.0, 0.0]])
    expected = np.linalg.cond(V / np.linalg.norm(V, axis=0))
    assert eigenvector_condition(A) == pytest.approx(expected, rel=1e-9)
    assert eigenvector_condition(A.T) == pytest.approx(np.linalg.cond(np.linalg.eig(A.T)[1]), rel=1e-9)


@given(power=st.floats(-9, 0), gap=st.floats(-9, 0))
def test_two_by_two_by_hand(power: float, gap: float) -> None:
    d, g = 10.0**power, 10.0**gap  # [[0, d], [0, g]]: eigenvectors (1, 0) and (d, g) / hypot(d, g)
    cosine = d / np.hypot(d, g)
    A = np.array([[0.0, d], [0.0, g]])
    expected = (1 + cosine) * np.hypot(d, g) / g  # sqrt((1 + c) / (1 - c)) with 1 - c^2 = (g / hypot)^2
    assert eigenvector_condition(A) == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(eigenvalue_conditions(A), np.hypot(d, g) / g, rtol=1e-9)


@pytest.mark.parametrize("function", [eigenvector_condition, eigenvalue_conditions, departure_from_normality])
@pytest.mark.parametrize("bad", [np.ones((2, 3)), np.ones(4), [[np.nan]], np.empty((0, 0)), "A"])
def test_bad_input_is_named(function: Any, bad: Any) -> None:
    with pytest.raises(ValueError, match=r"^A must"):
        function(bad)
