"""What the pictures of this chapter share: molecules as they look from the front, and levels as levels."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, PAPER, RED
from spectral_lab.explorer.theme import Panel, Trace, bare, panel, points, segments, text

COLOR = {1: MUTED, 6: INK, 7: BLUE, 8: RED}
SIZE = {1: 14, 6: 24, 7: 24, 8: 24}
SYMBOL = {1: "H", 6: "C", 7: "N", 8: "O"}
RADIUS = {1: 0.31, 6: 0.76, 7: 0.71, 8: 0.66}  # of a covalent bond, in Angstrom


def bonds(Z: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Pairs of atoms nearer than 1.3 times the sum of their radii."""
    i, j = np.triu_indices(len(Z), 1)
    radii = np.array([RADIUS[int(number)] for number in Z])
    near = np.linalg.norm(X[i] - X[j], axis=1) < 1.3 * (radii[i] + radii[j])
    return np.stack([i[near], j[near]], axis=1)


def molecule(Z: np.ndarray, X: np.ndarray, *behind: Trace) -> list[Trace]:
    """Atoms and bonds seen along x: y to the right, z up; what is nearer is larger and in front."""
    X = X - X.mean(axis=0)
    pairs = bonds(Z, X)
    order = np.argsort(X[:, 0], kind="stable")
    scale = 1 + 0.25 * X[order, 0] / max(1.0, float(np.abs(X).max()))
    sizes = np.array([SIZE[int(number)] for number in Z[order]]) * scale
    colors = [COLOR[int(number)] for number in Z[order]]
    return [
        *behind,
        segments(X[pairs, 1], X[pairs, 2], "bond", MUTED, width=4),
        points(X[order, 1], X[order, 2], "atom", colors, size=sizes),
        text(X[order, 1], X[order, 2], [SYMBOL[int(number)] for number in Z[order]], PAPER, size=11,
             position="middle center"),
    ]  # fmt: skip


def stage(title: str, X: np.ndarray, width: float = 1.0) -> Panel:
    """A panel in which the molecule can turn freely."""
    reach = 1.05 * float(np.linalg.norm(X - X.mean(axis=0), axis=1).max()) + 0.25
    return panel(title, bare(-reach, reach), bare(-reach, reach), width, equal=True)


def levels(energies: Any, occupied: int, column: float, low: float, high: float, name: str) -> list[Trace]:
    """Levels as short bars at a column, those in view: occupied ones in green."""
    energies, reach = np.asarray(energies), np.array([column - 0.35, column + 0.35])
    parts = ((energies[:occupied], GREEN), (energies[occupied:], MUTED))
    return [segments(reach, part[(part > low) & (part < high), None], name, color) for part, color in parts]
