"""Counting cycles exactly, from powers of the adjacency matrix.

A closed walk of length k is a k-cycle unless it meets itself. Inclusion and exclusion over the ways in which it can
meet itself (Möbius inversion on the partitions of its k steps) leaves the formulas below. They are exact in integers.
"""

from __future__ import annotations

from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float, Int

from spectral_lab import checks
from spectral_lab.eigenspaces.laplacian import adjacency_matrix

EXACT = 2.0**53  # up to here double precision holds every integer


def cycle_counts(graph: Any, k: SupportsInt, per_node: bool = False) -> int | np.ndarray:
    """The number of cycles of length k, 3 to 6, in a graph; or through each of its nodes.

    Args:
        graph: a graph in any form that `edge_list` accepts, without weights; or a stack [batch, n, n] of
            adjacency matrices (padded with zeros), which gives one result per graph.
        k: the length, 3, 4, 5 or 6.
        per_node: count the cycles through each node instead; the sum over nodes is k times the total.

    Returns:
        A whole number ([batch] for a stack); with `per_node` an integer array [n] ([batch, n]).

    Raises:
        ValueError: for another k, weights other than 0 and 1, or a graph so large that counts exceed 2^53.
    """
    k = checks.integer(k, "k", 3, 6)
    per_node = checks.flag(per_node, "per_node")
    stack = isinstance(graph, np.ndarray) and graph.ndim == 3
    A = _checked_stack(graph) if stack else _checked(adjacency_matrix(graph))
    counts = _COUNTERS[k](A)
    if per_node:
        return counts
    totals = counts.sum(axis=-1) // k
    return totals if stack else int(totals)


def _three(A: Float[np.ndarray, "*batch n n"]) -> Int[np.ndarray, "*batch n"]:
    """c_3(i) = ½ (A³)_ii."""
    return _integers(_row(A * (A @ A)) / 2)


def _four(A: Float[np.ndarray, "*batch n n"]) -> Int[np.ndarray, "*batch n"]:
    """c_4(i) = Σ_{j≠i} binom((A²)_ij, 2): two different common neighbours of i and j."""
    paths = A @ A * (1 - np.eye(A.shape[-1]))
    return _integers(_row(paths * (paths - 1)) / 2)


def _five(A: Float[np.ndarray, "*batch n n"]) -> Int[np.ndarray, "*batch n"]:
    """2 c_5(i) = a5 - 2 d a3 + 5 a3 - A a3 - 2 Σ_j A_ij (A²)_ij d_j, where ak(i) = (A^k)_ii."""
    A2 = A @ A
    d, edge = _row(A), A * A2
    a3, a5 = _row(edge), _row(A2 * (A2 @ A))
    return _integers((a5 - 2 * d * a3 + 5 * a3 - _apply(A, a3) - 2 * _apply(edge, d)) / 2)


def _six(A: Float[np.ndarray, "*batch n n"]) -> Int[np.ndarray, "*batch n"]:
    """Cycles of length 6 through a node (derived here): each line is one way for a walk to meet itself."""
    A2 = A @ A
    A3 = A2 @ A
    d, edge = _row(A), A * A2  # degrees; edge[i, j]: triangles on the edge ij
    a3, a4, a6 = _row(edge), _row(A2 * A2), _row(A3 * A3)
    twice = (
        a6
        + 6 * a4 - 4 * a3 - 2 * d * a4 - a3**2  # fewer triangles, squares and bow-ties at the node
        - 2 * _apply(A * A3, d) - _apply(A2**2, d) - _apply(A, a4)  # squares with a pendant edge elsewhere
        - 2 * _apply(edge, a3)  # bow-ties that hang at a neighbour
        + 6 * _row(A * A2**2) + 3 * _row(A * (A @ edge))  # two triangles that share an edge
        + 2 * d**3 - 6 * d**2 + 4 * d  # stars around the node
        + 2 * d * _apply(A, d) + _apply(A2, d) + 2 * _apply(A, d**2) - 6 * _apply(A, d)  # trees around a neighbour
    )  # fmt: skip
    return _integers(twice / 2)


_COUNTERS = {3: _three, 4: _four, 5: _five, 6: _six}


def _row(M: Float[np.ndarray, "*batch n n"]) -> Float[np.ndarray, "*batch n"]:
    return M.sum(axis=-1)


def _apply(M: Float[np.ndarray, "*batch n n"], x: Float[np.ndarray, "*batch n"]) -> Float[np.ndarray, "*batch n"]:
    return (M @ x[..., None])[..., 0]


def _integers(values: Float[np.ndarray, "*batch n"]) -> Int[np.ndarray, "*batch n"]:
    return np.rint(values).astype(np.int64)


def _checked_stack(stack: np.ndarray) -> np.ndarray:
    A = checks.array(stack, "graph", (None, None, stack.shape[1]))
    if not np.array_equal(A, A.swapaxes(1, 2)) or np.any(np.diagonal(A, axis1=1, axis2=2)):
        raise ValueError("graph must hold symmetric matrices without self-loops")
    return _checked(A)


def _checked(A: np.ndarray) -> np.ndarray:
    if np.any((A != 0) & (A != 1)):
        raise ValueError("graph must hold only 0 and 1: cycles are counted in graphs without weights")
    # Closed walks of length 6 number at most n d^5 per node sum; the coefficients add at most a factor 16.
    if 16 * A.shape[-1] * A.sum(axis=-1).max(initial=0.0) ** 5 > EXACT:
        raise ValueError("graph is too large: the counts would exceed what double precision holds exactly")
    return A
