"""Demonstration 3: the price of truncation."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import networkx as nx
import numpy as np

from spectral_lab.eigenspaces.explorers import _drawing as drawing
from spectral_lab.eigenspaces.laplacian import adjacency_matrix, normalized_laplacian
from spectral_lab.eigenspaces.stability import spe_bound_sharp, spe_bound_terms
from spectral_lab.eigenspaces.zoo import layout, named_graph
from spectral_lab.explorer import Explorer, Slider, choice, integers, number_text, theme

GRAPHS = ("ring of 10", "decalin", "barbell", "karate club")
CHANGES = tuple(float(f"{x:.2g}") for x in np.geomspace(1e-5, 0.5, 60))
TOP, BOTTOM = 1e6, 1e-6
DEGENERATE = 1e-9  # below this a gap is rounding, and the d lowest eigenvectors are not determined


@cache
def _graph(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[tuple[int, int], tuple[int, int]]]:
    """Adjacency matrix, edges, layout, and the two edges whose weights are changed."""
    graph = nx.cycle_graph(10) if name == "ring of 10" else named_graph(name)
    A = adjacency_matrix(graph)
    edges = np.argwhere(np.triu(A))
    xy = drawing.circle(10) if name == "ring of 10" else drawing.fitted(layout(graph), (0, 0), 2.0)
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
        "lambda": lam[0], "gammas": gammas, "change": change, "error": error, "terms": terms, "sharp": sharp,
        "rows": rows,
    }  # fmt: skip


def _compute(graph: str, kept: int, eps: float) -> dict[str, Any]:
    d = _compare(graph, eps)
    count = max(1, round(len(d["lambda"]) * kept / 100))
    return {"graph": graph, "eps": eps, "d": count, **d}


def _figure(d: dict[str, Any]) -> theme.Figure:
    _, edges, xy, changed = _graph(d["graph"])
    n, cut = len(xy), d["d"]
    step = 2 if n < 20 else 10
    k = np.arange(1, n + 1)
    rows = d["rows"][cut - 1] if np.isfinite(d["error"][cut - 1]) else np.zeros(n)
    white = [[0, theme.PAPER], [1, theme.RED]]
    kept = np.where(k <= cut, d["lambda"], np.nan)
    curves = [
        ("root term", d["terms"][:, 0], theme.PINK, "dot"),
        ("gap term", d["terms"][:, 1], theme.PINK, "solid"),
        ("Lip term", d["terms"][:, 2], theme.PINK, "dash"),
        ("sharper", d["sharp"], theme.GREEN, "solid"),
        ("measured", d["error"], theme.RED, "solid"),
    ]
    plain, nodes = drawing.graph(
        xy, edges, rows, drawing.round_up(float(rows.max())), low=0.0, colors=white, size=14 if n < 20 else 9
    )
    traces = [
        plain,
        drawing.edge_lines(xy, np.array(changed[:1]), color=theme.BLUE, width=5),
        drawing.edge_lines(xy, np.array(changed[1:]), color=theme.GREEN, width=5),
        nodes,
        theme.line([cut + 0.5] * 2, [-0.1, 2.45], color=theme.INK, dash="dash", panel=2),
        theme.points(k, d["lambda"], name="dropped", color=theme.MUTED, size=7, panel=2),
        theme.points(k, kept, name="kept", color=theme.BLUE, size=9, panel=2),
        theme.line([cut, cut], [BOTTOM, TOP], color=theme.MUTED, width=1, dash="dot", panel=3),
    ]
    for name, values, color, dash in curves:
        shown = np.where(np.isfinite(values), np.clip(values, BOTTOM, TOP), TOP if name != "measured" else np.nan)
        traces.append(theme.line(k, shown, name=name, color=color, dash=dash, panel=3))
        traces.append(theme.points(k[cut - 1 : cut], shown[cut - 1 : cut], name=name, color=color, size=8, panel=3))
    gamma = d["gammas"][cut - 1]
    notes = [
        theme.note(f"γ = {'∞' if np.isinf(gamma) else number_text(gamma, 2)}", cut + 0.5, 2.27, panel=2,
                   anchor="left" if cut < 0.7 * n else "right", xshift=4 if cut < 0.7 * n else -4),
    ]  # fmt: skip
    ends = [np.log10(np.clip(np.nan_to_num(values[-1], posinf=TOP), BOTTOM, TOP)) for _, values, _, _ in curves]
    lowest = np.log10(BOTTOM) + 0.4  # a label on the axis would be hard to read
    for height, (name, _, color, _) in zip(drawing.apart(np.maximum(ends, lowest).tolist(), 0.75), curves, strict=True):
        notes.append(theme.note(name, 1.03 * n, height, color=color, panel=3))
    return theme.figure(
        traces,
        x=[
            drawing.bare(-1.25, 1.25, "heavier edge: blue, then green"),
            theme.axis("k", low=0.3, high=n + 0.7),
            theme.axis("d", low=0.7, high=1.75 * n, tickvals=list(range(step, n + 1, step))),
        ],
        y=[
            drawing.bare(-1.25, 1.25),
            theme.axis("eigenvalue", low=-0.1, high=2.45),
            theme.axis("‖ΔSPE‖ and its bounds", log=True, low=BOTTOM, high=TOP),
        ],
        titles=["Where it moves", "Spectrum, cut at d", "Error and bounds"],
        widths=[0.9, 0.9, 1.2],
        equal=[True, False, False],
        height=340,
        notes=notes,
    )


def _readout(d: dict[str, Any]) -> str:
    cut = d["d"] - 1
    n, gamma, error = len(d["lambda"]), d["gammas"][cut], d["error"][cut]
    start = f"{d['graph'].capitalize()}, d = {d['d']} of {n}: the graph moves by {number_text(d['change'], 3)}"
    if np.isnan(error):
        return f"{start}. The cut goes through a repeated eigenvalue: no basis, no truncated encoding, no bound."
    root, gap, lipschitz = (number_text(term, 3) for term in d["terms"][cut])
    size = f"the encoding by {number_text(error, 3)}, {number_text(error / d['change'], 3)} times as far"
    cost = "Nothing is cut: γ = ∞" if np.isinf(gamma) else f"γ = {number_text(gamma, 3)}"
    return (
        f"{start}, {size}. {cost}. Theorem: root {root} + gap {gap} + Lipschitz {lipschitz}; "
        f"sharper bound {number_text(d['sharp'][cut], 3)}."
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
            Slider("eps", r"change $\varepsilon$", CHANGES, 0.01),
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
