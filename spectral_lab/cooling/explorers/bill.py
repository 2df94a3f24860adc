"""Demonstration 5: what it costs, beside what it is measured against."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.cooling.queries import bill
from spectral_lab.explorer import Explorer, integers, number_text, slider, theme

SPREAD = 17.34  # the tilted Ising chain of six spins
SEARCHED = "amplified, with search"
NAMES = ("cooling", "bang-bang", "filter", "amplified filter", SEARCHED, "bath")
COLOURS = {"cooling": theme.BLUE, "bang-bang": theme.GREEN, "filter": theme.RED, "amplified filter": theme.PINK,
           SEARCHED: theme.PINK, "bath": theme.MUTED}  # fmt: skip
GAMMAS = np.geomspace(1e-5, 1, 101)


def _compute(steps: int, resolution: float, leak: float, overlap: float) -> dict[str, Any]:
    prices = bill(SPREAD, steps, resolution, overlap=overlap, leak_budget=leak)
    both = prices["amplified filter"] + prices["search for E0"]
    return {
        "steps": steps, "resolution": resolution, "leak": leak, "overlap": overlap, **prices, SEARCHED: both,
        # below this overlap the filter, with what it must know first, costs more than the pulses
        "crossing": float(both * overlap / prices["bang-bang"]),
    }  # fmt: skip


def _figure(d: dict[str, Any]) -> theme.Figure:
    ratio = d["overlap"] / GAMMAS
    curves = {
        "filter": d["filter"] * ratio**2,
        "amplified filter": d["amplified filter"] * ratio,
        SEARCHED: d[SEARCHED] * ratio,
        **{name: np.full_like(GAMMAS, d[name]) for name in ("cooling", "bang-bang", "bath")},
    }
    dashes = {SEARCHED: "dash"}
    traces = [
        theme.line(GAMMAS, curves[name], color=COLOURS[name], name=name, dash=dashes.get(name, "solid"))
        for name in NAMES
    ]
    traces += [theme.points([d["overlap"]], [d[name]], color=COLOURS[name], size=8) for name in NAMES]
    traces += [
        theme.line([1.0, d[name]], [i, i], color=COLOURS[name], width=16, panel=2)
        for i, name in enumerate(NAMES[::-1])
    ]  # fmt: skip
    one = d["amplified filter"] * d["overlap"]
    more = d[SEARCHED] * d["overlap"]
    marks = [
        theme.note("filter, 1/γ²", np.log10(2.5e-4), np.log10(one / 2.5e-4**2), color=theme.RED, xshift=6, yshift=7),
        theme.note(
            "amplified, 1/γ", np.log10(0.09), np.log10(one / 0.09), color=theme.PINK, anchor="right", yshift=-12
        ),
        theme.note("with search", np.log10(1.3e-5), np.log10(more / 1.3e-5), color=theme.PINK, xshift=12, yshift=8),
        theme.note("cooling", -0.05, np.log10(d["cooling"]), color=theme.BLUE, anchor="right", yshift=9),
        theme.note("bang-bang", -0.05, np.log10(d["bang-bang"]), color=theme.GREEN, anchor="right", yshift=-9),
        theme.note("bath", -0.05, np.log10(d["bath"]), color=theme.MUTED, anchor="right", yshift=9),
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
                high=5.6,
                tickvals=list(range(6)),
                ticktext=["bath", "with search", "amplified", "filter", "bang-bang", "cooling"],
            ),
        ],
        titles=["As the start gets worse", "The bill"],
        widths=[1.6, 1],
        notes=marks,
    )


def _readout(d: dict[str, Any]) -> str:
    steps = f"{d['steps']} step{'s' * (d['steps'] > 1)}"
    price = {name: number_text(d[name], 2) for name in (*NAMES, "read-outs", "search for E0")}
    return (
        f"{steps} at ε = {number_text(d['resolution'], 3)} J, leak budget {number_text(d['leak'], 3)}, overlap "
        f"{number_text(d['overlap'], 3)}: cooling {price['cooling']}, bang-bang {price['bang-bang']} (both with "
        f"{price['read-outs']} for the read-outs), filter {price['filter']}, amplified {price['amplified filter']} "
        f"(and {price['search for E0']} first, to find E₀), bath {price['bath']} queries. With that search the "
        f"amplified filter costs more than bang-bang below an overlap of {number_text(d['crossing'], 2)}."
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
