"""Ten prototypes of crystals, with lattice constants from ionic radii: a data set that needs no download.

Charge-neutral combinations of common ions are put into the prototype that their radii allow (Goldschmidt's and
Pauling's rules). The structures are functions of the composition, so they are an honest stand-in and no benchmark: a
random split interpolates. Radii are Shannon's (1976), as tabulated in pymatgen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.generation.crystals import Crystal
from spectral_lab.generation.tables import NUMERALS, radii
from spectral_lab.generation.vocabulary import ELEMENTS

IONS = {
    1: "Li Na K Rb Cs Ag Tl Cu",
    2: "Be Mg Ca Sr Ba Zn Cd Hg V Mn Fe Co Ni Cu Pb Eu Sm Yb",
    3: "Al Ga In Tl Sc Y Ti V Cr Mn Fe Co Ni Rh Bi La Ce Pr Nd Sm Eu Gd Tb Dy Ho Er Tm Yb Lu",
    4: "Ti Zr Hf V Mn Mo Ru Ir Pt Si Ge Sn Pb Ce Th U",
    5: "Nb Ta Sb V U",
    -1: "F Cl Br I",
    -2: "O S Se Te",
    -3: "N",
}
TOLERANCE_FACTOR = (0.8, 1.06)  # of a perovskite
SMALLEST_OCTAHEDRON = 0.3  # r_B / r_X
_FCC = (1 - np.eye(3)) / 2  # rows, per cubic edge
_BCC = 0.5 - np.eye(3)

Ion = tuple[str, int]


class Prototype(NamedTuple):
    """A crystal and the name of its prototype."""

    name: str
    crystal: Crystal


def ionic_radius(element: str, charge: Any, coordination: Any = 6) -> float:
    """Shannon's radius in A of an ion with this coordination number; where it is missing, of 6, 8, 4 or 12.

    Of several spin states the high one counts. Raises ValueError where no radius is tabulated.
    """
    if not isinstance(element, str) or element not in ELEMENTS:
        raise ValueError(f"element must be the symbol of an element, got {checks.shown(element)}")
    charge = checks.integer(charge, "charge", -9, 9)
    coordination = checks.integer(coordination, "coordination", 1, 20)
    return _radius(element, charge, coordination)


def prototype_crystal(name: str, ions: Sequence[Ion]) -> Crystal:
    """The primitive cell of a prototype filled with these ions (element, charge), in the order of its formula.

    Two ions, cation first ("antifluorite" too), or three A, B, X for "perovskite", "k2nif4" (A2BX4) and "spinel"
    (AB2X4). No rule of radii is asked. Raises ValueError.
    """
    build = _BUILDERS[checks.choice(name, "name", _BUILDERS)]
    wanted = 3 if name in _TERNARY else 2
    if not isinstance(ions, Sequence) or isinstance(ions, str) or len(ions) != wanted:
        raise ValueError(f"ions must be {wanted} pairs of element and charge for {name}, got {checks.shown(ions)}")
    for ion in ions:
        if not isinstance(ion, Sequence) or isinstance(ion, str) or len(ion) != 2:
            raise ValueError(f"ions must be pairs of element and charge, got {checks.shown(ion)}")
        ionic_radius(*ion)
    return build(*[(str(element), int(charge)) for element, charge in ions])


def generated_crystals(names: Sequence[str] | None = None) -> list[Prototype]:
    """All crystals of these prototypes (default: all ten) that the rules of radii allow, always in one order.

    Sites are grouped by element, in the order of the formula, and sorted by their fractional coordinates inside.
    Raises ValueError.
    """
    if names is not None:
        if isinstance(names, str) or not isinstance(names, Sequence) or not names:
            raise ValueError(f"names must be a list of prototypes, got {checks.shown(names)}")
        for name in names:
            checks.choice(name, "names", _BUILDERS)
    wanted = PROTOTYPES if names is None else names
    return [Prototype(name, prototype_crystal(name, ions)) for name, ions in _allowed() if name in wanted]


def ion_pairs() -> list[tuple[Ion, Ion]]:
    """All neutral pairs of one cation and one anion, in a fixed order: 133."""
    return [pair for charge in (1, 2, 3) for pair in itertools.product(_ions(charge), _ions(-charge))]


def _allowed() -> Iterator[tuple[str, tuple[Ion, ...]]]:
    """Which prototypes the radii allow for every neutral combination."""
    for a, x in ion_pairs():
        ratio = _r(a) / _r(x)
        names = ["cscl"] if ratio > 0.732 else ["rocksalt"] if ratio > 0.414 else ["zincblende", "wurtzite"]
        yield from ((name, (a, x)) for name in names)
    for cation, anion in ((2, -1), (4, -2)):
        for a, x in itertools.product(_ions(cation), _ions(anion)):
            ratio = _r(a) / _r(x)
            if ratio > 0.35:
                yield "fluorite" if ratio > 0.732 else "rutile", (a, x)
    for a, x in itertools.product(_ions(1), _ions(-2)):
        yield "antifluorite", (a, x)
    for charges in ((3, 3, -2), (2, 4, -2), (1, 2, -1), (1, 5, -2)):
        yield from (("perovskite", ions) for ions in _triples(*charges) if _octahedral(*ions))
    yield from (("k2nif4", ions) for ions in _triples(2, 4, -2) if _octahedral(*ions))
    yield from (("spinel", ions) for ions in _triples(2, 3, -2))


def _octahedral(a: Ion, b: Ion, x: Ion) -> bool:
    """Whether a 12-fold A and an octahedral B fit together: t = (r_A + r_X) / (sqrt 2 (r_B + r_X)) is near 1."""
    t = _sum(a, x, 12) / (math.sqrt(2) * _sum(b, x, 6))
    return TOLERANCE_FACTOR[0] <= t <= TOLERANCE_FACTOR[1] and _r(b) / _r(x) >= SMALLEST_OCTAHEDRON


def _rocksalt(a: Ion, x: Ion) -> Crystal:
    return _crystal(2 * _sum(a, x, 6) * _FCC, {a: [[0, 0, 0]], x: [[0.5] * 3]})


def _cscl(a: Ion, x: Ion) -> Crystal:
    return _crystal(2 / math.sqrt(3) * _sum(a, x, 8) * np.eye(3), {a: [[0, 0, 0]], x: [[0.5] * 3]})


def _zincblende(a: Ion, x: Ion) -> Crystal:
    return _crystal(4 / math.sqrt(3) * _sum(a, x, 4) * _FCC, {a: [[0, 0, 0]], x: [[0.25] * 3]})


def _wurtzite(a: Ion, x: Ion) -> Crystal:
    edge = math.sqrt(8 / 3) * _sum(a, x, 4)
    lattice = edge * np.array([[1, 0, 0], [-0.5, math.sqrt(0.75), 0], [0, 0, math.sqrt(8 / 3)]])
    sites = np.array([[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0.5]])
    return _crystal(lattice, {a: sites, x: sites + [0, 0, 3 / 8]})


def _fluorite(a: Ion, x: Ion) -> Crystal:
    return _crystal(4 / math.sqrt(3) * _sum(a, x, 8) * _FCC, {a: [[0, 0, 0]], x: [[0.25] * 3, [0.75] * 3]})


def _antifluorite(a: Ion, x: Ion) -> Crystal:
    return _crystal(4 / math.sqrt(3) * _sum(a, x, 4) * _FCC, {a: [[0.25] * 3, [0.75] * 3], x: [[0, 0, 0]]})


def _rutile(a: Ion, x: Ion) -> Crystal:
    u = 0.305
    edge = _sum(a, x, 6) / (math.sqrt(2) * u)
    anions = [[u, u, 0], [-u, -u, 0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]]
    return _crystal(edge * np.diag([1, 1, 0.65]), {a: [[0, 0, 0], [0.5] * 3], x: anions})


def _perovskite(a: Ion, b: Ion, x: Ion) -> Crystal:
    edge = (2 * _sum(b, x, 6) + math.sqrt(2) * _sum(a, x, 12)) / 2
    return _crystal(edge * np.eye(3), {a: [[0.5] * 3], b: [[0, 0, 0]], x: np.eye(3) / 2})


def _k2nif4(a: Ion, b: Ion, x: Ion) -> Crystal:
    edge, za, zx = 2 * _sum(b, x, 6), 0.354, 0.153
    axes = edge * np.diag([1, 1, 3.3])
    sites = {a: [[0, 0, za], [0, 0, -za]], b: [[0, 0, 0]], x: [[0.5, 0, 0], [0, 0.5, 0], [0, 0, zx], [0, 0, -zx]]}
    return _primitive(axes, _BCC, sites)


def _spinel(a: Ion, b: Ion, x: Ion) -> Crystal:
    tetrahedron, octahedron = _sum(a, x, 4), _sum(b, x, 6)
    edge = 8 / 3 * (tetrahedron / math.sqrt(3) + octahedron)
    w = tetrahedron / (math.sqrt(3) * edge)
    octahedral = [[5 / 8] * 3, *(3 / 8 + np.eye(3) / 4)]
    around = np.array([[-w] * 3, *(w - 2 * w * np.eye(3))])
    sites = {a: [[0, 0, 0], [0.25] * 3], b: octahedral, x: np.concatenate([around, 0.25 - around])}
    return _primitive(edge * np.eye(3), _FCC, sites)


_TERNARY: dict[str, Callable[..., Crystal]] = {"perovskite": _perovskite, "k2nif4": _k2nif4, "spinel": _spinel}
_BUILDERS: dict[str, Callable[..., Crystal]] = {
    "rocksalt": _rocksalt,
    "cscl": _cscl,
    "zincblende": _zincblende,
    "wurtzite": _wurtzite,
    "fluorite": _fluorite,
    "antifluorite": _antifluorite,
    "rutile": _rutile,
    **_TERNARY,
}
PROTOTYPES = tuple(_BUILDERS)


def _primitive(axes: Float[np.ndarray, "3 3"], centring: Float[np.ndarray, "3 3"], sites: dict[Ion, Any]) -> Crystal:
    """A crystal from coordinates in its conventional cell."""
    inverse = np.linalg.inv(centring)
    return _crystal(centring @ axes, {ion: np.asarray(places) @ inverse for ion, places in sites.items()})


def _crystal(lattice: Float[np.ndarray, "3 3"], sites: dict[Ion, Any]) -> Crystal:
    species: list[str] = []
    frac: list[list[float]] = []
    for (element, _), places in sites.items():
        # Rounded before it is folded, so that no last bit decides between 0 and 1.
        folded = np.round(np.asarray(places, dtype=float), 9) % 1.0
        species += [element] * len(folded)
        frac += sorted(folded.tolist())
    return Crystal(lattice, species, frac)


def _triples(*charges: int) -> Iterator[tuple[Ion, ...]]:
    """All (A, B, X) with these charges and A and B different elements."""
    return (ions for ions in itertools.product(*map(_ions, charges)) if ions[0][0] != ions[1][0])


def _ions(charge: int) -> list[Ion]:
    return [(element, charge) for element in IONS[charge].split()]


def _sum(cation: Ion, anion: Ion, coordination: int) -> float:
    return _radius(*cation, coordination) + _r(anion)


def _r(ion: Ion) -> float:
    return _radius(*ion, 6)


@lru_cache(maxsize=4096)
def _radius(element: str, charge: int, coordination: int) -> float:
    table = radii(element, charge)
    for number in (coordination, *NUMERALS):
        if (numeral := NUMERALS.get(number, "")) in table:
            return table[numeral]
    raise ValueError(f"charge must be one that {element} has a radius for, got {charge}")
