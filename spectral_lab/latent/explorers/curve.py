"""Demonstration 4: the latent solve moves each entry of a token along a curve, and the basis limits which curves."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.latent.basis import FREQUENCIES, fit_residual

TARGETS = {
    "sin 5t": "np.sin(5 * t)",
    "|t|": "abs(t)",
    "tanh 3t": "np.tanh(3 * t)",
    "a staircase": "np.floor(2 * t) / 2",
}
FUNCTIONS: dict[str, Callable[[np.ndarray], Any]] = {
    "sin 5t": lambda t: np.sin(5 * t),
    "|t|": np.abs,
    "tanh 3t": lambda t: np.tanh(3 * t),
    "a staircase": lambda t: np.floor(2 * t) / 2,
}
NAMES = {"code": "released", "integer": "integer"}
THRESHOLD = 1e-2


@lru_cache(maxsize=256)
def _compute(target: str, N: int, radius: float, frequencies: str, ridge: float) -> dict[str, Any]:
    fit = fit_residual(FUNCTIONS[target], radius, N, frequencies, ridge)
    share = fit.singular_values / fit.singular_values[0]
    return {
        "t": fit.t, "wanted": FUNCTIONS[target](fit.t), "fitted": fit.values, "share": share, "error": fit.error,
        "useful": int((share > THRESHOLD).sum()), "columns": len(fit.weights),
        "heaviest": float(np.abs(fit.weights).max()),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    low, high = d.wanted.min(), d.wanted.max()
    room = 0.3 * (high - low)
    order = np.arange(1, len(d.share) + 1)
    shown = np.where(d.share > 1e-14, d.share, np.nan)
    return figure(
        panel(
            "Wanted (thick), and fitted (thin)", axis("t", -d.radius, d.radius), axis("", low - room, high + room)
        ).draw(line(d.t, d.wanted, "wanted", MUTED, width=4), line(d.t, d.fitted, "fitted", RED, width=1.5)),
        panel("Singular values of the basis", axis("number", 0, 97), axis("share", 1e-14, 3, log=True, dtick=2)).draw(
            line([0, 97], [THRESHOLD, THRESHOLD], "a hundredth", MUTED, dash="dot"),
            points(order, shown, "singular value", BLUE, size=5),
            *key("bottom right", (f"{d.useful} of {d.columns} above a hundredth", BLUE)),
        ),
    )


def _readout(d: Data) -> str:
    return (
        f"{d.target} on |t| ≤ {number_text(d.radius)}, {NAMES[d.frequencies]} frequencies, N = {d.N}, ridge "
        f"{number_text(d.ridge)}: {d.useful} of {d.columns} directions above a hundredth; the error is "
        f"{number_text(d.error, 2)}, the largest weight {d.heaviest:.1f}."
    )


def _code(target: str, N: int, radius: float, frequencies: str, ridge: float) -> str:
    return f"""
        import numpy as np
        from spectral_lab.latent import fit_residual

        fit = fit_residual(lambda t: {TARGETS[target]}, {radius}, {N}, "{frequencies}", ridge={ridge})
        s = fit.singular_values
        print((s > 0.01 * s[0]).sum(), len(fit.weights), fit.error, np.abs(fit.weights).max())
    """


def learnable_curve(**state: Any) -> Explorer:
    """A curve as a sum of N sines and cosines: the released frequencies with small weights gain little by more N."""
    return Explorer(
        title="The neural spectral block is a learnable curve",
        controls=[
            choice("target", "wanted", tuple(TARGETS)),
            integers("N", "basis $N$", 2, 48, 12),
            slider("radius", "range of the tokens $R$", 0.5, 12, 1, log=True, steps=40, digits=2),
            choice("frequencies", "frequencies", FREQUENCIES),
            slider("ridge", r"ridge $\lambda$", 1e-10, 1e-1, 1e-6, log=True, steps=18, digits=2),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Four times as many": {"N": 48},
            "Integer frequencies": {"frequencies": "integer"},
            "Larger tokens": {"target": "|t|", "radius": 12.0},
        },
        state=state,
    )
