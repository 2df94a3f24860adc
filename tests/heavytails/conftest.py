from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "reference" / "farms"


@pytest.fixture(scope="session")
def reference() -> Any:
    """A file of tests/reference/farms by its name."""

    def read(name: str) -> Any:
        path = FOLDER / name
        return json.loads(path.read_text()) if path.suffix == ".json" else dict(np.load(path))

    return read
