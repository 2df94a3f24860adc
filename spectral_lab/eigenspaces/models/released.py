"""Weights and parameter counts of the authors' released models, told in this chapter's names.

The released code (Graph-COM/SPE) calls the paper's φ "psi" and the paper's ρ "phi"; it also registers some modules
that it never uses. Both are settled here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from spectral_lab.eigenspaces.models.basisnet import BasisNet
from spectral_lab.eigenspaces.models.gine import GINE
from spectral_lab.eigenspaces.models.layers import MLP
from spectral_lab.eigenspaces.models.peg import PEG
from spectral_lab.eigenspaces.models.spe import SPE

# Applied in this order; the first group of rules places a module, the second names what is inside it.
_RULES = [
    (r"^node_features\.", "nodes."),
    (r"^pe_embedding\.", "embed."),
    (r"^fc\.", "merge."),
    (r"^base_model\.mlp\.", "head."),
    (r"^base_model\.gine\.layers\.(\d+)\.edge_features\.", r"layers.\1.edges."),
    (r"^base_model\.gine\.layers\.(\d+)\.pe_embedding\.", r"layers.\1.PER_LAYER."),
    (r"^base_model\.gine\.layers\.", "layers."),
    (r"^positional_encoding\.phi\.gin\.", "encoder.rho."),
    (r"^positional_encoding\.phi\.encs\.", "encoder.readers."),
    (r"^positional_encoding\.", "encoder."),
    (r"\.layers\.(\d+)\.fc\.", r".linears.\1."),
    (r"\.layers\.(\d+)\.bn\.", r".norms.\1."),
    (r"\.bns\.", ".norms."),
    (r"\.batch_norms\.", ".norms."),
    (r"\.equi_layers\.0\.", ".first."),
    (r"\.equi_layers\.1\.", ".rest.0."),
    (r"\.equi_layers\.2\.", ".rest.1."),
    (r"\.coeffs$", ".coefficients"),
    (r"\.fc1\.", ".hidden."),
    (r"\.fc2\.", ".last."),
]
_UNUSED = [
    r"^positional_encoding\.phi\.mlp\.",  # beside ρ
    r"^positional_encoding\.phi\.encs\.\d+\.bns\.3\.",  # the fourth norm of a three-layer network
]


def load_released_weights(model: GINE, state: Mapping[str, Tensor]) -> None:
    """Fill a `GINE` from a state dict with the released names, in place; unused modules are skipped.

    Raises:
        ValueError: if the state does not fit the model, with the names that do not.
    """
    own = model.state_dict()
    translated: dict[str, Tensor] = {}
    filters: dict[str, list[Tensor]] = {}
    for name, value in state.items():
        if any(re.match(pattern, name) for pattern in _UNUSED):
            continue
        if isinstance(model.encoder, PEG) and name.startswith("pe_embedding."):
            continue  # PEG reads lengths only, but the released model embeds V all the same
        if match := re.match(r"^positional_encoding\.psi_list\.\d+\.(.*)", name):
            filters.setdefault(match.group(1), []).append(value)
            continue
        translated[_translate(name, model)] = value
    for name, values in filters.items():
        translated[_translate_filter(name, own)] = torch.cat([torch.atleast_1d(v) for v in values])
    missing = [name for name in own if name not in translated and not name.endswith(_BUFFERS)]
    wrong = [name for name, value in translated.items() if name not in own or not _fits(name, value, own[name])]
    if missing or wrong:
        raise ValueError(f"state does not fit the model: missing {missing}, of no use or of another shape {wrong}")
    with torch.no_grad():
        for name, value in translated.items():
            own[name].copy_(value[0] if own[name].ndim == 0 else value.reshape(own[name].shape))


def released_parameter_count(model: GINE) -> int:
    """The trainable numbers that the released code counts for this model, its unused modules included."""
    unused: list[nn.Module] = []
    encoder = model.encoder
    if isinstance(encoder, SPE):
        first: Any = encoder.rho.layers[0].mlp
        width, normed = first.linears[0].out_features, not all(isinstance(norm, nn.Identity) for norm in first.norms)
        unused = [MLP(len(first.linears), encoder.out, width, encoder.out, "batch" if normed else "none")]
    elif isinstance(encoder, BasisNet):
        readers: Any = encoder.readers
        unused = [reader.norms[0] for reader in readers]
    elif isinstance(encoder, PEG):
        unused = [nn.Linear(encoder.d, model.width)]
    return sum(p.numel() for module in (model, *unused) for p in module.parameters())


_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def _translate(name: str, model: GINE) -> str:
    for pattern, replacement in _RULES:
        name = re.sub(pattern, replacement, name)
    name = name.replace("PER_LAYER", "lengths" if isinstance(model.encoder, PEG) else "encoding")
    # What is left of a perceptron is its last linear map, called fc without a number.
    if match := re.match(r"^(.*)\.fc\.(weight|bias)$", name):
        perceptron: Any = model.get_submodule(match.group(1))
        last = len(perceptron.linears) - 1
        name = f"{match.group(1)}.linears.{last}.{match.group(2)}"
    return name


def _translate_filter(name: str, own: Mapping[str, Tensor]) -> str:
    """The name of one φ's parameter, in the module that holds all φ side by side."""
    name = re.sub(r"^layers\.(\d+)\.fc_curr\.", r"own.\1.", name)
    name = re.sub(r"^layers\.(\d+)\.fc_all\.", r"all.\1.", name)
    name = re.sub(r"^layers\.(\d+)\.fc\.", r"linears.\1.", name)
    name = re.sub(r"^layers\.(\d+)\.bn\.", r"norms.\1.", name)
    last = max((int(k.split(".")[3]) for k in own if k.startswith("encoder.phi.linears.")), default=0)
    return "encoder.phi." + re.sub(r"^fc\.", f"linears.{last}.", name)


def _fits(name: str, value: Tensor, own: Tensor) -> bool:
    return name.endswith("num_batches_tracked") or value.numel() == own.numel()
