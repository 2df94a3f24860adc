"""Demonstration 4: eigenbasis or Cholesky factor?"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.generation.gaussian import conditional_variances, emergence_step, wiener_gain
from spectral_lab.generation.noise import CosineSchedule

SITES = 16
MODES = ("cosines along the chain", "random directions")
ORDERS = ("left to right", "ends first, then halves", "every other first", "from the middle out")


@lru_cache(maxsize=128)
def family(decay: float, modes: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariance, eigenvalues k^-decay (k = 1, 2, ...) and eigenvectors, for 16 sites."""
    k = np.arange(SITES)
    if modes == MODES[0]:
        vectors = np.cos(np.pi * np.outer(k + 0.5, k) / SITES)
        vectors /= np.linalg.norm(vectors, axis=0)
    else:
        vectors = np.linalg.qr(np.random.RandomState(3).standard_normal((SITES, SITES)))[0]
    values = (k + 1.0) ** -decay
    return (vectors * values) @ vectors.T, values, vectors


def order_of(name: str) -> np.ndarray:
    """The order in which the sites are written."""
    places = np.arange(SITES)
    if name == ORDERS[1]:  # 0, 15, then always the middle of the widest gap
        order = [0, SITES - 1]
        while len(order) < SITES:
            ends = sorted(order)
            left, right = max(itertools.pairwise(ends), key=lambda pair: pair[1] - pair[0])
            order.append((left + right) // 2)
        return np.array(order)
    if name == ORDERS[2]:
        return np.concatenate([places[::2], places[1::2]])
    return places[np.argsort(np.abs(places - 7.4), kind="stable")] if name == ORDERS[3] else places


def _compute(t: int, decay: float, modes: str, order: str, seed: int) -> dict[str, Any]:
    Sigma, values, vectors = family(decay, modes)
    rng = np.random.RandomState(seed)
    coefficients, noise = rng.standard_normal(SITES), rng.standard_normal(SITES)
    abar = float(CosineSchedule().alphas_cumprod[t])
    x0 = vectors @ (np.sqrt(values) * coefficients)
    seen = x0 + np.sqrt(1 / abar - 1) * noise  # x_t over sqrt(abar)
    gains = wiener_gain(values, t)
    guess = vectors @ (gains * (vectors.T @ seen))
    written = conditional_variances(Sigma, order_of(order))
    return {
        "x0": x0, "seen": seen, "guess": guess, "gains": gains, "values": values, "written": written,
        "steps": np.array([emergence_step(value) for value in values]),
        "above": int((abar * values > 1 - abar).sum()), "product": float(np.log10(written).sum()),
        "off": float(np.sqrt(((guess - x0) ** 2).mean())),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    k = np.arange(1, SITES + 1)
    return figure(
        panel("A chain of 16 numbers", axis("site", 0.5, SITES + 0.5), axis("", -1.6, 1.6), 1.0).draw(
            line(k, d.x0, "the truth", MUTED, width=3),
            points(k, np.clip(d.seen, -1.6, 1.6), "x_t / √ᾱ", RED, size=6),
            line(k, d.guess, "E[x₀ | x_t]", BLUE),
            *key("bottom left", ("what was noised", MUTED), ("what is seen", RED), ("the best guess", BLUE)),
        ),
        panel("Joint: the gain of each mode", axis("mode", 0.5, SITES + 0.5), axis("", -0.03, 1.05), 0.8).draw(
            *(line([i, i], [0, gain], f"appears at t = {step}", BLUE, width=9)
              for i, gain, step in zip(k, d.gains, d.steps, strict=True)),
        ),
        panel("Two lists of variances", axis("place in the list", 0.5, SITES + 0.5), axis("", 1e-5, 3, log=True),
              0.9).draw(
            line(k, d.values, "eigenvalue", BLUE),
            points(k, d.values, "eigenvalue", BLUE, size=6),
            line(k, d.written, "given the sites before", GREEN),
            points(k, d.written, "given the sites before", GREEN, size=6),
            *key("bottom left", ("joint: eigenvalues", BLUE), ("one by one: given those before", GREEN)),
        ),
        height=360, margin={"l": 44},
    )  # fmt: skip


def _readout(d: Data) -> str:
    product = f"{d.product:.2f}".replace("-", "−")
    return (
        f"Eigenvalues 1/k to the power {d.decay:g}, {d.modes}, draw {d.seed}, t = {d.t}: {d.above} of 16 modes rise "
        "above the noise; "
        f"the first appears at t = {d.steps[0]}, the last at {d.steps[-1]}. The best guess misses by "
        f"{number_text(d.off, 2)}. Written {d.order}: variances from {number_text(d.written[0], 2)} at the first site "
        f"to {number_text(d.written[-1], 2)} at the last; log₁₀ of the product is {product} in any order."
    )


def _code(t: int, decay: float, modes: str, order: str, seed: int) -> str:
    vectors = (
        "np.cos(np.pi * np.outer(k + 0.5, k) / 16)\n        vectors /= np.linalg.norm(vectors, axis=0)"
        if modes == MODES[0]
        else "np.linalg.qr(np.random.RandomState(3).standard_normal((16, 16)))[0]"
    )
    return f"""
        import numpy as np
        from spectral_lab.generation import *

        k = np.arange(16)
        vectors = {vectors}
        values = (k + 1.0) ** -{decay:g}
        Sigma = (vectors * values) @ vectors.T
        abar, tape = CosineSchedule().alphas_cumprod[{t}], np.random.RandomState({seed})
        x0 = vectors @ (np.sqrt(values) * tape.standard_normal(16))
        seen = x0 + np.sqrt(1 / abar - 1) * tape.standard_normal(16)
        guess = vectors @ (wiener_gain(values, {t}) * (vectors.T @ seen))
        print((abar * values > 1 - abar).sum(), emergence_step(values[0]), emergence_step(values[-1]))
        print(np.sqrt(((guess - x0) ** 2).mean()))
        written = conditional_variances(Sigma, {order_of(order).tolist()})
        print(written[0], written[-1], np.log10(written).sum(), np.log10(values).sum())
    """


def eigenbasis_or_cholesky(**state: Any) -> Explorer:
    """What joint diffusion does to a Gaussian chain, mode by mode, and what writing it one by one does."""
    return Explorer(
        title="Eigenbasis or Cholesky factor?",
        controls=[
            integers("t", "timestep $t$", 0, 999, 300, play=True),
            slider("decay", r"decay of the spectrum", 0, 3, 2, steps=12),
            choice("modes", "modes", MODES),
            choice("order", "sites are written", ORDERS),
            integers("seed", "draw", 0, 9, 0),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Nearly noise": {"t": 940},
            "Nearly done": {"t": 15},
            "White": {"decay": 0},
            "Ends first": {"order": ORDERS[1]},
            "No direction is smooth": {"modes": MODES[1]},
        },
        state=state,
    )
