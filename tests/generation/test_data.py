from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from spectral_lab.archives import FormatError
from spectral_lab.datasets import DatasetUnavailable
from spectral_lab.generation import (
    PROTOTYPES,
    Crystal,
    edm_stability,
    generated_crystals,
    ionic_radius,
    match,
    prototype_crystal,
    structure_valid,
    tokenize_molecule,
)
from spectral_lab.generation.data import (
    DATASETS,
    crystal_tables,
    generated_molecules,
    generated_sentences,
    grown_smiles,
    leave_out,
    molecule_record,
    published_sentences,
    qm9,
    read_cif,
    read_conformers,
    relaxed,
    split_by_composition,
)
from spectral_lab.generation.data.crystals import composition
from spectral_lab.generation.data.published import edm_split

# --- generated crystals ----------------------------------------------------------------------------------------------

# The prototype, its ions, its space group, and an edge or two of its conventional cell in A.
CHECKED = [
    ("rocksalt", [("Na", 1), ("Cl", -1)], 225, (5.66,)),
    ("rocksalt", [("Mg", 2), ("O", -2)], 225, (4.24,)),
    ("cscl", [("Cs", 1), ("Cl", -1)], 221, (4.10,)),
    ("zincblende", [("Zn", 2), ("S", -2)], 216, (5.63,)),
    ("wurtzite", [("Zn", 2), ("S", -2)], 186, (3.98, 6.51)),
    ("fluorite", [("Ca", 2), ("F", -1)], 225, (5.66,)),
    ("antifluorite", [("Li", 1), ("O", -2)], 225, (4.60,)),
    ("rutile", [("Ti", 4), ("O", -2)], 136, (4.65, 3.02)),
    ("perovskite", [("Sr", 2), ("Ti", 4), ("O", -2)], 221, (4.01,)),
    ("k2nif4", [("Sr", 2), ("Ti", 4), ("O", -2)], 139, (4.01, 13.23)),
    ("spinel", [("Mg", 2), ("Al", 3), ("O", -2)], 227, (8.19,)),
]


@pytest.fixture(scope="module")
def crystals():
    return generated_crystals()


@pytest.mark.parametrize(("name", "ions", "group", "edges"), CHECKED, ids=lambda value: str(value)[:12])
def test_prototypes_have_their_space_group_and_their_size(name, ions, group, edges) -> None:
    from pymatgen.core import Lattice, Structure
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    crystal = prototype_crystal(name, ions)
    analyzer = SpacegroupAnalyzer(Structure(Lattice(crystal.lattice), crystal.species, crystal.frac), 1e-4)
    assert analyzer.get_space_group_number() == group
    assert len(analyzer.find_primitive()) == len(crystal)
    a, _, c = analyzer.get_conventional_standard_structure().lattice.abc
    assert (a, c)[: len(edges)] == pytest.approx(edges, abs=0.006)


def test_the_nearest_neighbours_in_a_spinel_are_where_the_radii_put_them() -> None:
    """What its formulas say: A-X is the tetrahedral sum exactly, B-X nearly the octahedral one."""
    crystal = prototype_crystal("spinel", [("Mg", 2), ("Al", 3), ("O", -2)])
    shifts = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3), -1).reshape(-1, 3)

    def nearest(atom: int, count: int) -> np.ndarray:
        apart = (crystal.frac[6:, None] + shifts - crystal.frac[atom]).reshape(-1, 3) @ crystal.lattice
        return np.sort(np.linalg.norm(apart, axis=1))[:count]

    oxygen = ionic_radius("O", -2)
    np.testing.assert_allclose(nearest(0, 4), ionic_radius("Mg", 2, 4) + oxygen, rtol=1e-8)  # nine digits are kept
    np.testing.assert_allclose(nearest(2, 6), ionic_radius("Al", 3, 6) + oxygen, rtol=0.02)


def test_the_rules_of_radii_give_these_many_crystals(crystals) -> None:
    """The counts of the dossier, but for spinel (1990) and K2NiF4 (361), whose rule it does not tell."""
    counts = {
        "rocksalt": 83, "cscl": 20, "zincblende": 30, "wurtzite": 30, "fluorite": 9, "antifluorite": 32, "rutile": 87,
        "perovskite": 1140, "k2nif4": 349, "spinel": 2056,
    }  # fmt: skip
    assert Counter(entry.name for entry in crystals) == counts
    assert tuple(counts) == PROTOTYPES
    assert {len(entry.crystal) for entry in crystals} == {2, 3, 4, 5, 6, 7, 14}


def test_generated_crystals_are_valid_structures_in_a_fixed_order_of_sites(crystals) -> None:
    for entry in crystals[::37]:
        assert structure_valid(entry.crystal)
        assert np.linalg.det(entry.crystal.lattice) > 0
        assert entry.crystal.frac.min() >= 0
        assert entry.crystal.frac.max() < 1
        for element in entry.crystal.species:
            rows = entry.crystal.frac[[own == element for own in entry.crystal.species]].tolist()
            assert rows == sorted(rows)


def test_polymorphs_have_one_composition_and_do_not_match(crystals) -> None:
    zincblende, wurtzite = (
        {composition(e)[0][0] + composition(e)[1][0] for e in crystals if e.name == name}
        for name in ("zincblende", "wurtzite")
    )
    assert zincblende == wurtzite
    ions = [("Zn", 2), ("S", -2)]
    assert match(prototype_crystal("zincblende", ions), prototype_crystal("wurtzite", ions)) is None


def test_splits_keep_compositions_and_elements_apart(crystals) -> None:
    train, test = split_by_composition(crystals)
    assert len(train) + len(test) == len(crystals)
    assert not {composition(e) for e in train} & {composition(e) for e in test}
    assert 0.08 < len(test) / len(crystals) < 0.12
    assert [e.crystal.species for e in split_by_composition(crystals[::-1])[1]][::-1] == [
        e.crystal.species for e in test
    ]
    train, test = leave_out(crystals, "Sr")
    assert all("Sr" in e.crystal.species for e in test)
    assert not any("Sr" in e.crystal.species for e in train)
    assert len(test) > 50


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: ionic_radius("Na", 3), "charge"),
        (lambda: prototype_crystal("rocksalt", [("Na", 1)]), "ions"),
        (lambda: prototype_crystal("rocksalt", [("Na", 1), ("Cl", 0)]), "charge"),
        (lambda: generated_crystals(["garnet"]), "names"),
        (lambda: leave_out([], "Xx"), "element"),
        (lambda: grown_smiles(7), "atoms"),
        (lambda: relaxed("C(", 0), "smiles"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, name, as_users_call) -> None:
    with pytest.raises(ValueError, match=rf"^{name}\b"):
        call()


# --- generated molecules ---------------------------------------------------------------------------------------------


def test_growing_gives_these_many_molecules() -> None:
    """40 as in the dossier; 268 and 1786 for its 269 and 1758, since its motifs are told in words alone."""
    assert [len(grown_smiles(atoms)) for atoms in (1, 2, 3, 4, 5)] == [4, 14, 40, 268, 1786]


def test_grown_molecules_are_distinct_and_have_no_unstable_motif() -> None:
    from rdkit import Chem

    molecules = [Chem.MolFromSmiles(smiles) for smiles in grown_smiles(4)]
    assert len({Chem.MolToSmiles(molecule) for molecule in molecules}) == len(molecules)
    assert all(molecule.GetNumAtoms() == 4 and molecule.GetRingInfo().NumRings() <= 2 for molecule in molecules)
    assert {"CCCC", "C1CCC1", "CC(C)=O", "C#CCO"} <= set(grown_smiles(4))
    assert not {"C=C=CC", "CCOO", "OC=CC", "CC=CO", "CNNN", "C1=CC1C", "OC(O)C"} & set(grown_smiles(4))


def test_conformers_stand_in_the_order_of_their_smiles_and_in_their_frame() -> None:
    conformer = relaxed("c1ccccc1O")
    record = molecule_record(conformer)
    assert record["num"] == 7
    assert not any(letter in record["smi"] for letter in "cno")
    oxygen = record["smi"].replace("=", "").replace("(", "").replace(")", "").replace("1", "").index("O")
    assert conformer.symbols[:7].index("O") == oxygen
    positions = np.array(record["pos"])
    np.testing.assert_allclose(positions.mean(0), 0, atol=1e-12)
    covariance = positions.T @ positions
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-9)
    assert len(tokenize_molecule(record)) == 4 + len(record["smi"]) + 7
    assert not edm_stability(conformer.symbols, conformer.positions).molecule_stable  # aromatic bonds count as single
    ethanol = relaxed("CCO")
    assert edm_stability(ethanol.symbols, ethanol.positions).molecule_stable


def test_records_are_the_same_each_time() -> None:
    assert generated_molecules(3) == generated_molecules(3)
    assert len(generated_molecules(3)) >= 38


# --- sentences in batches --------------------------------------------------------------------------------------------


def test_a_batch_is_padded_and_gives_back_its_records() -> None:
    splits = generated_sentences(["cscl", "zincblende", "wurtzite"], 3, tested=4)
    assert [len(splits[name]) for name in ("crystals", "molecules")] == [4, 4]
    train = splits["train"]
    batch = next(iter(DataLoader(train, batch_size=len(train), collate_fn=train.collate)))
    assert batch.tokens.shape == batch.mask.shape == batch.attention.shape
    assert int(batch.mask.sum()) == len(batch.coordinates)
    assert not (batch.mask & ~batch.attention).any()
    place = 0
    for sequence, tokens, mask in zip(train.sequences, batch.tokens, batch.mask, strict=True):
        assert tokens[: len(sequence)].tolist() == sequence.tokens.tolist()
        count = int(mask.sum())
        torch.testing.assert_close(
            batch.coordinates[place : place + count], torch.as_tensor(sequence.coordinates).float()
        )
        place += count
    assert isinstance(batch.records[0], Crystal)
    assert isinstance(batch.records[-1], dict)


# --- published files, in small ---------------------------------------------------------------------------------------

CIF = """# generated using pymatgen
data_NaCl
_symmetry_space_group_name_H-M   'P 1'
_cell_length_a   4.0
_cell_length_b   4.0
_cell_length_c   5.0
_cell_angle_alpha   90.0
_cell_angle_beta   90.0
_cell_angle_gamma   120.0
loop_
 _symmetry_equiv_pos_site_id
 _symmetry_equiv_pos_as_xyz
  1  'x, y, z'
loop_
 _atom_site_type_symbol
 _atom_site_label
 _atom_site_symmetry_multiplicity
 _atom_site_fract_x
 _atom_site_fract_y
 _atom_site_fract_z
 _atom_site_occupancy
  Na+  Na0  1  0.0  -0.25  1.0  1
  Cl-  Cl1  1  0.5  0.5  0.5  1
"""


def write_tables(folder: Path, name: str, cif: str = CIF) -> None:
    for file in DATASETS[name].files:
        text = f',material_id,formation_energy_per_atom,cif\n7,mp-1,-1.5,"{cif}"\n'
        (folder / Path(file.name).name).write_text(text)


@pytest.mark.parametrize("name", ["mp-20", "carbon-24", "perov-5", "mpts-52"])
def test_tables_of_cifs_are_read(name: str, tmp_path: Path) -> None:
    write_tables(tmp_path, name)
    tables = crystal_tables(name, str(tmp_path))
    assert list(tables) == ["train", "val", "test"]
    (row,) = tables["test"]
    assert (row.name, row.properties["formation_energy_per_atom"]) == ("mp-1", "-1.5")
    assert row.crystal.species == ("Na", "Cl")
    np.testing.assert_allclose(row.crystal.frac, [[0, -0.25, 1], [0.5] * 3])
    np.testing.assert_allclose(np.linalg.norm(row.crystal.lattice, axis=1), [4, 4, 5])
    assert row.crystal.volume == pytest.approx(80 * np.sin(np.pi / 3))
    assert len(published_sentences(name, str(tmp_path))["crystals"]) == 1


def test_a_cif_is_the_crystal_that_pymatgen_reads() -> None:
    from pymatgen.core import Structure

    theirs, ours = Structure.from_str(CIF, fmt="cif", primitive=False), read_cif(CIF)
    np.testing.assert_allclose(theirs.lattice.matrix, ours.lattice, atol=1e-12)
    apart = theirs.frac_coords - ours.frac
    np.testing.assert_allclose(apart, np.round(apart), atol=1e-12)


@pytest.mark.parametrize(
    "cif",
    [
        "no cif",
        CIF.replace("  1  'x, y, z'", "  1  'x, y, z'\n  2  '-x, -y, -z'"),
        CIF.replace("120.0", "?"),
        CIF.replace("Cl-", "Qq"),
        CIF.replace("-0.25", "nan"),
        CIF.replace("120.0", "0.0"),
        CIF[: CIF.index("  Na+")],
    ],
)
def test_broken_cifs_are_refused_with_their_row(cif: str, tmp_path: Path) -> None:
    write_tables(tmp_path, "mp-20", cif)
    with pytest.raises(FormatError, match=r"^row 1 of train\.csv"):
        crystal_tables("mp-20", str(tmp_path))


def test_tables_are_held_against_the_hash_of_their_git_blob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    with pytest.raises(DatasetUnavailable, match=r"b1c9d498.*cdvae"):
        crystal_tables("mp-20")
    (tmp_path / "crystals" / "mp_20").mkdir(parents=True)
    write_tables(tmp_path / "crystals" / "mp_20", "mp-20")
    with pytest.raises(DatasetUnavailable, match="must be b1c9d498565ac2fd8d075a51ff2ef5e51ba6c21f"):
        crystal_tables("mp-20")


def xyz(number: int) -> str:
    """Water, as QM9 writes it."""
    properties = "\t".join(["1.5"] * 14 + ["-7.6*^-1"])
    atoms = "O\t0.0\t0.1\t0.0\t-0.7\nH\t0.9\t-0.4\t0.0\t0.3\nH\t-0.9\t-4.0*^-1\t0.0\t0.3\n"
    return f"3\ngdb {number}\t{properties}\t\n{atoms}1\t2\t3\nO\tO\t\nInChI=1S/H2O/h1H2\tInChI=1S/H2O/h1H2\n"


def write_qm9(folder: Path, texts: dict[str, str]) -> None:
    with tarfile.open(folder / "dsgdb9nsd.xyz.tar.bz2", "w:bz2") as archive:
        for name, text in texts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    (folder / "uncharacterized.txt").write_text(
        "=====\n Index  InChI\n====\n  3   O  O  4.5\n  5 N\n total 2 molecules\n"
    )


def test_qm9_is_read_without_its_exclusions_and_split_as_by_edm(tmp_path: Path) -> None:
    write_qm9(tmp_path, {f"dsgdb9nsd_{number:06d}.xyz": xyz(number) for number in range(1, 25)})
    splits = qm9(str(tmp_path))
    numbers = {name: [molecule.number for molecule in part] for name, part in splits.items()}
    assert {name: len(part) for name, part in numbers.items()} == {"train": 17, "val": 3, "test": 2}
    assert sorted(number for part in numbers.values() for number in part) == [
        n for n in range(1, 25) if n not in (3, 5)
    ]
    water = splits["train"][0]
    assert (water.symbols, water.smiles) == (["O", "H", "H"], "O")
    assert water.positions[2, 1] == -0.4
    assert water.properties["Cv"] == -0.76
    write_qm9(tmp_path, {"a.xyz": xyz(1).replace("0.9", "near")})
    with pytest.raises(FormatError, match=r"^a\.xyz"):
        qm9(str(tmp_path))
    write_qm9(tmp_path, {"a.xyz": "9999999\n"})
    with pytest.raises(FormatError, match=r"^a\.xyz"):
        qm9(str(tmp_path))


def test_edm_split_has_the_published_sizes() -> None:
    parts = edm_split(130_831, 100_000)
    assert [len(part) for part in parts.values()] == [100_000, 17_748, 13_083]
    assert len(np.unique(np.concatenate(list(parts.values())))) == 130_831


def test_conformers_are_read_from_lines_and_never_from_pickles(tmp_path: Path) -> None:
    good = {"id": 5, "smi": "CO", "num": 2, "pos": [[0, 0, 0], [0, 0, 1.4]]}
    path = tmp_path / "test.jsonl"
    path.write_text(json.dumps(good) + "\n" + json.dumps(good | {"pos": [[0, 0, 0]]}) + "\n")
    lines = read_conformers(path)
    assert next(lines) == good
    with pytest.raises(FormatError, match=r"^line 2 of test\.jsonl"):
        next(lines)
    for bad in ("[1]", "{", json.dumps(good | {"pos": "x"}), json.dumps(good | {"smi": 3}), "[" * 100_000):
        path.write_text(bad)
        with pytest.raises(FormatError, match="line 1"):
            next(read_conformers(path))
    with pytest.raises(FormatError, match="unpickling runs whatever the file says"):
        next(read_conformers(tmp_path / "drugs.pickle"))
