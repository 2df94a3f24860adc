"""The reference's models: parameters by formula, architectures from the released configuration."""

from __future__ import annotations

import numpy as np
import torch

from spectral_lab.eigenspaces import adjacency_batch, laplacian_spectra
from spectral_lab.eigenspaces.models import GINE, PEG, SPE, BasisNet, SignNet

PHI = {"mlp": "mlp", "deepsets": "deepsets", "zero": "constant"}


def filled(parameters: list, shift: float = 0.0) -> dict[str, torch.Tensor]:
    """The reference's rule: parameter t, flat index k, s = sin(0.37 k² + 1.1 (t + 1) + shift), scaled by its kind."""
    state = {}
    for t, name, shape in parameters:
        k = np.arange(1, int(np.prod(shape)) + 1)
        s = np.sin(0.37 * k * k + 1.1 * (t + 1) + shift)
        if len(shape) >= 2:
            value = 1.2 / np.sqrt(shape[-1]) * s
        elif name.endswith("bn.weight") or (".bns." in name and name.endswith("weight")):
            value = 1 + 0.2 * s
        else:
            value = 0.3 * s
        state[name] = torch.from_numpy(value.reshape(shape))
    return state


def without_per_layer(parameters: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {k: v for k, v in parameters.items() if not (k.startswith("base_model") and "pe_embedding" in k)}


def build(config: dict, inject: str, pe_dims: int | None = None) -> GINE:
    d, method = pe_dims or config["pe_dims"], config["pe_method"]
    phi_layers, phi_width = config["n_phi_layers"], config["phi_hidden_dims"]
    encoder = {
        "spe": lambda: SPE(
            d,
            config["n_psis"],
            PHI[config["psi_model_name"]],
            config["n_psi_layers"],
            config["psi_hidden_dims"],
            phi_layers,
            phi_width,
            count_padding=True,
        ),
        "masked_sign_inv": lambda: SignNet(d, "sum", phi_layers, phi_width, config["n_psi_layers"]),
        "sign_inv": lambda: SignNet(d, "concatenate", phi_layers, phi_width, config["n_psi_layers"]),
        "basis_inv": lambda: BasisNet(
            d, 5, phi_width, config["n_psi_layers"], mlp_width=config["mlp_hidden_dims"], partition="rounding"
        ),
        "id": lambda: PEG(d),
        "none": lambda: None,
    }[method]()
    return GINE(
        encoder,
        config["base_hidden_dims"],
        config["n_base_layers"],
        node_types=config["n_node_types"],
        edge_types=config["n_edge_types"],
        pooling={"add": "sum", "mean": "mean"}[config["pooling"]],
        inject=inject,
        hidden=config["mlp_hidden_dims"],
        mlp_layers=config["n_mlp_layers"],
    )


def batch(graphs: list, d: int, types: bool = False) -> dict[str, torch.Tensor]:
    """The inputs of `GINE` for a list of graphs; with `types`, node i has type i mod 3 and edge uv (u + v) mod 3."""
    spectra = laplacian_spectra(graphs, d)
    adjacency = torch.from_numpy(adjacency_batch(graphs)[1])
    b, n = spectra.mask.shape
    i = torch.arange(n)
    kinds = (i % 3, (i[:, None] + i) % 3) if types else (torch.zeros_like(i), torch.zeros(n, n, dtype=torch.long))
    return {
        "nodes": kinds[0].expand(b, n),
        "edges": kinds[1].expand(b, n, n),
        "adjacency": adjacency,
        "eigenvalues": torch.from_numpy(spectra.eigenvalues),
        "eigenvectors": torch.from_numpy(spectra.eigenvectors),
        "mask": torch.from_numpy(spectra.mask),
    }
