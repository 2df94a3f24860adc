"""Demonstration 2: drop the rank-one part, and keep a ringing bell."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Explorer, Slider, integers, theme
from spectral_lab.pseudospectra.legs import diag_gap, legs_transfer, s4d_frequencies, spikes

# Whole numbers of states, evenly spread in their logarithm.
SIZES = tuple(int(n) for n in np.unique(np.round(np.geomspace(4, 256, 61))))


@lru_cache(maxsize=64)
def _frequencies(n: int) -> np.ndarray:
    """A logarithmic grid, and 41 points around each of the first 12 spikes: a grid alone steps over them."""
    near = s4d_frequencies(n)[:12, None] + np.linspace(-4, 4, 41)
    return np.unique(np.concatenate([np.geomspace(0.1, 4 * 256**2 / np.pi, 1200), near[near > 0.1]]))


def _compute(n: int, l: int) -> dict[str, Any]:
    C = np.eye(n)[min(l, n) - 1]
    omega = _frequencies(n)
    last = float(s4d_frequencies(n)[0])
    zoom = last + np.linspace(-4, 4, 201)
    _, heights = spikes(n, C)
    gains = {
        f"{name}{part}": np.abs(legs_transfer(n, 1j * w, C, system))
        for name, system in (("S4", "dplr"), ("S4D", "diag"))
        for part, w in (("", omega), (" zoom", zoom))
    }
    return {
        "n": n, "l": min(l, n), "omega": omega, "zoom": zoom, "last": last, "height": float(heights[0]),
        "loud": float(abs(legs_transfer(n, 1j * last, C, "diag"))),
        "apart": np.abs(diag_gap(n, 1j * zoom, C)), **gains,
    }  # fmt: skip


def _figure(d: dict[str, Any]) -> theme.Figure:
    limit = 2 / np.pi * np.sqrt(2 * d["l"] - 1)
    return theme.figure(
        [
            theme.line(d["omega"], d["S4D"], name="S4D", color=theme.RED, width=1.5),
            theme.line(d["omega"], d["S4"], name="S4", color=theme.BLUE, width=2.5),
            theme.points([d["last"]], [d["loud"]], name="last spike", color=theme.RED, symbol="triangle-down"),
            theme.line(d["zoom"] - d["last"], d["S4D zoom"], name="S4D", color=theme.RED, panel=2),
            theme.line(d["zoom"] - d["last"], d["S4 zoom"], name="S4", color=theme.BLUE, width=2.5, panel=2),
            theme.line(
                d["zoom"] - d["last"], d["apart"], name="difference", color=theme.INK, width=1.5, dash="dash", panel=2
            ),
            theme.line([-4, 4], [limit, limit], name="(2/π)√(2l−1)", color=theme.MUTED, dash="dot", panel=2),
        ],
        x=[
            theme.axis("ω (rad per unit time)", log=True, low=0.1, high=8e4),
            theme.axis(f"ω − ν₀,   ν₀ = {d['last']:.1f}", low=-4, high=4),
        ],
        y=[theme.axis("gain |G(iω)|", log=True, low=1e-6, high=10), theme.axis("gain", low=0, high=3.8)],
        titles=["The gain at every frequency", "The last spike, close up"],
        widths=[1.7, 1],
        notes=[
            theme.note("S4 (keeps the rank-one part)", np.log10(0.15), np.log10(3e-6), color=theme.BLUE),
            theme.note("S4D (drops it)", np.log10(0.15), np.log10(1e-5), color=theme.RED),
            theme.note("|G<sub>S4D</sub>|", -3.8, 3.6, color=theme.RED, panel=2),
            theme.note("|G<sub>S4</sub>|", -3.8, 3.34, color=theme.BLUE, panel=2),
            theme.note("|G<sub>S4D</sub> − G<sub>S4</sub>|, dashed", -3.8, 3.08, panel=2),
            theme.note("limit for many states, dotted", -3.8, 2.82, color=theme.MUTED, panel=2),
        ],
    )


def _readout(d: dict[str, Any]) -> str:
    return (
        f"n = {d['n']}, reading state {d['l']}: the last spike of S4D stands at ν₀ = {d['last']:.2f} "
        f"(n²/π − π/6 = {d['n'] ** 2 / np.pi - np.pi / 6:.2f}). There |G_S4D| = {d['loud']:.4f} and "
        f"|G_S4D − G_S4| = {d['height']:.4f}; with more states both tend to (2/π)√(2l−1) = "
        f"{2 / np.pi * np.sqrt(2 * d['l'] - 1):.4f}."
    )


def _code(n: int, l: int) -> str:
    return f"""
        import numpy as np
        from spectral_lab.pseudospectra import legs_transfer, s4d_frequencies

        n, l = {n}, {min(l, n)}
        C, nu = np.eye(n)[l - 1], s4d_frequencies(n)[0]   # the last spike
        S4, S4D = (legs_transfer(n, 1j * nu, C, system) for system in ("dplr", "diag"))
        print(nu, n**2 / np.pi - np.pi / 6)
        print(abs(S4D), abs(S4D - S4), 2 / np.pi * np.sqrt(2 * l - 1))
    """


def ringing_bell(**state: Any) -> Explorer:
    """Gain of S4 and of S4D over frequency: the spike that moves out like n²/π and never shrinks (F4 to F6)."""
    return Explorer(
        title="Drop the rank-one part, keep a ringing bell",
        controls=[
            Slider("n", "states $n$", SIZES, 32, play=True),
            integers("l", r"read state $\ell$", 1, 8, 1),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={"n = 16": {"n": 16}, "n = 64": {"n": 64}, "n = 256": {"n": 256}, "Louder": {"l": 8}},
        state=state,
    )
