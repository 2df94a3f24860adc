"""Demonstration 6: who gets pruned? Real exponents of LLaMA-7B, and what the map makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.explorer import Choice, Data, Explorer, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, PINK, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, panel, points
from spectral_lab.heavytails.allocation import alpha_pruning
from spectral_lab.heavytails.llama import BLOCKS, KEYS, MATRICES, MATRIX_SIZES, llama_alphas

MAPS = ("block means", "single matrices")
COLORS = dict(zip(KEYS, (BLUE, RED, PINK, GREEN), strict=True))
CLIP = 0.998


def _compute(sparsity: float, epsilon: float, map: str) -> dict[str, Any]:
    by_block = map == MAPS[0]
    sizes = np.full(BLOCKS, sum(MATRIX_SIZES)) if by_block else np.tile(MATRIX_SIZES, BLOCKS)
    given = np.array([alphas.mean(axis=1) if by_block else alphas.ravel() for alphas in llama_alphas().values()])
    shares = np.array([alpha_pruning(alphas, sizes, sparsity, epsilon, CLIP) for alphas in given])
    return {
        "alphas": given,
        "shares": shares,
        "total": shares @ sizes / sizes.sum(),
        "clipped": (shares == CLIP).sum(axis=1),
        "place": np.arange(1, given.shape[1] + 1) / (1 if by_block else len(MATRICES)),
    }


def _figure(d: Data) -> Figure:
    place = axis("block", 0, BLOCKS + 1)
    width = 2.2 if d.map == MAPS[0] else 1.0
    over = [(d.place[row == CLIP], row[row == CLIP]) for row in d.shares]
    return figure(
        panel("What was measured", place, axis("α", 1, 1.1 * float(d.alphas.max()))).draw(
            *(line(d.place, row, name, COLORS[name], width=width) for name, row in zip(KEYS, d.alphas, strict=True)),
            *key("top left", *((name, COLORS[name]) for name in KEYS)),
        ),
        panel("What is pruned", place, axis("share of weights pruned", 0.3, 1.02)).draw(
            *(line(d.place, row, name, COLORS[name], width=width) for name, row in zip(KEYS, d.shares, strict=True)),
            *(points(x, y, "clipped", INK, size=7, symbol="x") for x, y in over if len(x)),
            line([0, BLOCKS + 1], [d.sparsity] * 2, "uniform", MUTED, dash="dot"),
        ),
    )


def _readout(d: Data) -> str:
    apart = np.abs(d.shares[0] - d.shares[1]).mean()
    return (
        f"Sparsity {d.sparsity:.2f}, ε = {d.epsilon:.2f}, {d.map}: whole matrices and windows differ by {apart:.3f} on "
        f"average; clipped are {d.clipped[0]} with whole matrices and {d.clipped[1]} with windows, and the realised "
        f"sparsity is {d.total[0]:.4f} and {d.total[1]:.4f}."
    )


def _code(sparsity: float, epsilon: float, map: str) -> str:
    how = "alphas.mean(axis=1)" if map == MAPS[0] else "alphas.ravel()"
    sizes = "np.full(BLOCKS, sum(MATRIX_SIZES))" if map == MAPS[0] else "np.tile(MATRIX_SIZES, BLOCKS)"
    return f"""
        import numpy as np
        from spectral_lab.heavytails import alpha_pruning
        from spectral_lab.heavytails.llama import BLOCKS, MATRIX_SIZES, llama_alphas

        sizes = {sizes}
        shares = {{n: alpha_pruning({how}, sizes, {sparsity}, {epsilon}) for n, alphas in llama_alphas().items()}}
        print(np.abs(shares["vanilla"] - shares["farms"]).mean())
        for name, share in shares.items():
            print(name, (share == {CLIP}).sum(), share @ sizes / sizes.sum())
    """


def who_gets_pruned(**state: Any) -> Explorer:
    """Exponents of LLaMA-7B by four measurements, and the sparsities that AlphaPruning's map gives the blocks."""
    return Explorer(
        title="Who gets pruned?",
        controls=[
            slider("sparsity", "sparsity $S$", 0.5, 0.9, 0.8, steps=40, digits=3),
            slider("epsilon", r"range $\epsilon$", 0.0, 0.6, 0.2, steps=60, digits=3, play=True),
            Choice("map", "map", MAPS, MAPS[0]),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "At sparsity 0.7 nothing is clipped": {"sparsity": 0.7, "epsilon": 0.3},
            "As searched for FARMS": {"epsilon": 0.3},
            "Matrix by matrix: noise of the estimator": {"map": MAPS[1]},
            "Too wide: the total is missed": {"epsilon": 0.6},
        },
        state=state,
    )
