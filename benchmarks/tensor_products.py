"""What do sparse tensor products save, in one product, in SPHNet, and against QHNet?

    OMP_NUM_THREADS=1 python benchmarks/tensor_products.py

One thread, forward and backward, milliseconds. A product: L = 4, 128 channels, 72 pairs. Networks: two ethanols in
def2-SVP at the published width. Wigner matrices of degrees 0..2 beside e3nn, where it is installed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from report import publish

from spectral_lab.hamiltonians import basis_rotation, rotation, solve_roothaan, wigner_d
from spectral_lab.hamiltonians.models import QHNet, SparseTensorProduct, SPHNet, join
from spectral_lab.hamiltonians.stored import stored

SPARSITY = 0.7


def milliseconds(work: Callable[[], Any], repeats: int = 7) -> float:
    """The median processor time of a call, after two that warm up: fair on a machine that others use."""
    work()
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(1000 * (time.process_time() - start))
    return median(times)


def product(L: int, count: int) -> Callable[[], Any]:
    tensor_product = SparseTensorProduct(L, 128)
    paths = torch.randperm(len(tensor_product.paths), generator=torch.Generator().manual_seed(0))[:count].sort().values
    x, y = (torch.randn(72, 128, (L + 1) ** 2, requires_grad=True) for _ in range(2))
    w = torch.randn(72, count, 128, requires_grad=True)
    return lambda: tensor_product(x, y, w, paths).square().sum().backward()


def network(model: torch.nn.Module) -> Callable[[], Any]:
    one = stored("ethanol")
    batch = join([(one["Z"].tolist(), one["X"])] * 2)

    def step() -> None:
        model.zero_grad()
        sum(part.square().sum() for part in model(batch)).backward()

    return step


def rows() -> list[dict[str, Any]]:
    torch.manual_seed(0)
    found = []

    def add(what: str, against: str, works: list[Callable[[], Any]], wanted: float | None) -> None:
        first, second = (milliseconds(work) for work in works)
        found.append({"what": what, "ms": second, "against": against, "ms there": first, "times faster": first / second,
                      "wanted": wanted})  # fmt: skip

    for L, dense, kept in ((4, 65, 20), (6, 175, 52)):
        wanted = 1.9 if L == 4 else None
        add(f"product L = {L}, {kept} paths", f"{dense} paths", [product(L, dense), product(L, kept)], wanted)
    dense, both = network(SPHNet()), network(SPHNet(sparsity=SPARSITY, pair_sparsity=SPARSITY))
    add("SPHNet, gate of paths", "no gates", [dense, network(SPHNet(sparsity=SPARSITY))], None)
    add("SPHNet, both gates", "no gates", [dense, both], 1.6)
    add("SPHNet, both gates", "QHNet", [network(QHNet()), both], 3.0)
    R = rotation(0.3, 1.1, 2.0)
    if (peer := _e3nn(R)) is not None:
        add("Wigner matrices, l = 0..2", "e3nn", [peer, lambda: [wigner_d(l, R) for l in range(3)]], 8.0)
    one = stored("formaldehyde")
    turn = milliseconds(lambda: _turn(one, R))
    found.append({"what": "a turn of demonstration 1", "ms": turn, "against": "its limit", "ms there": 5.0,
                  "times faster": 5.0 / turn, "wanted": 1.0})  # fmt: skip
    return found


def _turn(one: dict[str, np.ndarray], R: np.ndarray) -> None:
    D = basis_rotation(R, one["Z"], "def2-svp")
    solve_roothaan(D @ one["H"] @ D.T, D @ one["S"] @ D.T)


def _e3nn(R: np.ndarray) -> Callable[[], Any] | None:
    try:
        from e3nn import o3
    except ImportError:
        return None
    turned = torch.tensor(R[[1, 2, 0]][:, [1, 2, 0]])
    return lambda: [o3.Irrep(l, 1).D_from_matrix(turned) for l in range(3)]


if __name__ == "__main__":
    torch.set_num_threads(1)
    publish("tensor_products", __doc__.split("\n", 1)[0], rows())
