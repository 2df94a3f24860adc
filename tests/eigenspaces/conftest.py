"""Shared by the chapter's tests: the stored reference numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

REFERENCE = Path(__file__).parents[1] / "reference" / "spe"


@pytest.fixture(scope="session")
def reference() -> Callable[[str], dict]:
    return lambda name: json.loads((REFERENCE / f"{name}.json").read_text())


@pytest.fixture(scope="session")
def graphs(reference) -> dict[str, tuple[int, np.ndarray]]:
    return {name: (g["n"], np.array(g["edges"])) for name, g in reference("graphs")["graphs"].items()}


@pytest.fixture(scope="session")
def stored_arrays() -> dict[str, np.ndarray]:
    with np.load(REFERENCE / "models.npz") as stored:
        return dict(stored)
