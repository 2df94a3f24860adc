"""Demonstration 1: the eigenvalues that are not there."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Explorer, Slider, choice, integers, number_text, theme
from spectral_lab.pseudospectra.explorers._portraits import matrix, portrait, window

MATRICES = ("LegS", "normal part of LegS", "Grcar", "Jordan block", "random")
BASES = ("as it stands", "rotated")
DRAWS = 20


@lru_cache(maxsize=128)
def _noise(n: int, draws: int) -> np.ndarray:
    """Complex Gaussian matrices of norm 1."""
    E = np.random.default_rng(1).standard_normal((draws, n, n, 2)).view(complex)[..., 0]
    return E / np.linalg.norm(E, 2, axis=(1, 2))[:, None, None]


@lru_cache(maxsize=64)
def _rotation(n: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(2).standard_normal((n, n)))[0]


@lru_cache(maxsize=256)
def _spectrum(name: str, n: int) -> np.ndarray:
    """The exact eigenvalues where they are known, computed ones for the two well-behaved matrices and for Grcar."""
    if name == "LegS":
        return -np.arange(1.0, n + 1)
    return np.zeros(n) if name == "Jordan block" else np.linalg.eigvals(matrix(name, n))


def _compute(matrix_name: str, n: int, noise: float, basis: str, coarse: bool) -> dict[str, Any]:
    A, exact, epsilon = matrix(matrix_name, n), _spectrum(matrix_name, n), 10.0**noise
    view = window(matrix_name, n)
    x, y, height = portrait(matrix_name, n, view, *((37, 19) if coarse else (91, 46)))
    E = _noise(n, max(3, min(DRAWS, 10_000 // n**2)) if coarse else DRAWS)
    Q = _rotation(n)
    moved = np.linalg.eigvals((Q @ A @ Q.T if basis == "rotated" else A) + epsilon * E).ravel()
    distance = np.abs(moved[:, None] - exact).min(axis=1)
    return {
        "matrix": matrix_name, "n": n, "epsilon": epsilon, "draws": len(E), "basis": basis, "window": view,
        "x": x, "y": y, "height": height, "eigenvalues": exact, "moved": moved,
        "distance": float(distance.max()), "rounding": float(2.2e-16 * np.linalg.norm(A, 2)),
    }  # fmt: skip


def _figure(d: dict[str, Any]) -> theme.Figure:
    left, right, top = d["window"]
    level = float(np.log10(d["epsilon"]))
    return theme.figure(
        [
            theme.contours(d["x"], d["y"], d["height"], low=-16, high=2, step=2, bar="log₁₀ σ<sub>min</sub>(zI − A)"),
            theme.contours(
                d["x"], d["y"], d["height"], low=level, high=level, step=1, filled=False, color=theme.RED, width=2.5
            ),
            theme.points(d["moved"].real, d["moved"].imag, name="eigenvalue of A + E", color=theme.RED, size=4),
            theme.points(
                d["eigenvalues"].real, d["eigenvalues"].imag, name="eigenvalue of A", color="#ffffff", size=5,
                symbol="x",
            ),
        ],
        x=theme.axis("Re z", low=left, high=right),
        y=theme.axis("Im z", low=-top, high=top),
        equal=True,
        height=440,
    )  # fmt: skip


def _readout(d: dict[str, Any]) -> str:
    said = (
        f"{d['matrix']}, n = {d['n']}, {d['basis']}: {d['draws']} perturbations "
        f"of norm ε = {number_text(d['epsilon'])} move an eigenvalue by "
    )
    if d["epsilon"] >= 10 * d["rounding"]:
        ratio = number_text(d["distance"] / d["epsilon"], 2)
        return said + f"up to {number_text(d['distance'], 2)}. That is {ratio} times ε."
    # Rounding has a say, and it differs from machine to machine: a bound, then.
    bound = 2 ** np.floor(np.log2(d["distance"] / 1.5)) if d["distance"] else 0.0
    return said + (
        f"more than {number_text(bound, 2)}. Rounding alone is as large here: 2·10⁻¹⁶ ‖A‖ = "
        f"{number_text(d['rounding'], 2)}."
    )


def _code(matrix_name: str, n: int, noise: float, basis: str) -> str:
    make = {
        "LegS": f"legs({n})[0]",
        "normal part of LegS": f"legs_normal({n})[0]",
        "Grcar": f"grcar({n})",
        "Jordan block": f"jordan_block({n})",
        "random": f"np.random.default_rng(0).standard_normal(({n}, {n})) / np.sqrt({n})",
    }[matrix_name]
    exact = {"LegS": f"-np.arange(1, {n + 1})", "Jordan block": f"np.zeros({n})"}.get(
        matrix_name, "np.linalg.eigvals(A)"
    )
    rotate = f"""
        Q = np.linalg.qr(np.random.default_rng(2).standard_normal(({n}, {n})))[0]
        A = Q @ A @ Q.T"""
    return f"""
        import numpy as np
        from spectral_lab.hippo import legs
        from spectral_lab.pseudospectra import grcar, jordan_block, legs_normal

        A, epsilon = {make}, {10.0**noise:.6g}
        exact = {exact}{rotate if basis == "rotated" else ""}
        E = np.random.default_rng(1).standard_normal(({DRAWS}, {n}, {n}, 2)).view(complex)[..., 0]
        E *= epsilon / np.linalg.norm(E, 2, axis=(1, 2))[:, None, None]
        moved = np.linalg.eigvals(A + E).ravel()
        distance = abs(moved[:, None] - exact).min(axis=1).max()
        print(len(E), distance, distance / epsilon)
        print(2 ** np.floor(np.log2(distance / 1.5)), 2.2e-16 * np.linalg.norm(A, 2))   # a lower bound; rounding
    """


def hidden_eigenvalues(**state: Any) -> Explorer:
    """Eigenvalues of A + E over the height map of sigma_min: they go wherever ||E|| lets them, and no further."""
    return Explorer(
        title="The eigenvalues that are not there",
        controls=[
            choice("matrix_name", "matrix $A$", MATRICES),
            integers("n", "size $n$", 4, 64, 24, step=2),
            Slider("noise", r"$\log_{10}\|E\|$", tuple(np.arange(-16, 0.25, 0.25).tolist()), -8.0, play=True),
            choice("basis", "basis", BASES),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "A breath of noise": {"n": 32, "noise": -14.0},
            "Rounding is enough": {"n": 32, "noise": -16.0, "basis": "rotated"},
            "Normal: nothing moves": {"matrix_name": "normal part of LegS", "n": 16, "noise": 0.0},
            "One eigenvector": {"matrix_name": "Jordan block", "n": 32, "noise": -8.0},
        },
        state=state,
    )
