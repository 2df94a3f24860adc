"""Pseudospectra of pencils z B - A: generalised (B is not the identity) and rectangular (more equations than unknowns).

There are several definitions, as there are several things that may be perturbed.

- A and B both: (A + E) x = z (B + F) x with ||E|| <= alpha eps, ||F|| <= beta eps has a solution x if and only if
  sigma_min(z B - A) <= eps (alpha + beta |z|) (van Dorsselaer 1997; Trefethen & Embree 2005, chapter 45).
- Rectangular matrices with at least as many rows as columns: the same. With B the first columns of the identity it is
  the definition of Wright & Trefethen 2002. Most such pencils have no eigenvalue; how nearly they have one still says
  something, and the rectangular Hessenberg matrices of an Arnoldi iteration say it of a large matrix.
- B x' = A x with a mass matrix B, Hermitian and positive definite: size is energy, ||x||_B^2 = x^* B x. In coordinates
  where energy is the plain norm the matrix is L^{-1} A L^{-*}, B = L L^*, and everything else in this chapter holds for
  it (Riedel 1994).
"""

from __future__ import annotations

from typing import Any, SupportsInt

import numpy as np
import scipy
from jaxtyping import Float, Inexact
from numpy.typing import ArrayLike

from spectral_lab import checks


def pencil_sigma_min(
    A: ArrayLike, B: ArrayLike, z: ArrayLike, *, alpha: Any = 1.0, beta: Any = 0.0
) -> Float[np.ndarray, "*grid"]:
    """sigma_min(z B - A) / (alpha + beta |z|): the smallest eps that makes z an eigenvalue of a perturbed pencil.

    alpha and beta weigh the perturbations of A and of B; as it stands only A is perturbed. B = I gives sigma_min(A, z).

    Args: A, B (m, n), m >= n >= 1, real or complex; z, complex numbers of any shape; alpha, beta >= 0, not both 0 (with
    alpha = 0 the point z = 0 is reached by no perturbation: infinity, unless A itself loses rank, where it is 0).
    Raises: ValueError.
    """
    A, z = checks.array(A, "A"), np.asarray(checks.array(z, "z"), dtype=complex)
    if A.ndim != 2 or not 1 <= A.shape[1] <= A.shape[0]:
        raise ValueError(f"A must be a matrix with at least as many rows as columns, got shape {A.shape}")
    B = checks.array(B, "B", A.shape)
    alpha, beta = checks.number(alpha, "alpha", 0), checks.number(beta, "beta", 0)
    if alpha == beta == 0:
        raise ValueError("alpha must be positive if beta is 0: something must be perturbed")
    # sigma_min forgets a unitary factor from the left: no more rows are needed than A and B have columns together.
    n = A.shape[1]
    R = np.asarray(np.linalg.qr(np.hstack([A, B]), mode="r"))
    A, B = R[:, :n], R[:, n:]
    points, size = z.ravel(), max(2_000_000 // A.size, 1)
    with np.errstate(all="ignore"):
        blocks = [points[i : i + size, None, None] * B - A for i in range(0, points.size, size)]
    if not all(np.isfinite(block).all() for block in blocks):
        raise ValueError(f"z must leave z B - A finite, got |z| of up to {np.abs(points).max():.3g}")
    sigma = np.concatenate([np.empty(0), *(np.linalg.svd(block, compute_uv=False)[:, -1] for block in blocks)])
    weight = alpha + beta * np.abs(points)
    with np.errstate(divide="ignore"):
        return np.where(sigma > 0, sigma / np.where(sigma > 0, weight, 1), 0.0).reshape(z.shape)


def energy_matrix(A: ArrayLike, B: ArrayLike) -> Inexact[np.ndarray, "n n"]:
    """L^{-1} A L^{-*} with B = L L^*: the matrix of B x' = A x in coordinates y = L^* x, where ||y||^2 is the energy.

    With M for it: the eigenvalues of M are those of the pencil, its pseudospectra are Riedel's, and ||e^{tM}||^2 is the
    most that energy can have grown by at time t.

    Args: A (n, n), real or complex; B (n, n), positive definite, and Hermitian to 1e-12 in units where its diagonal is
    1. Raises: ValueError.
    """
    A, B = checks.square(A, "A"), checks.square(B, "B")
    if B.shape != A.shape:
        raise ValueError(f"B must have the shape of A, {A.shape}, got {B.shape}")
    units = np.sqrt(np.abs(np.diag(B)))  # each state has its own: the other entries are at most their products
    if (np.abs(B - B.conj().T) > 1e-12 * np.outer(units, units)).any():
        raise ValueError("B must be Hermitian (symmetric, if real): it measures energy, x^* B x")
    try:
        L = np.linalg.cholesky((B + B.conj().T) / 2)
    except np.linalg.LinAlgError:
        raise ValueError("B must be positive definite: every state but 0 must have energy") from None
    with np.errstate(all="ignore"):
        half = scipy.linalg.solve_triangular(L, A, lower=True)
        result = scipy.linalg.solve_triangular(L, half.conj().T, lower=True, check_finite=False).conj().T
    return checks.array(result, "A in the coordinates of B")


def arnoldi(A: ArrayLike, start: ArrayLike, steps: SupportsInt) -> Inexact[np.ndarray, "rows steps"]:
    """The rectangular Hessenberg matrix H, (k + 1, k), with A V_k = V_{k+1} H and V orthonormal from `start` on.

    sigma_min(z I - H) falls to sigma_min(z I - A) with every step and is never below it, so its pseudospectra grow
    towards those of A from inside (Toh & Trefethen 1996). Each new vector is orthogonalised twice, which is enough.
    An invariant subspace ends the iteration: H then has fewer columns, a last row of zeros, and knows that part of A.

    Args: A (n, n), real or complex; start (n,), not zero; steps, from 1 to n. Raises: ValueError.
    """
    A = checks.square(A, "A")
    first = checks.array(start, "start", (len(A),))
    steps = checks.integer(steps, "steps", 1, len(A))
    if not first.any():
        raise ValueError("start must not be zero")
    unit = float(np.abs(A).max()) or 1.0  # keeps squares in range, as does the next line
    first = first / np.abs(first).max()
    V = [first / np.linalg.norm(first)]
    H = np.zeros((steps + 1, steps), dtype=np.result_type(A, first))
    floor = 10 * len(A) * np.finfo(float).eps * np.linalg.norm(A / unit)
    for k in range(steps):
        basis = np.array(V)
        new = (A / unit) @ V[-1]
        for _ in range(2):
            part = basis.conj() @ new
            H[: k + 1, k] += part
            new = new - part @ basis
        length = float(np.linalg.norm(new))
        if length <= floor:
            return unit * H[: k + 2, : k + 1]
        H[k + 1, k] = length
        V.append(new / length)
    return unit * H
