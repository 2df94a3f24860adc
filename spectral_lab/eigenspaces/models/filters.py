"""The filters φ_1, ..., φ_m of SPE: m separate functions of the eigenvalues, evaluated side by side.

Each maps eigenvalues [b, d] and where they exist [b, d] to weights [b, d, m], which are 0 where none exists.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.eigenspaces.filters import DEGREE, spline_knots
from spectral_lab.eigenspaces.models.layers import Packing, require_sizes


class ElementwiseFilters(nn.Module):
    """m separate perceptrons R -> R with batch norm, evaluated together: λ [b, d] -> [b, d, m]."""

    def __init__(self, channels: int, layers: int, width: int):
        super().__init__()
        widths = [1] + [width] * (layers - 1) + [1]
        self.linears = nn.ModuleList(GroupedLinear(channels, a, b) for a, b in pairwise(widths))
        # A norm over all m * width columns keeps the statistics of each network by itself.
        self.norms = nn.ModuleList(nn.BatchNorm1d(channels * width) for _ in range(layers - 1))
        self.channels = channels

    def forward(self, eigenvalues: Float[Tensor, "b d"], exists: Bool[Tensor, "b d"]) -> Float[Tensor, "b d m"]:
        packing = Packing(exists)
        lam = packing.pack(eigenvalues[..., None])  # [rows, 1]
        x = lam[:, None, :].expand(-1, self.channels, 1)  # [rows, m, 1]
        for linear, norm in zip(self.linears, self.norms, strict=False):
            x = linear(x)
            x = torch.relu(norm(x.flatten(1))).view_as(x)
        return packing.unpack(self.linears[-1](x).squeeze(2))


class DeepSetsFilters(nn.Module):
    """m separate DeepSets over the eigenvalues: x_i -> ReLU(W1 x_i + b + W2 Σ_k x_k), also after the last layer.

    The published φ is therefore never negative, and a channel can die.
    """

    def __init__(self, channels: int, layers: int, width: int):
        super().__init__()
        widths = [1] + [width] * (layers - 1) + [1]
        pairs = list(pairwise(widths))
        self.own = nn.ModuleList(GroupedLinear(channels, a, b) for a, b in pairs)
        self.all = nn.ModuleList(GroupedLinear(channels, a, b, bias=False) for a, b in pairs)
        self.channels = channels

    def forward(self, eigenvalues: Float[Tensor, "b d"], exists: Bool[Tensor, "b d"]) -> Float[Tensor, "b d m"]:
        keep = exists[..., None, None].to(eigenvalues)
        x = eigenvalues[..., None, None].expand(-1, -1, self.channels, 1) * keep  # [b, d, m, 1]
        for own, everyone in zip(self.own, self.all, strict=True):
            x = torch.relu(own(x) + everyone(x.sum(dim=1, keepdim=True))) * keep
        return x.squeeze(3)


class GroupedLinear(nn.Module):
    """m linear maps side by side, [..., m, inp] -> [..., m, out], each started like `nn.Linear`."""

    def __init__(self, groups: int, inp: int, out: int, bias: bool = True):
        super().__init__()
        bound = inp**-0.5
        self.weight = nn.Parameter(torch.empty(groups, out, inp).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(groups, out).uniform_(-bound, bound)) if bias else None

    def forward(self, x: Float[Tensor, "*batch m inp"]) -> Float[Tensor, "*batch m out"]:
        y = torch.einsum("...mi,moi->...mo", x, self.weight)
        return y if self.bias is None else y + self.bias


class SplineFilters(nn.Module):
    """m cubic splines with equal pieces on [0, 2]: their steepness grows with the number of pieces.

    The B-splines are evaluated by the recursion of Cox and de Boor; see `spline_design` for the same on numpy.
    """

    def __init__(self, channels: int, pieces: int):
        super().__init__()
        require_sizes(channels=channels, pieces=pieces)
        self.pieces = pieces
        self.coefficients = nn.Parameter(torch.randn(pieces + DEGREE, channels))
        # Knots as whole multiples of 2/pieces: the module may change its precision, and they stay exact.
        multiples = np.rint(spline_knots(pieces) * pieces / 2).astype(np.int64)
        self.register_buffer("multiples", torch.from_numpy(multiples), persistent=False)

    def forward(self, eigenvalues: Float[Tensor, "b d"], exists: Bool[Tensor, "b d"]) -> Float[Tensor, "b d m"]:
        return self.design(eigenvalues) @ self.coefficients * exists[..., None]

    def design(self, eigenvalues: Float[Tensor, "b d"]) -> Float[Tensor, "b d coefficients"]:
        """The values of the pieces + 3 B-splines."""
        t = self.get_buffer("multiples").to(eigenvalues) * 2 / self.pieces
        last = torch.nextafter(t[-1], t[0])  # the last piece is closed on the right
        x = eigenvalues.clamp(t[0], last)[..., None]
        basis = ((t[:-1] <= x) & (x < t[1:])).to(eigenvalues)
        for k in range(1, DEGREE + 1):
            left, right = t[k:-1] - t[: -k - 1], t[k + 1 :] - t[1:-k]
            rising = (x - t[: -k - 1]) / torch.where(left > 0, left, 1.0) * (left > 0)
            falling = (t[k + 1 :] - x) / torch.where(right > 0, right, 1.0) * (right > 0)
            basis = rising * basis[..., :-1] + falling * basis[..., 1:]
        return basis


class LipschitzFilters(nn.Module):
    """m ReLU perceptrons R -> R without norms whose Lipschitz constants are at most K.

    Every layer is divided by its spectral norm and multiplied by K^{1/layers}; the matrices are tiny, so the norm is
    exact. The product of the layers' norms bounds the constant of the network.
    """

    def __init__(self, channels: int, layers: int, width: int, lipschitz: float):
        super().__init__()
        require_sizes(channels=channels, layers=layers, width=width)
        widths = [1] + [width] * (layers - 1) + [1]
        self.linears = nn.ModuleList(GroupedLinear(channels, a, b) for a, b in pairwise(widths))
        self.scale = checks.number(lipschitz, "lipschitz", above=0.0) ** (1 / layers)
        self.channels = channels

    def forward(self, eigenvalues: Float[Tensor, "b d"], exists: Bool[Tensor, "b d"]) -> Float[Tensor, "b d m"]:
        x = eigenvalues[..., None, None].expand(-1, -1, self.channels, 1)  # [b, d, m, 1]
        for depth, linear in enumerate(self.linears):
            x = torch.relu(x) if depth else x
            bias: Tensor = linear.bias  # type: ignore[assignment]
            x = torch.einsum("...mi,moi->...mo", x, self.normalised(depth)) + bias
        return x.squeeze(3) * exists[..., None]

    def normalised(self, depth: int) -> Float[Tensor, "m out inp"]:
        """The weights of a layer with spectral norm K^{1/layers} in every network."""
        weight: Tensor = self.linears[depth].weight  # type: ignore[assignment]
        return weight * (self.scale / torch.linalg.matrix_norm(weight, 2))[:, None, None]
