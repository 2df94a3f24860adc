from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab import hippo
from spectral_lab.hippo import fout, lagt, legs, legt, lmu

SIZES = st.integers(1, 40)
WINDOWS = st.floats(0.1, 10)


def all_systems(n, window=1.0):
    return {
        "legs": legs(n),
        "lagt": lagt(n),
        "legt": legt(n, window),
        "lmu": lmu(n),
        "fout": fout(2 * n, window),
    }


@pytest.mark.parametrize("family", ["legs", "legt", "fout", "lagt", "lmu"])
def test_matrices_are_the_authors(numbers, facts, family):
    n = facts["inputs"]["N"]
    arguments = (n, 2.0) if family in ("legt", "fout") else (n,)  # the authors train legt and fout on a window of 2
    A, B = {"legs": legs, "legt": legt, "fout": fout, "lagt": lagt, "lmu": lmu}[family](*arguments)
    np.testing.assert_allclose(A, numbers[f"A_{family}"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(B, numbers[f"B_{family}"], rtol=1e-12, atol=1e-12)


@given(n=SIZES)
def test_legs_has_the_spectrum_minus_one_to_minus_n_and_loses_energy_to_its_input(n):
    A, B = legs(n)
    np.testing.assert_array_equal(np.sort(np.linalg.eigvals(A).real)[::-1], -np.arange(1.0, n + 1))
    np.testing.assert_allclose(A + A.T, -np.eye(n) - np.outer(B, B), atol=1e-12 * n)
    assert np.linalg.norm(B) == pytest.approx(n)


@given(n=SIZES, window=WINDOWS)
def test_sliding_windows_lose_what_enters_and_what_leaves(n, window):
    # legt: both ends of the window, values R_k and (-1)^k R_k; fout: the one point where the circle closes.
    A, B = legt(n, window)
    leaving = B * (-1.0) ** np.arange(n)
    expected = -window * (np.outer(B, B) + np.outer(leaving, leaving))
    np.testing.assert_allclose(A + A.T, expected, atol=1e-12 * n / window)
    A, B = fout(2 * n, window)
    np.testing.assert_allclose(A + A.T, -window * np.outer(B, B), atol=1e-12 * n / window)


@given(n=SIZES)
def test_laguerre_is_a_toeplitz_matrix_with_one_eigenvalue_and_unit_energy(n):
    A, B = lagt(n)
    np.testing.assert_array_equal(A + A.T, -np.outer(B, B))
    np.testing.assert_array_equal(np.diag(A), -0.5)


@given(n=SIZES)
def test_the_lmu_is_legt_in_unnormalised_coordinates(n):
    A, B = legt(n)
    D = (-1.0) ** np.arange(n) * np.sqrt(2.0 * np.arange(n) + 1)
    A_lmu, B_lmu = lmu(n)
    np.testing.assert_allclose(A_lmu, A * D[:, None] / D, rtol=1e-12)
    np.testing.assert_allclose(B_lmu, D * B, rtol=1e-12)


@given(n=st.integers(1, 24), window=WINDOWS)
def test_every_system_is_stable_and_a_window_only_slows_time(n, window):
    for family, (A, _) in all_systems(n, window).items():
        eigenvalues = np.linalg.eigvals(A)
        assert eigenvalues.real.max() < 1e-9 * np.abs(A).max(), family
    for slow, unit in ((legt(n, window), legt(n)), (fout(2 * n, window), fout(2 * n))):
        np.testing.assert_allclose(slow[0], unit[0] / window, rtol=1e-12)
        np.testing.assert_allclose(slow[1], unit[1] / window, rtol=1e-12)


@given(n=st.integers(1, 12))
def test_fout_has_one_dead_state(n):
    A, B = fout(2 * n)
    assert B[1] == 0
    assert not A[1].any()
    assert not A[:, 1].any()


@pytest.mark.parametrize("make", [legs, legt, fout, lagt, lmu])
@pytest.mark.parametrize("bad", [0, -3, 2.5, True, np.nan])
def test_a_bad_number_of_states_is_named(make, bad):
    with pytest.raises(ValueError, match=r"^n must"):
        make(bad)


def test_fout_needs_pairs():
    with pytest.raises(ValueError, match=r"^n must be even"):
        fout(7)


@pytest.mark.parametrize("make", [legt, fout])
@pytest.mark.parametrize("bad", [0, -1.0, np.inf, np.nan])
def test_a_bad_window_is_named(make, bad):
    with pytest.raises(ValueError, match=r"^window must"):
        make(4, bad)


@pytest.mark.usefixtures("as_users_call")
def test_sparse_matrices_are_taken_wherever_a_matrix_is():
    A, B = hippo.legs(5)
    S, C = scipy.sparse.csr_array(A), np.ones(5)
    turned = scipy.sparse.csr_array(np.eye(5)[::-1].copy())
    pairs = [
        (hippo.discretize(S, B, 0.1, "zoh")[0], hippo.discretize(A, B, 0.1, "zoh")[0]),
        (hippo.impulse_response(S, B, 0.5), hippo.impulse_response(A, B, 0.5)),
        (hippo.transfer_function(S, B, C, 0.0, 1j), hippo.transfer_function(A, B, C, 0.0, 1j)),
        (hippo.kernel((S, B), C, 0.1, 9), hippo.kernel((A, B), C, 0.1, 9)),
        (hippo.gramian(S, B), hippo.gramian(A, B)),
        (hippo.orthogonality_defect(S, B, 1.0), hippo.orthogonality_defect(A, B, 1.0)),
        (hippo.tilt(S, B, 0.3)[0], hippo.tilt(A, B, 0.3)[0]),
        (hippo.stretch(S, B, 0.3)[0], hippo.stretch(A, B, 0.3)[0]),
        (hippo.turn(S, B, turned)[0], hippo.turn(A, B, turned.toarray())[0]),
    ]
    for sparse, dense in pairs:
        np.testing.assert_array_equal(sparse, dense)
