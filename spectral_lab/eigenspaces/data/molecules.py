"""Molecules as graphs, by rdkit, loaded when it is first used: features, labels, an offline stand-in for ZINC."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, SupportsInt

import networkx as nx
import numpy as np
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.eigenspaces.data.formats import LabelledGraph

ELEMENTS = ("B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "As", "Se", "Br", "Te", "I", "At")
BONDS = ("SINGLE", "DOUBLE", "TRIPLE", "DATIVE")


def nci_molecules(limit: SupportsInt | None = None) -> list[tuple[str, float, LabelledGraph]]:
    """NCI-5k: (SMILES, target, graph) of the molecules that rdkit ships, an offline stand-in for ZINC.

    Of each entry the largest fragment is kept if it has 6 to 37 heavy atoms. Node types are pairs of element and
    charge, numbered as they appear; edge types are the bonds of the kekulised molecule, 1 to 4. The target is the
    penalised logP of `penalised_logp`. These are 4828 molecules; they are not ZINC.

    Args:
        limit: stop after so many.
    """
    Chem = importlib.import_module("rdkit.Chem")
    limit = sys.maxsize if limit is None else checks.integer(limit, "limit", 0)
    kinds: dict[tuple[str, int], int] = {}
    found: list[tuple[str, float, LabelledGraph]] = []
    penalised = penalised_logp()
    for mol in _nci_fragments(Chem):
        if len(found) >= limit:
            break
        target = penalised(mol)
        smiles = Chem.MolToSmiles(mol)
        Chem.Kekulize(mol, clearAromaticFlags=True)
        nodes = [kinds.setdefault((a.GetSymbol(), a.GetFormalCharge()), len(kinds)) for a in mol.GetAtoms()]
        bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), str(b.GetBondType())) for b in mol.GetBonds()]
        table = np.array([(i, j, 1 + BONDS.index(kind)) for i, j, kind in bonds], dtype=int).reshape(-1, 3)
        graph = LabelledGraph(len(nodes), table[:, :2], np.array(nodes), table[:, 2], np.array([target]))
        found.append((smiles, target, graph))
    return found


def _nci_fragments(Chem: Any) -> Iterator[Any]:
    config = importlib.import_module("rdkit.RDConfig")
    quiet = importlib.import_module("rdkit.rdBase").BlockLogs()
    for line in (Path(config.RDDataDir) / "NCI" / "first_5K.smi").read_text().splitlines():
        mol = Chem.MolFromSmiles(line.split()[0]) if line.split() else None
        if mol is None:
            continue
        largest = max(Chem.GetMolFrags(mol, asMols=True), key=lambda part: part.GetNumHeavyAtoms())
        if 6 <= largest.GetNumHeavyAtoms() <= 37:
            yield largest
    del quiet


def penalised_logp() -> Callable[[Any], float]:
    """The label of ZINC as a function of a molecule: logP, synthetic accessibility and longest cycle, normalised.

        (logP - 2.4571)/1.4343 + (-SA + 3.0526)/0.8335 + (-max(0, l - 6) + 0.0486)/0.2860

    The constants are the means and deviations over the 250 000 molecules of ZINC; l is the longest cycle of a cycle
    basis.
    """
    Chem = importlib.import_module("rdkit.Chem")
    crippen = importlib.import_module("rdkit.Chem.Crippen")
    scorer = _sa_scorer()

    def label(mol: Any) -> float:
        # A cycle basis depends on the order of the nodes; this is the order that the label was made with.
        bonds = nx.Graph(Chem.GetAdjacencyMatrix(mol))
        longest = max((len(cycle) for cycle in nx.cycle_basis(bonds)), default=0)
        logp = (crippen.MolLogP(mol) - 2.4570953396190123) / 1.434324401111988
        accessibility = (-scorer.calculateScore(mol) + 3.0525811293166134) / 0.8335207024513095
        cycles = (-max(0, longest - 6) + 0.0485696876403053) / 0.2860212110245455
        return logp + accessibility + cycles

    return label


def _sa_scorer() -> Any:
    """rdkit's contributed script, which is a file beside the package and not a part of it."""
    config = importlib.import_module("rdkit.RDConfig")
    place = str(Path(config.RDContribDir) / "SA_Score")
    sys.path.insert(0, place)
    try:
        return importlib.import_module("sascorer")
    finally:
        sys.path.remove(place)


def drugood_graph(smiles: str, label: int) -> LabelledGraph:
    """A molecule with the 39 atom features and 10 bond features of DrugOOD.

    Atoms: element (15 and other), degree 0 to 5, charge, radical electrons, hybridisation (5 and other), aromatic,
    implicit hydrogens 0 to 4, chirality possible, CIP code R or S. Bonds: single, double, triple, aromatic,
    conjugated, in a ring, stereo none, any, Z, E.

    Raises:
        ValueError: if rdkit cannot read the SMILES.
    """
    Chem = importlib.import_module("rdkit.Chem")
    mol = Chem.MolFromSmiles(smiles)
    if mol is None or mol.GetNumAtoms() == 0:
        raise ValueError(f"smiles must be a molecule that rdkit can read, got {smiles!r}")
    nodes = np.array([_atom_features(atom) for atom in mol.GetAtoms()])
    ends = np.array([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in mol.GetBonds()], dtype=int).reshape(-1, 2)
    values = np.array([_bond_features(bond) for bond in mol.GetBonds()]).reshape(-1, 10)
    return LabelledGraph(len(nodes), ends, nodes, values, np.array([float(label)]))


def _atom_features(atom: Any) -> Float[np.ndarray, 39]:
    cip = atom.GetProp("_CIPCode") if atom.HasProp("_CIPCode") else ""
    hybridisation = str(atom.GetHybridization())
    return np.concatenate(
        [
            _among(atom.GetSymbol(), ELEMENTS, other=True),
            _among(atom.GetDegree(), range(6)),
            [atom.GetFormalCharge(), atom.GetNumRadicalElectrons()],
            _among(hybridisation, ("SP", "SP2", "SP3", "SP3D", "SP3D2"), other=True),
            [float(atom.GetIsAromatic())],
            _among(atom.GetNumImplicitHs(), range(5)),
            [float(atom.HasProp("_ChiralityPossible"))],
            _among(cip, ("R", "S")),
        ]
    )


def _bond_features(bond: Any) -> Float[np.ndarray, 10]:
    return np.concatenate(
        [
            _among(str(bond.GetBondType()), ("SINGLE", "DOUBLE", "TRIPLE", "AROMATIC")),
            [float(bond.GetIsConjugated()), float(bond.IsInRing())],
            _among(str(bond.GetStereo()), ("STEREONONE", "STEREOANY", "STEREOZ", "STEREOE")),
        ]
    )


def _among(value: Any, allowed: Any, other: bool = False) -> Float[np.ndarray, " k"]:
    hits = [float(value == entry) for entry in allowed]
    return np.array(hits + [float(not any(hits))] if other else hits)
