from __future__ import annotations

import numpy as np
import pytest
import torch

from spectral_lab.generation import CosineSchedule, ddim, ddpm, dpm_solver, respace, std_ratio

SCHEDULE = CosineSchedule()


def gaussian(std, mean=0.0):
    """The exact predictor of N(mean, std^2)."""

    def predict(x, t):
        abar = SCHEDULE.alphas_cumprod[np.asarray(t)][:, None]
        if not isinstance(x, np.ndarray):
            abar = torch.tensor(abar, dtype=x.dtype)
        return (1 - abar) ** 0.5 * (x - abar**0.5 * mean) / (abar * std**2 + 1 - abar)

    return predict


def tape(seed):
    return np.random.RandomState(seed).standard_normal


def settings(name):
    return {key: float(value) for key, value in (part.split("=") for part in name.split(",") if "=" in part)}


def test_dpm_solver_follows_the_released_one(reference):
    """In single precision there, so to 2e-4."""
    for name, case in reference("gaussian.json")["dpmpp_authors_float32"].items():
        chosen, start = settings(name), np.array(case["x_T"])
        found = dpm_solver(
            gaussian(chosen["s"], chosen["mu"]),
            respace(SCHEDULE, int(chosen["N"])),
            start.shape,
            lambda shape, start=start: start,
            int(chosen["steps"]),
            int(chosen["order"]),
        )
        np.testing.assert_allclose(found, case["x_0"], atol=2e-4, err_msg=name)


def test_ddpm_follows_the_released_one_on_its_tape(reference):
    for name, case in reference("gaussian.json")["ddpm_authors_tape"].items():
        chosen = settings(name)
        found = ddpm(
            gaussian(chosen["s"], chosen["mu"]),
            respace(SCHEDULE, int(chosen["N"])),
            np.shape(case),
            tape(int(chosen["seed"])),
            variance="large",
        )
        np.testing.assert_allclose(found, case, atol=5e-6, err_msg=name)


@pytest.mark.parametrize("order", [1, 2])
def test_dpm_solver_converges_with_its_order(order):
    """On the exact Gaussian: the error against the probability-flow solution falls as steps^-order.

    Every node of a fine schedule is told its own timestep only up to one, so the predictor here knows the time itself.
    """
    schedule = CosineSchedule(100_000)

    def predict(x, t):
        # One node late, as released: the abar of the node itself.
        abar = schedule.alphas_cumprod[np.maximum(t - 1, 0)][:, None]
        return np.sqrt(1 - abar) * x / (0.25 * abar + 1 - abar)

    start = np.array([[1.0]])
    first = schedule.alphas_cumprod[schedule.log_snr >= -5.1][-1]
    last = schedule.alphas_cumprod[0]
    exact = np.sqrt((0.25 * last + 1 - last) / (0.25 * first + 1 - first))
    errors = [
        abs(dpm_solver(predict, schedule, (1, 1), lambda _: start, steps, order)[0, 0] - exact)
        for steps in (40, 80, 160)
    ]
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(rates, order, atol=0.35)


@pytest.mark.parametrize(("sampler", "variance"), [("ddim", "small"), ("ddpm", "small"), ("ddpm", "large")])
@pytest.mark.parametrize("std", [0.3, 0.5, 2.0])
def test_ddim_and_ddpm_converge_with_first_order(sampler, variance, std):
    """On the exact Gaussian, by the recursion of variances: twice the steps, half the error of the spread."""
    errors = np.array([std_ratio(sampler, std, steps, variance) - 1 for steps in (80, 160, 320)])
    np.testing.assert_allclose(np.log2(errors[:-1] / errors[1:]), 1, atol=0.15)


def test_samplers_have_the_spread_that_the_recursion_says():
    """20 000 samples of one mode: their standard deviation is `std_ratio` times that of the data, to 3 percent."""
    schedule, rows = respace(SCHEDULE, 20), 20_000
    for std in (1.0, 0.1):
        assert ddim(gaussian(std), schedule, (rows, 1), tape(0)).std() / std == pytest.approx(
            std_ratio("ddim", std, 20), rel=0.03
        )
        for variance in ("small", "large"):
            found = ddpm(gaussian(std), schedule, (rows, 1), tape(1), variance=variance).std() / std
            assert found == pytest.approx(std_ratio("ddpm", std, 20, variance), rel=0.03)
        cool = ddpm(gaussian(std), schedule, (rows, 1), tape(2), temperature=0.5, variance="small").std() / std
        assert cool == pytest.approx(std_ratio("ddpm", std, 20, "small", 0.5), rel=0.03)


def test_learned_variance_spans_from_small_to_large():
    schedule = respace(SCHEDULE, 20)

    def with_logits(v):
        return lambda x, t: np.concatenate([gaussian(0.5)(x, t), np.full_like(x, v)], axis=1)

    for v, variance in ((-1.0, "small"), (1.0, "large")):
        learned = ddpm(with_logits(v), schedule, (4, 3), tape(3))
        fixed = ddpm(gaussian(0.5), schedule, (4, 3), tape(3), variance=variance)
        np.testing.assert_allclose(learned, fixed, rtol=1e-9)


def test_tensors_and_arrays_are_treated_alike():
    schedule = respace(SCHEDULE, 20)
    for sample in (
        lambda noise: ddpm(gaussian(0.5), schedule, (4, 3), noise, variance="small", clip=16),
        lambda noise: ddim(gaussian(0.5), schedule, (4, 3), noise),
        lambda noise: dpm_solver(gaussian(0.5), schedule, (4, 3), noise),
    ):
        draw = tape(4)
        tensor = sample(lambda shape, draw=draw: torch.tensor(draw(shape)))
        assert isinstance(tensor, torch.Tensor)
        np.testing.assert_allclose(tensor.numpy(), sample(tape(4)), rtol=1e-12)


def test_an_error_explodes_at_the_first_step_and_a_clip_or_a_late_start_prevents_it():
    """A constant error of 0.01 in the predicted noise, 20 steps: the claim of the first-step amplification."""
    schedule = respace(SCHEDULE, 20)

    def wrong(x, t):
        return gaussian(1.0)(x, t) + 0.01

    shape = (500, 1)
    plain, clipped, late = (
        np.abs(ddpm(wrong, schedule, shape, tape(5), variance="small", **safe)).max()
        for safe in ({}, {"clip": 16.0}, {"start": 2})
    )
    assert np.abs(ddpm(wrong, schedule, shape, tape(5), variance="small")).mean() < 10  # an exact predictor recovers
    assert max(clipped, late) < 6
    first = ddpm(wrong, schedule, shape, tape(5), variance="small", start=0)
    assert first.shape == shape
    assert plain < 20


def test_the_noise_source_is_read_as_the_docstring_says():
    schedule, asked = respace(SCHEDULE, 10), []

    def count(shape):
        asked.append(shape)
        return np.zeros(shape)

    for sample, draws in ((ddpm, 11), (ddim, 11), (dpm_solver, 1)):
        asked.clear()
        options = {"variance": "small"} if sample is ddpm else {}
        sample(gaussian(1.0), schedule, (2, 3), count, **options)
        assert asked == [(2, 3)] * draws


def test_the_matched_variant_removes_the_last_noise():
    """The released chain ends at node 0, whose noise has std 0.0064: data of std 0.001 come out wider than that."""
    schedule = respace(SCHEDULE, 200)
    ends = [
        dpm_solver(gaussian(0.001), schedule, (4000, 1), tape(6), 40, matched=matched).std()
        for matched in (False, True)
    ]
    assert ends[0] > 0.0064
    assert ends[1] < 0.0015


def test_wrong_predictors_are_named():
    schedule = respace(SCHEDULE, 10)
    with pytest.raises(ValueError, match=r"predictor must answer with shape \(2, 6\), got \(2, 3\)"):
        ddpm(gaussian(1.0), schedule, (2, 3), tape(0))
    with pytest.raises(ValueError, match="noise must answer"):
        ddim(gaussian(1.0), schedule, (2, 3), lambda shape: np.zeros(3))
