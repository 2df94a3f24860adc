from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import (
    diagonalize,
    hinf_norm,
    jordan_block,
    legs_transfer,
    ptd,
    ptd_by_adam,
    rank_one_path,
    stored_path,
)
from spectral_lab.pseudospectra.ptd import METHODS, STORED, _log_condition, _objective


def check_eigenpairs(A: np.ndarray, result: Any) -> None:
    scale = np.linalg.norm(A, 2) + result.size
    np.testing.assert_allclose((A + result.E) @ result.V, result.V * result.eigenvalues, atol=1e-12 * len(A) * scale)
    np.testing.assert_allclose(np.linalg.norm(result.V, axis=0), 1, rtol=1e-12)
    assert result.condition == pytest.approx(np.linalg.cond(result.V), rel=1e-9)
    assert (np.diff(np.abs(result.eigenvalues.imag)) <= 1e-8 * scale).all()


@settings(max_examples=12)
@given(n=st.integers(2, 10), epsilon=st.floats(1e-3, 0.5), method=st.sampled_from(METHODS), seed=st.integers(0, 50))
def test_whatever_the_method_the_pairs_are_those_of_a_plus_e_and_e_has_its_size(
    n: int, epsilon: float, method: str, seed: int
) -> None:
    A, _ = legs(n)
    result = ptd(A, epsilon, method, seed=seed)
    check_eigenpairs(A, result)
    size = epsilon * np.linalg.norm(A, 2)
    if method == "dense":
        assert 0.5 * size < result.size <= size * (1 + 1e-9)
    else:
        assert result.size == pytest.approx(size, rel=1e-9)
    if method == "rank-one":
        assert not result.E[:, :-1].any()


@given(n=st.integers(2, 7), seed=st.integers(0, 1000))
def test_the_slopes_of_both_objectives_are_those_of_finite_differences(n: int, seed: int) -> None:
    rng, h = np.random.default_rng(seed), 1e-6
    A, E, d = rng.standard_normal((3, n, n))
    value, slope = _objective(A, E, 0.3)
    expected = (_objective(A, E + h * d, 0.3)[0] - _objective(A, E - h * d, 0.3)[0]) / (2 * h)
    assert (slope * d).sum() == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert np.isfinite(value)
    Ec, dc = E + 1j * rng.standard_normal((n, n)), d + 1j * rng.standard_normal((n, n))

    def log_condition(E: np.ndarray) -> float:
        return float(np.log(_log_condition(*np.linalg.eig(A + E))[0]))

    _, slope = _log_condition(*np.linalg.eig(A + Ec))
    expected = (log_condition(Ec + h * dc) - log_condition(Ec - h * dc)) / (2 * h)
    assert (slope.conj() * dc).sum().real == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    ("n", "size", "condition"),
    [(8, 1.88, 6.14), (16, 0.70, 45.0), (16, 2.40, 16.7), (16, 6.74, 7.55), (32, 24.0, 9.75)],
)
def test_rank_one_descent_reaches_the_known_trade_off_and_stays_stable(n: int, size: float, condition: float) -> None:
    A, _ = legs(n)
    result = ptd(A, size / np.linalg.norm(A, 2), "rank-one")
    assert result.condition <= condition
    assert result.abscissa < -0.45


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "A", [jordan_block(8), jordan_block(6, -1.0).T, np.eye(4), jordan_block(5) - 1j * np.eye(5)], ids=lambda A: len(A)
)
def test_matrices_with_repeated_eigenvalues_are_what_it_is_for(A: np.ndarray, method: str) -> None:
    result = ptd(A, 0.05, method)
    check_eigenpairs(A, result)
    n, delta = len(A), result.size / np.linalg.norm(A, 2)
    assert delta <= 0.05 * (1 + 1e-9)
    if method in ("dense", "rank-one"):
        # A Jordan block is a weighted cycle at best: eigenvalues on a circle, kappa about eps^{-(n - 1) / n}.
        assert result.condition < (1.001 if n == 4 else 1.1 * 0.05 ** -((n - 1) / n))
        assert np.isrealobj(result.E) == np.isrealobj(A)


@pytest.mark.parametrize("method", ["dense", "rank-one"])
def test_neither_a_phase_nor_a_unit_changes_how_well_descent_does(method: str) -> None:
    A, _ = legs(6)
    best = ptd(A, 0.05, method).condition
    for unit in (1e-250, 1e-12, 1e12, 1e250):
        assert ptd(unit * A, 0.05, method).condition == pytest.approx(best, rel=1e-4)
        assert ptd(unit * A, 0.05, method).abscissa < -0.45 * unit
    turn = np.diag(np.exp(1j * np.arange(6.0)))
    moved = ptd(turn @ A @ turn.conj() + 3j * np.eye(6), 0.05 * np.linalg.norm(A, 2) / 60, method)
    check_eigenpairs(turn @ A @ turn.conj() + 3j * np.eye(6), moved)
    size = moved.size / np.linalg.norm(A, 2)
    assert moved.condition <= ptd(A, size, method).condition * 1.02  # complex E can only be better
    assert moved.abscissa < -0.45


@given(n=st.integers(2, 6), seed=st.integers(0, 1000))
def test_the_slope_of_the_objective_over_complex_perturbations(n: int, seed: int) -> None:
    rng, h = np.random.default_rng(seed), 1e-6
    A, E, d = rng.standard_normal((3, n, n)) + 1j * rng.standard_normal((3, n, n))
    _, slope = _objective(A, E, 0.3)
    expected = (_objective(A, E + h * d, 0.3)[0] - _objective(A, E - h * d, 0.3)[0]) / (2 * h)
    assert (slope.conj() * d).sum().real == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_descent_ends_at_the_same_perturbation_whatever_the_last_digits_of_the_matrix() -> None:
    # What another machine rounds otherwise is like another last digit of A.
    A, rng = legs(16)[0], np.random.default_rng(0)
    for method in ("dense", "rank-one"):
        first = ptd(A, 0.05, method)
        again = ptd(A * (1 + 4e-16 * rng.standard_normal(A.shape)), 0.05, method)
        assert np.abs(again.E - first.E).max() < 2e-4 * first.size
        assert again.condition == pytest.approx(first.condition, rel=1e-5)


def test_descent_beats_chance_of_equal_norm_and_dense_beats_rank_one() -> None:
    A, _ = legs(16)
    one, dense = ptd(A, 0.05, "rank-one"), ptd(A, 0.05)
    assert dense.condition < one.condition < 10
    for seed in range(5):
        chance = ptd(A, 0.05, "gaussian", seed=seed)
        assert chance.condition > 2 * one.condition
        assert chance.abscissa > 0 > one.abscissa


def test_dense_beats_what_the_authors_stored(reference: Any) -> None:
    stored = reference("authors_perturbations.npz")
    for n in (8, 16, 32):
        condition, norm_2, _, _, abscissa = stored[f"ptbHiPPO{n}_stats"]
        A, _ = legs(n)
        authors = diagonalize(A, stored[f"ptbHiPPO{n}_E"])
        assert (authors.condition, authors.size, authors.abscissa) == pytest.approx((condition, norm_2, abscissa), 1e-6)
        ours = ptd(A, norm_2 / np.linalg.norm(A, 2))  # a bound on the Frobenius norm, so smaller in both norms
        assert ours.condition < 0.95 * condition
        assert np.linalg.norm(ours.E) <= norm_2 * (1 + 1e-9)
        assert ours.abscissa < -0.49


@pytest.mark.parametrize("n", [6, 12])
def test_dense_descent_finds_the_same_depth_in_every_orthogonal_basis(n: int) -> None:
    """The condition of eigenvectors, the size of E and the spectrum do not depend on the basis; nor does the answer."""
    A, _ = legs(n)
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((n, n)))[0]
    conditions = [ptd(matrix, 0.05).condition for matrix in (A, A.T, Q @ A @ Q.T)]
    assert conditions == pytest.approx([conditions[0]] * 3, rel=0.02)


def test_the_stored_vectors_of_the_reference_give_its_numbers(reference: Any) -> None:
    for case in reference("rank_one_ptd.json"):
        n, (A, B), C = case["n"], legs(case["n"]), np.eye(case["n"])[0]
        result = diagonalize(A, np.outer(case["u"], np.eye(n)[-1]))
        assert result.condition == pytest.approx(case["kappa_V_unit_columns"], rel=1e-5)
        assert result.abscissa == pytest.approx(case["spectral_abscissa"], rel=1e-5)
        assert result.size == pytest.approx(case["norm_E"], rel=1e-9)
        both = np.block([[A + result.E, np.zeros((n, n))], [np.zeros((n, n)), A]])
        norm, _ = hinf_norm(both, np.concatenate([B, B]), np.concatenate([C, -C]))
        assert norm == pytest.approx(case["linf_e1_ptd_minus_dplr"], rel=1e-4)


def test_random_perturbations_have_the_conditions_of_the_reference(reference: Any) -> None:
    for case in reference("ginibre.json"):
        n, delta = case["n"], case["delta"]
        A, rng = legs(n)[0] / np.linalg.norm(legs(n)[0], 2), np.random.default_rng(12345)
        conditions, sums = [], []
        for _ in range(case["trials"]):
            G = (rng.standard_normal((n, n)) + 1j * rng.standard_normal((n, n))) / np.sqrt(2 * n)
            result = diagonalize(A, delta * G)
            conditions.append(result.condition)
            sums.append(np.linalg.norm(np.linalg.inv(result.V)) ** 2)
        assert np.quantile(conditions, [0.1, 0.5, 0.9]) == pytest.approx(case["kappa_quantiles_10_50_90"], rel=1e-3)
        # Banks et al.: the mean of sum_i kappa_i^2 over eigenvalues in a disc of radius 1 + 2 delta.
        assert np.mean(sums) <= n**2 * (1 + 2 * delta) ** 2 / delta**2
        assert max(conditions) <= 4 * n**1.5 * (1 + 1 / delta)


def test_adam_on_the_authors_objective_lands_where_theirs_does() -> None:
    A, _ = legs(8)
    strong = ptd_by_adam(A, 25, steps=1000)
    assert (strong.condition, np.linalg.norm(strong.E)) == pytest.approx((5.72, 1.98), rel=0.01)
    weak = ptd_by_adam(A, 1, steps=1000)
    assert (weak.condition, np.linalg.norm(weak.E)) == pytest.approx((2.55, 9.63), rel=0.15)
    check_eigenpairs(A, weak)


@given(n=st.integers(2, 16), power=st.floats(-3, -0.7), seed=st.integers(0, 20), omega=st.floats(0, 1e3))
def test_the_system_moves_by_e_and_no_more(n: int, power: float, seed: int, omega: float) -> None:
    """The bound without n (derived here): |G_PTD - G_DPLR| <= ||B|| ||C|| 4 e / (1 - 2 e) for ||E|| = e < 1/2."""
    (A, B), rng = legs(n), np.random.default_rng(seed)
    E = rng.standard_normal((n, n))
    E *= 10.0**power / np.linalg.norm(E, 2)
    result, C = diagonalize(A, E), rng.standard_normal(n)
    assert result.abscissa < 0
    gap = abs(result.transfer(B, C, 1j * omega) - legs_transfer(n, 1j * omega, C))
    e = result.size
    assert gap <= np.linalg.norm(B) * np.linalg.norm(C) * 4 * e / (1 - 2 * e) + 1e-9
    assert gap <= np.linalg.norm(B) * np.linalg.norm(C) * (2 * np.log(n) + 4) * e * 1.5 + 1e-9


def test_the_transfer_function_takes_any_shape_and_is_infinite_at_a_pole() -> None:
    A, B = legs(8)
    result, C = stored_path(8).nearest(0.05), np.arange(8.0)
    s = np.array([[0.0, 1j, -3 + 2j], [5.0, 1e3j, result.eigenvalues[2]]])
    G = result.transfer(B, C, s)
    assert np.isinf(G[1, 2])
    for z, value in zip(s.ravel()[:-1], G.ravel()[:-1], strict=True):
        dense = C @ np.linalg.solve(z * np.eye(8) - A - result.E, B.astype(complex))
        assert value == pytest.approx(dense, rel=1e-10)


@pytest.mark.parametrize("n", STORED)
def test_every_stored_perturbation_is_what_it_says(n: int) -> None:
    path, norm = stored_path(n), np.linalg.norm(legs(n)[0], 2)
    results = [path.ptd(i) for i in range(0, len(path.epsilons), 3)]
    sizes = path.epsilons[::3]
    assert [r.size / norm for r in results] == pytest.approx(sizes, rel=1e-9)
    assert (np.diff([r.condition for r in results]) < 0).all()
    assert max(r.abscissa for r in results) < -0.45
    # kappa falls like a power of the size that hardly depends on n.
    slope = np.polyfit(np.log(sizes), np.log([r.condition for r in results]), 1)[0]
    assert slope == pytest.approx(-0.84, abs=0.06)
    assert path.nearest(sizes[2]).condition == results[2].condition


def test_a_stored_path_is_made_again() -> None:
    path = stored_path(8)
    again = rank_one_path(8, path.epsilons[::6])
    old = [path.ptd(i).condition for i in range(0, len(path.epsilons), 6)]
    new = [again.ptd(i).condition for i in range(len(again.epsilons))]
    # Longer steps between sizes can end in a neighbouring valley: the conditions agree, the vectors need not.
    assert new == pytest.approx(old, rel=5e-2)


def test_one_entry_can_be_enough() -> None:
    """Exercise 8 of the chapter: E = c e_1 e_8^T takes kappa from 77 032 to 5.05 at its best c, near -12.46."""
    A, _ = legs(8)
    E = np.zeros((8, 8))
    E[0, 7] = 1.0
    assert min(np.arange(-13.0, -12.0, 0.02), key=lambda c: diagonalize(A, c * E).condition) == pytest.approx(-12.46)
    result = diagonalize(A, -12.46 * E)
    assert result.condition == pytest.approx(5.054, abs=1e-3)
    assert -0.05 < result.abscissa < 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ptd(np.ones((2, 3))), "^A must be a square"),
        (lambda: ptd([[1.0, np.nan], [0, 2]]), "^A must"),
        (lambda: ptd(legs(4)[0], 0.0), r"^epsilon must be a finite number between 1e-15 and 1e\+06"),
        (lambda: ptd(legs(4)[0], -0.1), "^epsilon must"),
        (lambda: ptd(legs(4)[0], np.inf), "^epsilon must"),
        (lambda: ptd(legs(4)[0], 1e30), r"^epsilon must"),
        (lambda: ptd(legs(4)[0], method="adam"), "^method must be one of 'dense', 'rank-one', 'ginibre', 'gaussian'"),
        (lambda: ptd(legs(4)[0], seed=-1), "^seed must"),
        (lambda: ptd([[0.0]]), "^A must have a norm between 1e-290 and 1e290, and epsilon is relative to it; got 0"),
        (lambda: ptd(scipy.linalg.block_diag(*[jordan_block(3)] * 2), 0.1, "rank-one"), "^epsilon and method must"),
        (lambda: ptd_by_adam(legs(4)[0], 0), "^weight must"),
        (lambda: ptd_by_adam(legs(4)[0], 1, steps=0), "^steps must"),
        (lambda: ptd_by_adam(legs(4)[0], 1, steps=10**9), "^steps must"),
        (lambda: ptd_by_adam(legs(4)[0], 1, rate=1e300), "^rate must"),
        (lambda: diagonalize(legs(4)[0], np.zeros((3, 3))), "^A and E must be of one shape"),
        (lambda: diagonalize(legs(4)[0], np.zeros(4)), "^E must"),
        (lambda: diagonalize(jordan_block(3), np.zeros((3, 3))), r"^A \+ E must have n independent eigenvectors"),
        (lambda: stored_path(12), "^n must be one of 8, 16, 32, 64"),
        (lambda: stored_path(8).nearest(0), "^epsilon must"),
        (lambda: rank_one_path(1, [0.1]), "^n must"),
        (lambda: rank_one_path(10**6, [0.1]), "^n must"),
        (lambda: rank_one_path(4, []), "^epsilons must hold 1 to 1000 sizes"),
        (lambda: rank_one_path(4, [0.1, -1]), "^epsilons must"),
    ],
)
def test_bad_input_is_named(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
