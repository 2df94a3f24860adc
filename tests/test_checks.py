from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import torch

from spectral_lab import checks


def test_a_real_array_may_be_complex_only_by_rounding():
    np.testing.assert_array_equal(checks.real_array([1, 2], "x"), [1.0, 2.0])
    rounded = checks.real_array(np.array([1.0, -2.0]) + 1e-15j, "x", (2,))
    assert rounded.dtype == np.float64
    np.testing.assert_array_equal(rounded, [1.0, -2.0])
    np.testing.assert_array_equal(checks.real_array(np.zeros(0, dtype=complex), "x"), [])


def test_what_numpy_can_read_is_an_array():
    for value in ([1, 2], (1.0, 2.0), np.array([1, 2], dtype=np.int32), torch.tensor([1.0, 2.0])):
        result = checks.array(value, "x", (2,))
        assert result.dtype == np.float64
        np.testing.assert_array_equal(result, [1.0, 2.0])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1, 2], [3]], "x must be an array of numbers, got list: .*inhomogeneous"),
        (torch.ones(2, requires_grad=True), r"x must be an array of numbers, got Tensor: .*tensor\.detach\(\)"),
        (10**400, "x must be an array of numbers, got int: int too large"),
        (["1", "2"], "x must be an array of numbers, got list: its entries are of type <U1"),
        (np.array(["2026-01-01"], dtype="datetime64[D]"), "x must be an array of numbers, got ndarray: .*datetime64"),
        ([1.0, 2.0, 3.0], r"x must have shape \(2,\), got \(3,\)"),
    ],
)
def test_what_is_no_array_of_numbers_is_named(value, message):
    with pytest.raises(ValueError, match=message):
        checks.array(value, "x", (2,))


@pytest.mark.parametrize("value", [10**400, np.nan, "3", True, 1j, None, np.ones(2)])
def test_what_is_no_number_is_named(value):
    with pytest.raises(ValueError, match="x must be a finite number of at least 0, got"):
        checks.number(value, "x", 0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1.0, 0.1j], "x must be real, but it has imaginary parts of up to 0.1"),
        ([1e-300j], "x must be real"),
        ([np.nan], "x must be finite"),
        ("abc", "x must be an array of numbers"),
    ],
)
def test_other_arrays_are_named(value, message):
    with pytest.raises(ValueError, match=message):
        checks.real_array(value, "x")


def test_a_mask_is_not_lost_in_silence():
    with pytest.raises(ValueError, match="x must be an array of numbers, got MaskedArray: its mask would be lost"):
        checks.array(np.ma.masked_array([1.0, 2.0], [False, True]), "x")


@pytest.mark.parametrize("kind", ["csr_array", "coo_matrix", "dia_array", "lil_matrix"])
def test_a_sparse_matrix_is_a_matrix(kind):
    dense = np.array([[0.0, 2.0], [-1.0, 0.0]])
    np.testing.assert_array_equal(checks.square(getattr(scipy.sparse, kind)(dense), "A"), dense)


def test_a_sparse_matrix_too_large_to_be_dense_is_refused():
    with pytest.raises(ValueError, match=r"A is sparse of shape \(1000000, 1000000\).*at most 10,000 rows"):
        checks.square(scipy.sparse.eye_array(10**6), "A")


def test_an_order_fits_in_memory():
    assert checks.order(5, "n") == 5
    with pytest.raises(ValueError, match="n must be a whole number between 1 and 10000, got 1000000"):
        checks.order(10**6, "n")


class Silent:
    def __repr__(self):
        raise RuntimeError("no name")


@pytest.mark.parametrize(
    "value", [10**400, 10**5000, -(10**5000), Silent(), "x" * 10**6, list(range(10**5))], ids=range(6)
)
def test_a_message_stays_one_short_line(value):
    with pytest.raises(ValueError, match="n must be a whole number") as caught:
        checks.integer(value, "n", 0, 9)
    assert len(str(caught.value)) < 220
    assert "\n" not in str(caught.value)
