from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings

from spectral_lab.eigenspaces import adjacency_batch, adjacency_matrix, cycle_counts, named_graph, spectral_filter
from spectral_lab.eigenspaces.laplacian import normalized_laplacian

from .strategies import adjacencies


def enumerated(A: np.ndarray, k: int) -> np.ndarray:
    """Cycles through each node by trying every ordered choice of k nodes."""
    counts = np.zeros(len(A), dtype=int)
    for nodes in itertools.permutations(range(len(A)), k):
        if all(A[u, v] for u, v in zip(nodes, nodes[1:] + nodes[:1], strict=True)):
            counts[list(nodes)] += 1
    return counts // (2 * k)


@settings(deadline=None, max_examples=15)
@given(adjacencies(min_nodes=3, max_nodes=7))
def test_counts_match_exhaustive_enumeration(A):
    for k in range(3, 7):
        expected = enumerated(A, k) if k <= len(A) else np.zeros(len(A), dtype=int)
        np.testing.assert_array_equal(cycle_counts(A, k, per_node=True), expected)
        assert cycle_counts(A, k) == expected.sum() // k


def test_counts_match_reference(graphs, reference):
    for name, stored in reference("graphs")["graphs"].items():
        graph = graphs[name]
        assert [cycle_counts(graph, k) for k in (3, 4, 5, 6)] == stored["cycles_total_3456"]
        for k, expected in zip((3, 4, 5), stored["cycles_node_345"], strict=True):
            assert cycle_counts(graph, k, per_node=True).tolist() == expected
        if stored["cycles_node_6"] is not None:
            assert cycle_counts(graph, 6, per_node=True).tolist() == stored["cycles_node_6"]


def test_counts_of_the_counting_sample_one_by_one_and_as_a_stack(reference):
    sample = reference("counting")["sample"]
    _, stack = adjacency_batch([(g["n"], np.array(g["edges"])) for g in sample])
    sixes = cycle_counts(stack, 6)
    for row, stored in enumerate(sample):
        n = stored["n"]
        for k in (3, 4, 5):
            nodes = cycle_counts(stack, k, per_node=True)[row]
            assert nodes[:n].tolist() == stored[f"node_c{k}"]
            assert not nodes[n:].any()
        assert sixes[row] == stored["total_c6"] == cycle_counts((n, np.array(stored["edges"])), 6)


def test_closed_forms_for_complete_graphs():
    for n in (4, 7, 30):
        A = np.ones((n, n)) - np.eye(n)
        for k in range(3, 7):
            expected = np.prod(np.arange(n, n - k, -1, dtype=object)) // (2 * k) if n >= k else 0
            assert cycle_counts(A, k) == expected


def test_petersen_has_twelve_pentagons_and_no_shorter_cycle():
    assert [cycle_counts(named_graph("Petersen"), k) for k in (3, 4, 5, 6)] == [0, 0, 12, 10]


@settings(deadline=None, max_examples=15)
@given(adjacencies(min_nodes=3))
def test_a_spectral_filter_gives_the_triangles(A):
    """φ(λ) = (1 - λ)^3 and the degrees give (A³)_ii: the walk that SPE can express."""
    degrees = A.sum(axis=1)
    lam, V = np.linalg.eigh(normalized_laplacian(A, isolated=1.0))
    root = np.sqrt(degrees)
    walks = spectral_filter(V, lam, 1 - lam) * np.outer(root, root)
    np.testing.assert_allclose(walks, A, atol=1e-12)
    twice = np.einsum("ij,jk,ki->i", walks, walks, walks)
    np.testing.assert_allclose(twice / 2, cycle_counts(A, 3, per_node=True), atol=1e-9)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="k must"):
        cycle_counts(named_graph("hexagon"), 7)
    with pytest.raises(ValueError, match="only 0 and 1"):
        cycle_counts(0.5 * adjacency_matrix(named_graph("hexagon")), 3)
    with pytest.raises(ValueError, match="symmetric"):
        cycle_counts(np.triu(np.ones((2, 3, 3)), 1), 3)
    with pytest.raises(ValueError, match="too large"):
        cycle_counts(np.ones((400, 400)) - np.eye(400), 6)
