"""Whatever a reader passes, a public function of the mathematics answers or raises a ValueError."""

from __future__ import annotations

import contextlib
import inspect
import warnings

import jaxtyping
import numpy as np
import pytest

from spectral_lab import eigenspaces

# Where annotations are checked at run time, an argument of a wrong kind is refused at the door, by its name.
REFUSED = jaxtyping.TypeCheckError
BAD = [
    None, "x", -1, 0, 1.5, float("nan"), float("inf"), [], [[]], [[1, 2], [3]], np.zeros((2, 2)), np.ones((2, 3)),
    np.array([np.nan]), {}, object(), True, np.zeros((0, 0)), (3, [[0, 5]]), (2, [[0, 0]]), 1j,
]  # fmt: skip
FUNCTIONS = {name: f for name in eigenspaces.__all__ if inspect.isfunction(f := getattr(eigenspaces, name))}


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
