"""Checkpoints: one safetensors file with the weights, the optimiser's state, and the run so far.

Weights and moments are tensors; the configuration, the position and the curves are JSON in the file's metadata. One
file, replaced atomically, cannot disagree with itself, and a digest tells a damaged one. No pickle is read or written:
loading a file from a stranger runs no code. There is no random state to keep, because the loop derives each step's
randomness from the seed, the step and the process (see `loop.reseed`): those three numbers are the random state.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import nn

from spectral_lab.atomic import write_atomically
from spectral_lab.checkout import local_folder
from spectral_lab.records import to_json
from spectral_lab.training.recipe import Recipe, differences

FORMAT = "spectral_lab.training 3"  # 1 had no digest of the kinds and sizes of its tensors, 2 knew no callbacks


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message says why, and the file is left as it is."""


def runs_folder() -> Path:
    """Where checkpoints are kept: `SPECTRAL_LAB_RUNS` if set, else `runs/` of the checkout, else of this folder."""
    return local_folder("SPECTRAL_LAB_RUNS", "runs")


def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    state: dict[str, Any],
    average: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Write the weights, their average if there is one, the optimiser's state and `state` (JSON values), atomically."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in (average or {}).items()}
    numbers: dict[str, Any] = {}
    for index, entries in optimiser.state_dict()["state"].items():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimiser.{index}.{name}"] = value
            else:
                numbers[f"{index}.{name}"] = value
    # safetensors has no complex numbers of double precision: they are kept as pairs
    pairs = [name for name, value in tensors.items() if value.dtype == torch.complex128]
    tensors = {name: value.detach().cpu().resolve_conj() for name, value in tensors.items()}
    tensors |= {name: torch.view_as_real(tensors[name]) for name in pairs}
    tensors = {name: value.contiguous().clone() for name, value in tensors.items()}
    metadata = {"format": FORMAT, "state": to_json(state), "optimiser": json.dumps(numbers), "pairs": json.dumps(pairs)}
    write_atomically(path, save(tensors, metadata | {"digest": _digest(tensors, metadata)}))


def check_storable(model: nn.Module) -> None:
    """Refuse a model that a checkpoint cannot hold: better known before training. Raises: ValueError by name."""
    for name, value in model.state_dict().items():
        if not isinstance(value, torch.Tensor) or value.layout != torch.strided:
            raise ValueError(f"model must keep dense tensors to be saved, but {name} is {type(value).__name__}")
        try:
            if value.dtype != torch.complex128:
                save({name: torch.empty(0, dtype=value.dtype)})
        except Exception:  # safetensors raises KeyError for what it does not know
            raise ValueError(f"model must keep tensors that can be saved, but {name} is of {value.dtype}") from None


def read_state(path: Path) -> dict[str, Any]:
    """The JSON part of a checkpoint. Raises: CheckpointError if the file is truncated, damaged or not one of ours."""
    return _read(path)[1]


def set_aside(path: Path) -> Path:
    """Move a checkpoint to `*.previous.safetensors`, or `*.previous-2.safetensors` and so on; returns where it went.

    Only a checkpoint of the same recipe that was no further is replaced on the way: every step is kept once.
    """
    number = 1
    while True:
        aside = path.with_suffix(f".previous{'' if number == 1 else f'-{number}'}.safetensors")
        if not aside.exists() or _holds_more(path, aside):
            os.replace(path, aside)
            return aside
        number += 1


def load_checkpoint(
    path: Path,
    recipe: Recipe,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: Mapping[str, torch.Tensor] | None = None,
) -> dict[str, Any]:
    """Put a checkpoint's weights, their average and the optimiser's state into place, and return its JSON part.

    Everything is read and compared first: on an error neither model nor optimiser nor file has changed.
    Raises: CheckpointError for a truncated, damaged or foreign file, or one of another recipe or another model.
    """
    tensors, state, numbers = _read(path)
    changed = differences(state["recipe"], recipe.config())
    if changed:
        raise CheckpointError(
            f"{path} belongs to another configuration ({'; '.join(changed[:4])}). "
            "Use the recipe it was made with, or start anew (resume=False; without --resume), which keeps the old file."
        )
    weights, averages = _under("model.", tensors), _under("average.", tensors)
    if _kinds(model.state_dict()) != _kinds(weights) or _kinds(average or {}) != _kinds(averages):
        raise CheckpointError(f"{path} holds other tensors than this model: the model's code has changed since.")
    entries = _entries(path, {**_under("optimiser.", tensors), **numbers}, optimiser)
    model.load_state_dict(weights)
    for name, value in (average or {}).items():
        value.copy_(averages[name])
    optimiser.load_state_dict(optimiser.state_dict() | {"state": entries})
    return state


def _entries(path: Path, values: Mapping[str, Any], optimiser: torch.optim.Optimizer) -> dict[int, dict[str, Any]]:
    """The optimiser's state by parameter: numbers, and tensors that are single or as large as the parameter."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    entries: dict[int, dict[str, Any]] = {}
    for name, value in values.items():
        index, _, entry = name.partition(".")
        fits = index.isdecimal() and int(index) < len(parameters) and entry != ""
        if fits and isinstance(value, torch.Tensor):
            fits = value.ndim == 0 or value.shape == parameters[int(index)].shape
        if not fits:
            raise CheckpointError(f"{path} holds {name!r}, which is no state of this optimiser.")
        entries.setdefault(int(index), {})[entry] = value
    if len({tuple(sorted(entry)) for entry in entries.values()}) > 1:
        raise CheckpointError(f"{path} holds the optimiser's state in part.")
    return entries


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint at {path}") from None
    except Exception as error:  # a damaged file fails in many ways
        raise CheckpointError(f"{path} is not a whole safetensors file ({error}). It was left as it is.") from None
    if metadata.get("format") != FORMAT:
        if metadata.get("format", "").startswith("spectral_lab.training "):
            what = "a checkpoint of another version of this kit, which cannot go on from it: you may delete the file"
        else:
            what = "a safetensors file, but not a checkpoint of this kit"
        raise CheckpointError(f"{path} is {what}. It was left as it is.")
    if metadata.get("digest") != _digest(tensors, metadata):
        raise CheckpointError(f"{path} is damaged: its content does not match its digest. It was left as it is.")
    try:
        state, numbers, pairs = (json.loads(metadata[name]) for name in ("state", "optimiser", "pairs"))
        if not isinstance(state["recipe"], dict) or type(state["step"]) is not int or not isinstance(numbers, dict):
            raise TypeError("its recipe, its step or its optimiser are not of the right kind")
        tensors |= {name: torch.view_as_complex(tensors[name]) for name in pairs}
    except (KeyError, TypeError, ValueError, RuntimeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} does not hold what a checkpoint does ({error!r}). It was left as it is."
        ) from None
    return tensors, state, numbers


def _digest(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> str:
    """A hash of all that matters, so that a flipped bit in a weight is not trained on."""
    words = [metadata.get(name, "") for name in ("format", "state", "optimiser", "pairs")]
    kinds = [[name, str(tensors[name].dtype), *tensors[name].shape] for name in sorted(tensors)]
    digest = sha256(json.dumps([words, kinds]).encode())
    for name in sorted(tensors):
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _kinds(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[torch.dtype, torch.Size]]:
    return {name: (value.dtype, value.shape) for name, value in tensors.items()}


def _holds_more(one: Path, other: Path) -> bool:
    """Whether both are checkpoints of the same recipe and the first is at least as far as the second."""
    try:
        a, b = read_state(one), read_state(other)
    except CheckpointError:
        return False
    return a["recipe"] == b["recipe"] and a["step"] >= b["step"]


def _under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
