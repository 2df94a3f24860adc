"""What a memory is tried on: the delay task and the reconstruction task, made by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from torch import Tensor

from spectral_lab import checks
from spectral_lab.hippo.signals import white_signals
from spectral_lab.samples import Batched

LONGEST = 10_000_000  # samples of a signal


@dataclass(frozen=True)
class Signals(Batched):
    """Signals and what is to be made of them; a batch is (signals, None, targets), as for labelled sequences."""

    x: Float[Tensor, "samples length 1"]
    targets: Float[Tensor, samples * shape]

    def __len__(self) -> int:
        return len(self.x)

    def __getitems__(self, rows: list[int]) -> tuple[Tensor, None, Tensor]:
        return self.x[rows], None, self.targets[rows]


def delayed(signals: ArrayLike, lag: int) -> np.ndarray:
    """The signals (samples, length) shifted by `lag`, with zeros before their start. Raises: ValueError."""
    x = checks.real_array(signals, "signals", (None, None))
    lag = checks.integer(lag, "lag", 0, x.shape[1] - 1)
    return np.concatenate([np.zeros((len(x), lag)), x[:, : x.shape[1] - lag]], axis=1)


def delay(
    train: int = 16384, test: int = 1024, length: int = 4000, lag: int = 1000, freq: float | None = None, seed: int = 0
) -> dict[str, Signals]:
    """White signals, and what they were `lag` samples ago (arXiv 2206.12037, the continuous delay task).

    The step is 1/length and the cut-off is half of Nyquist unless `freq`, in cycles a sequence, is given. The paper
    draws fresh signals each epoch; here the set is fixed. Raises: ValueError.
    """
    length, lag = checks.integer(length, "length", 4, LONGEST), checks.integer(lag, "lag", 0)
    cut = length / 4 if freq is None else checks.number(freq, "freq", 1, length / 2)
    draw = np.random.RandomState(checks.integer(seed, "seed", 0, 2**32 - 1))
    parts = {}
    for name, count in (("test", test), ("train", train)):
        count = checks.integer(count, name, 1)
        checks.room(count * length, f"{name} and length")
        u = white_signals(count, 1.0, 1.0 / length, cut, draw)[:, :length]
        parts[name] = Signals(_single(u[..., None]), _single(delayed(u, lag)[..., None]))
    return parts


def reconstruction(
    train: int = 16384,
    test: int = 1024,
    length: int = 4000,
    remembered: int = 1000,
    dt: float = 1e-3,
    freq: float = 100.0,
    seed: int = 0,
) -> dict[str, Signals]:
    """White signals, and their last `remembered` samples, which a model must give at the end (arXiv 2206.12037).

    Raises: ValueError.
    """
    length = checks.integer(length, "length", 2, LONGEST)
    remembered, dt = checks.integer(remembered, "remembered", 1, length), checks.number(dt, "dt", 1e-100, 1e100)
    freq = checks.number(freq, "freq", 1 / (length * dt), 0.5 / dt)
    draw = np.random.RandomState(checks.integer(seed, "seed", 0, 2**32 - 1))
    parts = {}
    for name, count in (("test", test), ("train", train)):
        count = checks.integer(count, name, 1)
        checks.room(count * length, f"{name} and length")
        u = white_signals(count, length * dt, dt, freq, draw)[:, :length]
        parts[name] = Signals(_single(u[..., None]), _single(u[:, -remembered:]))
    return parts


def _single(x: Float[np.ndarray, "*shape"]) -> Float[Tensor, "*shape"]:
    """In single precision."""
    return torch.tensor(x, dtype=torch.float32)
