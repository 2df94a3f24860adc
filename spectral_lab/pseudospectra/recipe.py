"""The training recipes of chapter 03: how S4D and S4-PTD take a tone that was chosen to hurt S4D.

    digits/s4d, digits/s4ptd    trained clean, tested with a tone inside every layer at the last spike of S4D

The three presets are one experiment (section 5 of Yu et al., arXiv 2310.01698). `paper` reads RGB CIFAR-10 pixel by
pixel. `lecture` is the same network on digits enlarged to the same length, 1024. `miniature` is a small network on
the digits as they are, of length 64; so short a sequence builds up little, hence its louder tone.
State matrix, input and steps stay at their start in all three, as in the authors' script: only then is it sure that
the start is what is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.pseudospectra import data
from spectral_lab.pseudospectra.data import Batch
from spectral_lab.pseudospectra.legs import s4d_frequencies
from spectral_lab.pseudospectra.models import (
    DiagonalSSM,
    FourierNoise,
    Modes,
    S4Block,
    SequenceClassifier,
    ptd_modes,
    s4d_modes,
)
from spectral_lab.pseudospectra.ptd import stored_path
from spectral_lab.training import Evaluation, Group, Optimiser, Part, Recipe, Target, schedules

MODES = 32  # of every robustness model; the last spike of S4D is then at 325.4
EPSILON = 0.04  # ||E|| / ||A_H|| of S4-PTD, as in the authors' perturbation for 32 modes (0.038)
STARTS: dict[str, Callable[[int], Modes]] = {
    "s4d": partial(s4d_modes, half=False),  # without the half on B, as in the authors' script
    "s4ptd": lambda n: ptd_modes(stored_path(n).nearest(EPSILON).E),
}


def robustness_network(start: str, n: int, inputs: int, layers: int, channels: int, dropout: float) -> nn.Module:
    """The paper's robustness model: no residual, no D, norm after each layer; A, B and the steps are not learnt.

    Args: start, `"s4d"` or `"s4ptd"`; n, modes. Raises: ValueError.
    """
    modes = STARTS[checks.choice(start, "start", STARTS)](n)
    blocks = [
        S4Block(DiagonalSSM(modes, channels, trainable=False), channels, dropout=dropout, residual=False)
        for _ in range(layers)
    ]
    return SequenceClassifier(nn.Linear(inputs, channels), blocks, channels, classes=10)


def cross_entropy(model: nn.Module, batch: Batch) -> Float[Tensor, ""]:
    """The mean cross-entropy of a batch."""
    x, lengths, labels = batch
    return F.cross_entropy(model(x, lengths), labels)


def accuracy(model: nn.Module, batch: Batch, tones: Mapping[str, Sequence[float]]) -> dict[str, Bool[Tensor, " b"]]:
    """Whether each sample is classified right: "clean", and under each of the named tones (frequency, amplitude)."""
    x, lengths, labels = batch
    noises = {"clean": None, **{name: FourierNoise(*tone) for name, tone in tones.items()}}
    return {name: model(x, lengths, noise).argmax(-1) == labels for name, noise in noises.items()}


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
# Read off the paper's figure: S4-PTD stays near 75 %, S4D falls to about chance.
PUBLISHED = {"s4d": {"noisy": 0.1}, "s4ptd": {"noisy": 0.75}}


def robustness(start: str, preset: str) -> Recipe:
    """S4D or S4-PTD trained clean and tested with a tone at the last spike of S4D, then at many frequencies."""
    size = ROBUSTNESS[checks.choice(preset, "preset", ROBUSTNESS)]
    spike = round(float(s4d_frequencies(MODES)[0]), 2)
    tones = {f"at {frequency:g}": [frequency, size["sweep_amplitude"]] for frequency in sweep(MODES, size["points"])}
    return Recipe(
        name=f"pseudospectra/digits/{start}",
        preset=preset,
        data=size["data"],
        model=Part(robustness_network, {"start": start, "n": MODES, **size["network"]}),
        loss=Part(cross_entropy),
        evaluations=(
            Evaluation("test", Part(accuracy, {"tones": {"noisy": [spike, size["amplitude"]]}})),
            Evaluation("test", Part(accuracy, {"tones": tones}), every=0),
        ),
        optimiser=Optimiser("adamw", 0.01, 0.05, (Group("*.C", learning_rate=0.004),)),
        schedule=Part(schedules.cosine_by_epoch),
        target=Target(("clean", "noisy"), PUBLISHED[start], "CIFAR-10, about"),
        batch_size=size["batch_size"],
        epochs=size["epochs"],
    )


RECIPES: dict[str, Callable[[str], Recipe]] = {
    "digits/s4d": partial(robustness, "s4d"),
    "digits/s4ptd": partial(robustness, "s4ptd"),
}
