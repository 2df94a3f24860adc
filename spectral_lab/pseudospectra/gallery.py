"""Matrices whose eigenvalues say little about them: the standard cast of non-normal examples.

Trefethen and Embree, "Spectra and Pseudospectra" (2005), tell the story of each. They stand beside LegS here because
each is non-normal in its own way: Grcar grows before it decays, convection waits before it decays, a Jordan block has
one eigenvector.
"""

from __future__ import annotations

from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float

from spectral_lab import checks


def grcar(n: SupportsInt) -> Float[np.ndarray, "n n"]:
    """The Grcar matrix: -1 below the diagonal, 1 on it and on the three diagonals above (Trefethen & Embree, 7).

    Args: n, from 1 to 10 000. Raises: ValueError.
    """
    n = checks.order(n, "n")
    return np.triu(np.tril(np.ones((n, n)), 3)) - np.eye(n, k=-1)


def jordan_block(n: SupportsInt, eigenvalue: Any = 0.0) -> Float[np.ndarray, "n n"]:
    """One Jordan block: the eigenvalue on the diagonal, ones above it, a single eigenvector (Trefethen & Embree, 7).

    Args: n, from 1 to 10 000; eigenvalue, real. Raises: ValueError.
    """
    n = checks.order(n, "n")
    return checks.number(eigenvalue, "eigenvalue") * np.eye(n) + np.eye(n, k=1)


def convection_diffusion(n: SupportsInt, diffusion: Any = 0.02) -> Float[np.ndarray, "n n"]:
    """u_t = d u_xx + u_x on (0, 1) with u = 0 at both ends, by central differences (Trefethen & Embree, 12).

    Args: n, inner grid points, from 1 to 10 000; diffusion d > 0, at most 1e100 (units of length
    squared per time). Raises: ValueError.
    """
    n, d = checks.order(n, "n"), checks.number(diffusion, "diffusion", above=0, maximum=1e100)
    step = 1 / (n + 1)
    right, left = d / step**2 + 1 / (2 * step), d / step**2 - 1 / (2 * step)
    return right * np.eye(n, k=1) + left * np.eye(n, k=-1) - 2 * d / step**2 * np.eye(n)
