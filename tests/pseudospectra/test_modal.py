from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import discretize, legs
from spectral_lab.pseudospectra import (
    hold,
    jordan_block,
    legs_normal,
    legs_transfer,
    modal_transfer,
    modes,
    s4d_frequencies,
    sampled_transfer,
    tone_response,
    transfer_function,
)


def system(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n))
    A -= (np.linalg.eigvals(A).real.max() + rng.uniform(0.05, 1)) * np.eye(n)
    return A, rng.standard_normal(n), rng.standard_normal(n)


@given(n=st.integers(1, 8), seed=st.integers(0, 1000))
def test_the_sum_over_modes_is_the_dense_transfer_function(n: int, seed: int) -> None:
    A, B, C = system(n, seed)
    s = 1j * np.random.default_rng(seed).uniform(-5, 5, (2, 3))
    expected = [[C @ np.linalg.solve(z * np.eye(n) - A, B) for z in row] for row in s]
    np.testing.assert_allclose(transfer_function(A, B, C, s), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("n", [8, 33, 128])
def test_s4d_through_its_modes_is_s4d_in_closed_form(n: int) -> None:
    A, B = legs_normal(n)
    C, s = np.cos(np.arange(n)), 1j * np.concatenate([[0.0], np.geomspace(0.1, n**2, 50), s4d_frequencies(n)])
    np.testing.assert_allclose(transfer_function(A, B, C, s), legs_transfer(n, s, C, "diag"), rtol=1e-9, atol=1e-9)


def test_a_pole_is_one_point_at_infinity() -> None:
    G = modal_transfer([-1.0, -2.0], [1.0, 3.0], [-1.0, 0.0, -2.0])
    assert np.isinf(G[[0, 2]]).all()
    assert G[1] == 2.5
    assert modal_transfer([-1.0], [1.0], np.zeros((2, 0))).shape == (2, 0)


@given(n=st.integers(1, 8), seed=st.integers(0, 1000), omega=st.floats(-8, 8), t=st.floats(0, 6))
def test_a_tone_from_rest_solves_the_differential_equation(n: int, seed: int, omega: float, t: float) -> None:
    A, B, C = system(n, seed)
    # (x, e^{i omega t})' = [[A, B], [0, i omega]] (x, e^{i omega t})
    driven = np.zeros((n + 1, n + 1), dtype=complex)
    driven[:n, :n], driven[:n, n], driven[n, n] = A, B, 1j * omega
    expected = C @ (scipy.linalg.expm(t * driven)[:n, n])
    assert tone_response(*modes(A, B, C), omega, t) == pytest.approx(expected, rel=1e-6, abs=1e-7)


@given(
    damping=st.floats(-2, 0), frequency=st.floats(-50, 50), t=st.floats(0, 50), off=st.sampled_from([0, 1e-12, 1e-6])
)
def test_resonance_grows_linearly_and_then_rings(damping: float, frequency: float, t: float, off: float) -> None:
    response = tone_response([damping + 1j * frequency], [1.0], frequency + off, t)
    decay = -damping * t  # |int_0^t e^{damping tau} dtau|
    expected = t if decay < 1e-9 else -np.expm1(-decay) / -damping
    assert abs(response) == pytest.approx(expected, rel=1e-4, abs=1e-300)


@given(n=st.integers(1, 8), seed=st.integers(0, 1000), step=st.floats(0.01, 1))
def test_the_hold_is_the_zero_order_hold_of_the_matrices(n: int, seed: int, step: float) -> None:
    A, B, C = system(n, seed)
    A_bar, B_bar = discretize(A, B, step, "zoh")
    poles, residues = hold(*modes(A, B, C), step)
    kernel = [(residues * poles**k).sum() for k in range(6)]
    expected = [C @ np.linalg.matrix_power(A_bar, k) @ B_bar for k in range(6)]
    np.testing.assert_allclose(kernel, expected, rtol=1e-6, atol=1e-9)


@given(n=st.integers(1, 6), seed=st.integers(0, 1000), step=st.floats(0.05, 1), omega=st.floats(-30, 30))
def test_the_sampled_gain_is_what_a_long_sampled_tone_settles_to(n: int, seed: int, step: float, omega: float) -> None:
    A, B, C = system(n, seed)
    A_bar, B_bar = discretize(A, B, step, "zoh")
    z = np.exp(1j * omega * step)
    expected = z * (C @ np.linalg.solve(z * np.eye(n) - A_bar, B_bar.astype(complex)))
    found = sampled_transfer(*modes(A, B, C), omega, step)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-8)
    assert sampled_transfer(*modes(A, B, C), omega + 2 * np.pi / step, step) == pytest.approx(found, rel=1e-6, abs=1e-8)


def test_the_hold_lowers_the_last_spike_by_a_sinc_and_an_exact_period_folds_it_to_zero_frequency() -> None:
    n = 32
    A, B = legs_normal(n)
    mode, nu = modes(A, B, np.eye(n)[0]), s4d_frequencies(n)[0]
    peak = abs(modal_transfer(*mode, 1j * nu))
    for step, ratio in ((1e-3, 0.996), (1e-2, 0.61)):
        assert abs(sampled_transfer(*mode, nu, step)) / peak == pytest.approx(ratio, abs=0.02)
    period = 2 * np.pi / nu
    assert sampled_transfer(*mode, nu, period) == pytest.approx(complex(sampled_transfer(*mode, 0.0, period)), rel=1e-6)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: modes(np.ones((2, 3)), [1], [1]), "A"),
        (lambda: modes(np.eye(2), [1, 1, 1], [1, 1]), "B"),
        (lambda: modes(jordan_block(3, -1.0), [0, 0, 1], [1, 0, 0]), "A"),
        (lambda: transfer_function(*legs(40), np.ones(40), 1j), "A"),
        (lambda: hold([1e3], [1.0], 1.0), "step"),
        (lambda: tone_response([1e3], [1.0], 1.0, 5.0), "t"),
        (lambda: transfer_function(-np.eye(2), [1, 1], [1], 1j), "C"),
        (lambda: transfer_function(-np.eye(2), [1, 1], [1, 1], np.nan), "s"),
        (lambda: modal_transfer([[1.0]], [1.0], 0.0), "poles"),
        (lambda: modal_transfer([1.0, 2.0], [1.0], 0.0), "residues"),
        (lambda: tone_response([-1.0], [1.0], np.inf, 1.0), "omega"),
        (lambda: tone_response([-1.0], [1.0], 1.0, [-1.0]), "t"),
        (lambda: hold([-1.0], [1.0], 0.0), "step"),
        (lambda: sampled_transfer([-1.0], [1.0], 1.0, -1.0), "step"),
        (lambda: sampled_transfer([-1.0], [1.0], 1j, 1.0), "omega"),
    ],
)
def test_bad_input_is_named(call: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must"):
        call()
