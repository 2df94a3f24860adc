"""The noise schedule: how much of a number is left after t steps of forward diffusion.

x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps, eps standard normal, t = 0..T-1 (t = 0 has the least noise). The cosine
schedule is that of Nichol and Dhariwal (2021), with their cap beta <= 0.999. The cap bites in the last step alone,
and there it matters: 1/sqrt(abar) is 20 000 at t = 999 (`terminal_amplification` in gaussian.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from spectral_lab import checks

CAP = 0.999
LARGEST_STEPS = 100_000


@dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """What is left of the signal at each step, and the posterior of the step before it.

    alphas_cumprod: abar_i, falling, in (0, 1); timesteps: the original timestep of each step, told to the network.
    The posterior of x_{i-1} given x_0 and x_i has mean c_1 x_0 + c_2 x_i and variance `posterior_variance`.
    """

    alphas_cumprod: Float[np.ndarray, " steps"]
    timesteps: Int[np.ndarray, " steps"]

    def __len__(self) -> int:
        return len(self.alphas_cumprod)

    @cached_property
    def betas(self) -> Float[np.ndarray, " steps"]:
        """beta_i = 1 - abar_i / abar_{i-1}, with abar_{-1} = 1."""
        return 1 - self.alphas_cumprod / self._before

    @cached_property
    def posterior_variance(self) -> Float[np.ndarray, " steps"]:
        """beta_i (1 - abar_{i-1}) / (1 - abar_i); exactly 0 at i = 0."""
        return self.betas * (1 - self._before) / (1 - self.alphas_cumprod)

    @cached_property
    def posterior_log_variance_clipped(self) -> Float[np.ndarray, " steps"]:
        """The logarithm of `posterior_variance`, its first entry (minus infinity) replaced by the second."""
        variance = self.posterior_variance
        return np.log(np.append(variance[1:2], variance[1:]))

    @cached_property
    def posterior_mean_coef1(self) -> Float[np.ndarray, " steps"]:
        """c_1, the factor of x_0: beta_i sqrt(abar_{i-1}) / (1 - abar_i)."""
        return self.betas * np.sqrt(self._before) / (1 - self.alphas_cumprod)

    @cached_property
    def posterior_mean_coef2(self) -> Float[np.ndarray, " steps"]:
        """c_2, the factor of x_i: (1 - abar_{i-1}) sqrt(1 - beta_i) / (1 - abar_i)."""
        return (1 - self._before) * np.sqrt(1 - self.betas) / (1 - self.alphas_cumprod)

    @cached_property
    def log_snr(self) -> Float[np.ndarray, " steps"]:
        """lambda_i = log(alpha_i / sigma_i), alpha = sqrt(abar), sigma = sqrt(1 - abar): half the log of the SNR."""
        return 0.5 * (np.log(self.alphas_cumprod) - np.log1p(-self.alphas_cumprod))

    @property
    def _before(self) -> Float[np.ndarray, " steps"]:
        return np.append(1.0, self.alphas_cumprod[:-1])


class CosineSchedule(NoiseSchedule):
    """The cosine schedule of T steps: abar_t = prod (1 - beta_s), beta_t = min(1 - f((t+1)/T)/f(t/T), 0.999).

    f(u) = cos^2(pi/2 (u + 0.008)/1.008) (Nichol and Dhariwal 2021, equation 17). Raises ValueError unless
    2 <= steps <= 100 000.
    """

    def __init__(self, steps: Any = 1000) -> None:
        steps = checks.integer(steps, "steps", 2, LARGEST_STEPS)
        u = np.arange(steps + 1) / steps
        f = np.cos(np.pi / 2 * (u + 0.008) / 1.008) ** 2
        betas = np.minimum(1 - f[1:] / f[:-1], CAP)
        super().__init__(np.cumprod(1 - betas), np.arange(steps))


def respace(schedule: NoiseSchedule, steps: Any) -> NoiseSchedule:
    """The same noise in fewer steps: the timesteps round(k (T-1)/(steps-1)) are kept, the first and last among them.

    Rounding is to even, of a running sum of floats, as in the released code: a sum in another order keeps other
    timesteps. The network is told the ORIGINAL timesteps. Raises ValueError unless 2 <= steps <= len(schedule).
    """
    if not isinstance(schedule, NoiseSchedule):
        raise ValueError(f"schedule must be a NoiseSchedule, got {checks.shown(schedule)}")
    steps = checks.integer(steps, "steps", 2, len(schedule))
    stride = (len(schedule) - 1) / (steps - 1)
    kept, place = [], 0.0
    for _ in range(steps):
        kept.append(round(place))
        place += stride
    return NoiseSchedule(schedule.alphas_cumprod[kept], schedule.timesteps[kept])
