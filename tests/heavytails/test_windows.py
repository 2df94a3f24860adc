from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.heavytails import (
    convolution_blocks,
    coverage,
    esd,
    farms_esd,
    farms_exponent,
    gaussian_matrix,
    planted_matrix,
    tail_exponent,
    window_starts,
)

sides = st.integers(1, 60)
schedules = st.fixed_dictionaries(
    {
        "shape": st.tuples(sides, sides),
        "size": st.integers(1, 70),
        "Q": st.sampled_from([0.5, 0.75, 1.0, 1.25, 1.5, 2.0]),
        "per_axis": st.integers(1, 9),
    }
)


def matrix_of(case: dict[str, Any]) -> np.ndarray:
    R, (m, n) = np.random.RandomState(case["seed"]), case["shape"]
    W = R.standard_normal((m, n)) * 0.05
    u, v = R.standard_normal((m, 4)), R.standard_normal((n, 4))
    return W + (u * [0.02, 0.015, 0.01, 0.005]) @ v.T


def test_windows_and_pooled_spectra_of_both_released_programs(reference: Any) -> None:
    for case in reference("farms_windows.json")["farms_linear"]:
        W, per_axis = matrix_of(case), case["sampling_ops_per_dim"]
        schedule = {"size": case["num_row_samples"], "Q": case["Q_ratio"], "per_axis": per_axis}
        schedule["step"] = case["step_size"] if per_axis is None else None
        for version, fit in (("image_version", "released"), ("llm_version", "released-llm")):
            expected = case[version]
            rows, columns, window = window_starts(W.shape, **schedule, fit=fit)
            assert (list(rows), list(columns)) == (expected["row_starts"], expected["col_starts"])
            assert [list(window)] == expected["window_shapes"]
            values = farms_esd(W, **schedule, fit=fit)
            N = len(values)
            assert expected["num_eigs"] == N == len(rows) * len(columns) * min(window)
            found = [values[0], values[-1], values.sum(), *values[[N // 4, N // 2, 3 * N // 4]]]
            stored = [expected["eig_min"], expected["eig_max"], expected["eig_sum"], *expected["eig_quartiles"]]
            np.testing.assert_allclose(found, stored, rtol=1e-8)
            median, peak = (farms_exponent(W, rule=rule, **schedule, fit=fit) for rule in ("median", "peak"))
            assert median.alpha == pytest.approx(expected["alpha_median"], rel=1e-9)
            assert median.distance == pytest.approx(expected["D_median"], rel=1e-6)
            assert peak.alpha == pytest.approx(expected["alpha_xmin_peak"], rel=1e-4)
        full = case["full_matrix"]["xmin_mid"]
        assert tail_exponent(esd(W)).alpha == pytest.approx(full["alpha"], rel=1e-10)


def test_a_window_that_is_too_large_is_cut_from_the_far_end_as_released() -> None:
    W = np.arange(300.0 * 130).reshape(300, 130)
    rows, columns, window = window_starts(W.shape, 150, per_axis=4, fit="released")
    assert (list(columns), window) == ([110], (150, 20))
    np.testing.assert_array_equal(coverage(W.shape, 150, per_axis=4, fit="released")[:, :110], 0)
    assert window_starts(W.shape, 150, per_axis=4)[2] == (130, 130)
    assert window_starts((10, 128), 100, fit="released")[2] == (10, 100)
    assert window_starts((10, 128), 100)[2] == (10, 10)
    assert list(rows) == [0, 50, 100, 150]


@given(schedule=schedules)
def test_guarded_windows_fit_keep_their_aspect_ratio_and_are_counted(schedule: dict[str, Any]) -> None:
    m, n = schedule["shape"]
    rows, columns, (r, c) = window_starts(**schedule)
    assert 0 <= rows.min() <= rows.max() + r <= m
    assert 0 <= columns.min() <= columns.max() + c <= n
    assert c == min(n, max(1, int(r * schedule["Q"])))
    assert len(rows) <= schedule["per_axis"] >= len(columns)
    counts = np.zeros((m, n), dtype=int)
    for i in rows:
        for j in columns:
            counts[i : i + r, j : j + c] += 1
    np.testing.assert_array_equal(coverage(**schedule), counts)


@given(schedule=schedules, seed=st.integers(0, 50))
def test_pooled_windows_are_the_windows_one_by_one(schedule: dict[str, Any], seed: int) -> None:
    W = gaussian_matrix(schedule.pop("shape"), seed)
    rows, columns, (r, c) = window_starts(W.shape, **schedule)
    pooled = np.sort(np.concatenate([esd(W[i : i + r, j : j + c]) for i in rows for j in columns]))
    values = farms_esd(W, **schedule)
    np.testing.assert_allclose(values, pooled, rtol=1e-7, atol=1e-13 * pooled[-1])
    # every entry counts as often as it is covered: the trace is additive
    assert values.sum() == pytest.approx((coverage(W.shape, **schedule) * W**2).sum())


def test_one_window_that_is_the_matrix_changes_nothing() -> None:
    W = gaussian_matrix((50, 50), 2)
    assert farms_exponent(W, 50) == tail_exponent(esd(W))


def test_tiles_cover_each_entry_once_and_are_no_more_than_256() -> None:
    W = gaussian_matrix((60, 90), 0)
    assert farms_esd(W, 30, windows="tiles").sum() == pytest.approx((W**2).sum())
    assert len(farms_esd(W, 3, windows="tiles")) == 256 * 3
    steps = farms_esd(W, 30, per_axis=None, step=30)
    np.testing.assert_allclose(farms_esd(W, 30, windows="tiles"), steps)


def test_windows_take_the_shape_out_of_noise() -> None:
    shapes = [(128, 512), (512, 128), (256, 256)]
    full = [tail_exponent(esd(gaussian_matrix(shape, 1))).alpha for shape in shapes]
    cut = [farms_exponent(gaussian_matrix(shape, 1), 64).alpha for shape in shapes]
    assert max(full) - min(full) > 1.2
    assert max(cut) - min(cut) < 0.03


def test_windows_lose_a_signal_that_the_matrix_shows() -> None:
    def tops(strength: float) -> tuple[float, float]:
        """The largest eigenvalue of the matrix, and the mean largest of its windows, over the edge of the bulk."""
        W = planted_matrix((512, 512), [strength], seed=1)
        windows = [esd(W[i : i + 128, j : j + 128])[-1] for i in range(0, 512, 128) for j in range(0, 512, 128)]
        return esd(W)[-1] / 4, float(np.mean(windows))  # the edge of a window is 4 * 128 / 512

    # the threshold is 1; of a window of 128 it is 2
    assert tops(1.5)[0] > 1.1
    assert tops(1.5)[1] < 1.02
    assert tops(3.0)[1] > 1.08


@given(out=st.integers(1, 12), inside=st.integers(1, 12), Q=st.sampled_from([0.5, 0.75, 1.0, 1.5, 2.0]))
def test_blocks_of_a_kernel(out: int, inside: int, Q: float) -> None:
    kernel = np.random.default_rng(0).standard_normal((out, inside, 2, 3))
    blocks = convolution_blocks(kernel, Q)
    R, C = max(out, inside), min(out, inside)
    assert len(blocks) == R // C
    assert {block.shape[0] for block in blocks} == {6}
    if out != inside:  # a kernel and its transpose are turned the same way
        turned = np.swapaxes(kernel, 0, 1)
        np.testing.assert_allclose(farms_esd(turned, 1, Q=Q), farms_esd(kernel, 1, Q=Q), rtol=1e-6, atol=1e-12)
    elif Q == 1:
        np.testing.assert_allclose(farms_esd(kernel, 1), esd(kernel) / 2, rtol=1e-6, atol=1e-12)
        if out > 1:
            assert farms_exponent(kernel, 1).alpha == pytest.approx(tail_exponent(esd(kernel)).alpha, rel=1e-6)


@pytest.mark.parametrize(("shape", "Q"), [((1, 9), 1.0), ((7, 7, 1, 1), 0.01), ((30, 7, 1, 1), 100.0)])
def test_one_eigenvalue_has_no_tail(shape: tuple[int, ...], Q: float) -> None:
    W = np.random.default_rng(0).standard_normal(shape)
    with pytest.raises(ValueError, match="W, size and Q must give at least 2 eigenvalues"):
        farms_exponent(W, 1, Q=Q, per_axis=1)
