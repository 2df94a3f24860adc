"""Data sets: the miniature, readers on tiny files of the published formats, splits, labels where PySCF is here."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_lab.hamiltonians import assemble, from_degree_order, solve_roothaan, to_degree_order
from spectral_lab.hamiltonians.data import MD17, QH9, FormatError, generate, labels, sets, splits
from spectral_lab.hamiltonians.stored import stored

WATER = (8, 1, 1)


def matrices(seed: int, n: int = 24) -> tuple[np.ndarray, np.ndarray]:
    E = np.random.default_rng(seed).standard_normal((2, n, n))
    return E[0] + E[0].T, E[1] @ E[1].T


def test_the_miniature_is_what_it_says() -> None:
    data = sets.water()
    assert [len(data[name]) for name in ("train", "val", "test")] == [240, 80, 80]
    batch = data["test"].__getitems__([0, 5])
    for number, sample in enumerate(batch.samples):
        assert sample.numbers == WATER
        levels = solve_roothaan(sample.H, sample.S).energies
        assert levels[4] < 0 < levels[5]
        mine = assemble(
            batch.diagonal[3 * number : 3 * number + 3], batch.lower[3 * number : 3 * number + 3], list(WATER), "sto-3g"
        )
        np.testing.assert_allclose(mine, sample.H - sample.H0, atol=1e-6)
    assert batch.molecules.pairs.tolist() == [[1, 0], [2, 0], [2, 1], [4, 3], [5, 3], [5, 4]]
    positions = np.concatenate([sample.positions for sample in batch.samples])
    np.testing.assert_allclose(batch.molecules.positions.numpy(), positions, atol=1e-6)
    with pytest.raises(ValueError, match="400 together"):
        sets.water(300, 100, 100)


def test_molecules_of_several_kinds_make_one_batch() -> None:
    kinds = [{"Z": np.array(Z), "X": np.random.default_rng(len(Z)).standard_normal((3, len(Z), 3)),
              "H": np.zeros((3, n, n)), "H0": np.zeros((3, n, n)), "S": np.zeros((3, n, n))}
             for Z, n in (((8, 1, 1), 7), ((6, 8, 1, 1), 12))]  # fmt: skip
    source = sets.in_memory(kinds)
    assert [len(source(row).numbers) for row in range(6)] == [3, 3, 3, 4, 4, 4]
    batch = sets.Hamiltonians(source, np.arange(6), "sto-3g").__getitems__([4, 0])
    assert batch.molecules.molecule.tolist() == [0] * 4 + [1] * 3
    assert len(batch.lower) == 9


def test_what_is_stored_is_consistent() -> None:
    for name, electrons in (("water", 10), ("ammonia", 10), ("formaldehyde", 16), ("ethanol", 26), ("hexane", 50)):
        one = stored(name)
        energies, _ = solve_roothaan(one["H"], one["S"])
        assert energies[electrons // 2 - 1] < 0 < energies[electrons // 2] + 0.1
        np.testing.assert_allclose(np.diag(one["S"]), 1, atol=1e-9)
        assert one["Z"].sum() == electrons
        assert np.abs(one["H"] - one["H0"]).mean() < 0.2 * np.abs(one["H"]).mean()
    with pytest.raises(ValueError, match="name must be one of"):
        stored("benzene")


# --- published files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("atoms", [3, np.int64(3).tobytes()])
@pytest.mark.parametrize("dynamic", [False, True])
def test_qh9_is_read_in_its_order_and_unit(
    tmp_path: Path, write_qh9: Callable[..., Any], dynamic: bool, atoms: int | bytes
) -> None:
    H, X = write_qh9(tmp_path / "qh9.db", dynamic, atoms)
    source = QH9(tmp_path / "qh9.db", dynamic)
    assert len(source) == 1
    assert source.atom_counts().tolist() == [3]
    sample = source(0)
    np.testing.assert_allclose(sample.H, H)
    np.testing.assert_allclose(sample.positions, X)
    assert sample.H0 is None


def ase_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """As ASE writes the data of a row: where the JSON begins, the arrays, the JSON."""
    body, described = b"", {}
    for name, array in arrays.items():
        described[name] = {"__ndarray__": [array.shape, array.dtype.name, 8 + len(body)]}
        body += array.tobytes()
    return np.int64(8 + len(body)).tobytes() + body + json.dumps(described).encode()


def ase_text(arrays: dict[str, np.ndarray]) -> str:
    return json.dumps({k: {"__ndarray__": [v.shape, v.dtype.name, v.ravel().tolist()]} for k, v in arrays.items()})


@pytest.mark.parametrize("write", [ase_bytes, ase_text])
def test_md17_is_read_in_its_order(tmp_path: Path, write: object) -> None:
    (H, S), X = matrices(2), np.random.default_rng(3).standard_normal((3, 3))
    orca = {name: from_degree_order(M, WATER, "def2-svp", "orca") for name, M in (("hamiltonian", H), ("overlap", S))}
    with sqlite3.connect(tmp_path / "md17.db") as base:
        base.execute("CREATE TABLE systems (id INTEGER, numbers BLOB, positions BLOB, data BLOB)")
        row = (1, np.array(WATER, "i4").tobytes(), X.tobytes(), write(orca | {"energy": np.array([-76.0])}))
        base.execute("INSERT INTO systems VALUES (?, ?, ?, ?)", row)
    sample = MD17(tmp_path / "md17.db")(0)
    np.testing.assert_allclose(sample.H, H)
    np.testing.assert_allclose(sample.S, S)
    np.testing.assert_allclose(sample.positions, X)


def test_a_wrong_order_is_seen_in_the_overlap() -> None:
    one = stored("water")
    swapped = to_degree_order(from_degree_order(one["S"], one["Z"], "def2-svp", "pyscf"), one["Z"], "def2-svp", "orca")
    assert np.abs(swapped - one["S"]).max() > 0.1


@pytest.mark.parametrize(("spoil", "words"), [
    ("UPDATE data SET Z = x'0100'", "atoms of def2-svp"),
    ("UPDATE data SET N = 4", "N = 4"),
    ("UPDATE data SET Ham = x'00'", "Ham in row 0 of qh9.db must hold 576 numbers"),
    ("UPDATE data SET pos = 'x'", "pos in row 0"),
    ("ALTER TABLE data RENAME COLUMN Ham TO H", "columns Ham"),
])  # fmt: skip
def test_broken_files_are_told(tmp_path: Path, write_qh9: Callable[..., Any], spoil: str, words: str) -> None:
    write_qh9(tmp_path / "qh9.db", False)
    with sqlite3.connect(tmp_path / "qh9.db") as base:
        base.execute(spoil)
    with pytest.raises(FormatError, match=words):
        QH9(tmp_path / "qh9.db", False)(0)


def test_what_is_no_data_base_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"hello, this is no data base at all")
    with pytest.raises(FormatError, match="no SQLite file"):
        QH9(tmp_path / "x.db", False)


def test_splits_are_as_published() -> None:
    stable, geo, mol = splits.qh9_stable_id(), splits.qh9_dynamic_geo(), splits.qh9_dynamic_mol()
    assert [len(part) for part in stable.values()] == [104_664, 13_083, 13_084]
    assert [len(part) for part in geo.values()] == [115_152, 14_394, 14_394]
    for split, total in ((stable, splits.QH9_STABLE), (geo, 143_940), (mol, 143_940), (splits.md17("water"), 4900)):
        assert np.array_equal(np.sort(np.concatenate(list(split.values()))), np.arange(total))
    assert all(
        (np.bincount(part // 60, minlength=2399) == size).all()
        for part, size in zip(geo.values(), (48, 6, 6), strict=True)
    )
    assert len({int(frame) // 60 for frame in mol["test"]}) == 241
    ood = splits.qh9_stable_ood(np.array([9, 20, 21, 22, 23, 29]))
    assert [part.tolist() for part in ood.values()] == [[0, 1], [2, 3], [4, 5]]


# --- labels ----------------------------------------------------------------------------------------------------------


def test_without_pyscf_labels_say_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyscf", None)
    with pytest.raises(labels.PySCFMissing, match="pip install"):
        labels.label(WATER, np.array(labels.MOLECULES["water"][1]), "sto-3g")


def test_generating_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With labels that cost nothing, in this process."""
    made: list[int] = []

    class Serial:
        def __init__(self, *_: object, **__: object) -> None: ...
        def __enter__(self) -> Serial:
            return self

        def __exit__(self, *_: object) -> None: ...

        map = staticmethod(map)

    def label(numbers: tuple[int, ...], positions: np.ndarray, basis: str, xc: str) -> labels.Label:
        made.append(len(numbers))
        M = np.full((7, 7), positions.sum())
        return labels.Label(M, M, M, float(positions.sum()), 1)

    monkeypatch.setattr(generate, "ProcessPoolExecutor", Serial)
    monkeypatch.setattr(labels, "minimum", lambda name: (np.array(labels.MOLECULES[name][1]), np.eye(9)))
    monkeypatch.setattr(labels, "label", label)
    options = {"molecule": "water", "count": 45, "basis": "sto-3g", "temperature": 300.0, "seed": 3, "folder": tmp_path}
    told: list[str] = []
    whole = generate.generate(**options, tell=told.append)
    arrays = generate.read_arrays(whole)
    assert arrays["X"].shape == (45, 3, 3)
    np.testing.assert_allclose(arrays["energy"], arrays["X"].sum(axis=(1, 2)))
    assert (len(made), told[-1]) == (45, "water: 45 of 45 geometries labelled")
    whole.unlink()
    next(tmp_path.glob("*/000020.npz")).unlink()
    again = generate.read_arrays(generate.generate(**options, tell=told.append))
    assert len(made) == 65  # one file of twenty was missing
    np.testing.assert_array_equal(again["H"], arrays["H"])


def test_labels_of_pyscf_are_those_stored() -> None:
    pytest.importorskip("pyscf", reason='PySCF is not here: pip install "spectral_lab[dft]"')
    one = stored("water")
    again = labels.label(WATER, one["X"], "def2-svp")
    np.testing.assert_allclose(again.H, one["H"], atol=1e-5)
    np.testing.assert_allclose(again.S, one["S"], atol=1e-9)
