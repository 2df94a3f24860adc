"""Demonstration 4: which pairs of atoms?"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, slider
from spectral_lab.explorer.palette import BLUE, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, panel, points, segments
from spectral_lab.hamiltonians.blocks import blocks
from spectral_lab.hamiltonians.explorers._drawing import molecule, stage
from spectral_lab.hamiltonians.gating import choose
from spectral_lab.hamiltonians.harmonics import rotation
from spectral_lab.hamiltonians.stored import stored

BASIS = {"ethanol": "def2-svp", "hexane": "sto-3g"}
RULES = ("near ones first", "large ΔH first", "far ones first", "a trained gate")
VIEW = rotation(0.35, 0.25, 0.0)  # a little from the side, so that no atom hides another
BATCHES = ("in each molecule", "in the batch, with water", "in the batch, with hexane")


@lru_cache(maxsize=8)
def _pairs(name: str, basis: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (i, j), their distances, the norms of the blocks of H and of H - H0, and of these relative to all."""
    one = stored(name)
    H, change = (blocks(M, one["Z"], basis) for M in (one["H"], one["H"] - one["H0"]))
    # Rounded, so that bonds of one length tie on every machine.
    distance = np.round(np.linalg.norm(np.diff(one["X"][H.pairs], axis=1)[:, 0], axis=1), 4)
    sizes = [np.linalg.norm(each.lower, axis=(1, 2)) for each in (H, change)]
    return H.pairs, distance, sizes[0], sizes[1], sizes[1] ** 2 / (sizes[1] ** 2).sum()


def _scores(name: str, rule: str) -> np.ndarray:
    _, distance, _, change, _ = _pairs(name, BASIS.get(name, "def2-svp"))
    if rule == RULES[3]:
        return np.round(stored("scores")[name], 5)  # so that pairs that are alike tie on every machine
    return {RULES[0]: -distance, RULES[1]: np.round(change, 9)}.get(rule, distance)


def _compute(name: str, k: float, rule: str, quantile: str) -> dict[str, Any]:
    pairs, distance, H, change, share = _pairs(name, BASIS[name])
    scores = _scores(name, rule)
    others = [] if quantile == BATCHES[0] else [_scores(quantile.rsplit(" ", 1)[1], rule)]
    kept = choose(np.concatenate([scores, *others]), k)
    kept = kept[kept < len(scores)]
    mask = np.zeros(len(pairs), dtype=bool)
    mask[kept] = True
    return {
        "Z": stored(name)["Z"], "X": stored(name)["X"][:, [2, 0, 1]] @ VIEW.T, "pairs": pairs, "distance": distance,
        "H": H, "change": change, "kept": mask, "count": int(mask.sum()), "total": len(pairs),
        "share": float(share[mask].sum()), "reach": float(distance[mask].max(initial=0.0)),
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    X = d.X - d.X.mean(axis=0)
    edges = d.pairs[d.kept]
    chosen = segments(X[edges, 1], X[edges, 2], "kept", RED, width=9 if d.count <= 40 else 2, opacity=0.35)
    return figure(
        stage("The kept pairs", X, 1.1).draw(*molecule(d.Z, X, chosen)),
        panel(
            "Blocks of pairs", axis("distance in Å", 0, 9), axis("norm of the block in Hartree", 1e-7, 10, log=True)
        ).draw(
            points(d.distance, d.H, "H", MUTED, size=5),
            points(d.distance[~d.kept], d.change[~d.kept], "H − H0, left out", BLUE, size=7, symbol="circle-open"),
            points(d.distance[d.kept], d.change[d.kept], "H − H0, kept", RED, size=7),
            *key("top right", ("H − H0, kept", RED), ("H − H0, left out", BLUE), ("H", MUTED)),
        ),
        height=360,
        margin={"l": 12},
    )


def _readout(d: Data) -> str:
    if not d.count:
        return f"{d.name}, k = {d.k:g}, {d.rule}, quantile {d.quantile}: none of {d.total} pairs is kept."
    return (
        f"{d.name}, k = {d.k:g}, {d.rule}, quantile {d.quantile}: {d.count} of {d.total} pairs are kept, up to "
        f"{d.reach:.2f} Å apart. They carry {100 * d.share:.1f} % of ‖H − H0‖² over pairs."
    )


def _code(name: str, k: float, rule: str, quantile: str) -> str:
    score = {
        RULES[0]: "-distance", RULES[1]: "np.round(np.linalg.norm(cut.lower, axis=(1, 2)), 9)", RULES[2]: "distance",
        RULES[3]: 'np.round(stored("scores")[name], 5)',
    }[rule]  # fmt: skip
    other = "" if quantile == BATCHES[0] else f'scores = np.append(scores, pairs("{quantile.rsplit(" ", 1)[1]}")[1])'
    return f"""
        import numpy as np
        from spectral_lab.hamiltonians import blocks, choose, stored

        def pairs(name):
            one = stored(name)
            cut = blocks(one["H"] - one["H0"], one["Z"], "sto-3g" if name == "hexane" else "def2-svp")
            distance = np.round(np.linalg.norm(np.diff(one["X"][cut.pairs], axis=1)[:, 0], axis=1), 4)
            return distance, {score}, (cut.lower**2).sum(axis=(1, 2))

        distance, scores, power = pairs("{name}")
        {other}
        kept = choose(scores, {k:g})
        kept = kept[kept < len(power)]
        print(len(kept), len(power), distance[kept].max(initial=0), 100 * power[kept].sum() / power.sum())
    """


def which_pairs(**state: Any) -> Explorer:
    """Pairs of atoms kept by a quantile of their scores, and how much of the matrix they carry."""
    return Explorer(
        title="Which pairs?",
        controls=[
            choice("name", "molecule", tuple(BASIS)),
            slider("k", "share left out, $k$", 0, 0.95, 0.7, steps=19),
            choice("rule", "score", RULES),
            choice("quantile", "quantile", BATCHES),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "A chain of six carbons": {"name": "hexane"},
            "Far ones first": {"name": "hexane", "rule": "far ones first"},
            "What a trained gate keeps": {"rule": RULES[3], "k": 0.5},
            "Another molecule changes my edges": {"quantile": "in the batch, with hexane"},
        },
        state=state,
    )
