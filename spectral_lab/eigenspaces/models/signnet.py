"""SignNet: sign invariance by symmetrising over each eigenvector (Lim et al., ICLR 2023)."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.eigenspaces.models.layers import GIN, MLP, Norm, Packing, eigen_mask, require_pairs, require_sizes


class SignNet(nn.Module):
    """ρ(φ(v_1) + φ(-v_1), ..., φ(v_d) + φ(-v_d)) with a GIN φ. It uses no eigenvalue.

    Invariant to signs, but not to the basis of an eigenspace with more than one dimension.

    Args:
        d: eigenvectors used.
        combine: "sum" adds the features of the eigenvectors that exist (the masked variant, for d = full);
            "concatenate" keeps them apart, 4 numbers each, padded eigenvectors included (for small d).
        phi_layers, width: depth and width of the GIN φ.
        rho_layers: depth of the perceptron ρ.
        out: width of the encoding, d if None.
        norm_between: batch norm between the layers of φ, as in the published ZINC and Alchemy models.
    """

    def __init__(
        self,
        d: int,
        combine: str = "sum",
        phi_layers: int = 8,
        width: int = 120,
        rho_layers: int = 8,
        out: int | None = None,
        mlp_layers: int = 3,
        norm: Norm = "batch",
        norm_between: bool = False,
    ):
        super().__init__()
        self.d, self.out = d, d if out is None else out
        require_sizes(d=d, phi_layers=phi_layers, width=width, rho_layers=rho_layers)
        require_sizes(mlp_layers=mlp_layers, out=self.out)
        self.concatenate = checks.choice(combine, "combine", ("sum", "concatenate")) == "concatenate"
        features = 4 if self.concatenate else width
        self.phi = GIN(phi_layers, 1, width, features, mlp_layers, norm=norm, norm_between=norm_between)
        self.rho = MLP(rho_layers, d * features if self.concatenate else features, width, self.out, norm)

    def forward(
        self,
        eigenvalues: Float[Tensor, "b d"],
        eigenvectors: Float[Tensor, "b n d"],
        adjacency: Float[Tensor, "b n n"],
        mask: Bool[Tensor, "b n"],
    ) -> Float[Tensor, "b n out"]:
        require_pairs(eigenvalues, self.d)
        exists = eigen_mask(mask, self.d)
        columns = mask[:, :, None] & (torch.ones_like(exists) if self.concatenate else exists)[:, None, :]
        v = eigenvectors[..., None]  # [b, n, d, 1]
        features = self.phi(v, adjacency, columns) + self.phi(-v, adjacency, columns)  # [b, n, d, features]
        features = features.flatten(2) if self.concatenate else features.sum(dim=2)
        nodes = Packing(mask)
        return nodes.unpack(self.rho(nodes.pack(features)))
