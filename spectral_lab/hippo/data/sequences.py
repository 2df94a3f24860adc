"""Labelled sequences kept as bytes, and MNIST pixel by pixel. Digits and CIFAR-10 are read by chapter 03."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from spectral_lab import checks
from spectral_lab.datasets import Dataset
from spectral_lab.pseudospectra.data import Batch, Sequences

_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_MNIST_FILES = {
    "train-images": ("train-images-idx3-ubyte.gz", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    "train-labels": ("train-labels-idx1-ubyte.gz", 28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
    "test-images": ("t10k-images-idx3-ubyte.gz", 1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
    "test-labels": ("t10k-labels-idx1-ubyte.gz", 4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
}
DATASETS = {
    **{
        f"mnist-{part}": Dataset(
            name=f"mnist-{part}",
            description=f"MNIST, handwritten digits: {part.replace('-', ' ')}",
            size=size,
            urls=(_MNIST + file,),
            hash=f"md5:{digest}",
            file=file,
        )
        for part, (file, size, digest) in _MNIST_FILES.items()
    },
}


@dataclass(frozen=True)
class ByteSequences(Sequences):
    """`Sequences` of small whole numbers, kept as bytes and widened when a batch is made.

    Pixels are divided by `scale`; tokens (scale None) become integers, cut to the longest sequence of the batch.
    """

    scale: float | None = None

    def __getitems__(self, rows: list[int]) -> Batch:
        x, lengths, labels = super().__getitems__(rows)
        if self.scale is not None:
            return x.float() / self.scale, lengths, labels
        return (x if lengths is None else x[:, : int(lengths.max())]).long(), lengths, labels


def mnist(permuted: bool = False, folder: Path | None = None, seed: int = 42) -> dict[str, Sequences]:
    """MNIST as sequences of 784 pixels in [0, 1], (784, 1); a tenth of the training set is "val".

    Args: permuted, in bit-reversed order (the authors' "permuted" MNIST, not the usual random permutation); folder of
    the four published files (default: fetched); seed of the split.
    Raises: ValueError for a file that is not IDX.
    """
    paths = {
        part: DATASETS[f"mnist-{part}"].fetch() if folder is None else Path(folder) / _MNIST_FILES[part][0]
        for part in _MNIST_FILES
    }
    data = {part: read_idx(path) for part, path in paths.items()}
    order = bit_reversal(784) if permuted else np.arange(784)
    x = {name: torch.tensor(data[f"{name}-images"].reshape(-1, 784)[:, order, None]) for name in ("train", "test")}
    y = {name: torch.tensor(data[f"{name}-labels"].astype(np.int64)) for name in ("train", "test")}
    shuffled = torch.randperm(len(y["train"]), generator=torch.Generator().manual_seed(seed))
    kept = len(shuffled) - len(shuffled) // 10
    parts = {"train": shuffled[:kept], "val": shuffled[kept:]}
    chosen = {name: (x["train"][rows], y["train"][rows]) for name, rows in parts.items()}
    chosen["test"] = (x["test"], y["test"])
    return {name: ByteSequences(*pair, scale=255.0) for name, pair in chosen.items()}


def read_idx(path: Path) -> UInt8[np.ndarray, "*shape"]:
    """A gzipped IDX file of bytes: magic 0, 0, 8, dimensions; the big-endian sizes; the bytes. Raises: ValueError."""
    try:
        content = gzip.decompress(Path(path).read_bytes())
    except (OSError, EOFError) as error:
        raise ValueError(f"path must be a gzipped IDX file, got {path}: {error}") from None
    dimensions = content[3] if len(content) > 4 and content[:3] == b"\x00\x00\x08" else 0
    shape = tuple(int(size) for size in np.frombuffer(content[4 : 4 + 4 * dimensions], dtype=">u4"))
    values = np.frombuffer(content[4 + 4 * dimensions :], dtype=np.uint8)
    if not dimensions or len(shape) != dimensions or values.size != int(np.prod(shape)):
        raise ValueError(f"path must be a whole IDX file of bytes, got {path}")
    return values.reshape(shape)


def bit_reversal(length: int) -> Int[np.ndarray, " length"]:
    """0..length-1 in the order of their reversed bits (those of the next power of two). Raises: ValueError."""
    length = checks.integer(length, "length", 1)
    bits = max(1, (length - 1).bit_length())
    index = np.arange(1 << bits)
    reverse = np.zeros_like(index)
    for k in range(bits):
        reverse |= ((index >> k) & 1) << (bits - 1 - k)
    return reverse[reverse < length]


def pixels(images: UInt8[np.ndarray, "n h w"]) -> UInt8[Tensor, "n length 1"]:
    """Grey images read row by row, a pixel a sample."""
    return torch.as_tensor(images).flatten(1)[..., None]


def split_rows(count: int, parts: dict[str, float], seed: int) -> dict[str, np.ndarray]:
    """A seeded permutation of the rows, cut into shares that add up to 1 (the last takes the rest)."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).numpy()
    cuts = np.cumsum([int(share * count) for share in parts.values()])[:-1]
    return dict(zip(parts, np.split(order, cuts), strict=True))


def as_float(x: Float[np.ndarray, "*shape"]) -> Float[Tensor, "*shape"]:
    """Single precision."""
    return torch.tensor(x, dtype=torch.float32)
