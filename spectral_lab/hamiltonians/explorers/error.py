"""Demonstration 5: from the error of a matrix to physics."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, number_text
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, bare, figure, key, line, note, panel, points
from spectral_lab.hamiltonians.explorers._drawing import levels
from spectral_lab.hamiltonians.metrics import hamiltonian_metrics, matrix_noise
from spectral_lab.hamiltonians.roothaan import eigenvalue_bound, orthogonaliser, solve_roothaan
from spectral_lab.hamiltonians.scf import energy_of, rhf
from spectral_lab.hamiltonians.stored import stored

SYSTEMS = ("water", "hydrogen")
SHAPES = ("all entries", "blocks of single atoms")
BONDS = (0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.74, 0.9, 1.1, 1.4, 1.8, 2.4)  # of the stored matrices, in Angstrom
NOISES = tuple(np.round(np.arange(-6, -1.4, 0.25), 2).tolist())


@lru_cache(maxsize=32)
def _system(system: str, bond: int) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """H, S, the number of electrons, and the atom of each orbital."""
    if system == "water":
        one = stored("integrals")
        return _field(), one["S"][0], 10, np.array([0] * 5 + [1, 2])
    one = stored("hydrogen")
    return one["H"][bond], one["S"][bond], 2, np.repeat([0, 1], 9)


@lru_cache(maxsize=1)
def _field() -> np.ndarray:
    one = stored("integrals")
    return rhf(one["core"][0], one["S"][0], one["eri"][0], 10, one["minao"][0]).fock


@lru_cache(maxsize=64)
def _curves(system: str, bond: int, shape: str) -> dict[str, np.ndarray]:
    """Errors over the sizes of the noise: the largest shift of a level, the bounds, the occupied levels, the energy."""
    H, S, electrons, atom = _system(system, bond)
    where = None if shape == SHAPES[0] else atom[:, None] == atom
    unit, sizes = matrix_noise(len(H), 1.0, 1, where), 10.0 ** np.array(NOISES)
    X, bound = orthogonaliser(S), eigenvalue_bound(unit, S)
    shifted = np.linalg.eigvalsh(X.T @ (H + sizes[:, None, None] * unit) @ X)  # all sizes at once
    moved = np.abs(shifted - solve_roothaan(H, S).energies)
    return {
        "moved": moved.max(axis=1), "occupied": moved[:, : electrons // 2].max(axis=1),
        "sharp": sizes * bound.sharp, "loose": sizes * bound.loose, "energy": _energies(unit, sizes, system),
    }  # fmt: skip


def _energies(unit: np.ndarray, sizes: np.ndarray, system: str) -> np.ndarray:
    """What the orbitals of H + noise do to the energy of water; for hydrogen there is no field to ask."""
    if system != "water":
        return np.zeros(len(sizes))
    one, H = stored("integrals"), _field()
    core, S, eri = (one[name][0] for name in ("core", "S", "eri"))
    true = energy_of(H, core, S, eri, 10)
    return np.array([energy_of(H + size * unit, core, S, eri, 10) - true for size in sizes])


def _place(bond: float) -> int:
    """The stored bond that is nearest."""
    return int(np.abs(np.array(BONDS) - bond).argmin())


def _compute(system: str, bond: float, noise: float, shape: str) -> dict[str, Any]:
    place = _place(bond)
    H, S, electrons, atom = _system(system, place)
    where = None if shape == SHAPES[0] else atom[:, None] == atom
    E = matrix_noise(len(H), 10.0**noise, 1, where)
    found = hamiltonian_metrics(H + E, H, S, electrons)
    before, after = (solve_roothaan(M, S).energies for M in (H, H + E))
    return {
        "length": BONDS[place], "before": before, "after": after, "mae": found.mae,
        "half": electrons // 2, "moved": float(np.abs(after - before).max()), "gap": found.gap, "psi": found.psi,
        "bound": eigenvalue_bound(E, S).sharp, "smallest": float(np.linalg.eigvalsh(S)[0]),
        **{f"curve {name}": curve for name, curve in _curves(system, place, shape).items()},
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    sizes = 10.0 ** np.array(NOISES)
    energy = [line(sizes, d["curve energy"], "total energy", INK, dash="dash")] if d.system == "water" else []
    return figure(
        panel("Levels in Hartree", bare(-0.6, 1.6), axis("", -1.5, 4.5), 0.6).draw(
            *levels(d.before, d.half, 0.0, -1.5, 4.0, "true"), *levels(d.after, d.half, 1.0, -1.5, 4.0, "predicted"),
            note("true", 0, 4.3, MUTED, anchor="center"), note("predicted", 1, 4.3, MUTED, anchor="center"),
        ),
        panel(
            "What an error in H does", axis("mean error of H in Hartree", 6e-7, 5e-2, log=True),
            axis("Hartree", 1e-12, 1e4, log=True), 1.4,
        ).draw(
            line(sizes, d["curve loose"], "‖Δ‖/λ_min(S)", MUTED, dash="dot"),
            line(sizes, d["curve sharp"], "bound", BLUE),
            line(sizes, d["curve moved"], "largest shift of a level", RED),
            line(sizes, d["curve occupied"], "largest of an occupied one", GREEN),
            *energy,
            points([10.0**d.noise], [d.moved], "here", RED, size=10),
            *key("bottom right", ("‖Δ‖/λ<sub>min</sub>(S), dotted", MUTED), ("bound", BLUE),
                 ("level that moves most", RED), ("occupied level", GREEN),
                 *([("total energy, dashed", INK)] if energy else [])),
        ),
        height=380,
    )  # fmt: skip


def _readout(d: Data) -> str:
    who = "water, STO‑3G" if d.system == "water" else (
        f"H₂, aug-cc-pVDZ, bond {d.length:g} Å"
    )  # fmt: skip
    return (
        f"{who}; {d.shape}: λ_min(S) = {number_text(d.smallest, 2)}. A mean error of {number_text(d.mae, 2)} Hartree "
        f"moves a level by {number_text(d.moved, 2)}, at most {number_text(d.bound, 2)}; the gap by "
        f"{number_text(d.gap, 2)}; likeness ψ = {d.psi:.5f}."
    )


def _code(system: str, bond: float, noise: float, shape: str) -> str:
    place = _place(bond)
    if system == "water":
        load = """one = stored("integrals")
        core, S, eri, minao = (one[name][0] for name in ("core", "S", "eri", "minao"))
        H, electrons, atom = rhf(core, S, eri, 10, minao).fock, 10, np.array([0] * 5 + [1, 2])"""
    else:
        load = f"""one = stored("hydrogen")
        H, S, electrons, atom = one["H"][{place}], one["S"][{place}], 2, np.repeat([0, 1], 9)
        print(one["bonds"][{place}])"""
    where = "None" if shape == SHAPES[0] else "atom[:, None] == atom"
    return f"""
        import numpy as np
        from spectral_lab.hamiltonians import *

        {load}
        E = matrix_noise(len(H), {10.0**noise:.6g}, seed=1, where={where})
        found = hamiltonian_metrics(H + E, H, S, electrons)
        moved = abs(solve_roothaan(H + E, S).energies - solve_roothaan(H, S).energies)
        print(np.linalg.eigvalsh(S)[0], moved.max(), eigenvalue_bound(E, S).sharp, found)
    """


def error_to_physics(**state: Any) -> Explorer:
    """What an error of the Hamiltonian does to levels, gap, orbitals and energy; worst where functions coincide."""
    return Explorer(
        title="From the error of a matrix to physics",
        controls=[
            choice("system", "molecule", SYSTEMS, "hydrogen"),
            Slider("bond", "bond of H₂", BONDS, 1.4, "Å"),
            Slider("noise", r"$\log_{10}$ mean error", NOISES, -5.0),
            choice("shape", "the error stands in", SHAPES),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Nearly the same functions twice": {"bond": 0.15},
            "A long bond": {"bond": 2.4},
            "Water, energy by the square": {"system": "water", "noise": -3.0},
        },
        state=state,
    )
