"""Graphs as matrices: the symmetric normalised Laplacian L = I - D^{-1/2} A D^{-1/2}.

A graph may be given in any of the forms people hold it in: a networkx graph, an adjacency matrix (dense or
scipy sparse), or a pair `(n, edges)`. Graphs are undirected and have no self-loops; weights are not negative.
"""

from __future__ import annotations

from typing import Any, SupportsFloat

import networkx as nx
import numpy as np
from jaxtyping import Float, Int

from spectral_lab import checks

EdgeList = tuple[int, Int[np.ndarray, "m 2"], Float[np.ndarray, " m"]]


def edge_list(graph: Any) -> EdgeList:
    """A graph as `(n, edges, weights)`, nodes 0..n-1 in the graph's own order.

    Args:
        graph: a networkx graph (edge attribute `weight`, 1 where absent), a symmetric adjacency matrix, or a
            pair `(n, edges)` with edges of shape [m, 2], or [m, 3] with the weight in the third column. An edge
            may be listed once or in both directions.

    Raises:
        ValueError: if the graph is directed (two weights for one edge included), has a self-loop, a negative or
            non-finite weight, or an end that is not a node.
    """
    if isinstance(graph, nx.Graph):
        return _from_networkx(graph)
    if isinstance(graph, tuple) and len(graph) == 2 and np.ndim(graph[0]) == 0:
        return _from_pair(*graph)
    adjacency = adjacency_matrix(graph)
    i, j = np.nonzero(np.triu(adjacency))
    return len(adjacency), np.stack([i, j], axis=1), adjacency[i, j]


def adjacency_matrix(graph: Any) -> Float[np.ndarray, "n n"]:
    """The weighted adjacency matrix A of a graph in any of the accepted forms.

    Raises:
        ValueError: as `edge_list`; for a matrix also if it is not square and symmetric.
    """
    if isinstance(graph, nx.Graph) or (isinstance(graph, tuple) and len(graph) == 2 and np.ndim(graph[0]) == 0):
        n, edges, weights = edge_list(graph)
        adjacency = np.zeros((n, n))
        adjacency[edges[:, 0], edges[:, 1]] = weights
        adjacency[edges[:, 1], edges[:, 0]] = weights
        return adjacency
    adjacency = checks.square(graph.toarray() if hasattr(graph, "toarray") else graph, "graph")
    if np.iscomplexobj(adjacency) or np.any(adjacency < 0):
        raise ValueError("graph must have real weights that are not negative")
    if not np.array_equal(adjacency, adjacency.T):
        worst = np.abs(adjacency - adjacency.T).max()
        raise ValueError(f"graph must be undirected: its adjacency matrix differs from its transpose by {worst:g}")
    if np.any(np.diagonal(adjacency)):
        raise ValueError("graph must have no self-loops: the diagonal of its adjacency matrix must be zero")
    return adjacency


def normalized_laplacian(graph_or_adjacency: Any, isolated: SupportsFloat = 1.0) -> Float[np.ndarray, "n n"]:
    """The symmetric normalised Laplacian L = I - D^{-1/2} A D^{-1/2}; its spectrum lies in [0, 2].

    Args:
        graph_or_adjacency: a graph in any form that `edge_list` accepts.
        isolated: the diagonal entry of a node without edges, between 0 and 2. The authors of SPE, PyG and DGL put 1
            (the node then has the eigenvalue 1); networkx, scipy and PyGSP put 0.

    Raises:
        ValueError: as `edge_list`, or for `isolated` outside [0, 2].
    """
    isolated = checks.number(isolated, "isolated", 0.0, 2.0)
    adjacency = adjacency_matrix(graph_or_adjacency)
    degrees = adjacency.sum(axis=1)
    scale = inverse_sqrt_degrees(degrees)
    return np.diag(np.where(degrees > 0, 1.0, isolated)) - adjacency * scale[:, None] * scale[None, :]


def inverse_sqrt_degrees(degrees: Float[np.ndarray, "*nodes"]) -> Float[np.ndarray, "*nodes"]:
    """d^{-1/2} where the degree is positive, 0 at a node without edges."""
    positive = degrees > 0
    return np.where(positive, 1.0 / np.sqrt(np.where(positive, degrees, 1.0)), 0.0)


def _from_networkx(graph: nx.Graph) -> EdgeList:
    if graph.is_directed() or graph.is_multigraph():
        raise ValueError(f"graph must be undirected without parallel edges, got a {type(graph).__name__}")
    index = {node: i for i, node in enumerate(graph)}
    ends = [(index[u], index[v]) for u, v in graph.edges()]
    weights = checks.array([weight for _, _, weight in graph.edges(data="weight", default=1.0)], "graph's weights")
    if np.iscomplexobj(weights):
        raise ValueError("graph's weights must be real numbers")
    return _checked(len(index), np.array(ends, dtype=int).reshape(-1, 2), weights)


def _from_pair(n: Any, edges: Any) -> EdgeList:
    n = checks.integer(n, "graph[0], the number of nodes,", 1)
    ends = checks.array(edges, "graph[1], the edges,")
    if ends.size == 0:
        return n, np.zeros((0, 2), dtype=int), np.zeros(0)
    if ends.ndim != 2 or ends.shape[1] not in (2, 3) or np.iscomplexobj(ends):
        raise ValueError(f"graph[1], the edges, must be numbers of shape (m, 2) or (m, 3), got shape {ends.shape}")
    if not np.array_equal(np.rint(ends[:, :2]), ends[:, :2]):
        raise ValueError("graph[1], the edges, must join whole node numbers")
    if np.any((ends[:, :2] < 0) | (ends[:, :2] >= n)):
        raise ValueError(f"graph has an edge that ends outside its nodes 0..{n - 1}")
    return _checked(n, ends[:, :2].astype(int), ends[:, 2] if ends.shape[1] == 3 else np.ones(len(ends)))


def _checked(n: int, edges: Int[np.ndarray, "m 2"], weights: Float[np.ndarray, " m"]) -> EdgeList:
    if n == 0:
        raise ValueError("graph must have at least one node")
    if np.any(edges[:, 0] == edges[:, 1]):
        raise ValueError(f"graph must have no self-loops, but node {edges[edges[:, 0] == edges[:, 1]][0, 0]} has one")
    if np.any(weights < 0):
        raise ValueError("graph must have weights that are not negative")
    if len(weights) and np.ptp(weights) > 0:
        _, first, pair = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_inverse=True)
        other = np.flatnonzero(weights != weights[first[pair.ravel()]])
        if len(other):
            u, v = edges[other[0]]
            raise ValueError(f"graph must be undirected, but it gives two weights to the edge between {u} and {v}")
    return n, edges, weights
