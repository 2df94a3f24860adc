"""The explorer of notebook 00: f on the spectrum, f(L) as a matrix, and f(L) x.

L is the Laplacian of a path, so that f(L) x is something one can see: heat that spreads, a string that is plucked, a
signal without its high notes.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, slider
from spectral_lab.explorer.palette import MUTED
from spectral_lab.explorer.theme import Figure, axis, figure, line, matrix, panel, points
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
        "eigenvalues": eigenvalues, "factors": factors, "weights": np.abs(weights), "grid": grid,
        "curve": function(grid), "matrix": (V * factors) @ V.T, "before": before, "after": V @ (factors * weights),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    node, size = np.arange(NODES), 4 + 10 * np.sqrt(d.weights / d.weights.max())
    scale = np.abs(d.matrix).max()
    # On a square-root scale the modes of the path stand almost evenly; the labels still say λ.
    labels = ["0", "0.1", "0.5", "1", "2", "4"]
    eigenvalue = axis("eigenvalue λ", -0.05, 2.05, tickvals=np.sqrt([float(x) for x in labels]), ticktext=labels)
    column, row = axis(f"node (red −{scale:.2g}, blue {scale:.2g})"), axis("", NODES - 0.5, -0.5, constraintoward="top")
    return figure(
        panel("f on the spectrum", eigenvalue, axis("f(λ)", -1.15, 1.15)).draw(
            line(np.sqrt(d.grid), d.curve),
            points(np.sqrt(np.maximum(d.eigenvalues, 0)), d.factors, size=size, opacity=0.75),
        ),
        panel("the matrix f(L)", column, row, 0.95, equal=True).draw(matrix(d.matrix, scale)),
        panel("x (thin) and f(L) x (thick)", axis("node", -1, NODES), axis("signal", -0.55, 1.25), 1.1).draw(
            line(node, d.before, "before", MUTED, width=1.5), line(node, d.after, "after", width=3)
        ),
        height=320,
    )


def _readout(d: Data) -> str:
    kept = int(np.sum(np.abs(d.factors) >= 0.5 - EDGE))
    length = np.linalg.norm(d.after) / np.linalg.norm(d.before)
    return (
        f"{d.f.split()[0].capitalize()} at t = {d.t:g}: {kept} of {NODES} modes keep at least half of their "
        f"size; the largest factor is ‖f(L)‖ = {np.abs(d.factors).max():.2f}; "
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
