"""One frame after the other: a model predicts the next frame from the last ones and reads its own predictions."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def forecast(model: nn.Module, frames: Tensor, steps: int) -> Tensor:
    """(B, *grid, T) -> the next `steps` frames (B, *grid, steps), each from the T before it, predicted ones included.

    Where a frame has C fields, which the model answers together, they stand side by side: T C and steps C channels.
    So the published models are trained and tested: without teacher forcing, in whatever mode the model is.
    """
    predicted = []
    for _ in range(steps):
        predicted.append(model(frames))
        frames = torch.cat([frames[..., predicted[-1].shape[-1] :], predicted[-1]], dim=-1)
    return torch.cat(predicted, dim=-1)


def rollout(model: nn.Module, frames: Tensor, steps: int, batch_statistics: bool = False) -> Tensor:
    """A forecast in evaluation mode, without gradients; the model's mode is put back.

    The published Navier-Stokes script forgets evaluation mode: its batch norms use the statistics of each test batch
    and go on learning from them. `batch_statistics` does the first, to compare with its numbers, and not the second.
    """
    norms = [part for part in model.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    was_training, kept = model.training, [(norm.running_mean, norm.running_var) for norm in norms]
    model.eval()
    try:
        if batch_statistics:
            for norm in norms:
                norm.running_mean = norm.running_var = None
        with torch.no_grad():
            return forecast(model, frames, steps)
    finally:
        for norm, statistics in zip(norms, kept, strict=True):
            norm.running_mean, norm.running_var = statistics
        model.train(was_training)
