"""What the pictures of this chapter share: crystals and molecules in three dimensions, drawn flat with depth."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, PAPER, PINK, RED
from spectral_lab.explorer.theme import Panel, Trace, bare, panel, points, segments, text
from spectral_lab.generation.crystals import Crystal
from spectral_lab.generation.prototypes import prototype_crystal

CRYSTALS = {
    "NaCl, rock salt": ("rocksalt", [("Na", 1), ("Cl", -1)]),
    "ZnS, wurtzite": ("wurtzite", [("Zn", 2), ("S", -2)]),
    "TiO2, rutile": ("rutile", [("Ti", 4), ("O", -2)]),
    "SrTiO3, perovskite": ("perovskite", [("Sr", 2), ("Ti", 4), ("O", -2)]),
    "MgAl2O4, spinel": ("spinel", [("Mg", 2), ("Al", 3), ("O", -2)]),
}
ANIONS = {"O": RED, "S": PINK, "Cl": GREEN, "F": GREEN}
CATIONS = (BLUE, INK, MUTED)
TILT = np.radians(18)
NEAR = 0.1  # of the cell: an atom as near to a face is drawn on the opposite face too


def named_crystal(name: str) -> Crystal:
    """The crystal of this name in `CRYSTALS`."""
    return prototype_crystal(*CRYSTALS[name])


def crystal_code(name: str) -> str:
    """The call that makes it."""
    prototype, ions = CRYSTALS[name]
    return f'prototype_crystal("{prototype}", {ions})'.replace("'", '"')


def view(degrees: float) -> np.ndarray:
    """Rows: right, up and towards the reader, after a turn about the vertical, seen from a little above."""
    turn = np.radians(degrees)
    right = [np.cos(turn), np.sin(turn), 0.0]
    towards = [np.sin(turn) * np.cos(TILT), -np.cos(turn) * np.cos(TILT), np.sin(TILT)]
    return np.array([right, np.cross(towards, right), towards])


def colors(species: Sequence[str]) -> list[str]:
    """Of each atom: anions have their own, cations go by their place in the formula."""
    cations = [name for name in dict.fromkeys(species) if name not in ANIONS]
    own = ANIONS | {name: CATIONS[i % len(CATIONS)] for i, name in enumerate(cations)}
    return [own[name] for name in species]


def atoms(X: np.ndarray, tints: Sequence[str], labels: Sequence[str], sizes: np.ndarray) -> list[Trace]:
    """Balls at X (n, 3), as seen: right, up, near. What is nearer is larger and in front."""
    order = np.argsort(X[:, 2], kind="stable")
    depth = X[order, 2] - X[:, 2].mean()
    scale = 1 + 0.22 * depth / max(float(np.abs(depth).max()), 1e-9)
    ball = points(X[order, 0], X[order, 1], "atom", [tints[i] for i in order], size=sizes[order] * scale,
                  hoverinfo="skip")  # fmt: skip
    ball["marker"]["line"] = {"color": PAPER, "width": 1.5}
    words = text(X[order, 0], X[order, 1], [labels[i] for i in order], PAPER, size=10, position="middle center")
    return [ball, words]


def crystal(one: Crystal, degrees: float) -> list[Trace]:
    """The cell with its edges; an atom on a face, an edge or a corner is drawn at each of its images there."""
    seen = view(degrees)
    corners = np.array(list(itertools.product([0, 1], repeat=3)), dtype=float)
    ends = [(i, j) for i, j in itertools.combinations(range(8), 2) if np.abs(corners[i] - corners[j]).sum() == 1]
    middle = one.lattice.sum(axis=0) / 2
    edges = ((corners @ one.lattice - middle) @ seen.T)[np.array(ends)]
    frac, owners = with_images(one.frac)
    X = (frac @ one.lattice - middle) @ seen.T
    tints = colors(one.species)
    named = [one.species[i] if k < len(one) else "" for k, i in enumerate(owners)]
    large = 27 if len(one) < 9 else 19
    sizes = np.where(np.arange(len(owners)) < len(one), large, 0.6 * large)
    return [
        segments(edges[:, :, 0], edges[:, :, 1], "cell", MUTED, width=1.5, hoverinfo="skip"),
        *atoms(X, [tints[i] for i in owners], named, sizes),
    ]


def with_images(frac: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The atoms, then images of those near a face on the face opposite; and whose image each is."""
    places, owners = [*frac], list(range(len(frac)))
    for i, place in enumerate(frac):
        faces = [axis for axis in range(3) if abs(place[axis]) < NEAR]
        for count in range(1, len(faces) + 1):
            for axes in itertools.combinations(faces, count):
                places.append(place + np.isin(range(3), axes))
                owners.append(i)
    return np.array(places), owners


def molecule(symbols: Sequence[str], X: np.ndarray, bonds: Sequence[tuple[int, int]], degrees: float) -> list[Trace]:
    """Heavy atoms and bonds, seen from there."""
    return flat_molecule(symbols, X @ view(degrees).T, bonds)


def flat_molecule(symbols: Sequence[str], seen: np.ndarray, bonds: Sequence[tuple[int, int]]) -> list[Trace]:
    """The same, x to the right, y up, z towards the reader."""
    pairs = np.array(bonds, dtype=int).reshape(-1, 2)
    tints = [{"C": INK, "N": BLUE, "O": RED, "F": GREEN}[name] for name in symbols]
    return [
        segments(seen[pairs, 0], seen[pairs, 1], "bond", MUTED, width=5, hoverinfo="skip"),
        *atoms(seen, tints, symbols, np.full(len(seen), 26.0)),
    ]


def stage(title: str, reach: float, width: float = 1.0) -> Panel:
    """A panel in which something of this radius can turn freely."""
    reach = 1.12 * reach
    return panel(title, bare(-reach, reach), bare(-reach, reach), width, equal=True)


def cell_reach(lattice: np.ndarray) -> float:
    """Half of the longest diagonal of the cell."""
    signs = np.array(list(itertools.product([-1, 1], repeat=3)))
    return float(np.linalg.norm(signs @ lattice, axis=1).max()) / 2
