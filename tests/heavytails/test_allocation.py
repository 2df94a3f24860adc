from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spectral_lab.heavytails import (
    alpha_pruning,
    magnitude_mask,
    sigmoid_balance,
    sparsegpt,
    temperature_balance,
    wanda_mask,
)

exponents = hnp.arrays(float, st.integers(2, 20), elements=st.floats(1.1, 10), unique=True)


def test_the_released_learning_rates(reference: Any) -> None:
    stored = reference("estimators.json")["lr_assign"]
    given_ = stored["metric"], stored["global_lr"], stored["lr_min_ratio"], stored["lr_max_ratio"]
    names = {"linear": "tb_linear_map", "sqrt": "tb_sqrt", "log2": "tb_log2", "rank": "tb_step"}
    for rule, name in names.items():
        np.testing.assert_allclose(temperature_balance(*given_, rule=rule), stored[name], rtol=1e-10)
    row = stored["tb_std_sigmoid"]
    rates = sigmoid_balance(stored["metric"], 0.1, row["sigmoid_min"], row["sigmoid_max"], row["exp_temp"])
    np.testing.assert_allclose(rates, row["lr"], rtol=1e-10)


@given(alphas=exponents, shift=st.floats(0, 5))
def test_what_a_common_shift_changes(alphas: np.ndarray, shift: float) -> None:
    for rule in ("linear", "rank"):
        one, other = (temperature_balance(a, 0.1, rule=rule) for a in (alphas, alphas + shift))
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)
    sizes = np.arange(1.0, len(alphas) + 1)
    one, other = (alpha_pruning(a, sizes, 0.7, 0.2) for a in (alphas, alphas + shift))
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)
    assert temperature_balance(alphas, 0.1, rule="sqrt").mean() == pytest.approx(0.1)
    assert temperature_balance(alphas, 0.1, rule="log2").mean() == pytest.approx(0.1)


@given(alphas=exponents)
def test_rates_rise_with_the_exponent_and_stay_in_range(alphas: np.ndarray) -> None:
    order = alphas.argsort()
    for rule in ("linear", "sqrt", "log2", "rank"):
        assert (np.diff(temperature_balance(alphas, 1.0, rule=rule)[order]) >= 0).all()
    assert (np.diff(sigmoid_balance(alphas, 1.0, 0.5, 0.5)[order]) >= -1e-15).all()
    rates = temperature_balance(alphas, 1.0, 0.3, 1.7)
    assert (rates.min(), rates.max()) == pytest.approx((0.3, 1.7))
    np.testing.assert_allclose(temperature_balance(np.full(3, 2.0), 0.1, 0.5, 1.5), 0.1)


def test_the_released_sparsities_of_llama(reference: Any) -> None:
    alphas, stored = reference("llama_alphas.npz"), reference("alphapruning.json")
    for name, case in stored.items():
        d, f = case["hidden"], case["intermediate"]
        blocks = alphas[name].reshape(case["blocks"], 7).mean(axis=1)
        sizes = np.full(case["blocks"], 4 * d * d + 3 * d * f)
        for row in case["results"]:
            clip = 0.99999 if row["sparsity"] == 0.7 else 0.998
            found = alpha_pruning(blocks, sizes, row["sparsity"], row["epsilon"], clip)
            np.testing.assert_allclose(found, row["block_ratio"], atol=1e-6)


@given(alphas=exponents, S=st.floats(0, 0.95), epsilon=st.floats(0, 1), seed=st.integers(0, 100))
def test_the_whole_is_as_sparse_as_asked_for(alphas: np.ndarray, S: float, epsilon: float, seed: int) -> None:
    sizes = np.random.default_rng(seed).uniform(1, 100, len(alphas))
    released = alpha_pruning(alphas, sizes, S, epsilon)
    total = sizes @ released / sizes.sum()
    if (released < 0.998).all():
        assert total == pytest.approx(S, abs=1e-12)
        np.testing.assert_allclose(alpha_pruning(alphas, sizes, S, epsilon, redistribute=True), released, atol=1e-12)
    exact = alpha_pruning(alphas, sizes, S, epsilon, redistribute=True)
    assert sizes @ exact / sizes.sum() == pytest.approx(S, abs=1e-9)
    assert 0 <= exact.min() <= exact.max() <= 0.998 + 1e-12
    assert (np.diff(exact[alphas.argsort()]) >= -1e-12).all()


def test_blocks_of_least_alpha_share_alike_what_the_others_cannot_take() -> None:
    alphas, sizes = np.array([2.0, 5.0, 2.0, 3.0]), np.array([3.0, 1.0, 2.0, 1.0])
    exact = alpha_pruning(alphas, sizes, 0.8, 1.0, redistribute=True)
    np.testing.assert_allclose(exact[[1, 3]], 0.998)
    np.testing.assert_allclose(exact[[0, 2]], (0.8 * 7 - 2 * 0.998) / 5)
    nearly = alpha_pruning(alphas, sizes, 0.8, 1 - 1e-9, redistribute=True)
    np.testing.assert_allclose(nearly, exact, atol=1e-8)  # no jump at epsilon = 1


@given(alphas=exponents, seed=st.integers(0, 100))
def test_rounding_alone_clips_nothing(alphas: np.ndarray, seed: int) -> None:
    sizes = np.random.default_rng(seed).uniform(1, 100, len(alphas))
    np.testing.assert_allclose(alpha_pruning(alphas, sizes, 1.0, 0.0, clip=0.9), 1, rtol=1e-12)


def forward(ids: np.ndarray, weights: dict[str, np.ndarray], layers: int, visit: Any) -> None:
    x = weights["model.embed_tokens.weight"][ids].reshape(-1, weights["model.embed_tokens.weight"].shape[1])
    for layer in range(layers):
        one, two = f"model.layers.{layer}.fc1.weight", f"model.layers.{layer}.fc2.weight"
        # inputs of both layers come from the block as it was, then the block is run again as pruned
        hidden = np.tanh(x @ weights[one].T)
        pruned = visit(one, x), visit(two, hidden)
        x = x + np.tanh(x @ pruned[0].T) @ pruned[1].T


@pytest.mark.parametrize("kind", ["uniform", "layerwise"])
@pytest.mark.parametrize("method", ["magnitude", "wanda", "sparsegpt"])
def test_masks_and_weights_of_the_released_pruning(reference: Any, method: str, kind: str) -> None:
    stored, config = reference("pruning.npz"), reference("pruning_config.json")
    weights = {key[3:]: value.astype(float) for key, value in stored.items() if key.startswith("in/model")}
    names = [f"model.layers.{i}.{fc}.weight" for i in range(config["L"]) for fc in ("fc1", "fc2")]
    ratios = stored["in/layerwise_ratios"] if kind == "layerwise" else np.full(len(names), stored["in/uniform_ratio"])

    def visit(name: str, inputs: np.ndarray) -> np.ndarray:
        W, S = weights[name], float(ratios[names.index(name)])
        if method == "sparsegpt":
            pruned, kept = sparsegpt(W, inputs, S)
            np.testing.assert_array_equal(pruned[~kept], 0)
        else:
            kept = magnitude_mask(W, S) if method == "magnitude" else wanda_mask(W, inputs, S)
            pruned = W * kept
        expected = stored[f"out/{method}/{kind}/{name}"]
        np.testing.assert_array_equal(pruned != 0, expected != 0)
        np.testing.assert_allclose(pruned, expected, atol=1e-4)
        return pruned

    forward(stored["in/ids"], weights, config["L"], visit)


def test_sparsegpt_mends_most_of_what_it_breaks_where_inputs_are_alike() -> None:
    broken, mended, scored = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        W, common = rng.standard_normal((12, 32)), rng.standard_normal((8, 32))
        X = rng.standard_normal((200, 8)) @ common + 0.3 * rng.standard_normal((200, 32))
        pruned, kept = sparsegpt(W, X, 0.5)
        assert (~kept).sum() == 193  # one more than half, as the threshold goes too
        broken.append(np.linalg.norm(X @ (W * kept - W).T))
        mended.append(np.linalg.norm(X @ (pruned - W).T))
        scored.append(np.linalg.norm(X @ (W * wanda_mask(W, X, 0.5) - W).T))
    assert np.mean(mended) < 0.5 * np.mean(broken)
    assert np.mean(mended) < 0.6 * np.mean(scored)


def test_sparsegpt_with_inputs_that_never_come_and_inputs_that_do_not_touch() -> None:
    rng = np.random.default_rng(0)
    W, X = rng.standard_normal((6, 16)), rng.standard_normal((80, 16))
    X[:, 3] = 0
    pruned, kept = sparsegpt(W, X, 0.3)
    np.testing.assert_array_equal(pruned[:, 3], 0)
    np.testing.assert_array_equal(kept[:, 3], False)
    apart, _ = np.linalg.qr(rng.standard_normal((80, 16)))  # orthogonal inputs: nothing to mend with
    pruned, kept = sparsegpt(W, apart, 0.5)
    np.testing.assert_allclose(pruned, W * kept, atol=1e-12)
    np.testing.assert_array_equal(kept, magnitude_mask(W, 0.5))


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_inputs_that_never_come_damp_sparsegpt_as_published(scale: float) -> None:
    rng = np.random.default_rng(1)
    W, X, S = rng.standard_normal((6, 16)), scale * rng.standard_normal((40, 16)), 0.5
    dead = np.arange(16) % 2 == 1
    X[:, dead] = 0
    H = 2 / len(X) * X.T @ X
    H[dead, dead] = 1
    H += 0.01 * np.diag(H).mean() * np.eye(16)
    U = np.linalg.cholesky(np.linalg.inv(H)).T
    left = np.where(dead, 0, W)
    cost = left**2 / np.diag(U) ** 2
    gone = cost <= np.sort(cost, axis=None)[int(cost.size * S)]
    for j in range(16):
        error = np.where(gone[:, j], left[:, j], 0) / U[j, j]
        left[:, j:] -= np.outer(error, U[j, j:])
    pruned, kept = sparsegpt(W, X, S)
    np.testing.assert_array_equal(kept, ~gone)
    np.testing.assert_allclose(pruned, left * ~gone, atol=1e-10)


@given(seed=st.integers(0, 100), S=st.floats(0, 1))
def test_masks_have_their_sparsity_and_keep_what_is_larger(seed: int, S: float) -> None:
    rng = np.random.default_rng(seed)
    W, X = rng.standard_normal((7, 20)), rng.standard_normal((30, 20))
    kept = magnitude_mask(W, S)
    assert (~kept).sum() == min(int(140 * S) + 1, 140)
    assert np.abs(W[kept]).min(initial=np.inf) > np.abs(W[~kept]).max()
    kept = wanda_mask(W, X, S)
    assert ((~kept).sum(axis=1) == int(20 * S)).all()
    score = np.abs(W) * np.sqrt((X**2).sum(axis=0))
    for row, keep in zip(score, kept, strict=True):
        assert row[keep].min(initial=np.inf) >= row[~keep].max(initial=0)
    np.testing.assert_array_equal(wanda_mask(W, np.ones((3, 20)), S).sum(axis=1), 20 - int(20 * S))
