"""Chapter 01: eigenspace instability, and positional encodings that are stable and expressive.

Laplacian eigenvectors tell a graph network where a node is. They are not unique: every sign, and inside a repeated
eigenvalue every rotation, is as good. And they are not stable: when two eigenvalues come close, an arbitrarily small
change of one edge exchanges their eigenvectors. A hard partition of the spectrum into eigenspaces repairs the first
defect and keeps the second, because the partition itself jumps. SPE weights all eigenvectors by continuous functions
of their eigenvalues, V diag(φ(λ)) V^T, which is a soft partition: basis invariant, provably stable, and expressive
enough to count cycles.

Yinan Huang, William Lu, Joshua Robinson, Yu Yang, Muhan Zhang, Stefanie Jegelka, Pan Li. On the Stability of
Expressive Positional Encodings for Graphs. ICLR 2024, arXiv:2310.02579.

The models (SPE, SignNet, BasisNet, PEG on GINE) are in `spectral_lab.eigenspaces.models`; they need torch.
"""

from __future__ import annotations

from spectral_lab.eigenspaces.counting import counting_graphs, counting_targets
from spectral_lab.eigenspaces.cycles import cycle_counts
from spectral_lab.eigenspaces.filters import (
    mlp_lipschitz,
    mlp_lipschitz_bound,
    relu_mlp,
    spectral_filter,
    spline_design,
    spline_knots,
    spline_lipschitz,
)
from spectral_lab.eigenspaces.landau_zener import landau_zener_ring, ring_change, ring_gap, ring_rotation
from spectral_lab.eigenspaces.laplacian import adjacency_matrix, edge_list, normalized_laplacian
from spectral_lab.eigenspaces.partitions import (
    DegeneracyReport,
    bump,
    bump_lipschitz,
    contrast_bound,
    degeneracy_report,
    eigenspace_labels,
    multiplicities,
    projectors,
)
from spectral_lab.eigenspaces.perturbation import Inequality, davis_kahan, gap_at, hoffman_wielandt, sin_theta, weyl
from spectral_lab.eigenspaces.regression import SplineRegression, fit_spline, spline_features
from spectral_lab.eigenspaces.spectra import Spectra, adjacency_batch, laplacian_batch, laplacian_spectra
from spectral_lab.eigenspaces.stability import (
    BoundTerms,
    domain_shift_bound,
    spe_bound,
    spe_bound_sharp,
    spe_bound_terms,
    spe_constants,
)
from spectral_lab.eigenspaces.walks import random_walk_encoding, stable_colours
from spectral_lab.eigenspaces.zoo import GRAPHS, layout, named_graph

__all__ = [
    "GRAPHS",
    "BoundTerms",
    "DegeneracyReport",
    "Inequality",
    "Spectra",
    "SplineRegression",
    "adjacency_batch",
    "adjacency_matrix",
    "bump",
    "bump_lipschitz",
    "contrast_bound",
    "counting_graphs",
    "counting_targets",
    "cycle_counts",
    "davis_kahan",
    "degeneracy_report",
    "domain_shift_bound",
    "edge_list",
    "eigenspace_labels",
    "fit_spline",
    "gap_at",
    "hoffman_wielandt",
    "landau_zener_ring",
    "laplacian_batch",
    "laplacian_spectra",
    "layout",
    "mlp_lipschitz",
    "mlp_lipschitz_bound",
    "multiplicities",
    "named_graph",
    "normalized_laplacian",
    "projectors",
    "random_walk_encoding",
    "relu_mlp",
    "ring_change",
    "ring_gap",
    "ring_rotation",
    "sin_theta",
    "spe_bound",
    "spe_bound_sharp",
    "spe_bound_terms",
    "spe_constants",
    "spectral_filter",
    "spline_design",
    "spline_features",
    "spline_knots",
    "spline_lipschitz",
    "stable_colours",
    "weyl",
]
