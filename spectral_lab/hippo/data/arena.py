"""The Long Range Arena as published: readers for its release (ListOps, Pathfinder, AAN) and for IMDB.

The release (https://storage.googleapis.com/long-range-arena/lra_release.gz, a tar of about 8 GB, no published hash)
is unpacked by hand; the readers take its folders. Texts are read character by character.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from spectral_lab import checks
from spectral_lab.archives import LARGEST, FormatError, bounded, inflate, inside, untar
from spectral_lab.datasets import Dataset, File
from spectral_lab.hippo.data.expressions import VOCABULARY, listops_tokens
from spectral_lab.hippo.data.pixels import as_sequences, split_rows
from spectral_lab.samples import Batched, Sequences

_RELEASE = "https://storage.googleapis.com/long-range-arena/lra_release.gz"
DATASETS = {
    "imdb": Dataset(
        "imdb",
        "IMDB, 50 000 film reviews with their sentiment",
        (
            File(
                "aclImdb_v1.tar.gz",
                84_125_825,
                "sha256:c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
                ("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",),
            ),
        ),
    ),
    "aan": Dataset(
        "aan",
        "AAN, pairs of papers and whether one cites the other, of the Long Range Arena",
        tuple(File(f"lra_release/lra_release/tsv_data/new_aan_pairs.{part}.tsv") for part in ("train", "eval", "test")),
        source=f"They are in {_RELEASE} (a tar of 8 GB, to be unpacked in the data folder).",
    ),
}
PAD, UNKNOWN, END = 0, 1, 2
LONGEST_LINE = 1 << 24  # characters of a line; the longest pair of papers has some hundred thousand
LARGEST_SIDE = 1024  # pixels of a picture; those of the release have up to 256
PairBatch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def lra_listops(folder: Path) -> dict[str, Sequences]:
    """ListOps from `basic_{train,val,test}.tsv` (header Source, Target), tokens ended by <eos>. Raises: FormatError."""
    code = {token: number for number, token in enumerate(VOCABULARY)}
    folder, parts = checks.path(folder, "folder"), {}
    for name in ("train", "val", "test"):
        path = folder / f"basic_{name}.tsv"
        header, *rows = list(_table(path)) or [[]]
        if header[:2] != ["Source", "Target"] or not rows:
            raise FormatError(
                f"folder must hold {path.name} with the header Source, Target and expressions, got {folder}"
            )
        texts, labels = [], []
        for line, row in enumerate(rows, 2):
            if len(row) != 2 or not row[0].strip():
                raise FormatError(f"{path}, line {line}: must have an expression and its value, got {row}")
            texts.append([code[token] for token in listops_tokens(row[0])])
            labels.append(_label(row[1], 10, path, line))
        parts[name] = _padded(texts, np.array(labels), path)
    return parts


def lra_pathfinder(folder: Path, seed: int = 42) -> dict[str, Sequences]:
    """Pathfinder from a folder such as `pathfinder32/curv_contour_length_14`: 80/10/10, pixels in [0, 1].

    `metadata/*.npy` are plain text in spite of their name, a line an image: folder, file, number, label, ... An empty
    image file (the release has one) is left out. Batches are read in the order of their numbers, and cut as the authors
    do, so that a seed gives their split. Raises: FormatError; ValueError.
    """
    folder, seed = checks.path(folder, "folder"), checks.seed(seed)
    images: list[UInt8[np.ndarray, "h w"]] = []
    labels: list[int] = []
    for table in sorted((folder / "metadata").glob("*.npy"), key=lambda path: (len(path.stem), path.stem)):
        for number, line in enumerate(_lines(table), 1):
            match line.split():
                case [where, file, _, label, *_]:
                    path = inside(folder, where, file)
                case _:
                    raise FormatError(f"{table}, line {number}: must name an image and its label, got {line[:80]!r}")
            if not path.is_file():
                raise FormatError(f"{table}, line {number}: names an image that is missing, {path}")
            if path.stat().st_size:
                images.append(read_png(path))
                labels.append(_label(label, 2, table, number))
                if images[-1].shape != images[0].shape:
                    raise FormatError(
                        f"{path}: must have the size {images[0].shape} of the others, got {images[-1].shape}"
                    )
                if len(images) * images[0].size > LARGEST:
                    raise FormatError(f"{folder} holds more than the {LARGEST:,} pixels that are read of it")
    if not images:
        raise FormatError(f"folder must hold metadata/*.npy and the images they name, got {folder}")
    x, y = as_sequences(torch.tensor(np.stack(images))[:, None]), torch.tensor(labels)
    rows = split_rows(len(y), {"train": 0.8, "val": 0.1, "test": 0.1}, seed)
    return {name: Sequences(x[part], y[part], scale=255.0) for name, part in rows.items()}


def imdb(path: Path | None = None, length: int = 4096, rare: int = 15) -> dict[str, Sequences]:
    """IMDB, character by character, cut to `length` with <eos>; "val" is the test set, as in the Arena.

    Args: path of the published archive (default: fetched); rare, characters seen less often are <unk>.
    Raises: FormatError for a file that is not the archive; DatasetUnavailable; ValueError.
    """
    length, rare = checks.integer(length, "length", 1), checks.integer(rare, "rare", 1)
    texts: dict[str, list[str]] = {"train": [], "test": []}
    labels: dict[str, list[int]] = {"train": [], "test": []}
    source = DATASETS["imdb"].fetch()[0] if path is None else checks.path(path, "path")
    try:
        for name, content in untar(source, _is_review):
            part = Path(name).parts
            texts[part[-3]].append(content.decode("utf-8", "replace"))
            labels[part[-3]].append(int(part[-2] == "pos"))
    except (FormatError, OSError) as error:
        raise FormatError(f"path must be the IMDB archive, got {source}: {error}") from None
    if not texts["train"] or not texts["test"]:
        raise FormatError(f"path must be the IMDB archive with reviews in train and test, got {source}")
    code = characters(texts["train"], rare)
    data = {name: _padded(_encoded(texts[name], code, length - 1), np.array(labels[name]), source) for name in texts}
    return {"train": data["train"], "val": data["test"], "test": data["test"]}


def _is_review(name: str) -> bool:
    """.../train/pos/0_9.txt, with test for train and neg for pos."""
    match Path(name).parts:
        case [*_, "train" | "test", "pos" | "neg", file]:
            return file.endswith(".txt")
    return False


@dataclass(frozen=True)
class Pairs(Batched):
    """Pairs of documents with a label; a batch is (first, its lengths, second, its lengths, labels)."""

    first: Sequences
    second: Sequences

    def __len__(self) -> int:
        return len(self.first)

    def __getitems__(self, rows: list[int]) -> PairBatch:
        x, n, labels = self.first.__getitems__(rows)
        y, m, _ = self.second.__getitems__(rows)
        assert n is not None and m is not None  # noqa: PT018 - documents always have lengths
        return x, n, y, m, labels


def aan(folder: Path | None = None, length: int = 4000) -> dict[str, Pairs]:
    """Document retrieval from `new_aan_pairs.{train,eval,test}.tsv`: label, two numbers, two texts; no header.

    Characters of the training texts, cut to `length` with <eos>. Args: folder, by default that of the unpacked release
    in the data folder. Raises: FormatError; DatasetUnavailable; ValueError.
    """
    paths = DATASETS["aan"].fetch(None if folder is None else checks.path(folder, "folder"))
    length = checks.integer(length, "length", 1)
    counts: Counter[str] = Counter()
    texts: dict[str, list[tuple[str, str]]] = {}
    labels: dict[str, list[int]] = {}
    for name, path in zip(("train", "val", "test"), paths, strict=True):
        texts[name], labels[name] = [], []
        for line, row in enumerate(_table(path), 1):
            if len(row) != 5:
                raise FormatError(f"{path}, line {line}: must have five columns, got {len(row)}")
            labels[name].append(_label(row[0], 2, path, line))
            texts[name].append((row[3][: length - 1], row[4][: length - 1]))  # whole papers would fill the memory
            if name == "train":
                counts.update(row[3])
                counts.update(row[4])
        if not labels[name]:
            raise FormatError(f"{path} must hold lines of five columns, got none")
    code = _numbered(counts, 1)
    parts = {}
    for name, pairs in texts.items():
        values = np.array(labels[name])
        first, second = (_padded(_encoded([p[i] for p in pairs], code, length), values, paths[0]) for i in (0, 1))
        parts[name] = Pairs(first, second)
    return parts


def characters(texts: Iterable[str], rare: int) -> dict[str, int]:
    """Numbers from 3 on for the characters seen at least `rare` times, the most frequent first."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    return _numbered(counts, rare)


def _numbered(counts: Counter[str], rare: int) -> dict[str, int]:
    known = sorted((c for c, n in counts.items() if n >= rare), key=lambda c: (-counts[c], c))
    return {character: number for number, character in enumerate(known, 3)}


def _encoded(texts: Iterable[str], code: dict[str, int], longest: int) -> list[list[int]]:
    return [[code.get(character, UNKNOWN) for character in text[:longest]] for text in texts]


def _padded(texts: Sequence[Sequence[int]], labels: Int[np.ndarray, " n"], source: Path) -> Sequences:
    """Tokens as bytes where they fit, ended by <eos>."""
    lengths = np.array([len(text) + 1 for text in texts])
    if len(texts) * int(lengths.max()) > LARGEST:
        raise FormatError(f"{source} holds {len(texts):,} texts of up to {lengths.max():,} tokens, more than are read")
    small = max((max(text, default=0) for text in texts), default=0) < 256
    x = np.zeros((len(texts), int(lengths.max())), dtype=np.uint8 if small else np.int64)
    for row, text in zip(x, texts, strict=True):
        row[: len(text)], row[len(text)] = text, END
    return Sequences(torch.tensor(x), torch.tensor(labels), torch.tensor(lengths))


def _label(text: str, classes: int, path: Path, line: int) -> int:
    """A class, written as a whole number or as a float."""
    try:
        label = float(text)
    except ValueError:
        label = -1.0
    if label not in range(classes):
        raise FormatError(f"{path}, line {line}: label must be a whole number from 0 to {classes - 1}, got {text!r}")
    return int(label)


def _table(path: Path) -> Iterator[list[str]]:
    if not path.is_file():
        raise FormatError(f"folder must hold {path.name}, got {path.parent}")
    for line in _lines(path):
        yield line.split("\t") if line else []


def _lines(path: Path) -> Iterator[str]:
    """The lines of a text file, none of them longer than is stated."""
    with path.open("rb") as file, TextIOWrapper(bounded(file, path, 1 << 40), "utf-8", "replace") as text:
        while line := text.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise FormatError(f"{path} has a line of more than the {LONGEST_LINE:,} characters that are read of it")
            yield line.rstrip("\n")


def read_png(path: Path) -> UInt8[np.ndarray, "h w"]:
    """A grey PNG of 8 bits, not interlaced, of at most LARGEST_SIDE pixels a side: IHDR and IDAT, five row filters.

    Raises: FormatError.
    """
    try:
        with checks.path(path, "path").open("rb") as file:
            content = bounded(file, path, 4 * LARGEST_SIDE**2).read()
    except OSError as error:
        raise FormatError(f"path must be a PNG file, got {path}: {error}") from None
    if content[:8] != b"\x89PNG\r\n\x1a\n":
        raise FormatError(f"path must be a PNG file, got {path}")
    header, data, at = b"", [], 8
    while at + 8 <= len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        if kind == b"IHDR":
            header = content[at + 8 : at + 8 + size]
        elif kind == b"IDAT":
            data.append(content[at + 8 : at + 8 + size])
        at += 12 + size
    if len(header) != 13:
        raise FormatError(f"path must be a whole PNG, got {path}")
    width, height, depth, colour, *_, interlace = struct.unpack(">IIBBBBB", header)
    if (depth, colour, interlace) != (8, 0, 0) or not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise FormatError(
            f"path must be a grey PNG of 8 bits, not interlaced, of at most {LARGEST_SIDE} pixels a side, got {path}"
        )
    try:
        rows = np.frombuffer(inflate(b"".join(data), height * (width + 1), path), dtype=np.uint8)
        rows = rows.reshape(height, width + 1).astype(np.int64)
    except ValueError:  # a FormatError, or too few bytes
        raise FormatError(f"path must be a whole PNG, got {path}") from None
    if rows[:, 0].max() > 4:
        raise FormatError(f"path must be a whole PNG, got {path}: there are five row filters")
    image, above = np.zeros((height, width), dtype=np.int64), np.zeros(width, dtype=np.int64)
    for y, row in enumerate(rows):
        above = image[y] = _unfiltered(int(row[0]), row[1:], above)
    return image.astype(np.uint8)


def _unfiltered(kind: int, row: Int[np.ndarray, " w"], above: Int[np.ndarray, " w"]) -> Int[np.ndarray, " w"]:
    """Undo a row filter: none, left neighbour, neighbour above, their mean, or Paeth's choice of three."""
    if kind in (0, 2):
        return (row + (above if kind == 2 else 0)) % 256
    if kind == 1:
        return np.cumsum(row) % 256
    result, left, corner = np.zeros_like(row), 0, 0
    for x, (value, up) in enumerate(zip(row.tolist(), above.tolist(), strict=True)):
        if kind == 3:
            guess = (left + up) // 2
        else:
            guess = min((left, up, corner), key=lambda c, p=left + up - corner: abs(p - c))
        result[x] = left = (value + guess) % 256
        corner = up
    return result
