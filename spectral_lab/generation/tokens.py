"""Crystals and molecules as one sentence of symbols and numbers, and back.

A slot of the sentence is a symbol, or a 3-vector (mask 1; its token is the placeholder `<mask>`). Where numbers stand
is not predicted: it follows from the symbols, three lattice rows and one position for each atom.

    crystal       <bos> e_1 .. e_n <coord> L_1 L_2 L_3 f_1 .. f_n <eos>
    molecule      <bos> SMILES <coord> x_1 .. x_n <eos>                 (one x for each heavy atom, in order)
    conditional   <bos> (<p> [v, v, v])* <w> SMILES <coord> x_1 .. x_n <eos>

The unified dictionary puts `<material>` or `<molecule>` after `<bos>`. Source: the released readers of data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from spectral_lab import checks
from spectral_lab.generation.vocabulary import ELEMENTS, Vocabulary

LAYOUTS = {"material": "mat", "uni_mat": "uni"}
MOLECULE_VOCABULARIES = ("uni", "qm9", "drugs")
PROPERTIES = {"a": "alpha", "g": "gap", "h": "homo", "l": "lumo", "m": "mu", "c": "cv"}
LARGEST_FORMULA = 10_000  # atoms
EDGE, DIGITS = 1e-4, 6  # of fractional coordinates: nearer to 0 or 1 than this they are 0, then rounded


@dataclass(frozen=True, eq=False)
class TokenSequence:
    """A sentence: `tokens` (length T), `coordinates_mask` (T, 1 = numbers), `coordinates` (n, 3), a row for each 1."""

    tokens: Int[np.ndarray, " T"]
    coordinates_mask: Int[np.ndarray, " T"]
    coordinates: Float[np.ndarray, "n 3"]

    def __len__(self) -> int:
        return len(self.tokens)


def tokenize_crystal(record: Mapping[str, Any], layout: str = "material", scale: Any = 1.0) -> TokenSequence:
    """A crystal as a sentence. record: `lattice` (3, 3), rows in A, and `sites` of `element`, `fractional_coordinates`.

    layout "material": fractional coordinates are folded into [0, 1), sites grouped by element in order of first
    appearance and sorted by (x, y, z) inside; "uni_mat" takes them as they are, as the released reader does. `scale`
    multiplies the fractional coordinates, not the lattice. Raises ValueError on what is missing, not finite or unknown.
    """
    vocabulary = Vocabulary(LAYOUTS[checks.choice(layout, "layout", LAYOUTS)])
    scale = checks.number(scale, "scale", 1e-6, 1e6)
    lattice, elements, positions = _crystal_parts(record)
    if layout == "material":
        positions = normalize_fractional(positions)
        places = [elements.index(element) for element in elements]
        order = sorted(range(len(elements)), key=lambda i: (places[i], *positions[i]))
        elements, positions = [elements[i] for i in order], positions[order]
    words = ["<material>", *(f"<m>{element}" for element in elements)] if layout == "uni_mat" else elements
    return _sentence(vocabulary, vocabulary.encode(words), np.concatenate([lattice, scale * positions]))


def detokenize_crystal(sequence: TokenSequence, layout: str = "material", scale: Any = 1.0) -> dict[str, Any]:
    """The record (formula, lattice, sites) of a crystal's sentence; coordinates are divided by `scale`.

    Raises ValueError where symbols and numbers do not fit together.
    """
    vocabulary = Vocabulary(LAYOUTS[checks.choice(layout, "layout", LAYOUTS)])
    scale = checks.number(scale, "scale", 1e-6, 1e6)
    words, numbers = _words(sequence, vocabulary, "<material>" if layout == "uni_mat" else None)
    elements = [word.removeprefix("<m>") for word in words]
    unknown = [element for element in elements if element not in ELEMENTS]
    if unknown or not elements or len(numbers) != 3 + len(elements):
        raise ValueError(
            f"sequence must hold n elements and n + 3 rows, got {checks.shown(words)} and {len(numbers)} rows"
        )
    sites = [
        {"element": element, "fractional_coordinates": row.tolist()}
        for element, row in zip(elements, numbers[3:] / scale, strict=True)
    ]
    return {"formula": _formula(elements), "lattice": numbers[:3].tolist(), "sites": sites}


def tokenize_molecule(record: Mapping[str, Any], vocabulary: str = "uni") -> TokenSequence:
    """A molecule as a sentence. record: `smi`, Kekule SMILES; `num` heavy atoms; `pos` (num, 3) in A, in SMILES order.

    Raises ValueError on aromatic (lower-case) SMILES, on a symbol that the dictionary lacks, and where the number of
    heavy atoms in `smi`, `num` and `pos` differ.
    """
    words = Vocabulary(checks.choice(vocabulary, "vocabulary", MOLECULE_VOCABULARIES))
    symbols, positions = _molecule_parts(record, words)
    return _sentence(words, words.encode([*(["<molecule>"] if words.name == "uni" else []), *symbols]), positions)


def detokenize_molecule(sequence: TokenSequence, vocabulary: str = "uni") -> dict[str, Any]:
    """The record (smi, num, pos) of a molecule's sentence. Raises ValueError where it is none."""
    words = Vocabulary(checks.choice(vocabulary, "vocabulary", MOLECULE_VOCABULARIES))
    symbols, numbers = _words(sequence, words, "<molecule>" if words.name == "uni" else None)
    return _molecule_record(symbols, numbers)


def tokenize_conditional(record: Mapping[str, Any], properties: Mapping[str, Any]) -> TokenSequence:
    """A molecule behind its wanted properties, such as {"alpha": 1.25}: each value stands three times in a slot.

    Properties: alpha, gap, homo, lumo, mu, cv, in the order given; the token is the first letter. Raises ValueError as
    `tokenize_molecule`, and on other properties.
    """
    vocabulary = Vocabulary("cond_mol")
    symbols, positions = _molecule_parts(record, vocabulary)
    tokens, rows = [vocabulary.bos], []
    if not isinstance(properties, Mapping):
        raise ValueError(f"properties must map names to numbers, got {checks.shown(properties)}")
    for name, value in properties.items():
        if not isinstance(name, str) or name.lower() not in PROPERTIES.values():
            raise ValueError(f"properties must be among {', '.join(PROPERTIES.values())}, got {checks.shown(name)}")
        tokens += [*vocabulary.encode([f"<{name[0].lower()}>"]), vocabulary.mask]
        rows.append([checks.number(value, "properties", -1e30, 1e30)] * 3)
    tokens += [*vocabulary.encode(["<w>", *symbols]), vocabulary.coord, *[vocabulary.mask] * len(positions)]
    ids = np.array([*tokens, vocabulary.eos])
    return TokenSequence(ids, (ids == vocabulary.mask).astype(int), np.array([*rows, *positions.tolist()]))


def detokenize_conditional(sequence: TokenSequence) -> tuple[dict[str, Any], dict[str, float]]:
    """The record of the molecule and its properties. Raises ValueError where the sentence is not conditional."""
    vocabulary = Vocabulary("cond_mol")
    numbers = _numbers(sequence)
    tokens = vocabulary.decode(sequence.tokens)
    if "<w>" not in tokens:
        raise ValueError("sequence must hold the token <w> between properties and molecule")
    cut = tokens.index("<w>")
    letters = [token.strip("<>") for token in tokens[1:cut:2]]
    if tokens[2:cut:2] != ["<mask>"] * len(letters) or not set(letters) <= set(PROPERTIES):
        raise ValueError(f"sequence must hold pairs of a property and a number before <w>, got {tokens[:cut]}")
    properties = {PROPERTIES[letter]: float(row[0]) for letter, row in zip(letters, numbers, strict=False)}
    rest = TokenSequence(
        np.concatenate([[vocabulary.bos], sequence.tokens[cut + 1 :]]),
        np.concatenate([[0], sequence.coordinates_mask[cut + 1 :]]),
        numbers[len(letters) :],
    )
    return _molecule_record(*_words(rest, vocabulary, None)), properties


def normalize_fractional(positions: Any) -> Float[np.ndarray, "*shape"]:
    """Fractional coordinates folded into [0, 1): within 1e-4 of 0 or 1 they become 0; rounded to six digits.

    Raises ValueError unless they are finite numbers.
    """
    x = checks.real_array(positions, "positions")
    x = x - np.trunc(x)
    x = np.where(x < 0, x + 1, x)
    x = np.where((x < EDGE) | (1 - x < EDGE), 0.0, x)  # so 0.9999 becomes 0, as in the released reader
    return np.round(x, DIGITS)


def flatten_formula(formula: str) -> list[str]:
    """The atoms of a formula, one after the other: "Al2(SO4)3" has 17. A bracket's atoms stay grouped by element.

    Raises ValueError where the formula cannot be read, or has more than 10 000 atoms.
    """
    if not isinstance(formula, str) or not re.fullmatch(
        r"(?:[A-Z][a-z]?\d{0,6}|\((?:[A-Z][a-z]?\d{0,6})+\)\d{0,6})+", formula
    ):
        raise ValueError(f"formula must be made of elements, counts and brackets, got {checks.shown(formula)}")
    atoms: list[str] = []
    for inside, times, element, count in re.findall(r"\(([^)]*)\)(\d*)|([A-Z][a-z]?)(\d*)", formula):
        parts = re.findall(r"([A-Z][a-z]?)(\d*)", inside) if inside else [(element, count)]
        for symbol, number in parts:
            if symbol not in ELEMENTS:
                raise ValueError(f"formula must be made of the 118 elements, got {symbol!r} in {checks.shown(formula)}")
            many = int(number or 1) * int(times or 1)
            if len(atoms) + many > LARGEST_FORMULA:
                raise ValueError(f"formula must have at most {LARGEST_FORMULA:,} atoms, got {checks.shown(formula)}")
            atoms += [symbol] * many
    return atoms


def smiles_symbols(smiles: str, vocabulary: Vocabulary) -> list[str]:
    """A Kekule SMILES cut into tokens: a character each, a lower-case letter joined to the one before it (Cl, Br).

    Raises ValueError on aromatic (lower-case) atoms and on symbols that the dictionary lacks.
    """
    if not isinstance(smiles, str) or not smiles:
        raise ValueError(f"smi must be a SMILES string, got {checks.shown(smiles)}")
    symbols = re.findall(r"[^a-z][a-z]?|[a-z]", smiles, re.DOTALL)
    prefix = "<s>" if vocabulary.name == "uni" else ""
    for before, symbol in zip(["", *symbols], symbols, strict=False):
        if prefix + symbol not in vocabulary or symbol.startswith("<"):
            # [Co] is cobalt; without the bracket it would be a carbon and an aromatic oxygen.
            element = symbol in ELEMENTS and (before == "[" or symbol[-1] not in "bcnops")
            if symbol[-1].islower() and not element:
                raise ValueError(
                    f"smi must be a Kekule SMILES, with no aromatic lower-case atoms, got {symbol!r} in "
                    f"{checks.shown(smiles)}"
                )
            raise ValueError(
                f"smi must be made of the symbols of {vocabulary!r}, got {symbol!r} in {checks.shown(smiles)}"
            )
    return [prefix + symbol for symbol in symbols]


def heavy_atoms(symbols: Sequence[str]) -> list[str]:
    """The heavy atoms among the tokens of a SMILES, in order (hydrogen has no position of its own)."""
    names = [symbol.removeprefix("<s>") for symbol in symbols]
    return [name for name in names if name in ELEMENTS and name != "H"]


def _crystal_parts(record: Mapping[str, Any]) -> tuple[np.ndarray, list[str], np.ndarray]:
    if not isinstance(record, Mapping) or not {"lattice", "sites"} <= record.keys():
        raise ValueError(f"record must have a lattice and sites, got {checks.shown(record)}")
    lattice = checks.real_array(record["lattice"], "lattice", (3, 3))
    sites = record["sites"]
    if not isinstance(sites, Sequence) or not 0 < len(sites) <= LARGEST_FORMULA:
        raise ValueError(f"sites must be a list of 1 to {LARGEST_FORMULA:,} sites, got {checks.shown(sites)}")
    for site in sites:
        if not isinstance(site, Mapping) or not {"element", "fractional_coordinates"} <= site.keys():
            raise ValueError(f"sites must have an element and fractional_coordinates, got {checks.shown(site)}")
        checks.choice(site["element"], "element", ELEMENTS)
    positions = checks.real_array(
        [site["fractional_coordinates"] for site in sites], "fractional_coordinates", (len(sites), 3)
    )
    return lattice, [site["element"] for site in sites], positions


def _molecule_parts(record: Mapping[str, Any], vocabulary: Vocabulary) -> tuple[list[str], np.ndarray]:
    if not isinstance(record, Mapping) or not {"smi", "num", "pos"} <= record.keys():
        raise ValueError(f"record must have smi, num and pos, got {checks.shown(record)}")
    symbols = smiles_symbols(record["smi"], vocabulary)
    number = checks.integer(record["num"], "num", 1, LARGEST_FORMULA)
    atoms = len(heavy_atoms(symbols))
    if atoms != number:
        raise ValueError(f"num must be the {atoms} heavy atoms of smi = {checks.shown(record['smi'])}, got {number}")
    return symbols, checks.real_array(record["pos"], "pos", (number, 3))


def _molecule_record(symbols: list[str], numbers: np.ndarray) -> dict[str, Any]:
    atoms = len(heavy_atoms(symbols))
    if atoms == 0 or atoms != len(numbers):
        raise ValueError(f"sequence must hold one row of numbers for each of {atoms} heavy atoms, got {len(numbers)}")
    return {"smi": "".join(s.removeprefix("<s>") for s in symbols), "num": atoms, "pos": numbers.tolist()}


def _sentence(vocabulary: Vocabulary, words: list[int], numbers: np.ndarray) -> TokenSequence:
    ids = [vocabulary.bos, *words, vocabulary.coord, *[vocabulary.mask] * len(numbers), vocabulary.eos]
    tokens = np.array(ids)
    return TokenSequence(tokens, (tokens == vocabulary.mask).astype(int), numbers)


def _words(sequence: TokenSequence, vocabulary: Vocabulary, opening: str | None) -> tuple[list[str], np.ndarray]:
    """The symbols between the opening and `<coord>`, and the numbers behind it."""
    numbers = _numbers(sequence)
    tokens = vocabulary.decode(sequence.tokens)
    head = ["<bos>", opening] if opening else ["<bos>"]
    cut = tokens.index("<coord>") if "<coord>" in tokens else 0
    if tokens[: len(head)] != head or tokens[cut + 1 : cut + 1 + len(numbers)] != ["<mask>"] * len(numbers):
        raise ValueError(
            f"sequence must read {' '.join(head)} symbols <coord> numbers <eos>, got {checks.shown(tokens)}"
        )
    if tokens[cut + 1 + len(numbers) :] not in ([], ["<eos>"]):
        raise ValueError("sequence must end after its numbers, or with <eos>")
    return tokens[len(head) : cut], numbers


def _numbers(sequence: TokenSequence) -> np.ndarray:
    if not isinstance(sequence, TokenSequence):
        raise ValueError(f"sequence must be a TokenSequence, got {checks.shown(sequence)}")
    rows = int(np.sum(sequence.coordinates_mask))
    return checks.real_array(sequence.coordinates, "coordinates", (rows, 3))


def _formula(elements: list[str]) -> str:
    counts = {element: elements.count(element) for element in dict.fromkeys(elements)}
    return "".join(element + (str(count) if count > 1 else "") for element, count in counts.items())
