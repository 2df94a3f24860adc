from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.latent import from_patches, patch_features, through_tokens, to_patches
from spectral_lab.latent.explorers import tokens_as_averages


@given(n=st.integers(1, 4), patch=st.integers(1, 5), seed=st.integers(0, 100))
def test_patches_are_put_together_again(n: int, patch: int, seed: int) -> None:
    if n * patch < 2:
        return
    field = np.random.default_rng(seed).standard_normal((n * patch, n * patch))
    rows = to_patches(field, patch)
    np.testing.assert_array_equal(rows[0].reshape(patch, patch), field[:patch, :patch])
    np.testing.assert_array_equal(from_patches(rows), field)


def test_features_are_the_field_and_its_place() -> None:
    field = np.arange(16.0).reshape(4, 4)
    X = patch_features(field, 2)
    assert X.shape == (4, 4, 8)
    np.testing.assert_array_equal(X[3, :, 0], [10, 11, 14, 15])
    np.testing.assert_array_equal(X[0, :, 1], [-1, 1, -1, 1])
    np.testing.assert_array_equal(X[0, :, 3], X[0, :, 0] * X[0, :, 1])


@given(C=st.integers(1, 8), scale=st.floats(0.5, 10), seed=st.integers(0, 100))
def test_what_comes_back_has_rank_at_most_c(C: int, scale: float, seed: int) -> None:
    X = np.random.default_rng(seed).standard_normal((3, 20, 8))
    found = through_tokens(X, C, scale, seed)
    assert found.rank <= C
    np.testing.assert_allclose(found.maps.sum(axis=-1), 1)
    assert found.maps.shape == (3, C, 20)


def test_scale_zero_gives_means_and_one_token_a_constant() -> None:
    X = np.random.default_rng(0).standard_normal((3, 20, 8))
    mean = np.broadcast_to(X.mean(axis=1, keepdims=True), X.shape)
    np.testing.assert_allclose(through_tokens(X, 4, 0).back, mean, atol=1e-14)
    back = through_tokens(X, 1, 3.0).back
    np.testing.assert_allclose(back, np.broadcast_to(back[:, :1], back.shape), atol=1e-14)


def test_a_patch_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="patch must divide"):
        to_patches(np.ones((6, 6)), 4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("state", [{"tokens": 1}, {"heat": 0.0}])
def test_one_patch_whose_tokens_are_alike_brings_one_value_back_and_says_so(
    state: dict[str, float],
) -> None:
    even = tokens_as_averages(patch=48, **state)
    assert even.readout.endswith("rank 1 of 8; it is the same everywhere.")
    names: dict[str, object] = {}
    exec(even.code, names)
    assert names["same_everywhere"]
