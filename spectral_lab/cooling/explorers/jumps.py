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
from spectral_lab.explorer import Explorer, choice, integers, number_text, slider, theme

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
        "evolution": evolution, "E": E, "upper": upper, "start": start, "t": t, "alpha": alpha, "times": times,
        "above": np.maximum(above, 1e-12), "populations": populations[-1], "bound": leak_bound(alpha),
        "below": float(populations[-1][~upper].sum() - populations[-1][start]), "leak": float(above[-1]),
        "stay": float(populations[-1][start]), "energy": float(populations[-1] @ E),
    }  # fmt: skip


def _figure(d: dict[str, Any]) -> theme.Figure:
    E, p = d["E"], d["populations"]
    bars = [(np.ravel([[0, x, np.nan] for x in p[mask]]), np.repeat(E[mask], 3)) for mask in (~d["upper"], d["upper"])]
    edge = (E[d["start"]] + E[d["start"] + 1]) / 2
    bound, label = (np.nan, "") if d["evolution"] == "H + αV" else (d["bound"], "α²")  # no bands, no bound
    return theme.figure(
        [
            theme.line([-0.02, 1.05], [edge, edge], color=theme.GREEN, width=1.5, dash="dash", name="μ"),
            theme.line(*bars[0], color=theme.BLUE, width=7, name="lower band"),
            theme.line(*bars[1], color=theme.RED, width=7, name="upper band"),
            theme.points(np.zeros(len(E)), E, color=theme.MUTED, size=5, symbol="line-ns-open", name="levels"),
            theme.points([1.02], [E[d["start"]]], color=theme.INK, symbol="triangle-left", size=9, name="start"),
            theme.line(d["times"], d["above"], color=theme.RED, name="population above μ", panel=2),
            theme.line([0, 100], [bound] * 2, color=theme.GREEN, dash="dash", name="α²", panel=2),
            theme.points([d["t"]], [d["above"][-1]], color=theme.RED, size=8, panel=2),
        ],
        x=[theme.axis("population", low=-0.02, high=1.05), theme.axis("time t during the step", low=0, high=100)],
        y=[theme.axis("energy (J)", low=E[0] - 0.6, high=E[-1] + 0.6),
           theme.axis("", log=True, low=1e-12, high=3) | {"dtick": 2}],
        titles=["Where the state went", "Population above μ, while V is on"],
        widths=[1, 1.2],
        notes=[
            theme.note(label, 97, np.log10(d["bound"]), color=theme.GREEN, panel=2, anchor="right", yshift=9),
            theme.note("μ", 0.98, edge, color=theme.GREEN, yshift=9),
        ],
    )  # fmt: skip


def _readout(d: dict[str, Any]) -> str:
    limit = f"the bound α² is {number_text(d['bound'], 3)}" if d["evolution"] != "H + αV" else "there are no bands"
    return (
        f"{d['evolution']}, t = {number_text(d['t'], 3)}, α = {number_text(d['alpha'], 3)}, from level {d['start']}: "
        f"{d['below']:.3f} fell, {d['stay']:.3f} stayed, {number_text(d['leak'], 2)} climbed ({limit}); "
        f"energy {number_text(d['E'][d['start']], 3)} → {number_text(d['energy'], 3)} J."
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
