"""Demonstration 6: which non-normal matrices grow before they decay, and which stay calm."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel
from spectral_lab.pseudospectra import transients
from spectral_lab.pseudospectra.explorers._portraits import height_map, matrix, matrix_code, portrait

WINDOWS = {
    "LegS": lambda n: (-1.6 * n, 0.4 * n, 0.8 * n),
    "Grcar, shifted": lambda n: (-5.0, 2.6, 3.0),
    "Jordan, shifted": lambda n: (-2.6, 1.4, 1.6),
    "convection": lambda n: (-9.0, 3.0, 4.8),
}
HORIZON = {"LegS": 6.0, "Grcar, shifted": 20.0, "Jordan, shifted": 100.0, "convection": 20.0}
STEPS = 96


@lru_cache(maxsize=128)
def _norms(name: str, n: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    t = np.linspace(0, HORIZON[name], steps + 1)
    return t, transients.semigroup_norms(matrix(name, n), t[1], steps)


@lru_cache(maxsize=1024)
def _abscissas(name: str, n: int, power: float) -> tuple[float, float, float]:
    A = matrix(name, n)
    exact = {"LegS": -1.0, "Jordan, shifted": -0.6}
    spectral = exact[name] if name in exact else transients.spectral_abscissa(A)
    return spectral, transients.pseudospectral_abscissa(A, 10.0**power), transients.numerical_abscissa(A)


def _compute(name: str, n: int, power: float, coarse: bool) -> dict[str, Any]:
    t, norms = _norms(name, n, 32 if coarse else STEPS)
    spectral, pseudo, numerical = _abscissas(name, n, power)
    epsilon = 10.0**power
    return {
        "epsilon": epsilon, "t": t, "norms": norms, "peak": float(_norms(name, n, STEPS)[1].max()),
        "bound": transients.growth_reached(t, pseudo, epsilon) if pseudo > 0 else np.full(t.shape, np.nan),
        "spectral": spectral, "pseudo": pseudo, "numerical": numerical,
        **portrait(name, n, WINDOWS[name](n), *((31, 19) if coarse else (61, 41))),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    t, end, top = d.t, float(d.t[-1]), d.y[-1]
    words = ("‖exp(tA)‖", BLUE), ("≤ exp(tω(A))", GREEN), ("≥ exp(tα(A))", MUTED), ("forced by ε", RED)
    reach = "σ<sub>ε</sub>(A), and how far right it reaches"
    return figure(
        panel("‖exp(tA)‖ between its bounds", axis("time t", 0, end), axis("norm", 1e-6, 1e10, log=True, dtick=2)).draw(
            line(t, np.exp(np.clip(t * d.numerical, -60, 60)), "exp(tω(A))", GREEN),
            line(t, np.exp(t * d.spectral), "exp(tα(A))", MUTED, dash="dot"),
            line(t, d.bound, "reached by then", RED, dash="dash"),
            line(t, d.norms, "‖exp(tA)‖", width=3),
            *key("top left", *words),
        ),
        panel(reach, axis("Re z", d.x[0], d.x[-1]), axis("Im z", -top, top), 1.1, equal=True).draw(
            *height_map(d),
            line([0, 0], [-top, top], color="#222222", width=1, dash="dot"),
            line([d.pseudo] * 2, [-top, top], "α_ε", RED, width=1.5, dash="dash"),
        ),
    )


def _readout(d: Data) -> str:
    start = (
        f"{d.name}, n = {d.n}: eigenvalues at Re ≤ {number_text(d.spectral, 3)}, ω(A) = "
        f"{number_text(d.numerical, 3)}; ‖exp(tA)‖ peaks at {number_text(d.peak, 3)}. "
    )
    reach = f"For ε = {number_text(d.epsilon, 2)} the pseudospectrum reaches Re z = {number_text(d.pseudo, 3)}"
    if d.pseudo > 0:
        return start + reach + f", so the peak is at least that over ε, {number_text(d.pseudo / d.epsilon, 3)}."
    return start + reach + ": it stays to the left, and forces no growth."


def _code(name: str, n: int, power: float) -> str:
    return f"""
        import numpy as np
        import spectral_lab.pseudospectra as ps
        from spectral_lab.hippo import legs

        A, epsilon = {matrix_code(name, n)}, {10.0**power:.6g}
        print(ps.spectral_abscissa(A), ps.numerical_abscissa(A))
        print(ps.semigroup_norms(A, {HORIZON[name]} / {STEPS}, {STEPS}).max())   # the peak
        reach = ps.pseudospectral_abscissa(A, epsilon)
        print(reach, reach / epsilon, ps.kreiss_constant(A))
    """


def calm_or_not(**state: Any) -> Explorer:
    """||e^{tA}|| between e^{t alpha(A)} and e^{t omega(A)}, with the growth that a pseudospectrum forces (Kreiss)."""
    return Explorer(
        title="Non-normal, yet calm",
        controls=[
            choice("name", "matrix $A$", list(WINDOWS)),
            integers("n", "size $n$", 8, 48, 24, step=4),
            slider("power", r"$\log_{10}\varepsilon$", -8, 0, -2, steps=32, play=True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Grcar grows": {"name": "Grcar, shifted", "power": -1.5},
            "Convection carries": {"name": "convection", "power": -3.0},
            "One eigenvector": {"name": "Jordan, shifted", "n": 48, "power": -4.0},
        },
        state=state,
    )
