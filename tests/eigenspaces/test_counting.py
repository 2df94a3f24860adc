"""The counting set follows its recipe, and the spline regression is the minimiser that it claims to be."""

from __future__ import annotations

import numpy as np
import pytest

from spectral_lab.eigenspaces import adjacency_batch, laplacian_spectra, spline_design
from spectral_lab.eigenspaces.counting import KINDS, counting_graphs, counting_targets
from spectral_lab.eigenspaces.regression import fit_spline, spline_features


def test_the_set_has_the_published_statistics(reference):
    """Within 5 standard errors of the reference's three runs of the same recipe with other seeds."""
    graphs = counting_graphs(2000, 7)
    targets = counting_targets(graphs)
    runs = reference("counting")["runs"]
    pooled = np.mean([run["target_mean"] for run in runs], axis=0)
    spread = targets.std(axis=0, ddof=1) / np.sqrt(len(graphs))
    assert np.all(np.abs(targets.mean(axis=0) - pooled) < 5 * spread)
    np.testing.assert_allclose(targets.std(axis=0), np.mean([r["target_std"] for r in runs], axis=0), rtol=0.08)
    edges = np.array([2 * len(e) for _, e in graphs])
    assert abs(edges.mean() - 62.5) < 5 * edges.std() / np.sqrt(len(graphs))


def test_every_graph_is_a_regular_graph_with_m_edges_fewer():
    graphs = counting_graphs(60, 1)
    assert {n for n, _ in graphs} == {10, 15, 20, 30}
    for n, edges in graphs:
        assert len(edges) == n * dict(KINDS)[n] // 2 - n
        assert len(np.unique(edges, axis=0)) == len(edges)
        assert np.all(edges[:, 0] < edges[:, 1])
        assert np.bincount(edges.ravel(), minlength=n).max() <= dict(KINDS)[n]


def test_the_seed_decides_and_sizes_can_be_chosen():
    one, same, other = counting_graphs(5, 3), counting_graphs(5, 3), counting_graphs(5, 4)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(one, same, strict=True))
    assert any(not np.array_equal(a[1], b[1]) for a, b in zip(one, other, strict=True))
    assert {n for n, _ in counting_graphs(30, 0, (20, 30))} == {20, 30}


def test_spline_features_are_sums_over_the_eigenvalues_that_exist():
    graphs = counting_graphs(12, 0)
    features = spline_features(laplacian_spectra(graphs), 5)
    np.testing.assert_allclose(features.sum(axis=1), [n for n, _ in graphs])  # B-splines sum to 1
    alone = spline_features(laplacian_spectra(graphs[:1]), 5)
    np.testing.assert_allclose(features[:1], alone, atol=1e-10)


def test_the_fit_minimises_its_objective():
    graphs = counting_graphs(40, 2)
    X, y = spline_features(laplacian_spectra(graphs), 4), counting_targets(graphs)[:, 0]
    fit, scale = fit_spline(X, y, 0.01), X.std(axis=0)

    def objective(coefficients, offset):
        used = coefficients * scale
        return np.sum((X @ coefficients + offset - y) ** 2) + 0.01 * len(y) * np.sum(used**2)

    best = objective(fit.coefficients, fit.offset)
    rng = np.random.default_rng(0)
    for _ in range(20):
        step = rng.standard_normal(X.shape[1]) * 1e-3 / scale
        assert objective(fit.coefficients + step, fit.offset - X.mean(axis=0) @ step) > best


def test_a_spline_of_the_spectrum_that_is_in_the_family_is_found():
    """Σ_i (1 - λ_i)^3 is a cubic polynomial filter."""
    graphs = counting_graphs(80, 5)
    spectra = laplacian_spectra(graphs)
    exists = np.arange(spectra.eigenvalues.shape[1]) < spectra.mask.sum(axis=1)[:, None]
    y = np.where(exists, (1 - spectra.eigenvalues) ** 3, 0).sum(axis=1)
    fit = fit_spline(spline_features(spectra, 1), y, 1e-12)
    np.testing.assert_allclose(fit(spline_features(spectra, 1)), y, atol=1e-6)
    # φ is known up to a multiple of 1 - λ, whose sum is the trace of I - L, which is 0.
    grid = np.linspace(0, 2, 50)
    rest = spline_design(grid, 1) @ fit.coefficients - (1 - grid) ** 3
    np.testing.assert_allclose(rest, rest[0] * (1 - grid), atol=1e-4)


def test_cycle_targets_count_each_cycle_from_each_of_its_nodes():
    targets = counting_targets([(5, np.array([(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)]))])
    np.testing.assert_array_equal(targets, [[0, 0, 5, 0]])
    assert adjacency_batch([(2, [(0, 1)])])[1].shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: counting_graphs(-1, 0), "count"),
        (lambda: counting_graphs(1, 0, (10, 12)), "sizes"),
        (lambda: counting_graphs(1, 0, ()), "sizes"),
        (lambda: fit_spline(np.ones((3, 4)), np.ones(2)), "targets"),
        (lambda: fit_spline(np.ones((3, 4)), np.ones(3), 0.0), "ridge"),
    ],
)
def test_bad_arguments_are_named(call, name):
    with pytest.raises(ValueError, match=name):
        call()
