"""How fast, and how exact, are the S4 and S4D kernels beside a plain implementation of the authors' formulas?

    OMP_NUM_THREADS=1 python benchmarks/s4_kernels.py

Single precision, one thread, one run for both sides. The plain sides are written here from the papers: S4 as Cauchy
sums over a dense n x L/2 array and Woodbury (arXiv 2111.00396, section 3), S4D as a dense n/2 x L Vandermonde sum
(arXiv 2206.11893, section 3.2), both in torch. Ours are `hippo.kernel` ("krylov") and `hippo.vandermonde_kernel`
("two_level"), in numpy; C~ is given to the plain side. Errors are against our kernels in double precision, relative
to the largest entry.
Wanted: S4 2.5 times at L = 1024 and 4.5 times at 4096, no less exact; S4D 15 and 25 times.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from report import publish, seconds

from spectral_lab.hippo import DPLR, diagonal, discrete_system, dplr, kernel, vandermonde_kernel
from spectral_lab.hippo.models import S4Kernel

SIZES = ((64, 64, 1024), (128, 64, 1024), (64, 64, 4096), (16, 64, 16384))


def plain_cauchy(
    Lambda: torch.Tensor, P: torch.Tensor, B: torch.Tensor, C: torch.Tensor, step: torch.Tensor, length: int
) -> torch.Tensor:
    """The rank-one S4 kernel from C~ = C (I - A_bar^L): Cauchy sums over both halves of the spectrum, then Woodbury."""
    omega = torch.exp(-2j * torch.pi * torch.arange(length // 2 + 1) / length)
    z = 2 * (1 - omega) / (1 + omega)
    left, right = torch.stack([C, P.conj()]), torch.stack([B, P])
    v = left[:, None] * right[None] * step[:, None]  # (2, 2, H, half)
    poles = Lambda * step[:, None]
    both = torch.cat([v, v.conj()], -1)[..., None]
    sums = (both / (z - torch.cat([poles, poles.conj()], -1)[..., None])).sum(-2)  # (2, 2, H, L/2 + 1)
    K_hat = sums[0, 0] - sums[0, 1] * sums[1, 0] / (1 + sums[1, 1])
    return torch.fft.irfft(2 / (1 + omega) * K_hat, length)


def plain_vandermonde(
    Lambda: torch.Tensor, B: torch.Tensor, C: torch.Tensor, step: torch.Tensor, length: int
) -> torch.Tensor:
    """The S4D kernel, zero-order hold, as one sum over a dense Vandermonde matrix."""
    z = Lambda * step[:, None]
    weights = C * B * (torch.exp(z) - 1) / Lambda
    return 2 * (weights[..., None] * torch.exp(z[..., None] * torch.arange(length))).sum(-2).real


def compare(kind: str, H: int, n: int, length: int) -> dict[str, Any]:
    """One row: the times and errors of both sides, on the same numbers."""
    rng = np.random.default_rng(0)
    half, step = n // 2, np.exp(rng.uniform(np.log(1e-3), np.log(0.1), H))
    C = (rng.normal(size=(H, half)) + 1j * rng.normal(size=(H, half))) / np.sqrt(2)
    if kind == "S4":
        form = dplr("legs", n)
        system = DPLR(
            *(np.broadcast_to(x[..., None, :], (*x.shape[:-1], H, half)) for x in (form.Lambda, form.P, form.B))
        )
        A_bar, _, c = discrete_system(system, C, step)
        c = c - (c[..., None, :] @ np.linalg.matrix_power(A_bar, length))[..., 0, :]
        plain_numbers = (system.Lambda, system.P[0], system.B, (c[..., :half] - 1j * c[..., half:]) / 2)
        single = DPLR(*map(_single, (system.Lambda, system.P, system.B)))
        exact = kernel(system, C, step, length)
        ours = partial(kernel, single, _single(C), step.astype(np.float32), length)
        plain = plain_cauchy
    else:
        Lambda, B = (np.broadcast_to(x, (H, half)) for x in diagonal("inv", n))
        plain_numbers = (Lambda, B, C)
        exact = vandermonde_kernel(Lambda, B, C, step, length)
        single_numbers = (*map(_single, plain_numbers), step.astype(np.float32))
        ours = partial(vandermonde_kernel, *single_numbers, length)
        plain = plain_vandermonde
    tensors = (*(torch.tensor(_single(x)) for x in plain_numbers), torch.tensor(step, dtype=torch.float32))
    fast, slow = seconds(ours), seconds(lambda: plain(*tensors, length))
    scale = np.abs(exact).max()
    return {
        "kernel": kind,
        "H, n, L": f"{H}, {n}, {length}",
        "ours ms": 1e3 * fast,
        "plain ms": 1e3 * slow,
        "times faster": slow / fast,
        "our error": float(np.abs(ours() - exact).max() / scale),
        "plain error": float(np.abs(plain(*tensors, length).numpy() - exact).max() / scale),
    }


def compare_training(H: int, n: int, length: int) -> dict[str, Any]:
    """The S4 kernel as a layer is trained: forward and backward in torch, ours beside the plain sums."""
    torch.manual_seed(0)
    ours = S4Kernel(H, n)
    Lambda, B = (x.detach().requires_grad_() for x in ours.modes())
    P = torch.view_as_complex(ours.P.detach())[0].expand(H, -1).clone().requires_grad_()
    C, step = ours.read_out()[0].detach().requires_grad_(), ours.step_sizes().detach().requires_grad_()

    def plain() -> None:
        plain_cauchy(Lambda, P, B, C, step, length).square().sum().backward()

    fast, slow = seconds(lambda: ours(length).square().sum().backward(), 5), seconds(plain, 5)
    return {
        "kernel": "S4, forward and backward",
        "H, n, L": f"{H}, {n}, {length}",
        "ours ms": 1e3 * fast,
        "plain ms": 1e3 * slow,
        "times faster": slow / fast,
        "our error": "",
        "plain error": "",
    }


def _single(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x).astype(np.complex64)


def main() -> None:
    """Both kernels at all sizes."""
    torch.set_num_threads(1)
    rows = [compare(kind, *size) for kind in ("S4", "S4D") for size in SIZES]
    rows += [compare_training(*size) for size in SIZES]
    publish("s4_kernels", "The S4 and S4D kernels beside the plain formulas, float32, one thread", rows)


if __name__ == "__main__":
    main()
