"""Demonstration 6: a head start for the self-consistent field."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, number_text, slider, toggle
from spectral_lab.explorer.palette import BLUE, GREEN, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.hamiltonians.metrics import matrix_noise
from spectral_lab.hamiltonians.scf import SCF, rhf
from spectral_lab.hamiltonians.stored import stored

STRETCHES = ("1", "1.5", "2", "2.5")
STEPS = 60
NOISES = tuple(np.arange(-6, -0.9, 0.5).tolist())
DAMPINGS = (0.0, 0.3, 0.5)
GOAL = 1e-7  # Hartree
FLOOR = 1e-11


def _integrals(place: int) -> tuple[np.ndarray, ...]:
    """h, S, (ab|cd) and the guess from atomic densities, for water with its bonds stretched."""
    one = stored("integrals")
    return tuple(one[name][place] for name in ("core", "S", "eri", "minao"))


@lru_cache(maxsize=8)
def lowest(place: int) -> SCF:
    """The field that everything is held against. Stretched bonds have several: the lowest that six runs find."""
    core, S, eri, minao = _integrals(place)
    runs = (
        rhf(core, S, eri, 10, guess, damping=damping, iterations=900, tolerance=1e-10)
        for guess in (core, minao)
        for damping in DAMPINGS
    )
    return min((run for run in runs if run.converged), key=lambda run: run.energy)


def _path(place: int, guess: np.ndarray, damping: float, diis: bool) -> np.ndarray:
    core, S, eri, _ = _integrals(place)
    run = rhf(core, S, eri, 10, guess, damping=damping, diis=diis, iterations=STEPS, tolerance=1e-9)
    return np.maximum(run.history - lowest(place).energy, FLOOR)


def _taken(path: np.ndarray) -> int:
    """Steps until the energy stays within the goal; 0 if it does not."""
    away = np.flatnonzero(path > GOAL)
    return int(away[-1]) + 2 if len(away) and away[-1] + 1 < len(path) else (0 if len(away) else 1)


def _compute(stretch: str, noise: float, damping: float, diis: bool) -> dict[str, Any]:
    place = STRETCHES.index(stretch)
    core, _, _, minao = _integrals(place)
    predicted = lowest(place).fock + matrix_noise(len(core), 10.0**noise, 1)
    paths = {
        name: _path(place, F, damping, diis) for name, F in (("core", core), ("minao", minao), ("predicted", predicted))
    }
    return {
        **paths,
        **{f"steps {name}": _taken(path) for name, path in paths.items()},
        **{f"end {name}": float(path[-1]) for name, path in paths.items()},
    }


def _figure(d: Data) -> Figure:
    colors = (("core", MUTED), ("minao", BLUE), ("predicted", RED))
    return figure(
        panel("", axis("iteration", 0, STEPS + 1), axis("Hartree above the lowest", 3e-12, 3e5, log=True)).draw(
            line([0, STEPS + 1], [GOAL, GOAL], "goal", GREEN, width=1, dash="dash"),
            *(line(np.arange(1, len(d[name]) + 1), d[name], name, color) for name, color in colors),
            *(points(np.arange(1, len(d[name]) + 1), d[name], name, color, size=5) for name, color in colors),
            *key("top right", ("core Hamiltonian", MUTED), ("atomic densities (minao)", BLUE), ("predicted", RED),
                 ("10⁻⁷ Hartree, dashed", GREEN)),
        ),
        height=380,
    )  # fmt: skip


def _readout(d: Data) -> str:
    def words(name: str) -> str:
        taken, end = d[f"steps {name}"], d[f"end {name}"]
        if taken:
            return f"{taken}"
        how = f"not in {STEPS}, ending" if len(d[name]) == STEPS else "never, settling"
        return f"{how} {number_text(end, 2)} above it"

    return (
        f"Water in STO‑3G, bonds times {d.stretch}, damping {d.damping:g}, DIIS {'on' if d.diis else 'off'}. "
        f"Iterations to within 10⁻⁷ Hartree of the lowest solution: {words('core')} from the core Hamiltonian; "
        f"{words('minao')} from atomic densities; {words('predicted')} from H* with a mean error of "
        f"{number_text(10.0**d.noise, 2)}."
    )


def _code(stretch: str, noise: float, damping: float, diis: bool) -> str:
    return f"""
        import numpy as np
        from spectral_lab.hamiltonians import matrix_noise, rhf, stored

        one, place = stored("integrals"), {STRETCHES.index(stretch)}
        core, S, eri, minao = (one[name][place] for name in ("core", "S", "eri", "minao"))
        runs = [rhf(core, S, eri, 10, F, damping=damping, iterations=900, tolerance=1e-10)
                for F in (core, minao) for damping in {DAMPINGS}]
        goal = min((run for run in runs if run.converged), key=lambda run: run.energy)
        for F in (core, minao, goal.fock + matrix_noise(7, {10.0**noise:.6g}, seed=1)):
            run = rhf(core, S, eri, 10, F, damping={damping:g}, diis={diis}, iterations=60, tolerance=1e-9)
            away = np.flatnonzero(run.history - goal.energy > 1e-7)
            print(away[-1] + 2 if len(away) else 1, "of", len(run.history), run.history[-1] - goal.energy)
    """


def head_start(**state: Any) -> Explorer:
    """Convergence of Hartree-Fock from three guesses: what a predicted Hamiltonian saves."""
    return Explorer(
        title="A head start for the self-consistent field",
        controls=[
            choice("stretch", "bonds times", STRETCHES),
            Slider("noise", r"$\log_{10}$ of its error", NOISES, -4.0),
            slider("damping", "damping", 0, 0.9, 0, steps=18),
            toggle("diis", "DIIS"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "With DIIS": {"diis": True},
            "Longer bonds": {"stretch": "1.5"},
            "Too long for the plain iteration": {"stretch": "2"},
            "Longer still, DIIS and damping": {"stretch": "2.5", "diis": True, "damping": 0.3},
        },
        state=state,
    )
