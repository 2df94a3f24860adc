"""Demonstration 2, second part: for each input the two systems agree in the end, but never for all inputs at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, integers, number_text, rounded
from spectral_lab.explorer.palette import GREEN, INK, MUTED, PINK, RED
from spectral_lab.explorer.theme import Figure, axis, figure, line, note, panel, points
from spectral_lab.pseudospectra.legs import diag_gap, diag_gap_norm, legs_state_modes, legs_transfer

SIZES = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
# Rates of decay: never a whole number, where the input would hit a pole of LegS exactly.
RATES = rounded(0.7 * 2 ** (np.arange(40) / 3), 4)
TIMES = 400


@lru_cache(maxsize=512)
def _modes(n: int, l: int) -> tuple[np.ndarray, np.ndarray]:
    """Poles of S4D and of S4, and the residues of their difference, as seen from state l."""
    (poles, residues), (own_poles, own) = legs_state_modes(n, l, "diag"), legs_state_modes(n, l)
    return np.concatenate([poles, own_poles]), np.concatenate([residues, -own])


def _outputs(n: int, l: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Poles and residues of the difference of the outputs for u(t) = sqrt(2a) e^{-at}, which has unit energy."""
    poles, residues = _modes(n, l)
    size = np.sqrt(2 * rate)
    C = np.eye(n)[l - 1]
    at_input = legs_transfer(n, -rate, C, "diag") - legs_transfer(n, -rate, C)
    return np.append(poles, -rate), np.append(residues * size / (poles + rate), size * at_input)


@lru_cache(maxsize=2048)
def _error(n: int, l: int, rate: float) -> float:
    """||y_S4D - y_S4|| in L^2 over t > 0: sum_ij r_i conj(r_j) / -(p_i + conj(p_j)), squared."""
    poles, residues = _outputs(n, l, rate)
    gram = -1 / (poles[:, None] + poles.conj())
    return float(np.sqrt((residues @ gram @ residues.conj()).real))


@lru_cache(maxsize=64)
def _worst(n: int, l: int) -> float:
    return diag_gap_norm(n, np.eye(n)[l - 1])[0]


@lru_cache(maxsize=64)
def _highest_spike(n: int, l: int) -> float:
    """`_worst` without the search between the spikes: 0.3 % lower at n = l = 4, less elsewhere, so fit for a curve."""
    return float(np.abs(diag_gap(n, 1j * _modes(n, l)[0].imag[: n // 2], np.eye(n)[l - 1])).max())


def _compute(n: int, l: int, rate: float) -> dict[str, Any]:
    l = min(l, n)
    t = np.linspace(0, 5 / min(rate, 1), TIMES)
    poles, residues = _outputs(n, l, rate)
    gap = (np.exp(t[:, None] * poles) @ residues).real
    # The output of S4: residues at -1..-l, with the sign of S4 in the difference turned round, and at the input's pole.
    transfer = legs_transfer(n, -rate, np.eye(n)[l - 1])
    k = np.arange(1, l + 1)
    own = -residues[n : n + l]
    s4 = (np.exp(-t[:, None] * k) @ own + np.sqrt(2 * rate) * transfer * np.exp(-rate * t)).real
    sizes = np.array([size for size in SIZES if size >= l])
    return {
        "l": l, "t": t, "S4": s4, "S4D": s4 + gap, "sizes": sizes,
        "errors": np.array([_error(int(size), l, rate) for size in sizes]),
        "worst": np.array([_highest_spike(int(size), l) for size in sizes]),
        "error": _error(n, l, rate), "here": _worst(n, l),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    drawn, n = np.concatenate([d.S4, d.S4D, [0.0]]), d.sizes
    room = 0.1 * np.ptp(drawn)
    return figure(
        panel(
            "The two outputs (S4 blue, S4D red)",
            axis("time t", 0, float(d.t[-1])),
            axis("output y(t)", drawn.min() - room, drawn.max() + room),
        ).draw(
            line(d.t, d.S4D, "S4D", RED, width=1.5),
            line(d.t, d.S4, "S4", width=2.5),
        ),
        panel(
            "How far apart, over n",
            axis("states n", 3.5, 290, log=True),
            axis("‖y<sub>S4D</sub> − y<sub>S4</sub>‖ for ‖u‖ = 1", 1e-4, 10, log=True),
        ).draw(
            line(n, d.worst, "worst input", PINK),
            line(n, d.errors, "this input", GREEN),
            line(n, 0.5 / n, "1/(2n)", MUTED, dash="dot"),
            points([d.n, d.n], [d.here, d.error], "now", INK, size=8),
            note("worst input", 4, 2 * d.worst[0], PINK),
            note("this input", 256, 4.5 * d.errors[-1], GREEN, anchor="right"),
        ),
    )


def _readout(d: Data) -> str:
    return (
        f"n = {d.n}, state {d.l}, u = √(2a)·exp(−at) with a = {number_text(d.rate)}: the outputs differ by "
        f"{d.error:.4f} in L²; the worst input of the same energy makes it {d.here:.4f}."
    )


def _code(n: int, l: int, rate: float) -> str:
    return f"""
        import numpy as np
        from spectral_lab.pseudospectra import diag_gap, diag_gap_norm

        C = np.eye({n})[{min(l, n) - 1}]
        omega = np.linspace(0, 4 * {n}**2, 400_001)
        u = np.sqrt(2 * {rate}) / ({rate} + 1j * omega)                    # its energy is 1
        error = np.sqrt(np.trapezoid(abs(diag_gap({n}, 1j * omega, C) * u) ** 2, omega) / np.pi)
        print(error, diag_gap_norm({n}, C))                              # this input; the worst one, and its frequency
    """


def weak_not_strong(**state: Any) -> Explorer:
    """Output error of S4D for one input, falling like 1/n, and for the worst input, which stays (Theorems 1 and 2)."""
    return Explorer(
        title="Weakly, not strongly",
        controls=[
            Slider("n", "states $n$", SIZES, 32, play=True),
            integers("l", r"read state $\ell$", 1, 4, 1),
            Slider("rate", "input’s decay $a$", RATES, RATES[1]),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "A slow input": {"rate": RATES[0]},
            "A sharp input": {"rate": RATES[24]},
            "A click": {"rate": RATES[-1]},
        },
        state=state,
    )
