from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from spectral_lab.eigenspaces import (
    adjacency_matrix,
    domain_shift_bound,
    landau_zener_ring,
    normalized_laplacian,
    spe_bound,
    spe_bound_sharp,
    spe_bound_terms,
    spe_constants,
    spectral_filter,
)

from .strategies import connected_ring_with_chords


def encoding(L: np.ndarray, d: int, a: np.ndarray, b: np.ndarray):
    """The tensor of the reference: φ_l(λ)_i = sin(a_l λ_i + b_l mean λ), ρ = identity; and the gap at the cut."""
    lam, V = np.linalg.eigh(L)
    gamma = lam[d] - lam[d - 1] if d < len(lam) else np.inf
    phi = np.sin(lam[:d, None] * a + lam[:d].mean() * b)
    return spectral_filter(V[:, :d], lam[:d], phi), gamma


def test_both_bounds_and_the_measured_change_match_reference(graphs, reference):
    stored = reference("stability")["theorem"]
    a, b = np.array(stored["a"]), np.array(stored["b"])
    A = adjacency_matrix(graphs[stored["graph"]])
    for row in stored["rows"]:
        kind, i, j, *weight = row["change"]
        A2 = A.copy()
        A2[i, j] = A2[j, i] = 1 - A[i, j] if kind == "flip" else weight[0]
        L, L2 = normalized_laplacian(A), normalized_laplacian(A2)
        change, d = float(np.linalg.norm(L - L2)), row["d"]
        X, gamma = encoding(L, d, a, b)
        Y, gamma2 = encoding(L2, d, a, b)
        assert change == pytest.approx(row["dL"], rel=1e-12)
        if gamma2 > 1e-6:  # two stored rows cut L' through a double eigenvalue: their left sides depend on LAPACK
            assert np.linalg.norm(X - Y) == pytest.approx(row["lhs_tensor"], rel=1e-8)
            diagonals = np.einsum("iim->im", X - Y)
            assert np.linalg.norm(diagonals) == pytest.approx(row["lhs_diag"], rel=1e-8)
        assert (np.inf if row["gamma"] is None else row["gamma"]) == pytest.approx(gamma, rel=1e-10)
        M = np.full(len(a), np.sqrt(d))
        np.testing.assert_allclose(spe_constants(a + b, M), row["alpha"], rtol=1e-12)
        assert spe_bound(change, a + b, M, d, gamma) == pytest.approx(row["rhs_paper"], rel=1e-9)
        assert spe_bound_sharp(change, a + b, np.ones(len(a)), gamma) == pytest.approx(row["rhs_lipschitz"], rel=1e-9)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(4, 10), st.data())
def test_no_random_graph_violates_any_of_the_bounds(seed, n, data):
    rng = np.random.default_rng(seed)
    d = data.draw(st.integers(1, n))
    a, b = rng.uniform(0, 6, (2, 3))
    A, noise = connected_ring_with_chords(rng, n, 3), np.triu(rng.normal(size=(n, n)), 1)
    A2 = A * np.exp(10.0 ** rng.uniform(-5, 0) * (noise + noise.T))
    L, L2 = normalized_laplacian(A), normalized_laplacian(A2)
    X, gamma = encoding(L, d, a, b)
    measured, change = np.linalg.norm(X - encoding(L2, d, a, b)[0]), float(np.linalg.norm(L - L2))
    # The Jacobian of λ -> a λ + b mean(λ) 1 has norm a + b, and |cos| <= 1.
    tight = spe_bound_sharp(change, a + b, np.ones(3), gamma, tight=True)
    sharp = spe_bound_sharp(change, a + b, np.ones(3), gamma)
    assert measured <= tight + 1e-12
    assert tight <= sharp
    assert measured <= spe_bound(change, a + b, np.full(3, np.sqrt(d)), d, gamma)


@pytest.mark.parametrize("d", [8, 3])
def test_the_change_is_linear_and_not_a_square_root(d):
    """On a ring whose cut is not degenerate, the slope of log ||ΔSPE|| against log ||ΔL|| is 1, not 1/2."""
    a, b = np.array([1.0, 3.0]), np.array([0.5, 0.25])
    L = normalized_laplacian(landau_zener_ring(8, 1.2, 0.1))
    sizes = np.logspace(-6, -3, 7)
    changes, moves = [], []
    for eps in sizes:
        L2 = normalized_laplacian(landau_zener_ring(8, 1.2 + eps, 0.1))
        changes.append(np.linalg.norm(L - L2))
        moves.append(np.linalg.norm(encoding(L, d, a, b)[0] - encoding(L2, d, a, b)[0]))
    assert np.polyfit(np.log(changes), np.log(moves), 1)[0] == pytest.approx(1.0, abs=5e-3)


def test_cutting_through_the_pair_costs_one_over_gamma(reference):
    for row in reference("stability")["ring"]["cut_d2"]:
        L, L2 = (normalized_laplacian(landau_zener_ring(8, 1 + 2 * row["eta"], s)) for s in (0.0, row["eps"]))
        (lam, V), (_, W) = np.linalg.eigh(L), np.linalg.eigh(L2)
        P, P2 = V[:, :2] @ V[:, :2].T, W[:, :2] @ W[:, :2].T
        ratio = np.linalg.norm(P - P2) / np.linalg.norm(L - L2)
        assert lam[2] - lam[1] == pytest.approx(row["gamma"], rel=1e-9)
        # The change is 1e-6, so ten digits of the eigenvectors leave four of the ratio.
        assert ratio == pytest.approx(row["ratio"], rel=1e-5)
    assert ratio * (lam[2] - lam[1]) == pytest.approx(1 / (2 * np.sqrt(6)), rel=1e-3)


def test_the_terms_add_up_and_scale():
    K, M = [1.0, 2.0], [3.0, 1.0]
    terms = spe_bound_terms(0.04, K, M, 5, 0.1, J=2.0)
    assert sum(terms) == pytest.approx(spe_bound(0.04, K, M, 5, 0.1, J=2.0))
    assert terms.lipschitz == pytest.approx(2.0 * 3.0 * 0.04)
    four_times = spe_bound_terms(0.16, K, M, 5, 0.1, J=2.0)
    assert four_times.root == pytest.approx(2 * terms.root)
    assert four_times.gap == pytest.approx(4 * terms.gap)
    assert spe_bound_terms(0.04, K, M, 5).gap == 0.0
    assert spe_bound_terms(0.04, K, M, 5, 0.0).gap == np.inf
    assert spe_bound(0.0, K, M, 5, 0.0) == 0.0
    assert spe_bound_sharp(0.0, K, M, 0.0) == 0.0
    assert spe_bound_sharp(0.1, K, M, 0.0) == np.inf


def test_domain_shift_bound_is_the_theorem_after_a_lipschitz_network():
    W, C, d, gamma = 0.3, 1.5, 4, 0.2
    a1, a2, a3 = spe_constants([2.0], [2.0])
    expected = 2 * C * (1 + a2 * d / gamma + a3) * W + 2 * C * d**1.25 * (a1 + a2) * np.sqrt(W)
    assert domain_shift_bound(W, [2.0], [2.0], d, gamma, C=C) == pytest.approx(expected, rel=1e-14)


def test_bad_arguments_are_named():
    for arguments, name in [
        ((-1.0, [1.0], [1.0], 3), "change"),
        ((1.0, [-1.0], [1.0], 3), "lipschitz"),
        ((1.0, [1.0], [np.nan], 3), "sup_norm"),
        ((1.0, [1.0], [1.0], 0), "d must"),
        ((1.0, [1.0], [1.0], 3, -1.0), "gamma"),
        ((1.0, [1.0], [1.0], 3, 1.0, -1.0), "J must"),
        ((1.0, [1.0, 2.0], [1.0], 3), "one entry for each filter"),
        ((1.0, [1.0], [1.0], 3, np.array([1.0, 2.0])), "gamma"),
    ]:
        with pytest.raises((ValueError, TypeCheckError), match=name):
            spe_bound(*arguments)
    with pytest.raises(ValueError, match="one entry for each filter"):
        spe_bound_sharp(1.0, [1.0, 2.0], [1.0])
