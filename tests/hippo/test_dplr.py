from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import DPLR, dplr, low_rank, system
from spectral_lab.hippo.dplr import FAMILIES

families = st.sampled_from(FAMILIES)


@given(family=families, half=st.integers(1, 40), window=st.floats(0.2, 5))
def test_low_rank_term_makes_the_matrix_normal(family, half, window):
    n = 2 * half
    A, _ = system(family, n, window)
    P = low_rank(family, n, window)
    normal = A + P.T @ P
    scale = np.abs(normal).max() ** 2 * n
    np.testing.assert_allclose(normal @ normal.T, normal.T @ normal, atol=1e-13 * scale)


@given(family=families, half=st.integers(1, 40), window=st.floats(0.2, 5))
def test_the_half_spectrum_holds_the_whole_system(family, half, window):
    n = 2 * half
    A, B = system(family, n, window)
    form = dplr(family, n, window)
    scale = np.abs(A).max()
    V = np.concatenate([form.V, form.V.conj()], axis=1)
    np.testing.assert_allclose(V @ V.conj().T, np.eye(n), atol=1e-10)
    full_A, full_B = form.full()
    np.testing.assert_allclose(V @ full_A @ V.conj().T, A, atol=1e-10 * scale)
    np.testing.assert_allclose(V @ full_B, B, atol=1e-10 * scale)
    frequencies = form.Lambda.imag
    assert (np.diff(frequencies) >= 0).all()
    assert (frequencies <= 1e-12 * scale).all()
    np.testing.assert_allclose(form.Lambda.real, -0.5 if family == "legs" else 0.0, atol=1e-12 * scale)


@given(family=families, half=st.integers(1, 20), seed=st.integers(0, 1000))
def test_the_real_form_moves_like_the_complex_one(family, half, seed):
    rng = np.random.default_rng(seed)
    form = dplr(family, 2 * half)
    z = rng.normal(size=half) + 1j * rng.normal(size=half)
    both = np.concatenate([z, z.conj()])
    full_A, full_B = form.full()
    real_A, real_B = form.real()
    expected = (full_A @ both + full_B)[:half]
    found = real_A @ np.concatenate([z.real, z.imag]) + real_B
    np.testing.assert_allclose(found[:half] + 1j * found[half:], expected, atol=1e-10 * np.abs(full_A).max())


@pytest.mark.parametrize("family", FAMILIES)
def test_spectra_and_rotations_are_the_authors(numbers, facts, family):
    form = dplr(family, facts["inputs"]["Nbig"], window=2.0)
    tolerance = 1e-6 if family == "fout" else 1e-8  # the authors build P of fout in single precision
    for key, value in {
        "W": form.Lambda,
        "absB": abs(form.B),
        "absP": abs(form.P),
        "BconjP": form.B * form.P.conj(),
    }.items():
        reference = numbers[f"nplr_{family}_{key}"]
        np.testing.assert_allclose(value, reference, rtol=tolerance, atol=tolerance * abs(reference).max(), err_msg=key)
    np.testing.assert_allclose(low_rank(family, 8, 2.0), numbers[f"P_{family}"], atol=tolerance)


def test_the_highest_frequency_of_legs_tends_to_n_squared_over_pi():
    ratios = [-dplr("legs", n).Lambda[0].imag * np.pi / n**2 for n in (16, 64, 256)]
    np.testing.assert_allclose(ratios, [0.9936, 0.9996, 0.99997], atol=1e-4)


def test_a_window_divides_frequencies():
    np.testing.assert_allclose(dplr("fout", 12, 2.0).Lambda, dplr("fout", 12).Lambda / 2, atol=1e-12)
    np.testing.assert_allclose(dplr("fout", 12).Lambda.imag, -2 * np.pi * np.arange(5, -1, -1), atol=1e-12)


@pytest.mark.parametrize("bad", [("lagt", 8, 1.0), ("legs", 7, 1.0), ("legs", 0, 1.0), ("legt", 8, 0.0)])
def test_bad_input_is_named(bad):
    with pytest.raises(ValueError, match=r"^(family|n|window) must"):
        dplr(*bad)


@pytest.mark.parametrize("name", ["Lambda", "P", "B"])
def test_a_system_with_a_nan_is_refused_by_name(name):
    parts = {"Lambda": np.ones(2, complex), "P": np.ones((1, 2), complex), "B": np.ones(2, complex)}
    parts[name].flat[1] = np.nan
    with pytest.raises(ValueError, match=f"^{name} must be finite"):
        DPLR(**parts)


@pytest.mark.parametrize("family", ["legs", "legt", "fout"])
def test_the_signs_of_eigenvectors_are_not_left_to_rounding(family):
    """LAPACK may return either sign; the one with Re(e^{-i} B) > 0 is taken, and no B is near the border."""
    for n in (4, 16, 64):
        angle = np.exp(-1j) * dplr(family, n).B
        assert (angle.real > 1e-3 * np.abs(angle)).all()
