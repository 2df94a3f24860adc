"""A function of a matrix is a function of its spectrum.

For a symmetric matrix with A = V Λ Vᵀ, any function of numbers becomes a function of the matrix by

    f(A) = V f(Λ) Vᵀ                                            (Higham, Functions of Matrices, section 1.2)

The eigenvectors stay; only the eigenvalues are replaced by f of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from spectral_lab import checks

# Four functions of an eigenvalue x at time t. All are 1 at t = 0, and all treat x t = 1 as the turning point.
FILTERS: dict[str, str] = {
    "heat exp(−tλ)": "np.exp(-t * x)",
    "resolvent 1/(1+tλ)": "1 / (1 + t * x)",
    "cut at tλ = 1": "np.where(t * x <= 1 + 1e-9, 1.0, 0.0)",
    "wave cos(t√λ)": "np.cos(t * np.sqrt(abs(x)))",
}
# An eigenvalue on the edge of the cut, and a factor of one half, are where they are on every machine: λ = 2 at t = 1/2
# is on both, and eigh gives it with a rounding error.
EDGE = 1e-9
HEAT, RESOLVENT, CUT, WAVE = FILTERS


def matrix_function(A: Any, f: Callable[[np.ndarray], np.ndarray]) -> Float[np.ndarray, "n n"]:
    """f(A) = V f(Λ) Vᵀ of a real symmetric matrix; f maps an array of eigenvalues to an array. Raises: ValueError."""
    A = checks.square(A, "A")
    if np.iscomplexobj(A) or not np.allclose(A, A.T, rtol=0, atol=1e-12 * np.abs(A).max()):
        raise ValueError("A must be real and symmetric: only then do its eigenvectors form an orthogonal matrix")
    eigenvalues, V = np.linalg.eigh(A)
    return (V * _applied(f, eigenvalues)) @ V.T


def _applied(f: Any, eigenvalues: np.ndarray) -> np.ndarray:
    if not callable(f):
        raise ValueError(f"f must be a function of an array of eigenvalues, got {checks.shown(f)}")
    return checks.array(f(eigenvalues), "f of the eigenvalues", eigenvalues.shape)


def filter_of(name: str, t: float) -> Callable[[np.ndarray], np.ndarray]:
    """The named function of an eigenvalue at time t. Raises: ValueError."""
    checks.choice(name, "name", FILTERS)
    checks.number(t, "t", 0)
    functions: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        HEAT: lambda x: np.exp(-t * x),
        RESOLVENT: lambda x: 1 / (1 + t * x),
        CUT: lambda x: np.where(t * x <= 1 + EDGE, 1.0, 0.0),
        # eigh may return the eigenvalue 0 as −1e−16
        WAVE: lambda x: np.cos(t * np.sqrt(np.maximum(x, 0))),
    }
    return functions[name]
