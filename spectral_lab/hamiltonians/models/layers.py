"""Layers that turn with their input: what may be done to features of degree l without knowing their direction.

Features are [rows, channels, (L+1)^2]. Allowed are: mixing channels with weights that are the same for every m, and
multiplying by numbers that rotations leave alone.
"""

from __future__ import annotations

from functools import cache
from math import comb, log

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.hamiltonians.coupling import wigner_3j
from spectral_lab.hamiltonians.harmonics import spherical_harmonics
from spectral_lab.hamiltonians.models.tensor_product import coupling_matrix, degree


def degrees(L: int) -> Int[Tensor, " m"]:
    """The degree of each column: 0, 1, 1, 1, 2, ..."""
    return torch.repeat_interleave(torch.arange(L + 1), 2 * torch.arange(L + 1) + 1)


class EquivariantLinear(nn.Module):
    """Mixes channels, with one matrix for each degree; degree 0 may have a bias as well.

    Weights start as N(0, 1) / sqrt(inputs), biases at 0.
    """

    def __init__(self, L: int, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__()
        self.L = L
        self.weight = nn.Parameter(torch.randn(L + 1, inputs, outputs) / inputs**0.5)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x: Float[Tensor, "rows u m"]) -> Float[Tensor, "rows v m"]:
        """Channel v of degree l: sum_u weight[l, u, v] x_u, plus the bias for l = 0."""
        parts = [(x[..., degree(l)].transpose(1, 2) @ self.weight[l]).transpose(1, 2) for l in range(self.L + 1)]
        if self.bias is not None:
            parts[0] = parts[0] + self.bias[:, None]
        return torch.cat(parts, dim=-1)


def inner_product(x: Float[Tensor, "rows u m"], y: Float[Tensor, "rows u m"]) -> Float[Tensor, "rows u degrees"]:
    """For each channel and degree the mean over m of the product: what rotations leave alone."""
    L = round(x.shape[-1] ** 0.5) - 1
    return torch.stack([(x[..., degree(l)] * y[..., degree(l)]).mean(-1) for l in range(L + 1)], dim=-1)


class ExchangeLinear(nn.Module):
    """Mixes the first half of the channels and the second half apart: these change sign if two atoms are exchanged."""

    def __init__(self, L: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.even = EquivariantLinear(L, inputs - inputs // 2, outputs - outputs // 2)
        self.odd = EquivariantLinear(L, inputs // 2, outputs // 2, bias=False)

    def forward(self, x: Float[Tensor, "rows u m"]) -> Float[Tensor, "rows v m"]:
        """Both halves, each by its own matrices; a bias would not change sign."""
        even, odd = x.tensor_split([x.shape[1] - x.shape[1] // 2], dim=1)
        return torch.cat([self.even(even), self.odd(odd)], dim=1)


class NormGate(nn.Module):
    """Scalars and norms decide: a two-layer network of [x^0, |x^1|, ..] gives new scalars, and a factor for each x^l.

    The last `odd` channels are those that change sign if two atoms are exchanged: of them the network sees |x^0|, and
    it gives x^0 a factor as well.
    """

    def __init__(self, L: int, channels: int, odd: int = 0) -> None:
        super().__init__()
        self.L, self.channels, self.even = L, channels, channels - odd
        width = channels * (L + 1)
        self.network = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, x: Float[Tensor, "rows u m"]) -> Float[Tensor, "rows u m"]:
        """Degree by degree: index l U + u of the network's input and output is channel u of degree l."""
        norms = [torch.linalg.vector_norm(x[..., degree(l)], dim=-1) for l in range(1, self.L + 1)]
        even, odd = x[..., 0].tensor_split([self.even], dim=-1)
        gates = self.network(torch.cat([even, odd.abs(), *norms], dim=-1)).split(self.channels, dim=-1)
        new_even, factor = gates[0].tensor_split([self.even], dim=-1)
        scalars = torch.cat([new_even, factor * odd], dim=-1)
        rest = [x[..., degree(l)] * gates[l][..., None] for l in range(1, self.L + 1)]
        return torch.cat([scalars[..., None], *rest], dim=-1)


class EquivariantLayerNorm(nn.Module):
    """Degree 0: an ordinary layer norm over channels. All higher degrees: divided by one number for each row,

        sqrt(mean over channels and over l = 1..L of the mean over m of x^2, plus 1e-5),

    then multiplied by a weight for each degree and channel. The weight is the same for every m: then it may be learned.
    """

    def __init__(self, L: int, channels: int) -> None:
        super().__init__()
        self.L = L
        self.weight = nn.Parameter(torch.ones(L + 1, channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Float[Tensor, "rows u m"]) -> Float[Tensor, "rows u m"]:
        """See the class."""
        scalars = F.layer_norm(x[..., 0], x.shape[1:2], self.weight[0], self.bias, 1e-5)
        if self.L == 0:
            return scalars[..., None]
        power = inner_product(x, x)[..., 1:].mean(dim=(1, 2))
        scale = self.weight[degrees(self.L)[1:].to(x.device)].T / (power + 1e-5).sqrt()[:, None, None]
        return torch.cat([scalars[..., None], x[..., 1:] * scale], dim=-1)


class ReleasedLayerNorm(nn.Module):
    """`EquivariantLayerNorm` as the released SPHNet has it: its weights meet the wrong numbers.

    There the 2l+1 numbers of channel after channel stand in a row, and are read as if channels ran fastest. So what is
    learned multiplies each m by another weight: rotations hold only while the weights are all 1, as at the start.
    """

    def __init__(self, L: int, channels: int) -> None:
        super().__init__()
        self.scalars = nn.LayerNorm(channels)
        self.weight = nn.Parameter(torch.ones(L, channels))

    def forward(self, x: Float[Tensor, "rows u m"]) -> Float[Tensor, "rows u m"]:
        """See the class."""
        power = inner_product(x, x)[..., 1:].mean(dim=(1, 2))
        misread = torch.cat(
            [weight.repeat(2 * l + 1).view(-1, 2 * l + 1) for l, weight in enumerate(self.weight, start=1)], dim=-1
        )
        rest = x[..., 1:] * misread / (power + 1e-5).sqrt()[:, None, None]
        return torch.cat([self.scalars(x[..., 0])[..., None], rest], dim=-1)


class BernsteinRBF(nn.Module):
    """A distance as `count` smooth bumps: Bernstein polynomials in e^(-alpha r), with an end at the cutoff.

        (n-1 over v) e^(-alpha r (n-1-v)) (1 - e^(-alpha r))^v exp(-r^2 / ((c - r)(c + r))),    v = 0..n-1

    alpha is learned; it is the softplus of the parameter. Args: count; cutoff c; alpha, above 0. Raises: ValueError.
    """

    def __init__(self, count: int, cutoff: float, alpha: float) -> None:
        super().__init__()
        self.count = checks.integer(count, "count", 1, 256)
        self.cutoff = checks.number(cutoff, "cutoff", above=0)
        alpha = checks.number(alpha, "alpha", above=0)
        # In double precision from the start: its rounding would show in every feature.
        self.raw_alpha = nn.Parameter(torch.tensor(alpha + float(np.log(-np.expm1(-alpha))), dtype=torch.float64))
        self.log_binomials = np.array([log(comb(self.count - 1, v)) for v in range(self.count)])

    def forward(self, r: Float[Tensor, " rows"]) -> Float[Tensor, "rows count"]:
        """Zeros beyond the cutoff."""
        v = torch.arange(self.count, dtype=r.dtype, device=r.device)
        falls = -F.softplus(self.raw_alpha.to(r)) * r[:, None]
        rises = torch.log(-torch.expm1(falls).clamp(max=-1e-30))
        inside = r < self.cutoff
        near = torch.where(inside, r, torch.zeros_like(r))
        ends = -(near**2) / ((self.cutoff - near) * (self.cutoff + near))
        logs = torch.as_tensor(self.log_binomials).to(r) + (self.count - 1 - v) * falls + v * rises + ends[:, None]
        return torch.where(inside[:, None], logs.exp(), torch.zeros_like(logs))


class PathNetwork(nn.Module):
    """A number for each row, kept path and channel: two linear layers, a shifted softplus between, no biases.

    Both are divided by the root of their inputs, as in e3nn. Of the last matrix only the rows of kept paths are used:
    what is left out costs nothing.
    """

    def __init__(self, inputs: int, hidden: int, paths: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(hidden, inputs))
        self.last = nn.Parameter(torch.randn(paths, channels, hidden))

    def forward(self, x: Float[Tensor, "rows n"], kept: Int[Tensor, " k"] | None = None) -> Float[Tensor, "rows k u"]:
        """For the kept paths (default all); zero where x is zero."""
        rows = self.last if kept is None else self.last[kept.to(self.last.device)]
        hidden = shifted_softplus(x @ self.first.T / x.shape[-1] ** 0.5)
        return (hidden @ rows.flatten(0, 1).T / hidden.shape[-1] ** 0.5).unflatten(-1, (-1, rows.shape[1]))


class BiasedPathNetwork(nn.Module):
    """As `PathNetwork`, but two ordinary linear layers with biases, and a SiLU between."""

    def __init__(self, inputs: int, hidden: int, paths: int, channels: int) -> None:
        super().__init__()
        self.first, last = nn.Linear(inputs, hidden), nn.Linear(hidden, paths * channels)
        self.last = nn.Parameter(last.weight.detach().unflatten(0, (paths, channels)))
        self.bias = nn.Parameter(last.bias.detach().unflatten(0, (paths, channels)))

    def forward(self, x: Float[Tensor, "rows n"], kept: Int[Tensor, " k"] | None = None) -> Float[Tensor, "rows k u"]:
        """For the kept paths (default all)."""
        rows, bias = (part if kept is None else part[kept.to(part.device)] for part in (self.last, self.bias))
        return (F.silu(self.first(x)) @ rows.flatten(0, 1).T + bias.flatten()).unflatten(-1, (-1, rows.shape[1]))


class PathWeights(nn.Module):
    """The weights of a tensor product, for each row and kept path: a network of the distance times one of scalars.

    biased: the network of scalars is a `BiasedPathNetwork`.
    """

    def __init__(
        self, distances: int, scalars: int, hidden: int, paths: int, channels: int, biased: bool = False
    ) -> None:
        super().__init__()
        self.of_distance = PathNetwork(distances, hidden, paths, channels)
        self.of_scalars = (BiasedPathNetwork if biased else PathNetwork)(scalars, hidden, paths, channels)

    def forward(
        self, rbf: Float[Tensor, "rows n"], s: Float[Tensor, "rows w"], kept: Int[Tensor, " k"] | None = None
    ) -> Float[Tensor, "rows k u"]:
        """The product of both networks' outputs, for the kept paths (default all)."""
        return self.of_distance(rbf, kept) * self.of_scalars(s, kept)


# sqrt of the mean of softplus(x) - log 2, squared, over a standard normal x: Gauss-Hermite quadrature.
_nodes, _weights = np.polynomial.hermite_e.hermegauss(80)
SOFTPLUS_SCALE = float(np.sqrt(((np.logaddexp(0, _nodes) - np.log(2)) ** 2 * _weights).sum() / _weights.sum()))


def shifted_softplus(x: Tensor) -> Tensor:
    """softplus(x) - log 2, scaled so that a standard normal input gives an output of mean square 1."""
    return (F.softplus(x) - log(2.0)) / SOFTPLUS_SCALE


def harmonics(L: int, directions: Float[Tensor, "rows 3"]) -> Float[Tensor, "rows m"]:
    """All spherical harmonics of degrees 0..L as differentiable polynomials of unit vectors, from degree 1 upwards.

    Y^(l+1) is the part of degree l + 1 of Y^l times Y^1, up to a factor that a single point decides.
    """
    one = 3**0.5 * directions[:, [1, 2, 0]]
    found = [torch.ones_like(directions[:, :1]), one][: L + 1]
    for l in range(1, L):
        outer = (found[-1][:, :, None] * one[:, None, :]).flatten(1)
        product = outer @ coupling_matrix(((l, 1, l + 1),), directions.dtype, directions.device)
        found.append(product * _lifting(l))
    return torch.cat(found, dim=-1)


@cache
def _lifting(l: int) -> float:
    """The factor from the coupled product of Y^l and Y^1 to Y^(l+1), at the point z."""
    z = np.array([[0.0, 0.0, 1.0]])
    Yl, Y1 = spherical_harmonics(l, z)[0], spherical_harmonics(1, z)[0]
    coupled = np.einsum("i,j,ijk->k", Yl, Y1, wigner_3j(l, 1, l + 1))[l + 1]
    return float(spherical_harmonics(l + 1, z)[0, l + 1] / coupled)
