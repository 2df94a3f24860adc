"""What the state-space stacks are held against: a GRU, and a Transformer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hippo.models.layers import DEEPEST


class Recurrent(nn.Module):
    """A GRU body, the baseline that steps too; bidirectional halves are added up."""

    def __init__(self, channels: int, layers: int = 1, bidirectional: bool = False) -> None:
        super().__init__()
        channels, layers = checks.integer(channels, "channels", 1, 10_000), checks.integer(layers, "layers", 1, DEEPEST)
        bidirectional = checks.flag(bidirectional, "bidirectional")
        checks.room(6 * channels**2 * layers * (1 + bidirectional), "channels and layers")
        self.gru = nn.GRU(channels, channels, layers, batch_first=True, bidirectional=bidirectional)

    def forward(
        self, x: Float[Tensor, "b l h"], inside: Bool[Tensor, "b l 1"] | None = None, rate: float = 1.0
    ) -> Float[Tensor, "b l h"]:
        if inside is not None:
            lengths = inside.sum((1, 2)).cpu()
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            y, _ = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=x.shape[1])
        else:
            y, _ = self.gru(x)
        return y.unflatten(-1, (-1, x.shape[-1])).sum(-2)


class Transformer(nn.Module):
    """A small Transformer encoder with sinusoidal positions (Vaswani et al. 2017), pre-norm."""

    def __init__(self, channels: int, layers: int = 2, heads: int = 4, dropout: float = 0.0) -> None:
        super().__init__()
        heads, layers = checks.integer(heads, "heads", 1), checks.integer(layers, "layers", 1, DEEPEST)
        dropout = checks.number(dropout, "dropout", 0, 1)
        if checks.integer(channels, "channels", 2, 10_000) % 2 or channels % heads:
            raise ValueError(f"channels must be even and a multiple of the {heads} heads, got {channels}")
        checks.room(12 * channels**2 * layers, "channels and layers")
        layer = nn.TransformerEncoderLayer(
            channels, heads, 4 * channels, dropout, F.gelu, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(channels), enable_nested_tensor=False)

    def forward(
        self, x: Float[Tensor, "b l h"], inside: Bool[Tensor, "b l 1"] | None = None, rate: float = 1.0
    ) -> Float[Tensor, "b l h"]:
        half = x.shape[-1] // 2
        angle = torch.arange(x.shape[1], device=x.device)[:, None] * 10_000.0 ** (
            -torch.arange(half, device=x.device) / half
        )
        x = x + torch.cat([angle.sin(), angle.cos()], -1).to(x.dtype)
        return self.encoder(x, src_key_padding_mask=None if inside is None else ~inside[..., 0])
