"""Demonstration 6: which non-normal matrices grow before they decay, and which stay calm."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Explorer, Slider, choice, integers, number_text, theme
from spectral_lab.pseudospectra.explorers._portraits import Window, matrix, portrait
from spectral_lab.pseudospectra.transients import (
    growth_reached,
    numerical_abscissa,
    pseudospectral_abscissa,
    semigroup_norms,
    spectral_abscissa,
)

MATRICES = ("LegS", "Grcar, shifted", "Jordan, shifted", "convection")
POWERS = tuple(np.arange(-8, 0.25, 0.25).tolist())
HORIZON = {"LegS": 6.0, "Grcar, shifted": 20.0, "Jordan, shifted": 60.0, "convection": 20.0}
STEPS = 96


def _window(name: str, n: int) -> Window:
    if name == "LegS":
        return -1.6 * n, 0.4 * n, 0.8 * n
    others = {"Grcar, shifted": (-5.0, 2.6, 3.0), "Jordan, shifted": (-2.6, 1.4, 1.6), "convection": (-9.0, 3.0, 4.8)}
    return others[name]


@lru_cache(maxsize=128)
def _norms(name: str, n: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    t = np.linspace(0, HORIZON[name], steps + 1)
    return t, semigroup_norms(matrix(name, n), t[1], steps)


@lru_cache(maxsize=1024)
def _abscissas(name: str, n: int, power: float) -> tuple[float, float, float]:
    A = matrix(name, n)
    spectral = -1.0 if name == "LegS" else (-0.6 if name == "Jordan, shifted" else spectral_abscissa(A))
    return spectral, pseudospectral_abscissa(A, 10.0**power), numerical_abscissa(A)


def _compute(name: str, n: int, power: float, coarse: bool) -> dict[str, Any]:
    view = _window(name, n)
    x, y, height = portrait(name, n, view, *((31, 19) if coarse else (61, 41)))
    t, norms = _norms(name, n, 32 if coarse else STEPS)
    spectral, pseudo, numerical = _abscissas(name, n, power)
    epsilon = 10.0**power
    bound = growth_reached(t, pseudo, epsilon) if pseudo > 0 else np.full(t.shape, np.nan)
    return {
        "name": name, "n": n, "epsilon": epsilon, "window": view, "x": x, "y": y, "height": height, "t": t,
        "norms": norms, "bound": bound, "spectral": spectral, "pseudo": pseudo, "numerical": numerical,
        "peak": float(_norms(name, n, STEPS)[1].max()),
    }  # fmt: skip


def _figure(d: dict[str, Any]) -> theme.Figure:
    left, right, top = d["window"]
    level, t = float(np.log10(d["epsilon"])), d["t"]
    end = float(t[-1])
    return theme.figure(
        [
            theme.line(t, np.exp(np.clip(t * d["numerical"], -60, 60)), name="exp(tω(A))", color=theme.GREEN),
            theme.line(t, np.exp(t * d["spectral"]), name="exp(tα(A))", color=theme.MUTED, dash="dot"),
            theme.line(t, d["bound"], name="reached by then", color=theme.RED, width=2, dash="dash"),
            theme.line(t, d["norms"], name="‖exp(tA)‖", color=theme.BLUE, width=3),
            theme.contours(
                d["x"], d["y"], d["height"], low=-16, high=2, step=2, bar="log₁₀ σ<sub>min</sub>(zI − A)", panel=2
            ),
            theme.contours(
                d["x"],
                d["y"],
                d["height"],
                low=level,
                high=level,
                step=1,
                filled=False,
                color=theme.RED,
                width=2.5,
                panel=2,
            ),
            theme.line([0, 0], [-top, top], color="#222222", width=1, dash="dot", panel=2),
            theme.line([d["pseudo"]] * 2, [-top, top], name="α_ε", color=theme.RED, width=1.5, dash="dash", panel=2),
        ],
        x=[theme.axis("time t", low=0, high=end), theme.axis("Re z", low=left, high=right)],
        y=[theme.axis("norm", log=True, low=1e-6, high=1e7, dtick=2), theme.axis("Im z", low=-top, high=top)],
        equal=[False, True],
        titles=["‖exp(tA)‖ between its bounds", "σ<sub>ε</sub>(A), and how far right it reaches"],
        widths=[1, 1.1],
        notes=[
            theme.note("‖exp(tA)‖", 0.03 * end, 6.4, color=theme.BLUE),
            theme.note("at most exp(tω(A))", 0.03 * end, 5.6, color=theme.GREEN),
            theme.note("at least exp(tα(A))", 0.03 * end, 4.8, color=theme.MUTED),
            theme.note("forced by ε", 0.03 * end, 4.0, color=theme.RED),
        ],
    )


def _readout(d: dict[str, Any]) -> str:
    epsilon = number_text(d["epsilon"], 2)
    start = (
        f"{d['name']}, n = {d['n']}: eigenvalues at Re ≤ {number_text(d['spectral'], 3)}, ω(A) = "
        f"{number_text(d['numerical'], 3)}; ‖exp(tA)‖ peaks at {number_text(d['peak'], 3)}. "
    )
    reach = f"For ε = {epsilon} the pseudospectrum reaches Re z = {number_text(d['pseudo'], 3)}"
    if d["pseudo"] > 0:
        return start + reach + f", so the peak is at least that over ε, {number_text(d['pseudo'] / d['epsilon'], 3)}."
    return start + reach + ": it stays to the left, and forces no growth."


def _code(name: str, n: int, power: float) -> str:
    make = {
        "LegS": f"legs({n})[0]",
        "Grcar, shifted": f"ps.grcar({n}) - 1.8 * np.eye({n})",
        "Jordan, shifted": f"ps.jordan_block({n}, -0.6)",
        "convection": f"ps.convection_diffusion({n}) / 10",
    }[name]
    return f"""
        import numpy as np
        import spectral_lab.pseudospectra as ps
        from spectral_lab.hippo import legs

        A, epsilon = {make}, {10.0**power:.6g}
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
            choice("name", "matrix $A$", MATRICES),
            integers("n", "size $n$", 8, 48, 24, step=4),
            Slider("power", r"$\log_{10}\varepsilon$", POWERS, -2.0, play=True),
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
