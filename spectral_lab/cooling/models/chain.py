"""Spin chains as matrix-vector products: no matrix of size 2^n is ever made.

A chain is a diagonal (the ZZ and Z terms) plus real windows: matrices on a few neighbouring sites that hold all their
off-diagonal terms at once. A window of five sites is one small matrix product instead of five passes over memory; that
is what makes the product fast (ours). Site 0 is the most significant bit, as in `spectral_lab.cooling.spin_chains`.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

import numpy as np
import scipy
import torch
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.cooling.spin_chains import PAULIS, product_amplitudes

WINDOW = 5  # sites in a window; 4 and 5 are equally fast
_X = PAULIS[0].real
_EXCHANGE = np.array([[0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]) / 2  # (XX + YY)/4 on two sites


class Chain(nn.Module):
    """H = diagonal + sum of windows on n spins; `chain(psi)` is H psi for psi of shape (..., 2^n), real or complex.

    A module without parameters, so that `.to(device, dtype)` moves it.
    """

    diagonal: Tensor
    doubled: Tensor

    def __init__(self, n: int, diagonal: Tensor, windows: list[tuple[int, Tensor]]) -> None:
        super().__init__()
        self.n = n
        self.register_buffer("diagonal", diagonal, persistent=False)
        for i, (_, M) in enumerate(windows):
            self.register_buffer(f"window{i}", M, persistent=False)
        self.firsts = [first for first, _ in windows]
        # At the right end of the chain a window acts on the last axis; real and imaginary part are its neighbours in
        # memory, so the matrix for both at once, M (x) 1_2, keeps that a plain product of matrices.
        last = windows[-1][1]
        self.register_buffer("doubled", torch.kron(last, torch.eye(2).to(last)), persistent=False)

    @property
    def windows(self) -> list[tuple[int, Tensor]]:
        """First site and matrix of each window."""
        return [(first, getattr(self, f"window{i}")) for i, first in enumerate(self.firsts)]

    @property
    def dimension(self) -> int:
        return 2**self.n

    def forward(self, psi: Tensor) -> Tensor:
        if psi.shape[-1:] != self.diagonal.shape or psi.dtype.to_real() != self.diagonal.dtype:
            raise ValueError(
                f"psi must be (.., {self.dimension}) with the precision of {self.diagonal.dtype}, "
                f"got shape {tuple(psi.shape)} and {psi.dtype}"
            )
        psi = psi.resolve_conj().contiguous()
        result = self.diagonal * psi
        shape = psi.shape
        parts = 2 if psi.is_complex() else 1
        real = torch.view_as_real(psi) if parts == 2 else psi
        total = torch.view_as_real(result) if parts == 2 else result
        for first, M in self.windows:
            size = M.shape[0]
            right = self.dimension // (2**first * size)
            if right == 1:
                matrix = self.doubled if parts == 2 else M
                flat = real.reshape(-1, parts * size)
                total.view(-1, parts * size).addmm_(flat, matrix)  # M is symmetric
            elif real.numel() // (size * right * parts) == 1:
                total.view(size, -1).addmm_(M, real.reshape(size, -1))
            else:
                blocks = real.reshape(-1, size, right * parts)
                total.view(-1, size, right * parts).baddbmm_(M.expand(len(blocks), size, size), blocks)
        return result.view(shape)

    def scaled(self, lo: float, hi: float) -> Chain:
        """X = (2 H - lo - hi)/(hi - lo): the same chain with its spectrum moved from [lo, hi] to [-1, 1]."""
        scale = 2 / (hi - lo)
        return Chain(self.n, scale * (self.diagonal - (hi + lo) / 2), [(first, scale * M) for first, M in self.windows])

    def energy(self, psi: Tensor) -> tuple[Tensor, Tensor]:
        """Mean energy and its standard deviation for normalised psi (..., 2^n), summed in double precision."""
        h = self(psi)
        mean = inner(psi, h).real
        return mean, (inner(h, h).real - mean**2).clamp(min=0).sqrt()

    def bounds(self, steps: Any = 40, seed: int = 0) -> tuple[float, float]:
        """lo <= E_min and E_max <= hi, by Lanczos steps from a random vector.

        The extreme Ritz values lie inside the spectrum, and after 40 steps close to its ends. They are moved outwards
        by the last off-diagonal coefficient, at most 4 % of the spread, and by 1 % at least. That is no proof: it held
        for every chain that we could check, and fewer steps than 20 are refused.
        """
        steps = checks.integer(steps, "steps", 20, 1000)
        generator = torch.Generator().manual_seed(checks.integer(seed, "seed", 0, 2**63 - 1))
        v = torch.randn(self.dimension, generator=generator, dtype=torch.float64).to(self.diagonal)
        v, before = v / torch.linalg.vector_norm(v), torch.zeros_like(v)
        a, b = [], [0.0]
        for _ in range(min(steps, self.dimension)):
            w = self(v) - b[-1] * before
            a.append(float(torch.dot(w, v)))
            w = w - a[-1] * v
            b.append(float(torch.linalg.vector_norm(w)))
            if b[-1] <= 1e-6 * max(*map(abs, a), *b):
                break
            before, v = v, w / b[-1]
        ritz = np.linalg.eigvalsh(np.diag(a) + np.diag(b[1:-1], 1) + np.diag(b[1:-1], -1))
        spread = float(np.ptp(ritz))
        if spread <= 1e-6 * float(np.abs(ritz).max()):  # one level: any interval will do
            spread = float(np.abs(ritz).max()) or 1.0
        slack = float(np.clip(b[-1], 0.01 * spread, 0.04 * spread))
        return float(ritz[0]) - slack, float(ritz[-1]) + slack

    def linear_operator(self) -> scipy.sparse.linalg.LinearOperator:
        """H for `spectral_lab.cooling.cool`, in double precision on the CPU."""
        chain = deepcopy(self).to("cpu", torch.float64)

        def product(psi: np.ndarray) -> np.ndarray:
            return chain(torch.from_numpy(np.ascontiguousarray(psi.reshape(-1), dtype=complex))).numpy()

        return scipy.sparse.linalg.LinearOperator((self.dimension,) * 2, matvec=product, rmatvec=product, dtype=complex)


def ising_chain(n: Any, J: Any = 1.0, g: Any = 1.05, h: Any = 0.5, dtype: torch.dtype = torch.float64) -> Chain:
    """The tilted Ising chain of `hamiltonians.tfim`, matrix-free. Raises ValueError on n outside 1..30."""
    n = checks.integer(n, "n", 1, 30)
    J, g, h = checks.number(J, "J"), checks.number(g, "g"), checks.number(h, "h")
    z = _z(n)
    diagonal = -h * sum(z[i] for i in range(n)) - J * sum((z[i] * z[i + 1] for i in range(n - 1)), torch.zeros(1))
    windows = [(first, torch.from_numpy(-g * _spread(_X, width)).to(dtype)) for first, width in _even_windows(n)]
    return Chain(n, diagonal.reshape(-1).to(dtype), windows)


def heisenberg_chain(n: Any, J: Any = 1.0, Delta: Any = 1.0, dtype: torch.dtype = torch.float64) -> Chain:
    """The XXZ chain of `hamiltonians.xxz`, matrix-free: windows share end sites. ValueError on n outside 2..30."""
    n = checks.integer(n, "n", 2, 30)
    J, Delta = checks.number(J, "J"), checks.number(Delta, "Delta")
    z = _z(n)
    diagonal = 0.25 * J * Delta * sum((z[i] * z[i + 1] for i in range(n - 1)), torch.zeros(1))
    windows = []
    for first in range(0, n - 1, WINDOW - 1):
        width = min(WINDOW, n - first)
        windows.append((first, torch.from_numpy(J * _spread(_EXCHANGE, width)).to(dtype)))
    return Chain(n, diagonal.reshape(-1).to(dtype), windows)


def product_state(n: Any, kind: str = "neel", batch: Any = 1, dtype: torch.dtype = torch.complex128) -> Tensor:
    """`batch` copies of a product state of `hamiltonians.start_state`, shape (batch, 2^n)."""
    amplitudes = torch.from_numpy(product_amplitudes(checks.integer(n, "n", 1, 30), kind))
    return amplitudes.to(dtype).repeat(checks.integer(batch, "batch", 1, 4096), 1)


def inner(a: Tensor, b: Tensor) -> Tensor:
    """<a|b> over the last axis, summed in double precision: single precision would lose half its digits here."""
    wide = torch.complex128 if a.is_complex() else torch.float64
    return torch.linalg.vecdot(a.to(wide), b.to(wide))


def rotations(v: Tensor) -> list[Tensor]:
    """e^{-i sum_i v_i . sigma_i} for fields v (..., n, 3), as matrices on windows of sites, shape (..., 2^w, 2^w).

    One site: cos|v| - i sin|v| v.sigma/|v|; sites commute, so a window is a Kronecker product.
    """
    length = torch.linalg.vector_norm(v, dim=-1, keepdim=True)
    axis = torch.sinc(length / torch.pi) * v  # sin|v|/|v| . v, smooth at 0
    paulis = torch.from_numpy(PAULIS).to(v.device, torch.complex128 if v.dtype == torch.float64 else torch.complex64)
    eye = torch.eye(2, dtype=paulis.dtype, device=v.device)
    sites = torch.cos(length)[..., None] * eye - 1j * torch.einsum("...a,ajk->...jk", axis.to(paulis.dtype), paulis)
    n = v.shape[-2]
    result = []
    for first, width in _even_windows(n):
        window = sites[..., first, :, :]
        for i in range(first + 1, first + width):
            left, right = window.shape[-1], 2
            window = torch.einsum("...ab,...cd->...acbd", window, sites[..., i, :, :])
            window = window.reshape(*window.shape[:-4], left * right, left * right)
        result.append(window)
    return result


def rotate(windows: list[Tensor], psi: Tensor) -> Tensor:
    """Apply `rotations` to psi (batch, 2^n); the windows have the same batch axis, or none."""
    batch, left = psi.shape[0], 1
    for U in windows:
        size = U.shape[-1]
        if left * size == psi.shape[-1]:  # the last window: one product a trajectory, and no copies of U
            psi = (psi.reshape(batch, left, size) @ U.mT).reshape(batch, -1)
        else:
            blocks = psi.reshape(batch, left, size, -1)
            psi = torch.matmul(U[:, None] if U.ndim == 3 else U, blocks).reshape(batch, -1)
        left *= size
    return psi


def _even_windows(n: int) -> list[tuple[int, int]]:
    """First site and width of windows that cover n sites once, as even as they can be."""
    edges = np.linspace(0, n, -(-n // WINDOW) + 1).round().astype(int)
    return [(int(a), int(b - a)) for a, b in pairwise(edges)]


def _z(n: int) -> list[Tensor]:
    """Z of each site, shaped for broadcasting over n axes of two."""
    z = torch.tensor([1.0, -1.0], dtype=torch.float64)
    return [z.reshape([2 if k == i else 1 for k in range(n)]) for i in range(n)]


def _spread(term: np.ndarray, width: int) -> np.ndarray:
    """The sum of a one- or two-site term over all places in a window of `width` sites."""
    sites = 1 if len(term) == 2 else 2
    places = range(width - sites + 1)
    return sum(
        (np.kron(np.kron(np.eye(2**i), term), np.eye(2 ** (width - i - sites))) for i in places),
        np.zeros((2**width, 2**width)),
    )
