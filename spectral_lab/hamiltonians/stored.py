"""What was computed for the lesson: matrices of small molecules, in Hartree, by PySCF, and gates of small networks.

`python -m spectral_lab.hamiltonians.data.build` computes them anew; it needs PySCF and about six minutes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from spectral_lab import checks

FILE = Path(__file__).with_name("stored.npz")


@cache
def _all() -> dict[str, np.ndarray]:
    with np.load(FILE, allow_pickle=False) as archive:
        arrays = dict(archive)
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


def stored(name: str) -> dict[str, np.ndarray]:
    """The stored arrays of one name, read-only.

    "water", "ammonia", "formaldehyde", "ethanol" (def2-SVP) and "hexane" (STO-3G): atomic numbers Z, positions X in
    Angstrom, and in degree order H (B3LYP with VWN5), H0 (the first Fock matrix) and S. "turned": water by Hartree-Fock
    in two directions. "grid", "cycles": errors by grid level, iterations by guess. "hydrogen": H and S by bond length.
    "integrals": what Hartree-Fock of water in STO-3G needs. "gates": gates of the miniature's four products of paths as
    it trains, and which were kept. "scores": what a trained gate of pairs gives the pairs of water, ethanol and hexane.
    Raises: ValueError.
    """
    names = sorted({key.split("/")[0] for key in _all()})
    checks.choice(name, "name", names)
    return {key.split("/")[1]: array for key, array in _all().items() if key.startswith(f"{name}/")}
