from __future__ import annotations

import numpy as np
import pytest
import qutip
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import signm

from spectral_lab.cooling import spin_chains as hm
from spectral_lab.cooling.levels import Levels, levels, smooth_sign


@settings(deadline=None, max_examples=15)
@given(n=st.integers(1, 4), seed=st.integers(0, 2**32))
def test_a_field_rotated_once_equals_the_rotated_operator(n, seed):
    spectrum = levels(hm.tfim(n))
    v = hm.random_field(n, seed)
    rotated = spectrum.vectors.conj().T @ hm.field_operator(v).full() @ spectrum.vectors
    np.testing.assert_allclose(spectrum.operator(v), rotated, atol=1e-12)
    np.testing.assert_allclose(spectrum.operator(hm.field_operator(v)), rotated, atol=1e-12)


def test_coordinates_and_state_are_inverse():
    spectrum = levels(hm.xxz(4))
    psi = hm.start_state(4, "neel")
    c = spectrum.coordinates(psi)
    assert np.abs(c) ** 2 @ spectrum.energies == pytest.approx(-0.75, abs=1e-12)  # three antiparallel bonds
    np.testing.assert_allclose(spectrum.state(c), psi.full()[:, 0], atol=1e-12)


def test_degenerate_levels_are_one_level():
    spectrum = levels(hm.xxz(3))  # odd length: a doublet at the bottom
    assert spectrum.same_level(0).sum() == 2
    assert spectrum.gap == pytest.approx(1.0, abs=1e-12)
    assert levels(np.eye(3)).gap == 0


@pytest.mark.parametrize("unit", [1e-300, 1.0545718e-34, 1e-12, 1.0, 1e12, 1e150])
def test_the_unit_of_energy_does_not_matter(unit):
    right, there = levels(hm.tfim(4).full()), levels(hm.tfim(4).full() * unit)
    assert there.gap / unit == pytest.approx(2.6401644568, rel=1e-9)
    assert there.spread / unit == pytest.approx(right.spread, rel=1e-12)
    doublet = levels(hm.xxz(3).full() * unit)
    assert doublet.same_level(0).sum() == 2
    assert doublet.gap / unit == pytest.approx(1.0, rel=1e-9)
    assert levels(np.eye(3) * unit).gap == 0
    S = smooth_sign(hm.tfim(4).full() * unit, 0.3 * unit, 0.5 * unit)
    np.testing.assert_allclose(S, smooth_sign(hm.tfim(4).full(), 0.3, 0.5), atol=1e-12)
    for bad in ([[0, unit], [0, unit]], [[0, 1j * unit], [1j * unit, 0]]):
        with pytest.raises(ValueError, match="H must be Hermitian"):
            levels(np.array(bad))


@pytest.mark.parametrize("shift", [-1e9, 1e6])
def test_levels_far_from_zero_are_told_apart_as_far_as_rounding_allows(shift):
    assert levels(hm.xxz(3).full() + shift * np.eye(8)).same_level(0).sum() == 2
    assert levels(shift * np.eye(5)).gap == 0


def test_sparse_matrices_are_hamiltonians_too():
    sparse = hm.tfim(4).data_as("csr_matrix")
    np.testing.assert_allclose(levels(sparse).energies, levels(hm.tfim(4)).energies, atol=1e-12)
    with pytest.raises(ValueError, match="H must be an array of numbers, got MaskedArray"):
        levels(np.ma.masked_equal(np.eye(4), 0))


@settings(deadline=None, max_examples=15)
@given(dimension=st.integers(2, 12), seed=st.integers(0, 2**32), where=st.floats(0.1, 0.9))
def test_the_exact_sign_squares_to_one_and_equals_another_matrix_sign(dimension, seed, where):
    H = hm.gue(dimension, seed)
    E = np.linalg.eigvalsh(H)
    cut = min(int(where * dimension), dimension - 2)
    mu = E[cut] + 0.5 * (E[cut + 1] - E[cut])
    S = smooth_sign(H, mu)
    np.testing.assert_allclose(S @ S, np.eye(dimension), atol=1e-11)
    np.testing.assert_allclose(np.sort(np.linalg.eigvalsh(S))[[0, -1]], [-1, 1], atol=1e-11)
    if E[cut + 1] - E[cut] > 1e-4:  # scipy's Newton iteration needs a gap
        np.testing.assert_allclose(S, signm(H - mu * np.eye(dimension)), atol=1e-6)
    # one reflection is e^{-i pi S/2} = -i S: evolution under S alone is fast-forwardable
    phi = 1.234
    turn = qutip.Qobj(-1j * phi * S).expm().full()
    np.testing.assert_allclose(turn, np.cos(phi) * np.eye(dimension) - 1j * np.sin(phi) * S, atol=1e-11)


def test_smooth_sign_tends_to_the_sign_and_keeps_qutip_dimensions():
    H = hm.tfim(3)
    sharp, soft = smooth_sign(H, 0.1), smooth_sign(H, 0.1, 1e-3)
    assert sharp.dims == H.dims
    assert (sharp - soft).norm() < 1e-10
    E = np.linalg.eigvalsh(smooth_sign(H, 0.1, 3.0).full())
    assert -1 < E[0] < E[-1] < 1


def test_levels_are_kept():
    assert levels(hm.tfim(4)) is levels(hm.tfim(4))
    spectrum = levels(hm.tfim(3))
    assert levels(spectrum) is spectrum
    assert isinstance(spectrum, Levels)
    with pytest.raises(ValueError, match="read-only"):  # one who changes them would change them for all
        spectrum.energies[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        spectrum.vectors[0, 0] = 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: levels(np.array([[0, 1], [0, 0]])), "H must be Hermitian"),
        (lambda: levels(np.ones((2, 3))), "H must be a square matrix"),
        (lambda: levels(hm.tfim(11)), "at most 1024 states"),
        (lambda: levels(hm.tfim(2)).coordinates(np.ones(4)), "state must be normalised"),
        (lambda: levels(hm.tfim(2)).coordinates(np.ones(3)), "state must have 4 amplitudes"),
        (lambda: levels(hm.tfim(2)).operator(np.ones((3, 3))), "V must be 4 x 4"),
        (lambda: levels(hm.tfim(2)).operator(np.triu(np.ones((4, 4)))), "V must be Hermitian"),
        (lambda: levels(hm.tfim(2)).operator(1j * np.ones((2, 3))), "V must be real"),
        (lambda: smooth_sign(hm.tfim(2), 0.0, -1.0), "width must be"),
        (lambda: smooth_sign(hm.tfim(2), np.nan), "mu must be"),
        (lambda: levels(np.eye(3)).paulis, "power of two"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
