from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.hippo import (
    basis,
    measure,
    memory,
    projection,
    recall,
    reconstruct,
    relative_error,
    scaled_legs,
    state_kernel,
    white_signal,
)


def test_white_signal_is_the_authors(numbers, facts):
    ws = facts["inputs"]["ws"]
    u = white_signal(ws["period"], ws["dt"], ws["freq"], ws["seed"])
    np.testing.assert_allclose(u, numbers["white_u"], atol=1e-12)
    draw = np.random.RandomState(ws["seed"])
    np.testing.assert_array_equal(white_signal(ws["period"], ws["dt"], ws["freq"], draw), u)


@given(samples=st.integers(20, 400), cut=st.floats(0.1, 1.0), seed=st.integers(0, 2**32 - 1))
def test_white_signal_is_band_limited(samples, cut, seed):
    dt = 1 / samples
    freq = max(1.0, cut * 0.5 / dt)
    u = white_signal(1.0, dt, freq, seed)
    spectrum = np.abs(np.fft.rfft(u))
    assert u[0] == 0
    assert (spectrum[np.fft.rfftfreq(len(u), dt) > freq] < 1e-9).all()


def test_white_signal_has_rms_one_half():
    rms = [np.std(white_signal(10, 0.01, 20, seed)) for seed in range(50)]
    assert np.mean(rms) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("rule", ["bilinear", "zoh"])
@pytest.mark.parametrize("family", ["legs", "legt", "fout"])
def test_memories_are_the_authors(numbers, family, rule):
    states = memory(family, 32, numbers["white_u"], 0.002, rule)
    np.testing.assert_allclose(states[-1], numbers[f"rec_{family}_{rule}_coef_last"], atol=1e-11)
    np.testing.assert_allclose(states[len(states) // 2], numbers[f"rec_{family}_{rule}_coef_mid"], atol=1e-11)


@pytest.mark.parametrize("family", ["legs", "legt", "fout"])
def test_reconstructions_are_the_authors(numbers, family):
    past = reconstruct(family, 32, numbers["white_u"], 0.002)
    np.testing.assert_allclose(past, numbers[f"rec_{family}_bilinear_recon_last"], atol=1e-10)


def test_scaled_memory_is_the_authors(numbers):
    u = numbers["white_u"]
    np.testing.assert_allclose(scaled_legs(32, u)[-1], numbers["rec_legs_scaled_bilinear_coef_last"], atol=1e-11)
    past = reconstruct("legs_scaled", 32, u, 0.002)
    np.testing.assert_allclose(past, numbers["rec_legs_scaled_bilinear_recon_last"], atol=1e-10)


@pytest.mark.parametrize("family", ["legs", "legt", "fout", "lagt", "lmu"])
def test_memory_is_the_convolution_with_the_state_kernels(family):
    """The bilinear state converges to dt sum_k K((k + 1/2) dt) u, of second order for a smooth input."""
    errors = []
    for samples in (200, 400):
        dt = 2 / samples
        u = np.sin(np.pi * np.linspace(0, 1, samples)) ** 3
        K = state_kernel(family, 6, (np.arange(samples) + 0.5) * dt)
        exact = dt * K.T @ u[::-1]
        errors.append(np.abs(memory(family, 6, u, dt)[-1] - exact).max())
    assert errors[1] < 0.35 * errors[0]


def test_half_sample_ages_are_far_more_exact_for_slow_signals():
    u = white_signal(4.0, 1e-3, 2.0, seed=0)
    plain, half = (
        relative_error("legt", reconstruct("legt", 64, u, 1e-3, half_sample=shift), u, 1e-3) for shift in (False, True)
    )
    assert plain > 1e-3
    assert half < 1e-4


@given(family=st.sampled_from(["legs", "legt", "fout"]), half=st.integers(2, 20), seed=st.integers(0, 100))
def test_nothing_beats_the_projection(family, half, seed):
    u = white_signal(2.0, 0.005, 6.0, seed)
    best = relative_error(family, projection(family, 2 * half, u, 0.005), u, 0.005)
    online = relative_error(family, reconstruct(family, 2 * half, u, 0.005, half_sample=True), u, 0.005)
    assert online >= best - 1e-9


@given(family=st.sampled_from(["legs", "legt", "fout"]), seed=st.integers(0, 100))
def test_bessel(family, seed):
    """The norm of the exact coefficients never exceeds the weighted energy of the past, whatever n is."""
    u = white_signal(3.0, 0.001, 20.0, seed)
    age = (np.arange(len(u)) + 0.5) * 0.001
    weight = measure(family, age) * 0.001
    x = (basis(family, 32, age) * weight[:, None]).T @ u[::-1]
    assert x @ x <= (weight * u[::-1] ** 2).sum() * (1 + 1e-3)


def test_scaled_memory_does_not_care_about_speed():
    u = white_signal(1.0, 1e-3, 4.0, seed=2)
    slow = np.repeat(u, 3)
    np.testing.assert_allclose(scaled_legs(8, slow)[-1], scaled_legs(8, u)[-1], atol=5e-3)
    assert np.abs(memory("legs", 8, slow, 1e-3)[-1] - memory("legs", 8, u, 1e-3)[-1]).max() > 0.02


@pytest.mark.parametrize("size", [1e-140, 1e140])
def test_a_relative_error_does_not_depend_on_the_units(size):
    u = white_signal(2.0, 0.01, 5.0, seed=0)
    plain = relative_error("legs", 1.1 * u, u, 0.01)
    assert relative_error("legs", 1.1 * size * u, size * u, 0.01) == pytest.approx(plain, rel=1e-12) == 0.1


def test_recall_in_the_middle_uses_only_the_past():
    u = white_signal(2.0, 0.01, 5.0, seed=0)
    middle = reconstruct("legs", 16, u, 0.01, at=99)
    assert middle.shape == (100,)
    np.testing.assert_allclose(middle, recall("legs", memory("legs", 16, u, 0.01)[99], 100, 0.01), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: memory("legx", 4, [1.0], 0.1), "family must"),
        (lambda: memory("legs", 4, [], 0.1), "signal must"),
        (lambda: memory("legs", 4, [np.inf], 0.1), "signal must"),
        (lambda: memory("legs", 4, [1.0], 0.0), "dt must"),
        (lambda: scaled_legs(4, [1.0], "euler"), "method must"),
        (lambda: memory("legs", 64, np.ones(1000), 0.1, "euler"), "dt must"),
        (lambda: reconstruct("legs", 4, [1.0], 0.1, at=3), "at must"),
        (lambda: relative_error("legs", [0.0], [0.0], 0.1), "signal must"),
        (lambda: relative_error("legt", np.ones(5) + 5j, np.ones(5), 0.1), "estimate must"),  # would be read as 0
        (lambda: relative_error("legt", np.ones(5), np.ones(5), 3.0), "dt must"),
        (lambda: recall("legs", [], 3, 0.1), "state must"),
        (lambda: recall("legs", [1.0], 10**9, 0.1), "n and samples must"),
        (lambda: memory("legs", 5000, np.ones(5000), 0.1), "n must"),
        (lambda: white_signal(10**9, 1e-3, 5.0), "period/dt must"),
        (lambda: white_signal(1.0, 0.01, 0.5), "freq must"),
        (lambda: white_signal(1.0, 0.01, 51.0), "freq must"),
        (lambda: white_signal(1.0, 0.01, 5.0, -1), "seed must"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
