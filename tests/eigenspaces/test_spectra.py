from __future__ import annotations

import tracemalloc

import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.eigenspaces import (
    adjacency_batch,
    counting_graphs,
    laplacian_batch,
    laplacian_spectra,
    normalized_laplacian,
    spectra,
)

from .strategies import adjacencies


def test_eigenvalues_match_thirty_digit_reference(graphs, reference):
    stored = reference("graphs")["graphs"]
    lam, _, mask = laplacian_spectra(graphs.values())
    for row, name in enumerate(graphs):
        expected = np.array([float(x) for x in stored[name]["eigvals_lsym"]])
        np.testing.assert_allclose(lam[row, : len(expected)], expected, atol=5e-15)
        assert mask[row].sum() == len(expected)
        assert not lam[row, len(expected) :].any()


@settings(deadline=None, max_examples=25)
@given(st.lists(adjacencies(min_nodes=1, weighted=True), min_size=1, max_size=5), st.integers(1, 12))
def test_batch_equals_one_by_one_and_padding_is_zero(batch, d):
    lam, V, mask = laplacian_spectra(batch, d)
    assert lam.shape == (len(batch), d)
    assert V.shape == (len(batch), max(map(len, batch)), d)
    for row, A in enumerate(batch):
        n, keep = len(A), min(len(A), d)
        L = normalized_laplacian(A)
        np.testing.assert_allclose(lam[row, :keep], np.linalg.eigvalsh(L)[:keep], atol=4e-15)
        inside = V[row, :n, :keep]
        np.testing.assert_allclose(inside.T @ inside, np.eye(keep), atol=1e-13)
        np.testing.assert_allclose(L @ inside, inside * lam[row, :keep], atol=1e-13)
        assert not V[row, n:].any()
        assert not V[row, :, keep:].any()
        assert not lam[row, keep:].any()
        np.testing.assert_array_equal(mask[row], np.arange(mask.shape[1]) < n)


def test_eigenvalues_stay_inside_0_2(graphs):
    lam = laplacian_spectra(graphs.values()).eigenvalues
    assert lam.min() >= 0.0
    assert lam.max() <= 2.0


def test_isolated_convention_reaches_the_batch(graphs):
    graph = graphs["path4_plus_isolated"]
    assert np.sum(np.isclose(laplacian_spectra([graph]).eigenvalues, 1.0)) == 1
    assert np.sum(laplacian_spectra([graph], isolated=0.0).eigenvalues < 1e-12) == 2


def test_adjacency_batch_pads_with_zeros(graphs):
    sizes, A = adjacency_batch([graphs["C6"], graphs["petersen"]])
    assert sizes.tolist() == [6, 10]
    assert A[0].sum() == 12
    assert not A[0, 6:].any()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="at least one graph"):
        laplacian_spectra([])
    with pytest.raises(ValueError, match=r"graphs\[1\].*self-loops"):
        laplacian_spectra([(2, [(0, 1)]), (2, [(1, 1)])])
    triangle = np.ones((3, 3)) - np.eye(3)
    for single in (nx.path_graph(3), triangle, scipy.sparse.csr_array(triangle), (2, [(0, 1)])):
        with pytest.raises(ValueError, match="into a list"):
            laplacian_spectra(single)
    with pytest.raises(ValueError, match="d must be"):
        laplacian_spectra([(2, [(0, 1)])], d=0)
    with pytest.raises(ValueError, match="isolated"):
        laplacian_batch([(2, [(0, 1)])], isolated=np.nan)
    with pytest.raises(ValueError, match="d must be"):
        laplacian_spectra([(2, [(0, 1)])], d=10**9)
    with pytest.raises(ValueError, match="at most"):
        laplacian_spectra([(50_000, [(0, 1)])])


def test_one_large_graph_among_small_ones_costs_its_own_memory():
    small, i = counting_graphs(200, 0), np.arange(799)
    tracemalloc.start()
    lam, V, _ = laplacian_spectra([*small, (800, np.stack([i, i + 1], axis=1))], d=8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < V.nbytes + 6 * 800**2 * 8  # of the result, and of one dense matrix with its eigenvectors
    np.testing.assert_array_equal(lam[:200], laplacian_spectra(small, d=8).eigenvalues)


LARGE = {
    "ring": nx.cycle_graph(1100),
    "torus": nx.grid_2d_graph(33, 34, periodic=True),
    "tree": nx.balanced_tree(3, 6),
    "star": nx.star_graph(1100),
    "parts": nx.disjoint_union_all([nx.complete_graph(20), nx.empty_graph(3), nx.cycle_graph(600), nx.path_graph(500)]),
    "expander": nx.random_regular_graph(3, 1200, seed=0),
}


@pytest.mark.parametrize("name", LARGE)
def test_few_eigenpairs_of_a_large_graph_are_the_lowest_of_the_dense_matrix(name):
    graph = nx.convert_node_labels_to_integers(LARGE[name])
    lam, V, _ = (x[0] for x in laplacian_spectra([graph], d=9))
    L = normalized_laplacian(graph)
    np.testing.assert_allclose(lam, np.linalg.eigvalsh(L)[:9], atol=1e-12)
    np.testing.assert_allclose(L @ V, V * lam, atol=1e-9)
    np.testing.assert_allclose(V.T @ V, np.eye(9), atol=1e-12)
    assert np.sum(lam == 0.0) == min(9, sum(len(part) > 1 for part in nx.connected_components(graph)))
    np.testing.assert_array_equal(V, laplacian_spectra([nx.path_graph(3), graph], d=9).eigenvectors[1])  # the same bits


def test_all_eigenpairs_of_one_component_of_a_large_graph():
    """d is few for the graph, and as many as the ring has: nothing is left in which an eigenvalue could be missed."""
    ring = nx.disjoint_union(nx.cycle_graph(310), nx.empty_graph(5890))
    lam, V, _ = (x[0] for x in laplacian_spectra([ring], d=310, isolated=2.0))
    np.testing.assert_allclose(lam, np.sort(1 - np.cos(2 * np.pi * np.arange(310) / 310)), atol=1e-12)
    np.testing.assert_allclose(V[:310].T @ V[:310], np.eye(310), atol=1e-12)


def test_a_graph_too_large_for_a_dense_matrix():
    """Eigenvalues of the ring of n nodes: 1 - cos(2 pi k / n), each twice but 0."""
    n = 12_000
    lam = laplacian_spectra([nx.cycle_graph(n)], d=5).eigenvalues[0]
    np.testing.assert_allclose(lam, 1 - np.cos(2 * np.pi * np.array([0, 1, 1, 2, 2]) / n), rtol=1e-6, atol=1e-15)


def test_where_no_thread_can_start_groups_go_one_by_one(monkeypatch):
    def no_thread(*_):
        raise RuntimeError("can't start new thread")

    graphs = [nx.gnp_random_graph(n, 0.5, seed=n) for n in range(4, 12)]
    together = laplacian_spectra(graphs, 3)
    monkeypatch.setattr(spectra, "ThreadPoolExecutor", no_thread)
    monkeypatch.setattr(spectra, "IN_BROWSER", True)
    for one, other in zip(laplacian_spectra(graphs, 3), together, strict=True):
        assert np.array_equal(one, other)
