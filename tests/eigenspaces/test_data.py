"""Batches hold exactly their graphs; the sets follow their recipes; rdkit's graphs match the stored statistics."""

from __future__ import annotations

import json
import pickle
import zipfile

import numpy as np
import pytest
import torch

from spectral_lab.datasets import DatasetUnavailable
from spectral_lab.eigenspaces import adjacency_matrix, laplacian_spectra
from spectral_lab.eigenspaces.counting import counting_graphs, counting_targets
from spectral_lab.eigenspaces.data import alchemy, counting, drugood, graph_set, standardised, zinc
from spectral_lab.eigenspaces.data.formats import FormatError, LabelledGraph
from spectral_lab.eigenspaces.models import GINE, SPE

from .test_formats import molecule, write_tu


@pytest.fixture(scope="module")
def small():
    return counting(None, (12, 5, 6), 8, seed=3)


def test_a_batch_holds_its_graphs(small):
    graphs = counting_graphs(23, 3)
    batch = small["train"].__getitems__([4, 0, 7])
    assert batch["adjacency"].shape[1] == max(graphs[i][0] for i in (4, 0, 7))
    for row, i in enumerate((4, 0, 7)):
        n = graphs[i][0]
        np.testing.assert_array_equal(batch["adjacency"][row, :n, :n], adjacency_matrix(graphs[i]))
        assert batch["adjacency"][row, n:].sum() == 0
        assert batch["mask"][row].sum() == n
        lam, V, _ = laplacian_spectra([graphs[i]], 8)
        np.testing.assert_allclose(batch["eigenvalues"][row], lam[0], atol=1e-6)
        projector = V[0] @ np.diag(np.exp(-lam[0])) @ V[0].T  # 8 of the eigenpairs; the cut is not degenerate here
        ours = batch["eigenvectors"][row, :n] * torch.exp(-batch["eigenvalues"][row]) @ batch["eigenvectors"][row, :n].T
        np.testing.assert_allclose(ours, projector, atol=1e-5)


def test_counting_targets_are_standardised_by_the_training_set(small):
    raw = counting_targets(counting_graphs(23, 3))
    train = raw[:12]
    expected = (raw[17:] - train.mean(axis=0)) / train.std(axis=0, ddof=1)
    np.testing.assert_allclose(small["test"].targets, expected, rtol=1e-5)
    assert [len(small[split]) for split in ("train", "val", "test")] == [12, 5, 6]
    one = counting(5, (12, 5, 6), 8, seed=3)
    np.testing.assert_allclose(one["val"].targets[:, 0], small["val"].targets[:, 2])


def test_features_and_types_keep_their_kind():
    plain = LabelledGraph(3, np.array([(0, 1), (1, 2)]), np.array([1, 0, 2]), np.array([3, 1]), np.array([0.5]))
    batch = graph_set([plain], 2).__getitems__([0])
    assert batch["nodes"].dtype == batch["edges"].dtype == torch.int64
    assert batch["edges"][0].tolist() == [[0, 3, 0], [3, 0, 1], [0, 1, 0]]
    rich = plain._replace(nodes=np.eye(3), edge_values=np.array([[1.0, 0.0], [0.0, 2.0]]))
    batch = graph_set([rich], 2).__getitems__([0])
    assert batch["nodes"].dtype == batch["edges"].dtype == torch.float32
    assert batch["edges"][0, 2, 1].tolist() == [0.0, 2.0]


def test_zinc_and_alchemy_load_from_their_files(tmp_path):
    for split in ("train", "val", "test"):
        (tmp_path / f"{split}.index").write_text("1,0")
    with zipfile.ZipFile(tmp_path / "molecules.zip", "w") as archive:
        for split in ("train", "val", "test"):
            archive.writestr(f"molecules/{split}.pickle", pickle.dumps([molecule(4, 0.5), molecule(6, -1.25)]))
    splits = zinc(str(tmp_path), d=5)
    assert splits["val"].targets[:, 0].tolist() == [-1.25, 0.5]
    assert splits["val"].eigenvectors.shape == (2, 6, 5)
    inputs = {k: v for k, v in splits["train"].__getitems__([0, 1]).items() if k != "targets"}
    model = GINE(SPE(5, 2, "mlp", 2, 3, 2, 4), 4, 2, node_types=28, edge_types=3, mlp_layers=2)
    assert torch.isfinite(model(**inputs)).all()

    folder = tmp_path / "tu"
    folder.mkdir()
    write_tu(folder)
    with zipfile.ZipFile(tmp_path / "alchemy_full.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"alchemy_full/{file.name}")
    splits = alchemy(str(tmp_path), d=2)
    np.testing.assert_allclose(splits["train"].targets, [[-(0.5**0.5), 0.5**0.5], [0.5**0.5, -(0.5**0.5)]], rtol=1e-6)
    assert splits["train"].nodes.shape == (2, 3, 6)


def test_targets_without_a_scale_and_indices_without_a_molecule_are_refused(tmp_path):
    """Where every target is the same, standardising divides 0 by 0."""
    same = LabelledGraph(2, np.array([(0, 1)]), np.zeros(2, dtype=int), np.zeros(1, dtype=int), np.array([3.0]))
    with pytest.raises(ValueError, match="targets of train must differ"):
        standardised({"train": graph_set([same, same], 2)})
    write_tu(tmp_path, graph_attributes="0.5, 1.0\n0.5, 3.5\n")
    with zipfile.ZipFile(tmp_path / "alchemy_full.zip", "w") as archive:
        for file in tmp_path.glob("*.txt"):
            archive.write(file, file.name)
    for split, text in {"train": "0", "val": "2", "test": "1"}.items():
        (tmp_path / f"{split}.index").write_text(text)
    with pytest.raises(FormatError, match="targets that differ"):
        alchemy(str(tmp_path))
    write_tu(tmp_path)
    with zipfile.ZipFile(tmp_path / "alchemy_full.zip", "w") as archive:
        for file in tmp_path.glob("*.txt"):
            archive.write(file, file.name)
    for text in ("2", "-1"):
        (tmp_path / "val.index").write_text(text)
        with pytest.raises(FormatError, match=f"val.index must hold indices from 0 to 1, got {text}"):
            alchemy(str(tmp_path))
    (tmp_path / "lbap_core_ic50_size.json").write_text('{"split": {"train": []}}')
    with pytest.raises(FormatError, match="none in train"):
        drugood("size", str(tmp_path))


@pytest.mark.usefixtures("as_users_call")
def test_missing_files_are_named_with_their_place(tmp_path, monkeypatch):
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path))
    with pytest.raises(DatasetUnavailable, match=r"put zinc/molecules\.zip, zinc/train\.index, "):
        zinc()
    with pytest.raises(DatasetUnavailable, match=r"lbap_core_ic50_assay\.json"):
        drugood("assay")
    with pytest.raises(ValueError, match="shift"):
        drugood("colour")
    with pytest.raises(ValueError, match="path must be a path"):
        zinc(5)
    with pytest.raises(ValueError, match="sizes must have a sum of at most 20,000"):
        counting(3, (10**5, 2, 2))
    with pytest.raises(ValueError, match="length"):
        counting(7)
    with pytest.raises(ValueError, match="sizes"):
        counting(3, (1500, 1000))
    with pytest.raises(ValueError, match="sizes"):
        counting(3, (1500, 1000, 1))


def test_nci_matches_the_stored_statistics(reference):
    from spectral_lab.eigenspaces.data.molecules import nci_molecules

    stored = reference("nci_standin")
    molecules = nci_molecules()
    targets = np.array([target for _, target, _ in molecules])
    assert len(molecules) == stored["n"]
    np.testing.assert_allclose(targets[:5], [target for _, target in stored["first5"]], atol=1e-9)
    assert targets.mean() == pytest.approx(stored["y_mean"], abs=1e-9)
    assert targets.std() == pytest.approx(stored["y_std"], abs=1e-9)
    kinds = np.bincount(np.concatenate([g.edge_values for _, _, g in molecules]))
    assert kinds[1:].tolist() == [stored["bond_types"][k] for k in ("SINGLE", "DOUBLE", "TRIPLE", "DATIVE")]


def test_drugood_features_by_hand(tmp_path):
    """1-chloroethanol and the ion of acetic acid, atom by atom."""
    items = [{"smiles": "C[C@H](O)Cl", "cls_label": 1}, {"smiles": "CC(=O)[O-]", "cls_label": 0}]
    path = tmp_path / "lbap_core_ic50_size.json"
    path.write_text(json.dumps({"split": {"train": items}}))
    data = drugood("size", str(tmp_path), d=3)["train"]
    assert data.nodes.shape == (2, 4, 39)
    assert data.targets[:, 0].tolist() == [1.0, 0.0]

    def on(row, atom):
        return np.flatnonzero(data.nodes[row, atom].numpy()).tolist()

    # element | degree 16.. | charge 22 | hybridisation sp3 = 26, sp2 = 25 | hydrogens 31.. | chiral 36, R 37, S 38
    assert on(0, 0) == [1, 17, 26, 34]
    chiral = on(0, 1)
    assert chiral[:3] == [1, 19, 26]
    assert 36 in chiral
    assert chiral[-1] in (37, 38)
    assert on(0, 3) == [8, 17, 26, 31]
    assert data.nodes[1, 3, 22] == -1
    batch = data.__getitems__([1])
    assert np.flatnonzero(batch["edges"][0, 1, 2].numpy()).tolist() == [1, 4, 6]  # double, conjugated, no stereo
