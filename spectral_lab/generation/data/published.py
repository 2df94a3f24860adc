"""Published crystals and molecules, read from the files as they were published, and split as published.

MP-20, Carbon-24 and Perov-5 stand in CDVAE's repository, MPTS-52 in DiffCSP's: tables whose column `cif` holds a whole
CIF. QM9 is a tar of .xyz files. Conformers of GEOM are read from JSON lines, one molecule a line; the pickles that GEOM
was published as are refused.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spectral_lab.archives import FormatError, untar
from spectral_lab.datasets import Dataset, File
from spectral_lab.generation.crystals import Crystal
from spectral_lab.generation.vocabulary import ELEMENTS

SPLITS = ("train", "val", "test")
CDVAE = "https://github.com/txie-93/cdvae/tree/main/data"
DIFFCSP = "https://github.com/jiaor17/DiffCSP/tree/main/data"
_HASHES = {
    "mp_20": (
        "b1c9d498565ac2fd8d075a51ff2ef5e51ba6c21f",
        "7efe4d7ebeb4f460ceaad35e5326c42111d9c9a1",
        "5dc643041df53f5ce4970a79930ad262b4f07acd",
    ),
    "carbon_24": (
        "5e7ae970fbad8ddc46b6963e8cd6e425f11783a6",
        "b3e29b927883642426ca1d9632d00359b412742b",
        "9beca843fde489de1fe288b32f9e3ff710d42803",
    ),
    "mpts_52": (
        "28c53b0a0fd3f32fb8078aca8e5b484e372790c6",
        "a377ba0ca7bee37ee69d9f50f8362eaa35d9f690",
        "2e8af159618f63be346b6527f155514323964423",
    ),
}
_DESCRIPTIONS = {
    "mp_20": "MP-20, 45 231 crystals of at most 20 atoms",
    "carbon_24": "Carbon-24, 10 153 crystals of carbon",
    "perov_5": "Perov-5, 18 928 perovskites",
    "mpts_52": "MPTS-52, 40 476 crystals of at most 52 atoms, split by date",
}
QM9_COUNT, QM9_TRAIN = 130_831, 100_000
QM9_PROPERTIES = ("A", "B", "C", "mu", "alpha", "homo", "lumo", "gap", "r2", "zpve", "U0", "U", "H", "G", "Cv")
MOST_ATOMS = 1000


def _table(name: str) -> Dataset:
    """A set of three tables, fetched by hand."""
    hashes = [f"git:{digest}" for digest in _HASHES.get(name, ())] or [""] * 3
    files = tuple(File(f"crystals/{name}/{split}.csv", hash=h) for split, h in zip(SPLITS, hashes, strict=True))
    where = DIFFCSP if name == "mpts_52" else CDVAE
    return Dataset(name.replace("_", "-"), _DESCRIPTIONS[name], files, source=f"They are at {where}/{name}.")


DATASETS = {
    **{name.replace("_", "-"): _table(name) for name in _DESCRIPTIONS},
    "qm9": Dataset(
        "qm9", "QM9, 133 885 molecules with properties",
        (File("qm9/dsgdb9nsd.xyz.tar.bz2"), File("qm9/uncharacterized.txt")),
        source="They are https://springernature.figshare.com/ndownloader/files/3195389 and .../3195404.",
    ),
    "geom": Dataset(
        "geom", "GEOM conformers as JSON lines", tuple(File(f"geom/{split}.jsonl") for split in SPLITS),
        source="Convert rdkit_folder of https://doi.org/10.7910/DVN/JNGTDF to lines of {id, smi, num, pos}.",
    ),
}  # fmt: skip


class TableRow(NamedTuple):
    """A crystal of a table, its name, and the other columns as they stand there."""

    name: str
    crystal: Crystal
    properties: dict[str, str]


class QM9Molecule(NamedTuple):
    """A molecule of QM9: its number, symbols, positions in A, properties (energies in Hartree), and SMILES."""

    number: int
    symbols: list[str]
    positions: np.ndarray
    properties: dict[str, float]
    smiles: str


def crystal_tables(name: str, folder: str | None = None) -> dict[str, list[TableRow]]:
    """The splits of "mp-20", "carbon-24", "perov-5" or "mpts-52".

    Raises: DatasetUnavailable if they are not here; FormatError.
    """
    paths = DATASETS[name].fetch(None if folder is None else Path(folder))
    return {split: list(read_crystals(path)) for split, path in zip(SPLITS, paths, strict=True)}


def read_crystals(path: Path) -> Iterator[TableRow]:
    """The rows of a table with a column `cif`, each a P1 CIF; fractional coordinates as they stand there.

    Raises: FormatError, with the row.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        try:
            if "cif" not in (rows.fieldnames or ()):
                raise FormatError(f"{path} must have a column cif, got {rows.fieldnames}")
            for number, row in enumerate(rows, 1):
                where = f"row {number} of {Path(path).name}"
                if row["cif"] is None:
                    raise FormatError(f"{where} is cut off")
                others = {key: value for key, value in row.items() if key and key != "cif"}
                yield TableRow(str(row.get("material_id") or number), read_cif(row["cif"], where), others)
        except (csv.Error, UnicodeDecodeError) as error:
            raise FormatError(f"{path} is not a table: {error}") from None


def read_cif(text: str, where: str = "cif") -> Crystal:
    """The crystal of a CIF without symmetry (P1), c along z and a in the xz plane, as pymatgen lays it.

    Raises: FormatError.
    """
    import gemmi
    from pymatgen.core import Lattice

    try:
        block = gemmi.cif.read_string(text).sole_block()
        operations = block.find_values("_symmetry_equiv_pos_as_xyz") or block.find_values(
            "_space_group_symop_operation_xyz"
        )
        if len(operations) > 1:
            raise FormatError(f"{where} must be without symmetry (P1), got {len(operations)} operations")
        names = [f"_cell_{kind}" for kind in ("length_a", "length_b", "length_c")]
        names += [f"_cell_angle_{angle}" for angle in ("alpha", "beta", "gamma")]
        cell = [gemmi.cif.as_number(block.find_value(name) or "?") for name in names]
        sites = block.find("_atom_site_", ["type_symbol", "fract_x", "fract_y", "fract_z"])
        if not 0 < len(sites) <= MOST_ATOMS:
            raise FormatError(f"{where} must have 1 to {MOST_ATOMS} atoms, got {len(sites)}")
        species = [re.sub(r"[^A-Za-z].*", "", gemmi.cif.as_string(site[0])) for site in sites]
        frac = [[gemmi.cif.as_number(site[k]) for k in (1, 2, 3)] for site in sites]
        return Crystal(Lattice.from_parameters(*cell).matrix, species, frac)
    except FormatError:
        raise
    except (ValueError, RuntimeError, ArithmeticError) as error:  # no CIF, no lattice, no element, no number
        raise FormatError(f"{where} is not a crystal: {error}") from None


def qm9(folder: str | None = None) -> dict[str, list[QM9Molecule]]:
    """QM9 without its uncharacterised molecules, in EDM's split: 100 000 / 17 748 / 13 083, by seed 0.

    Raises: DatasetUnavailable if it is not here; FormatError.
    """
    archive, excluded = DATASETS["qm9"].fetch(None if folder is None else Path(folder))
    out = read_exclusions(excluded)
    found = [read_xyz(content, name) for name, content in untar(archive, lambda name: name.endswith(".xyz"))]
    kept = sorted((molecule for molecule in found if molecule.number not in out), key=lambda molecule: molecule.number)
    places = edm_split(len(kept), min(QM9_TRAIN, round(len(kept) * QM9_TRAIN / QM9_COUNT)))
    return {name: [kept[place] for place in chosen] for name, chosen in places.items()}


def edm_split(count: int, train: int) -> dict[str, np.ndarray]:
    """A permutation by numpy's seed 0, cut into training, validation, and a tenth for testing (EDM's code)."""
    order = np.random.RandomState(0).permutation(count)
    test = count // 10
    cuts = np.split(order, [train, count - test])
    return dict(zip(SPLITS, cuts, strict=True))


def read_exclusions(path: Path) -> set[int]:
    """The numbers of the molecules whose geometry is not that of their SMILES: the lines that begin with a number."""
    lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    return {int(match[1]) for line in lines if (match := re.match(r"\s*(\d{1,9})\s+\S", line))}


def read_xyz(content: bytes, where: str) -> QM9Molecule:
    """A file of QM9: count, "gdb i" and 15 properties, atoms, frequencies, SMILES, InChI; exponents may read *^.

    Raises: FormatError.
    """
    try:
        lines = content.decode().replace("*^", "e").splitlines()
        count, fields = int(lines[0]), lines[1].split()
        if not 0 < count <= MOST_ATOMS or fields[0] != "gdb" or len(lines) < count + 4:
            raise ValueError("it is no molecule of QM9")
        atoms = [line.split() for line in lines[2 : 2 + count]]
        symbols = [atom[0] for atom in atoms]
        positions = np.array([[float(x) for x in atom[1:4]] for atom in atoms])
        values = [float(value) for value in fields[2:17]]
        if set(symbols) - set(ELEMENTS) or positions.shape != (count, 3) or not np.isfinite(positions).all():
            raise ValueError("an atom has no element or no position")
        return QM9Molecule(
            int(fields[1]),
            symbols,
            positions,
            dict(zip(QM9_PROPERTIES, values, strict=True)),
            lines[count + 3].split()[0],
        )
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise FormatError(f"{where} cannot be read: {error}") from None


def read_conformers(path: Path) -> Iterator[dict[str, Any]]:
    """Records (id, smi, num, pos) of a file of JSON lines, one conformer a line.

    Raises: FormatError, with the line; also for a pickle, which is never opened: unpickling runs whatever it says.
    """
    path = Path(path)
    if path.suffix in (".pickle", ".pkl"):
        raise FormatError(
            f"{path} is a pickle, and unpickling runs whatever the file says. Convert it, where you trust it, to lines "
            '{"id": .., "smi": .., "num": .., "pos": [[x, y, z], ..]} of its heavy atoms'
        )
    with path.open(encoding="utf-8") as file:
        try:
            for number, line in enumerate(file, 1):
                yield _conformer(line, f"line {number} of {path.name}")
        except UnicodeDecodeError as error:
            raise FormatError(f"{path} is not text: {error}") from None


def _conformer(line: str, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
        positions = np.array(record["pos"], dtype=float)
        if positions.shape != (record["num"], 3) or not np.isfinite(positions).all() or len(positions) > MOST_ATOMS:
            raise ValueError(f"pos must have shape ({record['num']}, 3), got {positions.shape}")
        if not isinstance(record["smi"], str):
            raise ValueError("smi must be text")
        return {"id": record.get("id", where), "smi": record["smi"], "num": len(positions), "pos": positions.tolist()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FormatError(f"{where} is no conformer: {type(error).__name__}: {error}") from None
