"""EDM: the same diffusion with a network that is scaled for every noise level, and a grid without a cosine cap.

Karras, Aittala, Aila and Laine, "Elucidating the Design Space of Diffusion-Based Generative Models" (2022). Noise is
added, x = x_0 + sigma eps, and nothing is ever divided by a vanishing signal: where the cosine schedule ends in
1/sqrt(abar) = 20 000 (`terminal_amplification`), an error of the network's answer is multiplied by at most sigma_data.
UniGenX does not use it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.generation.samplers import Noise

LARGEST_STEPS = 10_000
Network = Callable[[Any, float], Any]


@dataclass(frozen=True)
class EDM:
    """Preconditioning and grid. sigma_data: the standard deviation of the data; sigma_min < sigma_max: of the noise.

    Noise levels sigma are numbers or arrays, above 0. Raises ValueError.
    """

    sigma_data: float = 1.0
    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0

    def __post_init__(self) -> None:
        for name, least in (("sigma_data", 1e-6), ("sigma_min", 1e-9), ("sigma_max", self.sigma_min), ("rho", 0.1)):
            checks.number(getattr(self, name), name, above=least)
            checks.number(getattr(self, name), name, maximum=1e9)

    def c_skip(self, sigma: ArrayLike) -> Float[np.ndarray, "*levels"]:
        """The share of the noisy x that goes past the network: sigma_data^2 / (sigma^2 + sigma_data^2)."""
        return np.asarray(1 / (1 + (_levels(sigma) / self.sigma_data) ** 2))

    def c_out(self, sigma: ArrayLike) -> Float[np.ndarray, "*levels"]:
        """The factor of the network's answer: sigma sigma_data / sqrt(sigma^2 + sigma_data^2)."""
        return np.asarray(1 / np.hypot(1 / _levels(sigma), 1 / self.sigma_data))

    def c_in(self, sigma: ArrayLike) -> Float[np.ndarray, "*levels"]:
        """The factor of the network's input: 1 / sqrt(sigma^2 + sigma_data^2), which gives it unit variance."""
        return np.asarray(1 / np.hypot(_levels(sigma), self.sigma_data))

    def c_noise(self, sigma: ArrayLike) -> Float[np.ndarray, "*levels"]:
        """The noise level as the network is told it: log(sigma) / 4."""
        return np.asarray(np.log(_levels(sigma)) / 4)

    def weight(self, sigma: ArrayLike) -> Float[np.ndarray, "*levels"]:
        """The weight of the squared error of x_0: 1 / c_out^2, which gives every level a loss of 1 at the start."""
        return np.asarray(1 / self.c_out(sigma) ** 2)

    def grid(self, steps: Any = 18) -> Float[np.ndarray, " levels"]:
        """steps + 1 falling levels from sigma_max to sigma_min, evenly spaced in sigma^(1/rho), then 0 (equation 5).

        Raises ValueError unless 2 <= steps <= 10 000.
        """
        share = np.linspace(0, 1, checks.integer(steps, "steps", 2, LARGEST_STEPS))
        first, last = self.sigma_max ** (1 / self.rho), self.sigma_min ** (1 / self.rho)
        return np.append((first + share * (last - first)) ** self.rho, 0.0)

    def denoiser(self, network: Network) -> Network:
        """D(x, sigma) = c_skip x + c_out F(c_in x, c_noise) from a network F(x, c_noise) (equation 7)."""
        if not callable(network):
            raise ValueError(f"network must be a function, got {checks.shown(network)}")

        def denoise(x: Any, sigma: float) -> Any:
            scaled = network(float(self.c_in(sigma)) * x, float(self.c_noise(sigma)))
            return float(self.c_skip(sigma)) * x + float(self.c_out(sigma)) * scaled

        return denoise


def heun(denoise: Network, edm: EDM, shape: tuple[int, int], noise: Noise, steps: Any = 18) -> Any:
    """Samples of shape (rows, d) of dx/dsigma = (x - D(x, sigma)) / sigma, by Heun's method of second order.

    denoise: D(x, sigma), the expected x_0; sigma one number. The noise source is read once; arrays in, arrays out;
    tensors in, tensors out (Karras et al. 2022, algorithm 1). Raises ValueError.
    """
    for value, name in ((denoise, "denoise"), (noise, "noise")):
        if not callable(value):
            raise ValueError(f"{name} must be a function, got {checks.shown(value)}")
    if not isinstance(edm, EDM):
        raise ValueError(f"edm must be an EDM, got {checks.shown(edm)}")
    if not isinstance(shape, (tuple, list)) or len(shape) != 2:
        raise ValueError(f"shape must be (rows, dimension), got {checks.shown(shape)}")
    rows, d = (checks.integer(size, "shape", 1) for size in shape)
    checks.room(rows * d, "shape")
    levels = edm.grid(steps).tolist()
    x = levels[0] * _shaped(noise((rows, d)), "noise", (rows, d))
    for sigma, after in itertools.pairwise(levels):
        slope = (x - _shaped(denoise(x, sigma), "denoise", (rows, d))) / sigma
        moved = x + (after - sigma) * slope
        if after > 0:  # the last step is Euler's: there is no slope at sigma = 0
            slope = (slope + (moved - denoise(moved, after)) / after) / 2
            moved = x + (after - sigma) * slope
        x = moved
    return x


def _shaped(answer: Any, name: str, shape: tuple[int, int]) -> Any:
    if tuple(getattr(answer, "shape", ())) != shape:
        raise ValueError(f"{name} must answer with an array of shape {shape}, got {checks.shown(answer)}")
    return answer


def _levels(sigma: ArrayLike) -> np.ndarray:
    levels = checks.real_array(sigma, "sigma")
    if (levels <= 0).any() or (levels > 1e100).any():
        raise ValueError(f"sigma must be above 0 and at most 1e100, got {checks.shown(sigma)}")
    return levels
