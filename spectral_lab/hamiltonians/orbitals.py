"""Atomic orbitals: which shells an atom carries, in which order programs write them, and how a matrix turns.

A matrix over the orbitals of a molecule, such as H or the overlap S, consists of blocks, one for each pair of shells.
If the molecule turns by R, the block of shells with degrees l_a and l_b becomes D^l_a(R) B D^l_b(R)^T; the whole matrix

    M -> D M D^T,    D block-diagonal and orthogonal, one Wigner matrix for each shell.

*Degree order* keeps atoms and shells as they stand and puts m = -l..l inside each shell. PySCF writes p shells as
(x, y, z), ORCA as (z, x, y), and its d shells as m = 0, 1, -1, 2, -2; both are a reordering, without any sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hamiltonians.harmonics import orthogonal, wigner_d

Numbers = Sequence[int] | np.ndarray
MOST_ATOMS = 500

# How many s, p, d and f shells an atom has, for ranges of atomic numbers; heavier atoms do not fit the layouts below.
_ROWS = {
    "sto-3g": {(1, 2): "1", (3, 10): "21"},
    "def2-svp": {(1, 2): "21", (3, 4): "32", (5, 10): "321"},
    "def2-tzvp": {(1, 2): "31", (3, 3): "53", (4, 4): "531", (5, 10): "5321", (13, 18): "5521"},
}
SHELLS: dict[str, dict[int, tuple[int, ...]]] = {
    basis: {
        number: tuple(degree for degree, count in enumerate(counts) for _ in range(int(count)))
        for (first, last), counts in rows.items()
        for number in range(first, last + 1)
    }
    for basis, rows in _ROWS.items()
}
"""The degrees of an atom's shells, by basis and atomic number."""

SLOTS: dict[str, tuple[int, ...]] = {
    "sto-3g": (0, 0, 1),
    "def2-svp": (0, 0, 0, 1, 1, 2),
    "def2-tzvp": (0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3),
}
"""The degrees of the shells of the padded block into which every atom of a basis fits."""

# Position, in the program's own order, of the orbitals m = -l..l of a shell of degree l.
_ORDERS: dict[str, dict[int, tuple[int, ...]]] = {
    "pyscf": {0: (0,), 1: (1, 2, 0), 2: (0, 1, 2, 3, 4), 3: (0, 1, 2, 3, 4, 5, 6)},
    "orca": {0: (0,), 1: (2, 0, 1), 2: (4, 2, 0, 1, 3)},
}
PROGRAMS = tuple(_ORDERS)


def shells(numbers: Numbers, basis: str) -> list[tuple[int, int]]:
    """The shells of a molecule in order, as pairs (atom, degree).

    Args: numbers, the atomic numbers; basis, "sto-3g", "def2-svp" or "def2-tzvp". Raises: ValueError, also for an
    element that the basis does not hold here.
    """
    atoms = atomic_numbers(numbers, basis)
    return [(atom, degree) for atom, number in enumerate(atoms) for degree in SHELLS[basis][number]]


def atomic_numbers(numbers: Numbers, basis: str) -> list[int]:
    """The atomic numbers, if the basis holds all of these elements. Raises: ValueError."""
    known = SHELLS[checks.choice(basis, "basis", tuple(SHELLS))]
    atoms = list(numbers) if isinstance(numbers, (list, tuple, np.ndarray)) and len(numbers) <= MOST_ATOMS else []
    if not atoms:
        raise ValueError(f"numbers must be a list of 1 to {MOST_ATOMS} atomic numbers, got {checks.shown(numbers)}")
    atoms = [checks.integer(number, "an entry of numbers") for number in atoms]
    for number in atoms:
        if number not in known:
            raise ValueError(f"numbers must hold elements of {basis} as stored here ({_ranges(known)}), got {number}")
    return atoms


def to_degree_order(M: ArrayLike, numbers: Numbers, basis: str, source: str = "pyscf") -> np.ndarray:
    """Matrices over a program's orbitals in degree order: m = -l..l in every shell.

    Args: M (..., n, n), real; source, "pyscf" or "orca". Raises: ValueError.
    """
    order = _order(numbers, basis, checks.choice(source, "source", PROGRAMS), "source")
    M = _matrices(M, len(order))
    return M[..., order[:, None], order]


def from_degree_order(M: ArrayLike, numbers: Numbers, basis: str, target: str = "pyscf") -> np.ndarray:
    """The inverse of `to_degree_order`. Raises: ValueError."""
    back = np.argsort(_order(numbers, basis, checks.choice(target, "target", PROGRAMS), "target"))
    M = _matrices(M, len(back))
    return M[..., back[:, None], back]


def basis_rotation(R: ArrayLike, numbers: Numbers, basis: str) -> Float[np.ndarray, "n n"]:
    """The orthogonal matrix D for which D M D^T is the matrix of the molecule X R^T, in degree order.

    R may be a reflection: inversion gives each shell the factor (-1)^l. Raises: ValueError.
    """
    R = orthogonal(R, "R")
    degrees = [degree for _, degree in shells(numbers, basis)]
    single = {degree: wigner_d(degree, R) for degree in set(degrees)}
    D, start = np.zeros((sum(2 * degree + 1 for degree in degrees),) * 2), 0
    for degree in degrees:
        stop = start + 2 * degree + 1
        D[start:stop, start:stop] = single[degree]
        start = stop
    return D


def _order(numbers: Numbers, basis: str, program: str, name: str) -> np.ndarray:
    """For each orbital in degree order, its place in the program's order."""
    order, start = [], 0
    for _, degree in shells(numbers, basis):
        if degree not in _ORDERS[program]:
            raise ValueError(
                f"{name} must be 'pyscf' for shells of degree {degree}: their order in ORCA is not known here"
            )
        order += [start + place for place in _ORDERS[program][degree]]
        start += 2 * degree + 1
    return np.array(order)


def _ranges(known: dict[int, Any]) -> str:
    starts = [number for number in known if number - 1 not in known]
    stops = [number for number in known if number + 1 not in known]
    return ", ".join(f"{start} to {stop}" for start, stop in zip(starts, stops, strict=True))


def _matrices(M: ArrayLike, n: int) -> np.ndarray:
    M = checks.real_array(M, "M")
    if M.ndim < 2 or M.shape[-2:] != (n, n):
        raise ValueError(f"M must have shape (..., {n}, {n}) for these numbers and this basis, got {M.shape}")
    return M
