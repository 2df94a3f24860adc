"""What the exercises ask has the answer that they expect, by other ways."""

from __future__ import annotations

import numpy as np
import pytest

from spectral_lab.eigenspaces import (
    davis_kahan,
    exercises,
    landau_zener_ring,
    laplacian_spectra,
    named_graph,
    normalized_laplacian,
)


def test_near_misses_get_a_remark_that_helps():
    assert "comes first" in exercises.complete.check([1.25] * 4 + [0]).message
    assert "divided by the degree" in exercises.complete.check([0, 5, 5, 5, 5]).message


def test_the_answers_to_the_guesses():
    for guess in exercises.PREDICTIONS:
        answer = guess.answer()
        if guess.options:
            assert answer == ("5" if guess is exercises.power else guess.options[1])
        else:
            assert answer == pytest.approx(2**0.5, abs=1e-6) if guess is exercises.jump else 5e3 < answer < 2e4


@pytest.mark.parametrize("n", [6, 8, 12])
def test_the_smallest_gap_is_the_smallest_along_the_sweep(n):
    delta = 1e-3
    gaps = []
    for a in np.linspace(-3 * delta, 3 * delta, 601):
        lam = np.linalg.eigvalsh(normalized_laplacian(landau_zener_ring(n, 1 + a, delta)))
        gaps.append(lam[2] - lam[1])
    assert min(gaps) == pytest.approx(exercises.smallest_gap(n, delta), rel=5e-3)


@pytest.mark.parametrize("name", ["Petersen", "cube", "rook 4x4", "ring of 8"])
def test_the_mean_length_is_that_of_every_basis(name):
    """All d, also those that cut through an eigenspace: the mean does not depend on the basis."""
    V = laplacian_spectra([named_graph(name)]).eigenvectors[0]
    for d in range(1, len(V) + 1):
        lengths = np.linalg.norm(V[:, None, :d] - V[None, :, :d], axis=2)[np.triu_indices(len(V), 1)]
        assert np.mean(lengths**2) == pytest.approx(exercises.mean_square_length(len(V), d), abs=1e-12)


def test_the_gap_of_the_exercise_is_there_to_first_order():
    lam = np.linalg.eigvalsh(normalized_laplacian(landau_zener_ring(8, 1.0529150, 0.06)))
    assert lam[2] - lam[1] == pytest.approx(0.01, rel=0.06)


def test_levels_that_meet_half_way_are_exchanged_at_the_least_cost():
    rng, L = np.random.default_rng(0), np.diag([0.0, 1.0])
    for _ in range(300):
        a, b, c = rng.normal(size=3) * 0.4
        change = np.array([[a, b], [b, c]])
        v = np.linalg.eigh(L + change)[1][:, 0]
        if abs(v[1]) > 0.999:  # exchanged, or nearly
            assert np.linalg.norm(change) > 0.5**0.5 * 0.999
    assert davis_kahan(L, L + np.diag([0.5 + 1e-9, -0.5 - 1e-9]), 1).left == pytest.approx(1.0)
