"""Each demonstration shows what the mathematics says: numbers in the picture against closed forms and the library."""

from __future__ import annotations

import numpy as np
import pytest

from spectral_lab import hippo
from spectral_lab.hippo import explorers
from spectral_lab.hippo.explorers.ruler import _compute as ruler_at
from spectral_lab.hippo.explorers.ruler import _curve


def ruler(step, lag):
    return ruler_at(step, lag, False)


def test_gram_matrix_is_the_identity_for_exact_families_at_any_stretch_and_tilt():
    for system in ("LegS", "LagT"):
        data = explorers.what_it_draws(system=system, n=64, c=1.5, a=0.25).data
        np.testing.assert_allclose(data["gram"], np.eye(16), atol=1e-9)
        assert data["gap"] < 1e-12
    ringing = explorers.what_it_draws(system="FouT without low rank", n=32, k=4)
    assert np.abs(ringing.data["K"][-100:]).max() > 1.4
    assert ringing.data["beyond"] == pytest.approx(0.5, abs=0.01)  # the window is half of what is drawn
    assert "on the window alone" in ringing.readout
    assert "50 % of the energy of K up to age 2 lies beyond the window" in ringing.readout
    assert explorers.what_it_draws(system="LegT", n=128, k=2).data["beyond"] < 0.02


def test_error_of_a_tone_crosses_one_half_at_the_horizon():
    for n, f in ((64, 4), (128, 6)):
        data = explorers.foveated_lens(n=n, f=f, now=6.0, tone=True).data
        near = np.abs(data["age"] - data["horizon"]) < 1 / f
        assert data["local"][near].min() < 0.5 < data["local"][near].max()


def test_the_scaled_memory_of_the_lens_is_the_library_s():
    data = explorers.foveated_lens(memory="LegS, scaled", n=16, now=3.0).data
    u = hippo.white_signal(6.0, 0.004, 5.0, seed=3)
    whole = hippo.reconstruct("legs_scaled", 16, u, 0.004, at=749, half_sample=True)
    np.testing.assert_allclose(data["remembered"][::-1], whole, atol=1e-12)


def test_windows_shorter_than_the_lag_fall_off_the_cliff():
    """Far above 2n lags give one curve, the one that is drawn; below it each sample has a number of its own."""
    held, lost = (ruler(step=x / 256, lag=256) for x in (1.8, 2.5))
    assert held["LegT error"] < -7 < -0.2 < lost["LegT error"]
    x, _ = _curve("LegS")
    for name, tolerance in (("LegS", 0.02), ("FouT", 0.02), ("LegT", 0.5)):
        drawn = np.interp(1.8, x, _curve(name)[1])
        for lag in (256, 1024, 4096):
            assert ruler(step=1.8 / lag, lag=lag)[f"{name} error"] == pytest.approx(drawn, abs=tolerance), (name, lag)
    short = explorers.step_is_a_ruler(**explorers.step_is_a_ruler().presets["A lag shorter than the memory"])
    assert short.data["LegS error"] < -10
    reached = 2 * np.arctan(short.data["step"] * 31 * np.pi / 2) / np.pi  # by FouT's fastest mode, bilinear
    assert reached == pytest.approx(0.70, abs=0.005)
    assert 10 ** short.data["FouT error"] == pytest.approx(1 - reached, abs=0.05)  # what lies above it is lost
    assert "below 2n" in short.readout
    assert "below 2n" not in explorers.step_is_a_ruler(lag=256).readout


def test_the_literal_formula_breaks_and_the_others_do_not():
    assert explorers.three_ways(way="Cauchy, z as printed").data["broken"]
    for way in ("two-level Krylov", "Cauchy and Woodbury", "powers"):
        assert explorers.three_ways(way=way, precision="double").data["error"] < 1e-12
        assert explorers.three_ways(way=way, precision="single").data["error"] < 1e-4


def test_delay_responses():
    omega = np.array([0.5, 3.0, 20.0])
    dense = hippo.transfer_function(*hippo.delay_network("legt", 24), 1j * omega)
    np.testing.assert_allclose(hippo.pade_delay(24, 1j * omega), dense, atol=1e-12)
    np.testing.assert_allclose(explorers.delay_line(n=40).data["FouT"], 1, atol=1e-9)


def test_aliasing_is_counted_in_modes_beyond_half_a_turn():
    data = explorers.discretised_spectrum(spectrum="Lin", n=64, step=0.3).data
    assert data["aliased"] == sum(0.3 * np.pi * k > np.pi for k in range(32))
    assert np.abs(data["bilinear"]).max() <= 1
