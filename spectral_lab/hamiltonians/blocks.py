"""A Hamiltonian as blocks of atom pairs, all of one size: what a network predicts, and back.

Each atom gets one layout of slots, large enough for every element of the basis. An atom fills the first slots of each
degree; masks say which slots are real. The matrix is symmetric, so the diagonal blocks and those below are all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsInt

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hamiltonians.orbitals import MOST_ATOMS, SLOTS, Numbers, atomic_numbers, shells


@dataclass(frozen=True)
class Blocks:
    """The padded blocks of a matrix in degree order: one for each atom, one for each pair (i, j) with i > j."""

    diagonal: Float[np.ndarray, "atoms slots slots"]
    lower: Float[np.ndarray, "pairs slots slots"]
    pairs: Int[np.ndarray, "pairs 2"]
    diagonal_mask: Bool[np.ndarray, "atoms slots slots"]
    lower_mask: Bool[np.ndarray, "pairs slots slots"]


def slot_count(basis: str) -> int:
    """The number of slots of an atom's layout: 5, 14 or 37. Raises: ValueError."""
    return sum(2 * degree + 1 for degree in SLOTS[checks.choice(basis, "basis", tuple(SLOTS))])


def slots(numbers: Numbers, basis: str) -> Int[np.ndarray, " n"]:
    """For each orbital in degree order, its place among the slots of all atoms, those of the first atom first.

    Raises: ValueError.
    """
    layout = SLOTS[checks.choice(basis, "basis", tuple(SLOTS))]
    starts = np.cumsum([0] + [2 * degree + 1 for degree in layout])
    places: list[int] = []
    used = (-1, -1, 0)  # atom, degree, and how many shells of this degree the atom has filled
    for atom, degree in shells(numbers, basis):
        count = used[2] + 1 if used[:2] == (atom, degree) else 0
        used = (atom, degree, count)
        first = int(starts[-1]) * atom + int(starts[layout.index(degree) + count])
        places += range(first, first + 2 * degree + 1)
    return np.array(places)


def atom_pairs(atoms: SupportsInt) -> Int[np.ndarray, "pairs 2"]:
    """All pairs (i, j) of atoms with i > j, row by row. Raises: ValueError."""
    return np.stack(np.tril_indices(checks.integer(atoms, "atoms", 1, MOST_ATOMS), -1), axis=1)


def blocks(M: ArrayLike, numbers: Numbers, basis: str) -> Blocks:
    """Cut a matrix in degree order into padded blocks.

    Args: M (n, n). Raises: ValueError.
    """
    place, K = slots(numbers, basis), slot_count(basis)
    M = checks.real_array(M, "M", (len(place), len(place)))
    N = len(atomic_numbers(numbers, basis))
    padded, real = np.zeros((N * K, N * K)), np.zeros(N * K, dtype=bool)
    padded[place[:, None], place], real[place] = M, True
    by_pair = padded.reshape(N, K, N, K).swapaxes(1, 2)
    mask = (real[:, None] & real).reshape(N, K, N, K).swapaxes(1, 2)
    atom, pairs = np.arange(N), atom_pairs(N)
    i, j = pairs.T
    return Blocks(by_pair[atom, atom], by_pair[i, j], pairs, mask[atom, atom], mask[i, j])


def assemble(diagonal: ArrayLike, lower: ArrayLike, numbers: Numbers, basis: str) -> Float[np.ndarray, "n n"]:
    """The symmetric matrix of these blocks, in degree order: (B + B^T)/2 on the diagonal, B below, B^T above.

    Args: diagonal (N, K, K), lower (N(N-1)/2, K, K); what stands in padding is ignored. Raises: ValueError.
    """
    place, K, N = slots(numbers, basis), slot_count(basis), len(atomic_numbers(numbers, basis))
    diagonal = checks.real_array(diagonal, "diagonal", (N, K, K))
    lower = checks.real_array(lower, "lower", (N * (N - 1) // 2, K, K))
    by_pair, (i, j) = np.empty((N, N, K, K)), atom_pairs(N).T
    by_pair[i, j], by_pair[j, i] = lower, lower.swapaxes(1, 2)
    by_pair[np.arange(N), np.arange(N)] = diagonal / 2 + diagonal.swapaxes(1, 2) / 2
    return by_pair.swapaxes(1, 2).reshape(N * K, N * K)[place[:, None], place]
