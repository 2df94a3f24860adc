"""Demonstration 6: where a discretisation puts the modes: bilinear beside zero-order hold."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Explorer, Slider, choice, number_text, slider, theme
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
        "spectrum": spectrum, "n": n, "step": step, "z": z, "bilinear": (1 + z / 2) / (1 - z / 2), "zoh": np.exp(z),
        "aliased": int((z.imag > np.pi).sum()), "largest": float(abs(z.imag).max()),
        "angle": float(2 * np.arctan(abs(z.imag).max() / 2)),
    }  # fmt: skip


def _figure(d: dict[str, Any]) -> theme.Figure:
    fast = d["z"].imag > np.pi
    traces = [
        theme.line([1e-6, 1e3], [np.pi, np.pi], name="π", color=theme.MUTED, dash="dot"),
        theme.line(CIRCLE.real, CIRCLE.imag, color=theme.MUTED, width=1, panel=2),
        theme.line(CIRCLE.real, CIRCLE.imag, color=theme.MUTED, width=1, panel=3),
    ]
    for group, color in ((~fast, theme.BLUE), (fast, theme.RED)):
        z = d["z"][group]
        traces.append(theme.points(-z.real, np.maximum(z.imag, 1e-3), name="Δλ", color=color, size=5))
        for rule, panel in (("bilinear", 2), ("zoh", 3)):
            both = np.concatenate([d[rule][group], d[rule][group].conj()])
            traces.append(theme.points(both.real, both.imag, name=rule, color=color, size=5, panel=panel))
    return theme.figure(
        traces,
        x=[
            theme.axis("decay a step, −Re Δλ", log=True, low=1e-6, high=1e3, dtick=2),
            theme.axis("Re", low=-1.2, high=1.2),
            theme.axis("Re", low=-1.2, high=1.2),
        ],
        y=[
            theme.axis("turn a step, Im Δλ (rad)", log=True, low=1e-3, high=1e5, dtick=2),
            theme.axis("Im", low=-1.2, high=1.2),
            theme.axis("", low=-1.2, high=1.2),
        ],
        titles=["The modes, times the step", "Bilinear", "Zero-order hold"],
        equal=[False, True, True],
        notes=[theme.note("π: half a turn", -5.8, 0.9, color=theme.MUTED)],
    )


def _readout(d: dict[str, Any]) -> str:
    fastest = number_text(d["largest"], 3)
    return (
        f"{d['spectrum']}, n = {d['n']}, Δ = {d['step']:.3g}: {d['aliased']} of {d['n'] // 2} modes turn by more than "
        f"π a step (red) and wrap round under zero-order hold; the fastest turns by {fastest}, and bilinear bends "
        f"that to {d['angle']:.3f}."
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
            "Everything wraps": {"n": 256, "step": 1.0},
        },
        state=state,
    )
