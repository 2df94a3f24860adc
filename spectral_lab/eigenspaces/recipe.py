"""Training recipes of chapter 01: cycle counting, ZINC, Alchemy, DrugOOD, and the trade-off of the paper's section 4.3.

Names: "counting/{3..6}/{method}" is the published experiment, one network for each cycle length (48 runs with 3
seeds). "counting/all/{method}" trains one network with four outputs instead, which a class can run. "zinc/...",
"alchemy/..." and "drugood/{shift}/..." need files that must be fetched by hand, see `data`; their `lecture` and
`miniature` presets use the molecules that rdkit ships, which are not those sets. "tradeoff/{pieces}" limits φ.

Departures from the published runs: the last incomplete batch of an epoch is left out; batch-norm statistics leave
padding out; BasisNet reads every multiplicity that d allows, not only 1 to 5, and so has more parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.eigenspaces import data
from spectral_lab.eigenspaces.data import Batch
from spectral_lab.eigenspaces.data.graphs import SHIFTS
from spectral_lab.eigenspaces.models import GINE, PEG, SPE, BasisNet, SignNet, SplineFilters
from spectral_lab.training import (
    Evaluation,
    Group,
    Optimiser,
    Part,
    Recipe,
    Reporter,
    Run,
    Target,
    schedules,
    train,
)
from spectral_lab.training.recipe import PRESETS

METHODS = ("spe", "signnet", "peg", "none")
NO_DECAY_ON_BIASES = (Group("*bias*", weight_decay=0.0),)


# --- models -------------------------------------------------------------------------------------------------------


def network(encoder: str | None = None, encoder_options: Mapping[str, Any] | None = None, **base: Any) -> GINE:
    """A GINE with one of the chapter's encoders, by name: "spe", "signnet", "basisnet", "peg", or None.

    Raises: ValueError for another name.
    """
    builders: dict[str, Callable[..., nn.Module]] = {
        "spe": SPE, "spe-spline": _spline_spe, "signnet": SignNet, "basisnet": BasisNet, "peg": PEG,
    }  # fmt: skip
    if encoder is None:
        return GINE(None, **base)
    return GINE(builders[checks.choice(encoder, "encoder", builders)](**(encoder_options or {})), **base)


def _spline_spe(pieces: int, channels: int, **options: Any) -> SPE:
    return SPE(channels=channels, phi=SplineFilters(channels, pieces), **options)


# --- losses and metrics -------------------------------------------------------------------------------------------


def predict(model: nn.Module, batch: Batch) -> Float[Tensor, "b targets"]:
    """The model's output for a batch of `Graphs`."""
    return model(**{name: value for name, value in batch.items() if name != "targets"})


def absolute_loss(model: nn.Module, batch: Batch) -> Tensor:
    """The mean absolute error over graphs and targets."""
    return (predict(model, batch) - batch["targets"]).abs().mean()


def absolute_errors(model: nn.Module, batch: Batch, split: str, lengths: bool = False) -> dict[str, Tensor]:
    """The absolute error of each graph; with `lengths` also for each of the four cycle lengths by itself."""
    errors = (predict(model, batch) - batch["targets"]).abs()
    single = {f"{split} {k}-cycles": errors[:, i] for i, k in enumerate((3, 4, 5, 6))} if lengths else {}
    return {f"{split} MAE": errors.mean(dim=1), **single}


def binary_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Binary cross entropy with logits."""
    return nn.functional.binary_cross_entropy_with_logits(predict(model, batch), batch["targets"])


def binary_scores(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """The logit of each graph, and its label."""
    return {"logits": predict(model, batch)[:, 0], "labels": batch["targets"][:, 0]}


def binary_summary(pooled: Mapping[str, np.ndarray], split: str) -> dict[str, float]:
    """Accuracy, cross entropy and the area under the ROC curve, which is no mean over graphs, of a whole split."""
    logits, positive = pooled["logits"], pooled["labels"] > 0.5
    return {
        f"{split} accuracy": float(((logits > 0) == positive).mean()),
        f"{split} loss": float((np.logaddexp(0.0, logits) - positive * logits).mean()),
        f"{split} AUROC": mann_whitney(logits, positive),
    }


def mann_whitney(scores: np.ndarray, positive: np.ndarray) -> float:
    """The area under the ROC curve: P(score of a positive > score of a negative) + ½ P(equal) (Mann and Whitney).

    Raises: ValueError if a class is missing.
    """
    if positive.all() or not positive.any():
        raise ValueError("both classes must be there for an AUROC")
    values, rank = np.unique(scores, return_inverse=True)
    counts = np.bincount(rank, minlength=len(values))
    middle = np.cumsum(counts) - (counts - 1) / 2  # mean rank of each value, from 1
    wins = middle[rank][positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return float(wins / (positive.sum() * (~positive).sum()))


# --- counting -----------------------------------------------------------------------------------------------------

# The published widths (d, m, layers x width): ρ and the base network of SPE have width 80, SignNet 85, others 120.
_COUNTING: dict[str, tuple[str | None, dict[str, Any], dict[str, Any]]] = {
    "spe": ("spe", {"d": 30, "channels": 8, "phi_layers": 4, "phi_width": 80, "rho_layers": 4, "rho_width": 80},
            {"width": 80, "layers": 4}),
    "signnet": ("signnet", {"d": 30, "phi_layers": 4, "width": 85, "rho_layers": 4}, {"width": 85, "layers": 4}),
    "peg": ("peg", {"d": 10}, {"width": 120, "layers": 4}),
    "none": (None, {}, {"width": 120, "layers": 4}),
}  # fmt: skip
_COUNTING_SMALL: dict[str, tuple[str | None, dict[str, Any], dict[str, Any]]] = {
    "spe": ("spe", {"d": 30, "channels": 4, "phi_layers": 3, "phi_width": 16, "rho_layers": 2, "rho_width": 16,
                    "mlp_layers": 2}, {"width": 16, "layers": 3}),
    "signnet": ("signnet", {"d": 30, "phi_layers": 2, "width": 16, "rho_layers": 2, "mlp_layers": 2},
                {"width": 16, "layers": 3}),
    "peg": ("peg", {"d": 10}, {"width": 16, "layers": 3}),
    "none": (None, {}, {"width": 16, "layers": 3}),
}  # fmt: skip


def counting(preset: str, method: str, length: int | None) -> Recipe:
    """Cycle counting: SPE against SignNet, PEG and no encoding. `length` None trains all four targets at once.

    Raises: ValueError for an unknown preset, method or length.
    """
    small = preset == "miniature"
    encoder, options, base = (_COUNTING_SMALL if small else _COUNTING)[checks.choice(method, "method", METHODS)]
    d = options.get("d", 10)
    every = {"paper": 1, "lecture": 10, "miniature": 0}[checks.choice(preset, "preset", PRESETS)]
    evaluations = tuple(
        Evaluation(split, Part(absolute_errors, {"split": split, "lengths": length is None}), every)
        for split in ("val", "test")
    )
    shown = ("test MAE",) + tuple(f"test {k}-cycles" for k in (3, 4, 5, 6) if length is None)
    return Recipe(
        name=f"eigenspaces/counting/{'all' if length is None else length}/{method}",
        preset=preset,
        data=Part(data.counting, {"length": length, "d": d, "sizes": [300, 50, 200] if small else [1500, 1000, 2500]}),
        model=Part(
            network,
            {"encoder": encoder, "encoder_options": options, **base, "targets": 4 if length is None else 1}
            | ({"mlp_layers": 2} if small else {}),
        ),
        loss=Part(absolute_loss),
        evaluations=evaluations,
        optimiser=Optimiser("adam", 3e-3 if small else 1e-3, 1e-4, NO_DECAY_ON_BIASES),
        schedule=Part(schedules.linear, {"warmup": 20 if small else 100}),
        target=Target(shown, {}, select=None if small else "val MAE", best="lowest"),
        batch_size=32 if small else 128,
        epochs={"paper": 600, "lecture": 80, "miniature": 24}[preset],
        precision="tf32" if preset == "lecture" else "32-true",
    )


# --- ZINC ---------------------------------------------------------------------------------------------------------

_ZINC_PAPER = "the paper's ZINC table"
_ZINC: dict[str, tuple[str | None, dict[str, Any], dict[str, Any], dict[str, float]]] = {
    "spe": ("spe", {"d": 37, "channels": 16, "phi_layers": 3, "phi_width": 16, "rho_layers": 8, "rho_width": 128},
            {"width": 128}, {"test MAE": 0.0693}),
    "spe8": ("spe", {"d": 8, "channels": 6, "phi": "deepsets", "phi_layers": 4, "phi_width": 16, "rho_layers": 8,
                     "rho_width": 128}, {"width": 128}, {"test MAE": 0.0736}),
    "signnet": ("signnet", {"d": 37, "phi_layers": 8, "width": 120, "rho_layers": 8, "norm_between": True},
                {"width": 120}, {"test MAE": 0.0853}),
    "signnet8": ("signnet", {"d": 8, "combine": "concatenate", "phi_layers": 8, "width": 120, "rho_layers": 8,
                             "norm_between": True}, {"width": 120}, {"test MAE": 0.1034}),
    "basisnet8": ("basisnet", {"d": 8, "max_multiplicity": 8, "width": 120, "rho_layers": 8, "mlp_width": 120},
                  {"width": 120}, {"test MAE": 0.1554}),
    "basisnet": ("basisnet", {"d": 37, "max_multiplicity": 37, "width": 108, "rho_layers": 8, "mlp_width": 108},
                 {"width": 108}, {"test MAE": 0.1555}),
    "peg8": ("peg", {"d": 8}, {"width": 150}, {"test MAE": 0.1444}),
    "peg": ("peg", {"d": 37}, {"width": 150}, {"test MAE": 0.1878}),
    "none": (None, {}, {"width": 200}, {"test MAE": 0.1772}),
}  # fmt: skip


def zinc(preset: str, method: str) -> Recipe:
    """ZINC-12k; NCI-5k (not ZINC) where the preset is not "paper".

    Raises: ValueError for an unknown preset or method.
    """
    encoder, options, base, published = _ZINC[checks.choice(method, "method", _ZINC)]
    paper, small = preset == "paper", preset == "miniature"
    d = options.get("d", 8)
    if small:
        options, base = _shrunk(options), {"width": 16}
    sizes = [300, 50, 200] if small else [3000, 800, 800]
    source = Part(data.zinc, {"d": d}) if paper else Part(data.nci, {"d": d, "sizes": sizes})
    return Recipe(
        name=f"eigenspaces/{'zinc' if paper else 'nci'}/{method}",
        preset=preset,
        data=source,
        model=Part(
            network,
            {"encoder": encoder, "encoder_options": options, "layers": 2 if small else 4, **base,
             "pooling": "mean", "node_types": 28 if paper else 47, "edge_types": 3 if paper else 4},
        ),
        loss=Part(absolute_loss),
        evaluations=tuple(
            Evaluation(split, Part(absolute_errors, {"split": split}), 0 if small else 1) for split in ("val", "test")
        ),
        optimiser=Optimiser("adam", 1e-3, 1e-4 if method in ("none", "peg8", "peg") else 3e-6, NO_DECAY_ON_BIASES),
        schedule=Part(schedules.linear, {"warmup": 10 if small else 100}),
        target=Target(
            ("test MAE",), published if paper else {}, _ZINC_PAPER, select=None if small else "val MAE", best="lowest"
        ),
        batch_size=32 if small else 128,
        epochs={"paper": 1000, "lecture": 100, "miniature": 4}[preset],
        precision="tf32" if preset == "lecture" else "32-true",
        seed=0,
    )  # fmt: skip


# --- Alchemy ------------------------------------------------------------------------------------------------------

_ALCHEMY: dict[str, tuple[str | None, dict[str, Any], float, float]] = {
    "spe": ("spe", {"d": 12, "channels": 12, "phi_layers": 3, "phi_width": 16, "rho_layers": 8, "rho_width": 128},
            1e-6, 0.108),
    "signnet": ("signnet", {"d": 12, "phi_layers": 8, "width": 120, "rho_layers": 8, "norm_between": True},
                3e-6, 0.113),
    "basisnet": ("basisnet", {"d": 12, "max_multiplicity": 12, "width": 120, "rho_layers": 8, "mlp_width": 120},
                 3e-6, 0.110),
    "peg": ("peg", {"d": 8}, 1e-6, 0.114),
    "none": (None, {}, 1e-6, 0.112),
}  # fmt: skip


def alchemy(preset: str, method: str) -> Recipe:
    """Alchemy-12k, twelve targets; the miniature and the lecture are the same in small and need the files as well.

    Raises: ValueError for an unknown preset or method.
    """
    encoder, options, decay, published = _ALCHEMY[checks.choice(method, "method", _ALCHEMY)]
    small = preset == "miniature"
    return Recipe(
        name=f"eigenspaces/alchemy/{method}",
        preset=preset,
        data=Part(data.alchemy, {"d": options.get("d", 8)}),
        model=Part(
            network,
            {"encoder": encoder, "encoder_options": _shrunk(options) if small else options,
             "width": 16 if small else 120 if method in ("signnet", "basisnet") else 128, "layers": 2 if small else 16,
             "targets": 12, "node_types": 6, "edge_types": 4, "features": True},
        ),
        loss=Part(absolute_loss),
        evaluations=tuple(Evaluation(split, Part(absolute_errors, {"split": split}), 1) for split in ("val", "test")),
        optimiser=Optimiser("adam", 1e-3, decay, NO_DECAY_ON_BIASES),
        schedule=Part(schedules.linear, {"warmup": 100}),
        target=Target(("test MAE",), {"test MAE": published}, "the paper's Alchemy table", "val MAE", "lowest"),
        batch_size=128,
        epochs={"paper": 1000, "lecture": 100, "miniature": 2}[preset],
    )  # fmt: skip


# --- DrugOOD ------------------------------------------------------------------------------------------------------

_DRUGOOD: dict[str, tuple[str | None, dict[str, Any]]] = {
    "spe": ("spe", {"d": 32, "channels": 16, "phi_layers": 3, "phi_width": 16, "rho_layers": 3, "rho_width": 64}),
    "signnet": ("signnet", {"d": 32, "phi_layers": 3, "width": 64, "rho_layers": 3}),
    "basisnet": ("basisnet", {"d": 32, "max_multiplicity": 32, "width": 16, "rho_layers": 3, "mlp_width": 64}),
    "peg": ("peg", {"d": 32}),
    "none": (None, {}),
}
# AUROC on the shifted test split, in per cent: (assay, scaffold, size).
DRUGOOD_PUBLISHED = {
    "spe": (72.53, 69.64, 66.02), "signnet": (72.27, 66.43, 64.03), "basisnet": (71.66, 66.32, 60.79),
    "peg": (71.98, 69.15, 66.01), "none": (71.68, 68.00, 66.04),
}  # fmt: skip


def drugood(preset: str, method: str, shift: str) -> Recipe:
    """DrugOOD; NCI-5k under a shift of size where the preset is not "paper". What counts is the last weights' AUROC.

    The published run with the assay shift uses φ = 1, so no eigenvalue at all, and no norm in ρ; the SPE for
    the other two has layer norm inside ρ, a dropout of 0.1 in ρ and in the network after it, and batches of 32. Two
    rivals are built differently for the assay shift: no encoding has width 80, and SignNet has batch norm between its
    layers. BasisNet's encoding is added to the features, the others are concatenated.

    Raises: ValueError for an unknown preset, method or shift.
    """
    encoder, options = _DRUGOOD[checks.choice(method, "method", _DRUGOOD)]
    checks.choice(shift, "shift", SHIFTS)
    paper, small = preset == "paper", preset == "miniature"
    if method == "spe":
        options = options | (
            {"phi": "constant", "norm": "none"} if shift == "assay" else {"norm": "layer", "dropout": 0.1}
        )
    if method == "signnet" and shift == "assay":
        options = options | {"norm_between": True}
    width = 80 if method == "none" and shift == "assay" else 64
    source = Part(data.drugood, {"shift": shift}) if paper else Part(data.nci_by_size)
    featured = {"node_types": 39, "edge_types": 10, "features": True}
    types = featured if paper else {"node_types": 47, "edge_types": 4}
    return Recipe(
        name=f"eigenspaces/{'drugood' if paper else 'nci-ood'}/{shift}/{method}",
        preset=preset,
        data=source,
        model=Part(
            network,
            {"encoder": encoder, "encoder_options": _shrunk(options) if small else options,
             "width": 16 if small else width, "layers": 2 if small else 4,
             "aggregate": "add" if method == "basisnet" else "concatenate", "dropout": options.get("dropout", 0.0)}
            | types,
        ),
        loss=Part(binary_loss),
        evaluations=tuple(
            Evaluation(split, Part(binary_scores), 1, Part(binary_summary, {"split": split}))
            for split in ("iid_val", "iid_test", "ood_val", "ood_test")
        ),
        optimiser=Optimiser("adam", 1e-4 if paper else 1e-3, 0.0 if method == "peg" else 1e-4, NO_DECAY_ON_BIASES),
        schedule=Part(schedules.constant),
        target=Target(
            ("iid_test AUROC", "ood_test AUROC"),
            {"ood_test AUROC": DRUGOOD_PUBLISHED[method][SHIFTS.index(shift)] / 100} if paper else {},
            "the paper's DrugOOD table" if paper else "",
        ),
        batch_size=32 if method == "spe" and shift != "assay" else 64,
        epochs={"paper": 100 if shift == "assay" else 200, "lecture": 20, "miniature": 1}[preset],
    )  # fmt: skip


# --- the trade-off ------------------------------------------------------------------------------------------------


def tradeoff(preset: str, pieces: int) -> Recipe:
    """SPE with spline filters of few or many pieces: ZINC in the paper, triangle counting in the other presets.

    What to see is the trend: the training error falls and the gap to the test error grows with the pieces.

    Raises: ValueError for an unknown preset.
    """
    paper = checks.choice(preset, "preset", PRESETS) == "paper"
    width, channels, layers = (128, 16, 8) if paper else (16, 4, 2)
    source = Part(data.zinc) if paper else Part(data.counting, {"length": 3, "sizes": [100, 20, 300]})
    options = {
        "d": 37 if paper else 30,
        "channels": channels,
        "pieces": pieces,
        "rho_layers": layers,
        "rho_width": width,
    }
    types = {"node_types": 28, "edge_types": 3, "pooling": "mean"} if paper else {}
    return Recipe(
        name=f"eigenspaces/tradeoff/{pieces}",
        preset=preset,
        data=source,
        model=Part(
            network,
            {"encoder": "spe-spline", "encoder_options": options, "width": width, "layers": 4 if paper else 2, **types},
        ),
        loss=Part(absolute_loss),
        evaluations=tuple(
            Evaluation(split, Part(absolute_errors, {"split": split}), 1 if paper else 0) for split in ("train", "test")
        ),
        optimiser=Optimiser("adam", 1e-3 if paper else 3e-3, 3e-6, NO_DECAY_ON_BIASES),
        schedule=Part(schedules.linear, {"warmup": 100 if paper else 20}),
        target=Target(("train MAE", "test MAE")),
        batch_size=128 if paper else 20,
        epochs={"paper": 1000, "lecture": 200, "miniature": 20}[preset],
    )


def zinc_here(method: str = "spe", reporter: Reporter | None = None) -> list[Run]:
    """Train on ZINC in full where a CUDA device and the files are there; otherwise say what is missing.

    Raises: ValueError for an unknown method, and what `train` raises.
    """
    recipe = zinc("paper", method)
    missing = [file.path.name for file in data.DATASETS["zinc"].missing]
    if missing:
        print(f"ZINC is not here. Put {', '.join(missing)} into zinc/ of the data folder.")
    if not torch.cuda.is_available():
        print("No CUDA device here: ZINC in full takes 20 to 60 minutes on a modern GPU.")
    if missing or not torch.cuda.is_available():
        return []
    return [train(recipe, reporter=reporter)]


def _shrunk(options: Mapping[str, Any]) -> dict[str, Any]:
    """Encoder options for seconds on a CPU: the same parts, two layers of width 16."""
    small = {
        "channels": 4,
        "phi_layers": 2,
        "phi_width": 8,
        "rho_layers": 2,
        "rho_width": 16,
        "width": 16,
        "mlp_width": 16,
    }
    return {name: small.get(name, value) for name, value in options.items()}


RECIPES: dict[str, Callable[[str], Recipe]] = {
    **{f"counting/all/{m}": partial(counting, method=m, length=None) for m in METHODS},
    **{f"counting/{k}/{m}": partial(counting, method=m, length=k) for k in (3, 4, 5, 6) for m in METHODS},
    **{f"zinc/{m}": partial(zinc, method=m) for m in _ZINC},
    **{f"alchemy/{m}": partial(alchemy, method=m) for m in _ALCHEMY},
    **{f"drugood/{s}/{m}": partial(drugood, method=m, shift=s) for s in SHIFTS for m in _DRUGOOD},
    **{f"tradeoff/{pieces}": partial(tradeoff, pieces=pieces) for pieces in (1, 4, 16, 48)},
}
