"""Demonstration 4: counting with a spectrum."""

from __future__ import annotations

from functools import cache
from typing import Any

import networkx as nx
import numpy as np

from spectral_lab.eigenspaces.cycles import cycle_counts
from spectral_lab.eigenspaces.explorers._drawing import fitted, graph, round_up
from spectral_lab.eigenspaces.filters import spectral_filter
from spectral_lab.eigenspaces.laplacian import adjacency_matrix
from spectral_lab.eigenspaces.spectra import laplacian_spectra
from spectral_lab.eigenspaces.walks import stable_colours
from spectral_lab.eigenspaces.zoo import layout, named_graph
from spectral_lab.explorer import Data, Explorer, choice, number_text, slider
from spectral_lab.explorer.palette import BLUE, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, bare, figure, line, note, panel, points

PAIRS = {
    "decalin / bicyclopentyl": ("decalin", "bicyclopentyl"),
    "hexagon / two triangles": ("hexagon", "two triangles"),
    "rook / Shrikhande": ("rook 4x4", "Shrikhande"),
}
POWERS = (2, 3, 4, 5, 6)
LENGTHS = (3, 4, 5, 6)
GRID = np.linspace(0, 2, 201)
SMALLEST = 0.01  # of the axes, for a filter that is 0


@cache
def _pair(name: str) -> list[dict[str, Any]]:
    found, graphs = [], [named_graph(graph_name) for graph_name in PAIRS[name]]
    colours = np.split(stable_colours(nx.disjoint_union(*graphs)), 2)  # numbered in common, to be compared
    for left, graph_name, G, own in zip((0.0, 2.7), PAIRS[name], graphs, colours, strict=True):
        lam, V, _ = laplacian_spectra([G])
        A = adjacency_matrix(G)
        xy = layout(G)
        walk, degrees = spectral_filter(V[0], lam[0], 1 - lam[0]), A.sum(axis=1)  # walk = D^{-1/2} A D^{-1/2}
        rebuilt = np.rint(walk * np.sqrt(np.outer(degrees, degrees)))
        if "4x4" in graph_name or "Shrikhande" in graph_name:
            xy = np.array([_torus(i) for i in range(16)])
        found.append(
            {
                "name": graph_name, "xy": fitted(xy, (left, 0), 2.0), "edges": np.argwhere(np.triu(A)),
                "lam": lam[0], "V": V[0], "colours": own,
                "cycles": [cycle_counts(rebuilt, k) for k in LENGTHS], "exact": np.array_equal(rebuilt, A),
            }
        )  # fmt: skip
    return found


def _torus(i: int) -> tuple[float, float]:
    """A place on a slightly bent 4 x 4 board: on a straight one, long edges would hide behind short ones."""
    a, b = divmod(i, 4)
    return a + 0.18 * (b - 1.5) ** 2, b + 0.18 * (a - 1.5) ** 2


def _compute(pair: str, **coefficients: float) -> dict[str, Any]:
    c = np.array([coefficients[f"c{k}"] for k in POWERS])

    def phi(lam: np.ndarray) -> np.ndarray:
        return (1 - lam[..., None]) ** np.array(POWERS) @ c

    graphs = _pair(pair)
    diagonals = [np.diagonal(spectral_filter(g["V"], g["lam"], phi)) for g in graphs]
    return {
        "c": c, "curve": phi(GRID), "first": diagonals[0], "second": diagonals[1],
        "weights": [phi(g["lam"]) for g in graphs],
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    graphs = _pair(d.pair)
    limit = round_up(max(float(np.abs([d.first, d.second]).max()), SMALLEST))
    reach = round_up(max(float(np.abs(d.curve).max()), SMALLEST))
    drawn, filtered, ranked = [], [line(GRID, d.curve, "φ", MUTED)], []
    for g, values, weights, color, shift in zip(
        graphs, (d.first, d.second), d.weights, (RED, BLUE), (-0.06, 0.06), strict=True
    ):
        letters, centre = [chr(ord("a") + colour) for colour in g["colours"]], g["xy"].mean(axis=0)[0]
        drawn += graph(g["xy"], g["edges"], values, limit, labels=letters, size=18, width=1.5)
        drawn += [note(g["name"], centre, 1.45, color, anchor="center")]
        drawn += [note(" ".join(map(str, g["cycles"])), centre, -1.45, anchor="center")]
        filtered.append(points(g["lam"], weights, g["name"], color, size=8))
        rank = np.arange(1, len(values) + 1)
        ranked.append(points(rank + shift, np.sort(values), g["name"], color, size=8))
    cycles, diagonal = "numbers of 3-, 4-, 5-, 6-cycles", {"text": "(V φ(Λ) Vᵀ)ᵢᵢ", "standoff": 2}
    eigenvalue, weight = axis("eigenvalue λ", -0.05, 2.05), axis("φ(λ)", -1.05 * reach, 1.05 * reach)
    node = axis("node, by rank", 0.3, len(d.first) + 0.7)
    entry = axis("", -1.05 * limit, 1.05 * limit, nticks=5) | {"title": diagonal}
    return figure(
        panel("Colour: diagonal; letter: 1-WL", bare(-1.2, 3.95, cycles), bare(-1.65, 1.65), 1.5, equal=True).draw(
            *drawn
        ),
        panel("The filter", eigenvalue, weight, 0.8).draw(*filtered),
        panel("Diagonals, sorted", node, entry, 0.8).draw(*ranked),
        height=340,
    )


def _readout(d: Data) -> str:
    first, second = _pair(d.pair)
    same = np.array_equal(np.sort(first["colours"]), np.sort(second["colours"]))
    apart = float(np.abs(np.sort(d.first) - np.sort(d.second)).max())
    told = f"differ by {apart:.4f}" if apart > 1e-10 else "agree"
    exact = "both right" if first["exact"] and second["exact"] else "wrong"
    return (
        f"φ(λ) = {_polynomial(d.c)}. Cycles of length 3, 4, 5, 6, from the filter 1 − λ and the degrees: "
        f"{_list(first['cycles'])} in {first['name']}, {_list(second['cycles'])} in {second['name']} ({exact}). "
        f"Message passing alone {'cannot tell them apart' if same else 'tells them apart'}; the sorted diagonals "
        f"{told} (traces {_rounded(d.first.sum())} and {_rounded(d.second.sum())})."
    )


def _polynomial(coefficients: np.ndarray) -> str:
    """The filter as a reader writes it: (1−λ)³ − 0.5(1−λ)⁶."""
    text = ""
    for c, k in zip(coefficients, POWERS, strict=True):
        if c:
            size = "" if abs(c) == 1 else number_text(abs(c))
            text += f" {'−' if c < 0 else '+'} {size}(1−λ){'⁰¹²³⁴⁵⁶'[k]}"
    return text.removeprefix(" + ").strip() or "0"


def _rounded(value: float) -> str:
    return f"{round(value, 4) + 0.0:.4f}".replace("-", "−")  # + 0.0 turns -0.0 into 0.0


def _list(counts: list[int]) -> str:
    return ", ".join(map(str, counts))


def _code(pair: str, **coefficients: float) -> str:
    return f"""
        import numpy as np
        from spectral_lab.eigenspaces import (
            adjacency_matrix, cycle_counts, laplacian_spectra, named_graph, spectral_filter)

        powers, c = np.arange(2, 7), np.array({[coefficients[f"c{k}"] for k in POWERS]})
        diagonals = []
        for name in {PAIRS[pair]}:
            graph = named_graph(name)
            lam, V, _ = laplacian_spectra([graph])
            walk = spectral_filter(V[0], lam[0], 1 - lam[0])  # D^(-1/2) A D^(-1/2)
            degrees = adjacency_matrix(graph).sum(axis=1)
            A = np.rint(walk * np.sqrt(np.outer(degrees, degrees)))
            diagonals.append(np.diagonal(spectral_filter(V[0], lam[0], (1 - lam[0][:, None]) ** powers @ c)))
            print(name, *(cycle_counts(A, k) for k in {LENGTHS}), "trace", diagonals[-1].sum())
        print("sorted diagonals differ by", abs(np.sort(diagonals[0]) - np.sort(diagonals[1])).max())
    """


def counting(**state: Any) -> Explorer:
    """A polynomial filter on two graphs that message passing cannot tell apart (C13, C14, C16)."""
    return Explorer(
        title="Counting with a spectrum",
        controls=[
            choice("pair", "pair", tuple(PAIRS)),
            *(slider(f"c{k}", f"$c_{k}$ of $(1-\\lambda)^{k}$", -1, 1, float(k == 5), steps=40) for k in POWERS),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Hexagons show at k = 6": {"c5": 0.0, "c6": 1.0},
            "Blind up to k = 4": {"c2": 1.0, "c3": 1.0, "c4": 1.0, "c5": 0.0},
            "Triangles": {"pair": "hexagon / two triangles", "c3": 1.0, "c5": 0.0},
            "Beyond every filter": {"pair": "rook / Shrikhande", "c3": 1.0, "c6": -0.5},
        },
        state=state,
    )
