"""Molecules: are two conformers the same, do the atoms have their valences, and which frame do the numbers stand in?

Distances are in A. The frame of a molecule is made of eigenvectors, those of its 3x3 covariance, and shares their
trouble: signs are free, and near a crossing of two eigenvalues the axes jump (chapter 01).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.generation.vocabulary import ELEMENTS

# Typical bond lengths in pm, and how much longer a bond may be (Hoogeboom et al. 2022, appendix; EDM).
# fmt: off
_SINGLE = {"HH": 74, "HC": 109, "HN": 101, "HO": 96, "HF": 92, "CC": 154, "CN": 147, "CO": 143, "CF": 135, "NN": 145,
           "NO": 140, "NF": 136, "OO": 148, "OF": 142, "FF": 142}
_DOUBLE = {"CC": 134, "CN": 129, "CO": 120, "NN": 125, "NO": 121, "OO": 121}
_TRIPLE = {"CC": 120, "CN": 116, "CO": 113, "NN": 110}
# fmt: on
_MARGINS = (10, 5, 3)
VALENCES = {"H": 1, "C": 4, "N": 3, "O": 2, "F": 1}
LARGEST_ATOMS = 2000
# What counts as symmetric, for the frame: variances over the largest, third moments over those of moduli, and
# distances from a mirror over the size of the molecule.
SAME_VARIANCE, VANISHING_MOMENT, ON_THE_MIRROR = 1e-4, 1e-3, 1e-2
LARGEST_SET = 10_000


class Stability(NamedTuple):
    """Whether every atom has its valence, how many have, and how many atoms there are."""

    molecule_stable: bool
    stable_atoms: int
    atoms: int


class Coverage(NamedTuple):
    """COV (shares in %) and MAT (mean distances in A), for recall (over references) and precision (over generated)."""

    cov_r: float
    mat_r: float
    cov_p: float
    mat_p: float


def edm_bond_order(a: str, b: str, distance: Any) -> int:
    """0, 1, 2 or 3 bonds between two of H, C, N, O, F at this distance in A, by the table of EDM.

    Single below b_1 + 0.10 A, double if also below b_2 + 0.05 A, triple if also below b_3 + 0.03 A (Hoogeboom et al.
    2022). Raises ValueError.
    """
    first, second = (checks.choice(name, label, VALENCES) for name, label in ((a, "a"), (b, "b")))
    return int(_orders(first, second)(checks.number(distance, "distance", 0.0)))


def edm_stability(symbols: Sequence[str], positions: ArrayLike) -> Stability:
    """Whether bonds guessed from distances give every atom its valence (H 1, C 4, N 3, O 2, F 1), with hydrogens.

    Print the score of the data beside that of a model: of molecules of 3 to 6 heavy atoms relaxed by MMFF94 only about
    four in five are stable by this table (`data.stability_of_data`): an aromatic bond of 1.40 A counts as single.
    Raises ValueError.
    """
    names, x = _atoms(symbols, positions, VALENCES)
    distances = scipy.spatial.distance.cdist(x, x)
    bonds = np.zeros((len(x), len(x)), dtype=int)
    places = {name: np.flatnonzero([own == name for own in names]) for name in dict.fromkeys(names)}
    for a, rows in places.items():
        for b, columns in places.items():
            bonds[np.ix_(rows, columns)] = _orders(a, b)(distances[np.ix_(rows, columns)])
    np.fill_diagonal(bonds, 0)
    stable = bonds.sum(axis=1) == [VALENCES[name] for name in names]
    return Stability(bool(stable.all()), int(stable.sum()), len(names))


def coverage_and_matching(
    generated: Sequence[ArrayLike], reference: Sequence[ArrayLike], smiles: str, threshold: Any
) -> Coverage:
    """How well two sets of conformers of one molecule cover each other (Ganea et al. 2021).

    Each conformer is (heavy atoms, 3) in A, atoms in the order of the SMILES. A distance is the least root mean square
    over rotations, shifts and symmetries of the molecule (RDKit). COV-R: the share in % of references that have a
    generated conformer within `threshold` A; MAT-R: the mean of their least distances; -P with the roles exchanged.
    Raises ValueError.
    """
    threshold = checks.number(threshold, "threshold", 0.0)
    molecule = _molecule(smiles)
    sets = []
    for conformers, name in ((generated, "generated"), (reference, "reference")):
        if not isinstance(conformers, Sequence | np.ndarray) or not 0 < len(conformers) <= LARGEST_SET:
            raise ValueError(f"{name} must hold 1 to {LARGEST_SET:,} conformers, got {checks.shown(conformers)}")
        sets.append([checks.real_array(x, name, (molecule.GetNumAtoms(), 3)) for x in conformers])
    distances = _best_rms(molecule, *sets)
    by_reference, by_generated = distances.min(axis=0), distances.min(axis=1)
    return Coverage(
        float(100 * (by_reference <= threshold).mean()),
        float(by_reference.mean()),
        float(100 * (by_generated <= threshold).mean()),
        float(by_generated.mean()),
    )


def principal_frame(positions: ArrayLike) -> Float[np.ndarray, "atoms 3"]:
    """The molecule in its own axes: centroid 0, axes by decreasing variance, signs by third moments, right-handed.

    The first two axes point to the side of their larger third moment; the third follows. A symmetric molecule has no
    frame of its own: its third moments vanish, or two variances meet. Then the order of the atoms decides: an axis
    points to the first atom that does not lie on its mirror, and of axes with one variance the first points at the
    first atom. So the frame is the same however the molecule is turned; but it depends on the order of the atoms, and
    near such a symmetry a small move of one atom turns it, as in chapter 01. Raises ValueError. Ours: the released
    examples stand in near-canonical frames, and the paper does not say how they came.
    """
    centred = _positions(positions)
    centred = centred - centred.mean(axis=0)
    x = centred / (np.abs(centred).max() or 1.0)
    values, axes = np.linalg.eigh(x.T @ x)
    axes = _settled(x, values[::-1], axes[:, ::-1])
    turned = x @ axes
    signs = np.array([_side(column) for column in turned.T])
    signs[2] = signs[0] * signs[1] * np.sign(np.linalg.det(axes))
    return centred @ (axes * signs)


def _settled(x: np.ndarray, values: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Axes of one variance, which `eigh` may turn among themselves, turned towards the first atoms."""
    meet = np.abs(np.diff(values)) <= SAME_VARIANCE * values[0]
    start = 0
    while start < 3:
        end = start + 1
        while end < 3 and meet[end - 1]:
            end += 1
        room = axes[:, start:end]
        # Gram-Schmidt on the atoms in their order, as far as they lie in this room.
        chosen: list[np.ndarray] = []
        for atom in x @ room:
            rest = atom - sum((direction * (direction @ atom) for direction in chosen), np.zeros(end - start))
            if len(chosen) < end - start and np.linalg.norm(rest) > ON_THE_MIRROR:
                chosen.append(rest / np.linalg.norm(rest))
        if end - start > 1 and len(chosen) == end - start:
            axes = np.concatenate([axes[:, :start], room @ np.stack(chosen, axis=1), axes[:, end:]], axis=1)
        start = end
    return axes


def _side(column: np.ndarray) -> float:
    """The sign of the third moment; where it vanishes, that of the first atom that is not near 0."""
    moment, size = (column**3).sum(), (np.abs(column) ** 3).sum()
    if abs(moment) > VANISHING_MOMENT * size:
        return float(np.sign(moment))
    away = column[np.abs(column) > ON_THE_MIRROR * max(np.abs(column).max(), ON_THE_MIRROR)]
    return float(np.sign(away[0])) if len(away) else 1.0


def gram_spectrum(positions: ArrayLike) -> Float[np.ndarray, " atoms"]:
    """The eigenvalues of the Gram matrix of the centred positions, descending, in A^2: at most three are not 0.

    The same as those of -J D^2 J / 2, with the squared distances D^2 and J = I - 1/n: distances alone tell the shape
    (classical scaling). Raises ValueError.
    """
    x = _positions(positions)
    moments = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2
    return np.concatenate([moments, np.zeros(max(len(x) - 3, 0))])[: len(x)]


def coulomb_spectrum(numbers: ArrayLike, positions: ArrayLike) -> Float[np.ndarray, " atoms"]:
    """The eigenvalues of the Coulomb matrix, by descending modulus.

    The matrix is Z_i Z_j / |r_i - r_j|, and Z_i^2.4 / 2 on the diagonal; Z in e, distances in A (Rupp et al. 2012).
    Blind to rotation and to the order of atoms. Raises ValueError, also where two atoms coincide.
    """
    x = _positions(positions)
    Z = checks.real_array(numbers, "numbers", (len(x),))
    if (Z <= 0).any() or (Z > 118).any():
        raise ValueError(f"numbers must be atomic numbers between 1 and 118, got {checks.shown(numbers)}")
    distances = scipy.spatial.distance.cdist(x, x) + np.eye(len(x))
    if (distances <= 1e-12 * max(np.abs(x).max(), 1e-300)).any():
        raise ValueError("positions must differ: two atoms coincide")
    matrix = np.outer(Z, Z) / distances
    np.fill_diagonal(matrix, 0.5 * Z**2.4)
    values = np.linalg.eigvalsh(matrix)
    return values[np.argsort(-np.abs(values), kind="stable")]


def _orders(a: str, b: str) -> Any:
    """Bond orders as a function of distances in A."""
    pair = a + b if a + b in _SINGLE else b + a
    tables = (_SINGLE, _DOUBLE, _TRIPLE)
    limits = [table.get(pair, -math.inf) + margin for table, margin in zip(tables, _MARGINS, strict=True)]

    def orders(distances: Any) -> Any:
        # A double bond must be short enough for a single one too, and so on.
        return np.cumprod([100 * distances < limit for limit in limits], axis=0).sum(axis=0)

    return orders


def _best_rms(molecule: Any, generated: list[np.ndarray], reference: list[np.ndarray]) -> np.ndarray:
    """The least root mean square distances (generated, reference), over the symmetries of the molecule."""
    symmetries = np.array(molecule.GetSubstructMatches(_resonant(molecule), uniquify=False, maxMatches=10_000))
    centred = [[x - x.mean(axis=0) for x in conformers] for conformers in (generated, reference)]
    atoms = molecule.GetNumAtoms()
    result = np.empty((len(generated), len(reference)))
    for j, y in enumerate(centred[1]):
        turned = y[symmetries]  # (symmetries, atoms, 3)
        for i, x in enumerate(centred[0]):
            # Kabsch: the best rotation gives sum s_1 + s_2 +- s_3 of the singular values of the 3x3 covariance.
            u, s, vt = np.linalg.svd(np.einsum("na,knb->kab", x, turned))
            s[:, 2] *= np.sign(np.linalg.det(u) * np.linalg.det(vt))
            squares = (x**2).sum() + (y**2).sum() - 2 * s.sum(axis=1)
            result[i, j] = math.sqrt(max(squares.min(), 0.0) / atoms)
    return result


def _resonant(molecule: Any) -> Any:
    """The molecule as a query to which both ends of a carboxylate, a nitro group or an amidine are one.

    Lewis structures tell the ends of O=C-O and N=C-N apart, though a proton or a charge goes from one to the other;
    RDKit's best alignment, which the published evaluations use, takes them for equivalent as well.
    """
    from rdkit import Chem

    ends = Chem.MolFromSmarts("[O,N;D1;$(*-*=[O,N;D1]),$(*=*-[O,N;D1])]~*")
    either = Chem.MolFromSmarts("*-,=*").GetBondWithIdx(0)
    query = Chem.RWMol(molecule)
    for end, middle in query.GetSubstructMatches(ends):
        query.GetAtomWithIdx(end).SetFormalCharge(0)  # in a query: of any charge
        query.ReplaceBond(query.GetBondBetweenAtoms(end, middle).GetIdx(), either)
    return query


def _molecule(smiles: str) -> Any:
    from rdkit import Chem, rdBase

    if not isinstance(smiles, str):
        raise ValueError(f"smiles must be a SMILES string, got {checks.shown(smiles)}")
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        molecule = molecule and Chem.RemoveAllHs(molecule)  # heavy hydrogen too
    if molecule is None or not 0 < molecule.GetNumAtoms() <= LARGEST_ATOMS:
        raise ValueError(f"smiles must be a SMILES of 1 to {LARGEST_ATOMS} heavy atoms, got {checks.shown(smiles)}")
    return molecule


def _atoms(symbols: Any, positions: Any, allowed: Any = ELEMENTS) -> tuple[list[str], np.ndarray]:
    if isinstance(symbols, str) or not isinstance(symbols, Sequence | np.ndarray):
        raise ValueError(f"symbols must be a list of element symbols, got {checks.shown(symbols)}")
    names = [checks.choice(str(name), "symbols", allowed) for name in symbols]
    x = _positions(positions)
    if len(x) != len(names):
        raise ValueError(f"positions must have a row for each of {len(names)} symbols, got {len(x)}")
    return names, x


def _positions(positions: Any) -> np.ndarray:
    x = checks.real_array(positions, "positions", (None, 3))
    if not 0 < len(x) <= LARGEST_ATOMS or np.abs(x).max() > 1e100:
        raise ValueError(f"positions must be 1 to {LARGEST_ATOMS} rows of at most 1e100, got {len(x)} rows")
    return x
