"""The small models of `spectral_lab.generation.models.shipped`: train the miniatures, and write weights and records.

    python tools/ship_streams.py [NAME ...]

Each takes about a minute of one core.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from torch import nn

from spectral_lab import atomic
from spectral_lab.generation.models.shipped import FOLDER, SHIPPED
from spectral_lab.generation.recipe import RECIPES
from spectral_lab.training import Recipe, Text, train


def halves(model: nn.Module) -> dict[str, np.ndarray]:
    """Parameters by name, in half precision."""
    return {name: p.detach().cpu().numpy().astype(np.float16) for name, p in model.named_parameters()}


def ship(name: str) -> None:
    """Train one model, and write its weights and its record."""
    recipe = RECIPES[SHIPPED[name]]("miniature")
    assert isinstance(recipe, Recipe)
    with TemporaryDirectory() as folder:
        run = train(recipe, folder=Path(folder), reporter=Text())
        record = json.loads(run.save(Path(folder)).read_text())
    with atomic.writing(FOLDER / f"{name}.npz") as file:
        np.savez_compressed(file, **halves(run.model))
    atomic.write_atomically(FOLDER / f"{name}.json", (json.dumps(record, indent=1) + "\n").encode())
    print(name, run.metrics)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for stream in sys.argv[1:] or SHIPPED:
        ship(stream)
