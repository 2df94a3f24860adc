from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.eigenspaces import (
    landau_zener_ring,
    laplacian_spectra,
    mlp_lipschitz,
    mlp_lipschitz_bound,
    normalized_laplacian,
    relu_mlp,
    spectral_filter,
    spline_design,
    spline_knots,
    spline_lipschitz,
)

from .strategies import adjacencies

GRID = np.linspace(0.0, 2.0, 20001)


def random_network(seed: int, widths: list[int]):
    rng = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    return [rng.normal(size=s) for s in shapes], [rng.normal(size=s[0]) for s in shapes]


@settings(deadline=None, max_examples=25)
@given(adjacencies(weighted=True), st.floats(0.0, 5.0))
def test_a_filter_is_the_function_of_the_matrix(A, t):
    L = normalized_laplacian(A)
    lam, V = np.linalg.eigh(L)
    np.testing.assert_allclose(spectral_filter(V, lam, lambda x: np.exp(-t * x)), scipy.linalg.expm(-t * L), atol=1e-12)
    walk = np.eye(len(A)) - L
    np.testing.assert_allclose(spectral_filter(V, lam, lambda x: (1 - x) ** 3), walk @ walk @ walk, atol=1e-12)
    np.testing.assert_allclose(spectral_filter(V, lam, np.ones_like), np.eye(len(A)), atol=1e-12)


def test_channels_and_batches_agree_with_single_filters(graphs):
    lam, V, _ = laplacian_spectra(graphs.values(), d=6)
    powers = np.arange(3)
    many = spectral_filter(V, lam, lambda x: (1 - x[..., None]) ** powers)
    assert many.shape == (len(lam), V.shape[1], V.shape[1], 3)
    for row in range(len(lam)):
        for k in powers:
            np.testing.assert_allclose(
                many[row, ..., k], spectral_filter(V[row], lam[row], (1 - lam[row]) ** k), atol=1e-13
            )


def test_gaussian_filter_across_the_crossing_matches_reference(reference):
    def soft(w, delta):
        lam, V = np.linalg.eigh(normalized_laplacian(landau_zener_ring(8, w, delta)))
        return spectral_filter(V, lam, lambda x: np.exp(-((x - 0.3) ** 2) / (2 * 0.2**2)))

    for row in reference("stability")["ring"]["rows"]:
        distance = np.linalg.norm(soft(1 - row["eta"], row["delta"]) - soft(1 + row["eta"], row["delta"]))
        assert distance == pytest.approx(row["spe_gauss"], rel=1e-9)


@pytest.mark.parametrize("pieces", [1, 2, 7, 48])
def test_spline_basis_reproduces_cubics_and_sums_to_one(pieces):
    design = spline_design(GRID, pieces)
    assert design.shape == (len(GRID), pieces + 3)
    np.testing.assert_allclose(design.sum(axis=1), 1.0, atol=1e-14)
    cubic = GRID**3 - 2 * GRID
    coefficients = np.linalg.lstsq(design, cubic, rcond=None)[0]
    np.testing.assert_allclose(design @ coefficients, cubic, atol=1e-12)
    assert spline_lipschitz(coefficients) == pytest.approx(10.0, rel=1e-10)  # |3 x² - 2| at x = 2


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_spline_lipschitz_is_the_steepest_slope(seed, pieces):
    coefficients = np.random.default_rng(seed).normal(size=pieces + 3)
    slopes = np.abs(np.diff(spline_design(GRID, pieces) @ coefficients)) / np.diff(GRID)
    exact = spline_lipschitz(coefficients)
    assert slopes.max() <= exact * (1 + 1e-9)
    assert slopes.max() >= exact * (1 - 5e-3)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 12))
def test_mlp_lipschitz_is_the_steepest_piece(seed, hidden_layers, width):
    weights, biases = random_network(seed, [1] + [width] * hidden_layers + [1])
    slopes = np.abs(np.diff(relu_mlp(GRID, weights, biases))) / np.diff(GRID)
    exact = mlp_lipschitz(weights, biases)
    assert slopes.max() <= exact * (1 + 1e-8) + 1e-10
    # A grid interval inside the steepest piece attains it, unless that piece is shorter than the grid.
    fine = np.sort(np.concatenate([GRID, np.random.default_rng(seed).uniform(0, 2, 20000)]))
    steepest = np.abs(np.diff(relu_mlp(fine, weights, biases)) / np.maximum(np.diff(fine), 1e-15))[np.diff(fine) > 1e-8]
    assert steepest.max() >= 0.98 * exact or steepest.max() == pytest.approx(exact, abs=1e-8)
    assert exact <= mlp_lipschitz_bound(weights) * (1 + 1e-12)


def test_neurons_that_share_a_kink_make_no_piece_of_their_own():
    """ReLU(a(x - k))/a - ReLU(b(x - k))/b is 0 everywhere, but rounding may put the two kinks an ulp apart."""
    for kink, a, b in np.random.default_rng(0).uniform(0.1, 1.9, (400, 3)):
        weights = [np.array([[a], [b]]), np.array([[1 / a, -1 / b]])]
        assert mlp_lipschitz(weights, [np.array([-a * kink, -b * kink]), np.zeros(1)]) < 1e-12


def test_lipschitz_filters_are_lipschitz_in_the_laplacian():
    """||φ(L) - φ(L')||_F <= Lip(φ) ||L - L'||_F for d = n, with the exact constant."""
    rng = np.random.default_rng(0)
    for seed in range(20):
        weights, biases = random_network(seed, [1, 8, 8, 1])
        coefficients = rng.normal(size=9)
        K_mlp, K_spline = mlp_lipschitz(weights, biases), spline_lipschitz(coefficients)
        L = normalized_laplacian(landau_zener_ring(9, rng.uniform(0.5, 1.5), rng.uniform(0, 0.3)))
        L2 = normalized_laplacian(landau_zener_ring(9, rng.uniform(0.5, 1.5), rng.uniform(0, 0.3)))
        change = np.linalg.norm(L - L2)
        for phi, K in (
            (lambda x, w=weights, b=biases: relu_mlp(x, w, b), K_mlp),
            (lambda x, c=coefficients: spline_design(np.clip(x, 0, 2), 6) @ c, K_spline),
        ):
            values = [spectral_filter(V, lam, phi) for lam, V in map(np.linalg.eigh, (L, L2))]
            assert np.linalg.norm(values[0] - values[1]) <= K * change * (1 + 1e-10)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="must fit"):
        spectral_filter(np.eye(3), [0.0, 1.0], np.ones_like)
    with pytest.raises(ValueError, match="phi"):
        spectral_filter(np.eye(2), [0.0, 1.0], lambda x: np.full(3, 1.0))
    with pytest.raises(ValueError, match="phi"):
        spectral_filter(np.eye(2), [0.0, 1.0], lambda x: np.full(2, np.nan))
    with pytest.raises(ValueError, match=r"\[0, 2\]"):
        spline_design([-1e-16], 4)
    with pytest.raises(ValueError, match="pieces"):
        spline_knots(0)
    with pytest.raises(ValueError, match="coefficients"):
        spline_lipschitz([1.0, 2.0])
    with pytest.raises(ValueError, match=r"weights\[1\]"):
        mlp_lipschitz([np.ones((3, 1)), np.ones((1, 2))], [np.zeros(3), np.zeros(1)])
    with pytest.raises(ValueError, match="one row"):
        relu_mlp([0.0], [np.ones((2, 1))], [np.zeros(2)])
    with pytest.raises(ValueError, match="at least one"):
        mlp_lipschitz_bound([])
