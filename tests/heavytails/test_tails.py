from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spectral_lab.heavytails import (
    MarchenkoPastur,
    esd,
    farms_esd,
    gaussian_matrix,
    hill_curve,
    lanczos_density,
    noise_exponent,
    null_corrected,
    pareto_matrix,
    planted_matrix,
    tail_exponent,
    weight_metrics,
    wishart_spectra,
)
from spectral_lab.heavytails.tails import RULES

spectra = hnp.arrays(float, st.integers(5, 120), elements=st.floats(1e-6, 1e6), unique=True)


def plain(values: np.ndarray, start: int) -> tuple[float, float]:
    """Exponent and distance as they are written down, one at a time."""
    tail = np.sort(values)[start:]
    alpha = 1 + len(tail) / np.log(tail / tail[0]).sum()
    return alpha, np.abs(1 - (tail / tail[0]) ** (1 - alpha) - np.arange(len(tail)) / len(tail)).max()


@given(values=spectra)
def test_one_pass_of_sums_gives_every_exponent_and_distance(values: np.ndarray) -> None:
    curve = hill_curve(values)
    expected = np.array([plain(values, i) for i in range(len(values) - 1)])
    # nearly equal values make exponents of 1e8: then the last digits of a ratio count
    calm = (curve.alphas > 1) & (curve.alphas < 1e4)
    np.testing.assert_allclose(curve.alphas[calm], expected[calm, 0], rtol=1e-7)
    assert (expected[~calm, 0] > 5e3).all()
    np.testing.assert_allclose(curve.distances[calm], expected[calm, 1], atol=1e-9)


@pytest.mark.parametrize("n", [400, 2000])
def test_distances_skip_points_and_miss_nothing(n: int) -> None:
    for values in (esd(gaussian_matrix((n // 4, n // 2), 0)), np.sort(1 / np.random.default_rng(1).random(n))):
        curve = hill_curve(values)
        expected = [plain(values, i)[1] for i in range(len(values) - 1)]
        np.testing.assert_allclose(curve.distances, expected, atol=1e-12)


@given(values=spectra, unit=st.sampled_from([1e-100, 1e-3, 1e100]))
def test_an_exponent_has_no_unit(values: np.ndarray, unit: float) -> None:
    for rule in ("median", "goodness-of-fit"):
        one, other = tail_exponent(values, rule), tail_exponent(values * unit, rule)
        assert other.alpha == pytest.approx(one.alpha, rel=1e-6)
        assert other.start == one.start
    one, other = (tail_exponent(v, "peak", bounds="intended") for v in (values, values * unit))
    assert (other.start, other.alpha) == (one.start, pytest.approx(one.alpha, rel=1e-6))


@given(values=spectra, power=st.floats(0.2, 5))
def test_a_power_of_the_values_divides_the_exponent(values: np.ndarray, power: float) -> None:
    assert tail_exponent(values**power).alpha - 1 == pytest.approx((tail_exponent(values).alpha - 1) / power, rel=1e-6)


def test_the_estimators_of_the_authors(reference: Any) -> None:
    spectra, stored = reference("esds.npz"), reference("estimators.json")["results"]
    for name, row in stored.items():
        values = spectra[name]
        for position in (1.25, 2, 4):
            fit, expected = tail_exponent(values, position=position), row[f"median_xminpos_{position}"]
            assert fit.alpha == pytest.approx(expected["alpha"], rel=1e-10)
            assert fit.distance == pytest.approx(expected["D"], abs=1e-6)
        fit, expected = tail_exponent(values, keep_above=1e-5), row["median_filter_zeros"]
        assert (fit.alpha, fit.distance) == pytest.approx((expected["alpha"], expected["D"]), abs=1e-6)
        for key, rule in (("goodness-of-fit", "goodness-of-fit"), ("xmin_peak", "peak")):
            if key in row:
                fit = tail_exponent(values, rule)
                assert fit.alpha == pytest.approx(row[key]["alpha"], rel=1e-5)
                assert fit.distance == pytest.approx(row[key]["D"], rel=1e-5)
        expected, fit = row["weightwatcher_default"], tail_exponent(values, "goodness-of-fit", keep_above=1e-5)
        assert (fit.alpha, fit.distance) == pytest.approx((expected["alpha"], expected["D"]), rel=1e-5)
        assert (fit.x_min, fit.count) == (pytest.approx(expected["xmin"], rel=1e-6), expected["num_tail"])


def test_the_scalar_metrics_under_released_names(reference: Any) -> None:
    spectra, stored = reference("esds.npz"), reference("estimators.json")["results"]
    for name, row in stored.items():
        released = weight_metrics(spectra[name]).released
        for key, value in row["scalars"].items():
            assert released[key] == pytest.approx(value, rel=1e-8)
        alpha = row["weightwatcher_default"]["alpha"]
        released = weight_metrics(spectra[name], alpha).released
        if name != "with_zeros":  # there WeightWatcher leaves the zeros out first
            for key, value in row["weightwatcher_norms"].items():
                assert released[key] == pytest.approx(value, rel=1e-6)
        assert weight_metrics(spectra[name]).alpha == tail_exponent(spectra[name]).alpha


def test_a_power_law_is_recognised_and_its_exponent_found() -> None:
    quantiles = (1 - (np.arange(3000) + 0.5) / 3000) ** (-1 / 1.6)  # density x^-2.6
    for rule in RULES:
        assert tail_exponent(quantiles, rule).alpha == pytest.approx(2.6, abs=0.03)


def test_thinning_changes_the_choice_of_the_start_and_nothing_else() -> None:
    values = np.sort(np.random.default_rng(0).pareto(1.5, 12_000) + 1)
    for rule in ("goodness-of-fit", "peak"):
        fit = tail_exponent(values, rule)
        alpha, distance = plain(values, fit.start)
        assert (fit.alpha, fit.distance) == pytest.approx((alpha, distance), rel=1e-9)
        every = hill_curve(values).distances
        assert fit.distance <= every.min() + 0.002  # 1/512 of the starts lies between two that are tried
    smaller = values[::2]
    assert tail_exponent(smaller, "goodness-of-fit").distance == hill_curve(smaller).distances.min()


def test_doubts_are_said() -> None:
    noise = esd(gaussian_matrix((200, 200), 3))
    assert tail_exponent(noise).doubts == ()
    assert any("3 eigenvalues are too few" in doubt for doubt in tail_exponent([1.0, 2.0, 3.0]).doubts)
    zeros = np.concatenate([np.zeros(6), [1.0, 2.0, 3.0, 4.0]])
    fit = tail_exponent(zeros)
    assert (fit.alpha, fit.distance) == (1.0, 1.0)
    assert "the tail starts at 0" in fit.doubts
    assert any(doubt.startswith("6 of 10") for doubt in fit.doubts)
    assert any("at the edge" in doubt for doubt in tail_exponent(noise, position=200 / 185).doubts)
    equal = tail_exponent(np.ones(20))
    assert equal.alpha == np.inf
    assert any("factor of 1.00" in doubt for doubt in equal.doubts)
    for rule in RULES:
        assert np.isfinite(tail_exponent(np.array([0.0, 0, 0, 1, 2, 3, 9]), rule).distance)


@settings(max_examples=25)
@given(m=st.integers(1, 12), n=st.integers(1, 12), seed=st.integers(0, 100))
def test_the_esd_is_that_of_the_singular_values_whatever_the_basis(m: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((m, n))
    expected = np.sort(np.linalg.svd(W, compute_uv=False) ** 2)
    turn, other = (np.linalg.qr(rng.standard_normal((k, k)))[0] for k in (m, n))
    for matrix in (W, W.T, turn @ W @ other):
        np.testing.assert_allclose(esd(matrix), expected, rtol=1e-6, atol=1e-14 * expected[-1])
    np.testing.assert_allclose(esd(W.astype(np.float32), "single"), expected, atol=3e-6 * expected[-1])
    np.testing.assert_allclose(esd(1e-100 * W), 1e-200 * expected, rtol=1e-6)


def test_pools_of_slices_and_zeros_are_recognised() -> None:
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal((8, 5, 3, 3))
    slices = [kernel[:, :, i, j] for i in range(3) for j in range(3)]
    pooled = np.sort(np.concatenate([esd(piece) for piece in slices]))
    np.testing.assert_allclose(esd(kernel), pooled, rtol=1e-10)
    np.testing.assert_allclose(esd(np.array(slices)), pooled, rtol=1e-10)
    low = rng.standard_normal((40, 7)) @ rng.standard_normal((7, 60))
    values = esd(low)
    assert (values[:33] < 1e-25 * values[-1]).all()
    assert weight_metrics(values).matrix_rank == 7
    np.testing.assert_array_equal(esd(np.zeros((3, 4))), 0)
    for few in (low, low.T, 1e-90 * low, np.diag(rng.uniform(size=30) * (np.arange(30) < 12)), np.ones((9, 20))):
        fit = tail_exponent(esd(few))
        assert fit.alpha == 1, "rounding is not a tail"
        assert "the tail starts at 0" in fit.doubts


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # numpy advises against its matrices
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_what_only_looks_like_an_array_is_read_as_one(kind: Any) -> None:
    W = np.random.default_rng(0).standard_normal((6, 9)).astype(kind)
    for precision in ("double", "single"):
        np.testing.assert_array_equal(esd(np.asmatrix(W), precision), esd(W, precision))
        np.testing.assert_array_equal(
            farms_esd(np.asmatrix(W), 4, precision=precision), farms_esd(W, 4, precision=precision)
        )


def test_noise_reads_what_the_closed_form_says() -> None:
    # C1 of the chapter, in small: mean over draws against the limit, with the correction of finite size
    for Q in (1, 2, 5.12, 10):
        spectra = wishart_spectra((round(150 * Q), 150), 30, seed=4)
        mean = np.mean([tail_exponent(values).alpha for values in spectra])
        assert mean == pytest.approx(MarchenkoPastur(Q).hill_exponent(), abs=0.02 + 4 * Q**0.5 / 150)


@pytest.mark.parametrize("shape", [(40, 40), (300, 300), (100, 512), (64, 2048)])
def test_noise_less_noise_is_nothing(shape: tuple[int, int]) -> None:
    reads = [null_corrected(tail_exponent(esd(gaussian_matrix(shape, s))).alpha, shape).deviations for s in range(12)]
    assert abs(np.mean(reads)) < 1.2  # 4 standard errors, and room for what the carrying over costs
    assert max(map(abs, reads)) < 5
    trained = planted_matrix(shape, np.geomspace(6, 0.5, 20), 0)
    assert null_corrected(tail_exponent(esd(trained)).alpha, shape).deviations < -5


def test_the_noise_of_a_kernel_is_pooled() -> None:
    one, nine = noise_exponent((32, 16)), noise_exponent((32, 16), slices=9)
    assert nine.spread == pytest.approx(one.spread / 3, rel=0.5)
    kernels = np.random.default_rng(0).standard_normal((20, 32, 16, 3, 3))
    reads = [tail_exponent(esd(kernel)).alpha for kernel in kernels]
    assert np.mean(reads) == pytest.approx(nine.mean, abs=1.5 * nine.spread)
    assert noise_exponent((60, 60), "goodness-of-fit").limit is None
    for shape, count in (((96, 1), 49), ((1, 1), 1600)):  # few eigenvalues in many slices
        noise = noise_exponent(shape, slices=count)
        kernels = np.random.default_rng(1).standard_normal((20, *shape, count, 1))
        read = np.mean([tail_exponent(esd(kernel)).alpha for kernel in kernels])
        assert read == pytest.approx(noise.mean, abs=noise.spread)


def test_the_noise_of_larger_matrices_is_what_simulations_find() -> None:
    for shape in ((131, 655), (256, 256), (160, 480), (160, 9600)):
        alphas = [tail_exponent(values).alpha for values in wishart_spectra(shape, 400, 7)]
        noise = noise_exponent(shape)
        assert noise.spread == pytest.approx(np.std(alphas), rel=0.15)  # 4 standard errors
        assert noise.mean == pytest.approx(np.mean(alphas), abs=0.2 * noise.spread)
    searched = [tail_exponent(values, "goodness-of-fit").alpha for values in wishart_spectra((300, 300), 48, 7)]
    assert noise_exponent((300, 300), "goodness-of-fit").mean == pytest.approx(np.mean(searched), rel=0.35)


def test_lanczos_finds_moments_and_the_top() -> None:
    W = pareto_matrix((60, 90), 3.0, 0)
    exact = esd(W)
    values, weights = lanczos_density(W, steps=60, probes=3, seed=1)
    assert weights.sum() == pytest.approx(1)
    assert values[-1] == pytest.approx(exact[-1], rel=1e-9)
    rng = np.random.default_rng(5)
    for steps in (3, 8):
        values, weights = lanczos_density(W, steps=steps, probes=1, seed=5)
        v = rng.choice([-1.0, 1.0], 60) / 60**0.5
        rng = np.random.default_rng(5)
        gram = W @ W.T
        for k in range(2 * steps):
            assert weights @ values**k == pytest.approx(v @ np.linalg.matrix_power(gram, k) @ v, rel=1e-8)
    many, shares = lanczos_density(W, steps=60, probes=200, seed=0)
    assert np.interp(exact[30], many, shares.cumsum()) == pytest.approx(0.5, abs=0.03)
    low = np.outer(np.ones(30), np.arange(40.0))
    values, weights = lanczos_density(low, steps=20, probes=2)
    assert values[-1] == pytest.approx(30 * (np.arange(40.0) ** 2).sum())


def test_lanczos_takes_operators() -> None:
    import scipy.sparse
    import scipy.sparse.linalg

    W = gaussian_matrix((30, 50), 1)
    expected = lanczos_density(W, steps=10, probes=2)
    for form in (scipy.sparse.csr_array(W), scipy.sparse.linalg.aslinearoperator(W)):
        for one, other in zip(lanczos_density(form, steps=10, probes=2), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.skipif(importlib.util.find_spec("powerlaw") is None, reason="pip install powerlaw to compare with it")
def test_against_powerlaw() -> None:
    import powerlaw

    for seed in range(3):
        values = esd(gaussian_matrix((120, 150), seed))
        fit = powerlaw.Fit(values, parameter_ranges={"alpha": [1, 1000]}, verbose=False)
        assert tail_exponent(values, "goodness-of-fit").alpha == pytest.approx(fit.alpha, rel=1e-6)


@pytest.mark.skipif(
    importlib.util.find_spec("weightwatcher") is None, reason="pip install weightwatcher to compare with it"
)
def test_against_weightwatcher() -> None:
    from weightwatcher.WW_powerlaw import WWFit

    for seed in range(3):
        values = esd(gaussian_matrix((120, 150), seed))
        assert tail_exponent(values, "goodness-of-fit").alpha == pytest.approx(WWFit(values).alpha, rel=1e-6)
