from __future__ import annotations

import numpy as np
import pytest
from pseudospectra.answers import real_distance
from scipy.optimize import minimize

from spectral_lab.course import Function
from spectral_lab.pseudospectra import allpass, diagonalize, jordan_block, numerical_radius, sigma_min
from spectral_lab.pseudospectra import exercises as e
from spectral_lab.pseudospectra.explorers import how_much_poison


def test_real_distance_is_judged_by_what_it_does() -> None:
    judge = e.real_distance.judge
    assert isinstance(judge, Function)
    for A, z in judge.cases:
        distance = judge.reference(A, z)
        assert distance >= sigma_min(A, z) * (1 - 1e-9)
        if np.isreal(z):
            assert distance == pytest.approx(float(sigma_min(A, z)), rel=1e-9)
            continue
        n, rng = len(A), np.random.default_rng(0)

        def size(x: np.ndarray, A: np.ndarray = A, z: complex = z, n: int = n) -> float:
            """The norm of the smallest real E with (A + E) x = z x; x is given as its real and imaginary part."""
            x = x[:n] + 1j * x[n:]
            y = z * x - A @ x
            return float(np.linalg.norm(np.c_[y.real, y.imag] @ np.linalg.pinv(np.c_[x.real, x.imag]), 2))

        options = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-9, "fatol": 1e-10, "adaptive": True}
        found = [minimize(size, rng.standard_normal(2 * n), method="Nelder-Mead", options=options) for _ in range(2)]
        assert min(item.fun for item in found) == pytest.approx(distance, rel=1e-4)


def test_the_prose_of_the_solutions_is_true() -> None:
    assert sigma_min(e.legs(32)[0], -16 + 5j) < 1e-14
    below = np.zeros((8, 8))
    below[1, 7] = 12.3
    changed = diagonalize(e.legs(8)[0], below)
    assert (changed.condition, changed.abscissa) == pytest.approx((3.50, 0.14), abs=0.01)
    z = 1.25 + 0.5j
    assert real_distance(np.diag([1.0, 2.0, 4.0]), z) == pytest.approx(0.75, abs=1e-6)
    assert sigma_min(np.diag([1.0, 2.0, 4.0]), z) == pytest.approx(0.56, abs=2e-3)
    start = how_much_poison().data
    assert (start["norm"], start["worst"]) == pytest.approx((20.6, 0.029), rel=0.01)
    assert start["norm"] / e.worth_of_the_bound.judge.expected() == pytest.approx(88_000, rel=1e-3)
    block = jordan_block(32)
    assert numerical_radius(block) == pytest.approx(e.radius_of_a_block.judge.expected(), rel=1e-12)
    assert [np.linalg.norm(np.linalg.matrix_power(block, k), 2) for k in (31, 32)] == [1, 0]
    assert abs(1 + allpass(32, 243.5j)) == pytest.approx(1, abs=0.01)
