"""Demonstration 1: turn the molecule, turn the matrix."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import (
    Figure,
    Panel,
    Trace,
    axis,
    bare,
    figure,
    key,
    line,
    matrix,
    note,
    panel,
    points,
    segments,
)
from spectral_lab.hamiltonians.coupling import couple
from spectral_lab.hamiltonians.explorers._drawing import levels, molecule, stage
from spectral_lab.hamiltonians.harmonics import rotation
from spectral_lab.hamiltonians.orbitals import basis_rotation, from_degree_order, to_degree_order
from spectral_lab.hamiltonians.roothaan import solve_roothaan
from spectral_lab.hamiltonians.stored import stored

MOLECULES = ("water", "ammonia", "formaldehyde")
MATRICES = ("H", "S", "H − H0")
MISTAKES = ("none", "p as (x, y, z)", "axes not permuted", "both")
SWAP = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])  # (x, y, z) to (y, z, x)
FLOOR = 1e-12
# The magnified block: degrees of its shells, its rows, its columns. All molecules begin with an atom of 14 orbitals.
BLOCKS = {
    "none": None,
    "p with d": (1, 2, slice(6, 9), slice(9, 14)),
    "p with itself": (1, 1, slice(3, 6), slice(3, 6)),
    "p with s of the next atom": (1, 0, slice(3, 6), slice(14, 15)),
}


@lru_cache(maxsize=8)
def _grid() -> tuple[np.ndarray, np.ndarray]:
    table = stored("grid")
    return table["levels"], table["errors"][:, 0]


def _turned(M: np.ndarray, Z: np.ndarray, R: np.ndarray, mistake: str) -> np.ndarray:
    """D M D^T, with the mistake in it."""
    D = basis_rotation(SWAP.T @ R @ SWAP if mistake in MISTAKES[2:] else R, Z, "def2-svp")
    if mistake in (MISTAKES[1], MISTAKES[3]):  # the blocks of p shells stay as PySCF writes them
        return to_degree_order(D @ from_degree_order(M, Z, "def2-svp") @ D.T, Z, "def2-svp")
    return D @ M @ D.T


def _parts(M: np.ndarray, block: str) -> dict[int, float]:
    """How large the part of each degree is in the magnified block."""
    if (place := BLOCKS[block]) is None:
        return {}
    la, lb, rows, columns = place
    return {l: float(np.sqrt((2 * l + 1) * (part**2).sum())) for l, part in couple(M[rows, columns], la, lb).items()}


def _compute(
    name: str, matrix_name: str, alpha: int, beta: int, gamma: int, mistake: str, block: str
) -> dict[str, Any]:
    one = stored(name)
    Z, R = one["Z"], rotation(*np.radians([alpha, beta, gamma]))
    M = {"H": one["H"], "S": one["S"], MATRICES[2]: one["H"] - one["H0"]}[matrix_name]
    right, shown = _turned(M, Z, R, "none"), _turned(M, Z, R, mistake)
    H, S = _turned(one["H"], Z, R, mistake), _turned(one["S"], Z, R, "none")
    occupied = int(Z.sum()) // 2
    grid_levels, grid_errors = _grid()
    return {
        "Z": Z, "X": one["X"] @ R.T, "shown": shown, "before": solve_roothaan(one["H"], one["S"]).energies,
        "after": solve_roothaan(H, S).energies, "occupied": occupied, "moved": float(np.abs(shown - M).max()),
        "off": max(float(np.abs(shown - right).max()), FLOOR), "grid_levels": grid_levels, "grid_errors": grid_errors,
        "parts": _parts(shown, block), "parts_before": _parts(M, block),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    n = len(d.shown)
    limit = float(np.quantile(np.abs(d.shown), 0.97))
    return figure(
        stage("The molecule", d.X, 0.8).draw(*molecule(d.Z, d.X)),
        panel(
            "Its matrix", bare(-0.5, n - 0.5), bare(n - 0.5, -0.5), 1.2, equal=True
        ).draw(matrix(d.shown, limit, hoverinfo="z"), *_frame(d.block)),
        panel("Levels in Hartree", bare(-0.6, 1.6), axis("", -1.3, 2.2), 0.7).draw(
            *levels(d.before, d.occupied, 0.0, -1.3, 1.9, "before"),
            *levels(d.after, d.occupied, 1.0, -1.3, 1.9, "after"),
            note("before", 0, 2.1, MUTED, anchor="center"), note("after", 1, 2.1, MUTED, anchor="center"),
        ),
        _errors(d) if BLOCKS[d.block] is None else _magnified(d),
        height=330, margin={"l": 12},
    )  # fmt: skip


def _frame(block: str) -> list[Trace]:
    if (place := BLOCKS[block]) is None:
        return []
    (top, bottom), (left, right) = ((side.start - 0.5, side.stop - 0.5) for side in place[2:])
    return [line([left, right, right, left, left], [top, top, bottom, bottom, top], "magnified", INK, width=2)]


def _errors(d: Data) -> Panel:
    return panel(
        "Largest error", axis("level of DFT's grid", -0.6, 7.6, dtick=1), axis("", 3e-13, 1e5, log=True, dtick=2), 0.8
    ).draw(
        points(d.grid_levels, d.grid_errors, "the grid of DFT", BLUE, size=9),
        line([-0.6, 7.6], [d.off, d.off], "this picture", RED),
        *key("top right", ("this picture", RED), ("H of water, by DFT", BLUE)),
    )


def _magnified(d: Data) -> Panel:
    degrees = np.array(list(d.parts_before))
    before, after = (np.array([parts[l] for l in degrees]) for parts in (d.parts_before, d.parts))
    top = 1.25 * max(float(before.max()), float(after.max()), 1e-3)
    bars = np.stack([0 * after, after], axis=1)
    return panel("Parts of the block", axis("degree l", -0.5, 3.5, dtick=1), axis("", 0, top), 0.8).draw(
        segments(degrees[:, None], bars, "after", GREEN, width=14),
        points(degrees, before, "before", MUTED, size=13, symbol="line-ew-open"),
        *key("top right", ("after, bar", GREEN), ("before, line", MUTED)),
    )


def _readout(d: Data) -> str:
    homo, lumo = d.after[d.occupied - 1 : d.occupied + 1]
    unit = "" if d.matrix_name == "S" else " Hartree"
    said = (
        f"{d.name}, {d.matrix_name}, turned by {d.alpha}°, {d.beta}°, {d.gamma}°: entries move by up to "
        f"{number_text(d.moved, 2)}{unit}. "
    )
    if d.parts:
        sizes = [f"{number_text(size, 2) if size > 1e-9 else 0} of degree {l}" for l, size in d.parts.items()]
        said += f"Block {d.block}: {', '.join(sizes)}. "
    if d.off <= 1e-9:
        slip = "No slip" if d.mistake == "none" else f"Slip: {d.mistake}, unseen"
        return said + f"{slip}: highest occupied level {_signed(homo)}, lowest empty {_signed(lumo)}, as before."
    return said + (
        f"Slip: {d.mistake}. It is off by {number_text(d.off, 2)}; the highest occupied level would be at "
        f"{_signed(homo)}, not {_signed(d.before[d.occupied - 1])}."
    )


def _signed(energy: float) -> str:
    return f"{energy:.4f}".replace("-", "−")


def _code(name: str, matrix_name: str, alpha: int, beta: int, gamma: int, mistake: str, block: str) -> str:
    M = {"H": 'one["H"]', "S": 'one["S"]', MATRICES[2]: 'one["H"] - one["H0"]'}[matrix_name]
    wrong_axes, wrong_order = mistake in MISTAKES[2:], mistake in (MISTAKES[1], MISTAKES[3])
    axes = "swap.T @ R @ swap" if wrong_axes else "R"
    body = (
        'to_degree_order(W @ from_degree_order(A, Z, "def2-svp") @ W.T, Z, "def2-svp")'
        if wrong_order
        else "W @ A @ W.T"
    )
    return f"""
        import numpy as np
        from spectral_lab.hamiltonians import *

        one = stored("{name}")
        Z, M = one["Z"], {M}
        R = rotation(*np.radians([{alpha}, {beta}, {gamma}]))     # about z, y, z
        swap = np.eye(3)[[1, 2, 0]]
        D, W = basis_rotation(R, Z, "def2-svp"), basis_rotation({axes}, Z, "def2-svp")
        turn = lambda A: {body}
        print(abs(turn(M) - M).max(), abs(turn(M) - D @ M @ D.T).max())
        half = Z.sum() // 2
        print(solve_roothaan(one["H"], one["S"]).energies[half - 1:half + 1])
        print(solve_roothaan(turn(one["H"]), D @ one["S"] @ D.T).energies[half - 1:half + 1])
        {_block_code(block)}
    """


def _block_code(block: str) -> str:
    if (place := BLOCKS[block]) is None:
        return ""
    la, lb, rows, columns = place
    return f"""B = turn(M)[{rows.start}:{rows.stop}, {columns.start}:{columns.stop}]
        for l, part in couple(B, {la}, {lb}).items():
            print(l, np.sqrt((2 * l + 1) * (part**2).sum()))"""


def turn_the_molecule(**state: Any) -> Explorer:
    """A molecule, a matrix and its levels, turned by three angles; and four ways to do it, three of them wrong."""
    return Explorer(
        title="Turn the molecule, turn the matrix",
        controls=[
            choice("name", "molecule", MOLECULES),
            choice("matrix_name", "matrix", MATRICES),
            integers("alpha", r"$\alpha$ about $z$", 0, 360, 40, step=5, unit="°", play=True),
            integers("beta", r"$\beta$ about $y$", 0, 180, 50, step=5, unit="°"),
            integers("gamma", r"$\gamma$ about $z$", 0, 360, 20, step=5, unit="°"),
            choice("mistake", "slip", MISTAKES),
            choice("block", "magnify the block", tuple(BLOCKS)),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Formaldehyde upside down": {"name": "formaldehyde", "alpha": 0, "beta": 180, "gamma": 0},
            "Wrong order of p": {"mistake": "p as (x, y, z)"},
            "Forgotten axes": {"mistake": "axes not permuted"},
            "Both, nearly hidden": {"mistake": "both"},
            "Inside a block": {"block": "p with d"},
        },
        state=state,
    )
