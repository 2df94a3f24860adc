from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_lab.hamiltonians import from_degree_order
from spectral_lab.hamiltonians.vibrations import ANGSTROM

WATER = (8, 1, 1)
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


@pytest.fixture
def write_qh9() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Writes a file of QH9, anew, all rows alike, of water; returns H in degree order and positions in Angstrom."""

    def write(path: Path, dynamic: bool, atoms: int | bytes = 3, rows: int = 1) -> tuple[np.ndarray, np.ndarray]:
        path.unlink(missing_ok=True)
        H = np.random.default_rng(0).standard_normal((24, 24))
        H += H.T
        X = np.random.default_rng(1).standard_normal((3, 3))
        Z, blob = np.array(WATER, "i4").tobytes(), from_degree_order(H, WATER, "def2-svp").tobytes()
        with sqlite3.connect(path) as base:
            if dynamic:
                base.execute("CREATE TABLE data (id INTEGER, geo_id INTEGER, N INTEGER, Z BLOB, pos BLOB, Ham BLOB)")
                row = (np.int64(7).tobytes(), 0, atoms, Z, (X * ANGSTROM).tobytes(), blob)
            else:
                base.execute("CREATE TABLE data (id INTEGER, N INTEGER, Z BLOB, pos BLOB, Ham BLOB)")
                row = (7, atoms, Z, X.tobytes(), blob)
            base.executemany(f"INSERT INTO data VALUES ({', '.join('?' * len(row))})", [row] * rows)
        return H, X

    return write
