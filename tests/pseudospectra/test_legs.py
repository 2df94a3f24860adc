from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import (
    allpass,
    allpass_phase,
    diag_gap,
    diag_gap_norm,
    legs_impulse_response,
    legs_normal,
    legs_normal_eigenpairs,
    legs_state_modes,
    legs_states,
    legs_transfer,
    s4d_frequencies,
    spikes,
)

SIZES = st.integers(1, 40)
OMEGAS = st.floats(1e-3, 1e5)


def dense(n: int, s: Any, C: Any, system: str) -> np.ndarray:
    A, B = legs(n) if system == "dplr" else legs_normal(n)
    return np.array([C @ np.linalg.solve(z * np.eye(n) - A, B.astype(complex)) for z in np.ravel(s)])


@given(n=SIZES, omega=OMEGAS)
def test_f1_to_f3_one_product_gives_the_states_their_energy_and_the_all_pass(n: int, omega: float) -> None:
    A, B = legs(n)
    x = np.linalg.solve(1j * omega * np.eye(n) - A, B.astype(complex))
    P = allpass(n, 1j * omega)
    np.testing.assert_allclose(legs_states(n, 1j * omega), x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(1 - B @ x, P, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(abs(P), omega / np.hypot(omega, n), rtol=1e-12)
    np.testing.assert_allclose(np.sum(np.abs(legs_states(n, 1j * omega)) ** 2) + abs(P) ** 2, 1, rtol=1e-12)
    np.testing.assert_allclose(np.exp(1j * allpass_phase(n, omega)), P / abs(P), rtol=1e-9, atol=1e-9)


@given(n=SIZES, re=st.floats(-3, 30), im=st.floats(-300, 300), seed=st.integers(0, 99))
def test_f4_lemma_1_holds_for_every_output_vector_against_dense_solves(n: int, re: float, im: float, seed: int) -> None:
    C, s = np.random.default_rng(seed).standard_normal(n), complex(re, im)
    if np.abs(s + np.arange(1, n + 1)).min() < 0.1 or np.abs(s - legs_normal_eigenpairs(n)[0]).min() < 0.1:
        return  # next to a pole a dense solve has no digits to compare with
    dplr, diag = dense(n, s, C, "dplr")[0], dense(n, s, C, "diag")[0]
    np.testing.assert_allclose(legs_transfer(n, s, C), dplr, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(legs_transfer(n, s, C, "diag"), diag, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(diag, dplr / (1 + allpass(n, s)), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(diag_gap(n, s, C), diag - dplr, rtol=1e-6, atol=1e-8)


def test_the_transfer_functions_are_those_of_the_reference(reference: Any) -> None:
    for case in reference("transfer.json"):
        n = case["n"]
        C = {"e1": np.eye(n)[0], "e3": np.eye(n)[2], "ones_over_sqrt_n": np.full(n, n**-0.5)}[case["C"]]
        s = 1j * np.array(case["omega"])
        for key, system in (("G_dplr", "dplr"), ("G_diag", "diag")):
            expected = np.array(case[key][0]) + 1j * np.array(case[key][1])
            np.testing.assert_allclose(legs_transfer(n, s, C, system), expected, rtol=1e-10, atol=1e-14)


@given(n=st.integers(1, 128))
def test_f5_gives_the_spectrum_of_the_normal_part_without_an_eigensolver(n: int) -> None:
    A, _ = legs_normal(n)
    np.testing.assert_allclose(A + A.T, -np.eye(n), atol=1e-12 * n**2)
    expected = np.sort(scipy.linalg.eigvalsh(1j * (A + np.eye(n) / 2)))[::-1][: n // 2]
    np.testing.assert_allclose(s4d_frequencies(n), expected, rtol=1e-11)


@given(n=st.integers(2, 48))
def test_the_eigenpairs_of_the_normal_part_are_eigenpairs_and_unitary(n: int) -> None:
    A, _ = legs_normal(n)
    eigenvalues, V = legs_normal_eigenpairs(n)
    np.testing.assert_allclose(A @ V, V * eigenvalues, atol=1e-11 * n**2)
    np.testing.assert_allclose(V.conj().T @ V, np.eye(n), atol=1e-11)


@pytest.mark.parametrize("n", [8, 16, 32, 64, 128, 1024])
def test_the_first_frequency_is_n_squared_over_pi_less_pi_over_6(n: int) -> None:
    assert abs(s4d_frequencies(n)[0] - (n**2 / np.pi - np.pi / 6)) < 15 / n**2


def test_the_frequencies_are_those_of_the_reference(reference: Any) -> None:
    for n, case in reference("legs_spectra.json").items():
        np.testing.assert_allclose(s4d_frequencies(int(n)), case["s4d_imag_parts_desc"], rtol=1e-10)


@pytest.mark.parametrize(("n", "height"), [(16, 0.638603), (32, 0.637127), (64, 0.636747)])
def test_f6_the_last_spike_moves_out_and_keeps_its_height(n: int, height: float) -> None:
    frequency, heights = spikes(n, np.eye(n)[0])
    assert heights[0] == pytest.approx(height, abs=5e-7)
    norm, omega = diag_gap_norm(n, np.eye(n)[0])
    assert omega == pytest.approx(frequency[0], abs=0.01)
    assert norm == pytest.approx(heights[0], rel=1e-4)
    assert heights[:3] == pytest.approx(height / np.array([1, 3, 5]), rel=20 / n**2)


def test_f6_the_worst_output_hears_a_spike_that_grows_like_two_n_over_pi() -> None:
    norms = [diag_gap_norm(n)[0] for n in (16, 32, 64, 128)]
    assert norms[:2] == pytest.approx([10.02, 20.29], abs=0.01)
    assert norms[3] / norms[2] == pytest.approx(2, rel=0.01)


def test_the_gap_norms_are_those_of_the_reference(reference: Any) -> None:
    for case in reference("transfer.json"):
        if case["C"] == "e1":
            expected = next(value for key, value in case.items() if key.startswith("linf") and "diag" in key)
            norm = expected["norm"] if isinstance(expected, dict) else np.ravel(expected)[0]
            assert diag_gap_norm(case["n"], np.eye(case["n"])[0])[0] == pytest.approx(norm, rel=1e-6)


@pytest.mark.parametrize("n", [8, 10, 16])
def test_f7_the_impulse_responses_stay_apart(n: int) -> None:
    t, C = np.linspace(0, 40, 200_001), np.eye(n)[0]
    gap = legs_impulse_response(n, t, C, "diag") - legs_impulse_response(n, t, C)
    assert np.trapezoid(gap**2, t) == pytest.approx((1 - 2 / n**2) / 4, rel=2e-5 * n)


@given(n=st.integers(1, 24), t=st.floats(0, 5), seed=st.integers(0, 9))
def test_the_impulse_responses_are_those_of_matrix_exponentials(n: int, t: float, seed: int) -> None:
    C = np.random.default_rng(seed).standard_normal(n)
    for system, (A, B) in (("dplr", legs(n)), ("diag", legs_normal(n))):
        expected = C @ scipy.linalg.expm(t * A) @ B
        assert legs_impulse_response(n, t, C, system) == pytest.approx(expected, rel=1e-8, abs=1e-8 * n)


@given(n=st.integers(1, 24), l=st.integers(1, 6), system=st.sampled_from(["dplr", "diag"]))
def test_the_modes_of_a_state_add_up_to_its_impulse_response(n: int, l: int, system: str) -> None:
    l, t = min(l, n), np.linspace(0, 6, 50)
    poles, residues = legs_state_modes(n, l, system)
    expected = legs_impulse_response(n, t, np.eye(n)[l - 1], system)
    assert np.exp(np.outer(t, poles)) @ residues == pytest.approx(expected, rel=1e-9, abs=1e-10)


def test_the_gap_is_infinite_at_the_poles_of_either_system() -> None:
    C = np.array([1.0, 0.5, -0.2])
    gap = diag_gap(3, [-1.0, -0.5, 1j], C)  # a pole of S4, one of S4D (n is odd), neither
    assert np.isinf(gap[:2]).all()
    assert np.isfinite(gap[2])


def test_a_caller_may_change_the_frequencies_that_it_was_given() -> None:
    s4d_frequencies(12)[:] = 0
    assert (s4d_frequencies(12) > 0).all()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: allpass(0, 1j), "n"),
        (lambda: legs_state_modes(4, 5), "l"),
        (lambda: legs_state_modes(4, 2, "s4"), "system"),
        (lambda: allpass(2.5, 1j), "n"),
        (lambda: allpass(4, np.nan), "s"),
        (lambda: allpass_phase(4, -1.0), "omega"),
        (lambda: s4d_frequencies(-3), "n"),
        (lambda: legs_transfer(4, 1j, np.ones(5)), "C"),
        (lambda: legs_transfer(4, 1j, np.ones(4), "s4"), "system"),
        (lambda: legs_impulse_response(4, -1.0, np.ones(4)), "t"),
    ],
)
def test_bad_input_is_named(call: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must"):
        call()
