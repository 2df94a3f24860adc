"""Demonstration 5: what it costs, beside what it is measured against."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.cooling.queries import bill
from spectral_lab.explorer import Data, Explorer, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, MUTED, PINK, RED
from spectral_lab.explorer.theme import Figure, axis, figure, line, note, panel, points

SPREAD = 17.34  # the tilted Ising chain of six spins
SEARCHED = "amplified, with search"
COLOURS = {"cooling": BLUE, "bang-bang": GREEN, "filter": RED, "amplified filter": PINK, SEARCHED: PINK, "bath": MUTED}
GAMMAS = np.geomspace(1e-5, 1, 101)


def _compute(steps: int, resolution: float, leak: float, overlap: float) -> dict[str, Any]:
    prices = bill(SPREAD, steps, resolution, overlap=overlap, leak_budget=leak)
    both = prices["amplified filter"] + prices["search for E0"]
    return {
        **prices, SEARCHED: both,
        # below this overlap the filter, with what it must know first, costs more than the pulses
        "crossing": float(both * overlap / prices["bang-bang"]),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    ratio = d.overlap / GAMMAS
    powers = {"filter": ratio**2, "amplified filter": ratio, SEARCHED: ratio}
    prices = {name: d[name] * powers.get(name, np.ones_like(ratio)) for name in COLOURS}
    dashes = {name: "dash" if name == SEARCHED else "solid" for name in COLOURS}
    curves = [line(GAMMAS, prices[name], name, color, dash=dashes[name]) for name, color in COLOURS.items()]
    here = [points([d.overlap], [d[name]], color=color, size=8) for name, color in COLOURS.items()]
    bars = [line([1.0, d[name]], [i, i], color=COLOURS[name], width=16) for i, name in enumerate(reversed(COLOURS))]
    one, more = d["amplified filter"] * d.overlap, d[SEARCHED] * d.overlap
    names = ["bath", "with search", "amplified", "filter", "bang-bang", "cooling"]
    overlap = axis("overlap γ of the start with the ground state", 1e-5, 1, log=True)
    queries = axis("queries of exp(−iHτ)", 1e1, 1e15, log=True, dtick=2)
    methods = axis("", -0.6, 5.6, tickvals=list(range(6)), ticktext=names)
    return figure(
        panel("As the start gets worse", overlap, queries, 1.6).draw(
            *curves,
            *here,
            note("filter, 1/γ²", 2.5e-4, one / 2.5e-4**2, RED, xshift=6, yshift=7),
            note("amplified, 1/γ", 0.09, one / 0.09, PINK, anchor="right", yshift=-12),
            note("with search", 1.3e-5, more / 1.3e-5, PINK, xshift=12, yshift=8),
            note("cooling", 0.9, d.cooling, BLUE, anchor="right", yshift=9),
            note("bang-bang", 0.9, d["bang-bang"], GREEN, anchor="right", yshift=-9),
            note("bath", 0.9, d.bath, MUTED, anchor="right", yshift=9),
        ),
        panel("The bill", axis("queries", 1e1, 1e15, log=True, dtick=3), methods).draw(*bars),
    )


def _readout(d: Data) -> str:
    steps = f"{d.steps} step{'s' * (d.steps > 1)}"
    price = {name: number_text(d[name], 2) for name in (*COLOURS, "read-outs", "search for E0")}
    return (
        f"{steps} at ε = {number_text(d.resolution, 3)} J, leak budget {number_text(d.leak, 3)}, overlap "
        f"{number_text(d.overlap, 3)}: cooling {price['cooling']}, bang-bang {price['bang-bang']} (both with "
        f"{price['read-outs']} for the read-outs), filter {price['filter']}, amplified {price['amplified filter']} "
        f"(and {price['search for E0']} first, to find E₀), bath {price['bath']} queries. With that search the "
        f"amplified filter costs more than bang-bang below an overlap of {number_text(d.crossing, 2)}."
    )


def _code(steps: int, resolution: float, leak: float, overlap: float) -> str:
    return f"""
        from spectral_lab.cooling import bill

        prices = bill({SPREAD}, {steps}, {resolution}, overlap={overlap}, leak_budget={leak})
        for name, queries in prices.items():
            print(f"{{name:>16}}: {{queries:.2g}}")
        filter = prices["amplified filter"] + prices["search for E0"]
        print(f"as dear as bang-bang at an overlap of {{filter * {overlap} / prices['bang-bang']:.2g}}")
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
