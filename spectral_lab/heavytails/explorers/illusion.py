"""Demonstration 2: the same noise gets different marks, because its matrices have different shapes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, rounded, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, note, panel, points
from spectral_lab.heavytails.ensembles import wishart_spectra
from spectral_lab.heavytails.marchenko_pastur import MarchenkoPastur
from spectral_lab.heavytails.tails import hill_curve, tail_exponent

RATIOS = tuple(sorted({*rounded(np.geomspace(1, 32, 41), 3), 2.0, 5.12}))
DRAWN = tuple(np.geomspace(1, 32, 21))  # enough for a smooth curve
SIMULATED, SIDE, DRAWS = (1, 1.5, 2, 3, 4, 5.12, 8, 12, 16, 24, 32), 64, 12


@cache
def _spectra(Q: float) -> np.ndarray:
    """Spectra of noise with a shorter side of 64."""
    return wishart_spectra((round(SIDE * Q), SIDE), DRAWS, seed=5)


@cache
def _hill_curves() -> np.ndarray:
    """The exponent of every spectrum at every start, (ratios, draws, starts): a move looks one start up."""
    return np.array([[hill_curve(values).alphas for values in _spectra(R)] for R in SIMULATED])


@cache
def _curve(below: float) -> np.ndarray:
    return np.array([MarchenkoPastur(Q).hill_exponent(below) for Q in DRAWN])


def _compute(Q: float, below: float) -> dict[str, Any]:
    start = tail_exponent(_spectra(1)[0], position=1 / below).start  # the same for all, since all have 64 values
    return {
        "curve": _curve(below),
        "alpha": MarchenkoPastur(Q).hill_exponent(below),
        "square": MarchenkoPastur(1).hill_exponent(below),
        "dots": _hill_curves()[:, :, start],
    }


def _figure(d: Data) -> Figure:
    marks = (
        ("over-trained, says the scale, below 2", 2, RED),
        ("good, from 2 to 4", 4, GREEN),
        ("under-trained, above 6", 6, RED),
    )
    ratio = axis("aspect ratio Q", 1, 34, log=True, dtick=None, tickvals=[1, 2, 4, 8, 16, 32])
    read = axis("α of noise", 1.1, 40, log=True, dtick=None, tickvals=[2, 4, 6, 10, 20, 40])
    return figure(
        panel("What untrained layers read", ratio, read, 1.6).draw(
            *(line([1, 34], [at, at], words, color, width=1, dash="dot") for words, at, color in marks),
            points(np.repeat(SIMULATED, DRAWS), d.dots.ravel(), "one random matrix", MUTED, size=4),
            line(np.array(DRAWN), d.curve, "closed form", BLUE, width=2.5),
            points([d.Q], [d.alpha], "this shape", INK, size=11),
            *(note(str(at), 31, 1.06 * at, color) for _, at, color in marks),
            *key("top left", ("closed form", BLUE), ("random matrices, shorter side 64", MUTED)),
        )
    )


def _readout(d: Data) -> str:
    return (
        f"Noise of aspect ratio {d.Q:.3g} reads α = {d.alpha:.2f} if the lowest {100 * d.below:.0f} % are left out; "
        f"square noise reads {d.square:.2f}. Nothing has been trained."
    )


def _code(Q: float, below: float) -> str:
    return f"""
        from spectral_lab.heavytails import MarchenkoPastur, tail_exponent, wishart_spectra

        below = {below}
        print(100 * below, MarchenkoPastur({Q}).hill_exponent(below), MarchenkoPastur(1).hill_exponent(below))
        spectra = wishart_spectra(({round(SIDE * Q)}, {SIDE}), draws={DRAWS}, seed=5)    # the dots of one column
        print([tail_exponent(values, position=1 / below).alpha for values in spectra])
    """


def aspect_ratio_illusion(**state: Any) -> Explorer:
    """The exponent of noise over the aspect ratio: closed form and random matrices, beside the marks in use."""
    return Explorer(
        title="The aspect-ratio illusion",
        controls=[
            Slider("Q", "aspect ratio $Q$", RATIOS, 2.0, play=True),
            slider("below", "left out below the tail", 0.25, 0.9, 0.5, steps=26, digits=3),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "A square layer": {"Q": 1.0},
            "The head, 100 × 512": {"Q": 5.12},
            "Long: 1 to 32": {"Q": 32.0},
            "Start near the edge": {"Q": 5.12, "below": 0.9},
        },
        state=state,
    )
