"""Demonstration 6: PEG's square root of two."""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

import networkx as nx
import numpy as np

from spectral_lab.eigenspaces.explorers._drawing import fitted, graph
from spectral_lab.eigenspaces.laplacian import adjacency_matrix
from spectral_lab.eigenspaces.spectra import laplacian_spectra
from spectral_lab.eigenspaces.zoo import layout, named_graph
from spectral_lab.explorer import Data, Explorer, choice, integers
from spectral_lab.explorer.palette import BLUE, INK, PAPER, RED
from spectral_lab.explorer.theme import Figure, axis, bare, figure, line, matrix, note, panel, points

# Graphs of ten nodes without a repeated eigenvalue: the lengths are then the same on every machine, for every d.
GRAPHS = ("decalin", "path of 10", "azulene")
# A pentagon and a heptagon that share an edge.
AZULENE = "[(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (9, 0)]"
BINS = np.linspace(0, 1.5, 31)


@cache
def _graph(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges, layout and eigenvectors."""
    builders = {"path of 10": lambda: nx.path_graph(10), "azulene": lambda: nx.Graph(ast.literal_eval(AZULENE))}
    G = builders[name]() if name in builders else named_graph(name)
    V = laplacian_spectra([G]).eigenvectors[0]
    zigzag = np.stack([np.arange(10.0), 2.0 * (np.arange(10) % 2)], axis=1)  # as chemists draw a chain
    xy = zigzag if name == "path of 10" else layout(G)
    return np.argwhere(np.triu(adjacency_matrix(G))), fitted(xy, (0, 0), 2.0), V


def _compute(graph: str, d: int, node: int) -> dict[str, Any]:
    V = _graph(graph)[2][:, :d]
    lengths = np.linalg.norm(V[:, None] - V[None], axis=2)
    pairs = lengths[np.triu_indices(len(V), 1)]
    counts, _ = np.histogram(pairs, BINS)
    return {"lengths": lengths, "pairs": pairs, "counts": counts}


def _figure(d: Data) -> Figure:
    edges, xy, _ = _graph(d.graph)
    white, root, names = [[0, PAPER], [1, BLUE]], np.sqrt(2), [str(i) for i in range(10)]
    ring = {"symbol": "circle-open", "size": 30, "color": RED, "line": {"width": 3, "color": RED}}
    node, down = axis("node (blue: √2)", dtick=1), axis("", 9.5, -0.5, dtick=1)
    length, pairs = axis("length ‖Vᵢ − Vⱼ‖", 0, 1.5), axis("pairs (of 45)", 0, 47)
    return figure(
        panel("Length from the circled node", bare(-1.3, 1.3), bare(-1.3, 1.3), equal=True).draw(
            *graph(xy, edges, d.lengths[d.node], root, low=0.0, colors=white, labels=names),
            points(xy[[d.node], 0], xy[[d.node], 1], marker=ring),
        ),
        panel("All lengths", node, down, 0.9, equal=True).draw(
            matrix(d.lengths, root, low=0, colors=white), line([-0.5, 9.5], [d.node] * 2, color=RED, width=1.5)
        ),
        panel("How they are spread", length, pairs).draw(
            line(np.repeat(BINS, 2)[1:-1], np.repeat(d.counts, 2), fill="tozeroy"),
            line([root] * 2, [0, 47], color=INK, dash="dash", width=1.5),
            note("√2", root, 44, anchor="right", xshift=-4),
        ),
        height=330,
    )


def _readout(d: Data) -> str:
    own = np.delete(d.lengths[d.node], d.node)
    return (
        f"{d.graph.capitalize()}, d = {d.d} of 10: the lengths have mean {d.pairs.mean():.3f} and standard "
        f"deviation {d.pairs.std():.3f}; from node {d.node} they run from {own.min():.3f} to {own.max():.3f}."
        + (" All are √2: the encoding says nothing." if d.d == 10 else "")
    )


def _code(graph: str, d: int, node: int) -> str:
    build = {"path of 10": "nx.path_graph(10)", "azulene": f"nx.Graph({AZULENE})"}.get(graph, f"named_graph({graph!r})")
    return f"""
        import networkx as nx
        import numpy as np
        from spectral_lab.eigenspaces import laplacian_spectra, named_graph

        V = laplacian_spectra([{build}], d={d}).eigenvectors[0]
        lengths = np.linalg.norm(V[:, None] - V[None], axis=2)
        pairs, own = lengths[np.triu_indices(len(V), 1)], np.delete(lengths[{node}], {node})
        print("d, n", {d}, len(V))
        print("mean, standard deviation", pairs.mean(), pairs.std())
        print("from node {node}", own.min(), own.max())
    """


def lengths(**state: Any) -> Explorer:
    """PEG reads lengths between rows of V; with all eigenvectors every length is sqrt(2) (C15)."""
    return Explorer(
        title="More eigenvectors, less information",
        controls=[
            choice("graph", "graph", GRAPHS),
            integers("d", "eigenvectors $d$", 1, 10, 4, play=True),
            integers("node", "node", 0, 9, 0),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={"d = 2": {"d": 2}, "d = 8": {"d": 8}, "All eigenvectors": {"d": 10}},
        state=state,
    )
