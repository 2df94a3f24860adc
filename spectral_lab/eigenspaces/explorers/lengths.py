"""Demonstration 6: PEG's square root of two."""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

import networkx as nx
import numpy as np

from spectral_lab.eigenspaces.explorers import _drawing as drawing
from spectral_lab.eigenspaces.laplacian import adjacency_matrix
from spectral_lab.eigenspaces.spectra import laplacian_spectra
from spectral_lab.eigenspaces.zoo import layout, named_graph
from spectral_lab.explorer import Explorer, choice, integers, theme

# Graphs of ten nodes without a repeated eigenvalue: the lengths are then the same on every machine, for every d.
GRAPHS = ("decalin", "path of 10", "azulene")
# A pentagon and a heptagon that share an edge.
AZULENE = "[(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (9, 0)]"
BINS = np.linspace(0, 1.5, 31)


@cache
def _graph(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges, layout and eigenvectors."""
    builders = {"path of 10": lambda: nx.path_graph(10), "azulene": lambda: nx.Graph(ast.literal_eval(AZULENE))}
    graph = builders[name]() if name in builders else named_graph(name)
    V = laplacian_spectra([graph]).eigenvectors[0]
    zigzag = np.stack([np.arange(10.0), 2.0 * (np.arange(10) % 2)], axis=1)  # as chemists draw a chain
    xy = zigzag if name == "path of 10" else layout(graph)
    return np.argwhere(np.triu(adjacency_matrix(graph))), drawing.fitted(xy, (0, 0), 2.0), V


def _compute(graph: str, d: int, node: int) -> dict[str, Any]:
    V = _graph(graph)[2][:, :d]
    lengths = np.linalg.norm(V[:, None] - V[None], axis=2)
    pairs = lengths[np.triu_indices(len(V), 1)]
    counts, _ = np.histogram(pairs, BINS)
    return {"graph": graph, "d": d, "node": node, "lengths": lengths, "pairs": pairs, "counts": counts}


def _figure(d: dict[str, Any]) -> theme.Figure:
    edges, xy, _ = _graph(d["graph"])
    white = [[0, theme.PAPER], [1, theme.BLUE]]
    node = np.arange(10)
    steps = np.repeat(BINS, 2)[1:-1]
    chosen = d["node"]
    return theme.figure(
        [
            *drawing.graph(
                xy, edges, d["lengths"][chosen], np.sqrt(2), low=0.0, colors=white, labels=[str(i) for i in node]
            ),
            theme.points(
                xy[[chosen], 0], xy[[chosen], 1], marker={"symbol": "circle-open", "size": 30, "color": theme.RED,
                "line": {"width": 3, "color": theme.RED}}
            ),
            theme.heat(node, node, d["lengths"], low=0, high=np.sqrt(2), colors=white, zsmooth=False, panel=2),
            theme.line([-0.5, 9.5], [chosen, chosen], color=theme.RED, width=1.5, panel=2),
            theme.line(steps, np.repeat(d["counts"], 2), panel=3, fill="tozeroy"),
            theme.line([np.sqrt(2)] * 2, [0, 47], color=theme.INK, dash="dash", width=1.5, panel=3),
        ],
        x=[
            drawing.bare(-1.3, 1.3),
            theme.axis("node (blue: √2)", dtick=1),
            theme.axis("length ‖Vᵢ − Vⱼ‖", low=0, high=1.5),
        ],
        y=[
            drawing.bare(-1.3, 1.3),
            theme.axis(low=9.5, high=-0.5, dtick=1),
            theme.axis("pairs (of 45)", low=0, high=47),
        ],
        titles=["Length from the circled node", "All lengths", "How they are spread"],
        widths=[1, 0.9, 1],
        equal=[True, True, False],
        height=330,
        notes=[theme.note("√2", np.sqrt(2), 44, panel=3, anchor="right", xshift=-4)],
    )  # fmt: skip


def _readout(d: dict[str, Any]) -> str:
    own = np.delete(d["lengths"][d["node"]], d["node"])
    return (
        f"{d['graph'].capitalize()}, d = {d['d']} of 10: the lengths have mean {d['pairs'].mean():.3f} and standard "
        f"deviation {d['pairs'].std():.3f}; from node {d['node']} they run from {own.min():.3f} to {own.max():.3f}."
        + (" All are √2: the encoding says nothing." if d["d"] == 10 else "")
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
