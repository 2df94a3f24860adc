"""The graphs of the cycle-counting experiment, drawn by its documented recipe.

Chen, Chen, Villar, Bruna (NeurIPS 2020) drew 5000 random regular graphs and deleted edges at random; later papers,
SPE among them, count cycles on the same set. The recipe is repeated here, so the graphs are of the same
distribution, and not the same graphs.
"""

from __future__ import annotations

from numbers import Integral
from typing import SupportsInt

import networkx as nx
import numpy as np
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.eigenspaces.cycles import cycle_counts
from spectral_lab.eigenspaces.spectra import adjacency_batch

KINDS = ((10, 6), (15, 6), (20, 5), (30, 5))  # (nodes m, degree)
LENGTHS = (3, 4, 5, 6)
MOST = 20_000  # some ten seconds

Graph = tuple[int, np.ndarray]


def counting_graphs(count: SupportsInt, seed: SupportsInt, sizes: tuple[int, ...] = (10, 15, 20, 30)) -> list[Graph]:
    """Random graphs of the counting experiment, as pairs (n, edges).

    Each: draw (m, degree) uniformly from `KINDS`, a random regular simple graph of that kind, and delete m of its
    edges, chosen uniformly without replacement.

    Args:
        count: how many, up to 20 000 (some ten seconds).
        seed: of the generator.
        sizes: which numbers of nodes to draw from.

    Raises:
        ValueError: for a count outside 0..20 000, a negative seed, or a size that no kind has.
    """
    count, rng = checks.integer(count, "count", 0, MOST), np.random.default_rng(checks.integer(seed, "seed", 0))
    known = isinstance(sizes, (list, tuple)) and all(isinstance(m, Integral) and m in dict(KINDS) for m in sizes)
    if not known or not sizes:
        raise ValueError(f"sizes must be some of {', '.join(str(m) for m, _ in KINDS)}, got {checks.shown(sizes)}")
    kinds = [kind for kind in KINDS if kind[0] in sizes]
    graphs = []
    for _ in range(count):
        m, degree = kinds[rng.integers(len(kinds))]
        regular = nx.random_regular_graph(degree, m, seed=int(rng.integers(2**31)))
        edges = np.sort(np.array(sorted(tuple(sorted(edge)) for edge in regular.edges())), axis=1)
        keep = np.sort(rng.permutation(len(edges))[m:])
        graphs.append((m, edges[keep]))
    return graphs


def counting_targets(graphs: list[Graph]) -> Float[np.ndarray, "graphs 4"]:
    """The targets of the experiment: cycles of length 3 to 6 through each node, summed over the nodes.

    A cycle of length k is counted k times, once from each of its nodes.

    Raises:
        ValueError: as `cycle_counts`.
    """
    adjacency = adjacency_batch(graphs)[1]
    return np.stack([k * cycle_counts(adjacency, k) for k in LENGTHS], axis=1).astype(float)
