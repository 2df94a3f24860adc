from __future__ import annotations

import numpy as np
import pytest

from spectral_lab import checks


def test_a_real_array_may_be_complex_only_by_rounding():
    np.testing.assert_array_equal(checks.real_array([1, 2], "x"), [1.0, 2.0])
    rounded = checks.real_array(np.array([1.0, -2.0]) + 1e-15j, "x", (2,))
    assert rounded.dtype == np.float64
    np.testing.assert_array_equal(rounded, [1.0, -2.0])
    np.testing.assert_array_equal(checks.real_array(np.zeros(0, dtype=complex), "x"), [])


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
