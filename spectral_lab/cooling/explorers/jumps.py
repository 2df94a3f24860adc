"""Demonstration 2: under H nobody moves, under S the lower band is one open floor, and nobody climbs.

S is a pure number, and so is the time under S + αV; under H + αV it is in units of 1/J.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.cooling.bands import during, leak_bound
from spectral_lab.cooling.levels import Levels, levels
from spectral_lab.cooling.spin_chains import random_field, tfim
from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, line, note, panel, points, segments

SITES = 4
DRIVES = {"S + αV": "constant", "S, V switched smoothly": "ramp", "S and V by turns": "bang-bang", "H + αV": "constant"}


@lru_cache(maxsize=1)
def _chain() -> tuple[Levels, np.ndarray]:
    spectrum = levels(tfim(SITES))
    return spectrum, spectrum.operator(random_field(SITES, 1))


@lru_cache(maxsize=256)
def _compute(evolution: str, t: float, alpha: float, start: int) -> dict[str, Any]:
    spectrum, V = _chain()
    E = spectrum.energies
    upper = np.arange(len(E)) > start
    s = E if evolution == "H + αV" else np.where(upper, 1.0, -1.0)
    c = np.eye(len(E))[start]
    times, states = during(c, s, V, alpha=alpha, angle=alpha * t, drive=DRIVES[evolution])
    populations = np.abs(states) ** 2
    above = populations[:, upper].sum(axis=1)
    return {
        "E": E, "upper": upper, "times": times,
        "above": np.maximum(above, 1e-12), "populations": populations[-1], "bound": leak_bound(alpha),
        "below": float(populations[-1][~upper].sum() - populations[-1][start]), "leak": float(above[-1]),
        "stay": float(populations[-1][start]), "energy": float(populations[-1] @ E),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    E, p, banded = d.E, d.populations, d.evolution != "H + αV"
    edge, marks = (E[d.start] + E[d.start + 1]) / 2, []
    for name, mask, color in (("lower band", ~d.upper, BLUE), ("upper band", d.upper, RED)):
        bars = np.stack([np.zeros(mask.sum()), p[mask]], axis=1)
        marks.append(segments(bars, E[mask, None], name, color, width=7))
    bound, label = (d.bound, "α²") if banded else (np.nan, "")  # no bands, no bound
    energy, time = axis("energy (J)", E[0] - 0.6, E[-1] + 0.6), axis("time t during the step", 0, 100)
    above = axis("", 1e-12, 3, log=True, dtick=2)
    return figure(
        panel("Where the state went", axis("population", -0.02, 1.05), energy).draw(
            line([-0.02, 1.05], [edge, edge], "μ", GREEN, width=1.5, dash="dash"),
            *marks,
            points(np.zeros(len(E)), E, "levels", MUTED, size=5, symbol="line-ns-open"),
            points([1.02], [E[d.start]], "start", INK, symbol="triangle-left", size=9),
            note("μ", 0.98, edge, GREEN, yshift=9),
        ),
        panel("Population above μ, while V is on", time, above, 1.2).draw(
            line(d.times, d.above, "population above μ", RED),
            line([0, 100], [bound] * 2, "α²", GREEN, dash="dash"),
            points([d.t], [d.above[-1]], size=8),
            note(label, 97, d.bound, GREEN, anchor="right", yshift=9),
        ),
    )


def _readout(d: Data) -> str:
    name = "the bound α²" if d.evolution == "S + αV" else "α²"  # no theorem where V is switched on the way
    limit = f"{name} is {number_text(d.bound, 3)}" if d.evolution != "H + αV" else "there are no bands"
    return (
        f"{d.evolution}, t = {number_text(d.t, 3)}, α = {number_text(d.alpha, 3)}, from level {d.start}: "
        f"{d.below:.3f} fell, {d.stay:.3f} stayed, {number_text(d.leak, 2)} climbed ({limit}); "
        f"energy {number_text(d.E[d.start], 3)} → {number_text(d.energy, 3)} J."
    )


def _code(evolution: str, t: float, alpha: float, start: int) -> str:
    s = "spectrum.energies" if evolution == "H + αV" else f"np.where(np.arange({2**SITES}) > {start}, 1.0, -1.0)"
    return f"""
        import numpy as np
        from spectral_lab.cooling import leak_bound, levels, random_field, tfim
        from spectral_lab.cooling.bands import evolve

        spectrum = levels(tfim({SITES}))
        V = spectrum.operator(random_field({SITES}, seed=1))
        s = {s}
        c = evolve(np.eye({2**SITES})[{start}], s, V, alpha={alpha}, angle={alpha} * {t}, drive="{DRIVES[evolution]}")
        p = abs(c) ** 2
        print(f"fell {{p[:{start}].sum():.3f}}, stayed {{p[{start}]:.3f}}, climbed {{p[{start} + 1 :].sum():.2g}}")
        print(f"the bound {{leak_bound({alpha}):.3g}}; energy {{spectrum.energies[{start}]:.3g}} -> "
              f"{{p @ spectrum.energies:.3g}}")
    """


def who_may_jump(**state: Any) -> Explorer:
    """Populations after one step, and what climbed during it, against the bound α² (C2, C3, C16)."""
    return Explorer(
        title="Who may jump?",
        controls=[
            slider("t", "time $t$", 1.0, 100.0, 40.0, steps=99, play=True),
            slider("alpha", r"strength $\alpha$", 0.01, 0.5, 0.1, steps=60, log=True),
            integers("start", "start level", 1, 2**SITES - 2, 9),
            choice("evolution", "evolve under", tuple(DRIVES)),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Plain H": {"evolution": "H + αV"},
            "Smooth": {"evolution": "S, V switched smoothly", "t": 60.0},
            "Bang-bang": {"evolution": "S and V by turns"},
            "Too strong": {"alpha": 0.5, "t": 100.0},
        },
        state=state,
    )
