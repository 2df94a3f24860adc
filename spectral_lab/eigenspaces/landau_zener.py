"""The graph Landau-Zener ring: the smallest graph on which two eigenvectors trade places.

A cycle of n nodes has the double eigenvalue λ_2 = λ_3 = 1 - cos(2π/n). Two edges are detuned: edge (0, n-1) has
weight w and edge (0, 1) has weight 1 + δ. The pair then splits like the two levels of Landau and Zener: w plays the
sweep, δ the coupling. Derived here; an addition beyond the paper.
"""

from __future__ import annotations

from typing import SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.eigenspaces.laplacian import HEAVIEST


def landau_zener_ring(n: SupportsInt, w: SupportsFloat, delta: SupportsFloat) -> Float[np.ndarray, "n n"]:
    """The adjacency matrix of the n-cycle with weight w on edge (0, n-1) and 1 + delta on edge (0, 1).

    Raises:
        ValueError: for n outside 3..10 000, w < 0 or delta < -1.
    """
    n = checks.order(n, "n", 3)
    w, delta = checks.number(w, "w", 0.0, HEAVIEST), checks.number(delta, "delta", -1.0, HEAVIEST)
    i = np.arange(n)
    adjacency = np.zeros((n, n))
    adjacency[i, (i + 1) % n] = 1.0
    adjacency[0, 1], adjacency[n - 1, 0] = 1.0 + delta, w
    return adjacency + adjacency.T


def ring_gap(n: SupportsInt, w: SupportsFloat, delta: SupportsFloat) -> float:
    """The gap λ_3 - λ_2 of the ring to first order in a = w - 1 and δ (derived here):

        λ_3 - λ_2 = (2/n) sin²(2π/n) sqrt(a² + δ² + 2 a δ cos(4π/n)).

    For n = 8 the cosine vanishes: an avoided crossing with gap sqrt(a² + δ²) / 8.

    Raises:
        ValueError: as `landau_zener_ring`.
    """
    n = checks.order(n, "n", 3)
    a, delta = checks.number(w, "w", 0.0, HEAVIEST) - 1.0, checks.number(delta, "delta", -1.0, HEAVIEST)
    angle = 4 * np.pi / n
    root = np.hypot(a + delta * np.cos(angle), delta * np.sin(angle))  # of a² + δ² + 2 a δ cos, without cancellation
    return float(2 / n * np.sin(2 * np.pi / n) ** 2 * root)


def ring_change(w: SupportsFloat, w2: SupportsFloat) -> float:
    """||L - L'||_F between the rings with δ = 0 and weights w, w2, to first order: (sqrt(3)/4) |w - w2|.

    Raises:
        ValueError: for a negative weight.
    """
    return float(np.sqrt(3) / 4 * abs(checks.number(w, "w", 0.0) - checks.number(w2, "w2", 0.0)))


def ring_rotation(w: SupportsFloat, delta: SupportsFloat) -> float:
    """The angle by which v_2, v_3 of the 8-ring are turned from their basis at δ = 0, to first order, in radians:

        θ = ½ arctan2(δ, a),    a = w - 1.

    It passes from 0 (far above the crossing) through π/4 (at a = 0) to π/2 (far below it: traded places).

    Raises:
        ValueError: as `landau_zener_ring`.
    """
    return float(0.5 * np.arctan2(checks.number(delta, "delta", -1.0), checks.number(w, "w", 0.0) - 1.0))
