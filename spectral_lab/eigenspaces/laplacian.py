"""Graphs as matrices: the symmetric normalised Laplacian L = I - D^{-1/2} A D^{-1/2}.

A graph may be given in any of the forms people hold it in: a networkx graph, an adjacency matrix (dense or
scipy sparse), or a pair `(n, edges)`. Graphs are undirected and have no self-loops; weights are not negative.

One rule holds for every form. Parallel edges add up, as in networkx and in scipy's sparse matrices. What is listed in
both directions is one edge, and its two weights must be equal up to rounding: they may differ by
1e-12 sqrt(d_i d_j), where d_i, d_j are the degrees, which moves an entry of L by 1e-12; their mean is taken.
"""

from __future__ import annotations

from typing import Any, SupportsFloat

import networkx as nx
import numpy as np
import scipy
from jaxtyping import Float, Int

from spectral_lab import checks

EdgeList = tuple[int, Int[np.ndarray, "m 2"], Float[np.ndarray, " m"]]
LARGEST_GRAPH = 100_000  # nodes
HEAVIEST = 1e300  # sums of larger weights may overflow
SYMMETRY = 1e-12


def edge_list(graph: Any) -> EdgeList:
    """A graph as `(n, edges, weights)`, nodes 0..n-1 in the graph's own order, every edge once with i < j.

    Args:
        graph: a networkx graph (edge attribute `weight`, 1 where absent), a symmetric adjacency matrix, or a
            pair `(n, edges)` whose edges are the rows of an array [m, 2], or [m, 3] with the weight in the third
            column. Rows are edges, always: an edge index [2, m] has to be transposed first. One with m = 3 might
            pass for two edges with weights, so weights in an array [2, 3] must not be whole numbers by type.

    Raises:
        ValueError: if the graph is directed (two weights for one edge included), has a self-loop, a negative or
            non-finite weight, an end that is not a node, or more than 100 000 nodes.
    """
    if isinstance(graph, nx.Graph):
        return _from_networkx(graph)
    if is_pair(graph):
        return _from_pair(*graph)
    sparse = scipy.sparse.issparse(graph)
    if not sparse:
        graph = checks.square(graph, "graph")
    entries = scipy.sparse.coo_array(graph)
    if entries.ndim != 2 or entries.shape[0] != entries.shape[1] or entries.shape[0] == 0:
        raise ValueError(f"graph must be a square matrix with at least one row, got shape {entries.shape}")
    ends = np.stack(entries.coords, axis=1).astype(np.int64)
    return _each_once(entries.shape[0], ends, _weights(entries.data), both_directions=True)


def adjacency_matrix(graph: Any) -> Float[np.ndarray, "n n"]:
    """The weighted adjacency matrix A of a graph in any of the accepted forms.

    Raises:
        ValueError: as `edge_list`; for a matrix also if it is not square and symmetric, or has more than 10 000 rows.
    """
    n, edges, weights = edge_list(graph)
    adjacency = np.zeros((checks.order(n, "the number of nodes of graph"),) * 2)
    adjacency[edges[:, 0], edges[:, 1]] = weights
    adjacency[edges[:, 1], edges[:, 0]] = weights
    return adjacency


def normalized_laplacian(graph: Any, isolated: SupportsFloat = 1.0) -> Float[np.ndarray, "n n"]:
    """The symmetric normalised Laplacian L = I - D^{-1/2} A D^{-1/2}; its spectrum lies in [0, 2].

    Args:
        graph: a graph in any form that `edge_list` accepts.
        isolated: the diagonal entry of a node without edges, between 0 and 2. The authors of SPE, PyG and DGL put 1
            (the node then has the eigenvalue 1); networkx, scipy and PyGSP put 0.

    Raises:
        ValueError: as `adjacency_matrix`, or for `isolated` outside [0, 2].
    """
    isolated = checks.number(isolated, "isolated", 0.0, 2.0)
    adjacency = adjacency_matrix(graph)
    degrees = adjacency.sum(axis=1)
    scale = inverse_sqrt_degrees(degrees)
    return np.diag(np.where(degrees > 0, 1.0, isolated)) - adjacency * scale[:, None] * scale[None, :]


def inverse_sqrt_degrees(degrees: Float[np.ndarray, "*nodes"]) -> Float[np.ndarray, "*nodes"]:
    """d^{-1/2} where the degree is positive, 0 at a node without edges."""
    positive = degrees > 0
    return np.where(positive, 1.0 / np.sqrt(np.where(positive, degrees, 1.0)), 0.0)


def is_pair(graph: Any) -> bool:
    """Whether a graph is given as `(n, edges)`."""
    if not isinstance(graph, tuple) or len(graph) != 2:
        return False
    first = graph[0]
    return first.ndim == 0 if isinstance(first, (np.ndarray, np.generic)) else np.isscalar(first) or first is None


def _from_networkx(graph: nx.Graph) -> EdgeList:
    if graph.is_directed():
        raise ValueError(f"graph must be undirected, got a {type(graph).__name__}")
    index = {node: i for i, node in enumerate(graph)}
    ends = [(index[u], index[v]) for u, v in graph.edges()]
    weights = checks.array([weight for _, _, weight in graph.edges(data="weight", default=1.0)], "graph's weights")
    return _each_once(len(index), np.array(ends, dtype=int).reshape(-1, 2), _weights(weights), both_directions=False)


def _from_pair(n: Any, edges: Any) -> EdgeList:
    n = checks.integer(n, "graph[0], the number of nodes,", 1, LARGEST_GRAPH)
    ends = checks.array(edges, "graph[1], the edges,")
    if ends.size == 0:
        return n, np.zeros((0, 2), dtype=int), np.zeros(0)
    if ends.ndim != 2 or ends.shape[1] not in (2, 3) or np.iscomplexobj(ends):
        raise ValueError(
            f"graph[1], the edges, must be numbers of shape (m, 2) or (m, 3), got shape {ends.shape}; "
            "an edge index has to be transposed"
        )
    if ends.shape == (2, 3) and np.asarray(edges).dtype.kind in "iu":
        raise ValueError(
            "graph[1], the edges, of shape (2, 3) could be an edge index, which has to be transposed, or two edges "
            "with weights, which must not be whole numbers by type: write 2.0, not 2"
        )
    if not np.array_equal(np.rint(ends[:, :2]), ends[:, :2]):
        raise ValueError("graph[1], the edges, must join whole node numbers")
    if np.any((ends[:, :2] < 0) | (ends[:, :2] >= n)):
        raise ValueError(f"graph has an edge that ends outside its nodes 0..{n - 1}")
    weights = _weights(ends[:, 2]) if ends.shape[1] == 3 else np.ones(len(ends))
    return _each_once(n, ends[:, :2].astype(int), weights, both_directions=False)


def _weights(values: Any) -> Float[np.ndarray, " m"]:
    weights = checks.array(values, "graph's weights")
    if np.iscomplexobj(weights) or np.any((weights < 0) | (weights > HEAVIEST)):
        raise ValueError(f"graph must have real weights that are not negative, and at most {HEAVIEST:g}")
    return weights


def _each_once(
    n: int, ends: Int[np.ndarray, "rows 2"], weights: Float[np.ndarray, " rows"], both_directions: bool
) -> EdgeList:
    """Edges i < j in order, the weights of parallel ones added; rows of weight 0 are no edges.

    `both_directions` says that an edge listed in one direction only is directed, as in a matrix.
    """
    if not 1 <= n <= LARGEST_GRAPH:
        raise ValueError(f"graph must have at least one node and at most {LARGEST_GRAPH:,}, got {n}")
    ends, weights = ends[weights > 0], weights[weights > 0]
    loops = ends[:, 0] == ends[:, 1]
    if np.any(loops):
        raise ValueError(f"graph must have no self-loops, but node {ends[loops][0, 0]} has one")
    low, high = ends.min(axis=1), ends.max(axis=1)
    keys, first, pair = np.unique(low * n + high, return_index=True, return_inverse=True)
    forward = ends[:, 0] == low
    up, down = (np.bincount(pair[way], weights[way], len(keys)) for way in (forward, ~forward))
    edges = np.stack([low[first], high[first]], axis=1)
    if not both_directions:
        up, down = np.where(up == 0, down, up), np.where(down == 0, up, down)
    mean = up / 2 + down / 2
    differ = np.flatnonzero(up != down)
    if len(differ):
        degrees = np.bincount(edges.ravel(), np.repeat(mean, 2), n)
        allowed = SYMMETRY * np.sqrt(degrees[edges[:, 0]]) * np.sqrt(degrees[edges[:, 1]])
        wrong = np.flatnonzero(np.abs(up - down) > allowed)
        if len(wrong):
            i, j = edges[wrong[0]]
            raise ValueError(
                f"graph must be undirected, but it gives two weights to the edge between {i} and {j}: "
                f"{up[wrong[0]]:.17g} and {down[wrong[0]]:.17g}"
            )
    return n, edges, np.where(up == down, up, mean)
