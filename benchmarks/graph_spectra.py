"""How fast are spectra of many graphs, and SPE on a padded batch, beside doing it graph by graph?

    OMP_NUM_THREADS=1 python benchmarks/graph_spectra.py

All routes in one run, medians. BLAS and torch have one thread; ours diagonalises groups of graphs on all cores, which
routes that go graph by graph do not. Spectra: 1000 counting graphs (n up to 30) from edge lists, assembly included,
padded to 30. "PyG steps" is what `get_laplacian`, `to_dense_adj` and `eigh` do for one graph, written plainly in torch;
PyG itself is timed where it is installed. "leanest loop" is the shortest torch loop that we could write. SPE: forward
and backward on 32 counting graphs with the published widths; "graph by graph" is the same model on a list of unpadded
tensors, with the same weights and the same batch statistics.
Wanted: 4 times faster than the PyG steps, 6 times faster than networkx + eigh, 1.5 times faster than the list.
"""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import torch
from report import publish, seconds
from torch import Tensor

from spectral_lab.eigenspaces import laplacian_spectra
from spectral_lab.eigenspaces.counting import counting_graphs
from spectral_lab.eigenspaces.data import counting
from spectral_lab.eigenspaces.models import GINE
from spectral_lab.eigenspaces.recipe import RECIPES, predict

D = 30


# --- spectra ------------------------------------------------------------------------------------------------------


def pyg_steps(n: int, edge_index: Tensor) -> tuple[Tensor, Tensor]:
    """get_laplacian(normalization="sym"), to_dense_adj, eigh, zero padding: one graph."""
    edge_index = edge_index[:, edge_index[0] != edge_index[1]]  # remove_self_loops
    weight = torch.ones(edge_index.shape[1], dtype=torch.float64)
    row, col = edge_index
    degree = torch.zeros(n, dtype=torch.float64).scatter_add_(0, row, weight)
    scale = degree.pow(-0.5)
    scale = scale.masked_fill(scale == float("inf"), 0.0)
    weight = scale[row] * weight * scale[col]
    loops = torch.arange(n)  # add_self_loops
    edge_index = torch.cat([edge_index, torch.stack([loops, loops])], dim=1)
    weight = torch.cat([-weight, torch.ones(n, dtype=torch.float64)])
    batch = torch.zeros(n, dtype=torch.long)  # to_dense_adj, for a batch of one
    sizes = torch.zeros(1, dtype=torch.long).scatter_add_(0, batch, torch.ones(n, dtype=torch.long))
    start = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    graph = batch[edge_index[0]]
    i, j = edge_index[0] - start[batch][edge_index[0]], edge_index[1] - start[batch][edge_index[1]]
    width = int(sizes.max())
    dense = torch.zeros(width * width, dtype=torch.float64)
    dense = dense.scatter_add_(0, graph * width * width + i * width + j, weight).view(width, width)
    return padded(n, *torch.linalg.eigh(dense))


def leanest(n: int, edge_index: Tensor) -> tuple[Tensor, Tensor]:
    """The shortest way to the same for one graph."""
    row, col = edge_index
    degree = torch.zeros(n, dtype=torch.float64).scatter_add_(0, row, torch.ones(len(row), dtype=torch.float64))
    scale = degree.pow(-0.5).masked_fill_(degree == 0, 0.0)
    L = torch.eye(n, dtype=torch.float64)
    L[row, col] -= scale[row] * scale[col]
    return padded(n, *torch.linalg.eigh(L))


def padded(n: int, lam: Tensor, V: Tensor) -> tuple[Tensor, Tensor]:
    """Zero padding of eigenvalues and eigenvectors to D."""
    eigenvalues, eigenvectors = torch.zeros(D, dtype=torch.float64), torch.zeros(n, D, dtype=torch.float64)
    eigenvalues[:n], eigenvectors[:, :n] = lam, V
    return eigenvalues, eigenvectors


def pyg_itself(n: int, edge_index: Tensor) -> tuple[Tensor, Tensor]:
    """The library's own functions."""
    from torch_geometric.utils import get_laplacian, to_dense_adj

    index, weight = get_laplacian(edge_index, normalization="sym", num_nodes=n, dtype=torch.float64)
    return padded(n, *torch.linalg.eigh(to_dense_adj(index, edge_attr=weight, max_num_nodes=n)[0]))


def networkx_route(n: int, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A networkx graph, its normalised Laplacian, numpy's eigh."""
    graph = nx.empty_graph(n)
    graph.add_edges_from(edges.tolist())
    return np.linalg.eigh(nx.normalized_laplacian_matrix(graph).toarray())


def spectra() -> list[dict[str, Any]]:
    graphs = counting_graphs(1000, 0)
    both = [(n, torch.from_numpy(np.concatenate([edges, edges[:, ::-1]]).T.copy())) for n, edges in graphs]
    routes = {
        "ours, all at once": lambda: laplacian_spectra(graphs, D),
        "PyG steps, graph by graph": lambda: [pyg_steps(n, index) for n, index in both],
        "leanest loop, graph by graph": lambda: [leanest(n, index) for n, index in both],
        "networkx + eigh": lambda: [networkx_route(n, edges) for n, edges in graphs],
    }
    try:
        import torch_geometric

        routes[f"PyG {torch_geometric.__version__} itself"] = lambda: [pyg_itself(n, index) for n, index in both]
    except ImportError:
        pass
    times = {name: seconds(route, 9) for name, route in routes.items()}
    ours = times["ours, all at once"]
    lam = laplacian_spectra(graphs, D).eigenvalues
    error = max(float(np.abs(lam[row] - pyg_steps(*one)[0].numpy()).max()) for row, one in enumerate(both))
    return [
        {"what": "1000 spectra", "route": name, "ms": 1e3 * t, "times ours": t / ours, "largest difference": error}
        for name, t in times.items()
    ]


# --- SPE ----------------------------------------------------------------------------------------------------------


class Statistics:
    """Batch norm over the rows of a list of tensors: the same statistics as one norm over all of them."""

    def __call__(self, norm: torch.nn.BatchNorm1d, xs: list[Tensor]) -> list[Tensor]:
        shapes = [x.shape for x in xs]
        flat = norm(torch.cat([x.reshape(-1, x.shape[-1]) for x in xs]))
        parts = flat.split([x[..., 0].numel() for x in xs])
        return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]


def mlp(net: Any, xs: list[Tensor]) -> list[Tensor]:
    """A perceptron on a list of tensors."""
    for linear, norm in zip(net.linears, net.norms, strict=False):
        xs = [torch.relu(x) for x in Statistics()(norm, [linear(x) for x in xs])]
    return [net.linears[-1](x) for x in xs]


def spe_list(model: GINE, graphs: list[dict[str, Tensor]]) -> Tensor:
    """The same GINE with SPE, on a list of graphs: m separate filters, and tensors of every graph's own size."""
    spe = model.encoder
    phi, channels = spe.phi, []
    for l in range(spe.channels):  # every φ_l by itself, as in the published code
        xs = [g["eigenvalues"][:, None] for g in graphs]
        for linear, norm in zip(phi.linears, phi.norms, strict=False):
            width = linear.weight.shape[1]
            own = slice(l * width, (l + 1) * width)
            xs = [x @ linear.weight[l].T + linear.bias[l] for x in xs]
            flat = torch.nn.functional.batch_norm(
                torch.cat(xs), None, None, norm.weight[own], norm.bias[own], training=True
            )
            xs = [torch.relu(part) for part in flat.split([len(x) for x in xs])]
        channels.append([x @ phi.linears[-1].weight[l].T + phi.linears[-1].bias[l] for x in xs])
    tensors = []
    for row, g in enumerate(graphs):
        V = g["eigenvectors"]
        tensors.append(torch.stack([V @ torch.diag(c[row][:, 0]) @ V.T for c in channels], dim=2))
    for layer in spe.rho.layers:
        tensors = [
            (1 + layer.eps) * x + torch.einsum("ij,jkc->ikc", g["adjacency"], x)
            for g, x in zip(graphs, tensors, strict=True)
        ]
        tensors = mlp(layer.mlp, tensors)
    xs = [model.nodes(g["nodes"]) + model.embed(x.sum(dim=1)) for g, x in zip(graphs, tensors, strict=True)]
    for layer in model.layers:
        received = []
        for g, x in zip(graphs, xs, strict=True):
            i, j = g["adjacency"].nonzero(as_tuple=True)
            messages = torch.relu(x[j] + layer.edges(g["edges"][i, j]))
            received.append((1 + layer.eps) * x + torch.zeros_like(x).index_add(0, i, messages))
        xs = [x + y for x, y in zip(xs, mlp(layer.mlp, received), strict=True)]
    return mlp(model.head, [torch.stack([x.sum(dim=0) for x in xs])])[0]


def encoder() -> list[dict[str, Any]]:
    torch.manual_seed(0)
    model = RECIPES["counting/3/spe"]("paper").model().train()
    batch = counting(3, (32, 2, 2), D)["train"].__getitems__(list(range(32)))
    graphs = []
    for b, mask in enumerate(batch["mask"]):
        n = int(mask.sum())
        graphs.append(
            {
                "eigenvalues": batch["eigenvalues"][b, :n],
                "eigenvectors": batch["eigenvectors"][b, :n, :n],
                "adjacency": batch["adjacency"][b, :n, :n],
                "edges": batch["edges"][b, :n, :n],
                "nodes": batch["nodes"][b, :n],
            }
        )
    error = float((predict(model, batch) - spe_list(model, graphs)).detach().abs().max())

    def step(route: Any) -> None:
        model.zero_grad()
        route().square().mean().backward()

    times = {
        "ours, padded batch": seconds(lambda: step(lambda: predict(model, batch)), 9),
        "graph by graph": seconds(lambda: step(lambda: spe_list(model, graphs)), 9),
    }
    ours = times["ours, padded batch"]
    return [
        {"what": "SPE fwd + bwd, 32 graphs", "route": name, "ms": 1e3 * t, "times ours": t / ours,
         "largest difference": error}
        for name, t in times.items()
    ]  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    publish("graph_spectra", __doc__.split("\n", 1)[0], spectra() + encoder())
