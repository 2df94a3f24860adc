"""What the models share: norms, and the classifiers around their blocks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.pseudospectra.models.noise import FourierNoise


class ChannelNorm(nn.Module):
    """Batch norm of (batch, length, channels): statistics over batch and length."""

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels, momentum=momentum)

    def forward(self, x: Float[Tensor, "b l h"]) -> Float[Tensor, "b l h"]:
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


def block_norm(norm: str, channels: int) -> nn.Module:
    """The norm of a block by name, `"layer"` or `"batch"`. Raises: ValueError."""
    checks.choice(norm, "norm", ("layer", "batch"))
    return nn.LayerNorm(channels) if norm == "layer" else ChannelNorm(channels)


class SequenceBody(nn.Module):
    """Encoder, blocks, mean over time.

    Args: encoder, from the data to (batch, length, channels); blocks; final_norm, what pre-norm blocks need at their
    end (S5 does without).
    """

    def __init__(self, encoder: nn.Module, blocks: Sequence[nn.Module], final_norm: nn.Module | None = None) -> None:
        super().__init__()
        self.encoder, self.blocks = encoder, nn.ModuleList(blocks)
        self.final_norm = final_norm or nn.Identity()

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, noise: FourierNoise | None = None
    ) -> Float[Tensor, "b h"]:
        """What the blocks make of it, averaged over the first `lengths` samples, or all where they are not given."""
        x = self.encoder(x)
        for block in self.blocks:
            x = block(x, noise)
        x = self.final_norm(x)
        if lengths is None:
            return x.mean(1)
        inside = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (b, l)
        return (x * inside[:, :, None]).sum(1) / lengths[:, None]


class SequenceClassifier(nn.Module):
    """A `SequenceBody`, then a linear map to the classes; the arguments are those of the body."""

    def __init__(
        self,
        encoder: nn.Module,
        blocks: Sequence[nn.Module],
        channels: int,
        classes: int,
        final_norm: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.body = SequenceBody(encoder, blocks, final_norm)
        self.decoder = nn.Linear(channels, classes)

    def forward(self, x: Tensor, lengths: Tensor | None = None, noise: FourierNoise | None = None) -> Tensor:
        """Logits (batch, classes)."""
        return self.decoder(self.body(x, lengths, noise))


class PairClassifier(nn.Module):
    """Two sequences through one body, a and b; the class of the pair from [a, b, a - b, a b] (the retrieval task)."""

    def __init__(
        self,
        encoder: nn.Module,
        blocks: Sequence[nn.Module],
        channels: int,
        classes: int,
        final_norm: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.body = SequenceBody(encoder, blocks, final_norm)
        self.hidden, self.decoder = nn.Linear(4 * channels, channels), nn.Linear(channels, classes)

    def forward(
        self, x: Tensor, x_lengths: Tensor | None, y: Tensor, y_lengths: Tensor | None
    ) -> Float[Tensor, "b classes"]:
        """Logits of pairs of sequences with their lengths."""
        a, b = self.body(x, x_lengths), self.body(y, y_lengths)
        return self.decoder(F.gelu(self.hidden(torch.cat([a, b, a - b, a * b], -1)), approximate="tanh"))


class OneHot(nn.Module):
    """Tokens as unit vectors: (batch, length) whole numbers to (batch, length, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = checks.integer(width, "width", 1)

    def forward(self, tokens: Int[Tensor, "b l"]) -> Float[Tensor, "b l width"]:
        return F.one_hot(tokens, self.width).float()


def pairs(z: Tensor) -> Float[Tensor, "*shape 2"]:
    """A complex tensor as single-precision (real, imaginary) pairs: what optimisers and NCCL understand."""
    return torch.view_as_real(z).float().clone()
