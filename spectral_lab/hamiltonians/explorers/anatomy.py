"""Demonstration 2: the anatomy of a tensor product."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.explorer import Data, Explorer, choice, integers, slider
from spectral_lab.explorer.palette import BLUE, GREEN, INK, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, bare, figure, key, line, matrix, panel, points
from spectral_lab.hamiltonians.coupling import path_costs, tensor_product_paths, wigner_3j

RULES = ("drawn at random", "cheapest first", "dearest first")


@lru_cache(maxsize=16)
def _costs(L: int) -> tuple[np.ndarray, dict[str, np.ndarray], int]:
    """The multiplications of each path, their sums in the order of each rule, and the entries that are not zero."""
    cost = (2 * tensor_product_paths(L) + 1).prod(axis=1)
    orders = (np.random.default_rng(0).permutation(cost), np.sort(cost), np.sort(cost)[::-1])
    return cost, {rule: order.cumsum() for rule, order in zip(RULES, orders, strict=True)}, path_costs(L).nonzeros


def _compute(L: int, l1: int, l2: int, l3: int, k: float, rule: str) -> dict[str, Any]:
    l1, l2 = min(l1, L), min(l2, L)
    l3 = min(max(l3, abs(l1 - l2)), l1 + l2, L)
    C = wigner_3j(l1, l2, l3)
    cost, sums, nonzeros = _costs(L)
    even = (2 * tensor_product_paths(L, parity=True) + 1).prod(axis=1)
    kept = max(1, int((1 - k) * len(cost) + 1e-9))
    return {
        "degrees": (l1, l2, l3), "C": C.reshape(-1, 2 * l3 + 1).T, "filled": int((np.abs(C) > 1e-10).sum()),
        "size": C.size, "paths": len(cost), "multiplies": int(cost.sum()), "nonzeros": nonzeros,
        "even_paths": len(even), "even": int(even.sum()), "kept": kept, "work": int(sums[rule][kept - 1]), "sums": sums,
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    rows, columns = d.C.shape
    l1, l2, l3 = d.degrees
    share = np.arange(1, d.paths + 1) / d.paths
    bars = {"dense": d.multiplies, "even": d.even, "kept": d.work, "C ≠ 0": d.nonzeros}
    names = list(bars)
    colors = (BLUE, GREEN, RED, INK)
    return figure(
        panel(
            f"C for ({l1}, {l2}, {l3}), {rows} × {columns}", bare(-0.5, columns - 0.5), bare(rows - 0.5, -0.5), 1.0
        ).draw(matrix(d.C, float(np.abs(d.C).max()), hoverinfo="z")),
        panel("Multiplications of one channel", bare(-0.6, 3.6, "", showticklabels=True, tickvals=[0, 1, 2, 3],
              ticktext=names, tickangle=0), axis("", 0.8, 3e5, log=True), 1.2).draw(
            *(line([i, i], [0.8, bars[name]], name, colors[i], width=26) for i, name in enumerate(names))
        ),
        panel("What the kept paths cost", axis("share of the paths", 0, 1), axis("share of the work", 0, 1), 0.9).draw(
            *(line(share, d.sums[rule] / d.multiplies, rule, color)
              for rule, color in zip(RULES, (MUTED, BLUE, RED), strict=True)),
            points([d.kept / d.paths], [d.work / d.multiplies], "here", INK, size=11),
            *key("bottom right", ("dearest first", RED), ("cheapest first", BLUE), ("at random", MUTED)),
        ),
        height=330,
    )  # fmt: skip


def _readout(d: Data) -> str:
    l1, l2, l3 = d.degrees
    return (
        f"L = {d.L}: {d.paths} paths ({d.even_paths} of them even), {d.multiplies} multiplications, {d.nonzeros} "
        f"of them by a number that is not 0. ({l1}, {l2}, {l3}): {d.filled} of {d.size} entries. "
        f"Sparsity {d.k:g}, {d.rule}: {d.kept} path{' is' if d.kept == 1 else 's are'} kept, "
        f"which saves {100 * (1 - d.work / d.multiplies):.0f} % of the work."
    )


def _code(L: int, l1: int, l2: int, l3: int, k: float, rule: str) -> str:
    l1, l2 = min(l1, L), min(l2, L)
    l3 = min(max(l3, abs(l1 - l2)), l1 + l2, L)
    order = {RULES[0]: "np.random.default_rng(0).permutation(cost)", RULES[1]: "np.sort(cost)"}.get(
        rule, "np.sort(cost)[::-1]"
    )
    return f"""
        import numpy as np
        from spectral_lab.hamiltonians import path_costs, tensor_product_paths, wigner_3j

        L, k = {L}, {k:g}
        cost = (2 * tensor_product_paths(L) + 1).prod(axis=1)
        print(len(cost), len(tensor_product_paths(L, parity=True)), path_costs(L))
        C = wigner_3j({l1}, {l2}, {l3})
        print({l1}, {l2}, {l3}, (abs(C) > 1e-10).sum(), C.size)
        kept = max(1, int((1 - k) * len(cost) + 1e-9))
        work = {order}[:kept].sum()
        print(kept, 100 * (1 - work / cost.sum()))
    """


def anatomy_of_a_product(**state: Any) -> Explorer:
    """Where the work of a tensor product goes, and what leaving out paths saves of it."""
    return Explorer(
        title="Anatomy of a tensor product",
        controls=[
            integers("L", "largest degree $L$", 1, 6, 4),
            integers("l1", "$l_1$", 0, 6, 2),
            integers("l2", "$l_2$", 0, 6, 2),
            integers("l3", "$l_3$", 0, 6, 2),
            slider("k", "left out, $k$", 0, 0.9, 0.7, steps=18),
            choice("rule", "which are kept", RULES),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "def2-TZVP needs L = 6": {"L": 6, "l1": 4, "l2": 4, "l3": 4},
            "The cheapest": {"rule": "cheapest first"},
            "The dearest": {"rule": "dearest first"},
            "Three vectors": {"l1": 1, "l2": 1, "l3": 1},
        },
        state=state,
    )
