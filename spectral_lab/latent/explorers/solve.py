"""Demonstration 5: Darcy's equation solved while the coefficient is moved, and answered by a small trained network."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, number_text, slider, toggle
from spectral_lab.explorer.palette import BLUE, DIVERGING, MUTED
from spectral_lab.explorer.theme import Figure, axis, bare, figure, heat, key, line, panel
from spectral_lab.latent.darcy import darcy_coefficient, pcg_rate, solve_darcy
from spectral_lab.latent.metrics import relative_l2
from spectral_lab.latent.miniatures import trained_network
from spectral_lab.latent.random_fields import random_field_neumann

K, SEED = 29, 7  # the grid of the networks; seeds 1 and 2 made what they were trained and tested on
LOW = 3.0
FACTORS = (0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0)
NETWORKS = {"LSM": "darcy-lsm", "FNO": "darcy-fno"}


@lru_cache(maxsize=1)
def _noise() -> np.ndarray:
    return np.random.RandomState(SEED).standard_normal((K, K))


@lru_cache(maxsize=128)
def _solved(contrast: float, factor: float, level: float, tau: float, alpha: float) -> dict[str, Any]:
    field = random_field_neumann(_noise(), alpha, tau)
    a = factor * darcy_coefficient(field / field.std() - level, LOW, LOW * contrast)
    solution = solve_darcy(a)
    rate, n = pcg_rate(a.max() / a.min()), np.arange(len(solution.history))
    return {
        "a": a, "u": solution.u, "n": n, "history": solution.history, "theory": np.minimum(1.0, 2 * rate**n),
        "iterations": solution.iterations, "rate": rate, "largest": float(solution.u.max()),
        "share": float((a > LOW * factor).mean()),
    }  # fmt: skip


@lru_cache(maxsize=128)
def _compute(
    network: str, contrast: float, factor: float, level: float, tau: float, alpha: float, difference: bool
) -> dict[str, Any]:
    solved = _solved(contrast, factor, level, tau, alpha)
    answer = trained_network(NETWORKS[network])(solved["a"])
    return solved | {"answer": answer, "error": float(relative_l2(answer[None], solved["u"][None])[0])}


def _figure(d: Data) -> Figure:
    x = np.linspace(0, 1, K)
    end = max(20, 5 * -(-len(d.n) // 5))

    def square(title: str, z: np.ndarray, low: float, high: float, **more: Any) -> Any:
        return panel(title, bare(0, 1), bare(0, 1), 1.15, equal=True).draw(heat(x, x, z, low, high, **more))

    wrong = square("Its error", d.answer - d.u, -d.largest / 2, d.largest / 2, colors=DIVERGING)
    return figure(
        square("Coefficient a", np.log(d.a), -2.0, 8.0, zsmooth=False),
        square("Solved: u", d.u, 0.0, d.largest),
        wrong if d.difference else square(f"Answer of the {d.network}", d.answer, 0.0, d.largest),
        panel("Residual", axis("iteration", 0, end), axis("relative", 1e-9, 3, log=True, dtick=2)).draw(
            line(d.n, d.theory, "theory", MUTED, dash="dot"),
            line(d.n, d.history, "√(r·z), relative", BLUE),
            *key("bottom left", ("measured", BLUE), ("bound", MUTED)),
        ),
        height=300,
    )


def _readout(d: Data) -> str:
    law = (
        f"contrast {number_text(d.contrast)}, all of it times {number_text(d.factor)}, threshold {number_text(d.level)}"
    )
    return (
        f"{law}, τ = {number_text(d.tau)}, α = {number_text(d.alpha)}: {100 * d.share:.0f} % high; iterations to 10⁻⁸: "
        f"{d.iterations}, theory: a factor {d.rate:.3f} each; the largest u is {d.largest:.5f}. The {d.network} is off "
        f"by {number_text(d.error, 2)}{', as drawn' if d.difference else ''}."
    )


def _code(
    network: str, contrast: float, factor: float, level: float, tau: float, alpha: float, difference: bool
) -> str:
    return f"""
        import numpy as np
        from spectral_lab.latent import (
            darcy_coefficient, pcg_rate, random_field_neumann, relative_l2, solve_darcy, trained_network
        )

        field = random_field_neumann(np.random.RandomState({SEED}).standard_normal(({K}, {K})), {alpha}, {tau})
        a = {factor} * darcy_coefficient(field / field.std() - {level}, {LOW}, {LOW * contrast})
        solution = solve_darcy(a)
        answer = trained_network("{NETWORKS[network]}")(a)
        print(100 * (a > {LOW * factor}).mean(), solution.iterations, pcg_rate(a.max() / a.min()), solution.u.max())
        print(relative_l2(answer[None], solution.u[None]))
    """


def solve_or_learn(**state: Any) -> Explorer:
    """A solver, which any coefficient suits, beside a network, which was trained on one law of coefficients."""
    return Explorer(
        title="Solve it or learn it",
        controls=[
            choice("network", "network", tuple(NETWORKS)),
            slider("contrast", "contrast", 1, 100, 4, log=True, steps=40, digits=2),
            Slider("factor", "all of $a$ times", FACTORS, 1.0),
            slider("level", "threshold", -1.5, 1.5, 0, steps=30, digits=2),
            slider("tau", r"1 / length $\tau$", 1, 12, 3, steps=22, digits=3),
            slider("alpha", r"smoothness $\alpha$", 1.2, 4, 2, steps=28, digits=2),
            toggle("difference", "show the error"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "No scaling law": {"factor": 0.35, "difference": True},
            "No contrast": {"contrast": 1.0},
            "A hundred times": {"contrast": 100.0},
            "Fine grains": {"tau": 12.0, "alpha": 1.2},
        },
        state=state,
    )
