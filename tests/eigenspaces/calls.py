"""One good call of every public function of chapter 01: what tests/hostile.py spoils, one argument at a time."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np

from spectral_lab.eigenspaces import counting_graphs, laplacian_spectra, normalized_laplacian

GRAPH = nx.cycle_graph(6)
L = normalized_laplacian(GRAPH)
L2 = normalized_laplacian(nx.path_graph(6))
LAM, V = np.linalg.eigh(L)
GRAPHS = [GRAPH, nx.path_graph(4)]
WEIGHTS = [np.array([[1.0], [-2.0]]), np.array([[0.5, 1.0]])]
BIASES = [np.array([0.1, 0.2]), np.array([0.3])]
BOUND = {"change": 0.1, "lipschitz": [1.0, 2.0], "sup_norm": [1.0, 1.0], "d": 2, "gamma": 0.5, "J": 1.0}

CALLS: dict[str, dict[str, Any]] = {
    "adjacency_batch": {"graphs": GRAPHS},
    "adjacency_matrix": {"graph": GRAPH},
    "bump": {"lam": LAM, "centre": 1.0, "width": 0.5, "softness": 0.1},
    "bump_lipschitz": {"width": 0.5, "softness": 0.1},
    "contrast_bound": {"lipschitz": 1.0, "gap": 0.5},
    "counting_graphs": {"count": 3, "seed": 0, "sizes": (10, 15)},
    "counting_targets": {"graphs": counting_graphs(2, 0)},
    "cycle_counts": {"graph": GRAPH, "k": 3, "per_node": False},
    "davis_kahan": {"L": L, "L2": L2, "d": 2},
    "degeneracy_report": {"lam": LAM, "tol": 1e-5},
    "domain_shift_bound": {"wasserstein": 0.1, **{k: v for k, v in BOUND.items() if k != "change"}, "C": 1.0},
    "edge_list": {"graph": GRAPH},
    "eigenspace_labels": {"lam": LAM, "tol": 1e-5, "rule": "linkage"},
    "fit_spline": {"features": np.arange(12.0).reshape(4, 3) ** 2, "targets": np.arange(4.0), "ridge": 1e-3},
    "gap_at": {"lam": LAM, "d": 1},
    "hoffman_wielandt": {"L": L, "L2": L2},
    "landau_zener_ring": {"n": 6, "w": 0.9, "delta": 0.1},
    "laplacian_batch": {"graphs": GRAPHS, "isolated": 1.0},
    "laplacian_spectra": {"graphs": GRAPHS, "d": 3, "isolated": 1.0},
    "layout": {"graph": GRAPH},
    "mlp_lipschitz": {"weights": WEIGHTS, "biases": BIASES},
    "mlp_lipschitz_bound": {"weights": WEIGHTS},
    "multiplicities": {"lam": LAM, "tol": 1e-5, "rule": "linkage"},
    "named_graph": {"name": "Petersen"},
    "normalized_laplacian": {"graph": GRAPH, "isolated": 1.0},
    "projectors": {"lam": LAM, "V": V, "tol": 1e-5, "rule": "linkage"},
    "random_walk_encoding": {"graph": GRAPH, "steps": 3},
    "relu_mlp": {"lam": LAM, "weights": WEIGHTS, "biases": BIASES},
    "ring_change": {"w": 0.9, "w2": 1.1},
    "ring_gap": {"n": 6, "w": 0.9, "delta": 0.1},
    "ring_rotation": {"w": 0.9, "delta": 0.1},
    "sin_theta": {"V": V[:, :2], "W": V[:, 1:3]},
    "spe_bound": BOUND,
    "spe_bound_sharp": {
        "change": 0.1,
        "lipschitz": [1.0],
        "largest_weight": [1.0],
        "gamma": 0.5,
        "J": 1.0,
        "tight": False,
    },
    "spe_bound_terms": BOUND,
    "spe_constants": {"lipschitz": [1.0], "sup_norm": [1.0], "J": 1.0},
    "spectral_filter": {"V": V, "lam": LAM, "phi": LAM},
    "spline_design": {"lam": LAM, "pieces": 4},
    "spline_features": {"spectra": laplacian_spectra(GRAPHS), "pieces": 4},
    "spline_knots": {"pieces": 4},
    "spline_lipschitz": {"coefficients": np.arange(7.0)},
    "stable_colours": {"graph": GRAPH, "rounds": 3},
    "weyl": {"L": L, "L2": L2},
}
