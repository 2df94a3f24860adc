"""The published file formats of ZINC, Alchemy, DrugOOD and the counting set, read without trusting the files.

ZINC comes as a pickle, which can run any code when it is opened. It is read here by an unpickler that knows only
what a pickled tensor is made of; anything else is refused. All readers return `LabelledGraph`s.
"""

from __future__ import annotations

import collections
import io
import json
import math
import pickle
import warnings
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import scipy
from jaxtyping import Float, Int, Shaped

from spectral_lab import checks
from spectral_lab.archives import LARGEST, FormatError, bounded, check_pickle, member
from spectral_lab.eigenspaces.laplacian import edge_list


class LabelledGraph(NamedTuple):
    """A graph with what a model reads from it and what it shall predict."""

    n: int
    edges: Shaped[np.ndarray, "m 2"]  # each undirected edge once
    nodes: Shaped[np.ndarray, n * f]  # types, or features
    edge_values: Shaped[np.ndarray, m * g]
    target: Shaped[np.ndarray, " targets"]


ATOM_TYPES, BOND_TYPES = 28, 4  # of ZINC; bond type 0 is no bond
MOST_LABELS = 1000  # of a TU data set; the published ones have fewer than 100


# --- ZINC: molecules.zip with train.pickle, val.pickle, test.pickle -----------------------------------------------


def read_zinc(path: str | Path, split: str, index: Iterable[int] | None = None) -> list[LabelledGraph]:
    """Molecules of one split of `molecules.zip` (or of a folder that holds its pickles).

    Each is a dict: `atom_type` [n] in 0..27, `bond_type` [n, n] in 0..3, `logP_SA_cycle_normalized` [1].

    Args:
        path: the zip file, or the folder into which it was unpacked.
        split: "train", "val" or "test".
        index: which molecules to keep, see `read_index`; all if None.

    Raises:
        FormatError: if the file holds anything but dicts of tensors and numbers, or not these; or more than 4 GB.
        FileNotFoundError: if there is no such file.
    """
    checks.choice(split, "split", ("train", "val", "test"))
    with member(Path(path), f"{split}.pickle") as file:
        check_pickle(file, f"{split}.pickle")
        if file.read(1):  # to the end, where a zip file compares its checksum
            raise FormatError(f"{split}.pickle holds more than one pickle")
    with member(Path(path), f"{split}.pickle") as file:
        molecules = load_tensors(file)
    if not isinstance(molecules, list):
        raise FormatError(f"{split}.pickle must hold a list of molecules, got {type(molecules).__name__}")
    wanted = range(len(molecules)) if index is None else [checks.integer(i, "index", 0) for i in index]
    if len(wanted) and max(wanted) >= len(molecules):
        raise FormatError(f"index must name molecules 0..{len(molecules) - 1}, got up to {max(wanted)}")
    return [_zinc_molecule(molecules[i], i) for i in wanted]


def _zinc_molecule(molecule: Any, position: int) -> LabelledGraph:
    try:
        nodes = np.asarray(molecule["atom_type"])
        bonds = np.asarray(molecule["bond_type"])
        target = np.asarray(molecule["logP_SA_cycle_normalized"], dtype=float).reshape(1)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"molecule {position} is not a ZINC molecule: {error!r}") from None
    if nodes.ndim != 1 or bonds.shape != (len(nodes), len(nodes)) or not np.array_equal(bonds, bonds.T):
        raise FormatError(f"molecule {position} must have [n] atoms and a symmetric [n, n] table of bonds")
    if not len(nodes) or not _within(nodes, ATOM_TYPES) or not _within(bonds, BOND_TYPES) or np.diagonal(bonds).any():
        raise FormatError(f"molecule {position} must have atoms of type 0..27 and bonds of type 0..3 between two atoms")
    if not np.isfinite(target).all():
        raise FormatError(f"molecule {position} must have a finite target, got {target[0]}")
    edges = np.argwhere(np.triu(bonds, 1))
    return LabelledGraph(len(nodes), edges, nodes, bonds[edges[:, 0], edges[:, 1]], target)


def _within(types: np.ndarray, count: int) -> bool:
    return types.dtype.kind in "iu" and bool(np.all((types >= 0) & (types < count)))


def load_tensors(file: Any) -> Any:
    """Unpickle plain containers, numbers, text and CPU tensors, which come back as numpy arrays; nothing else.

    Args:
        file: opened for reading bytes; if it cannot be read twice, let `check_pickle` read it before.

    Raises:
        FormatError: if the pickle asks for anything more, with its name, or for more memory than it has bytes.
    """
    try:
        return _TensorUnpickler(_checked(file)).load()
    except FormatError:
        raise
    except Exception as error:  # a broken pickle fails in many ways
        raise FormatError(f"the pickle cannot be read: {type(error).__name__}: {str(error)[:200]}") from None


def _checked(file: Any) -> Any:
    """The file, at its place, after `check_pickle` has read the pickle that begins there."""
    if file.seekable():
        start = file.tell()
        check_pickle(file, "the pickle")
        file.seek(start)
    return file


class _Storage(NamedTuple):
    values: np.ndarray


_DTYPES = {"LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
           "FloatStorage": "<f4", "DoubleStorage": "<f8", "BoolStorage": "?"}  # fmt: skip


def _rebuild(storage: Any, offset: int, size: tuple, stride: tuple, *_: Any) -> np.ndarray:
    """The tensor as an array, with every index checked: strides of a hostile file may point anywhere."""
    if not isinstance(storage, _Storage) or len(size) != len(stride) or len(size) > 8:
        raise FormatError("a tensor in the pickle is not made of a storage, a size and strides")
    numbers = (offset, *size, *stride)
    if any(not isinstance(x, int) or x < 0 for x in numbers):
        raise FormatError("a tensor in the pickle has a negative size, stride or offset")
    last = offset + sum((s - 1) * step for s, step in zip(size, stride, strict=True)) if 0 not in size else -1
    if last >= len(storage.values) or math.prod(size) > len(storage.values):  # strides of 0 repeat without end
        raise FormatError("a tensor in the pickle is larger than its storage or points beyond it")
    start = storage.values[offset:]
    bytes_per_step = [step * start.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(start, size, bytes_per_step, writeable=False)  # no copy: it may ask often


def _load_storage(data: Any) -> _Storage:
    """The numbers of a storage in torch's legacy format: five small pickles, the length, the bytes."""
    if not isinstance(data, bytes):
        raise FormatError("a storage in the pickle is not made of bytes")
    stream = io.BytesIO(data)
    parts = [_StorageUnpickler(_checked(stream)).load() for _ in range(5)]
    name, count = parts[3] if isinstance(parts[3], tuple) and len(parts[3]) == 2 else (None, 0)
    if name not in _DTYPES or not isinstance(count, int):
        raise FormatError(f"a storage in the pickle is of an unknown kind {checks.shown(name)}")
    dtype = np.dtype(_DTYPES[name])
    stream.read(8)
    start = stream.tell()
    if not 0 <= count * dtype.itemsize <= len(data) - start:
        raise FormatError("a storage in the pickle is cut off")
    return _Storage(np.frombuffer(data, dtype, count, start))  # a view


def _sealed(function: Any) -> Any:
    """The function without its attributes: a pickle may set those of whatever it is given."""
    return function.__call__


class _TensorUnpickler(pickle.Unpickler):
    """Every text is encoded once, however often the pickle asks: so memory stays below a few times its length."""

    allowed: ClassVar = {
        ("torch._utils", "_rebuild_tensor_v2"): _sealed(_rebuild),
        ("torch.storage", "_load_from_bytes"): _sealed(_load_storage),
        ("collections", "OrderedDict"): collections.OrderedDict,
    }

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self._encoded: dict[int, tuple[str, bytes]] = {}

    def _encode(self, text: Any, encoding: Any = "latin1") -> bytes:
        """Pickles of protocol 2 spell bytes as text."""
        if not isinstance(text, str) or encoding != "latin1":
            raise FormatError("the pickle encodes text in a way that tensors do not")
        if id(text) not in self._encoded:
            self._encoded[id(text)] = text, text.encode("latin1")  # the text too: its id must stay its own
        return self._encoded[id(text)][1]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return _sealed(self._encode)
        if (module, name) not in self.allowed:
            raise FormatError(f"the pickle asks for {module}.{name}, which a data file has no use for")
        return self.allowed[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise FormatError("the pickle refers to objects outside itself")


class _StorageUnpickler(pickle.Unpickler):
    """Inside a storage: only the names of storage classes, and the reference that describes the storage."""

    def find_class(self, module: str, name: str) -> Any:
        if module != "torch" or name not in _DTYPES:
            raise FormatError(f"a storage in the pickle asks for {module}.{name}")
        return name

    def persistent_load(self, pid: Any) -> Any:
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or pid[3] != "cpu":
            raise FormatError("a storage in the pickle is not an ordinary one in main memory")
        return pid[1], pid[4]


def read_index(path: str | Path, count: int | None = None) -> list[int]:
    """The indices of a subset: whole numbers separated by commas or white space.

    Args:
        path: the file.
        count: how many there are to choose from; indices are not compared with it if None.

    Raises:
        FormatError: if it holds anything else, or an index that is not in 0..count - 1.
    """
    words = _text(path).replace(",", " ").split()
    try:
        index = [int(word) for word in words]
    except ValueError as error:
        raise FormatError(f"{path} must hold whole numbers: {str(error)[:120]}") from None
    outside = [i for i in index if not 0 <= i < (1 << 62 if count is None else count)]
    if outside:
        allowed = "" if count is None else f" to {count - 1}"
        raise FormatError(f"{path} must hold indices from 0{allowed}, got {checks.shown(outside[0])}")
    return index


def _text(path: str | Path, limit: int = LARGEST) -> str:
    """A text file of at most `limit` bytes."""
    with open(path, "rb") as file:
        try:
            return bounded(file, path, limit).read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError(f"{path} is not a text: {error}") from None


# --- Alchemy: the text files of the TU data sets --------------------------------------------------------------------


def read_tu(
    path: str | Path, name: str = "alchemy_full", node_labels: int = 6, edge_labels: int = 4
) -> list[LabelledGraph]:
    """A TU data set in text files: `_A`, `_graph_indicator`, `_graph_attributes`, `_node_labels`, `_edge_labels`.

    Labels become one-hot features, as in Alchemy: 6 elements and 4 kinds of bond. Nodes and graphs count from 1.

    Args:
        path: a zip file, or the folder that holds the files.
        name: what the files' names begin with.
        node_labels, edge_labels: how many labels there are; labels count from the smallest one.

    Raises:
        FormatError: if the files do not fit together.
        FileNotFoundError: if one is missing.
    """
    folder = Path(path)
    ends, owner = _whole(folder, f"{name}_A.txt", 2) - 1, _whole(folder, f"{name}_graph_indicator.txt", 1)[:, 0] - 1
    labels, kinds = (_whole(folder, f"{name}_{part}_labels.txt", 1)[:, 0] for part in ("node", "edge"))
    targets = _table(folder, f"{name}_graph_attributes.txt")
    if len(ends) != len(kinds) or len(owner) != len(labels) or np.any(np.diff(owner) < 0):
        raise FormatError(f"the files of {name} do not fit together: edges or nodes and their labels differ in number")
    for count, what in ((node_labels, "node_labels"), (edge_labels, "edge_labels")):
        checks.integer(count, what, 1, MOST_LABELS)
    if owner.min() < 0 or owner.max() >= len(targets) or ends.min() < 0:
        raise FormatError(f"the files of {name} name graphs or nodes that are not there")
    if ends.max() >= len(owner) or np.any(owner[ends[:, 0]] != owner[ends[:, 1]]):
        raise FormatError(f"the files of {name} hold an edge between two graphs, or to no node")
    first = np.searchsorted(owner, np.arange(len(targets) + 1))
    if np.any(np.diff(first) == 0):
        raise FormatError(f"the files of {name} name no node of graph {np.flatnonzero(np.diff(first) == 0)[0] + 1}")
    ends, kinds = _each_edge_once(ends, kinds, name)  # in the order of the nodes, so graph by graph
    cut = np.searchsorted(owner[ends[:, 0]], np.arange(len(targets) + 1))
    nodes, edges = _one_hot(labels, node_labels, "node"), _one_hot(kinds, edge_labels, "edge")
    return [
        LabelledGraph(
            int(first[g + 1] - first[g]),
            ends[cut[g] : cut[g + 1]] - first[g],
            nodes[first[g] : first[g + 1]],
            edges[cut[g] : cut[g + 1]],
            targets[g],
        )
        for g in range(len(targets))
    ]


def _each_edge_once(
    ends: Int[np.ndarray, "rows 2"], kinds: Int[np.ndarray, " rows"], name: str
) -> tuple[Int[np.ndarray, "m 2"], Int[np.ndarray, " m"]]:
    """The edges (i < j) in order, and their labels; the files list every edge in both directions."""
    low, high = ends.min(axis=1), ends.max(axis=1)
    first, pair = np.unique(low * (high.max() + 1) + high, return_index=True, return_inverse=True)[1:]
    if np.any(low == high) or np.any(kinds != kinds[first[pair]]):
        raise FormatError(f"the files of {name} hold an edge from a node to itself, or one with two labels")
    return np.stack([low, high], axis=1)[first], kinds[first]


def _one_hot(labels: np.ndarray, count: int, what: str) -> np.ndarray:
    if np.ptp(labels) >= count:
        raise FormatError(f"there are more than {count} {what} labels")
    labels = labels - labels.min()
    return np.eye(count)[labels]


def _whole(path: Path, name: str, columns: int) -> Int[np.ndarray, "rows columns"]:
    table = _table(path, name)
    if table.shape[1] != columns or not np.array_equal(table, np.rint(table)) or np.abs(table).max() > 2**53:
        raise FormatError(
            f"{name} must hold rows of {columns} whole number{'s' if columns > 1 else ''} of at most 2^53 in size"
        )
    return table.astype(int)


def _table(path: Path, name: str) -> Float[np.ndarray, "rows columns"]:
    with member(path, name) as file, io.TextIOWrapper(file, encoding="utf-8") as text:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an empty file is refused below
                table = np.loadtxt(text, delimiter=",", ndmin=2)
        except FormatError:
            raise
        except ValueError as error:
            raise FormatError(f"{name} must hold rows of numbers: {str(error)[:200]}") from None
    if not table.size or not np.isfinite(table).all():
        raise FormatError(f"{name} must hold rows of finite numbers")
    return table


# --- DrugOOD: one JSON file ---------------------------------------------------------------------------------------


def read_drugood(path: str | Path) -> dict[str, list[tuple[str, int]]]:
    """The splits of a DrugOOD file: for each the SMILES and the class 0 or 1 of its molecules.

    Raises:
        FormatError: if the file does not hold {"split": {name: [{"smiles", "cls_label"}, ...]}}.
    """
    try:
        content = json.loads(_text(path))
        splits = {
            name: [(item["smiles"], item["cls_label"]) for item in items] for name, items in content["split"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path} is not a DrugOOD file: {checks.shown(error)}") from None
    for smiles, label in (item for items in splits.values() for item in items):
        if not isinstance(smiles, str) or label not in (0, 1):
            got = f"{checks.shown(smiles)}, {checks.shown(label)}"
            raise FormatError(f"{path} must give each molecule a SMILES and a label 0 or 1, got {got}")
    return {name: [(smiles, int(label)) for smiles, label in items] for name, items in splits.items()}


# --- the counting set: one MATLAB file ----------------------------------------------------------------------------


def read_counting_mat(path: str | Path) -> tuple[dict[str, np.ndarray], list[tuple[int, np.ndarray]], np.ndarray]:
    """The published counting set: the indices of its splits, its graphs (n, edges), and its targets [graphs, 4].

    The file holds `A` [1, graphs] adjacency matrices, `F` [1, graphs] tables [n, 4] of cycles through each node, and
    `train_idx`, `val_idx`, `test_idx`.

    Raises:
        FormatError: if it does not.
        FileNotFoundError: if there is no such file.
    """
    _check_mat(Path(path))
    try:
        content = scipy.io.loadmat(str(path))
        adjacency, counts = content["A"].ravel(), content["F"].ravel()
        index = {name: content[f"{name}_idx"].ravel().astype(int) for name in ("train", "val", "test")}
    except FileNotFoundError:
        raise
    except Exception as error:  # a broken file fails in many ways
        raise FormatError(f"{path} is not the counting set: {checks.shown(error)}") from None
    if len(adjacency) != len(counts):
        raise FormatError(f"{path} must hold as many tables F as graphs A, got {len(counts)} and {len(adjacency)}")
    for name, rows in index.items():
        if np.any((rows < 0) | (rows >= len(adjacency))):
            raise FormatError(f"{path} must hold indices from 0 to {len(adjacency) - 1} in {name}_idx")
    graphs, targets = [], np.zeros((len(adjacency), 4))
    for row, (A, F) in enumerate(zip(adjacency, counts, strict=True)):
        try:
            n, edges, _ = edge_list(A)
            targets[row] = checks.array(F, "F", (n, 4)).sum(axis=0)
        except ValueError as error:
            raise FormatError(f"{path}, graph {row}: {error}") from None
        graphs.append((n, edges))
    return index, graphs, targets


def _check_mat(path: Path) -> None:
    """Read the compressed elements of a MATLAB file, of at most 4 GB in all, without keeping them.

    After a header of 128 bytes each element has its type (15 for a compressed one) and its length, 4 bytes each.
    """
    with path.open("rb") as file:
        whole = bounded(file, path)
        order: Literal["little", "big"] = "big" if whole.read(128)[126:] == b"MI" else "little"
        room = LARGEST
        while len(tag := whole.read(8)) == 8:
            kind, length = (int.from_bytes(tag[k : k + 4], order) for k in (0, 4))
            unpacked = zlib.decompressobj()
            while length > 0 and (block := whole.read(min(length, 1 << 16))):
                length -= len(block)
                while kind == 15 and block:
                    try:
                        room -= len(unpacked.decompress(block, 1 << 20))
                    except zlib.error as error:
                        raise FormatError(f"{path} is not the counting set: {error}") from None
                    if room < 0:
                        raise FormatError(f"{path} holds more than the {LARGEST:,} bytes that are read of it")
                    block = unpacked.unconsumed_tail
