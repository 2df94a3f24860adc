"""Demonstration 5: Darcy's equation solved while the coefficient is moved, with the theory beside."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, number_text, slider
from spectral_lab.explorer.palette import BLUE, MUTED
from spectral_lab.explorer.theme import Figure, axis, bare, figure, heat, key, line, panel
from spectral_lab.latent.darcy import darcy_coefficient, pcg_rate, solve_darcy
from spectral_lab.latent.random_fields import random_field_neumann

K = 65
LOW = 3.0


@lru_cache(maxsize=1)
def _noise() -> np.ndarray:
    return np.random.RandomState(1).standard_normal((K, K))


@lru_cache(maxsize=128)
def _compute(contrast: float, level: float, tau: float, alpha: float) -> dict[str, Any]:
    field = random_field_neumann(_noise(), alpha, tau)
    a = darcy_coefficient(field / field.std() - level, LOW, LOW * contrast)
    solution = solve_darcy(a)
    rate, n = pcg_rate(a.max() / a.min()), np.arange(len(solution.history))
    return {
        "a": a, "u": solution.u, "n": n, "history": solution.history, "theory": np.minimum(1.0, 2 * rate**n),
        "iterations": solution.iterations, "rate": rate, "largest": float(solution.u.max()),
        "share": float((a > LOW).mean()),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    x = np.linspace(0, 1, K)
    end = max(20, 5 * -(-len(d.n) // 5))
    return figure(
        panel("Coefficient a", bare(0, 1), bare(0, 1), equal=True).draw(
            heat(x, x, np.log(d.a), 0.0, 6.0, zsmooth=False)
        ),
        panel("Solution u", bare(0, 1), bare(0, 1), equal=True).draw(heat(x, x, d.u, 0.0, d.largest)),
        panel("Residual", axis("iteration", 0, end), axis("√(r·z), relative", 1e-9, 3, log=True, dtick=2)).draw(
            line(d.n, d.theory, "theory", MUTED, dash="dot"),
            line(d.n, d.history, "measured", BLUE),
            *key("bottom left", ("measured", BLUE), ("bound of the error", MUTED)),
        ),
    )


def _readout(d: Data) -> str:
    law = ", ".join(f"{name} {number_text(d[key])}" for name, key in (("contrast", "contrast"), ("threshold", "level")))
    return (
        f"{law}, τ = {number_text(d.tau)}, α = {number_text(d.alpha)}: {100 * d.share:.0f} % high; iterations to 10⁻⁸: "
        f"{d.iterations}, theory: a factor {d.rate:.3f} each; the largest u is {d.largest:.5f}."
    )


def _code(contrast: float, level: float, tau: float, alpha: float) -> str:
    return f"""
        import numpy as np
        from spectral_lab.latent import darcy_coefficient, pcg_rate, random_field_neumann, solve_darcy

        field = random_field_neumann(np.random.RandomState(1).standard_normal(({K}, {K})), {alpha}, {tau})
        a = darcy_coefficient(field / field.std() - {level}, {LOW}, {LOW * contrast})
        solution = solve_darcy(a)
        print(100 * (a > {LOW}).mean(), solution.iterations, pcg_rate(a.max() / a.min()), solution.u.max())
    """


def solve_darcy_live(**state: Any) -> Explorer:
    """Conjugate gradients, preconditioned by the Laplacian: the contrast sets the rate, the grid does not."""
    return Explorer(
        title="Solve it",
        controls=[
            slider("contrast", "contrast", 1, 100, 4, log=True, steps=40, digits=2),
            slider("level", "threshold", -1.5, 1.5, 0, steps=30, digits=2),
            slider("tau", r"1 / length $\tau$", 1, 12, 3, steps=22, digits=3),
            slider("alpha", r"smoothness $\alpha$", 1.2, 4, 2, steps=28, digits=2),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "No contrast": {"contrast": 1.0},
            "A hundred times": {"contrast": 100.0},
            "Fine grains": {"tau": 12.0, "alpha": 1.2},
        },
        state=state,
    )
