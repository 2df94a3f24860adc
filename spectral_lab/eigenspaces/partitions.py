"""Cutting a spectrum into eigenspaces: with scissors (hard) or with a fader (soft).

A hard partition says which eigenvalues are equal and gives one projector per eigenspace; it jumps when a
degeneracy splits. A soft partition weights all eigenvectors by continuous functions of the eigenvalue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsFloat

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.eigenspaces.perturbation import ascending


def eigenspace_labels(
    lam: ArrayLike, tol: SupportsFloat = 1e-5, rule: str = "linkage", scale: SupportsFloat | None = None
) -> Int[np.ndarray, " d"]:
    """The number 0, 1, 2, ... of the eigenspace that each ascending eigenvalue belongs to.

    `linkage` joins neighbours closer than tol * scale (single linkage). `rounding` joins eigenvalues that round to the
    same multiple of it, the rule of the published BasisNet code (tol = 1e-5, scale = 1); two eigenvalues 1e-9 apart
    can then fall into different spaces when a rounding boundary lies between them.

    Args:
        lam: [d] ascending eigenvalues.
        tol: the tolerance, relative to the scale, between 1e-15 and 1.
        rule: "linkage" or "rounding".
        scale: the size of the matrix; the largest |λ| if None, which needs the upper end of the spectrum. Give 1 for
            the lowest eigenvalues of a normalised Laplacian.

    Raises:
        ValueError: if lam is not a vector in ascending order, tol or scale is out of range, or the rule is unknown.
    """
    lam = ascending(lam)
    tol = checks.number(tol, "tol", 1e-15, 1.0)
    size = float(np.abs(lam).max(initial=0.0)) if scale is None else checks.number(scale, "scale", above=0.0)
    size = size or 1.0
    if tol * size < 1e-16 * np.abs(lam).max(initial=0.0) or tol * size < 1e-300:
        raise ValueError(f"scale must be such that tol * scale is above the rounding of lam, got {size:g}")
    if checks.choice(rule, "rule", ("linkage", "rounding")) == "linkage":
        new = np.diff(lam) >= tol * size
    else:
        new = np.diff(np.rint(lam / (tol * size))) > 0
    return np.concatenate([np.zeros(min(len(lam), 1), dtype=int), np.cumsum(new)])


def multiplicities(
    lam: ArrayLike, tol: SupportsFloat = 1e-5, rule: str = "linkage", scale: SupportsFloat | None = None
) -> Int[np.ndarray, " spaces"]:
    """The dimensions of the eigenspaces, lowest eigenvalue first.

    Raises:
        ValueError: as `eigenspace_labels`.
    """
    return np.bincount(eigenspace_labels(lam, tol, rule, scale))


def projectors(
    lam: ArrayLike,
    V: ArrayLike,
    tol: SupportsFloat = 1e-5,
    rule: str = "linkage",
    scale: SupportsFloat | None = None,
) -> Float[np.ndarray, "g n n"]:
    """The projectors P_g = V_g V_g^T onto the eigenspaces, lowest eigenvalue first: the hard partition of BasisNet.

    Each is the same for every orthonormal basis of its eigenspace; together they sum to V V^T.

    Args:
        lam: [d] ascending eigenvalues.
        V: [n, d] the eigenvectors in its columns.
        tol, rule, scale: which eigenvalues count as equal, see `eigenspace_labels`.

    Raises:
        ValueError: if the shapes do not fit, or as `eigenspace_labels`.
    """
    labels = eigenspace_labels(lam, tol, rule, scale)
    V = checks.array(V, "V")
    if V.ndim != 2 or V.shape[1] != len(labels):
        raise ValueError(f"lam [d] and V [n, d] must fit, got shapes {(len(labels),)} and {V.shape}")
    if len(V) ** 2 * (labels[-1] + 1 if len(labels) else 0) > checks.LARGEST_ORDER**2:
        raise ValueError(f"V must leave room for {labels[-1] + 1} dense projectors, got {len(V)} rows")
    members = labels == np.arange(labels[-1] + 1 if len(labels) else 0)[:, None]
    return np.einsum("id,gd,jd->gij", V, members.astype(float), V.conj(), optimize=True)


@dataclass(frozen=True)
class DegeneracyReport:
    """What a spectrum says about its own stability."""

    gaps: Float[np.ndarray, " neighbours"]  # between neighbouring eigenvalues
    multiplicities: Int[np.ndarray, " spaces"]
    truncation_gaps: Float[np.ndarray, " d"]  # γ(1), ..., γ(d); the last is infinite

    @property
    def smallest_gap(self) -> float:
        """The smallest distance between neighbouring eigenspaces; infinite if there is only one."""
        ends = np.cumsum(self.multiplicities)[:-1] - 1
        return float(self.gaps[ends].min()) if len(ends) else float("inf")

    def __str__(self) -> str:
        return (
            f"{len(self.truncation_gaps)} eigenvalues in {len(self.multiplicities)} eigenspaces, "
            f"{int((self.multiplicities > 1).sum())} of them repeated (largest dimension "
            f"{self.multiplicities.max()}); "
            + (f"smallest gap between spaces {self.smallest_gap:.3g}" if len(self.multiplicities) > 1 else "no gap")
        )


def degeneracy_report(lam: ArrayLike, tol: SupportsFloat = 1e-5) -> DegeneracyReport:
    """Gaps, multiplicities and truncation gaps γ(d) of a full ascending spectrum.

    Raises:
        ValueError: if lam is empty, or as `eigenspace_labels`.
    """
    sizes, lam = multiplicities(lam, tol), ascending(lam)
    if len(lam) == 0:
        raise ValueError("lam must hold at least one eigenvalue")
    return DegeneracyReport(np.diff(lam), sizes, np.append(np.diff(lam), np.inf))


def bump(
    lam: ArrayLike, centre: SupportsFloat, width: SupportsFloat, softness: SupportsFloat
) -> Float[np.ndarray, "*shape"]:
    """A window on the spectrum: exp(-½ |(λ - c)/σ|^{2/s}), a Gaussian at s = 1 and a box of width 2σ at s = 0.

    Derived here: one family that runs from the hard partition to the soft one.

    Raises:
        ValueError: for a width that is not positive or a softness outside [0, 1].
    """
    lam = checks.real_array(lam, "lam")
    centre, width = checks.number(centre, "centre"), checks.number(width, "width", above=0.0)
    softness = checks.number(softness, "softness", 0.0, 1.0)
    with np.errstate(over="ignore"):  # far outside a steep window the exponent is infinite and the weight 0
        u = np.abs(lam - centre) / width
        return np.exp(-0.5 * u ** (2 / softness)) if softness > 1e-300 else (u <= 1).astype(float)


def bump_lipschitz(width: SupportsFloat, softness: SupportsFloat) -> float:
    """The exact Lipschitz constant of `bump`; infinite for the box.

    It is (2q)^q e^{-q} / (s σ) with q = 1 - s/2, attained where |(λ - c)/σ|^{2/s} = 2q; 1/(σ sqrt(e)) at s = 1.

    Raises:
        ValueError: as `bump`.
    """
    width = checks.number(width, "width", above=0.0)
    softness = checks.number(softness, "softness", 0.0, 1.0)
    if softness * width < 1e-300:
        return float("inf")
    q = 1 - softness / 2
    return float((2 * q) ** q * np.exp(-q) / (softness * width))


def contrast_bound(lipschitz: SupportsFloat, gap: SupportsFloat) -> float:
    """How differently a soft partition can weigh two eigenvalues: |φ(λ)_i - φ(λ)_j| <= K |λ_i - λ_j|.

    Derived here, for permutation equivariant K-Lipschitz φ. Exchange entries i and j of λ: the argument moves by
    sqrt(2) |λ_i - λ_j|, and by equivariance the weights move by sqrt(2) |φ_i - φ_j|, which is at most K times as
    much. Lipschitz and equivariant together mean a resolution of 1/K: that is the soft partition.

    Raises:
        ValueError: for negative arguments, or a product that no double can hold.
    """
    lipschitz, gap = checks.number(lipschitz, "lipschitz", 0.0), checks.number(gap, "gap", 0.0)
    return checks.number(lipschitz * gap, "lipschitz times gap")
