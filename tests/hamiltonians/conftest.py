from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REFERENCE = Path(__file__).parents[1] / "reference" / "sphnet"


@pytest.fixture(scope="session")
def reference() -> Callable[[str], Any]:
    """A file of reference numbers by name; provenance and conventions in tests/reference/sphnet/README.md."""

    def read(name: str) -> Any:
        if name.endswith(".npz"):
            with np.load(REFERENCE / name) as archive:
                return dict(archive)
        return json.loads((REFERENCE / name).read_text())

    return read
