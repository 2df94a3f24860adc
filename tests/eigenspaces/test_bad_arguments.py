"""Whatever a reader passes, a public function of the mathematics answers or raises a ValueError."""

from __future__ import annotations

import contextlib
import inspect
import warnings

import jaxtyping
import numpy as np
import pytest

from spectral_lab import eigenspaces
from spectral_lab.eigenspaces import counting, regression

# Where annotations are checked at run time, an argument of a wrong kind is refused at the door, by its name.
REFUSED = jaxtyping.TypeCheckError
BAD = [
    None, "x", -1, 0, 1.5, float("nan"), float("inf"), [], [[]], [[1, 2], [3]], np.zeros((2, 2)), np.ones((2, 3)),
    np.array([np.nan]), {}, object(), True, np.zeros((0, 0)), (3, [[0, 5]]), (2, [[0, 0]]), 1j,
]  # fmt: skip
FUNCTIONS = {
    name: getattr(module, name)
    for module, names in (
        (eigenspaces, eigenspaces.__all__),
        (counting, ["counting_graphs"]),
        (regression, ["fit_spline"]),
    )
    for name in names
    if inspect.isfunction(getattr(module, name))
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_bad_arguments_raise_a_value_error_or_nothing(name):
    function = FUNCTIONS[name]
    required = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    rng = np.random.default_rng(0)
    for _ in range(60):
        arguments = [BAD[i] for i in rng.integers(len(BAD), size=len(required))]
        with warnings.catch_warnings(), contextlib.suppress(ValueError, REFUSED):
            warnings.simplefilter("error")
            function(*arguments)
