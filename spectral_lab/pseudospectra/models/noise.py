"""A tone inside the layers: what the robustness experiments add."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class FourierNoise:
    """A tone added to the input of every state-space layer: amplitude U cos(frequency step_h l), U uniform in [0, 1).

    U is drawn for each sample and channel. The tone runs at each channel's own time scale step_h, so that it meets
    the same mode in all of them (Yu et al., section 5: frequency = the last spike of S4D, amplitude 0.1).
    """

    frequency: float
    amplitude: float

    def add(self, u: Float[Tensor, "b l h"], step: Float[Tensor, " h"]) -> Float[Tensor, "b l h"]:
        """The input with the tone."""
        time = torch.arange(u.shape[1], device=u.device, dtype=torch.float64)[:, None] * step.double()
        strength = torch.rand(u.shape[0], 1, u.shape[2], device=u.device, dtype=u.dtype)
        return u + self.amplitude * strength * torch.cos(self.frequency * time).to(u.dtype)
