"""The explorer of notebook 00: f on the spectrum, f(L) as a matrix, and f(L) x.

L is the Laplacian of a path, so that f(L) x is something one can see: heat that spreads, a string that is plucked, a
signal without its high notes.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Explorer, choice, slider, theme
from spectral_lab.matrix_functions.functions import CUT, EDGE, FILTERS, HEAT, WAVE, filter_of
from spectral_lab.matrix_functions.path import NODES, SIGNALS, path_laplacian, signal


def functions_of_a_matrix(**state: Any) -> Explorer:
    """The explorer of notebook 00: choose f and its time; see f on the spectrum, f(L) as a matrix, and f(L) x."""
    return Explorer(
        title="A function of a matrix is a function of its spectrum",
        controls=[
            choice("f", "function $f$", list(FILTERS)),
            slider("t", "time $t$", 0, 60, 6, steps=120, play=True),
            choice("x", "signal $x$", SIGNALS),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Blur": {"f": HEAT, "t": 8, "x": "noisy bump"},
            "Pluck a string": {"f": WAVE, "t": 12, "x": "bump"},
            "Cut sharply": {"f": CUT, "t": 8, "x": "step"},
            "Knife edge": {"f": CUT, "t": 16.5, "x": "bump"},
        },
        state=state,
    )


@cache
def _spectrum() -> tuple[np.ndarray, np.ndarray]:
    return np.linalg.eigh(path_laplacian(NODES))


def _compute(f: str, t: float, x: str) -> dict[str, Any]:
    eigenvalues, V = _spectrum()
    before, function = signal(x), filter_of(f, t)
    factors = function(eigenvalues)
    weights = V.T @ before
    grid = np.linspace(0, 2, 401) ** 2
    return {
        "f": f,
        "t": t,
        "eigenvalues": eigenvalues,
        "factors": factors,
        "weights": np.abs(weights),
        "grid": grid,
        "curve": function(grid),
        "matrix": (V * factors) @ V.T,
        "before": before,
        "after": V @ (factors * weights),
    }


def _figure(d: dict[str, Any]) -> theme.Figure:
    node = np.arange(NODES)
    root = np.sqrt(np.maximum(d["eigenvalues"], 0))
    size = 4 + 10 * np.sqrt(d["weights"] / d["weights"].max())
    scale = np.abs(d["matrix"]).max()
    colors = [[0, theme.RED], [0.5, theme.PAPER], [1, theme.BLUE]]
    # On a square-root scale the modes of the path stand almost evenly; the labels still say λ.
    labels = [0, 0.1, 0.5, 1, 2, 4]
    eigenvalue = theme.axis(
        "eigenvalue λ", low=-0.05, high=2.05, tickvals=np.sqrt(labels), ticktext=[f"{x:g}" for x in labels]
    )
    return theme.figure(
        [
            theme.line(np.sqrt(d["grid"]), d["curve"]),
            theme.points(root, d["factors"], size=size, opacity=0.75),
            theme.heat(node, node, d["matrix"], low=-scale, high=scale, colors=colors, zsmooth=False, panel=2),
            theme.line(node, d["before"], name="before", color=theme.MUTED, width=1.5, panel=3),
            theme.line(node, d["after"], name="after", width=3, panel=3),
        ],
        x=[
            eigenvalue,
            theme.axis(f"node (red −{scale:.2g}, blue {scale:.2g})"),
            theme.axis("node", low=-1, high=NODES),
        ],
        y=[
            theme.axis("f(λ)", low=-1.15, high=1.15),
            theme.axis(low=NODES - 0.5, high=-0.5, constraintoward="top"),
            theme.axis("signal", low=-0.55, high=1.25),
        ],
        titles=["f on the spectrum", "the matrix f(L)", "x (thin) and f(L) x (thick)"],
        widths=[1.0, 0.95, 1.1],
        equal=[False, True, False],
        height=320,
    )


def _readout(d: dict[str, Any]) -> str:
    kept = int(np.sum(np.abs(d["factors"]) >= 0.5 - EDGE))
    length = np.linalg.norm(d["after"]) / np.linalg.norm(d["before"])
    return (
        f"{d['f'].split()[0].capitalize()} at t = {d['t']:g}: {kept} of {NODES} modes keep at least half of their "
        f"size; the largest factor is ‖f(L)‖ = {np.abs(d['factors']).max():.2f}; "
        f"x keeps {100 * length:.0f} % of its length."
    )


def _code(f: str, t: float, x: str) -> str:
    return f"""
    import numpy as np
    from spectral_lab.matrix_functions import matrix_function, path_laplacian, signal

    t = {t:g}
    f = lambda x: {FILTERS[f]}
    L = path_laplacian({NODES})
    factors = abs(f(np.linalg.eigvalsh(L)))
    x = signal({x!r})
    y = matrix_function(L, f) @ x
    print(np.sum(factors >= 0.5 - 1e-9), f"modes keep half; ‖f(L)‖ = {{factors.max():.2f}}")
    print(f"x keeps {{100 * np.linalg.norm(y) / np.linalg.norm(x):.0f}} % of its length")
    """
