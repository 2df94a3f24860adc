"""Notebook 00's mathematics: f(A) = V f(Λ) Vᵀ against direct ways to compute the same matrix."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from spectral_lab.matrix_functions import (
    CUT,
    FILTERS,
    HEAT,
    RESOLVENT,
    WAVE,
    exercises,
    filter_of,
    matrix_function,
    path_laplacian,
    signal,
)
from spectral_lab.matrix_functions.explorers import functions_of_a_matrix
from spectral_lab.matrix_functions.functions import EDGE
from spectral_lab.matrix_functions.path import NODES

L = path_laplacian(NODES)
times = st.floats(0, 60)


def symmetric(seed: int, n: int) -> np.ndarray:
    random = np.random.default_rng(seed).standard_normal((n, n))
    return random + random.T


@pytest.mark.parametrize("n", [2, 3, 10, 64])
def test_spectrum_of_the_path_is_known(n: int) -> None:
    k = np.arange(n)
    known = 2 - 2 * np.cos(np.pi * k / n)
    np.testing.assert_allclose(np.linalg.eigvalsh(path_laplacian(n)), known, atol=1e-13)
    cosines = np.cos(np.pi * np.outer(k + 0.5, k) / n)
    np.testing.assert_allclose(path_laplacian(n) @ cosines, cosines * known, atol=1e-13)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
@settings(deadline=None, max_examples=50)
def test_functions_of_a_matrix_multiply_and_compose_as_numbers_do(seed: int, n: int) -> None:
    A = symmetric(seed, n)
    size = 1 + np.abs(A).max() ** 3
    np.testing.assert_allclose(matrix_function(A, lambda x: x), A, atol=1e-12 * size)
    np.testing.assert_allclose(matrix_function(A, lambda x: x**3), A @ A @ A, atol=1e-11 * n * size)
    sine, cosine = matrix_function(A, np.sin), matrix_function(A, np.cos)
    np.testing.assert_allclose(sine @ sine + cosine @ cosine, np.eye(n), atol=1e-12)
    Q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    turned = Q @ A @ Q.T
    np.testing.assert_allclose(matrix_function((turned + turned.T) / 2, np.sin), Q @ sine @ Q.T, atol=1e-9)
    assert np.linalg.norm(sine, 2) == pytest.approx(np.abs(np.sin(np.linalg.eigvalsh(A))).max(), abs=1e-12)


@given(times)
@settings(deadline=None, max_examples=20)
def test_filters_against_direct_algorithms(t: float) -> None:
    np.testing.assert_allclose(matrix_function(L, filter_of(HEAT, t)), expm(-t * L), atol=1e-12)
    np.testing.assert_allclose(
        matrix_function(L, filter_of(RESOLVENT, t)) @ (np.eye(NODES) + t * L), np.eye(NODES), atol=1e-11
    )
    cut = matrix_function(L, filter_of(CUT, t))
    np.testing.assert_allclose(cut @ cut, cut, atol=1e-12)
    assert np.trace(cut) == pytest.approx(np.sum(t * np.linalg.eigvalsh(L) <= 1), abs=1e-10)
    assert cut @ np.ones(NODES) == pytest.approx(np.ones(NODES))


@given(st.floats(1, 50))
@settings(deadline=None, max_examples=20)
def test_wave_solves_the_wave_equation_to_second_order(t: float) -> None:
    def residual(h: float) -> float:
        before, now, after = (matrix_function(L, filter_of(WAVE, t + s)) @ signal("bump") for s in (-h, 0, h))
        return float(np.abs((after - 2 * now + before) / h**2 + L @ now).max())

    # u'''' = L²u has entries below 16: the difference quotient errs by at most 16 h²/12.
    assert residual(0.01) < 16 * 0.01**2 / 12
    assert residual(0.1) / residual(0.05) == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize("t", [0.5, 8, 60])
def test_smooth_functions_obey_the_maximum_principle_and_the_cut_does_not(t: float) -> None:
    for name in (HEAT, RESOLVENT):
        after = matrix_function(L, filter_of(name, t)) @ signal("step")
        assert after.max() <= 1 + 1e-12
        assert after.min() >= -1e-12
    assert (matrix_function(L, filter_of(CUT, t)) @ signal("step")).max() > 1.05


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: path_laplacian(1), "n must be a whole number between 2 and 10000, got 1"),
        (lambda: path_laplacian(10**9), "n must be a whole number between 2 and 10000"),
        (lambda: matrix_function(np.eye(2), 3), "f must be a function of an array of eigenvalues, got 3"),
        (lambda: matrix_function(np.eye(2), lambda x: 1.0), "f of the eigenvalues must have shape (2,), got ()"),
        (lambda: matrix_function(np.eye(2), lambda x: np.nan * x), "f of the eigenvalues must be finite"),
        (lambda: matrix_function([[0.0, 1], [0, 0]], np.exp), "A must be real and symmetric"),
        (lambda: matrix_function([[0, 1j], [-1j, 0]], np.exp), "A must be real and symmetric"),
        (lambda: matrix_function([[0.0, np.nan], [0, 0]], np.exp), "A must be finite"),
        (lambda: matrix_function(np.ones((2, 3)), np.exp), "A must be a square matrix"),
        (lambda: filter_of("sine", 1.0), "name must be one of 'heat"),
        (lambda: filter_of(HEAT, -1.0), "t must be a finite number of at least 0"),
        (lambda: signal("saw"), "name must be one of 'noisy bump'"),
    ],
)
@pytest.mark.usefixtures("as_users_call")
def test_bad_arguments_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("name", list(FILTERS))
@pytest.mark.parametrize("x", ["step", "noisy bump"])
@pytest.mark.parametrize("t", [0.0, 0.5, 7.5])
def test_the_shown_code_makes_the_picture_and_prints_the_readout(name: str, x: str, t: float, capsys) -> None:
    explorer = functions_of_a_matrix(f=name, t=t, x=x)
    namespace: dict = {}
    exec(explorer.code, namespace)
    np.testing.assert_allclose(namespace["y"], explorer.arrays()["after"], atol=1e-9)
    printed = re.findall(r"\d+(?:\.\d+)?", capsys.readouterr().out)
    told = re.findall(r"\d+(?:\.\d+)?", explorer.readout.split(": ", 1)[1].replace(f" of {NODES}", ""))
    assert printed == told


def test_an_eigenvalue_on_the_edge_is_kept_on_every_machine() -> None:
    """λ = 2 at t = 1/2 is on the edge of the cut and at one half of the resolvent; eigh rounds it either way."""
    exact = np.array([2.0])
    for wrong in (exact, np.nextafter(exact, 3), np.nextafter(exact, 1), exact * (1 + 1e-14), exact * (1 - 1e-14)):
        assert filter_of(CUT, 0.5)(wrong) == 1
    for name in (CUT, RESOLVENT):
        assert "33 of 64 modes" in functions_of_a_matrix(f=name, t=0.5).readout


@pytest.mark.parametrize("name", list(FILTERS))
def test_no_digit_of_the_readout_depends_on_the_last_bits(name: str) -> None:
    known = 2 - 2 * np.cos(np.pi * np.arange(NODES) / NODES)
    for t in np.linspace(0, 60, 121):
        readouts = set()
        for error in (-1e-13, 0.0, 1e-13):
            factors = np.abs(filter_of(name, t)(np.maximum(known + error, 0)))
            readouts.add((int(np.sum(factors >= 0.5 - EDGE)), f"{factors.max():.2f}"))
        assert len(readouts) == 1


def test_knife_edge_drops_a_whole_mode_in_one_step() -> None:
    explorer = functions_of_a_matrix()
    explorer.set(**explorer.presets["Knife edge"])
    assert "6 of 64 modes" in explorer.readout
    explorer.set(t=17.0)
    assert "5 of 64 modes" in explorer.readout


def test_answers_of_the_predictions() -> None:
    assert exercises.plucked_string.answer() == exercises.TRAVEL[1]
    assert exercises.overshoot.answer() == pytest.approx(9.0775, abs=1e-3)
