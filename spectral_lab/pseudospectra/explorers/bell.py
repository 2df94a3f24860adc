"""Demonstration 2: drop the rank-one part, and keep a ringing bell."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, integers
from spectral_lab.explorer.palette import BLUE, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
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
        "l": min(l, n), "omega": omega, "zoom": zoom, "last": last, "height": float(heights[0]),
        "loud": float(abs(legs_transfer(n, 1j * last, C, "diag"))),
        "apart": np.abs(diag_gap(n, 1j * zoom, C)), **gains,
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    near, limit = d.zoom - d.last, 2 / np.pi * np.sqrt(2 * d.l - 1)
    return figure(
        panel(
            "The gain at every frequency",
            axis("ω (rad per unit time)", 0.1, 8e4, log=True),
            axis("gain |G(iω)|", 1e-6, 10, log=True),
            1.7,
        ).draw(
            line(d.omega, d.S4D, "S4D", RED, width=1.5),
            line(d.omega, d.S4, "S4", width=2.5),
            points([d.last], [d.loud], "last spike", symbol="triangle-down"),
            *key("bottom left", ("S4D (drops the rank-one part)", RED), ("S4 (keeps it)", BLUE)),
        ),
        panel("The last spike, close up", axis(f"ω − ν₀,   ν₀ = {d.last:.1f}", -4, 4), axis("gain", 0, 3.8)).draw(
            line(near, d["S4D zoom"], "S4D", RED),
            line(near, d["S4 zoom"], "S4", width=2.5),
            line(near, d.apart, "difference", INK, width=1.5, dash="dash"),
            line([-4, 4], [limit, limit], "(2/π)√(2l−1)", MUTED, dash="dot"),
            *key("top left", ("S4D", RED), ("S4", BLUE), ("difference", INK), ("its limit, dotted", MUTED)),
        ),
    )


def _readout(d: Data) -> str:
    return (
        f"n = {d.n}, reading state {d.l}: the last spike of S4D stands at ν₀ = {d.last:.2f} "
        f"(n²/π − π/6 = {d.n**2 / np.pi - np.pi / 6:.2f}). There |G_S4D| = {d.loud:.4f} and "
        f"|G_S4D − G_S4| = {d.height:.4f}; with more states both tend to (2/π)√(2l−1) = "
        f"{2 / np.pi * np.sqrt(2 * d.l - 1):.4f}."
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
