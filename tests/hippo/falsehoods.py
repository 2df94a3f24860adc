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
    "D1": [instead(claims, "horizon", lambda f: lambda n, frequency: 1.5 * f(n, frequency))],
    "D2": [instead(claims, "lagt", lambda f: lambda n: hippo.tilt(*f(n), -0.5))],
    "D3": [
        DELAYS.but("hippo/delay/legs/fast", error=0.05),
        DELAYS.but("hippo/delay/legt/wide", error=0.05),
        DELAYS.but("hippo/delay/fout/wide", error=0.05),
        DELAYS.but("hippo/delay/fout/hugging", error=0.06),
    ],
}
TRUTHS = {"D3": [DELAYS]}
