"""The Poisson equation -u'' = f on (0, pi), u(0) = u(pi) = 0, in two bases. The basis must match the boundary.

In sines it is diagonal: u_k = f_k / k^2. But sines see the odd extension of f, and for f = 1 that jumps: the
coefficients 4 / (pi k^3) fall by powers only. Polynomials need no extension: for f = 1 degree 2 is exact.
"""

from __future__ import annotations

from typing import SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.latent._sampling import Function, sample
from spectral_lab.latent.chebyshev import chebyshev_differentiation, chebyshev_nodes

BASES = ("sine", "chebyshev")


def sine_coefficients(f: Function, n: SupportsInt) -> Float[np.ndarray, " n"]:
    """f_k = (2/pi) int_0^pi f(x) sin(kx) dx for k = 1..n, by a Gauss rule with 2n + 64 nodes.

    Args: f, real, on (0, pi); n, 1 to 500. Raises: ValueError.
    """
    n = checks.integer(n, "n", 1, 500)
    nodes, weights = np.polynomial.legendre.leggauss(2 * n + 64)
    x = np.pi / 2 * (nodes + 1)
    values = checks.real_array(sample(f, x), "the values of f")
    return np.sin(np.outer(np.arange(1, n + 1), x)) @ (weights * values)


def solve_poisson(f: Function, n: SupportsInt, x: ArrayLike, basis: str = "sine") -> Float[np.ndarray, "*points"]:
    """u at x, from n sines (Galerkin) or a polynomial of degree n (Chebyshev collocation).

    Args: f, real, on (0, pi); n, 1 to 500, and at least 2 for "chebyshev"; x in [0, pi], of any shape.
    Raises: ValueError.
    """
    basis = checks.choice(basis, "basis", BASES)
    n, x = checks.integer(n, "n", 1 + (basis == "chebyshev"), 500), checks.real_array(x, "x")
    if ((x < 0) | (x > np.pi)).any():
        raise ValueError("x must lie between 0 and pi")
    checks.room(n * x.size, "n and x")
    if basis == "sine":
        k = np.arange(1, n + 1)
        return np.sin(x[..., None] * k) @ (sine_coefficients(f, n) / k**2)
    # s = 2 x / pi - 1 in [-1, 1]: u'' = (2/pi)^2 D^2 u at the inner nodes.
    nodes, D = chebyshev_nodes(n), chebyshev_differentiation(n)
    values = checks.real_array(sample(f, np.pi / 2 * (nodes + 1)), "the values of f")
    u = np.zeros(n + 1)
    u[1:-1] = np.linalg.solve(-((2 / np.pi) ** 2) * (D @ D)[1:-1, 1:-1], values[1:-1])
    return _barycentric(nodes, u, np.clip(2 * x / np.pi - 1, -1, 1))


def _barycentric(nodes: np.ndarray, u: np.ndarray, s: np.ndarray) -> Float[np.ndarray, "*points"]:
    """The polynomial through u at the Chebyshev nodes (Salzer 1972): weights +-1, halved at both ends."""
    weights = (-1.0) ** np.arange(len(nodes))
    weights[[0, -1]] /= 2
    distance = s[..., None] - nodes
    at_node = distance == 0
    parts = weights / np.where(at_node, 1.0, distance)
    return np.where(at_node.any(axis=-1), at_node @ u, parts @ u / parts.sum(axis=-1))
