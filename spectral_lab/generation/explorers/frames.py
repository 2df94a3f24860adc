"""Demonstration 7: frames are eigenvectors."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points, segments
from spectral_lab.generation.explorers._drawing import flat_molecule, molecule, stage
from spectral_lab.generation.molecules import gram_spectrum, principal_frame

SYMBOLS, BONDS = ("C", "C", "O", "N"), ((0, 1), (1, 2), (1, 3))
ANGLES = tuple(range(70, 171, 2))
SIGNS = {
    "by third moments": (1, 1, 1),
    "x and y the other way": (-1, -1, 1),
    "y and z the other way": (1, -1, -1),
    "z and x the other way": (-1, 1, -1),
}
STEP = 1.0  # degrees
ROOM = 0.35  # how far the molecule is tipped in the room, in radians


def acetamide(angle: float, length: float) -> np.ndarray:
    """Heavy atoms CH3-C(=O)-NH2 in A: the angle C-C-N, the bond C-N, the oxygen opposite their bisector."""
    half = np.radians(angle) / 2
    carbon, nitrogen = ([side * np.sin(half), -np.cos(half), 0.0] for side in (-1, 1))
    return np.array([1.52 * np.array(carbon), [0, 0, 0], [0, 1.23, 0], length * np.array(nitrogen)])


def _framed(angle: float, length: float, signs: str) -> np.ndarray:
    return principal_frame(acetamide(angle, length)) * SIGNS[signs]


@lru_cache(maxsize=512)
def _curves(length: float, signs: str) -> tuple[np.ndarray, np.ndarray]:
    """What the nitrogen's coordinates are told to be, and the variances, at `ANGLES`."""
    told = np.array([_framed(angle, length, signs)[3] for angle in ANGLES])
    return told, np.array([gram_spectrum(acetamide(angle, length))[:3] / 4 for angle in ANGLES])


def _room(turn: float) -> np.ndarray:
    a = np.radians(turn)
    about = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    tip = np.array([[1, 0, 0], [0, np.cos(ROOM), -np.sin(ROOM)], [0, np.sin(ROOM), np.cos(ROOM)]])
    return about @ tip


def _compute(angle: int, length: float, signs: str, turn: int) -> dict[str, Any]:
    X = acetamide(angle, length)
    room = (X - X.mean(axis=0)) @ _room(turn).T
    framed, after = principal_frame(room) * SIGNS[signs], _framed(angle + STEP, length, signs)
    moved = acetamide(angle + STEP, length)
    variances = gram_spectrum(X)[:3] / 4
    told, curve = _curves(length, signs)
    return {
        "room": room, "framed": framed, "variances": variances, "gap": float(variances[0] - variances[1]), "told": told,
        "curve": curve, "jump": float(np.linalg.norm(after - framed, axis=1).max()),
        "honest": float(np.linalg.norm((moved - moved.mean(0)) - (X - X.mean(0)), axis=1).max()),
        "third": float((framed[:, 0] ** 3).sum() * SIGNS[signs][0]),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    arms = np.array([[[0, 0, 0], [1.7, 0, 0]], [[0, 0, 0], [0, 1.7, 0]]])
    flat = np.linalg.norm(np.diff(d.told, axis=0), axis=1) > 0.5  # a jump is drawn as a gap
    told = np.where(np.append(flat, False)[:, None], np.nan, d.told)
    return figure(
        stage("In the room", 1.9, 0.8).draw(*molecule(SYMBOLS, d.room, BONDS, 0)),
        stage("As the model is told", 1.9, 0.8).draw(
            segments(arms[:, :, 0], arms[:, :, 1], "its axes", GREEN, width=2),
            *flat_molecule(SYMBOLS, d.framed, BONDS),
        ),
        panel("What is told of the nitrogen", axis("angle C–C–N in degrees", 68, 172), axis("", -2.1, 2.1), 0.9).draw(
            line(ANGLES, told[:, 0], "x", BLUE),
            line(ANGLES, told[:, 1], "y", RED),
            line([d.angle, d.angle], [-2.1, 2.1], "here", MUTED, dash="dot"),
            *key("bottom left", ("x in Å", BLUE), ("y in Å", RED)),
        ),
        panel("Variances in Å²", axis("angle", 68, 172), axis("", -0.05, 1.75), 0.7).draw(
            line(ANGLES, d.curve[:, 0], "first", BLUE),
            line(ANGLES, d.curve[:, 1], "second", RED),
            points([d.angle] * 2, d.variances[:2], "here", [BLUE, RED], size=9),
        ),
        height=340, margin={"l": 12},
    )  # fmt: skip


def _readout(d: Data) -> str:
    first, second, _ = d.variances
    return (
        f"Angle {d.angle}°, C–N {d.length:g} Å, turned by {d.turn}°, signs {d.signs}: variances {first:.3f} and "
        f"{second:.3f} Å², gap {d.gap:.3f}; third moment {d.third:.2f} Å³. One degree more moves an atom by "
        f"{d.honest:.3f} Å in the room, and by {number_text(d.jump, 2)} Å in what the model is told."
    ).replace(" -", " −")


def _code(angle: int, length: float, signs: str, turn: int) -> str:
    return f"""
        import numpy as np
        from spectral_lab.generation import gram_spectrum, principal_frame

        def acetamide(angle, length={length:g}):     # C, C, O, N
            half = np.radians(angle) / 2
            C, N = ([side * np.sin(half), -np.cos(half), 0] for side in (-1, 1))
            X = np.array([1.52 * np.array(C), [0, 0, 0], [0, 1.23, 0], length * np.array(N)])
            return X - X.mean(axis=0)

        X, moved = acetamide({angle}), acetamide({angle} + 1)
        told, after = principal_frame(X), principal_frame(moved)     # the same however X is turned
        variances = gram_spectrum(X)[:3] / 4
        print(variances, variances[0] - variances[1], (told[:, 0]**3).sum())
        print(np.linalg.norm(moved - X, axis=1).max(), np.linalg.norm(after - told, axis=1).max())
    """


def frames_are_eigenvectors(**state: Any) -> Explorer:
    """A small molecule in the axes of its own covariance, while an angle bends and a bond stretches."""
    return Explorer(
        title="Frames are eigenvectors",
        controls=[
            integers("angle", "angle C–C–N", 70, 170, 117, unit="°", play=True),
            slider("length", "bond C–N", 1.2, 1.8, 1.35, steps=24, unit="Å"),
            choice("signs", "signs of the axes", tuple(SIGNS)),
            integers("turn", "turned in the room by", 0, 360, 40, step=5, unit="°"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Two variances meet": {"angle": 108, "length": 1.5},
            "A third moment vanishes": {"angle": 105},
            "Far from both": {"angle": 150},
            "Another frame as good": {"signs": "z and x the other way"},
        },
        state=state,
    )
