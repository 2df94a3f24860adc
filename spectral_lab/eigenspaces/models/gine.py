"""GINE: the message-passing network that the encodings are given to."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.eigenspaces.models.layers import MLP, Norm, Packing, require_sizes
from spectral_lab.eigenspaces.models.peg import PEG


class GINE(nn.Module):
    """Graph isomorphism layers with edge features (Hu et al., ICLR 2020), pooled and read out by a perceptron.

    Args:
        encoder: a positional encoder (`SPE`, `SignNet`, `BasisNet`, `PEG`, ...), or None.
        width, layers: of the message-passing part.
        targets: numbers to predict for each graph.
        node_types, edge_types: how many kinds of nodes and edges there are, given as integers; or with
            `features=True` the number of real features of a node and of an edge.
        pooling: "sum" or "mean" over the nodes.
        aggregate: how the encoding joins the node features, "add" or "concatenate".
        inject: "input" gives the encoding once, as in the published ZINC models; "every_layer" also adds a
            perceptron of it before every layer, as in the released code.
        hidden: width of the perceptrons, `width` if None.
    """

    def __init__(
        self,
        encoder: Any = None,
        width: int = 128,
        layers: int = 4,
        targets: int = 1,
        node_types: int = 1,
        edge_types: int = 1,
        features: bool = False,
        pooling: str = "sum",
        aggregate: str = "add",
        inject: str = "input",
        hidden: int | None = None,
        mlp_layers: int = 3,
        norm: Norm = "batch",
        dropout: float = 0.0,
    ):
        super().__init__()
        require_sizes(width=width, layers=layers, targets=targets, node_types=node_types, edge_types=edge_types)
        require_sizes(hidden=width if hidden is None else hidden, mlp_layers=mlp_layers)
        if encoder is not None and not hasattr(encoder, "forward"):
            raise ValueError(f"encoder must be None or a module such as SPE(d), got {encoder!r}")
        self.encoder: Any = encoder
        self.width = width
        self.mean = checks.choice(pooling, "pooling", ("sum", "mean")) == "mean"
        self.nodes = nn.Linear(node_types, width) if features else nn.Embedding(node_types, width)
        on_nodes = encoder is not None and not isinstance(encoder, PEG)
        every = checks.choice(inject, "inject", ("input", "every_layer")) == "every_layer" and on_nodes
        concatenate = checks.choice(aggregate, "aggregate", ("add", "concatenate")) == "concatenate" and on_nodes
        self.embed = nn.Linear(encoder.out, width) if on_nodes else None
        self.merge = nn.Linear(2 * width, width) if concatenate else None

        def perceptron(inp: int, out: int) -> MLP:
            return MLP(mlp_layers, inp, hidden or width, out, norm, dropout)

        self.layers = nn.ModuleList(
            GINELayer(
                perceptron(width, width),
                nn.Linear(edge_types, width) if features else nn.Embedding(edge_types + 1, width),
                perceptron(1, width) if isinstance(encoder, PEG) else None,
                perceptron(encoder.out, width) if every else None,
            )
            for _ in range(layers)
        )
        self.head = perceptron(width, targets)

    def forward(
        self,
        nodes: Shaped[Tensor, "b n *f"],
        edges: Shaped[Tensor, "b n n *g"],
        adjacency: Float[Tensor, "b n n"],
        eigenvalues: Float[Tensor, "b d"],
        eigenvectors: Float[Tensor, "b n d"],
        mask: Bool[Tensor, "b n"],
    ) -> Float[Tensor, "b targets"]:
        """Predictions of a padded batch. `adjacency` holds 0 and 1; `edges` the type or features of each pair."""
        rows = Packing(mask)
        graph, i, j = adjacency.nonzero(as_tuple=True)
        place = mask.reshape(-1).cumsum(0).view_as(mask) - 1  # where a node's row is among the packed rows
        target, source, attributes = place[graph, i], place[graph, j], edges[graph, i, j]

        x = self.nodes(nodes.reshape(-1, *nodes.shape[2:])[rows.index])  # [rows, width]
        encoding = lengths = None
        if isinstance(self.encoder, PEG):
            lengths = self.encoder(eigenvectors, (graph, i, j))
        elif self.encoder is not None:
            encoding = rows.pack(self.encoder(eigenvalues, eigenvectors, adjacency, mask))
            embedded = self.embed(encoding)
            x = x + embedded if self.merge is None else self.merge(torch.cat([x, embedded], dim=1))
        for layer in self.layers:
            x = layer(x, source, target, attributes, lengths, encoding)
        return self.head(self._pool(rows.unpack(x), mask))

    def _pool(self, x: Float[Tensor, "b n c"], mask: Bool[Tensor, "b n"]) -> Float[Tensor, "b c"]:
        total = x.sum(dim=1)
        return total / mask.sum(dim=1, keepdim=True) if self.mean else total


class GINELayer(nn.Module):
    """x_i <- x_i + MLP((1 + ε) x_i + Σ_{j ∈ N(i)} ReLU(x_j + e_ij)), on packed rows."""

    def __init__(self, mlp: MLP, edges: nn.Module, lengths: MLP | None, encoding: MLP | None):
        super().__init__()
        self.eps = nn.Parameter(torch.randn(1))
        self.mlp, self.edges, self.lengths, self.encoding = mlp, edges, lengths, encoding

    def forward(
        self,
        x: Float[Tensor, "rows c"],
        source: Int[Tensor, " e"],
        target: Int[Tensor, " e"],
        attributes: Shaped[Tensor, e * g],
        lengths: Float[Tensor, "e 1"] | None,
        encoding: Float[Tensor, "rows p"] | None,
    ) -> Float[Tensor, "rows c"]:
        residual = x
        edge = self.edges(attributes)
        if self.lengths is not None:
            edge = edge * self.lengths(lengths)
        if self.encoding is not None:
            x = x + self.encoding(encoding)
        messages = torch.relu(x.index_select(0, source) + edge)
        received = torch.zeros_like(x).index_add(0, target, messages)
        return residual + self.mlp((1 + self.eps) * x + received)
