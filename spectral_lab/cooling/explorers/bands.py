"""Demonstration 1: any spectrum becomes two bands, and a polynomial of a time evolution does it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import scipy

from spectral_lab.cooling import sign_functions as sf
from spectral_lab.cooling.levels import Levels, levels
from spectral_lab.cooling.spin_chains import hubbard, tfim, xxz
from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, GRID, INK, MUTED, PINK, RED
from spectral_lab.explorer.theme import Figure, Trace, axis, bare, figure, line, note, panel, points, segments

CHAINS: dict[str, tuple[Callable[[int], Any], int]] = {
    "tilted Ising": (tfim, 6),
    "Heisenberg": (xxz, 6),
    "Hubbard": (hubbard, 3),
}
METHODS = ("Gaussian", "Fejér", "plain", "minimax")
DELTA = 0.01  # what counts as "in the band"
CURVE = np.linspace(-1.6, 1.6, 769)  # in units of pi; at the longest oracle time a level turns by less than 1.6 pi


@lru_cache(maxsize=4)
def _levels(chain: str) -> Levels:
    model, size = CHAINS[chain]
    return levels(model(size))


@lru_cache(maxsize=256)
def _series(method: str, degree: int, edge: float, sigma: float) -> np.ndarray:
    if method == "Gaussian":
        return sf.gaussian_coefficients(degree, sigma)
    if method == "Fejér":
        return sf.fejer_coefficients(degree)
    if method == "plain":
        return sf.plain_coefficients(degree)
    degree = min(degree, 151)
    while degree > 3 and sf.minimax_asymptotics(degree, np.sin(edge)) < 1e-10:
        degree -= 2  # beyond this the best error is rounding
    return sf.minimax_coefficients(degree, edge)[0]


def _compute(chain: str, where: float, width: float, degree: int, method: str, stretch: float) -> dict[str, Any]:
    spectrum = _levels(chain)
    E = spectrum.energies
    mu = E[0] + where * spectrum.spread
    resolution = width * float(scipy.special.erfcinv(DELTA))
    tau, edge = sf.oracle_time(spectrum.spread, resolution)
    tau = stretch * tau
    edge = min(stretch * edge, 1.5)
    b = _series(method, degree | 1, edge, width * tau / np.sqrt(2))
    theta = (E - mu) * tau
    s = sf.sine_series(b, theta)
    wrapped = np.abs(theta) > np.pi  # there the sine has the wrong sign
    return {
        "E": E, "mu": float(mu), "theta": theta, "s": s, "wrapped": wrapped,
        "curve": sf.sine_series(b, CURVE * np.pi), "edge": edge, "tau": float(tau),
        "asked": degree | 1, "degree": 2 * len(b) - 1,
        "in_bands": int((np.abs(np.abs(s) - 1) <= DELTA).sum()), "highest": float(np.abs(s).max()),
        "wrong": int(wrapped.sum()), "peak": float(np.abs(sf.sine_series(b, np.linspace(0, np.pi, 2001))).max()),
    }  # fmt: skip


def _banded(d: Data, x: np.ndarray, y: np.ndarray, **style: Any) -> list[Trace]:
    """One mark a level: below mu, above mu, and those that have wrapped into the wrong band."""
    E = d.E
    cold = d.mu - 1e-9 * np.ptp(E) > E  # a level at mu belongs to neither side, whatever its rounding
    parts = ("below μ", cold & ~d.wrapped, BLUE), ("above μ", ~cold & ~d.wrapped, RED), ("wrapped", d.wrapped, PINK)
    return [points(x[mask], y[mask], name, color, **style) for name, mask, color in parts]


def _figure(d: Data) -> Figure:
    E, s = d.E, d.s
    low, high = E[0] - 0.06 * np.ptp(E), E[-1] + 0.06 * np.ptp(E)
    height = (E - low) / (high - low)  # levels drawn on the same scale as the bands
    inside = np.abs(CURVE) <= 1
    turn, radius = CURVE[inside] * np.pi, 1 + 0.28 * d.curve[inside]
    edge = np.linspace(-d.edge, d.edge, 21)
    sides = axis("", -0.25, 1.25, tickvals=[0, 1], ticktext=["levels of H", "levels of S"])
    frame, theta = bare(0, 1), axis("θ / π,   θ = (E − μ)τ", -1.6, 1.6)
    return figure(
        panel("Ladder and bands", sides, frame).draw(
            segments([0.0, 1.0], np.stack([height, 0.5 + s / 2.6], axis=1), color=GRID, width=1),
            *_banded(d, np.zeros(len(E)), height, symbol="line-ew-open", size=14),
            *_banded(d, np.ones(len(E)), 0.5 + s / 2.6, symbol="line-ew-open", size=14),
            note("+1", 1.1, 0.5 + 1 / 2.6),
            note("−1", 1.1, 0.5 - 1 / 2.6),
        ),
        panel("The polynomial", theta, axis("f(θ)", -1.35, 1.35), 1.25).draw(
            line(CURVE, d.curve, "f(θ)", INK, width=1.5),
            *_banded(d, d.theta / np.pi, s),
            line([-1.6, 1.6], [1, 1], color=MUTED, dash="dot", width=1),
            line([-1.6, 1.6], [-1, -1], color=MUTED, dash="dot", width=1),
        ),
        panel("Its circle", bare(-1.45, 1.45), bare(-1.45, 1.45), equal=True).draw(
            line(np.cos(turn), np.sin(turn), color=GRID, width=1),
            line(radius * np.cos(turn), radius * np.sin(turn), color=INK, width=1.2),
            line(np.cos(edge), np.sin(edge), "edge at 0", GREEN, width=12),
            line(-np.cos(edge), np.sin(edge), "edge at π", GREEN, width=12),
            *_banded(d, np.cos(d.theta), np.sin(d.theta)),
            note("edge at 0 →", 0, 0.25, GREEN, anchor="center"),
            note("← edge at π", 0, -0.25, GREEN, anchor="center"),
        ),
        margin={"l": 20},
    )


def _readout(d: Data) -> str:
    count = "1 level has" if d.wrong == 1 else f"{d.wrong} levels have"
    wrap = f" {count} wrapped past θ = ±π, where the sign is wrong." if d.wrong else ""
    degree = f"{d.degree}" if d.degree == d.asked else f"{d.degree}, where minimax stops, not {d.asked}"
    mu = round(d.mu, 9) + 0.0  # rounding must not show as −9·10⁻¹⁶ or −0
    return (
        f"{d.chain}, μ = {number_text(mu, 3)} J: {d.in_bands} of {len(d.E)} levels within 1 % of ±1 "
        f"(degree {degree}; edges {number_text(d.edge, 3)} rad wide, max |f| = {d.peak:.3f}).{wrap}"
    )


def _code(chain: str, where: float, width: float, degree: int, method: str, stretch: float) -> str:
    degree = _compute(chain, where, width, degree, method, stretch)["degree"]
    series = {
        "Gaussian": f"sf.gaussian_coefficients({degree}, {width} * tau / np.sqrt(2))",
        "Fejér": f"sf.fejer_coefficients({degree})",
        "plain": f"sf.plain_coefficients({degree})",
        "minimax": f"sf.minimax_coefficients({degree}, edge)[0]",
    }[method]
    model, size = CHAINS[chain]
    return f"""
        import numpy as np
        from scipy.special import erfcinv
        from spectral_lab.cooling import {model.__name__}, levels
        from spectral_lab.cooling import sign_functions as sf

        spectrum = levels({model.__name__}({size}))
        E, mu = spectrum.energies, spectrum.energies[0] + {where} * spectrum.spread
        tau, edge = sf.oracle_time(spectrum.spread, {width} * erfcinv({DELTA}))
        tau, edge = {stretch} * tau, min({stretch} * edge, 1.5)
        b = {series}
        s = sf.sine_series(b, (E - mu) * tau)
        highest = abs(sf.sine_series(b, np.linspace(0, np.pi, 2001))).max()
        print(f"mu = {{mu:.3g}}: {{(abs(abs(s) - 1) <= {DELTA}).sum()}} of {{len(E)}} levels within 1 % of ±1")
        print(f"degree {{2 * len(b) - 1}}, edges {{edge:.3g}} rad wide, max |f| = {{highest:.3f}}")
        print((abs(E - mu) * tau > np.pi).sum(), "levels wrapped past ±π")
    """


def two_bands(**state: Any) -> Explorer:
    """Levels of H, the sign polynomial, and levels of S; the second edge at π included (C1, C5, C12)."""
    return Explorer(
        title="Two bands",
        controls=[
            slider("where", r"shift $\mu$ (0 to 1)", 0.0, 1.0, 0.5, play=True),
            slider("width", "edge width $w$", 0.05, 2.0, 0.5, steps=60, log=True),
            integers("degree", "degree $K$", 5, 301, 61, step=2),
            choice("method", "polynomial", METHODS),
            slider("stretch", r"oracle time $\tau/\tau_0$", 0.5, 1.6, 1.0, steps=110),
            choice("chain", "Hamiltonian", tuple(CHAINS)),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Near the bottom": {"where": 0.15, "width": 0.25, "degree": 121},
            "Gibbs": {"method": "plain", "degree": 31},
            "Best of its degree": {"method": "minimax"},
            "Wrap through π": {"where": 0.15, "stretch": 1.6},
        },
        state=state,
    )
