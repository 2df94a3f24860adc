"""The spectral density of a matrix that is too large to diagonalise, from a few products with it."""

from __future__ import annotations

import sys
from typing import Any, SupportsInt

import numpy as np
import scipy
from jaxtyping import Float

from spectral_lab import checks


def lanczos_density(
    W: Any, steps: SupportsInt = 80, probes: SupportsInt = 8, seed: SupportsInt = 0
) -> tuple[Float[np.ndarray, " values"], Float[np.ndarray, " values"]]:
    """(values, weights): a discrete density that stands for the ESD of W; the weights sum to 1.

    Lanczos on the smaller Gram matrix from random signs, orthogonalised twice: its eigenvalues are the values, the
    squared first components of its eigenvectors the weights (Golub, Welsch 1969; Lin, Saad, Yang 2016). The first
    2 steps - 1 moments of each probe are exact; the largest value converges first, the bottom last. At n = 1000 the
    distribution function is off by about 0.02 with 60 steps and 4 probes. Dense `esd` is faster there: this is for
    sides of many thousands, and for operators.

    Args: W (m, n), an array, a sparse matrix, or a LinearOperator of scipy; steps from 1 to 1000; probes from 1 to
    1000; seed. Raises: ValueError.
    """
    operator, (m, n) = _operator(W)
    steps, probes = checks.integer(steps, "steps", 1, 1000), checks.integer(probes, "probes", 1, 1000)
    rng, size = np.random.default_rng(checks.integer(seed, "seed", 0)), min(m, n)
    steps = min(steps, size)
    checks.room(steps * size, "steps and the sides of W")
    values, weights = [], []
    for _ in range(probes):
        nodes, shares = _probe(operator, m <= n, rng.choice([-1.0, 1.0], size) / np.sqrt(size), steps)
        values.append(nodes)
        weights.append(shares / probes)
    order = np.concatenate(values).argsort(kind="stable")
    return np.concatenate(values)[order], np.concatenate(weights)[order]


def _probe(operator: Any, wide: bool, v: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    basis, diagonal, off = np.empty((steps, len(v))), [], []
    for k in range(steps):
        basis[k] = v
        image = operator @ (operator.T @ v) if wide else operator.T @ (operator @ v)
        diagonal.append(float(v @ image))
        for _ in range(2):
            image = image - basis[: k + 1].T @ (basis[: k + 1] @ image)
        norm = float(np.linalg.norm(image))
        if k + 1 == steps or norm <= 1e-13 * max(map(abs, diagonal)):  # the space that v reaches is exhausted
            break
        off.append(norm)
        v = image / norm
    nodes, vectors = scipy.linalg.eigh_tridiagonal(diagonal, off[: len(diagonal) - 1])
    return np.maximum(nodes, 0), vectors[0] ** 2


def _operator(W: Any) -> tuple[Any, tuple[int, int]]:
    sparse = sys.modules.get("scipy.sparse")
    linear = sys.modules.get("scipy.sparse.linalg")
    if linear is not None and isinstance(W, linear.LinearOperator):
        return W, W.shape
    if sparse is not None and sparse.issparse(W) and W.ndim == 2 and W.dtype.kind in "fiub" and min(W.shape) > 0:
        entries = checks.real_array(W.tocsr().data, "W")
        unsound = entries.size and np.abs(entries).max() > 1e140
        operator = W.tocsr().astype(float)
    else:
        operator = checks.real_array(W, "W")
        unsound = operator.ndim != 2 or operator.size == 0 or np.abs(operator).max() > 1e140
    if unsound:
        raise ValueError(f"W must be a matrix with entries of at most 1e140, got shape {np.shape(W)}")
    return operator, operator.shape
