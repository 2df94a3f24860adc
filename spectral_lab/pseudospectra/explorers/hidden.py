"""Demonstration 1: the eigenvalues that are not there."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.theme import Figure, axis, figure, panel, points
from spectral_lab.pseudospectra.explorers._portraits import height_map, matrix, matrix_code, portrait

WINDOWS = {
    "LegS": lambda n: (-1.9 * n, 0.7 * n, 0.65 * n),
    "normal part of LegS": lambda n: (-0.8 * n**2, 0.8 * n**2, 0.4 * n**2),
    "Grcar": lambda n: (-5.5, 7.5, 3.4),
    "Jordan block": lambda n: (-3.2, 3.2, 1.6),
    "random": lambda n: (-3.2, 3.2, 1.6),
}
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
    E = _noise(n, max(3, min(DRAWS, 10_000 // n**2)) if coarse else DRAWS)
    Q = _rotation(n)
    moved = np.linalg.eigvals((Q @ A @ Q.T if basis == "rotated" else A) + epsilon * E).ravel()
    return {
        "epsilon": epsilon, "draws": len(E), "eigenvalues": exact, "moved": moved,
        "distance": float(np.abs(moved[:, None] - exact).min(axis=1).max()),
        "rounding": float(2.2e-16 * np.linalg.norm(A, 2)),
        **portrait(matrix_name, n, WINDOWS[matrix_name](n), *((37, 19) if coarse else (91, 46))),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    return figure(
        panel("", axis("Re z", d.x[0], d.x[-1]), axis("Im z", d.y[0], d.y[-1]), equal=True).draw(
            *height_map(d),
            points(d.moved.real, d.moved.imag, "eigenvalue of A + E", size=4),
            points(d.eigenvalues.real, d.eigenvalues.imag, "eigenvalue of A", "#ffffff", size=5, symbol="x"),
        ),
        height=440,
    )


def _readout(d: Data) -> str:
    said = (
        f"{d.matrix_name}, n = {d.n}, {d.basis}: {d.draws} perturbations "
        f"of norm ε = {number_text(d.epsilon)} move an eigenvalue by "
    )
    if d.epsilon >= 10 * d.rounding:
        ratio = number_text(d.distance / d.epsilon, 2)
        return said + f"up to {number_text(d.distance, 2)}. That is {ratio} times ε."
    # Rounding has a say, and it differs from machine to machine: a bound, then.
    bound = 2 ** np.floor(np.log2(d.distance / 1.5)) if d.distance else 0.0
    return said + (
        f"more than {number_text(bound, 2)}. Rounding alone is as large here: 2·10⁻¹⁶ ‖A‖ = "
        f"{number_text(d.rounding, 2)}."
    )


def _code(matrix_name: str, n: int, noise: float, basis: str) -> str:
    known = {"LegS": f"-np.arange(1, {n + 1})", "Jordan block": f"np.zeros({n})"}
    rotate = f"""
        Q = np.linalg.qr(np.random.default_rng(2).standard_normal(({n}, {n})))[0]
        A = Q @ A @ Q.T"""
    return f"""
        import numpy as np
        import spectral_lab.pseudospectra as ps
        from spectral_lab.hippo import legs

        A, epsilon = {matrix_code(matrix_name, n)}, {10.0**noise:.6g}
        exact = {known.get(matrix_name, "np.linalg.eigvals(A)")}{rotate if basis == "rotated" else ""}
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
            choice("matrix_name", "matrix $A$", list(WINDOWS)),
            integers("n", "size $n$", 4, 64, 24, step=2),
            slider("noise", r"$\log_{10}\|E\|$", -16, 0, -8, steps=64, play=True),
            choice("basis", "basis", ("as it stands", "rotated")),
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
