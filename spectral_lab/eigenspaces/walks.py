"""What message passing sees without a positional encoding, and the random-walk encoding that helps it a little."""

from __future__ import annotations

from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float, Int

from spectral_lab import checks
from spectral_lab.eigenspaces.laplacian import adjacency_matrix, edge_list

MOST_STEPS, MOST_WORK = 10_000, 2e11  # the work in multiplications: some ten seconds


def random_walk_encoding(graph: Any, steps: SupportsInt) -> Float[np.ndarray, "n steps"]:
    """The probabilities ((D^{-1} A)^k)_ii that a random walk from node i is back after k = 1..steps steps.

    A node without edges has probability 0, as in PyG's `AddRandomWalkPE`.

    Raises:
        ValueError: for steps < 1, more than 10 000 or than some ten seconds allow (2e11 / n^3), or as
            `adjacency_matrix`.
    """
    A = adjacency_matrix(graph)
    steps = checks.integer(steps, "steps", 1, max(1, min(MOST_STEPS, int(MOST_WORK / len(A) ** 3))))
    degrees = A.sum(axis=1, keepdims=True)
    walk = A / np.where(degrees > 0, degrees, 1.0)
    power, returns = np.eye(len(A)), []
    for _ in range(steps):
        power = power @ walk
        returns.append(np.diagonal(power))
    return np.stack(returns, axis=1)


def stable_colours(graph: Any, rounds: SupportsInt | None = None) -> Int[np.ndarray, " n"]:
    """The colours of Weisfeiler and Leman's refinement (1-WL): what a message-passing network can tell apart.

    All nodes start with one colour; each round recolours a node by its colour and the multiset of its neighbours'
    colours. Colours are numbered within the graph, in a way that does not depend on the order of its nodes. To compare
    two graphs, colour their disjoint union: on its own, every regular graph has the one colour 0.

    Args:
        graph: a graph in any form that `edge_list` accepts; weights count only as edge or no edge.
        rounds: how many rounds at most; the colours are stable after fewer rounds than there are nodes, and then it
            stops. Most graphs need a handful; a path of 10 000 nodes needs 5000, some 20 seconds.

    Raises:
        ValueError: for negative rounds, more than 10 000 nodes, or as `edge_list`.
    """
    n, edges, _ = edge_list(graph)
    checks.order(n, "the number of nodes of graph")
    node, neighbour = np.concatenate([edges, edges[:, ::-1]]).T
    degrees = np.bincount(node, minlength=n)
    place = np.arange(len(node)) - np.repeat(np.cumsum(degrees) - degrees, degrees)  # among its node's neighbours
    colours = np.zeros(n, dtype=np.int64)
    for _ in range(n if rounds is None else checks.integer(rounds, "rounds", 0)):
        order = np.lexsort((colours[neighbour], node))
        signatures = np.full((n, 1 + int(degrees.max())), -1)  # a colour and the sorted colours around it
        signatures[:, 0] = colours
        signatures[node[order], 1 + place] = colours[neighbour[order]]
        finer = np.unique(signatures, axis=0, return_inverse=True)[1].ravel()
        if finer.max() == colours.max():  # as many colours as before: the partition is stable
            break
        colours = finer
    return colours
