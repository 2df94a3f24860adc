from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

REFERENCE = Path(__file__).parents[1] / "reference" / "hippo"


@pytest.fixture(scope="session")
def numbers() -> dict:
    """The authors' arrays; provenance and conventions in tests/reference/hippo/README.md."""
    with np.load(REFERENCE / "hippo.npz") as archive:
        return dict(archive)


@pytest.fixture(scope="session")
def facts() -> dict:
    """The authors' scalars, and the inputs of all the arrays."""
    return json.loads((REFERENCE / "hippo.json").read_text())


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Small matrices: on a busy machine many threads only wait for each other."""
    with threadpool_limits(limits=1):
        yield
