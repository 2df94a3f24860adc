from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hamiltonians import (
    density_matrix,
    eigenvalue_bound,
    hamiltonian_metrics,
    normal_modes,
    rhf,
    sample_normal_modes,
    solve_roothaan,
    stored,
    wa_loss,
)
from spectral_lab.hamiltonians.vibrations import DALTON, KELVIN, WAVENUMBER

seeds = st.integers(0, 10_000)


def pair(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A random symmetric H and an overlap S."""
    rng = np.random.default_rng(seed)
    A, B = rng.standard_normal((2, n, n))
    return A + A.T, B @ B.T / n + 0.05 * np.eye(n)


def symmetric_noise(n: int, seed: int) -> np.ndarray:
    E = np.random.default_rng(seed).standard_normal((n, n))
    return E + E.T


@given(n=st.integers(1, 12), seed=seeds)
def test_orbitals_solve_their_equation(n: int, seed: int) -> None:
    H, S = pair(n, seed)
    energies, C = solve_roothaan(H, S)
    np.testing.assert_allclose(energies, scipy.linalg.eigh(H, S, eigvals_only=True), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(C.T @ S @ C, np.eye(n), atol=1e-10)
    np.testing.assert_allclose(C.T @ H @ C, np.diag(energies), atol=1e-9 * (1 + np.abs(energies).max()))


def test_levels_of_dft_are_met(reference: Callable[[str], Any]) -> None:
    for name in ("water_sto3g.npz", "formaldehyde_sto3g.npz"):
        data = reference(name)
        for H, S, levels, homo, lumo in zip(
            data["H"], data["S"], data["mo_energy"], data["homo"], data["lumo"], strict=True
        ):
            energies = solve_roothaan(H, S).energies
            np.testing.assert_allclose(energies, levels, atol=2e-5)  # the last iteration's, up to its convergence
            np.testing.assert_allclose(energies, scipy.linalg.eigh(H, S, eigvals_only=True), atol=1e-10)
            nocc = int(data["nocc"])
            assert energies[nocc - 1 : nocc + 1] == pytest.approx((homo, lumo), abs=2e-5)


@given(n=st.integers(2, 10), seed=seeds)
def test_a_density_is_a_projector_that_counts_electrons(n: int, seed: int) -> None:
    H, S = pair(n, seed)
    electrons = 2 * (1 + seed % n)
    P = density_matrix(solve_roothaan(H, S).coefficients, electrons)
    assert (P * S).sum() == pytest.approx(electrons)
    np.testing.assert_allclose(P @ S @ P, 2 * P, atol=1e-8 * np.abs(P).max() ** 2)


@given(n=st.integers(1, 10), seed=seeds, size=st.floats(1e-6, 10))
def test_no_level_moves_further_than_the_bound(n: int, seed: int, size: float) -> None:
    H, S = pair(n, seed)
    delta = size * symmetric_noise(n, seed + 1)
    moved = np.abs(solve_roothaan(H + delta, S).energies - solve_roothaan(H, S).energies).max()
    sharp, loose = eigenvalue_bound(delta, S)
    assert moved <= sharp * (1 + 1e-9) + 1e-12
    assert sharp <= loose * (1 + 1e-9)
    root = scipy.linalg.sqrtm(np.linalg.inv(S)).real
    assert sharp == pytest.approx(np.linalg.norm(root @ delta @ root, 2), rel=1e-8)


def test_the_bound_is_attained_by_a_multiple_of_the_overlap() -> None:
    H, S = pair(6, 0)
    assert eigenvalue_bound(0.3 * S, S).sharp == pytest.approx(0.3)
    np.testing.assert_allclose(solve_roothaan(H + 0.3 * S, S).energies, solve_roothaan(H, S).energies + 0.3)


def test_metrics_meet_the_reference(reference: Callable[[str], Any]) -> None:
    data, table = reference("conventions.npz"), reference("metrics.json")
    F, S, nocc = data["F0"], data["S0"], table["nocc"]
    i, j = np.sort(np.indices(F.shape), axis=0)
    levels = solve_roothaan(F, S).energies
    for amplitude, expected in table["results"].items():
        noise = float(amplitude) * np.cos(1.3 * i + 0.7 * j + 0.2)
        found = hamiltonian_metrics(F + noise, F, S, 2 * nocc, data["Z"], "def2-svp")
        assert found.mae == pytest.approx(expected["H_mae"], rel=1e-9)
        assert found.mae_occupied == pytest.approx(expected["eps_mae_occ"], rel=1e-6)
        assert found.psi == pytest.approx(expected["psi"], abs=1e-10)
        assert found.homo == pytest.approx(abs(expected["homo"] - levels[nocc - 1]), abs=1e-10)
        assert found.lumo == pytest.approx(abs(expected["lumo"] - levels[nocc]), abs=1e-10)
        assert found.gap == pytest.approx(abs(expected["gap"] - levels[nocc] + levels[nocc - 1]), abs=1e-10)
        assert eigenvalue_bound(noise, S).sharp >= expected["max_eig_shift"]
        sizes = np.array([14, 5, 5])  # orbitals of O, H, H: 246 entries in blocks of one atom
        weights = np.array([(sizes**2).sum(), 24**2 - (sizes**2).sum()]) / 24**2
        assert weights @ [found.mae_diagonal, found.mae_off_diagonal] == pytest.approx(found.mae)


def test_a_perfect_prediction_has_no_error() -> None:
    H, S = pair(7, 3)
    found = hamiltonian_metrics(H, H, S, 10)
    assert (found.mae, found.mae_occupied, found.homo, found.lumo, found.gap) == (0, 0, 0, 0, 0)
    assert found.psi == pytest.approx(1)
    assert found.mae_diagonal is None
    with pytest.raises(ValueError, match="H must have a level that stays empty"):
        hamiltonian_metrics([[1.0]], [[1.0]], [[1.0]], 2)


@given(n=st.integers(2, 9), seed=seeds)
def test_the_alignment_loss_sees_levels_to_first_order(n: int, seed: int) -> None:
    H, S = pair(n, seed)
    energies, C = solve_roothaan(H, S)
    assert wa_loss(H, C, energies) < 1e-18 * (1 + np.abs(energies).max()) ** 2
    delta = symmetric_noise(n, seed + 1)
    step = 1e-3 * np.diff(energies).min() / eigenvalue_bound(delta, S).sharp
    errors = []
    for size in (step, step / 10):
        M = C.T @ (H + size * delta) @ C
        errors.append(np.abs(np.diag(M) - solve_roothaan(H + size * delta, S).energies).max())
        only_levels = wa_loss(H + size * delta, C, energies, off_diagonal=0.0)
        assert only_levels == pytest.approx(np.mean((np.diag(M) - energies) ** 2))
    assert errors[0] <= 2 * step**2 * np.abs(C.T @ delta @ C).max() ** 2 * n / np.diff(energies).min() + 1e-13
    if errors[1] > 1e-11 * (1 + np.abs(energies).max()):
        assert errors[0] / errors[1] == pytest.approx(100, rel=0.2)


# --- the self-consistent field ---------------------------------------------------------------------------------------


def integrals(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A core Hamiltonian, an overlap, and weak repulsion integrals that come from densities, hence positive."""
    H, S = pair(n, seed)
    densities = np.random.default_rng(seed + 7).standard_normal((3 * n, n, n))
    densities = densities + densities.swapaxes(1, 2)
    return H, S, 0.002 * np.einsum("qab,qcd->abcd", densities, densities)


@given(n=st.integers(2, 6), seed=seeds)
def test_a_converged_field_is_its_own_and_its_energy_is_stationary(n: int, seed: int) -> None:
    core, S, eri = integrals(n, seed)
    found = rhf(core, S, eri, 2, core)
    if not found.converged:  # a random molecule may have no stable closed shell
        return
    J = np.einsum("abcd,cd->ab", eri, found.density)
    K = np.einsum("acbd,cd->ab", eri, found.density)
    np.testing.assert_allclose(found.fock, core + J - K / 2, atol=1e-9)
    scale = np.abs(found.fock).max() * np.linalg.norm(np.linalg.inv(S), 2)
    np.testing.assert_allclose(found.fock @ found.density @ S, S @ found.density @ found.fock, atol=1e-6 * scale)
    assert found.energy == pytest.approx(0.5 * (found.density * (core + found.fock)).sum())
    assert found.energy == found.history[-1]
    again = rhf(core, S, eri, 2, found.fock)  # may take a step or two more, where one step enlarges a small residual
    np.testing.assert_allclose(again.history, found.energy, rtol=1e-9, atol=1e-9)
    plain = rhf(core, S, eri, 2, found.fock + 1e-6 * symmetric_noise(n, seed), diis=False, damping=0.3)
    assert plain.energy == pytest.approx(found.energy, abs=1e-9) or not plain.converged


@pytest.mark.parametrize("stretch", [0, 1, 2])
@pytest.mark.parametrize("start", ["core", "minao"])
def test_a_field_is_found_to_seven_digits(stretch: int, start: str) -> None:
    """Of its density and levels too, and where a long bond leaves a small gap."""
    one = {name: stored("integrals")[name][stretch] for name in ("core", "S", "eri", "minao")}
    found, finer = (
        rhf(one["core"], one["S"], one["eri"], 10, one[start], **more) for more in ({}, {"tolerance": 1e-12})
    )
    assert found.converged
    np.testing.assert_allclose(found.density, finer.density, atol=1e-7)
    np.testing.assert_allclose(found.orbital_energies, finer.orbital_energies, atol=1e-7)


def test_without_repulsion_one_step_solves_it() -> None:
    core, S = pair(5, 1)
    found = rhf(core, S, np.zeros((5, 5, 5, 5)), 4, core)
    assert found.energy == pytest.approx(2 * solve_roothaan(core, S).energies[:2].sum())
    assert len(found.history) == 1


# --- vibrations ------------------------------------------------------------------------------------------------------


def springs(X: np.ndarray, strength: float) -> np.ndarray:
    """The Hessian of springs at rest between all pairs of atoms."""
    hessian = np.zeros((len(X), 3, len(X), 3))
    for i in range(len(X)):
        for j in range(i):
            u = (X[i] - X[j]) / np.linalg.norm(X[i] - X[j])
            for a, b, sign in ((i, i, 1), (j, j, 1), (i, j, -1), (j, i, -1)):
                hessian[a, :, b] += sign * strength * np.outer(u, u)
    return hessian.reshape(3 * len(X), -1)


def test_two_atoms_on_a_spring() -> None:
    X, masses = np.array([[0.0, 0, 0], [0, 0.6, 0.8]]), np.array([1.0, 3.0])
    modes = normal_modes(X, masses, springs(X, 0.4))
    assert modes.frequencies == pytest.approx([np.sqrt(0.4 / (0.75 * DALTON))])
    assert modes.displacements.shape == (1, 2, 3)


def test_modes_of_three_atoms_neither_move_nor_turn_the_molecule() -> None:
    X = np.array([[0.0, 0, 0.1], [0.8, 0, -0.4], [-0.8, 0.1, -0.5]])
    masses = np.array([16.0, 1.0, 2.0])
    frequencies, displacements = normal_modes(X, masses, springs(X, 0.5))
    assert len(frequencies) == 3
    root = np.sqrt(masses * DALTON)[:, None]
    q = (root * displacements).reshape(3, 9)
    np.testing.assert_allclose(q @ q.T, np.eye(3), atol=1e-10)
    momentum = np.einsum("a,mac->mc", masses, displacements)
    spin = np.cross(X - masses @ X / masses.sum(), masses[:, None] * displacements).sum(axis=1)
    np.testing.assert_allclose(momentum, 0, atol=1e-12)
    np.testing.assert_allclose(spin, 0, atol=1e-12)
    K = springs(X, 0.5)
    curvature = np.einsum("mi,ij,mj->m", displacements.reshape(3, 9), K, displacements.reshape(3, 9))
    np.testing.assert_allclose(curvature, frequencies**2, rtol=1e-9)


def test_samples_have_the_energy_of_their_temperature() -> None:
    X = np.array([[0.0, 0, 0.1], [0.8, 0, -0.4], [-0.8, 0.1, -0.5]])
    K = springs(X, 0.5)
    modes = normal_modes(X, np.array([16.0, 1.0, 2.0]), K)
    drawn = sample_normal_modes(X, modes, 300.0, 20_000, seed=0)
    shift = (drawn - X).reshape(-1, 9) / 0.529177210903
    energy = 0.5 * np.einsum("si,ij,sj->s", shift, K, shift)
    assert energy.mean() == pytest.approx(1.5 * KELVIN * 300, rel=0.02)  # kT / 2 a mode
    np.testing.assert_array_equal(drawn, sample_normal_modes(X, modes, 300.0, 20_000, seed=0))
    assert WAVENUMBER * modes.frequencies[0] > 100


def test_a_saddle_is_refused() -> None:
    X = np.array([[0.0, 0, 0], [0, 0, 1.0]])
    with pytest.raises(ValueError, match="hessian must be that of a minimum"):
        normal_modes(X, np.ones(2), -springs(X, 0.4))


@pytest.mark.parametrize(("H", "S", "words"), [
    (np.eye(2), np.diag([1.0, 0.0]), "S must be positive definite"),
    (np.array([[0.0, 1.0], [0.0, 0.0]]), np.eye(2), "H must be symmetric"),
    (np.eye(2), np.eye(3), "H and S must be of one shape"),
])  # fmt: skip
def test_matrices_that_cannot_be_are_named(H: np.ndarray, S: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        solve_roothaan(H, S)


def test_electrons_are_paired() -> None:
    with pytest.raises(ValueError, match="electrons must be even"):
        density_matrix(np.eye(4), 3)
