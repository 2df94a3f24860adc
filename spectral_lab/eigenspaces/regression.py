"""Ridge regression on spline filters of the spectrum: the smallest model with the trade-off of the paper.

A graph is described by Σ_i B_s(λ_i) for the B-splines B_s with a given number of pieces; a linear map of these
features is Σ_i φ(λ_i) for a spline φ. More pieces make φ steeper, fit the training graphs better, and generalise
worse. Derived here, as a stand-in that is solved exactly for the trained networks of the paper's section 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsFloat, SupportsInt

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.eigenspaces.filters import spline_design, spline_lipschitz
from spectral_lab.eigenspaces.spectra import Spectra


def spline_features(spectra: Spectra, pieces: SupportsInt) -> Float[np.ndarray, "graphs coefficients"]:
    """Σ_i B_s(λ_i) over the eigenvalues that exist: [graphs, pieces + 3]. All eigenpairs must have been kept.

    Raises:
        ValueError: for pieces < 1, or anything but the result of `laplacian_spectra`.
    """
    if not isinstance(spectra, Spectra):
        raise ValueError(f"spectra must come from laplacian_spectra, got {type(spectra).__name__}")
    exists = np.arange(spectra.eigenvalues.shape[1]) < spectra.mask.sum(axis=1)[:, None]
    design = spline_design(np.where(exists, spectra.eigenvalues, 0.0), pieces)
    return np.einsum("gds,gd->gs", design, exists.astype(float))


@dataclass(frozen=True)
class SplineRegression:
    """y = offset + Σ_i φ(λ_i), with φ given by its spline coefficients."""

    coefficients: Float[np.ndarray, " coefficients"]
    offset: float

    def __call__(self, features: Float[np.ndarray, "graphs coefficients"]) -> Float[np.ndarray, " graphs"]:
        """Predictions from `spline_features`."""
        return features @ self.coefficients + self.offset

    @property
    def lipschitz(self) -> float:
        """The exact Lipschitz constant of φ on [0, 2]."""
        return spline_lipschitz(self.coefficients)


def fit_spline(features: ArrayLike, targets: ArrayLike, ridge: SupportsFloat = 1e-3) -> SplineRegression:
    """Ridge regression on features standardised by their own mean and standard deviation.

    A feature that is constant on the training graphs (up to 1e-12 of the largest) gets no weight: an eigenvalue 0 that
    rounding made 1e-16 says nothing. The data fix φ up to a multiple of 1 - λ, whose sum over a spectrum is
    tr(I - L) = 0; the penalty chooses among these.

    Args:
        features: [graphs, coefficients] from `spline_features`.
        targets: [graphs].
        ridge: the penalty, as a multiple of the number of graphs.

    Raises:
        ValueError: for shapes that do not fit, no graphs, complex or absurdly large numbers, or a ridge outside
            [1e-15, 1e15].
    """
    X = checks.real_array(features, "features", (None, None))
    y = checks.real_array(targets, "targets", (None,))
    if len(X) != len(y):
        raise ValueError(f"features [graphs, coefficients] and targets [graphs] must fit, got {X.shape} and {y.shape}")
    ridge = checks.number(ridge, "ridge", 1e-15, 1e15)
    for values, name in ((X, "features"), (y, "targets")):
        if values.size == 0 or np.abs(values).max() > 1e150:
            raise ValueError(f"{name} must hold numbers of at most 1e150 for at least one graph, got {values.shape}")
    checks.order(X.shape[1], "the number of features")
    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.where(scale > 1e-12 * np.abs(X).max(), scale, np.inf)
    Z = (X - mean) / scale
    gram = Z.T @ Z + ridge * len(X) * np.eye(Z.shape[1])
    weights = np.linalg.solve(gram, Z.T @ (y - y.mean())) / scale
    return SplineRegression(weights, float(y.mean() - mean @ weights))
