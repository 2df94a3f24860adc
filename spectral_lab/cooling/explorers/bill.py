"""Demonstration 5: what it costs, beside what it is measured against."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.cooling.queries import bill
from spectral_lab.explorer import Explorer, integers, number_text, slider, theme

SPREAD = 17.34  # the tilted Ising chain of six spins
NAMES = ("cooling", "bang-bang", "filter", "amplified filter", "bath")
COLOURS = {"cooling": theme.BLUE, "bang-bang": theme.GREEN, "filter": theme.RED, "amplified filter": theme.PINK,
           "bath": theme.MUTED}  # fmt: skip
GAMMAS = np.geomspace(1e-5, 1, 101)


def _compute(steps: int, resolution: float, leak: float, overlap: float) -> dict[str, Any]:
    prices = bill(SPREAD, steps, resolution, overlap=overlap, leak_budget=leak)
    one = prices["filter"] * overlap**2
    return {
        "steps": steps, "resolution": resolution, "leak": leak, "overlap": overlap, **prices,
        # below this overlap the filter costs more than the cheaper of the two ways to cool
        "crossing": float(one / prices["bang-bang"]), "one": float(one),
    }  # fmt: skip


def _figure(d: dict[str, Any]) -> theme.Figure:
    curves = {
        "filter": d["one"] / GAMMAS**2,
        "amplified filter": d["one"] / GAMMAS,
        **{name: np.full_like(GAMMAS, d[name]) for name in ("cooling", "bang-bang", "bath")},
    }
    traces = [theme.line(GAMMAS, curves[name], color=COLOURS[name], name=name) for name in NAMES]
    traces += [theme.points([d["overlap"]], [d[name]], color=COLOURS[name], size=8) for name in NAMES]
    bars_x = np.ravel([[1.0, d[name], np.nan] for name in NAMES])
    bars_y = np.repeat(np.arange(5)[::-1], 3)
    traces += [theme.line(bars_x[3 * i : 3 * i + 2], bars_y[3 * i : 3 * i + 2], color=COLOURS[name], width=16, panel=2)
               for i, name in enumerate(NAMES)]  # fmt: skip
    marks = [
        theme.note(
            "filter, 1/γ²", np.log10(2.5e-4), np.log10(d["one"] / 2.5e-4**2), color=theme.RED, xshift=6, yshift=7
        ),
        theme.note(
            "amplified, 1/γ", np.log10(1.3e-5), np.log10(d["one"] / 1.3e-5), color=theme.PINK, xshift=8, yshift=7
        ),
        theme.note("cooling", -0.05, np.log10(d["cooling"]), color=theme.BLUE, anchor="right", yshift=9),
        theme.note("bang-bang", -0.05, np.log10(d["bang-bang"]), color=theme.GREEN, anchor="right", yshift=-9),
        theme.note("bath", -4.95, np.log10(d["bath"]), color=theme.MUTED, yshift=-9),
    ]
    return theme.figure(
        traces,
        x=[
            theme.axis("overlap γ of the start with the ground state", log=True, low=1e-5, high=1),
            theme.axis("queries", log=True, low=1e1, high=1e15) | {"dtick": 3},
        ],
        y=[
            theme.axis("queries of exp(−iHτ)", log=True, low=1e1, high=1e15) | {"dtick": 2},
            theme.axis(
                "",
                low=-0.6,
                high=4.6,
                tickvals=[4, 3, 2, 1, 0],
                ticktext=["cooling", "bang-bang", "filter", "amplified", "bath"],
            ),
        ],
        titles=["As the start gets worse", "The bill"],
        widths=[1.6, 1],
        notes=marks,
    )


def _readout(d: dict[str, Any]) -> str:
    steps = f"{d['steps']} step{'s' * (d['steps'] > 1)}"
    prices = ", ".join(f"{name} {d[name]:.2g}" for name in NAMES)
    return (
        f"{steps} at ε = {number_text(d['resolution'], 3)} J, leak budget {number_text(d['leak'], 3)}, "
        f"overlap {number_text(d['overlap'], 3)}: {prices} queries. The amplified filter costs more than bang-bang "
        f"below an overlap of {number_text(d['crossing'], 2)}."
    )


def _code(steps: int, resolution: float, leak: float, overlap: float) -> str:
    return f"""
        from spectral_lab.cooling import bill

        prices = bill({SPREAD}, {steps}, {resolution}, overlap={overlap}, leak_budget={leak})
        print(f"{{prices['cooling']:.2g}}", prices)
    """


def the_bill(**state: Any) -> Explorer:
    """Queries of five methods against the overlap of the start (C4, C5, C8)."""
    return Explorer(
        title="The bill",
        controls=[
            integers("steps", "steps $d$", 1, 200, 20),
            slider("resolution", r"resolution $\varepsilon$", 0.01, 2.0, 0.3, steps=60, log=True, unit="J"),
            slider("leak", r"leak budget $\eta$", 0.01, 0.9, 0.2, steps=60, log=True),
            slider("overlap", r"overlap $\gamma$", 1e-5, 1.0, 0.0131, steps=100, log=True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Néel, 6 spins": {"overlap": 0.0131, "steps": 10},
            "All plus, 6 spins": {"overlap": 0.459},
            "Hardly any overlap": {"overlap": 1e-5, "steps": 40},
        },
        state=state,
    )
