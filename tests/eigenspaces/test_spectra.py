from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.eigenspaces import adjacency_batch, laplacian_spectra, normalized_laplacian

from .strategies import adjacencies


def test_eigenvalues_match_thirty_digit_reference(graphs, reference):
    stored = reference("graphs")["graphs"]
    lam, _, mask = laplacian_spectra(graphs.values())
    for row, name in enumerate(graphs):
        expected = np.array([float(x) for x in stored[name]["eigvals_lsym"]])
        np.testing.assert_allclose(lam[row, : len(expected)], expected, atol=5e-15)
        assert mask[row].sum() == len(expected)
        assert not lam[row, len(expected) :].any()


@settings(deadline=None, max_examples=25)
@given(st.lists(adjacencies(min_nodes=1, weighted=True), min_size=1, max_size=5), st.integers(1, 12))
def test_batch_equals_one_by_one_and_padding_is_zero(batch, d):
    lam, V, mask = laplacian_spectra(batch, d)
    assert lam.shape == (len(batch), d)
    assert V.shape == (len(batch), max(map(len, batch)), d)
    for row, A in enumerate(batch):
        n, keep = len(A), min(len(A), d)
        L = normalized_laplacian(A)
        np.testing.assert_allclose(lam[row, :keep], np.linalg.eigvalsh(L)[:keep], atol=4e-15)
        inside = V[row, :n, :keep]
        np.testing.assert_allclose(inside.T @ inside, np.eye(keep), atol=1e-13)
        np.testing.assert_allclose(L @ inside, inside * lam[row, :keep], atol=1e-13)
        assert not V[row, n:].any()
        assert not V[row, :, keep:].any()
        assert not lam[row, keep:].any()
        np.testing.assert_array_equal(mask[row], np.arange(mask.shape[1]) < n)


def test_eigenvalues_stay_inside_0_2(graphs):
    lam = laplacian_spectra(graphs.values()).eigenvalues
    assert lam.min() >= 0.0
    assert lam.max() <= 2.0


def test_isolated_convention_reaches_the_batch(graphs):
    graph = graphs["path4_plus_isolated"]
    assert np.sum(np.isclose(laplacian_spectra([graph]).eigenvalues, 1.0)) == 1
    assert np.sum(laplacian_spectra([graph], isolated=0.0).eigenvalues < 1e-12) == 2


def test_adjacency_batch_pads_with_zeros(graphs):
    sizes, A = adjacency_batch([graphs["C6"], graphs["petersen"]])
    assert sizes.tolist() == [6, 10]
    assert A[0].sum() == 12
    assert not A[0, 6:].any()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="at least one graph"):
        laplacian_spectra([])
    with pytest.raises(ValueError, match=r"graphs\[1\].*self-loops"):
        laplacian_spectra([(2, [(0, 1)]), (2, [(1, 1)])])
    for single in (nx.path_graph(3), np.ones((3, 3)) - np.eye(3)):
        with pytest.raises(ValueError, match="into a list"):
            laplacian_spectra(single)
    with pytest.raises(ValueError, match="d must be"):
        laplacian_spectra([(2, [(0, 1)])], d=0)
