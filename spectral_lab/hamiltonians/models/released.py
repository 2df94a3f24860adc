"""The released weights of QHNet in our layout.

The names are those of the authors' code (OpenDFT/QHBench/QH9 of github.com/divelab/AIRS), whose layers are e3nn's. e3nn
keeps weights flat, divides by the root of the inputs at each call, and scales its softplus by a mean that it draws.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from math import log
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab.hamiltonians.models.layers import SOFTPLUS_SCALE, BiasedPathNetwork, EquivariantLinear, PathNetwork
from spectral_lab.hamiltonians.models.sphnet import SelfLayer
from spectral_lab.training import published

# Constants of e3nn, and layers that the released code makes and does not call.
UNUSED = (
    r".*\.(output_mask|_compiled_main.*)|.*\.(mul|norm|inner_product|tp_node|tp_node_pair|tp_node_pair_2)\..*"
    r"|output_i[ij]\.bias|expand_i[ij]\.hamiltonian\.weights|distance_expansion\.(logc|n|v|cutoff)"
    r"|e3_gnn_layer\.0\.conv\.(norm_gate|linear_node|linear_node_pre)\..*"
    r"|e3_gnn_node_pair_layer\.\d\.linear_node_pair_2\..*"
)


def names(convolutions: int) -> list[tuple[str, str]]:
    """Pairs (how a released name begins, how ours does), the first that fits."""
    ends = {"ii": "atoms", "ij": "pairs"}
    found = [("node_embedding", "embedding"), ("distance_expansion._alpha", "rbf.raw_alpha"),
             ("output_ii", "narrow"), ("output_ij", "narrow_pairs")]  # fmt: skip
    found += [(f"fc_{end}{bias}.hamiltonian", f"of_{ours}.of_{made}")
              for end, ours in ends.items() for bias, made in (("_bias", "biases"), ("", "weights"))]  # fmt: skip
    for n in range(convolutions):
        found += _under(f"e3_gnn_layer.{n}.conv", f"convolutions.{n - 1}" if n else "lifting", {
            "fc_node.layer0.weight": "weights.of_distance.first", "fc_node.layer1.weight": "weights.of_distance.last",
            "layer_l0.layer0.weight": "weights.of_scalars.first", "layer_l0.layer1.weight": "weights.of_scalars.last",
            "linear_out": "linear", "linear_node_pre": "inner", "norm_gate.fc": "before.0.network",
            "linear_node": "before.1",
        })  # fmt: skip
    for n in range(2):
        found += _under(f"e3_gnn_node_layer.{n}", f"self_layers.{n}", {
            "norm_gate_1.fc": "left.0.network", "linear_node_1": "left.1", "norm_gate_2.fc": "right.0.network",
            "linear_node_2": "right.1", "tp.weight": "weight", "norm_gate.fc": "after.0.network",
            "linear_node_3": "after.1",
        })  # fmt: skip
        found += _under(f"e3_gnn_node_pair_layer.{n}", f"pair_layers.{n}", {
            "fc_node_pair.layer0.weight": "weights.of_distance.first",
            "fc_node_pair.layer1.weight": "weights.of_distance.last", "fc.0": "weights.of_scalars.first",
            "fc.2.weight": "weights.of_scalars.last", "fc.2.bias": "weights.of_scalars.bias",
            "linear_node_pair_inner": "inner", "norm_gate_pre.fc": "before.0.network",
            "linear_node_pair_n": "before.1", "norm_gate.fc": "after.0.network", "linear_node_pair": "after.1",
        })  # fmt: skip
    return found


def _under(theirs: str, ours: str, parts: dict[str, str]) -> list[tuple[str, str]]:
    return [(f"{theirs}.{name}", f"{ours}.{mine}") for name, mine in parts.items()]


def load(model: nn.Module, state: Mapping[str, Any], channels: int, convolutions: int) -> list[str]:
    """Copy released weights into a QHNet, or change nothing and raise. Returns the names that are not used.

    Raises: ValueError with the name of what is missing, foreign or misshaped.
    """
    known, own = names(convolutions), model.state_dict()
    theirs = published.mapping(state)
    laid_out = {}
    for name, value in theirs.items():
        ours = published.rename(name, known)
        used = ours in own and not re.fullmatch(UNUSED, name)
        laid_out[name] = _laid_out(model, ours, name, torch.as_tensor(value), own[ours].shape) if used else value
        if ".layer_l0.layer0." in name and used:
            laid_out[name] = _receiver_once(laid_out[name], channels)
    cutoff = model.get_submodule("rbf").cutoff
    if (given := float(theirs.get("distance_expansion.cutoff", cutoff))) != cutoff:
        raise ValueError(f"state_dict must be of a network with cutoff {cutoff:g} Angstrom, got {given:g}")
    return published.load(model, laid_out, known, UNUSED)


def _laid_out(model: nn.Module, ours: str, name: str, value: Tensor, shape: torch.Size) -> Tensor:
    """A released tensor as our layer holds it; its shape is checked where it differs from ours."""
    place, _, part = ours.rpartition(".")
    layer = model.get_submodule(place)
    if isinstance(layer, PathNetwork):  # matrices from the left, paths and channels in a row
        wanted = tuple(shape[::-1]) if part == "first" else (shape[2], shape[0] * shape[1])
        size = 1.0 if part == "first" else _softplus_ratio()
        return size * _of_shape(value, wanted, name).T.reshape(shape)
    if isinstance(layer, BiasedPathNetwork):
        return _of_shape(value, (shape[0] * shape[1], *shape[2:]), name).reshape(shape)
    if isinstance(layer, EquivariantLinear) and part == "weight":  # flat, degree by degree
        return _of_shape(value, (shape.numel(),), name).reshape(shape) / shape[1] ** 0.5
    if isinstance(layer, SelfLayer):
        return _of_shape(value, (shape.numel(),), name).reshape(shape)
    return value


def _of_shape(value: Tensor, wanted: tuple[int, ...], name: str) -> Tensor:
    if tuple(value.shape) != wanted:
        raise ValueError(f"state_dict must hold {name} of shape {wanted}, got {tuple(value.shape)}")
    return value


def _receiver_once(weight: Float[Tensor, "hidden width"], channels: int) -> Float[Tensor, "hidden width"]:
    """The released convolutions read the receiver's scalars twice and the sender's never; ours read both."""
    twice = weight[:, :channels] + weight[:, channels : 2 * channels]
    return torch.cat([twice, torch.zeros_like(twice), weight[:, 2 * channels :]], dim=1)


@cache
def _softplus_ratio() -> float:
    """Our scale of the softplus over e3nn's, a mean over a million normal numbers that are drawn with seed 0."""
    x = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return float(SOFTPLUS_SCALE / (F.softplus(x) - log(2)).square().mean().sqrt())
