"""How many steps does a cooling take, and how often does it arrive?

    OMP_NUM_THREADS=1 python benchmarks/cooling_statistics.py

Pointer cooling (`spectral_lab.cooling.cool`), 20 seeds a row, 40 steps. "steps" is the mean number of steps until the
ground population exceeds 0.99, a run that never gets there counting as 40; "law" is 2 + H_k for a start that is spread
over the levels as the start state is. E and F are means over seeds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from report import publish

from spectral_lab.cooling import cool, ladder_law, levels, start_state, tfim, xxz

SEEDS, STEPS = 20, 40
FINE = {"width": 0.05, "resolution": 0.03, "margin": 0.2, "angle": 10.0}
USUAL = {"width": 0.1, "resolution": 0.05, "margin": 0.3, "angle": 12.0}
COARSE = {"width": 0.5, "resolution": 0.25, "margin": 1.5, "angle": 6.0, "drive": "constant", "alpha": 0.1}
NARROW = {"width": 0.02, "resolution": 0.01, "margin": 0.06, "angle": 8.0}
CASES: tuple[tuple[str, Any, str, dict[str, Any]], ...] = (
    *((f"Ising {n}, fine", tfim(n), "neel", FINE) for n in (4, 5, 6, 7)),
    ("Ising 6, bang-bang", tfim(6), "neel", USUAL),
    ("Ising 6, continuous", tfim(6), "neel", USUAL | {"drive": "constant", "alpha": 0.1}),
    ("Ising 6, coarse", tfim(6), "neel", COARSE),
    ("Ising 6, from all plus", tfim(6), "plus", USUAL),
    ("Heisenberg 6", xxz(6), "up", NARROW),
)


def measure(name: str, H: Any, start: str, options: dict[str, Any]) -> dict[str, Any]:
    spectrum = levels(H)
    n = spectrum.dimension.bit_length() - 1
    state = start_state(n, start)
    runs = [cool(spectrum, state, STEPS, seed=seed, **options) for seed in range(SEEDS)]
    p = np.abs(spectrum.coordinates(state)) ** 2
    steps = [run.steps_to(0.99) for run in runs]
    at = {k: np.mean([[run.energies[k], run.ground_population[k]] for run in runs], axis=0) for k in (5, 10, 20, 40)}
    return {
        "case": f"{name}, {start}",
        "arrived": f"{sum(k is not None for k in steps)} of {SEEDS}",
        "steps": float(np.mean([STEPS if k is None else k for k in steps])),
        "law": float(sum(weight * ladder_law(k) for k, weight in enumerate(p))),
        **{f"E({k})": float(values[0]) for k, values in at.items()},
        **{f"F({k})": float(values[1]) for k, values in at.items()},
        "E0": float(spectrum.energies[0]),
        "queries": float(np.mean([run.queries[20] for run in runs])),
    }


if __name__ == "__main__":
    publish("cooling_statistics", __doc__.split("\n", 1)[0], [measure(*case) for case in CASES])
