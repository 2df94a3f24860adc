from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.generation import (
    Crystal,
    debye_waller,
    match,
    mean_intensity,
    random_baseline,
    structure_factor,
    structure_valid,
    xrd_cosine,
    xrd_pattern,
)
from spectral_lab.generation.matching import TOLERANCES, composition_valid


@pytest.fixture(scope="module")
def cases(reference):
    return reference("crystal_metrics.json")


@pytest.fixture(scope="module")
def crystals(cases):
    return {name: Crystal(c["lattice"], c["species"], c["frac"]) for name, c in cases["structures"].items()}


def turned(crystal, seed):
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))
    return Crystal(crystal.lattice @ rotation, crystal.species, crystal.frac)


def moved(crystal, seed):
    """Another origin, another order of the atoms, and other images."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(crystal))
    frac = crystal.frac + rng.random(3) + rng.integers(-2, 3, (len(crystal), 3))
    return Crystal(crystal.lattice, [crystal.species[i] for i in order], frac[order])


def doubled(crystal):
    """Two cells along the first axis."""
    frac = np.concatenate([crystal.frac, crystal.frac + [1, 0, 0]]) / [2, 1, 1]
    return Crystal(crystal.lattice * np.array([[2.0], [1], [1]]), [*crystal.species, *crystal.species], frac)


def test_structure_factors_and_patterns_are_those_of_pymatgen(cases, crystals):
    """Angles to 1e-6 degrees; intensities to 0.7 of 100, since the form factors are another table's."""
    for name, crystal in crystals.items():
        expected = np.array(cases["structure_factor_Z"][name]) @ [1, 1j]
        np.testing.assert_allclose(structure_factor(crystal, cases["hkl"]), expected, atol=1e-10)
        two_theta, intensity = xrd_pattern(crystal)
        np.testing.assert_allclose(two_theta, cases["xrd"][name]["two_theta"], atol=1e-6)
        np.testing.assert_allclose(intensity, cases["xrd"][name]["intensity"], atol=0.7)


def test_matches_are_those_of_pymatgen(cases, crystals):
    for pair in cases["pairs"]:
        reference = crystals[pair["name"]]
        copies = len(pair["frac"]) // len(reference)
        species = [name for name in reference.species for _ in range(copies)]
        structure = Crystal(pair["lattice"], species, pair["frac"])
        for tolerance, key in (("cdvae", "rms_cdvae"), ("default", "rms_default")):
            if key in pair:
                expected = pair[key] and pytest.approx(pair[key][0], abs=1e-9)
                assert match(structure, reference, tolerance) == expected, pair
        if "struct_valid" in pair:
            assert structure_valid(structure) == pair["struct_valid"]


@settings(max_examples=25)
@given(st.sampled_from(["NaCl", "CsCl", "CaF2", "SrTiO3", "ZnS"]), st.integers(0, 10**6))
def test_patterns_do_not_see_rotation_origin_order_or_supercell(crystals, name, seed):
    crystal = crystals[name]
    two_theta, intensity = xrd_pattern(crystal)
    for other in (turned(crystal, seed), moved(crystal, seed), doubled(crystal)):
        angles, heights = xrd_pattern(other)
        np.testing.assert_allclose(angles, two_theta, atol=1e-6)
        np.testing.assert_allclose(heights, intensity, rtol=1e-6, atol=1e-9)
        assert xrd_cosine(other, crystal) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", ["NaCl", "SrTiO3", "ZnS"])
def test_matches_do_not_see_them_either(crystals, name):
    for other in (turned(crystals[name], 1), moved(crystals[name], 2), doubled(crystals[name])):
        assert match(other, crystals[name]) == pytest.approx(0, abs=1e-6)


def test_a_match_is_blind_to_volume_and_a_pattern_is_not(crystals):
    crystal = crystals["SrTiO3"]
    larger = Crystal(2 * crystal.lattice, crystal.species, crystal.frac)
    assert match(larger, crystal) == pytest.approx(0, abs=1e-6)
    smaller = Crystal(0.99 * crystal.lattice, crystal.species, crystal.frac)
    assert xrd_cosine(smaller, crystal) == pytest.approx(0.13, abs=0.01)


def test_noise_fades_the_lines_as_debye_and_waller_say(crystals):
    crystal, sigma = crystals["SrTiO3"], 0.05
    orders = np.array([[1, 0, 0], [2, 0, 0], [2, 2, 0], [3, 1, 1]])
    rng = np.random.default_rng(0)
    noisy = [
        structure_factor(Crystal(crystal.lattice, crystal.species, crystal.frac + sigma * e), orders)
        for e in rng.standard_normal((2000, 5, 3))
    ]
    amplitude = debye_waller(orders, sigma) * structure_factor(crystal, orders)
    np.testing.assert_allclose(np.mean(noisy, axis=0), amplitude, atol=0.03 * 84)
    np.testing.assert_allclose(np.mean(np.abs(noisy) ** 2, axis=0), mean_intensity(crystal, orders, sigma), rtol=0.08)


def test_the_heat_semigroup_adds_its_variances():
    orders = np.array([[1, 2, 3], [0, 0, 1]])
    np.testing.assert_allclose(
        debye_waller(orders, 0.03) * debye_waller(orders, 0.04), debye_waller(orders, 0.05), rtol=1e-12
    )


@pytest.mark.parametrize(("name", "draws"), [("NaCl", 20), ("CaF2", 40), ("SrTiO3", 40)])
@pytest.mark.parametrize("tolerance", ["cdvae", "default"])
def test_the_random_baseline_is_what_the_matcher_says_of_every_draw(crystals, name, draws, tolerance):
    from pymatgen.core import Lattice, Structure
    from pymatgen.core.structure_matcher import StructureMatcher

    from spectral_lab.generation.matching import _reduced, _species

    cell = _reduced(crystals[name])
    matcher = StructureMatcher(**TOLERANCES[tolerance])
    rng = np.random.default_rng(7)
    found = [
        matcher.get_rms_dist(Structure(Lattice(cell.lattice.matrix), _species(cell), frac), cell) is not None
        for frac in rng.random((draws, len(cell), 3))
    ]
    assert random_baseline(crystals[name], draws, seed=7, tolerance=tolerance) == np.mean(found)


def test_chance_matches_rock_salt_always_and_a_perovskite_seldom(crystals):
    assert random_baseline(crystals["NaCl"], 50) == 1
    assert 0.02 < random_baseline(crystals["SrTiO3"], 100) < 0.3


def test_other_compositions_and_needles_match_nothing(crystals):
    assert match(crystals["NaCl"], crystals["CsCl"]) is None
    assert match(crystals["NaCl"], crystals["CaF2"]) is None
    needle = Crystal(np.diag([1e-3, 1.0, 1.0]), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert match(needle, crystals["NaCl"]) is None


def test_structures_are_invalid_where_images_come_close():
    """Atoms near two faces of the cell are neighbours; a cell that is no cell is invalid too."""
    assert not structure_valid(Crystal(5 * np.eye(3), ["Na", "Cl"], [[0.01, 0, 0], [0.99, 0, 0]]))
    assert structure_valid(Crystal(5 * np.eye(3), ["Na", "Cl"], [[0.2, 0, 0], [0.8, 0, 0]]))
    assert not structure_valid(Crystal(0.4 * np.eye(3), ["Na"], [[0, 0, 0]]))
    # A sheared cell, whose shortest image is not the rounded one.
    sheared = Crystal([[4.0, 0, 0], [3.9, 1.0, 0], [0, 0, 4.0]], ["Na", "Cl"], [[0, 0, 0], [0.5, 0.49, 0]])
    images = np.array([[i, j, 0] for i in range(-4, 5) for j in range(-4, 5)])
    nearest = np.linalg.norm((np.array([0.5, 0.49, 0]) + images) @ sheared.lattice, axis=1).min()
    assert structure_valid(sheared) == (nearest >= 0.5)


def test_validity_does_not_see_which_edges_tell_the_lattice():
    """Random cells, half of them too tight, told again by steep combinations of their edges."""
    rng, found = np.random.default_rng(0), []
    images = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    for _ in range(40):
        lattice, frac = 1.5 * np.eye(3) + 0.4 * rng.standard_normal((3, 3)), rng.random((3, 3))
        apart = (frac[:, None] - frac[None])[~np.eye(3, dtype=bool)]
        nearest = np.linalg.norm((apart[:, None] + images) @ lattice, axis=2).min()
        steep = np.array([[1, rng.integers(-9, 10), 0], [0, 1, 0], [rng.integers(-9, 10), 0, 1]])
        again = Crystal(steep @ lattice, ["Na"] * 3, frac @ np.linalg.inv(steep))
        assert structure_valid(again) == structure_valid(Crystal(lattice, ["Na"] * 3, frac)) == (nearest >= 0.5)
        found.append(nearest >= 0.5)
    assert 5 < sum(found) < 35


def test_compositions_by_smact(cases):
    pytest.importorskip("smact", reason="composition validity needs smact")
    for case in cases["smact"]:
        assert composition_valid(case["elems"], case["counts"]) == case["valid"], case


def test_flat_cells_and_strange_atoms_are_refused():
    with pytest.raises(ValueError, match="lattice must have three independent rows"):
        Crystal([[1, 0, 0], [0, 1, 0], [1, 1, 0]], ["Na"], [[0, 0, 0]])
    with pytest.raises(ValueError, match="species"):
        Crystal(np.eye(3), ["Xx"], [[0, 0, 0]])
    with pytest.raises(ValueError, match="hkl must be whole"):
        structure_factor(Crystal(np.eye(3), ["Na"], [[0, 0, 0]]), [[0.5, 0, 0]])
