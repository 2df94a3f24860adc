"""Demonstration 6: words or numbers?"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, integers, slider
from spectral_lab.explorer.palette import BLUE, GREEN, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points

# What a sample of each head misses by, root mean square, on the same curve in the same steps: the recorded runs
# generation/precision/..., in results/; tests/generation/test_explorers.py holds these to them.
BINS = {16: 0.0672, 64: 0.0853, 256: 0.0944, 1024: 0.0974, 4096: 0.0947}
DIFFUSION = {1: 0.0397, 4: 0.0347, 16: 0.0317}
REGRESSION = 0.0078
TRAINED = 2000  # numbers of each coordinate that were trained on


@lru_cache(maxsize=8)
def _numbers() -> np.ndarray:
    """As many numbers as were trained on: a sine at random places, as the coordinates of the curve are."""
    return 0.9 * np.sin(2 * np.pi * np.random.RandomState(0).rand(TRAINED))


def _compute(K: float, scale: float, atoms: int) -> dict[str, Any]:
    bins, y = int(K), _numbers()
    edges = np.linspace(-1, 1, bins + 1)
    counts = np.histogram(y, edges)[0]
    centres = (edges[1:] + edges[:-1]) / 2
    rounded = centres[np.clip(((y + 1) / 2 * bins).astype(int), 0, bins - 1)]
    return {
        "bins": bins, "empty": float((counts == 0).mean()), "counts": counts, "centres": centres,
        "floor": 2 / (bins * np.sqrt(12)), "rounded": float(np.sqrt(((y - rounded) ** 2).mean())),
        "spelled": BINS[bins], "drawn": DIFFUSION[int(scale)], "slots": atoms + 3,
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    K = np.array(list(BINS))
    low, high = 1e-4, 1.0
    shown = slice(None, None, max(1, d.bins // 512))
    return figure(
        panel("What a sample misses by", axis("bins K", 11, 6000, log=True), axis("", low, high, log=True), 1.1).draw(
            line(K, 2 / (K * np.sqrt(12)), "rounding alone", MUTED, dash="dash"),
            line(K, list(BINS.values()), "a softmax over K words", BLUE),
            points(K, list(BINS.values()), "a softmax over K words", BLUE, size=7),
            line([11, 6000], [REGRESSION] * 2, "least squares", GREEN, dash="dot"),
            line([11, 6000], [d.drawn] * 2, "diffusion at this scale", RED),
            points([d.bins], [d.spelled], "here", BLUE, size=13),
            *key("bottom left", ("a softmax over K words", BLUE), ("diffusion at this scale", RED),
                 ("least squares", GREEN), ("rounding alone", MUTED)),
        ),
        panel("How often each word was seen", axis("the number", -1.05, 1.05), axis("", -0.04 * 460, 460), 0.9).draw(
            points(d.centres[shown], d.counts[shown], "seen", BLUE, size=4),
        ),
        panel("Slots of a sentence", axis("", -0.6, 1.6, tickvals=[0, 1], ticktext=["words", "vectors"]),
              axis("", 0, 160), 0.6).draw(
            line([0, 0], [0, 3 * d.slots], "three words for a vector", BLUE, width=30),
            line([1, 1], [0, d.slots], "one slot for a vector", RED, width=30),
        ),
        height=360,
    )  # fmt: skip


def _readout(d: Data) -> str:
    return (
        f"{d.bins} bins: rounding alone misses by {d.floor:.5f}, 2000 numbers here by {d.rounded:.5f}; a trained "
        f"softmax by {d.spelled:.3f} (recorded). {100 * d.empty:.0f} % of its words were never seen. Diffusion at "
        f"scale {d.scale:g}: {d.drawn:.3f}; least squares: {REGRESSION:.3f}. {d.atoms} "
        f"atom{'s' * (d.atoms > 1)} and a cell take {3 * d.slots} words or {d.slots} vectors."
    )


def _code(K: float, scale: float, atoms: int) -> str:
    return f"""
        import numpy as np
        from spectral_lab import records

        K, y = {int(K)}, 0.9 * np.sin(2 * np.pi * np.random.RandomState(0).rand({TRAINED}))
        edges = np.linspace(-1, 1, K + 1)
        place = np.clip(((y + 1) / 2 * K).astype(int), 0, K - 1)
        middle = (edges[1:] + edges[:-1]) / 2
        print(2 / (K * np.sqrt(12)), np.sqrt(((y - middle[place]) ** 2).mean()))
        print(100 * (np.histogram(y, edges)[0] == 0).mean())
        for head in ("bins-{int(K)}", "diffusion-{int(scale)}", "regression"):
            runs = records.select("generation/precision/" + head, metrics=["RMSE"])
            print(head, np.mean([run.metrics["RMSE"] for run in runs]))
        print(3 * ({atoms} + 3), {atoms} + 3)
    """


def words_or_numbers(**state: Any) -> Explorer:
    """How well a number can be spelled in words, and how well it can be drawn."""
    return Explorer(
        title="Words or numbers?",
        controls=[
            slider("K", "bins $K$", 16, 4096, 256, steps=4, log=True),
            slider("scale", "scale of diffusion", 1, 16, 4, steps=2, log=True),
            integers("atoms", "atoms", 1, 50, 20),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "Bins that stop helping": {"K": 4096},
            "Few words": {"K": 16},
            "Scaled up": {"scale": 16},
        },
        state=state,
    )
