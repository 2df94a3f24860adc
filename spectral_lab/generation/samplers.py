"""From noise to numbers: three samplers that take any predictor, each as released and each made safe.

A predictor is a function (x, t) -> noise of x's shape (rows, d), or (rows, 2d): noise and, beside it, the logits v of
the learned variance. t holds an ORIGINAL timestep for each row. A noise source is a function of a shape: it is asked
for x_T first, and then once a step, the last step included (its answer is then multiplied by 0), so that two programs
that read one tape agree. Arrays in, arrays out; tensors in, tensors out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from spectral_lab import checks
from spectral_lab.generation.noise import NoiseSchedule

VARIANCES = ("learned", "large", "small")
LOWEST_LOG_SNR = -5.1  # what is noisier is dropped by `dpm_solver`: 1/alpha would amplify every error there
LARGEST_STEPS = 10_000
HOTTEST = 1e6

Predictor = Callable[[Any, Any], Any]
Noise = Callable[[tuple[int, ...]], Any]


def ddpm(
    predictor: Predictor,
    schedule: NoiseSchedule,
    shape: tuple[int, int],
    noise: Noise,
    temperature: Any = 1.0,
    variance: str = "learned",
    clip: Any = None,
    start: Any = 0,
) -> Any:
    """Samples of shape (rows, d) by the ancestral chain: x_{t-1} = mu(x_0^, x_t) + temperature sigma_t xi.

    x_0^ = x_t / sqrt(abar) - sqrt(1/abar - 1) eps^ (Ho et al. 2020). variance: "small" is the posterior's, "large" is
    beta_t (at t = 0 the posterior's of t = 1), "learned" lies between them by the predictor's logits v:
    log sigma^2 = (v+1)/2 log beta + (1-v)/2 log beta~ (Nichol and Dhariwal 2021, equation 15).
    The safe variants (ours): clip, a bound on |x_0^|; start, how many of the noisiest steps are skipped (the chain then
    begins with standard noise at a later step). Raises ValueError on what is out of range, on a predictor whose answer
    has the wrong shape, and on numbers that overflow.
    """
    rows, d = _arguments(predictor, schedule, shape, noise)
    temperature = checks.number(temperature, "temperature", 0.0, HOTTEST)
    variance = checks.choice(variance, "variance", VARIANCES)
    clip = None if clip is None else checks.number(clip, "clip", above=0.0)
    start = checks.integer(start, "start", 0, len(schedule) - 1)
    small = schedule.posterior_log_variance_clipped
    large = np.log(np.append(schedule.posterior_variance[1], schedule.betas[1:]))
    learned = np.log(schedule.betas)
    x = _first(noise, rows, d)
    _prepare(predictor, schedule.timesteps[: len(schedule) - start])
    for i in reversed(range(len(schedule) - start)):
        eps, v = _predict(predictor, x, schedule.timesteps[i], d, variance == "learned")
        abar = float(schedule.alphas_cumprod[i])
        x0 = x / math.sqrt(abar) - math.sqrt(1 / abar - 1) * eps
        if clip is not None:
            x0 = x0.clip(-clip, clip)
        if variance == "learned":
            log_variance = (v + 1) / 2 * float(learned[i]) + (1 - v) / 2 * float(small[i])
        else:
            log_variance = float(small[i] if variance == "small" else large[i])
        xi = noise((rows, d))
        mean = float(schedule.posterior_mean_coef1[i]) * x0 + float(schedule.posterior_mean_coef2[i]) * x
        # e ** y is exp(y) for numbers, arrays and tensors alike.
        x = mean if i == 0 else mean + temperature * math.e ** (0.5 * log_variance) * xi
    return x


def ddim(predictor: Predictor, schedule: NoiseSchedule, shape: tuple[int, int], noise: Noise, start: Any = 0) -> Any:
    """Samples of shape (rows, d) without noise on the way: x_{t-1} = sqrt(abar_{t-1}) x_0^ + sqrt(1 - abar_{t-1}) eps^.

    Song, Meng and Ermon 2021, equation 12 with eta = 0. The noise source is read as by `ddpm`. Raises: as `ddpm`.
    """
    rows, d = _arguments(predictor, schedule, shape, noise)
    start = checks.integer(start, "start", 0, len(schedule) - 1)
    x = _first(noise, rows, d)
    _prepare(predictor, schedule.timesteps[: len(schedule) - start])
    for i in reversed(range(len(schedule) - start)):
        eps, _ = _predict(predictor, x, schedule.timesteps[i], d)
        abar = float(schedule.alphas_cumprod[i])
        before = float(schedule.alphas_cumprod[i - 1]) if i else 1.0
        x0 = x / math.sqrt(abar) - math.sqrt(1 / abar - 1) * eps
        noise((rows, d))
        x = math.sqrt(before) * x0 + math.sqrt(1 - before) * eps
    return x


def dpm_solver(
    predictor: Predictor,
    schedule: NoiseSchedule,
    shape: tuple[int, int],
    noise: Noise,
    steps: Any = 20,
    order: Any = 2,
    matched: Any = False,
) -> Any:
    """Samples of shape (rows, d) by DPM-Solver++, multistep, on a grid uniform in lambda = log(alpha / sigma).

    x_i = sigma_i/sigma_{i-1} x_{i-1} - alpha_i (e^{-h} - 1) [x_0^ + h/(2 h') (x_0^ - x_0^')], the primes of the step
    before (Lu et al. 2022); the first step is of first order, and so is the last of fewer than 10. As released: nodes
    with lambda < -5.1 are dropped, M stay; node i sits at time (i+1)/M and log alpha is linear in between; the network
    is told timesteps[floor(time M)], one node later at the nodes themselves; the chain ends at node 0, which still has
    noise of std 0.0064. With matched=True (ours) the network is
    told the nearest node, and the chain ends in x_0^. Reads the noise source once.
    Raises ValueError on what is out of range, and unless two nodes are left.
    """
    rows, d = _arguments(predictor, schedule, shape, noise)
    steps, order = checks.integer(steps, "steps", 1, LARGEST_STEPS), checks.integer(order, "order", 1, 2)
    matched = checks.flag(matched, "matched")
    grid, alpha, sigma, told = _log_snr_grid(schedule, steps, matched)
    x = _first(noise, rows, d)
    _prepare(predictor, told[: steps + matched])
    before: Any = None
    for i in range(1, steps + 1):
        eps, _ = _predict(predictor, x, told[i - 1], d)
        x0 = (x - sigma[i - 1] * eps) / alpha[i - 1]
        h = grid[i] - grid[i - 1]
        first = order == 1 or i == 1 or (i == steps < 10)
        target = x0 if first else x0 + h / (2 * (grid[i - 1] - grid[i - 2])) * (x0 - before)
        x = sigma[i] / sigma[i - 1] * x - alpha[i] * math.expm1(-h) * target
        before = x0
    if matched:
        eps, _ = _predict(predictor, x, told[steps], d)
        x = (x - sigma[steps] * eps) / alpha[steps]
    return x


def _prepare(predictor: Predictor, timesteps: Any) -> None:
    """Tell a predictor that asks for it (by a method `prepare`) at which timesteps it will be called."""
    if hasattr(predictor, "prepare"):
        predictor.prepare([int(t) for t in timesteps])


@lru_cache(maxsize=64)
def _log_snr_grid(
    schedule: NoiseSchedule, steps: int, matched: bool
) -> tuple[list[float], list[float], list[float], list[int]]:
    """lambda, alpha, sigma and the timestep told to the network, at steps + 1 points from the noisiest to node 0."""
    nodes = schedule.log_snr[schedule.log_snr >= LOWEST_LOG_SNR]
    if len(nodes) < 2:
        raise ValueError(f"schedule must have two nodes of lambda above {LOWEST_LOG_SNR}, got {len(nodes)}")
    grid = np.linspace(nodes[-1], nodes[0], steps + 1)
    log_alpha = -0.5 * np.logaddexp(0, -2 * grid)
    # Piecewise linear in log alpha, which falls with time: node i (from 0) at time times M = i + 1.
    place = np.interp(-log_alpha, -0.5 * np.log(schedule.alphas_cumprod[: len(nodes)]), np.arange(1, len(nodes) + 1))
    # A grid point that is a node must not be floored to the node before it by its last bit.
    index = np.round(place - 1).astype(int) if matched else np.floor(place + 1e-6).astype(int)
    index = np.minimum(index, len(schedule) - 1)
    alpha, sigma = np.exp(log_alpha), np.exp(log_alpha - grid)
    return grid.tolist(), alpha.tolist(), sigma.tolist(), schedule.timesteps[index].tolist()


def _predict(predictor: Predictor, x: Any, t: Any, d: int, learned: bool = False) -> tuple[Any, Any]:
    """The predicted noise and the logits of the variance (None unless the predictor gives them)."""
    rows = len(x)
    told = np.full(rows, int(t)) if isinstance(x, np.ndarray) else x.new_full((rows,), int(t)).long()
    answer = predictor(x, told)
    shape = tuple(getattr(answer, "shape", ()))
    if shape not in {(rows, d), (rows, 2 * d)} or (learned and shape[1] != 2 * d):
        wanted = f"({rows}, {2 * d})" if learned else f"({rows}, {d}) or ({rows}, {2 * d})"
        raise ValueError(f"predictor must answer with shape {wanted}, got {shape}")
    return answer[:, :d], answer[:, d:] if shape[1] == 2 * d else None


def _first(noise: Noise, rows: int, d: int) -> Any:
    """x_T, an array or a tensor of this shape."""
    x = noise((rows, d))
    if tuple(getattr(x, "shape", ())) != (rows, d):
        raise ValueError(f"noise must answer a shape with an array of it, ({rows}, {d}), got {checks.shown(x)}")
    return x


def _arguments(predictor: Any, schedule: Any, shape: Any, noise: Any) -> tuple[int, int]:
    """Rows and dimension, after a look at the four arguments that all samplers take."""
    for value, name in ((predictor, "predictor"), (noise, "noise")):
        if not callable(value):
            raise ValueError(f"{name} must be a function, got {checks.shown(value)}")
    if not isinstance(schedule, NoiseSchedule):
        raise ValueError(f"schedule must be a NoiseSchedule, got {checks.shown(schedule)}")
    if not isinstance(shape, (tuple, list)) or len(shape) != 2:
        raise ValueError(f"shape must be (rows, dimension), got {checks.shown(shape)}")
    rows, d = (checks.integer(size, "shape", 1) for size in shape)
    checks.room(rows * d, "shape")
    return rows, d
