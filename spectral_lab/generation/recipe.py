"""The training recipes of chapter 08: one model writes crystals and molecules.

    unified/diffusion     generated crystals and molecules in one dictionary, numbers by the diffusion head
    unified/bins          the same with numbers as tokens: 1024 intervals for each coordinate
    unified/regression    the same with a least squares head
    unified/joint         all numbers of a sentence at once: joint diffusion with a Gaussian's exact score
    crystals/diffusion, molecules/diffusion    one kind alone, as many steps
    polymorphs/diffusion, polymorphs/regression    two crystals behind one prompt: are both found?
    conditional/dipole    molecules behind a wanted property
    unified-33m/diffusion a model of 33 million parameters for one GPU: paper only
    csp/mp-20, ...        crystal structure prediction on the published tables (`spectral-lab data`): paper only
    precision/bins-64, .. one smooth curve and nothing else, by each head: how precisely can it tell a number?

`paper` is the released size, 24 layers of width 1024, on data that can be had: which data the authors mixed, and how
long they trained, was not in what we could read. Peak rate 1e-4, 1000 steps of warm-up, a cosine, gradients clipped at
norm 1, no decay (released defaults); batch 256 and 20 000 steps are ours. Every number is used four times a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from spectral_lab import checks
from spectral_lab.generation import data
from spectral_lab.generation.crystals import Crystal
from spectral_lab.generation.data import SentenceBatch
from spectral_lab.generation.data.sentences import CUBIC
from spectral_lab.generation.models import BinnedHead, DiffusionHead, RegressionHead, UniGenX
from spectral_lab.generation.models.joint import joint_diffusion
from spectral_lab.generation.models.judging import (
    judged_crystals,
    judged_molecules,
    judged_polymorphs,
    judged_properties,
    match_rates,
    samplers_compared,
)
from spectral_lab.generation.models.precision import Curve, curve
from spectral_lab.generation.prototypes import PROTOTYPES
from spectral_lab.training import Computation, Evaluation, Measurement, Optimiser, Part, Recipe, Target, schedules

HEADS = ("diffusion", "bins", "regression")
LATTICE_RANGE = 32.0  # A: what bins reach, to both sides


class Learner(UniGenX):
    """UniGenX whose forward takes a whole batch too, and is then the loss: what wraps a module for half precision and
    for many processes sees its forward alone."""

    def forward(self, *inputs: Any) -> Any:
        if isinstance(inputs[0], SentenceBatch):
            # Heads that take no noise would answer every copy of a number alike.
            repeat = 4 if isinstance(self.head, DiffusionHead) else 1
            return self.loss(*inputs[0][:4], repeat=repeat).total
        return super().forward(*inputs)


def stream(size: dict[str, int], head: str = "diffusion", bins: int = 1024, vocabulary: str = "uni") -> Learner:
    """UniGenX with one of the three heads."""
    model = Learner(vocabulary, **size)
    width, condition = size["head_width"], size["hidden"]
    if head == "bins":
        model.head = BinnedHead(width, condition, bins, -LATTICE_RANGE, LATTICE_RANGE)
    elif head == "regression":
        model.head = RegressionHead(width, condition)
    return model


def sentence_loss(model: nn.Module, batch: SentenceBatch) -> Float[Tensor, ""]:
    """Cross-entropy of the symbols, and 100 times the loss of the numbers."""
    return model(batch)


TINY = {"hidden": 64, "layers": 2, "heads": 4, "feedforward": 192, "head_width": 64, "head_depth": 2, "head_outputs": 3}
MINI = {**TINY, "hidden": 128, "layers": 3, "feedforward": 384, "head_width": 128, "head_depth": 3}
LOCAL = {"hidden": 512, "layers": 8, "heads": 8, "feedforward": 1536, "head_width": 512, "head_depth": 3}
PAPER = {"hidden": 1024, "layers": 24, "heads": 16, "feedforward": 4096, "head_width": 1024, "head_depth": 3}
# Data, network, batch, steps of the optimiser, rate, warm-up; how many epochs between judgements of crystals.
SIZES: dict[str, dict[str, Any]] = {
    "paper": {
        "prototypes": PROTOTYPES, "largest": 6, "tested": 200, "model": PAPER,
        "batch": 256, "epochs": 280, "rate": 1e-4, "warmup": 1000, "precision": "bf16-mixed", "clip": 1.0,
    },
    "lecture": {
        "prototypes": PROTOTYPES[:-1], "largest": 5, "tested": 60, "model": MINI,
        "batch": 64, "epochs": 18, "rate": 2e-3, "warmup": 0, "precision": "32-true", "clip": None,
    },
    "miniature": {
        "prototypes": CUBIC, "largest": 4, "tested": 60, "model": TINY,
        "batch": 32, "epochs": 9, "rate": 4e-3, "warmup": 0, "precision": "32-true", "clip": None, "every": 3,
    },
}  # fmt: skip


def generated(kind: str, head: str, preset: str, model: dict[str, int] | None = None) -> Recipe:
    """A recipe on generated data; kind: "unified", "crystals" or "molecules". Raises: ValueError."""
    size = SIZES[checks.choice(preset, "preset", SIZES)]
    kinds = {"unified": ("crystals", "molecules")}.get(kind, (kind,))
    network = {"size": model or size["model"], "head": head}
    made = recipe(
        f"generation/{kind}/{head}", preset, Part(sentences, {**_sizes(size), "kind": kind}), network, size, kinds
    )
    if (kind, head) == ("unified", "diffusion"):
        return replace(made, measurements=(Measurement(Part(samplers_compared)),))
    return made


def joint(preset: str) -> Computation:
    """Joint diffusion of the same sentences. Raises: ValueError."""
    size = SIZES[checks.choice(preset, "preset", SIZES)]
    shown = Target(("match", "random match", "RMSE", "conformer RMSD"))
    return Computation("generation/unified/joint", preset, Part(joint_diffusion, _sizes(size)), shown)


def _sizes(size: dict[str, Any]) -> dict[str, Any]:
    return {"prototypes": list(size["prototypes"]), "largest": size["largest"], "tested": size["tested"]}


def sentences(kind: str, **options: Any) -> dict[str, data.Sentences]:
    """Generated sentences of one kind, or of both; as many as there are together, so that steps are equal."""
    splits = data.generated_sentences(**options)
    if kind == "unified":
        return splits
    train = splits["train"]
    wanted = [i for i, record in enumerate(train.records) if isinstance(record, Crystal) == (kind == "crystals")]
    places = [wanted[i % len(wanted)] for i in range(len(train))]
    chosen = data.Sentences([train.sequences[i] for i in places], [train.records[i] for i in places])
    return {"train": chosen, kind: splits[kind]}


def local(preset: str) -> Recipe:
    """The unified model with 33 million parameters. Raises: ValueError unless the preset is "paper"."""
    _only_paper(preset, "unified-33m")
    made = generated("unified", "diffusion", preset, LOCAL)
    return replace(made, name="generation/unified-33m/diffusion", optimiser=replace(made.optimiser, learning_rate=3e-4))


POLYMORPHS = {
    "paper": {**SIZES["paper"], "model": LOCAL, "epochs": 2500},
    "lecture": {**SIZES["lecture"], "epochs": 250},
    "miniature": {**SIZES["miniature"], "epochs": 150},
}


def polymorphs(head: str, preset: str) -> Recipe:
    """Zincblende and wurtzite behind one prompt, equally often. Raises: ValueError."""
    size = POLYMORPHS[checks.choice(preset, "preset", POLYMORPHS)]
    network = {"size": size["model"], "head": head}
    made = Part(data.polymorph_sentences)
    return recipe(f"generation/polymorphs/{head}", preset, made, network, size, ("polymorphs",))


def conditional(preset: str) -> Recipe:
    """Molecules behind a wanted dipole moment, computed from partial charges: a stand-in for QM9's. Raises: ValueError.

    The paper's properties are QM9's; its table of errors was not in what we could read.
    """
    size = SIZES[checks.choice(preset, "preset", SIZES)]
    size = size | {"epochs": {"paper": 400, "lecture": 40, "miniature": 16}[preset]}
    network = {"size": size["model"], "vocabulary": "cond_mol"}
    made = Part(data.dipole_sentences, {"largest": 6 if preset == "paper" else 5, "tested": 40})
    found = recipe("generation/conditional/dipole", preset, made, network, size, ())
    shown = Target(("valid", "dipole error", "random dipole error"))
    return replace(found, measurements=(Measurement(Part(judged_properties)),), target=shown)


# Match rate and RMSE of one sample for each composition, from scratch: quoted second hand (Uni-3DAR, table 4).
PUBLISHED = {"carbon-24": (0.2709, 0.2264), "mp-20": (0.6388, 0.0598), "mpts-52": (0.2909, 0.1256)}


def predicted(name: str, preset: str) -> Recipe:
    """Crystal structure prediction on a published table. Raises: ValueError unless the preset is "paper"."""
    _only_paper(preset, f"csp/{name}")
    size = SIZES["paper"] | {"epochs": {"mp-20": 190, "carbon-24": 840, "perov-5": 450, "mpts-52": 190}[name]}
    network = {"size": PAPER, "head": "diffusion"}
    made = Part(data.published_sentences, {"name": name})
    published = dict(zip(("match", "RMSE"), PUBLISHED.get(name, ()), strict=False))
    return recipe(f"generation/csp/{name}", preset, made, network, size, ("crystals",), published)


def recipe(
    name: str,
    preset: str,
    source: Part,
    network: dict[str, Any],
    size: dict[str, Any],
    kinds: Sequence[str],
    published: dict[str, float] | None = None,
) -> Recipe:
    """The recipe that all of them share."""
    judges = {
        "crystals": Evaluation("crystals", Part(judged_crystals), size.get("every", 0), Part(match_rates)),
        "molecules": Evaluation("molecules", Part(judged_molecules), every=0),
        "polymorphs": Evaluation("polymorphs", Part(judged_polymorphs), every=0),
    }
    shown = {
        "crystals": ("match", "random match", "RMSE"),
        "molecules": ("conformer RMSD",),
        "polymorphs": ("match@1", "match@20", "no match"),
    }
    return Recipe(
        name=name,
        preset=preset,
        data=source,
        model=Part(stream, network),
        loss=Part(sentence_loss),
        evaluations=tuple(judges[kind] for kind in kinds),
        optimiser=Optimiser("adamw", size["rate"], 0.0, clip=size["clip"]),
        schedule=Part(schedules.cosine, {"warmup": size["warmup"]}),
        target=Target(
            tuple(metric for kind in kinds for metric in shown[kind]),
            published or {},
            "one sample a composition, from scratch; quoted second hand" if published else "",
        ),
        batch_size=size["batch"],
        epochs=size["epochs"],
        precision=size["precision"],
    )


PRECISION: dict[str, dict[str, Any]] = {
    **{f"bins-{bins}": {"head": "bins", "bins": bins} for bins in (16, 64, 256, 1024, 4096)},
    **{f"diffusion-{scale}": {"head": "diffusion", "scale": float(scale)} for scale in (1, 4, 16)},
    "regression": {"head": "regression"},
}


def precision(variant: str, preset: str) -> Recipe:
    """One head on the curve of models/precision.py: 2000 points, 2480 steps, the same for all. Raises: ValueError."""
    checks.choice(preset, "preset", SIZES)
    return Recipe(
        name=f"generation/precision/{variant}",
        preset=preset,
        data=Part(places_on_the_curve, {"count": 2000, "tested": 1000}),
        model=Part(Curve, PRECISION[variant]),
        loss=Part(curve_loss),
        evaluations=(Evaluation("test", Part(misses), every=0, summary=Part(root_mean_square)),),
        optimiser=Optimiser("adamw", 2e-3, 0.0),
        schedule=Part(schedules.cosine, {"warmup": 0}),
        target=Target(("RMSE",)),
        batch_size=64,
        epochs=80,
    )


def places_on_the_curve(count: int, tested: int, seed: int = 0) -> dict[str, TensorDataset]:
    """(c, point) at random places, "train" and "test"."""
    generator = torch.Generator().manual_seed(seed)
    c = torch.rand(count + tested, 1, generator=generator)
    return {name: TensorDataset(part, curve(part)) for name, part in (("train", c[:count]), ("test", c[count:]))}


def curve_loss(model: Curve, batch: Sequence[Tensor]) -> Float[Tensor, ""]:
    """The mean loss of the head."""
    return model.loss(*batch)


def misses(model: Curve, batch: Sequence[Tensor]) -> dict[str, Tensor]:
    """One sample for each place, minus the truth."""
    return {"miss": model(batch[0]) - batch[1]}


def root_mean_square(pooled: dict[str, np.ndarray]) -> dict[str, float]:
    """Over places and coordinates."""
    return {"RMSE": float(np.sqrt((pooled["miss"] ** 2).mean()))}


def _only_paper(preset: str, task: str) -> None:
    if checks.choice(preset, "preset", SIZES) != "paper":
        raise ValueError(f"preset must be 'paper': {task} has no smaller stand-in, got {preset!r}")


RECIPES: dict[str, Callable[[str], Recipe | Computation]] = {
    **{f"unified/{head}": partial(generated, "unified", head) for head in HEADS},
    "unified/joint": joint,
    **{f"{kind}/diffusion": partial(generated, kind, "diffusion") for kind in ("crystals", "molecules")},
    **{f"polymorphs/{head}": partial(polymorphs, head) for head in ("diffusion", "regression")},
    "conditional/dipole": conditional,
    "unified-33m/diffusion": local,
    **{f"precision/{variant}": partial(precision, variant) for variant in PRECISION},
    **{f"csp/{name}": partial(predicted, name) for name in ("mp-20", "carbon-24", "perov-5", "mpts-52")},
}
