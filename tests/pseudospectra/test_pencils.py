from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigvals, expm, sqrtm, svd

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import (
    arnoldi,
    energy_matrix,
    grcar,
    jordan_block,
    numerical_abscissa,
    pencil_sigma_min,
    sigma_min,
    spectral_abscissa,
)

seeds = st.integers(0, 10_000)
GRID = np.linspace(-3, 3, 5) + 1j * np.linspace(-2, 2, 4)[:, None]


def random(shape: tuple[int, int], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return A.real if seed % 2 else A


def mass(n: int, seed: int) -> np.ndarray:
    X = random((n, n), seed)
    return X @ X.conj().T + 0.1 * np.eye(n)


@given(seeds, st.integers(1, 7))
def test_with_the_identity_it_is_sigma_min(seed: int, n: int) -> None:
    A = random((n, n), seed)
    np.testing.assert_allclose(pencil_sigma_min(A, np.eye(n), GRID), sigma_min(A, GRID), rtol=1e-8, atol=1e-13)


@given(seeds, st.integers(1, 6), st.integers(0, 4), st.floats(0, 2), st.floats(0.1, 2))
def test_the_smallest_perturbation_reaches_the_point_and_none_smaller_does(
    seed: int, n: int, extra: int, alpha: float, beta: float
) -> None:
    A, B, z = random((n + extra, n), seed), random((n + extra, n), seed + 1), 0.7 - 1.1j
    epsilon = float(pencil_sigma_min(A, B, z, alpha=alpha, beta=beta))
    U, s, Vh = svd(z * B - A)
    # (A + E) x = z (B + F) x with the last right singular vector x, shared out by the weights.
    direction = np.outer(U[:, n - 1], Vh[n - 1])
    E, F = alpha * epsilon * direction, -beta * epsilon * np.conj(z) / abs(z) * direction
    x = Vh[n - 1].conj()
    assert np.linalg.norm((A + E) @ x - z * (B + F) @ x) < 1e-12 * (1 + s[0])
    assert np.linalg.norm(E, 2) <= alpha * epsilon * (1 + 1e-12)
    assert np.linalg.norm(F, 2) <= beta * epsilon * (1 + 1e-12)
    smaller = 0.99 * (random((n + extra, n), seed + 2) if seed % 3 else direction)
    smaller = smaller / np.linalg.norm(smaller, 2)
    shaken = z * (B - 0.99 * beta * epsilon * smaller) - (A + 0.99 * alpha * epsilon * smaller)
    assert svd(shaken, compute_uv=False)[-1] >= 0.009 * epsilon * (alpha + beta * abs(z)) - 1e-14 * s[0]


@given(seeds, st.integers(1, 6), st.integers(0, 4))
def test_invariances(seed: int, n: int, extra: int) -> None:
    m = n + extra
    A, B = random((m, n), seed), random((m, n), seed + 1)
    U, V = np.linalg.qr(random((m, m), seed + 2))[0], np.linalg.qr(random((n, n), seed + 3))[0]
    at = {"alpha": 0.5, "beta": 2.0}
    here = pencil_sigma_min(A, B, GRID, **at)
    close = {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(pencil_sigma_min(U @ A @ V, U @ B @ V, GRID, **at), here, **close)
    np.testing.assert_allclose(
        pencil_sigma_min(B, A, 1 / GRID, alpha=2.0, beta=0.5), here, **close
    )  # z B - A, turned round
    np.testing.assert_allclose(
        pencil_sigma_min(A + 2j * B, B, GRID + 2j, beta=0.0), pencil_sigma_min(A, B, GRID), **close
    )
    padded = [np.vstack([M, np.zeros((3, n))]) for M in (A, B)]
    np.testing.assert_allclose(pencil_sigma_min(*padded, GRID, **at), here, **close)


@given(seeds, st.integers(1, 6))
def test_more_equations_push_away_and_more_unknowns_draw_near(seed: int, n: int) -> None:
    A, B = random((n + 2, n), seed), random((n + 2, n), seed + 1)
    tall, square = pencil_sigma_min(A, B, GRID), pencil_sigma_min(A[:n], B[:n], GRID)
    assert (tall >= square * (1 - 1e-12)).all()
    if n > 1:
        assert (pencil_sigma_min(A[:, :-1], B[:, :-1], GRID) >= tall * (1 - 1e-12)).all()


def test_eigenvalues_of_pencils() -> None:
    A, B = random((5, 5), 1), random((5, 5), 3)
    assert pencil_sigma_min(A, B, eigvals(A, B)).max() < 1e-12 * np.linalg.norm(A, 2)
    # Wright & Trefethen: a random rectangular matrix has no eigenvalue, one with a planted vector has.
    tall, first = random((6, 3), 5), np.eye(6, 3)
    assert pencil_sigma_min(tall, first, GRID).min() > 0.05
    x = np.array([1.0, -2.0, 0.5])
    tall -= np.outer(tall @ x - 0.3 * first @ x, x) / (x @ x)
    assert pencil_sigma_min(tall, first, 0.3) < 1e-14


def test_where_nothing_can_be_perturbed() -> None:
    A, singular = np.diag([1.0, 2.0]), np.diag([0.0, 2.0])
    assert pencil_sigma_min(A, np.eye(2), 0, alpha=0, beta=1) == np.inf
    assert pencil_sigma_min(singular, np.eye(2), 0, alpha=0, beta=1) == 0
    with pytest.raises(ValueError, match=r"^alpha must be positive if beta is 0"):
        pencil_sigma_min(A, np.eye(2), 0, alpha=0)


@given(seeds, st.integers(1, 6), st.floats(0.05, 2))
def test_energy_coordinates(seed: int, n: int, t: float) -> None:
    A, B = random((n, n), seed), mass(n, seed + 1)
    M = energy_matrix(A, B)
    np.testing.assert_allclose(
        np.sort_complex(np.linalg.eigvals(M).round(6)),
        np.sort_complex(eigvals(A, B).round(6)),
        atol=1e-5 * np.linalg.norm(M),
    )
    # ||e^{tM}||^2 is the most that energy grows by: max over x of ||e^{t B^-1 A} x||_B^2 / ||x||_B^2.
    root = sqrtm(B)
    growth = np.linalg.norm(root @ expm(t * np.linalg.solve(B, A)) @ np.linalg.inv(root), 2)
    assert np.linalg.norm(expm(t * M), 2) == pytest.approx(growth, rel=1e-6)
    # Other coordinates x = T y: the same pseudospectra.
    T = random((n, n), seed + 2) + 3 * np.eye(n)
    other = energy_matrix(T.conj().T @ A @ T, T.conj().T @ B @ T)
    np.testing.assert_allclose(sigma_min(other, GRID), sigma_min(M, GRID), rtol=1e-5, atol=1e-7 * np.linalg.norm(M))
    np.testing.assert_allclose(energy_matrix(A, np.eye(n)), A, rtol=1e-12)


def test_energy_says_what_the_plain_norm_does_not() -> None:
    """A damped oscillator, stiff: energy only falls, though the plain norm of (position, momentum) grows."""
    stiffness, damping = 100.0, 0.1
    A, B = np.array([[0.0, stiffness], [-stiffness, -damping]]), np.diag([stiffness, 1.0])
    assert numerical_abscissa(np.linalg.solve(B, A)) > 40
    assert numerical_abscissa(energy_matrix(A, B)) == pytest.approx(0, abs=1e-12)


@given(seeds, st.integers(2, 12))
def test_arnoldi_reaches_the_pseudospectrum_from_inside(seed: int, n: int) -> None:
    A = random((n, n), seed)
    before = np.full(GRID.shape, np.inf)
    for k in range(1, n):
        H = arnoldi(A, np.ones(n), k)
        assert H.shape == (k + 1, k)
        assert not np.tril(H, -2).any()
        now = pencil_sigma_min(H, np.eye(k + 1, k), GRID)
        assert (now <= before * (1 + 1e-9) + 1e-13).all()
        assert (now >= sigma_min(A, GRID) * (1 - 1e-9) - 1e-13).all()
        before = now
    np.testing.assert_allclose(
        pencil_sigma_min(arnoldi(A, np.ones(n), n), np.eye(n + 1, n), GRID), sigma_min(A, GRID), rtol=1e-7, atol=1e-11
    )


def test_arnoldi_holds_its_relation_and_ends_in_an_invariant_subspace() -> None:
    H = arnoldi(jordan_block(6), np.eye(6)[2], 6)  # e_3 -> e_2 -> e_1 -> 0
    assert H.shape == (4, 3)
    assert not H[3].any()
    A = grcar(40)
    large = arnoldi(A, np.ones(40), 30)
    assert np.linalg.norm(large, 2) <= np.linalg.norm(A, 2) * (1 + 1e-12)
    near = pencil_sigma_min(large, np.eye(31, 30), 3 + 2j)
    assert near == pytest.approx(float(sigma_min(A, 3 + 2j)), rel=0.05)


def test_scales_and_the_matrix_of_the_chapter() -> None:
    A, B = legs(8)[0], np.diag(1.0 / np.arange(1, 9))
    for scale in (1e-150, 1e150):
        np.testing.assert_allclose(
            pencil_sigma_min(scale * A, scale * B, GRID) / scale, pencil_sigma_min(A, B, GRID), rtol=1e-10
        )
        np.testing.assert_allclose(
            arnoldi(scale * A, scale * np.ones(8), 4) / scale, arnoldi(A, np.ones(8), 4), rtol=1e-9
        )
    assert np.isfinite(arnoldi(1e306 * A, np.ones(8), 4)).all()
    assert spectral_abscissa(energy_matrix(A, B)) == pytest.approx(eigvals(A, B).real.max(), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: pencil_sigma_min(np.ones((2, 3)), np.ones((2, 3)), 0),
            "^A must be a matrix with at least as many rows",
        ),
        (lambda: pencil_sigma_min(np.ones(3), np.ones(3), 0), "^A must be a matrix"),
        (lambda: pencil_sigma_min(np.eye(2), np.eye(3), 0), r"^B must have shape \(2, 2\)"),
        (lambda: pencil_sigma_min(np.eye(2), np.eye(2), np.nan), "^z must be finite"),
        (lambda: pencil_sigma_min(np.eye(2), 2 * np.eye(2), 1e308), r"^z must leave"),
        (lambda: energy_matrix(1e300 * np.eye(2), 1e-300 * np.eye(2)), r"^A in the coordinates of B must be finite"),
        (lambda: pencil_sigma_min(np.eye(2), np.eye(2), 0, alpha=-1), "^alpha must"),
        (lambda: pencil_sigma_min(np.eye(2), np.eye(2), 0, beta=np.inf), "^beta must"),
        (lambda: energy_matrix(np.eye(2), [[1, 2], [0, 1]]), "^B must be Hermitian"),
        (lambda: energy_matrix(np.eye(2), [[1e20, 5], [-5, 1]]), "^B must be Hermitian"),
        (lambda: energy_matrix(np.eye(2), -np.eye(2)), "^B must be positive definite"),
        (lambda: energy_matrix(np.ones((2, 3)), np.eye(2)), "^A must be a square"),
        (lambda: arnoldi(np.eye(3), np.zeros(3), 2), "^start must not be zero"),
        (lambda: arnoldi(np.eye(3), np.ones(2), 2), "^start must have shape"),
        (lambda: arnoldi(np.eye(3), np.ones(3), 4), "^steps must"),
    ],
)
def test_bad_arguments_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
