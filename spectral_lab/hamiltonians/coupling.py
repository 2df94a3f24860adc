"""How two angular momenta couple to a third: Wigner 3j tensors in the real basis, and what a tensor product costs.

A product of harmonics of degrees l1 and l2 splits into degrees |l1 - l2| .. l1 + l2. The tensor C that reads off the
part of degree l3 is the only one, up to a factor, that rotations leave alone:

    sum_abc D^l1_ia D^l2_jb D^l3_kc C_abc = C_ijk

A tensor product of features with degrees 0..L couples all triples that fit: O(L^3) paths and O(L^6) multiplications.
"""

from __future__ import annotations

from functools import cache
from math import factorial, sqrt
from typing import NamedTuple, SupportsInt

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hamiltonians.harmonics import LARGEST_DEGREE

ZERO = 1e-10  # an entry of a coupling tensor that is not 0 is above 1e-4


class PathCosts(NamedTuple):
    """What one channel of a full tensor product costs: multiplications when dense, and entries that are not zero."""

    multiplies: int
    nonzeros: int


def wigner_3j(l1: SupportsInt, l2: SupportsInt, l3: SupportsInt) -> Float[np.ndarray, "a b c"]:
    """The invariant tensor of degrees l1, l2, l3 in the basis of real harmonics, with sum C^2 = 1.

    Racah's formula for the coefficients <l1 m1 l2 m2 | l3 m3>, taken from complex to real harmonics. Exchanging the
    first two degrees gives the factor (-1)^(l1 + l2 + l3); cyclic exchange gives the same tensor.

    Args: degrees, 0 to 12, with |l1 - l2| <= l3 <= l1 + l2. Raises: ValueError.
    """
    l1, l2, l3 = (checks.integer(l, name, 0, LARGEST_DEGREE) for l, name in ((l1, "l1"), (l2, "l2"), (l3, "l3")))
    if not abs(l1 - l2) <= l3 <= l1 + l2:
        raise ValueError(f"l3 must lie between |l1 - l2| and l1 + l2, that is {abs(l1 - l2)} and {l1 + l2}, got {l3}")
    return _real_tensor(l1, l2, l3).copy()


def couple(block: ArrayLike, l1: SupportsInt, l2: SupportsInt) -> dict[int, Float[np.ndarray, " m"]]:
    """The parts of a shell-pair block by the degree with which they rotate: c^l3_k = sum_ij C_ijk B_ij.

    They hold all of the block: `uncouple` gives it back, and sum_l3 (2 l3 + 1) |c^l3|^2 = |B|^2.

    Args: block (2 l1 + 1, 2 l2 + 1). Raises: ValueError.
    """
    l1, l2 = checks.integer(l1, "l1", 0, LARGEST_DEGREE // 2), checks.integer(l2, "l2", 0, LARGEST_DEGREE // 2)
    B = checks.real_array(block, "block", (2 * l1 + 1, 2 * l2 + 1))
    return {l3: np.einsum("ijk,ij->k", _real_tensor(l1, l2, l3), B) for l3 in range(abs(l1 - l2), l1 + l2 + 1)}


def uncouple(parts: dict[int, ArrayLike], l1: SupportsInt, l2: SupportsInt) -> Float[np.ndarray, "a b"]:
    """The block of which these are the parts: B_ij = sum_l3 (2 l3 + 1) sum_k C_ijk c^l3_k; missing parts are zero.

    Raises: ValueError.
    """
    l1, l2 = checks.integer(l1, "l1", 0, LARGEST_DEGREE // 2), checks.integer(l2, "l2", 0, LARGEST_DEGREE // 2)
    if not isinstance(parts, dict):
        raise ValueError(f"parts must be a dict from degrees to arrays, got {checks.shown(parts)}")
    B = np.zeros((2 * l1 + 1, 2 * l2 + 1))
    for degree, part in parts.items():
        l3 = checks.integer(degree, "degree of parts", abs(l1 - l2), l1 + l2)
        B += (2 * l3 + 1) * _real_tensor(l1, l2, l3) @ checks.real_array(part, f"parts[{l3}]", (2 * l3 + 1,))
    return B


def tensor_product_paths(L: SupportsInt, parity: bool = False) -> Int[np.ndarray, "paths 3"]:
    """All (l1, l2, l3) up to L that fit a triangle, l1 outermost and l3 innermost.

    parity: only those with l1 + l2 + l3 even, which inversion of space leaves alone if degree l has parity (-1)^l.

    Args: L, 0 to 12. Raises: ValueError.
    """
    L, parity = checks.integer(L, "L", 0, LARGEST_DEGREE), checks.flag(parity, "parity")
    return np.array(
        [
            (l1, l2, l3)
            for l1 in range(L + 1)
            for l2 in range(L + 1)
            for l3 in range(abs(l1 - l2), min(l1 + l2, L) + 1)
            if not (parity and (l1 + l2 + l3) % 2)
        ]
    )


def path_costs(L: SupportsInt) -> PathCosts:
    """Multiplications sum d1 d2 d3 of a dense tensor product up to degree L, and its entries C_ijk that are not zero.

    Args: L, 0 to 12. Raises: ValueError.
    """
    paths = tensor_product_paths(L)
    nonzeros = sum(_nonzeros(*sorted(map(int, path))) for path in paths)  # exchanging degrees moves no entry to zero
    return PathCosts(int((2 * paths + 1).prod(axis=1).sum()), nonzeros)


@cache
def _nonzeros(l1: int, l2: int, l3: int) -> int:
    return int((np.abs(_real_tensor(l1, l2, l3)) > ZERO).sum())


@cache
def _real_tensor(l1: int, l2: int, l3: int) -> np.ndarray:
    complex_tensor = np.zeros((2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1))
    for m1 in range(-l1, l1 + 1):
        for m2 in range(max(-l2, -l3 - m1), min(l2, l3 - m1) + 1):
            complex_tensor[l1 + m1, l2 + m2, l3 + m1 + m2] = _racah(l1, m1, l2, m2, l3)
    q1, q2, q3 = (_to_complex(l) for l in (l1, l2, l3))
    real = np.einsum("ia,jb,kc,ijk->abc", q1, q2, q3.conj(), complex_tensor, optimize=True).real
    return real / np.linalg.norm(real)


def _racah(l1: int, m1: int, l2: int, m2: int, l3: int) -> float:
    """The Clebsch-Gordan coefficient <l1 m1 l2 m2 | l3 m1 + m2>: one exact integer sum, then one square root."""
    f, m3 = factorial, m1 + m2
    numerator = (2 * l3 + 1) * f(l3 + l1 - l2) * f(l3 - l1 + l2) * f(l1 + l2 - l3) * f(l3 + m3) * f(l3 - m3)
    numerator *= f(l1 - m1) * f(l1 + m1) * f(l2 - m2) * f(l2 + m2)
    total = 0.0
    for k in range(max(0, l2 - l3 - m1, l1 - l3 + m2), min(l1 + l2 - l3, l1 - m1, l2 + m2) + 1):
        below = f(k) * f(l1 + l2 - l3 - k) * f(l1 - m1 - k) * f(l2 + m2 - k) * f(l3 - l2 + m1 + k) * f(l3 - l1 - m2 + k)
        total += (-1) ** k / below
    return total * sqrt(numerator / f(l1 + l2 + l3 + 1))


@cache
def _to_complex(l: int) -> np.ndarray:
    """q with Y_complex = q Y_real, rows and columns m = -l..l, times (-i)^l, which makes every coupling real."""
    q = np.zeros((2 * l + 1, 2 * l + 1), dtype=complex)
    q[l, l] = 1
    for m in range(1, l + 1):
        q[l - m, l + m], q[l - m, l - m] = 1 / sqrt(2), -1j / sqrt(2)
        q[l + m, l + m], q[l + m, l - m] = (-1) ** m / sqrt(2), 1j * (-1) ** m / sqrt(2)
    return (-1j) ** l * q
