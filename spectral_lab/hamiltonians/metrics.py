"""How good is a predicted Hamiltonian? The measures of the QH9 benchmark (Yu et al., NeurIPS 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.hamiltonians.orbitals import Numbers, shells
from spectral_lab.hamiltonians.roothaan import occupied_count, same_order, solve_roothaan, symmetric


@dataclass(frozen=True)
class HamiltonianMetrics:
    """Errors of one molecule, in Hartree, and the likeness psi of the occupied orbitals, 1 at best.

    mae            mean |H - H*| over all entries
    mae_occupied   mean error of the occupied levels
    psi            mean |cos| between occupied orbitals as vectors of coefficients, without S, matched by their place
    homo, lumo     error of the highest occupied and the lowest unoccupied level
    gap            error of their difference
    mae_diagonal, mae_off_diagonal   of the blocks of one atom, and of two atoms, if the atoms were given
    """

    mae: float
    mae_occupied: float
    psi: float
    homo: float
    lumo: float
    gap: float
    mae_diagonal: float | None = None
    mae_off_diagonal: float | None = None


def hamiltonian_metrics(
    H: ArrayLike,
    reference: ArrayLike,
    S: ArrayLike,
    electrons: SupportsInt,
    numbers: Numbers | None = None,
    basis: str | None = None,
) -> HamiltonianMetrics:
    """Compare a Hamiltonian with its reference.

    Args: H, reference, S (n, n), symmetric, n > 1; electrons, even, at most 2n - 2; numbers and basis, both or none:
    then the errors of diagonal and off-diagonal blocks are told too (a single atom has no off-diagonal error: 0).
    Raises: ValueError.
    """
    H, reference = symmetric(H, "H"), symmetric(reference, "reference")
    same_order(H, reference, "H", "reference")
    S = symmetric(S, "S")
    same_order(H, S, "H", "S")
    if len(H) < 2:
        raise ValueError(f"H must have a level that stays empty, so at least shape (2, 2), got {H.shape}")
    occupied = occupied_count(electrons, len(H) - 1)
    apart = None
    if numbers is not None or basis is not None:
        if numbers is None or basis is None:
            raise ValueError(f"numbers and basis must be given both or not at all, got {numbers!r} and {basis!r}")
        apart = _block_errors(np.abs(H - reference), numbers, basis)
    levels, C = solve_roothaan(H, S)
    true_levels, true_C = solve_roothaan(reference, S)
    moved = np.abs(levels - true_levels)
    cosines = np.abs(np.einsum("ai,ai->i", C, true_C)) / (np.linalg.norm(C, axis=0) * np.linalg.norm(true_C, axis=0))
    gaps = [level[occupied] - level[occupied - 1] for level in (levels, true_levels)]
    return HamiltonianMetrics(
        mae=float(np.abs(H - reference).mean()),
        mae_occupied=float(moved[:occupied].mean()),
        psi=float(cosines[:occupied].mean()),
        homo=float(moved[occupied - 1]),
        lumo=float(moved[occupied]),
        gap=float(abs(gaps[0] - gaps[1])),
        mae_diagonal=None if apart is None else apart[0],
        mae_off_diagonal=None if apart is None else apart[1],
    )


def matrix_noise(
    n: SupportsInt, mae: SupportsFloat, seed: SupportsInt = 0, where: ArrayLike | None = None
) -> Float[np.ndarray, "n n"]:
    """A random symmetric error of this mean absolute value over all entries of the matrix.

    Args: n; mae, at least 0; where (n, n), True where the error may stand, symmetric and somewhere True; default all.
    Raises: ValueError.
    """
    n, size = checks.order(n, "n", maximum=5000), checks.number(mae, "mae", 0, 1e50)
    mask = np.ones((n, n)) if where is None else checks.real_array(where, "where", (n, n)) != 0
    E = np.random.default_rng(checks.integer(seed, "seed", 0, 2**63 - 1)).standard_normal((n, n))
    E = (E + E.T) * mask
    if not E.any() or not np.array_equal(mask, mask.T):
        raise ValueError("where must be symmetric, and True somewhere")
    return size * E / np.abs(E).mean()


def _block_errors(error: np.ndarray, numbers: Numbers, basis: str) -> tuple[float, float]:
    atom = np.repeat(*np.array([(atom, 2 * degree + 1) for atom, degree in shells(numbers, basis)]).T)
    if len(atom) != len(error):
        raise ValueError(f"numbers and basis must have the {len(error)} orbitals of H's shape, got {len(atom)}")
    same = atom[:, None] == atom
    other = error[~same]
    return float(error[same].mean()), float(other.mean()) if other.size else 0.0
