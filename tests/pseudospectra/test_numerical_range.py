from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.linalg import expm

from spectral_lab.pseudospectra import (
    field_of_values,
    grcar,
    jordan_block,
    legs_normal,
    numerical_abscissa,
    numerical_radius,
    sigma_min,
)

seeds = st.integers(0, 10_000)


def random(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n)) + 1j * rng.standard_normal((n, n))
    return A.real if seed % 2 else A


def depth(boundary: np.ndarray, z: np.ndarray) -> np.ndarray:
    """How far z lies inside of the sides of an anticlockwise polygon (negative: outside)."""
    along = np.roll(boundary, -1) - boundary
    long = np.abs(along) > 1e-9 * np.abs(boundary).max()
    cross = ((z[:, None] - boundary) * along.conj()).imag[:, long]
    return (cross / np.abs(along[long])).min(axis=1)


@given(seeds, st.integers(2, 7))
def test_it_holds_the_eigenvalues_and_every_quotient_and_lies_in_its_own_support(seed: int, n: int) -> None:
    A, rng = random(n, seed), np.random.default_rng(seed)
    boundary = field_of_values(A, 720)
    x = rng.standard_normal((50, n)) + 1j * rng.standard_normal((50, n))
    quotients = np.einsum("ki,ij,kj->k", x.conj(), A, x) / (np.abs(x) ** 2).sum(1)
    inside = depth(boundary, np.concatenate([quotients, np.linalg.eigvals(A)]))
    assert inside.min() > -1e-4 * np.abs(boundary).max()  # the polygon is inside W(A), by the square of its angle
    turned = np.exp(-1j * np.linspace(0, 2 * np.pi, 37))[:, None, None] * A
    reach = np.linalg.eigvalsh((turned + turned.conj().transpose(0, 2, 1)) / 2)[:, -1]
    assert ((np.exp(-1j * np.linspace(0, 2 * np.pi, 37))[:, None] * boundary).real.max(1) <= reach + 1e-9).all()


@given(seeds, st.integers(1, 6), st.complex_numbers(max_magnitude=9), st.floats(0.1, 5))
def test_it_moves_and_turns_with_the_matrix(seed: int, n: int, shift: complex, factor: float) -> None:
    A = random(n, seed)
    Q = np.linalg.qr(random(n, seed + 2))[0]
    boundary = field_of_values(A, 24)
    size = np.abs(boundary).max() + abs(shift)
    np.testing.assert_allclose(field_of_values(Q @ A @ Q.conj().T, 24), boundary, atol=1e-6 * size)
    np.testing.assert_allclose(
        field_of_values(factor * A + shift * np.eye(n), 24), factor * boundary + shift, atol=1e-6 * factor * size
    )
    np.testing.assert_allclose(field_of_values(1j * A, 24), 1j * np.roll(boundary, 6), atol=1e-6 * size)


def test_of_a_normal_matrix_it_is_the_hull_of_the_eigenvalues() -> None:
    corners = np.array([2, 1j, -1 - 1j])
    Q = np.linalg.qr(random(4, 6))[0]
    boundary = field_of_values(Q @ np.diag([*corners, 0.3]) @ Q.conj().T, 360)
    assert np.abs(boundary[:, None] - corners).min(axis=1).max() < 1e-9
    assert [np.abs(boundary - corner).min() < 1e-9 for corner in corners] == [True] * 3
    # The real part of every eigenvalue is -1/2: a segment, whatever basis the eigenvectors are given in.
    segment = field_of_values(legs_normal(6)[0], 8)
    assert np.abs(segment.real + 0.5).max() < 1e-9
    assert segment[0].imag == pytest.approx(-segment[4].imag, abs=1e-8)
    assert not field_of_values(np.zeros((3, 3)), 5).any()


def test_a_jordan_block_has_a_disc() -> None:
    """Radius cos(pi / (n + 1))."""
    for n in (2, 5, 20):
        assert np.abs(field_of_values(jordan_block(n), 60)) == pytest.approx(np.cos(np.pi / (n + 1)), rel=1e-9)
        assert numerical_radius(jordan_block(n)) == pytest.approx(np.cos(np.pi / (n + 1)), rel=1e-12)


@given(seeds, st.integers(1, 8), st.integers(2, 5))
def test_the_radius_bounds_norm_spectrum_and_powers(seed: int, n: int, k: int) -> None:
    A = random(n, seed)
    w, norm = numerical_radius(A), np.linalg.norm(A, 2)
    assert norm / 2 * (1 - 1e-9) <= w <= norm * (1 + 1e-9)
    assert w >= np.abs(np.linalg.eigvals(A)).max() * (1 - 1e-9)
    assert w >= np.abs(field_of_values(A, 100)).max() * (1 - 1e-9)
    assert w <= np.abs(field_of_values(A, 1000)).max() / np.cos(np.pi / 1000) * (1 + 1e-9)
    power = np.linalg.matrix_power(A, k)
    assert numerical_radius(power) <= w**k * (1 + 1e-9)
    assert np.linalg.norm(power, 2) <= 2 * w**k * (1 + 1e-9)
    assert numerical_radius(1j * A) == pytest.approx(w, rel=1e-9)


@given(seeds, st.integers(1, 6), st.floats(0.01, 3))
def test_continuous_time_and_pseudospectra_stay_within_it(seed: int, n: int, t: float) -> None:
    A = random(n, seed)
    boundary, omega = field_of_values(A, 16), numerical_abscissa(A)
    assert boundary.real.max() == pytest.approx(omega, abs=1e-9 * np.linalg.norm(A))
    assert np.linalg.norm(expm(t * A), 2) <= np.exp(t * omega) * (1 + 1e-9)
    # Outside of W(A) the resolvent is at most the inverse of the distance to it.
    z = omega + t
    assert sigma_min(A, z) >= t * (1 - 1e-9)


def test_scale_is_no_matter() -> None:
    A = grcar(12)
    for scale in (1e-200, 1e200):
        np.testing.assert_allclose(field_of_values(scale * A, 12) / scale, field_of_values(A, 12), rtol=1e-9, atol=1e-9)
        assert numerical_radius(scale * A) / scale == pytest.approx(numerical_radius(A), rel=1e-12)
    assert numerical_radius(np.zeros((2, 2))) == 0


@pytest.mark.parametrize(("points", "word"), [(2, "points"), (10**9, "points"), (3.5, "points")])
def test_bad_points_are_named(points: float, word: str) -> None:
    with pytest.raises(ValueError, match=f"^{word} must"):
        field_of_values(np.eye(2), points)


@given(
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3).filter(
        lambda s: len(s) != 2 or s[0] != s[1] or 0 in s
    )
)
def test_bad_matrices_are_named(shape: tuple[int, ...]) -> None:
    for function in (field_of_values, numerical_radius):
        with pytest.raises(ValueError, match=r"^A must"):
            function(np.ones(shape))
