from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.generation import CosineSchedule, respace

NAMES = (
    "betas",
    "alphas_cumprod",
    "posterior_variance",
    "posterior_log_variance_clipped",
    "posterior_mean_coef1",
    "posterior_mean_coef2",
)


def test_the_schedule_is_the_reference(reference):
    expected = reference("schedule.json")
    schedule = CosineSchedule(expected["T"])
    for name in NAMES:
        np.testing.assert_allclose(getattr(schedule, name)[expected["index"]], expected[name], atol=1e-12)


@pytest.mark.parametrize("steps", [10, 20, 50, 100, 200, 250])
def test_respacing_keeps_the_timesteps_of_the_reference(reference, steps):
    expected = reference("schedule.json")["respaced"][str(steps)]
    schedule = respace(CosineSchedule(), steps)
    assert schedule.timesteps.tolist() == expected["timestep_map"]
    for name in ("betas", "alphas_cumprod", "posterior_log_variance_clipped"):
        np.testing.assert_allclose(getattr(schedule, name)[expected["index"]], expected[name], rtol=1e-12, atol=1e-14)


@given(steps=st.integers(2, 1200), kept=st.integers(2, 1200))
def test_noise_grows_and_the_posterior_is_that_of_two_gaussians(steps, kept):
    schedule = CosineSchedule(steps)
    schedule = respace(schedule, min(kept, steps))
    abar = schedule.alphas_cumprod
    assert (np.diff(abar) < 0).all()
    assert (np.diff(schedule.timesteps) > 0).all()
    assert schedule.timesteps[[0, -1]].tolist() == [0, steps - 1]
    # Precisions add: 1/beta~ = (1 - beta)/beta + 1/(1 - abar'), and the means with them.
    before, beta = abar[:-1], schedule.betas[1:]
    precision = (1 - beta) / beta + 1 / (1 - before)
    np.testing.assert_allclose(schedule.posterior_variance[1:], 1 / precision, rtol=1e-9)
    np.testing.assert_allclose(schedule.posterior_mean_coef1[1:], np.sqrt(before) / (1 - before) / precision, rtol=1e-9)
    np.testing.assert_allclose(schedule.posterior_mean_coef2[1:], np.sqrt(1 - beta) / beta / precision, rtol=1e-7)


def test_the_cap_bites_in_the_last_step_alone():
    assert (CosineSchedule().betas[:-1] < 0.998).all()
    assert CosineSchedule().betas[-1] == pytest.approx(0.999, abs=1e-12)


def test_log_snr_is_half_the_log_of_signal_over_noise():
    schedule = CosineSchedule()
    ratio = schedule.alphas_cumprod / (1 - schedule.alphas_cumprod)
    np.testing.assert_allclose(schedule.log_snr, 0.5 * np.log(ratio), atol=1e-10)


def test_other_steps_are_refused():
    for steps in (1, 0, 2.5, 10**6):
        with pytest.raises(ValueError, match="steps"):
            CosineSchedule(steps)
    with pytest.raises(ValueError, match="steps"):
        respace(CosineSchedule(10), 11)
