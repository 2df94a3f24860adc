"""Demonstration 3: how much poison cures, or what a perturbation buys and what it costs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, number_text, rounded
from spectral_lab.explorer.palette import BLUE, INK, MUTED, PINK, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.legs import diag_gap, legs_transfer, s4d_frequencies
from spectral_lab.pseudospectra.ptd import PTD, diagonalize, ptd, stored_path

KINDS = ("optimised, rank one", "real Gaussian", "complex Ginibre", "towards the normal part")
METHOD = {"real Gaussian": "gaussian", "complex Ginibre": "ginibre"}
EPSILONS = rounded(stored_path(8).epsilons, 4)
# What the authors stored with their code: n, ||E|| / ||A_H||, kappa.
AUTHORS = ((16, 0.0506, 6.555), (16, 0.0818, 4.454), (32, 0.0379, 8.312), (64, 0.0341, 9.17))


@lru_cache(maxsize=2048)
def _perturbed(kind: str, n: int, epsilon: float, seed: int = 0) -> PTD:
    A, B = legs(n)
    if kind in METHOD:
        return ptd(A, epsilon, METHOD[kind], seed=seed)
    if kind == KINDS[0]:
        return stored_path(n).nearest(epsilon)
    # A_H + t B B^T / 2 runs from A_H (t = 0) to the normal A_N (t = 1); ||B B^T|| = n^2.
    return diagonalize(A, np.outer(B, B) * (epsilon * np.linalg.norm(A, 2) / n**2))


@lru_cache(maxsize=64)
def _trade_off(kind: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """kappa over size; the median of three draws where chance decides."""
    sizes = np.array(EPSILONS[::5] if kind in METHOD else EPSILONS[::2])
    draws = range(3) if kind in METHOD else range(1)
    conditions = [np.median([_perturbed(kind, n, e, seed).condition for seed in draws]) for e in sizes.tolist()]
    return sizes, np.array(conditions)


@lru_cache(maxsize=8)
def _frequencies(n: int) -> np.ndarray:
    near = s4d_frequencies(n)[:8, None] + np.linspace(-3, 3, 25)
    return np.concatenate([np.geomspace(0.05, n**2, 300), near.ravel()])


def _compute(kind: str, n: int, epsilon: float) -> dict[str, Any]:
    result, C = _perturbed(kind, n, epsilon), np.eye(n)[0]
    # A grid steps over narrow peaks: those of S4D are in it, and here come those of A + E.
    omega = np.unique(np.append(_frequencies(n), result.eigenvalues.imag))
    omega = omega[omega >= 0.05]
    exact = legs_transfer(n, 1j * omega, C)
    sizes, conditions = _trade_off(kind, n)
    best = _trade_off(KINDS[0], n)
    gap = np.abs(result.transfer(legs(n)[1], C, 1j * omega) - exact)
    return {
        "condition": result.condition, "abscissa": result.abscissa, "norm": result.size,
        "eigenvalues": result.eigenvalues, "omega": omega, "gap": gap,
        "diag": np.abs(diag_gap(n, 1j * omega, C)), "worst": float(gap.max()), "top": float(s4d_frequencies(n)[0]),
        "sizes": sizes, "conditions": conditions, "best_sizes": best[0], "best_conditions": best[1],
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    stable = d.eigenvalues.real < 0
    good, bad = d.eigenvalues[stable], d.eigenvalues[~stable]
    n, top = d.n, 1.15 * d.top
    authors = np.array([(x, y) for size, x, y in AUTHORS if size == n])
    return figure(
        panel("The bargain", axis("‖E‖ / ‖A‖", 7e-5, 0.7, log=True), axis("κ(V)", 0.8, 3e4, log=True), 1.05).draw(
            line(d.best_sizes, d.best_conditions, "optimised, rank one", width=2.5),
            line(d.sizes, d.conditions, d.kind, RED, dash="dash"),
            points(*authors.T, "the authors’", PINK, size=9, symbol="diamond"),
            points([d.epsilon], [d.condition], "now", INK, size=9),
            *key("bottom left", ("optimised", BLUE), ("this kind, dashed", RED), ("authors’ ◆", PINK)),
        ),
        panel(
            "Error of the gain",
            axis("ω", 0.05, float(n**2), log=True),
            axis("|G − G<sub>S4</sub>|", 1e-8, 30, log=True),
            1.05,
        ).draw(
            line(d.omega, d.diag, "S4D", RED, width=1.5),
            line(d.omega, np.maximum(d.gap, 1e-12), "A + E", width=2.5),
            *key("bottom left", ("S4D", RED), ("A + E", BLUE)),
        ),
        panel("Eigenvalues of A + E", axis("Re λ", -1.9 * n, 0.9 * n), axis("", -top, top), 0.9).draw(
            line([0, 0], [-top, top], color=MUTED, width=1, dash="dot"),
            points(good.real, good.imag, "stable", BLUE, size=5),
            points(bad.real, bad.imag, "unstable", size=7, symbol="x"),
            *key("top left", ("Im λ ↑", INK)),
        ),
    )


def _readout(d: Data) -> str:
    light = "stable" if d.abscissa < 0 else "UNSTABLE"
    return (
        f"n = {d.n}, {d.kind}, ‖E‖ = {number_text(d.epsilon, 2)} ‖A‖ = {number_text(d.norm, 3)}: κ(V) = "
        f"{number_text(d.condition, 3)}, {light} (max Re λ = {number_text(d.abscissa, 2)}); the gain of state 1 "
        f"is off by up to {number_text(d.worst, 2)}, that of S4D by {number_text(d.diag.max(), 2)}."
    )


def _code(kind: str, n: int, epsilon: float) -> str:
    make = {
        KINDS[0]: f"stored_path({n}).nearest({epsilon})",
        "real Gaussian": f'ptd(A, {epsilon}, "gaussian")',
        "complex Ginibre": f'ptd(A, {epsilon}, "ginibre")',
        KINDS[3]: f"diagonalize(A, {epsilon} * np.linalg.norm(A, 2) / {n}**2 * np.outer(B, B))",
    }[kind]
    return f"""
        import numpy as np
        from spectral_lab.hippo import legs
        from spectral_lab.pseudospectra import diag_gap, diagonalize, legs_transfer, ptd, s4d_frequencies, stored_path

        (A, B), C = legs({n}), np.eye({n})[0]
        result = {make}
        print(result.condition, result.abscissa, result.size)

        near = s4d_frequencies({n})[:8, None] + np.linspace(-3, 3, 25)   # the spikes of S4D, and the poles of A + E
        omega = np.concatenate([np.geomspace(0.05, {n**2}, 300), near.ravel(), result.eigenvalues.imag])
        s = 1j * omega[omega >= 0.05]
        print(abs(result.transfer(B, C, s) - legs_transfer({n}, s, C)).max(), abs(diag_gap({n}, s, C)).max())
    """


def how_much_poison(**state: Any) -> Explorer:
    """kappa(V) against ||E||, the gain's error, and where the eigenvalues go: PTD beside chance and beside S4D."""
    return Explorer(
        title="How much poison cures?",
        controls=[
            choice("kind", "perturbation $E$", KINDS),
            Slider("n", "states $n$", (16, 32, 64), 32),
            Slider("epsilon", r"$\|E\|/\|A\|$", EPSILONS, EPSILONS[20], play=True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "A drop": {"epsilon": EPSILONS[0]},
            "The authors’ dose": {"epsilon": EPSILONS[21], "n": 16},
            "Chance: unstable": {"kind": "real Gaussian", "epsilon": EPSILONS[24]},
            "Towards S4D": {"kind": KINDS[3], "epsilon": EPSILONS[-1]},
        },
        state=state,
    )
