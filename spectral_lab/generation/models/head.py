"""The diffusion head: a small network that is told a hidden state, and turns noise into one 3-vector.

As in MAR (Li et al. 2024): residual blocks whose layer norms are shifted, scaled and gated by the sum of a time
embedding and the condition (adaLN-Zero, Peebles and Xie 2023). It predicts the noise of x_t and, with six outputs, the
logits of a learned variance (Nichol and Dhariwal 2021).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.generation.noise import CosineSchedule
from spectral_lab.training.published import load

TIME_FEATURES, LONGEST_PERIOD = 256, 10_000.0
BIN = 1 / 255  # half the width of a bin of the likelihood at t = 0: code for 8-bit images, applied to coordinates
SMALLEST_PROBABILITY = 1e-12
LARGEST_PREPARED = 2**26  # numbers


class DiffusionLoss(NamedTuple):
    """Per row: the mean squared error of the noise, the variational bound in bits (0 with three outputs), their sum."""

    mse: Float[Tensor, " rows"]
    vb: Float[Tensor, " rows"]
    total: Float[Tensor, " rows"]


class DiffusionHead(nn.Module):
    """(x_t, t, c) -> noise, and logits of the variance beside it: (rows, 6), or (rows, 3) for noise alone.

    A new head returns exactly zero. Raises ValueError on sizes out of range.
    """

    def __init__(self, width: int, condition: int, depth: int, outputs: int = 6) -> None:
        super().__init__()
        width, condition = checks.integer(width, "width", 1, 8192), checks.integer(condition, "condition", 1, 65536)
        depth = checks.integer(depth, "depth", 0, 128)
        if outputs not in (3, 6):
            raise ValueError(f"outputs must be 3 or 6, got {checks.shown(outputs)}")
        self.outputs = outputs
        self.time_embed = nn.Sequential(linear(TIME_FEATURES, width, 0.02), nn.SiLU(), linear(width, width, 0.02))
        self.cond_embed = linear(condition, width)
        self.input_proj = linear(3, width)
        self.res_blocks = nn.ModuleList(AdaptiveBlock(width) for _ in range(depth))
        self.final_layer = FinalLayer(width, outputs)
        schedule = CosineSchedule()
        for name in ("alphas_cumprod", "betas", "posterior_log_variance_clipped"):
            self.register_buffer(f"_{name}", torch.tensor(getattr(schedule, name)), persistent=False)
        for name in ("posterior_mean_coef1", "posterior_mean_coef2"):
            self.register_buffer(f"_{name}", torch.tensor(getattr(schedule, name)), persistent=False)

    def forward(
        self, x: Float[Tensor, "rows 3"], t: Int[Tensor, " rows"], c: Float[Tensor, "rows condition"]
    ) -> Float[Tensor, "rows outputs"]:
        """Predicted noise, and logits v of the variance, of x at the original timesteps t (of 1000), given c."""
        with torch.autocast(x.device.type, enabled=False):
            y = self.time_embed(time_features(t, x.dtype)) + self.cond_embed(c.to(x.dtype))
            return self._denoise(x, self._modulations(y))

    def predictor(self, c: Float[Tensor, "rows condition"]) -> HeadPredictor:
        """(x, t) -> forward(x, t, c) for a sampler, which tells all rows one timestep."""
        return self.predictors()(c)

    def predictors(self) -> Callable[[Tensor], HeadPredictor]:
        """c -> predictor(c), for many c in turn while the weights stand still."""
        return partial(HeadPredictor, Modulator(self))

    def loss(
        self,
        x0: Float[Tensor, "rows 3"],
        c: Float[Tensor, "rows condition"],
        t: Int[Tensor, " rows"],
        noise: Float[Tensor, "rows 3"],
    ) -> DiffusionLoss:
        """The loss at one timestep a row: mean (eps - eps^)^2, plus the variational bound with eps^ detached."""
        abar = self._at("alphas_cumprod", t, x0)
        x = abar.sqrt() * x0 + (1 - abar).sqrt() * noise
        out = self(x, t, c)
        eps = out[:, :3]
        mse = ((noise - eps) ** 2).mean(1)
        if self.outputs == 3:
            return DiffusionLoss(mse, torch.zeros_like(mse), mse)
        vb = self._bound(x0, x, t, eps.detach(), out[:, 3:])
        return DiffusionLoss(mse, vb, mse + vb)

    def load_published(self, state_dict: Mapping[str, Any]) -> list[str]:
        """Take the tensors of a released head by name (without the prefix `diffloss.net.`), or raise ValueError."""
        return load(self, state_dict, [("time_embed.mlp.", "time_embed.")])

    def _modulations(self, y: Tensor) -> list[tuple[Tensor, ...]]:
        """Shift, 1 + scale and gate of each block, shift and 1 + scale of the last layer."""
        y = F.silu(y)  # the first of the two modules of every adaLN_modulation
        blocks: Any = self.res_blocks
        parts = [block.adaLN_modulation[1](y).chunk(3, dim=-1) for block in blocks]
        parts.append(self.final_layer.adaLN_modulation[1](y).chunk(2, dim=-1))
        return [(shift, 1 + scale, *gate) for shift, scale, *gate in parts]

    def _denoise(self, x: Tensor, modulations: Sequence[Sequence[Tensor]]) -> Tensor:
        # Called outside of autocast: half precision is coarser than the smallest noise levels.
        x = self.input_proj(x)
        for block, modulation in zip(self.res_blocks, modulations, strict=False):
            x = block(x, *modulation)
        return self.final_layer(x, *modulations[-1])

    def _bound(self, x0: Tensor, x: Tensor, t: Tensor, eps: Tensor, v: Tensor) -> Tensor:
        """Bits: the divergence of the predicted posterior from the true one; at t = 0 the likelihood of a bin."""
        abar, c1, c2 = (
            self._at(name, t, x0) for name in ("alphas_cumprod", "posterior_mean_coef1", "posterior_mean_coef2")
        )
        small = self._at("posterior_log_variance_clipped", t, x0)
        log_variance = (v + 1) / 2 * self._at("betas", t, x0).log() + (1 - v) / 2 * small
        mean = c1 * (x / abar.sqrt() - (1 / abar - 1).sqrt() * eps) + c2 * x
        apart = c1 * x0 + c2 * x - mean
        divergence = 0.5 * (log_variance - small - 1 + (small - log_variance).exp() + apart**2 * (-log_variance).exp())
        likelihood = log_bin_probability(x0, mean, 0.5 * log_variance)
        return torch.where(t[:, None] == 0, -likelihood, divergence).mean(1) / math.log(2)

    def _at(self, name: str, t: Tensor, like: Tensor) -> Tensor:
        """The schedule at these timesteps, as a column."""
        return self.get_buffer(f"_{name}")[t].to(like.dtype)[:, None]


class HeadPredictor:
    """(x, t) -> forward(x, t, c) at one timestep for all rows.

    A sampler that says beforehand which timesteps it will ask for (`prepare`) gets all their modulations, which do not
    depend on x, from one pass: what is left of a step is the blocks themselves.
    """

    def __init__(self, modulate: Modulator, c: Tensor) -> None:
        self.modulate, self.head = modulate, modulate.head
        self.condition = self.head.cond_embed(c)
        self.prepared: dict[int, list[Sequence[Tensor]]] = {}

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            step = int(t[0])
            modulations = self.prepared.get(step) or self.modulate((step,), self.condition)[0]
            return self.head._denoise(x, modulations)

    def prepare(self, timesteps: Sequence[int]) -> None:
        """Compute the modulations of these timesteps, unless they would take more than a few hundred MB."""
        told = tuple(sorted(set(timesteps)))
        if len(told) * len(self.condition) * len(self.modulate.bias) <= LARGEST_PREPARED:
            self.prepared = dict(zip(told, self.modulate(told, self.condition), strict=True))


class Modulator:
    """Timesteps and a condition -> shift, 1 + scale and gate of every layer, for as long as the weights stand still.

    All layers in one product, and the embedding of the timesteps once for all conditions.
    """

    def __init__(self, head: DiffusionHead) -> None:
        self.head, self.times = head, dict[tuple[int, ...], Tensor]()
        layers: Any = [part.adaLN_modulation[1] for part in (*head.res_blocks, head.final_layer)]
        self.weight = torch.cat([layer.weight for layer in layers])
        self.bias = torch.cat([layer.bias for layer in layers])
        self.bias.view(-1, self.weight.shape[1])[1::3] += 1  # 1 + scale

    def __call__(self, told: tuple[int, ...], condition: Float[Tensor, "rows width"]) -> list[list[Sequence[Tensor]]]:
        """For each timestep, for each block and the last layer: (rows, width) each."""
        if told not in self.times:
            t = torch.tensor(told, dtype=torch.long, device=condition.device)
            self.times[told] = self.head.time_embed(time_features(t, condition.dtype))[:, None]
        y = F.silu(self.times[told] + condition)
        steps = [one.split(condition.shape[1], dim=1) for one in F.linear(y, self.weight, self.bias)]
        return [[parts[start : start + 3] for start in range(0, len(parts), 3)] for parts in steps]


class AdaptiveBlock(nn.Module):
    """x + gate * MLP(LN(x) scale + shift), with shift, scale - 1 and gate from y by `adaLN_modulation`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_ln = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(linear(width, width), nn.SiLU(), linear(width, width))
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), linear(width, 3 * width, 0.0))

    def forward(self, x: Tensor, shift: Tensor, scale: Tensor, gate: Tensor) -> Tensor:
        return torch.addcmul(x, gate, self.mlp(torch.addcmul(shift, self.in_ln(x), scale)))


class FinalLayer(nn.Module):
    """A linear read-out of LN(x) scale + shift, with shift and scale - 1 from y by `adaLN_modulation`."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.linear = linear(width, outputs, 0.0)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), linear(width, 2 * width, 0.0))

    def forward(self, x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        return self.linear(torch.addcmul(shift, F.layer_norm(x, x.shape[-1:], eps=1e-6), scale))


def linear(inputs: int, outputs: int, std: float | None = None) -> nn.Linear:
    """A linear layer with zero biases and weights of this standard deviation; by default Xavier's uniform ones."""
    layer = nn.Linear(inputs, outputs)
    if std is None:
        nn.init.xavier_uniform_(layer.weight)
    else:
        nn.init.normal_(layer.weight, std=std)
    nn.init.zeros_(layer.bias)
    return layer


def time_features(t: Int[Tensor, " rows"], dtype: torch.dtype) -> Float[Tensor, "rows 256"]:
    """cos and then sin of t at 128 frequencies, from 1 down to nearly 1/10 000."""
    half = TIME_FEATURES // 2
    frequencies = torch.exp(-math.log(LONGEST_PERIOD) / half * torch.arange(half, device=t.device, dtype=dtype))
    angles = t[:, None].to(dtype) * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=1)


def log_bin_probability(x: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """log of the probability that a Gaussian falls within 1/255 of x; open bins beyond -0.999 and 0.999.

    The Gaussian's distribution function is approximated by (1 + tanh(sqrt(2/pi) (y + 0.044715 y^3)))/2, as released.
    """
    above = _normal_cdf((x - mean + BIN) * (-log_std).exp())
    below = _normal_cdf((x - mean - BIN) * (-log_std).exp())
    probability = torch.where(x < -0.999, above, torch.where(x > 0.999, 1 - below, above - below))
    return probability.clamp(min=SMALLEST_PROBABILITY).log()


def _normal_cdf(y: Tensor) -> Tensor:
    return 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (y + 0.044715 * y**3)))
