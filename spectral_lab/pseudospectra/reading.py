"""A learner's own matrix, from pasted text or a file: text, NumPy's .npy or Matrix Market's .mtx.

Sizes are looked at before anything is read in full, nothing is evaluated or unpickled, and every complaint says where.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Inexact

from spectral_lab import checks

LARGEST = 500  # rows and columns
BYTES = 16_000_000  # of a file or a text: a complex matrix of the largest size, with 64 characters an entry
SUFFIXES = (".npy", ".mtx", ".txt", ".csv")


def read_matrix(source: Any, largest: int = LARGEST) -> Inexact[np.ndarray, "rows columns"]:
    """A matrix from text or from a file .npy, .mtx (Matrix Market), .txt or .csv; real unless an entry is complex.

    Text has a row on each line (or between semicolons, or in brackets of its own), its numbers apart by blanks or
    commas: "1 2; 3 4", "[[1, 2], [3, 4]]" and what NumPy and MATLAB print. Imaginary parts end in i or j: 1.5-2e-3i.
    What follows # or % on a line is left out.

    Args: source, the text, or a path: of type `pathlib.Path`, or text on one line with one of those endings; largest,
    the most rows and columns, up to 500. Raises: ValueError.
    """
    largest = checks.integer(largest, "largest", 1, LARGEST)
    if isinstance(source, os.PathLike) or (isinstance(source, str) and _names_a_file(source)):
        matrix = _from_file(Path(source), largest)
    elif isinstance(source, str):
        if len(source) > BYTES:
            raise ValueError(f"source must be a text of at most {BYTES // 10**6} MB, got {len(source) / 1e6:.0f} MB")
        matrix = _from_text(source, largest)
    else:
        raise ValueError(f"source must be text or a path, got {checks.shown(source)}")
    return checks.array(matrix, "source")


def _names_a_file(text: str) -> bool:
    return "\n" not in text and text.strip().lower().endswith(SUFFIXES)


def _from_file(path: Path, largest: int) -> np.ndarray:
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise ValueError(f"source must be a file that ends in {', '.join(SUFFIXES)}, got {checks.shown(path.name)}")
    try:
        if not path.is_file():
            raise ValueError(f"source must be a file that exists, got {checks.shown(str(path))}")
        if path.stat().st_size > BYTES:
            raise ValueError(f"source must be a file of at most {BYTES // 10**6} MB, got {path.stat().st_size:,} bytes")
        if kind == ".npy":
            return _from_npy(path, largest)
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"source must be a readable file, got {checks.shown(path.name)}: {error}") from None
    return _from_matrix_market(text, largest) if kind == ".mtx" else _from_text(text, largest)


def _from_npy(path: Path, largest: int) -> np.ndarray:
    """The header first: it says how much memory the rest would ask for, and whether it is a pickle."""
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = header(file)
            _check_shape(shape, largest)
            if dtype.hasobject or dtype.kind not in "biufc":
                raise ValueError(f"its entries are of type {dtype}, not numbers")
            if path.stat().st_size - file.tell() < math.prod(shape) * dtype.itemsize:
                raise ValueError("it ends before its last entry")
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError, SyntaxError, TypeError, MemoryError) as error:
        if str(error).startswith("source must"):
            raise
        reason = (str(error) or type(error).__name__).split("\n")[0]
        raise ValueError(f"source must be an .npy file of numbers, got {checks.shown(path.name)}: {reason}") from None


def _from_matrix_market(text: str, largest: int) -> np.ndarray:
    """The exchange format of Boisvert, Pozo and Remington 1996: an array by columns, or coordinates and values."""
    first, *rest = text.split("\n") if text else [""]
    words = first.lower().split()
    lines = [(number, line.split()) for number, line in enumerate(rest, 2) if line.strip() and line.lstrip()[0] != "%"]
    if len(words) != 5 or words[:2] != ["%%matrixmarket", "matrix"] or not lines:
        raise ValueError("source must start with '%%MatrixMarket matrix', a format, a field and a symmetry")
    layout = checks.choice(words[2], "source: its format", ("array", "coordinate"))
    field = checks.choice(words[3], "source: its field", ("real", "integer", "complex", "pattern"))
    symmetry = checks.choice(words[4], "source: its symmetry", ("general", "symmetric", "skew-symmetric", "hermitian"))
    sizes = [_whole(word, lines[0][0]) for word in lines[0][1]]
    if len(sizes) != (2 if layout == "array" else 3) or (layout, field) == ("array", "pattern"):
        raise ValueError(f"source must say its sizes in line {lines[0][0]}, got {checks.shown(' '.join(lines[0][1]))}")
    rows, columns = _check_shape(tuple(sizes[:2]), largest)
    if symmetry != "general" and rows != columns:
        raise ValueError(f"source must be square if it is {symmetry}, got {rows} x {columns}")
    matrix = np.zeros((rows, columns), dtype=complex if field == "complex" else float)
    lowest = {"general": -columns, "skew-symmetric": 1}.get(symmetry, 0)  # what is stored of a symmetric matrix
    places = [(i, j) for j in range(columns) for i in range(rows) if i - j >= lowest] if layout == "array" else None
    promised = sizes[2] if places is None else len(places)
    if len(lines) - 1 != promised:
        raise ValueError(f"source must hold the {promised} entries that it promises, got {len(lines) - 1}")
    for k, (number, words) in enumerate(lines[1:]):
        i, j = places[k] if places is not None else _place(words, number, matrix.shape)
        value = _entry(words if places is not None else words[2:], field, number)
        matrix[i, j] += value  # entries given twice are added up
        if symmetry != "general" and i != j:
            matrix[j, i] += {"symmetric": value, "skew-symmetric": -value, "hermitian": np.conj(value)}[symmetry]
    return matrix


def _place(words: list[str], line: int, shape: tuple[int, int]) -> tuple[int, int]:
    i, j = (_whole(word, line) for word in (words + ["", ""])[:2])
    if not (1 <= i <= shape[0] and 1 <= j <= shape[1]):
        raise ValueError(f"source must have row and column within {shape[0]} x {shape[1]} in line {line}, got {i}, {j}")
    return i - 1, j - 1


def _entry(words: list[str], field: str, line: int) -> complex:
    parts = [_number(word, f"line {line}") for word in words]
    if len(parts) != {"pattern": 0, "complex": 2}.get(field, 1) or any(part.imag for part in parts):
        raise ValueError(f"source must hold one {field} entry in line {line}, got {checks.shown(' '.join(words))}")
    value = complex(parts[0].real, parts[1].real) if field == "complex" else parts[0].real if parts else 1.0
    return value


def _from_text(text: str, largest: int) -> np.ndarray:
    lines = [re.split("[#%]", line)[0] for line in text.replace("\N{MINUS SIGN}", "-").splitlines()]
    plain = "\n".join(lines)
    # A row ends with ] or ; and, unless it has brackets of its own and may be broken (NumPy does so), with its line.
    ends = r"[\];]" if re.search(r"\[\s*\[", plain) else r"[\];\n]"
    # Round brackets stand around complex numbers in Python, and around arrays that NumPy shows.
    rows = re.split(ends, re.sub(r"[\[()]|\barray\b|\bmatrix\b", " ", plain))
    table: list[list[str]] = []
    for words in (row.replace(",", " ").split(None, largest) for row in rows):
        if not words:
            continue
        table.append(words)
        _check_shape((len(table), len(words)), largest)
        if len(words) != len(table[0]):
            raise ValueError(
                f"source must have rows of one length: row 1 has {len(table[0])} numbers, row {len(table)} has "
                f"{len(words)}"
            )
    if not table:
        raise ValueError("source must hold numbers, got an empty text")
    values = [[_number(word, f"row {i}, column {j}") for j, word in enumerate(r, 1)] for i, r in enumerate(table, 1)]
    matrix = np.array(values)
    return matrix if matrix.imag.any() else matrix.real


def _number(word: str, where: str) -> complex:
    try:
        return complex(re.sub("[iI]$", "j", word))
    except ValueError:
        raise ValueError(f"source must hold numbers, but in {where} stands {checks.shown(word)}") from None


def _whole(word: str, line: int) -> int:
    if not re.fullmatch(r"\d{1,12}", word, re.ASCII):
        raise ValueError(f"source must hold whole numbers at the start of line {line}, got {checks.shown(word)}")
    return int(word)


def _check_shape(shape: tuple[int, ...], largest: int) -> tuple[int, ...]:
    if len(shape) != 2 or not all(1 <= size <= largest for size in shape):
        raise ValueError(f"source must be a matrix of 1 to {largest} rows and columns, got shape {shape}")
    return shape
