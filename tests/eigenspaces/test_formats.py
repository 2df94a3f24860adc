"""Files of the published formats, written small: read exactly, and refused when they want to run code."""

from __future__ import annotations

import io
import json
import os
import pickle
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
import scipy
import torch

from spectral_lab.eigenspaces.data.formats import (
    FormatError,
    load_tensors,
    read_counting_mat,
    read_drugood,
    read_index,
    read_tu,
    read_zinc,
)


def molecule(n: int, target: float) -> dict:
    bonds = torch.zeros(n, n, dtype=torch.long)
    for i in range(n - 1):
        bonds[i, i + 1] = bonds[i + 1, i] = 1 + i % 3
    return {
        "num_atom": n,
        "atom_type": torch.arange(n) % 28,
        "bond_type": bonds,
        "logP_SA_cycle_normalized": torch.tensor([target]),
    }


@pytest.fixture
def zinc_zip(tmp_path):
    path = tmp_path / "molecules.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for protocol, split in ((2, "train"), (4, "val"), (5, "test")):
            content = pickle.dumps([molecule(4, 0.5), molecule(6, -1.25), molecule(3, 2.0)], protocol=protocol)
            archive.writestr(f"molecules/{split}.pickle", content)
    return path


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_zinc_molecules_are_read_exactly(zinc_zip, split):
    graphs = read_zinc(zinc_zip, split, index=[1, 0])
    assert [g.n for g in graphs] == [6, 4]
    np.testing.assert_array_equal(graphs[1].edges, [[0, 1], [1, 2], [2, 3]])
    np.testing.assert_array_equal(graphs[1].edge_values, [1, 2, 3])
    np.testing.assert_array_equal(graphs[0].nodes, np.arange(6))
    np.testing.assert_array_equal(graphs[0].target, [-1.25])


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.float32, torch.float64, torch.bool])
def test_tensors_come_back_as_equal_arrays(dtype):
    whole = torch.arange(24).reshape(4, 6).to(dtype)
    for tensor in (whole, whole.T, whole[1:, ::2], whole[2], torch.zeros(0, 3, dtype=dtype)):
        read = load_tensors(io.BytesIO(pickle.dumps({"x": tensor})))["x"]
        np.testing.assert_array_equal(read, tensor.numpy())


class Evil:
    def __reduce__(self):
        return os.system, ("echo this must never run > pwned",)


class Sneaky:
    """Code inside the storage of a tensor, where torch's own unpickler would run it."""

    def __reduce__(self):
        return torch.storage._load_from_bytes, (pickle.dumps(Evil()),)


@pytest.mark.parametrize("payload", [Evil(), Sneaky(), [molecule(3, 0.0), Evil()], np.float64(1.0), io.BytesIO(b"x")])
def test_a_pickle_that_wants_more_than_tensors_is_refused(payload, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormatError, match=r"asks for|cannot be read"):
        load_tensors(io.BytesIO(pickle.dumps(payload)))
    assert not (tmp_path / "pwned").exists()


class Reaching:
    """A tensor whose strides point beyond its storage."""

    def __init__(self, offset, size, stride):
        self.arguments = offset, size, stride

    def __reduce__(self):
        storage = torch.arange(4).storage()
        return torch._utils._rebuild_tensor_v2, (storage, *self.arguments, False, None)


@pytest.mark.filterwarnings("ignore:TypedStorage")
@pytest.mark.parametrize(
    "arguments",
    [
        (0, (5,), (1,)),
        (3, (2,), (1,)),
        (0, (2, 2), (1, 9)),
        (-1, (2,), (1,)),
        (0, (2,), (-1,)),
        (4, (), ()),
        (0, (10**10,), (0,)),  # one number repeated until the memory is full
    ],
)
def test_a_tensor_that_points_beyond_its_storage_is_refused(arguments):
    with pytest.raises(FormatError, match=r"beyond|negative"):
        load_tensors(io.BytesIO(pickle.dumps(Reaching(*arguments))))


def test_a_pickle_cannot_change_the_reader():
    """BUILD sets attributes on the object before it; here, the default arguments of what stands for codecs.encode."""
    state = b"N}X\x0c\x00\x00\x00__defaults__X\x06\x00\x00\x00utf-16\x85s\x86b"
    with pytest.raises(FormatError, match="no attribute"):
        load_tensors(io.BytesIO(b"\x80\x02c_codecs\nencode\n" + state + b"."))


@pytest.mark.parametrize("content", [b"", b"not a pickle", pickle.dumps([1, 2])[:-3]])
def test_a_broken_pickle_is_named(content):
    with pytest.raises(FormatError, match=r"cannot be read|not a whole pickle"):
        load_tensors(io.BytesIO(content))


def test_wrong_zinc_files_are_named(zinc_zip, tmp_path):
    with pytest.raises(FormatError, match=r"0\.\.2"):
        read_zinc(zinc_zip, "train", [3])
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        read_zinc(tmp_path / "other.zip", "train")
    (tmp_path / "train.pickle").write_bytes(pickle.dumps([{"atom_type": torch.arange(2)}]))
    with pytest.raises(FormatError, match="molecule 0 is not a ZINC molecule"):
        read_zinc(tmp_path, "train")
    for name, wrong in {
        "atom_type": [torch.tensor([0, 28]), torch.tensor([0, -1]), torch.tensor([0.0, 1.5]), ["C", "O"]],
        "bond_type": [torch.tensor([[0, 4], [4, 0]]), torch.eye(2, dtype=torch.long), torch.triu(torch.ones(2, 2))],
        "logP_SA_cycle_normalized": [torch.tensor([float("nan")]), torch.zeros(2)],
    }.items():
        for value in wrong:
            (tmp_path / "train.pickle").write_bytes(pickle.dumps([molecule(2, 0.0), {**molecule(2, 0.0), name: value}]))
            with pytest.raises(FormatError, match="molecule 1"):
                read_zinc(tmp_path, "train")
    with pytest.raises(ValueError, match="index must be a whole number"):
        read_zinc(zinc_zip, "train", [-1])
    (tmp_path / "no.zip").write_bytes(b"no")
    with pytest.raises(FormatError, match="not a zip file"):
        read_zinc(tmp_path / "no.zip", "train")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_zip_file_is_named(tmp_path, compression):
    """Cut, with one wrong byte among the numbers, marked as encrypted, or compressed in an unknown way."""
    path = tmp_path / "molecules.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("train.pickle", pickle.dumps([molecule(6, 1.0)] * 20))
    whole = path.read_bytes()
    entry = whole.find(b"PK\x01\x02")
    for changes in (
        {entry // 2: whole[entry // 2] ^ 1},
        {6: whole[6] | 1, entry + 8: whole[entry + 8] | 1},
        {8: 99, entry + 10: 99},
    ):
        damaged = bytearray(whole)
        for place, byte in changes.items():
            damaged[place] = byte
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match=r"cannot be read|storage|asks for|another method|no operation"):
            read_zinc(path, "train")
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="not a zip file"):
        read_zinc(path, "train")


def test_index_files(tmp_path):
    path = tmp_path / "train.index"
    path.write_text("3,1,4,\n1, 5\n")
    assert read_index(path) == [3, 1, 4, 1, 5]
    with pytest.raises(FormatError, match="from 0 to 4, got 5"):
        read_index(path, 5)
    path.write_text("3,-1")
    with pytest.raises(FormatError, match="from 0, got -1"):
        read_index(path)
    path.write_text("3,one")
    with pytest.raises(FormatError, match="whole numbers"):
        read_index(path)


TU = {
    "A": "1, 2\n2, 1\n2, 3\n3, 2\n4, 5\n5, 4\n",
    "graph_indicator": "1\n1\n1\n2\n2\n",
    "graph_attributes": "0.5, 1.0\n-2.0, 3.5\n",
    "node_labels": "0\n5\n1\n2\n2\n",
    "edge_labels": "0\n0\n3\n3\n1\n1\n",
}


def write_tu(folder, **changes):
    for name, text in {**TU, **changes}.items():
        (folder / f"alchemy_full_{name}.txt").write_text(text)
    return folder


def test_tu_files_become_graphs_with_one_hot_labels(tmp_path):
    first, second = read_tu(write_tu(tmp_path))
    assert (first.n, second.n) == (3, 2)
    np.testing.assert_array_equal(first.edges, [[0, 1], [1, 2]])
    np.testing.assert_array_equal(first.nodes.argmax(axis=1), [0, 5, 1])
    np.testing.assert_array_equal(first.edge_values.argmax(axis=1), [0, 3])
    np.testing.assert_array_equal(second.edge_values, [[0, 1, 0, 0]])
    np.testing.assert_array_equal(second.target, [-2.0, 3.5])
    for changes in (
        {"A": "2, 1\n3, 2\n5, 4\n", "edge_labels": "0\n3\n1\n"},
        {"A": TU["A"].replace("1, 2\n2, 1", "2, 1\n1, 2")},
    ):
        for one, other in zip(read_tu(write_tu(tmp_path, **changes)), (first, second), strict=True):
            np.testing.assert_array_equal(one.edges, other.edges)
            np.testing.assert_array_equal(one.edge_values, other.edge_values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"A": "1, 2\n2, 1\n2, 3\n3, 2\n3, 4\n4, 3\n"}, "between two graphs"),
        ({"node_labels": "0\n1\n"}, "differ in number"),
        ({"graph_indicator": "1\n1\n1\n3\n3\n"}, "not there"),
        ({"edge_labels": "0\n0\n4\n4\n1\n1\n"}, "more than 4 edge labels"),
        ({"A": "1, two\n"}, "rows of numbers"),
        ({"A": ""}, "A.txt must hold rows of finite numbers"),
        ({"A": "1\n2\n2\n3\n4\n5\n"}, "A.txt must hold rows of 2 whole"),
        ({"A": TU["A"].replace("3, 2", "3, 1.5")}, "A.txt must hold rows of 2 whole"),
        ({"A": TU["A"].replace("1, 2", "1, 1")}, "to itself"),
        ({"edge_labels": "0\n1\n3\n3\n1\n1\n"}, "two labels"),
        ({"graph_attributes": "nan, 1.0\n-2.0, 3.5\n"}, "attributes.txt must hold rows of finite"),
        ({"graph_attributes": TU["graph_attributes"] + "1.0, 1.0\n"}, "no node of graph 3"),
        ({"node_labels": "0\n0.5\n1\n2\n2\n"}, "node_labels.txt must hold rows of 1 whole"),
    ],
)
def test_tu_files_that_do_not_fit_are_named(tmp_path, changes, message):
    with pytest.raises(FormatError, match=message):
        read_tu(write_tu(tmp_path, **changes))


def test_drugood_file(tmp_path):
    path = tmp_path / "lbap_core_ic50_size.json"
    items = [{"smiles": "CCO", "cls_label": 1, "reg_label": 3.2}, {"smiles": "c1ccccc1", "cls_label": 0}]
    path.write_text(json.dumps({"cfg": {}, "split": {"train": items, "ood_test": items[:1]}}))
    assert read_drugood(path) == {"train": [("CCO", 1), ("c1ccccc1", 0)], "ood_test": [("CCO", 1)]}
    for wrong in (
        {"split": {"train": [{"smiles": "C", "cls_label": 2}]}},
        {"split": {"train": [{"smiles": "C", "cls_label": 0.7}]}},
        {"split": {"train": [{"smiles": "C", "cls_label": float("inf")}]}},
        {"split": {"train": [{"smiles": None, "cls_label": 1}]}},
        {"split": {"train": [{}]}},
        [],
        {"split": 3},
    ):
        path.write_text(json.dumps(wrong))
        with pytest.raises(FormatError, match=r"DrugOOD|label"):
            read_drugood(path)
    for text in (b'{"split": {"train": [', b"[" * 100000, b"\xff\xfe\x00"):
        path.write_bytes(text)
        with pytest.raises(FormatError, match="not a DrugOOD file"):
            read_drugood(path)


def test_counting_file(tmp_path):
    adjacency, counts = np.empty((1, 2), dtype=object), np.empty((1, 2), dtype=object)
    triangle = np.ones((3, 3)) - np.eye(3)
    adjacency[0, 0], adjacency[0, 1] = triangle, np.zeros((2, 2))
    counts[0, 0], counts[0, 1] = np.outer(np.ones(3), [1, 0, 0, 0]), np.zeros((2, 4))
    path = tmp_path / "data.mat"
    splits = {f"{name}_idx": np.array([[i]]) for i, name in ((0, "train"), (1, "val"), (0, "test"))}
    scipy.io.savemat(path, {"A": adjacency, "F": counts, **splits})
    index, graphs, targets = read_counting_mat(path)
    assert {name: rows.tolist() for name, rows in index.items()} == {"train": [0], "val": [1], "test": [0]}
    np.testing.assert_array_equal(graphs[0][1], [[0, 1], [0, 2], [1, 2]])
    np.testing.assert_array_equal(targets, [[3, 0, 0, 0], [0, 0, 0, 0]])
    F = counts[0, 0]
    for changes, message in (
        ({"A": np.triu(triangle)}, "graph 0: graph must be undirected"),
        ({"A": np.ones((3, 2))}, "graph 0: graph must be a square"),
        ({"F": F[:, :3]}, r"graph 0: F must have shape \(3, 4\)"),
        ({"F": F * np.nan}, "graph 0: F must be finite"),
        ({"val_idx": np.array([[2]])}, "from 0 to 1 in val_idx"),
        ({"val_idx": np.array([[-1]])}, "from 0 to 1 in val_idx"),
    ):
        adjacency[0, 0], counts[0, 0] = changes.get("A", triangle), changes.get("F", F)
        scipy.io.savemat(
            path, {"A": adjacency, "F": counts, **splits, **{k: v for k, v in changes.items() if "_" in k}}
        )
        with pytest.raises(FormatError, match=message):
            read_counting_mat(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FormatError, match="not the counting set"):
        read_counting_mat(path)
    with pytest.raises(FileNotFoundError):
        read_counting_mat(tmp_path / "other.mat")
    path.write_bytes(b"something else entirely, and long enough to be taken for a header of a file" * 4)
    with pytest.raises(FormatError, match="not the counting set"):
        read_counting_mat(path)


BOMBS = {
    "text": b"X" + (1 << 31).to_bytes(4, "little") + b"x" * 6,
    "bytes": b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b".",
    "memo": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "array": b"\x80\x05\x96" + (1 << 33).to_bytes(8, "little") + b".",
    "number": b"\x80\x02\x8b" + (1 << 30).to_bytes(4, "little") + b".",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_pickle_that_claims_more_than_it_holds_takes_no_memory(name, tmp_path):
    (tmp_path / "train.pickle").write_bytes(BOMBS[name])
    with zipfile.ZipFile(tmp_path / "molecules.zip", "w") as archive:
        archive.writestr("train.pickle", BOMBS[name])
    tracemalloc.start()
    for read in (
        lambda: load_tensors(io.BytesIO(BOMBS[name])),
        lambda: read_zinc(tmp_path, "train"),
        lambda: read_zinc(tmp_path / "molecules.zip", "train"),
    ):
        with pytest.raises(FormatError, match="not a whole pickle"):
            read()
    assert tracemalloc.get_traced_memory()[1] < 2**25
    tracemalloc.stop()


class Repeated:
    """A tensor of one storage, and of one long text, asked for many times."""

    def __init__(self, parts):
        self.parts = parts

    def __reduce__(self):
        import _codecs

        return _codecs.encode, self.parts


def test_what_is_asked_for_often_is_kept_once():
    text = "x" * 2**20
    arguments = (text, "latin1")
    tracemalloc.start()
    read = load_tensors(io.BytesIO(pickle.dumps([Repeated(arguments) for _ in range(200)])))
    assert len(read) == 200
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_a_zip_or_mat_file_that_unpacks_to_more_than_is_read_is_refused(tmp_path, monkeypatch):
    from spectral_lab.eigenspaces.data import formats

    path = tmp_path / "data.mat"
    scipy.io.savemat(path, {"A": np.zeros((200, 200))}, do_compression=True)
    assert path.stat().st_size < 2000
    formats._check_mat(path)
    monkeypatch.setattr(formats, "LARGEST", 100_000)
    with pytest.raises(FormatError, match="more than the 100,000 bytes"):
        read_counting_mat(path)
    element = zlib.compress(b"")[:-3]
    path.write_bytes(b"MATLAB".ljust(124) + b"\x00\x01IM" + (15).to_bytes(4, "little") + b"\xff\xff\x00\x00" + element)
    with pytest.raises(FormatError, match="not the counting set"):
        read_counting_mat(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"node_labels": "0\n10000000000000000000\n1\n2\n2\n"}, "at most 2"),
        ({"node_labels": "0\n9007199254740992\n1\n2\n2\n"}, "more than 6 node labels"),
        ({"node_labels": "-9007199254740992\n9007199254740992\n1\n2\n2\n"}, "more than 6 node labels"),
        ({"graph_indicator": "1\n1\n1\n2\n1e300\n"}, "at most 2"),
        ({"A": TU["A"].replace("5, 4", "5, 1e19")}, "at most 2"),
        ({"graph_attributes": "0.5, " + "9" * 500_000 + "\n-2.0, 3.5\n"}, "finite"),
        ({"graph_attributes": "0.5, " + "x" * 500_000 + "\n-2.0, 3.5\n"}, "rows of numbers"),
    ],
)
def test_labels_and_fields_without_measure_are_refused_in_a_line(tmp_path, changes, message):
    with pytest.raises(FormatError, match=message) as refusal:
        read_tu(write_tu(tmp_path, **changes))
    assert len(str(refusal.value)) < 500
    with pytest.raises(ValueError, match="node_labels must be a whole number between"):
        read_tu(write_tu(tmp_path), node_labels=10**9)


def test_absurd_indices_and_labels_of_text_files_are_refused_in_a_line(tmp_path):
    path = tmp_path / "train.index"
    for text in ("1" + "0" * 4000, "1" + "0" * 10_000, "9" * 40, "x" * 10**6):
        path.write_text(text)
        with pytest.raises(FormatError) as refusal:
            read_index(path)
        assert len(str(refusal.value)) < 500
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(FormatError, match="not a text"):
        read_index(path)
    path.write_text(json.dumps({"split": {"train": [{"smiles": "C" * 10**6, "cls_label": 10**19}]}}))
    with pytest.raises(FormatError, match="label") as refusal:
        read_drugood(path)
    assert len(str(refusal.value)) < 500
