from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hamiltonians import (
    couple,
    path_costs,
    rotation,
    spherical_harmonics,
    tensor_product_paths,
    uncouple,
    wigner_3j,
    wigner_d,
)

degrees, seeds = st.integers(0, 6), st.integers(0, 10_000)


def turn(seed: int) -> np.ndarray:
    """A random rotation, or a reflection for odd seeds."""
    Q = scipy.stats.ortho_group.rvs(3, random_state=seed)
    return Q * np.sign(np.linalg.det(Q)) * (-1) ** seed


def test_harmonics_and_wigner_matrices_meet_the_reference(reference: Callable[[str], Any]) -> None:
    cg, conventions = reference("cg.npz"), reference("conventions.npz")
    for l in range(5):
        expected = cg["Y_component"][:, l**2 : (l + 1) ** 2]
        np.testing.assert_allclose(spherical_harmonics(l, cg["points_xyz"]), expected, atol=1e-13)
        np.testing.assert_allclose(wigner_d(l, conventions["R"]), conventions[f"D{l}"], atol=1e-13)


def test_coupling_tensors_meet_the_reference(reference: Callable[[str], Any]) -> None:
    cg = reference("cg.npz")
    expected = np.split(cg["values"], np.cumsum((2 * cg["triples"] + 1).prod(axis=1))[:-1])
    for triple, values in zip(cg["triples"], expected, strict=True):
        np.testing.assert_allclose(wigner_3j(*map(int, triple)).ravel(), values, atol=1e-14)


def test_every_tensor_up_to_degree_6_is_that_of_e3nn() -> None:
    e3nn = pytest.importorskip("e3nn", reason="e3nn, the oracle, is not here: pip install e3nn")
    torch = pytest.importorskip("torch")
    from e3nn import o3

    assert e3nn.__version__
    for l1, l2, l3 in tensor_product_paths(6):
        oracle = o3.wigner_3j(int(l1), int(l2), int(l3), dtype=torch.float64).numpy()
        np.testing.assert_allclose(wigner_3j(l1, l2, l3), oracle, atol=2e-14)


@given(l=degrees, seed=seeds)
def test_harmonics_are_orthogonal_over_the_sphere(l: int, seed: int) -> None:
    # Gauss points in z and even ones in the angle integrate products of harmonics exactly.
    z, w = np.polynomial.legendre.leggauss(16)
    phi = 2 * np.pi * (np.arange(32) + seed / 10_000) / 32
    ring = np.sqrt(1 - z**2)[:, None]
    points = np.stack([ring * np.cos(phi), ring * np.sin(phi), z[:, None] + 0 * phi], axis=-1).reshape(-1, 3)
    weights = np.repeat(w / 64, 32)
    lower = spherical_harmonics(max(0, l - 1), points)
    Y = spherical_harmonics(l, 3.0 * points)
    np.testing.assert_allclose((Y * weights[:, None]).T @ Y, np.eye(2 * l + 1), atol=1e-12)
    np.testing.assert_allclose((Y**2).sum(axis=1), 2 * l + 1, rtol=1e-12)
    if l:
        np.testing.assert_allclose((Y * weights[:, None]).T @ lower, 0, atol=1e-12)


@given(l=degrees, seed=seeds)
def test_wigner_matrices_represent_rotations(l: int, seed: int) -> None:
    R1, R2 = turn(seed), turn(seed + 1)
    points = np.random.default_rng(seed).standard_normal((5, 3))
    D = wigner_d(l, R1)
    np.testing.assert_allclose(spherical_harmonics(l, points @ R1.T), spherical_harmonics(l, points) @ D.T, atol=1e-12)
    np.testing.assert_allclose(D @ D.T, np.eye(2 * l + 1), atol=1e-12)
    np.testing.assert_allclose(wigner_d(l, R1 @ R2), D @ wigner_d(l, R2), atol=1e-12)
    np.testing.assert_allclose(wigner_d(l, -R1), (-1) ** l * D, atol=1e-12)


def test_the_first_degrees_are_what_they_are_called() -> None:
    p = np.array([[0.3, -0.5, 0.7]])
    x, y, z = (p / np.linalg.norm(p)).ravel()
    np.testing.assert_allclose(spherical_harmonics(1, p), np.sqrt(3) * np.array([[y, z, x]]))
    second = [x * y, y * z, (3 * z**2 - 1) / (2 * np.sqrt(3)), x * z, (x**2 - y**2) / 2]
    np.testing.assert_allclose(spherical_harmonics(2, p), np.sqrt(15) * np.array([second]))
    np.testing.assert_allclose(wigner_d(1, np.eye(3)), np.eye(3), atol=1e-14)


def test_rotation_composes_turns_about_z_y_z() -> None:
    R = rotation(0.3, 0.0, 0.4)
    np.testing.assert_allclose(R, rotation(0.7, 0.0, 0.0), atol=1e-15)
    np.testing.assert_allclose(rotation(0.0, np.pi / 2, 0.0) @ [0, 0, 1], [1, 0, 0], atol=1e-15)
    np.testing.assert_allclose(rotation(0.2, 1.1, -2.0), rotation(0.2, 0, 0) @ rotation(0, 1.1, 0) @ rotation(-2, 0, 0))


@given(l1=st.integers(0, 5), l2=st.integers(0, 5), third=st.integers(0, 10), seed=seeds)
def test_coupling_tensors_are_invariant(l1: int, l2: int, third: int, seed: int) -> None:
    l3 = abs(l1 - l2) + third % (2 * min(l1, l2) + 1)
    C, R = wigner_3j(l1, l2, l3), rotation(*np.random.default_rng(seed).uniform(0, 6, 3))
    turned = np.einsum("ia,jb,kc,abc->ijk", *(wigner_d(l, R) for l in (l1, l2, l3)), C)
    np.testing.assert_allclose(turned, C, atol=1e-12)
    np.testing.assert_allclose((C**2).sum(), 1, rtol=1e-13)
    np.testing.assert_allclose(wigner_3j(l2, l3, l1), C.transpose(1, 2, 0), atol=1e-14)
    np.testing.assert_allclose(wigner_3j(l2, l1, l3), (-1) ** (l1 + l2 + l3) * C.transpose(1, 0, 2), atol=1e-14)


@given(l1=st.integers(0, 4), l2=st.integers(0, 4), seed=seeds)
def test_a_block_is_the_sum_of_its_parts_and_each_turns_alone(l1: int, l2: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    B, R = rng.standard_normal((2 * l1 + 1, 2 * l2 + 1)), turn(2 * seed)
    parts = couple(B, l1, l2)
    np.testing.assert_allclose(uncouple(parts, l1, l2), B, atol=1e-12)
    assert sum((2 * l + 1) * (c**2).sum() for l, c in parts.items()) == pytest.approx((B**2).sum())
    turned = couple(wigner_d(l1, R) @ B @ wigner_d(l2, R).T, l1, l2)
    for l, c in parts.items():
        np.testing.assert_allclose(turned[l], wigner_d(l, R) @ c, atol=1e-12)


def test_a_symmetric_block_of_one_shell_has_only_even_parts() -> None:
    B = np.random.default_rng(0).standard_normal((5, 5))
    sizes = {l: np.abs(c).max() for l, c in couple(B + B.T, 2, 2).items()}
    assert {l for l, size in sizes.items() if size > 1e-12} == {0, 2, 4}


def test_paths_and_costs_are_those_counted_elsewhere(reference: Callable[[str], Any]) -> None:
    for L, counted in reference("counts.json")["tp_paths"].items():
        paths, even = tensor_product_paths(int(L)), tensor_product_paths(int(L), parity=True)
        assert (len(paths), len(even)) == (counted["paths"], counted["even"])
        assert path_costs(int(L)) == (counted["dense_mul"], counted["nnz_real_cg"])
        assert (even.sum(axis=1) % 2 == 0).all()
    assert tensor_product_paths(2)[:4].tolist() == [[0, 0, 0], [0, 1, 1], [0, 2, 2], [1, 0, 1]]


def test_cost_grows_towards_the_sixth_power() -> None:
    slopes = [np.log(path_costs(L + 1)[0] / path_costs(L)[0]) / np.log((L + 1) / L) for L in (2, 4, 7, 11)]
    assert (np.diff(slopes) > 0).all()
    assert 5.3 < slopes[-1] < 6
