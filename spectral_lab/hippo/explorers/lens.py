"""Demonstration 2: what a memory of n numbers still knows of the past, and up to which age."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, Slider, choice, integers, number_text, slider, toggle
from spectral_lab.explorer.palette import GREEN, INK, MUTED, PINK, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, note, panel
from spectral_lab.hippo.bases import measure
from spectral_lab.hippo.reconstruction import memory, recall_matrix
from spectral_lab.hippo.signals import white_signal
from spectral_lab.hippo.timescales import horizon

MEMORIES = {"LegS": "legs", "LegT": "legt", "FouT": "fout", "LegS, scaled": "legs_scaled"}
SIZES = (8, 16, 24, 32, 48, 64, 96, 128)
DT, SAMPLES = 0.004, 1500


@lru_cache(maxsize=64)
def _signal(f: int, tone: bool) -> np.ndarray:
    """Noise up to f, or one tone at f, of rms about one half."""
    if tone:
        return np.sin(2 * np.pi * f * DT * np.arange(SAMPLES)) / np.sqrt(2)
    return white_signal(DT * SAMPLES, DT, float(f), seed=3)


@lru_cache(maxsize=48)
def _kernels(family: str, n: int) -> np.ndarray:
    """A_bar^k B_bar, k = 0..SAMPLES-1: the states that one impulse leaves behind."""
    impulse = np.zeros(SAMPLES)
    impulse[0] = 1.0
    return memory(family, n, impulse, DT)


@lru_cache(maxsize=24)
def _scaled_states(n: int, f: int, tone: bool) -> np.ndarray:
    return memory("legs_scaled", n, _signal(f, tone), DT)


@lru_cache(maxsize=48)
def _reader(family: str, n: int) -> np.ndarray:
    """The matrix from a state to the samples, newest first."""
    return np.ascontiguousarray(recall_matrix(family, n, SAMPLES, DT, half_sample=True)[::-1])


def _compute(memory: str, n: int, f: int, now: float, tone: bool) -> dict[str, Any]:
    family, u = MEMORIES[memory], _signal(f, tone)
    samples = min(max(round(now / DT), 1), SAMPLES)
    past = u[:samples][::-1]  # newest first, as ages count
    age = (np.arange(samples) + 0.5) * DT
    if family == "legs_scaled":
        reader = recall_matrix(family, n, samples, DT, half_sample=True)[::-1]
        remembered = reader @ _scaled_states(n, f, tone)[samples - 1]
        weight = np.full(samples, 1 / (samples * DT))
    else:
        remembered = _reader(family, n)[:samples] @ (past @ _kernels(family, n)[:samples])
        weight = measure(family, age)
    remembered = np.where(weight > 0, remembered, np.nan)
    gap = np.where(weight > 0, remembered - past, past)
    return {
        "now": samples * DT, "time": DT * np.arange(SAMPLES), "u": u,
        "past": samples * DT - age, "remembered": remembered, "weight": weight, "age": age,
        "local": _local_rms(gap, max(round(1 / (f * DT)), 1)) / np.sqrt(np.mean(u**2)),
        "error": float(np.sqrt((weight * gap**2).sum() / (weight * past**2).sum())),
        "horizon": float(horizon(n, f)),
    }  # fmt: skip


def _local_rms(x: np.ndarray, width: int) -> np.ndarray:
    """Root mean square over a moving window of so many samples, shortened at the ends."""
    total = np.concatenate([[0.0], np.cumsum(x**2)])
    k = np.arange(len(x))
    low, high = np.maximum(k - width // 2, 0), np.minimum(k + width // 2 + 1, len(x))
    return np.sqrt(np.maximum(total[high] - total[low], 0) / (high - low))


def _figure(d: Data) -> Figure:
    seen = d.weight > 0
    shade = -2.2 + 1.1 * d.weight / max(1.0, d.weight.max())
    past, at = d.past[seen], d.horizon if d.memory == "LegS" else -1.0
    signal, error = axis("signal", -2.2, 2.2), axis("local error / rms of the signal", 0, 1.6)
    mark = note(f"s* = {at:.2f}", at, 1.52, GREEN, anchor="left" if at < 4 else "right")
    return figure(
        panel("The past (grey) and what n numbers know of it (blue)", axis("time", 0, 6), signal, 1.8).draw(
            line(d.time, d.u, "signal", MUTED, width=1),
            line(past, np.full(len(past), -2.2), color=PINK, width=0),
            line(past, shade[seen], "measure", PINK, fill="tonexty", width=1),
            line(d.past, d.remembered, "remembered"),
            line([d.now, d.now], [-2.2, 2.2], "now", INK, width=1, dash="dot"),
            note("now", d.now, 2.05, anchor="left" if d.now < 5.4 else "right"),
            *key("bottom left", ("ω: what counts", PINK)),
        ),
        panel("Error over age", axis("age s", 0, 6), error).draw(
            line(d.age, np.minimum(d.local, 1.6), "error", RED, width=1.5),
            line([0, 6], [0.5, 0.5], color=MUTED, dash="dot", width=1),
            line([at, at], [0, 1.6], "horizon", GREEN),
            *(note("½", 5.75, 0.58, MUTED), *[mark] * (at >= 0)),
        ),
    )


def _readout(d: Data) -> str:
    far = f"; its horizon is s* = {d.horizon:.2f}" if d.memory == "LegS" else ""
    signal = f"a tone of f = {d.f}" if d.tone else f"signal up to f = {d.f}"
    return (
        f"{d.memory} with n = {d.n} at t = {d.now:.2f}, {signal}: the error in its own measure is "
        f"{number_text(100 * d.error, 3)} %{far}."
    )


def _code(memory: str, n: int, f: int, now: float, tone: bool) -> str:
    family, at = MEMORIES[memory], min(max(round(now / DT), 1), SAMPLES) - 1
    u = (
        f"np.sin(2 * np.pi * {f} * {DT:g} * np.arange({SAMPLES})) / np.sqrt(2)"
        if tone
        else f"white_signal({DT * SAMPLES:g}, {DT:g}, {f}.0, seed=3)"
    )
    return f"""
        import numpy as np
        from spectral_lab.hippo import horizon, reconstruct, relative_error, white_signal

        u = {u}
        past = reconstruct("{family}", {n}, u, {DT:g}, at={at}, half_sample=True)
        print(100 * relative_error("{family}", past, u[:{at + 1}], {DT:g}), "%")
        print(horizon({n}, {f}), {(at + 1) * DT:g})   # of LegS, and now
    """


def foveated_lens(**state: Any) -> Explorer:
    """A signal, its reconstruction from the state, and the local error with the resolution horizon of LegS."""
    return Explorer(
        title="Memory as a foveated lens",
        controls=[
            choice("memory", "memory", list(MEMORIES)),
            Slider("n", "states $n$", SIZES, 32),
            integers("f", "highest frequency $f$", 1, 30, 5),
            slider("now", "now $t$", 0.2, 6, 5, steps=145, play=True),
            toggle("tone", "one tone at $f$"),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Sharp now, blurred then": {"memory": "LegS", "n": 64, "f": 5},
            "One tone and the horizon": {"memory": "LegS", "n": 128, "f": 6, "tone": True},
            "A window, all or nothing": {"memory": "LegT", "n": 64, "f": 12},
            "Fourier and its jump": {"memory": "FouT", "n": 64, "f": 12},
            "Everything, equally": {"memory": "LegS, scaled", "n": 64, "f": 5},
            "Too fast for eight numbers": {"memory": "LegS", "n": 8, "f": 30},
        },
        state=state,
    )
