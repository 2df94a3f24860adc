"""Worlds in which the claims of chapter 02 are false."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from worlds import Runs, instead

from spectral_lab import hippo, training
from spectral_lab.hippo import claims


def scaled(factor):
    """A system whose matrix is a little larger."""
    return lambda true: lambda *args: (factor * true(*args)[0], true(*args)[1])


FITS = {"hugging": 0.01, "tied": 0.01, "wide": 0.15, "fast": 0.5, "beyond": 0.9}
DELAYS = Runs(
    "lecture",
    {f"hippo/delay/{basis}/{span}": {"error": error} for basis in ("legs", "legt") for span, error in FITS.items()}
    | {f"hippo/delay/fout/{span}": {"error": error} for span, error in (FITS | {"wide": 0.02}).items()},
)


def arena(**scores):
    """Accuracies of S4 models on the Arena."""
    runs = {}
    for model, values in scores.items():
        for task, score in zip(claims.ARENA, values, strict=True):
            runs[f"hippo/arena/{task}/s4-{model.replace('_', '-')}"] = {"accuracy": score}
    return runs


LEGS = arena(legs=(0.596, 0.8682, 0.909, 0.8865, 0.942, 0.9635))
FOUT = arena(fout=(0.5788, 0.8634, 0.8966, 0.8907, 0.9446, 0.5), legs_fout=(0.6045, 0.8678, 0.903, 0.89, 0.9444, 0.5))
ON_ARENA = Runs("paper", LEGS)
PATH_X = Runs("paper", {"hippo/arena/path-x/s4-legs": {"accuracy": 0.96}})
BASES = Runs(
    "paper", {name: scores for name, scores in (LEGS | FOUT).items() if name.split("/")[2] in ("image", "path-x")}
)
STEPS = Runs("paper", {**PATH_X.metrics, "hippo/arena-fast/path-x/s4-legs": {"accuracy": 0.5}})
FALSEHOODS = {
    "C1": [instead(claims, "legs", scaled(2))],
    "C2": [instead(claims, "legs", scaled(2))],
    "C3": [instead(claims, "legs", scaled(1.01))],
    "C4": [instead(claims, "scaled_legs", lambda f: lambda n, u: hippo.memory("legs", n, u, 1e-3))],
    "C5": [instead(claims, "pade_delay", lambda f: lambda n, s: np.exp(-s))],
    "C6": [instead(claims, "fourier_delay", lambda f: lambda n, s: 1 + 0 * s)],
    "C7": [instead(claims, "state_kernel", lambda f: lambda *args: f(*args) + 0.05)],
    "C8": [instead(claims, "fourier_states_needed", lambda f: lambda L, epsilon: 0.5 * f(L, epsilon))],
    "C9": [instead(claims, "tilt", lambda f: lambda A, B, c: f(A, B, 1.01 * c))],
    "C10": [instead(claims, "timescale", lambda f: lambda family: 2 * f(family))],
    "C11": [instead(claims, "basis", lambda f: lambda *args: 1.2 * f(*args))],
    "C12": [instead(claims, "delay_readout_error", lambda f: lambda *args, **options: 0.1)],
    "C13": [instead(training, "train", lambda f: lambda *_, **__: SimpleNamespace(metrics={"error": 0.1}))],
    "C14": [instead(claims, "system", scaled(1.001))],
    "C15": [instead(claims, "kernel", lambda f: lambda *args: f(*args) * (1 + 1e-9 * (args[-1] == "cauchy")))],
    "C16": [instead(claims, "without_low_rank", lambda f: lambda family, n: (f(family, n)[0], hippo.legs(n)[1]))],
    "C17": [instead(claims, "kernel", lambda f: lambda *args: f(*args[:4]))],
    "C18": [ON_ARENA.but("hippo/arena/path-x/s4-legs", accuracy=0.5)],
    "C19": [PATH_X.but("hippo/arena/path-x/s4-legs", accuracy=0.95)],
    "C20": [
        BASES.but("hippo/arena/image/s4-fout", accuracy=0.88),
        BASES.but("hippo/arena/image/s4-legs-fout", accuracy=0.88),
        BASES.but("hippo/arena/path-x/s4-fout", accuracy=0.9),
        BASES.but("hippo/arena/path-x/s4-legs-fout", accuracy=0.9),
    ],
    "C21": [
        STEPS.but("hippo/arena/path-x/s4-legs", accuracy=0.5),
        STEPS.but("hippo/arena-fast/path-x/s4-legs", accuracy=0.9),
    ],
    "D1": [instead(claims, "horizon", lambda f: lambda n, frequency: 1.5 * f(n, frequency))],
    "D2": [instead(claims, "lagt", lambda f: lambda n: hippo.tilt(*f(n), -0.5))],
    "D3": [
        DELAYS.but("hippo/delay/legs/fast", error=0.05),
        DELAYS.but("hippo/delay/legt/wide", error=0.05),
        DELAYS.but("hippo/delay/fout/wide", error=0.05),
        DELAYS.but("hippo/delay/fout/hugging", error=0.06),
    ],
}
TRUTHS = {"C18": [ON_ARENA], "C19": [PATH_X], "C20": [BASES], "C21": [STEPS], "D3": [DELAYS]}
