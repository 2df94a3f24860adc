from __future__ import annotations

import numpy as np
import pytest

from spectral_lab.eigenspaces import landau_zener_ring, normalized_laplacian, ring_change, ring_gap, ring_rotation


def spectrum(n, w, delta):
    return np.linalg.eigh(normalized_laplacian(landau_zener_ring(n, w, delta)))


def test_gaps_match_reference(reference):
    for row in reference("landau_zener"):
        w = 1 + row["w_minus_1"]
        lam, _ = spectrum(row["n"], w, row["delta"])
        assert lam[2] - lam[1] == pytest.approx(row["gap"], rel=1e-9, abs=1e-15)
        assert ring_gap(row["n"], w, row["delta"]) == pytest.approx(row["first_order"], rel=1e-12, abs=1e-18)


@pytest.mark.parametrize("n", [3, 5, 6, 7, 8, 12, 16, 24])
@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 1.0), (0.6, 0.8), (-0.6, 0.8)])
def test_closed_form_is_the_first_order_of_the_exact_gap(n, direction):
    errors = []
    for size in (1e-2, 1e-3):
        a, delta = size * direction[0], size * direction[1]
        lam, _ = spectrum(n, 1 + a, delta)
        errors.append(abs(lam[2] - lam[1] - ring_gap(n, 1 + a, delta)))
    assert errors[1] < 1e-14 or errors[0] / errors[1] == pytest.approx(100, rel=0.2)  # second order


@pytest.mark.parametrize("n", [3, 4, 8, 15])
def test_the_change_of_the_laplacian_is_first_order_exact(n):
    change = normalized_laplacian(landau_zener_ring(n, 1.001, 0)) - normalized_laplacian(landau_zener_ring(n, 0.999, 0))
    assert np.linalg.norm(change) == pytest.approx(ring_change(1.001, 0.999), rel=1e-5)


def test_rotation_of_the_pair():
    _, reference_basis = spectrum(8, 1 + 1e-6, 0.0)
    pair = reference_basis[:, 1:3]
    for a, delta in [(1e-4, 1e-4), (1e-4, 3e-4), (-1e-4, 2e-4), (0.0, 1e-4)]:
        _, V = spectrum(8, 1 + a, delta)
        turned = np.arccos(np.clip(abs(pair[:, 0] @ V[:, 1]), 0, 1))
        assert turned == pytest.approx(ring_rotation(1 + a, delta), abs=2e-3)


def test_at_the_crossing_eigenvectors_trade_places(reference):
    for row in reference("stability")["ring"]["rows"]:
        lam, V = spectrum(8, 1 - row["eta"], row["delta"])
        _, W = spectrum(8, 1 + row["eta"], row["delta"])
        assert lam[2] - lam[1] == pytest.approx(row["gap23"], rel=1e-9)
        v, w = V[:, 1], W[:, 1]
        assert min(np.linalg.norm(v - w), np.linalg.norm(v + w)) == pytest.approx(row["raw"], rel=1e-7)
        assert np.linalg.norm(np.outer(v, v) - np.outer(w, w)) == pytest.approx(row["rank1_projector"], rel=1e-7)


def test_bad_arguments_are_named():
    for arguments, name in [((2, 1.0, 0.0), "n must"), ((8, -0.1, 0.0), "w must"), ((8, 1.0, -2.0), "delta must")]:
        with pytest.raises(ValueError, match=name):
            landau_zener_ring(*arguments)
