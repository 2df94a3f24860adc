from __future__ import annotations

import time
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import lagt, legs
from spectral_lab.pseudospectra import grcar, jordan_block, legs_sigma_min, sigma_min


def by_svd(A: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.linalg.svd(z[..., None, None] * np.eye(len(A)) - A, compute_uv=False)[..., -1]


def grid(left: float, right: float, top: float, points: int = 24) -> np.ndarray:
    return np.linspace(left, right, points) + 1j * np.linspace(-top, top, points)[:, None]


@given(
    n=st.integers(1, 24), seed=st.integers(0, 10_000), kind=st.sampled_from(["real", "complex", "triangular", "normal"])
)
def test_the_fast_route_agrees_with_singular_values(n: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n))
    if kind == "complex":
        A = A + 1j * rng.standard_normal((n, n))
    elif kind == "triangular":
        A = np.triu(A)
    elif kind == "normal":
        A = A - A.T
    z = grid(-3, 3, 3, 9)
    expected = by_svd(A, z)
    np.testing.assert_allclose(sigma_min(A, z), expected, rtol=1e-7, atol=1e-13 * np.linalg.norm(A))


@pytest.mark.parametrize("n", [16, 32])
def test_no_point_of_a_fine_grid_stops_at_the_second_smallest_singular_value(n: int) -> None:
    # Somewhere on a grid the random start vector hardly contains the vector sought: it must be found all the same.
    z = np.linspace(-1, 3, 60) + 1j * np.linspace(-3.5, 3.5, 60)[:, None]
    np.testing.assert_allclose(sigma_min(grcar(n), z), sigma_min(grcar(n), z, "svd"), rtol=1e-8)
    G = np.random.default_rng(0).standard_normal((n, n)) / np.sqrt(n)
    np.testing.assert_allclose(sigma_min(G, z - 1), sigma_min(G, z - 1, "svd"), rtol=1e-8)


@pytest.mark.parametrize("distance", [1.5, 10.0, 1e3, 1e5])
@pytest.mark.parametrize("n", [9, 33])
def test_far_from_the_spectrum_where_all_singular_values_are_alike(n: int, distance: float) -> None:
    # There a small residual says little: the values themselves lie closer together than it is small.
    rng, circle = np.random.default_rng(0), np.exp(2j * np.pi * np.arange(24) / 24)
    for A in (legs(n)[0], lagt(n)[0], grcar(n), rng.standard_normal((n, n)) + 1j * rng.standard_normal((n, n))):
        z = distance * np.linalg.norm(A, 2) * circle
        np.testing.assert_allclose(sigma_min(A, z), by_svd(A, z), rtol=1e-9)
    z = distance * n**2 * circle
    np.testing.assert_allclose(legs_sigma_min(n, z), by_svd(legs(n)[0], z), rtol=1e-9)


@pytest.mark.parametrize("A", [grcar(32), jordan_block(20), legs(12)[0]], ids=["grcar", "jordan", "legs"])
def test_non_normal_matrices_agree_with_singular_values_above_rounding(A: np.ndarray) -> None:
    z = grid(-4, 4, 4)
    expected = by_svd(A, z)
    above = expected > 1e-9
    np.testing.assert_allclose(sigma_min(A, z)[above], expected[above], rtol=1e-6)


def test_the_grid_of_the_reference(reference: Any) -> None:
    case = reference("pseudospectra.json")["grid"]
    z = np.array(case["real"]) + 1j * np.array(case["imag"])[:, None]
    expected = np.array(case["sigma_min_rows_are_imag"])
    above = expected > 1e-8
    for values in (sigma_min(legs(case["n"])[0], z), legs_sigma_min(case["n"], z)):
        np.testing.assert_allclose(values[above], expected[above], rtol=1e-8)


def test_legs_is_right_where_no_float64_svd_can_be(reference: Any) -> None:
    case = reference("pseudospectra.json")["tiny"]
    for point in case["points"]:
        assert legs_sigma_min(case["n"], complex(*point["z"])) == pytest.approx(point["sigma_min"], rel=1e-9)


@given(n=st.integers(1, 80), re=st.floats(-1.2, 0.2), im=st.floats(-0.5, 0.5))
def test_legs_sigma_min_against_eighty_digits(n: int, re: float, im: float) -> None:
    z = complex(re * n, im * n)
    if z in -np.arange(1, n + 1):
        assert legs_sigma_min(n, z) == 0
        return
    with mpmath.workdps(80):
        R, inverse = [mpmath.sqrt(2 * k + 1) for k in range(n)], [1 / (mpmath.mpc(z) + k + 1) for k in range(n)]
        v, previous = [mpmath.mpc(1 + k % 3, k % 2) for k in range(n)], mpmath.mpf(0)
        for _ in range(200):  # inverse iteration: one sweep up, one down, in O(n)
            for order, conjugate in ((range(n - 1, -1, -1), mpmath.conj), (range(n), mpmath.mpc)):
                S = mpmath.mpc(0)
                for i in order:
                    v[i] = (v[i] - R[i] * S) * conjugate(inverse[i])
                    S += R[i] * v[i]
            norm = mpmath.sqrt(mpmath.fsum(abs(x) ** 2 for x in v))
            v = [x / norm for x in v]
            if abs(norm - previous) < mpmath.mpf(10) ** -12 * norm:
                break
            previous = norm
        else:
            return  # two smallest singular values nearly alike: the iteration, not the function, has no answer
        expected = float(1 / mpmath.sqrt(norm))
    assert legs_sigma_min(n, z) == pytest.approx(expected, rel=1e-9)


@given(n=st.integers(1, 16), re=st.floats(-40, 10), im=st.floats(0.5, 30))
def test_legs_sigma_min_is_sigma_min_of_legs(n: int, re: float, im: float) -> None:
    value = by_svd(legs(n)[0], np.array(complex(re, im)))
    if value > 1e-8 * n**2:
        assert legs_sigma_min(n, complex(re, im)) == pytest.approx(value, rel=1e-6)


@given(n=st.integers(1, 16), seed=st.integers(0, 10**6), power=st.floats(0, 3), scale=st.integers(-200, 200))
def test_triangular_matrices_are_right_far_below_rounding_however_many_points_are_asked(
    n: int, seed: int, power: float, scale: int
) -> None:
    rng = np.random.default_rng(seed)
    T = 10**power * np.triu(rng.random((n, n)), 1) - np.diag(rng.uniform(0.5, 1, n))
    order = rng.permutation(n)
    A = T[np.ix_(order, order)]
    x = rng.uniform(0.1, 1)
    with mpmath.workdps(120):  # for real x the inverse has positive entries: its norm by powers converges fast
        R = mpmath.matrix((x * np.eye(n) - T).tolist()) ** -1
        v = mpmath.matrix([1] * n)
        for _ in range(30):
            v = R.T * (R * v)
            v = v / mpmath.norm(v)
        expected = float(1 / mpmath.norm(R * v))
    many = np.append(x, rng.uniform(-3, 3, 40) + 1j * rng.uniform(-3, 3, 40))
    assert sigma_min(A, x) == pytest.approx(expected, rel=1e-6)
    assert sigma_min(A, many)[0] == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(sigma_min(A, many)[:16], sigma_min(A, many[:16]), rtol=1e-6)
    assert sigma_min(2.0**scale * A, 2.0**scale * x) == pytest.approx(2.0**scale * expected, rel=1e-6)


@pytest.mark.parametrize("n", [400, 1000, 3000])
def test_legs_with_many_states_takes_a_sweep_per_step_also_where_values_underflow(n: int) -> None:
    z = np.array([-n / 2 + 0.3j, -0.9 * n + 0.01j, 1.0, -0.5 + 3j])
    began = time.process_time()
    sigma = legs_sigma_min(n, z)
    assert time.process_time() - began < 10  # a dense SVD of 1000 states takes seconds a point, of 3000 minutes
    assert (sigma[:2] < 1e-150).all()
    assert (sigma[:2] > 0).all() == (n == 400)
    assert sigma[2] >= 1.5  # the distance to the field of values
    assert (sigma <= np.abs(z[:, None] + np.arange(1, n + 1)).min(axis=1)).all()  # no further than an eigenvalue


@given(n=st.integers(2, 12), seed=st.integers(0, 1000), size=st.floats(1e-6, 1))
def test_eigenvalues_of_a_plus_e_lie_in_the_pseudospectrum(n: int, seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    A, E = rng.standard_normal((n, n)), rng.standard_normal((n, n))
    E *= size / np.linalg.norm(E, 2)
    assert (sigma_min(A, np.linalg.eigvals(A + E)) <= size * (1 + 1e-6) + 1e-13 * np.linalg.norm(A)).all()


@given(n=st.integers(2, 12), seed=st.integers(0, 1000))
def test_sigma_min_is_attained_by_a_rank_one_perturbation_and_has_slope_one(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, z = rng.standard_normal((n, n)), complex(*rng.standard_normal(2))
    U, s, Vh = np.linalg.svd(z * np.eye(n) - A)
    moved = np.linalg.eigvals(A + s[-1] * np.outer(U[:, -1], Vh[-1]))
    assert np.abs(moved - z).min() < 1e-5
    near = z + 1e-3 * np.exp(1j * rng.uniform(0, 6.28))
    assert abs(sigma_min(A, near) - sigma_min(A, z)) <= 1e-3 * (1 + 1e-9)


@pytest.mark.parametrize("unit", [1e-200, 1e-100, 1e100, 1e200])
@pytest.mark.parametrize("method", ["lanczos", "svd"])
def test_units_do_not_matter(unit: float, method: str) -> None:
    A, z = np.random.default_rng(0).standard_normal((8, 8)), grid(-3, 3, 3)
    np.testing.assert_allclose(sigma_min(unit * A, unit * z, method) / unit, sigma_min(A, z, method), rtol=1e-9)


def test_shapes_follow_z_and_an_eigenvalue_gives_zero() -> None:
    A = np.diag([1.0, 2.0, 5.0, 7.0, 9.0])
    assert sigma_min(A, 3.0).shape == ()
    assert sigma_min(A, np.zeros((2, 0, 3))).shape == (2, 0, 3)
    assert sigma_min(A, 5.0) == 0
    assert legs_sigma_min(7, np.full(40, -3.0)).max() == 0


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: sigma_min(np.ones((2, 3)), 0.0), "A"),
        (lambda: sigma_min(np.full((3, 3), np.nan), 0.0), "A"),
        (lambda: sigma_min(np.eye(3), np.inf), "z"),
        (lambda: sigma_min(np.eye(3), "here"), "z"),
        (lambda: sigma_min(np.eye(3), 0.0, "fast"), "method"),
        (lambda: legs_sigma_min(0, 1.0), "n"),
        (lambda: legs_sigma_min(4, np.nan), "z"),
    ],
)
def test_bad_input_is_named(call: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must"):
        call()
