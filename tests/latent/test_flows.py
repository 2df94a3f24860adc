from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.latent import complex_noise, navier_stokes, random_field_periodic, relative_l2


def start(N: int, seed: int = 0, strength: float = 686.0) -> np.ndarray:
    return random_field_periodic(complex_noise((N, N), seed), strength=strength)


def test_parity(reference) -> None:
    arrays = reference("lsm_numerics.npz")
    for j, row in enumerate(reference("lsm_numerics.json")["ns"]):
        w0 = start(row["N"], row["seed"], 343)
        assert np.linalg.norm(w0) == pytest.approx(row["w0_norm"], rel=1e-12)
        np.testing.assert_allclose(w0.flat[:3], row["w0_first3"], rtol=1e-11)
        w = navier_stokes(w0, row["visc"], row["times"], row["dt"], "authors")
        assert np.linalg.norm(w[-1]) == pytest.approx(row["final_norm"], rel=1e-12)
        stored = arrays[f"ns{j}_sol"]
        tolerance = 1e-12 if stored.dtype == np.float64 else 1e-6
        np.testing.assert_allclose(np.moveaxis(w, 0, -1), stored, atol=tolerance)


def test_parity_of_the_periodic_field(reference) -> None:
    for row in reference("lsm_numerics.json")["grf_periodic"]:
        N = row["N"]
        one = np.zeros((N, N), complex)
        one[0, 1] = 1
        largest = np.abs(random_field_periodic(one, row["alpha"], row["tau"], 343)).max()
        assert largest * N**2 == pytest.approx(row["sqrt_eig_row0_first5"][1], rel=1e-6)
        fields = random_field_periodic(complex_noise((400, N, N), 1), row["alpha"], row["tau"], 343)
        assert fields.var() == pytest.approx(row["pointwise_variance"], rel=0.05)
        assert np.abs(fields.mean(axis=(1, 2))).max() < 1e-12


@pytest.mark.parametrize(("scheme", "order", "steps"), [("if-rk4", 4, (20, 40, 80)), ("authors", 1, (100, 200, 400))])
def test_steps_converge_with_their_order_to_one_limit(scheme: str, order: int, steps: tuple[int, ...]) -> None:
    w0 = start(32, 2)
    fine = navier_stokes(w0, 1e-3, [1.0], 1 / 400)[0]
    errors = [np.abs(navier_stokes(w0, 1e-3, [1.0], 1 / n, scheme)[0] - fine).max() for n in steps]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), order, atol=0.15)


def test_a_long_step_of_rk4_beats_a_short_one_of_the_published_scheme() -> None:
    w0 = start(64, 3)
    fine = navier_stokes(w0, 1e-5, [2.0], 0.005)
    rk4 = relative_l2(navier_stokes(w0, 1e-5, [2.0], 0.02), fine)
    authors = relative_l2(navier_stokes(w0, 1e-5, [2.0], 0.004, "authors"), fine)
    assert rk4 < 1e-6
    assert authors > 100 * rk4


@given(k=st.integers(-3, 3), l=st.integers(-3, 3), nu=st.floats(0, 0.1))
@settings(max_examples=20)
def test_a_single_wave_does_not_move_itself(k: int, l: int, nu: float) -> None:
    """u . grad w = 0 for one wave; without forcing it only decays, exactly."""
    x = np.arange(16) / 16
    w0 = np.cos(2 * np.pi * (k * x[:, None] + l * x)) - (k == l == 0)
    w = navier_stokes(w0, nu, [0.0, 0.7], 0.1, forcing=np.zeros((16, 16)))
    np.testing.assert_allclose(w[0], w0, atol=1e-14)
    np.testing.assert_allclose(w[1], w0 * np.exp(-nu * 4 * np.pi**2 * (k**2 + l**2) * 0.7), atol=1e-12)


@given(N=st.integers(8, 17), seed=st.integers(0, 100))
@settings(max_examples=10)
def test_x_and_y_are_alike(N: int, seed: int) -> None:
    """Exchanging x and y turns a vorticity and its force around, and nothing else; on even grids too."""
    w0, forcing = start(N, seed), start(N, seed + 1)
    w = navier_stokes(w0, 1e-3, [0.2], 0.02, forcing=forcing)[0]
    np.testing.assert_allclose(w, -navier_stokes(-w0.T, 1e-3, [0.2], 0.02, forcing=-forcing.T)[0].T, atol=1e-12)


@given(seed=st.integers(0, 100))
@settings(max_examples=10)
def test_without_viscosity_and_forcing_the_flow_keeps_energy_and_enstrophy(seed: int) -> None:
    N = 24
    k = np.fft.fftfreq(N, 1 / N)
    k2 = np.add.outer(k**2, k**2)
    low = (np.abs(k)[:, None] <= 7) & (np.abs(k) <= 7)  # 2/3 of the grid, with room: no aliasing
    w0 = np.fft.ifft2(low * np.fft.fft2(start(N, seed))).real
    w = navier_stokes(w0, 0, [0.0, 0.5, 1.0], 0.01, forcing=np.zeros((N, N)))
    spectrum = np.abs(np.fft.fft2(w)) ** 2
    for invariant in (spectrum.sum(axis=(1, 2)), (spectrum / np.where(k2, k2, np.inf)).sum(axis=(1, 2))):
        np.testing.assert_allclose(invariant, invariant[0], rtol=1e-6)


def test_enstrophy_stays_below_its_bound_and_batches_are_their_fields() -> None:
    w0 = np.stack([start(24, 1), start(24, 2)])
    w = navier_stokes(w0, 1e-4, [0.5, 1.0], 0.02)
    assert w.shape == (2, 2, 24, 24)
    np.testing.assert_allclose(w[:, 1], navier_stokes(w0[1], 1e-4, [0.5, 1.0], 0.02), atol=1e-14)
    size = np.sqrt((w**2).mean(axis=(2, 3)))
    assert (size <= np.sqrt((w0**2).mean(axis=(1, 2))) + 0.1 * np.array([[0.5], [1.0]]) + 1e-9).all()


@pytest.mark.parametrize("scheme", ["if-rk4", "authors"])
def test_a_step_that_blows_up_is_refused(scheme: str) -> None:
    with pytest.raises(ValueError, match="step must be short enough"):
        navier_stokes(30 * start(64), 1e-5, [20.0], 0.5, scheme)


def test_the_three_laws_of_the_initial_field() -> None:
    w0 = [np.sqrt((random_field_periodic(complex_noise((300, 32, 32), 4), strength=s) ** 2).mean()) for s in (343, 686)]
    np.testing.assert_allclose(w0, [0.1852, 0.262], rtol=0.03)


def test_a_coarse_grid_loses_the_flow_and_keeps_how_poor_a_guess_an_old_frame_is() -> None:
    w0, fine = start(64, 3), np.zeros((128, 65), complex)  # the flow of the explorer, as section 6 tells it
    spectrum = np.fft.rfft2(w0)
    fine[:32, :33], fine[-32:, :33] = spectrum[:32], spectrum[32:]
    flows = [navier_stokes(w, 1e-5, [10.0, 20.0], 0.02) for w in (w0, 4 * np.fft.irfft2(fine))]
    flows[1] = flows[1][:, ::2, ::2]
    assert 0.15 < relative_l2(flows[0][1:], flows[1][1:])[0] < 0.2
    for flow in flows:
        assert relative_l2(flow[:1], flow[1:])[0] == pytest.approx(0.82, abs=0.005)
