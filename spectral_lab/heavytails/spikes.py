"""When does a signal stick out of noise? The transition of Baik, Ben Arous and Péché.

A rank-one signal below a threshold leaves the top of the spectrum where noise puts it, and the top singular vectors
know nothing of it. Above, one value leaves the bulk, and its vectors lean on the signal. For large matrices both are
exact.
"""

from __future__ import annotations

import math
from typing import Any

from spectral_lab import checks


def spiked_covariance(ell: Any, q: Any) -> tuple[float, float]:
    """(eigenvalue, overlap^2) of a sample covariance, q = p/n: p variables, n samples, population eigenvalues ell, 1, 1

    With theta = ell - 1 > sqrt(q) the top sample eigenvalue is ell (1 + q / theta), and its vector has the squared
    overlap (1 - q / theta^2) / (1 + q / theta) with the population's (Baik, Ben Arous, Péché 2005; Paul 2007); up to
    there they are (1 + sqrt q)^2 and 0.

    Args: ell > 0, at most 1e100; q from 1e-12 to 1e12. Raises: ValueError.
    """
    ell, q = checks.number(ell, "ell", above=0, maximum=1e100), checks.number(q, "q", 1e-12, 1e12)
    theta = ell - 1
    if theta <= math.sqrt(q):
        return (1 + math.sqrt(q)) ** 2, 0.0
    return ell * (1 + q / theta), max(1 - q / theta / theta, 0.0) / (1 + q / theta)


def spiked_matrix(s: Any, q: Any) -> tuple[float, float, float]:
    """(squared singular value, left overlap^2, right overlap^2) of X + s u v^T, X m by n of variance 1/n, q = m/n.

    For s > q^{1/4} the top squared singular value is (1 + s^2)(q + s^2) / s^2, and the vectors have squared overlaps
    1 - q (1 + s^2) / (s^2 (s^2 + q)) with u (length m) and 1 - (q + s^2) / (s^2 (s^2 + 1)) with v (Benaych-Georges,
    Nadakuditi 2012); up to there (1 + sqrt q)^2, 0 and 0.

    Args: s >= 0, at most 1e50; q from 1e-12 to 1e12. Raises: ValueError.
    """
    s2, q = checks.number(s, "s", 0, 1e50) ** 2, checks.number(q, "q", 1e-12, 1e12)
    if s2 <= math.sqrt(q):
        return (1 + math.sqrt(q)) ** 2, 0.0, 0.0
    left, right = 1 - q * (1 + s2) / (s2 * (s2 + q)), 1 - (q + s2) / (s2 * (s2 + 1))
    return (1 + s2) * (1 + q / s2), max(left, 0.0), max(right, 0.0)


def spiked_wigner(theta: Any) -> tuple[float, float]:
    """(eigenvalue, overlap^2) of theta u u^T plus symmetric noise whose spectrum fills [-2, 2].

    For theta > 1 they are theta + 1 / theta and 1 - 1 / theta^2 (Péché 2006; Féral, Péché 2007), up to there 2 and 0.

    Args: theta >= 0, at most 1e100. Raises: ValueError.
    """
    theta = checks.number(theta, "theta", 0, 1e100)
    return (theta + 1 / theta, 1 - 1 / theta / theta) if theta > 1 else (2.0, 0.0)
