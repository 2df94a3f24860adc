"""Data of chapter 01: labelled graphs with their spectra, batched as dense padded tensors.

Spectra are computed once when a set is built (the Laplacian is not differentiated), edges stay in lists, and a batch
is padded to its own largest graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from spectral_lab import checks
from spectral_lab.datasets import Dataset, File
from spectral_lab.eigenspaces.counting import LENGTHS, MOST, counting_graphs, counting_targets
from spectral_lab.eigenspaces.data.formats import (
    FormatError,
    LabelledGraph,
    read_counting_mat,
    read_drugood,
    read_index,
    read_tu,
    read_zinc,
)
from spectral_lab.eigenspaces.data.molecules import drugood_graph, nci_molecules
from spectral_lab.eigenspaces.spectra import laplacian_spectra
from spectral_lab.samples import Batched

Batch = dict[str, Tensor]
SPLITS = ("train", "val", "test")
SHIFTS = ("assay", "scaffold", "size")
# No hashes of these files are published, so they are fetched by hand.
DATASETS = {
    "zinc": Dataset(
        "zinc",
        "ZINC-12k, molecules with their penalised logP",
        tuple(File(f"zinc/{name}") for name in ("molecules.zip", *(f"{split}.index" for split in SPLITS))),
        source="molecules.zip is at https://www.dropbox.com/s/feo9qle74kg48gy/molecules.zip?dl=1, the index files are "
        "in data/molecules of https://github.com/graphdeeplearning/benchmarking-gnns.",
    ),
    "alchemy": Dataset(
        "alchemy",
        "Alchemy-12k, molecules with twelve quantum-mechanical targets",
        tuple(File(f"alchemy/{name}") for name in ("alchemy_full.zip", *(f"{split}.index" for split in SPLITS))),
        source="alchemy_full.zip is at https://www.chrsmrrs.com/graphkerneldatasets/alchemy_full.zip, the index files "
        "of the 12 000 molecules come with the authors' code (rename them).",
    ),
    **{
        f"drugood-{shift}": Dataset(
            f"drugood-{shift}",
            f"DrugOOD with IC50 labels under a shift of {shift}",
            (File(f"drugood/lbap_core_ic50_{shift}.json"),),
            source="It is made by the curator at https://github.com/tencent-ailab/DrugOOD.",
        )
        for shift in SHIFTS
    },
}


@dataclass(frozen=True)
class Graphs(Batched):
    """Labelled graphs in memory, with the d lowest eigenpairs of each."""

    sizes: Int[Tensor, " graphs"]
    nodes: Shaped[Tensor, "graphs n *f"]  # whole types, or features
    ends: Int[Tensor, "edges 2"]  # of all graphs, one after the other; each edge once
    edge_values: Shaped[Tensor, edges * g]
    first: Int[Tensor, " starts"]  # where each graph's edges begin; one entry more than graphs
    eigenvalues: Float[Tensor, "graphs d"]
    eigenvectors: Float[Tensor, "graphs n d"]
    targets: Float[Tensor, "graphs t"]

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitems__(self, rows: list[int]) -> Batch:
        """The inputs of `GINE` for these graphs, and their targets."""
        index = torch.as_tensor(rows)
        sizes = self.sizes[index]
        n = int(sizes.max())
        starts, counts = self.first[index], self.first[index + 1] - self.first[index]
        owner = torch.repeat_interleave(torch.arange(len(index)), counts)
        within = torch.arange(len(owner)) - (counts.cumsum(0) - counts)[owner]
        edge = starts[owner] + within
        i, j = self.ends[edge].T
        values = self.edge_values[edge]
        values = values.float() if values.ndim == 2 else values.long()
        adjacency = torch.zeros(len(index), n, n)
        edges = torch.zeros(len(index), n, n, *values.shape[1:], dtype=values.dtype)
        for a, b in ((i, j), (j, i)):
            adjacency[owner, a, b] = 1.0
            edges[owner, a, b] = values
        nodes = self.nodes[index, :n]
        return {
            "nodes": nodes.float() if nodes.ndim == 3 else nodes.long(),
            "edges": edges,
            "adjacency": adjacency,
            "eigenvalues": self.eigenvalues[index],
            "eigenvectors": self.eigenvectors[index, :n],
            "mask": torch.arange(n) < sizes[:, None],
            "targets": self.targets[index],
        }


def graph_set(graphs: Sequence[LabelledGraph], d: int) -> Graphs:
    """Graphs with their d lowest eigenpairs (zero-padded where a graph is smaller), ready for batching.

    Raises:
        ValueError: for no graphs, d < 1, or a graph that `edge_list` refuses.
    """
    spectra = laplacian_spectra([(g.n, g.edges) for g in graphs], d)
    width = spectra.mask.shape[1]
    first = np.cumsum([0, *(len(g.edges) for g in graphs)])
    nodes = np.zeros((len(graphs), width, *graphs[0].nodes.shape[1:]), dtype=np.int16)
    for row, g in enumerate(graphs):
        nodes[row, : g.n] = g.nodes
    return Graphs(
        sizes=torch.tensor([g.n for g in graphs]),
        nodes=torch.from_numpy(nodes),
        ends=torch.from_numpy(np.concatenate([np.asarray(g.edges, dtype=np.int64).reshape(-1, 2) for g in graphs])),
        edge_values=torch.from_numpy(np.concatenate([np.asarray(g.edge_values).astype(np.int16) for g in graphs])),
        first=torch.from_numpy(first),
        eigenvalues=torch.from_numpy(spectra.eigenvalues).float(),
        eigenvectors=torch.from_numpy(spectra.eigenvectors).float(),
        targets=torch.tensor(np.array([g.target for g in graphs]), dtype=torch.float32),
    )


def standardised(splits: dict[str, Graphs], by: Sequence[str] = ("train",)) -> dict[str, Graphs]:
    """The splits with targets shifted and scaled by the mean and the (unbiased) deviation of the splits in `by`.

    Alchemy is standardised by all of its splits, as published; that lets the test targets leak into the scale.

    Raises:
        ValueError: if a target is the same for all graphs in `by`.
    """
    reference = torch.cat([splits[name].targets for name in by]).double()
    mean, deviation = reference.mean(dim=0), reference.std(dim=0)
    if not (deviation > 0).all():
        raise ValueError(f"targets of {' and '.join(by)} must differ: a constant has no scale to be standardised by")
    scaled = {name: ((split.targets.double() - mean) / deviation).float() for name, split in splits.items()}
    return {name: Graphs(**{**vars(split), "targets": scaled[name]}) for name, split in splits.items()}


def counting(
    length: int | None = None,
    sizes: Sequence[int] = (1500, 1000, 2500),
    d: int = 30,
    seed: int = 0,
    path: str | None = None,
) -> dict[str, Graphs]:
    """The counting experiment: the number of cycles of one length, or of all four, standardised by the training set.

    Args:
        length: 3 to 6; None gives all four as one target of four numbers.
        sizes: graphs in train, val and test. The published split is 1500, 1000, 2500.
        d: eigenpairs.
        seed: of the generator; the graphs are exchangeable, so the first are for training.
        path: the published file, if you have it; its own splits are used then, and `sizes` and `seed` are not.

    Raises:
        ValueError: for another length or wrong sizes; FormatError if the file is not the counting set.
    """
    columns = range(4) if length is None else [LENGTHS.index(checks.integer(length, "length", 3, 6))]
    if path is None:
        train, val, test = _three(sizes)
        if train + val + test > MOST:
            raise ValueError(f"sizes must have a sum of at most {MOST:,}, got {train + val + test:,}")
        graphs = counting_graphs(train + val + test, seed)
        targets = counting_targets(graphs)
        order = np.arange(len(graphs))
        index = {"train": order[:train], "val": order[train : train + val], "test": order[train + val :]}
    else:
        index, graphs, targets = read_counting_mat(path)
    labelled = [
        LabelledGraph(n, edges, np.zeros(n, dtype=int), np.zeros(len(edges), dtype=int), targets[row, list(columns)])
        for row, (n, edges) in enumerate(graphs)
    ]
    return standardised({name: graph_set([labelled[i] for i in rows], d) for name, rows in index.items()})


def zinc(path: str | None = None, d: int = 37) -> dict[str, Graphs]:
    """ZINC-12k, from `molecules.zip` and `train.index`, `val.index`, `test.index` in one folder.

    Args:
        path: the folder; `zinc` in the data folder if None.
        d: eigenpairs.

    Raises:
        DatasetUnavailable: if a file is missing, with what to put where; FormatError if one is not what it should be.
    """
    archive, *indices = _paths("zinc", path)
    return {
        split: graph_set(read_zinc(archive, split, read_index(index)), d)
        for split, index in zip(SPLITS, indices, strict=True)
    }


def alchemy(path: str | None = None, d: int = 12) -> dict[str, Graphs]:
    """Alchemy-12k, from `alchemy_full.zip` and `train.index`, `val.index`, `test.index` in one folder.

    Twelve targets, standardised by the mean and deviation of the whole file, as published: the test targets take part.

    Raises:
        DatasetUnavailable: if a file is missing, with what to put where; FormatError if one is not what it should be.
    """
    archive, *indices = _paths("alchemy", path)
    graphs = read_tu(archive)
    targets = np.array([g.target for g in graphs])
    if len(targets) < 2 or not np.all(np.ptp(targets, axis=0) > 0):
        raise FormatError("alchemy_full.zip must hold targets that differ: a constant has no scale")
    mean, deviation = targets.mean(axis=0), targets.std(axis=0, ddof=1)
    scaled = [g._replace(target=(g.target - mean) / deviation) for g in graphs]
    chosen = [read_index(index, len(scaled)) for index in indices]
    return {split: graph_set([scaled[i] for i in rows], d) for split, rows in zip(SPLITS, chosen, strict=True)}


def drugood(shift: str = "scaffold", path: str | None = None, d: int = 32) -> dict[str, Graphs]:
    """DrugOOD with IC50 labels, from `lbap_core_ic50_{shift}.json`; needs rdkit.

    Args:
        shift: "assay", "scaffold" or "size".
        path: the folder; `drugood` in the data folder if None.
        d: eigenpairs.

    Raises:
        DatasetUnavailable: if the file is missing; FormatError if it is not what it should be; ImportError.
    """
    (file,) = _paths(f"drugood-{checks.choice(shift, 'shift', SHIFTS)}", path)
    splits = read_drugood(file)
    empty = [split for split, items in splits.items() if not items]
    if empty or not splits:
        raise FormatError(f"{file.name} must hold molecules, but there are none in {' and '.join(empty) or 'it'}")
    return {split: graph_set([drugood_graph(*item) for item in items], d) for split, items in splits.items()}


def nci(sizes: Sequence[int] = (3000, 800, 800), d: int = 37, seed: int = 0) -> dict[str, Graphs]:
    """NCI-5k in the place of ZINC: random splits, targets clipped to [-8, 5] for their long tail; needs rdkit.

    Raises:
        ValueError: for wrong sizes; ImportError without rdkit.
    """
    graphs = [graph for _, _, graph in nci_molecules()]
    if sum(_three(sizes)) > len(graphs):
        raise ValueError(f"sizes must be three whole numbers with a sum of at most {len(graphs)}, got {sizes!r}")
    order = np.random.default_rng(checks.integer(seed, "seed", 0)).permutation(len(graphs))
    parts = np.split(order[: sum(sizes)], np.cumsum(sizes)[:2])
    clipped = [g._replace(target=np.clip(g.target, -8.0, 5.0)) for g in graphs]
    return {split: graph_set([clipped[i] for i in rows], d) for split, rows in zip(SPLITS, parts, strict=True)}


def nci_by_size(d: int = 32, small: int = 14, large: int = 18) -> dict[str, Graphs]:
    """NCI-5k under a shift of size, in the place of DrugOOD: is the penalised logP above the training median?

    Molecules of at most `small` heavy atoms are split into train, iid_val and iid_test (80, 10, 10 %); those of more
    than `large` into ood_val and ood_test; needs rdkit.

    Raises:
        ImportError: without rdkit.
    """
    graphs = [graph for _, _, graph in nci_molecules()]
    rng = np.random.default_rng(0)
    inside = rng.permutation([i for i, g in enumerate(graphs) if g.n <= small])
    outside = rng.permutation([i for i, g in enumerate(graphs) if g.n > large])
    train, iid_val, iid_test = np.split(inside, [len(inside) * 8 // 10, len(inside) * 9 // 10])
    ood_val, ood_test = np.split(outside, [len(outside) // 2])
    parts = {"train": train, "iid_val": iid_val, "iid_test": iid_test, "ood_val": ood_val, "ood_test": ood_test}
    median = np.median([graphs[i].target[0] for i in train])
    labelled = [g._replace(target=(g.target > median).astype(float)) for g in graphs]
    return {split: graph_set([labelled[i] for i in rows], d) for split, rows in parts.items()}


def _three(sizes: Sequence[int]) -> list[int]:
    if not isinstance(sizes, Sequence) or len(sizes) != 3:
        raise ValueError(f"sizes must be three whole numbers, got {checks.shown(sizes)}")
    return [checks.integer(size, "sizes", 2, 1_000_000) for size in sizes]


def _paths(name: str, path: str | None) -> tuple[Path, ...]:
    """The files of a published set, in the folder `path` or, if None, in their place in the data folder."""
    return DATASETS[name].fetch(None if path is None else checks.path(path, "path"))
