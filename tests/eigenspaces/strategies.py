"""Random graphs for the property tests."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import strategies as st


def random_adjacency(rng: np.random.Generator, n: int, density: float = 0.4, weighted: bool = False) -> np.ndarray:
    upper = np.triu(rng.random((n, n)) < density, 1).astype(float)
    if weighted:
        upper *= rng.uniform(0.2, 2.0, (n, n))
    return upper + upper.T


@st.composite
def adjacencies(draw, min_nodes: int = 2, max_nodes: int = 9, weighted: bool = False) -> np.ndarray:
    n = draw(st.integers(min_nodes, max_nodes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return random_adjacency(rng, n, draw(st.sampled_from([0.2, 0.5, 0.8])), weighted)


def connected_ring_with_chords(rng: np.random.Generator, n: int, chords: int) -> np.ndarray:
    graph = nx.cycle_graph(n)
    graph.add_edges_from((int(u), int(v)) for u, v in rng.integers(0, n, (chords, 2)) if u != v)
    A = nx.to_numpy_array(graph)
    weights = np.triu(rng.uniform(0.3, 2.0, (n, n)), 1)
    return A * (weights + weights.T)
