"""Pictures read row by row, a pixel a sample: digits, CIFAR-10 and MNIST as the authors split and scale them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor

from spectral_lab import checks, pictures
from spectral_lab.samples import Labelled, Sequences

SHARES = {"train": 0.9, "val": 0.1}  # of the published training sets


def digits(size: int = 8, copies: int = 1, train_size: int = 1400, seed: int = 42) -> dict[str, Sequences]:
    """The digits of `pictures.digits` as sequences (size^2, 1): an offline stand-in for sequential CIFAR.

    Size 32 makes them as long as those of CIFAR, 1024. Raises: ValueError; ImportError where scikit-learn is missing.
    """
    parts = pictures.digits(size, copies, train_size, seed)
    return {name: Sequences(as_sequences(part.x), part.labels) for name, part in parts.items()}


def cifar10(colour: bool = False, path: str | Path | None = None, seed: int = 42) -> dict[str, Sequences]:
    """CIFAR-10 read row by row: sequences (1024, 3) or grey (1024, 1); 5000 of the training images are "val".

    The split is the authors': torch's permutation of the seed, its last tenth is "val". Greys (ITU-R 601 luma) are
    shifted and scaled by 122.6 and 61, colours channel by channel with the numbers of the authors' demonstration (the
    loader of their large runs divides by 0.247, 0.243 and 0.261 instead).

    Args: path, the archive of the binary version; fetched if None. Raises: FormatError; DatasetUnavailable.
    """
    colour, seed = checks.flag(colour, "colour"), checks.seed(seed)
    prepare = _colours if colour else _greys
    parts = _with_val(pictures.cifar(10, path), seed)
    return {name: Sequences(as_sequences(prepare(part.x)), part.labels) for name, part in parts.items()}


def mnist(permuted: bool = False, folder: str | Path | None = None, seed: int = 42) -> dict[str, Sequences]:
    """MNIST as sequences of 784 pixels in [0, 1], (784, 1); a tenth of the training set is "val".

    Args: permuted, in bit-reversed order (the authors' "permuted" MNIST, not the usual random permutation); folder of
    the four published files (default: fetched); seed of the split.
    Raises: FormatError for a file that is not IDX; DatasetUnavailable; ValueError.
    """
    order = bit_reversal(784) if checks.flag(permuted, "permuted") else np.arange(784)
    parts = _with_val(pictures.mnist(folder), checks.seed(seed))
    return {
        name: Sequences(as_sequences(part.x)[:, order], part.labels, scale=part.scale) for name, part in parts.items()
    }


def as_sequences(images: Shaped[Tensor, "b c h w"]) -> Shaped[Tensor, "b length c"]:
    """Images read row by row, a pixel a sample."""
    return images.flatten(2).transpose(1, 2).contiguous()


def split_rows(count: int, parts: dict[str, float], seed: int) -> dict[str, Int[Tensor, " rows"]]:
    """A seeded permutation of the rows, cut into shares that add up to 1 (the last takes the rest)."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    cuts = np.cumsum([int(share * count) for share in parts.values()])[:-1]
    return dict(zip(parts, order.tensor_split(cuts.tolist()), strict=True))


def bit_reversal(length: int) -> Int[np.ndarray, " length"]:
    """0..length-1 in the order of their reversed bits (those of the next power of two). Raises: ValueError."""
    length = checks.integer(length, "length", 1, 1 << 26)
    bits = max(1, (length - 1).bit_length())
    index = np.arange(1 << bits)
    reverse = np.zeros_like(index)
    for k in range(bits):
        reverse |= ((index >> k) & 1) << (bits - 1 - k)
    return reverse[reverse < length]


def _with_val(parts: dict[str, Labelled], seed: int) -> dict[str, Labelled]:
    """A tenth of the training set taken out, as "val"."""
    train = parts["train"]
    rows = split_rows(len(train), SHARES, seed)
    split = {name: Labelled(train.x[part], train.labels[part], train.scale) for name, part in rows.items()}
    return split | {"test": parts["test"]}


def _colours(images: UInt8[Tensor, "b 3 32 32"]) -> Float[Tensor, "b 3 32 32"]:
    mean, deviation = torch.tensor([[0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]]).view(2, 3, 1, 1)
    return (images / 255 - mean) / deviation


def _greys(images: UInt8[Tensor, "b 3 32 32"]) -> Float[Tensor, "b 1 32 32"]:
    # in whole numbers, as image libraries round it
    luma = (images.int() * torch.tensor([19595, 38470, 7471]).view(3, 1, 1)).sum(1, keepdim=True) + 2**15 >> 16
    return (luma - 122.6) / 61
