"""Demonstration 5: sing one faint note at three systems and see which of them answers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, number_text, rounded, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, Trace, axis, figure, key, line, panel
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.legs import legs_state_modes, s4d_frequencies
from spectral_lab.pseudospectra.modal import hold, sampled_transfer
from spectral_lab.pseudospectra.ptd import stored_path

N = 32
LENGTH = 1024
SYSTEMS = ("S4", "S4D", "S4-PTD")
SPIKES = s4d_frequencies(N)
# A logarithmic grid of frequencies, and the spikes with their neighbourhood.
FREQUENCIES = tuple(
    sorted({float(f"{w:.2f}") for w in [*np.geomspace(5, 1000, 60), *SPIKES[:4], *(SPIKES[0] + np.arange(-6, 7))]})
)
NU = float(f"{SPIKES[0]:.2f}")
# One period of the note a step: sampled, it is a constant.
BLIND = float(f"{2 * np.pi / SPIKES[0]:.5g}")
STEPS = tuple(sorted({*rounded(np.geomspace(1e-3, 3e-2, 45), 4), BLIND}))


@lru_cache(maxsize=8)
def _modes(l: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Poles and residues of each system as seen from state l: its impulse response is sum_i r_i e^{p_i t}."""
    ptd = stored_path(N).nearest(0.035)
    return {
        "S4": legs_state_modes(N, l),
        "S4D": legs_state_modes(N, l, "diag"),
        "S4-PTD": (ptd.eigenvalues, ptd.V[l - 1] * np.linalg.solve(ptd.V, legs(N)[1] + 0j)),
    }


@lru_cache(maxsize=256)
def _kernels(l: int, step: float) -> np.ndarray:
    """Impulse responses of the three systems sampled by zero-order hold, through the FFT that convolves with them."""
    kernels = []
    for poles, residues in _modes(l).values():
        _, held = hold(poles, residues, step)
        # e^{p step k} for all k as an outer product of 32 by 32 powers.
        k = np.arange(32)
        powers = np.exp(np.outer(k * 32 * step, poles))[:, None] * np.exp(np.outer(k * step, poles))
        kernels.append((powers.reshape(LENGTH, -1) @ held).real)
    return np.fft.rfft(np.array(kernels), 2 * LENGTH)


@lru_cache(maxsize=256)
def _gains(l: int, step: float) -> tuple[np.ndarray, np.ndarray]:
    near = SPIKES[:6, None] + np.linspace(-3, 3, 13)
    omega = np.unique(np.concatenate([np.geomspace(5, 1000, 220), near.ravel()]))
    return omega, np.array([np.abs(sampled_transfer(*modes, omega, step)) for modes in _modes(l).values()])


def _compute(omega: float, loudness: float, step: float, l: int) -> dict[str, Any]:
    t = step * np.arange(LENGTH)
    smooth = np.sin(2 * np.pi * 1.5 * t / t[-1]) * np.exp(-t / t[-1])
    u = smooth + loudness * np.cos(omega * t)
    outputs = np.fft.irfft(np.fft.rfft(u, 2 * LENGTH) * _kernels(l, step))[:, :LENGTH]
    clean = np.fft.irfft(np.fft.rfft(smooth, 2 * LENGTH) * _kernels(l, step))[:, :LENGTH]
    grid, gains = _gains(l, step)
    heard = np.abs(outputs - clean)[:, LENGTH // 2 :].max(axis=1)
    return {
        "t": t, "u": u, "outputs": outputs, "grid": grid, "gains": gains, "heard": heard,
        "size": np.abs(clean[0]).max(), "nyquist": np.pi / step,
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    end = float(d.t[-1])
    size = max(float(d.size), float(np.abs(d.outputs).max()) / 2.2)  # a loud note is drawn whole
    S4, S4D, PTD = _curves(d.t, d.outputs)
    return figure(
        panel(
            "What comes out", axis("time t", 0, end), axis(f"output of state {d.l}", -2.2 * size, 2.6 * size), 1.25
        ).draw(S4D, S4, PTD, *key("bottom left", ("S4 (wide)", BLUE), ("S4D", RED), ("S4-PTD", GREEN))),
        panel(
            "Which notes are loud", axis("ω", 5, 1000, log=True), axis("gain after sampling", 1e-5, 10, log=True)
        ).draw(
            *_curves(d.grid, d.gains),
            line([d.omega] * 2, [1e-5, 10], "the note", INK, width=1.5, dash="dot"),
            line([d.nyquist] * 2, [1e-5, 10], "half the sampling rate", MUTED),
        ),
    )


def _curves(x: np.ndarray, ys: np.ndarray) -> list[Trace]:
    styles = zip(ys, SYSTEMS, (BLUE, RED, GREEN), (4, 1.2, 1.8), strict=True)
    return [line(x, y, name, color, width=width) for y, name, color, width in styles]


def _readout(d: Data) -> str:
    parts = [f"{name} {number_text(h, 2)}" for name, h in zip(SYSTEMS, d.heard, strict=True)]
    return (
        f"n = {N}, a note of size {number_text(d.loudness)} at ω = {d.omega:.2f}, Δ = {number_text(d.step)}, "
        f"state {d.l}: in the second half it shows in the output with {', '.join(parts)} "
        f"(the clean output is at most {number_text(d.size, 2)})."
    )


def _code(omega: float, loudness: float, step: float, l: int) -> str:
    return f"""
        import numpy as np
        from spectral_lab.hippo import discretize, legs
        from spectral_lab.pseudospectra import legs_normal, stored_path

        A, B = legs({N})
        E, t = stored_path({N}).nearest(0.035).E, {step} * np.arange({LENGTH})

        def output(system, inputs):
            (M, b), x, y = discretize(*system, {step}, "zoh"), np.zeros({N}), []
            for u in inputs:
                x = M @ x + b * u
                y.append(x[{l - 1}])
            return abs(np.array(y))

        note = {loudness} * np.cos({omega} * t)
        for name, system in {{"S4": (A, B), "S4D": legs_normal({N}), "S4-PTD": (A + E, B)}}.items():
            print(name, output(system, note)[{LENGTH // 2}:].max())
        print(output((A, B), np.sin(2 * np.pi * 1.5 * t / t[-1]) * np.exp(-t / t[-1])).max())   # without the note
    """


def sing_at_it(**state: Any) -> Explorer:
    """Outputs of S4, S4D and S4-PTD for a smooth signal with one faint tone, and their gains after sampling."""
    return Explorer(
        title="Sing at it",
        controls=[
            Slider("omega", r"frequency $\omega$", FREQUENCIES, NU, play=True),
            slider("loudness", "size $a$", 0.05, 1.0, 0.3, steps=19),
            Slider("step", r"time step $\Delta$", STEPS, STEPS[24]),
            Slider("l", r"read state $\ell$", (1, 2, 3, 4), 1),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Beside the spike": {"omega": float(f"{SPIKES[0] - 6:.2f}")},
            "The next spike": {"omega": float(f"{SPIKES[1]:.2f}")},
            "Short ears": {"step": STEPS[0]},
            "Sampled away": {"step": BLIND},
        },
        state=state,
    )
