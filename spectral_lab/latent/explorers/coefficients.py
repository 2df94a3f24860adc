"""Demonstration 2: the heat equation and Burgers' equation, seen in their coefficients."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, number_text, slider, toggle
from spectral_lab.explorer.palette import BLUE, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.latent.burgers import burgers, cole_hopf

HEAT, BURGERS = "heat", "Burgers"
SIZES = (32, 64, 128, 256)  # with 16 points aliasing makes the thinnest fluids blow up
FRAMES = 40
TIMES = np.linspace(0, 1, FRAMES + 1)
FINE = 512
FLOOR = 1e-12


def _step(N: int, dealias: bool) -> float:
    """One radian of the fastest wave: errors of 1e-6 at worst, which no picture shows."""
    return float(f"{1 / (2 * np.pi * N * (1 / 3 if dealias else 1 / 2)):.2g}")


@lru_cache(maxsize=64)
def _solved(N: int, viscosity: float, dealias: bool) -> np.ndarray:
    return burgers(np.sin(2 * np.pi * np.arange(N) / N), viscosity, TIMES, dealias, _step(N, dealias))


@lru_cache(maxsize=512)
def _exact(equation: str, viscosity: float, t: float) -> np.ndarray:
    x = np.arange(FINE) / FINE
    if equation == BURGERS:
        return cole_hopf(x, t, viscosity)
    return np.exp(-viscosity * (2 * np.pi) ** 2 * t) * np.sin(2 * np.pi * x)


def _compute(equation: str, viscosity: float, N: int, t: float, dealias: bool) -> dict[str, Any]:
    x, fine, exact = np.arange(N) / N, np.arange(FINE) / FINE, _exact(equation, viscosity, t)
    if equation == BURGERS:
        u = _solved(N, viscosity, dealias)[round(t * FRAMES)]
    else:
        u = np.exp(-viscosity * (2 * np.pi) ** 2 * t) * np.sin(2 * np.pi * x)
    return {
        "x": x, "u": u, "fine": fine, "exact": exact, "k": np.arange(1, N // 2 + 1),
        "c": np.abs(np.fft.rfft(u))[1:] / N, "true": np.abs(np.fft.rfft(exact))[1:] / FINE,
        "error": float(np.abs(u - exact[:: FINE // N]).max()),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    def shown(values: np.ndarray) -> np.ndarray:
        return np.where(values > FLOOR, values, np.nan)

    return figure(
        panel("The field", axis("x", 0, 1), axis("u", -1.5, 1.5)).draw(
            line(d.fine, d.exact, "exact", MUTED, width=4), line(d.x, d.u, "computed", RED, width=1.5)
        ),
        panel("Its coefficients", axis("k", 0.9, 300, log=True), axis("size", FLOOR, 2, log=True, dtick=2)).draw(
            line(np.arange(1, FINE // 2 + 1), shown(d.true), "exact", MUTED, width=3),
            points(d.k, shown(d.c), "computed", RED, size=5),
            line([d.k[-1]] * 2, [FLOOR, 2], "end of the grid", BLUE, dash="dot"),
            *key("bottom left", ("computed", RED), ("exact", MUTED), ("end of the grid", BLUE)),
        ),
    )


def _readout(d: Data) -> str:
    ways = "upper third cut" if d.dealias else "aliasing let in"
    error = "less than 10⁻⁶" if d.error < 1e-6 else number_text(d.error, 2)
    return (
        f"{d.equation}, ν = {number_text(d.viscosity)}, N = {d.N}, t = {d.t:.3g}, {ways}: the computed field is off by "
        f"{error}."
    )


def _code(equation: str, viscosity: float, N: int, t: float, dealias: bool) -> str:
    if equation == HEAT:
        return f"""
        import numpy as np

        x = np.arange({N}) / {N}
        u = np.exp(-{viscosity} * (2 * np.pi) ** 2 * {t}) * np.sin(2 * np.pi * x)      # exact, without a time step
        print(u)
        """
    return f"""
        import numpy as np
        from spectral_lab.latent import burgers, cole_hopf

        x = np.arange({N}) / {N}
        u = burgers(np.sin(2 * np.pi * x), {viscosity}, np.linspace(0, 1, {FRAMES + 1}), {dealias}, {_step(N, dealias)})
        print(abs(u[{round(t * FRAMES)}] - cole_hopf(x, {t}, {viscosity})).max())
    """


def pde_in_coefficients(**state: Any) -> Explorer:
    """Heat only damps coefficients; Burgers' equation pumps them to the end of the grid, and there they pile up."""
    return Explorer(
        title="A differential equation in coefficient space",
        controls=[
            choice("equation", "equation", (HEAT, BURGERS), BURGERS),
            slider("viscosity", r"viscosity $\nu$", 0.003, 0.2, 0.01, log=True, steps=40, digits=2),
            Slider("N", "points $N$", SIZES, 128),
            Slider("t", "time $t$", tuple(float(t) for t in TIMES), 0.25, play=True),
            toggle("dealias", "cut the upper third", True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Heat": {"equation": HEAT},
            "A shock, resolved": {"viscosity": 0.01, "N": 256, "t": 0.5},
            "Aliasing piles up": {"viscosity": 0.003, "N": 64, "t": 0.5, "dealias": False},
        },
        state=state,
    )
