"""S5 and S5-PTD: one system with P states, H inputs and H outputs in each layer, run by a parallel scan."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Complex, Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hippo import legs
from spectral_lab.hippo.models import Norm, TiedDropout, drawn_log_steps
from spectral_lab.pseudospectra.models.modes import Modes
from spectral_lab.pseudospectra.models.scan import linear_scan

READ_OUTS = ("lecun", "truncated", "complex")
INPUTS = ("lecun", "hippo")
STABILISERS = ("none", "clip", "reflect")
ACTIVATIONS = ("half_glu1", "half_glu2", "full_glu")


class S5SSM(nn.Module):
    """x' = diag(lambda) x + B u, y = gain Re(C x) + D u, with a step for each state (section 3 of the S5 paper).

    It starts from `blocks` copies of a diagonalised system A = V diag(lambda) V^{-1} side by side: B = V^{-1} B_0 and
    C = C_0 V, with B_0 and C_0 drawn at random. gain is 2 where only one mode of each conjugate pair is kept, else 1.

    Args:
        modes: the system to start from.
        channels: H.
        blocks: J; P = J n, or half of it with `conjugate`.
        conjugate: keep the modes with Im lambda > 0 only. S5 does; S5-PTD keeps all, and so has twice the parameters.
        bidirectional: a second read-out of the states of a run from the other end.
        method: `"zoh"` or `"bilinear"`.
        steps: range of the steps, drawn log-uniformly, one for each state.
        read_out: how C_0 is drawn: `"lecun"`, variance 1/(H n J); `"truncated"`, 1/(n J); `"complex"`, 1, not times V.
        inputs: how B_0 is drawn: `"lecun"`, variance 1/(n J); `"hippo"`, B_H for every channel.
        stabiliser: `"clip"` bounds Re lambda by -1e-4, `"reflect"` takes -|Re lambda|, `"none"` leaves it.
    Raises: ValueError.
    """

    def __init__(
        self,
        modes: Modes,
        channels: int,
        *,
        blocks: int = 1,
        conjugate: bool = True,
        bidirectional: bool = False,
        method: str = "zoh",
        steps: Sequence[float] = (1e-3, 1e-1),
        read_out: str = "lecun",
        inputs: str = "lecun",
        stabiliser: str = "none",
    ) -> None:
        super().__init__()
        H, J = checks.integer(channels, "channels", 1), checks.integer(blocks, "blocks", 1)
        checks.choice(read_out, "read_out", READ_OUTS)
        checks.choice(inputs, "inputs", INPUTS)
        self.method = checks.choice(method, "method", ("zoh", "bilinear"))
        self.stabiliser = checks.choice(stabiliser, "stabiliser", STABILISERS)
        self.gain = 2.0 if conjugate else 1.0
        n = len(modes.eigenvalues)
        kept = upper_half(modes) if conjugate else np.arange(n)
        eigenvalues = torch.as_tensor(modes.eigenvalues[kept]).repeat(J)  # (P,)
        V, inverse = torch.as_tensor(modes.V), torch.as_tensor(np.linalg.inv(modes.V))
        p = len(kept)

        if inputs == "hippo":
            B0 = torch.as_tensor(legs(n)[1])[:, None].expand(J, n, H)
        else:
            B0 = lecun_normal((J, n, H), fan_in=J * n)
        B = torch.einsum("pm,jmh->jph", inverse[kept], B0.to(inverse.dtype)).reshape(J * p, H)
        directions = 1 + bidirectional
        if read_out == "complex":
            C = torch.view_as_complex(torch.randn(directions, H, J * p, 2, dtype=torch.float64) * sqrt(0.5))
        else:
            fan_in = J * n * (H if read_out == "lecun" else 1)
            C0 = torch.view_as_complex(lecun_normal((directions, H, J, n, 2), fan_in))
            C = torch.einsum("dhjm,mp->dhjp", C0, V[:, kept]).reshape(directions, H, J * p)
        self.real = nn.Parameter(eigenvalues.real.float())  # (P,)
        self.imag = nn.Parameter(eigenvalues.imag.float())
        self.log_step = nn.Parameter(drawn_log_steps(steps, J * p))
        self.B = nn.Parameter(pairs(B))  # (P, H, 2)
        self.C = nn.Parameter(pairs(C))  # (directions, H, P, 2)
        self.D = nn.Parameter(torch.randn(H))

    def eigenvalues(self) -> Complex[Tensor, " p"]:
        """lambda, as the stabiliser leaves it, in double precision."""
        real = self.real.double()
        if self.stabiliser == "clip":
            real = real.clamp(max=-1e-4)
        elif self.stabiliser == "reflect":
            real = -real.abs()
        return torch.complex(real, self.imag.double())

    def discretized(self, rate: float = 1.0) -> tuple[Complex[Tensor, " p"], Complex[Tensor, "p h"]]:
        """lambda_bar and B_bar of the discrete system, a sample lasting `rate` times as long; with z = lambda step,

        "zoh": e^z and (e^z - 1)/lambda B; "bilinear": (1 + z/2)/(1 - z/2) and step/(1 - z/2) B.
        """
        eigenvalues = self.eigenvalues()
        step = checks.number(rate, "rate", above=0) * self.log_step.double().exp()
        z = eigenvalues * step
        if self.method == "zoh":
            propagator, scale = torch.exp(z), torch.expm1(z) / eigenvalues
        else:
            propagator, scale = (1 + z / 2) / (1 - z / 2), step / (1 - z / 2)
        B = torch.view_as_complex(self.B)
        return propagator.to(B.dtype), scale[:, None].to(B.dtype) * B

    def tone_step(self) -> Float[Tensor, " h"]:
        """The step at which a tone runs: that of the state with the highest frequency, where S5 has S4D's spike."""
        return self.log_step[self.imag.abs().argmax()].exp().expand(len(self.D))

    def forward(self, u: Float[Tensor, "b l h"], rate: float = 1.0) -> Float[Tensor, "b l h"]:
        """The output for an input; complex products are made of real ones, which GPUs have fast units for."""
        propagator, B = self.discretized(rate)
        drive = torch.complex(u @ B.real.T, u @ B.imag.T)  # (b, l, P)
        y = self.D * u
        for reverse, C in zip((False, True), self.C, strict=False):
            x = linear_scan(propagator, drive, reverse)
            y = y + self.gain * (x.real @ C[..., 0].T - x.imag @ C[..., 1].T)
        return y


class S5Block(nn.Module):
    """x + f(norm(x)), batch norm first; f is the state-space layer and a gate made of its output y, g = GELU(y).

    Args: activation, `"half_glu1"` g sigmoid(W g), `"half_glu2"` y sigmoid(W g), `"full_glu"` (W_1 g) sigmoid(W_2 g);
    dropout, one mask over the whole sequence, on g and on the result; momentum, of the norm.
    """

    def __init__(
        self, ssm: S5SSM, channels: int, *, activation: str = "half_glu1", dropout: float = 0.0, momentum: float = 0.05
    ) -> None:
        super().__init__()
        self.activation = checks.choice(activation, "activation", ACTIVATIONS)
        self.ssm, self.norm = ssm, Norm("batch", channels, momentum)
        self.dropout = TiedDropout(dropout)
        self.gate = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels) if activation == "full_glu" else None

    def forward(
        self, x: Float[Tensor, "b l h"], inside: Bool[Tensor, "b l 1"] | None = None, rate: float = 1.0
    ) -> Float[Tensor, "b l h"]:
        """`inside` is not looked at: the authors' code reads the padding too."""
        y = self.ssm(self.norm(x), rate)
        g = self.dropout(F.gelu(y, approximate="tanh"))
        if self.activation == "half_glu1":
            y = g
        elif self.value is not None:
            y = self.value(g)
        y = y * torch.sigmoid(self.gate(g))
        return x + self.dropout(y)


class OneHot(nn.Module):
    """Tokens as unit vectors: (batch, length) whole numbers to (batch, length, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = checks.integer(width, "width", 1)

    def forward(self, tokens: Int[Tensor, "b l"]) -> Float[Tensor, "b l width"]:
        return F.one_hot(tokens, self.width).float()


def upper_half(modes: Modes) -> np.ndarray:
    """The modes with Im lambda > 0. Raises: ValueError if they are not half of a conjugate-symmetric set."""
    kept = np.flatnonzero(modes.eigenvalues.imag > 0)
    if 2 * len(kept) != len(modes.eigenvalues):
        raise ValueError("conjugate needs modes in conjugate pairs, none of them real")
    return kept


def lecun_normal(shape: tuple[int, ...], fan_in: int) -> Float[Tensor, "*shape"]:
    """Normal numbers truncated at two deviations, scaled to the variance 1/fan_in."""
    draws = nn.init.trunc_normal_(torch.empty(shape, dtype=torch.float64), a=-2.0, b=2.0)
    return draws / (0.8796256610342398 * sqrt(fan_in))


def pairs(z: Complex[Tensor, "*shape"]) -> Float[Tensor, "*shape 2"]:
    """A complex tensor as single-precision (real, imaginary) pairs: what optimisers and NCCL understand."""
    return torch.view_as_real(z).float().clone()
