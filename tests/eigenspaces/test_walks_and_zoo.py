from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from spectral_lab.eigenspaces import GRAPHS, adjacency_matrix, layout, named_graph, random_walk_encoding, stable_colours


def test_return_probabilities_match_reference(graphs, reference):
    for name, stored in reference("graphs")["graphs"].items():
        np.testing.assert_allclose(random_walk_encoding(graphs[name], 6), stored["rw_return_prob_1to6"], atol=1e-14)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("decalin", "bicyclopentyl", True),
        ("hexagon", "two triangles", True),
        ("rook 4x4", "Shrikhande", True),
        ("decalin", "Petersen", False),
        ("hexagon", "K33", False),  # both are regular: each has one colour, and they are different colours
    ],
)
def test_pairs_that_colour_refinement_cannot_tell_apart(one, other, same):
    pair = [nx.complete_bipartite_graph(3, 3) if name == "K33" else named_graph(name) for name in (one, other)]
    colours = np.split(stable_colours(nx.disjoint_union(*pair)), 2)
    assert np.array_equal(np.sort(colours[0]), np.sort(colours[1])) == same
    assert nx.is_isomorphic(*pair) is False


def test_colours_do_not_depend_on_the_order_of_the_nodes(graphs):
    A = adjacency_matrix(graphs["karate"])
    order = np.random.default_rng(3).permutation(len(A))
    np.testing.assert_array_equal(stable_colours(A[np.ix_(order, order)]), stable_colours(A)[order])


def test_both_strongly_regular_graphs_have_the_parameters_16_6_2_2():
    for name in ("rook 4x4", "Shrikhande"):
        A = adjacency_matrix(named_graph(name))
        np.testing.assert_array_equal(A @ A, 6 * np.eye(16) + 2 * A + 2 * (1 - np.eye(16) - A))


@pytest.mark.parametrize("name", GRAPHS)
def test_named_graphs_are_ordered_and_drawn_apart(name):
    graph = named_graph(name)
    assert list(graph) == list(range(len(graph)))
    xy = layout(graph)
    distance = np.linalg.norm(xy[:, None] - xy, axis=2) + 10 * np.eye(len(xy))
    assert distance.min() > 0.05
    np.testing.assert_array_equal(xy, layout(graph))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="name must be one of"):
        named_graph("benzene")
    with pytest.raises(ValueError, match="steps"):
        random_walk_encoding(named_graph("cube"), 0)
    with pytest.raises(ValueError, match="rounds"):
        stable_colours(named_graph("cube"), -1)
    for graph in (nx.Graph(), nx.path_graph(301), nx.DiGraph([(0, 1)])):
        with pytest.raises(ValueError, match="undirected networkx graph of 1 to 300 nodes"):
            layout(graph)
    with pytest.raises(ValueError, match="steps must be a whole number between 1 and"):
        random_walk_encoding(named_graph("cube"), 10**9)
    with pytest.raises(ValueError, match="number of nodes"):
        stable_colours((20_000, [(0, 1)]))


def test_refinement_stops_when_the_partition_is_stable():
    """A billion rounds end at once; the colours are a fixed point, and one for which every round before was needed."""
    path = nx.path_graph(30)
    stable = stable_colours(path, rounds=10**9)
    np.testing.assert_array_equal(stable, stable_colours(path))
    assert stable.tolist() == [min(i, 29 - i) for i in range(30)]
    for rounds in range(1, 15):
        assert stable_colours(path, rounds).max() == min(rounds, 14)
    A = adjacency_matrix(path)
    around = [(stable[i], *np.sort(stable[A[i] > 0])) for i in range(30)]
    assert len(set(around)) == 15


def test_colours_are_numbered_by_colour_and_then_by_what_is_around():
    """The definition, written plainly: ranks of (own colour, sorted colours of the neighbours)."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        A = np.triu(rng.random((9, 9)) < 0.3, 1)
        A = A | A.T
        for rounds in (1, 2, 3):
            before = stable_colours(A, rounds - 1)
            signatures = [(before[i], *np.sort(before[A[i]])) for i in range(9)]
            ranks = {signature: rank for rank, signature in enumerate(sorted(set(signatures)))}
            np.testing.assert_array_equal(stable_colours(A, rounds), [ranks[s] for s in signatures])
