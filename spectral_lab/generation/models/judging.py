"""What a model writes, beside the truth: crystals and molecules, and the same weights under several samplers.

A match rate is never told without its chance: the share of crystals with the true lattice and random positions that
match too (`random_baseline`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spectral_lab.generation.crystals import Crystal
from spectral_lab.generation.data import SentenceBatch, dipole_moment, relaxed
from spectral_lab.generation.data.sentences import SCALE
from spectral_lab.generation.matching import TOLERANCES, match, random_baseline
from spectral_lab.generation.models.unigenx import UniGenX, generate, write_symbols
from spectral_lab.generation.molecules import coverage_and_matching
from spectral_lab.generation.noise import CosineSchedule, respace
from spectral_lab.generation.samplers import ddpm, dpm_solver

NO_MATCH = -1.0
LOST = 10.0  # what stands for the error of the log of a volume, or for a distance in A, where there are no numbers


def numbers(model: UniGenX, batch: SentenceBatch, sampler: Callable | None = None, seed: int = 0) -> list[np.ndarray]:
    """The numbers that the model writes behind the symbols of each sentence of a batch, on a tape of noise.

    sampler: by default the head's own, or DPM-Solver++ of 20 steps.
    """
    coord = model.vocabulary.coord
    texts = [row[valid].tolist() for row, valid in zip(batch.tokens, batch.attention, strict=True)]
    prompts = [text[: text.index(coord) + 1] for text in texts]
    # Wanted properties stand before <coord>, and are no numbers to be written.
    mask = model.vocabulary.mask
    slots = [text[len(prompt) :].count(mask) for text, prompt in zip(texts, prompts, strict=True)]
    rows = batch.coordinates.split(batch.mask.sum(1).tolist())
    told = [own[: prompt.count(mask)] for own, prompt in zip(rows, prompts, strict=True)]
    own: Callable = getattr(model.head, "sampler", solver)
    written = generate(model, prompts, slots, sampler or own, np.random.RandomState(seed).standard_normal, told)
    return [rows.double().cpu().numpy() for rows in written]


def solver(predictor: Callable, shape: tuple[int, int], noise: Callable, steps: int = 20) -> Tensor:
    """DPM-Solver++ on 200 of the 1000 steps."""
    return dpm_solver(predictor, SCHEDULE, shape, noise, steps)


def ancestral(predictor: Callable, shape: tuple[int, int], noise: Callable, steps: int, **safe: Any) -> Tensor:
    """DDPM on so many of the 1000 steps, with the posterior's variance; safe: clip or start, as `ddpm` takes them."""
    schedule = respace(CosineSchedule(), steps)
    return ddpm(predictor, schedule, shape, noise, variance="small", **safe)


SCHEDULE = respace(CosineSchedule(), 200)
SAMPLERS: Mapping[str, Callable] = {
    **{f"DPM-Solver++ {steps}": partial(solver, steps=steps) for steps in (5, 10, 20, 40)},
    **{f"DDPM {steps}": partial(ancestral, steps=steps) for steps in (20, 100, 200)},
    **{f"DDPM {steps} clipped": partial(ancestral, steps=steps, clip=16.0) for steps in (20, 200)},
    "DDPM 200 late": partial(ancestral, steps=200, start=8),
}


def as_crystal(rows: np.ndarray, like: Crystal, scale: float = SCALE) -> Crystal | None:
    """The crystal of three lattice rows and scaled positions, with the species of another; None if it is none."""
    try:
        return Crystal(rows[:3], like.species, rows[3:] / scale)
    except ValueError:  # a lattice without volume, or a number that is none
        return None


def judged_crystals(
    model: UniGenX, batch: SentenceBatch, sampler: Callable | None = None, draws: int = 20
) -> dict[str, Tensor]:
    """One sample a composition against its crystal: `compared_crystals`."""
    return compared_crystals(numbers(model, batch, sampler), batch.records, draws)


def compared_crystals(written: Sequence[np.ndarray], records: Iterable[Crystal], draws: int = 20) -> dict[str, Tensor]:
    """Of each crystal the root mean square distance at both tolerances (-1: no match), the error of the log of its
    volume, and chance: the share of `draws` random placings that match (left out for 0 draws).
    """
    rows = []
    for numbers_, truth in zip(written, records, strict=True):
        crystal = as_crystal(numbers_, truth)
        found = [None if crystal is None else match(crystal, truth, name) for name in TOLERANCES]
        volume = LOST if crystal is None else abs(float(np.log(crystal.volume / truth.volume)))
        chance = [_chance(truth, draws)] if draws else []
        rows.append([*(NO_MATCH if rms is None else rms for rms in found), volume, *chance])
    columns = torch.tensor(rows, dtype=torch.float64).T
    return dict(zip(("rms", "rms strict", "volume", "chance"), columns, strict=False))


@lru_cache(maxsize=4096)
def _chance_of(lattice: bytes, species: tuple[str, ...], frac: bytes, draws: int) -> float:
    places = [np.frombuffer(numbers).reshape(-1, 3) for numbers in (lattice, frac)]
    return random_baseline(Crystal(places[0], species, places[1]), draws)


def _chance(crystal: Crystal, draws: int) -> float:
    """The random baseline of a crystal; every model is judged by the same test set, so it is computed once."""
    return _chance_of(crystal.lattice.tobytes(), crystal.species, crystal.frac.tobytes(), draws)


def match_rates(pooled: dict[str, np.ndarray]) -> dict[str, float]:
    """Match rates at both tolerances, that of random positions beside them, and the mean distance of the matched.

    RMSE is left out where nothing matched.
    """
    rms, strict = pooled["rms"], pooled["rms strict"]
    matched = rms != NO_MATCH
    return {
        "match": float(matched.mean()),
        **({"random match": float(pooled["chance"].mean())} if "chance" in pooled else {}),
        **({"RMSE": float(rms[matched].mean())} if matched.any() else {}),
        "strict match": float((strict != NO_MATCH).mean()),
        "volume error": float(np.expm1(np.median(pooled["volume"]))),
    }


def judged_molecules(model: UniGenX, batch: SentenceBatch, sampler: Callable | None = None) -> dict[str, Tensor]:
    """One conformer of each molecule against its own: `compared_molecules`."""
    return compared_molecules(numbers(model, batch, sampler), batch.records)


def compared_molecules(written: Sequence[np.ndarray], records: Iterable[Mapping[str, Any]]) -> dict[str, Tensor]:
    """The least distance in A of each conformer to the molecule's own, and whether it is within 0.5 A."""
    distances = torch.tensor(
        [
            coverage_and_matching([rows], [np.array(truth["pos"])], truth["smi"], 0.5).mat_r
            if np.isfinite(rows).all()
            else LOST
            for rows, truth in zip(written, records, strict=True)
        ]
    )
    return {"conformer RMSD": distances, "within 0.5 A": (distances <= 0.5).double()}


def samplers_compared(model: UniGenX, splits: Mapping[str, Any], count: int = 24) -> dict[str, float]:
    """The match rate and RMSE of the first `count` test crystals under each of `SAMPLERS`, on the same weights."""
    batch = splits["crystals"].__getitems__(list(range(min(count, len(splits["crystals"])))))
    found: dict[str, float] = {}
    for name, sampler in SAMPLERS.items():
        pooled = {key: column.numpy() for key, column in judged_crystals(model, batch, sampler, 0).items()}
        rates = match_rates(pooled)
        found |= {f"{name}: {key}": rates[key] for key in ("match", "RMSE") if key in rates}
    return found


def judged_polymorphs(model: UniGenX, batch: SentenceBatch, samples: int = 20) -> dict[str, Tensor]:
    """How many of the polymorphs of each composition the first sample finds, and how many all samples together.

    A perfect sampler of two equally frequent polymorphs finds half of them with one sample, and 1 - 2^-k with k.
    "no match": the share of samples that match none; "random match@1": what random positions in the true lattice find.
    """
    prompts = [place for place in range(len(batch.records)) for _ in range(samples)]
    counts = batch.mask.sum(1).tolist()
    rows = batch.coordinates.split(counts)
    many = SentenceBatch(
        batch.tokens[prompts], batch.mask[prompts], torch.cat([rows[place] for place in prompts]),
        batch.attention[prompts], batch.records[prompts],
    )  # fmt: skip
    found = np.array(
        [
            [crystal is not None and match(crystal, form) is not None for form in forms]
            for written, forms in zip(numbers(model, many), many.records, strict=True)
            for crystal in [as_crystal(written, forms[0])]
        ]
    ).reshape(len(batch.records), samples, -1)
    return {
        "match@1": torch.tensor(found[:, 0].mean(1)),
        f"match@{samples}": torch.tensor(found.any(1).mean(1)),
        "no match": torch.tensor(1.0 - found.any(2).mean(1)),
        "random match@1": torch.tensor([np.mean([_chance(form, 20) for form in forms]) for forms in batch.records]),
        "zincblende": torch.tensor(found[:, :, 0].mean(1)),
    }


def judged_properties(model: UniGenX, splits: Mapping[str, Any], count: int = 40, seed: int = 0) -> dict[str, float]:
    """Molecules written behind a wanted dipole moment: how many are valid, and by how much their own misses it.

    Own: of the conformer that the force field makes of the SMILES that was written, in D. "random dipole error": of
    molecules of the training set taken at random, the number to print beside it. Raises ValueError.
    """
    wanted = [record["mu"] for record in splits["properties"].records[:count]]
    known = np.array([record["mu"] for record in splits["train"].records])
    vocabulary = model.vocabulary
    prompt = [vocabulary.bos, *vocabulary.encode(["<m>"]), vocabulary.mask, *vocabulary.encode(["<w>"])]
    texts = write_symbols(
        model, [prompt] * len(wanted), 0.8, 0.6, 40, torch.Generator().manual_seed(seed), [[[mu] * 3] for mu in wanted]
    )
    dipoles = [_dipole("".join(vocabulary.decode(text[len(prompt) : -1]))) for text in texts]
    pairs = np.array([(mu, own) for mu, own in zip(wanted, dipoles, strict=True) if own is not None]).reshape(-1, 2)
    chance = np.abs(np.array(wanted)[:, None] - known).mean()
    missed = {"dipole error": float(np.abs(pairs[:, 0] - pairs[:, 1]).mean())} if len(pairs) else {}
    return {"valid": len(pairs) / len(wanted), **missed, "random dipole error": float(chance)}


def _dipole(smiles: str) -> float | None:
    """The dipole moment of the molecule, or None where there is none that the force field can relax."""
    try:
        conformer = relaxed(smiles)
    except ValueError:
        return None
    return None if conformer is None else dipole_moment(conformer)
