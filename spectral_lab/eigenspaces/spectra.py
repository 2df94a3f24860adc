"""The spectra of many graphs at once, padded to one shape.

EVD_d(L) keeps the d smallest eigenvalues, the zero included. A graph with n < d nodes has its eigenvalues and the
columns of its eigenvectors padded with zeros to d (SPE, section 2).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, NamedTuple, SupportsFloat, SupportsInt

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float, Int
from threadpoolctl import ThreadpoolController

from spectral_lab import checks
from spectral_lab.eigenspaces.laplacian import edge_list, inverse_sqrt_degrees

CHUNK = 64  # graphs of one size that are diagonalised in one call


class Spectra(NamedTuple):
    """Eigenpairs of a batch of graphs; `mask` is True on the nodes that exist."""

    eigenvalues: Float[np.ndarray, "batch d"]
    eigenvectors: Float[np.ndarray, "batch nodes d"]
    mask: Bool[np.ndarray, "batch nodes"]


def laplacian_spectra(graphs: Any, d: SupportsInt | None = None, isolated: SupportsFloat = 1.0) -> Spectra:
    """The d lowest eigenpairs of the normalised Laplacians of many graphs, zero-padded to one shape.

    The Laplacians are assembled by one scatter and diagonalised size by size, so there is no Python work per graph
    beyond reading its edges. Eigenvalues ascend and are clipped to [0, 2], where they lie exactly; rounding would
    leave some at -1e-16. The basis inside an eigenspace is whatever LAPACK returns: never compare it.

    Args:
        graphs: graphs in any form that `edge_list` accepts; at least one.
        d: how many eigenpairs to keep; all (the size of the largest graph) if None.
        isolated: the Laplacian's diagonal at a node without edges, as in `normalized_laplacian`.

    Returns:
        `(eigenvalues, eigenvectors, mask)` of shapes [batch, d], [batch, nodes, d], [batch, nodes].

    Raises:
        ValueError: for an empty batch, d < 1, or a graph that `edge_list` refuses (named by its position).
    """
    isolated = checks.number(isolated, "isolated", 0.0, 2.0)
    sizes, laplacians = laplacian_batch(graphs, isolated)
    batch, nodes = laplacians.shape[:2]
    d = nodes if d is None else checks.integer(d, "d", 1)
    eigenvalues, eigenvectors = np.zeros((batch, d)), np.zeros((batch, nodes, d))

    def diagonalise(rows: Int[np.ndarray, " some"]) -> None:
        n = int(sizes[rows[0]])
        keep = min(n, d)
        lam, V = np.linalg.eigh(laplacians[rows, :n, :n])
        eigenvalues[rows, :keep] = np.clip(lam[:, :keep], 0.0, 2.0)
        eigenvectors[rows, :n, :keep] = V[:, :, :keep]

    # Many BLAS threads make matrices this small slower. Several groups at once are faster: eigh releases the GIL.
    with _threads().limit(limits=1):
        groups = [rows for n in np.unique(sizes) for rows in _chunks(np.flatnonzero(sizes == n))]
        if len(groups) < 4:
            list(map(diagonalise, groups))
        else:
            with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
                list(pool.map(diagonalise, groups))
    return Spectra(eigenvalues, eigenvectors, np.arange(nodes) < sizes[:, None])


def laplacian_batch(
    graphs: Any, isolated: float = 1.0
) -> tuple[Int[np.ndarray, " batch"], Float[np.ndarray, "batch nodes nodes"]]:
    """The sizes of the graphs and their normalised Laplacians, zero beyond each graph's own nodes.

    Raises:
        ValueError: as `laplacian_spectra`.
    """
    sizes, laplacians = adjacency_batch(graphs)
    degrees = laplacians.sum(axis=2)
    scale = inverse_sqrt_degrees(degrees)
    laplacians *= -scale[:, :, None]
    laplacians *= scale[:, None, :]
    i = np.arange(laplacians.shape[1])
    laplacians[:, i, i] = np.where(degrees > 0, 1.0, isolated) * (i < sizes[:, None])
    return sizes, laplacians


def adjacency_batch(
    graphs: Any,
) -> tuple[Int[np.ndarray, " batch"], Float[np.ndarray, "batch nodes nodes"]]:
    """The sizes of the graphs and their adjacency matrices, zero-padded to the largest.

    Raises:
        ValueError: as `laplacian_spectra`.
    """
    if isinstance(graphs, nx.Graph) or (isinstance(graphs, np.ndarray) and graphs.ndim == 2):
        raise ValueError("graphs must be several graphs, got a single one: put it into a list")
    try:
        listed = list(graphs)
    except TypeError:
        raise ValueError(f"graphs must be several graphs, got {type(graphs).__name__}") from None
    sizes, owner, ends, weights = _edges_of_all(listed)
    adjacency = np.zeros((len(sizes), sizes.max(), sizes.max()))
    adjacency[owner, ends[:, 0], ends[:, 1]] = weights
    adjacency[owner, ends[:, 1], ends[:, 0]] = weights
    return sizes, adjacency


def _edges_of_all(
    graphs: list[Any],
) -> tuple[Int[np.ndarray, " batch"], Int[np.ndarray, " e"], Int[np.ndarray, "e 2"], Float[np.ndarray, " e"]]:
    """Sizes, and for every edge its graph, ends and weight.

    Plain pairs (n, whole array [m, 2]) are checked all at once, which is what makes a large batch cheap; if anything
    is unusual, every graph is read by itself, and the one that is wrong is named.
    """
    if not graphs:
        raise ValueError("graphs must hold at least one graph")
    if all(_is_plain(graph) for graph in graphs):
        sizes = np.array([n for n, _ in graphs])
        owner = np.repeat(np.arange(len(graphs)), [len(edges) for _, edges in graphs])
        ends = np.concatenate([edges for _, edges in graphs])
        if not len(ends) or (
            ends.min() >= 0 and (ends < sizes[owner, None]).all() and (ends[:, 0] != ends[:, 1]).all()
        ):
            return sizes, owner, ends, np.ones(len(ends))
    lists = [_read(graph, position) for position, graph in enumerate(graphs)]
    owner = np.repeat(np.arange(len(lists)), [len(edges) for _, edges, _ in lists])
    ends = np.concatenate([edges for _, edges, _ in lists])
    return np.array([n for n, _, _ in lists]), owner, ends, np.concatenate([weights for _, _, weights in lists])


def _is_plain(graph: Any) -> bool:
    if type(graph) is not tuple or len(graph) != 2 or type(graph[0]) is not int or graph[0] < 1:
        return False
    edges = graph[1]
    return type(edges) is np.ndarray and edges.ndim == 2 and edges.shape[1] == 2 and edges.dtype.kind == "i"


def _chunks(rows: Int[np.ndarray, " rows"]) -> list[Int[np.ndarray, " some"]]:
    return np.array_split(rows, -(-len(rows) // CHUNK))


def _read(graph: Any, position: int) -> tuple[int, np.ndarray, np.ndarray]:
    try:
        return edge_list(graph)
    except ValueError as error:
        raise ValueError(f"graphs[{position}]: {error}") from None


@cache
def _threads() -> ThreadpoolController:
    """Finding the loaded BLAS libraries takes milliseconds; do it once."""
    return ThreadpoolController()
