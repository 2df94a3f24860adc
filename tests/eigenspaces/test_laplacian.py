from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from scipy.sparse.csgraph import laplacian as scipy_laplacian

from spectral_lab.eigenspaces import adjacency_matrix, edge_list, normalized_laplacian

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
        ((3, [(0, 1, 2.0), (1, 2, 1.0), (0, 1, 3.0)]), "two weights"),
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
