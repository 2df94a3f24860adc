"""Demonstration 2: cutting a spectrum with scissors or with a fader."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spectral_lab.eigenspaces.filters import spectral_filter
from spectral_lab.eigenspaces.landau_zener import landau_zener_ring
from spectral_lab.eigenspaces.laplacian import normalized_laplacian
from spectral_lab.eigenspaces.partitions import bump, bump_lipschitz
from spectral_lab.eigenspaces.stability import spe_bound, spe_bound_sharp
from spectral_lab.explorer import Data, Explorer, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, PINK, RED
from spectral_lab.explorer.theme import Figure, axis, figure, line, matrix, note, panel, points

NODES, DELTA = 8, 0.02
SWEEP = np.linspace(0.5, 1.5, 201)  # the values of w; neighbours are compared
GRID = np.linspace(0, 2, 401)
TOP, BOTTOM = 1e5, 3e-2


@cache
def _spectra() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues and eigenvectors along the sweep, and how far the graph moves from each w to the next.

    A connected bipartite graph has the eigenvalues 0 and 2. They are set, since rounding must not decide on which side
    of a box's edge they lie.
    """
    L = np.stack([normalized_laplacian(landau_zener_ring(NODES, w, DELTA)) for w in SWEEP])
    lam, V = np.linalg.eigh(L)
    lam[:, 0], lam[:, -1] = 0.0, 2.0
    return lam, V, np.linalg.norm(np.diff(L, axis=0), axis=(1, 2))


def _compute(softness: float, width: float, centre: float, w: float) -> dict[str, Any]:
    lam, V, change = _spectra()
    at = int(np.argmin(np.abs(SWEEP - w)))
    weights = bump(lam, centre, width, softness)
    filters = spectral_filter(V, lam, weights)
    ratios = np.linalg.norm(np.diff(filters, axis=0), axis=(1, 2)) / change
    step = min(at, len(change) - 1)
    K, n = bump_lipschitz(width, softness), NODES
    bounds = (np.inf, np.inf, np.inf)
    if np.isfinite(K):
        dl = float(change[step])
        bounds = (spe_bound(dl, K, np.sqrt(n), n) / dl, spe_bound_sharp(dl, K, 1.0) / dl, K)
    return {
        "K": K, "bounds": np.array(bounds), "curve": bump(GRID, centre, width, softness),
        "left": bump(GRID, centre - 2 * width, width, softness),
        "right": bump(GRID, centre + 2 * width, width, softness),
        "lam": lam[at], "weights": weights[at], "matrix": filters[at], "ratios": ratios, "ratio": ratios[step],
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    middle, bounds = (SWEEP[:-1] + SWEEP[1:]) / 2, []
    for name, value, color in zip(("theorem", "sharper bound", "Lip φ"), d.bounds, (PINK, GREEN, BLUE), strict=True):
        seen = value if value < TOP else np.nan
        bounds.append(line([0.5, 1.5], np.full(2, seen), name, color, dash="dot"))
        bounds += [note(name, 0.52, seen, color, yshift=9)] if np.isfinite(seen) else []
    if len(bounds) == 3:
        bounds.append(note("Lip φ = ∞: nothing bounds it", 0.52, TOP / 2))
    node, down = axis("node (red −½, blue ½)", dtick=1), axis("", NODES - 0.5, -0.5, dtick=1)
    w, ratio = axis("w", 0.48, 1.52), axis("‖ΔSPE‖ / ‖ΔL‖", BOTTOM, TOP, log=True)
    eigenvalue, weight = axis("eigenvalue λ", -0.05, 2.05), axis("weight φ(λ)", -0.05, 1.1)
    return figure(
        panel("The filter and its neighbours", eigenvalue, weight, 1.05).draw(
            line(GRID, d.left, color=MUTED, width=1),
            line(GRID, d.right, color=MUTED, width=1),
            line(GRID, d.curve, "φ", width=3),
            points(d.lam, d.weights, "eigenvalues", size=9),
        ),
        panel("V φ(Λ) Vᵀ", node, down, 0.85, equal=True).draw(matrix(d.matrix, 0.5)),
        panel("Lipschitz ratio along w", w, ratio, 1.05).draw(
            line(middle, np.maximum(d.ratios, BOTTOM), "measured", RED),
            points([d.w], [max(d.ratio, BOTTOM)], color=INK, size=9),
            *bounds,
        ),
        height=330,
    )


def _readout(d: Data) -> str:
    K = "infinite" if np.isinf(d.K) else f"{d.K:.2f}"
    return (
        f"Softness {d.softness:g}, width {d.width:g}, centre {d.centre:g}: Lip φ is {K}. At w = {d.w:g} "
        f"the matrix moves {d.ratio:.3f} times as far as the graph; over the whole sweep at most "
        f"{d.ratios.max():.3f} times. λ₂ and λ₃ get the weights {d.weights[1]:.3f} and {d.weights[2]:.3f}."
    )


def _code(softness: float, width: float, centre: float, w: float) -> str:
    at = min(int(np.argmin(np.abs(SWEEP - w))), len(SWEEP) - 2)
    return f"""
        import numpy as np
        from spectral_lab.eigenspaces import (
            bump, bump_lipschitz, landau_zener_ring, normalized_laplacian, spectral_filter)

        L = np.stack([normalized_laplacian(landau_zener_ring({NODES}, w, {DELTA})) for w in np.linspace(0.5, 1.5, 201)])
        lam, V = np.linalg.eigh(L)
        lam[:, 0], lam[:, -1] = 0, 2  # exactly, whatever rounding says
        weights = bump(lam, {centre:g}, {width:g}, {softness:g})
        moves = [np.linalg.norm(np.diff(M, axis=0), axis=(1, 2)) for M in (spectral_filter(V, lam, weights), L)]
        ratio = moves[0] / moves[1]  # from each w to the next
        print("Lip phi", bump_lipschitz({width:g}, {softness:g}))
        print("ratio at w = {w:g}, largest", ratio[{at}], ratio.max())
        print("weights of the pair", weights[{int(np.argmin(np.abs(SWEEP - w)))}, 1:3])
    """


def fader(**state: Any) -> Explorer:
    """A box or a bump on the spectrum of the ring: how steep it is, and how fast its matrix moves (C5, C8, C12)."""
    return Explorer(
        title="Scissors or a fader",
        controls=[
            slider("softness", "softness $s$", 0.0, 1.0, 1.0, steps=50),
            slider("width", r"width $\sigma$", 0.02, 0.6, 0.2, steps=58),
            slider("centre", "centre $c$", 0.0, 2.0, 0.3, steps=200),
            slider("w", "red edge $w$", 0.5, 1.495, 0.9, steps=199, play=True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Almost scissors": {"softness": 0.06, "centre": 0.09},
            "Scissors through the pair": {"softness": 0.0, "centre": 0.09},
            "Blurred": {"width": 0.6, "centre": 1.0},
        },
        state=state,
    )
