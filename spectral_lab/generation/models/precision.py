"""How precisely can a head tell a number? A smooth curve in space, and a network that is told the place on it.

Nothing else is to be learned, so what is compared is the head alone: numbers as tokens, least squares, or diffusion.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.generation.models.baselines import BinnedHead, RegressionHead, perceptron
from spectral_lab.generation.models.head import DiffusionHead
from spectral_lab.generation.noise import CosineSchedule, respace
from spectral_lab.generation.samplers import dpm_solver

WIDTH = 64
SCHEDULE = respace(CosineSchedule(), 200)


class Curve(nn.Module):
    """c in [0, 1] -> a point of the curve. head: "diffusion", "bins" or "regression"; targets are times `scale`."""

    def __init__(self, head: str, bins: int = 64, scale: float = 1.0) -> None:
        super().__init__()
        self.encoder = perceptron(1, WIDTH, WIDTH)
        self.scale = scale
        build = {
            "diffusion": lambda: DiffusionHead(WIDTH, WIDTH, 2, 3),
            "bins": lambda: BinnedHead(WIDTH, WIDTH, bins, -scale, scale),
            "regression": lambda: RegressionHead(WIDTH, WIDTH),
        }
        self.head: Any = build[checks.choice(head, "head", build)]()

    def loss(self, c: Float[Tensor, "b 1"], y: Float[Tensor, "b 3"]) -> Float[Tensor, ""]:
        """The mean loss of the head, at one timestep for each point."""
        t = torch.randint(len(CosineSchedule()), (len(c),), device=c.device)
        return self.head.loss(self.scale * y, self.encoder(2 * c - 1), t, torch.randn_like(y)).total.mean()

    def forward(self, c: Float[Tensor, "b 1"]) -> Float[Tensor, "b 3"]:
        """One sample for each c."""
        draw: Any = getattr(self.head, "sampler", None) or _solver
        predictor = self.head.predictor(self.encoder(2 * c - 1))
        return draw(predictor, (len(c), 3), lambda shape: torch.randn(shape, device=c.device)) / self.scale


def curve(c: Float[Tensor, "b 1"]) -> Float[Tensor, "b 3"]:
    """A smooth closed curve inside the cube [-1, 1]^3."""
    angle = 2 * torch.pi * c
    return 0.9 * torch.cat([angle.cos(), (2 * angle).sin(), (3 * angle + 1).sin()], dim=1)


def _solver(predictor: Any, shape: tuple[int, int], noise: Any) -> Tensor:
    return dpm_solver(predictor, SCHEDULE, shape, noise, 20, matched=True)
