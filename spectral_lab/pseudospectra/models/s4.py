"""S4D and S4-PTD: a bank of scalar systems, one for each channel, applied as convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hippo.models import TiedDropout
from spectral_lab.pseudospectra.models.layers import block_norm, pairs
from spectral_lab.pseudospectra.models.modes import Modes, drawn_log_steps
from spectral_lab.pseudospectra.models.noise import FourierNoise


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
        steps: Sequence[float] = (1e-3, 1e-1),
        trainable: bool = True,
        shared: bool = False,
        bidirectional: bool = False,
        skip: bool = False,
        gain: float = 2.0,
    ) -> None:
        super().__init__()
        self.gain, self.shared = gain, shared
        channels = checks.integer(channels, "channels", 1)
        copies, n = (1 if shared else channels), len(modes.eigenvalues)

        eigenvalues = torch.as_tensor(modes.eigenvalues).expand(copies, n)  # (H or 1, n)
        B = torch.as_tensor(modes.B).expand(copies, n)
        C = torch.randn(1 + bidirectional, channels, n).to(torch.complex128) @ torch.as_tensor(modes.V)
        self.C = nn.Parameter(pairs(C * B if shared else C))  # (directions, H, n, 2)
        start = {
            "log_step": drawn_log_steps(steps, channels),  # (H,)
            "log_decay": eigenvalues.real.abs().log().float(),  # (H or 1, n)
            "frequency": eigenvalues.imag.float(),
        }
        if not shared:
            start["B"] = pairs(B)  # (H, n, 2)
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
        length = checks.integer(length, "length", 1)
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
        self.ssm, self.prenorm, self.residual = ssm, prenorm, residual
        self.norm = block_norm(norm, channels)
        self.dropout = TiedDropout(dropout)
        self.mix = nn.Linear(channels, 2 * channels)

    def forward(self, x: Float[Tensor, "b l h"], noise: FourierNoise | None = None) -> Float[Tensor, "b l h"]:
        y = self.ssm(self.norm(x) if self.prenorm else x, noise)
        y = self.dropout(F.gelu(y))
        y = self.dropout(F.glu(self.mix(y), dim=-1))
        if self.residual:
            y = x + y
        return y if self.prenorm else self.norm(y)
