from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.linalg
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import basis, impulse_response, legs, legt, measure, state_kernel, system
from spectral_lab.hippo.bases import FAMILIES


def quadrature(nodes: int = 300) -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.legendre.leggauss(nodes)
    return (x + 1) / 2, w / 2


@pytest.mark.parametrize("family", ["legs", "legt", "fout"])
def test_state_kernels_are_the_exponentials_of_the_reference(numbers, family):
    K = state_kernel(family, 8, numbers["times"], window=2.0)
    np.testing.assert_allclose(K, numbers[f"K_{family}"], atol=1e-12)


@given(n=st.integers(1, 40), t=st.floats(0, 8))
def test_legs_theorem(n, t):
    """e^{tA} B = e^{-t} L_k(e^{-t}): the matrix exponential against scipy's Legendre polynomials."""
    A, B = legs(n)
    k = np.arange(n)
    expected = np.exp(-t) * np.sqrt(2 * k + 1) * scipy.special.eval_legendre(k, 2 * np.exp(-t) - 1)
    np.testing.assert_allclose(state_kernel("legs", n, t), expected, atol=1e-11)
    np.testing.assert_allclose(scipy.linalg.expm(t * A) @ B, expected, atol=1e-9)


def test_legs_theorem_in_fifty_digits():
    n, t = 24, mpmath.mpf("0.7")
    with mpmath.workdps(50):
        root = [mpmath.sqrt(2 * k + 1) for k in range(n)]
        A = mpmath.matrix(n)
        for j in range(n):
            A[j, j] = -(j + 1)
            for k in range(j):
                A[j, k] = -root[j] * root[k]
        K = mpmath.expm(t * A, method="taylor") * mpmath.matrix(root)
        x = mpmath.exp(-t)
        worst = max(abs(K[k] - x * root[k] * mpmath.legendre(k, 2 * x - 1)) for k in range(n))
    assert worst < mpmath.mpf(10) ** -35


@pytest.mark.parametrize("n", [64, 256])
@pytest.mark.parametrize("t", [0.0, 1e-8, 1e-5, 1e-3, 0.1, 1.7, 10.0, 60.0])
def test_closed_forms_keep_their_digits_at_young_ages_and_many_states(n, t):
    """L_k(e^{-t}) varies like k^2 t near t = 0, so a rounded e^{-t} would cost six digits at k = 256."""
    with mpmath.workdps(50):
        x, s = mpmath.exp(-mpmath.mpf(t)), mpmath.mpf(t)
        P, Lag = [mpmath.mpf(1), 2 * x - 1], [mpmath.mpf(1), 1 - s]
        for k in range(1, n - 1):
            P.append(((2 * k + 1) * (2 * x - 1) * P[k] - k * P[k - 1]) / (k + 1))
            Lag.append(((2 * k + 1 - s) * Lag[k] - k * Lag[k - 1]) / (k + 1))
        exact_legs = np.array([float(x * mpmath.sqrt(2 * k + 1) * P[k]) for k in range(n)])
        exact_lagt = np.array([float(mpmath.exp(-s / 2) * Lag[k]) for k in range(n)])
    np.testing.assert_allclose(state_kernel("legs", n, t), exact_legs, rtol=0, atol=1e-13)
    np.testing.assert_allclose(state_kernel("lagt", n, t), exact_lagt, rtol=0, atol=1e-13)


@pytest.mark.parametrize("age", [1480.0, 1700.0, 3000.0])
def test_laguerre_functions_of_great_age_neither_overflow_nor_vanish(age):
    """Below the turning point 4 n they are of order one, although Lag_n overflows and e^{-s/2} is 0."""
    n = 800
    with mpmath.workdps(1500):
        exact = float(mpmath.exp(-mpmath.mpf(age) / 2) * mpmath.laguerre(n - 1, 0, age))
    assert abs(exact) > 1e-3
    assert basis("lagt", n, age)[-1] == pytest.approx(exact, abs=1e-12)


def test_legendre_is_symmetric_about_the_middle_of_its_window():
    p = basis("legt", 40, [0.0, 1e-9, 0.3, 0.5])
    mirrored = basis("legt", 40, [1.0, 1 - 1e-9, 0.7, 0.5]) * (-1.0) ** np.arange(40)
    np.testing.assert_allclose(p, mirrored, atol=1e-12)


@given(family=st.sampled_from(FAMILIES), half=st.integers(1, 12), t=st.floats(0, 5), window=st.floats(0.3, 4))
def test_state_kernel_is_the_matrix_exponential(family, half, t, window):
    n = 2 * half
    A, B = system(family, n, window)
    scale = 1 + np.abs(B).max()
    np.testing.assert_allclose(state_kernel(family, n, t, window), scipy.linalg.expm(t * A) @ B, atol=1e-10 * scale)


@given(n=st.integers(1, 40), seed=st.integers(0, 10**6))
def test_impulse_response_of_any_stable_matrix(n, seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, n)) - 2 * np.sqrt(n) * np.eye(n)
    B, ages = rng.normal(size=n), rng.exponential(size=(2, 3))
    K = impulse_response(A, B, ages)
    assert K.shape == (2, 3, n)
    np.testing.assert_allclose(K[1, 2], scipy.linalg.expm(ages[1, 2] * A) @ B, atol=1e-12 * np.linalg.norm(B))


def test_the_semigroup_property_at_large_n():
    """K(s + t) = e^{sA} K(t) for LegT with 128 states, whose eigenvectors are useless in double precision."""
    A, _ = legt(128)
    K = state_kernel("legt", 128, [0.4, 1.1])
    np.testing.assert_allclose(scipy.linalg.expm(0.7 * A) @ K[0], K[1], atol=1e-10)


@pytest.mark.parametrize("family", ["legs", "legt", "fout", "lagt"])
@pytest.mark.parametrize("window", [1.0, 2.5])
def test_bases_are_orthonormal_in_their_measure(family, window):
    n = 16
    x, w = quadrature()
    if family == "legs":
        age, weight = -np.log(x), w / x  # ds = dx / x
    elif family == "lagt":
        age, weight = scipy.special.roots_laguerre(60)
        weight = weight * np.exp(age)
    else:
        age, weight = window * x, window * w
    p = basis(family, n, age, window)
    gram = (p * (weight * measure(family, age, window))[:, None]).T @ p
    expected = np.eye(n)
    if family == "fout":
        expected[1, 1] = 0  # the dead state
    np.testing.assert_allclose(gram, expected, atol=1e-10)


def test_lmu_remembers_the_same_signal_as_legt():
    """x_lmu = D x_legt and p_lmu = p_legt / D, so both reconstruct alike."""
    t, age = np.linspace(0, 1.5, 7), np.linspace(0, 1, 9)
    legt_sum = state_kernel("legt", 10, t) @ basis("legt", 10, age).T
    lmu_sum = state_kernel("lmu", 10, t) @ basis("lmu", 10, age).T
    np.testing.assert_allclose(lmu_sum, legt_sum, atol=1e-10)
    np.testing.assert_allclose(basis("lmu", 6, age)[:, 5], scipy.special.eval_legendre(5, 2 * age - 1), atol=1e-13)


@pytest.mark.parametrize(("family", "k", "slope"), [("legt", 0, -0.5), ("fout", 0, -0.5), ("fout", 3, -1.0)])
def test_window_kernels_converge_to_the_windowed_basis(family, k, slope):
    """The L2 distance falls like n^{-1/2}; for the sines of FouT (k odd) like 1/n."""
    age = np.linspace(0, 3, 3001)
    distance = []
    for n in (16, 32, 64):
        target = basis(family, n, age)[:, k] * measure(family, age)
        distance.append(np.sqrt(np.trapezoid((state_kernel(family, n, age)[:, k] - target) ** 2, age)))
    slopes = np.diff(np.log2(distance))
    np.testing.assert_allclose(slopes, slope, atol=0.12)


def test_kernels_start_at_the_basis_or_at_twice_the_basis():
    """K(0) = B: p(0) for LegT; 2 p(0) for FouT, which meets the mean of both ends at its jump."""
    for family, factor in (("legs", 1), ("lagt", 1), ("legt", 1), ("fout", 2)):
        np.testing.assert_allclose(state_kernel(family, 8, 0.0), factor * basis(family, 8, 0.0), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: basis("legz", 4, 0.0), "family"),
        (lambda: basis("legs", 0, 0.0), "n"),
        (lambda: basis("legs", 4, -0.1), "age"),
        (lambda: basis("legs", 4, [0.0, np.nan]), "age"),
        (lambda: basis("fout", 5, 0.0), "n"),
        (lambda: measure("legt", 0.5, 0.0), "window"),
        (lambda: state_kernel("legt", 4, 1j), "age"),
        (lambda: state_kernel("fout", 4, 1e20), "age"),  # the phase of its tones would be lost in rounding
        (lambda: impulse_response(*legs(3), -1.0), "age"),
        (lambda: basis("legt", 8, 1e300), "age"),
        (lambda: basis("legs", 10**400, 1.0), "n"),
        (lambda: basis("legs", 1000, np.zeros(10**6)), "n and age"),
        (lambda: impulse_response(np.eye(2), np.ones(2), 1e4), "age"),
        (lambda: impulse_response(np.eye(3)[:2], np.ones(3), 1.0), "A"),
        (lambda: impulse_response(np.eye(3), np.ones(2), 1.0), "B"),
        (lambda: impulse_response(1j * np.eye(3), np.ones(3), 1.0), "A"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises(ValueError, match=rf"^{name} must"):
        call()
