"""Demonstration 4: eigenbasis or Cholesky factor?"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points, text
from spectral_lab.generation.gaussian import conditional_variances, emergence_step, wiener_gain
from spectral_lab.generation.noise import CosineSchedule

SITES = 16
MODES = ("cosines along the chain", "random directions")
ORDERS = ("left to right", "ends first, then halves", "every other first", "from the middle out", "shuffled")
REACH = 3.2  # of the picture, in standard deviations of the site that varies most


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


def order_of(name: str, seed: int, site: int, later: int) -> list[int]:
    """The order in which the sites 0..15 are written: a named one, in which one site is moved by so many places."""
    order = _named_order(name, seed).tolist()
    place = order.index(site)
    order.insert(min(max(place + later, 0), SITES - 1), order.pop(place))
    return order


def _named_order(name: str, seed: int) -> np.ndarray:
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
    if name == ORDERS[3]:
        return places[np.argsort(np.abs(places - 7.4), kind="stable")]
    return np.random.RandomState(seed).permutation(SITES) if name == ORDERS[4] else places


def _compute(t: int, decay: float, modes: str, order: str, site: int, later: int, seed: int) -> dict[str, Any]:
    Sigma, values, vectors = family(decay, modes)
    rng = np.random.RandomState(seed)
    coefficients, noise = rng.standard_normal(SITES), rng.standard_normal(SITES)
    abar = float(CosineSchedule().alphas_cumprod[t])
    x0 = vectors @ (np.sqrt(values) * coefficients)
    seen = x0 + np.sqrt(1 / abar - 1) * noise  # x_t over sqrt(abar)
    gains = wiener_gain(values, t)
    guess = vectors @ (gains * (vectors.T @ seen))
    places = order_of(order, seed, site - 1, later)
    written = conditional_variances(Sigma, places)
    place = places.index(site - 1)
    return {
        "when": np.argsort(places) + 1, "place": place + 1, "there": float(written[place]),
        "reach": REACH * float(np.sqrt(np.diag(Sigma).max())),
        "x0": x0, "seen": seen, "guess": guess, "gains": gains, "values": values, "written": written,
        "steps": np.array([emergence_step(value) for value in values]),
        "above": int((abar * values > 1 - abar).sum()), "product": float(np.log10(written).sum()),
        "off": float(np.sqrt(((guess - x0) ** 2).mean())),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    k = np.arange(1, SITES + 1)
    x0, seen, guess = (np.clip(x, -d.reach, d.reach) for x in (d.x0, d.seen, d.guess))
    top = np.full(SITES, 1.2 * d.reach)
    return figure(
        # The numbers stand above what reaches highest, the key below what reaches lowest.
        panel("16 numbers, and when each is written", axis("site", 0.5, SITES + 0.5),
              axis("", -1.75 * d.reach, 1.4 * d.reach), 1.15).draw(
            line(k, x0, "the truth", MUTED, width=3),
            points(k, seen, "x_t / √ᾱ", RED, size=6),
            line(k, guess, "E[x₀ | x_t]", BLUE),
            text(k, top, [str(number) for number in d.when], GREEN, size=10, position="middle center"),
            points([d.site], top[:1], "this site", GREEN, size=19, symbol="circle-open"),
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
            points([d.place], [d.there], "this site", GREEN, size=14, symbol="circle-open"),
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
        f"{number_text(d.off, 2)}. Written {d.order}, site {d.site} (moved by {number_text(d.later)}) at place "
        f"{d.place}: variances from {number_text(d.written[0], 2)} at the first place to "
        f"{number_text(d.written[-1], 2)} at the last, {number_text(d.there, 2)} at that site; log₁₀ of the product is "
        f"{product} in any order."
    )


def _code(t: int, decay: float, modes: str, order: str, site: int, later: int, seed: int) -> str:
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
        order = {order_of(order, seed, site - 1, later)}
        written, place = conditional_variances(Sigma, order), order.index({site} - 1)
        print(place + 1, written[0], written[-1], written[place])
        print(np.log10(written).sum(), np.log10(values).sum())
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
            integers("site", "but site", 1, SITES, 8),
            integers("later", "so many places later", 1 - SITES, SITES - 1, 0),
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
            "One site last": {"later": 15},
            "Shuffled": {"order": ORDERS[4]},
            "No direction is smooth": {"modes": MODES[1]},
        },
        state=state,
    )
