"""Published checkpoints: the names of their tensors in the terms of this package, checked, and nothing unpickled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn


def load(model: nn.Module, state: Mapping[str, Any], names: Sequence[tuple[str, str]], unused: str = "") -> list[str]:
    """Copy published tensors into a model, or change nothing and raise. Returns the names that were left out.

    Arguments and errors as for `matched`.
    """
    tensors, left_out = matched(model, state, names, unused)
    model.load_state_dict(tensors, strict=False)
    return left_out


def matched(
    model: nn.Module, state: Mapping[str, Any], names: Sequence[tuple[str, str]], unused: str = ""
) -> tuple[dict[str, Tensor], list[str]]:
    """(published tensors by the names of a model, names that were left out), checked; the model is not touched.

    Args: state, from published names to tensors, as torch.load(path, weights_only=True) reads them; names, pairs (how a
    published name begins, how this package's begins), the first that fits; unused, a pattern of names to leave out.
    Raises: ValueError with the name of what is missing, foreign or misshaped.
    """
    state = mapping(state)
    left_out = [name for name in state if unused and re.fullmatch(unused, name)]
    wanted, own = model.state_dict(), {rename(name, names): name for name in state if name not in left_out}
    published = {rename_back(name, names): name for name in wanted if not name.endswith("num_batches_tracked")}
    if missing := [name for name, ours in published.items() if ours not in own]:
        raise ValueError(f"state_dict must hold {missing[0]}, which is missing ({len(missing)} in all)")
    if foreign := sorted(name for ours, name in own.items() if ours not in wanted):
        raise ValueError(f"state_dict holds {foreign[0]}, which this model has not ({len(foreign)} in all)")
    return {ours: fitting(state[name], wanted[ours], name) for ours, name in own.items()}, sorted(left_out)


def mapping(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same mapping. Raises: ValueError if it does not map names."""
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        raise ValueError(f"state_dict must map names to tensors, got {type(state).__name__}")
    return state


def fitting(value: Any, like: Tensor, name: str) -> Tensor:
    """A tensor in the shape and type of another; kernels of one point (out, in, 1, ..., 1) are matrices here."""
    tensor = torch.as_tensor(value)
    shape = tuple(tensor.shape)
    if len(shape) > like.ndim and set(shape[like.ndim :]) == {1}:
        shape = shape[: like.ndim]
    if shape != tuple(like.shape):
        raise ValueError(f"state_dict must hold {name} of shape {tuple(like.shape)}, got {tuple(tensor.shape)}")
    if tensor.is_complex() != like.is_complex():
        kind = "complex" if like.is_complex() else "real"
        raise ValueError(f"state_dict must hold {kind} numbers as {name}, got {tensor.dtype}")
    if not tensor.isfinite().all():
        raise ValueError(f"state_dict must hold finite numbers as {name}, but some are NaN or infinite")
    return tensor.reshape(like.shape).to(like.dtype)


def rename(name: str, names: Sequence[tuple[str, str]]) -> str:
    """A published name in the terms of this package."""
    for theirs, ours in names:
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name


def rename_back(name: str, names: Sequence[tuple[str, str]]) -> str:
    """A name of this package as it was published."""
    return rename(name, [(ours, theirs) for theirs, ours in names])
