"""The training recipes of chapter 02: what the step range does to a delay, and the Long Range Arena.

    delay/BASIS/RANGE          one linear layer learns to delay white noise; RANGE is the range of the steps
    listops/MODEL              the value of a nested expression; MODEL is "s4-legs" or "transformer"
    digits/s4d-lin             pictures read pixel by pixel
    arena/TASK/MODEL           the Arena by the recipes of 2022, "s4-legs" to "s4d-lin"
    arena-now/TASK/s4-legs     the same tasks by the recipes that the authors keep now

`paper` is the published configuration. Its data: ListOps, Pathfinder and Path-X are generated here, the others are the
published sets. `lecture` and `miniature` are the same code in small, on data that is generated or comes with
scikit-learn: shorter expressions, smaller pictures, and, in place of texts, expressions (for retrieval: have two of
them the same value?).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hippo import data
from spectral_lab.hippo.data.arena import Pairs
from spectral_lab.hippo.models import DelayModel, Recurrent, Transformer, reader, s4_stack
from spectral_lab.samples import Sequences
from spectral_lab.training import Evaluation, Group, Optimiser, Part, Recipe, Target, metrics, schedules
from spectral_lab.training.recipe import PRESETS

# --- the delay -------------------------------------------------------------------------------------------------------

# Ranges of step times lag: the paper's four pairs of (smallest, largest) step at its lag of 1000, and one of ours.
RANGES = {
    "hugging": (1.0, 2.0),
    "tied": (2.0, 2.0),
    "wide": (1.0, 100.0),
    "fast": (2.0, 100.0),
    "beyond": (8.0, 8.0),
}
BASES = ("legs", "legt", "fout")
DELAY: dict[str, dict[str, Any]] = {
    "paper": {"lag": 1000, "length": 4000, "states": 1024, "train": 16384, "test": 1024, "batch": 64, "epochs": 20},
    "lecture": {"lag": 128, "length": 512, "states": 128, "train": 32768, "test": 512, "batch": 64, "epochs": 2},
    "miniature": {"lag": 32, "length": 128, "states": 64, "train": 9600, "test": 512, "batch": 32, "epochs": 1},
}


def squared_error(model: nn.Module, batch: tuple[Tensor, None, Tensor]) -> Float[Tensor, ""]:
    """The mean squared error of a batch of signals."""
    return F.mse_loss(model(batch[0]), batch[2])


def relative_errors(model: nn.Module, batch: tuple[Tensor, None, Tensor]) -> dict[str, Float[Tensor, " b"]]:
    """The squared error of each signal over the energy of its target."""
    x, _, target = batch
    return {"error": ((model(x) - target) ** 2).mean((1, 2)) / (target**2).mean((1, 2))}


def delay(basis: str, span: str, preset: str) -> Recipe:
    """A linear S4 layer learns a delay, from steps in a range that fits the lag or does not (2206.12037, section 5).

    The paper trains everything at one rate; in small, what is not the state space learns ten times faster. Its four
    ranges are kept as step times lag, the number that matters; "beyond" is ours: no window reaches the lag.
    """
    size = DELAY[checks.choice(preset, "preset", PRESETS)]
    low, high = (product / size["lag"] for product in RANGES[checks.choice(span, "span", RANGES)])
    small = tuple(Group(pattern, 0.001, 0.0) for pattern in ("*.A_*", "*.B", "*.P", "*.inv_step"))
    return Recipe(
        name=f"hippo/delay/{basis}/{span}",
        preset=preset,
        data=Part(data.delay, {key: size[key] for key in ("train", "test", "length", "lag")}),
        model=Part(DelayModel, {"init": basis, "states": size["states"], "steps": [low, high]}),
        loss=Part(squared_error),
        evaluations=(Evaluation("test", Part(relative_errors)),),
        optimiser=Optimiser("adamw", 0.001 if preset == "paper" else 0.01, 0.0, small),
        schedule=Part(schedules.constant if preset == "paper" else schedules.cosine),
        target=Target(("error",), best="lowest"),
        batch_size=size["batch"],
        epochs=size["epochs"],
    )


# --- networks for classification -------------------------------------------------------------------------------------

MODELS = {
    "s4-legs": ("s4", "legs"),
    "s4-fout": ("s4", "fout"),
    "s4-legs-fout": ("s4", "legs/fout"),
    "s4d-legs": ("s4d", "legs"),
    "s4d-inv": ("s4d", "inv"),
    "s4d-lin": ("s4d", "lin"),
}
BASELINES = ("transformer", "gru", "free")


def classifier(
    model: str,
    channels: int,
    layers: int,
    classes: int,
    tokens: int = 0,
    inputs: int = 1,
    states: int = 64,
    copies: int = 1,
    steps: Sequence[float] = (1e-3, 1e-1),
    norm: str = "batch",
    prenorm: bool = True,
    dropout: float = 0.0,
    bidirectional: bool = True,
    pool: str = "mean",
    pairs: bool = False,
    length: int = 1024,
    B_clip: float | None = None,
) -> nn.Module:
    """A network for sequences of tokens (their number), or of pixels (tokens = 0) with `inputs` colours, or for pairs.

    Raises: ValueError.
    """
    model = checks.choice(model, "model", (*MODELS, *BASELINES))
    encoder = nn.Embedding(tokens, channels) if tokens else nn.Linear(inputs, channels)
    body: nn.Module
    if model == "transformer":
        body = Transformer(channels, layers, dropout=dropout)
    elif model == "gru":
        body = Recurrent(channels, layers, bidirectional)
    else:
        kernel, init = MODELS.get(model, ("free", "legs"))
        body = s4_stack(
            channels, layers, states=states, kernel=kernel, init=init, copies=copies, steps=steps,
            bidirectional=bidirectional, norm=norm, prenorm=prenorm, dropout=dropout, length=length, B_clip=B_clip,
        )  # fmt: skip
    return reader(encoder, body, channels, classes, pool=pool, pairs=pairs)


# --- the data in small -----------------------------------------------------------------------------------------------


def expressions(train: int, test: int, longest: int) -> dict[str, Sequences]:
    """Short ListOps expressions, from a quarter of the longest length on."""
    depth = 6 if longest > 100 else 4
    return data.listops(train, test, test, 0, depth, 10 if longest > 100 else 5, longest // 4, longest)


def equal_expressions(train: int, test: int, longest: int) -> dict[str, Pairs]:
    """Pairs of short expressions: have they the same value? In place of pairs of documents."""
    parts = {}
    for name, part in expressions(2 * train, 2 * test, longest).items():
        assert part.lengths is not None
        order = part.labels.argsort(stable=True)  # neighbours have equal values; every second pair is broken up
        first, second = order[0::2], order[1::2].clone()
        second[::2] = second[::2].roll(len(second) // 4)
        same = (part.labels[first] == part.labels[second]).long()
        a, b = (Sequences(part.x[rows], same, part.lengths[rows]) for rows in (first, second))
        parts[name] = Pairs(a, b)
    return parts


# --- the Arena -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One line of the authors' table of settings (their configuration files).

    copies 0: one for each channel. C_rate: where their file gives one rate for the whole state space, it is that of C
    too, which keeps its weight decay; where it lists them (steps, A, B), or gives the base rate, None.
    """

    layers: int
    channels: int
    states: int
    norm: str
    prenorm: bool
    dropout: float
    rate: float
    step_rate: float
    A_rate: float
    batch: int
    epochs: int
    steps: int
    warmup: int
    decay: float
    smallest: float
    copies: int
    seed: int
    pool: str = "mean"
    C_rate: float | None = None


ROWS = {
    "listops": Row(8, 128, 64, "batch", False, 0, 0.01, 0.01, 0.001, 50, 40, 80_000, 1_000, 0.05, 1e-3, 0, 2222),
    "text": Row(6, 256, 64, "batch", True, 0, 0.01, 0.01, 0.001, 16, 32, 50_000, 1_000, 0.05, 1e-3, 0, 2222),
    "retrieval": Row(6, 256, 64, "batch", True, 0, 0.01, 0.01, 0.001, 64, 20, 50_000, 2_500, 0.05, 1e-3, 0, 2222),
    "image": Row(6, 512, 64, "layer", False, 0.1, 0.01, 0.01, 0.001, 50, 200, 180_000, 900, 0.05, 1e-3, 2, 2222),
    "pathfinder": Row(
        6, 256, 64, "batch", True, 0, 0.004, 0.001, 0.001, 64, 200, 500_000, 2_500, 0.03, 1e-3, 0, 2222, "last", 1e-3
    ),
    "path-x": Row(6, 256, 64, "batch", True, 0, 0.0005, 0.0005, 0.0005, 16, 50, 500_000, 10_000, 0.05, 1e-4, 0, 2222),
}
ROWS_NOW = {
    "listops": Row(6, 256, 4, "batch", False, 0, 0.01, 0.01, 0.001, 32, 40, 120_000, 12_000, 0.05, 1e-3, 1, 3333),
    "text": Row(6, 256, 4, "batch", True, 0, 0.01, 0.01, 0.001, 16, 32, 50_000, 5_000, 0.05, 1e-3, 1, 3333),
    "retrieval": Row(6, 256, 4, "batch", True, 0, 0.01, 0.01, 0.001, 64, 20, 50_000, 5_000, 0.05, 1e-3, 1, 3333),
    "image": Row(
        6, 512, 64, "batch", False, 0.1, 0.01, 0.001, 0.001, 50, 200, 180_000, 18_000, 0.05, 1e-3, 1, 2222, "mean", 1e-3
    ),
    "pathfinder": Row(
        6, 256, 64, "batch", True, 0, 0.004, 0.001, 0.001, 64, 200, 500_000, 50_000, 0.05, 1e-3, 0, 3333, "mean", 1e-3
    ),
    "path-x": Row(6, 256, 64, "batch", True, 0, 0.001, 0.001, 0.001, 16, 50, 500_000, 50_000, 0.05, 1e-4, 0, 3333),
}
# Path-X with the steps of the other tasks, too fast for its length.
ROWS_FAST = {"path-x": replace(ROWS["path-x"], smallest=1e-3)}
# Accuracy in the paper's table; None is chance. "transformer" is from the Arena's own paper.
PUBLISHED: dict[str, dict[str, float | None]] = {
    model: dict(zip(ROWS, values, strict=True))
    for model, values in {
        "transformer": (0.3637, 0.6427, 0.5746, 0.4244, 0.7140, None),
        "s4-legs": (0.5960, 0.8682, 0.9090, 0.8865, 0.9420, 0.9635),
        "s4-fout": (0.5788, 0.8634, 0.8966, 0.8907, 0.9446, None),
        "s4-legs-fout": (0.6045, 0.8678, 0.9030, 0.8900, 0.9444, None),
        "s4d-legs": (0.6047, 0.8618, 0.8946, 0.8819, 0.9306, 0.9195),
        "s4d-inv": (0.6018, 0.8734, 0.9109, 0.8783, 0.9378, 0.9280),
        "s4d-lin": (0.6052, 0.8697, 0.9096, 0.8793, 0.9396, None),
    }.items()
}
TASKS: dict[str, dict[str, Any]] = {
    "listops": {"classes": 10, "tokens": len(data.expressions.VOCABULARY)},
    "text": {"classes": 2, "tokens": 135},
    "retrieval": {"classes": 2, "tokens": 98, "pairs": True},
    "image": {"classes": 10},
    "pathfinder": {"classes": 2},
    "path-x": {"classes": 2},
}
PAPER_DATA: dict[str, Part] = {
    "listops": Part(data.listops),
    "text": Part(data.imdb),
    "retrieval": Part(data.aan),
    "image": Part(data.cifar10),
    "pathfinder": Part(data.pathfinder),
    "path-x": Part(data.pathfinder, {"size": 128}),
}
SMALL_TASKS = TASKS | {"text": TASKS["listops"], "retrieval": TASKS["listops"] | {"classes": 2, "pairs": True}}
SMALL_DATA: dict[str, dict[str, Part]] = {
    preset: {
        "listops": words,
        "text": words,
        "retrieval": Part(equal_expressions, words.options),
        "image": Part(data.digits, pictures),
        "pathfinder": Part(data.pathfinder, snakes),
        "path-x": Part(data.pathfinder, snakes),
    }
    for preset, words, pictures, snakes in (
        (
            "lecture",
            Part(expressions, {"train": 40_000, "test": 2_000, "longest": 300}),
            {"size": 32, "copies": 8},
            {"train": 8_000, "val": 1_000, "test": 1_000},
        ),
        (
            "miniature",
            Part(expressions, {"train": 3_000, "test": 500, "longest": 60}),
            {},
            {"train": 96, "val": 16, "test": 16},
        ),
    )
}
# The network and the run in small: what the authors keep now for ListOps, narrowed.
SMALL_ROWS = {
    "lecture": Row(4, 128, 16, "batch", True, 0, 0.01, 0.001, 0.001, 50, 5, 0, 400, 0.05, 1e-3, 1, 0),
    "miniature": Row(2, 32, 16, "batch", True, 0, 0.01, 0.001, 0.001, 50, 2, 0, 20, 0.05, 1e-2, 1, 0),
}


def arena(task: str, model: str, preset: str, rows: Mapping[str, Row] = ROWS, group: str = "arena") -> Recipe:
    """A task of the Long Range Arena (arXiv 2206.12037, table of results; settings from the authors' files).

    The steps of the authors' schedule may exceed the epochs (then it is cut off) or fall short (then the rate stays 0),
    as in their runs. `B_clip` is on for `paper`: their runs had it. ListOps learns the steps at the base rate in
    `paper`, for which users report losses that are not a number; the smaller presets use a tenth.
    """
    preset = checks.choice(preset, "preset", PRESETS)
    row = rows[checks.choice(task, "task", TASKS)] if preset == "paper" else SMALL_ROWS[preset]
    space = model in MODELS
    copies = row.copies or row.channels
    if model == "s4-legs-fout":
        copies = max(copies, 2)
    options = {
        "model": model, "channels": row.channels, "layers": row.layers, "states": row.states, "copies": copies,
        "steps": [row.smallest, 0.1], "norm": row.norm, "prenorm": row.prenorm, "dropout": row.dropout,
        "pool": row.pool, **(TASKS if preset == "paper" else SMALL_TASKS)[task],
    }  # fmt: skip
    if preset == "paper" and model.startswith("s4-"):
        options["B_clip"] = 2.0
    groups = tuple(Group(pattern, row.A_rate, 0.0) for pattern in ("*.A_*", "*.B", "*.P")[: 3 if "4-" in model else 2])
    groups = (*groups, Group("*.inv_step", row.step_rate, 0.0)) if space else ()
    if space and row.C_rate is not None:
        groups = (*groups, Group("*.C", row.C_rate, row.decay))
    splits = ("test",) if task == "image" and preset != "paper" else ("val", "test")
    names = {"val": "val accuracy", "test": "accuracy"}
    published = PUBLISHED.get(model, {}).get(task)
    return Recipe(
        name=f"hippo/{group}/{task}/{model}" if group != task else f"hippo/{task}/{model}",
        preset=preset,
        data=PAPER_DATA[task] if preset == "paper" else SMALL_DATA[preset][task],
        model=Part(classifier, options),
        loss=Part(metrics.cross_entropy),
        evaluations=tuple(Evaluation(split, Part(metrics.accuracy, {"name": names[split]})) for split in splits),
        optimiser=Optimiser("adamw", row.rate if space else row.rate / 10, row.decay, groups),
        schedule=Part(schedules.cosine, {"warmup": row.warmup} | ({"length": row.steps} if row.steps else {})),
        target=Target(
            ("accuracy",),
            {} if published is None else {"accuracy": published},
            "Long Range Arena",
            select="val accuracy" if "val" in splits else None,
        ),
        batch_size=row.batch if preset != "miniature" or not task.startswith("path") else 16,
        epochs=row.epochs,
        seed=row.seed,
    )


def digits(model: str, preset: str) -> Recipe:
    """Pictures as sequences, in one direction (the authors' demonstration): CIFAR-10 in colour, or digits in small."""
    small = preset != "paper"
    base = arena("image", model, preset)
    options = dict(base.model.options) | {"bidirectional": False}
    if not small:
        options |= {"inputs": 3, "channels": 128, "layers": 4, "copies": 128, "norm": "layer", "prenorm": False}
    return Recipe(
        name=f"hippo/digits/{model}",
        preset=preset,
        data=base.data if small else Part(data.cifar10, {"colour": True}),
        model=Part(classifier, options),
        loss=base.loss,
        evaluations=base.evaluations,
        optimiser=Optimiser("adamw", 0.01, 0.01, tuple(Group(g.pattern, 0.001, 0.0) for g in base.optimiser.groups)),
        schedule=Part(schedules.cosine_by_epoch),
        target=Target(("accuracy",), {"accuracy": 0.88}, "colour CIFAR-10, 88 to 89 %", base.target.select),
        batch_size=64 if not small else 50,
        epochs=100 if not small else {"lecture": 10, "miniature": 8}[preset],
    )


RECIPES: dict[str, Callable[[str], Recipe]] = {
    **{f"delay/{basis}/{span}": partial(delay, basis, span) for basis in BASES for span in RANGES},
    "listops/s4-legs": partial(arena, "listops", "s4-legs", group="listops"),
    "listops/transformer": partial(arena, "listops", "transformer", group="listops"),
    "digits/s4d-lin": partial(digits, "s4d-lin"),
    **{f"arena/{task}/{model}": partial(arena, task, model) for task in ROWS for model in MODELS},
    "arena-fast/path-x/s4-legs": partial(arena, "path-x", "s4-legs", rows=ROWS_FAST, group="arena-fast"),
    **{f"arena-now/{task}/s4-legs": partial(arena, task, "s4-legs", rows=ROWS_NOW, group="arena-now") for task in ROWS},
}


def delay_table(errors: Mapping[str, float]) -> str:
    """log10 of the errors by basis and range: the small sibling of the paper's table."""
    lines = ["step times lag   " + "  ".join(f"{basis:>6}" for basis in BASES)]
    for span, (low, high) in RANGES.items():
        cells = [errors.get(f"hippo/delay/{basis}/{span}") for basis in BASES]
        shown = ["" if cell is None else f"{float(torch.tensor(cell).log10()):.1f}" for cell in cells]
        lines.append(f"{f'{low:g} to {high:g}':<15}  " + "  ".join(f"{cell:>6}" for cell in shown))
    return "\n".join(lines)
