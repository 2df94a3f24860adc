"""Demonstration 6: a schedule that learns to cool, and what it cannot do without its sign layers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.cooling.levels import Levels, levels
from spectral_lab.cooling.schedules import Training, recorded_training, run_schedule
from spectral_lab.cooling.spin_chains import product_amplitudes, xxz
from spectral_lab.explorer import Data, Explorer, integers, toggle
from spectral_lab.explorer.palette import BLUE, GREEN, GRID, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, line, note, panel, points, segments

SITES = 4


@lru_cache(maxsize=1)
def _training() -> tuple[Levels, np.ndarray, Training]:
    return levels(xxz(SITES)), product_amplitudes(SITES, "up"), recorded_training()


def _compute(iteration: int, layers: int, signs: bool) -> dict[str, Any]:
    spectrum, start, training = _training()
    populations = run_schedule(spectrum, start, training.schedule(iteration), signs=signs)
    E = spectrum.energies
    return {
        "E": E, "populations": populations[layers], "path": populations @ E, "shifts": training.shifts[iteration],
        "curve": training.energies, "kicks_only": training.kicks_only, "energy": float(populations[layers] @ E),
        "ground": float(populations[layers][spectrum.same_level(0)].sum()),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    E, t, k = d.E, list(range(len(d.curve))), list(range(len(d.path)))
    rungs = np.unique(E.round(9))
    weights = np.array([d.populations[np.abs(E - e) < 1e-6].sum() for e in rungs])
    mu = d.shifts if d.signs else np.full(len(d.shifts), np.nan)
    energy, levels = axis("energy (J)", -1.8, 0.95), axis("", -1.8, 0.95)
    end = 0.98 * t[-1]
    return figure(
        panel("Training", axis("iteration", -6, t[-1] + 6), energy, 1.2).draw(
            line(t, d.kicks_only, "kicks alone", MUTED, dash="dash"),
            line(t, d.curve, "kicks and signs"),
            points([d.iteration], [d.curve[d.iteration]], color=BLUE, size=9),
            line([0, t[-1]], [E[0]] * 2, color=GREEN, dash="dot"),
            note("kicks alone", end, -0.66, MUTED, anchor="right"),
            note("kicks and signs", end, -1.5, BLUE, anchor="right"),
            note("ground level", end, E[0] - 0.08, GREEN, anchor="right"),
        ),
        panel("Through the circuit", axis("layers done", -0.1, k[-1] + 0.1, dtick=1), levels).draw(
            segments([0, k[-1]], rungs[:, None], color=GRID, width=1),
            line(k, d.path, "energy"),
            points(k[1:], mu, "μ of the layer", GREEN, symbol="line-ew-open", size=14),
            points([d.layers], [d.energy], size=10),
            note("μ", 4.05, 0.85, GREEN, anchor="right"),
        ),
        panel("Level by level", axis("population", 0, 1.02), levels, 0.7).draw(
            segments(weights[:, None] * [0, 1], rungs[:, None], "population", RED, width=9)
        ),
    )


def _readout(d: Data) -> str:
    how = "with sign layers" if d.signs else "sign layers left out"
    layers = f"{d.layers} layer{'s' * (d.layers != 1)}"
    words = (
        f"Iteration {d.iteration}, {how}: after {layers} the energy is {d.energy:.3f} (start 0.75, "
        f"ground level {d.E[0]:.3f}), ground population {d.ground:.3f}; kicks trained alone end at "
        f"{d.kicks_only[-1]:.2f}."
    )
    return words.replace("-", "−")


def _code(iteration: int, layers: int, signs: bool) -> str:
    return f"""
        from spectral_lab.cooling import levels, start_state, xxz
        from spectral_lab.cooling.schedules import recorded_training, run_schedule

        training, spectrum = recorded_training(), levels(xxz({SITES}))
        E, ground = spectrum.energies, spectrum.same_level(0)
        p = run_schedule(spectrum, start_state({SITES}, "up"), training.schedule({iteration}), signs={signs})
        print(f"energy {{p[{layers}] @ E:.3f}} (start {{p[0] @ E:.2f}}, ground level {{E[0]:.3f}})")
        print(f"ground population {{p[{layers}][ground].sum():.3f}}")
        print(f"kicks trained alone end at {{training.kicks_only[-1]:.2f}}")
    """


def teach_it_to_cool(**state: Any) -> Explorer:
    """A recorded training of kicks and sign layers on the Heisenberg chain, beside kicks alone (C20)."""
    return Explorer(
        title="Teach it to cool",
        controls=[
            integers("iteration", "iteration", 0, 300, 300, play=True),
            integers("layers", "layers done", 0, 4, 4),
            toggle("signs", "sign layers", True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Untrained": {"iteration": 0},
            "Half way down": {"iteration": 5},
            "Without sign layers": {"signs": False},
        },
        state=state,
    )
