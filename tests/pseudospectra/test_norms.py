from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import legs
from spectral_lab.pseudospectra import (
    diag_gap_norm,
    grcar,
    h2_norm,
    hinf_norm,
    jordan_block,
    legs_normal,
    s4d_frequencies,
    transfer_function,
)


def stable(n: int, rng: np.random.Generator) -> np.ndarray:
    A = rng.standard_normal((n, n))
    return A - (np.linalg.eigvals(A).real.max() + rng.uniform(0.01, 1)) * np.eye(n)


@given(n=st.integers(1, 10), seed=st.integers(0, 10_000), inputs=st.integers(1, 3), outputs=st.integers(1, 3))
def test_no_frequency_beats_the_norm_and_the_stated_one_attains_it(
    n: int, seed: int, inputs: int, outputs: int
) -> None:
    rng = np.random.default_rng(seed)
    A, B, C = stable(n, rng), rng.standard_normal((n, inputs)), rng.standard_normal((outputs, n))
    norm, omega = hinf_norm(A, B, C)

    def gain(w: float) -> float:
        return float(np.linalg.norm(C @ np.linalg.solve(1j * w * np.eye(n) - A, B), 2))

    grid = np.concatenate([[0], np.geomspace(1e-3, 1e3, 400), np.abs(np.linalg.eigvals(A).imag)])
    assert max(map(gain, grid)) <= norm * (1 + 1e-9)
    assert gain(omega) == pytest.approx(norm, rel=1e-9)
    assert omega >= 0


def test_one_mode_has_the_gain_of_its_distance_to_the_axis() -> None:
    norm, omega = hinf_norm([[-0.25 + 7j]], [3.0], [2.0])
    assert (norm, omega) == pytest.approx((24.0, 7.0), rel=1e-9)


@pytest.mark.parametrize("n", [8, 16, 32])
def test_the_spike_of_s4d_is_found_without_being_told_where(n: int) -> None:
    (A1, B1), (A2, B2), C = legs_normal(n), legs(n), np.eye(n)[0]
    A = scipy.linalg.block_diag(A1, A2)
    norm, omega = hinf_norm(A, np.concatenate([B1, B2]), np.concatenate([C, -C]))
    expected, _ = diag_gap_norm(n, C)
    assert norm == pytest.approx(expected, rel=1e-8)
    assert omega == pytest.approx(s4d_frequencies(n)[0], abs=0.01)


def test_the_peak_gains_are_those_of_the_reference(reference: Any) -> None:
    perturbations = reference("authors_perturbations.npz")
    for case in reference("transfer.json"):
        n, (A, B) = case["n"], legs(case["n"])
        C = {"e1": np.eye(n)[0], "e3": np.eye(n)[2], "ones_over_sqrt_n": np.full(n, n**-0.5)}[case["C"]]
        E = perturbations[f"{case['E']}_E"]
        if case["C"] == "e1":
            assert hinf_norm(A, B, C)[0] == pytest.approx(case["linf_dplr"], rel=1e-6)
        if case["A_plus_E_stable"]:
            difference = scipy.linalg.block_diag(A + E, A), np.concatenate([B, B]), np.concatenate([C, -C])
            assert hinf_norm(*difference)[0] == pytest.approx(case["linf_ptd_minus_dplr"], rel=1e-6)
        A_diag, B_diag = legs_normal(n)
        difference = scipy.linalg.block_diag(A_diag, A), np.concatenate([B_diag, B]), np.concatenate([C, -C])
        norm, omega = hinf_norm(*difference)
        assert norm == pytest.approx(case["linf_diag_minus_dplr"], rel=1e-6)
        assert omega == pytest.approx(case["linf_diag_minus_dplr_at"], abs=1e-3)
        G = transfer_function(A + E, B, C, 1j * np.array(case["omega"]))
        expected = np.array(case["G_ptd"][0]) + 1j * np.array(case["G_ptd"][1])
        np.testing.assert_allclose(G, expected, rtol=1e-9, atol=1e-12)


@given(n=st.integers(1, 8), seed=st.integers(0, 1000), outputs=st.integers(1, 3))
def test_the_h2_norm_is_the_energy_of_the_impulse_response(n: int, seed: int, outputs: int) -> None:
    rng = np.random.default_rng(seed)
    A, B, C = stable(n, rng) - np.eye(n), rng.standard_normal((n, 2)), rng.standard_normal((outputs, n))
    step = 0.002
    one, kernels = scipy.linalg.expm(step * A), [B]
    for _ in range(8000):
        kernels.append(one @ kernels[-1])
    energy = np.trapezoid((np.abs(C @ np.array(kernels)) ** 2).sum(axis=(1, 2)), dx=step)
    assert h2_norm(A, B, C) == pytest.approx(np.sqrt(energy), rel=1e-3)


@given(n=st.integers(1, 8), seed=st.integers(0, 1000))
def test_a_complex_system_may_peak_at_a_negative_frequency(n: int, seed: int) -> None:
    A, rng = stable(n, np.random.default_rng(seed)), np.random.default_rng(seed + 1)
    B, C = rng.standard_normal(n), rng.standard_normal(n)
    norm = hinf_norm(A, B, C)[0]
    moved = hinf_norm(A - 1000j * np.eye(n), B, C)
    assert moved[0] == pytest.approx(norm, rel=1e-8)
    gain = abs(C @ np.linalg.solve(1j * (moved[1] + 1000) * np.eye(n) - A, B.astype(complex)))
    assert gain == pytest.approx(norm, rel=1e-8)


@given(zeros=st.lists(st.floats(0.1, 3), max_size=3), poles=st.lists(st.floats(0.5, 2), min_size=8, max_size=8))
def test_zeros_at_every_frequency_of_the_first_look_do_not_hide_the_gain(
    zeros: list[float], poles: list[float]
) -> None:
    # s prod (s^2 + w^2) / prod (s + p) with zeros at 0 and, among others, at the moduli of the poles
    zeros = [*zeros, poles[0]][:3]
    numerator, denominator = np.array([1.0, 0.0]), np.poly(-np.array(poles))
    for w in zeros:
        numerator = np.convolve(numerator, [1.0, 0.0, w**2])
    A, B, C, _ = scipy.signal.tf2ss(numerator, denominator)
    omega = np.geomspace(1e-3, 1e3, 20_000)
    gain = np.abs(np.polyval(numerator, 1j * omega) / np.polyval(denominator, 1j * omega))
    assert hinf_norm(A, B, C)[0] == pytest.approx(gain.max(), rel=1e-4)


@pytest.mark.parametrize("n", [12, 14, 20])
def test_a_defective_pole_of_high_order_does_not_hide_the_peak(n: int) -> None:
    # Next to a flat top at 0 the Hamiltonian's eigenvalues leave the axis by rounding; the peak is elsewhere.
    A, omega = jordan_block(n, -0.3), np.concatenate([[0.0], np.geomspace(1e-5, 1, 300)])
    for seed in range(40):
        B, C = np.random.default_rng(seed).standard_normal((2, n))
        G = np.linalg.solve(1j * omega[:, None, None] * np.eye(n) - A, B[:, None].astype(complex))[..., 0] @ C
        assert hinf_norm(A, B, C)[0] >= np.abs(G).max() * (1 - 1e-9)


@given(
    n=st.integers(1, 6),
    seed=st.integers(0, 10**6),
    inputs=st.integers(1, 3),
    outputs=st.integers(1, 3),
    z=st.booleans(),
)
def test_with_a_direct_path_no_frequency_beats_the_norm_either(
    n: int, seed: int, inputs: int, outputs: int, z: bool
) -> None:
    rng = np.random.default_rng(seed)
    A, B, C = stable(n, rng), rng.standard_normal((n, inputs)), rng.standard_normal((outputs, n))
    D = rng.standard_normal((outputs, inputs)) * 10.0 ** rng.uniform(-3, 3)
    if z:
        D = D * np.exp(1j)
    norm, omega = hinf_norm(A, B, C, D)

    def gain(w: float) -> float:
        return float(np.linalg.norm(C @ np.linalg.solve(1j * w * np.eye(n) - A, B) + D, 2))

    near = np.concatenate([[lam.imag + abs(lam.real) * k for k in range(-3, 4)] for lam in np.linalg.eigvals(A)])
    grid = np.concatenate([[0], np.geomspace(1e-3, 1e6, 300), -np.geomspace(1e-3, 1e6, 300), near])
    assert max(map(gain, grid)) <= norm * (1 + 1e-9)
    attained = gain(omega) if np.isfinite(omega) else np.linalg.norm(D, 2)
    assert attained == pytest.approx(norm, rel=1e-9)


def test_direct_paths_by_hand() -> None:
    # s / (s + 1) = 1 - 1 / (s + 1) and (s + 2) / (s + 1): their largest gains, 1 and 2, are at infinity and at 0.
    assert hinf_norm([[-1.0]], [1.0], [-1.0], 1.0) == (1.0, np.inf)
    assert hinf_norm([[-1.0]], [1.0], [1.0], [[1.0]]) == pytest.approx((2.0, 0.0))
    assert hinf_norm(-np.eye(2), np.zeros((2, 3)), np.zeros((1, 2)), [[0.0, 3.0, 4.0]]) == (5.0, np.inf)
    # an all-pass, (1 - s) / (1 + s): gain 1 everywhere
    assert hinf_norm([[-1.0]], [2.0], [1.0], -1.0)[0] == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("power", [-140, -20, 20, 140])
def test_units_of_time_and_of_gain_do_not_matter(power: int) -> None:
    rng, u = np.random.default_rng(0), 10.0**power
    A, B, C, D = stable(5, rng), rng.standard_normal(5), rng.standard_normal(5), 0.3
    norm, omega = hinf_norm(A, B, C, D)
    assert hinf_norm(u * A, u * B, C, D) == pytest.approx((norm, u * omega), rel=1e-7)
    assert hinf_norm(A, u * B, C, u * D) == pytest.approx((u * norm, omega), rel=1e-7)
    assert h2_norm(u * A, u * B, C) == pytest.approx(np.sqrt(u) * h2_norm(A, B, C), rel=1e-9)


@given(n=st.integers(1, 7), seed=st.integers(0, 1000))
def test_complex_inputs_of_a_real_system(n: int, seed: int) -> None:
    # ||C e^{tA} (B1 + i B2)||^2 = ||C e^{tA} B1||^2 + ||C e^{tA} B2||^2 for real A, B1, B2 and C
    rng = np.random.default_rng(seed)
    A, (B1, B2, C) = stable(n, rng) - 0.1 * np.eye(n), rng.standard_normal((3, n))
    assert h2_norm(A, B1 + 1j * B2, C) == pytest.approx(np.hypot(h2_norm(A, B1, C), h2_norm(A, B2, C)), rel=1e-9)
    assert h2_norm(A, 1j * B1, C) == pytest.approx(h2_norm(A, B1, C), rel=1e-9)
    T = np.linalg.qr(rng.standard_normal((n, n)) + 1j * rng.standard_normal((n, n)))[0]
    turned = T @ A @ T.conj().T, T @ (B1 + 1j * B2), C @ T.conj().T
    assert h2_norm(*turned) == pytest.approx(h2_norm(A, B1 + 1j * B2, C), rel=1e-9)


def test_the_grcar_system_of_the_report() -> None:
    A = grcar(5) - 3 * np.eye(5)
    assert h2_norm(A, np.ones(5), np.ones(5)) == pytest.approx(2.9444, abs=5e-5)
    assert h2_norm(A, np.ones(5) + 0j, np.ones(5)) == pytest.approx(2.9444, abs=5e-5)
    assert h2_norm(A, 1j * np.ones(5), np.ones(5) + 0j) == pytest.approx(2.9444, abs=5e-5)


def test_a_long_chain_that_is_far_from_normal() -> None:
    # 0.9 above and 0.1 below the diagonal: Re < -0.1, with eigenvectors of condition 3^200. G(0) has no cancellation.
    n = 200
    A = 0.9 * np.eye(n, k=1) + 0.1 * np.eye(n, k=-1) - 0.7 * np.eye(n)
    norm, omega = hinf_norm(A, np.ones(n), np.ones(n))
    assert omega == pytest.approx(0, abs=1e-6)
    assert norm == pytest.approx(np.ones(n) @ np.linalg.solve(-A, np.ones(n)), rel=1e-6)


def test_a_system_that_says_nothing_has_norm_zero() -> None:
    assert hinf_norm(-np.eye(3), np.zeros(3), np.ones(3)) == (0.0, 0.0)
    assert hinf_norm(np.diag([-1.0, -2.0]), [1.0, 0.0], [0.0, 1.0]) == (0.0, 0.0)
    assert hinf_norm([[-1.0, 0.0], [0.0, -1.0]], [1.0, 1.0], [1.0, -1.0])[0] < 1e-15


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: hinf_norm(np.eye(2), [1, 1], [1, 1]), "A"),
        (lambda: hinf_norm(np.zeros((2, 2)), [1, 1], [1, 1]), "A"),
        (lambda: hinf_norm(-np.eye(2), [1, 1, 1], [1, 1]), "B"),
        (lambda: hinf_norm(-np.eye(2), [1, 1], [1, 1, 1]), "C"),
        (lambda: hinf_norm(-np.eye(2), [1, np.nan], [1, 1]), "B"),
        (lambda: hinf_norm(-np.eye(2), np.ones((2, 0)), [1, 1]), "B"),
        (lambda: hinf_norm(-np.eye(2), [1, 1], [1, 1], [1, 2]), "D"),
        (lambda: hinf_norm(-np.eye(2), np.eye(2), np.eye(2), 1.0), "D"),
        (lambda: hinf_norm(-np.eye(2), [1, 1], [1, 1], np.nan), "D"),
        (lambda: hinf_norm([[0.0, 1.0], [-1.0, 0.0]], [1, 1], [1, 1]), "A"),
        (lambda: hinf_norm(-np.eye(2), 1e200 * np.ones(2), 1e200 * np.ones(2)), "B"),
        (lambda: h2_norm(np.eye(2), [1, 1], [1, 1]), "A"),
        (lambda: h2_norm(-np.eye(2), [1, 1], np.ones((1, 2, 1))), "C"),
    ],
)
def test_bad_input_is_named(call: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must"):
        call()
