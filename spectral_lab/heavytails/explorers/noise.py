"""Demonstration 1: a matrix without structure has a sharp spectrum, and the shape of the matrix sets it."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.explorer import Choice, Data, Explorer, integers
from spectral_lab.explorer.palette import BLUE, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel
from spectral_lab.heavytails.edges import largest_eigenvalue_law, tracy_widom_cdf
from spectral_lab.heavytails.explorers._drawing import density, noise_spectrum, outline
from spectral_lab.heavytails.marchenko_pastur import MarchenkoPastur
from spectral_lab.heavytails.tails import tail_exponent

SCALES = ("eigenvalue", "singular value")


def _compute(m: int, n: int, scale: str, seed: int) -> dict[str, Any]:
    values = noise_spectrum(m, n, seed)
    law = MarchenkoPastur(max(m, n) / min(m, n))
    low, high = law.edges
    x = low + (high - low) * np.sin(np.linspace(0.03, np.pi / 2, 200)) ** 2
    y = law.pdf(x)
    centre, spread = largest_eigenvalue_law(max(m, n), min(m, n))
    band = (centre + spread * np.array([-3.18, 0.979])) / max(m, n)
    if scale == "singular value":
        values, y, x, band = np.sqrt(values), y * 2 * np.sqrt(x), np.sqrt(x), np.sqrt(band)
        low, high = low**0.5, high**0.5
    bars = density(values)
    largest = noise_spectrum(m, n, seed)[-1] * max(m, n)
    return {
        "Q": law.Q,
        "low": low,
        "high": high,
        "x": x,
        "y": y,
        "bars": bars[0],
        "heights": bars[1],
        "band": band,
        "top": values[-1],
        "beyond": 1 - float(tracy_widom_cdf((largest - centre) / spread)),
        "alpha": tail_exponent(noise_spectrum(m, n, seed)).alpha,
        "limit": law.hill_exponent(),
    }


def _figure(d: Data) -> Figure:
    ceiling = min(1.25 * float(d.y[20:].max()), 4.0)
    end = 1.12 * max(float(d.x[-1]), float(d.top))
    return figure(
        panel("The spectrum of pure noise", axis(d.scale, 0, end), axis("density", 0, ceiling), 1.7).draw(
            outline(d.bars, d.heights, "this matrix", BLUE, fill="tozeroy"),
            line(d.x, d.y, "Marchenko-Pastur", INK),
            line(
                np.repeat(d.band, 2),
                [0, 0.6 * ceiling, 0.6 * ceiling, 0],
                "where the largest lies, nine times of ten",
                MUTED,
            ),
            line([d.top] * 2, [0, 0.3 * ceiling], "largest", RED, width=3),
            *key(
                "top right",
                ("law of noise", INK),
                ("one matrix", BLUE),
                ("its largest value", RED),
                ("nine of ten largest values", MUTED),
            ),
        )
    )


def _readout(d: Data) -> str:
    return (
        f"{d.m} × {d.n}, Q = {d.Q:.3g}: the law of the {d.scale}s runs from {d.low:.2f} to {d.high:.2f}. The largest "
        f"of this matrix is {d.top:.2f}; {100 * d.beyond:.0f} % of such matrices have a larger one. The median rule "
        f"reads α = {d.alpha:.2f} from this noise, {d.limit:.2f} in the limit."
    )


def _code(m: int, n: int, scale: str, seed: int) -> str:
    power = 0.5 if scale == "singular value" else 1
    return f"""
        import numpy as np
        from spectral_lab.heavytails import MarchenkoPastur, esd, gaussian_matrix, largest_eigenvalue_law
        from spectral_lab.heavytails import tail_exponent, tracy_widom_cdf

        values = esd(gaussian_matrix(({m}, {n}), seed={seed}))
        law = MarchenkoPastur(Q={max(m, n)} / {min(m, n)})
        print(law.Q, np.array(law.edges) ** {power}, values[-1] ** {power})
        centre, spread = largest_eigenvalue_law({max(m, n)}, {min(m, n)})
        print(100 - 100 * tracy_widom_cdf((values[-1] * {max(m, n)} - centre) / spread))
        print(tail_exponent(values).alpha, law.hill_exponent())
    """


def nothing_but_noise(**state: Any) -> Explorer:
    """The spectrum of a Gaussian matrix beside the law of Marchenko and Pastur, with Tracy and Widom's band."""
    return Explorer(
        title="Nothing but noise",
        controls=[
            integers("m", "rows $m$", 20, 400, 200, step=10, play=True),
            integers("n", "columns $n$", 20, 400, 300, step=10),
            Choice("scale", "axis", SCALES, SCALES[0]),
            integers("seed", "seed", 0, 9, 0),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Square": {"m": 300, "n": 300},
            "A quarter circle": {"m": 300, "n": 300, "scale": SCALES[1]},
            "Long and thin": {"m": 20, "n": 400},
            "Few rows say little": {"m": 20, "n": 30},
        },
        state=state,
    )
