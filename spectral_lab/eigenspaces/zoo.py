"""The small graphs of this chapter by name: rings, molecules, and pairs that are hard to tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
from jaxtyping import Float

from spectral_lab import checks


def decalin() -> nx.Graph:
    """Two hexagons that share an edge (10 carbons). 1-WL cannot tell it from `bicyclopentyl`."""
    return nx.Graph([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (0, 6), (6, 7), (7, 8), (8, 9), (9, 5)])


def bicyclopentyl() -> nx.Graph:
    """Two pentagons joined by an edge (10 carbons)."""
    ring = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)]
    return nx.Graph(ring + [(u + 5, v + 5) for u, v in ring] + [(0, 5)])


def two_triangles() -> nx.Graph:
    """Two separate triangles; 1-WL cannot tell them from a hexagon."""
    return nx.Graph([(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)])


def rook() -> nx.Graph:
    """The 4x4 rook's graph: squares of a board, joined along rows and columns. Strongly regular (16, 6, 2, 2)."""
    return nx.convert_node_labels_to_integers(nx.line_graph(nx.complete_bipartite_graph(4, 4)), ordering="sorted")


def shrikhande() -> nx.Graph:
    """The Shrikhande graph, (16, 6, 2, 2) as well: 2-FWL cannot tell it from the rook's graph.

    The torus Z4 x Z4, where (a, b) is joined to its translates by ±(1, 0), ±(0, 1) and ±(1, 1).
    """
    steps = ((1, 0), (0, 1), (1, 1))
    return nx.Graph(
        (4 * a + b, 4 * ((a + da) % 4) + (b + db) % 4) for a in range(4) for b in range(4) for da, db in steps
    )


def barbell() -> nx.Graph:
    """Two cliques of five nodes joined by an edge: one very small eigenvalue."""
    return nx.barbell_graph(5, 0)


MOST_DRAWN = 300  # nodes; some seconds
GRAPHS: dict[str, Callable[[], nx.Graph]] = {
    "ring of 8": lambda: nx.cycle_graph(8),
    "hexagon": lambda: nx.cycle_graph(6),
    "two triangles": two_triangles,
    "decalin": decalin,
    "bicyclopentyl": bicyclopentyl,
    "Petersen": nx.petersen_graph,
    "cube": lambda: nx.convert_node_labels_to_integers(nx.hypercube_graph(3), ordering="sorted"),
    "barbell": barbell,
    "rook 4x4": rook,
    "Shrikhande": shrikhande,
    "karate club": lambda: nx.Graph(nx.karate_club_graph().edges()),
}


def named_graph(name: str) -> nx.Graph:
    """A graph of the zoo, with nodes 0..n-1 in order and without weights.

    Raises:
        ValueError: for a name that is not in `GRAPHS`.
    """
    graph = GRAPHS[checks.choice(name, "name", GRAPHS)]()
    ordered: nx.Graph = nx.empty_graph(graph.number_of_nodes())
    ordered.add_edges_from(graph.edges())
    return ordered


def layout(graph: Any) -> Float[np.ndarray, "n 2"]:
    """Coordinates for drawing: rings as rings, molecules as molecules.

    Kamada and Kawai's layout: deterministic, and it draws fused rings as chemists do when it starts from a drawing
    without crossings, where there is one. Components are laid out one by one, side by side.

    Raises:
        ValueError: for anything but an undirected networkx graph of 1 to 300 nodes.
    """
    if not isinstance(graph, nx.Graph) or graph.is_directed() or not 1 <= graph.number_of_nodes() <= MOST_DRAWN:
        raise ValueError(f"graph must be an undirected networkx graph of 1 to 300 nodes, got {checks.shown(graph)}")
    index = {node: i for i, node in enumerate(graph)}
    xy, left = np.zeros((len(index), 2)), 0.0
    for nodes in nx.connected_components(graph):
        part_of = graph.subgraph(nodes)
        start = nx.planar_layout(part_of) if nx.check_planarity(part_of)[0] else nx.circular_layout(part_of)
        place = nx.kamada_kawai_layout(part_of, pos=start, weight=None)
        part = np.array([place[node] for node in nodes]) * np.sqrt(len(nodes))
        part -= part.min(axis=0)
        xy[[index[node] for node in nodes]] = part + [left, -part[:, 1].max() / 2]
        left += part[:, 0].max() + 1.6
    return xy
