"""A cooling schedule that is trained: kicks and sign layers by turns, the energy as the loss (ours, beyond the paper).

Layer k: a kick prod_i e^{-i w_ki . sigma_i}, then e^{-i phi_k s((H - mu_k)/width)}. All of w, mu, phi are learnt. The
ablation keeps the kicks and drops the sign layers: then the state stays a product state.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.cooling.levels import level_tolerance
from spectral_lab.cooling.models.chain import Chain, inner, product_state, rotate, rotations

TERMS_PER_WIDTH = 10.0  # Chebyshev terms in units of (hi - lo)/(2 width): a reflection is good to about 1e-5


class DenseSign(nn.Module):
    """psi -> e^{-i phi erf((H - mu)/width)} psi through the eigenvectors of a chain (up to 12 spins on a GPU)."""

    energies: Tensor
    vectors: Tensor

    def __init__(self, chain: Chain, width: float) -> None:
        super().__init__()
        matrix = chain(torch.eye(chain.dimension, dtype=chain.diagonal.dtype, device=chain.diagonal.device))
        energies, vectors = torch.linalg.eigh(matrix)
        self.register_buffer("energies", energies, persistent=False)
        self.register_buffer("vectors", vectors.to(torch.complex128), persistent=False)
        self.width = width

    def forward(self, psi: Tensor, mu: Tensor, phi: Tensor) -> Tensor:
        turn = torch.exp(-1j * phi * torch.erf((self.energies - mu) / self.width))
        return (turn * (psi @ self.vectors.conj())) @ self.vectors.T


class MatrixFreeSign(nn.Module):
    """The same through a Chebyshev series: memory for a few vectors, whatever the degree."""

    energies: Tensor
    cosines: Tensor

    def __init__(self, chain: Chain, width: float, bounds: tuple[float, float]) -> None:
        super().__init__()
        lo, hi = bounds
        self.X, self.width = chain.scaled(lo, hi), width
        terms = int(np.ceil(TERMS_PER_WIDTH * (hi - lo) / (2 * width))) + 1
        angle = np.pi * (np.arange(2 * terms) + 0.5) / (2 * terms)
        weights = np.cos(np.outer(np.arange(terms), angle)) / terms  # the discrete cosine transform as a matrix
        weights[0] /= 2
        self.register_buffer(
            "energies", torch.from_numpy((hi + lo) / 2 + (hi - lo) / 2 * np.cos(angle)), persistent=False
        )
        self.register_buffer("cosines", torch.from_numpy(weights), persistent=False)

    def forward(self, psi: Tensor, mu: Tensor, phi: Tensor) -> Tensor:
        values = torch.exp(-1j * phi * torch.erf((self.energies - mu) / self.width))
        c = self.cosines.to(values.dtype) @ values
        return ChebyshevFunction.apply(psi, c, self.X)


class ChebyshevFunction(torch.autograd.Function):
    """f(X) psi = sum_k c_k T_k(X) psi, differentiable in psi and c, without keeping the vectors T_k psi.

    Backward: the gradient of psi is f(X)* lambda, the same series with conjugated coefficients; the gradient of c_k
    is <T_k psi, lambda>, by running the recurrence again.
    """

    @staticmethod
    def forward(ctx: Any, psi: Tensor, c: Tensor, X: Chain) -> Tensor:
        ctx.save_for_backward(psi, c)
        ctx.X = X
        total = torch.zeros_like(psi)
        for coefficient, vector in zip(c.tolist(), _vectors(X, psi, len(c)), strict=True):
            total.add_(vector, alpha=coefficient)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        (upstream,) = gradients
        psi, c = ctx.saved_tensors
        for_psi = torch.zeros_like(psi)
        for coefficient, vector in zip(c.conj().tolist(), _vectors(ctx.X, upstream, len(c)), strict=True):
            for_psi.add_(vector, alpha=coefficient)
        for_c = torch.stack([inner(v, upstream).sum() for v in _vectors(ctx.X, psi, len(c))])
        return for_psi, for_c.to(c.dtype), None


class CoolingCircuit(nn.Module):
    """d layers of kicks and sign layers on a product state; `forward()` is the final state, shape (1, 2^n).

    Parameters: kicks (d, n, 3), shifts (d,) as a fraction of the spread above the lowest level, phases (d,).
    With kicks_only the sign layers are left out.
    """

    start: Tensor

    def __init__(
        self,
        chain: Chain,
        layers: Any,
        *,
        start: str = "up",
        width: Any = 0.03,
        kicks_only: bool = False,
        dense: bool = True,
    ) -> None:
        super().__init__()
        layers = checks.integer(layers, "layers", 1, 10_000)
        self.lo, self.hi = chain.bounds(60)
        width = checks.number(width, "width", above=0) * (self.hi - self.lo)
        self.kicks_only, self.X = kicks_only, chain.scaled(self.lo, self.hi)
        self.sign = DenseSign(chain, width) if dense else MatrixFreeSign(chain, width, (self.lo, self.hi))
        self.kicks = nn.Parameter(0.5 * torch.randn(layers, chain.n, 3, dtype=torch.float64))
        self.shifts = nn.Parameter(torch.linspace(0.8, 0.05, layers, dtype=torch.float64))
        self.phases = nn.Parameter(torch.full((layers,), torch.pi / 2, dtype=torch.float64))
        self.register_buffer("start", product_state(chain.n, start), persistent=False)

    def forward(self) -> Tensor:
        psi = self.start
        windows = rotations(self.kicks)  # of all layers at once
        for k, (fraction, phase) in enumerate(zip(self.shifts, self.phases, strict=True)):
            psi = rotate([window[k] for window in windows], psi)
            if not self.kicks_only:
                psi = self.sign(psi, self.lo + fraction * (self.hi - self.lo), phase)
        return psi

    def energy(self, psi: Tensor) -> Tensor:
        """<psi|H|psi>: of the final state, it is the loss."""
        # H = (hi + lo)/2 + (hi - lo)/2 X is a Chebyshev series of two terms.
        c = torch.tensor([(self.hi + self.lo) / 2, (self.hi - self.lo) / 2], dtype=psi.dtype, device=psi.device)
        return inner(psi, ChebyshevFunction.apply(psi, c, self.X)).real.mean()

    def ground_population(self, psi: Tensor) -> Tensor:
        """Weight of a state on the ground level. Raises ValueError without `dense`: then no eigenvector is known."""
        if not isinstance(self.sign, DenseSign):
            raise ValueError("the ground population needs dense=True")
        E = self.sign.energies
        lowest = E - E[0] <= level_tolerance(E.detach().cpu().numpy())
        return ((psi @ self.sign.vectors.conj()).abs() ** 2)[:, lowest].sum()


def _vectors(X: Chain, psi: Tensor, count: int) -> Any:
    before, now = psi, X(psi)
    yield before
    for _ in range(count - 1):
        yield now
        before, now = now, 2 * X(now) - before
