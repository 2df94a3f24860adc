"""Readers of the published sets: QH9 (SQLite) and MD17 (an ASE data base, which is SQLite too). Nothing in them is run.

PubChemQH is not read: its files hold pickled Python objects, and unpickling runs whatever a file says.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.archives import FormatError
from spectral_lab.datasets import Dataset, File
from spectral_lab.hamiltonians.data.sets import Sample
from spectral_lab.hamiltonians.orbitals import SHELLS, to_degree_order
from spectral_lab.hamiltonians.vibrations import ANGSTROM

BASIS = "def2-svp"
MOST_ATOMS = 200
MD17_MOLECULES = ("water", "ethanol", "malondialdehyde", "uracil")
_QH9 = (
    "They are in https://zenodo.org/records/8274793, linked at https://github.com/divelab/AIRS (OpenDFT/QHBench/QH9)."
)
_MD17 = "http://quantum-machine.org/data/schnorb_hamiltonian/"
DATASETS = {
    "qh9-stable": Dataset(
        "qh9-stable", "QH9-stable, 130 831 molecules with their Hamiltonians", (File("qh9/QH9Stable.db"),), source=_QH9
    ),
    "qh9-dynamic": Dataset(
        "qh9-dynamic", "QH9-dynamic, first release, 2399 molecules, 60 geometries each", (File("qh9/QH9Dynamic.db"),),
        source=_QH9,
    ),
    **{
        f"md17-{name}": Dataset(
            f"md17-{name}", f"MD17 Hamiltonians of {name}, PBE/def2-SVP by ORCA",
            (File(f"md17/schnorb_hamiltonian_{name}.db"),),
            source=f"Unpack {_MD17}schnorb_hamiltonian_{name}{'_dft' if name == 'ethanol' else ''}.tgz and rename it.",
        )
        for name in MD17_MOLECULES
    },
}  # fmt: skip


class QH9:
    """A file of QH9: samples by their place, without H0 and S, which the file does not hold.

    Stable: table data(id, N, Z, pos, Ham), positions in Angstrom. Dynamic: data(id, geo_id, N, Z, pos, .., Ham, ..),
    positions in Bohr. Matrices are in PySCF's order. Raises: FormatError.
    """

    def __init__(self, path: Path, dynamic: bool) -> None:
        self.path, self.scale = path, 1 / ANGSTROM if dynamic else 1.0
        self.rows = _rows(path, "data", {"N", "Z", "pos", "Ham"})

    def __len__(self) -> int:
        return len(self.rows)

    def __call__(self, row: int) -> Sample:
        """The sample of a row."""
        count, Z, positions, H = _one(self.path, "SELECT N, Z, pos, Ham FROM data WHERE rowid = ?", int(self.rows[row]))
        where = f"row {row} of {self.path.name}"
        count = _whole(count)
        numbers = _numbers(Z, count, where)
        n = _orbitals(numbers)
        H = _floats(H, (n, n), f"Ham in {where}")
        X = self.scale * _floats(positions, (count, 3), f"pos in {where}")
        return Sample(numbers, X, _symmetric(to_degree_order(H, numbers, BASIS), where))

    def atom_counts(self) -> np.ndarray:
        """The number of atoms of each molecule, for the split by size."""
        with _open(self.path) as base:
            return np.array([_whole(count) for (count,) in base.execute("SELECT N FROM data ORDER BY rowid")])


class MD17:
    """A file of MD17: samples by their place with S, in ORCA's order, positions in Angstrom. Raises: FormatError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = _rows(path, "systems", {"numbers", "positions", "data"})

    def __len__(self) -> int:
        return len(self.rows)

    def __call__(self, row: int) -> Sample:
        """The sample of a row."""
        query = "SELECT numbers, positions, data FROM systems WHERE rowid = ?"
        Z, positions, data = _one(self.path, query, int(self.rows[row]))
        where = f"row {row} of {self.path.name}"
        numbers = _numbers(Z, len(Z) // 4, where)
        n = _orbitals(numbers)
        arrays = ase_arrays(data, where)
        H, S = (_matrix(arrays, name, n, where) for name in ("hamiltonian", "overlap"))
        order = (to_degree_order(M, numbers, BASIS, "orca") for M in (H, S))
        H, S = (_symmetric(M, where) for M in order)
        return Sample(numbers, _floats(positions, (len(numbers), 3), f"positions in {where}"), H, None, S)


def ase_arrays(data: bytes | str, where: str) -> dict[str, Any]:
    """The arrays that ASE keeps with a structure: JSON, or an offset, the arrays' bytes, and JSON at the offset.

    Raises: FormatError.
    """
    try:
        if isinstance(data, str):
            return {name: _revived(value, b"") for name, value in json.loads(data).items()}
        start = int(np.frombuffer(data[:8], "<i8")[0])
        return {name: _revived(value, data) for name, value in json.loads(data[start:].decode()).items()}
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise FormatError(f"data in {where} cannot be read ({type(error).__name__}: {error})") from None


def _revived(value: Any, data: bytes) -> Any:
    if not (isinstance(value, dict) and "__ndarray__" in value):
        return value
    shape, kind, content = value["__ndarray__"]
    if kind not in ("float64", "float32", "int64", "int32"):
        raise ValueError(f"an array of type {kind!r}")
    if isinstance(content, list):
        return np.array(content, dtype=kind).reshape(shape)
    return np.frombuffer(data, kind, count=int(np.prod(shape)), offset=int(content)).reshape(shape)


def _rows(path: Path, table: str, columns: set[str]) -> np.ndarray:
    with _open(path) as base:
        try:
            there = {column for _, column, *_ in base.execute(f"PRAGMA table_info({table})")}
            if missing := columns - there:
                raise FormatError(f"{path.name} has no table {table} with the columns {', '.join(sorted(missing))}")
            return np.array(
                [row for (row,) in base.execute(f"SELECT rowid FROM {table} ORDER BY rowid")], dtype=np.int64
            )
        except sqlite3.DatabaseError as error:
            raise FormatError(f"{path.name} is no SQLite file ({error})") from None


def _one(path: Path, query: str, row: int) -> tuple[Any, ...]:
    with _open(path) as base:
        return base.execute(query, (row,)).fetchone()


def _open(path: Path) -> Any:
    """Read-only, and closed after use: processes that load data must not share a connection."""
    return closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True))


def _whole(count: int | bytes) -> int:
    """A count as SQLite gives it back: numpy integers were written as their bytes."""
    return int.from_bytes(count, "little") if isinstance(count, bytes) else int(count)


def _numbers(content: Any, count: int, where: str) -> tuple[int, ...]:
    whole = isinstance(content, bytes) and len(content) % 4 == 0
    Z = np.frombuffer(content, "<i4") if whole else np.zeros(0, dtype=np.int32)
    if not 1 <= len(Z) == count <= MOST_ATOMS or not set(Z.tolist()) <= SHELLS[BASIS].keys():
        raise FormatError(
            f"{where} must hold 1 to {MOST_ATOMS} atoms of {BASIS}, got Z = {Z.tolist()[:20]}, N = {count}"
        )
    return tuple(Z.tolist())


def _orbitals(numbers: tuple[int, ...]) -> int:
    return sum(2 * degree + 1 for number in numbers for degree in SHELLS[BASIS][number])


def _floats(content: Any, shape: tuple[int, ...], what: str) -> Float[np.ndarray, ...]:
    if not isinstance(content, bytes) or len(content) != 8 * int(np.prod(shape)):
        raise FormatError(f"{what} must hold {int(np.prod(shape))} numbers of 8 bytes, got {checks.shown(content)}")
    return np.frombuffer(content, "<f8").reshape(shape)


def _matrix(arrays: dict[str, Any], name: str, n: int, where: str) -> Float[np.ndarray, "n n"]:
    M = np.asarray(arrays.get(name), dtype=float) if isinstance(arrays.get(name), np.ndarray) else np.zeros(0)
    if M.shape != (n, n):
        raise FormatError(f"{where} must hold {name!r} of shape {(n, n)}, got {M.shape}")
    return M


def _symmetric(M: np.ndarray, where: str) -> Float[np.ndarray, "n n"]:
    if not np.isfinite(M).all() or np.abs(M - M.T).max() > 1e-4 * np.abs(M).max():
        raise FormatError(f"a matrix of {where} is not finite and symmetric")
    return (M + M.T) / 2
