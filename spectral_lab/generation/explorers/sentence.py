"""Demonstration 1: the mixed sentence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, slider, toggle
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, Trace, bare, figure, key, panel, points, segments, text
from spectral_lab.generation.explorers._drawing import (
    CRYSTALS,
    cell_reach,
    crystal,
    crystal_code,
    molecule,
    named_crystal,
    stage,
)
from spectral_lab.generation.tokens import heavy_atoms, tokenize_conditional, tokenize_crystal, tokenize_molecule
from spectral_lab.generation.vocabulary import Vocabulary

# Relaxed by MMFF94, heavy atoms in their principal frame, in A: ethanol and benzene.
ETHANOL = ([[-1.22, -0.21, 0.0], [0.07, 0.56, 0.0], [1.15, -0.36, 0.0]], [(0, 1), (1, 2)])
_ANGLES = np.radians(60 * np.arange(6))
BENZENE = (
    np.round(1.395 * np.stack([np.cos(_ANGLES), np.sin(_ANGLES), 0 * _ANGLES], axis=1), 3).tolist(),
    [(i, (i + 1) % 6) for i in range(6)],
)
MOLECULES = {
    "benzene": ("C1=CC=CC=C1", BENZENE),
    "ethanol with a wanted polarisability": ("CCO", ETHANOL),
    "benzene, aromatic SMILES": ("c1ccccc1", BENZENE),
}
SENTENCES = ("SrTiO3, perovskite", "TiO2, rutile", "MgAl2O4, spinel", *MOLECULES)
LAYOUTS = ("material", "uni_mat")
WIDE = 12  # slots in a line


def crystal_record(name: str, shuffled: bool) -> dict[str, Any]:
    """The record of a crystal, with its sites in their order or in another."""
    one = named_crystal(name)
    order = np.random.RandomState(1).permutation(len(one)) if shuffled else np.arange(len(one))
    sites = [{"element": one.species[i], "fractional_coordinates": one.frac[i].tolist()} for i in order]
    return {"lattice": one.lattice.tolist(), "sites": sites}


def _sentence(name: str, layout: str, scale: float, shuffled: bool) -> tuple[Any, Vocabulary]:
    if name in CRYSTALS:
        sequence = tokenize_crystal(crystal_record(name, shuffled), layout, scale)
        return sequence, Vocabulary("mat" if layout == "material" else "uni")
    smiles, (positions, _) = MOLECULES[name]
    record = {"smi": smiles, "num": len(positions), "pos": positions}
    if "wanted" in name:
        return tokenize_conditional(record, {"alpha": 31.5}), Vocabulary("cond_mol")
    return tokenize_molecule(record), Vocabulary("uni")


def _compute(name: str, layout: str, shuffled: bool, scale: float, slot: int, turn: int) -> dict[str, Any]:
    one = named_crystal(name) if name in CRYSTALS else None
    positions, bonds = (None, None) if one else MOLECULES[name][1]
    found: dict[str, Any] = {"one": one, "X": positions, "bonds": bonds, "refused": ""}
    try:
        sequence, vocabulary = _sentence(name, layout, scale, shuffled)
    except ValueError as error:
        return found | {"refused": str(error), "words": list(MOLECULES[name][0])}
    mask = sequence.coordinates_mask.astype(bool)
    words = [word.removeprefix("<s>").removeprefix("<m>") for word in vocabulary.decode(sequence.tokens)]
    at = min(slot, len(words) - 2)
    counts = [one.species.count(element) for element in dict.fromkeys(one.species)] if one else []
    # Without sorting every order of the sites is a sentence of its own; with it, every order of the elements.
    orders = math.factorial(len(counts) if layout == "material" else sum(counts)) if one else 1
    return found | {
        "words": words, "mask": mask, "tokens": sequence.tokens, "coordinates": sequence.coordinates, "at": at,
        "size": len(vocabulary), "orders": orders, "next": "numbers" if mask[at + 1] else words[at + 1],
    }  # fmt: skip


def _strip(d: Data) -> list[Trace]:
    """The sentence, twelve slots a line: words, or three bars for a 3-vector."""
    count = len(d.words)
    row, column = np.divmod(np.arange(count), WIDE)
    y, x = -3.0 * row, column.astype(float)
    if d.refused:
        bad = [i for i, word in enumerate(d.words) if word.islower()]
        return [
            text(x, y, d.words, INK, size=15, position="middle center"),
            points(x[bad], y[bad], "refused", "rgba(0,0,0,0)", size=26, symbol="square"),
            segments(x[bad, None] + [-0.4, 0.4], y[bad, None] - [0.6, 0.6], "refused", RED, width=3),
        ]
    numeric = np.flatnonzero(d.mask)
    sizes = 0.7 * d.coordinates / max(float(np.abs(d.coordinates).max()), 1e-9)
    bars = [
        segments(x[numeric, None] + 0.22 * (k - 1) + [0, 0], y[numeric, None] + sizes[:, k, None] * [0, 1], "xyz"[k],
                 color, width=5)
        for k, color in enumerate((BLUE, GREEN, RED))
    ]  # fmt: skip
    words = np.flatnonzero(~d.mask)
    ids = np.arange(count)
    after = np.append(d.mask[1:], False)
    heads = ids[:-1]
    return [
        segments(x[numeric, None] + [-0.38, 0.38], y[numeric, None] + [0, 0], "zero", MUTED, width=1),
        *bars,
        text(x[words], y[words], [d.words[i].strip("<>") if len(d.words[i]) > 2 else d.words[i] for i in words],
             size=11, position="middle center"),
        points(x[heads], y[heads] - 1.0, "head", [BLUE if after[i] else MUTED for i in heads], size=8,
               symbol="square"),
        points([x[d.at]], [y[d.at]], "its state", "rgba(0,0,0,0)", size=34, symbol="square-open"),
        segments([[x[d.at] - 0.45, x[d.at] + 0.45]], [[y[d.at] - 0.75] * 2], "its state", INK, width=3),
        segments([[x[d.at + 1] - 0.45, x[d.at + 1] + 0.45]], [[y[d.at + 1] - 0.75] * 2], "what it predicts", RED,
                 width=3),
    ]  # fmt: skip


def _figure(d: Data) -> Figure:
    if d.one is not None:
        left = stage("What is said", cell_reach(d.one.lattice), 0.62).draw(*crystal(d.one, d.turn))
    else:
        X = np.array(d.X)
        symbols = heavy_atoms([letter.upper() for letter in MOLECULES[d.name][0]])
        left = stage("What is said", np.linalg.norm(X, axis=1).max() + 0.3, 0.62).draw(
            *molecule(symbols, X, d.bonds, d.turn)
        )
    strip = panel("The sentence, slot by slot", bare(-0.7, WIDE - 0.3), bare(-10.6, 1.2), 1.7)
    marks = key("bottom left", ("a square: the next slot is a symbol, by softmax", MUTED),
                ("a square: the next slot is numbers, by diffusion", BLUE),
                ("a bar in this colour: a state; in red: the slot it predicts", INK))  # fmt: skip
    return figure(left, strip.draw(*_strip(d), *([] if d.refused else marks)), height=360, margin={"l": 12})


def _readout(d: Data) -> str:
    head = f"{d.name}, seen from {d.turn}°"
    if d.refused:
        return f"{head}. Refused: {d.refused}."
    numeric = int(d.mask.sum())
    said = (
        f"{head}: {len(d.words)} slots, {len(d.words) - numeric} symbols out of {d.size} and {numeric} vectors. The "
        f"state of slot {d.at} predicts slot {d.at + 1}: {d.next.strip('<>')}. "
    )
    if d.one is None:
        return said + "Positions are in Å."
    order = "shuffled" if d.shuffled else "in order"
    return said + (
        f"Positions times {d.scale:g}, largest number {np.abs(d.coordinates).max():.2f}. Sites {order}: {d.orders} "
        f"sentences say this crystal in the layout {d.layout}."
    )


def _code(name: str, layout: str, shuffled: bool, scale: float, slot: int, turn: int) -> str:
    if name not in CRYSTALS:
        smiles, (positions, _) = MOLECULES[name]
        call = 'tokenize_conditional(record, {"alpha": 31.5})' if "wanted" in name else "tokenize_molecule(record)"
        vocabulary = "cond_mol" if "wanted" in name else "uni"
        body = f"""
        record = {{"smi": "{smiles}", "num": {len(positions)}, "pos": {positions}}}
        words = Vocabulary("{vocabulary}")
        try:
            sentence = {call}
        except ValueError as error:
            print(error)
        else:"""
        orders = ""
    else:
        vocabulary = "mat" if layout == "material" else "uni"
        order = f"np.random.RandomState(1).permutation({len(named_crystal(name))})" if shuffled else "range(len(one))"
        body = f"""
        one = {crystal_code(name)}
        sites = [{{"element": one.species[i], "fractional_coordinates": one.frac[i].tolist()}} for i in {order}]
        words = Vocabulary("{vocabulary}")
        sentence = tokenize_crystal({{"lattice": one.lattice.tolist(), "sites": sites}}, "{layout}", scale={scale:g})
        if True:"""
        count = "len(set(one.species))" if layout == "material" else "len(one)"
        orders = f", math.factorial({count})"
    return f"""
        import math
        import numpy as np
        from spectral_lab.generation import *
        {body}
            numbers, at = int(sentence.coordinates_mask.sum()), min({slot}, len(sentence) - 2)
            print(len(sentence), len(sentence) - numbers, len(words), numbers)
            print(words.decode(sentence.tokens), at, at + 1)
            print(abs(sentence.coordinates).max(){orders})
    """


def mixed_sentence(**state: Any) -> Explorer:
    """A crystal or a molecule as the sentence that the model reads: words, numbers, and what each state predicts."""
    return Explorer(
        title="The mixed sentence",
        controls=[
            choice("name", "what is said", SENTENCES),
            integers("slot", "state of slot", 0, 33, 7, play=True),
            choice("layout", "layout", LAYOUTS, "uni_mat"),
            toggle("shuffled", "shuffle the sites"),
            slider("scale", "positions times", 1, 16, 4, steps=15),
            integers("turn", "seen from", 0, 360, 30, step=5, unit="°"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Shuffle the sites": {"shuffled": True},
            "Shuffled, but sorted": {"shuffled": True, "layout": "material"},
            "A wish comes first": {"name": "ethanol with a wanted polarisability", "slot": 1},
            "Lower case": {"name": "benzene, aromatic SMILES"},
        },
        state=state,
    )
