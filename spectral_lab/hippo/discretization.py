"""From x' = A x + B u to x_k = A_bar x_{k-1} + B_bar u_k: four ways to take a step.

The input is used in its own step (the convention of S4), so the kernel is C A_bar^k B_bar, k = 0, 1, ...
"""

from __future__ import annotations

from typing import SupportsFloat

import numpy as np
from jaxtyping import Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hippo.exponential import expm

METHODS = ("bilinear", "zoh", "euler", "backward_euler")


def discretize(
    A: ArrayLike, B: ArrayLike, step: SupportsFloat, method: str
) -> tuple[Inexact[np.ndarray, "n n"], Inexact[np.ndarray, "n ..."]]:
    """The discrete system (A_bar, B_bar) with time step d:

    - "bilinear" (S4): A_bar = (I - d A/2)^{-1} (I + d A/2), B_bar = (I - d A/2)^{-1} d B;
    - "zoh" (S4D, S5; exact for inputs held constant): A_bar = e^{dA}, B_bar = int_0^d e^{sA} ds B;
    - "euler": A_bar = I + d A, B_bar = d B;
    - "backward_euler": A_bar = (I - d A)^{-1}, B_bar = (I - d A)^{-1} d B.

    Args: A (n, n); B (n,) or (n, m); step d > 0. B_bar has the shape of B.
    Raises: ValueError for bad shapes, a step that is not positive, an unknown method, a step at which the matrix that
    an implicit method inverts is singular (possible only if A has an eigenvalue at 2/d or 1/d), or one so large that
    the result overflows.
    """
    A = checks.square(A, "A")
    B = checks.array(B, "B")
    if B.ndim not in (1, 2) or B.shape[0] != len(A):
        raise ValueError(f"B must have shape ({len(A)},) or ({len(A)}, m), got {B.shape}")
    step = checks.number(step, "step", above=0)
    method = checks.choice(method, "method", METHODS)
    with np.errstate(all="ignore"):
        A_bar, B_bar = _zero_order_hold(A, B, step) if method == "zoh" else _one_step(A, B, step, method)
    if not (np.isfinite(A_bar).all() and np.isfinite(B_bar).all()):
        raise ValueError(f"step must be small enough for the discrete system to be finite, got {step:g}")
    return A_bar, B_bar


def _one_step(
    A: Inexact[np.ndarray, "n n"], B: Inexact[np.ndarray, "n ..."], step: float, method: str
) -> tuple[Inexact[np.ndarray, "n n"], Inexact[np.ndarray, "n ..."]]:
    """The rules that are a rational function of the step: explicit, implicit, or half of each."""
    eye = np.eye(len(A))
    if method == "euler":
        return eye + step * A, step * B
    implicit = step / 2 if method == "bilinear" else step
    explicit = step - implicit
    try:
        A_bar = np.linalg.solve(eye - implicit * A, eye + explicit * A)
        B_bar = np.linalg.solve(eye - implicit * A, step * B.reshape(len(A), -1)).reshape(B.shape)
    except np.linalg.LinAlgError:
        raise ValueError(f"step must not make I - {implicit:g} A singular, got {step:g}") from None
    return A_bar, B_bar


def _zero_order_hold(
    A: Inexact[np.ndarray, "n n"], B: Inexact[np.ndarray, "n ..."], step: float
) -> tuple[Inexact[np.ndarray, "n n"], Inexact[np.ndarray, "n ..."]]:
    """Both parts from one exponential, exp(d [[A, B], [0, 0]]): no inverse of A, which may be singular (FouT)."""
    n, columns = len(A), B.reshape(len(A), -1)
    augmented = np.zeros((n + columns.shape[1],) * 2, dtype=np.result_type(A, B))
    augmented[:n, :n], augmented[:n, n:] = A, columns
    try:
        held = expm(step * augmented)
    except ValueError:
        raise ValueError(f"step must be small enough for the discrete system to be finite, got {step:g}") from None
    return held[:n, :n], held[:n, n:].reshape(B.shape)
