from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.generation import (
    coulomb_spectrum,
    coverage_and_matching,
    edm_bond_order,
    edm_stability,
    gram_spectrum,
    principal_frame,
)

SYMBOLS = {1: "H", 6: "C", 7: "N", 8: "O", 9: "F"}


@pytest.fixture(scope="module")
def cases(reference):
    return reference("molecule_metrics.json")


def turn(x, seed):
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    rotation[:, 0] *= np.sign(np.linalg.det(rotation))
    return x @ rotation + rng.standard_normal(3)


def test_bond_orders_and_stability_are_those_of_edm(cases):
    for case in cases["bond_order"]:
        assert edm_bond_order(case["a"], case["b"], case["d"]) == case["order"]
        assert edm_bond_order(case["b"], case["a"], case["d"]) == case["order"]
    for case in cases["stability"]:
        symbols = [SYMBOLS[z] for z in cases["conformers"][case["smiles"]]["Z"]]
        expected = (case["mol_stable"], case["stable_atoms"], case["n_atoms"])
        assert edm_stability(symbols, case["pos"]) == expected


def test_coverage_and_matching_are_those_of_the_released_evaluation(cases):
    for case in cases["covmat"]:
        conformers, atoms = cases["conformers"][case["smiles"]]["pos"], len(case["gen"][0])
        reference = [np.array(conformers[i])[:atoms] for i in case["ref_index"]]
        found = coverage_and_matching(case["gen"], reference, case["smiles"], case["threshold"])
        np.testing.assert_allclose(found, [case[key] for key in ("cov_r", "mat_r", "cov_p", "mat_p")], atol=1e-6)


@pytest.mark.parametrize(
    "smiles",
    [
        "CC(=O)O",
        "CC(=O)[O-]",
        "C[N+](=O)[O-]",
        "NC(=N)C",
        "NC=O",
        "CS(=O)(=O)O",
        "[NH3+]CC([O-])=O",
        "C=O.OC=O",
        "ON=O",
    ],
)
def test_distances_are_those_of_rdkit_where_two_ends_are_one(smiles):
    from rdkit import Chem
    from rdkit.Chem.rdMolAlign import GetBestRMS

    rng = np.random.default_rng(0)
    for _ in range(5):
        molecules, sets = [], []
        for _ in range(2):
            molecule = Chem.MolFromSmiles(smiles)
            sets.append(rng.standard_normal((molecule.GetNumAtoms(), 3)))
            conformer = Chem.Conformer(len(sets[-1]))
            conformer.SetPositions(sets[-1])
            molecule.AddConformer(conformer)
            molecules.append(molecule)
        found = coverage_and_matching(sets[:1], sets[1:], smiles, 0.5).mat_r
        assert found == pytest.approx(GetBestRMS(*molecules), abs=1e-6)


@pytest.mark.parametrize("smiles", ["[2H]OC", "[2H]O[13CH3]", "[H]OC", "[OH2+]C", "[Na+].[F-]"])
def test_heavy_atoms_alone_have_positions(smiles):
    x = np.array([[0.0, 0, 0], [1.0, 0, 0]])
    assert coverage_and_matching([x], [1.2 * x], smiles, 0.1).mat_r == pytest.approx(0.1)
    with pytest.raises(ValueError, match=r"generated must have shape \(2, 3\)"):
        coverage_and_matching([np.eye(3)], [x], smiles, 0.1)


def test_distances_do_not_see_rotation_shift_or_symmetry():
    """Benzene turned by a sixth is benzene; its mirror image is too, since it is flat."""
    angles = np.arange(6) * np.pi / 3
    ring = 1.39 * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    for other in (turn(ring, 0), np.roll(ring, 1, axis=0), ring[::-1]):
        assert coverage_and_matching([other], [ring], "C1=CC=CC=C1", 0.01) == pytest.approx((100, 0, 100, 0), abs=1e-6)


def test_a_mirror_image_of_a_chiral_molecule_is_another_one():
    x = np.array([[0.0, 0, 0], [1.5, 0, 0], [-0.5, 1.4, 0], [-0.4, -0.6, 1.2]])
    found = coverage_and_matching([x * [1, 1, -1]], [x], "C(F)(Cl)Br", 0.1)
    assert found.cov_r == 0
    assert found.mat_r > 0.1


@given(st.integers(0, 10**6), st.integers(4, 9))
def test_the_frame_is_the_same_however_the_molecule_is_turned(seed, atoms):
    x = np.random.default_rng(seed).standard_normal((atoms, 3)) * [3, 2, 1]
    frame = principal_frame(x)
    np.testing.assert_allclose(frame.mean(axis=0), 0, atol=1e-12)
    covariance = frame.T @ frame
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-9 * covariance.max())
    assert (np.diff(np.diag(covariance)) <= 0).all()
    # No mirror image: distances and handedness are kept.
    tetrahedra = [np.linalg.det(y[1:4] - y[0]) for y in (x, frame)]
    assert tetrahedra[0] == pytest.approx(tetrahedra[1], rel=1e-6, abs=1e-9)
    third = (frame**3).sum(axis=0)
    gaps = np.diff(np.sqrt(np.diag(covariance)))
    if np.abs(gaps).min() > 0.05 and np.abs(third[:2]).min() > 0.05:
        np.testing.assert_allclose(principal_frame(turn(x, seed + 1)), frame, atol=1e-6)


SYMMETRIC = {
    "a rod": [[0, 0, -1.0], [0, 0, 0], [0, 0, 1]],
    "two atoms": [[0, 0, 0], [0, 0, 1.5]],
    "a hexagon": [[np.cos(a), np.sin(a), 0] for a in np.arange(6) * np.pi / 3],
    "a tetrahedron": [[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]],
    "a zigzag": [[-1.5, -0.2, 0], [-0.5, 0.4, 0], [0.5, -0.4, 0], [1.5, 0.2, 0]],
    "a prism": [[np.cos(a), np.sin(a), z] for z in (-1.2, 1.2) for a in np.arange(3) * 2 * np.pi / 3],
}


@pytest.mark.parametrize("name", SYMMETRIC)
def test_the_frame_of_a_symmetric_molecule_is_settled_by_the_order_of_its_atoms(name):
    """Turned, and moved by rounding, it stays; in another order of the atoms it may be another one."""
    x = np.array(SYMMETRIC[name])
    x = x - x.mean(axis=0)
    frame = principal_frame(x)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        moved = turn(x, seed) + 1e-10 * rng.standard_normal(x.shape) + rng.standard_normal(3)
        np.testing.assert_allclose(principal_frame(moved), frame, atol=1e-8)
    distances = [np.linalg.norm(y[:, None] - y[None], axis=2) for y in (x, frame)]
    np.testing.assert_allclose(*distances, atol=1e-12)


def test_the_frame_of_a_zigzag_turns_with_the_order_of_its_atoms():
    """Honest: reversing the atoms of a centrally symmetric molecule changes nothing but their names, and the frame."""
    x = np.array(SYMMETRIC["a zigzag"])
    np.testing.assert_allclose(principal_frame(x[::-1]), principal_frame(x), atol=1e-12)
    assert np.abs(principal_frame(x[::-1])[::-1] - principal_frame(x)).max() > 1


def test_spectra_are_those_of_the_reference(cases):
    for smiles, case in cases["spectral"].items():
        conformer = cases["conformers"][smiles]
        x = np.array(conformer["pos"][0])
        np.testing.assert_allclose(gram_spectrum(x)[:4], case["gram_eigs"], atol=1e-9)
        np.testing.assert_allclose(
            coulomb_spectrum(conformer["Z"], x), case["coulomb_eigs_desc_abs"], rtol=1e-9, atol=1e-9
        )


@given(st.integers(0, 10**6), st.integers(1, 8))
def test_the_gram_spectrum_is_that_of_the_distances(seed, atoms):
    """Classical scaling: -J D^2 J / 2 has the eigenvalues of the Gram matrix, and no others."""
    x = np.random.default_rng(seed).standard_normal((atoms, 3))
    squares = ((x[:, None] - x[None]) ** 2).sum(axis=2)
    J = np.eye(atoms) - 1 / atoms
    expected = np.sort(np.linalg.eigvalsh(-J @ squares @ J / 2))[::-1]
    np.testing.assert_allclose(gram_spectrum(x), expected, atol=1e-10)


@given(st.integers(0, 10**6))
def test_the_coulomb_spectrum_does_not_see_order_or_rotation(seed):
    rng = np.random.default_rng(seed)
    x, Z = 2 * rng.standard_normal((5, 3)), rng.integers(1, 10, 5)
    order = rng.permutation(5)
    np.testing.assert_allclose(coulomb_spectrum(Z[order], turn(x[order], seed)), coulomb_spectrum(Z, x), rtol=1e-7)


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="two atoms coincide"):
        coulomb_spectrum([1, 1], np.zeros((2, 3)))
    with pytest.raises(ValueError, match="positions must have a row"):
        edm_stability(["C"], np.zeros((2, 3)))
    with pytest.raises(ValueError, match="smiles"):
        coverage_and_matching([np.zeros((1, 3))], [np.zeros((1, 3))], "not a molecule", 0.5)
    with pytest.raises(ValueError, match="generated must have shape"):
        coverage_and_matching([np.zeros((2, 3))], [np.zeros((1, 3))], "C", 0.5)
