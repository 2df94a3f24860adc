"""Demonstration 5: the windows of FARMS on a matrix, what they cover, and what is read before and after."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Choice, Data, Explorer, integers, slider
from spectral_lab.explorer.palette import BLUE, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, heat, key, line, panel
from spectral_lab.heavytails.ensembles import planted_matrix
from spectral_lab.heavytails.esd import esd
from spectral_lab.heavytails.explorers._drawing import density, outline
from spectral_lab.heavytails.marchenko_pastur import MarchenkoPastur
from spectral_lab.heavytails.tails import tail_exponent
from spectral_lab.heavytails.windows import FITS, coverage, farms_esd, window_starts

SHAPES = {"128 × 512": (128, 512), "256 × 256": (256, 256), "300 × 130": (300, 130), "40 × 400": (40, 400)}
RATIOS = {"1/2": 0.5, "1": 1.0, "2": 2.0}


@lru_cache(maxsize=32)
def _matrix(shape: str, signal: float) -> tuple[np.ndarray, np.ndarray]:
    m, n = SHAPES[shape]
    threshold = (min(m, n) / max(m, n)) ** 0.25
    W = planted_matrix((m, n), [signal * threshold] if signal else [], seed=4)
    return W, esd(W)


def _compute(shape: str, size: int, Q: str, per_axis: int, fit: str, signal: float) -> dict[str, Any]:
    W, whole = _matrix(shape, signal)
    schedule: dict[str, Any] = {"size": size, "Q": RATIOS[Q], "per_axis": per_axis, "fit": fit}
    rows, columns, (r, c) = window_starts(W.shape, **schedule)
    counts, pooled = coverage(W.shape, **schedule), farms_esd(W, **schedule)
    law, cut = MarchenkoPastur(max(W.shape) / min(W.shape)), MarchenkoPastur(max(r, c) / min(r, c))
    edge, cut_edge = law.edges[1], cut.edges[1] * max(r, c) / max(W.shape)  # of noise, whole and in a window
    step = max(1, max(W.shape) // 128)
    (x, y), (u, w) = density(whole / edge, 40), density(pooled / cut_edge, 60)
    return {
        "counts": counts[::step, ::step],
        "step": step,
        "r": r,
        "c": c,
        "windows": len(rows) * len(columns),
        "uncovered": 100 * float((counts == 0).mean()),
        "x": x,
        "y": y,
        "u": u,
        "w": w,
        "top": float(whole[-1] / edge),
        "top_window": float(pooled[-1] / cut_edge),
        "before": tail_exponent(whole).alpha,
        "after": tail_exponent(pooled).alpha,
        "noise": law.hill_exponent(),
        "noise_window": cut.hill_exponent(),
        "first": (int(rows[0]), int(columns[0])),
    }


def _figure(d: Data) -> Figure:
    rows, columns = d.counts.shape
    i, j = (start / d.step for start in d["first"])
    height, width = d.r / d.step, d.c / d.step
    across = axis("column", -0.5, columns - 0.5, showticklabels=False)
    down = axis("row", rows - 0.5, -0.5, showticklabels=False)
    most = max(int(d.counts.max()), 1)
    held = heat(np.arange(columns), np.arange(rows), d.counts, 0, most, bar="windows", zsmooth=False)
    held["colorbar"] |= {"tick0": 0, "dtick": -(-most // 8)}  # windows are counted in whole numbers
    return figure(
        panel("How many windows hold each entry", across, down, 1.2).draw(
            held,
            line([j, j + width, j + width, j, j], [i, i, i + height, i + height, i], "first window", RED, width=2),
        ),
        panel("Spectra, over the edge of noise", axis("eigenvalue over edge", 0, 2.4), axis("density", 0, 5)).draw(
            outline(d.x, d.y, "whole matrix", BLUE),
            outline(d.u, d.w, "windows, pooled", RED),
            line([1, 1], [0, 5], "edge of noise", MUTED, dash="dot"),
            *key("top right", ("whole matrix", BLUE), ("windows, pooled", RED), ("edge of noise", MUTED)),
        ),
    )


def _readout(d: Data) -> str:
    missed = f"{d.uncovered:.0f} % of the entries are in none" if d.uncovered >= 0.5 else "hardly an entry is in none"
    windows = "1 window" if d.windows == 1 else f"{d.windows} windows"
    return (
        f"{d.shape}: {windows} of {d.r} × {d.c}; {missed}. α before {d.before:.2f} (noise {d.noise:.2f}), "
        f"after {d.after:.2f} (noise {d.noise_window:.2f}). The largest value stands at {d.top:.2f} of the edge of "
        f"noise, in windows at {d.top_window:.2f}."
    )


def _code(shape: str, size: int, Q: str, per_axis: int, fit: str, signal: float) -> str:
    m, n = SHAPES[shape]
    strengths = [signal * (min(m, n) / max(m, n)) ** 0.25] if signal else []
    return f"""
        from spectral_lab.heavytails import MarchenkoPastur, coverage, esd, farms_esd, planted_matrix
        from spectral_lab.heavytails import tail_exponent, window_starts

        W = planted_matrix(({m}, {n}), {strengths}, seed=4)
        schedule = dict(size={size}, Q={RATIOS[Q]}, per_axis={per_axis}, fit={fit!r})
        rows, columns, (r, c) = window_starts(W.shape, **schedule)
        print(len(rows) * len(columns), r, c, 100 * (coverage(W.shape, **schedule) == 0).mean())
        for values, (a, b) in ((esd(W), W.shape), (farms_esd(W, **schedule), (r, c))):
            law = MarchenkoPastur(max(a, b) / min(a, b))
            print(tail_exponent(values).alpha, law.hill_exponent())
            print(values[-1] / (law.edges[1] * max(a, b) / max(W.shape)))
    """


def farms_player(**state: Any) -> Explorer:
    """The schedule of windows on a matrix, its coverage, and spectrum and exponent before and after."""
    return Explorer(
        title="The window player",
        controls=[
            Choice("shape", "matrix", tuple(SHAPES), "300 × 130"),
            integers("size", "window rows $r$", 8, 150, 150, step=2, play=True),
            Choice("Q", "columns over rows", tuple(RATIOS), "1"),
            integers("per_axis", "windows an axis", 1, 9, 4),
            Choice("fit", "if it does not fit", FITS, FITS[0]),
            slider("signal", "signal over threshold", 0.0, 4.0, 0.0, steps=40, digits=3),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Windows straighten a long matrix": {"shape": "40 × 400", "size": 40},
            "A window too big, as released": {"shape": "300 × 130", "size": 150, "per_axis": 4, "fit": "released"},
            "Small windows": {"shape": "128 × 512", "size": 32, "per_axis": 9},
            "A weak signal is lost": {"shape": "256 × 256", "size": 64, "signal": 1.6},
            "A strong one is not": {"shape": "256 × 256", "size": 64, "signal": 4.0},
        },
        state=state,
    )
