"""A field cut into patches, averaged to tokens and brought back: what one spectral block sees of it.

The features of a point are the field, its place in the patch, and their products; queries are random, keys and values
the features themselves. Nothing is learned here, and the structure is that of the block: a mean of C tokens for each
point.
"""

from __future__ import annotations

from typing import Any, NamedTuple, SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.latent.latent_block import attend
from spectral_lab.latent.random_fields import square_fields

CHANNELS = 8


class ThroughTokens(NamedTuple):
    """What comes back to the points, where each token looks (rows that sum to 1), and the largest rank of a patch."""

    back: Float[np.ndarray, "patches L channels"]
    maps: Float[np.ndarray, "patches tokens L"]
    rank: int


def to_patches(field: ArrayLike, patch: SupportsInt) -> Float[np.ndarray, "patches L"]:
    """A field (K, K) as rows, one a patch of patch x patch points, from left to right and top to bottom.

    Args: patch, a divisor of K. Raises: ValueError.
    """
    field = checks.real_array(square_fields(field, "field"), "field", (None, None))
    K, patch = len(field), checks.integer(patch, "patch", 1, len(field))
    if K % patch:
        raise ValueError(f"patch must divide the {K} points of a side, got {patch}")
    n = K // patch
    return field.reshape(n, patch, n, patch).transpose(0, 2, 1, 3).reshape(n * n, patch * patch)


def from_patches(rows: ArrayLike) -> Float[np.ndarray, "K K"]:
    """The field of which these are the patches: the inverse of `to_patches`.

    Args: rows (n^2, patch^2). Raises: ValueError.
    """
    rows = checks.real_array(rows, "rows", (None, None))
    n, patch = round(len(rows) ** 0.5), round(rows.shape[1] ** 0.5)
    if rows.size == 0 or (n * n, patch * patch) != rows.shape:
        raise ValueError(f"rows must have shape (n^2, patch^2), got {rows.shape}")
    return rows.reshape(n, n, patch, patch).transpose(0, 2, 1, 3).reshape(n * patch, n * patch)


def patch_features(field: ArrayLike, patch: SupportsInt) -> Float[np.ndarray, "patches L channels"]:
    """g, x, y, gx, gy, xy, x^2 - 1/3, y^2 - 1/3 at each point; x and y run over [-1, 1] in each patch.

    Args: field g (K, K), at most 1e20 in size; patch, a divisor of K. Raises: ValueError.
    """
    g = to_patches(field, patch)
    if np.abs(g).max() > 1e20:
        raise ValueError(f"field must be at most 1e20 in size, got {np.abs(g).max():.3g}")
    place = np.linspace(-1, 1, round(g.shape[1] ** 0.5))
    x, y = (np.broadcast_to(part.ravel(), g.shape) for part in np.meshgrid(place, place))
    return np.stack([g, x, y, g * x, g * y, x * y, x**2 - 1 / 3, y**2 - 1 / 3], axis=-1)


def through_tokens(X: ArrayLike, tokens: SupportsInt, scale: Any, seed: SupportsInt = 0) -> ThroughTokens:
    """Average the features of each patch to tokens and bring them back, with random queries times `scale`.

    T = softmax(scale Q X^T) X and back = softmax(scale X T^T) T. Scale 0 makes every token the mean of its patch.

    Args: X (patches, L, channels), at most 1e20 in size; tokens, 1 to 64; scale, 0 to 1000; seed. Raises: ValueError.
    """
    X = checks.real_array(X, "X", (None, None, None))
    tokens, scale = checks.integer(tokens, "tokens", 1, 64), checks.number(scale, "scale", 0, 1e3)
    if X.size == 0 or np.abs(X).max() > 1e20:
        raise ValueError("X must hold some features, of at most 1e20 in size")
    rng = np.random.RandomState(checks.integer(seed, "seed", 0, 2**32 - 1))
    queries = scale * rng.standard_normal((64, X.shape[2]))[:tokens]
    T, maps = attend(np.broadcast_to(queries, (len(X), *queries.shape)), X, X)
    back, _ = attend(scale * X, T, T)
    sizes = np.linalg.svd(back, compute_uv=False)
    return ThroughTokens(back, maps, int((sizes > 1e-9 * sizes[:, :1]).sum(axis=1).max()))
