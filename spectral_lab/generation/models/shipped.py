"""Two small models whose weights come with the course: what a recorded miniature had learned at its end.

`tools/ship_streams.py` trains them, and writes weights, in half precision, and the record of the run beside them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spectral_lab import checks
from spectral_lab.generation.models.unigenx import UniGenX
from spectral_lab.training.published import load

FOLDER = Path(__file__).parents[1] / "trained"
SHIPPED = {"unified": "unified/diffusion", "polymorphs": "polymorphs/diffusion"}  # name: recipe


@cache
def shipped(name: str) -> UniGenX:
    """The trained model, in evaluation mode. Raises ValueError on a name that is not in `SHIPPED`."""
    path = FOLDER / f"{checks.choice(name, 'name', SHIPPED)}.npz"
    model = UniGenX("uni", **shipped_record(name)["recipe"]["model"]["size"])
    with np.load(path, allow_pickle=False) as archive:
        load(model, {key: torch.tensor(array.astype(np.float32)) for key, array in archive.items()}, [])
    return model.eval()


def shipped_record(name: str) -> dict[str, Any]:
    """The record of the run that made the weights. Raises ValueError as `shipped`."""
    path = FOLDER / f"{checks.choice(name, 'name', SHIPPED)}.json"
    return json.loads(path.read_text(encoding="utf-8"))
