from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.latent import (
    correlation,
    darcy_coefficient,
    mean_solution_bounds,
    pcg_rate,
    random_field_neumann,
    solve_darcy,
)


def coefficient(K: int, seed: int, low: float = 3.0, high: float = 12.0) -> np.ndarray:
    return darcy_coefficient(random_field_neumann(np.random.RandomState(seed).standard_normal((K, K))), low, high)


def test_parity(reference) -> None:
    numbers, arrays = reference("lsm_numerics.json")["darcy"], reference("lsm_numerics.npz")
    for row in numbers:
        noise = np.random.RandomState(row["seed"]).standard_normal((row["K"], row["K"]))
        field = random_field_neumann(noise, row["alpha"], row["tau"])
        assert np.linalg.norm(field) == pytest.approx(row["grf_norm"], rel=1e-12)
        np.testing.assert_allclose(field.flat[:3], row["grf_first3"], rtol=1e-11)
        a = darcy_coefficient(field, row["low"], row["high"])
        assert (a == 12).mean() == row["frac_high"]
        pcg, direct = solve_darcy(a), solve_darcy(a, method="direct")
        assert pcg.iterations == row["pcg_iterations_to_1e_minus_8"]
        cell = solve_darcy(a, "cell", "direct").u
        for u, scale in ((pcg.u, 1e-8), (direct.u, 1e-11)):
            assert np.linalg.norm(u) == pytest.approx(row["node_norm"], rel=scale)
            assert u.max() == pytest.approx(row["node_max"], rel=scale)
        assert np.linalg.norm(cell) == pytest.approx(row["cell_norm"], rel=1e-11)
        assert cell[0, 0] == pytest.approx(row["cell_corner"], rel=1e-8)
        if row["K"] == 33:
            np.testing.assert_allclose(field, arrays["darcy0_grf"], atol=1e-14)
            np.testing.assert_allclose(direct.u, arrays["darcy0_node"], atol=1e-14)
            np.testing.assert_allclose(cell, arrays["darcy0_cell"], atol=1e-14)


@given(K=st.integers(3, 24), seed=st.integers(0, 1000), contrast=st.floats(1, 200))
def test_both_methods_agree_and_the_residual_falls_as_promised(K: int, seed: int, contrast: float) -> None:
    a = np.exp(np.log(contrast) * np.random.RandomState(seed).uniform(size=(K, K)))
    pcg = solve_darcy(a, tolerance=1e-10)
    np.testing.assert_allclose(pcg.u, solve_darcy(a, method="direct").u, atol=1e-7 * pcg.u.max())
    # sqrt(r.z) is the error in the norm of A P^{-1} A: at most sqrt(kappa) times that of A, relative to its start.
    kappa = a.max() / a.min()
    n = np.arange(len(pcg.history))
    assert (pcg.history <= 2 * np.sqrt(kappa) * pcg_rate(kappa) ** n + 1e-14).all()


@given(K=st.integers(20, 60), seed=st.integers(0, 1000))
def test_the_published_contrast_contracts_by_a_third(K: int, seed: int) -> None:
    history = solve_darcy(coefficient(K, seed)).history
    assert pcg_rate(4) == pytest.approx(1 / 3)
    assert (history[-1] / history[0]) ** (1 / (len(history) - 1)) <= 1 / 3


def test_the_count_of_iterations_does_not_grow_with_the_grid() -> None:
    assert {solve_darcy(coefficient(K, 5)).iterations for K in (33, 65, 129, 257)} <= {14, 15, 16, 17}


def test_a_constant_coefficient_converges_with_order_two() -> None:
    exact = sum(
        16 / (np.pi**4 * k * l * (k**2 + l**2)) * np.sin(k * np.pi / 2) * np.sin(l * np.pi / 2)
        for k in range(1, 400, 2)
        for l in range(1, 400, 2)
    )
    errors = [abs(solve_darcy(np.ones((K, K))).u[K // 2, K // 2] - exact) for K in (9, 17, 33)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2, atol=0.05)
    assert solve_darcy(np.full((9, 9), 5.0)).iterations == 1


@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100))
def test_the_solver_knows_the_scaling_law(seed: int, scale: float) -> None:
    a = coefficient(20, seed)
    np.testing.assert_allclose(solve_darcy(scale * a).u, solve_darcy(a).u / scale, rtol=1e-6, atol=1e-12 / scale)


@given(seed=st.integers(0, 1000))
def test_compliance_is_monotone_and_between_its_bounds(seed: int) -> None:
    K = 25
    a = coefficient(K, seed)
    mean = solve_darcy(a).u.sum() / (K - 1) ** 2
    lower, upper = mean_solution_bounds(a)
    assert lower * 0.97 <= mean <= upper  # the grid is short of the continuum by O(1/K^2)
    more = a + np.random.RandomState(seed).uniform(size=a.shape)
    assert solve_darcy(more).u.sum() < solve_darcy(a).u.sum()
    assert mean_solution_bounds([3.0, 12.0]) == pytest.approx((0.0351443 / 12, 0.0351443 / 3), rel=2e-6)


def test_symmetries_of_the_square() -> None:
    a = coefficient(25, 3)
    u = solve_darcy(a, tolerance=1e-12).u
    for turn in (np.transpose, np.flipud, np.rot90):
        np.testing.assert_allclose(solve_darcy(turn(a), tolerance=1e-12).u, turn(u), atol=1e-13)


def test_a_batch_is_its_fields() -> None:
    a = np.stack([coefficient(17, 0), np.ones((17, 17)), coefficient(17, 1, 1, 100)]).reshape(3, 1, 17, 17)
    batch = solve_darcy(a)
    assert batch.history.shape == (batch.iterations + 1, 3, 1)
    for method in ("pcg", "direct"):
        for row, u in zip(a, solve_darcy(a, method=method).u, strict=True):
            np.testing.assert_allclose(u[0], solve_darcy(row[0], method=method).u, atol=1e-8)


def test_cells_come_near_nodes_as_the_grid_is_refined() -> None:
    def gap(K: int) -> float:
        a = coefficient(K, 7)
        node, cell = solve_darcy(a, method="direct").u, solve_darcy(a, "cell", "direct").u
        return float(np.linalg.norm(node - cell) / np.linalg.norm(node))

    gaps = [gap(K) for K in (29, 85, 141)]
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[1] < 0.04


def test_splines_below_zero_are_refused_for_conjugate_gradients() -> None:
    with pytest.raises(ValueError, match="a must stay positive"):
        solve_darcy(coefficient(33, 1, 1, 100), "cell")


def test_the_law_of_the_coefficient() -> None:
    """Statistics of the generated data: the share of 12 and the correlation of signs at lags 26/421 (1..9)."""
    fields = random_field_neumann(np.random.RandomState(0).standard_normal((200, 85, 85)))
    a = darcy_coefficient(fields)
    assert (a == 12).mean() == pytest.approx(0.5, abs=0.02)
    measured = [correlation(fields, round(26 / 421 * 85 * j)) for j in (1, 2, 3, 4, 6)]
    np.testing.assert_allclose(measured, [0.79, 0.63, 0.48, 0.35, 0.12], atol=0.04)
