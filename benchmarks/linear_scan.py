"""How fast is the linear scan beside the loop, and how exact, forward and with its gradient?

    OMP_NUM_THREADS=1 python benchmarks/linear_scan.py

x_t = lambda x_{t-1} + b_t in complex64, one thread, one run for all: the loop as it is written; doubling (log2(length)
passes, what `associative_scan` does); convolution by FFT (possible because lambda does not change); ours, in about
sqrt(length) blocks of about sqrt(length) steps with its own adjoint. Errors are against the loop in double precision,
relative to the largest entry, with lambda and b already rounded. Wanted: forward and backward 8 times the loop at
(2, 1024, 64).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from report import publish, seconds
from torch import Tensor

from spectral_lab.pseudospectra.models.scan import linear_scan

SIZES = ((2, 1024, 64), (8, 256, 32), (2, 4096, 64))


def loop(lam: Tensor, b: Tensor) -> Tensor:
    """The recurrence as it is written."""
    x, states = torch.zeros_like(b[:, 0]), []
    for t in range(b.shape[1]):
        x = lam * x + b[:, t]
        states.append(x)
    return torch.stack(states, 1)


def doubling(lam: Tensor, b: Tensor) -> Tensor:
    """x_t += lambda^s x_{t-s} for s = 1, 2, 4, ..."""
    x, s = b, 1
    while s < b.shape[1]:
        x = torch.cat([x[:, :s], x[:, s:] + lam**s * x[:, :-s]], 1)
        s *= 2
    return x


def fourier(lam: Tensor, b: Tensor) -> Tensor:
    """Convolution with lambda^t, padded to twice the length."""
    length = b.shape[1]
    kernel = lam ** torch.arange(length)[:, None]
    product = torch.fft.fft(b, 2 * length, dim=1) * torch.fft.fft(kernel, 2 * length, dim=0)
    return torch.fft.ifft(product, dim=1)[:, :length]


METHODS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "loop": loop,
    "doubling": doubling,
    "fourier": fourier,
    "ours": linear_scan,
}


def compare(batch: int, length: int, p: int) -> list[dict[str, Any]]:
    """One row a method."""
    draw = torch.Generator().manual_seed(0)
    decay, angle = torch.rand(2, p, generator=draw)
    lam = torch.polar(0.9 + 0.099 * decay, 3 * angle).requires_grad_()
    b = torch.randn(batch, length, p, dtype=torch.complex64, generator=draw).requires_grad_()
    with torch.no_grad():
        exact = loop(lam.to(torch.complex128), b.to(torch.complex128))

    def gradient(method: Callable[[Tensor, Tensor], Tensor]) -> tuple[Tensor, ...]:
        return torch.autograd.grad(method(lam, b).abs().square().sum(), (lam, b))

    rows = []
    for name, method in METHODS.items():
        rows.append(
            {
                "batch, length, states": f"{batch}, {length}, {p}",
                "method": name,
                "forward, ms": 1e3 * seconds(lambda method=method: method(lam, b)),
                "with gradient, ms": 1e3 * seconds(lambda method=method: gradient(method)),
                "error": float((method(lam, b) - exact).abs().max().detach() / exact.abs().max()),
            }
        )
    for row in rows:
        row["times the loop"] = rows[0]["with gradient, ms"] / row["with gradient, ms"]
    return rows


if __name__ == "__main__":
    torch.set_num_threads(1)
    publish("linear_scan", __doc__.split("\n")[0], [row for size in SIZES for row in compare(*size)])
