"""Demonstration 3: where does the tail start? Every exponent there is, and which of them each rule takes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Choice, Data, Explorer, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, PINK, RED
from spectral_lab.explorer.theme import Figure, Trace, axis, figure, key, line, panel, points
from spectral_lab.heavytails.ensembles import gaussian_matrix, pareto_matrix, phase_matrix, planted_matrix
from spectral_lab.heavytails.esd import esd
from spectral_lab.heavytails.explorers._drawing import density, outline
from spectral_lab.heavytails.tails import RULES, hill_curve, tail_exponent

SHAPE = (300, 500)
KINDS = (
    "noise",
    "noise, square",
    "planted signals",
    "heavy entries, tail 1.5",
    "heavy entries, tail 3",
    "bulk-decay",
    "a true power law",
)
MOST, FAR = 40.0, 0.4  # what the pictures show
COLORS = dict(zip(RULES, (GREEN, RED, PINK), strict=True))


MATRICES = {
    "noise": "gaussian_matrix((300, 500), seed=1)",
    "noise, square": "gaussian_matrix((300, 300), seed=2)",
    "planted signals": "planted_matrix((300, 500), np.geomspace(6, 0.6, 20), seed=1)",
    "heavy entries, tail 1.5": "pareto_matrix((300, 500), 1.5, seed=1)",
    "heavy entries, tail 3": "pareto_matrix((300, 500), 3.0, seed=1)",
    "bulk-decay": "phase_matrix('bulk-decay', (300, 500), seed=1)",
}


@cache
def _spectrum(kind: str) -> np.ndarray:
    if kind == "a true power law":
        return (1 - (np.arange(300) + 0.5) / 300) ** (-1 / 1.6)  # density x^-2.6
    makers = {
        "noise": lambda: gaussian_matrix(SHAPE, 1),
        "noise, square": lambda: gaussian_matrix((300, 300), 2),
        "planted signals": lambda: planted_matrix(SHAPE, np.geomspace(6, 0.6, 20), 1),
        "heavy entries, tail 1.5": lambda: pareto_matrix(SHAPE, 1.5, 1),
        "heavy entries, tail 3": lambda: pareto_matrix(SHAPE, 3.0, 1),
        "bulk-decay": lambda: phase_matrix("bulk-decay", SHAPE, 1),
    }
    values = esd(makers[kind]())
    return values / np.median(values)


@cache
def _curves(kind: str) -> dict[str, Any]:
    values = _spectrum(kind)
    curve = hill_curve(values)
    x, y = density(values, 60, log=True)
    fits = [tail_exponent(values, rule) for rule in RULES]
    return {
        "values": values,
        "alphas": curve.alphas,
        "distances": curve.distances,
        "bars": x,
        "heights": y,
        "rule_alphas": np.array([fit.alpha for fit in fits]),
        "rule_starts": np.array([fit.x_min for fit in fits]),
        "rule_distances": np.array([fit.distance for fit in fits]),
    }


def _compute(kind: str, start: float) -> dict[str, Any]:
    found = _curves(kind)
    i = min(int(start * len(found["values"])), len(found["alphas"]) - 2)
    values, alpha = found["values"], float(found["alphas"][i])
    ends = np.array([values[i], values[-1]])
    fitted = (1 - i / len(values)) * (alpha - 1) / ends[0] * (ends / ends[0]) ** -alpha
    return {**found, "alpha": alpha, "distance": float(found["distances"][i]), "ends": ends, "fitted": fitted}


def _figure(d: Data) -> Figure:
    x = d["values"][:-1]
    place = axis("eigenvalue over median", max(float(x[0]), 1e-3) * 0.8, float(d["values"][-1]) * 1.3, log=True)
    floor = 0.3 * float(d.heights[d.heights > 0].min())
    rules = list(zip(RULES, d.rule_starts, d.rule_alphas, d.rule_distances, strict=True))
    return figure(
        panel("Density and fitted tail", place, axis("density", floor, 3 * float(d.heights.max()), log=True), 1.2).draw(
            outline(d.bars, np.maximum(d.heights, floor), "eigenvalues", MUTED),
            line(d.ends, np.maximum(d.fitted, 1e-12 * floor), "power law from the slider's start", BLUE, width=3),
        ),
        panel(
            "Exponent by start", place, axis("α", 1, MOST, log=True, dtick=None, tickvals=[1, 2, 4, 10, 20, 40])
        ).draw(
            line(x, np.clip(d.alphas, 1, MOST), "α", INK),
            *(_mark(at, min(alpha, MOST), rule) for rule, at, alpha, _ in rules),
            points([d.ends[0]], [min(d.alpha, MOST)], "slider", BLUE, size=7),
            *key("top left", *COLORS.items(), ("slider", BLUE)),
        ),
        panel("Distance of the fit", place, axis("Kolmogorov-Smirnov distance", 0, FAR)).draw(
            line(x, np.minimum(d.distances, FAR), "distance", INK),
            *(_mark(at, min(off, FAR), rule) for rule, at, _, off in rules),
            points([d.ends[0]], [min(d.distance, FAR)], "slider", BLUE, size=7),
        ),
    )


def _mark(x: float, y: float, rule: str) -> Trace:
    size = 17 - 3 * RULES.index(rule)  # each on the one before: rules often choose the same start
    return points([x], [y], rule, COLORS[rule], size=size, symbol="diamond")


def _readout(d: Data) -> str:
    found = ", ".join(f"{rule} {alpha:.1f}" for rule, alpha in zip(RULES, d.rule_alphas, strict=True))
    return (
        f"{d.kind}: from the start at {100 * d.start:.0f} % the exponent is {d.alpha:.2f} and the fit is off by "
        f"{d.distance:.2f}. The rules read: {found}."
    )


def _code(kind: str, start: float) -> str:
    maker = MATRICES.get(kind)
    values = f"esd({maker})" if maker else "(1 - (np.arange(300) + 0.5) / 300) ** (-1 / 1.6)   # density x^-2.6"
    function = maker.split("(")[0] if maker else "esd"
    return f"""
        import numpy as np
        from spectral_lab.heavytails import {function}, {"esd, " if maker else ""}hill_curve, tail_exponent

        values = {values}
        curve = hill_curve(values)
        i = min(int({start} * len(values)), len(curve.alphas) - 2)
        print(100 * {start}, curve.alphas[i], curve.distances[i])
        print([tail_exponent(values, rule).alpha for rule in {RULES}])
    """


def where_the_tail_starts(**state: Any) -> Explorer:
    """A spectrum, the exponent and the distance for every start of its tail, and what three rules choose."""
    return Explorer(
        title="Where does the tail start?",
        controls=[
            Choice("kind", "spectrum", KINDS, KINDS[2]),
            slider("start", "leave out the lowest", 0.0, 0.97, 0.5, steps=97, digits=3, play=True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "A true power law": {"kind": "a true power law", "start": 0.3},
            "Noise: the fit gets better to the edge": {"kind": "noise, square", "start": 0.95},
            "Heavy entries": {"kind": "heavy entries, tail 1.5", "start": 0.9},
            "Heavy entries that do not show": {"kind": "heavy entries, tail 3"},
        },
        state=state,
    )
