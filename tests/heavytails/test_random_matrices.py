from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.heavytails import (
    MarchenkoPastur,
    Semicircle,
    esd,
    gaussian_matrix,
    largest_eigenvalue_law,
    largest_wishart,
    pareto_matrix,
    phase_matrix,
    planted_matrix,
    spiked_covariance,
    spiked_matrix,
    spiked_wigner,
    tail_exponent,
    tracy_widom_cdf,
    wishart_spectra,
)
from spectral_lab.heavytails.ensembles import PHASES
from spectral_lab.heavytails.null import median_exponents

ratios = st.floats(1, 100)


def test_the_laws_of_noise_against_reference_numbers(reference: Any) -> None:
    stored = reference("rmt.json")
    for case in stored["mp"]:
        law = MarchenkoPastur(case["Q"], case["sigma2"])
        assert law.edges == pytest.approx((case["lambda_minus"], case["lambda_plus"]), rel=1e-12, abs=1e-14)
        np.testing.assert_allclose(law.pdf(case["x"]), case["pdf"], rtol=1e-10)
        np.testing.assert_allclose(law.cdf(case["x"]), case["cdf"], atol=1e-10)
        assert [law.moment(k) for k in range(1, 7)] == pytest.approx(case["moments_1_to_6"], rel=1e-10)
    for case in stored["hill_population"]:
        law = MarchenkoPastur(case["Q"])
        assert law.hill_exponent(case["fraction_below_xmin"]) == pytest.approx(case["alpha"], rel=1e-8)
        assert float(law.quantile(case["fraction_below_xmin"])) == pytest.approx(case["xmin_over_sigma2"], rel=1e-8)
    for case in stored["semicircle"]:
        law = Semicircle(case["radius"])
        np.testing.assert_allclose(law.pdf(case["x"]), case["pdf"], rtol=1e-8)
        np.testing.assert_allclose(law.cdf(case["x"]), case["cdf"], atol=1e-8)


@settings(max_examples=15)
@given(Q=ratios, below=st.floats(0.01, 0.95))
def test_the_exponent_of_noise_is_the_integral_that_defines_it(Q: float, below: float) -> None:
    law = MarchenkoPastur(Q)
    start, end = float(law.quantile(below)), law.edges[1]
    middle = (start + end) / 2  # the density has a root at the upper end: integrate over its square
    parts = scipy.integrate.quad(lambda x: np.log(x / start) * float(law.pdf(x)), start, middle, epsabs=1e-12)[0]
    parts += scipy.integrate.quad(
        lambda u: 2 * u * np.log((end - u * u) / start) * float(law.pdf(end - u * u)), 0, math.sqrt(end - middle)
    )[0]
    assert law.hill_exponent(below) == pytest.approx(1 + (1 - below) / parts, rel=1e-7)


@pytest.mark.parametrize("Q", [1 + 1e-6, 1.0001, 1.01, 1.5, 5.0, 1e4])
def test_the_exponent_of_the_whole_bulk_has_a_closed_form(Q: float) -> None:
    """E ln x = -1 - (Q - 1) ln(1 - 1/Q) for unit variance: a tail that starts at the lower edge."""
    law = MarchenkoPastur(Q, 3.0)
    mean = -1 - (Q - 1) * math.log1p(-1 / Q) - 2 * math.log((1 - 1 / Q) / (1 + math.sqrt(1 / Q)))
    assert law.hill_exponent(0) == pytest.approx(1 + 1 / mean, rel=1e-9)


@given(Q=st.floats(1, 1e6), variance=st.floats(1e-6, 1e6), p=st.floats(1e-6, 1 - 1e-6))
def test_quantile_undoes_cdf_and_variance_is_a_unit(Q: float, variance: float, p: float) -> None:
    law = MarchenkoPastur(Q, variance)
    assert float(law.cdf(law.quantile(p))) == pytest.approx(p, abs=1e-9)
    assert float(law.quantile(p)) == pytest.approx(variance * float(MarchenkoPastur(Q).quantile(p)), rel=1e-10)
    assert law.hill_exponent() == pytest.approx(MarchenkoPastur(Q).hill_exponent(), rel=1e-12)


def test_nothing_lies_outside_the_bulk() -> None:
    law, square = MarchenkoPastur(4.0), MarchenkoPastur(1.0)
    x = np.array([-1.0, 0.0, 0.2, 2.3, 9.0])
    assert law.edges == (0.25, 2.25)
    np.testing.assert_array_equal(law.pdf(x), 0)
    np.testing.assert_array_equal(law.cdf(x), [0, 0, 0, 1, 1])
    assert float(square.pdf(0.0)) == math.inf
    assert float(square.quantile(0.0)) == 0 == square.hill_exponent(0) - 1
    assert float(law.quantile(1.0)) == 2.25


@pytest.mark.parametrize("shape", [(60, 60), (60, 150), (300, 30)])
def test_moments_are_those_of_simulated_noise(shape: tuple[int, int]) -> None:
    spectra = wishart_spectra(shape, 60, seed=1) / max(shape)
    law = MarchenkoPastur(max(shape) / min(shape))
    for k in (1, 2, 3):
        means = (spectra**k).mean(axis=1)
        # the mean of x^k is off by O(1/N) in real matrices; the rest is scatter
        assert means.mean() == pytest.approx(law.moment(k), rel=(k - 1) * k / min(shape) + 5 * means.std() / 60**0.5)


def test_the_bidiagonal_model_has_the_spectrum_of_gaussian_matrices() -> None:
    shape = (12, 30)
    dense = np.array([esd(np.random.default_rng(k).standard_normal(shape)) for k in range(400)])
    model = wishart_spectra(shape, 400, seed=7)
    for column in (0, 5, 11):
        assert scipy.stats.ks_2samp(dense[:, column], model[:, column]).pvalue > 1e-3
    assert scipy.stats.ks_2samp(dense[:, -1], largest_wishart(shape[::-1], 400, seed=3)).pvalue > 1e-3
    assert (np.diff(model, axis=1) > 0).all()


@pytest.mark.parametrize("beta", [1, 2])
def test_tracy_widom_against_reference_numbers_and_its_moments(reference: Any, beta: int) -> None:
    stored = reference("rmt.json")["tracy_widom"]
    s, expected = np.array(stored[f"beta{beta}_cdf"]).T
    np.testing.assert_allclose(tracy_widom_cdf(s, beta), expected, atol=1e-9)
    grid = np.linspace(-9, 10, 4001)
    values = tracy_widom_cdf(grid, beta)
    assert (np.diff(values) >= -1e-13).all()
    mean = grid[-1] - np.trapezoid(values, grid)
    second = grid[-1] ** 2 - 2 * np.trapezoid(grid * values, grid)
    known = {1: (-1.206533574582, 1.607781034581), 2: (-1.771086807411, 0.813194792833)}[beta]
    assert (mean, second - mean**2) == pytest.approx(known, abs=1e-5)
    for p, quantile in stored["beta1_quantiles"]:
        assert float(tracy_widom_cdf(quantile)) == pytest.approx(p, abs=1e-8)
    np.testing.assert_array_equal(tracy_widom_cdf([-50.0, 50.0], beta), [0, 1])


def test_the_law_of_the_largest_eigenvalue(reference: Any) -> None:
    for case in reference("rmt.json")["johnstone"]:
        n, p = case["n"], case["p"]
        assert largest_eigenvalue_law(n, p) == pytest.approx((case["mu_second_order"], case["sigma_second_order"]))
        assert largest_eigenvalue_law(n, p, order=1) == pytest.approx((case["mu"], case["sigma"]))
    centre, scale = largest_eigenvalue_law(60, 40)
    scaled = (largest_wishart((60, 40), 1500, seed=2) - centre) / scale
    # the order of the correction is min(n, p)^{-2/3}
    assert scipy.stats.kstest(scaled, tracy_widom_cdf).statistic < 1.63 / 1500**0.5 + 0.01


def test_spikes_against_reference_numbers(reference: Any) -> None:
    stored = reference("rmt.json")
    for case in stored["spike_covariance"]:
        expected = (case["lam"], case["overlap2_vector"])
        assert spiked_covariance(case["ell"], 1 / case["Q"]) == pytest.approx(expected, rel=1e-8)
    for case in stored["spike_additive"]:
        expected = (case["lam"], case["left_overlap2"], case["right_overlap2"])
        assert spiked_matrix(case["s"], 1 / case["Q"]) == pytest.approx(expected, rel=1e-8)
    for case in stored["wigner_spike"]:
        assert spiked_wigner(case["theta"]) == pytest.approx((case["outlier"], case["overlap2"]), rel=1e-8)


@given(q=st.floats(0.01, 100), over=st.floats(1.0001, 50))
def test_spikes_leave_the_edge_continuously_and_the_sides_are_alike(q: float, over: float) -> None:
    edge = (1 + math.sqrt(q)) ** 2
    for law, threshold in ((spiked_matrix, q**0.25), (spiked_covariance, 1 + math.sqrt(q))):
        assert law(threshold, q)[0] == pytest.approx(edge)
        assert max(law(threshold, q)[1:]) < 1e-7
        assert law(threshold * 1.0001, q)[0] == pytest.approx(edge, rel=1e-4)
        assert law(threshold * over, q)[0] > edge
    s = q**0.25 * over
    value, left, right = spiked_matrix(s, q)
    turned, right_too, left_too = spiked_matrix(s / math.sqrt(q), 1 / q)  # the transpose, in units of its longer side
    assert (value, left, right) == pytest.approx((turned * q, left_too, right_too), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("factor", [0.6, 1.5, 2.5])
def test_a_planted_signal_sticks_out_where_theory_says(factor: float) -> None:
    m, n = 200, 400
    s = factor * (m / n) ** 0.25
    tops = [esd(planted_matrix((m, n), [s], seed))[-1] for seed in range(6)]
    value, left, right = spiked_matrix(s, m / n)
    assert np.mean(tops) == pytest.approx(value, rel=0.04)
    assert (np.mean(tops) > 1.05 * MarchenkoPastur(n / m).edges[1]) == (factor > 1)
    assert (left > 0) == (right > 0) == (factor > 1)


def test_phases_are_what_their_names_say() -> None:
    shape, edge = (120, 200), MarchenkoPastur(200 / 120).edges[1]
    spectra = {phase: esd(phase_matrix(phase, shape, seed=3)) for phase in PHASES}
    above = {phase: int((values > 1.03 * edge).sum()) for phase, values in spectra.items()}
    assert above["random-like"] == 0
    assert 1 <= above["bleeding-out"] <= 3
    assert above["bulk+spikes"] == 5
    assert above["bulk-decay"] > 8
    assert spectra["heavy-tailed"][-1] > 50 * np.median(spectra["heavy-tailed"])
    assert (spectra["rank-collapse"] < 1e-10).sum() == 60
    for phase in PHASES:
        np.testing.assert_array_equal(phase_matrix(phase, shape, 3), phase_matrix(phase, shape, 3))
        assert (phase_matrix(phase, shape, 3) != phase_matrix(phase, shape, 4)).any()
        assert phase_matrix(phase, (200, 120), 3).shape == (200, 120)
    assert (esd(phase_matrix("rank-collapse", shape[::-1], seed=3)) < 1e-10).sum() == 60


def test_heavy_entries_have_heavy_spectra_and_light_ones_do_not() -> None:
    def top(tail: float) -> float:
        spectra = [esd(pareto_matrix((300, 300), tail, seed)) for seed in range(3)]
        return float(np.mean([tail_exponent(values, position=300 / 280).alpha for values in spectra]))

    assert top(1.0) == pytest.approx(1.5, abs=0.2)  # 1 + tail / 2
    assert top(8.0) > 6
    assert np.std(gaussian_matrix((300, 300), 1)) == pytest.approx(300**-0.5, rel=0.02)


@given(N=st.integers(2, 60), position=st.floats(1.01, 1000), seed=st.integers(0, 1000))
def test_the_median_rule_of_many_spectra_is_that_of_each(N: int, position: float, seed: int) -> None:
    pools = wishart_spectra((N + 3, N), 3, seed)
    each = [tail_exponent(values, "median", position).alpha for values in pools]
    assert median_exponents(pools, position) == pytest.approx(each, rel=1e-9)
