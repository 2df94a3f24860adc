"""A path, whose Laplacian has a known spectrum, and signals on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from spectral_lab import checks

NODES = 64
SIGNALS = ("noisy bump", "bump", "step")


def path_laplacian(n: Any) -> Float[np.ndarray, "n n"]:
    """The Laplacian of a path of n nodes: degree on the diagonal, −1 between neighbours. n: at least 2.

    Its spectrum is known: λ_k = 2 − 2 cos(πk/n), k = 0..n−1, and the eigenvectors are the cosines of the
    discrete cosine transform. Raises: ValueError.
    """
    n = checks.order(n, "n", 2)
    links = np.eye(n, k=1) + np.eye(n, k=-1)
    return np.diag(links.sum(axis=1)) - links


def signal(name: str) -> Float[np.ndarray, " nodes"]:
    """A signal on the path of 64 nodes: a bump, the same bump with noise (seed 0), or a step. Raises: ValueError."""
    checks.choice(name, "name", SIGNALS)
    node = np.arange(NODES)
    bump = np.exp(-(((node - 20) / 4) ** 2))
    if name == "step":
        return np.where(node < NODES // 2, 1.0, 0.0)
    return bump + 0.12 * np.random.default_rng(0).standard_normal(NODES) if name == "noisy bump" else bump
