from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import subspace_angles

from spectral_lab.eigenspaces import davis_kahan, gap_at, hoffman_wielandt, sin_theta, weyl


@st.composite
def symmetric_pairs(draw):
    n = draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = 10.0 ** draw(st.integers(-6, 0))
    A, B = rng.normal(size=(2, n, n))
    return A + A.T, A + A.T + size * (B + B.T)


@settings(deadline=None, max_examples=80)
@given(symmetric_pairs(), st.data())
def test_the_three_inequalities_hold(pair, data):
    L, L2 = pair
    d = data.draw(st.integers(1, len(L)))
    assert weyl(L, L2).holds
    assert hoffman_wielandt(L, L2).holds
    inequality = davis_kahan(L, L2, d)
    assert inequality.holds
    assert inequality.left <= inequality.right / np.sqrt(2) + inequality.rounding  # the best constant
    V, W = np.linalg.eigh(L)[1][:, :d], np.linalg.eigh(L2)[1][:, :d]
    projectors = np.linalg.norm(V @ V.T - W @ W.T)
    assert inequality.left == pytest.approx(projectors / np.sqrt(2), abs=1e-12)


def test_weyl_and_hoffman_wielandt_are_attained_by_a_shift():
    L = np.diag([0.0, 1.0, 3.0])
    shifted = L + 0.1 * np.eye(3)
    assert weyl(L, shifted).tightness == pytest.approx(1.0)
    assert hoffman_wielandt(L, shifted).tightness == pytest.approx(1.0)


def test_davis_kahan_sides_for_a_two_level_rotation():
    gap, coupling = 0.2, 0.03
    L = np.diag([0.0, gap])
    L2 = L + coupling * np.array([[0.0, 1.0], [1.0, 0.0]])
    sides = davis_kahan(L, L2, 1)
    assert sides.left == pytest.approx(np.sin(0.5 * np.arctan2(2 * coupling, gap)), rel=1e-12)
    assert sides.right == pytest.approx(2 * np.sqrt(2) * coupling / gap, rel=1e-12)


def test_no_gap_gives_an_infinite_bound_and_no_cut_a_zero_one():
    L = np.diag([0.0, 1.0, 1.0])
    L2 = L + np.diag([0.0, 0.01, 0.0])
    assert davis_kahan(L, L2, 2).right == np.inf
    assert (davis_kahan(L, L2, 3).left, davis_kahan(L, L2, 3).right) == (0.0, 0.0)


def test_small_angles_keep_their_digits():
    angle = 1e-11
    V = np.array([[1.0], [0.0]])
    W = np.array([[np.cos(angle)], [np.sin(angle)]])
    assert sin_theta(V, W) == pytest.approx(angle, rel=1e-4)


def test_hermitian_matrices_are_matrices_too():
    """The angles of complex subspaces come from V^H W; the stored values of scipy are the reference."""
    rng = np.random.default_rng(0)
    L, L2 = (M + M.conj().T for M in rng.normal(size=(2, 6, 6)) + 1j * rng.normal(size=(2, 6, 6)))
    V, W = (np.linalg.eigh(M)[1][:, :2] for M in (L, L2))
    assert davis_kahan(L, L2, 2).left == pytest.approx(np.linalg.norm(np.sin(subspace_angles(V, W))), rel=1e-12)
    assert sin_theta(V, V @ np.diag([1j, -1.0])) == pytest.approx(0.0, abs=1e-14)


def test_gap_at():
    assert gap_at([0.0, 0.5, 2.0], 1) == 0.5
    assert gap_at([0.0, 0.5, 2.0], 3) == np.inf
    with pytest.raises(ValueError, match="ascend"):
        gap_at([1.0, 0.0], 1)
    with pytest.raises(ValueError, match="d must be"):
        gap_at([0.0, 1.0], 3)


def test_bad_matrices_are_refused():
    with pytest.raises(ValueError, match="L must be symmetric"):
        weyl([[0.0, 1.0], [0.0, 0.0]], np.eye(2))
    with pytest.raises(ValueError, match="one shape"):
        hoffman_wielandt(np.eye(2), np.eye(3))
    with pytest.raises(ValueError, match="W must have orthonormal columns"):
        sin_theta(np.eye(3)[:, :1], np.ones((3, 1)))
    with pytest.raises(ValueError, match="lam must be real"):
        gap_at([0.0, 1j], 1)
    with pytest.raises(ValueError, match="d must be"):
        davis_kahan(np.eye(2), np.eye(2), 3)


@pytest.mark.parametrize("scale", [1e-250, 1e-20, 1e20, 1e250])
def test_the_inequalities_know_no_units(scale):
    rng = np.random.default_rng(2)
    M, E = rng.standard_normal((2, 6, 6))
    L, L2 = M + M.T, M + M.T + 0.01 * (E + E.T)
    for inequality in (weyl, hoffman_wielandt):
        plain, scaled = inequality(L, L2), inequality(scale * L, scale * L2)
        assert scaled.tightness == pytest.approx(plain.tightness, rel=1e-9)
        assert scaled.left == pytest.approx(scale * plain.left, rel=1e-9)
        assert not type(scaled)(10 * scaled.right, scaled.right, scaled.rounding).holds
    assert davis_kahan(scale * L, scale * L2, 2).right == pytest.approx(davis_kahan(L, L2, 2).right, rel=1e-9)
    tilted = scale * (L + 1e-9 * np.triu(E))
    with pytest.raises(ValueError, match="L must be symmetric"):
        weyl(tilted, L2)
    with pytest.raises(ValueError, match="at most 1e"):
        hoffman_wielandt(np.full((2, 2), 1e305), np.eye(2))
