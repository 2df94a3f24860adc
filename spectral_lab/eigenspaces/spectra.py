"""The spectra of many graphs at once, padded to one shape.

EVD_d(L) keeps the d smallest eigenvalues, the zero included. A graph with n < d nodes has its eigenvalues and the
columns of its eigenvectors padded with zeros to d (SPE, section 2).
"""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, NamedTuple, SupportsFloat, SupportsInt

import networkx as nx
import numpy as np
import scipy
from jaxtyping import Bool, Float, Int
from threadpoolctl import ThreadpoolController

from spectral_lab import checks
from spectral_lab.absent import IN_BROWSER
from spectral_lab.eigenspaces.lanczos import lowest_eigenpairs
from spectral_lab.eigenspaces.laplacian import (
    LARGEST_GRAPH,
    edge_list,
    inverse_sqrt_degrees,
    is_pair,
)

CHUNK = 64, 2_000_000  # graphs of one size that are diagonalised in one call, and the most entries of their matrices
MANY_NODES, FEW = 1000, 20  # a graph of more nodes is not made dense if at most a FEW-th of its eigenpairs is wanted
MOST_GRAPHS = 1_000_000

EdgesOfAll = tuple[Int[np.ndarray, " batch"], Int[np.ndarray, " e"], Int[np.ndarray, "e 2"], Float[np.ndarray, " e"]]


class Spectra(NamedTuple):
    """Eigenpairs of a batch of graphs; `mask` is True on the nodes that exist."""

    eigenvalues: Float[np.ndarray, "batch d"]
    eigenvectors: Float[np.ndarray, "batch nodes d"]
    mask: Bool[np.ndarray, "batch nodes"]


def laplacian_spectra(graphs: Any, d: SupportsInt | None = None, isolated: SupportsFloat = 1.0) -> Spectra:
    """The d lowest eigenpairs of the normalised Laplacians of many graphs, zero-padded to one shape.

    Graphs of one size are assembled by one scatter and diagonalised together, so there is no Python work per graph
    beyond reading its edges, and no padding but that of the result. A few eigenpairs of a large graph (more than 1000
    nodes, d at most n / 20) come from a Krylov method, see `lowest_eigenpairs`. Eigenvalues ascend and are clipped to
    [0, 2], where they lie exactly; rounding would leave some at -1e-16. The basis inside an eigenspace is arbitrary:
    never compare it.

    Args:
        graphs: graphs in any form that `edge_list` accepts; at least one.
        d: how many eigenpairs to keep; all (the size of the largest graph) if None.
        isolated: the Laplacian's diagonal at a node without edges, as in `normalized_laplacian`.

    Returns:
        `(eigenvalues, eigenvectors, mask)` of shapes [batch, d], [batch, nodes, d], [batch, nodes].

    Raises:
        ValueError: for an empty batch, d < 1, a graph that `edge_list` refuses (named by its position), or a result
            of more than 2e8 numbers.
    """
    isolated = checks.number(isolated, "isolated", 0.0, 2.0)
    d = None if d is None else checks.integer(d, "d", 1, LARGEST_GRAPH)
    sizes, owner, ends, weights = _edges_of_all(_listed(graphs))
    batch, nodes = len(sizes), int(sizes.max())
    d = nodes if d is None else d
    checks.room(batch * nodes * d, "the number of graphs, their nodes and d")
    eigenvalues, eigenvectors = np.zeros((batch, d)), np.zeros((batch, nodes, d))
    starts = np.searchsorted(owner, np.arange(batch + 1))

    def diagonalise(rows: Int[np.ndarray, " some"]) -> None:
        n, keep, counts = int(sizes[rows[0]]), min(int(sizes[rows[0]]), d), starts[rows + 1] - starts[rows]
        within = np.repeat(np.arange(len(rows)), counts)
        edge = np.arange(len(within)) + np.repeat(starts[rows] - (np.cumsum(counts) - counts), counts)
        if n > MANY_NODES and keep * FEW <= n:
            for row, part in zip(rows, np.split(edge, np.cumsum(counts)[:-1]), strict=True):
                found = lowest_eigenpairs(n, ends[part], weights[part], keep, isolated)
                eigenvalues[row, :keep], eigenvectors[row, :n, :keep] = found
            return
        checks.order(n, "the number of nodes of a graph of which many eigenpairs are wanted")
        laplacians = _laplacians(_scatter(len(rows), n, within, ends[edge], weights[edge]), isolated)
        lam, V = np.linalg.eigh(laplacians)
        eigenvalues[rows, :keep] = np.clip(lam[:, :keep], 0.0, 2.0)
        eigenvectors[rows, :n, :keep] = V[:, :, :keep]

    # Many BLAS threads make matrices this small slower. Several groups at once are faster: eigh releases the GIL.
    with _threads().limit(limits=1):
        groups = [rows for n in np.unique(sizes) for rows in _chunks(np.flatnonzero(sizes == n), int(n))]
        if len(groups) < 4 or IN_BROWSER:  # Python in a browser starts no thread
            list(map(diagonalise, groups))
        else:
            with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
                list(pool.map(diagonalise, groups))
    return Spectra(eigenvalues, eigenvectors, np.arange(nodes) < sizes[:, None])


def laplacian_batch(
    graphs: Any, isolated: SupportsFloat = 1.0
) -> tuple[Int[np.ndarray, " batch"], Float[np.ndarray, "batch nodes nodes"]]:
    """The sizes of the graphs and their normalised Laplacians, zero beyond each graph's own nodes.

    Raises:
        ValueError: as `adjacency_batch`, or for `isolated` outside [0, 2].
    """
    isolated = checks.number(isolated, "isolated", 0.0, 2.0)
    sizes, adjacency = adjacency_batch(graphs)
    return sizes, _laplacians(adjacency, isolated) * (np.arange(adjacency.shape[1]) < sizes[:, None])[:, None]


def adjacency_batch(
    graphs: Any,
) -> tuple[Int[np.ndarray, " batch"], Float[np.ndarray, "batch nodes nodes"]]:
    """The sizes of the graphs and their adjacency matrices, zero-padded to the largest.

    Raises:
        ValueError: as `laplacian_spectra`.
    """
    sizes, owner, ends, weights = _edges_of_all(_listed(graphs))
    nodes = int(sizes.max())
    checks.room(len(sizes) * nodes**2, "the number of graphs and their nodes squared")
    return sizes, _scatter(len(sizes), nodes, owner, ends, weights)


def _scatter(batch: int, n: int, owner: Any, ends: Any, weights: Any) -> Float[np.ndarray, "batch n n"]:
    adjacency = np.zeros((batch, n, n))
    adjacency[owner, ends[:, 0], ends[:, 1]] = weights
    adjacency[owner, ends[:, 1], ends[:, 0]] = weights
    return adjacency


def _laplacians(adjacency: Float[np.ndarray, "batch n n"], isolated: float) -> Float[np.ndarray, "batch n n"]:
    """L = I - D^{-1/2} A D^{-1/2}, in the place of A."""
    degrees = adjacency.sum(axis=2)
    scale = inverse_sqrt_degrees(degrees)
    adjacency *= -scale[:, :, None]
    adjacency *= scale[:, None, :]
    i = np.arange(adjacency.shape[1])
    adjacency[:, i, i] = np.where(degrees > 0, 1.0, isolated)
    return adjacency


def _listed(graphs: Any) -> list[Any]:
    single = isinstance(graphs, nx.Graph) or (isinstance(graphs, np.ndarray) and graphs.ndim == 2)
    if single or scipy.sparse.issparse(graphs) or is_pair(graphs):
        raise ValueError("graphs must be several graphs, got a single one: put it into a list")
    try:
        listed = list(itertools.islice(graphs, MOST_GRAPHS + 1))
    except TypeError:
        raise ValueError(f"graphs must be several graphs, got {type(graphs).__name__}") from None
    if not 1 <= len(listed) <= MOST_GRAPHS:
        raise ValueError(f"graphs must hold at least one graph and at most {MOST_GRAPHS:,}")
    return listed


def _edges_of_all(graphs: list[Any]) -> EdgesOfAll:
    """Sizes, and for every edge its graph, ends and weight.

    Plain pairs (n, whole array [m, 2]) are checked all at once, which is what makes a large batch cheap; if anything
    is unusual, every graph is read by itself, and the one that is wrong is named.
    """
    return (all(_is_plain(graph) for graph in graphs) and _plain_edges(graphs)) or _read_edges(graphs)


def _plain_edges(graphs: list[Any]) -> EdgesOfAll | None:
    """The edges of plain pairs, sorted; None if an end is no node, or an edge is listed twice."""
    sizes = np.array([n for n, _ in graphs])
    owner = np.repeat(np.arange(len(graphs)), [len(edges) for _, edges in graphs])
    ends = np.concatenate([edges for _, edges in graphs]).astype(np.int64)
    low, high = ends.min(axis=1), ends.max(axis=1)
    if np.any((low < 0) | (high >= sizes[owner]) | (low == high)):
        return None
    keys = (np.concatenate([[0], np.cumsum(sizes)])[owner] + low) * int(sizes.max()) + high
    if len(np.unique(keys)) < len(keys):
        return None
    return sizes, owner, ends, np.ones(len(ends))


def _read_edges(graphs: list[Any]) -> EdgesOfAll:
    lists = [_read(graph, position) for position, graph in enumerate(graphs)]
    owner = np.repeat(np.arange(len(lists)), [len(edges) for _, edges, _ in lists])
    ends = np.concatenate([edges for _, edges, _ in lists])
    return np.array([n for n, _, _ in lists]), owner, ends, np.concatenate([weights for _, _, weights in lists])


def _is_plain(graph: Any) -> bool:
    if type(graph) is not tuple or len(graph) != 2 or type(graph[0]) is not int or not 1 <= graph[0] <= LARGEST_GRAPH:
        return False
    edges = graph[1]
    return type(edges) is np.ndarray and edges.ndim == 2 and edges.shape[1] == 2 and edges.dtype.kind == "i"


def _chunks(rows: Int[np.ndarray, " rows"], n: int) -> list[Int[np.ndarray, " some"]]:
    return np.array_split(rows, -(-len(rows) // max(1, min(CHUNK[0], CHUNK[1] // n**2))))


def _read(graph: Any, position: int) -> tuple[int, np.ndarray, np.ndarray]:
    try:
        return edge_list(graph)
    except ValueError as error:
        raise ValueError(f"graphs[{position}]: {error}") from None


@cache
def _threads() -> ThreadpoolController:
    """Finding the loaded BLAS libraries takes milliseconds; do it once."""
    return ThreadpoolController()
