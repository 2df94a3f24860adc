from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

REFERENCE = Path(__file__).parents[1] / "reference" / "cooling" / "reference.json"


@pytest.fixture(scope="session")
def reference():
    return json.loads(REFERENCE.read_text())


@pytest.fixture(scope="session")
def as_complex():
    return lambda pairs: np.asarray(pairs) @ np.array([1, 1j])
