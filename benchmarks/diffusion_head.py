"""Chapter 08 against plain ways of doing the same: sampling numbers, generating crystals, and the random baseline.

    python benchmarks/diffusion_head.py

One thread, processor time, side by side in one process. Both ways compute the same numbers; that is checked first.
Wanted: 4 times for DPM-Solver++ (20 steps, 64 vectors, width 64), 5 times for generating 64 crystals of 10 atoms with a
cache of keys and values, 3 times for a random baseline of 100 draws. The plain ways: the released solver looks up its
schedule by interpolation at every step, in tensors; without a cache the whole prefix is read again for every slot; and
the matcher is called on every draw.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from report import publish
from torch import Tensor, nn

from spectral_lab.generation import (
    CosineSchedule,
    Crystal,
    NoiseSchedule,
    dpm_solver,
    match,
    prototype_crystal,
    random_baseline,
    respace,
)
from spectral_lab.generation.models import DiffusionHead, UniGenX, generate

REPEATS = 5
SCHEDULE = respace(CosineSchedule(), 200)
STEPS, ROWS, WIDTH = 20, 64, 64


class PlainSolver:
    """The released loop: times on a grid of tensors, log alpha interpolated by a sort at each use, lambda inverted."""

    def __init__(self, schedule: NoiseSchedule) -> None:
        kept = schedule.log_snr >= -5.1
        self.log_alpha = torch.tensor(0.5 * np.log(schedule.alphas_cumprod[kept]), dtype=torch.float32)[None]
        self.count = int(kept.sum())
        self.times = (torch.arange(self.count, dtype=torch.float32) + 1)[None] / self.count
        self.timesteps = torch.tensor(schedule.timesteps)

    def interpolated(self, x: Tensor, places: Tensor, values: Tensor) -> Tensor:
        """Piecewise linear, through a sort of each query among all nodes."""
        joined = torch.cat([x[:, None], places.expand(len(x), -1)], dim=1)
        order = torch.sort(joined, dim=1).indices
        rank = torch.argmin(order, dim=1)
        left = torch.clamp(rank - 1, 0, places.shape[1] - 2)
        x0, x1, y0, y1 = places[0, left], places[0, left + 1], values[0, left], values[0, left + 1]
        return y0 + (x - x0) * (y1 - y0) / (x1 - x0)

    def alpha(self, t: Tensor) -> Tensor:
        return torch.exp(self.interpolated(t, self.times, self.log_alpha))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(1 - torch.exp(2 * self.interpolated(t, self.times, self.log_alpha)))

    def lam(self, t: Tensor) -> Tensor:
        log_alpha = self.interpolated(t, self.times, self.log_alpha)
        return log_alpha - 0.5 * torch.log(1 - torch.exp(2 * log_alpha))

    def time_of(self, lam: Tensor) -> Tensor:
        log_alpha = -0.5 * torch.logaddexp(torch.zeros(1), -2 * lam)
        return self.interpolated(log_alpha, self.log_alpha.flip(1), self.times.flip(1))

    def clean(self, predictor: Callable, x: Tensor, t: Tensor) -> Tensor:
        every = t.expand(len(x))
        index = torch.clamp((every * self.count + 1e-3).floor().long(), max=len(self.timesteps) - 1)
        noise = predictor(x, self.timesteps[index])
        return (x - self.sigma(every)[:, None] * noise) / self.alpha(every)[:, None]

    def __call__(self, predictor: Callable, x: Tensor) -> Tensor:
        ends = self.lam(torch.tensor([1.0, 1 / self.count]))
        times = self.time_of(torch.linspace(float(ends[0]), float(ends[1]), STEPS + 1))
        before = None
        for i in range(1, STEPS + 1):
            x0, last, now = self.clean(predictor, x, times[i - 1 : i]), times[i - 1 : i], times[i : i + 1]
            h = self.lam(now) - self.lam(last)
            target = x0
            if before is not None:
                ratio = (self.lam(last) - self.lam(times[i - 2 : i - 1])) / h
                target = x0 + (x0 - before) / (2 * ratio)
            x = self.sigma(now) / self.sigma(last) * x - self.alpha(now) * torch.expm1(-h) * target
            before = x0
        return x


def solver_times() -> tuple[float, float]:
    torch.manual_seed(0)
    head = DiffusionHead(WIDTH, WIDTH, 2, 3)
    nn.init.normal_(head.final_layer.linear.weight, std=0.05)
    c, x = torch.randn(ROWS, WIDTH), torch.randn(ROWS, 3)

    def predictor(x: Tensor, t: Tensor) -> Tensor:
        return head(x, t, c)

    plain = PlainSolver(SCHEDULE)

    @torch.no_grad()
    def ours() -> Tensor:
        return dpm_solver(head.predictor(c), SCHEDULE, (ROWS, 3), lambda shape: x, STEPS)

    @torch.no_grad()
    def theirs() -> Tensor:
        return plain(predictor, x)

    torch.testing.assert_close(ours(), theirs(), atol=2e-4, rtol=2e-4)
    return medians(theirs, ours)


def crystal_times(width: int, layers: int) -> tuple[float, float]:
    torch.manual_seed(0)
    model = UniGenX("uni", width, layers, 4, 3 * width, 64, 2, 3).eval()
    nn.init.normal_(model.head.final_layer.linear.weight, std=0.05)
    words = model.vocabulary
    symbols = words.encode(["<material>", *["<m>Sr"] * 5, *["<m>O"] * 5])
    prompts, slots = [[words.bos, *symbols, words.coord]] * ROWS, 13
    draws = [torch.randn(ROWS, 3) for _ in range(slots)]
    tape = {"place": 0}

    def noise(shape: tuple[int, int]) -> Tensor:
        tape["place"] += 1
        return draws[(tape["place"] - 1) % slots]

    sampler = partial(_solve, steps=1)

    @torch.no_grad()
    def plain() -> Tensor:
        """The prefix read again for every slot."""
        tokens, rows = torch.tensor(prompts), torch.zeros(ROWS, 0, 3)
        for _ in range(slots):
            every = torch.cat([tokens, torch.full((ROWS, rows.shape[1]), words.mask)], dim=1)
            c = model(every, every == words.mask, rows.flatten(0, 1)).hidden[:, -1]
            x = sampler(lambda x, t, c=c: model.head(x, t, c), (ROWS, 3), noise)
            rows = torch.cat([rows, x[:, None]], dim=1)
        return rows

    def ours() -> Tensor:
        return torch.stack(generate(model, prompts, [slots] * ROWS, sampler, noise))

    torch.testing.assert_close(ours(), plain(), atol=1e-4, rtol=1e-4)
    return medians(plain, ours)


def _solve(predictor: Callable, shape: tuple[int, int], noise: Callable, steps: int) -> Tensor:
    return dpm_solver(predictor, SCHEDULE, shape, noise, steps)


def baseline_times(crystal: Crystal) -> tuple[float, float]:
    def plain() -> float:
        rng = np.random.default_rng(0)
        draws = [Crystal(crystal.lattice, crystal.species, frac) for frac in rng.random((100, len(crystal), 3))]
        return float(np.mean([match(draw, crystal) is not None for draw in draws]))

    def ours() -> float:
        return random_baseline(crystal, 100)

    difference = abs(plain() - ours())
    assert difference < 0.2, difference  # two draws of one law
    return medians(plain, ours, repeats=1)  # seconds each


def medians(plain: Callable[[], object], ours: Callable[[], object], repeats: int = REPEATS) -> tuple[float, float]:
    """Median milliseconds of processor time of both, taking turns, after one round that warms the caches."""
    times: list[tuple[float, float]] = []
    for _ in range(repeats + 1):
        pair = []
        for call in (plain, ours):
            start = time.process_time()
            call()
            pair.append(1e3 * (time.process_time() - start))
        times.append((pair[0], pair[1]))
    return statistics.median(p for p, _ in times[1:]), statistics.median(o for _, o in times[1:])


def row(case: str, wanted: float, plain: float, ours: float) -> dict[str, object]:
    return {"case": case, "plain ms": round(plain, 1), "ours ms": round(ours, 1), "ratio": round(plain / ours, 2),
            "wanted": wanted}  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    perovskite = prototype_crystal("perovskite", [("Sr", 2), ("Ti", 4), ("O", -2)])
    rows = [
        row("DPM-Solver++, 20 steps, 64 vectors, width 64", 4, *solver_times()),
        row("64 crystals of 10 atoms, one solver step a slot, 2 layers of 64", 5, *crystal_times(64, 2)),
        row("the same, 3 layers of 128", 5, *crystal_times(128, 3)),
        row("random baseline, 100 draws, perovskite", 3, *baseline_times(perovskite)),
    ]
    publish("diffusion_head", "How fast are the sampler, the cache and the random baseline beside plain ways?", rows)


if __name__ == "__main__":
    main()
