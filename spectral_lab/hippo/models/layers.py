"""Layers: `Convolution` applies a kernel by FFT, or a sample at a time; `Block` wraps it as the authors do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hippo.models.kernels import WIDEST, DiagonalKernel, FreeKernel, S4Kernel

DEEPEST = 1_000  # layers
NORMS = ("layer", "batch")


class Convolution(nn.Module):
    """y = K * u + D u for each channel, causal; with two kernels also from the future.

    y_i = sum_{j <= i} K0[i - j] u_j + sum_{j > i} K1[j - i - 1] u_j: K1[0] meets the next sample, so that the present
    is not counted twice (the authors' convention). Without `skip` there is no D.
    """

    def __init__(self, kernel: S4Kernel | DiagonalKernel | FreeKernel, *, skip: bool = True) -> None:
        super().__init__()
        self.kernel = kernel
        self.D = nn.Parameter(torch.randn(kernel.channels)) if checks.flag(skip, "skip") else None

    def forward(self, u: Float[Tensor, "b l h"], rate: float = 1.0) -> Float[Tensor, "b l h"]:
        """By FFT of twice the length. Raises: ValueError."""
        if u.ndim != 3 or u.shape[1] == 0 or u.shape[2] != self.kernel.channels:
            raise ValueError(f"u must have shape (batch, length, {self.kernel.channels}), got {tuple(u.shape)}")
        length = u.shape[1]
        K = self.kernel(length, rate)
        k = F.pad(K[0], (0, length))
        if len(K) == 2:
            k = k + F.pad(K[1].flip(-1), (length, 0))
        spectrum = torch.fft.rfft(u.transpose(1, 2), 2 * length) * torch.fft.rfft(k)
        y = torch.fft.irfft(spectrum, 2 * length)[..., :length].transpose(1, 2)
        return y if self.D is None else y + self.D * u

    def step(
        self, u: Float[Tensor, "b h"], state: Tensor | None = None, system: Any = None
    ) -> tuple[Float[Tensor, "b h"], Tensor]:
        """One sample of the same causal layer as a recurrence: the output and the next state.

        Args: state, from the step before (None: empty); system, from `kernel.stepper()`, to make it only once.
        Raises: ValueError for kernels that have no state or look into the future.
        """
        if u.ndim != 2 or u.shape[1] != self.kernel.channels:
            raise ValueError(f"u must have shape (batch, {self.kernel.channels}), got {tuple(u.shape)}")
        if not isinstance(self.kernel, (S4Kernel, DiagonalKernel)) or len(self.kernel.C) != 1:
            raise ValueError("kernel must be a causal S4Kernel or S4DKernel to step; this one has no causal state")
        system = self.kernel.stepper() if system is None else system
        state = self.kernel.initial_state(len(u)) if state is None else state
        y, state = self.kernel.advance(system, state, u)
        return y if self.D is None else y + self.D * u, state


class TiedDropout(nn.Module):
    """Dropout with one mask for the whole sequence: a channel is dropped at all times or at none."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = checks.number(rate, "rate", 0, 1)

    def forward(self, x: Float[Tensor, "b l h"]) -> Float[Tensor, "b l h"]:
        return x * F.dropout(x.new_ones(x.shape[0], 1, x.shape[2]), self.rate, self.training)


class Norm(nn.Module):
    """Layer norm over the channels, or batch norm over batch and length (padding counted, as the authors do).

    Args: kind, "layer" or "batch"; momentum, of the running statistics of batch norm. Raises: ValueError.
    """

    def __init__(self, kind: str, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        checks.choice(kind, "kind", NORMS)
        channels = checks.integer(channels, "channels", 1, WIDEST)
        self.norm = nn.LayerNorm(channels) if kind == "layer" else nn.BatchNorm1d(channels, momentum=momentum)

    def forward(self, x: Float[Tensor, "b l h"]) -> Float[Tensor, "b l h"]:
        return self.norm(x) if isinstance(self.norm, nn.LayerNorm) else self.norm(x.transpose(1, 2)).transpose(1, 2)


class Block(nn.Module):
    """Convolution, GELU, dropout, gated linear map; x + f(norm(x)) (prenorm) or norm(x + f(x)).

    Args: norm, "layer" or "batch"; residual, whether the x + is there at all. Raises: ValueError.
    """

    def __init__(
        self,
        convolution: Convolution,
        *,
        norm: str = "layer",
        prenorm: bool = True,
        dropout: float = 0.0,
        residual: bool = True,
    ) -> None:
        super().__init__()
        channels = convolution.kernel.channels
        self.convolution, self.prenorm, self.residual = convolution, prenorm, residual
        self.norm = Norm(checks.choice(norm, "norm", NORMS), channels)
        self.dropout = TiedDropout(dropout)
        self.mix = nn.Linear(channels, 2 * channels)

    def forward(
        self, x: Float[Tensor, "b l h"], inside: Bool[Tensor, "b l 1"] | None = None, rate: float = 1.0
    ) -> Float[Tensor, "b l h"]:
        """`inside` is False on padding, which is set to 0 before each convolution."""
        y = self.norm(x) if self.prenorm else x
        if inside is not None:
            y = y * inside
        y = self.dropout(F.gelu(self.convolution(y, rate)))
        y = self.dropout(F.glu(self.mix(y), dim=-1))
        if self.residual:
            y = x + y
        return y if self.prenorm else self.norm(y)


class Stack(nn.Module):
    """Blocks one after the other, and the final norm that pre-norm `Block`s need (those of S5 do without)."""

    def __init__(self, blocks: Sequence[nn.Module], norm: str = "layer") -> None:
        super().__init__()
        if not blocks:
            raise ValueError("blocks must hold at least one block")
        self.blocks, first = nn.ModuleList(blocks), blocks[0]
        self.norm: nn.Module = nn.Identity()
        if isinstance(first, Block) and first.prenorm:
            self.norm = Norm(norm, first.convolution.kernel.channels)

    def forward(
        self, x: Float[Tensor, "b l h"], inside: Bool[Tensor, "b l 1"] | None = None, rate: float = 1.0
    ) -> Float[Tensor, "b l h"]:
        for block in self.blocks:
            x = block(x, inside, rate)
        return self.norm(x)
