"""Demonstration 4: plant signals in noise, and walk through the phases that spectra of trained layers show."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Choice, Data, Explorer, integers, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.heavytails.ensembles import gaussian_matrix, pareto_matrix
from spectral_lab.heavytails.esd import esd, weight_metrics
from spectral_lab.heavytails.explorers._drawing import density, outline
from spectral_lab.heavytails.marchenko_pastur import MarchenkoPastur
from spectral_lab.heavytails.spikes import spiked_matrix

M, N = 160, 320
q, THRESHOLD = M / N, (M / N) ** 0.25
LAW, GRID = MarchenkoPastur(1 / q), np.linspace(0, 4, 81)
ENTRIES = ("normal", "heavy-tailed")
PROFILES = ("all equal", "falling to 0")


@lru_cache(maxsize=8)
def _parts(entries: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise of unit bulk, and orthonormal directions to plant signals in."""
    rng = np.random.default_rng(100 + seed)
    noise = gaussian_matrix((M, N), seed) if entries == "normal" else pareto_matrix((M, N), 1.5, seed)
    if entries != "normal":
        noise = noise * np.sqrt(MarchenkoPastur(1 / q).quantile(0.5) / np.median(esd(noise)))
    u, v = (np.linalg.qr(rng.standard_normal((side, 60)))[0] for side in (M, N))
    return noise, u, v


@cache
def _bulk() -> tuple[np.ndarray, np.ndarray]:
    x = LAW.quantile(np.linspace(0.002, 0.998, 120))
    return x, LAW.pdf(x)


@cache
def _overlaps() -> np.ndarray:
    return np.array([spiked_matrix(x * THRESHOLD, q)[1] for x in GRID])


def _compute(strength: float, count: int, profile: str, entries: str, kept: float, seed: int) -> dict[str, Any]:
    noise, u, v = _parts(entries, seed)
    falling = np.ones(count) if profile == PROFILES[0] else 1 - np.arange(count) / max(count, 1)
    s = strength * THRESHOLD * falling
    W = noise + (u[:, :count] * s) @ v[:, :count].T
    rows = max(round(kept * M), 2)  # the others are 0
    U, sigma, _ = np.linalg.svd(W[:rows], full_matrices=False)
    values = np.sort(np.concatenate([sigma**2, np.zeros(M - rows)]))
    metrics, edge = weight_metrics(values), LAW.edges[1]
    end = max(4.0, min(1.1 * float(values[-1]), 14.0))  # a few values of heavy-tailed matrices lie far beyond
    bars = density(values[values > 1e-9], 50, end=end)
    return {
        "end": end,
        "bars": bars[0],
        "heights": bars[1],
        "edge": edge,
        "expected": spiked_matrix(float(s[0]) if count else 0.0, q)[0],
        "overlap": float(((u[:rows, :count].T @ U[:, 0]) ** 2).sum()),  # signals of one strength share it
        "stable": metrics.stable_rank,
        "entropy": metrics.entropy,
        "alpha": metrics.alpha,
        "rank": metrics.matrix_rank,
        "out": int((values > 1.03 * edge).sum()),
        "noise": LAW.hill_exponent(),
        "grid": GRID,
        "overlaps": _overlaps(),
    }


def _figure(d: Data) -> Figure:
    told = d.count and d.kept == 1 and d.entries == ENTRIES[0] and d.expected < d.end  # where the theory speaks of it
    expected = [points([d.expected], [0.03], "theory: the first signal", RED, size=11, symbol="triangle-up")]
    ratio = axis("strength over threshold", 0, 4)
    return figure(
        panel("The spectrum", axis("eigenvalue", 0, d.end), axis("density", 0, 1.1), 1.6).draw(
            outline(d.bars, d.heights, "eigenvalues", BLUE, fill="tozeroy"),
            line(*_bulk(), "law of noise", INK),
            line([d.edge] * 2, [0, 1.1], "edge of noise", MUTED, dash="dot"),
            *(expected if told else []),
            *key(
                "top right",
                ("law of noise", INK),
                ("this matrix", BLUE),
                *([("theory for the first signal", RED)] if told else []),
            ),
        ),
        panel("Does the top vector know the signals?", ratio, axis("share of it that they hold", 0, 1.02)).draw(
            line(d.grid, d.overlaps, "theory for one signal", GREEN, width=2.5),
            line([1, 1], [0, 1.02], "threshold", MUTED, dash="dot"),
            points([d.strength], [d.overlap], "this matrix", BLUE, size=10),
        ),
    )


def _readout(d: Data) -> str:
    planted = (
        f"signals planted: {d.count}, {d.profile}, {d.strength:.3g} times the threshold" if d.count else "no signal"
    )
    read = f"α {d.alpha:.2f} (noise reads {d.noise:.2f})" if 2 * d.rank >= M else "no α: the upper half starts at 0"
    return (
        f"{planted}; {d.entries} entries: {d.out} eigenvalue{'s' * (d.out != 1)} clear of the bulk of noise; rank "
        f"{d.rank}, stable rank {d.stable:.1f}, entropy {d.entropy:.2f}, {read}."
    )


def _code(strength: float, count: int, profile: str, entries: str, kept: float, seed: int) -> str:
    falling = f"np.ones({count})" if profile == PROFILES[0] else f"1 - np.arange({count}) / {max(count, 1)}"
    noise = f"gaussian_matrix(({M}, {N}), seed={seed})"
    if entries != "normal":
        noise = f"pareto_matrix(({M}, {N}), 1.5, seed={seed})"
    scale = "" if entries == "normal" else "noise *= np.sqrt(law.quantile(0.5) / np.median(esd(noise)))"
    return f"""
        import numpy as np
        from spectral_lab.heavytails import MarchenkoPastur, esd, weight_metrics
        from spectral_lab.heavytails import {noise.split("(")[0]}

        law, rng = MarchenkoPastur({N} / {M}), np.random.default_rng({100 + seed})
        noise = {noise}
        {scale}
        u, v = (np.linalg.qr(rng.standard_normal((side, 60)))[0] for side in ({M}, {N}))
        s = {strength} * {THRESHOLD!r} * ({falling})      # in units of the threshold (m/n)^(1/4)
        W = noise + (u[:, :{count}] * s) @ v[:, :{count}].T
        W[{max(round(kept * M), 2)}:] = 0
        values = esd(W)
        print((values > 1.03 * law.edges[1]).sum(), law.hill_exponent())
        print(weight_metrics(values))
    """


def spikes_and_phases(**state: Any) -> Explorer:
    """Noise with planted signals: the transition of Baik, Ben Arous and Péché, and the 5+1 phases of training."""
    return Explorer(
        title="Spikes and phases",
        controls=[
            slider("strength", "strength over threshold", 0.0, 4.0, 2.0, steps=80, digits=3, play=True),
            integers("count", "signals", 0, 60, 5),
            Choice("profile", "strengths", PROFILES, PROFILES[0]),
            Choice("entries", "entries", ENTRIES, ENTRIES[0]),
            slider("kept", "share of rows kept", 0.2, 1.0, 1.0, steps=16, digits=3),
            integers("seed", "seed", 0, 5, 0),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Random-like": {"count": 0},
            "Bleeding out": {"count": 3, "strength": 1.2},
            "Bulk and spikes": {"count": 5, "strength": 2.5},
            "Bulk decay": {"count": 60, "strength": 3.0, "profile": PROFILES[1]},
            "Heavy-tailed": {"count": 0, "entries": ENTRIES[1]},
            "Rank collapse": {"count": 0, "kept": 0.5},
            "Below the threshold: nothing to see": {"count": 1, "strength": 0.8},
        },
        state=state,
    )
