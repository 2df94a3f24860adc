"""A tone inside the layers: what the robustness experiments add."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab.hippo.models import Convolution, StateSpaceKernel
from spectral_lab.pseudospectra.models.s5 import S5SSM


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

    @contextmanager
    def inside(self, model: nn.Module) -> Iterator[None]:
        """While this lasts, every state-space layer of the model hears the tone, whatever the model is made of."""
        layers = [layer for layer in model.modules() if _step(layer) is not None]
        hooks = [layer.register_forward_pre_hook(self._heard) for layer in layers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _heard(self, layer: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        step, (u, *others) = _step(layer), inputs
        assert step is not None
        return (self.add(u, step.detach()), *others)


def _step(layer: nn.Module) -> Float[Tensor, " h"] | None:
    """The steps at which a state-space layer hears a tone; None of a layer of another kind."""
    if isinstance(layer, S5SSM):
        return layer.tone_step()
    if isinstance(layer, Convolution) and isinstance(layer.kernel, StateSpaceKernel):
        return layer.kernel.step_sizes()
    return None
