"""Demonstration 7: the reader's own matrix, as a flow x' = A x or as a map x <- A x."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
import scipy

from spectral_lab import checks
from spectral_lab.explorer import Data, Explorer, choice, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, MUTED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.pseudospectra.explorers._portraits import height_map
from spectral_lab.pseudospectra.norms import hinf_norm
from spectral_lab.pseudospectra.numerical_range import field_of_values, numerical_radius
from spectral_lab.pseudospectra.pencils import energy_matrix
from spectral_lab.pseudospectra.reading import read_matrix
from spectral_lab.pseudospectra.resolvent import sigma_min
from spectral_lab.pseudospectra.transients import (
    kreiss_constant,
    numerical_abscissa,
    pseudospectral_abscissa,
    semigroup_norms,
    spectral_abscissa,
)

# Five signals in a row: each fades at rate 1/2 and feeds the one before it with three times as much. Stable as a flow
# and as a map, and large on the way.
EXAMPLE = """
-0.5  1.5  0    0    0
 0   -0.5  1.5  0    0
 0    0   -0.5  1.5  0
 0    0    0   -0.5  1.5
 0    0    0    0   -0.5
"""
LARGEST = 100
FLOW, MAP = "a flow, x′ = Ax", "a map, x ← Ax"
TIMES, POWERS_OF_A = 96, 60
ZERO = 1e-12  # an abscissa below this, relative to ||A||, is zero up to rounding


def own_matrix(source: Any = EXAMPLE, mass: Any = None, **state: Any) -> Explorer:
    """Pseudospectra, eigenvalues and field of values of your matrix, and how large its flow or its powers become.

    source: a square array (NumPy's, a list, sparse) of 1 to 100 rows, or what `read_matrix` takes: text such as
    "1 2; 3 4", or the path of a file .npy, .mtx, .txt or .csv. mass: for B x' = A x the matrix B, Hermitian and
    positive definite, in any of these forms; all sizes are then energies, as `energy_matrix` says. Raises: ValueError.
    """
    A = _given(source, "source")
    if len(A) > LARGEST:
        raise ValueError(f"source must have at most {LARGEST} rows to be explored, got {len(A)}")
    if mass is not None:
        B = checks.array(_given(mass, "mass"), "mass", A.shape)
        with _named("B", "mass"):
            A = energy_matrix(A, B)
    if A.any() and not 1e-150 <= np.abs(A).max() <= 1e150:
        raise ValueError(f"source must have its largest entry between 1e-150 and 1e150, got {np.abs(A).max():.3g}")
    # Each explorer has its own caches, which go when it goes.
    facts = cache(lambda time: _facts_of_the_flow(A) if time == FLOW else _facts_of_the_map(A))
    field, reach = lru_cache(8)(partial(_field, A)), lru_cache(256)(partial(pseudospectral_abscissa, A))
    norm, eigenvalues, boundary = float(np.linalg.norm(A, 2)), np.linalg.eigvals(A), field_of_values(A)

    def compute(power: float, time: str, coarse: bool) -> dict[str, Any]:
        flow, epsilon = time == FLOW, 10.0**power * norm
        return {
            "A": A, "n": len(A), "norm": norm, "flow": flow, "relative": 10.0**power, "epsilon": epsilon,
            "eigenvalues": eigenvalues, "boundary": boundary, "reach": reach(epsilon) if flow and norm else 0.0,
            **field(_window(boundary, flow), *((41, 21) if coarse else (81, 41))), **facts(time),
        }  # fmt: skip

    return Explorer(
        title="Your own matrix",
        controls=[
            slider("power", r"$\log_{10}\,\varepsilon/\|A\|$", -12, 0, -2, steps=96, play=True),
            choice("time", "read $A$ as", (FLOW, MAP)),
        ],
        compute=compute,
        figure=_figure,
        readout=_readout,
        code=lambda power, time: _code(source, mass, compute(power, time, coarse=True)),
        presets={"Hardly disturbed": {"power": -5.0}, "A rough copy": {"power": -0.5}, "Step by step": {"time": MAP}},
        state=state,
    )


def _given(matrix: Any, name: str) -> np.ndarray:
    with _named("source", name):
        return checks.square(read_matrix(matrix) if isinstance(matrix, (str, os.PathLike)) else matrix, name)


@contextmanager
def _named(inside: str, name: str) -> Iterator[None]:
    """What a library function calls `inside` has another name for the reader who gave it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(re.sub(rf"\b{inside}\b", name, str(error), count=1)) from None


def _facts_of_the_flow(A: np.ndarray) -> dict[str, Any]:
    """What is said of x' = A x whatever epsilon is; sizes as their decimal logarithm, which no growth overflows."""
    size, alpha, omega = float(np.linalg.norm(A, 2)), spectral_abscissa(A), numerical_abscissa(A)
    alpha = 0.0 if abs(alpha) <= ZERO * size else alpha
    t = np.linspace(0, 10 / max(abs(alpha), 0.02 * size) if size else 1.0, TIMES + 1)
    norms = np.log10(np.maximum(semigroup_norms(A, t[1], TIMES), 1e-300))
    kreiss, eye = kreiss_constant(A), np.eye(len(A))
    return {
        "rate": alpha, "start": omega, "kreiss": kreiss, "grows": bool(np.isinf(kreiss)), "t": t, "logarithms": norms,
        "peak": float(10 ** norms.max()), "when": float(t[norms.argmax()]),
        "to_the_edge": 1 / hinf_norm(A, eye, eye)[0] if alpha < 0 else 0.0,
        "least": t * alpha / np.log(10), "most": t * omega / np.log(10),
    }  # fmt: skip


def _facts_of_the_map(A: np.ndarray) -> dict[str, Any]:
    """What is said of x <- A x whatever epsilon is."""
    size, rho, w = float(np.linalg.norm(A, 2)), float(np.abs(np.linalg.eigvals(A)).max()), numerical_radius(A)
    unit, k = size or 1.0, np.arange(POWERS_OF_A + 1)
    power, logarithms = np.eye(len(A)), [0.0]
    for _ in k[1:]:
        power = power @ (A / unit)
        length = max(float(np.linalg.norm(power, 2)), 1e-300)
        power, logarithms = power / length, [*logarithms, logarithms[-1] + np.log10(length * unit)]
    log_rho, log_w = (np.log10(max(value, 1e-300)) for value in (rho, w))
    norms, kreiss = np.array(logarithms), kreiss_constant(A, "disc")
    return {
        "rate": rho, "start": w, "kreiss": kreiss, "grows": bool(np.isinf(kreiss)),
        "t": k.astype(float), "logarithms": norms,
        "peak": float(10 ** min(norms.max(), 300)), "when": int(norms.argmax()),
        "to_the_edge": _distance_to_circle(A) if rho < 1 - ZERO else 0.0,
        "least": k * log_rho, "most": np.log10(2) + k * log_w,
    }  # fmt: skip


def _distance_to_circle(A: np.ndarray) -> float:
    """min sigma_min(z I - A) over |z| = 1: the smallest E that makes a map unstable."""
    grid = np.linspace(0, 2 * np.pi, 721)
    heights = sigma_min(A, np.exp(1j * grid))
    best, step = grid[heights.argmin()], grid[1]
    found = scipy.optimize.minimize_scalar(
        lambda theta: float(sigma_min(A, np.exp(1j * theta))), bounds=(best - step, best + step), method="bounded"
    )
    return min(float(found.fun), float(heights.min()))


def _window(boundary: np.ndarray, flow: bool) -> tuple[float, float, float, float]:
    """Left, right, bottom and top: the field of values with room around it, and the circle or, if near, the axis."""
    seen = [boundary] if flow else [boundary, np.array([-1, 1, -1j, 1j])]
    z = np.concatenate(seen)
    span = max(np.ptp(z.real), np.ptp(z.imag), 1e-3 * np.abs(z).max()) or 1.0
    left, right, bottom, top = z.real.min(), z.real.max(), z.imag.min(), z.imag.max()
    if flow and max(left, -right) < span:
        left, right = min(left, 0.0), max(right, 0.0)
    width, height = right - left, top - bottom
    room = 0.3 * max(span, width)
    side = max(0.0, 0.8 * (height + 2 * room) - width) / 2  # never a narrow strip
    above = max(0.0, 0.8 * (width + 2 * room) - height) / 2
    room_x, room_y = max(room, side), max(room, above)
    return float(left - room_x), float(right + room_x), float(bottom - room_y), float(top + room_y)


def _field(A: np.ndarray, view: tuple[float, ...], columns: int, rows: int) -> dict[str, np.ndarray]:
    """x, y and height = log10 sigma_min(zI - A) over the window, in single precision."""
    x, y = np.linspace(view[0], view[1], columns), np.linspace(view[2], view[3], rows)
    sigma = sigma_min(A, x + 1j * y[:, None])
    return {"x": x, "y": y, "height": np.log10(np.maximum(sigma, 1e-300)).astype(np.float32)}


def _figure(d: Data) -> Figure:
    x, y, t, end = d.x, d.y, d.t, float(d.t[-1])
    low, high = float(np.floor(np.percentile(d.height, 4))), float(np.ceil(d.height.max()))
    step = next(step for step in (0.25, 0.5, 1.0, 2.0, 4.0, 400.0) if high - low <= 12 * step)
    circle = np.exp(2j * np.pi * np.linspace(0, 1, 181))
    edge = 1j * np.array([y[0], y[-1]]) if d.flow else circle
    hull = np.append(d.boundary, d.boundary[0])
    top = max(float(d.logarithms.max()), 0.0)
    bottom = max(float(d.logarithms.min()), top - 8)
    room = 0.12 * (top - bottom) or 1.0
    names = ("‖exp(tA)‖", "at most exp(tω)", "at least exp(tα)") if d.flow else ("‖Aᵏ‖", "at most 2wᵏ", "at least ρᵏ")
    size, most, least = zip(names, (BLUE, GREEN, MUTED), strict=True)
    steps, sizes = (
        axis("time t" if d.flow else "steps k", 0, end),
        axis(f"log₁₀ {size[0]}", bottom - room, top + 4 * room),
    )
    plane = {"x": axis("Re z", float(x[0]), float(x[-1])), "y": axis("Im z", float(y[0]), float(y[-1]))}
    return figure(
        panel("What it does to sizes", steps, sizes, 0.9).draw(
            line(t, d.least, *least, dash="dot"),
            line(t, d.most, *most),
            line(t, d.logarithms, *size, width=3),
            *key("top right", size, most, least),
        ),
        panel("Where eigenvalues can go; dashed: field of values", **plane, width=1.1, equal=True).draw(
            *height_map(d, low, high, step, bar="log₁₀ σ<sub>min</sub>"),
            line(edge.real, edge.imag, "stable up to here", GREEN, dash="dot"),
            line(hull.real, hull.imag, "field of values", "#ffffff", dash="dash"),
            points(d.eigenvalues.real, d.eigenvalues.imag, "eigenvalue", "#ffffff", symbol="x"),
        ),
        height=420,
        margin={"l": 78},
    )


def _readout(d: Data) -> str:
    names = ("α", "ω", "‖exp(tA)‖", "t") if d.flow else ("ρ", "w", "‖Aᵏ‖", "k")
    said = f"n = {d.n}, {FLOW if d.flow else MAP}: {names[0]} = {number_text(d.rate, 3)} from the eigenvalues, "
    said += f"{names[1]} = {number_text(d.start, 3)} from the field of values; "
    if d.grows:
        said += f"UNSTABLE: {names[2]} grows without bound. "
    else:
        rising = d.when == d.t[-1] and d.logarithms[-1] > d.logarithms[-2] + 1e-9  # the peak comes after the picture
        word = "still rises, to" if rising else "peaks at"
        said += f"{names[2]} {word} {number_text(d.peak, 3)} ({names[3]} = {number_text(d.when, 3)}), "
        said += f"Kreiss constant {number_text(d.kreiss, 3)}. "
    said += f"For ε = {number_text(d.relative, 3)} ‖A‖ = {number_text(d.epsilon, 3)} "
    if d.flow:
        said += f"the red line reaches Re z = {number_text(d.reach, 3)}"
        forced = d.reach / d.epsilon if d.epsilon and not d.grows else 0.0
        said += f" and forces a peak of at least {number_text(forced, 3)}. " if forced > 1 else ". "
    else:
        said += f"the red line {'crosses' if d.epsilon > d.to_the_edge else 'stays within'} the circle. "
    return said + f"An E of norm {number_text(d.to_the_edge, 3)} can end stability." * (d.to_the_edge > 0)


def _code(source: Any, mass: Any, d: dict[str, Any]) -> str:
    given, saved = [_written(source), "None" if mass is None else _written(mass)], ""
    make = given[0] if mass is None else f"ps.energy_matrix({', '.join(given)})"
    if not all(given):
        make, saved = 'np.load("your_own_matrix.npz")["A"]', "   # what the button NPZ saves"
    lines = FLOW_CODE if d["flow"] else MAP_CODE
    return f"""
        import numpy as np
        import spectral_lab.pseudospectra as ps

        A = {make}{saved}
        size = np.linalg.norm(A, 2)
        epsilon = {d["relative"]:.6g} * size
        """ + "\n        ".join(lines[: None if d["to_the_edge"] > 0 else -1])


def _written(matrix: Any) -> str:
    """The matrix as code; empty if that would be too long to read."""
    if isinstance(matrix, (str, os.PathLike)):
        text = str(matrix)
        if not set(text) & set("[#%"):  # rows side by side
            text = "; ".join(line.strip() for line in text.strip().splitlines())
        return f"ps.read_matrix({text!r})" if len(text) <= 2000 else ""
    array = checks.array(matrix, "matrix")
    return f"np.array({array.tolist()})" if array.size <= 144 else ""


FLOW_CODE = (
    "alpha, reach = ps.spectral_abscissa(A), ps.pseudospectral_abscissa(A, epsilon)",
    f"t = np.linspace(0, 10 / max(abs(alpha), 0.02 * size), {TIMES + 1})",
    f"norms = ps.semigroup_norms(A, t[1], {TIMES})",
    "print(len(A), alpha, ps.numerical_abscissa(A), ps.kreiss_constant(A), norms.max(), t[norms.argmax()])",
    "print(epsilon, reach, reach / epsilon)",
    "print(1 / ps.hinf_norm(A, np.eye(len(A)), np.eye(len(A)))[0])   # the distance to instability",
)
MAP_CODE = (
    f"norms = ps.power_norms(A, {POWERS_OF_A})",
    "print(len(A), abs(np.linalg.eigvals(A)).max(), ps.numerical_radius(A), epsilon)",
    'print(max(norms), np.argmax(norms), ps.kreiss_constant(A, "disc"))',
    "circle = np.exp(2j * np.pi * np.arange(100_000) / 100_000)",
    "print(ps.sigma_min(A, circle).min())   # the distance to instability",
)
