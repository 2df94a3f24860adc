"""Demonstration 4: one kernel by four computations, their errors and their costs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, number_text, slider
from spectral_lab.explorer.palette import BLUE, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.hippo.dplr import DPLR, dplr
from spectral_lab.hippo.kernels import kernel, kernel_as_printed, multiplications

WAYS = ("two-level Krylov", "Cauchy and Woodbury", "powers", "Cauchy, z as printed")
METHODS = {WAYS[0]: "krylov", WAYS[1]: "cauchy", WAYS[2]: "powers"}
SIZES = (8, 16, 32, 64, 128)
LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096, 16384)
DRAWN = 512
BOUNDS = {"single": 1e-3, "double": 1e-11}  # several times the worst of all settings, on any machine


@lru_cache(maxsize=16)
def _forms(n: int) -> tuple[DPLR, np.ndarray, DPLR]:
    """The system and its read-out C_k = cos(k + 1) in double precision, and the system in single precision."""
    form = dplr("legs", n)
    single = DPLR(*(x.astype(np.complex64) for x in (form.Lambda, form.P, form.B)))
    return form, form.rotate(np.cos(np.arange(n) + 1.0)), single


def _compute(way: str, n: int, length: int, step: float, precision: str) -> dict[str, Any]:
    form, C, single = _forms(n)
    exact = kernel(form, C, step, length)
    system, c = (form, C) if precision == "double" else (single, C.astype(np.complex64))
    K = kernel(system, c, step, length, METHODS[way]) if way in METHODS else kernel_as_printed(system, c, step, length)
    show = np.unique(np.geomspace(1, length, DRAWN).astype(int)) - 1
    broken = not np.isfinite(K).all()
    error = np.abs(K - exact) / np.abs(exact).max() if not broken else np.full(length, np.nan)
    starts = np.unique(np.geomspace(1, length, 97).astype(int)[:-1]) - 1  # the largest error in each stretch
    cost = multiplications(METHODS.get(way, "cauchy"), n, length)
    return {
        "k": show, "K": K[show], "exact": exact[show], "broken": broken, "error": float(error.max()),
        "at": starts, "errors": np.maximum.reduceat(error, starts), "cost": cost,
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    top = 1.15 * np.abs(d.exact).max()
    sample, length = axis("sample k + 1", 1, d.length, log=True), axis("length L", 50, 2e4, log=True)
    kernel = panel("The kernel", sample, axis("kernel", -top, top))
    error = panel("Error along it", sample, axis("error / largest entry", 1e-18, 1, log=True, dtick=3))
    lengths, colors = np.geomspace(64, 16384, 33), dict(zip(WAYS[:3], (BLUE, RED, MUTED), strict=True))
    costs = [
        line(lengths, [multiplications(METHODS[way], d.n, int(L)) for L in lengths], way, color)
        for way, color in colors.items()
    ]
    return figure(
        kernel.draw(
            line(d.k + 1, d.exact, "double precision", MUTED, width=4),
            line(d.k + 1, d.K, d.way, width=1.5),
            *key("bottom left", *[("not a number, at every k", RED)] * d.broken),
        ),
        error.draw(line(d.at + 1, np.maximum(d.errors, 1e-18), "error", RED)),
        panel("Cost", length, axis("multiplications", 1e3, 1e10, log=True)).draw(
            *costs,
            points([d.length], [d.cost], "now", INK, size=9),
            *key("top left", ("powers", MUTED), ("Krylov", BLUE), ("Cauchy", RED)),
        ),
    )


def _readout(d: Data) -> str:
    way = f"{d.way}, {d.precision} precision, n = {d.n}, L = {d.length}, Δ = {d.step:g}"
    cost = f"about {number_text(d.cost, 3)} multiplications"
    if d.broken:
        return f"{way}: not a number, since z is infinite at ω = −1, and the Fourier transform spreads it; {cost}."
    bound = BOUNDS[d.precision]
    error = f"below {number_text(bound)}" if d.error < bound else number_text(d.error, 1)
    return f"{way}: the error is {error} of the largest entry; {cost}."


def _code(way: str, n: int, length: int, step: float, precision: str) -> str:
    if way not in METHODS:
        return f"""
        import numpy as np
        from spectral_lab.hippo import dplr
        from spectral_lab.hippo.kernels import kernel_as_printed, multiplications

        form = dplr("legs", {n})
        K = kernel_as_printed(form, form.rotate(np.cos(np.arange({n}) + 1.0)), {step!r}, {length})
        print(np.isfinite(K).all(), multiplications("cauchy", {n}, {length}))
        """
    cast = ".astype(np.complex64)" if precision == "single" else ""
    return f"""
        import numpy as np
        from spectral_lab.hippo import DPLR, dplr, kernel
        from spectral_lab.hippo.kernels import multiplications

        form = dplr("legs", {n})
        C = form.rotate(np.cos(np.arange({n}) + 1.0))
        exact = kernel(form, C, {step!r}, {length})
        system = DPLR(*(x{cast} for x in (form.Lambda, form.P, form.B)))
        K = kernel(system, C{cast}, {step!r}, {length}, "{METHODS[way]}")
        print(abs(K - exact).max() / abs(exact).max(), multiplications("{METHODS[way]}", {n}, {length}))
    """


def three_ways(**state: Any) -> Explorer:
    """The same kernel by powers, Cauchy sums and two-level Krylov: errors in single and double precision, and costs."""
    return Explorer(
        title="Three ways to the same kernel",
        controls=[
            choice("way", "computed by", WAYS),
            Slider("n", "states $n$", SIZES, 64),
            Slider("length", "length $L$", LENGTHS, 1024),
            slider("step", r"step $\Delta$", 1e-3, 1e-1, 0.01, log=True, steps=40),
            choice("precision", "precision", ("single", "double")),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Powers": {"way": WAYS[2]},
            "Cauchy": {"way": WAYS[1]},
            "Long and slow": {"way": WAYS[0], "length": 16384, "step": 1e-3},
            "z as printed: not a number": {"way": WAYS[3]},
        },
        state=state,
    )
