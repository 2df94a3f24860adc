"""SPE: stable and expressive positional encodings (the paper, section 3)."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.eigenspaces.models.filters import DeepSetsFilters, ElementwiseFilters
from spectral_lab.eigenspaces.models.layers import GIN, Norm, eigen_mask, require_pairs, require_sizes


class SPE(nn.Module):
    """ρ(V diag(φ_1(λ)) V^T, ..., V diag(φ_m(λ)) V^T): a soft partition of the spectrum, read by a GIN.

    Each φ_l is a small network of its own on the eigenvalues. ρ runs a GIN over the rows i of the n x n x m tensor,
    all columns j in parallel, and sums over j. The output does not depend on the basis inside an
    eigenspace, unless d cuts through it.

    Args:
        d: eigenpairs used; eigenvalues and eigenvectors must be padded to it.
        channels: m, the number of filters φ_l.
        phi: "mlp" (each eigenvalue by itself), "deepsets" (each sees the sum over all), or "constant" (φ = 1, which
            uses no eigenvalue and leaves the projector V V^T in every channel); or a module of one's own that maps
            eigenvalues [b, d] and where they exist [b, d] to weights [b, d, channels].
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
        phi: str | nn.Module = "mlp",
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
        require_sizes(d=d, channels=channels, phi_layers=phi_layers, phi_width=phi_width)
        require_sizes(rho_layers=rho_layers, rho_width=rho_width, mlp_layers=mlp_layers, out=d if out is None else out)
        self.d, self.channels, self.out = d, channels, d if out is None else out
        self.count_padding = count_padding
        if not isinstance(phi, nn.Module):
            builders = {"mlp": ElementwiseFilters, "deepsets": DeepSetsFilters}
            checks.choice(phi, "phi", ("mlp", "deepsets", "constant"))
            self.phi = builders[phi](channels, phi_layers, phi_width) if phi in builders else None
        else:
            self.phi = phi
        self.rho = GIN(rho_layers, channels, rho_width, self.out, mlp_layers, norm=norm, dropout=dropout)

    def weights(self, eigenvalues: Float[Tensor, "b d"], mask: Bool[Tensor, "b n"]) -> Float[Tensor, "b d m"]:
        """φ_l(λ) for all l; zero at padded eigenvalues."""
        require_pairs(eigenvalues, self.d)
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
