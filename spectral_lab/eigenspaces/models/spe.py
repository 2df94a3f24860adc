"""SPE: stable and expressive positional encodings (the paper, section 3)."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.eigenspaces.models.layers import GIN, Norm, Packing, eigen_mask


class SPE(nn.Module):
    """ρ(V diag(φ_1(λ)) V^T, ..., V diag(φ_m(λ)) V^T): a soft partition of the spectrum, read by a GIN.

    Each φ_l is a small network of its own on the eigenvalues. ρ runs a GIN over the rows i of the n x n x m tensor,
    all columns j in parallel, and sums over j. The output does not depend on the basis inside an eigenspace.

    Args:
        d: eigenpairs used; eigenvalues and eigenvectors must be padded to it.
        channels: m, the number of filters φ_l.
        phi: "mlp" (each eigenvalue by itself), "deepsets" (each sees the sum over all), or "constant" (φ = 1, which
            uses no eigenvalue and leaves the projector V V^T in every channel).
        phi_layers, phi_width: depth and width of each φ_l.
        rho_layers, rho_width: depth and width of the GIN ρ.
        out: width of the encoding, d if None.
        norm, dropout: inside ρ's perceptrons; φ always has batch norm, as published.
        count_padding: let padded eigenvalues take part in the sums of "deepsets", as the released code does.
    """

    def __init__(
        self,
        d: int,
        channels: int = 16,
        phi: str = "mlp",
        phi_layers: int = 3,
        phi_width: int = 16,
        rho_layers: int = 8,
        rho_width: int = 128,
        out: int | None = None,
        mlp_layers: int = 3,
        norm: Norm = "batch",
        dropout: float = 0.0,
        count_padding: bool = False,
    ):
        super().__init__()
        self.d, self.channels, self.out = checks.integer(d, "d", 1), channels, out or d
        self.count_padding = count_padding
        builders = {"mlp": ElementwiseFilters, "deepsets": DeepSetsFilters}
        checks.choice(phi, "phi", ("mlp", "deepsets", "constant"))
        self.phi = builders[phi](channels, phi_layers, phi_width) if phi in builders else None
        self.rho = GIN(rho_layers, channels, rho_width, self.out, mlp_layers, norm=norm, dropout=dropout)

    def weights(self, eigenvalues: Float[Tensor, "b d"], mask: Bool[Tensor, "b n"]) -> Float[Tensor, "b d m"]:
        """φ_l(λ) for all l; zero at padded eigenvalues."""
        exists = eigen_mask(mask, self.d)
        if self.phi is None:
            return exists[..., None].to(eigenvalues).expand(-1, -1, self.channels)
        return self.phi(eigenvalues, torch.ones_like(exists) if self.count_padding else exists)

    def forward(
        self,
        eigenvalues: Float[Tensor, "b d"],
        eigenvectors: Float[Tensor, "b n d"],
        adjacency: Float[Tensor, "b n n"],
        mask: Bool[Tensor, "b n"],
    ) -> Float[Tensor, "b n out"]:
        weights = self.weights(eigenvalues, mask)  # [b, d, m]
        # Rows (j, l) of V diag(φ_l), then one matrix product: cheaper than a three-operand einsum.
        weighted = eigenvectors[:, :, None, :] * weights.transpose(1, 2)[:, None]  # [b, j, m, d]
        tensor = torch.einsum("bid,bjmd->bijm", eigenvectors, weighted)
        rows = self.rho(tensor, adjacency, mask[:, :, None] & mask[:, None, :])  # [b, i, j, out]
        return rows.sum(dim=2)


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
