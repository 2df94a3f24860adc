from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_lab.latent import (
    attend,
    basis_matrix,
    block_frequencies,
    decode,
    decoder_sides,
    favard_constant,
    fit_residual,
    latent_solve,
    latent_tokens,
    relative_l2,
    useful_directions,
)


def block(X, T, weights, encoder, decoder, frequencies="code"):
    """The whole block on one patch."""
    return decode(X, latent_solve(latent_tokens(X, T, *encoder), weights, frequencies), *decoder)


def random_block(seed: int, L: int = 12, heads: int = 4, C: int = 3, channels: int = 2, N: int = 5):
    rng = np.random.default_rng(seed)
    d = heads * channels
    draw = rng.standard_normal
    encoder, decoder = (draw((2 * d, d)) / d**0.5, draw(2 * d)), (draw((d, d)) / d**0.5, draw(d))
    return draw((L, d)), draw((heads, C, channels)), 0.3 * draw((d, 2 * N)), encoder, decoder


def test_parity_of_tokens_and_output(reference) -> None:
    """One patch of the reference block after the other."""
    z = lambda shape, seed: np.random.RandomState(seed).standard_normal(shape)  # noqa: E731
    case, arrays = reference("lsm_models.json")["block2d"], reference("lsm_models.npz")
    fill = {row["name"]: row for row in reference("lsm_fill_recipe.json")["block2d"]}
    part = {name: z(row["shape"], row["seed"]) * row["scale"] + row["shift"] for name, row in fill.items()}
    encoder = part["encoder_attn.weight"][..., 0, 0], part["encoder_attn.bias"]
    decoder = part["decoder_attn.weight"][..., 0, 0], part["decoder_attn.bias"]
    x, (p, q), d = z(case["x_shape"], case["x_seed"]), case["patch"], case["width"]
    patch = 0
    for b in range(2):
        for i in range(0, 6, p):
            for j in range(0, 8, q):
                X = x[b, :, i : i + p, j : j + q].reshape(d, -1).T
                before = latent_tokens(X, part["latent"], *encoder)
                after = latent_solve(before, part["weights"])
                for tokens, stored in ((before, "block2d_tokens_in"), (after, "block2d_tokens_out")):
                    flat = np.moveaxis(tokens, 1, 2).reshape(d, -1)
                    np.testing.assert_allclose(flat, arrays[stored][patch], atol=1e-13)
                Y = decode(X, after, *decoder).T.reshape(d, p, q)
                np.testing.assert_allclose(Y, arrays["block2d_out"][b, :, i : i + p, j : j + q], atol=1e-13)
                patch += 1


@given(seed=st.integers(0, 1000))
def test_points_may_be_permuted_and_so_may_tokens(seed: int) -> None:
    X, T, weights, encoder, decoder = random_block(seed)
    rng = np.random.default_rng(seed)
    points, tokens = rng.permutation(len(X)), rng.permutation(T.shape[1])
    Y = block(X, T, weights, encoder, decoder)
    np.testing.assert_allclose(block(X[points], T, weights, encoder, decoder), Y[points], atol=1e-12)
    np.testing.assert_allclose(block(X, T[:, tokens], weights, encoder, decoder), Y, atol=1e-12)


@given(seed=st.integers(0, 1000), C=st.integers(1, 4), channels=st.integers(1, 6))
def test_the_update_of_a_head_has_rank_at_most_c_and_lies_among_the_tokens(seed: int, C: int, channels: int) -> None:
    X, T, weights, encoder, decoder = random_block(seed, C=C, channels=channels)
    tokens = latent_solve(latent_tokens(X, T, *encoder), weights)
    update = decode(X, tokens, *decoder) - X
    for head, own in zip(np.moveaxis(update.reshape(len(X), 4, -1), 1, 0), tokens, strict=True):
        singular_values = np.linalg.svd(head, compute_uv=False)
        assert (singular_values[min(C, channels) :] < 1e-12 * singular_values[0]).all()
        for direction in np.random.default_rng(seed).standard_normal((5, channels)):
            assert (head @ direction).max() <= (own @ direction).max() + 1e-12
            assert (head @ direction).min() >= (own @ direction).min() - 1e-12


@given(seed=st.integers(0, 1000), row=st.integers(0, 23))
def test_no_entry_of_a_token_sees_another(seed: int, row: int) -> None:
    _, T, weights, *_ = random_block(seed)
    moved = T.copy()
    moved.flat[row] += 0.1
    changed = latent_solve(moved, weights) != latent_solve(T, weights)
    assert set(np.flatnonzero(changed)) <= {row}
    # Analytically 1 + sum_k omega_k (w_k cos - w_{N+k} sin), by central differences.
    omega, t = block_frequencies(5), T.flat[row]
    head, _, channel = np.unravel_index(row, T.shape)
    w = weights[head * 2 + channel]
    slope = 1 + (omega * (w[:5] * np.cos(omega * t) - w[5:] * np.sin(omega * t))).sum()
    up, down = T.copy(), T.copy()
    up.flat[row], down.flat[row] = t + 1e-5, t - 1e-5
    measured = (latent_solve(up, weights) - latent_solve(down, weights)).flat[row] / 2e-5
    assert measured == pytest.approx(slope, abs=1e-8)


@given(seed=st.integers(0, 10_000), C=st.integers(1, 6), d=st.integers(1, 6), size=st.floats(0, 8))
def test_the_way_back_is_stable(seed: int, C: int, d: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    q, T, change = size * rng.standard_normal(d), rng.standard_normal((C, d)), rng.standard_normal((C, d))
    sides = decoder_sides(q, T, change)
    assert sides.error <= sides.bound * (1 + 1e-12)
    h = 1e-6
    y = [attend(q[None], T + s * h * change, T + s * h * change)[0] for s in (1, -1)]
    assert np.linalg.norm(y[0] - y[1]) / (2 * h) == pytest.approx(sides.error, rel=1e-4, abs=1e-7)


def test_the_bound_of_the_way_back_is_attained() -> None:
    """Two tokens a hair apart move alike; two far apart, with equal scores, move against each other."""
    assert np.divide(*decoder_sides([1.0], [[0.0], [1e-6]], [[1.0], [1.0]])) == pytest.approx(1, abs=1e-6)
    sides = decoder_sides([30.0, 0.0], [[0.0, 1.0], [0.0, -1.0]], [[1.0, 0.0], [-1.0, 0.0]])
    assert sides.error / sides.bound > 0.95


def test_parity_of_ranks(reference) -> None:
    for row in reference("lsm_numerics.json")["basis_rank"]["rows"]:
        assert basis_matrix([0.5], row["N"], row["basis"]).shape == (1, row["columns"])
        for threshold, rank in ((1e-2, row["rank_1e_2"]), (1e-6, row["rank_1e_6"])):
            assert useful_directions(row["R"], row["N"], row["basis"], threshold) == rank


@given(N=st.integers(2, 40), t=st.floats(-50, 50))
def test_the_released_basis_has_period_2n_and_a_dead_column(N: int, t: float) -> None:
    np.testing.assert_allclose(basis_matrix([t], N), basis_matrix([t + 2 * N], N), atol=1e-10)
    assert (basis_matrix([t], N)[:, 0] == 0).all()
    assert (basis_matrix([t], N)[:, N] == 1).all()
    assert block_frequencies(N).max() < np.pi


def test_more_released_operators_do_not_help_and_integer_ones_do() -> None:
    sine = lambda t: np.sin(5 * t)  # noqa: E731
    for N in (12, 24, 48):
        assert 0.1 < fit_residual(sine, 1, N).error < 0.15
        assert fit_residual(sine, 1, N, "integer").error < 1e-3
    assert fit_residual(sine, 1, 2, "integer").error > 0.5


def test_released_operators_fit_more_where_weights_may_be_large() -> None:
    """The band limits what moderate weights can do, not what can be done: sin 5t is in the closed span."""
    fits = [fit_residual(lambda t: np.sin(5 * t), 1, 12, ridge=ridge) for ridge in (1e-6, 1e-8, 1e-10, 0)]
    errors, weights = [fit.error for fit in fits], [np.abs(fit.weights).max() for fit in fits]
    assert (np.diff(errors) < 0).all()
    assert (np.diff(weights) > 0).all()
    assert errors[-1] < 1e-5
    assert weights[0] < 20 < 1e5 < weights[-1]


def test_the_fit_converges_at_favards_rate() -> None:
    """Theorem A for |t|, whose derivative is bounded by 1, and an analytic target with its pole."""
    N = np.array([4, 8, 16, 32])
    errors = [fit_residual(np.abs, np.pi, n + 1, "integer", 0, 4001).error for n in N]
    assert np.polyfit(np.log(N), np.log(errors), 1)[0] == pytest.approx(-1, abs=0.05)
    assert (errors >= 0.4 * favard_constant(1) / (N + 1)).all()  # E_N of |t| is about 0.18 of the bound's 1 / (N+1)
    smooth = lambda t: 1 / (2 - np.cos(t))  # noqa: E731
    errors = [fit_residual(smooth, np.pi, n, "integer", 0, 2001).error for n in (5, 13)]
    assert (errors[1] / errors[0]) ** (1 / 8) == pytest.approx(2 - np.sqrt(3), abs=0.01)


def test_the_relative_error_is_one_number_a_sample() -> None:
    rng = np.random.default_rng(0)
    target, noise = rng.standard_normal((2, 5, 3, 2))
    expected = [np.linalg.norm(e) / np.linalg.norm(t) for e, t in zip(noise, target, strict=True)]
    np.testing.assert_allclose(relative_l2(target + noise, target), expected)
    np.testing.assert_allclose(relative_l2(1e-9 * (target + noise), 1e-9 * target), expected)
    with pytest.raises(ValueError, match="target"):
        relative_l2(target, 0 * target)


def test_many_patches_at_once_are_each_by_itself() -> None:
    X, T, weights, encoder, decoder = random_block(0)
    patches = np.stack([X, X[::-1], 2 * X])[None]  # (1, 3, L, d)
    together = block(patches, T, weights, encoder, decoder)
    for patch, out in zip(patches[0], together[0], strict=True):
        np.testing.assert_allclose(out, block(patch, T, weights, encoder, decoder), atol=1e-13)
