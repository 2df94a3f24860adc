"""Checkpoints: one safetensors file with the weights, the optimiser's state, and the run so far.

Weights and moments are tensors; the configuration, the position and the curves are JSON in the file's metadata. One
file, replaced atomically, cannot disagree with itself, and a digest tells a damaged one. No pickle is read or written:
loading a file from a stranger runs no code. There is no random state to keep, because the loop derives each step's
randomness from the seed, the step and the process (see `loop.reseed`): those three numbers are the random state.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from spectral_lab.training.files import write_atomically
from spectral_lab.training.recipe import Recipe, differences

FORMAT = "spectral_lab.training 1"


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message says why, and the file is left as it is."""


def save_checkpoint(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Write the weights, the optimiser's state and `state` (JSON values), atomically."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    numbers: dict[str, Any] = {}
    for index, entries in optimiser.state_dict()["state"].items():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimiser.{index}.{name}"] = value
            else:
                numbers[f"{index}.{name}"] = value
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    metadata = {"format": FORMAT, "state": json.dumps(state), "optimiser": json.dumps(numbers)}
    write_atomically(path, save(tensors, metadata | {"digest": _digest(tensors, metadata)}))


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


def load_checkpoint(path: Path, recipe: Recipe, model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """Put a checkpoint's weights and optimiser state into place, and return its JSON part.

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
    weights = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    own = {name: value.shape for name, value in model.state_dict().items()}
    if own != {name: value.shape for name, value in weights.items()}:
        raise CheckpointError(f"{path} holds other tensors than this model: the model's code has changed since.")
    restored = optimiser.state_dict()
    restored["state"] = {}
    for name, value in {**_under("optimiser.", tensors), **numbers}.items():
        index, entry = name.split(".", 1)
        restored["state"].setdefault(int(index), {})[entry] = value
    model.load_state_dict(weights)
    optimiser.load_state_dict(restored)
    return state


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint at {path}") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is not a whole safetensors file ({error}). It was left as it is.") from None
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"{path} is a safetensors file, but not a checkpoint of this kit. It was left as it is.")
    digest = _digest(tensors, metadata)
    if metadata.get("digest", digest) != digest:
        raise CheckpointError(f"{path} is damaged: its content does not match its digest. It was left as it is.")
    return tensors, json.loads(metadata["state"]), json.loads(metadata["optimiser"])


def _digest(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> str:
    """A hash of every byte that matters, so that a flipped bit in a weight is not trained on."""
    digest = sha256(f"{metadata['state']}{metadata['optimiser']}".encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _holds_more(one: Path, other: Path) -> bool:
    """Whether both are checkpoints of the same recipe and the first is at least as far as the second."""
    try:
        a, b = read_state(one), read_state(other)
    except CheckpointError:
        return False
    return a["recipe"] == b["recipe"] and a["step"] >= b["step"]


def _under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
