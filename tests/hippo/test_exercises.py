from __future__ import annotations

import numpy as np
import pytest
from hippo.answers import norm_of_a_step

from spectral_lab.hippo import delay_readout_error, horizon, legs, measure, state_kernel
from spectral_lab.hippo import exercises as e


def test_the_prose_of_the_solutions_is_true():
    assert norm_of_a_step(legs(16)[0], 30.0) <= 1
    x, w = np.polynomial.legendre.leggauss(40)
    t = -np.log((x + 1) / 2)
    K = state_kernel("legs", 8, t)
    np.testing.assert_allclose(((w / 2 / measure("legs", t))[:, None] * K**2).sum(0), 0.5, atol=1e-12)
    assert horizon(64, 0.02 / 0.00389) / 0.00389 == pytest.approx(410, abs=0.5)
    assert 64 / (np.pi * 0.02) == pytest.approx(1019, abs=0.5)
    assert 1 - delay_readout_error("legt", 64, 64, 1.8 / 64, frequencies=256) > 0.99999
    assert delay_readout_error("legt", 64, 64, 2.4 / 64, frequencies=256) == pytest.approx(0.5, abs=0.05)


def test_the_answers_to_the_guesses():
    assert e.guess_drawing.answer() == "Legendre polynomials, bent"
    assert e.guess_states.answer() == pytest.approx(2.868, abs=1e-3)
    assert e.guess_cliff.answer() == "about a half"
    assert e.guess_aliasing.answer() == 2
    assert e.guess_sign.answer() == "-1"
    assert e.guess_precision.answer() == "neither"
