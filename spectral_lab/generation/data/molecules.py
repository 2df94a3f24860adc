"""Small molecules, grown atom by atom and relaxed by a force field: a data set that needs no download.

All molecules of C, N, O, F with up to six heavy atoms and two rings that contain no unstable motif, each with one
conformer by ETKDG (Riniker and Landrum 2015) and MMFF94, from RDKit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.generation.molecules import VALENCES, principal_frame

HEAVY = tuple(element for element in VALENCES if element != "H")
LARGEST = 6
DEBYE = 4.80320  # of one elementary charge times one A
MOTIFS = {
    "oxygen on oxygen": "[#8]~[#8]",
    "three heteroatoms in a row": "[#7,#8,#9]~[#7,#8,#9]~[#7,#8,#9]",
    "fluorine on a heteroatom": "[#9]~[#7,#8,#9]",
    "cumulene": "*=*=*",
    "multiple bond in a ring of three": "*1~*=,#*1",
    "enol, ynol or imidic acid": "[OX2H]C=,#[C,N]",
    "geminal diol": "[OX2H][C;X4][OX2H]",
}


class Relaxed(NamedTuple):
    """A conformer: Kekule SMILES of the heavy atoms, all symbols (heavy atoms first, in its order), positions in A."""

    smiles: str
    symbols: list[str]
    positions: Float[np.ndarray, "atoms 3"]


def grown_smiles(atoms: Any) -> list[str]:
    """The Kekule SMILES of all molecules with exactly this many heavy atoms (1 to 6), in alphabetical order.

    Trees grow by one atom and a bond of order 1 to 3 at a time, then close up to two rings; `MOTIFS` are dropped.
    Raises ValueError.
    """
    return list(_kept(checks.integer(atoms, "atoms", 1, LARGEST)))


def relaxed(smiles: str, seed: Any = 7) -> Relaxed | None:
    """One conformer with hydrogens, embedded with this seed and relaxed; None where RDKit finds none.

    Raises ValueError on what is no SMILES.
    """
    from rdkit import Chem, rdBase
    from rdkit.Chem.rdDistGeom import EmbedMolecule
    from rdkit.Chem.rdForceFieldHelpers import MMFFOptimizeMolecule

    seed = checks.integer(seed, "seed", 0, 2**31 - 1)
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles) if isinstance(smiles, str) else None
        if molecule is None or molecule.GetNumAtoms() == 0:
            raise ValueError(f"smiles must be a SMILES string, got {checks.shown(smiles)}")
        Chem.Kekulize(molecule, clearAromaticFlags=True)
        kekule = Chem.MolToSmiles(molecule, kekuleSmiles=True, isomericSmiles=False)
        # Read again, so that atoms stand in the order of the string that is told.
        full = Chem.AddHs(Chem.MolFromSmiles(kekule))
        if EmbedMolecule(full, randomSeed=seed) != 0 or MMFFOptimizeMolecule(full, maxIters=2000) != 0:
            return None
    return Relaxed(kekule, [atom.GetSymbol() for atom in full.GetAtoms()], full.GetConformer().GetPositions())


def dipole_moment(conformer: Relaxed) -> float:
    """The dipole moment in D of Gasteiger's partial charges at the atoms: no quantum chemistry is needed."""
    from rdkit import Chem
    from rdkit.Chem.rdPartialCharges import ComputeGasteigerCharges

    molecule = Chem.AddHs(Chem.MolFromSmiles(conformer.smiles))
    ComputeGasteigerCharges(molecule)
    charges = np.array([atom.GetDoubleProp("_GasteigerCharge") for atom in molecule.GetAtoms()])
    return float(DEBYE * np.linalg.norm(charges @ conformer.positions))


def molecule_record(conformer: Relaxed) -> dict[str, Any]:
    """The heavy atoms as a record (smi, num, pos), in their principal frame."""
    heavy = [symbol != "H" for symbol in conformer.symbols]
    return {
        "smi": conformer.smiles,
        "num": sum(heavy),
        "pos": principal_frame(conformer.positions[heavy]).tolist(),
    }


def generated_molecules(largest: Any, smallest: Any = 3, seed: Any = 7) -> list[dict[str, Any]]:
    """Records of all molecules with `smallest` to `largest` heavy atoms that could be relaxed, about 5 ms each.

    Raises ValueError.
    """
    return [molecule_record(conformer) for conformer in generated_conformers(largest, smallest, seed)]


def generated_conformers(largest: Any, smallest: Any = 3, seed: Any = 7) -> list[Relaxed]:
    """The same with all atoms, as they were relaxed. Raises ValueError."""
    smallest = checks.integer(smallest, "smallest", 1, LARGEST)
    sizes = range(smallest, checks.integer(largest, "largest", smallest, LARGEST) + 1)
    conformers = (relaxed(smiles, seed) for size in sizes for smiles in grown_smiles(size))
    return [conformer for conformer in conformers if conformer is not None]


@lru_cache(maxsize=LARGEST)
def _kept(atoms: int) -> tuple[str, ...]:
    from rdkit import Chem

    motifs = [Chem.MolFromSmarts(pattern) for pattern in MOTIFS.values()]
    trees = _trees(atoms)
    one = _closed(trees)
    kept = []
    for smiles in trees | one | _closed(one):
        molecule = _read(smiles)
        Chem.FastFindRings(molecule)
        if not any(molecule.HasSubstructMatch(motif) for motif in motifs):
            kept.append(smiles)
    return tuple(sorted(kept))


@lru_cache(maxsize=LARGEST)
def _trees(atoms: int) -> frozenset[str]:
    """All trees, with bonds of every order."""
    from rdkit import Chem

    if atoms == 1:
        return frozenset(HEAVY)
    found = set()
    for smiles in _trees(atoms - 1):
        molecule = _read(smiles)
        for atom in molecule.GetAtoms():
            for element in HEAVY:
                for order in range(1, min(atom.GetTotalNumHs(), VALENCES[element], 3) + 1):
                    grown = Chem.RWMol(molecule)
                    grown.AddBond(atom.GetIdx(), grown.AddAtom(Chem.Atom(element)), Chem.BondType.values[order])
                    found.add(_written(grown))
    return frozenset(found)


def _closed(smiles: Iterable[str]) -> frozenset[str]:
    """All molecules with one ring more, closed by a single bond: another spanning tree has the double bonds."""
    from rdkit import Chem

    found = set()
    for one in smiles:
        molecule = _read(one)
        free = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetTotalNumHs()]
        for i, j in itertools.combinations(free, 2):
            if molecule.GetBondBetweenAtoms(i, j) is None:
                closed = Chem.RWMol(molecule)
                closed.AddBond(i, j, Chem.BondType.SINGLE)
                found.add(_written(closed))
    return frozenset(found)


def _read(smiles: str) -> Any:
    """A molecule as written, with no aromaticity perceived."""
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles, sanitize=False)
    molecule.UpdatePropertyCache()
    return molecule


def _written(molecule: Any) -> str:
    from rdkit import Chem

    molecule.UpdatePropertyCache()
    return Chem.MolToSmiles(molecule)
