"""Demonstration 3: the first step explodes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider, toggle
from spectral_lab.explorer.palette import BLUE, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.generation.gaussian import terminal_amplification
from spectral_lab.generation.noise import CosineSchedule, respace
from spectral_lab.generation.samplers import ddpm, dpm_solver

SAMPLERS = ("DDPM", "DDPM, x̂₀ clipped to ±16", "DPM-Solver++")
PREDICTED = ("noise ε", "data x₀", "velocity v")
STEPS = (5, 7, 10, 14, 20, 30, 50, 100, 200, 500, 1000)
ROWS, REACH = 24, 4.0
LOW, HIGH = 1e-2, 1e5


def wrong_predictor(delta: float, predicted: str, bounded: bool) -> Any:
    """The exact denoiser of standard normal data, off by delta in what it predicts; told as noise to the sampler.

    bounded: it has seen |x| < 4 alone, and answers beyond as at the edge.
    """
    abar_of = CosineSchedule().alphas_cumprod

    def predict(x: np.ndarray, t: np.ndarray) -> np.ndarray:
        abar = float(abar_of[t[0]])
        a, s = np.sqrt(abar), np.sqrt(1 - abar)
        seen = np.clip(x, -REACH, REACH) if bounded else x
        eps, x0 = s * seen, a * seen
        if predicted == PREDICTED[0]:
            return eps + delta
        guess = x0 + delta if predicted == PREDICTED[1] else a * x - s * (a * eps - s * x0 + delta)
        return (x - a * guess) / s

    return predict


@lru_cache(maxsize=64)
def amplifications() -> np.ndarray:
    """A_N at `STEPS`."""
    return np.array([terminal_amplification(N) for N in STEPS])


def amplification(N: int, dropped: int) -> float:
    """How much the first step that is taken multiplies an error of the noise."""
    schedule = respace(CosineSchedule(), N)
    i = N - 1 - dropped
    return float(schedule.posterior_mean_coef1[i] * np.sqrt(1 / schedule.alphas_cumprod[i] - 1))


def _chain(delta: float, N: int, dropped: int, predicted: str, sampler: str, bounded: bool) -> np.ndarray:
    """x before every step and at the end, (steps + 1, rows)."""
    path, exact = [], wrong_predictor(delta, predicted, bounded)

    def predictor(x: np.ndarray, t: np.ndarray) -> np.ndarray:
        path.append(x[:, 0])
        return exact(x, t)

    noise = np.random.RandomState(0).standard_normal
    if sampler == SAMPLERS[2]:
        x = dpm_solver(predictor, respace(CosineSchedule(), 200), (ROWS, 1), noise, N, matched=True)
    else:
        clip = 16.0 if sampler == SAMPLERS[1] else None
        x = ddpm(predictor, respace(CosineSchedule(), N), (ROWS, 1), noise, 1.0, "small", clip, dropped)
    return np.stack([*path, x[:, 0]])


def _compute(N: int, delta: float, dropped: int, predicted: str, sampler: str, bounded: bool) -> dict[str, Any]:
    dropped = min(dropped, N - 2) if sampler != SAMPLERS[2] else 0
    path = np.abs(_chain(delta, N, dropped, predicted, sampler, bounded))
    A = amplification(N, dropped)
    return {
        "path": path, "A": A, "kick": A * delta, "largest": float(path.max()), "dropped_steps": dropped,
        "end": float(np.sqrt((path[-1] ** 2).mean())), "second": float(np.median(path[1])),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    steps, rows = d.path.shape
    keep = np.unique(np.linspace(0, steps - 1, min(steps, 120)).round().astype(int))
    shown = np.clip(d.path[keep], LOW, HIGH)
    x = keep / (steps - 1)
    trails = np.concatenate([shown.T, np.full((rows, 1), np.nan)], axis=1).ravel()
    places = np.tile(np.append(x, np.nan), rows)
    return figure(
        panel("The size of x on its way", axis("share of the steps done", -0.02, 1.02),
              axis("|x|", LOW, HIGH, log=True), 1.0).draw(
            line([-0.02, 1.02], [4, 4], "as far as the data reach", MUTED, dash="dash"),
            line(places, trails, "a sample", BLUE, width=1, opacity=0.6),
            line(x, np.clip(np.median(d.path[keep], axis=1), LOW, HIGH), "their median", RED, width=3),
            *key("top right", ("median of 24 samples", RED), ("each of them", BLUE)),
        ),
        panel("What the first step multiplies an error by", axis("steps N", 4, 1400, log=True),
              axis("", 0.01, 3e4, log=True), 0.9).draw(
            line([4, 1400], [0.999 * np.sqrt(1000)] * 2, "0.999/√0.001", MUTED, dash="dash"),
            line(STEPS, amplifications(), "from pure noise", BLUE),
            points([d.N], [d.A], "here", RED, size=11),
            *key("top right", ("none dropped", BLUE), ("here", RED), ("0.999/√0.001", MUTED)),
        ),
        height=370,
    )  # fmt: skip


def _readout(d: Data) -> str:
    if d.sampler == SAMPLERS[2]:
        start = "DPM-Solver++ drops what is noisier than λ = −5.1"
    else:
        start = f"{d.sampler}, {d.dropped_steps} steps dropped"
    times = f"{d.A:.0f}" if d.A >= 100 else number_text(d.A, 3)
    seen = "seen |x| < 4 alone" if d.bounded else "right everywhere else"
    return (
        f"N = {d.N}, an error of {number_text(d.delta, 2)} in the {d.predicted}, a denoiser {seen}: {start}. "
        f"DDPM's first step would multiply an error of the noise by {times}: {_size(d.kick)}. "
        f"Largest |x| {_size(d.largest)}; at the end the size of {ROWS} samples is {_size(d.end)} (of the data, 1)."
    )


def _size(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else number_text(value, 2)


def _code(N: int, delta: float, dropped: int, predicted: str, sampler: str, bounded: bool) -> str:
    dropped = min(dropped, N - 2) if sampler != SAMPLERS[2] else 0
    seen = "x.clip(-4, 4)" if bounded else "x"
    answer = {
        PREDICTED[0]: f"s * seen + {delta:g}",
        PREDICTED[1]: f"(x - a * (a * seen + {delta:g})) / s",
        PREDICTED[2]: f"(x - a * (a * x - s * {delta:g})) / s",
    }[predicted]
    clip = "16" if sampler == SAMPLERS[1] else "None"
    call = (
        f"dpm_solver(predict, respace(CosineSchedule(), 200), (24, 1), tape, {N}, matched=True)"
        if sampler == SAMPLERS[2]
        else f'ddpm(predict, schedule, (24, 1), tape, 1, "small", {clip}, start={dropped})'
    )
    return f"""
        import numpy as np
        from spectral_lab.generation import *

        schedule, abar, sizes = respace(CosineSchedule(), {N}), CosineSchedule().alphas_cumprod, []

        def predict(x, t):                  # the exact denoiser of standard normal data, and an error
            sizes.append(abs(x).max())
            a, s, seen = np.sqrt(abar[t[0]]), np.sqrt(1 - abar[t[0]]), {seen}
            return {answer}

        tape = np.random.RandomState(0).standard_normal
        x = {call}
        i = {N} - 1 - {dropped}
        A = schedule.posterior_mean_coef1[i] * np.sqrt(1 / schedule.alphas_cumprod[i] - 1)
        print({dropped}, A, A * {delta:g}, max(*sizes, abs(x).max()), np.sqrt((x**2).mean()))
    """


def first_step(**state: Any) -> Explorer:
    """One small error of the predicted noise, and what the first reverse step makes of it."""
    return Explorer(
        title="The first step explodes",
        controls=[
            integers("N", "steps $N$", 10, 1000, 20, step=10),
            slider("delta", r"error $\delta$", 1e-4, 0.1, 0.01, steps=30, log=True, digits=2),
            integers("dropped", "first steps dropped", 0, 12, 0),
            choice("sampler", "sampler", SAMPLERS),
            choice("predicted", "predicted", PREDICTED),
            toggle("bounded", "has seen |x| < 4 alone", True),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "A thousand steps": {"N": 1000},
            "DPM-Solver++": {"sampler": SAMPLERS[2]},
            "Clipped": {"sampler": SAMPLERS[1]},
            "Start late": {"N": 200, "dropped": 8},
            "Right everywhere": {"bounded": False},
            "Predict the velocity": {"predicted": "velocity v"},
        },
        state=state,
    )
