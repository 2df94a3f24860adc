from __future__ import annotations

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.latent import burgers, cole_hopf
from spectral_lab.latent.explorers import pde_in_coefficients


def wave(N: int) -> np.ndarray:
    return np.sin(2 * np.pi * np.arange(N) / N)


def test_parity_of_cole_hopf(reference) -> None:
    for row in reference("lsm_numerics.json")["burgers_cole_hopf"]:
        np.testing.assert_allclose(cole_hopf(np.arange(16) / 16, row["t"], row["nu"]), row["u"], rtol=0, atol=1e-14)


@given(nu=st.floats(0.05, 2), t=st.floats(0.001, 3), x=st.floats(-2, 2))
def test_cole_hopf_is_the_bessel_series_where_that_does_not_cancel(nu: float, t: float, x: float) -> None:
    k, z = np.arange(1, 60), 1 / (4 * np.pi * nu)
    terms = 2 * scipy.special.ive(k, z) * np.exp(-nu * (2 * np.pi * k) ** 2 * t)
    series = 2 * nu * (terms * 2 * np.pi * k * np.sin(2 * np.pi * k * x)).sum()
    series /= scipy.special.ive(0, z) + (terms * np.cos(2 * np.pi * k * x)).sum()
    assert float(cole_hopf(x, t, nu)) == pytest.approx(series, abs=1e-11)


@given(nu=st.floats(3e-3, 1), t=st.floats(0.01, 2))
@settings(max_examples=6)
def test_cole_hopf_solves_the_equation(nu: float, t: float) -> None:
    N, h = 1024, 1e-4 * nu
    x, k = np.arange(N) / N, 2j * np.pi * np.fft.fftfreq(N, 1 / N)
    u = cole_hopf(x, t, nu)
    # Fifth-order differences in time, spectral ones in space; a shock of width 4 nu is well resolved.
    u_t = sum(c * cole_hopf(x, t + j * h, nu) for j, c in ((-2, 1), (-1, -8), (1, 8), (2, -1))) / (12 * h)
    u_x, u_xx = (np.fft.ifft(k**p * np.fft.fft(u)).real for p in (1, 2))
    assert np.abs(u_t + u * u_x - nu * u_xx).max() < 1e-5 * (1 + 1 / nu)


def test_cole_hopf_is_odd_periodic_and_starts_from_the_sine() -> None:
    x = np.linspace(-1.3, 1.3, 41)
    for t in (0.0, 1e-9, 0.3):
        u = cole_hopf(x, t, 0.004)
        np.testing.assert_allclose(u, -cole_hopf(-x, t, 0.004), atol=1e-13)
        np.testing.assert_allclose(u, cole_hopf(x + 1, t, 0.004), atol=1e-12)
    np.testing.assert_allclose(cole_hopf(x, 1e-9, 0.004), np.sin(2 * np.pi * x), atol=1e-6)


@pytest.mark.parametrize(("N", "bound"), [(64, 2e-3), (128, 1e-5), (256, 1e-9)])
def test_burgers_converges_exponentially_to_cole_hopf(N: int, bound: float) -> None:
    u = burgers(wave(N), 0.01, [0.5])[0]
    assert np.abs(u - cole_hopf(np.arange(N) / N, 0.5, 0.01)).max() < bound


def test_time_steps_converge_with_order_four() -> None:
    exact = burgers(wave(128), 0.02, [0.3], True, 0.3 / 2000)[0]
    errors = [np.abs(burgers(wave(128), 0.02, [0.3], True, 0.3 / n)[0] - exact).max() for n in (60, 120, 240)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 4, atol=0.2)


@given(N=st.integers(4, 64), nu=st.floats(0, 1), seed=st.integers(0, 100))
def test_mean_and_energy_obey_their_laws(N: int, nu: float, seed: int) -> None:
    u0 = np.random.default_rng(seed).standard_normal(N)
    kept = np.abs(np.fft.fftfreq(N, 1 / N)) < N / 3
    u0 = np.fft.ifft(np.where(kept, np.fft.fft(u0), 0)).real
    solution = burgers(u0, nu, [0.0, 0.02, 0.05])
    np.testing.assert_allclose(solution.mean(axis=1), u0.mean(), atol=1e-12)
    np.testing.assert_allclose(solution[0], u0, atol=1e-13)
    energy = np.linalg.norm(solution, axis=1)
    assert (np.diff(energy) <= 1e-5 * energy[0]).all()


def test_a_shift_of_the_data_shifts_the_solution() -> None:
    u0 = wave(64) + 0.3 * np.cos(4 * np.pi * np.arange(64) / 64)
    np.testing.assert_allclose(
        burgers(np.roll(u0, 5), 0.02, [0.2]), np.roll(burgers(u0, 0.02, [0.2]), 5, axis=1), atol=1e-11
    )


def test_too_coarse_a_grid_piles_up_at_its_limit_and_dealiasing_helps() -> None:
    """Section 7.2: N = 64 at viscosity 0.003."""
    exact = np.abs(np.fft.rfft(cole_hopf(np.arange(64) / 64, 0.5, 0.003)))
    piled = np.abs(np.fft.rfft(burgers(wave(64), 0.003, [0.5], dealias=False)[0]))
    assert piled[-8:].mean() > 3 * exact[-8:].mean()


def test_cutting_the_upper_third_lessens_the_ringing_but_resolves_no_shock() -> None:
    """At t = 0.5 the cut solution varies less, and still far more than the exact one; both are wrong by a few percent
    of the amplitude. At t = 1 the shock has widened, and there the cut is the worse."""
    x, times = np.arange(64) / 64, [0.5, 1.0]
    exact = [cole_hopf(x, t, 0.003) for t in times]
    let_in, cut = (burgers(wave(64), 0.003, times, dealias) for dealias in (False, True))
    variation = [np.abs(np.diff(u, append=u[:1])).sum() for u in (exact[0], cut[0], let_in[0])]
    assert 1.5 * variation[0] < variation[1] < 0.9 * variation[2]
    errors = np.abs([let_in - exact, cut - exact]).max(axis=2)
    assert (errors[:, 0] > 0.05).all()
    assert errors[1, 1] > 1.5 * errors[0, 1]


def test_a_step_that_blows_up_is_refused() -> None:
    with pytest.raises(ValueError, match="step"):
        burgers(20 * wave(128), 1e-4, [1.0, 2.0], False, 0.05)


@pytest.mark.parametrize("dealias", [True, False])
def test_the_explorer_shows_the_thinnest_fluid_on_every_grid(dealias: bool) -> None:
    explorer = pde_in_coefficients()
    for N in explorer.controls["N"].values:
        assert np.isfinite(explorer.look(viscosity=0.003, N=N, t=1.0, dealias=dealias).data.u).all()
