"""Whatever a reader passes, a public function of the mathematics answers or raises a ValueError."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import itertools
import time
import warnings

import jaxtyping
import networkx as nx
import numpy as np
import pytest
import scipy.sparse

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


class Hostile:
    """Neither an array nor able to say what it is."""

    def __array__(self, *arguments, **keywords):
        raise RuntimeError("no")

    def __repr__(self):
        raise ValueError("no")


CUBE, PETERSEN = (eigenspaces.named_graph(name) for name in ("cube", "Petersen"))
L = eigenspaces.normalized_laplacian(PETERSEN)
LAM, V = np.linalg.eigh(L)
GOOD = {
    "graph": CUBE, "graph_or_adjacency": CUBE, "graphs": [CUBE, PETERSEN], "d": 3, "isolated": 1.0, "k": 4, "L": L,
    "L2": L, "lam": LAM.clip(0, 2), "V": V, "W": V, "centre": 0.5, "width": 0.2, "softness": 0.5, "lipschitz": 1.0,
    "gap": 0.1, "n": 8, "w": 1.1, "w2": 0.9, "delta": 0.1, "count": 2, "seed": 0, "phi": np.ones(10), "pieces": 4,
    "coefficients": np.ones(7), "weights": [np.ones((3, 1)), np.ones((1, 3))], "biases": [np.ones(3), np.ones(1)],
    "spectra": eigenspaces.laplacian_spectra([CUBE, PETERSEN]), "features": np.arange(8.0).reshape(4, 2) ** 2,
    "targets": np.arange(4.0), "change": 0.1, "sup_norm": 1.0, "largest_weight": 1.0, "wasserstein": 0.1,
    "name": "cube", "steps": 4,
}  # fmt: skip
HOSTILE = [
    *BAD, 10**6, 10**9, 10**19, 10**400, -(10**400), 1e19, 1e308, -1e308, 5e-324, Hostile(), Hostile, range(10**9),
    np.ma.masked_array(np.eye(2), np.eye(2)), np.full((3, 3), 1e308), np.full((3, 3), 5e-324),
    np.array([-1e308, 1e308]),
    np.array([1, 1j]), np.array(["a"]), np.array([None]), np.array(["2020-01-01"], dtype="M8[D]"), np.ones((2, 2, 2)),
    scipy.sparse.coo_array((10**6, 10**6)), nx.DiGraph([(0, 1)]), nx.Graph(), (10**9, [(0, 1)]), "long " * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_hostile_argument_is_answered_soon_and_named(name):
    """One argument at a time, the others good: an answer without NaN, or a short ValueError that names it."""
    function = FUNCTIONS[name]
    parameters = inspect.signature(function).parameters
    good = {key: GOOD[key] for key in parameters if key in GOOD}
    for key, value in itertools.product(parameters, HOSTILE):
        began, refused = time.perf_counter(), ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                result = function(**{**good, key: value})
        except REFUSED:
            continue
        except ValueError as error:
            refused = str(error)
        except TypeError:
            assert value is Hostile, key  # a class is a function of the reader's own
            continue
        assert time.perf_counter() - began < 20, (key, value)
        if refused:
            named = key in refused or (key == "graph_or_adjacency" and "graph" in refused)
            assert named or (name == "gap_at" and key == "lam"), (key, refused)  # which of the two is wrong?
            assert len(refused) < 500, key
        else:
            assert not _holds_nan(result), (key, value)
            assert not isinstance(value, np.ma.MaskedArray), key


def _holds_nan(result) -> bool:
    if dataclasses.is_dataclass(result):
        return any(_holds_nan(value) for value in vars(result).values())
    if isinstance(result, tuple):
        return any(map(_holds_nan, result))
    return isinstance(result, (float, np.ndarray)) and bool(np.isnan(result).any())
