from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import spectral_abscissa
from spectral_lab.pseudospectra.balancing import balanced, eigenvalues, irreducible_blocks, triangular_order


def toeplitz(n: int, p: float, q: float) -> np.ndarray:
    return p * np.eye(n, k=1) + q * np.eye(n, k=-1)


@pytest.mark.parametrize(
    ("n", "p", "q"), [(200, 0.7, 0.4), (200, 0.9, 0.1), (400, 0.55, 0.45), (50, 1e3, 1e-9), (9, 1e150, 1e-150)]
)
def test_a_tridiagonal_matrix_has_the_eigenvalues_of_the_symmetric_one_that_it_becomes(
    n: int, p: float, q: float
) -> None:
    # 2 sqrt(p q) cos(pi k / (n + 1)); an eigensolver alone is off by 1e-6 for the first and by 0.2 % for the second.
    exact = 2 * np.sqrt(p * q) * np.cos(np.pi * np.arange(1, n + 1) / (n + 1))
    found, _ = eigenvalues(toeplitz(n, p, q))
    np.testing.assert_allclose(np.sort(found.real), exact[::-1], atol=1e-13 * exact[0])
    assert spectral_abscissa(toeplitz(n, p, q)) == pytest.approx(exact[0], rel=1e-13)


@given(n=st.integers(1, 12), seed=st.integers(0, 10**6), density=st.floats(0, 0.5))
def test_blocks_are_irreducible_and_their_order_makes_the_matrix_block_upper_triangular(
    n: int, seed: int, density: float
) -> None:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n)) * (rng.random((n, n)) < density)
    blocks = irreducible_blocks(A)
    assert sorted(np.concatenate(blocks)) == list(range(n))
    for k, rows in enumerate(blocks):
        reached = np.linalg.matrix_power(np.eye(len(rows)) + (A[np.ix_(rows, rows)] != 0), len(rows))
        assert (reached > 0).all()
        for earlier in blocks[:k]:
            assert not A[np.ix_(rows, earlier)].any()


@given(n=st.integers(1, 12), seed=st.integers(0, 10**6))
def test_a_triangular_matrix_in_disguise_shows_its_diagonal_exactly(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    T = np.triu(rng.standard_normal((n, n))) * 10.0 ** rng.integers(-8, 8)
    order = rng.permutation(n)
    A = T[np.ix_(order, order)]
    found, rounding = eigenvalues(A)
    assert sorted(found) == sorted(np.diag(T))
    assert rounding == 0
    assert not np.tril(triangular_order(A), -1).any()
    assert sorted(eigenvalues(legs(n)[0])[0]) == sorted(-np.arange(1.0, n + 1))


@given(n=st.integers(2, 10), seed=st.integers(0, 10**6), spread=st.floats(0, 60))
def test_units_do_not_matter_and_balanced_rows_are_as_large_as_columns(n: int, seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    A, D = rng.standard_normal((n, n)), 10.0 ** rng.uniform(-spread, spread, n)
    graded = A * D[:, None] / D
    B = balanced(graded)
    assert np.linalg.norm(B) <= np.linalg.norm(A) * (1 + 1e-3)
    squares = B**2
    assert np.abs(squares.sum(0) - squares.sum(1)).max() <= 0.1 * squares.sum()
    # Rounding of the entries, 1e-16 each, moves eigenvalues by so much only where two of them nearly meet.
    expected, found = np.sort_complex(np.linalg.eigvals(A)), np.sort_complex(eigenvalues(graded)[0])
    gaps = np.abs(expected[:, None] - expected + 1e3 * np.eye(n)).min()
    if gaps > 0.1:
        np.testing.assert_allclose(
            np.poly(found), np.poly(expected), atol=1e-9 * max(1, np.abs(np.poly(expected)).max())
        )


def test_one_way_couplings_of_any_strength_leave_the_eigenvalues_of_the_blocks() -> None:
    rng = np.random.default_rng(0)
    A, B, R = rng.standard_normal((3, 3, 3))
    whole = np.block([[A, 1e15 * R], [np.zeros((3, 3)), B]])
    expected = np.concatenate([np.linalg.eigvals(A), np.linalg.eigvals(B)])
    np.testing.assert_allclose(np.sort_complex(eigenvalues(whole)[0]), np.sort_complex(expected), rtol=1e-12)
