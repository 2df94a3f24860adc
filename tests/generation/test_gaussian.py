from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.generation import (
    CosineSchedule,
    conditional_variances,
    emergence_step,
    gaussian_predictor,
    mixture_predictor,
    std_ratio,
    terminal_amplification,
    wiener_gain,
)


def test_modes_emerge_where_the_reference_says(reference):
    for variance, step in reference("gaussian.json")["mode_emergence"].items():
        assert emergence_step(float(variance)) == step


def test_spreads_are_those_of_the_reference(reference):
    cases = reference("gaussian.json")
    for name, expected in cases["ddim_std_ratio"].items():
        std, steps = name.split(",")
        assert std_ratio("ddim", float(std), int(steps)) == pytest.approx(expected, rel=1e-9)
    for name, expected in cases["ddpm_std_ratio"].items():
        std, steps, kind = name.split(",")
        assert std_ratio("ddpm", float(std), int(steps), kind) == pytest.approx(expected, rel=1e-9)
    for name, expected in cases["temperature"].items():
        std, steps, tau = name.split(",")
        found = std_ratio("ddpm", float(std), int(steps), "small", float(tau))
        assert found == pytest.approx(expected, rel=1e-9)


def test_the_first_step_amplifies_as_the_reference_says(reference):
    for steps, expected in reference("gaussian.json")["terminal_amplification"].items():
        assert terminal_amplification(int(steps)) == pytest.approx(expected, rel=1e-9)
    assert terminal_amplification(1000) == pytest.approx(1 / np.sqrt(1 - 0.999), rel=1e-3)


@settings(max_examples=30)
@given(st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=6), st.integers(0, 999))
def test_larger_modes_emerge_earlier_and_keep_more(variances, t):
    variances = np.sort(variances)
    steps = [emergence_step(v) for v in variances]
    assert steps == sorted(steps)
    gains = wiener_gain(variances, t)
    assert (np.diff(gains) >= 0).all()
    assert (gains >= 0).all()
    assert (gains <= 1).all()
    # The gain is one half where signal equals noise: just before the mode emerges.
    for variance, step in zip(variances, steps, strict=True):
        if 0 < step < 1000:
            assert wiener_gain(variance, step) < 0.5 <= wiener_gain(variance, step - 1)


def test_the_gain_is_the_best_linear_denoiser():
    """Any other factor leaves a larger mean square error: E(x_0 - g x_t/sqrt(abar))^2 is least at the Wiener gain."""
    t, variance = 400, 0.3
    abar = CosineSchedule().alphas_cumprod[t]
    gain = float(wiener_gain(variance, t))

    def error(g):
        return (1 - g) ** 2 * variance + g**2 * (1 - abar) / abar

    assert error(gain) < min(error(gain + 1e-3), error(gain - 1e-3))


def test_modes_without_variance_are_cut_and_huge_ones_kept():
    np.testing.assert_array_equal(wiener_gain([0.0, 1e300], 500), [0.0, 1.0])


@given(st.integers(0, 10**6))
def test_every_order_of_slots_has_the_same_product_as_the_eigenvalues(seed):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((6, 9))
    Sigma = factor @ factor.T
    order = rng.permutation(6)
    found = conditional_variances(Sigma, order)
    np.testing.assert_allclose(np.prod(found), np.prod(np.linalg.eigvalsh(Sigma)), rtol=1e-9)
    # The last slot is conditioned on all others: the inverse's diagonal.
    assert found[-1] == pytest.approx(1 / np.linalg.inv(Sigma)[order[-1], order[-1]], rel=1e-9)
    assert found[0] == pytest.approx(Sigma[order[0], order[0]], rel=1e-12)


def test_what_is_no_covariance_is_refused():
    for Sigma in ([[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.5], [0.4, 1.0]]):
        with pytest.raises(ValueError, match="covariance must be"):
            conditional_variances(Sigma)
    with pytest.raises(ValueError, match="order"):
        conditional_variances(np.eye(2), [0, 0])


def test_the_predictor_of_a_mixture_is_the_slope_of_its_density_and_that_of_one_gaussian() -> None:
    rng = np.random.default_rng(0)
    means, std, x, t = rng.standard_normal((3, 2)), 0.3, rng.standard_normal((5, 2)), np.array([3, 100, 400, 700, 950])
    abar = CosineSchedule().alphas_cumprod[t][:, None]

    def log_density(x: np.ndarray) -> np.ndarray:
        squared = ((x[:, None] - np.sqrt(abar)[:, None] * means) ** 2).sum(2)
        return np.log(np.exp(-squared / (2 * (abar * std**2 + 1 - abar))).sum(1))

    step = 1e-6
    slope = [(log_density(x + step * e) - log_density(x - step * e)) / (2 * step) for e in np.eye(2)]
    # eps^ = -sqrt(1 - abar) times the score.
    np.testing.assert_allclose(mixture_predictor(means, std)(x, t), -np.sqrt(1 - abar) * np.stack(slope, 1), rtol=1e-5)
    one = gaussian_predictor(means[0], std**2 * np.eye(2))
    np.testing.assert_allclose(mixture_predictor(means[:1], std)(x, t), one(x, t), rtol=1e-9)
