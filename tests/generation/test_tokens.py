from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.generation import (
    Vocabulary,
    detokenize_conditional,
    detokenize_crystal,
    detokenize_molecule,
    flatten_formula,
    normalize_fractional,
    tokenize_conditional,
    tokenize_crystal,
    tokenize_molecule,
)
from spectral_lab.generation.tokens import PROPERTIES
from spectral_lab.generation.vocabulary import ELEMENTS


@pytest.fixture(scope="module")
def cases(reference):
    return reference("tokenizer.json")


def same(sequence, item):
    assert sequence.tokens.tolist() == item["tokens"]
    assert sequence.coordinates_mask.tolist() == item["coordinates_mask"]
    np.testing.assert_allclose(sequence.coordinates, item["coordinates"], atol=1e-6)


def test_the_dictionaries_are_the_released_ones(cases):
    for name in ("uni", "qm9", "cond_mol"):
        assert list(Vocabulary(name).tokens) == cases[f"{name}_tokens_in_order"]
    for name in ("uni", "mat", "qm9", "drugs", "cond_mol"):
        vocabulary, expected = Vocabulary(name), dict(cases["dicts"][name])
        assert len(vocabulary) == expected.pop("vocab")
        assert {key: getattr(vocabulary, key) for key in expected} == expected
        assert len(set(vocabulary.tokens)) == len(vocabulary)


@pytest.mark.parametrize(
    ("name", "layout", "scale"),
    [("material_train", "material", 1), ("material_train_scale4", "material", 4), ("uni_mat_train", "uni_mat", 1)],
)
def test_crystals_read_as_the_released_reader_reads_them(cases, name, layout, scale):
    for record, item in zip(cases["records"]["materials"], cases["items"][name]["items"], strict=True):
        same(tokenize_crystal(record, layout, scale), item)


def test_molecules_read_as_the_released_reader_reads_them(cases):
    records, items = cases["records"]["molecules"], cases["items"]
    for record, uni, qm9 in zip(records, items["uni_mol_train"]["items"], items["mol_qm9_train"]["items"], strict=True):
        same(tokenize_molecule(record), uni)
        same(tokenize_molecule(record, "qm9"), qm9)
    given_properties = ({"alpha": 1.25, "gap": -0.5}, {"homo": 0.75}, {"homo": 0.75})
    for record, properties, item in zip(records, given_properties, items["cond_mol_train"]["items"], strict=True):
        same(tokenize_conditional(record, properties), item)


def test_formulas_and_fractions(cases):
    for formula, atoms in cases["flatten_formula"].items():
        assert flatten_formula(formula) == atoms
    assert flatten_formula("Al2(SO4)3") == ["Al"] * 2 + ["S"] * 3 + ["O"] * 12
    np.testing.assert_array_equal(normalize_fractional(cases["normalize_frac"]["x"]), cases["normalize_frac"]["y"])


def test_a_coordinate_of_four_digits_is_folded_as_in_the_released_reader():
    """0.9999 is within 1e-4 of 1, and 0.0001 is not within 1e-4 of 0: the released reader compares distances so."""
    numbers = np.arange(-30_000, 30_001) / 1e4
    rest = np.arange(-30_000, 30_001) % 10_000
    folded = normalize_fractional(numbers)
    inside = (rest > 1) & (rest < 9999)
    np.testing.assert_array_equal(folded[inside], rest[inside] / 1e4)
    assert not folded[rest == 0].any()
    np.testing.assert_array_equal(normalize_fractional([0.9999, -0.0001, 0.0001]), [0, 0, 0.0001])


numbers = st.floats(-10, 10, allow_subnormal=False)
sites = st.lists(st.tuples(st.sampled_from(ELEMENTS), st.tuples(numbers, numbers, numbers)), min_size=1, max_size=6)


@given(sites, st.lists(numbers, min_size=9, max_size=9), st.sampled_from([1.0, 4.0, 16.0]))
def test_a_crystal_comes_back_exactly(sites, lattice, scale):
    record = {
        "lattice": np.reshape(lattice, (3, 3)).tolist(),
        "sites": [{"element": e, "fractional_coordinates": list(x)} for e, x in sites],
    }
    back = detokenize_crystal(tokenize_crystal(record, "uni_mat", scale), "uni_mat", scale)
    assert back["lattice"] == record["lattice"]
    assert [site["element"] for site in back["sites"]] == [e for e, _ in sites]
    # Powers of two, so that scaling rounds nothing.
    assert [tuple(site["fractional_coordinates"]) for site in back["sites"]] == [x for _, x in sites]
    # The layout of the released CSP models is canonical: doing it twice changes nothing.
    once = detokenize_crystal(tokenize_crystal(record))
    assert detokenize_crystal(tokenize_crystal(once)) == once
    assert sorted(site["element"] for site in once["sites"]) == sorted(e for e, _ in sites)
    assert flatten_formula(once["formula"]) == [site["element"] for site in once["sites"]]


@pytest.mark.parametrize("smiles", ["CCO", "C1=CC=CC=C1", "N#CC(F)=O", "CCl", "BrC=O", "[NH3+]C", "C[O-]"])
def test_a_molecule_comes_back_exactly(smiles):
    atoms = sum(smiles.count(letter) for letter in "CNOFB") + 0 * len(smiles)
    record = {"smi": smiles, "num": atoms, "pos": np.arange(3.0 * atoms).reshape(-1, 3).tolist()}
    for vocabulary in ("uni", "drugs"):
        assert detokenize_molecule(tokenize_molecule(record, vocabulary), vocabulary) == record


@given(st.permutations(list(PROPERTIES.values())), st.integers(0, 6), numbers)
def test_properties_come_back_in_their_order(names, count, value):
    record = {"smi": "C=O", "num": 2, "pos": [[0.0, 0, 0], [1.2, 0, 0]]}
    properties = {name: value + i for i, name in enumerate(names[:count])}
    sequence = tokenize_conditional(record, properties)
    assert detokenize_conditional(sequence) == (record, properties)
    assert len(sequence) == 2 * count + 9
    np.testing.assert_array_equal(sequence.coordinates[:count].T, [list(properties.values())] * 3)


@pytest.mark.parametrize("smiles", ["c1ccccc1", "Cc1ccccc1", "C[nH]1C=CC=C1", "Sc1ccccc1", "n", "OCc"])
@pytest.mark.parametrize("vocabulary", ["uni", "qm9", "drugs"])
def test_aromatic_smiles_are_refused_by_name(smiles, vocabulary):
    with pytest.raises(ValueError, match="aromatic lower-case"):
        tokenize_molecule({"smi": smiles, "num": 6, "pos": np.zeros((6, 3))}, vocabulary)


@pytest.mark.parametrize(
    ("smiles", "number"),
    [("[NH4+]", 1), ("[13CH4]", 1), ("[2H]OC", 2), ("[Na+].[Cl-]", 2), ("CC(=O)[O-].[Na+]", 5), ("C%10CCCCC%10", 6),
     ("C[N+](C)(C)C", 5), ("C/C=C/C", 4), ("[C@H](F)(Cl)Br", 4), ("[Cu+2]", 1)],
)  # fmt: skip
def test_charges_isotopes_and_parts_come_back(smiles, number):
    record = {"smi": smiles, "num": number, "pos": np.random.default_rng(0).standard_normal((number, 3)).tolist()}
    assert detokenize_molecule(tokenize_molecule(record)) == record


def test_the_length_of_a_sentence():
    """Spinel, 14 atoms: 2 n + 6 in the material layout, one more in the unified one (exercise 1)."""
    sites = [
        {"element": e, "fractional_coordinates": [0.01 * i] * 3}
        for i, e in enumerate(["Mg"] * 2 + ["Al"] * 4 + ["O"] * 8)
    ]
    record = {"lattice": np.eye(3).tolist(), "sites": sites}
    assert len(tokenize_crystal(record)) == 34
    assert len(tokenize_crystal(record, "uni_mat")) == 35


def test_what_does_not_fit_is_named():
    molecule = {"smi": "CCO", "num": 3, "pos": np.zeros((3, 3))}
    with pytest.raises(ValueError, match="num must be the 3 heavy atoms"):
        tokenize_molecule({**molecule, "num": 2})
    with pytest.raises(ValueError, match="pos must have shape"):
        tokenize_molecule({**molecule, "pos": np.zeros((4, 3))})
    with pytest.raises(ValueError, match=r"symbols of Vocabulary\('qm9'\), got 'Cl'"):
        tokenize_molecule({**molecule, "smi": "CCCl"}, "qm9")
    for element in ("Co", "Sc", "Os", "Se"):  # no aromatic o or c behind the bracket
        with pytest.raises(ValueError, match=f"symbols of .*, got '{element}'"):
            tokenize_molecule({"smi": f"[{element}]", "num": 1, "pos": np.zeros((1, 3))})
    with pytest.raises(ValueError, match="properties must be among"):
        tokenize_conditional(molecule, {"mass": 1.0})
    with pytest.raises(ValueError, match="sequence must"):
        detokenize_crystal(tokenize_molecule(molecule), "uni_mat")
    with pytest.raises(ValueError, match="formula"):
        flatten_formula("Xx2")
    with pytest.raises(ValueError, match="at most 10,000 atoms"):
        flatten_formula("C999999")
