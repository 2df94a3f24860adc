"""Worlds in which the claims of chapter 06 are false."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from worlds import Given, Runs, instead

from spectral_lab import latent
from spectral_lab.latent import claims


def here(name, false):
    """Something false in the place of what the evidence imports."""
    return instead(claims, name, lambda true: false)


def turned(name, change):
    """What the evidence imports, with its answer changed."""
    return instead(claims, name, lambda true: lambda *a, **k: change(true(*a, **k)))


def errors(preset, **by_model):
    return Runs(preset, {f"latent/darcy/{name}": {"relative L2": value} for name, value in by_model.items()})


def mixed(tokens, weights, frequencies="code"):
    """A latent solve in which the channels see each other."""
    return latent.latent_solve(tokens, weights, frequencies) + tokens.mean(axis=2, keepdims=True)


def full_rank(X, tokens, weight, bias):
    return latent.decode(X, tokens, weight, bias) + 0.1 * np.sin(X)


def by_place(X, tokens, weight, bias):
    return latent.decode(X, tokens, weight, bias) + np.arange(len(X))[:, None]


def same_directions(radius, count, frequencies="code"):
    return latent.useful_directions(radius, count, "integer")


def attention_within_a_patch(true):
    """Scores and averages between all points of a patch, 16 x 16 patches of width 32."""
    return lambda side: true(side) + 4 * 32 * 16**2 * (side // 16) ** 4


def stalled(history):
    """The residual does not fall for nine iterations."""
    return np.concatenate([np.ones((9, *history.shape[1:])), history[9:]])


VARIANTS = {"basis-3": 0.058, "basis-24": 0.057, "tokens-1": 0.052, "tokens-8": 0.06}
ABLATION = Runs(
    "miniature",
    {
        "latent/darcy/lsm": {"relative L2": 0.055},
        **{f"latent/ablation/{name}": {"relative L2": error} for name, error in VARIANTS.items()},
    },
)
DARCY = errors("lecture", lsm=0.028, fno=0.042)
LAWS = Runs("lecture", {"latent/persistence": {"paper": 0.455, "code": 0.655, "file": 0.742}})
AIRFOIL = Runs("paper", {"latent/airfoil/lsm": {"relative L2": 0.0059}, "latent/airfoil/fno": {"relative L2": 0.0138}})

FALSEHOODS = {
    "C1": [errors("lecture", lsm=0.043, fno=0.042)],
    "C2": [Given({"others": claims.LSM_ROW})],
    "C3": [here("operations", lambda side: side**4), instead(claims, "operations", attention_within_a_patch)],
    "C4": [
        here(
            "fit_residual",
            lambda f, R, n, frequencies, ridge, points: latent.fit_residual(f, R, n, "code", ridge, points),
        ),
        turned("favard_sides", lambda sides: latent.Sides(2 * sides.bound, sides.bound)),
    ],
    "C5": [here("useful_directions", same_directions)],
    "C6": [ABLATION.but("latent/ablation/tokens-1", **{"relative L2": 0.055 * share}) for share in (1.23, 0.8)],
    "C7": [errors("miniature", lsm=0.055, unet=0.068)],
    "C8": [instead(claims, "within", lambda true: lambda value, tolerance, of: true(value / 4, tolerance, of))],
    "C9": [here("latent_solve", mixed), here("decode", full_rank), here("decode", by_place)],
    "C10": [turned("decoder_sides", lambda sides: latent.Sides(2 * sides.error, sides.bound))],
    "C11": [
        turned("solve_darcy", lambda s: replace(s, history=np.linspace(1, 0, 40)[:, None] * np.ones(6))),
        turned("solve_darcy", lambda s: replace(s, history=stalled(s.history))),
        turned("solve_darcy", lambda s: replace(s, u=3 * s.u)),
    ],
    "C12": [LAWS.but("latent/persistence", file=0.655), LAWS.but("latent/persistence", code=0.742)],
    "C13": [
        here("cole_hopf", lambda x, t, nu: latent.cole_hopf(x, t, 1.01 * nu)),
        here("runge", lambda x: latent.runge(x, 4.0)),
        here("fourier_truncation", lambda f, N, x: np.clip(latent.fourier_truncation(f, N, x), -1.1, 1.1)),
        turned("analytic_sides", lambda sides: latent.Sides(sides.error, sides.error / 2)),
    ],
    "C14": [AIRFOIL.but("latent/airfoil/lsm", **{"relative L2": 0.02})],
    "D1": [turned("attend", lambda pair: (pair[0] + 1e-6, pair[1]))],
    "D2": [here("favard_constant", lambda r: 4 / np.pi), here("euler_spline", lambda x, r: np.cos(4 * x) / 4**r)],
}
TRUTHS = {
    "C1": [DARCY],
    "C6": [ABLATION],
    "C7": [errors("miniature", lsm=0.055, unet=0.0545)],
    "C12": [LAWS],
    "C14": [AIRFOIL],
}
