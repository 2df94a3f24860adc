"""The small networks of `spectral_lab.latent.miniatures`, from recorded runs: train, check, and write them.

    python tools/ship_networks.py [NAME ...]

trains the miniatures of the recipes darcy/lsm, darcy/fno, flow/lsm and flow/fno with seed 0 and writes
`spectral_lab/latent/weights/*.npz`, each with the record of its run beside.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from torch import nn

from spectral_lab import atomic
from spectral_lab.latent.data.fields import EPSILON, Fields
from spectral_lab.latent.data.generated import darcy_pairs
from spectral_lab.latent.miniatures import FOLDER, NETWORKS, packed
from spectral_lab.latent.recipe import RECIPES
from spectral_lab.training import Recipe, train


def numpy_weights(model: nn.Module) -> dict[str, np.ndarray]:
    """Parameters by name, in double precision; each batch norm is multiplied into the convolution before it."""
    found: dict[str, np.ndarray] = {}
    for name, parameter in model.named_parameters():
        array = parameter.detach().cpu().numpy()
        if np.iscomplexobj(array):
            found |= {f"{name}.real": array.real.astype(float), f"{name}.imag": array.imag.astype(float)}
        else:
            found[name] = array.astype(float).squeeze(
                axis=tuple(range(2, array.ndim)) if array.shape[2:] == (1, 1) else ()
            )
    for name, norm in model.named_modules():
        if isinstance(norm, nn.BatchNorm2d):
            gain, shift = found.pop(f"{name}.weight"), found.pop(f"{name}.bias")
            mean, variance = (part.double().cpu().numpy() for part in (norm.running_mean, norm.running_var))
            gain = gain / np.sqrt(variance + norm.eps)
            before = name[: name.rindex(".") + 1] + str(int(name[name.rindex(".") + 1 :]) - 1)
            found[f"{before}.weight"] = found[f"{before}.weight"] * gain[:, None, None, None]
            found[f"{before}.bias"] = shift - mean * gain
    return found


def normals(recipe: Recipe, train_set: Fields) -> dict[str, np.ndarray]:
    """Mean and scale of the inputs and of the targets, as the recipe's data have them."""
    size = recipe.data.options
    mean_in, scale_in = np.zeros(1), np.ones(1)
    if "darcy" in recipe.name:  # the inputs are kept normalised
        a, _ = darcy_pairs(size["K"], size["stride"], size["train"], 0)
        mean_in, scale_in = a.mean(0).numpy(), a.std(0).numpy() + EPSILON
    ours = {"mean_in": mean_in, "scale_in": scale_in, "mean": train_set.mean[0], "scale": train_set.scale[0]}
    return {name: np.asarray(array, dtype=float) for name, array in ours.items()}


def ship(name: str) -> None:
    """Train one network and write its weights and its record."""
    recipe = RECIPES[name.replace("-", "/")]("miniature")
    with TemporaryDirectory() as folder:
        run = train(recipe, folder=Path(folder))
        record = json.loads(run.save(Path(folder)).read_text())
    weights = numpy_weights(run.model.eval()) | normals(recipe, recipe.data()["train"])
    with atomic.writing(FOLDER / f"{name}.npz") as file:
        np.savez_compressed(file, **packed(weights))
    atomic.write_atomically(FOLDER / f"{name}.json", (json.dumps(record, indent=1) + "\n").encode())


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for network in sys.argv[1:] or NETWORKS:
        ship(network)
