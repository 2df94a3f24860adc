"""Demonstration 3: three phases of a choice."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points, segments
from spectral_lab.hamiltonians.gating import GateHistory, learn_gates
from spectral_lab.hamiltonians.stored import stored

STEPS, PATHS = 200, 65
# The toy; and the four products of a network whose training is stored, in their order there.
SOURCES = ("a toy", "a network: atoms, first", "a network: atoms, second", "a network: pairs, first",
           "a network: pairs, second")  # fmt: skip


@lru_cache(maxsize=256)
def _history(k: float, random: int, adaptive: int, seed: int) -> GateHistory:
    return learn_gates(PATHS, k, random, adaptive, STEPS, seed)


def _compute(source: str, step: int, k: float, random: int, adaptive: int, seed: int) -> dict[str, Any]:
    if source != SOURCES[0]:
        return _recorded(SOURCES.index(source) - 1, step)
    run = _history(k, random, adaptive, seed)
    worth = np.argsort(-run.target, kind="stable")
    kept = run.kept[step - 1]
    best = np.zeros(PATHS, dtype=bool)
    best[worth[: kept.sum()]] = True
    return {
        "gates": run.gates[step - 1, worth], "kept": kept[worth], "target": run.target[worth], "errors": run.errors,
        "error": float(run.errors[step - 1]), "last": float(run.errors[-1]), "good": int((kept & best).sum()),
        "floor": float((run.target[~best] ** 2).sum() / (run.target**2).sum()), "ends": (random, random + adaptive),
    }  # fmt: skip


def _recorded(product: int, step: int) -> dict[str, Any]:
    one = stored("gates")
    values, losses, phases = one["values"][:, product], one["losses"], one["phases"]
    order = np.argsort(-values[-1], kind="stable")
    return {
        "gates": values[step - 1, order], "kept": one["kept"][step - 1, product, order], "target": values[0, order],
        "errors": losses / losses[0],
        "error": float(losses[step - 1] / losses[0]), "last": float(losses[-1] / losses[0]),
        "ends": (int(phases[0]), int(phases.sum())),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    toy, kept, place = d.source == SOURCES[0], d.kept, np.arange(len(d.gates))
    base, low, high = (0.0, -0.3, 2.3) if toy else (0.7, 0.7, 1.3)
    bars = np.stack([base + 0 * d.gates, d.gates], axis=1)
    at = np.array(d.ends)[:, None].repeat(2, axis=1)
    ends = segments(at, np.array([1e-4, 1.05 if toy else 100]), "a phase ends", MUTED, width=1, dash="dot")
    title = "The gates, by what their paths are worth" if toy else "The gates, by where they end"
    size = axis("share of the target missed", 0, 1.05) if toy else axis("loss, over the first", 1e-3, 100, log=True)
    return figure(
        panel(title, axis("path", -1, len(place)), axis("gate g", low, high), 1.5).draw(
            line(place, d.target, "worth" if toy else "start", MUTED, width=1.5),
            segments(place[~kept, None], bars[~kept], "off", MUTED, width=2 if toy else 6),
            segments(place[kept, None], bars[kept], "kept", GREEN, width=4 if toy else 10),
            *key("top right", ("kept now", GREEN), ("switched off", MUTED),
                 ("line: what it is worth" if toy else "line: where it began", MUTED)),
        ),
        panel("The error", axis("step", 0, STEPS), size).draw(
            line(np.arange(1, STEPS + 1), d.errors, "error", BLUE),
            ends,
            points([d.step], [d.error], "now", RED, size=10),
            *(_best(d.floor) if toy else []),
        ),
        height=340,
    )  # fmt: skip


def _best(floor: float) -> list[dict[str, Any]]:
    dashed = line([0, STEPS], [floor, floor], "best choice of as many", INK, width=1, dash="dash")
    return [dashed, *key("top right", ("best choice, dashed", INK))]


def _phase(d: Data) -> str:
    return "random" if d.step <= d.ends[0] else "adaptive" if d.step <= d.ends[1] else "fixed"


def _readout(d: Data) -> str:
    if d.source != SOURCES[0]:
        return (
            f"{d.source}: a stored training of the miniature, k = 0.7, {d.ends[0]} random steps, "
            f"{d.ends[1] - d.ends[0]} adaptive. Step {d.step} of 200, {_phase(d)}: {int(d.kept.sum())} of 15 paths "
            f"kept; gates from {d.gates.min():.2f} to {d.gates.max():.2f}; the loss is {number_text(d.error, 2)} of "
            "the first."
        )
    return (
        f"Step {d.step} of 200, {_phase(d)}, seed {d.seed}; {d.random} random steps, {d.adaptive} adaptive: "
        f"{int(d.kept.sum())} of 65 paths kept (k = {d.k:g}), {d.good} of them among the best as many. "
        f"Missed now {d.error:.3f}, at the end {d.last:.3f}; the best choice misses {d.floor:.3f}."
    )


def _code(source: str, step: int, k: float, random: int, adaptive: int, seed: int) -> str:
    if source != SOURCES[0]:
        return f"""
        from spectral_lab.hamiltonians import stored

        one, product = stored("gates"), {SOURCES.index(source) - 1}
        gates, kept = one["values"][{step} - 1, product], one["kept"][{step} - 1, product]
        print(one["phases"], {step}, kept.sum(), gates.min(), gates.max(), one["losses"][{step} - 1] / one["losses"][0])
        print(one["paths"][kept])
    """
    return f"""
        import numpy as np
        from spectral_lab.hamiltonians import learn_gates

        run = learn_gates(65, {k:g}, random={random}, adaptive={adaptive}, steps=200, seed={seed})
        kept, order = run.kept[{step} - 1], np.argsort(-run.target, kind="stable")
        best = order[:kept.sum()]
        print({step}, kept.sum(), kept[best].sum())
        left_out = np.delete(run.target, best)
        print(run.errors[{step} - 1], run.errors[-1], (left_out**2).sum() / (run.target**2).sum())
    """


def three_phases(**state: Any) -> Explorer:
    """Gates that are drawn, sorted and frozen: a toy of 65 independent paths, and the gates of a trained network."""
    return Explorer(
        title="Three phases of a choice",
        controls=[
            choice("source", "gates of", SOURCES),
            integers("step", "step", 1, STEPS, 60, play=True),
            slider("k", "share left out, $k$", 0, 0.9, 0.7, steps=18),
            integers("random", "random steps", 0, 100, 40, step=5),
            integers("adaptive", "adaptive steps", 0, 100, 20, step=5),
            integers("seed", "seed", 0, 9, 0),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "No random phase": {"random": 0, "adaptive": 60, "step": 200},
            "Freeze too early": {"random": 5, "adaptive": 0, "step": 200},
            "To the end": {"step": 200},
            "A network's own gates": {"source": SOURCES[4], "step": 61},
        },
        state=state,
    )
