"""Demonstration 1: two eigenvectors trade places."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.eigenspaces.explorers._drawing import circle, edge_lines, graph
from spectral_lab.eigenspaces.filters import spectral_filter
from spectral_lab.eigenspaces.landau_zener import landau_zener_ring
from spectral_lab.eigenspaces.laplacian import normalized_laplacian
from spectral_lab.explorer import Data, Explorer, Slider, integers, number_text, rounded, slider, toggle
from spectral_lab.explorer.palette import BLUE, GREEN, INK, PINK, RED
from spectral_lab.explorer.theme import Figure, axis, bare, figure, line, note, panel, points

CENTRE, WIDTH = 0.3, 0.2  # the Gaussian filter φ of SPE
LIPSCHITZ = 1 / (WIDTH * np.sqrt(np.e))
COUPLINGS = (0.0, *rounded(np.geomspace(1e-4, 0.3, 43), 3))
NAMES = ("v₂", "projector", "SPE")
# Dense around the crossing, where a narrow gap would otherwise fall between two grid points.
SWEEP = 1 + 0.5 * np.sinh(np.linspace(-9, 9, 81)) / np.sinh(9)
STEPS = np.geomspace(1e-5, 0.5, 23)


def _laplacians(n: int, delta: float, w: np.ndarray) -> np.ndarray:
    return np.stack([normalized_laplacian(landau_zener_ring(n, x, delta)) for x in w])


def _moves(L: np.ndarray, L2: np.ndarray) -> np.ndarray:
    """[..., 4]: how far the graph, v_2 up to sign, the projector on v_2, v_3, and SPE move from L to L2."""
    (lam, V), (mu, W) = np.linalg.eigh(L), np.linalg.eigh(L2)
    v, w = V[..., 1], W[..., 1]
    raw = np.minimum(np.linalg.norm(v - w, axis=-1), np.linalg.norm(v + w, axis=-1))
    matrices = [L2 - L]
    pair = np.zeros_like(lam)
    pair[..., 1:3] = 1.0
    for before, after in ((pair, pair), (_gauss(lam), _gauss(mu))):
        matrices.append(spectral_filter(W, mu, after) - spectral_filter(V, lam, before))
    graph, projector, spe = (np.linalg.norm(M, axis=(-2, -1)) for M in matrices)
    return np.stack([graph, raw, projector, spe], axis=-1)


def _gauss(lam: np.ndarray) -> np.ndarray:
    return np.exp(-(((lam - CENTRE) / WIDTH) ** 2) / 2)


@lru_cache(maxsize=64)
def _background(n: int, delta: float) -> tuple[np.ndarray, np.ndarray]:
    """λ_2, λ_3 along the sweep, and the moves from 1 - η to 1 + η."""
    levels = np.linalg.eigvalsh(_laplacians(n, delta, SWEEP))[:, 1:3]
    return levels, _moves(_laplacians(n, delta, 1 - STEPS), _laplacians(n, delta, 1 + STEPS))


@lru_cache(maxsize=64)
def _signs(n: int, delta: float) -> np.ndarray:
    """[n, 2]: the pair half-way through its rotation. Signs that agree with it do not flip along the sweep of w.

    The pair turns by less than 45° to either side of the narrowest gap. There entry 0 of both vectors is far from 0;
    elsewhere it may vanish, and a sign fixed by it would make the colours jump where no eigenvector does.
    """
    delta = max(delta, 1e-6)
    w = 1 - delta * np.cos(4 * np.pi / n)
    V = np.linalg.eigh(_laplacians(n, delta, np.array([w]))[0])[1]
    return V[:, 1:3] * np.sign(V[0, 1:3])


def _compute(n: int, w: float, delta: float, theta: int, flip: bool) -> dict[str, Any]:
    levels, moves = _background(n, delta)
    here, mirror = _laplacians(n, delta, np.array([w, 2 - w]))
    lam, V = np.linalg.eigh(here)
    if lam[2] - lam[1] < 1e-9:  # no basis is given here: take the one that the next w would give
        V = np.linalg.eigh(_laplacians(n, delta, np.array([w + 1e-6]))[0])[1]
    basis = V[:, 1:3] * np.where((V[:, 1:3] * _signs(n, delta)).sum(axis=0) < 0, -1.0, 1.0)
    c, s = np.cos(np.deg2rad(theta)), np.sin(np.deg2rad(theta))
    pair = basis @ np.array([[c, -s], [s, c]]) * np.array([-1.0 if flip else 1.0, 1.0])
    rest = here @ pair[:, 0] - (pair[:, 0] @ here @ pair[:, 0]) * pair[:, 0]
    return {
        "levels": levels, "moves": moves, "lambda2": lam[1], "lambda3": lam[2], "pair": pair,
        "residual": np.linalg.norm(rest), "now": _moves(here, mirror),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    n, change, now = d.n, d.moves[:, 0], d.now
    ring = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)[1:]
    vectors, limit = [], float(np.sqrt(2 / n)) * 1.05
    for v, left in zip(d.pair.T, (0.0, 2.8), strict=True):
        xy = circle(n) + [left, 0]
        vectors += [edge_lines(xy, np.array([[0, n - 1]]), RED, width=6 * d.w)]
        vectors += [edge_lines(xy, np.array([[0, 1]]), GREEN, width=6 * (1 + d.delta))]
        vectors += graph(xy, ring, v, limit, size=max(9, 24 - 0.6 * n), width=4)
    moves = []
    for k, (name, color) in enumerate(zip(NAMES, (RED, GREEN, BLUE), strict=True), 1):
        here = np.where(now[0] > 1e-7, now[[0, k]], np.nan)
        moves += [line(change, d.moves[:, k], name, color, width=6 if k == 2 else 2)]
        moves += [points(here[:1], here[1:], color=color, size=9)]
    middle, reach = 1 - np.cos(2 * np.pi / n), 2.64 / n * np.sin(2 * np.pi / n) ** 2 * 0.6
    ticks = {"tickvals": [1e-5, 1e-3, 1e-1], "ticktext": ["10⁻⁵", "10⁻³", "10⁻¹"]}
    edges, eigenvalue = (
        bare(-1.35, 4.45, "edges: w red, 1 + δ green"),
        axis("eigenvalue", middle - reach, middle + reach),
    )
    size, distance = axis("‖ΔL‖, w to 2 − w", 2e-6, 1, log=True, **ticks), axis("distance", 1e-6, 40, log=True)
    low, high = d.levels.T
    return figure(
        panel("v₂ (left) and v₃ (right)", edges, bare(-1.75, 1.75), 1.35, equal=True).draw(*vectors),
        panel("λ₂ and λ₃ against w", axis("w", 0.48, 1.52), eigenvalue, 0.9).draw(
            line(SWEEP, low, "λ₂"),
            line(SWEEP, high, "λ₃", PINK),
            points([d.w] * 2, [d.lambda2, d.lambda3], color=INK, size=9),
            note("λ₃", 1.3, np.interp(1.3, SWEEP, high), PINK, yshift=12),
            note("λ₂", 1.3, np.interp(1.3, SWEEP, low), BLUE, yshift=-12),
        ),
        panel("How far each moves", size, distance).draw(
            *moves,
            note("v₂ (raw)", 3e-6, 8, RED),
            note("projector", 3e-3, 2.5e-5, GREEN),
            note("SPE", 3e-3, 7e-6, BLUE),
        ),
        height=340,
    )


def _readout(d: Data) -> str:
    graph, raw, _, spe = d.now
    moves = [number_text(move, 3) for move in d.now]
    turn = f" Turned by {d.theta}°{' and flipped' if d.flip else ''}, v₂ misses Lv = λv by {d.residual:.4f}."
    text = f"n = {d.n}, w = {d.w:g}, δ = {d.delta:g}: the gap λ₃ − λ₂ is {d.lambda3 - d.lambda2:.5f}."
    if graph < 1e-7:
        return f"{text} At w = 1 the graph is its own partner, and nothing moves.{turn}"
    return (
        f"{text} From w to 2 − w the graph moves by {moves[0]}; v₂ by {raw:.4f}, the projector on v₂, v₃ by "
        f"{moves[2]}, SPE by {moves[3]}, which is {spe / graph:.3f} times the graph's move (at most Lip φ = "
        f"{LIPSCHITZ:.2f}).{turn}"
    )


def _code(n: int, w: float, delta: float, theta: int, flip: bool) -> str:
    return f"""
        import numpy as np
        from spectral_lab.eigenspaces import landau_zener_ring, normalized_laplacian, spectral_filter

        def phi(lam):
            return np.exp(-((lam - {CENTRE}) / {WIDTH}) ** 2 / 2)

        L, L2 = (normalized_laplacian(landau_zener_ring({n}, w, {delta:g})) for w in ({w:g}, {2 - w:g}))
        (lam, V), (mu, W) = np.linalg.eigh(L), np.linalg.eigh(L2)
        print("gap", lam[2] - lam[1])
        theta = np.deg2rad({theta})
        v = {"-" if flip else ""}(np.cos(theta) * V[:, 1] + np.sin(theta) * V[:, 2])
        print("v misses Lv = cv by", np.linalg.norm(L @ v - (v @ L @ v) * v))
        if (change := np.linalg.norm(L - L2)) > 1e-7:
            raw = min(np.linalg.norm(V[:, 1] - W[:, 1]), np.linalg.norm(V[:, 1] + W[:, 1]))
            pair = np.linalg.norm(V[:, 1:3] @ V[:, 1:3].T - W[:, 1:3] @ W[:, 1:3].T)
            spe = np.linalg.norm(spectral_filter(V, lam, phi) - spectral_filter(W, mu, phi))
            print("moves of graph, v_2, projector, SPE", change, raw, pair, spe)
            print("SPE / graph, Lip phi", spe / change, {1 / WIDTH} / np.sqrt(np.e))
    """


def crossing(**state: Any) -> Explorer:
    """The graph Landau-Zener ring: v_2 jumps at a crossing, its pair's projector and SPE do not (C3 to C5)."""
    return Explorer(
        title="Two eigenvectors trade places",
        controls=[
            integers("n", "nodes $n$", 6, 24, 8),
            slider("w", "red edge $w$", 0.5, 1.5, 0.95, steps=1000, play=True),
            Slider("delta", r"detuning $\delta$", COUPLINGS, 0.0),
            integers("theta", r"turn $v_2, v_3$ by $\theta$", 0, 180, 0, step=5, unit="°"),
            toggle("flip", "flip the sign of $v_2$"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "A crossing": {"w": 0.999},
            "At the crossing: any rotation": {"w": 1.0, "theta": 30},
            "Narrow avoided crossing": {"w": 0.999, "delta": 1e-3},
            "Wide avoided crossing": {"w": 0.95, "delta": 0.1},
        },
        state=state,
    )
