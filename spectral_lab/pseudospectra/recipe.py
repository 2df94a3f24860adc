"""The training recipes of chapter 03: a tone that was chosen to hurt S4D, and the Long Range Arena.

    digits/s4d, digits/s4ptd        trained clean, tested with a tone inside every layer at the last spike of S4D
    learnt/s4d, learnt/s4ptd        the same with A, B and the steps learnt too, which the paper does not separate
    ablation/EPSILON                S4-PTD from perturbations of several sizes ||E|| / ||A_H||, all of it learnt
    arena/TASK/s4ptd, .../s5ptd     the Long Range Arena as published, and .../s5, which S5-PTD is compared with

The three presets of `digits` are one experiment (section 5 of Yu et al., arXiv 2310.01698). `paper` reads RGB CIFAR-10
pixel by pixel. `lecture` is the same network on digits enlarged to the same length, 1024. `miniature` is a small
network on the digits as they are, of length 64; so short a sequence builds up little, hence its louder tone.
A, B and the steps stay at their start, as in the authors' script: so it is the start that is tested. `learnt` answers
what a user would ask next; `ablation` is the paper's question how much to perturb, in its size for `paper`.

Of the Arena, `paper` is the published configuration; the tasks, their data and the stand-ins of the smaller presets are
those of chapter 02.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hippo import legs
from spectral_lab.hippo.recipe import PAPER_DATA, SMALL_DATA, SMALL_TASKS, TASKS
from spectral_lab.pseudospectra import data
from spectral_lab.pseudospectra.legs import s4d_frequencies
from spectral_lab.pseudospectra.models import (
    S5SSM,
    Block,
    DiagonalSSM,
    FourierNoise,
    Modes,
    OneHot,
    S5Block,
    Stack,
    ptd_modes,
    reader,
    s4d_modes,
)
from spectral_lab.pseudospectra.ptd import STORED, ptd, stored_path
from spectral_lab.samples import SequenceBatch
from spectral_lab.training import Evaluation, Group, Optimiser, Part, Recipe, Target, metrics, schedules
from spectral_lab.training.recipe import PRESETS

MODES = 32  # of every robustness model; the last spike of S4D is then at 325.4
EPSILON = 0.04  # ||E|| / ||A_H|| of S4-PTD, as in the authors' perturbation for 32 modes (0.038)
EPSILONS = (1e-4, 1e-3, 1e-2, 1e-1, 0.4)  # of the ablation
STARTS = ("s4d", "s4ptd")


def robustness_network(
    start: str, n: int, inputs: int, layers: int, channels: int, dropout: float, epsilon: float = EPSILON,
    learnt: bool = False, residual: bool = False,
) -> nn.Module:  # fmt: skip
    """The paper's robustness model: norm after each layer, no residual and no D, A, B and the steps not learnt.

    Args: start, `"s4d"` (without the half on B, as in the authors' script) or `"s4ptd"`; n, modes; epsilon, the
    relative size of S4-PTD's perturbation; learnt, whether A, B and the steps are; residual, with D as well.
    Raises: ValueError.
    """
    s4d = checks.choice(start, "start", STARTS) == "s4d"
    modes = s4d_modes(n, half=False) if s4d else ptd_modes(stored_path(n).nearest(epsilon).E)
    blocks = [
        Block(
            DiagonalSSM(modes, channels, trainable=learnt, skip=residual),
            prenorm=False, dropout=dropout, residual=residual,
        )
        for _ in range(layers)
    ]  # fmt: skip
    return reader(nn.Linear(inputs, channels), Stack(blocks), channels, classes=10)


def accuracy(
    model: nn.Module, batch: SequenceBatch, tones: Mapping[str, Sequence[float]]
) -> dict[str, Bool[Tensor, " b"]]:
    """Whether each sample is classified right: "clean", and under each of the named tones (frequency, amplitude)."""
    found = metrics.accuracy(model, batch, "clean")
    for name, tone in tones.items():
        with FourierNoise(*tone).inside(model):
            found |= metrics.accuracy(model, batch, name)
    return found


def sweep(n: int, count: int) -> list[float]:
    """Frequencies for a sweep: `count` spread over 1 to 3 n^2/pi, the first spikes of S4D, and the last one's slopes.

    A sweep over a grid alone would miss spikes of width 1.
    """
    nu = s4d_frequencies(n)
    slopes = nu[0] + np.array([-10.0, -3.0, -1.0, 1.0, 3.0, 10.0])
    return sorted(round(float(w), 2) for w in [*np.geomspace(1.0, 3 * nu[0], count), *nu[:3], *slopes])


# What the presets differ in: data, size of the network, amplitude of the tone, points of the sweep, length of the run.
ROBUSTNESS: dict[str, dict[str, Any]] = {
    "paper": {
        "data": Part(data.cifar10, {"colour": True}),
        "network": {"inputs": 3, "layers": 4, "channels": 128, "dropout": 0.1},
        "amplitude": 0.1,
        "sweep_amplitude": 0.1,
        "points": 20,
        "batch_size": 64,
        "epochs": 100,
    },
    "lecture": {
        "data": Part(data.digits, {"size": 32, "copies": 8}),
        "network": {"inputs": 1, "layers": 4, "channels": 128, "dropout": 0.1},
        "amplitude": 0.1,
        "sweep_amplitude": 0.1,
        "points": 20,
        "batch_size": 64,
        "epochs": 15,
    },
    "miniature": {
        "data": Part(data.digits, {}),
        "network": {"inputs": 1, "layers": 2, "channels": 32, "dropout": 0.0},
        "amplitude": 1.0,
        "sweep_amplitude": 0.3,  # where only the spike hurts
        "points": 4,
        "batch_size": 50,
        "epochs": 10,
    },
}
LOUDNESS = (0.03, 0.1, 0.3, 1.0)  # amplitudes at the spike, measured at the end of the run
# Read off the paper's figure: S4-PTD stays near 75 %, S4D falls to about chance.
PUBLISHED = {"s4d": {"noisy": 0.1}, "s4ptd": {"noisy": 0.75}}


READ_OUT = Group("*.C", learning_rate=0.004)
SMALL_RATES = tuple(Group(pattern, 0.001, 0.0) for pattern in ("*.inv_step", "*.A_*", "*.B"))


def robustness(task: str, start: str, preset: str) -> Recipe:
    """S4D or S4-PTD trained clean and tested with a tone at the last spike of S4D, then at many pitches and amplitudes.

    Args: task, `"digits"`, or `"learnt"`, where A, B and the steps are learnt at a small rate. Raises: ValueError.
    """
    size, learnt = ROBUSTNESS[checks.choice(preset, "preset", ROBUSTNESS)], task == "learnt"
    spike = round(float(s4d_frequencies(MODES)[0]), 2)
    tones = {f"at {frequency:g}": [frequency, size["sweep_amplitude"]] for frequency in sweep(MODES, size["points"])}
    tones |= {f"loud {amplitude:g}": [spike, amplitude] for amplitude in LOUDNESS}
    return Recipe(
        name=f"pseudospectra/{task}/{start}",
        preset=preset,
        data=size["data"],
        model=Part(robustness_network, {"start": start, "n": MODES, **size["network"], "learnt": learnt}),
        loss=Part(metrics.cross_entropy),
        evaluations=(
            Evaluation("test", Part(accuracy, {"tones": {"noisy": [spike, size["amplitude"]]}})),
            Evaluation("test", Part(accuracy, {"tones": tones}), every=0),
        ),
        optimiser=Optimiser("adamw", 0.01, 0.05, (READ_OUT, *SMALL_RATES) if learnt else (READ_OUT,)),
        schedule=Part(schedules.cosine_by_epoch),
        target=Target(("clean", "noisy"), {} if learnt else PUBLISHED[start], "CIFAR-10, about"),
        batch_size=size["batch_size"],
        epochs=size["epochs"],
    )


ABLATION: dict[str, dict[str, Any]] = {
    "paper": {"layers": 6, "channels": 512, "epochs": 200},
    "lecture": {"layers": 4, "channels": 128, "epochs": 6},
    "miniature": {"layers": 2, "channels": 32, "epochs": 4},
}


def ablation(epsilon: float, preset: str) -> Recipe:
    """How large may E be? S4-PTD with residual and D, everything learnt, from ||E|| = epsilon ||A_H||.

    The paper finds a plateau for 1e-2 <= epsilon <= 1 (its ablation study); its E comes from another solver.
    """
    size, base = ABLATION[checks.choice(preset, "preset", ABLATION)], ROBUSTNESS[preset]
    network = {**base["network"], "layers": size["layers"], "channels": size["channels"]}
    start = {"start": "s4ptd", "n": MODES, "epsilon": epsilon, "learnt": True, "residual": True}
    return Recipe(
        name=f"pseudospectra/ablation/{epsilon:g}",
        preset=preset,
        data=base["data"],
        model=Part(robustness_network, {**start, **network}),
        loss=Part(metrics.cross_entropy),
        evaluations=(Evaluation("test", Part(accuracy, {"tones": {}})),),
        optimiser=Optimiser("adamw", 0.01, 0.01, SMALL_RATES),
        schedule=Part(schedules.cosine_by_epoch),
        target=Target(("clean",)),
        batch_size=base["batch_size"],
        epochs=size["epochs"],
    )


# --- the Long Range Arena --------------------------------------------------------------------------------------------

# Accuracies in per cent, one run each: S4-PTD and S5-PTD as in table 1 of the paper, S5 as its authors publish it.
# The cells are recalled, not read off; every row gives its average, and public reviews quote the averages.
# In order: listops, text, retrieval, image, pathfinder, path-x; the average comes last. Chapter 02 has S4 and S4D.
ARENA_TABLE: dict[str, tuple[float, ...]] = {
    "s4ptd": (60.65, 88.32, 91.07, 88.27, 94.79, 96.39, 86.58),
    "s5ptd": (62.75, 89.41, 91.51, 87.92, 95.54, 98.52, 87.61),
    "s5": (62.15, 89.31, 91.40, 88.00, 95.33, 98.58, 87.46),
}


def perturbed_modes(n: int) -> Modes:
    """The modes of S4-PTD and S5-PTD: for n = 2 LegS itself, whose V is well conditioned; else E of 4 % of its norm.

    Stored for n = 8, 16, 32 and 64; found anew for other n, in minutes for n = 128.
    """
    if n == 2:
        return ptd_modes(np.zeros((2, 2)))
    return ptd_modes(stored_path(n).nearest(EPSILON).E if n in STORED else ptd(legs(n)[0], EPSILON).E)


def s5_network(
    perturbed: bool, layers: int, channels: int, blocks: int, states: int, classes: int, tokens: int = 0,
    pairs: bool = False, activation: str = "half_glu1", dropout: float = 0.0, momentum: float = 0.05, **ssm: Any,
) -> nn.Module:  # fmt: skip
    """S5, or S5-PTD, which keeps both modes of each conjugate pair. `ssm` are further options of `S5SSM`."""
    modes = perturbed_modes(states) if perturbed else s4d_modes(states, half=False)
    stack = [
        S5Block(
            S5SSM(modes, channels, blocks=blocks, conjugate=not perturbed, bidirectional=True, **ssm),
            channels, activation=activation, dropout=dropout, momentum=momentum,
        )
        for _ in range(layers)
    ]  # fmt: skip
    encoder = nn.Sequential(OneHot(tokens), nn.Linear(tokens, channels)) if tokens else nn.Linear(1, channels)
    return reader(encoder, Stack(stack), channels, classes, pairs=pairs, gelu="tanh")


def s4_network(
    layers: int, channels: int, states: int, classes: int, tokens: int = 0, pairs: bool = False,
    norm: str = "batch", prenorm: bool = True, dropout: float = 0.0, steps: Sequence[float] = (1e-3, 1e-1),
) -> nn.Module:  # fmt: skip
    """S4-PTD for the Arena: one set of modes for all channels, B folded into C, a kernel from each side, and D."""
    modes = perturbed_modes(states)
    stack = [
        Block(
            DiagonalSSM(modes, channels, steps=steps, shared=True, bidirectional=True, skip=True),
            dropout=dropout, norm=norm, prenorm=prenorm,
        )
        for _ in range(layers)
    ]  # fmt: skip
    encoder = nn.Embedding(tokens, channels) if tokens else nn.Linear(1, channels)
    return reader(encoder, Stack(stack, norm), channels, classes, pairs=pairs)


@dataclass(frozen=True)
class S5Row:
    """One task's settings of S5-PTD, from the authors' scripts; (S5's own) where they differ."""

    layers: int
    channels: int
    blocks: int
    states: int  # of a block
    batch: int
    epochs: int
    warmup: int  # epochs
    rate: float  # of the state-space parameters
    factor: float  # of all others, times that rate
    decay: float
    seed: int
    dropout: float = 0.0
    groups: str = "standard"  # who learns B: at the small rate without decay, "decay" with, "fast" as all others
    slow_steps: bool = True  # whether the steps learn at the small rate
    options: Mapping[str, Any] = field(default_factory=dict)


S5PTD_ROWS = {
    "listops": S5Row(8, 128, 8, 2, 50, 35, 1, 1e-3, 3, 0.05, 6554595, groups="fast",
                     options={"activation": "half_glu2", "tokens": 20}),  # their vocabulary has two more
    "text": S5Row(6, 256, 12, 16, 50, 40, 5, 1e-3, 4, 0.07, 8825365, 0.1, slow_steps=False,
                  options={"activation": "half_glu2"}),
    "retrieval": S5Row(6, 128, 16, 16, 32, 20, 1, 1e-3, 2, 0.05, 5464368, slow_steps=False,
                       options={"read_out": "truncated"}),
    "image": S5Row(6, 512, 3, 128, 50, 250, 1, 1e-3, 5, 0.07, 16418, 0.1, groups="fast",
                   options={"stabiliser": "clip", "inputs": "hippo"}),
    "pathfinder": S5Row(6, 192, 8, 32, 64, 230, 10, 9e-4, 5, 0.05, 8180844, 0.05,
                        options={"read_out": "truncated", "momentum": 0.1}),
    "path-x": S5Row(6, 128, 16, 16, 32, 90, 1, 6e-4, 3, 0.06, 6429262, groups="decay",
                    options={"read_out": "complex", "momentum": 0.1, "steps": [1e-4, 1e-1], "stabiliser": "reflect"}),
}  # fmt: skip
S5_ROWS = {
    "listops": replace(S5PTD_ROWS["listops"], epochs=40, decay=0.04),
    "text": replace(S5PTD_ROWS["text"], epochs=35, warmup=0),
    "retrieval": S5PTD_ROWS["retrieval"],
    "image": replace(S5PTD_ROWS["image"], factor=4.5, seed=16416, options={"stabiliser": "clip"}),
    "pathfinder": replace(S5PTD_ROWS["pathfinder"], epochs=200, warmup=1, decay=0.03),
    "path-x": replace(S5PTD_ROWS["path-x"], epochs=75, options={**S5PTD_ROWS["path-x"].options, "stabiliser": "none"}),
}
SMALL_S5 = {
    "lecture": S5Row(4, 128, 4, 16, 50, 8, 1, 1e-3, 4, 0.05, 0),
    "miniature": S5Row(2, 32, 2, 8, 50, 4, 0, 1e-2, 1, 0.05, 0),
}


@dataclass(frozen=True)
class S4Row:
    """One task's settings of S4-PTD, from the authors' scripts."""

    layers: int
    channels: int
    norm: str
    prenorm: bool
    batch: int
    rate: float
    decay: float
    dropout: float
    steps: int  # of the schedule; 0: those of the run
    warmup: int
    epochs: int
    seed: int
    small_rate: float = 1e-3  # of A and the steps
    slow_steps: bool = True
    range: tuple[float, float] = (1e-3, 1e-1)
    states: int = 64


S4PTD_ROWS = {
    "listops": S4Row(8, 256, "batch", False, 50, 0.002, 0.05, 0, 1_200_000, 12_000, 80, 2222, 4e-4, range=(1e-3, 1.0)),
    "text": S4Row(6, 256, "batch", True, 16, 0.01, 0.05, 0, 50_000, 5_000, 80, 3333, slow_steps=False),
    "retrieval": S4Row(6, 128, "batch", True, 64, 0.004, 0.03, 0, 100_000, 5_000, 40, 3333, slow_steps=False),
    "image": S4Row(6, 128, "layer", False, 128, 0.01, 0.01, 0.1, 1_760_000, 3_600, 2000, 2222),
    "pathfinder": S4Row(6, 256, "batch", True, 64, 0.004, 0.03, 0, 800_000, 150_000, 300, 3333),
    "path-x": S4Row(6, 128, "batch", True, 20, 0.001, 0.03, 0, 1_250_000, 200_000, 100, 3333, range=(1e-4, 1e-1)),
}
SMALL_S4 = {
    "lecture": S4Row(4, 128, "batch", True, 50, 0.01, 0.05, 0, 0, 400, 8, 0),
    "miniature": S4Row(2, 32, "batch", True, 50, 0.01, 0.05, 0, 0, 20, 2, 0, states=16),
}


def s5_cosine(step: int, steps: int, steps_per_epoch: int, epochs: int, warmup: int) -> float:
    """The schedule of S5: a linear rise over `warmup` epochs, then a cosine over the other epochs.

    Its step is counted from the start of the run, as in the authors' code: the cosine begins a little below its top,
    and the rate is zero for as many epochs at the end as the rise took.
    """
    if step < warmup * steps_per_epoch:
        return step / (warmup * steps_per_epoch)
    return schedules.half_cosine(step / ((epochs - warmup) * steps_per_epoch))


def arena(task: str, model: str, preset: str) -> Recipe:
    """A task of the Long Range Arena by "s4ptd", "s5ptd" or "s5", as in the authors' scripts. Raises: ValueError."""
    checks.choice(task, "task", TASKS)
    checks.choice(model, "model", ARENA_TABLE)
    checks.choice(preset, "preset", PRESETS)
    network, optimiser, schedule, row = (_s4_parts if model == "s4ptd" else _s5_parts)(task, model, preset)
    splits = {"val": "val accuracy", "test": "accuracy"}
    if task == "image" and preset != "paper":
        del splits["val"]  # the digits have none
    published = dict(zip(TASKS, ARENA_TABLE[model], strict=False))[task]
    return Recipe(
        name=f"pseudospectra/arena/{task}/{model}",
        preset=preset,
        data=PAPER_DATA[task] if preset == "paper" else SMALL_DATA[preset][task],
        model=network,
        loss=Part(metrics.cross_entropy),
        evaluations=tuple(Evaluation(split, Part(metrics.accuracy, {"name": name})) for split, name in splits.items()),
        optimiser=optimiser,
        schedule=schedule,
        target=Target(
            ("accuracy",),
            {"accuracy": round(published / 100, 4)},
            "Long Range Arena",
            select="val accuracy" if "val" in splits else None,
        ),
        batch_size=row.batch,
        epochs=row.epochs,
        seed=row.seed,
    )


def _task(task: str, preset: str) -> dict[str, Any]:
    return TASKS[task] if preset == "paper" else SMALL_TASKS[task]


def _s5_parts(task: str, model: str, preset: str) -> tuple[Part, Optimiser, Part, S5Row]:
    rows = S5_ROWS if model == "s5" else S5PTD_ROWS
    row = rows[task] if preset == "paper" else SMALL_S5[preset]
    options = {
        "perturbed": model == "s5ptd", "layers": row.layers, "channels": row.channels, "blocks": row.blocks,
        "states": row.states, "dropout": row.dropout, **_task(task, preset), **row.options,
    }  # fmt: skip
    # Their script lists "norm" here too, but compares it with the names of single tensors: norms learn as the rest.
    slow = ["*.ssm.real", "*.ssm.imag"] + ["*.ssm.log_step"] * row.slow_steps
    groups = [Group(pattern, row.rate, 0.0) for pattern in slow]
    if row.groups != "fast":
        groups.append(Group("*.ssm.B", row.rate, 0.0 if row.groups == "standard" else None))
    optimiser = Optimiser("adamw", row.factor * row.rate, row.decay, tuple(groups))
    schedule = Part(s5_cosine, {"epochs": row.epochs, "warmup": row.warmup})
    return Part(s5_network, options), optimiser, schedule, row


def _s4_parts(task: str, model: str, preset: str) -> tuple[Part, Optimiser, Part, S4Row]:
    row = S4PTD_ROWS[task] if preset == "paper" else SMALL_S4[preset]
    options = {
        "layers": row.layers, "channels": row.channels, "states": row.states, "norm": row.norm,
        "prenorm": row.prenorm, "dropout": row.dropout, "steps": list(row.range), **_task(task, preset),
    }  # fmt: skip
    groups = (
        Group("*.A_*", row.small_rate, 0.0),
        Group("*.inv_step", row.small_rate if row.slow_steps else None, 0.0),
    )
    optimiser = Optimiser("adamw", row.rate, row.decay, groups)
    schedule = Part(schedules.cosine, {"warmup": row.warmup} | ({"length": row.steps} if row.steps else {}))
    return Part(s4_network, options), optimiser, schedule, row


RECIPES: dict[str, Callable[[str], Recipe]] = {
    **{f"{task}/{start}": partial(robustness, task, start) for task in ("digits", "learnt") for start in STARTS},
    **{f"ablation/{epsilon:g}": partial(ablation, epsilon) for epsilon in EPSILONS},
    **{f"arena/{task}/{model}": partial(arena, task, model) for task in TASKS for model in ARENA_TABLE},
}
