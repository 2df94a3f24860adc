"""Demonstration 5: the crystal microscope."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.absent import IN_BROWSER
from spectral_lab.explorer import Data, Explorer, choice, integers, slider, toggle
from spectral_lab.explorer.palette import BLUE, GREEN, MUTED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points, segments
from spectral_lab.generation.crystals import Crystal, mean_intensity, structure_factor, xrd_cosine, xrd_pattern
from spectral_lab.generation.explorers._drawing import (
    CRYSTALS,
    cell_reach,
    crystal,
    crystal_code,
    named_crystal,
    stage,
)
from spectral_lab.generation.matching import match

# random_baseline(crystal, 200), too slow for a slider; tests/generation/test_explorers.py holds them to it.
CHANCE = dict(zip(CRYSTALS, (1.0, 0.645, 0.29, 0.195, 0.0), strict=True))
POSITIONS = ("of the prototype", "random")
ORDERS = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)[172:]


@lru_cache(maxsize=16)
def reference(name: str) -> tuple[Crystal, tuple[np.ndarray, np.ndarray]]:
    """The crystal and its powder pattern."""
    one = named_crystal(name)
    return one, xrd_pattern(one)


def changed(name: str, sigma: float, scale: float, positions: str, doubled: bool, seed: int) -> Crystal:
    """The crystal with noise, another size, other positions, or two cells for one."""
    one, rng = named_crystal(name), np.random.RandomState(seed)
    frac = (one.frac if positions == POSITIONS[0] else rng.rand(*one.frac.shape)) + sigma * rng.randn(*one.frac.shape)
    if not doubled:
        return Crystal(scale * one.lattice, one.species, frac)
    twice = np.concatenate([frac, frac + [0, 0, 1]]) / [1, 1, 2]
    return Crystal(scale * one.lattice * [[1], [1], [2]], one.species * 2, twice)


def _compute(
    name: str, sigma: float, scale: float, positions: str, doubled: bool, seed: int, turn: int, coarse: bool = False
) -> dict[str, Any]:
    truth, pattern = reference(name)
    one = changed(name, sigma, scale, positions, doubled, seed)
    single = changed(name, sigma, scale, positions, False, seed)
    # The matcher searches: it is asked when the slider is let go. In a browser it is missing.
    found = [None if coarse or IN_BROWSER else match(one, truth, tolerance) for tolerance in ("cdvae", "default")]
    length = np.round((ORDERS**2).sum(axis=1))
    shells = np.unique(length)
    background = (truth.numbers**2).sum()
    measured, expected = (
        np.array([values[length == shell].mean() / background for shell in shells])
        for values in (
            np.abs(structure_factor(single, ORDERS)) ** 2,
            mean_intensity(truth, ORDERS, sigma),
        )
    )
    return {
        "truth": truth, "one": one, "pattern": pattern, "own": xrd_pattern(one), "loose": found[0], "strict": found[1],
        "cosine": xrd_cosine(one, truth), "shells": np.sqrt(shells), "measured": measured, "expected": expected,
        "coarse": coarse, "chance": CHANCE[name],
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    (x, u), (y, v) = d.pattern, d.own
    reach = max(1.15 * cell_reach(d.truth.lattice), cell_reach(d.one.lattice))  # so that a cell seems to grow
    return figure(
        stage("The cell", reach, 1.0).draw(
            *crystal(d.one, d.turn)
        ),
        panel("Powder pattern", axis("2θ in degrees", 8, 92), axis("", -105, 105, showticklabels=False), 1.0).draw(
            line([8, 92], [0, 0], "", MUTED, width=1),
            segments(x[:, None] + [0, 0], u[:, None] * [0, 1], "of the prototype", MUTED, width=2),
            segments(y[:, None] + [0, 0], v[:, None] * [0, -1], "of this one", BLUE, width=2),
            *key("top right", ("of the prototype", MUTED)), *key("bottom right", ("of this one", BLUE)),
        ),
        panel("Mean |F|² over the background", axis("|h|", 0.8, 5.4), axis("", 1e-2, 30, log=True), 0.8).draw(
            line([0.8, 5.4], [1, 1], "Σ Z²", MUTED, dash="dash"),
            line(d.shells, np.clip(d.expected, 1e-2, 30), "mean over the noise", GREEN),
            points(d.shells, np.clip(d.measured, 1e-2, 30), "this one", BLUE, size=6),
            *key("top right", ("expected", GREEN), ("this crystal", BLUE)),
        ),
        height=370, margin={"l": 12},
    )  # fmt: skip


def _verdict(rms: float | None) -> str:
    return "no match" if rms is None else f"match at distance {rms:.2f}"


def _readout(d: Data) -> str:
    said = (
        f"{d.name}, positions {d.positions}, draw {d.seed}, noise {d.sigma:g}, edge times {d.scale:g}, "
        f"{'two cells' if d.doubled else 'one cell'}, seen from {d.turn}°. "
    )
    if IN_BROWSER:
        said += "The matcher is pymatgen's, which browsers lack. "
    elif d.coarse:
        said += "The matcher answers when the slider is let go. "
    else:
        said += f"CDVAE's tolerance: {_verdict(d.loose)}; pymatgen's own: {_verdict(d.strict)}. "
    return said + (
        f"Of 200 random placings in the true cell {100 * d.chance:.0f} % match. Cosine of the powder patterns "
        f"{d.cosine:.2f}; volume times {d.scale**3:.2f}."
    )


def _code(name: str, sigma: float, scale: float, positions: str, doubled: bool, seed: int, turn: int) -> str:
    frac = "one.frac" if positions == POSITIONS[0] else "tape.rand(*one.frac.shape)"
    twice = (
        "new = Crystal(new.lattice * [[1], [1], [2]], one.species * 2, "
        "np.concatenate([frac, frac + [0, 0, 1]]) / [1, 1, 2])"
        if doubled
        else ""
    )
    return f"""
        import numpy as np
        from spectral_lab.generation import *

        one, tape, scale = {crystal_code(name)}, np.random.RandomState({seed}), {scale:g}
        frac = {frac} + {sigma:g} * tape.randn(*one.frac.shape)
        new = Crystal(scale * one.lattice, one.species, frac)
        {twice}
        print(match(new, one, "cdvae"), match(new, one, "default"))     # None: no match
        print(xrd_cosine(new, one), scale**3)
        # random_baseline(one, 200) takes seconds: {100 * CHANCE[name]:.0f} %
    """


def crystal_microscope(**state: Any) -> Explorer:
    """A crystal, its powder pattern and its structure factors under noise, and what a matcher says of it."""
    return Explorer(
        title="Crystal microscope",
        controls=[
            choice("name", "crystal", tuple(CRYSTALS), "SrTiO3, perovskite"),
            slider("sigma", r"noise $\sigma$ on positions", 0, 0.3, 0.03, steps=30),
            slider("scale", "edge times", 0.8, 2, 1, steps=24),
            choice("positions", "positions", POSITIONS),
            toggle("doubled", "two cells for one"),
            integers("seed", "draw", 0, 9, 0),
            integers("turn", "seen from", 0, 360, 30, step=5, unit="°"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "A perfect match at twice the volume": {"sigma": 0, "scale": 1.26},
            "One per cent smaller": {"sigma": 0, "scale": 0.99},
            "Rock salt at random positions": {"name": "NaCl, rock salt", "positions": "random", "sigma": 0},
            "A spinel at random positions": {"name": "MgAl2O4, spinel", "positions": "random", "sigma": 0},
            "Two cells for one": {"sigma": 0, "doubled": True},
            "Half melted": {"sigma": 0.2},
        },
        state=state,
    )
