from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from spectral_lab.eigenspaces import (
    bump,
    bump_lipschitz,
    contrast_bound,
    degeneracy_report,
    eigenspace_labels,
    landau_zener_ring,
    laplacian_spectra,
    multiplicities,
    named_graph,
    normalized_laplacian,
    projectors,
)


def test_multiplicities_match_reference(graphs, reference):
    for name, stored in reference("graphs")["graphs"].items():
        lam = laplacian_spectra([graphs[name]]).eigenvalues[0]
        for rule in ("rounding", "linkage"):
            assert multiplicities(lam, 1e-5, rule).tolist() == stored["multiplicities"]
        firsts = lam[np.cumsum(stored["multiplicities"]) - np.array(stored["multiplicities"])]
        np.testing.assert_allclose(firsts, stored["distinct_rounded_1e5"], atol=5.1e-6)


def test_projectors_are_complete_orthogonal_and_free_of_the_basis(graphs):
    rng = np.random.default_rng(1)
    for graph in graphs.values():
        lam, V, _ = (x[0] for x in laplacian_spectra([graph]))
        P = projectors(lam, V, 1e-5)
        np.testing.assert_allclose(P.sum(axis=0), np.eye(len(lam)), atol=1e-13)
        np.testing.assert_allclose(
            np.einsum("gij,hjk->ghik", P, P), P[:, None] * np.eye(len(P))[:, :, None, None], atol=1e-13
        )
        np.testing.assert_allclose(np.trace(P, axis1=1, axis2=2), multiplicities(lam), atol=1e-13)
        turned = V.copy()
        labels = eigenspace_labels(lam)
        for space in range(len(P)):
            columns = np.flatnonzero(labels == space)
            if len(columns) > 1:
                turned[:, columns] = V[:, columns] @ ortho_group.rvs(len(columns), random_state=rng)
        np.testing.assert_allclose(projectors(lam, turned, 1e-5), P, atol=1e-13)


def test_rounding_can_split_what_linkage_joins():
    lam = np.array([0.0, 0.500005 - 1e-9, 0.500005 + 1e-9, 1.0])
    assert multiplicities(lam, 1e-5, "linkage").tolist() == [1, 2, 1]
    assert multiplicities(lam, 1e-5, "rounding").tolist() == [1, 1, 1, 1]


def test_linkage_chains():
    assert multiplicities([0.0, 0.9e-5, 1.8e-5], 1e-5, scale=1.0).tolist() == [3]


def test_a_hard_partition_jumps_where_a_degeneracy_splits():
    sizes = []
    for eps in (1e-2, 1e-3):
        L = normalized_laplacian(landau_zener_ring(8, 1.0, 0.0))
        L2 = normalized_laplacian(landau_zener_ring(8, 1.0 + eps, 0.0))
        (lam, V), (lam2, V2) = np.linalg.eigh(L), np.linalg.eigh(L2)
        sizes.append(np.linalg.norm(projectors(lam, V)[1] - projectors(lam2, V2)[1]))
    np.testing.assert_allclose(sizes, 1.0, atol=0.02)  # a plane became a line: distance 1, however small the change


def test_degeneracy_report():
    report = degeneracy_report(laplacian_spectra([named_graph("Petersen")]).eigenvalues[0])
    assert report.multiplicities.tolist() == [1, 5, 4]
    assert report.smallest_gap == pytest.approx(2 / 3)
    assert report.truncation_gaps[-1] == np.inf
    assert report.truncation_gaps[1] == pytest.approx(0, abs=1e-14)
    assert str(report).startswith("10 eigenvalues in 3 eigenspaces, 2 of them repeated (largest dimension 5)")


@settings(deadline=None, max_examples=50)
@given(st.floats(0.02, 1.0), st.floats(0.1, 1.0), st.floats(0.0, 2.0))
def test_bump_lipschitz_is_the_steepest_slope(width, softness, centre):
    x = np.linspace(centre - 3 * width, centre + 3 * width, 200001)
    slopes = np.abs(np.diff(bump(x, centre, width, softness))) / np.diff(x)
    exact = bump_lipschitz(width, softness)
    assert slopes.max() <= exact * (1 + 1e-6)
    assert slopes.max() >= exact * (1 - 1e-3)


def test_bump_ends():
    assert bump_lipschitz(0.2, 1.0) == pytest.approx(1 / (0.2 * np.sqrt(np.e)))
    assert bump_lipschitz(0.2, 0.0) == np.inf
    np.testing.assert_array_equal(bump([0.0, 0.19, 0.21], 0.0, 0.2, 0.0), [1.0, 1.0, 0.0])
    np.testing.assert_allclose(bump([0.0, 0.2], 0.0, 0.2, 1.0), [1.0, np.exp(-0.5)])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_equivariant_lipschitz_maps_cannot_separate_close_eigenvalues(seed, d):
    """φ(λ)_i = tanh(a λ_i + b mean λ + c): equivariant; its Jacobian norm is at most |a| + |b|."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=3) * 3
    lam = rng.uniform(0, 2, d)
    phi = np.tanh(a * lam + b * lam.mean() + c)
    gap, contrast = np.abs(lam[:, None] - lam), np.abs(phi[:, None] - phi)
    assert np.all(contrast <= contrast_bound(abs(a) + abs(b), 1.0) * gap + 1e-12)


def test_contrast_bound_is_attained_by_a_linear_map():
    lam = np.array([0.3, 0.8])
    assert abs(np.diff(4 * lam)[0]) == pytest.approx(contrast_bound(4.0, 0.5))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="lam must ascend"):
        projectors([1.0, 0.0], np.eye(2))
    with pytest.raises(ValueError, match=r"V \[n, d\] must fit"):
        projectors([0.0, 1.0], np.eye(3))
    with pytest.raises(ValueError, match="tol"):
        projectors([0.0, 1.0], np.eye(2), 0.0)
    with pytest.raises(ValueError, match="rule"):
        eigenspace_labels([0.0, 1.0], rule="guess")
    with pytest.raises(ValueError, match="softness"):
        bump([0.0], 0.0, 1.0, 2.0)
    with pytest.raises(ValueError, match="at least one eigenvalue"):
        degeneracy_report([])


@pytest.mark.parametrize("scale", [1e-250, 1e-12, 1.0, 1e12])
def test_multiplicities_know_no_units(scale):
    lam = laplacian_spectra([named_graph("Petersen")]).eigenvalues[0]
    report = degeneracy_report(scale * lam)
    assert report.multiplicities.tolist() == [1, 5, 4]
    assert report.smallest_gap == pytest.approx(scale * 2 / 3)
    assert multiplicities(scale * lam, scale=2 * scale).tolist() == [1, 5, 4]
    assert "no gap" in str(degeneracy_report(scale * lam, tol=1.0))
    with pytest.raises(ValueError, match="tol"):
        multiplicities(lam, tol=0.0)


def test_two_parts_have_one_eigenspace_at_zero_whatever_is_kept():
    lam = [0.0, 3e-16]
    assert multiplicities(lam, scale=1.0).tolist() == [2]
