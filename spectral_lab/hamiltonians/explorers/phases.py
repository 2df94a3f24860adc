"""Demonstration 3: three phases of a choice."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, integers, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points, segments
from spectral_lab.hamiltonians.gating import GateHistory, learn_gates

STEPS, PATHS = 200, 65


@lru_cache(maxsize=256)
def _history(k: float, random: int, adaptive: int, seed: int) -> GateHistory:
    return learn_gates(PATHS, k, random, adaptive, STEPS, seed)


def _compute(step: int, k: float, random: int, adaptive: int, seed: int) -> dict[str, Any]:
    run = _history(k, random, adaptive, seed)
    worth = np.argsort(-run.target, kind="stable")
    kept = run.kept[step - 1]
    best = np.zeros(PATHS, dtype=bool)
    best[worth[: kept.sum()]] = True
    return {
        "gates": run.gates[step - 1, worth], "kept": kept[worth], "target": run.target[worth], "errors": run.errors,
        "error": float(run.errors[step - 1]), "last": float(run.errors[-1]), "good": int((kept & best).sum()),
        "floor": float((run.target[~best] ** 2).sum() / (run.target**2).sum()),
        "phase": "random" if step <= random else "adaptive" if step <= random + adaptive else "fixed",
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    place, kept, bars = np.arange(PATHS), d.kept, np.stack([0 * d.gates, d.gates], axis=1)
    return figure(
        panel("The gates, by what their paths are worth", axis("path", -1, PATHS), axis("gate g", -0.3, 2.3), 1.5).draw(
            line(place, d.target, "worth", MUTED, width=1.5),
            segments(place[~kept, None], bars[~kept], "off", MUTED),
            segments(place[kept, None], bars[kept], "kept", GREEN, width=4),
            *key("top right", ("kept now", GREEN), ("switched off", MUTED), ("line: what it is worth", MUTED)),
        ),
        panel("The error", axis("step", 0, STEPS), axis("share of the target missed", 0, 1.05)).draw(
            line(np.arange(1, STEPS + 1), d.errors, "error", BLUE),
            line([0, STEPS], [d.floor, d.floor], "best choice of as many", INK, width=1, dash="dash"),
            *(line([at, at], [0, 1.05], "a phase ends", MUTED, width=1, dash="dot")
              for at in (d.random, d.random + d.adaptive) if 0 < at < STEPS),
            points([d.step], [d.error], "now", RED, size=10),
            *key("top right", ("best choice, dashed", INK)),
        ),
        height=340,
    )  # fmt: skip


def _readout(d: Data) -> str:
    return (
        f"Step {d.step} of 200, {d.phase}, seed {d.seed}; {d.random} random steps, {d.adaptive} adaptive: "
        f"{int(d.kept.sum())} of 65 paths kept (k = {d.k:g}), {d.good} of them among the best as many. "
        f"Missed now {d.error:.3f}, at the end {d.last:.3f}; the best choice misses {d.floor:.3f}."
    )


def _code(step: int, k: float, random: int, adaptive: int, seed: int) -> str:
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
    """Gates that are drawn, sorted and frozen: a toy of 65 independent paths."""
    return Explorer(
        title="Three phases of a choice",
        controls=[
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
        },
        state=state,
    )
