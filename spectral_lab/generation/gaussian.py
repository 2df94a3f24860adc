"""What the samplers do to Gaussian data, exactly: no network, no sampling, only recursions of variances.

One mode of variance lambda, with its exact predictor eps^ = sqrt(1 - abar) x / (abar lambda + 1 - abar), stays Gaussian
at every step of every sampler, and each step multiplies it by a number. This spectral reading (which mode appears
when, and how much too narrow it comes out) is ours: the paper has no spectral theory, and its diffusion acts on one
3-vector at a time. The samplers are those of samplers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.generation.noise import CosineSchedule, NoiseSchedule, respace
from spectral_lab.generation.samplers import HOTTEST

SAMPLERS = ("ddim", "ddpm")
VARIANCES = ("small", "large", "mid")
TIMESTEPS = 1000
LARGEST_MIXTURE = 1000


def emergence_step(variance: Any) -> int:
    """The first timestep (of 1000) at which noise outweighs a mode of this variance: abar lambda < 1 - abar.

    Sampling runs towards t = 0, so the mode appears there: large variances first, fine detail last. 1000 if noise
    never outweighs it. Raises ValueError unless variance > 0. Derived here.
    """
    variance = checks.number(variance, "variance", above=0.0)
    abar = CosineSchedule(TIMESTEPS).alphas_cumprod
    outweighed = abar * variance < 1 - abar
    return int(np.argmax(outweighed)) if outweighed.any() else TIMESTEPS


def wiener_gain(variance: ArrayLike, t: Any) -> Float[np.ndarray, "*modes"]:
    """abar lambda / (abar lambda + 1 - abar): the share of a noisy mode that the best denoiser keeps, in [0, 1].

    variance >= 0, of any shape; t a timestep of 1000. Joint diffusion applies this gain to every mode of the EIGENBASIS
    of the covariance. Raises ValueError. The Wiener filter.
    """
    variance = checks.real_array(variance, "variance")
    if (variance < 0).any():
        raise ValueError(f"variance must not be negative, got {variance.min():g}")
    abar = CosineSchedule(TIMESTEPS).alphas_cumprod[checks.integer(t, "t", 0, TIMESTEPS - 1)]
    # As 1/(1 + noise/signal): a sum of variances could overflow.
    with np.errstate(divide="ignore"):
        return np.asarray(1 / (1 + (1 - abar) / abar / variance))


def gaussian_predictor(mean: ArrayLike, covariance: ArrayLike) -> Callable[[Any, Any], np.ndarray]:
    """The exact predictor of N(mean, covariance) for the samplers: joint diffusion of all numbers at once.

    eps^ = sqrt(1 - abar) (abar Sigma + (1 - abar) I)^-1 (x - sqrt(abar) mean), in the eigenbasis of Sigma.
    mean: (d,); covariance: (d, d), symmetric, not negative. Raises ValueError. Derived here.
    """
    Sigma = _symmetric(covariance)
    centre = checks.real_array(mean, "mean", (len(Sigma),))
    values, vectors = np.linalg.eigh(Sigma)
    if values.min() < -1e-12 * np.abs(values).max():
        raise ValueError(f"covariance must have no negative eigenvalue, got {values.min():g}")
    alphas_cumprod = CosineSchedule(TIMESTEPS).alphas_cumprod

    def predict(x: Any, t: Any) -> np.ndarray:
        abar = alphas_cumprod[np.asarray(t)][:, None]
        modes = (x - np.sqrt(abar) * centre) @ vectors
        return np.sqrt(1 - abar) * modes / (abar * np.maximum(values, 0) + 1 - abar) @ vectors.T

    return predict


def mixture_predictor(means: ArrayLike, std: Any) -> Callable[[Any, Any], np.ndarray]:
    """The exact predictor of equal Gaussians of standard deviation `std` about `means` (k, d), for the samplers.

    eps^ = sqrt(1 - abar) / (abar std^2 + 1 - abar) sum_k r_k (x - sqrt(abar) mean_k), with r_k the probability that x_t
    came from Gaussian k. Raises ValueError. Bayes' rule.
    """
    centres = checks.real_array(means, "means", (None, None))
    std = checks.number(std, "std", 0.0, 1e100)
    if not 0 < len(centres) <= LARGEST_MIXTURE:
        raise ValueError(f"means must be 1 to {LARGEST_MIXTURE} rows, got {len(centres)}")
    alphas_cumprod = CosineSchedule(TIMESTEPS).alphas_cumprod

    def predict(x: Any, t: Any) -> np.ndarray:
        abar = alphas_cumprod[np.asarray(t)][:, None]
        noisy = abar * std**2 + 1 - abar
        squared = ((x[:, None] - np.sqrt(abar)[:, None] * centres) ** 2).sum(axis=2)
        weights = np.exp(-(squared - squared.min(axis=1, keepdims=True)) / (2 * noisy))
        weights /= weights.sum(axis=1, keepdims=True)
        return np.sqrt(1 - abar) / noisy * (x - np.sqrt(abar) * (weights @ centres))

    return predict


def conditional_variances(covariance: ArrayLike, order: ArrayLike | None = None) -> Float[np.ndarray, " n"]:
    """The variance of each slot given the slots before it: the squared diagonal of the Cholesky factor.

    covariance: (n, n), positive definite; order: a permutation of 0..n-1, the order in which slots are written. This is
    what an autoregressive model sees; their product is det covariance for every order, as is that of the eigenvalues.
    Raises ValueError.
    """
    Sigma = _symmetric(covariance)
    n = len(Sigma)
    places = np.arange(n) if order is None else checks.real_array(order, "order", (n,))
    if not np.array_equal(np.sort(places), np.arange(n)):
        raise ValueError(f"order must be a permutation of 0..{n - 1}, got {checks.shown(order)}")
    places = places.astype(int)
    try:
        return np.diag(np.linalg.cholesky(Sigma[np.ix_(places, places)])) ** 2
    except np.linalg.LinAlgError:
        raise ValueError("covariance must be positive definite") from None


def std_ratio(sampler: str, std: Any, steps: Any, variance: str = "small", temperature: Any = 1.0) -> float:
    """The standard deviation of the samples over that of the data, for one Gaussian mode of standard deviation `std`.

    sampler "ddim" (eta = 0) or "ddpm"; steps respaced from 1000; variance, of ddpm alone: "small" (the posterior's),
    "large" (beta) or "mid" (their geometric mean); temperature multiplies its noise. Starts from x_T standard normal.
    1 is right. DDIM and "small" are too narrow, "large" is exact at std 1 (Ho et al. 2020, section 3.2); derived here.
    Raises ValueError.
    """
    sampler, variance = checks.choice(sampler, "sampler", SAMPLERS), checks.choice(variance, "variance", VARIANCES)
    std = checks.number(std, "std", 1e-100, 1e100)
    temperature = checks.number(temperature, "temperature", 0.0, HOTTEST)
    schedule = _respaced(steps)
    total = 1.0  # the variance of x_T
    for i in reversed(range(len(schedule))):
        abar = schedule.alphas_cumprod[i]
        noisy = abar * std**2 + 1 - abar
        x0, eps = np.sqrt(abar) * std**2 / noisy, np.sqrt(1 - abar) / noisy  # predictions, per unit of x
        if sampler == "ddim":
            before = schedule.alphas_cumprod[i - 1] if i else 1.0
            total *= (np.sqrt(before) * x0 + np.sqrt(1 - before) * eps) ** 2
        else:
            total *= (schedule.posterior_mean_coef1[i] * x0 + schedule.posterior_mean_coef2[i]) ** 2
            total += temperature**2 * _step_variance(schedule, i, variance)
    return float(np.sqrt(total) / std)


def terminal_amplification(steps: Any) -> float:
    """How much the first reverse step multiplies an error of the predicted noise: c_1 sqrt(1/abar - 1) at the end.

    beta/sqrt(1 - beta) = 0.999/sqrt(0.001) = 31.6 at 1000 steps, and more the fewer steps are kept: the cap of the
    cosine schedule leaves almost no signal at t = 999, and dividing by it is what makes few steps of DDPM explode.
    Raises ValueError.
    """
    schedule = _respaced(steps)
    return float(schedule.posterior_mean_coef1[-1] * np.sqrt(1 / schedule.alphas_cumprod[-1] - 1))


def _symmetric(covariance: ArrayLike) -> Float[np.ndarray, "n n"]:
    Sigma = checks.square(covariance, "covariance")
    if np.iscomplexobj(Sigma) or np.abs(Sigma - Sigma.T).max() > 1e-12 * np.abs(Sigma).max():
        raise ValueError("covariance must be real and symmetric")
    return Sigma


def _step_variance(schedule: NoiseSchedule, i: int, variance: str) -> float:
    if i == 0:
        return 0.0  # the last step adds no noise
    small, large = schedule.posterior_variance[i], schedule.betas[i]
    return float({"small": small, "large": large, "mid": np.sqrt(small * large)}[variance])


def _respaced(steps: Any) -> NoiseSchedule:
    schedule = CosineSchedule(TIMESTEPS)
    return respace(schedule, steps)
