"""Kernels: (directions, H, length), one convolution kernel for each of H channels, from a state-space system or free.

    S4Kernel     diagonal plus low rank, K[k] = C A_bar^k B_bar by two-level products (arXiv 2111.00396, 2206.12037)
    S4DKernel    diagonal, a two-level Vandermonde product (arXiv 2206.11893); `DiagonalKernel` from any modes
    FreeKernel   L free numbers a channel: the baseline without a state

A state-space kernel can also step, one sample at a time, with the same result: that is what the state is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt, log
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Complex, Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hippo.diagonal import INITIALISATIONS, diagonal
from spectral_lab.hippo.dplr import dplr

INITS = ("legs", "fout", "legt", "legs/fout")
STEP_MAPS = ("softplus", "exp")
WIDEST, LONGEST = 100_000, 10_000_000  # channels, samples


class StateSpaceKernel(nn.Module):
    """What S4 and S4D share: steps, modes Lambda, input B, and a read-out C for each channel and direction.

    Lambda = -exp(A_real) - i A_imag stays in the left half plane. A and B are kept in `copies` versions, which the
    channels take in turn (1: all share one; H: each has its own); C and the steps belong to the channels. The steps are
    drawn log-uniformly, so that 1/step, the memory in samples, spans the range given. C is complex normal, of unit
    variance, unless it is given: the state of an orthogonal memory is bounded by the input, so no 1/sqrt(n) belongs
    there. Without B it is 1 and is not learnt: then C stands for the product C B, which is all that a kernel shows.
    """

    inv_step: Tensor
    A_real: Tensor
    A_imag: Tensor
    B: Tensor
    C: Tensor

    def __init__(
        self,
        channels: int,
        Lambda: Complex[np.ndarray, "copies half"],
        B: Complex[np.ndarray, "copies half"] | None,
        C: Complex[Tensor, "directions channels half"] | None = None,
        *,
        steps: Sequence[float],
        step_map: str,
        bidirectional: bool,
        trainable: bool,
    ) -> None:
        super().__init__()
        self.channels = checks.integer(channels, "channels", 1, WIDEST)
        self.trainable, bidirectional = checks.flag(trainable, "trainable"), checks.flag(bidirectional, "bidirectional")
        self.step_map = checks.choice(step_map, "step_map", STEP_MAPS)
        copies, half = Lambda.shape
        if channels % copies:
            raise ValueError(f"channels must be a multiple of the {copies} copies, got {channels}")
        log_step = drawn_log_steps(steps, channels)  # (H,)
        step = log_step.exp()
        # softplus(x) is x where x is large, and e^x - 1 would overflow there
        self._keep("inv_step", log_step if step_map == "exp" else step.where(step > 20, step.expm1().log()))
        self._keep("A_real", torch.tensor(np.maximum(-Lambda.real, 1e-4)).log())  # (copies, half)
        self._keep("A_imag", torch.tensor(-Lambda.imag))
        if B is None:
            self.register_buffer("B", torch.view_as_real(torch.ones(1, half, dtype=torch.complex64)))
        else:
            self._keep("B", torch.view_as_real(torch.tensor(B)))  # (copies, half, 2)
        if C is None:
            C = torch.view_as_complex(torch.randn(1 + bidirectional, channels, half, 2) / 2**0.5)
        self.C = nn.Parameter(torch.view_as_real(C).float().clone())  # (directions, H, half, 2)

    def _keep(self, name: str, value: Tensor) -> None:
        """A parameter if the state-space part is trained, a buffer if it is not."""
        if self.trainable:
            self.register_parameter(name, nn.Parameter(value.float().clone()))
        else:
            self.register_buffer(name, value.float().clone())

    def step_sizes(self, rate: float = 1.0) -> Float[Tensor, " h"]:
        """The step of each channel; `rate` > 0, how much longer a sample lasts than in training. Raises: ValueError."""
        rate = checks.number(rate, "rate", above=0)
        return rate * (self.inv_step.exp() if self.step_map == "exp" else F.softplus(self.inv_step))

    def modes(self) -> tuple[Complex[Tensor, "h half"], Complex[Tensor, "h half"]]:
        """Lambda and B of each channel."""
        Lambda = torch.complex(-self.A_real.exp(), -self.A_imag)
        return self._spread(Lambda), self._spread(torch.view_as_complex(self.B))

    def read_out(self) -> Complex[Tensor, "directions h half"]:
        """C, complex."""
        return torch.view_as_complex(self.C)

    def _spread(self, x: Complex[Tensor, "*axes copies half"]) -> Complex[Tensor, "*axes h half"]:
        """The copies, taken by the channels in turn: channel h has copy h mod copies."""
        return x.repeat(*[1] * (x.ndim - 2), self.channels // x.shape[-2], 1)


class S4Kernel(StateSpaceKernel):
    """S4: x' = (Lambda - P P^*) x + B u, bilinear, K[a m + b] = (C A_bar^{a m}) (A_bar^b B_bar) on (Re z, Im z).

    Args:
        channels, states: H; n, even.
        init: "legs", "fout", "legt" (windows [0, 2], so that all have timescale 1), or "legs/fout", which needs an
            even number of copies: the first half start from LegS, the others from FouT.
        copies: how many versions of Lambda, P and B there are.
        steps: the range of the steps; step_map: "softplus" or "exp", from the parameter to the step.
        bidirectional: a second kernel that runs from the future.
        trainable: whether Lambda, P, B and the steps are learnt; C always is.
        B_clip: clamp Im B to [-B_clip, B_clip], as the authors' code does by 2. It changes most of B (the HiPPO basis
            is then no longer what is started from), so it is off; use it to reproduce their runs.
    Raises: ValueError.
    """

    P: Tensor

    def __init__(
        self,
        channels: int,
        states: int = 64,
        *,
        init: str = "legs",
        copies: int = 1,
        steps: Sequence[float] = (1e-3, 1e-1),
        step_map: str = "softplus",
        bidirectional: bool = False,
        trainable: bool = True,
        B_clip: float | None = None,
    ) -> None:
        checks.choice(init, "init", INITS)
        copies, states = checks.integer(copies, "copies", 1, WIDEST), checks.order(states, "states", 2)
        checks.room(checks.integer(channels, "channels", 1, WIDEST) * states**2, "channels and states")
        checks.room(copies * states, "copies and states")
        families = init.split("/")
        if copies % len(families):
            raise ValueError(f"copies must be even for init {init!r}, got {copies}")
        forms = [dplr(family, states, window=2.0) for family in families]
        rank = max(len(form.P) for form in forms)
        each = copies // len(families)

        def stack(parts: list[Any]) -> np.ndarray:
            return np.concatenate([np.repeat(part[..., None, :], each, axis=-2) for part in parts], axis=-2)

        B = stack([form.B for form in forms])
        if B_clip is not None:
            B_clip = checks.number(B_clip, "B_clip", above=0)
            B = B.real + 1j * np.clip(B.imag, -B_clip, B_clip)
        super().__init__(
            channels, stack([form.Lambda for form in forms]), B, steps=steps, step_map=step_map,
            bidirectional=bidirectional, trainable=trainable,
        )  # fmt: skip
        P = stack([np.pad(form.P, ((0, rank - len(form.P)), (0, 0))) for form in forms])
        self._keep("P", torch.view_as_real(torch.tensor(P)))  # (rank, copies, half, 2)

    def discrete(self, rate: float = 1.0) -> tuple[Float[Tensor, "h n n"], Float[Tensor, "h n"]]:
        """(A_bar, B_bar) on the real state (Re z, Im z): A_bar = (4/D) R - I, B_bar = 2 R B, R = (2/D - A)^{-1}.

        R by Woodbury from E = (2/D - Lambda)^{-1}; products with P^* run over both halves of the spectrum.
        """
        Lambda, B = self.modes()
        P = self._spread(torch.view_as_complex(self.P))  # (rank, H, half)
        D = self.step_sizes(rate)[:, None]
        E = 1 / (2 / D - Lambda)  # (H, half)
        EP, PE = E * P, P.conj() * E
        u = torch.cat([EP.real, EP.imag], -1)  # (rank, H, n)
        v = torch.cat([2 * PE.real, -2 * PE.imag], -1)
        middle = torch.eye(len(P), device=D.device, dtype=D.dtype) + 2 * torch.einsum("rhk,shk->hrs", PE, P).real
        v = torch.einsum("hrs,shn->rhn", _small_inverse(middle), v)
        R = _real_blocks(E) - torch.einsum("rhi,rhj->hij", u, v)
        B_bar = 2 * (R @ torch.cat([B.real, B.imag], -1)[..., None])[..., 0]
        eye = torch.eye(R.shape[-1], device=D.device, dtype=D.dtype)
        return 4 / D[..., None] * R - eye, B_bar

    def forward(self, length: int, rate: float = 1.0) -> Float[Tensor, "directions h length"]:
        """The kernels: columns A_bar^b B_bar, rows C A_bar^{a m} by doubling, and one product. Raises: ValueError."""
        length = _length(length, self.channels)
        power, B_bar = self.discrete(rate)
        width = _width(length)
        columns = B_bar[..., None]  # (H, n, 1)
        while columns.shape[-1] < width:
            columns = torch.cat([columns, power @ columns], -1)
            power = power @ power
        rows = self.real_read_out()[..., None, :]  # (directions, H, 1, n)
        while rows.shape[-2] * width < length:
            rows = torch.cat([rows, rows @ power], -2)
            if rows.shape[-2] * width < length:
                power = power @ power
        return (rows @ columns).flatten(-2)[..., :length]

    def real_read_out(self) -> Float[Tensor, "directions h n"]:
        """2 Re(C z) as a row on (Re z, Im z)."""
        C = self.read_out()
        return torch.cat([2 * C.real, -2 * C.imag], -1)

    def initial_state(self, batch: int) -> Float[Tensor, "b h n"]:
        """An empty memory."""
        return self.C.new_zeros(batch, self.channels, 2 * self.C.shape[-2])

    def stepper(self, rate: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """What `advance` needs, made once: (A_bar, B_bar, C)."""
        return *self.discrete(rate), self.real_read_out()[0]

    def advance(
        self, system: tuple[Tensor, Tensor, Tensor], state: Tensor, u: Float[Tensor, "b h"]
    ) -> tuple[Float[Tensor, "b h"], Tensor]:
        """One sample: x <- A_bar x + B_bar u, y = C x."""
        A_bar, B_bar, C = system
        state = torch.einsum("hij,bhj->bhi", A_bar, state) + B_bar * u[..., None]
        return (state * C).sum(-1), state


class DiagonalKernel(StateSpaceKernel):
    """z' = Lambda z + B u, mode by mode, K[k] = 2 Re sum C B_bar Lambda_bar^k, started from given modes.

    Args: channels, H; Lambda and B (or None), (copies, half); C (or None), (directions, H, half), which then says
    whether it is bidirectional; discretisation, "zoh" or "bilinear"; the others as `S4Kernel`. Raises: ValueError.
    """

    def __init__(
        self,
        channels: int,
        Lambda: Complex[np.ndarray, "copies half"],
        B: Complex[np.ndarray, "copies half"] | None,
        C: Complex[Tensor, "directions channels half"] | None = None,
        *,
        steps: Sequence[float] = (1e-3, 1e-1),
        step_map: str = "softplus",
        bidirectional: bool = False,
        trainable: bool = True,
        discretisation: str = "zoh",
    ) -> None:
        super().__init__(
            channels, Lambda, B, C, steps=steps, step_map=step_map, bidirectional=bidirectional, trainable=trainable
        )
        self.discretisation = checks.choice(discretisation, "discretisation", ("zoh", "bilinear"))

    def discrete(self, rate: float = 1.0) -> tuple[Complex[Tensor, "h half"], Complex[Tensor, "h half"]]:
        """(log Lambda_bar, B_bar), in double precision: the logarithm is multiplied by up to length samples."""
        Lambda, B = (x.to(torch.complex128) for x in self.modes())
        D = self.step_sizes(rate).double()[:, None]
        z = D * Lambda
        if self.discretisation == "zoh":
            return z, torch.expm1(z) / Lambda * B
        return torch.log((1 + z / 2) / (1 - z / 2)), D * B / (1 - z / 2)

    def forward(self, length: int, rate: float = 1.0) -> Float[Tensor, "directions h length"]:
        """e^{(a m + b) z} = e^{a m z} e^{b z}: one real matrix product of sqrt(length) rows and columns a channel.

        Raises: ValueError.
        """
        length = _length(length, self.channels)
        z, B_bar = self.discrete(rate)
        C = self.read_out()
        width = _width(length)
        columns = torch.exp(z[..., None] * torch.arange(width, device=z.device)).to(C.dtype)  # (H, half, width)
        a = torch.arange(-(-length // width), device=z.device)
        rows = (2 * B_bar[..., None] * torch.exp(z[..., None] * (width * a))).to(C.dtype) * C[..., None]
        left = torch.cat([rows.real, -rows.imag], -2).transpose(-1, -2)  # (directions, H, rows, n)
        right = torch.cat([columns.real, columns.imag], -2)  # (H, n, width)
        return (left @ right).flatten(-2)[..., :length]

    def initial_state(self, batch: int) -> Complex[Tensor, "b h half"]:
        """An empty memory."""
        C = self.read_out()
        return C.new_zeros(batch, *C.shape[1:])

    def stepper(self, rate: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """What `advance` needs, made once: (Lambda_bar, B_bar, C)."""
        z, B_bar = self.discrete(rate)
        C = self.read_out()[0]
        return z.exp().to(C.dtype), B_bar.to(C.dtype), C

    def advance(
        self, system: tuple[Tensor, Tensor, Tensor], state: Tensor, u: Float[Tensor, "b h"]
    ) -> tuple[Float[Tensor, "b h"], Tensor]:
        """One sample: z <- Lambda_bar z + B_bar u, y = 2 Re(C z)."""
        Lambda_bar, B_bar, C = system
        state = Lambda_bar * state + B_bar * u[..., None]
        return 2 * (state * C).sum(-1).real, state


class S4DKernel(DiagonalKernel):
    """S4D: the diagonal kernel that starts from one of `diagonal`'s systems, with the states of one half plane.

    Args: states, n, even; init, the name of the system; copies, how many versions of Lambda and B there are; the others
    as `DiagonalKernel`. Raises: ValueError.
    """

    def __init__(self, channels: int, states: int = 64, *, init: str = "legs", copies: int = 1, **options: Any) -> None:
        copies, states = checks.integer(copies, "copies", 1, WIDEST), checks.order(states, "states", 2)
        checks.room(checks.integer(channels, "channels", 1, WIDEST) * states, "channels and states")
        checks.room(copies * states, "copies and states")
        Lambda, B = diagonal(checks.choice(init, "init", INITIALISATIONS), states)
        super().__init__(channels, np.tile(Lambda, (copies, 1)), np.tile(B, (copies, 1)), **options)


class FreeKernel(nn.Module):
    """A kernel of `length` free numbers a channel: what a convolution is without a state behind it.

    Shorter sequences use its beginning, longer ones see zeros beyond. It has no step size and cannot be resampled.
    """

    def __init__(self, channels: int, length: int, *, bidirectional: bool = False) -> None:
        super().__init__()
        self.channels = checks.integer(channels, "channels", 1, WIDEST)
        length, bidirectional = _length(length, self.channels), checks.flag(bidirectional, "bidirectional")
        self.values = nn.Parameter(torch.randn(1 + bidirectional, channels, length) / length**0.5)

    def forward(self, length: int, rate: float = 1.0) -> Float[Tensor, "directions h length"]:
        """The first `length` numbers. Raises: ValueError for a rate other than 1."""
        if rate != 1.0:
            raise ValueError(f"rate must be 1: a free kernel does not know how long a sample lasts, got {rate!r}")
        length = _length(length, self.channels)
        return F.pad(self.values, (0, max(0, length - self.values.shape[-1])))[..., :length]


def drawn_log_steps(steps: Any, count: int) -> Float[Tensor, " count"]:
    """Logarithms of `count` steps, uniform between those of the smallest and the largest step. Raises: ValueError."""
    try:
        low, high = (checks.number(step, "steps", above=0) for step in steps)
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    if low > high:
        raise ValueError(f"steps must be the smallest and the largest step, above 0, got {steps!r}")
    return torch.rand(count) * (log(high) - log(low)) + log(low)


def _length(length: Any, channels: int) -> int:
    length = checks.integer(length, "length", 1, LONGEST)
    checks.room(length * channels, "length and channels")
    return length


def _width(length: int) -> int:
    """About sqrt(length), a power of two."""
    return 1 << isqrt(length - 1).bit_length() if length > 1 else 1


def _small_inverse(M: Float[Tensor, "h r r"]) -> Float[Tensor, "h r r"]:
    """The inverses of matrices of size 1 or 2 by Cramer's rule: a library call costs more than the rest of a kernel."""
    if M.shape[-1] == 1:
        return 1 / M
    (a, b), (c, d) = M[:, 0].unbind(-1), M[:, 1].unbind(-1)
    return torch.stack([d, -b, -c, a], -1).unflatten(-1, (2, 2)) / (a * d - b * c)[:, None, None]


def _real_blocks(E: Complex[Tensor, "h half"]) -> Float[Tensor, "h n n"]:
    """Multiplication by E on (Re z, Im z): [[Re E, -Im E], [Im E, Re E]]."""
    real, imaginary = torch.diag_embed(E.real), torch.diag_embed(E.imag)
    return torch.cat([torch.cat([real, -imaginary], -1), torch.cat([imaginary, real], -1)], -2)
