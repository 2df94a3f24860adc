"""Diagonal state-space models in PyTorch: S4D and S4-PTD, each a bank of scalar systems, then layers and a classifier.

All of them start from a diagonalised HiPPO-LegS system and differ in what was diagonalised (`Modes`):

    S4D      the normal part, (A_N, B_H / 2)          unitary V, but a spike in the transfer function at n^2/pi
    S4-PTD   the perturbed matrix, (A_H + E, B_H)     V of condition about 10, no spike

Yu et al., "Robustifying State-space Models for Long Sequences via Approximate Diagonalization" (arXiv 2310.01698);
S4D: Gu, Gupta, Goel, Re (arXiv 2206.11893). Sequences are (batch, length, channels) throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log, sqrt
from typing import SupportsInt

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hippo import legs
from spectral_lab.pseudospectra.legs import legs_normal_eigenpairs
from spectral_lab.pseudospectra.ptd import diagonalize


@dataclass(frozen=True)
class Modes:
    """A diagonalised system: A = V diag(eigenvalues) V^{-1} with unit columns in V, and B = V^{-1} B_0."""

    eigenvalues: Complex[np.ndarray, " n"]
    V: Complex[np.ndarray, "n n"]
    B: Complex[np.ndarray, " n"]


def s4d_modes(n: SupportsInt, *, half: bool = True) -> Modes:
    """The modes of S4D-LegS, (A_N, B_H / 2); `half=False` leaves B_H whole, as the paper's experiments did.

    The half belongs to the theory (Lemma 1); without it the transfer function is twice as large everywhere.

    Raises: ValueError.
    """
    n = checks.integer(n, "n", 1)
    eigenvalues, V = legs_normal_eigenpairs(n)
    B = V.conj().T @ legs(n)[1]
    return Modes(eigenvalues, V, B / 2 if half else B)


def ptd_modes(E: ArrayLike) -> Modes:
    """The modes of the perturbed system, (A_H + E, B_H), by falling |Im|; V is not unitary, so V^{-1} is a solve.

    Args: E, the perturbation, (n, n), real or complex. Raises: ValueError.
    """
    E = checks.square(E, "E")
    A, B = legs(len(E))
    system = diagonalize(A, E)
    return Modes(system.eigenvalues, system.V, np.linalg.solve(system.V, B + 0j))


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


class DiagonalSSM(nn.Module):
    """H scalar systems x' = diag(lambda) x + B u, y = gain Re(C x) (+ D u), each with its own step and read-out.

    Discretised by a zero-order hold, the convolution kernel of channel h is (section 2 of the S4D paper)

        K_h[l] = gain Re sum_n C_hn B_hn (e^{lambda_hn step_h} - 1) / lambda_hn  e^{lambda_hn step_h l}.

    The real part of lambda is -exp(log_decay), so a trained mode stays stable; an unstable one is reflected.

    Args:
        modes: the system to start from, n modes.
        channels: H.
        steps: range of the steps, drawn log-uniformly, one for each channel.
        trainable: whether lambda, B and the steps are learnt; C always is.
        shared: one lambda (and B) for all channels, and B folded into C, as in the Long Range Arena models.
        bidirectional: a second kernel with its own C runs from the future.
        skip: whether there is a D.
        gain: 2 as in the paper's code; 1 is the real part of the system itself, as all n modes are kept.
    Raises: ValueError.
    """

    log_step: Tensor
    log_decay: Tensor
    frequency: Tensor
    B: Tensor

    def __init__(
        self,
        modes: Modes,
        channels: int,
        *,
        steps: tuple[float, float] = (1e-3, 1e-1),
        trainable: bool = True,
        shared: bool = False,
        bidirectional: bool = False,
        skip: bool = False,
        gain: float = 2.0,
    ) -> None:
        super().__init__()
        self.gain, self.shared = gain, shared
        low, high = (checks.number(step, "steps", above=0) for step in steps)
        copies, n = (1 if shared else checks.integer(channels, "channels", 1)), len(modes.eigenvalues)

        eigenvalues = torch.as_tensor(modes.eigenvalues).expand(copies, n)  # (H or 1, n)
        B = torch.as_tensor(modes.B).expand(copies, n)
        C = torch.randn(1 + bidirectional, channels, n).to(torch.complex128) @ torch.as_tensor(modes.V)
        self.C = nn.Parameter(_pairs(C * B if shared else C))  # (directions, H, n, 2)
        start = {
            "log_step": torch.rand(channels) * (log(high) - log(low)) + log(low),  # (H,)
            "log_decay": eigenvalues.real.abs().log().float(),  # (H or 1, n)
            "frequency": eigenvalues.imag.float(),
        }
        if not shared:
            start["B"] = _pairs(B)  # (H, n, 2)
        for name, value in start.items():
            if trainable:
                self.register_parameter(name, nn.Parameter(value.clone()))
            else:
                self.register_buffer(name, value.clone())
        self.D = nn.Parameter(torch.randn(channels)) if skip else None

    def step(self) -> Float[Tensor, " h"]:
        """The step of each channel."""
        return self.log_step.exp()

    def kernel(self, length: int) -> Float[Tensor, "directions h length"]:
        """K_h[l] for l = 0..length-1, one for each direction.

        The powers e^{z l} are computed as e^{z T k} e^{z t} with l = T k + t and T about sqrt(length), so that only
        2 sqrt(length) of them are needed, in double precision; the rest is one small matrix product for each channel.
        """
        eigenvalues = torch.complex(-self.log_decay.double().exp(), self.frequency.double())
        z = eigenvalues * self.step().double()[:, None]  # (H, n)
        T = ceil(sqrt(length))
        within = torch.exp(z[:, :, None] * torch.arange(T, device=z.device))  # (H, n, T)
        between = torch.exp(z[:, :, None] * (T * torch.arange(ceil(length / T), device=z.device)))  # (H, n, length/T)
        C = torch.view_as_complex(self.C.double())
        weights = C * (torch.exp(z) - 1) / eigenvalues  # (directions, H, n)
        if not self.shared:
            weights = weights * torch.view_as_complex(self.B.double())
        dtype = torch.view_as_complex(self.C).dtype
        rows = (weights[..., None] * between).to(dtype).transpose(-1, -2)  # (directions, H, length/T, n)
        K = self.gain * (rows @ within.to(dtype)).real  # (directions, H, length/T, T)
        return K.flatten(-2)[..., :length]

    def forward(self, u: Float[Tensor, "b l h"], noise: FourierNoise | None = None) -> Float[Tensor, "b l h"]:
        """y = K * u (+ D u), causal, or from both sides; by FFT of twice the length."""
        if noise is not None:
            u = noise.add(u, self.step())
        length = u.shape[1]
        K = self.kernel(length)
        k = F.pad(K[0], (0, length))
        if len(K) == 2:  # the second kernel meets the next sample first
            k = k + F.pad(K[1].flip(-1), (length, 0))
        spectrum = torch.fft.rfft(u.transpose(1, 2), 2 * length) * torch.fft.rfft(k)
        y = torch.fft.irfft(spectrum, 2 * length)[..., :length].transpose(1, 2)
        return y if self.D is None else y + self.D * u


class TiedDropout(nn.Module):
    """Dropout with one mask for the whole sequence: a channel is dropped at all times or at none."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = checks.number(rate, "rate", 0, 1)

    def forward(self, x: Float[Tensor, "b l h"]) -> Float[Tensor, "b l h"]:
        return x * F.dropout(x.new_ones(x.shape[0], 1, x.shape[2]), self.rate, self.training)


class ChannelNorm(nn.Module):
    """Batch norm of (batch, length, channels): statistics over batch and length."""

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels, momentum=momentum)

    def forward(self, x: Float[Tensor, "b l h"]) -> Float[Tensor, "b l h"]:
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


class S4Block(nn.Module):
    """State-space layer, GELU, dropout, then a gated linear map of the channels; norm before or after.

    Args: norm, `"layer"` or `"batch"`; prenorm, x + f(norm(x)) rather than norm(x + f(x)); residual, whether the
    x + is there at all (the paper's robustness model leaves it out).
    """

    def __init__(
        self,
        ssm: DiagonalSSM,
        channels: int,
        *,
        dropout: float = 0.0,
        norm: str = "layer",
        prenorm: bool = False,
        residual: bool = True,
    ) -> None:
        super().__init__()
        checks.choice(norm, "norm", ("layer", "batch"))
        self.ssm, self.prenorm, self.residual = ssm, prenorm, residual
        self.norm = nn.LayerNorm(channels) if norm == "layer" else ChannelNorm(channels)
        self.dropout = TiedDropout(dropout)
        self.mix = nn.Linear(channels, 2 * channels)

    def forward(self, x: Float[Tensor, "b l h"], noise: FourierNoise | None = None) -> Float[Tensor, "b l h"]:
        y = self.ssm(self.norm(x) if self.prenorm else x, noise)
        y = self.dropout(F.gelu(y))
        y = self.dropout(F.glu(self.mix(y), dim=-1))
        if self.residual:
            y = x + y
        return y if self.prenorm else self.norm(y)


class SequenceClassifier(nn.Module):
    """Encoder, blocks, mean over time, decoder.

    Args: encoder, from the data to (batch, length, channels); blocks; channels; classes; final_norm, what pre-norm
    blocks need at their end.
    """

    def __init__(
        self,
        encoder: nn.Module,
        blocks: Sequence[nn.Module],
        channels: int,
        classes: int,
        final_norm: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.encoder, self.blocks = encoder, nn.ModuleList(blocks)
        self.final_norm = final_norm or nn.Identity()
        self.decoder = nn.Linear(channels, classes)

    def forward(self, x: Tensor, lengths: Tensor | None = None, noise: FourierNoise | None = None) -> Tensor:
        """Logits (batch, classes); the mean is over the first `lengths` samples where they are given."""
        return self.decoder(self.features(x, lengths, noise))

    def features(self, x: Tensor, lengths: Tensor | None, noise: FourierNoise | None) -> Float[Tensor, "b h"]:
        """The mean over time of what the blocks make of it."""
        x = self.encoder(x)
        for block in self.blocks:
            x = block(x, noise)
        x = self.final_norm(x)
        if lengths is None:
            return x.mean(1)
        inside = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (b, l)
        return (x * inside[:, :, None]).sum(1) / lengths[:, None]


def _pairs(z: Tensor) -> Float[Tensor, "*shape 2"]:
    """A complex tensor as single-precision (real, imaginary) pairs: what optimisers and NCCL understand."""
    return torch.view_as_real(z).float().clone()
