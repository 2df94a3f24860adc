from __future__ import annotations

from math import factorial

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import discretize, expm, impulse_response


def exact(A: np.ndarray) -> np.ndarray:
    with mpmath.workdps(80):
        series = mpmath.expm(mpmath.matrix(np.asarray(A, dtype=complex).tolist()), method="taylor")
        return np.array(series.tolist(), dtype=complex)


def error(A: np.ndarray, expected: np.ndarray | None = None) -> float:
    expected = exact(A) if expected is None else expected
    return np.abs(expm(A) - expected).max() / np.abs(expected).max()


def chain(n: int, s: complex) -> np.ndarray:
    """e^{-I + s S} with S the shift: e^{-1} s^k / k! on the k-th diagonal."""
    terms = [complex(mpmath.exp(-1) * mpmath.mpc(s) ** k / mpmath.factorial(k)) for k in range(n)]
    return sum((np.diag(np.full(n - k, terms[k]), k) for k in range(n)), np.zeros((n, n), dtype=complex))


@pytest.mark.parametrize("n", [2, 8, 40])
@pytest.mark.parametrize("s", [1e-9, 1.0, -30.0, 3e3, 1e4j, -1e5, 1e7])
def test_chains_of_every_strength_entry_by_entry(n: int, s: complex) -> None:
    expected = chain(n, s)
    for S, right in ((np.eye(n, k=1), expected), (np.eye(n, k=-1), expected.T)):
        np.testing.assert_allclose(expm(-np.eye(n) + s * S), right, rtol=1e-13)


def test_the_end_of_a_long_chain_is_reached_although_the_series_is_short() -> None:
    # Balanced, all entries are about 1e-3, and yet the largest entry of e^A is s^21 / 21!, beyond the 16 terms.
    n, s, back = 22, 1e5, 1e-11
    A = -np.eye(n) + s * np.eye(n, k=1) + back * np.eye(n, k=-1)
    assert error(A) < 1e-12


def test_what_users_of_other_exponentials_have_reported() -> None:
    for A in (
        np.array([[-494.08845191, 0], [12566.3706, -12566.3706]]) / 2,
        np.array([[50, 3], [2j, 0]]),
        np.array([[-81.82, -45.45], [10, -1.0]]),
        np.array([[1.0, 1e10, 1e3], [0, -1, 1e12], [0, 0, 1 + 1e-9]]),
        np.array([[0.0, 1e200], [1e-200, -1.0]]),
    ):
        assert error(A) < 1e-14
    assert (expm(np.zeros((2, 2))) == np.eye(2)).all()
    assert (expm(np.diag([-1e300, -1.0])) == np.diag([0.0, np.exp(-1)])).all()


@given(
    n=st.integers(1, 6),
    seed=st.integers(0, 10**6),
    size=st.floats(-12, 1.5),
    shift=st.floats(-30, 30),
    imaginary=st.booleans(),
)
def test_full_matrices_of_every_size(n: int, seed: int, size: float, shift: float, imaginary: bool) -> None:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n)) + (1j * rng.standard_normal((n, n)) if imaginary else 0)
    A = 10.0**size * A + shift * np.eye(n)
    # Rounding A already moves e^A by this much, and more where A is not normal.
    assert error(A) < 1e-15 * (n + np.linalg.norm(A, 2)) * max(
        1, 1e-3 * np.linalg.norm(A @ A.conj().T - A.conj().T @ A)
    )


@given(n=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_units_change_nothing_but_the_units(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, D = rng.standard_normal((n, n)), 2.0 ** rng.integers(-60, 60, n)
    np.testing.assert_allclose(expm(A * D[:, None] / D), expm(A) * D[:, None] / D, rtol=1e-10)


@given(n=st.integers(2, 6), seed=st.integers(0, 10**6), coupling=st.floats(0, 8))
def test_triangular_in_another_order_of_the_states(n: int, seed: int, coupling: float) -> None:
    rng = np.random.default_rng(seed)
    A = np.triu(rng.standard_normal((n, n)), 1) * 10**coupling - np.diag(rng.exponential(size=n))
    order = rng.permutation(n)
    A = A[np.ix_(order, order)]
    # Terms of both signs may cancel: each entry is as good as its largest terms, those without signs.
    terms = exact(np.abs(A - np.diag(np.diag(A))) + np.diag(np.diag(A))).real
    assert (np.abs(expm(A) - exact(A)) <= 1e-13 * terms).all()
    np.testing.assert_allclose(np.diag(expm(A)), np.exp(np.diag(A)), rtol=1e-15)


def test_a_strong_coupling_does_not_cost_the_rest_its_digits() -> None:
    rng = np.random.default_rng(0)
    A, R = rng.standard_normal((2, 3, 3))
    whole = np.block([[A, 1e12 * R], [np.zeros((3, 3)), A - np.eye(3)]])
    expected, found = exact(whole), expm(whole)
    for rows in (slice(3), slice(3, 6)):
        np.testing.assert_allclose(found[rows, 3:], expected[rows, 3:].real, rtol=1e-12)
        np.testing.assert_allclose(found[rows, :3], expected[rows, :3].real, rtol=1e-12)


def test_the_zero_order_hold_and_impulse_responses_inherit_it() -> None:
    for n, s in ((8, 3e3), (8, 1e5), (4, 1e9)):
        A, right = -np.eye(n) + s * np.eye(n, k=1), chain(n, s).real
        A_bar, B_bar = discretize(A, np.eye(n)[-1], 1.0, "zoh")
        np.testing.assert_allclose(A_bar, right, rtol=1e-13)
        # int_0^1 e^{-t} (s t)^k / k! dt = s^k (1 - e^{-1} sum_{j<=k} 1 / j!)
        held = [s**k * float(mpmath.gammainc(k + 1, 0, 1)) / factorial(k) for k in range(n)]
        np.testing.assert_allclose(B_bar[::-1], held, rtol=1e-13)
        np.testing.assert_allclose(impulse_response(A, np.eye(n)[-1], 1.0), right[:, -1], rtol=1e-12)


@pytest.mark.parametrize(
    "A", [np.ones((2, 3)), [[np.nan]], [["a"]], np.diag([710.0, 0]), 1e200 * np.eye(3, k=1), np.ones((0, 0))]
)
def test_bad_input_and_overflow_are_named(A: object) -> None:
    with pytest.raises(ValueError, match=r"^A must"):
        expm(A)
    if np.shape(A) == (2, 2):
        with pytest.raises(ValueError, match=r"^step must be small enough"):
            discretize(A, np.ones(2), 1.0, "zoh")
