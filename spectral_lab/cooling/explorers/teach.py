"""Demonstration 6: a schedule that learns to cool, and what it cannot do without its sign layers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.cooling.levels import Levels, levels
from spectral_lab.cooling.schedules import Training, recorded_training, run_schedule
from spectral_lab.cooling.spin_chains import start_state, xxz
from spectral_lab.explorer import Explorer, integers, theme, toggle

SITES = 4


@lru_cache(maxsize=1)
def _training() -> tuple[Levels, np.ndarray, Training]:
    return levels(xxz(SITES)), start_state(SITES, "up").full()[:, 0], recorded_training()


def _compute(iteration: int, layers: int, signs: bool) -> dict[str, Any]:
    spectrum, start, training = _training()
    populations = run_schedule(spectrum, start, training.schedule(iteration), signs=signs)
    E = spectrum.energies
    return {
        "iteration": iteration, "layers": layers, "signs": signs, "E": E, "populations": populations[layers],
        "path": populations @ E, "shifts": training.shifts[iteration], "curve": training.energies,
        "kicks_only": training.kicks_only, "energy": float(populations[layers] @ E),
        "ground": float(populations[layers][spectrum.same_level(0)].sum()),
    }  # fmt: skip


def _figure(d: dict[str, Any]) -> theme.Figure:
    E, t, k = d["E"], list(range(len(d["curve"]))), list(range(len(d["path"])))
    rungs = np.unique(E.round(9))
    weights = np.array([d["populations"][np.abs(E - e) < 1e-6].sum() for e in rungs])
    bars_x = np.column_stack([np.zeros(len(rungs)), weights, np.full(len(rungs), np.nan)]).ravel()
    mu = d["shifts"] if d["signs"] else np.full(len(d["shifts"]), np.nan)
    return theme.figure(
        [
            theme.line(t, d["kicks_only"], color=theme.MUTED, dash="dash", name="kicks alone"),
            theme.line(t, d["curve"], color=theme.BLUE, name="kicks and signs"),
            theme.points([d["iteration"]], [d["curve"][d["iteration"]]], color=theme.BLUE, size=9),
            theme.line([0, t[-1]], [E[0]] * 2, color=theme.GREEN, dash="dot"),
            theme.line(
                np.tile([0, k[-1], np.nan], len(rungs)), np.repeat(rungs, 3), color=theme.GRID, panel=2, width=1
            ),
            theme.line(k, d["path"], color=theme.BLUE, name="energy", panel=2),
            theme.points(k[1:], mu, color=theme.GREEN, symbol="line-ew-open", size=14, name="μ of the layer", panel=2),
            theme.points([d["layers"]], [d["energy"]], color=theme.RED, size=10, panel=2),
            theme.line(bars_x, np.repeat(rungs, 3), color=theme.RED, width=9, panel=3, name="population"),
        ],
        x=[
            theme.axis("iteration", low=-6, high=t[-1] + 6),
            theme.axis("layers done", low=-0.1, high=k[-1] + 0.1, dtick=1),
            theme.axis("population", low=0, high=1.02),
        ],
        y=[theme.axis(title, low=-1.8, high=0.95) for title in ("energy (J)", "", "")],
        titles=["Training", "Through the circuit", "Level by level"],
        widths=[1.2, 1, 0.7],
        notes=[
            theme.note("kicks alone", 0.98 * t[-1], -0.66, color=theme.MUTED, anchor="right"),
            theme.note("kicks and signs", 0.98 * t[-1], -1.5, color=theme.BLUE, anchor="right"),
            theme.note("ground level", 0.98 * t[-1], E[0] - 0.08, color=theme.GREEN, anchor="right"),
            theme.note("μ", 4.05, 0.85, color=theme.GREEN, panel=2, anchor="right"),
        ],
    )


def _readout(d: dict[str, Any]) -> str:
    how = "with sign layers" if d["signs"] else "sign layers left out"
    layers = f"{d['layers']} layer{'s' * (d['layers'] != 1)}"
    words = (
        f"Iteration {d['iteration']}, {how}: after {layers} the energy is {d['energy']:.3f} (start 0.75, "
        f"ground level {d['E'][0]:.3f}), ground population {d['ground']:.3f}; kicks trained alone end at "
        f"{d['kicks_only'][-1]:.2f}."
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
