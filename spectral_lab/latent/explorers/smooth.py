"""Demonstration 1: how fast a Fourier or Chebyshev series converges, and what sets the rate."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, number_text, slider
from spectral_lab.explorer.palette import BLUE, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.latent.chebyshev import chebyshev_coefficients, runge
from spectral_lab.latent.fourier import fourier_coefficients, poisson_kernel

# What a reader may choose: the function of x and r, as code that is shown and run.
JUMP, KINK, CUBE, POLE, ENTIRE, RUNGE = "a jump", "|x|", "|sin x|³", "a pole", "exp(cos x)", "Runge, Chebyshev"
FAMILIES = (JUMP, KINK, CUBE, POLE, ENTIRE, RUNGE)
CODE = {
    JUMP: "np.sign(np.sin(x)) * (abs(np.sin(x)) > 1e-12)",
    KINK: "abs((x + np.pi) % (2 * np.pi) - np.pi)",
    CUBE: "abs(np.sin(x)) ** 3",
    POLE: "poisson_kernel(x, {r})",
    ENTIRE: "np.exp(np.cos(x))",
    RUNGE: "runge(x, {a})",
}
MOST = 128
NEAR = 1e-6  # this near to a jump the error is half of it
SIZES = np.unique(np.geomspace(1, MOST, 40).astype(int))
DEGREES = tuple(int(N) for N in SIZES)
FLOOR, SAID = 1e-12, 1e-9  # smaller errors are not drawn, or not said: rounding is near


def _function(family: str, r: float) -> Any:
    if family == POLE:
        return lambda x: poisson_kernel(x, r)
    if family == RUNGE:
        return lambda x: runge(x, _steepness(r))
    return {
        JUMP: lambda x: np.sign(np.sin(x)) * (np.abs(np.sin(x)) > 1e-12),
        KINK: lambda x: np.abs((x + np.pi) % (2 * np.pi) - np.pi),
        CUBE: lambda x: np.abs(np.sin(x)) ** 3,
        ENTIRE: lambda x: np.exp(np.cos(x)),
    }[family]


def _steepness(r: float) -> float:
    """a of Runge's function whose ellipse has rho = 1/r: the pole i / sqrt a is at (rho - 1/rho) / 2."""
    return float(f"{4 / (1 / r - r) ** 2:.6g}")


@lru_cache(maxsize=64)
def _series(family: str, r: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, f, sizes of the coefficients k = 0..128, all partial sums, and the largest error of each."""
    f, chebyshev = _function(family, r), family == RUNGE
    if chebyshev:
        x = np.cos(np.linspace(np.pi, 0, 1001))
        coefficients, waves = chebyshev_coefficients(f, MOST), np.cos(np.outer(np.arange(MOST + 1), np.arccos(x)))
        terms = coefficients[:, None] * waves
    else:
        x = np.sort(np.append(np.linspace(-np.pi, np.pi, 999), [-NEAR, NEAR]))
        c = fourier_coefficients(f, MOST)[MOST:]
        waves = np.exp(1j * np.outer(np.arange(MOST + 1), x))
        terms, coefficients = (np.where(np.arange(MOST + 1) == 0, 1, 2)[:, None] * c[:, None] * waves).real, c
    sums = np.cumsum(terms, axis=0)
    return x, f(x), np.abs(coefficients), sums, np.abs(sums - f(x)).max(axis=1)


def _compute(family: str, N: int, r: float) -> dict[str, Any]:
    x, f, coefficients, sums, errors = _series(family, r if family in (POLE, RUNGE) else 0.5)
    rate = _rate(family, r, np.arange(1.0, MOST + 1), errors)
    return {
        "x": x, "f": f, "sum": sums[N], "k": np.arange(MOST + 1), "c": coefficients, "errors": errors[1:],
        "law": rate, "error": float(errors[N]),
    }  # fmt: skip


def _rate(family: str, r: float, N: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """The law of the bounds, through the error at N = 4 where only its slope is known."""
    power = {JUMP: 0.0, KINK: -1.0, CUBE: -3.0}
    if family in power:
        return errors[4] * (N / 4) ** power[family]
    if family == ENTIRE:
        return errors[4] * np.cumprod(np.where(N > 4, 1 / (2 * N), 1.0)) * np.where(N < 4, np.nan, 1)
    return 2 * r ** (N + 1) / (1 - r) if family == POLE else errors[4] * r ** (N - 4)


def _figure(d: Data) -> Figure:
    low, high = min(d.f.min(), d.sum.min()), max(d.f.max(), d.sum.max())
    room = 0.08 * (high - low)
    log = d.scale == "log–log"
    order = axis("N", 0.9, 140, log=True) if log else axis("N", 0, MOST)
    N = np.arange(1, MOST + 1)

    def shown(values: np.ndarray) -> np.ndarray:
        return np.where(values > FLOOR, values, np.nan)

    return figure(
        panel(
            "f (thick), and its first terms (thin)", axis("x", d.x[0], d.x[-1]), axis("", low - room, high + room)
        ).draw(line(d.x, d.f, "f", MUTED, width=4), line(d.x, d.sum, f"{d.N} terms", RED, width=1.5)),
        panel("Sizes of the coefficients, largest error", order, axis("", FLOOR, 300, log=True, dtick=2)).draw(
            points(d.k[1:], shown(d.c[1:]), "coefficient k", BLUE, size=4),
            line(N, shown(d.law), "the law", MUTED, dash="dot"),
            line(N, shown(d.errors), "error", RED),
            points([d.N], [max(d.error, FLOOR)], "now", INK, size=9),
            *key("bottom left", ("error", RED), ("coefficients", BLUE), ("the law", MUTED)),
        ),
    )


def _error_words(error: float) -> str:
    return f"below {number_text(SAID)}" if error < SAID else number_text(error, 3)


def _readout(d: Data) -> str:
    says = {
        JUMP: "it stays half of the jump, and the overshoot beside it tends to 8.95 % of it",
        KINK: "one derivative of bounded variation: the error falls like 1/N",
        CUBE: "three of them: the error falls like 1/N³",
        POLE: f"the pole is at distance {np.log(1 / d.r):.4f}: a factor {d.r:.3g} for each term",
        ENTIRE: "no pole anywhere: faster than any factor",
        RUNGE: f"the pole is on the ellipse ρ = {1 / d.r:.4f}: a factor {d.r:.3g} for each degree",
    }[d.family]
    return f"{d.family}, N = {d.N}, drawn {d.scale}: largest error {_error_words(d.error)}; {says}."


def _code(family: str, N: int, r: float, scale: str) -> str:
    pole = {POLE: f", np.log(1 / {r})", RUNGE: f", 1 / {r}"}.get(family, "")
    f = CODE[family].format(r=r, a=_steepness(r))
    if family == RUNGE:
        head, x, tail = "chebyshev_truncation, runge", "np.cos(np.linspace(np.pi, 0, 1001))", "chebyshev_truncation"
    else:
        extra = ", poisson_kernel" if family == POLE else ""
        head, x, tail = (
            f"fourier_truncation{extra}",
            f"np.append(np.linspace(-np.pi, np.pi, 999), [-{NEAR}, {NEAR}])",
            "fourier_truncation",
        )
    return f"""
        import numpy as np
        from spectral_lab.latent import {head}

        f = lambda x: {f}
        x = {x}
        print(abs({tail}(f, {N}, x) - f(x)).max(){pole})
    """


def how_smooth(**state: Any) -> Explorer:
    """A series cut after N terms: how the error falls says how smooth the function is, and where its poles are."""
    return Explorer(
        title="How smooth is smooth?",
        controls=[
            choice("family", "function", FAMILIES, POLE),
            Slider("N", "terms $N$", DEGREES, 14, play=True),
            slider("r", "factor of the pole $r$", 0.1, 0.98, 0.8, steps=88, digits=3),
            choice("scale", "axes", ("log–linear", "log–log")),
        ],
        compute=lambda family, N, r, scale: _compute(family, N, r),
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Gibbs for ever": {"family": JUMP, "N": DEGREES[-1], "scale": "log–log"},
            "A kink": {"family": KINK, "scale": "log–log"},
            "The pole comes close": {"r": 0.95},
            "Runge": {"family": RUNGE, "r": 0.82},
        },
        state=state,
    )
