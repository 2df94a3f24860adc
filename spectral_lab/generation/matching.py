"""Is it the right crystal? Match rates, what chance alone matches, and which compositions chemistry allows.

Two structures match if some map of lattices, some shift and some pairing of equal atoms leaves a root mean square
distance below a tolerance, after both cells are brought to one volume: pymatgen's StructureMatcher (Ong et al. 2013),
with the tolerances of CDVAE (Xie et al. 2022). The distance is divided by (V/N)^(1/3): it has no unit, and the size of
the cell is not judged at all (`xrd_cosine` judges it). A match rate says little where chance matches too.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.generation.crystals import Crystal, as_crystal
from spectral_lab.generation.vocabulary import ELEMENTS

if TYPE_CHECKING:
    from pymatgen.core import Lattice, Structure

TOLERANCES = {
    "cdvae": {"ltol": 0.3, "stol": 0.5, "angle_tol": 10.0},
    "default": {"ltol": 0.2, "stol": 0.3, "angle_tol": 5.0},  # pymatgen's own
}
LARGEST_DRAWS = 10_000
_IMAGES = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)


def match(structure: Crystal, reference: Crystal, tolerance: str = "cdvae") -> float | None:
    """The root mean square distance of two matching structures over (V/N)^(1/3), or None where they do not match.

    tolerance "cdvae" (ltol 0.3, stol 0.5, 10 degrees: what published match rates use) or "default" (0.2, 0.3, 5).
    A cell that pymatgen cannot reduce matches nothing. Raises ValueError on what is no Crystal.
    """
    structure, reference = as_crystal(structure, "structure"), as_crystal(reference, "reference")
    options = TOLERANCES[checks.choice(tolerance, "tolerance", TOLERANCES)]
    if _ratios(structure) != _ratios(reference):
        return None
    from pymatgen.core.structure_matcher import StructureMatcher

    try:
        cells = [_reduced(crystal) for crystal in (structure, reference)]
        if len(cells[0]) != len(cells[1]) or _unlike(cells[0].lattice, cells[1].lattice):
            return None
        found = StructureMatcher(primitive_cell=False, **options).get_rms_dist(*cells)
    except (ValueError, RuntimeError, ArithmeticError, np.linalg.LinAlgError):
        return None
    return None if found is None else float(found[0])


def random_baseline(reference: Crystal, draws: Any, seed: Any = 0, tolerance: str = "cdvae") -> float:
    """The share of crystals with the true lattice and uniformly random positions that match the reference.

    The number to print beside every match rate: 1 for rock salt, about 1/5 for a perovskite, 0 for a spinel. It asks
    what `match` asks of every draw; since all draws share one lattice, its maps are found once. Raises ValueError.
    """
    reference = as_crystal(reference, "reference")
    draws = checks.integer(draws, "draws", 1, LARGEST_DRAWS)
    options = TOLERANCES[checks.choice(tolerance, "tolerance", TOLERANCES)]
    rng = np.random.default_rng(checks.integer(seed, "seed", 0))
    target = _reduced(reference)
    if len(target) != len(reference):
        return 0.0  # random positions in a doubled cell do not reduce to the primitive one
    pairing = _Pairing(target, **options)
    divisible = math.gcd(*Counter(reference.species).values()) > 1  # then a draw may happen to be a doubled cell
    matched = 0
    for frac in rng.random((draws, len(target), 3)):
        doubled = divisible and len(_reduced(Crystal(target.lattice.matrix, _species(target), frac))) != len(target)
        matched += not doubled and pairing.found(frac)
    return matched / draws


def composition_valid(elements: Sequence[str], counts: Sequence[Any]) -> bool:
    """Whether charges can balance and the more electronegative ions are the anions (SMACT, Davies et al. 2019).

    As CDVAE counts: single elements and alloys of metals alone are valid. Oxidation states of 2014 ("smact14"), as the
    published numbers used. Needs the package smact. Raises ValueError, ImportError.
    """
    if isinstance(elements, str) or not isinstance(elements, Sequence) or not isinstance(counts, Sequence | np.ndarray):
        raise ValueError(f"elements and counts must be lists of one length, got {checks.shown(elements)}")
    names = [checks.choice(element, "elements", ELEMENTS) for element in elements]
    numbers = [checks.integer(count, "counts", 1, 10_000) for count in counts]
    if not names or len(names) != len(numbers) or len(set(names)) != len(names):
        raise ValueError(
            f"elements and counts must be lists of one length, each element once, got {checks.shown(elements)}"
        )
    from smact.screening import smact_validity

    formula = "".join(f"{name}{number}" for name, number in zip(names, numbers, strict=True))
    return bool(smact_validity(formula, oxidation_states_set="smact14"))


class _Pairing:
    """All ways to lay a structure over `target` that share its lattice: maps of the lattice, and shifts."""

    def __init__(self, target: Structure, ltol: float, stol: float, angle_tol: float) -> None:
        from pymatgen.core import Lattice

        lattice = target.lattice
        self.frac, self.stol = target.frac_coords, stol
        species = np.array(_species(target))
        self.groups = [np.flatnonzero(species == name) for name in dict.fromkeys(species.tolist())]
        self.rarest = min(self.groups, key=len)
        maps = lattice.find_all_mappings(lattice, ltol=ltol, atol=angle_tol, skip_rotation_matrix=True)
        self.maps, self.metrics, self.scales, self.tolerances = [], [], [], []
        for mapped, _, matrix in maps:
            if round(abs(np.linalg.det(matrix))) != 1:
                continue
            middle = Lattice.from_parameters(*((np.array(mapped.parameters) + np.array(lattice.parameters)) / 2))
            self.maps.append(np.linalg.inv(matrix))
            self.metrics.append(middle.matrix)
            self.scales.append((len(target) / middle.volume) ** (1 / 3))
            self.tolerances.append(np.array(middle.reciprocal_lattice.abc) * stol / (np.pi * self.scales[-1]))
        self.identity_first()

    def identity_first(self) -> None:
        """Most matches are found by the first map tried if it is the identity."""
        order = np.argsort([np.abs(m - np.eye(3)).sum() for m in self.maps], kind="stable")
        for name in ("maps", "metrics", "scales", "tolerances"):
            setattr(self, name, np.array(getattr(self, name))[order])

    def found(self, frac: Float[np.ndarray, "n 3"]) -> bool:
        """Whether any of them leaves a root mean square distance below the tolerance."""
        for mapped, metric, scale, tolerance in zip(
            frac @ self.maps, self.metrics, self.scales, self.tolerances, strict=True
        ):
            for i in self.rarest:
                # Shift the target so that its rarest atom lies on atom i; vectors go from the target to the structure.
                apart = mapped[None] - (self.frac + mapped[i] - self.frac[self.rarest[0]])[:, None]
                apart = apart - np.round(apart)
                if self._distance(apart, metric, tolerance) * scale < self.stol:
                    return True
        return False

    def _distance(self, apart: np.ndarray, metric: np.ndarray, tolerance: np.ndarray) -> float:
        """The root mean square distance after the best pairing and shift; infinite if some atom has none near it."""
        near = (np.abs(apart) <= tolerance).all(axis=2)
        if not all(near[np.ix_(group, group)].any(axis=1).all() for group in self.groups):
            return math.inf
        vectors = []
        for group in self.groups:
            images = (apart[np.ix_(group, group)][:, :, None] + _IMAGES) @ metric
            squares = (images**2).sum(axis=3)
            shortest = squares.argmin(axis=2)
            rows, columns = scipy.optimize.linear_sum_assignment(squares.min(axis=2))
            vectors.append(images[rows, columns, shortest[rows, columns]])
        together = np.concatenate(vectors)
        return float(np.sqrt(((together - together.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _reduced(crystal: Crystal) -> Structure:
    """The primitive, Niggli-reduced cell, as the matcher would make it of this crystal."""
    from pymatgen.core import Lattice, Structure

    cell = Structure(Lattice(crystal.lattice), crystal.species, crystal.frac)
    return cell.get_reduced_structure(reduction_algo="niggli").get_primitive_structure()


def _unlike(a: Lattice, b: Lattice) -> bool:
    """Whether the shortest edges, at one volume, differ so much that no map within the tolerances exists.

    The search for maps would otherwise list millions of lattice points of a needle.
    """
    ratio = min(a.abc) / min(b.abc) * (b.volume / a.volume) ** (1 / 3)
    return not 0.2 < ratio < 5


def _species(structure: Structure) -> list[str]:
    return [site.specie.symbol for site in structure]


def _ratios(crystal: Crystal) -> dict[str, int]:
    counts = Counter(crystal.species)
    common = math.gcd(*counts.values())
    return {name: count // common for name, count in counts.items()}
