"""How much SPE can change when the graph changes: the paper's theorem, a sharper bound, and what follows for shifts.

Setting: φ_1, ..., φ_m are permutation equivariant with Lipschitz constants K_l; ρ is permutation equivariant with
Lipschitz constant J (Frobenius norms). SPE keeps d eigenpairs; γ = λ_{d+1} - λ_d is the gap at the cut, infinite
for d = n. All distances are for one fixed alignment of the two graphs.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import NamedTuple, SupportsFloat, SupportsInt

import numpy as np
from numpy.typing import ArrayLike

from spectral_lab import checks


class BoundTerms(NamedTuple):
    """The three terms of the paper's bound, in the order of the theorem."""

    root: float  # (α1 + α2) d^{5/4} sqrt(||ΔL||_F)
    gap: float  # α2 (d/γ) ||ΔL||_F
    lipschitz: float  # α3 ||ΔL||_F


def spe_constants(lipschitz: ArrayLike, sup_norm: ArrayLike, J: SupportsFloat = 1.0) -> tuple[float, float, float]:
    """(α1, α2, α3) of the paper's theorem: 2J Σ K_l, 4 sqrt(2) J Σ M_l, J Σ K_l.

    Args:
        lipschitz: [m] K_l, the Lipschitz constants of φ_l: R^d -> R^d.
        sup_norm: [m] M_l = sup ||φ_l(λ)|| over λ in [0, 2]^d.
        J: the Lipschitz constant of ρ.

    Raises:
        ValueError: for a negative or non-finite constant.
    """
    K, M = _per_filter(lipschitz, sup_norm, "sup_norm")
    J = checks.number(J, "J", 0.0)
    return 2 * J * K, 4 * math.sqrt(2) * J * M, J * K


def spe_bound_terms(
    change: SupportsFloat,
    lipschitz: ArrayLike,
    sup_norm: ArrayLike,
    d: SupportsInt,
    gamma: SupportsFloat = np.inf,
    J: SupportsFloat = 1.0,
) -> BoundTerms:
    """The three terms of `spe_bound`, for the same arguments.

    Raises:
        ValueError: as `spe_bound`.
    """
    change, gamma = checks.number(change, "change", 0.0), _gap(gamma)
    d = checks.order(d, "d")
    a1, a2, a3 = spe_constants(lipschitz, sup_norm, J)
    cut = 0.0 if change == 0 or a2 == 0 or gamma == math.inf else _over(a2 * d * change, gamma)
    return BoundTerms((a1 + a2) * d**1.25 * math.sqrt(change), cut, a3 * change)


def spe_bound(
    change: SupportsFloat,
    lipschitz: ArrayLike,
    sup_norm: ArrayLike,
    d: SupportsInt,
    gamma: SupportsFloat = np.inf,
    J: SupportsFloat = 1.0,
) -> float:
    """The paper's stability theorem: an upper bound for ||SPE(L) - P SPE(L')||_F,

        (α1 + α2) d^{5/4} sqrt(||ΔL||_F) + (α2 d/γ + α3) ||ΔL||_F.

    Args:
        change: ||ΔL||_F = ||L - P L' P^T||_F.
        lipschitz: [m] K_l, the Lipschitz constants of φ_l: R^d -> R^d.
        sup_norm: [m] M_l = sup ||φ_l(λ)|| over λ in [0, 2]^d.
        d: the number of eigenpairs kept.
        gamma: λ_{d+1} - λ_d of L; infinity for d = n.
        J: the Lipschitz constant of ρ.

    Raises:
        ValueError: for a negative argument.
    """
    return float(sum(spe_bound_terms(change, lipschitz, sup_norm, d, gamma, J)))


def spe_bound_sharp(
    change: SupportsFloat,
    lipschitz: ArrayLike,
    largest_weight: ArrayLike,
    gamma: SupportsFloat = np.inf,
    J: SupportsFloat = 1.0,
    tight: bool = False,
) -> float:
    """A sharper and elementary bound under the same assumptions; derived here, an addition beyond the paper:

        ||SPE(L) - P SPE(L')||_F <= J Σ_l [ (1 + 2 sqrt(2)) K_l + 2 sqrt(2) ||φ_l||_∞ / γ ] ||ΔL||_F.

    For d = n SPE is therefore Lipschitz: the square root in the theorem comes from its proof. The proof: the weights
    λ_j -> φ(λ)_j extend to a scalar Lipschitz function f; ||f(L) - f(L')||_F is at most Lip(f) ||ΔL||_F; the cut
    costs the Davis-Kahan term; replacing f(λ') by φ(λ') costs Lip(f) + K. With Lip(f) <= sqrt(2) K this gives
    1 + 2 sqrt(2). `contrast_bound` shows that Lip(f) <= K already, which gives 3, and the best constant of Davis and
    Kahan's theorem (see `davis_kahan`) gives 2 ||φ_l||_∞ / γ: that is `tight`.

    Args:
        change: ||ΔL||_F = ||L - P L' P^T||_F.
        lipschitz: [m] K_l, the Lipschitz constants of φ_l: R^d -> R^d.
        largest_weight: [m] ||φ_l||_∞, the largest weight |φ_l(λ)_j|.
        gamma: λ_{d+1} - λ_d of L; infinity for d = n.
        J: the Lipschitz constant of ρ.
        tight: use 3 K_l in the place of (1 + 2 sqrt(2)) K_l, and 2 in the place of 2 sqrt(2) before the gap.

    Raises:
        ValueError: for a negative argument.
    """
    change, gamma, J = checks.number(change, "change", 0.0), _gap(gamma), checks.number(J, "J", 0.0)
    K, weight = _per_filter(lipschitz, largest_weight, "largest_weight")
    if change == 0:
        return 0.0
    steep, exchanged = (3.0, 2.0) if checks.flag(tight, "tight") else (1 + 2 * math.sqrt(2), 2 * math.sqrt(2))
    cut = 0.0 if weight == 0 or gamma == math.inf else _over(exchanged * weight, gamma)
    return J * (steep * K + cut) * change if J else 0.0


def domain_shift_bound(
    wasserstein: SupportsFloat,
    lipschitz: ArrayLike,
    sup_norm: ArrayLike,
    d: SupportsInt,
    gamma: SupportsFloat = np.inf,
    J: SupportsFloat = 1.0,
    C: SupportsFloat = 1.0,
) -> float:
    """The paper's bound for a shifted test distribution: target error minus source error is at most

        2C (1 + α2 d/γ + α3) W + 2C d^{5/4} (α1 + α2) sqrt(W).

    W is the 1-Wasserstein distance between the graph distributions for the cost min_P ||L - P L' P^T||_F; the
    network after SPE is C-Lipschitz and the labels have the same modulus of continuity. γ must bound the gap at the
    cut from below for every graph of both distributions.

    Args:
        wasserstein: W.
        lipschitz, sup_norm, d, gamma, J: as in `spe_bound`.
        C: the Lipschitz constant of the network after SPE.

    Raises:
        ValueError: for a negative argument.
    """
    W, C = checks.number(wasserstein, "wasserstein", 0.0), checks.number(C, "C", 0.0)
    return 2 * C * (W + spe_bound(W, lipschitz, sup_norm, d, gamma, J)) if C else 0.0


def _per_filter(lipschitz: ArrayLike, size: ArrayLike, name: str) -> tuple[float, float]:
    """The sums over the filters of their Lipschitz constants and of their sizes."""
    K, M = _constants(lipschitz, "lipschitz"), _constants(size, name)
    if K.shape != M.shape:
        raise ValueError(
            f"lipschitz and {name} must have one entry for each filter, got shapes {K.shape} and {M.shape}"
        )
    return float(K.sum()), float(M.sum())


def _constants(values: ArrayLike, name: str) -> np.ndarray:
    result = np.atleast_1d(checks.array(values, name))
    if np.iscomplexobj(result) or np.any(result < 0):
        raise ValueError(f"{name} must not be negative, got {checks.shown(values)}")
    return result


def _gap(gamma: SupportsFloat) -> float:
    return np.inf if isinstance(gamma, Real) and gamma == np.inf else checks.number(gamma, "gamma", 0.0)


def _over(size: float, gamma: float) -> float:
    return size / gamma if gamma > 0 else math.inf
