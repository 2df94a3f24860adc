"""How fast are the chapter's routes beside the plain ones? One thread, one run.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/pseudospectra_vs_peers.py

Wanted: a 60 x 60 grid of sigma_min at n = 32 at least 15 times faster than batched singular values for LegS and 8 times
for a generic matrix; a transfer function at 2000 frequencies 100 times faster from its modes than by batched solves; a
linear scan, forward and backward, at (batch, length, states) = (2, 1024, 64) 8 times faster than a loop over time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from report import publish
from threadpoolctl import threadpool_limits

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import (
    grcar,
    legs_sigma_min,
    modal_transfer,
    modes,
    sigma_min,
    stored_path,
    transfer_function,
)
from spectral_lab.pseudospectra.models.scan import linear_scan


def row(
    what: str, plain: Callable[[], Any], ours: Callable[[], Any], wanted: int | str, error: float
) -> dict[str, Any]:
    """Times of both routes, their ratio, and the largest difference of their results.

    The two take turns, three calls of ours to one of the plain route, so that both see the same machine.
    """
    slow, fast = [], []
    plain(), ours()
    for _ in range(9):
        slow.append(_seconds(plain))
        fast.extend(_seconds(ours) for _ in range(3))
    before, after = statistics.median(slow), statistics.median(fast)
    return {
        "what": what,
        "plain ms": round(1e3 * before, 2),
        "ours ms": round(1e3 * after, 3),
        "times faster": round(before / after, 1),
        "wanted": wanted,
        "difference": float(f"{error:.1e}"),
    }


def grids() -> list[dict[str, Any]]:
    """sigma_min over a 60 x 60 grid at n = 32; differences are relative, where singular values are not yet rounding."""
    n = 32
    real, imaginary = np.random.default_rng(0).standard_normal((2, n, n)) / np.sqrt(n)
    generic = (real + 1j * imaginary) / np.sqrt(2)
    whole = np.linspace(-2, 2, 60) + 1j * np.linspace(-2, 2, 60)[:, None]
    # LegS: the half plane that its picture mirrors, as wide as A_H is large, and a closer look at its eigenvalues.
    upper = np.linspace(-1.2 * n**2 / np.pi, 20, 60) + 1j * np.linspace(0, n**2 / np.pi, 60)[:, None]
    close = np.linspace(-60, 20, 60) + 1j * np.linspace(-40, 40, 60)[:, None]
    cases: list[tuple[str, np.ndarray, np.ndarray, Callable[[], Any], int | str]] = [
        ("LegS, O(n) sweeps", legs(n)[0], upper, lambda: legs_sigma_min(n, upper), 15),
        ("LegS near its eigenvalues", legs(n)[0], close, lambda: legs_sigma_min(n, close), ""),
        ("complex Gaussian", generic, whole, lambda: sigma_min(generic, whole), 8),
        ("real Gaussian (mirrored)", real, whole, lambda: sigma_min(real, whole), 8),
        ("Grcar (mirrored)", grcar(n), 2 * whole, lambda: sigma_min(grcar(n), 2 * whole), 8),
    ]
    rows = []
    for name, A, z, ours, wanted in cases:

        def plain(A: np.ndarray = A, z: np.ndarray = z) -> np.ndarray:
            return sigma_min(A, z, "svd")

        expected = plain()
        above = expected > 1e-5
        error = float(np.abs(ours()[above] / expected[above] - 1).max())
        rows.append(row(f"sigma_min, 60 x 60, n = {n}: {name}", plain, ours, wanted, error))
    return rows


def transfer() -> list[dict[str, Any]]:
    """A transfer function of A_H + E at 2000 frequencies, n = 32."""
    n = 32
    (A, B), C = legs(n), np.eye(n)[0]
    M, s = A + stored_path(n).nearest(0.03).E, 1j * np.geomspace(0.1, 1e3, 2000)
    poles, residues = modes(M, B, C)

    def plain() -> np.ndarray:
        return np.linalg.solve(s[:, None, None] * np.eye(n) - M, B[:, None].astype(complex))[..., 0] @ C

    cases: list[tuple[str, Callable[[], Any], int | str]] = [
        ("from its modes", lambda: modal_transfer(poles, residues, s), 100),
        ("finding the modes included", lambda: transfer_function(M, B, C, s), ""),
    ]
    what = f"transfer function, 2000 frequencies, n = {n}"
    return [
        row(f"{what}: {name}", plain, ours, wanted, float(np.abs(ours() / plain() - 1).max()))
        for name, ours, wanted in cases
    ]


def scan() -> dict[str, Any]:
    """x_t = lambda x_{t-1} + b_t, forward and backward."""
    generator = torch.Generator().manual_seed(0)
    lam = (torch.rand(64, generator=generator) * 0.09 + 0.9).to(torch.complex64).requires_grad_()
    b = torch.randn(2, 1024, 64, dtype=torch.complex64, generator=generator).requires_grad_()

    def loop() -> torch.Tensor:
        x, states = torch.zeros_like(b[:, 0]), []
        for t in range(b.shape[1]):
            x = lam * x + b[:, t]
            states.append(x)
        return torch.stack(states, 1)

    def both_ways(states: torch.Tensor) -> torch.Tensor:
        lam.grad = b.grad = None
        states.abs().square().sum().backward()
        return b.grad  # type: ignore[return-value]

    error = (both_ways(linear_scan(lam, b)) - both_ways(loop())).abs().max() / b.grad.abs().max()
    return row(
        "linear scan (2, 1024, 64), there and back",
        lambda: both_ways(loop()),
        lambda: both_ways(linear_scan(lam, b)),
        8,
        float(error),
    )


def _seconds(function: Callable[[], Any]) -> float:
    """Processor time: one thread computes and nothing waits, so what else the machine does is left out."""
    start = time.process_time()
    function()
    return time.process_time() - start


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        publish(
            "pseudospectra_vs_peers",
            "The chapter's routes beside plain ones, one thread",
            [*grids(), *transfer(), scan()],
        )
