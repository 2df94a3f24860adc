"""The filters with a known steepness: the splines are scipy's, the constants hold for trained and untrained weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spectral_lab.eigenspaces import mlp_lipschitz, mlp_lipschitz_bound, spline_design
from spectral_lab.eigenspaces.models import SPE, LipschitzFilters, SplineFilters


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_the_splines_are_scipys(pieces):
    filters = SplineFilters(2, pieces)
    lam = torch.linspace(0, 2, 33)[None]
    np.testing.assert_allclose(filters.design(lam)[0], spline_design(lam[0].numpy(), pieces), atol=1e-12)
    torch.set_default_dtype(torch.float32)
    later = SplineFilters(2, pieces).double()  # single precision at birth must not blur the knots
    np.testing.assert_allclose(later.design(lam)[0], spline_design(lam[0].numpy(), pieces), atol=1e-12)
    exists = torch.arange(33)[None] < 20
    assert not filters(lam, exists)[0, 20:].any()


@pytest.mark.parametrize("K", [0.1, 3.0])
def test_the_perceptrons_respect_their_lipschitz_constant(K):
    torch.manual_seed(0)
    filters = LipschitzFilters(3, 3, 8, K)
    for l in range(3):
        weights = [filters.normalised(depth)[l].detach().numpy() for depth in range(3)]
        biases = [linear.bias[l].detach().numpy() for linear in filters.linears]
        assert mlp_lipschitz_bound(weights) == pytest.approx(K)
        assert mlp_lipschitz(weights, biases) <= K * (1 + 1e-12)
    lam = torch.rand(1, 60) * 2
    phi = filters(lam, torch.ones(1, 60, dtype=torch.bool))[0]
    steep = (phi[:, None] - phi).abs() / ((lam[0][:, None] - lam[0]).abs()[..., None] + 1e-9)
    assert steep.max() <= K


@torch.no_grad()
def test_spe_takes_a_module_for_phi():
    spe = SPE(4, 3, SplineFilters(3, 5), rho_layers=1, rho_width=4)
    lam, mask = torch.rand(2, 4).sort().values, torch.ones(2, 6, dtype=torch.bool)
    assert spe.weights(lam, mask).shape == (2, 4, 3)


@pytest.mark.parametrize(
    ("build", "name"), [(lambda: SplineFilters(1, 0), "pieces"), (lambda: LipschitzFilters(1, 2, 3, 0.0), "lipschitz")]
)
def test_bad_arguments_are_named(build, name):
    with pytest.raises(ValueError, match=name):
        build()
