"""The dictionaries of the released models: which integer is which symbol.

Ids 0..3 are `<pad> <bos> <eos> <unk>`, then the lines of the dictionary in order, then `<mask> <coord> <sg>`. The
dictionaries "mat" and "cond_mat" of the authors have the same size and other tokens: an id says nothing without its
dictionary.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spectral_lab import checks

_WORDS = {
    "elements": """
        H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr
        Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W
        Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt
        Ds Rg Cn Nh Fl Mc Lv Ts Og""",
    "smiles": """
        H C N O S P F Cl Br I Na K Ca Mg Zn Fe Li Cu Ti B Si 1 2 3 4 5 6 7 8 9 0 % = # / \\ ( ) [ ] + - . @""",
    "qm9": "H C N O F 1 2 3 4 5 6 ( ) [ ] = # - + .",
    "drugs": "C H O N S Cl F Br I P B = ( ) [ ] % + - # . 1 2 3 4 5 6 7 8 9 0",
    "residues": "A R N D C Q E G H I L K M F P S T W Y V X",
    "properties": "<w> <a> <g> <h> <l> <m> <c>",
}
ELEMENTS = tuple(_WORDS["elements"].split())

_LINES = {
    "uni": [
        *("<molecule>", "<material>", "<protein>"),
        *(f"<s>{symbol}" for symbol in _WORDS["smiles"].split()),
        *(f"<m>{element}" for element in ELEMENTS),
        *(f"<p>{residue}" for residue in _WORDS["residues"].split()),
    ],
    "mat": [*ELEMENTS, *(f"<sgn>{number}" for number in range(1, 231))],
    "qm9": _WORDS["qm9"].split(),
    "drugs": _WORDS["drugs"].split(),
    "cond_mol": [*_WORDS["qm9"].split(), *_WORDS["properties"].split()],
}


class Vocabulary:
    """One dictionary, by name ("uni", "mat", "qm9", "drugs", "cond_mol"): symbols to ids and back.

    `len(vocabulary)` is its size; `pad`, `bos`, `eos`, `unk`, `mask`, `coord` and `sg` are the ids of the special
    tokens; `tokens[i]` is the symbol of id i. Raises ValueError on another name.
    """

    def __init__(self, name: str) -> None:
        self.name = checks.choice(name, "name", tuple(_LINES))
        self.tokens = ("<pad>", "<bos>", "<eos>", "<unk>", *_LINES[self.name], "<mask>", "<coord>", "<sg>")
        self._ids = {token: index for index, token in enumerate(self.tokens)}
        self.pad, self.bos, self.eos, self.unk = range(4)
        self.mask, self.coord, self.sg = range(len(self) - 3, len(self))

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __repr__(self) -> str:
        return f"Vocabulary({self.name!r})"

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The ids of these symbols. Raises ValueError on a symbol that the dictionary lacks."""
        ids = []
        for token in tokens:
            if token not in self._ids:
                raise ValueError(f"tokens must be symbols of the dictionary {self.name!r}, got {checks.shown(token)}")
            ids.append(self._ids[token])
        return ids

    def decode(self, ids: Iterable[Any]) -> list[str]:
        """The symbols of these ids. Raises ValueError on an id outside the dictionary."""
        return [self.tokens[checks.integer(index, "ids", 0, len(self) - 1)] for index in ids]
