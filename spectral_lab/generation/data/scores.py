"""What stands beside every score of a model: the score of the data themselves, and that of chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from spectral_lab import checks
from spectral_lab.generation.data.molecules import LARGEST, grown_smiles, relaxed
from spectral_lab.generation.matching import TOLERANCES, random_baseline
from spectral_lab.generation.molecules import edm_stability
from spectral_lab.generation.prototypes import PROTOTYPES, generated_crystals


def stability_of_data(largest: Any = 5, count: Any = 200, seed: Any = 0) -> dict[str, float]:
    """EDM's stability of relaxed molecules of 3 to `largest` heavy atoms: shares of "molecules" and of "atoms".

    `count` of them, drawn by seed. A model trained on them cannot be asked for more. Raises ValueError.
    """
    rng = np.random.RandomState(checks.integer(seed, "seed", 0, 2**32 - 1))
    smiles = [
        one for size in range(3, checks.integer(largest, "largest", 3, LARGEST) + 1) for one in grown_smiles(size)
    ]
    chosen = rng.permutation(len(smiles))[: checks.integer(count, "count", 1, 10**6)]
    conformers = [found for place in chosen if (found := relaxed(smiles[place])) is not None]
    judged = [edm_stability(conformer.symbols, conformer.positions) for conformer in conformers]
    atoms = sum(found.atoms for found in judged)
    return {
        "molecules": float(np.mean([found.molecule_stable for found in judged])),
        "atoms": sum(found.stable_atoms for found in judged) / atoms,
    }


def chance_by_prototype(
    draws: Any = 60, crystals: Any = 3, seed: Any = 0, names: Sequence[str] = PROTOTYPES
) -> list[dict[str, Any]]:
    """For each prototype: how many crystals there are, atoms in a cell, and the random baseline at both tolerances.

    The baseline is the mean over `crystals` of them, `draws` random placings each. Raises ValueError.
    """
    rng = np.random.RandomState(checks.integer(seed, "seed", 0, 2**32 - 1))
    crystals = checks.integer(crystals, "crystals", 1, 1000)
    entries = generated_crystals(names)
    many, rows = Counter(entry.name for entry in entries), []
    for name in names:
        own = [entry.crystal for entry in entries if entry.name == name]
        chosen = [own[place] for place in rng.permutation(len(own))[:crystals]]
        chance = {
            tolerance: float(np.mean([random_baseline(crystal, draws, tolerance=tolerance) for crystal in chosen]))
            for tolerance in TOLERANCES
        }
        rows.append({"prototype": name, "crystals": many[name], "atoms": len(own[0]), **chance})
    return rows
