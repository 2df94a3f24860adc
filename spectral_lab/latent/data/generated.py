"""Data by the published laws, generated: the same kind of samples, not the same samples.

Noise comes from `RandomState`, whose stream is frozen, on the CPU; equations are solved in double precision where the
data are wanted. One seed a set, so that training and test sets never share noise.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from spectral_lab import checks
from spectral_lab.latent.darcy import darcy_coefficient
from spectral_lab.latent.data.fields import Fields, plain, pointwise
from spectral_lab.latent.data.solvers import solve_darcy_batch, solve_flow_batch
from spectral_lab.latent.random_fields import complex_noise, random_field_neumann, random_field_periodic

DARCY_PART, FLOW_PART = 50, 100  # fields that are solved together


def darcy_fields(K: int = 421, stride: int = 5, train: int = 1000, test: int = 200, seed: int = 0) -> dict[str, Fields]:
    """Coefficient -> solution on every `stride`-th node of a grid of K x K, normalised at each point.

    The published law: a Gaussian field with alpha = 2, tau = 3, cut to 12 and 3; -div(a grad u) = 1. Nodes, not cells:
    u is 0 on the border, which the normalisation then gives to every model for nothing.

    Args: stride divides K - 1. Raises: ValueError.
    """
    K, stride = checks.integer(K, "K", 3, 1025), checks.integer(stride, "stride", 1)
    if (K - 1) % stride:
        raise ValueError(f"stride must divide K - 1 = {K - 1}, got {stride}")
    pairs = [
        darcy_pairs(K, stride, checks.integer(count, name, 2, 100_000), 2 * checks.integer(seed, "seed", 0, 2**30) + i)
        for i, (name, count) in enumerate((("train", train), ("test", test)))
    ]
    return dict(zip(("train", "test"), pointwise(pairs[0], pairs[1]), strict=True))


def darcy_pairs(
    K: int, stride: int, count: int, seed: int
) -> tuple[Float[Tensor, "n k k 1"], Float[Tensor, "n k k 1"]]:
    """(coefficients, solutions) on every `stride`-th node."""
    rng, device = np.random.RandomState(seed + 1), where()
    a, u = [], []
    for start in range(0, count, DARCY_PART):
        noise = rng.standard_normal((min(DARCY_PART, count - start), K, K))
        coefficient = torch.as_tensor(darcy_coefficient(random_field_neumann(noise))).to(device)
        u.append(solve_darcy_batch(coefficient)[:, ::stride, ::stride, None].float().cpu())
        a.append(coefficient[:, ::stride, ::stride, None].float().cpu())
    return torch.cat(a), torch.cat(u)


def flow_fields(
    N: int = 256,
    stride: int = 4,
    train: int = 1000,
    test: int = 200,
    viscosity: float = 1e-5,
    step: float = 0.005,
    first: int = 10,
    frames: int = 10,
    strength: float = 686.0,
    seed: int = 0,
) -> dict[str, Fields]:
    """The vorticity at t = 1..first as channels -> at the `frames` whole times after, on every `stride`-th point.

    Args: strength of the initial law (see `random_field_periodic`); step of the solver; N and stride as for a grid of
    N x N points on the torus. Raises: ValueError.
    """
    N, stride = checks.integer(N, "N", 4, 1024), checks.integer(stride, "stride", 1)
    if N % stride:
        raise ValueError(f"stride must divide N = {N}, got {stride}")
    sizes = [checks.integer(count, name, 2, 100_000) for name, count in (("train", train), ("test", test))]
    first, frames = checks.integer(first, "first", 1, 1000), checks.integer(frames, "frames", 1, 1000)
    times, device = np.arange(1.0, first + frames + 1), where()
    splits = {}
    for i, (name, count) in enumerate(zip(("train", "test"), sizes, strict=True)):
        parts = []
        for start in range(0, count, FLOW_PART):
            noise = complex_noise((min(FLOW_PART, count - start), N, N), (2 * seed + i) * 10_000 + start + 1)
            w0 = torch.as_tensor(random_field_periodic(noise, strength=strength)).to(device)
            w = solve_flow_batch(w0, viscosity, times.tolist(), step)
            parts.append(w[..., ::stride, ::stride].movedim(0, -1).float().cpu())
        w = torch.cat(parts)
        splits[name] = plain(w[..., :first].clone(), w[..., first:].clone())
    return splits


def where() -> torch.device:
    """A GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
