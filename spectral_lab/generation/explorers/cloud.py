"""Demonstration 2: where does the next atom go?"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, INK, MUTED, PAPER, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points, segments, text
from spectral_lab.generation.gaussian import gaussian_predictor, mixture_predictor, std_ratio
from spectral_lab.generation.noise import CosineSchedule, respace
from spectral_lab.generation.samplers import ddim, ddpm, dpm_solver

SAMPLERS = ("DDPM", "DDIM", "DPM-Solver++")
SPREAD = 0.08  # A, of each place
COUNT, SHOWN = 400, 12
MEDIAN = np.sqrt(2 * np.log(2))  # of the distance from the middle of a Gaussian in two dimensions, over its width
STEPS = (5, 7, 10, 14, 20, 30, 50, 80, 120, 200)


def places(length: float, angle: float, modes: int) -> np.ndarray:
    """Where the next atom may go: a bond's length away, from its bond angle on one side to the same on the other."""
    directions = np.radians(180 - angle) * np.linspace(1, -1, modes)
    return length * np.stack([np.cos(directions), np.sin(directions)], axis=1)


def draw(sampler: str, predictor: Any, N: int, temperature: float, noise: Any, shape: tuple[int, int]) -> np.ndarray:
    """Samples by one of three samplers; the temperature is of DDPM's noise."""
    schedule = respace(CosineSchedule(), 200)
    if sampler == "DPM-Solver++":
        return dpm_solver(predictor, schedule, shape, noise, N, matched=True)
    schedule = respace(CosineSchedule(), N)
    if sampler == "DDIM":
        return ddim(predictor, schedule, shape, noise)
    return ddpm(predictor, schedule, shape, noise, temperature, variance="small")


@lru_cache(maxsize=2048)
def mode_ratio(sampler: str, std: float, N: int, temperature: float) -> float:
    """The standard deviation of the samples over that of the data, for one Gaussian."""
    if sampler == "DPM-Solver++":  # without noise on the way: linear in its one number
        exact = gaussian_predictor([0.0], [[std**2]])
        return abs(float(draw(sampler, exact, N, 1.0, np.ones, (1, 1))[0, 0])) / std
    return std_ratio(sampler.lower(), std, N, temperature=temperature if sampler == "DDPM" else 1.0)


def _compute(length: float, angle: int, modes: int, sampler: str, N: int, temperature: float, scale: float) -> dict:
    means = places(length, angle, modes)
    exact, path = mixture_predictor(scale * means, scale * SPREAD), []

    def predictor(x: np.ndarray, t: np.ndarray) -> np.ndarray:
        path.append(x[:SHOWN] / scale)
        return exact(x, t)

    x = draw(sampler, predictor, N, temperature, np.random.RandomState(0).standard_normal, (COUNT, 2)) / scale
    apart = np.sqrt(((x[:, None] - means) ** 2).sum(2))
    nearest = apart.argmin(1)
    return {
        "x": x, "means": means, "path": np.stack([*path, x[:SHOWN]]),
        "own": float(np.median(apart.min(1))) / (MEDIAN * SPREAD),
        "strays": int((apart.min(1) > 4 * SPREAD).sum()),
        "curve": np.array([mode_ratio(sampler, scale * SPREAD, steps, temperature) for steps in STEPS]),
        "exact": mode_ratio(sampler, scale * SPREAD, N, temperature),
        "counts": np.bincount(nearest, minlength=modes),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    path = d.path.transpose(1, 0, 2)
    gaps = np.full((len(path), 1, 2), np.nan)
    trails = np.concatenate([path, gaps], axis=1).reshape(-1, 2)
    circle = np.linspace(0, 2 * np.pi, 41)
    rings = d.means[:, None] + 2 * SPREAD * np.stack([np.cos(circle), np.sin(circle)], axis=1)
    rings = np.concatenate([rings, np.full((len(rings), 1, 2), np.nan)], axis=1).reshape(-1, 2)
    return figure(
        panel("The next atom, in Å", axis("x", -2.6, 2.6), axis("y", -2.6, 2.6), 1.0, equal=True).draw(
            line(trails[:, 0], trails[:, 1], "on its way", MUTED, width=1, opacity=0.5, hoverinfo="skip"),
            segments([[-1.5, 0.0]], [[0.0, 0.0]], "bond", MUTED, width=6),
            points(d.x[:, 0], d.x[:, 1], "sample", BLUE, size=4, opacity=0.7),
            line(rings[:, 0], rings[:, 1], "two standard deviations", RED, width=1.5),
            points([-1.5, 0.0], [0.0, 0.0], "atom", INK, size=24),
            text([-1.5, 0.0], [0.0, 0.0], ["C", "C"], PAPER, size=11, position="middle center"),
        ),
        panel("Width of a place, sampled over true", axis("steps N", 4.5, 220, log=True),
              axis("", 0, 1.6), 0.9).draw(
            line([4.5, 220], [1, 1], "right", MUTED, dash="dash"),
            line(STEPS, d.curve, d.sampler, BLUE),
            points([d.N], [d.exact], "here, exactly", BLUE, size=11),
            # What is wider than the panel is high is marked at its top, by an arrow.
            points([d.N], [min(d.own, 1.56)], "here, these 400", RED, size=9,
                   symbol="x" if d.own < 1.56 else "triangle-up"),
            *key("top right", (f"{d.sampler}, one place alone, exactly", BLUE), ("these 400 samples", RED)),
        ),
        height=380,
    )  # fmt: skip


def _readout(d: Data) -> str:
    shares = ", ".join(f"{100 * count / COUNT:.0f}" for count in d.counts)
    return (
        f"{d.modes} place{'s' * (d.modes > 1)} at {number_text(d.length, 3)} Å and {d.angle}°; {d.sampler}, {d.N} "
        f"steps, temperature {d.temperature:g}, scale {d.scale:g}: a place alone comes out {d.exact:.2f} times as wide "
        f"as it is; these 400 samples {d.own:.1f} times; {d.strays} of them stray{'s' * (d.strays == 1)}. "
        f"Shares in %: {shares}."
    )


def _code(length: float, angle: int, modes: int, sampler: str, N: int, temperature: float, scale: float) -> str:
    call, kept = {
        "DDPM": (f'ddpm(eps, schedule, shape, noise, {temperature:g}, variance="small")', N),
        "DDIM": ("ddim(eps, schedule, shape, noise)", N),
        "DPM-Solver++": (f"dpm_solver(eps, schedule, shape, noise, {N}, matched=True)", 200),
    }[sampler]
    if sampler == "DPM-Solver++":
        width = "abs(samples(gaussian_predictor([0], [[s**2]]), (1, 1), np.ones)[0, 0]) / s"
    else:
        width = f'std_ratio("{sampler.lower()}", s, {N}' + (
            f", temperature={temperature:g})" if sampler == "DDPM" else ")"
        )
    return f"""
        import numpy as np
        from spectral_lab.generation import *

        schedule, scale = respace(CosineSchedule(), {kept}), {scale:g}
        angles = np.radians(180 - {angle}) * np.linspace(1, -1, {modes})
        means = {length:g} * np.stack([np.cos(angles), np.sin(angles)], axis=1)     # two standard deviations: the rings
        samples = lambda eps, shape, noise: {call}
        tape, s = np.random.RandomState(0).standard_normal, scale * {SPREAD}
        x = samples(mixture_predictor(scale * means, s), (400, 2), tape) / scale
        apart = np.sqrt(((x[:, None] - means) ** 2).sum(2))
        print({width}, np.median(apart.min(1)) / np.sqrt(2 * np.log(2)) / {SPREAD})
        print((apart.min(1) > 4 * {SPREAD}).sum())
        print(*(100 * np.bincount(apart.argmin(1), minlength={modes}) / 400))
    """


def next_atom(**state: Any) -> Explorer:
    """The next atom of a molecule in two dimensions, drawn by three samplers from the exact denoiser."""
    return Explorer(
        title="Where does the next atom go?",
        controls=[
            choice("sampler", "sampler", SAMPLERS),
            integers("N", "steps $N$", 5, 200, 20, play=True),
            slider("temperature", r"temperature $\tau$ of DDPM's noise", 0, 1.2, 1, steps=12),
            slider("scale", "scale of the numbers", 0.25, 16, 1, steps=12, log=True),
            integers("modes", "places", 1, 6, 3),
            integers("angle", "bond angle", 90, 150, 110, step=5, unit="°"),
            slider("length", "bond length", 1.2, 2, 1.5, steps=16, unit="Å"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "DDIM in ten steps": {"sampler": "DDIM", "N": 10},
            "The same, scaled up": {"sampler": "DDIM", "N": 10, "scale": 16},
            "No noise on the way": {"temperature": 0},
            "DPM-Solver++": {"sampler": "DPM-Solver++"},
        },
        state=state,
    )
