from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erfcinv, jv

from spectral_lab.cooling import queries as qu
from spectral_lab.cooling.sign_functions import sign_series


def slope(x, y):
    return np.polyfit(np.log(x), np.log(y), 1)[0]


@settings(deadline=None, max_examples=25)
@given(t=st.floats(0, 700), error=st.floats(1e-12, 0.5))
def test_jacobi_anger_degree_is_the_smallest(t, error):
    k = np.arange(int(2 * t + 400))
    tail = np.append(2 * np.cumsum(np.abs(jv(k, t))[::-1])[::-1], 0)
    degree = qu.jacobi_anger_degree(t, error)
    assert tail[degree + 1] < error
    assert degree == 0 or tail[degree] >= error


def test_jacobi_anger_degrees_of_the_literature():
    assert [qu.jacobi_anger_degree(t, 1e-6) for t in (10, 60, 100, 600)] == [22, 81, 125, 645]


def test_sign_queries_follow_the_design_rule():
    spread, resolution = 17.34, 0.3
    width = resolution / erfcinv(qu.ERROR / 2)
    edge = np.pi * resolution / (spread + resolution)
    assert qu.sign_queries(spread, width) == 2 * sign_series(edge, qu.ERROR).degree
    assert qu.sign_queries(spread, 0) == qu.sign_queries(spread, 1e-190) == np.inf
    assert 1e80 < qu.sign_queries(spread, 1e-85) < np.inf
    eps = np.array([0.1, 0.05, 0.02, 0.01])
    assert slope(eps, [qu.sign_queries(17, e) for e in eps]) == pytest.approx(-1, abs=0.02)


def test_the_bill_grows_as_the_abstract_says():
    d, eps = np.array([20, 80, 320, 1280]), np.array([0.2, 0.1, 0.05, 0.025])
    bills = [qu.bill(17, int(k), 0.1, overlap=0.1) for k in d]
    assert slope(d, [b["cooling"] for b in bills]) == pytest.approx(1.5, abs=0.05)
    assert slope(d, [b["bang-bang"] for b in bills]) == pytest.approx(1.25, abs=0.05)
    fine = [qu.bill(17, 20, e, overlap=0.1)["cooling"] for e in eps]
    assert slope(eps, fine) == pytest.approx(-1, abs=0.03)
    overlaps = np.array([0.5, 0.1, 0.02])
    tries = [qu.bill(17, 20, 0.1, overlap=g) for g in overlaps]
    assert slope(overlaps, [b["filter"] for b in tries]) == pytest.approx(-2)
    assert slope(overlaps, [b["amplified filter"] for b in tries]) == pytest.approx(-1)
    assert len({b["cooling"] for b in tries}) == 1  # cooling does not ask for an overlap


def test_the_bill_holds_its_read_outs_and_what_a_filter_must_know_first():
    spread, eps, d = 17.34, 0.3, 20
    prices = qu.bill(spread, d, eps, overlap=0.0131)
    assert prices["read-outs"] == (d + 1) * qu.pointer_queries(spread, eps)
    width = eps / erfcinv(qu.ERROR / 2)
    pulsed = qu.step_queries(spread, width=width, alpha=0.5 * d**-0.25, angle=8.0, drive="bang-bang")
    assert prices["bang-bang"] == d * pulsed.evolution + prices["read-outs"]
    assert prices["search for E0"] == 6 * prices["amplified filter"]  # 2^6 windows of 0.3 hold the spread, 2^5 do not
    assert 2**5 < spread / eps <= 2**6
    assert qu.bill(1.0, 1, 2.0, overlap=1.0)["search for E0"] > 0


def test_pulses_are_cheaper_than_continuous_evolution_and_a_reading_costs_less_than_a_step():
    options = {"width": 0.1, "angle": 8.0}
    constant = qu.step_queries(17, alpha=0.1, **options)
    pulsed = qu.step_queries(17, alpha=0.25, drive="bang-bang", **options)
    assert pulsed.evolution < constant.evolution / 2
    assert qu.pointer_queries(17, 0.05) < pulsed.evolution / 10
    assert qu.pointer_queries(17, 0) == np.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qu.sign_queries(0, 0.1), "spread must be"),
        (lambda: qu.sign_queries(1, -0.1), "width must be"),
        (lambda: qu.step_queries(17, width=0.1, alpha=0.1, angle=8, drive="x"), "drive must be"),
        (lambda: qu.bill(17, 10, 0.1, overlap=0), "overlap must be"),
        (lambda: qu.bill(17, 0, 0.1, overlap=0.1), "steps must be"),
        (lambda: qu.jacobi_anger_degree(1, 2.0), "error must be"),
        (lambda: qu.jacobi_anger_degree(1e9), "t must be"),
        (lambda: qu.pointer_queries(17, 0.1, 0), "error must be"),
        (lambda: qu.pointer_queries(17, 0.1, np.nan), "error must be"),
        (lambda: qu.bill(17, 10, 0.1, overlap=0.1, error=5), "error must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
