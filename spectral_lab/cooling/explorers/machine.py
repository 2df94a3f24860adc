"""Demonstration 3: step after step. With a read-out it cools; without one it drifts to the mean of all levels."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab.cooling.ladder import ladder_law
from spectral_lab.cooling.levels import Levels, levels
from spectral_lab.cooling.protocol import POLICIES, Trajectory, cool
from spectral_lab.cooling.spin_chains import start_state, tfim, xxz
from spectral_lab.explorer import Data, Explorer, choice, integers, number_text, slider
from spectral_lab.explorer.palette import BLUE, GREEN, GRID, MUTED, RED
from spectral_lab.explorer.theme import Figure, axis, figure, key, line, note, panel, points, segments

SITES, SEEDS, LONGEST = 4, 20, 30
CHAINS = {"tilted Ising": "tfim", "Heisenberg": "xxz"}
STARTS = {"Néel": "neel", "all plus": "plus", "all up": "up"}
STIRRERS = {"random local field": "field", "same field on all sites": "uniform", "dense random (GUE)": "gue"}


@lru_cache(maxsize=2)
def _levels(chain: str) -> Levels:
    return levels(tfim(SITES) if chain == "tilted Ising" else xxz(SITES))


@lru_cache(maxsize=2)
def _ladder(chain: str) -> np.ndarray:
    """Steps that the ladder law expects from each level; a degenerate level counts from its top."""
    spectrum = _levels(chain)
    tops = (np.flatnonzero(spectrum.same_level(i))[-1] for i in range(spectrum.dimension))
    return np.where(spectrum.same_level(0), 0.0, [ladder_law(int(top)) for top in tops])


@lru_cache(maxsize=2048)
def _run(
    chain: str, start: str, policy: str, stirrer: str, angle: float, margin: float, s: float, seed: int
) -> Trajectory:
    return cool(
        _levels(chain), start_state(SITES, STARTS[start]), LONGEST, policy=policy, perturbation=STIRRERS[stirrer],
        alpha=0.4, angle=angle, width=float(f"{2 * s:.6g}"), resolution=s, margin=margin, seed=seed,
    )  # fmt: skip


def _compute(
    steps: int,
    angle: float,
    margin: float,
    resolution: float,
    policy: str,
    stirrer: str,
    chain: str,
    start: str,
    seed: int,
    coarse: bool,
) -> dict[str, Any]:
    chosen = (chain, start, policy, stirrer, angle, margin, resolution)
    run = _run(*chosen, seed)
    fan = [run] if coarse else [_run(*chosen, other) for other in range(1, SEEDS + 1)]
    spectrum = _levels(chain)
    finals = np.array([other.ground_population[steps] for other in fan])
    return {
        "levels": spectrum.energies, "runs": len(fan),
        "energy": run.energies[: steps + 1], "shifts": run.shifts[:steps], "ground": run.ground_population[: steps + 1],
        "fan": np.array([other.energies[: steps + 1] for other in fan]),
        "mean_ground": np.mean([other.ground_population[: steps + 1] for other in fan], axis=0),
        "cold": int((finals > 0.99).sum()), "queries": float(run.queries[steps]),
        "law": float(run.populations[0] @ _ladder(chain)) if policy != "none" else np.nan,  # it needs readings
    }  # fmt: skip


def _figure(d: Data) -> Figure:
    E, k, law = d.levels, np.arange(d.steps + 1), d.law
    low, high = E[0] - 0.05 * np.ptp(E), E[-1] + 0.42 * np.ptp(E)
    fan = np.column_stack([d.fan, np.full(len(d.fan), np.nan)]).ravel()
    name, step = f"seed {d.seed}", axis("step", 0, LONGEST)
    return figure(
        panel("Energy", step, axis("energy (J)", low, high), 1.3).draw(
            segments([0, LONGEST], E[:, None], color=GRID, width=1),
            line([0, LONGEST], [E.mean()] * 2, "infinite temperature", MUTED, dash="dot"),
            line(np.tile(np.append(k, np.nan), len(d.fan)), fan, width=1, opacity=0.35),
            line(k, d.energy, name, width=3),
            points(k[1:] - 0.5, d.shifts, "μ", GREEN, symbol="line-ew-open", size=9),
            *key("top right", ("μ of each step", GREEN), ("this run", BLUE)),
        ),
        panel("Weight on the ground level", step, axis("ground population", -0.02, 1.04)).draw(
            line(k, d.mean_ground, "mean of the runs", RED),
            line(k, d.ground, name, width=3),
            line([law] * 2, [0, 1.04], "ladder law", MUTED, dash="dash"),
            note("mean of 20 runs", 0.99 * LONGEST, 0.68, RED, anchor="right"),
            note("this run", 0.99 * LONGEST, 0.6, BLUE, anchor="right"),
            note("" if np.isnan(law) else "ladder law", np.nan_to_num(law) + 1.3, 0.3, MUTED),
        ),
    )


def _readout(d: Data) -> str:
    queries = f"{d.queries:.2g} queries" if d.queries else "no query yet"
    margin, s = number_text(d.margin, 3), number_text(d.resolution, 3)
    shifts = {"pointer": f"margin {margin}, s = {s}", "band": f"margin {margin}", "none": "planned shifts"}[d.policy]
    w, angle = number_text(2 * d.resolution, 3), number_text(d.angle, 3)
    return (
        f"{d.chain} from {d.start}, seed {d.seed}, policy {d.policy} ({shifts}, w = {w}, ϑ = {angle}): energy after "
        f"{d.steps} step{'s' * (d.steps > 1)} {number_text(float(d.energy[-1]), 4)} J "
        f"(ground level {number_text(float(d.levels[0]), 4)}), ground population {d.ground[-1]:.3f}; {queries}. "
        f"Above 0.99: {d.cold} of {d.runs} runs, mean {d.mean_ground[-1]:.2f}."
    )


def _code(
    steps: int,
    angle: float,
    margin: float,
    resolution: float,
    policy: str,
    stirrer: str,
    chain: str,
    start: str,
    seed: int,
) -> str:
    return f"""
        import numpy as np
        from spectral_lab.cooling import cool, levels, start_state, {CHAINS[chain]}

        H, start = {CHAINS[chain]}({SITES}), start_state({SITES}, "{STARTS[start]}")
        options = dict(
            policy="{policy}", perturbation="{STIRRERS[stirrer]}", alpha=0.4, angle={angle},
            width={2 * resolution:.6g}, resolution={resolution}, margin={margin},
        )
        runs = [cool(H, start, {LONGEST}, seed=seed, **options) for seed in range(1, {SEEDS + 1})]
        run, F = runs[{seed} - 1], np.array([run.ground_population[{steps}] for run in runs])
        print(f"energy {{run.energies[{steps}]:.4g}}, ground level {{levels(H).energies[0]:.4g}}")
        print(f"ground population {{run.ground_population[{steps}]:.3f}}, {{run.queries[{steps}]:.2g}} queries")
        print(f"above 0.99: {{(F > 0.99).sum()}} of {{len(runs)}} runs, mean {{F.mean():.2f}}")
    """


def cooling_machine(**state: Any) -> Explorer:
    """Twenty cooling runs: energy, shifts, ground population, and the ladder law (C8, C17, C18, C19)."""
    return Explorer(
        title="The cooling machine",
        controls=[
            integers("steps", "steps $d$", 1, LONGEST, 8, play=True),
            slider("angle", r"stirring angle $\vartheta$", 0.5, 20.0, 8.0, steps=39),
            slider("margin", r"margin of $\mu$", 0.0, 2.0, 0.4, steps=40, unit="J"),
            slider("resolution", "resolution $s$", 0.02, 0.6, 0.06, steps=29, unit="J"),
            integers("seed", "seed", 1, SEEDS, 1),
            choice("policy", "policy", POLICIES, "pointer"),
            choice("stirrer", "stir with", tuple(STIRRERS)),
            choice("chain", "Hamiltonian", tuple(CHAINS)),
            choice("start", "start", tuple(STARTS)),
        ],
        compute=_compute,
        figure=_figure,
        readout=_readout,
        code=_code,
        presets={
            "No read-out": {"policy": "none", "steps": LONGEST},
            "Margin too small": {"margin": 0.0, "resolution": 0.2, "steps": LONGEST},
            "Dark perturbation": {
                "chain": "Heisenberg",
                "start": "all up",
                "stirrer": "same field on all sites",
                "steps": LONGEST,
            },
            "Only 'below?'": {"policy": "band", "seed": 4, "steps": LONGEST},
            "GUE": {"stirrer": "dense random (GUE)", "steps": LONGEST},
            "From all plus": {"start": "all plus", "steps": 10},
        },
        state=state,
    )
