"""Two other heads for the numbers, in the place of the diffusion head: `model.head = BinnedHead(...)`.

`UniGenX.loss` and `generate` take them as they are; each has its own `sampler` for `generate`, which asks for one
answer and not for a chain of them. Timestep and noise of the loss are not used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.generation.models.head import DiffusionLoss, linear


class RegressionHead(nn.Module):
    """c -> one 3-vector, by least squares: the mean of what may follow, which need not be anything that follows."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.network = perceptron(condition, width, 3)

    def forward(
        self, x: Float[Tensor, "rows 3"], t: Int[Tensor, " rows"], c: Float[Tensor, "rows condition"]
    ) -> Float[Tensor, "rows 3"]:
        """The prediction; x and t are not used."""
        return self.network(c)

    def loss(self, x0: Tensor, c: Tensor, t: Tensor, noise: Tensor) -> DiffusionLoss:
        """The mean squared error of each row."""
        mse = (x0 - self.network(c)).square().mean(1)
        return DiffusionLoss(mse, torch.zeros_like(mse), mse)

    def predictor(self, c: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """(x, t) -> forward(x, t, c)."""
        return lambda x, t: self(x, t, c)

    @staticmethod
    def sampler(predictor: Callable, shape: tuple[int, int], noise: Callable) -> Tensor:
        """The prediction itself: every sample is the same."""
        x = noise(shape)
        return predictor(x, x.new_zeros(len(x)).long())


class BinnedHead(nn.Module):
    """Numbers as tokens: each coordinate is one of `bins` equal intervals of [low, high], by a softmax.

    The three of a slot are written one after the other, each told those before it. A coordinate cannot be told better
    than the width of a bin over sqrt(12). Raises ValueError.
    """

    def __init__(self, width: int, condition: int, bins: int, low: float, high: float) -> None:
        super().__init__()
        self.bins = checks.integer(bins, "bins", 2, 65536)
        self.low, self.high = checks.number(low, "low"), checks.number(high, "high", above=low)
        self.networks = nn.ModuleList(perceptron(condition + before, width, self.bins) for before in range(3))

    def forward(
        self, x: Float[Tensor, "rows 3"], t: Int[Tensor, " rows"], c: Float[Tensor, "rows condition"]
    ) -> Float[Tensor, "rows 3 bins"]:
        """Logits of each coordinate given c and the coordinates of x before it; t is not used."""
        told = self._scaled(self.centres()[self.bin(x)])
        logits = [network(torch.cat([c, told[:, :k]], dim=1)) for k, network in enumerate(self.networks)]
        return torch.stack(logits, dim=1)

    def loss(self, x0: Tensor, c: Tensor, t: Tensor, noise: Tensor) -> DiffusionLoss:
        """The mean cross-entropy of each row, in nats, in the place of the squared error."""
        logits = self(x0, t, c)
        ce = F.cross_entropy(logits.flatten(0, 1), self.bin(x0).flatten(), reduction="none").view(-1, 3).mean(1)
        return DiffusionLoss(ce, torch.zeros_like(ce), ce)

    def predictor(self, c: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """(x, t) -> forward(x, t, c)."""
        return lambda x, t: self(x, t, c)

    def bin(self, x: Float[Tensor, "rows 3"]) -> Int[Tensor, "rows 3"]:
        """The interval of each coordinate; what lies outside goes into the first or the last."""
        place = (x - self.low) / (self.high - self.low) * self.bins
        return place.floor().long().clamp(0, self.bins - 1)

    def centres(self) -> Float[Tensor, " bins"]:
        """The number that each interval stands for."""
        like = next(self.parameters())
        step = (self.high - self.low) / self.bins
        return self.low + step * (torch.arange(self.bins, device=like.device, dtype=like.dtype) + 0.5)

    def sampler(self, predictor: Callable, shape: tuple[int, int], noise: Callable) -> Tensor:
        """A draw from the three softmaxes, one after the other: the largest of logits and Gumbel noise.

        The Gumbel noise comes from the normal numbers of the noise source, so that a tape decides the draw.
        """
        x = noise(shape)
        t, centres = x.new_zeros(len(x)).long(), self.centres()
        for k in range(3):
            uniform = torch.special.ndtr(torch.cat([noise(shape) for _ in range(-(-self.bins // 3))], dim=1))
            gumbel = -torch.log(-torch.log(uniform[:, : self.bins].clamp(1e-7, 1 - 1e-7)))
            chosen = (predictor(x, t)[:, k] + gumbel).argmax(1)
            x = torch.cat([x[:, :k], centres[chosen][:, None], x[:, k + 1 :]], dim=1)
        return x

    def _scaled(self, x: Tensor) -> Tensor:
        return (x - self.low) / (self.high - self.low) * 2 - 1


def perceptron(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """Two hidden layers."""
    width = checks.integer(width, "width", 1, 8192)
    inputs = checks.integer(inputs, "condition", 1, 65536)
    layers: list[Any] = [linear(inputs, width), nn.SiLU(), linear(width, width), nn.SiLU(), linear(width, outputs)]
    return nn.Sequential(*layers)
