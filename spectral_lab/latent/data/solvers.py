"""Darcy's law and turbulence for tensors with leading batch axes, on the device where they are.

The algorithms are those of `darcy.py` and `vorticity.py`; here torch supplies arrays and transforms.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from spectral_lab import checks
from spectral_lab.latent.burgers import ascending
from spectral_lab.latent.darcy import pcg, poisson_eigenvalues
from spectral_lab.latent.vorticity import SCHEMES, Flow, published_forcing


def solve_darcy_batch(a: Float[Tensor, "*batch K K"], tolerance: float = 1e-8) -> Float[Tensor, "*batch K K"]:
    """u at the nodes for coefficients a at the nodes, as `solve_darcy(a)`; in double precision if a is.

    In single precision the residual cannot fall below about 1e-6 of its start. Raises: ValueError.
    """
    if not isinstance(a, Tensor) or a.ndim < 2 or a.shape[-1] != a.shape[-2] or a.shape[-1] < 3:
        raise ValueError(f"a must be a tensor (..., K, K) with K at least 3, got {checks.shown(a)}")
    if not a.is_floating_point() or not bool((a > 0).all()) or not bool(a.isfinite().all()):
        raise ValueError("a must be positive and finite")
    tolerance = checks.number(tolerance, "tolerance", 1e-14 if a.dtype == torch.float64 else 1e-6, 0.5)
    K = a.shape[-1]
    # Twice a sine transform of type I is 2 / (K - 1) of the identity, along each axis.
    factor = torch.as_tensor((2 / (K - 1)) ** 2 / poisson_eigenvalues(K), dtype=a.dtype, device=a.device)
    u, _ = pcg(a, lambda r: sines(factor * sines(r)), tolerance)
    return torch.nn.functional.pad(u, (1, 1, 1, 1))


def sines(x: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n n"]:
    """sum_{jl} x_jl sin(pi j k / (n+1)) sin(pi l m / (n+1)), by Fourier transforms of the odd extension."""
    for _ in range(2):
        zero = x.new_zeros(*x.shape[:-1], 1)
        odd = torch.cat([zero, x, zero, -x.flip(-1)], dim=-1)
        x = (torch.fft.rfft(odd).imag[..., 1:-1] / -2).transpose(-1, -2)
    return x


def solve_flow_batch(
    w0: Float[Tensor, "*batch N N"], viscosity: float, times: Sequence[float], step: float, scheme: str = "if-rk4"
) -> Float[Tensor, "times *batch N N"]:
    """The vorticity at the given times, as `navier_stokes` with the published forcing, in the precision of w0.

    Raises: ValueError, also if a step lets a flow blow up.
    """
    if not isinstance(w0, Tensor) or w0.ndim < 2 or w0.shape[-1] != w0.shape[-2] or not w0.is_floating_point():
        raise ValueError(f"w0 must be a real tensor (..., N, N), got {checks.shown(w0)}")
    if w0.numel() == 0 or not bool(w0.isfinite().all()):
        raise ValueError(f"w0 must hold fields of finite numbers, got {checks.shown(w0)}")
    N, nu = checks.integer(w0.shape[-1], "the last side of w0", 4, 1024), checks.number(viscosity, "viscosity", 0, 1e3)
    step, scheme = checks.number(step, "step", 1e-9), checks.choice(scheme, "scheme", SCHEMES)

    def place(array: np.ndarray) -> Tensor:
        return torch.as_tensor(array).to(w0.device, w0.dtype.to_complex() if np.iscomplexobj(array) else w0.dtype)

    flow = Flow(N, nu, published_forcing(N), scheme, torch.fft, place)
    with torch.no_grad():
        return torch.stack(list(flow.fields(w0, ascending(times), step)))
