from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from scipy.sparse.csgraph import laplacian as scipy_laplacian

from spectral_lab.eigenspaces import adjacency_matrix, edge_list, laplacian_spectra, normalized_laplacian

from .strategies import adjacencies


@settings(deadline=None, max_examples=40)
@given(adjacencies(weighted=True))
def test_zero_convention_agrees_with_scipy_and_spectrum_lies_in_0_2(A):
    ours = normalized_laplacian(A, isolated=0.0)
    np.testing.assert_allclose(ours, scipy_laplacian(A, normed=True), atol=1e-14)
    lam = np.linalg.eigvalsh(ours)
    assert lam[0] >= -1e-13
    assert lam[-1] <= 2 + 1e-13


def test_isolated_node_has_the_eigenvalue_of_the_convention(graphs):
    graph = graphs["path4_plus_isolated"]
    assert normalized_laplacian(graph)[4, 4] == 1.0
    assert normalized_laplacian(graph, isolated=0.0)[4, 4] == 0.0
    nx_graph = nx.empty_graph(graph[0])
    nx_graph.add_edges_from(graph[1].tolist())
    np.testing.assert_allclose(
        normalized_laplacian(graph, isolated=0.0), nx.normalized_laplacian_matrix(nx_graph).toarray(), atol=1e-15
    )


@settings(deadline=None, max_examples=20)
@given(adjacencies(weighted=True))
def test_every_form_of_a_graph_gives_the_same_matrix(A):
    i, j = np.nonzero(np.triu(A))
    as_pair = (len(A), np.stack([i, j, A[i, j]], axis=1))
    for form in (A.tolist(), scipy.sparse.csr_array(A), nx.from_numpy_array(A), as_pair):
        np.testing.assert_array_equal(adjacency_matrix(form), A)
    both_directions = (len(A), np.stack([np.r_[i, j], np.r_[j, i]], axis=1))
    np.testing.assert_array_equal(adjacency_matrix(both_directions), A > 0)
    twice_with_weights = (len(A), np.stack([np.r_[i, j], np.r_[j, i], np.r_[A[i, j], A[i, j]]], axis=1))
    np.testing.assert_array_equal(adjacency_matrix(twice_with_weights), A)
    named = nx.relabel_nodes(nx.from_numpy_array(A), "node {}".format)
    np.testing.assert_array_equal(adjacency_matrix(named), A)
    n, edges, weights = edge_list(A)
    assert n == len(A)
    np.testing.assert_array_equal(weights, A[edges[:, 0], edges[:, 1]])


def test_permuting_the_nodes_permutes_the_laplacian(graphs):
    A = adjacency_matrix(graphs["karate"])
    order = np.random.default_rng(0).permutation(len(A))
    np.testing.assert_allclose(
        normalized_laplacian(A[np.ix_(order, order)]), normalized_laplacian(A)[np.ix_(order, order)], atol=1e-15
    )


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ([[0, 1], [0, 0]], "undirected"),
        ([[1, 1], [1, 0]], "self-loops"),
        ([[0, -1], [-1, 0]], "negative"),
        ([[0, np.nan], [np.nan, 0]], "finite"),
        ([[0, 1, 0], [1, 0, 0]], "square"),
        ("petersen", "graph"),
        ((3, [(0, 3)]), "outside"),
        ((3, [(-1, 2)]), "outside"),
        ((3, [(1, 1)]), "self-loops"),
        ((3, [(0, 1.5)]), "whole"),
        ((3, [(0, 1, 2, 3)]), "shape"),
        ((3, [(0, 1, -2.0)]), "negative"),
        ((0, []), "number of nodes"),
        ((3, [(0, 1, 2.0), (1, 0, 3.0)]), "two weights"),
        ((3, [(0, 1), (0, 1), (1, 0)]), "two weights"),
        ((3, [(0, 1, 1e301)]), "at most 1e[+]300"),
        ((10**9, [(0, 1)]), "number of nodes"),
        ((20_000, [(0, 1)]), "number of nodes"),
        ((3, [(0, 1), (1, 2, 3.0)]), r"graph\[1\]"),
        ((3, [(0, np.nan)]), r"graph\[1\].*finite"),
        ((3, np.array([[0, 2**63 + 5]], dtype=np.uint64)), "outside"),
        (nx.Graph([("a", "b", {"weight": "heavy"})]), "weights"),
        (nx.Graph([("a", "b", {"weight": 1j})]), "weights"),
        (nx.Graph([("a", "b", {"weight": -1.0})]), "negative"),
        (nx.DiGraph([(0, 1)]), "undirected"),
        (nx.Graph(), "at least one node"),
    ],
)
def test_a_graph_that_is_none_is_refused_by_name(graph, message):
    with pytest.raises(ValueError, match=message):
        normalized_laplacian(graph)


def test_isolated_is_checked():
    with pytest.raises(ValueError, match="isolated"):
        normalized_laplacian([[0, 1], [1, 0]], isolated=3.0)


def test_weights_that_rounding_set_apart_are_symmetric_at_every_scale():
    X = np.random.default_rng(0).normal(size=(30, 3))
    square = (X**2).sum(axis=1)
    kernel = np.exp(-0.5 * (square[:, None] + square[None] - 2 * X @ X.T)) * (1 + 1e-15 * np.triu(np.ones((30, 30))))
    np.fill_diagonal(kernel, 0.0)
    assert not np.array_equal(kernel, kernel.T)
    mean = (kernel + kernel.T) / 2
    for scale in (1e-200, 1e-12, 1.0, 1e200):
        given = scale * kernel
        np.testing.assert_allclose(normalized_laplacian(given), normalized_laplacian(mean), atol=1e-14)
        np.testing.assert_array_equal(adjacency_matrix(given), adjacency_matrix(given).T)
        as_pair = (30, [(i, j, given[i, j]) for i in range(30) for j in range(30) if i != j])
        np.testing.assert_allclose(adjacency_matrix(as_pair), scale * mean, rtol=1e-14)
        for wrong in (1e-11, 1.0):
            bent = given.copy()
            bent[3, 7] *= 1 + wrong
            if kernel[3, 7] * wrong > 1e-12 * np.sqrt(kernel[3].sum() * kernel[7].sum()):
                with pytest.raises(ValueError, match="two weights to the edge between 3 and 7"):
                    normalized_laplacian(bent)


def test_a_light_directed_edge_beside_heavy_ones_is_still_directed():
    A = np.zeros((4, 4))
    A[0, 1] = A[1, 0] = 1.0
    A[2, 3] = 1e-13
    with pytest.raises(ValueError, match="between 2 and 3"):
        normalized_laplacian(A)
    A[3, 2] = 1e-13 * (1 + 1e-15)
    assert normalized_laplacian(A)[2, 3] == pytest.approx(-1.0)


@settings(deadline=None, max_examples=20)
@given(adjacencies(min_nodes=3, weighted=True), adjacencies(min_nodes=3, weighted=True))
def test_parallel_edges_add_up_in_every_form(A, B):
    n = min(len(A), len(B))
    A, B = A[:n, :n], B[:n, :n]
    rows = [(i, j, M[i, j]) for M in (A, B) for i, j in zip(*np.nonzero(np.triu(M)), strict=True)]
    multi = nx.MultiGraph()
    multi.add_nodes_from(range(n))
    multi.add_weighted_edges_from(rows)
    i, j, w = np.array(rows).reshape(-1, 3).T
    coo = scipy.sparse.coo_array((np.r_[w, w], (np.r_[i, j].astype(int), np.r_[j, i].astype(int))), shape=(n, n))
    for form in (multi, (n, rows), (n, rows + [(j, i, w) for i, j, w in rows]), coo):
        np.testing.assert_allclose(adjacency_matrix(form), A + B, atol=1e-15)
    assert len(edge_list((n, rows))[1]) == np.count_nonzero(np.triu(A + B))  # each edge once


@pytest.mark.parametrize("m", [3, 4, 5])
def test_an_edge_index_is_refused_until_it_is_transposed(m):
    index = np.stack([np.arange(m), (np.arange(m) + 1) % m])
    for read in (adjacency_matrix, lambda graph: laplacian_spectra([graph])):
        for form in (index, index.tolist(), index.astype(np.int32)):
            with pytest.raises(ValueError, match="edge index"):
                read((m, form))
    np.testing.assert_array_equal(adjacency_matrix((m, index.T)), nx.to_numpy_array(nx.cycle_graph(m)))


def test_two_rows_are_two_edges():
    for rows in ([(0, 2), (1, 3)], np.array([[0, 2], [1, 3]]), [(0, 2, 1.0), (1, 3, 1.0)]):
        np.testing.assert_array_equal(edge_list((4, rows))[1], [[0, 2], [1, 3]])
        assert np.argwhere(np.triu(adjacency_matrix((4, rows)))).tolist() == [[0, 2], [1, 3]]
    assert adjacency_matrix((3, [(0, 1, 2.0), (1, 2, 1.0)]))[0, 1] == 2.0
