"""The neural spectral block on a patch, or on many, equation by equation (Wu and others 2023, section 3; checked
against the authors' numbers).

L points carry d channels in h heads of d_h = d / h. A softmax without 1 / sqrt(d_h) averages the points into C tokens;
each entry of a token is moved along a learned curve; a second softmax averages the tokens back to the points.

    T_x = T + softmax_points(T K^T) V        T_y = T_x + sum_k w_k phi_k(T_x)        Y = X + softmax_tokens(Q T_y^T) T_y

So the update of each head is a matrix of rank at most C, and each of its rows lies among the tokens (derived here).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.latent.basis import FREQUENCIES, LARGEST_COUNT, block_frequencies
from spectral_lab.latent.fourier import Sides


def attend(
    queries: ArrayLike, keys: ArrayLike, values: ArrayLike
) -> tuple[Float[np.ndarray, "*batch m d"], Float[np.ndarray, "*batch m n"]]:
    """(averages, weights): softmax(queries keys^T) values, and the softmax, whose rows sum to 1.

    Args: queries (..., m, c), keys (..., n, c), values (..., n, d), with the same leading axes; at most 1e100 in size.
    Raises: ValueError.
    """
    queries, keys, values = (
        _rows(part, name) for part, name in ((queries, "queries"), (keys, "keys"), (values, "values"))
    )
    if (
        queries.shape[-1] != keys.shape[-1]
        or keys.shape[:-1] != values.shape[:-1]
        or queries.shape[:-2] != keys.shape[:-2]
    ):
        raise ValueError(
            f"queries, keys and values must have shapes (..., m, c), (..., n, c), (..., n, d), got {queries.shape}, "
            f"{keys.shape}, {values.shape}"
        )
    checks.room(queries[..., 0].size * keys.shape[-2], "queries and keys")
    scores = queries @ np.swapaxes(keys, -1, -2)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights @ values, weights


def latent_tokens(
    X: ArrayLike, tokens: ArrayLike, weight: ArrayLike, bias: ArrayLike
) -> Float[np.ndarray, "*batch heads C channels"]:
    """T_x = T + softmax_points(T K^T) V: learned queries, the same for all patches, ask the points for averages.

    Keys and values are interleaved in Z = X weight^T + bias: channel 2i holds key i and channel 2i + 1 value i.

    Args: X (..., L, d); tokens T (h, C, d/h); weight (2d, d); bias (2d,). Raises: ValueError.
    """
    X, T = checks.real_array(X, "X"), checks.real_array(tokens, "tokens", (None, None, None))
    d = _width(X, T)
    Z = _affine(X, weight, bias, 2 * d)
    keys, values = _heads(Z[..., ::2], len(T)), _heads(Z[..., 1::2], len(T))
    return T + attend(np.broadcast_to(T, (*X.shape[:-2], *T.shape)), keys, values)[0]


def latent_solve(
    tokens: ArrayLike, weights: ArrayLike, frequencies: str = "code"
) -> Float[np.ndarray, "*batch heads C channels"]:
    """T_y = T_x + sum_k (W_k sin(omega_k T_x) + W_{N+k} cos(omega_k T_x)), entry by entry, with weights by channel.

    No channel and no token sees another: the Jacobian is diagonal (derived here).

    Args: tokens T_x (..., h, C, d/h), at most 1e6 in size; weights W (d, 2N), channel i of head j in row j d/h + i.
    Raises: ValueError.
    """
    T = _tokens(tokens)
    W = checks.real_array(weights, "weights", (T.shape[-3] * T.shape[-1], None))
    if np.abs(T).max(initial=0) > 1e6:
        raise ValueError(f"tokens must be at most 1e6 in size, got {np.abs(T).max():.3g}")
    if not 0 < W.shape[1] <= 2 * LARGEST_COUNT or W.shape[1] % 2:
        raise ValueError(f"weights must have 2N columns, N from 1 to {LARGEST_COUNT}, got {W.shape[1]}")
    phase = T[..., None] * block_frequencies(W.shape[1] // 2, checks.choice(frequencies, "frequencies", FREQUENCIES))
    basis = np.concatenate([np.sin(phase), np.cos(phase)], axis=-1)
    return T + np.einsum("...hcik,hik->...hci", basis, W.reshape(T.shape[-3], T.shape[-1], -1))


def decode(X: ArrayLike, tokens: ArrayLike, weight: ArrayLike, bias: ArrayLike) -> Float[np.ndarray, "*batch L d"]:
    """Y = X + softmax_tokens(Q T_y^T) T_y, Q = X weight^T + bias: each point asks the tokens, which are key and value.

    Args: X (..., L, d); tokens T_y (h, C, d/h), or those of each patch; weight (d, d); bias (d,). Raises: ValueError.
    """
    X, T = checks.real_array(X, "X"), _tokens(tokens)
    d = _width(X, T)
    T = np.broadcast_to(T, (*X.shape[:-2], *T.shape[-3:]))
    update = attend(_heads(_affine(X, weight, bias, d), T.shape[-3]), T, T)[0]
    return X + np.moveaxis(update, -3, -2).reshape(X.shape)


def decoder_sides(query: ArrayLike, tokens: ArrayLike, change: ArrayLike) -> Sides:
    """How fast y = softmax(q T^T) T moves with the tokens, and eps (1 + |q| D / 2): error, bound.

    eps is the largest |change of a token|, D the largest distance of two tokens. y moves by the mean of the changes, at
    most eps, and by a covariance of scores within |q| eps and tokens within D, at most |q| eps D / 2 (derived here).

    Args: query q (d,); tokens (C, d); change (C, d), a direction; all at most 1e50 in size. Raises: ValueError.
    """
    T = checks.real_array(tokens, "tokens", (None, None))
    if T.size == 0:
        raise ValueError("tokens must be at least one, of at least one channel")
    q, dT = checks.real_array(query, "query", (T.shape[1],)), checks.real_array(change, "change", T.shape)
    if max(np.abs(q).max(), np.abs(T).max(), np.abs(dT).max()) > 1e50:
        raise ValueError("query, tokens and change must be at most 1e50 in size")
    y, p = attend(q[None], T, T)
    score = dT @ q
    dy = p[0] @ dT + (p[0] * (score - p[0] @ score)) @ (T - y[0])
    eps = float(np.linalg.norm(dT, axis=1).max())
    D = float(np.linalg.norm(T[:, None] - T[None], axis=2).max())
    return Sides(float(np.linalg.norm(dy)), eps * (1 + float(np.linalg.norm(q)) * D / 2))


def _rows(value: ArrayLike, name: str) -> np.ndarray:
    rows = checks.real_array(value, name)
    if rows.ndim < 2 or 0 in rows.shape:
        raise ValueError(f"{name} must have shape (..., rows, channels), none of them 0, got {rows.shape}")
    if np.abs(rows).max() > 1e100:
        raise ValueError(f"{name} must be at most 1e100 in size, got {np.abs(rows).max():.3g}")
    return rows


def _tokens(value: ArrayLike) -> np.ndarray:
    T = checks.real_array(value, "tokens")
    if T.ndim < 3:
        raise ValueError(f"tokens must have shape (..., heads, C, channels), got {T.shape}")
    return T


def _affine(X: np.ndarray, weight: ArrayLike, bias: ArrayLike, rows: int) -> Float[np.ndarray, "*batch L rows"]:
    weight, bias = checks.real_array(weight, "weight", (rows, X.shape[-1])), checks.real_array(bias, "bias", (rows,))
    if max(np.abs(weight).max(), np.abs(bias).max()) > 1e50:
        raise ValueError("weight and bias must be at most 1e50 in size")
    return X @ weight.T + bias


def _heads(X: np.ndarray, heads: int) -> Float[np.ndarray, "*batch heads L channels"]:
    return np.moveaxis(X.reshape(*X.shape[:-1], heads, -1), -2, -3)


def _width(X: np.ndarray, T: np.ndarray) -> int:
    if X.ndim < 2 or T.size == 0 or X.size == 0 or X.shape[-1] != T.shape[-3] * T.shape[-1]:
        raise ValueError(
            f"X must have shape (..., L, d) with as many channels as heads and tokens' channels make, got {X.shape} "
            f"and {T.shape}"
        )
    if T.ndim > 3 and T.shape[:-3] != X.shape[:-2]:
        raise ValueError(f"tokens must be those of the patches of X, got {T.shape} and {X.shape}")
    if max(np.abs(X).max(), np.abs(T).max()) > 1e50:
        raise ValueError("X and tokens must be at most 1e50 in size")
    return X.shape[-1]
