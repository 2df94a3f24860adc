"""Demonstration 6: where a discretisation puts the modes: bilinear beside zero-order hold."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, number_text, slider
from spectral_lab.explorer.palette import BLUE, MUTED, RED
from spectral_lab.explorer.theme import Figure, Trace, axis, figure, line, note, panel, points
from spectral_lab.hippo.diagonal import diagonal

SPECTRA = {"LegS": "legs", "Lin": "lin", "Inv": "inv", "Real": "real"}
SIZES = (4, 8, 16, 32, 64, 128, 256)
CIRCLE = np.exp(1j * np.linspace(0, 2 * np.pi, 181))


@lru_cache(maxsize=64)
def _modes(spectrum: str, n: int) -> np.ndarray:
    """The half with negative imaginary part, turned into the upper half plane."""
    return diagonal(SPECTRA[spectrum], n)[0].conj()


def _compute(spectrum: str, n: int, step: float) -> dict[str, Any]:
    z = step * _modes(spectrum, n)
    return {
        "z": z, "bilinear": (1 + z / 2) / (1 - z / 2), "zoh": np.exp(z),
        "aliased": int((z.imag > np.pi).sum()), "largest": float(abs(z.imag).max()),
        "angle": float(2 * np.arctan(abs(z.imag).max() / 2)),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    fast, real, imaginary = d.z.imag > np.pi, axis("Re", -1.2, 1.2), axis("Im", -1.2, 1.2)
    decay = axis("decay a step, −Re Δλ", 1e-6, 1e3, log=True, dtick=2)
    turn = axis("turn a step, Im Δλ (rad)", 1e-3, 1e5, log=True, dtick=2)
    circle = line(CIRCLE.real, CIRCLE.imag, color=MUTED, width=1)

    def marks(z: np.ndarray, name: str) -> list[Trace]:
        """Blue, and red where a mode turns too fast; on the circle with the other half of the spectrum."""
        groups = [z[~fast], z[fast]]
        if name != "Δλ":
            groups = [np.concatenate([group, group.conj()]) for group in groups]
        return [points(g.real, g.imag, name, color, size=5) for g, color in zip(groups, (BLUE, RED), strict=True)]

    return figure(
        panel("The modes, times the step", decay, turn).draw(
            line([1e-6, 1e3], [np.pi, np.pi], "π", MUTED, dash="dot"),
            *marks(-d.z.real + 1j * np.maximum(d.z.imag, 1e-3), "Δλ"),
            note("π: half a turn", 1.6e-6, 8, MUTED),
        ),
        panel("Bilinear", real, imaginary, equal=True).draw(circle, *marks(d.bilinear, "bilinear")),
        panel("Zero-order hold", real, axis("", -1.2, 1.2), equal=True).draw(circle, *marks(d.zoh, "zoh")),
    )


def _readout(d: Data) -> str:
    fastest = number_text(d.largest, 3)
    return (
        f"{d.spectrum}, n = {d.n}, Δ = {d.step:.3g}: {d.aliased} of {d.n // 2} modes turn by more than "
        f"π a step (red) and wrap round under zero-order hold; the fastest turns by {fastest}, and bilinear bends "
        f"that to {d.angle:.3f}."
    )


def _code(spectrum: str, n: int, step: float) -> str:
    return f"""
        import numpy as np
        from spectral_lab.hippo import diagonal, discretize_diagonal

        Lambda, B = diagonal("{SPECTRA[spectrum]}", {n})
        bilinear, _ = discretize_diagonal(Lambda, B, {step!r}, "bilinear")
        turn = abs({step!r} * Lambda.imag)
        print((turn > np.pi).sum(), len(turn), turn.max(), 2 * np.arctan(turn.max() / 2))
        print(abs(np.angle(bilinear)).max())   # the same, from the eigenvalues of a step
    """


def discretised_spectrum(**state: Any) -> Explorer:
    """The eigenvalues of a step, under the bilinear rule and under zero-order hold: piling up or wrapping round."""
    return Explorer(
        title="Discretisation: pile up, or wrap round",
        controls=[
            choice("spectrum", "spectrum", list(SPECTRA)),
            Slider("n", "states $n$", SIZES, 64),
            slider("step", r"step $\Delta$", 1e-4, 1, 0.01, log=True, steps=120, play=True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "All modes resolved": {"n": 64, "step": 1e-3},
            "Just aliased": {"n": 64, "step": 0.0025},
            "Lin at a large step": {"spectrum": "Lin", "n": 64, "step": 0.3},
            "Almost everything wraps": {"n": 256, "step": 1.0},
        },
        state=state,
    )
