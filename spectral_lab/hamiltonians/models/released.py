"""The released weights of QHNet and SPHNet in our layout.

The names are those of the authors' code (OpenDFT/QHBench/QH9 of github.com/divelab/AIRS, github.com/microsoft/SPHNet),
whose layers are e3nn's. e3nn keeps weights flat, divides by the root of the inputs at each call, and scales its
softplus by a mean that it draws.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from math import log
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spectral_lab.hamiltonians.models.layers import SOFTPLUS_SCALE, BiasedPathNetwork, EquivariantLinear, PathNetwork
from spectral_lab.training import published

# Released names by ours in a convolution, and in a layer of single atoms or of pairs.
CONVOLUTION = {
    "fc_node.layer0.weight": "weights.of_distance.first", "fc_node.layer1.weight": "weights.of_distance.last",
    "layer_l0.layer0.weight": "weights.of_scalars.first", "layer_l0.layer1.weight": "weights.of_scalars.last",
    "linear_out": "linear", "linear_node_pre": "inner", "norm_gate.fc": "before.0.network", "linear_node": "before.1",
    "pair_select_layer": "pair_gate.score", "norm.norm_l0": "norm.scalars", "norm.affine_weight": "norm.weight",
}  # fmt: skip
ATOMS = {
    "norm_gate_1.fc": "left.0.network", "linear_node_1": "left.1", "norm_gate_2.fc": "right.0.network",
    "linear_node_2": "right.1", "norm_gate.fc": "after.0.network", "linear_node_3": "after.1",
}  # fmt: skip
PAIRS = {
    "fc_node_pair.layer0.weight": "weights.of_distance.first", "fc_node_pair.layer1.weight": "weights.of_distance.last",
    "fc.0": "weights.of_scalars.first", "fc.2.weight": "weights.of_scalars.last",
    "fc.2.bias": "weights.of_scalars.bias", "linear_node_pair_inner": "inner", "norm_gate_pre.fc": "before.0.network",
    "norm_gate.fc": "after.0.network", "pair_select_layer": "pair_gate.score",
}  # fmt: skip
# And in the two kinds of vectorial layers of SPHNet.
SHORT = {
    "layernorm": "norm", "q_proj": "query", "k_proj": "key", "v_proj": "value", "dk_proj": "edge_key",
    "dv_proj": "edge_value", "f_proj": "edge_update", "s_proj": "to_vectors", "o_proj": "output",
    "vec_proj": "vectors", "trg_proj": "of_receiver", "src_proj": "of_sender",
}  # fmt: skip
LONG = {
    "layernorm_node.": "norm.", "layernorm_group.": "group_norm.", "model_2.q": "query", "model_2.k": "key",
    "model_2.val": "value", "model_2.mlp_scalar_pos": "along", "model_2.mlp_scalar_vec": "scale",
} | {
    f"model_2.linears.{n}": ours for n, ours in enumerate(
        ("output.0", "vectors.2", "vectors.0", "vectors.1", "output.1", "output.2")
    )
}  # fmt: skip
VECTORIAL = {
    "node_fea_init.distance_encoder": "rbf", "node_fea_init.rbf_linear": "edge",
    "node_fea_init.neighbor_embedding.embedding": "neighbours",
    "node_fea_init.neighbor_embedding.distance_proj": "filter", "node_fea_init.neighbor_embedding.combine": "combine",
    "mlp_node_fea": "start", "bipartite_edge_fea_init.distance_encoder": "group_rbf",
    "bipartite_edge_fea_init.rbf_linear": "group_edge", "out_norm1": "short_norm", "out_norm2": "long_norm",
    "output": "output",
}  # fmt: skip

# Constants of e3nn, and layers that the released code makes and does not call.
UNUSED = (
    r".*\.(output_mask|_compiled_main.*)|.*\.(mul|norm\.tp|inner_product)\..*|(.*\.)?output_i[ij]\.bias"
    r"|.*\.0\.conv\.(norm_gate|linear_node|linear_node_pre)\..*"
)
QHNET_UNUSED = (
    r"|.*\.(norm|tp_node|tp_node_pair|tp_node_pair_2)\..*|expand_i[ij]\.hamiltonian\.weights"
    r"|distance_expansion\.(logc|n|v|cutoff)|e3_gnn_node_pair_layer\.\d\.linear_node_pair_2\..*"
)
SPHNET_UNUSED = (
    r"|mean|std|.*\._compiled_expansion\..*|.*\.balance_degree_weight|.*\.(rbf|radial_basis_functions)\.(logc|n|v|cutoff)"
    r"|.*\.(tp_node|tp_sp|tp_node_pair_sp|tp_node_pair_fix)\..*|hami_model\.e3_gnn_node_pair_layer\.0\.pair_select_layer\..*"
    r"|.*\.Vectorial_interaction\.(mlp_node_vec_fea|edge_fea_init|out_energy)\..*|.*\.layernorm_(node|group)_vec\..*"
)


def _under(theirs: str, ours: str, parts: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"{theirs}.{name}", f"{ours}.{mine}") for name, mine in parts.items()]


def _heads(at: str, ours: str) -> list[tuple[str, str]]:
    return [
        (f"{at}fc_{end}{bias}.hamiltonian", f"{ours}of_{rows}.of_{made}")
        for end, rows in (("ii", "atoms"), ("ij", "pairs")) for bias, made in (("_bias", "biases"), ("", "weights"))
    ] + [(f"{at}output_ii", f"{ours}narrow"), (f"{at}output_ij", f"{ours}narrow_pairs")]  # fmt: skip


def load_qhnet(model: nn.Module, state: Mapping[str, Any], channels: int, convolutions: int) -> list[str]:
    """Copy released weights into a QHNet, or change nothing and raise. Returns the names that are not used.

    Raises: ValueError with the name of what is missing, foreign or misshaped.
    """
    known = [("node_embedding", "embedding"), ("distance_expansion._alpha", "rbf.raw_alpha"), *_heads("", "")]
    for n in range(convolutions):
        known += _under(f"e3_gnn_layer.{n}.conv", f"convolutions.{n - 1}" if n else "lifting", CONVOLUTION)
    for n in range(2):
        known += _under(f"e3_gnn_node_layer.{n}", f"self_layers.{n}", ATOMS | {"tp.weight": "weight"})
        ends = {"linear_node_pair_n": "before.1", "linear_node_pair": "after.1"}
        known += _under(f"e3_gnn_node_pair_layer.{n}", f"pair_layers.{n}", PAIRS | ends)

    def receiver_once(name: str, value: Tensor) -> Tensor:
        """The released convolutions read the receiver's scalars twice and the sender's never; ours read both."""
        if ".layer_l0.layer0." not in name:
            return value
        twice = value[:, :channels] + value[:, channels : 2 * channels]
        return torch.cat([twice, torch.zeros_like(twice), value[:, 2 * channels :]], dim=1)

    return _load(model, state, known, UNUSED + QHNET_UNUSED, {"distance_expansion.cutoff": "rbf"}, receiver_once)


def load_sphnet(model: nn.Module, state: Mapping[str, Any], channels: int, layers: int) -> list[str]:
    """Copy released weights into a SPHNet, as `load_qhnet` does; names may begin with "model.", as in training.

    Raises: ValueError with the name of what is missing, foreign or misshaped.
    """
    state = {name.removeprefix("model."): value for name, value in published.mapping(state).items()}
    scalars = "representation_model.Vectorial_interaction"
    known = [
        (f"{scalars}.node_fea_init.embedding", "embedding"), ("hami_model.rbf._alpha", "pair_rbf.raw_alpha"),
        ("representation_model.radial_basis_functions._alpha", "rbf.raw_alpha"), *_heads("hami_model.", "head."),
    ]  # fmt: skip
    for n, ours in enumerate(("lifting", "convolution")):
        known += _under(f"representation_model.Spherical_interaction.{n}.conv", ours, CONVOLUTION)
    for n in range(2):
        known += _under(f"hami_model.e3_gnn_node_layer.{n}", f"self_layers.{n}", ATOMS | {"tp_fix.weight": "weight"})
        ends = {"linear_node_pair_input": "before.1", "node_residual": "after.1"}
        known += _under(f"hami_model.e3_gnn_node_pair_layer.{n}", f"pair_layers.{n}", PAIRS | ends)
    for n in range(layers):
        known += _under(f"{scalars}.visnet_att0.{n}", f"scalars.short.{n}", SHORT)
        known += _under(f"{scalars}.longshortinteract_models.{n}", f"scalars.long.{n}", LONG)
    known += _under(scalars, "scalars", VECTORIAL)

    def first_half(name: str, value: Tensor) -> Tensor:
        """The released code makes a second start for the long layers, and does not use it."""
        if not name.startswith(f"{scalars}.mlp_node_fea."):
            return value
        return _of_shape(value, (2 * channels, *[channels] * (value.ndim - 1)), name)[:channels]

    cutoffs = {"representation_model.radial_basis_functions.cutoff": "rbf", "hami_model.rbf.cutoff": "pair_rbf"}
    return _load(model, state, known, UNUSED + SPHNET_UNUSED, cutoffs, first_half)


def _load(
    model: nn.Module, state: Mapping[str, Any], known: list[tuple[str, str]], unused: str, cutoffs: Mapping[str, str],
    adjusted: Callable[[str, Tensor], Tensor],
) -> list[str]:  # fmt: skip
    """Lay the used tensors out as ours, adjust them, and load all. cutoffs: released names, and what equals them."""
    own, theirs = model.state_dict(), published.mapping(state)
    laid_out = dict(theirs)
    for name, value in theirs.items():
        ours = published.rename(name, known)
        if ours in own and not re.fullmatch(unused, name):
            laid_out[name] = adjusted(name, _laid_out(model, ours, name, torch.as_tensor(value), own[ours].shape))
    for name, place in cutoffs.items():
        cutoff = model.get_submodule(place).cutoff
        if (given := float(theirs.get(name, cutoff))) != cutoff:
            raise ValueError(f"state_dict must have {name} {cutoff:g} (Angstrom), got {given:g}")
    return published.load(model, laid_out, known, unused)


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
    if re.fullmatch(r"self_layers\.\d\.weight", ours):
        return _of_shape(value, (shape.numel(),), name).reshape(shape)
    return value


def _of_shape(value: Tensor, wanted: tuple[int, ...], name: str) -> Tensor:
    if tuple(value.shape) != wanted:
        raise ValueError(f"state_dict must hold {name} of shape {wanted}, got {tuple(value.shape)}")
    return value


@cache
def _softplus_ratio() -> float:
    """Our scale of the softplus over e3nn's, a mean over a million normal numbers that are drawn with seed 0."""
    x = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return float(SOFTPLUS_SCALE / (F.softplus(x) - log(2)).square().mean().sqrt())
