"""Make spectral_lab/pseudospectra/rank_one_paths.npz: optimised rank-one perturbations of LegS, by size.

    python tools/store_ptd_paths.py

Takes about a minute. A test repeats the smallest path and checks what every stored one must satisfy.
"""

from __future__ import annotations

import io

import numpy as np

from spectral_lab.atomic import write_atomically
from spectral_lab.pseudospectra.ptd import PATHS, STORED, rank_one_path

EPSILONS = 10 ** np.arange(-4, -0.25, 0.125)


def main() -> None:
    """Optimise each path and write them all into one file."""
    arrays = {"epsilons": EPSILONS}
    for n in STORED:
        path = rank_one_path(n, EPSILONS)
        arrays[f"U{n}"] = path.U
        ends = [path.ptd(i) for i in (0, -1)]
        print(f"n = {n}: kappa from {ends[0].condition:.4g} to {ends[1].condition:.4g}", flush=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_atomically(PATHS, buffer.getvalue())


if __name__ == "__main__":
    main()
