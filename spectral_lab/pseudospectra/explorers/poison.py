"""Demonstration 3: how much poison cures, or what a perturbation buys and what it costs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Explorer, Slider, choice, number_text, theme
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.legs import diag_gap, legs_transfer, s4d_frequencies
from spectral_lab.pseudospectra.ptd import PTD, diagonalize, ptd, stored_path

KINDS = ("optimised, rank one", "real Gaussian", "complex Ginibre", "towards the normal part")
METHOD = {"real Gaussian": "gaussian", "complex Ginibre": "ginibre"}
EPSILONS = tuple(float(f"{epsilon:.4g}") for epsilon in stored_path(8).epsilons)
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
        "kind": kind, "n": n, "epsilon": epsilon, "condition": result.condition, "abscissa": result.abscissa,
        "norm": result.size, "eigenvalues": result.eigenvalues, "omega": omega, "gap": gap,
        "diag": np.abs(diag_gap(n, 1j * omega, C)), "worst": float(gap.max()), "top": float(s4d_frequencies(n)[0]),
        "sizes": sizes, "conditions": conditions, "best_sizes": best[0], "best_conditions": best[1],
    }  # fmt: skip


def _figure(d: dict[str, Any]) -> theme.Figure:
    stable = d["eigenvalues"].real < 0
    good, bad = d["eigenvalues"][stable], d["eigenvalues"][~stable]
    n, top = d["n"], 1.15 * d["top"]
    authors = [(x, y) for size, x, y in AUTHORS if size == n]
    return theme.figure(
        [
            theme.line(d["best_sizes"], d["best_conditions"], name="optimised, rank one", color=theme.BLUE, width=2.5),
            theme.line(d["sizes"], d["conditions"], name=d["kind"], color=theme.RED, width=2, dash="dash"),
            theme.points(
                [x for x, _ in authors], [y for _, y in authors], name="the authors’", color=theme.PINK, size=9,
                symbol="diamond",
            ),
            theme.points([d["epsilon"]], [d["condition"]], name="now", color=theme.INK, size=9),
            theme.line(d["omega"], d["diag"], name="S4D", color=theme.RED, width=1.5, panel=2),
            theme.line(d["omega"], np.maximum(d["gap"], 1e-12), name="A + E", color=theme.BLUE, width=2.5, panel=2),
            theme.line([0, 0], [-top, top], color=theme.MUTED, width=1, dash="dot", panel=3),
            theme.points(good.real, good.imag, name="stable", color=theme.BLUE, size=5, panel=3),
            theme.points(bad.real, bad.imag, name="unstable", color=theme.RED, size=7, symbol="x", panel=3),
        ],
        x=[
            theme.axis("‖E‖ / ‖A‖", log=True, low=7e-5, high=0.7),
            theme.axis("ω", log=True, low=0.05, high=float(n**2)),
            theme.axis("Re λ", low=-1.7 * n, high=0.9 * n),
        ],
        y=[
            theme.axis("κ(V)", log=True, low=0.8, high=3e4),
            theme.axis("|G − G<sub>S4</sub>|", log=True, low=1e-7, high=30),
            theme.axis("", low=-top, high=top),
        ],
        titles=["The bargain", "Error of the gain", "Eigenvalues of A + E"],
        widths=[1.05, 1.05, 0.9],
        notes=[
            theme.note("optimised", np.log10(9e-5), 1.6, color=theme.BLUE),
            theme.note("this kind, dashed", np.log10(9e-5), 1.15, color=theme.RED),
            theme.note("authors’ ◆", np.log10(9e-5), 0.7, color=theme.PINK),
            theme.note("S4D", np.log10(0.07), -5.6, color=theme.RED, panel=2),
            theme.note("A + E", np.log10(0.07), -6.2, color=theme.BLUE, panel=2),
            theme.note("Im λ ↑", -1.65 * n, 0.94 * top, panel=3),
        ],
    )  # fmt: skip


def _readout(d: dict[str, Any]) -> str:
    light = "stable" if d["abscissa"] < 0 else "UNSTABLE"
    return (
        f"n = {d['n']}, {d['kind']}, ‖E‖ = {number_text(d['epsilon'], 2)} ‖A‖ = {number_text(d['norm'], 3)}: κ(V) = "
        f"{number_text(d['condition'], 3)}, {light} (max Re λ = {number_text(d['abscissa'], 2)}); the gain of state 1 "
        f"is off by up to {number_text(d['worst'], 2)}, that of S4D by {number_text(d['diag'].max(), 2)}."
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
