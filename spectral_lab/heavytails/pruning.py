"""Three ways to choose which weights of a layer y = W x go: by size, by size times input, by what their loss costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from spectral_lab import checks

BLOCK = 128  # columns that SparseGPT decides on together
DAMPING = 0.01  # of the mean diagonal of the Hessian


def magnitude_mask(W: ArrayLike, sparsity: Any) -> Bool[np.ndarray, "out in"]:
    """True where a weight stays: |W| above its floor(sparsity * count)-th smallest value, counted from 0.

    The threshold itself goes too, so one weight more than that count is lost, and all of equal size with it: as
    released.

    Args: W (out, in); sparsity from 0 to 1. Raises: ValueError.
    """
    size = np.abs(_matrix(W))
    S = checks.number(sparsity, "sparsity", 0, 1)
    place = min(int(size.size * S), size.size - 1)
    return size > np.partition(size, place, axis=None)[place]


def wanda_mask(W: ArrayLike, inputs: ArrayLike, sparsity: Any) -> Bool[np.ndarray, "out in"]:
    """True where a weight stays: in each row the floor(in * sparsity) smallest |W_ij| ||X_j|| go; ties by order.

    X_j is column j of the inputs (Sun, Liu, Bair, Kolter 2024).

    Args: W (out, in); inputs (tokens, in), not all 0; sparsity from 0 to 1. Raises: ValueError.
    """
    W = _matrix(W)
    X, S = _inputs(inputs, W), checks.number(sparsity, "sparsity", 0, 1)
    score = np.abs(W) * np.linalg.norm(X, axis=0)
    kept = np.ones(W.shape, dtype=bool)
    gone = score.argsort(axis=1, kind="stable")[:, : int(W.shape[1] * S)]
    np.put_along_axis(kept, gone, False, axis=1)
    return kept


def sparsegpt(
    W: ArrayLike, inputs: ArrayLike, sparsity: Any
) -> tuple[Float[np.ndarray, "out in"], Bool[np.ndarray, "out in"]]:
    """(weights, kept): prune, and let the weights that stay make up for those that go (Frantar, Alistarh 2023).

    H = X^T X with 0.01 of its mean diagonal added; U the upper Cholesky factor of H^-1. Of each block of 128 columns
    the weights of least W_ij^2 / U_jj^2 go; column by column the error e = W_j / U_jj is taken out of the columns after
    it, W_k -= e U_jk. Inputs that are always 0 lose their weights first; as released they count with 1 on the diagonal
    of (2 / tokens) X^T X, so that their number moves the damping of the others.

    Args: W (out, in), in at most 10 000; inputs (tokens, in), not all 0; sparsity from 0 to 1. Raises: ValueError.
    """
    W = _matrix(W).copy()
    X, S = _inputs(inputs, W), checks.number(sparsity, "sparsity", 0, 1)
    scale = np.abs(X).max()
    X = X / scale
    H, dead = X.T @ X, ~X.any(axis=0)
    W[:, dead], H[dead, dead] = 0, len(X) / (2 * scale**2)
    U = _upper_factor(H)
    kept = ~np.broadcast_to(dead, W.shape)
    for first in range(0, W.shape[1], BLOCK):
        columns = slice(first, first + BLOCK)
        cost = np.abs(W[:, columns] / np.diag(U)[columns])  # its square would leave the range of numbers sooner
        place = min(int(cost.size * S), cost.size - 1)
        kept[:, columns] = cost > np.partition(cost, place, axis=None)[place]
        for j in range(first, min(first + BLOCK, W.shape[1])):
            error = np.where(kept[:, j], 0.0, W[:, j]) / U[j, j]
            W[:, j:] -= np.outer(error, U[j, j:])
            W[~kept[:, j], j] = 0.0  # to the last digit
    return W, kept


def _upper_factor(H: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "n n"]:
    """U with U^T U = (H + damping)^-1, upper triangular."""
    H = H.copy()
    H[np.diag_indices_from(H)] += DAMPING * np.diag(H).mean()
    return scipy.linalg.cholesky(scipy.linalg.inv(H))


def _matrix(W: ArrayLike) -> Float[np.ndarray, "out in"]:
    W = checks.real_array(W, "W")
    if W.ndim != 2 or W.size == 0 or np.abs(W).max() > 1e100:
        raise ValueError(f"W must be a matrix with entries of at most 1e100, got shape {W.shape}")
    return W


def _inputs(inputs: ArrayLike, W: Float[np.ndarray, "out in"]) -> Float[np.ndarray, "tokens in"]:
    checks.order(W.shape[1], "the number of columns of W")
    X = checks.real_array(inputs, "inputs", (None, W.shape[1]))
    largest = np.abs(X).max(initial=0.0)
    if not 1e-100 <= largest <= 1e100:
        raise ValueError(f"inputs must have a largest entry between 1e-100 and 1e100, got {largest:.3g}")
    return X
