"""What message passing sees without a positional encoding, and the random-walk encoding that helps it a little."""

from __future__ import annotations

from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float, Int

from spectral_lab import checks
from spectral_lab.eigenspaces.laplacian import adjacency_matrix


def random_walk_encoding(graph: Any, steps: SupportsInt) -> Float[np.ndarray, "n steps"]:
    """The probabilities ((D^{-1} A)^k)_ii that a random walk from node i is back after k = 1..steps steps.

    A node without edges has probability 0, as in PyG's `AddRandomWalkPE`.

    Raises:
        ValueError: for steps < 1, or as `edge_list`.
    """
    steps = checks.integer(steps, "steps", 1)
    A = adjacency_matrix(graph)
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
        rounds: how many rounds; as many as there are nodes if None, which is always enough.

    Raises:
        ValueError: for negative rounds, or as `edge_list`.
    """
    A = adjacency_matrix(graph) > 0
    colours = np.zeros(len(A), dtype=int)
    for _ in range(len(A) if rounds is None else checks.integer(rounds, "rounds", 0)):
        signatures = [(colours[i], *np.sort(colours[A[i]])) for i in range(len(A))]
        number = {signature: rank for rank, signature in enumerate(sorted(set(signatures)))}
        colours = np.array([number[signature] for signature in signatures])
    return colours
