from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.pseudospectra import impulse_gap, legs_transfer, weak_error


def test_theorem_1_has_the_errors_of_the_reference(reference: Any) -> None:
    for case in reference("weak_rate.json"):
        error = weak_error(case["n"], np.eye(case["n"])[case["l"] - 1], case["a"])
        assert error == pytest.approx(case["l2_error"], rel=1e-8)


def test_theorem_1_falls_like_one_over_n_and_the_impulse_responses_do_not() -> None:
    errors = np.array([n * weak_error(n, np.eye(n)[0]) for n in (8, 16, 32, 64)])
    assert errors == pytest.approx([0.5] * 4, abs=1.1e-3)
    assert (np.diff(errors) > 0).all()
    for l in (1, 2, 4):
        assert impulse_gap(64, np.eye(64)[l - 1]) == pytest.approx(np.sqrt(2 * l - 1) / 2, rel=0.01)


@given(n=st.integers(2, 64))
def test_f7_in_closed_form(n: int) -> None:
    assert impulse_gap(n, np.eye(n)[0]) ** 2 == pytest.approx((1 - 2 / n**2) / 4, rel=1e-8)


def test_one_state_is_the_exception() -> None:
    """K_Diag = e^{-t/2} / 2 and K_DPLR = e^{-t}: 1/4 - 2/3 + 1/2."""
    assert impulse_gap(1, [1.0]) ** 2 == pytest.approx(1 / 12)


@given(n=st.integers(1, 10), seed=st.integers(0, 99), rate=st.floats(0.2, 20))
def test_the_weak_error_is_the_energy_of_the_gap_over_all_frequencies(n: int, seed: int, rate: float) -> None:
    C = np.random.default_rng(seed).standard_normal(n)
    omega = np.tan(np.pi * ((np.arange(40_000) + 0.5) / 40_000 - 0.5))  # the axis as a circle
    gap = (legs_transfer(n, 1j * omega, C) - legs_transfer(n, 1j * omega, C, "diag")) / (1j * omega + rate)
    energy = np.mean(np.abs(gap) ** 2 * (1 + omega**2)) / 2
    assert weak_error(n, C, rate) == pytest.approx(np.sqrt(energy), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: weak_error(0, [1.0]), "n"),
        (lambda: weak_error(3, [1.0]), "C"),
        (lambda: weak_error(2, [1.0, 0.0], 0.0), "rate"),
        (lambda: weak_error(2, [1.0, np.inf]), "C"),
        (lambda: impulse_gap(2.5, [1.0, 0.0]), "n"),
    ],
)
def test_bad_input_is_named(call: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must"):
        call()
