"""How much faster is a spin chain's product with a vector when a few sites are one small matrix?

    OMP_NUM_THREADS=1 python benchmarks/matvec.py

All routes give H psi for the tilted Ising chain, in one run on one thread. "windows" is ours
(`spectral_lab.cooling.models.chain`). The others go site by site: "index flips" gathers psi[k xor 2^i], as most
state-vector codes do; "axis flips" reverses one axis of a reshaped tensor, the best we could make of that idea, in
torch and in numpy (the faster one counts). Differences are to the axis flips, for a normalised vector.
Wanted at n = 16: at least 5 times faster than flips, differences at most 1e-6 (single) and 1e-12 (double).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from report import publish, seconds

from spectral_lab.cooling.models import ising_chain

G = 1.05


def index_flips(diagonal: torch.Tensor, psi: torch.Tensor, n: int) -> torch.Tensor:
    """H psi with one gather for each site."""
    index = torch.arange(2**n)
    result = diagonal * psi
    for i in range(n):
        result -= G * psi[index ^ (1 << i)]
    return result


def axis_flips(diagonal: torch.Tensor, psi: torch.Tensor, n: int) -> torch.Tensor:
    """H psi with one reversed axis for each site."""
    result = diagonal * psi
    for i in range(n):
        result -= G * psi.view(2**i, 2, -1).flip(1).view(-1)
    return result


def axis_flips_numpy(diagonal: np.ndarray, psi: np.ndarray, n: int) -> np.ndarray:
    """The same in numpy."""
    result = diagonal * psi
    for i in range(n):
        result -= np.asarray(G, diagonal.dtype) * psi.reshape(2**i, 2, -1)[:, ::-1].reshape(-1)
    return result


def compare(n: int, dtype: torch.dtype) -> dict[str, Any]:
    chain = ising_chain(n, g=G).to(dtype=torch.float32 if dtype == torch.complex64 else torch.float64)
    psi = torch.randn(2**n, generator=torch.Generator().manual_seed(0), dtype=dtype)
    psi /= torch.linalg.vector_norm(psi)
    diagonal = chain.diagonal
    windows = seconds(lambda: chain(psi), 51)
    gathered = seconds(lambda: index_flips(diagonal, psi, n), 21)
    flipped = min(
        seconds(lambda: axis_flips(diagonal, psi, n), 21),
        seconds(lambda: axis_flips_numpy(diagonal.numpy(), psi.numpy(), n), 21),
    )
    return {
        "n": n,
        "precision": str(dtype).removeprefix("torch."),
        "windows (ms)": 1e3 * windows,
        "index flips (ms)": 1e3 * gathered,
        "axis flips (ms)": 1e3 * flipped,
        "faster than index flips": gathered / windows,
        "faster than axis flips": flipped / windows,
        "largest difference": float((chain(psi) - axis_flips(diagonal, psi, n)).abs().max()),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    publish("matvec", __doc__.split("\n", 1)[0], [
        compare(n, dtype) for n in (8, 12, 16, 18, 20) for dtype in (torch.complex64, torch.complex128)
    ])  # fmt: skip
