"""Eigenvalues of matrices whose entries say more than their norm: graded ones, long chains, one-way couplings.

An eigensolver answers for some A + E with ||E|| = 1e-16 ||A||, and so small an E may move eigenvalues far. Two changes
move none and need no E. Rows can be put in an order in which A is block upper triangular, each block irreducible: its
eigenvalues are those of the blocks. And a block can be given other units, D^{-1} A D with D diagonal. In those that
make ||D^{-1} A D||_F least it is as near to normal as units can make it; a tridiagonal one, say, becomes symmetric.
"""

from __future__ import annotations

import numpy as np
import scipy
from jaxtyping import Inexact, Int


def irreducible_blocks(A: Inexact[np.ndarray, "n n"]) -> list[Int[np.ndarray, " size"]]:
    """The rows of each strongly connected component of i -> j for a_ij != 0, such that A is block upper triangular."""
    _, label = scipy.sparse.csgraph.connected_components(A != 0, connection="strong")  # each arrow leads to a lower one
    order = np.argsort(-label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1)


def triangular_order(A: Inexact[np.ndarray, "n n"]) -> Inexact[np.ndarray, "n n"]:
    """A with its rows and columns in that order: upper triangular if any order makes it so; all norms stay."""
    order = np.concatenate(irreducible_blocks(A))
    return A[np.ix_(order, order)]


def balanced(A: Inexact[np.ndarray, "n n"]) -> Inexact[np.ndarray, "n n"]:
    """D^{-1} A D of least Frobenius norm, for an irreducible A (Osborne 1960): its rows and columns are equally large.

    The norm's square is convex in log D. LAPACK's sweeps end early, far from the minimum of a long chain; Newton's
    method, by steps that change no entry more than e-fold, goes on from there. Where little is won A stays as it is.
    """
    with np.errstate(invalid="ignore"):  # scipy casts the units to integers on the way
        B = scipy.linalg.matrix_balance(A, permute=False, separate=True)[0]
    for _ in range(50):
        weights = np.abs(B / np.abs(B).max()) ** 2
        np.fill_diagonal(weights, 0)
        slope = weights.sum(axis=0) - weights.sum(axis=1)
        if np.abs(slope).max() <= 1e-3 * weights.sum(axis=0).max():
            break
        both = weights + weights.T
        log_units = np.zeros(len(A))  # of the first row 0: only quotients matter
        curvature = 2 * (np.diag(both.sum(axis=0) + 1e-13 * both.max()) - both)  # a little more: squares may underflow
        log_units[1:] = np.linalg.solve(curvature[1:, 1:], -slope[1:])
        change = log_units - log_units[:, None]
        change *= min(1, 1 / np.abs(change[B != 0]).max())
        B = B * np.exp(change)
    return B if np.linalg.norm(B) < 0.999 * np.linalg.norm(A) else A


def eigenvalues(A: Inexact[np.ndarray, "n n"]) -> tuple[Inexact[np.ndarray, " n"], float]:
    """Eigenvalues block by block, each in its best units, and what rounding leaves uncertain in them.

    Both are exact for a matrix that is triangular in some order: the diagonal, and 0. Otherwise 1e-12 times the norm of
    the largest block, which is enough unless a block is far from normal in its best units.
    """
    found, rounding = [], 0.0
    for rows in irreducible_blocks(A):
        block = A[np.ix_(rows, rows)]
        if len(rows) > 1:
            block = balanced(block)
            rounding = max(rounding, 1e-12 * float(np.linalg.norm(block)))
        found.append(np.linalg.eigvals(block))
    return np.concatenate(found), rounding
