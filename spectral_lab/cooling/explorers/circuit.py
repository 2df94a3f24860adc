"""Demonstration 5: the circuit of a bang-bang step, from the step down to the gates of one query.

What is drawn is what `step_qasm` writes: half kicks on the spins, reflections by generalised QSP with one ancilla, and
each query as a product of rotations.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from spectral_lab.cooling.bands import pulses
from spectral_lab.cooling.qasm import pauli_terms, reflection_circuit
from spectral_lab.cooling.qsp import Angles
from spectral_lab.cooling.spin_chains import tfim
from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, PAPER, PINK
from spectral_lab.explorer.theme import Figure, bare, figure, line, note, panel, points

ZOOMS = {"one step": ("round", 4), "one reflection": ("gate", 5), "one query": ("rotation", 12)}  # and how many fit
MU, ANGLE, ERROR = -1.0, 4.0, 1e-2


class Box(NamedTuple):
    """A gate in the picture: from x to x, from wire to wire (0: the ancilla), its words and its colour."""

    left: float
    right: float
    top: int
    bottom: int
    words: str
    color: str


@lru_cache(maxsize=128)
def _reflection(spins: int, width: float) -> tuple[Angles, int, float]:
    return reflection_circuit(tfim(spins), MU, width=width, error=ERROR)


@lru_cache(maxsize=8)
def _terms(spins: int) -> tuple[str, ...]:
    terms = tuple(pauli_terms(tfim(spins)))
    return terms + terms[::-1]  # the symmetric product formula


def _compute(zoom: str, spins: int, width: float, kick: float, first: int) -> dict[str, Any]:
    angles, calls, tau = _reflection(spins, width)
    d, rounds, terms = len(angles.theta) - 1, pulses(ANGLE, kick), _terms(spins)
    j = np.arange(d + 1)
    parts = {"one step": rounds, "one reflection": d + 1, "one query": len(terms)}[zoom]
    shown = min(ZOOMS[zoom][1], parts)
    return {
        "rounds": rounds, "kick": ANGLE / rounds, "tau": tau, "degree": d,
        "first": min(first, parts - shown), "shown": shown, "parts": parts, "queries": rounds * d,
        "theta": angles.theta / np.pi, "phi": 1 - np.mod(1 - np.round(angles.phi / np.pi, 6), 2),
        "inverse": (j * calls) // d > ((j - 1) * calls) // d,  # spread evenly, as in `gqsp_circuit`
        "rotations": len(terms), "pairs": sum(len(t.replace("I", "")) > 1 for t in terms),
    }  # fmt: skip


def _step(d: Data, k: int, x: float) -> list[Box]:
    n, half = d.spins, "e<sup>−iκV/2</sup>"
    return [
        Box(x + 0.05, x + 0.8, 1, n, half, GREEN),
        Box(x + 0.9, x + 1.9, 0, n, "e<sup>−iπS/2</sup>", BLUE),
        Box(x + 2.0, x + 2.75, 1, n, half, GREEN),
    ]


def _gate(d: Data, j: int, x: float) -> list[Box]:
    name, color = ("U<sup>†</sup>", PINK) if d.inverse[j] else ("U", BLUE)
    query, rotation = (
        Box(x + 0.1, x + 0.8, 1, d.spins, name, color),
        Box(x + 1.0, x + 2.3, 0, 0, f"R<sub>{j}</sub>", GREEN),
    )
    return [query, rotation] if j else [rotation]


def _rotation(d: Data, k: int, x: float) -> list[Box]:
    letters = _terms(d.spins)[k]
    wires = [i + 1 for i, letter in enumerate(letters) if letter != "I"]
    return [Box(x, x + 0.8, wires[0], wires[-1], letters.replace("I", ""), BLUE if len(wires) > 1 else GREEN)]


def _figure(d: Data) -> Figure:
    draw, pitch = {"one step": (_step, 3.0), "one reflection": (_gate, 2.4), "one query": (_rotation, 0.95)}[d.zoom]
    wires, end = d.spins + 1, pitch * d.shown + 0.1
    marks = [line([0, end], [-w, -w], color=MUTED, width=1) for w in range(wires)]
    above: dict[str, Any] = {"anchor": "center", "yanchor": "bottom", "yshift": 2}  # however many wires there are
    for place in range(d.shown):
        k, x = d.first + place, pitch * place
        if d.zoom == "one step":
            marks.append(note(f"round {k}", x + 1.4, 0.36, MUTED, **above))
        if d.zoom == "one reflection":
            angles = f"θ = {number_text(d.theta[k], 2)} π<br>φ = {number_text(d.phi[k], 3)} π"
            marks.append(note(angles, x + 1.65, 0.36, GREEN, **above))
            if k:  # a query of the spins that the ancilla controls
                marks.append(line([x + 0.45] * 2, [0, -1], color=INK, width=1))
                symbol = "circle" if d.inverse[k] else "circle-open"
                marks.append(points([x + 0.45], [0], "control", INK, size=9, symbol=symbol))
        for box in draw(d, k, x):
            top, bottom = 0.36 - box.top, -0.36 - box.bottom
            corners = [box.left, box.right, box.right, box.left, box.left], [top, top, bottom, bottom, top]
            marks.append(line(*corners, "gate", box.color, width=1.5, fill="toself", fillcolor=PAPER))
            marks.append(
                note(box.words, 0.5 * (box.left + box.right), 0.5 * (top + bottom), box.color, anchor="center")
            )
    legend = {
        "one step": f"{d.rounds} rounds; S: one circuit of {d.degree} queries; V: every spin by itself",
        "one reflection": "U = e<sup>iHτ</sup>, done where the ancilla is 0 (∘); U<sup>†</sup> where it is 1 (•)",
        "one query": "a box P is e<sup>−icτP/2</sup>, for the term cP of H; all terms, there and back",
    }[d.zoom]
    names: dict[str, Any] = {
        "tickvals": [-w for w in range(wires)],
        "ticktext": ["ancilla", *(f"spin {i}" for i in range(d.spins))],
    }
    time, wire = bare(-0.01 * end, 1.01 * end, legend), bare(0.4 - wires, 1.4, showticklabels=True, **names)
    return figure(panel(d.zoom.capitalize(), time, wire).draw(*marks), height=340)


def _readout(d: Data) -> str:
    part = f"{ZOOMS[d.zoom][0]}s {d.first} to {d.first + d.shown - 1}"
    return (
        f"{d.spins} spins and one ancilla, w = {number_text(d.width, 3)} J: {d.rounds} rounds with kicks of "
        f"{number_text(d.kick, 3)} and a reflection of {d.degree} queries each, in all {d.queries} queries of "
        f"exp(±iHτ) with τ = {number_text(d.tau, 3)}/J. A query is {d.rotations} rotations, {d.pairs} of them "
        f"on two spins. Drawn: {part}."
    )


def _code(zoom: str, spins: int, width: float, kick: float, first: int) -> str:
    d = _compute(zoom, spins, width, kick, first)
    return f"""
        from spectral_lab.cooling import pauli_terms, random_field, reflection_circuit, step_qasm, tfim
        from spectral_lab.cooling.bands import pulses

        H, rounds = tfim({spins}), pulses({ANGLE}, {kick})
        angles, calls, tau = reflection_circuit(H, {MU}, width={width}, error={ERROR})
        d, terms = len(angles.theta) - 1, list(pauli_terms(H))
        print(f"{{rounds}} rounds with kicks of {{{ANGLE} / rounds:.3g}} and a reflection of {{d}} queries each")
        print(f"{{rounds * d}} queries in all, tau = {{tau:.3g}}")
        pairs = sum(len(t.replace("I", "")) > 1 for t in terms)
        print(f"a query: {{2 * len(terms)}} rotations, {{2 * pairs}} of them on two spins")
        first, last = {d["first"]}, {d["first"] + d["shown"] - 1}  # what the picture shows
        text = step_qasm(H, random_field({spins}, 0), {MU}, width={width}, alpha={kick}, angle={ANGLE}, error={ERROR})
        print(text.count("\\n"), "lines of OpenQASM; from", first, "to", last, "in the picture")
    """


def the_circuit(**state: Any) -> Explorer:
    """The circuit of a bang-bang step at three magnifications, and its counts (C7)."""
    return Explorer(
        title="The circuit",
        controls=[
            choice("zoom", "look at", tuple(ZOOMS)),
            integers("spins", "spins", 2, 5, 3),
            slider("width", "edge width $w$", 0.2, 2.0, 0.5, steps=40, log=True, unit="J"),
            slider("kick", r"kick $\kappa$, about", 0.2, 1.0, 0.5, steps=16),
            integers("first", "drawn from", 0, 300, 0),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Gates and queries": {"zoom": "one reflection"},
            "In the middle": {"zoom": "one reflection", "first": 20},
            "Inside a query": {"zoom": "one query"},
        },
        state=state,
    )
