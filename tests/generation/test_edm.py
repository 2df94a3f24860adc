from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.generation import EDM, CosineSchedule, ddim, dpm_solver, gaussian_predictor, heun, respace

levels = st.floats(1e-3, 1e3)


def gaussian(std):
    """The exact denoiser of N(0, std^2)."""
    return lambda x, sigma: x * std**2 / (std**2 + sigma**2)


@given(levels, levels)
def test_the_network_sees_and_predicts_unit_variance(sigma, data):
    """For Gaussian data of std sigma_data: Var(c_in x) = 1, and the target (x_0 - c_skip x)/c_out has variance 1."""
    edm = EDM(sigma_data=data)
    assert edm.c_in(sigma) ** 2 * (data**2 + sigma**2) == pytest.approx(1)
    skip, out = edm.c_skip(sigma), edm.c_out(sigma)
    assert ((1 - skip) ** 2 * data**2 + skip**2 * sigma**2) / out**2 == pytest.approx(1)
    assert edm.weight(sigma) * out**2 == pytest.approx(1)
    assert skip <= 1
    assert out <= data * (1 + 1e-12)  # an error of the network is never amplified: there is no cosine cap


@given(levels, levels)
def test_the_best_network_of_matched_gaussian_data_is_zero(sigma, data):
    denoise = EDM(sigma_data=data).denoiser(lambda x, level: 0 * x)
    np.testing.assert_allclose(denoise(np.ones((2, 3)), sigma), gaussian(data)(np.ones((2, 3)), sigma), rtol=1e-12)


def test_the_denoiser_hands_over_scaled_input_and_level():
    edm, seen = EDM(), []
    edm.denoiser(lambda x, level: seen.append((x, level)) or x)(np.full((1, 3), 2.0), 0.5)
    np.testing.assert_allclose(seen[0][0], 2 / np.sqrt(1.25))
    assert seen[0][1] == pytest.approx(np.log(0.5) / 4)


def test_the_grid_falls_from_the_largest_level_to_zero():
    grid = EDM().grid(18)
    assert (len(grid), grid[-1]) == (19, 0)
    assert grid[0] == pytest.approx(80)
    assert grid[-2] == pytest.approx(0.002)
    assert (np.diff(grid) < 0).all()
    np.testing.assert_allclose(np.diff(grid[:-1] ** (1 / 7)), np.diff(grid[:-1] ** (1 / 7))[0])


def test_heun_is_of_second_order_on_a_gaussian():
    """The ODE keeps x / sqrt(std^2 + sigma^2) constant. The last step, from sigma_min to 0, has an error of its own."""
    edm, std = EDM(sigma_min=1e-4), 0.5
    x, exact = np.ones((1, 1)), 80 * std / np.hypot(std, 80)
    errors = [abs(heun(gaussian(std), edm, (1, 1), lambda shape: x, steps)[0, 0] - exact) for steps in (40, 80, 160)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2, atol=0.25)


def test_heun_takes_tensors():
    start = np.random.RandomState(0).standard_normal((4, 3))
    arrays = heun(gaussian(0.3), EDM(), (4, 3), lambda shape: start)
    tensors = heun(gaussian(0.3), EDM(), (4, 3), lambda shape: torch.as_tensor(start))
    np.testing.assert_allclose(tensors.numpy(), arrays, rtol=1e-12)


def test_joint_diffusion_draws_from_its_gaussian():
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((4, 4))
    mean, Sigma = rng.standard_normal(4), factor @ factor.T
    predict = gaussian_predictor(mean, Sigma)
    start = rng.standard_normal((4000, 4))
    x = dpm_solver(predict, respace(CosineSchedule(), 200), start.shape, lambda shape: start, 40, matched=True)
    np.testing.assert_allclose(x.mean(0), mean, atol=0.15)
    np.testing.assert_allclose(np.cov(x.T), Sigma, atol=0.06 * np.abs(Sigma).max())


def test_joint_diffusion_acts_on_each_eigenvector_alone():
    values, (vectors, _) = np.array([9.0, 1.0, 0.01]), np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))
    schedule, start = respace(CosineSchedule(), 20), np.random.RandomState(2).standard_normal((5, 3))
    joint = ddim(gaussian_predictor(np.zeros(3), vectors * values @ vectors.T), schedule, (5, 3), lambda shape: start)
    for k, value in enumerate(values):
        one = ddim(
            gaussian_predictor([0.0], [[value]]), schedule, (5, 1), lambda shape, k=k: start @ vectors[:, k : k + 1]
        )
        np.testing.assert_allclose(joint @ vectors[:, k], one[:, 0], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: EDM(sigma_data=0), "sigma_data"),
        (lambda: EDM(sigma_min=2, sigma_max=1), "sigma_max"),
        (lambda: EDM().grid(1), "steps"),
        (lambda: EDM().c_in([1.0, 0.0]), "sigma"),
        (lambda: EDM().denoiser(3), "network"),
        (lambda: gaussian_predictor([0, 0], [[1, 0], [0, -1]]), "covariance"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, name, as_users_call):
    with pytest.raises(ValueError, match=rf"^{name}\b"):
        call()
