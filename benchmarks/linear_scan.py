"""Which way to run x_t = lambda x_{t-1} + b_t is fastest, and what does each keep for its backward pass?

    OMP_NUM_THREADS=1 python benchmarks/linear_scan.py

Forward and backward from a given gradient, in complex64, on one thread. "loop" is the recurrence as it is written,
"doubling" the scan of Hillis and Steele in log2(length) passes, "FFT" the convolution with the powers of lambda; all
three are differentiated by autograd. "ours" is `spectral_lab.pseudospectra.scan`: blocks, with an adjoint of its own.
Memory is what autograd keeps between the two passes. The error is that of our states, beside a loop in double
precision. Wanted at (batch, length, states) = (2, 1024, 64): at least 8 times faster than the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from report import publish, seconds
from torch import Tensor

from spectral_lab.pseudospectra.scan import linear_scan

SHAPES = ((2, 1024, 64), (8, 256, 32), (4, 4096, 32), (1, 16384, 16))


def loop(lam: Tensor, b: Tensor) -> Tensor:
    """The recurrence as it is written."""
    x, states = torch.zeros_like(b[:, 0]), []
    for sample in b.unbind(1):
        x = lam * x + sample
        states.append(x)
    return torch.stack(states, 1)


def doubling(lam: Tensor, b: Tensor) -> Tensor:
    """After k passes each state holds its last 2^k inputs."""
    x, power, reach = b, lam, 1
    while reach < b.shape[1]:
        x = x + power * F.pad(x, (0, 0, reach, 0))[:, : b.shape[1]]
        power, reach = power * power, 2 * reach
    return x


def by_fft(lam: Tensor, b: Tensor) -> Tensor:
    """The convolution of b with 1, lambda, lambda^2, ..., on twice the length."""
    length = b.shape[1]
    powers = torch.cat([torch.ones_like(lam)[None], lam.expand(length - 1, -1).cumprod(0)])
    spectrum = torch.fft.fft(b, 2 * length, 1) * torch.fft.fft(powers, 2 * length, 0)
    return torch.fft.ifft(spectrum, dim=1)[:, :length]


def kept(way: Callable[[Tensor, Tensor], Tensor], lam: Tensor, b: Tensor) -> int:
    """Bytes that autograd keeps for the backward pass, each storage counted once."""
    sizes: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        states = way(lam, b)  # held until the count is done, so that no address is used twice
    return sum(sizes.values()) if states.requires_grad else 0


def compare(batch: int, length: int, p: int) -> dict[str, Any]:
    """Times, memory and errors at one shape."""
    generator = torch.Generator().manual_seed(0)
    radius, angle = 0.9 + 0.099 * torch.rand(p, generator=generator), 3 * torch.rand(p, generator=generator)
    lam = torch.polar(radius, angle).requires_grad_()
    b = torch.randn(batch, length, p, dtype=torch.complex64, generator=generator).requires_grad_()
    upstream = torch.randn_like(b)

    def there_and_back(way: Callable[[Tensor, Tensor], Tensor]) -> None:
        torch.autograd.grad(way(lam, b), (lam, b), upstream)

    ways = {"loop": loop, "doubling": doubling, "FFT": by_fft, "ours": linear_scan}
    times = {name: seconds(lambda way=way: there_and_back(way), 9) for name, way in ways.items()}
    with torch.no_grad():
        exact = loop(lam.to(torch.complex128), b.to(torch.complex128))
        error = float((linear_scan(lam, b) - exact).norm() / exact.norm())
    return {
        "shape": f"({batch}, {length}, {p})",
        **{f"{name} (ms)": round(1e3 * time, 2) for name, time in times.items()},
        "faster than the loop": round(times["loop"] / times["ours"], 1),
        "faster than the best other": round(min(t for n, t in times.items() if n != "ours") / times["ours"], 1),
        **{f"{name} keeps (MB)": round(kept(way, lam, b) / 1e6, 2) for name, way in ways.items()},
        "error": float(f"{error:.1e}"),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    publish("linear_scan", __doc__.split("\n", 1)[0], [compare(*shape) for shape in SHAPES])
