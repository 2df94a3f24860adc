"""Demonstration 3: the step is a ruler. How far memories reach in samples, and what that does to a delay."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, number_text, slider, toggle
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, PINK, RED
from spectral_lab.explorer.theme import Figure, axis, figure, line, note, panel, points
from spectral_lab.hippo.delay import delay_readout_error

FAMILIES = {"LegS": "legs", "LegT": "legt", "FouT": "fout"}
COLORS = dict(zip(FAMILIES, (BLUE, RED, GREEN), strict=True))
LAGS = tuple(int(lag) for lag in np.unique(np.round(np.geomspace(8, 16384, 100))))
STATES, CYCLES, POINTS, LONG = 64, 16, 192, 512
BANK = np.geomspace(1e-3, 1e-1, 9)


def _lag(wanted: int) -> int:
    """The nearest lag of the slider."""
    return min(LAGS, key=lambda lag: abs(lag - wanted))


def _error(family: str, step: float, lag: float) -> float:
    """log10 of the read-out error of a signal that holds up to 16 cycles within the lag, whatever the lag is."""
    return float(np.log10(delay_readout_error(family, STATES, lag, step, min(2 * CYCLES / lag, 1.0), POINTS)))


@cache
def _curve(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The error over step times lag, at a lag far above 2 n: all of those give one curve, shorter lags do not."""
    x = np.unique(np.concatenate([np.geomspace(0.02, 200, 41), np.linspace(1, 3, 21)]))
    return x, np.array([_error(FAMILIES[name], float(value) / LONG, LONG) for value in x])


def _compute(step: float, lag: int, bank: bool) -> dict[str, Any]:
    k = np.geomspace(1, 2e5, 400)
    errors = {f"{name} error": _error(family, step, lag) for name, family in FAMILIES.items()}
    return {"k": k, "LegS measure": np.exp(-step * k), **errors}


def _figure(d: Data) -> Figure:
    product, end = d.step * d.lag, 2 / d.step
    bank = [np.exp(-h * d.k) if d.bank else np.full(len(d.k), np.nan) for h in BANK]
    reach = axis("step × lag", 0.015, 250, log=True)
    return figure(
        panel(
            "How far the memory reaches", axis("age in samples", 1, 2e5, log=True), axis("weight (1: now)", 0, 1.3)
        ).draw(
            *[line(d.k, each, color=PINK, width=1) for each in bank],
            line(d.k, d["LegS measure"], "LegS measure", width=2.5, fill="tozeroy"),
            line([1, end, end], [1, 1, 0], "window of LegT, FouT", RED),
            line([d.lag, d.lag], [0, 1.25], "lag", INK, dash="dot"),
            note("lag", d.lag, 1.25, anchor="left" if d.lag < 3e3 else "right"),
            note("2/Δ", end, 1.06, RED, anchor="center"),
        ),
        panel("Best read-out of the lag", reach, axis("log₁₀ of the error", -12.5, 0.4)).draw(
            *[line(*_curve(name), name, color) for name, color in COLORS.items()],
            *[
                points([np.clip(product, 0.02, 200)], [d[f"{name} error"]], "now", c, size=10)
                for name, c in COLORS.items()
            ],
            line([2, 2], [-12.5, 0.4], color=MUTED, dash="dot"),
            note("step × lag = 2", 2.2, -12.1, MUTED),
            note("LegS", 0.1, -0.75, BLUE),
            note("LegT", 0.45, -5.5, RED),
            note("FouT", 0.3, -2.1, GREEN),
        ),
    )


def _readout(d: Data) -> str:
    errors = ", ".join(f"{name} {number_text(round(d[f'{name} error'], 2) + 0.0)}" for name in FAMILIES)
    reach = f"the memory spans 1/Δ = {1 / d.step:.0f} samples, windows {2 / d.step:.0f}"
    short = " The lag is below 2n: off the curves." if d.lag < 2 * STATES else ""
    spread = " The bank spans 10 to 1000." if d.bank else ""
    return f"Δ = {d.step:.3g}, lag {d.lag}: {reach}; log₁₀ error {errors}.{short}{spread}"


def _code(step: float, lag: int, bank: bool) -> str:
    return f"""
        import numpy as np
        from spectral_lab.hippo import delay_readout_error

        band = {min(2 * CYCLES / lag, 1.0)!r}   # 16 cycles within the lag
        print(1 / {step!r}, 2 / {step!r})
        for family in ("legs", "legt", "fout"):
            print(family, np.log10(delay_readout_error(family, {STATES}, {lag}, {step!r}, band, {POINTS})))
    """


def step_is_a_ruler(**state: Any) -> Explorer:
    """The reach of the memories in samples, beside the best error of a delay by a given lag (C10, C12)."""
    return Explorer(
        title="The step is a ruler",
        controls=[
            slider("step", r"step $\Delta$", 1e-4, 1, 0.005, log=True, steps=120),
            Slider("lag", "lag (samples)", LAGS, _lag(256)),
            toggle("bank", "show a bank of steps from 0.001 to 0.1"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "The window just holds the lag": {"step": 0.007, "lag": _lag(256)},
            "Past the cliff": {"step": 0.01, "lag": _lag(256)},
            "A lag shorter than the memory": {"step": 0.04, "lag": _lag(32)},
            "Path-X with the default step": {"step": 1e-3, "lag": _lag(16384), "bank": True},
            "Path-X with its own step": {"step": 1e-4, "lag": _lag(16384)},
            "Everything too fast": {"step": 0.1, "lag": _lag(4096)},
        },
        state=state,
    )
