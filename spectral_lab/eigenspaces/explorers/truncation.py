"""Demonstration 3: the price of truncation."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import networkx as nx
import numpy as np

from spectral_lab.eigenspaces.explorers._drawing import circle, edge_lines, fitted, graph, round_up
from spectral_lab.eigenspaces.laplacian import adjacency_matrix, normalized_laplacian
from spectral_lab.eigenspaces.stability import spe_bound_sharp, spe_bound_terms
from spectral_lab.eigenspaces.zoo import layout, named_graph
from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, PAPER, PINK, RED
from spectral_lab.explorer.theme import Figure, apart, axis, bare, figure, line, note, panel, points

GRAPHS = ("ring of 10", "decalin", "barbell", "karate club")
TOP, BOTTOM = 1e6, 1e-6
DEGENERATE = 1e-9  # below this a gap is rounding, and the d lowest eigenvectors are not determined


@cache
def _graph(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[tuple[int, int], tuple[int, int]]]:
    """Adjacency matrix, edges, layout, and the two edges whose weights are changed."""
    G = nx.cycle_graph(10) if name == "ring of 10" else named_graph(name)
    A = adjacency_matrix(G)
    edges = np.argwhere(np.triu(A))
    xy = circle(10) if name == "ring of 10" else fitted(layout(G), (0, 0), 2.0)
    changed = {"ring of 10": ((0, 9), (0, 1)), "decalin": ((0, 1), (6, 7)), "barbell": ((4, 5), (0, 1))}
    return A, edges, xy, changed.get(name, ((0, 1), (32, 33)))


@lru_cache(maxsize=64)
def _compare(name: str, eps: float) -> dict[str, Any]:
    """The graph with one edge heavier against the graph with another edge heavier, for every d."""
    A, _, _, changed = _graph(name)
    L = []
    for i, j in changed:
        weighted = A.copy()
        weighted[i, j] = weighted[j, i] = 1 + eps
        L.append(normalized_laplacian(weighted))
    lam, V = np.linalg.eigh(np.stack(L))
    parts = np.exp(-lam)[:, :, None, None] * np.einsum("bik,bjk->bkij", V, V)  # one eigenpair each
    moved = np.diff(parts, axis=0)[0].cumsum(axis=0)  # [d, n, n]
    gaps = np.append(np.diff(lam).min(axis=0), np.inf)
    error = np.where(gaps > DEGENERATE, np.linalg.norm(moved, axis=(1, 2)), np.nan)
    change, gammas = float(np.linalg.norm(L[1] - L[0])), np.append(np.diff(lam[0]), np.inf)
    gammas = np.where(gammas > DEGENERATE, gammas, 0.0)
    terms = np.array([spe_bound_terms(change, 1.0, np.sqrt(d), d, g) for d, g in enumerate(gammas, 1)])
    sharp = np.array([spe_bound_sharp(change, 1.0, 1.0, g) for g in gammas])
    rows = np.linalg.norm(moved, axis=2)
    return {
        "lam": lam[0], "gammas": gammas, "change": change, "error": error, "terms": terms, "sharp": sharp,
        "rows": rows,
    }  # fmt: skip


def _compute(graph: str, kept: int, eps: float) -> dict[str, Any]:
    d = _compare(graph, eps)
    count = max(1, round(len(d["lam"]) * kept / 100))
    return {"d": count, **d}


def _figure(d: Data) -> Figure:
    _, edges, xy, changed = _graph(d.graph)
    n, cut = len(xy), d.d
    k, step, gamma = np.arange(1, n + 1), 2 if n < 20 else 10, d.gammas[cut - 1]
    rows = d.rows[cut - 1] if np.isfinite(d.error[cut - 1]) else np.zeros(n)
    white, size = [[0, PAPER], [1, RED]], 14 if n < 20 else 9
    plain, nodes = graph(xy, edges, rows, round_up(float(rows.max())), low=0.0, colors=white, size=size)
    heavier = [
        edge_lines(xy, np.array([edge]), color, width=5) for edge, color in zip(changed, (BLUE, GREEN), strict=True)
    ]
    curves = (
        ("root term", d.terms[:, 0], PINK, "dot"),
        ("gap term", d.terms[:, 1], PINK, "solid"),
        ("Lip term", d.terms[:, 2], PINK, "dash"),
        ("sharper", d.sharp, GREEN, "solid"),
        ("measured", d.error, RED, "solid"),
    )
    ends = [np.clip(np.nan_to_num(values[-1], posinf=TOP), 10**0.4 * BOTTOM, TOP) for _, values, _, _ in curves]
    marks = [line([cut, cut], [BOTTOM, TOP], color=MUTED, width=1, dash="dot")]
    for (name, values, color, dash), end in zip(curves, apart(ends, 0.75, log=True), strict=True):
        shown = np.where(np.isfinite(values), np.clip(values, BOTTOM, TOP), TOP if name != "measured" else np.nan)
        marks += [line(k, shown, name, color, dash=dash), points(k[[cut - 1]], shown[[cut - 1]], name, color, size=8)]
        marks += [note(name, 1.03 * n, end, color)]
    side: dict[str, Any] = {"anchor": "left", "xshift": 4} if cut < 0.7 * n else {"anchor": "right", "xshift": -4}
    count = axis("d", 0.7, 1.75 * n, tickvals=list(range(step, n + 1, step)))
    words, error = "heavier edge: blue, then green", axis("‖ΔSPE‖ and its bounds", BOTTOM, TOP, log=True)
    return figure(
        panel("Where it moves", bare(-1.25, 1.25, words), bare(-1.25, 1.25), 0.9, equal=True).draw(
            plain, *heavier, nodes
        ),
        panel("Spectrum, cut at d", axis("k", 0.3, n + 0.7), axis("eigenvalue", -0.1, 2.45), 0.9).draw(
            line([cut + 0.5] * 2, [-0.1, 2.45], color=INK, dash="dash"),
            points(k, d.lam, "dropped", MUTED, size=7),
            points(k, np.where(k <= cut, d.lam, np.nan), "kept", BLUE, size=9),
            note(f"γ = {'∞' if np.isinf(gamma) else number_text(gamma, 2)}", cut + 0.5, 2.27, **side),
        ),
        panel("Error and bounds", count, error, 1.2).draw(*marks),
        height=340,
    )


def _readout(d: Data) -> str:
    cut = d.d - 1
    n, gamma, error = len(d.lam), d.gammas[cut], d.error[cut]
    start = f"{d.graph.capitalize()}, d = {d.d} of {n}: the graph moves by {number_text(d.change, 3)}"
    if np.isnan(error):
        return f"{start}. The cut goes through a repeated eigenvalue: no basis, no truncated encoding, no bound."
    root, gap, lipschitz = (number_text(term, 3) for term in d.terms[cut])
    size = f"the encoding by {number_text(error, 3)}, {number_text(error / d.change, 3)} times as far"
    cost = "Nothing is cut: γ = ∞" if np.isinf(gamma) else f"γ = {number_text(gamma, 3)}"
    return (
        f"{start}, {size}. {cost}. Theorem: root {root} + gap {gap} + Lipschitz {lipschitz}; "
        f"sharper bound {number_text(d.sharp[cut], 3)}."
    )


def _code(graph: str, kept: int, eps: float) -> str:
    n = len(_graph(graph)[0])
    build = "nx.cycle_graph(10)" if graph == "ring of 10" else f"named_graph({graph!r})"
    return f"""
        import networkx as nx
        import numpy as np
        from spectral_lab.eigenspaces import (
            adjacency_matrix, gap_at, named_graph, normalized_laplacian, spe_bound_sharp, spe_bound_terms,
            spectral_filter)

        d, L, lam, parts = {max(1, round(n * kept / 100))}, [], [], []
        for edge in {_graph(graph)[3]}:
            A = adjacency_matrix({build})
            A[edge] = A[edge[::-1]] = 1 + {eps:g}
            L.append(normalized_laplacian(A))
            values, V = np.linalg.eigh(L[-1])
            lam.append(values)
            parts.append(spectral_filter(V[:, :d], values[:d], lambda x: np.exp(-x)))
        change = np.linalg.norm(L[1] - L[0])
        print("d, n, move of the graph", d, len(A), change)
        if min(gap_at(values, d) for values in lam) < {DEGENERATE}:
            print("The cut goes through a repeated eigenvalue: no basis, no truncated encoding.")
        else:
            error, gamma = np.linalg.norm(parts[1] - parts[0]), gap_at(lam[0], d)
            print("move of the encoding, times as far, gamma", error, error / change, gamma)
            print("root, gap, Lipschitz", *spe_bound_terms(change, 1, np.sqrt(d), d, gamma))
            print("sharper bound", spe_bound_sharp(change, 1, 1, gamma))
    """


def truncation(**state: Any) -> Explorer:
    """Keep d of n eigenpairs: the error and both bounds for every d (C7 to C10)."""
    return Explorer(
        title="The price of truncation",
        controls=[
            choice("graph", "graph", GRAPHS),
            integers("kept", "share kept $d/n$", 10, 100, 50, step=10, unit="%", play=True),
            slider("eps", r"change $\varepsilon$", 1e-5, 0.5, 0.01, steps=59, log=True, digits=2),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Cut through a pair": {"kept": 20},
            "Cut through a pair, tiny change": {"kept": 20, "eps": 1e-4},
            "Keep everything": {"kept": 100},
            "Cut where no basis exists": {"graph": "barbell", "kept": 50},
        },
        state=state,
    )
