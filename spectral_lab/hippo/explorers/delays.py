"""Demonstration 5: a delay line made of n states, by Legendre polynomials and by Fourier's functions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text
from spectral_lab.explorer.palette import GREEN, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel
from spectral_lab.hippo.bases import impulse_response
from spectral_lab.hippo.delay import delay_network, fourier_delay, pade_delay

OMEGA = np.geomspace(0.3, 400, 400)
TIME = np.linspace(0, 2, 401)
FEEDTHROUGH = ("−1", "0", "+1")


@lru_cache(maxsize=64)
def _networks(n: int) -> dict[str, np.ndarray]:
    """The impulse responses without D, and the frequency responses with D = 0 (LegT) and D = -1 (FouT)."""
    data = {"LegT": pade_delay(n, 1j * OMEGA), "FouT": fourier_delay(n, 1j * OMEGA)}
    for name in ("LegT", "FouT"):
        A, B, C, _ = delay_network(name.lower(), n)
        data[f"{name} impulse"] = impulse_response(A, B, TIME) @ C
    return data


def _compute(n: int, D: str) -> dict[str, Any]:
    data = _networks(n)
    H = data["FouT"] + FEEDTHROUGH.index(D)
    delay = np.exp(-1j * OMEGA)
    gap = {name: np.abs(value - delay) for name, value in (("LegT", data["LegT"]), ("FouT", H))}
    kept = OMEGA[np.argmax(gap["LegT"] > 0.1)] if (gap["LegT"] > 0.1).any() else OMEGA[-1]
    return {
        "omega": OMEGA, "time": TIME, "LegT": np.abs(data["LegT"]), "FouT": np.abs(H),
        "LegT impulse": data["LegT impulse"], "FouT impulse": data["FouT impulse"],
        "LegT error": gap["LegT"], "FouT error": gap["FouT"], "kept": float(kept),
        "slow": float(abs(fourier_delay(n, 1.0) + FEEDTHROUGH.index(D) - np.exp(-1))),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    top = 1.1 * d.n  # the pulse at t = 1 is about 0.85 n high
    omega, distance = axis("ω", 0.3, 400, log=True), axis("|H − e<sup>−iω</sup>|", 1e-8, 10, log=True, dtick=2)
    return figure(
        panel("Response to an impulse at 0", axis("time t", 0, 2), axis("C e<sup>tA</sup>B", -0.4 * top, top)).draw(
            line(d.time, d["FouT impulse"], "FouT", GREEN, width=1.5),
            line(d.time, d["LegT impulse"], "LegT", RED),
            *key("bottom right", ("LegT", RED), (f"FouT, and {d.D} at t = 0", GREEN)),
        ),
        panel("Gain", omega, axis("gain |H(iω)|", 0, 3.2)).draw(
            line(d.omega, d.LegT, "LegT", RED), line(d.omega, d.FouT, "FouT", GREEN)
        ),
        panel("Distance from a pure delay", omega, distance).draw(
            line(d.omega, np.maximum(d["LegT error"], 1e-8), "LegT", RED),
            line(d.omega, np.maximum(d["FouT error"], 1e-8), "FouT", GREEN),
            line([0.3, 400], [0.1, 0.1], color=MUTED, dash="dot", width=1),
        ),
    )


def _readout(d: Data) -> str:
    span = f"{d.FouT.min():.3f} to {d.FouT.max():.3f}"
    return (
        f"n = {d.n}, D = {d.D}: LegT (D = 0) is a delay within 10 % up to ω = {d.kept:.1f}; the gain of FouT "
        f"runs from {span}, and at s = 1 it misses e⁻¹ by {number_text(d.slow, 3)}."
    )


def _code(n: int, D: str) -> str:
    return f"""
        import numpy as np
        from spectral_lab.hippo import delay_network, fourier_delay, pade_delay, transfer_function

        omega, D = np.geomspace(0.3, 400, 400), {FEEDTHROUGH.index(D) - 1}
        beyond = abs(pade_delay({n}, 1j * omega) - np.exp(-1j * omega)) > 0.1
        print(omega[beyond.argmax()] if beyond.any() else omega[-1])   # so far LegT is a delay within 10 %
        gain = abs(fourier_delay({n}, 1j * omega) + 1 + D)   # this network has D = -1
        print(gain.min(), gain.max())
        A, B, C, _ = delay_network("fout", {n})
        print(abs(transfer_function(A, B, C, D, 1.0) - np.exp(-1)))   # s = 1
    """


def delay_line(**state: Any) -> Explorer:
    """The delay networks of LegT (Pade) and FouT (all-pass with D = -1), in time and frequency (C5, C6)."""
    return Explorer(
        title="A delay line: Padé beside Fourier",
        controls=[
            integers("n", "states $n$", 4, 96, 16, step=2, play=True),
            choice("D", "feedthrough $D$ of FouT", FEEDTHROUGH),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Few states": {"n": 6},
            "Many states": {"n": 96},
            "D = 0: the mean of now and then": {"D": "0"},
            "D = +1, the wrong sign": {"D": "+1"},
        },
        state=state,
    )
