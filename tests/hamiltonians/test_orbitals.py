from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hamiltonians import (
    assemble,
    basis_rotation,
    blocks,
    from_degree_order,
    rotation,
    shells,
    slot_count,
    slots,
    to_degree_order,
)

molecules = st.lists(st.sampled_from([1, 5, 6, 7, 8, 9]), min_size=1, max_size=5)
bases = st.sampled_from(["sto-3g", "def2-svp", "def2-tzvp"])


def random_matrix(numbers: list[int], basis: str, seed: int) -> np.ndarray:
    n = sum(2 * degree + 1 for _, degree in shells(numbers, basis))
    return np.random.default_rng(seed).standard_normal((n, n))


@pytest.mark.parametrize("name", ["S", "F"])
def test_a_molecule_computed_again_in_another_direction_has_the_turned_matrix(
    reference: Callable[[str], Any], name: str
) -> None:
    data = reference("conventions.npz")
    before, after = (to_degree_order(data[f"{name}{i}"], data["Z"], "def2-svp") for i in (0, 1))
    D = basis_rotation(data["R"], data["Z"], "def2-svp")
    np.testing.assert_allclose(D, data["D"], atol=1e-12)
    np.testing.assert_allclose(D @ before @ D.T, after, atol=1e-10)


def test_degree_order_is_the_permutation_of_the_reference(reference: Callable[[str], Any]) -> None:
    data = reference("conventions.npz")
    perm = data["perm"]
    np.testing.assert_array_equal(to_degree_order(data["F0"], data["Z"], "def2-svp"), data["F0"][perm][:, perm])
    assert [degree for _, degree in shells(data["Z"], "def2-svp")] == data["shells"].tolist()


def test_either_mistake_alone_is_seen_and_both_together_hide_where_there_are_no_d_shells(
    reference: Callable[[str], Any],
) -> None:
    data = reference("conventions.npz")
    Z, R = data["Z"], data["R"]
    swap = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]])  # (x, y, z) to (y, z, x)
    forgotten = swap.T @ R @ swap  # the axes that e3nn means, if nobody permutes them

    def error(order: bool, axes: bool, keep: np.ndarray) -> float:
        F0, F1 = (to_degree_order(data[name], Z, "def2-svp") if order else data[name] for name in ("F0", "F1"))
        D = basis_rotation(R if axes else forgotten, Z, "def2-svp")
        return float(np.abs(D @ F0 @ D.T - F1)[np.ix_(keep, keep)].max())

    degrees = np.repeat(*np.array([(d, 2 * d + 1) for _, d in shells(Z, "def2-svp")]).T)
    everything, s_and_p = np.arange(24), np.flatnonzero(degrees < 2)
    assert error(True, True, everything) < 1e-10
    assert error(False, True, everything) == pytest.approx(2.7, abs=0.1)
    assert error(True, False, everything) == pytest.approx(2.7, abs=0.1)
    assert error(False, False, everything) == pytest.approx(0.67, abs=0.01)
    assert error(False, False, s_and_p) < 1e-10


@given(numbers=molecules, basis=bases, seed=st.integers(0, 999))
def test_orders_go_there_and_back(numbers: list[int], basis: str, seed: int) -> None:
    M = np.stack([random_matrix(numbers, basis, seed), random_matrix(numbers, basis, seed + 1)])
    for program in ("pyscf", "orca") if basis != "def2-tzvp" else ("pyscf",):
        there = to_degree_order(M, numbers, basis, program)
        np.testing.assert_array_equal(from_degree_order(there, numbers, basis, program), M)
        np.testing.assert_array_equal(there[1], to_degree_order(M[1], numbers, basis, program))


def test_orca_writes_p_as_zxy_and_d_from_the_middle() -> None:
    place = np.diag(np.arange(14.0))
    order = np.diag(to_degree_order(place, [6], "def2-svp", "orca"))
    assert order.tolist() == [0, 1, 2, 5, 3, 4, 8, 6, 7, 13, 11, 9, 10, 12]
    with pytest.raises(ValueError, match="source must be 'pyscf' for shells of degree 3"):
        to_degree_order(np.zeros((31, 31)), [6], "def2-tzvp", "orca")


@given(numbers=molecules, basis=bases, seed=st.integers(0, 999))
def test_basis_rotations_are_orthogonal_and_compose(numbers: list[int], basis: str, seed: int) -> None:
    R1, R2 = (rotation(*np.random.default_rng(seed + i).uniform(0, 6, 3)) for i in (0, 1))
    D1, D2 = (basis_rotation(R, numbers, basis) for R in (R1, R2))
    np.testing.assert_allclose(D1 @ D1.T, np.eye(len(D1)), atol=1e-12)
    np.testing.assert_allclose(basis_rotation(R1 @ R2, numbers, basis), D1 @ D2, atol=1e-12)


@given(numbers=molecules, basis=bases, seed=st.integers(0, 999))
def test_blocks_hold_all_of_a_symmetric_matrix(numbers: list[int], basis: str, seed: int) -> None:
    M = random_matrix(numbers, basis, seed)
    M = M + M.T
    cut, rng = blocks(M, numbers, basis), np.random.default_rng(seed)
    noise = rng.standard_normal(cut.lower.shape)  # in the padding, where it must not matter
    whole = assemble(cut.diagonal, np.where(cut.lower_mask, cut.lower, noise), numbers, basis)
    np.testing.assert_array_equal(whole, M)
    assert cut.lower.shape[1:] == (slot_count(basis),) * 2
    assert not cut.lower[~cut.lower_mask].any()
    assert cut.diagonal_mask.sum() + 2 * cut.lower_mask.sum() == M.size
    assert (cut.pairs[:, 0] > cut.pairs[:, 1]).all()
    assert [tuple(pair) for pair in cut.pairs] == sorted(map(tuple, cut.pairs))


def test_blocks_are_those_of_the_released_code(reference: Callable[[str], Any]) -> None:
    data = reference("qh9_layout.npz")
    numbers = data["Z"].tolist()
    cut = blocks(to_degree_order(data["H"], numbers, "def2-svp"), numbers, "def2-svp")
    np.testing.assert_allclose(cut.diagonal, data["diag"], atol=1e-6)
    np.testing.assert_array_equal(cut.diagonal_mask, data["diag_mask"] > 0)
    for row in data["lower"]:
        mine = np.flatnonzero((cut.pairs == data["pairs"][row]).all(axis=1))
        np.testing.assert_allclose(cut.lower[mine[0]], data["nondiag"][row], atol=1e-6)
        np.testing.assert_array_equal(cut.lower_mask[mine[0]], data["nondiag_mask"][row] > 0)
    assert sorted(data["mask1"]) == slots([1], "def2-svp").tolist()


def test_assembling_makes_diagonal_blocks_symmetric() -> None:
    rng = np.random.default_rng(0)
    whole = assemble(rng.standard_normal((2, 5, 5)), rng.standard_normal((1, 5, 5)), [6, 1], "sto-3g")
    np.testing.assert_array_equal(whole, whole.T)


@pytest.mark.parametrize(("numbers", "basis", "words"), [
    ([17], "def2-svp", "elements of def2-svp"),
    ([0], "sto-3g", r"\(1 to 10\), got 0"),
    ([1, 1.5], "sto-3g", "whole number"),
    ([], "sto-3g", "1 to 500 atomic numbers"),
    ([1], "6-31g", "basis must be one of"),
])  # fmt: skip
def test_unknown_atoms_and_bases_are_named(numbers: list, basis: str, words: str, as_users_call: None) -> None:
    with pytest.raises(ValueError, match=words):
        shells(numbers, basis)
