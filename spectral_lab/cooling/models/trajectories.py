"""Pointer cooling of long chains: the same protocol as `spectral_lab.cooling.cool`, without eigenvectors, in batches.

Reflections and pointer operators are Chebyshev series of H; each trajectory of a batch has its own shift and its own
kicks, but all share the vectors T_k(H) psi. (The protocol is our reconstruction, the simulation ours.)
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from spectral_lab import checks
from spectral_lab.cooling.bands import pulses
from spectral_lab.cooling.chebyshev import (
    density_from_moments,
    pointer_coefficients,
    reflection_coefficients,
    sample_density,
)
from spectral_lab.cooling.models.chain import Chain, inner, product_state, rotate, rotations
from spectral_lab.cooling.spin_chains import random_field


@dataclass(frozen=True, eq=False)
class ChainRun:
    """A batch of cooling runs; entry 0 is the start after its first reading.

    energies, spreads: mean and standard deviation of H; readings: of the pointer; shifts: mu of each step;
    products: matrix-vector products of the whole batch so far.
    """

    energies: Float[np.ndarray, "batch d1"]
    spreads: Float[np.ndarray, "batch d1"]
    readings: Float[np.ndarray, "batch d1"]
    shifts: Float[np.ndarray, "batch d"]
    products: int
    states: Tensor


def cool_chain(
    chain: Chain,
    steps: Any,
    *,
    start: str = "neel",
    batch: Any = 1,
    width: Any = 1.0,
    resolution: Any = 0.4,
    margin: Any = 2.2,
    angle: Any = 12.0,
    kick: Any = 0.4,
    error: Any = 1e-3,
    seed: Any = 0,
    device: Any = "cpu",
    dtype: torch.dtype = torch.complex64,
    report: Any = None,
) -> ChainRun:
    """Cool `batch` copies of a product state by `steps` pointer steps with symmetric bang-bang pulses.

    Each step: mu = reading + margin; r = `pulses(angle, kick)` rounds of half kick, reflection, half kick; a reading
    by `resolution`. `error` bounds the Chebyshev series of the reflection. report(step, energies) is called after
    each step. The draws of trajectory b come from numpy's generator with seed (seed, b). Ctrl-C ends the run early.
    Raises ValueError on arguments outside their range.
    """
    steps, batch = checks.integer(steps, "steps", 0, 10_000), checks.integer(batch, "batch", 1, 4096)
    width, resolution = checks.number(width, "width", above=0), checks.number(resolution, "resolution", above=0)
    margin, kick = checks.number(margin, "margin", 0), checks.number(kick, "kick", above=0)
    angle, error = checks.number(angle, "angle", above=0), checks.number(error, "error", 1e-12, 0.5)
    rounds = pulses(angle, kick)
    rngs = [np.random.default_rng([checks.integer(seed, "seed", 0), b]) for b in range(batch)]
    if dtype not in (torch.complex64, torch.complex128):
        raise ValueError(f"dtype must be torch.complex64 or torch.complex128, got {dtype}")
    real = torch.float32 if dtype == torch.complex64 else torch.float64
    chain = deepcopy(chain).to(device, torch.float64)
    lo, hi = chain.bounds()
    for name, value in (("width", width), ("resolution", resolution)):
        if value < 1e-4 * (hi - lo):
            raise ValueError(f"{name} must be at least 1e-4 of the spread, {1e-4 * (hi - lo):.3g}, got {value:g}")
    chain = chain.to(dtype=real)
    engine = _Engine(chain, lo, hi, resolution)
    psi = product_state(chain.n, start, batch, dtype).to(device)
    psi, reading = engine.read(psi, rngs)
    readings, shifts = [reading], []
    energies, spreads = ([x] for x in engine.energy(psi))
    try:
        for step in range(steps):
            mu = reading + margin
            reflect = _stack([reflection_coefficients(min(m, hi + 4 * width), width, lo, hi, error) for m in mu])
            fields = torch.from_numpy(np.stack([random_field(chain.n, rng) for rng in rngs])).to(device, real)
            half, full = (rotations(fields * angle / rounds * part) for part in (0.5, 1.0))
            stirred = rotate(half, psi)
            for j in range(rounds):
                stirred = rotate(full if j < rounds - 1 else half, engine.apply(reflect, stirred))
            psi, reading = engine.read(stirred / torch.linalg.vector_norm(stirred, dim=-1, keepdim=True), rngs)
            shifts.append(mu)
            readings.append(reading)
            for column, value in zip((energies, spreads), engine.energy(psi), strict=True):
                column.append(value)
            if report is not None:
                report(step + 1, energies[-1])
    except KeyboardInterrupt:  # what is done is done: the steps so far are returned
        pass
    columns = {"energies": energies, "spreads": spreads, "readings": readings, "shifts": shifts}
    record = {name: np.array(rows, dtype=float).reshape(-1, batch).T for name, rows in columns.items()}
    return ChainRun(**record, products=engine.products, states=psi)


class _Engine:
    """Functions of one chain on batches of states, and the count of products with H that they took."""

    def __init__(self, chain: Chain, lo: float, hi: float, resolution: float) -> None:
        self.chain, self.X, self.lo, self.hi, self.s = chain, chain.scaled(lo, hi), lo, hi, resolution
        self.count = 2 * int(np.ceil(3.25 * (hi - lo) / (2 * resolution)))  # moments that resolve the pointer
        self.grid = np.arange(lo - 5 * resolution, hi + 5 * resolution, resolution / 4)
        self.products = 0

    def apply(self, coefficients: np.ndarray, psi: Tensor) -> Tensor:
        """sum_k c_k T_k(X) psi with coefficients (batch, K + 1), one row for each trajectory."""
        c = torch.from_numpy(coefficients).to(psi.device, psi.dtype)[..., None]
        before, now = psi, self.X(psi)
        total = c[:, 0] * before + c[:, 1] * now
        for k in range(2, c.shape[1]):
            before, now = now, 2 * self.X(now) - before
            total.addcmul_(c[:, k], now)
        self.products += c.shape[1] - 1
        return total

    def energy(self, psi: Tensor) -> tuple[np.ndarray, np.ndarray]:
        self.products += 1
        mean, spread = self.chain.energy(psi)
        return mean.cpu().numpy(), spread.cpu().numpy()

    def read(self, psi: Tensor, rngs: list[np.random.Generator]) -> tuple[Tensor, np.ndarray]:
        """Sample a pointer reading for each trajectory, and the states that it leaves."""
        m = self.moments(psi)
        outcomes = []
        for row, rng in zip(m, rngs, strict=True):
            p = density_from_moments(row, self.lo, self.hi, self.s, self.grid)
            outcomes.append(sample_density(self.grid, p, rng))
        e = np.array(outcomes)
        psi = self.apply(_stack([pointer_coefficients(x, self.s, self.lo, self.hi) for x in e]), psi)
        return psi / torch.linalg.vector_norm(psi, dim=-1, keepdim=True), e

    def moments(self, psi: Tensor) -> np.ndarray:
        """m_k = <T_k(X)> for each trajectory, two for each product (see `chebyshev.moments`)."""
        before, now = psi, self.X(psi)
        m = [inner(before, before).real, inner(before, now).real, 2 * inner(now, now).real - inner(before, before).real]
        for _ in range(self.count // 2 - 1):
            before, now = now, 2 * self.X(now) - before
            m += [2 * inner(before, now).real - m[1], 2 * inner(now, now).real - m[0]]
        self.products += self.count // 2
        return torch.stack(m, dim=-1).cpu().numpy()


def _stack(series: list[Any]) -> np.ndarray:
    """Coefficients of several series as rows, padded with zeros to the longest."""
    longest = max(max(len(one.coefficients) for one in series), 2)
    return np.stack([np.pad(one.coefficients, (0, longest - len(one.coefficients))) for one in series])
