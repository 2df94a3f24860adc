from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "reference" / "unigenx"


@pytest.fixture(scope="session")
def reference() -> Any:
    """A file of reference numbers by name; provenance and conventions in tests/reference/unigenx/README.md."""

    def read(name: str) -> Any:
        if name.endswith(".npz"):
            with np.load(FOLDER / name) as archive:
                return dict(archive)
        return json.loads((FOLDER / name).read_text())

    return read
