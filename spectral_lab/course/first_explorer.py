"""The first explorer: a function of a matrix is a function of its spectrum.

For a symmetric matrix with A = V Λ Vᵀ, any function of numbers becomes a function of the matrix by

    f(A) = V f(Λ) Vᵀ                                            (Higham, Functions of Matrices, section 1.2)

The eigenvectors stay; only the eigenvalues are replaced by f of them. Here A is the Laplacian of a path, so that
f(A) x is something one can see: heat that spreads, a string that is plucked, a signal without its high notes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.explorer import Explorer, choice, slider, theme

NODES = 64

# Four functions of an eigenvalue x at time t. All are 1 at t = 0, and all treat x t = 1 as the turning point.
FILTERS: dict[str, str] = {
    "heat exp(−tλ)": "np.exp(-t * x)",
    "resolvent 1/(1+tλ)": "1 / (1 + t * x)",
    "cut at tλ = 1": "np.where(t * x <= 1 + 1e-9, 1.0, 0.0)",
    "wave cos(t√λ)": "np.cos(t * np.sqrt(abs(x)))",
}
# An eigenvalue on the edge of the cut, and a factor of one half, are where they are on every machine: λ = 2 at t = 1/2
# is on both, and eigh gives it with a rounding error.
EDGE = 1e-9
HEAT, RESOLVENT, CUT, WAVE = FILTERS
SIGNALS = ("noisy bump", "bump", "step")


def path_laplacian(n: Any) -> Float[np.ndarray, "n n"]:
    """The Laplacian of a path of n nodes: degree on the diagonal, −1 between neighbours. n: at least 2.

    Its spectrum is known: λ_k = 2 − 2 cos(πk/n), k = 0..n−1, and the eigenvectors are the cosines of the
    discrete cosine transform. Raises: ValueError.
    """
    n = checks.order(n, "n", 2)
    links = np.eye(n, k=1) + np.eye(n, k=-1)
    return np.diag(links.sum(axis=1)) - links


def matrix_function(A: Any, f: Callable[[np.ndarray], np.ndarray]) -> Float[np.ndarray, "n n"]:
    """f(A) = V f(Λ) Vᵀ of a real symmetric matrix; f maps an array of eigenvalues to an array. Raises: ValueError."""
    A = checks.square(A, "A")
    if np.iscomplexobj(A) or not np.allclose(A, A.T, rtol=0, atol=1e-12 * np.abs(A).max()):
        raise ValueError("A must be real and symmetric: only then do its eigenvectors form an orthogonal matrix")
    eigenvalues, V = np.linalg.eigh(A)
    return (V * _applied(f, eigenvalues)) @ V.T


def _applied(f: Any, eigenvalues: np.ndarray) -> np.ndarray:
    if not callable(f):
        raise ValueError(f"f must be a function of an array of eigenvalues, got {checks.shown(f)}")
    return checks.array(f(eigenvalues), "f of the eigenvalues", eigenvalues.shape)


def filter_of(name: str, t: float) -> Callable[[np.ndarray], np.ndarray]:
    """The named function of an eigenvalue at time t. Raises: ValueError."""
    checks.choice(name, "name", FILTERS)
    checks.number(t, "t", 0)
    functions: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        HEAT: lambda x: np.exp(-t * x),
        RESOLVENT: lambda x: 1 / (1 + t * x),
        CUT: lambda x: np.where(t * x <= 1 + EDGE, 1.0, 0.0),
        # eigh may return the eigenvalue 0 as −1e−16
        WAVE: lambda x: np.cos(t * np.sqrt(np.maximum(x, 0))),
    }
    return functions[name]


def signal(name: str) -> Float[np.ndarray, " nodes"]:
    """A signal on the path of 64 nodes: a bump, the same bump with noise (seed 0), or a step. Raises: ValueError."""
    checks.choice(name, "name", SIGNALS)
    node = np.arange(NODES)
    bump = np.exp(-(((node - 20) / 4) ** 2))
    if name == "step":
        return np.where(node < NODES // 2, 1.0, 0.0)
    return bump + 0.12 * np.random.default_rng(0).standard_normal(NODES) if name == "noisy bump" else bump


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
    eigenvalue = theme.axis("eigenvalue λ", low=-0.05, high=2.05, tickvals=np.sqrt(labels), ticktext=labels)
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
    from spectral_lab.course.first_explorer import matrix_function, path_laplacian, signal

    t = {t:g}
    f = lambda x: {FILTERS[f]}
    L = path_laplacian({NODES})
    factors = abs(f(np.linalg.eigvalsh(L)))
    x = signal({x!r})
    y = matrix_function(L, f) @ x
    print(np.sum(factors >= 0.5 - 1e-9), f"modes keep half; ‖f(L)‖ = {{factors.max():.2f}}")
    print(f"x keeps {{100 * np.linalg.norm(y) / np.linalg.norm(x):.0f}} % of its length")
    """
