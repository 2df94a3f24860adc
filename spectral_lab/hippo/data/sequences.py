"""Labelled sequences in memory, and pictures read pixel by pixel: digits, CIFAR-10, MNIST."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from spectral_lab import checks
from spectral_lab.archives import FormatError, gunzip, untar
from spectral_lab.datasets import Dataset

CIFAR_SIZE = 1 << 29  # bytes that are unpacked of the archive, which holds 184 MB
IDX_SIZE = 1 << 28  # of a file of MNIST, of which the largest holds 47 MB
Batch = tuple[Tensor, Tensor | None, Tensor]
_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_MNIST_FILES = {
    "train-images": (
        "train-images-idx3-ubyte.gz",
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    "train-labels": (
        "train-labels-idx1-ubyte.gz",
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    "test-images": (
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    "test-labels": (
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
}
DATASETS = {
    "cifar10": Dataset(
        name="cifar10",
        description="CIFAR-10, 60 000 colour images of 32x32 in 10 classes, binary version",
        size=170_052_171,
        urls=("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
        hash="sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        file="cifar-10-binary.tar.gz",
    ),
    **{
        f"mnist-{part}": Dataset(
            name=f"mnist-{part}",
            description=f"MNIST, handwritten digits: {part.replace('-', ' ')}",
            size=size,
            urls=(_MNIST + file,),
            hash=f"sha256:{digest}",
            file=file,
        )
        for part, (file, size, digest) in _MNIST_FILES.items()
    },
}


@dataclass(frozen=True)
class Sequences(TorchDataset):
    """Sequences in memory, their lengths (None where all are full), and their labels; batches are sliced at once.

    Small whole numbers may be kept as bytes, and are widened when a batch is made: pixels are divided by `scale`,
    tokens become integers, cut to the longest sequence of the batch.
    """

    x: Tensor
    labels: Int[Tensor, " samples"]
    lengths: Int[Tensor, " samples"] | None = None
    scale: float | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitems__(self, rows: list[int]) -> Batch:
        index = torch.as_tensor(rows)
        x, lengths = self.x[index], None if self.lengths is None else self.lengths[index]
        if self.scale is not None:
            x = x.float() / self.scale
        elif x.dtype == torch.uint8:
            x = (x if lengths is None else x[:, : int(lengths.max())]).long()
        return x, lengths, self.labels[index]

    @staticmethod
    def collate(batch: Batch) -> Batch:
        """What `__getitems__` returns is a batch already."""
        return batch


def digits(size: int = 8, copies: int = 1, train_size: int = 1400, seed: int = 42) -> dict[str, Sequences]:
    """The 1797 handwritten digits of scikit-learn, read row by row: sequences (size^2, 1) in "train" and "test".

    An offline stand-in for sequential CIFAR. The split is a seeded permutation, and pixels are shifted and scaled by
    the mean and deviation of the training set. `size` enlarges the 8x8 images (bilinearly), so that sequences become
    as long as those of CIFAR (32: length 1024); `copies` draws each training digit that often, moved, turned and
    stretched a little, for a set that is large enough for a large model. The test set is never redrawn.

    Raises: ValueError; ImportError where scikit-learn is missing.
    """
    size, copies = checks.integer(size, "size", 8, 64), checks.integer(copies, "copies", 1, 100)
    train_size = checks.integer(train_size, "train_size", 1, 1796)
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError("the digits come with scikit-learn: pip install scikit-learn") from None
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(checked_seed(seed)).permutation(len(labels))
    images, labels = torch.tensor(pixels[order], dtype=torch.float32).view(-1, 1, 8, 8), torch.tensor(labels[order])
    if size > 8:
        images = F.interpolate(images, size=(size, size), mode="bilinear", align_corners=False)
    train, test = images[:train_size], images[train_size:]
    if copies > 1:
        train = torch.cat([train, redraw(train.repeat(copies - 1, 1, 1, 1), seed)])
    mean, deviation = train.mean(), train.std()
    return {
        "train": Sequences(as_sequences((train - mean) / deviation), labels[:train_size].repeat(copies)),
        "test": Sequences(as_sequences((test - mean) / deviation), labels[train_size:]),
    }


def redraw(images: Float[Tensor, "b c h w"], seed: int) -> Float[Tensor, "b c h w"]:
    """Each image turned by up to 15 degrees, stretched by up to 15 % and moved by up to a tenth of its width.

    Raises: ValueError.
    """
    if not isinstance(images, Tensor) or images.ndim != 4 or not images.is_floating_point() or 0 in images.shape:
        raise ValueError(f"images must be a tensor of shape (b, c, h, w) in floating point, got {checks.shown(images)}")
    draw = torch.Generator().manual_seed(checked_seed(seed))
    angle, stretch, *shift = (2 * torch.rand(4, len(images), generator=draw) - 1).unbind()
    angle, stretch = angle * pi / 12, 1 + 0.15 * stretch
    across = torch.stack([stretch * angle.cos(), -stretch * angle.sin(), 0.2 * shift[0]], -1)
    down = torch.stack([stretch * angle.sin(), stretch * angle.cos(), 0.2 * shift[1]], -1)
    grid = F.affine_grid(torch.stack([across, down], 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def as_sequences(images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b length c"]:
    """Images read row by row, a pixel a sample."""
    return images.flatten(2).transpose(1, 2).contiguous()


def cifar10(colour: bool = False, path: str | None = None, seed: int = 42) -> dict[str, Sequences]:
    """CIFAR-10 read row by row: sequences (1024, 3) or grey (1024, 1); 5000 of the training images are "val".

    The split is the authors': torch's permutation of the seed, its last tenth is "val". Greys (ITU-R 601 luma) are
    shifted and scaled by 122.6 and 61, colours channel by channel with the numbers of the authors' demonstration (the
    loader of their large runs divides by 0.247, 0.243 and 0.261 instead).

    Args: path, the archive of the binary version; fetched if None. Raises: FormatError; DatasetUnavailable.
    """
    colour, seed = checks.flag(colour, "colour"), checked_seed(seed)
    archive = DATASETS["cifar10"].fetch() if path is None else a_path(path, "path")
    train, test = read_cifar10(archive)
    order = torch.randperm(len(train[0]), generator=torch.Generator().manual_seed(seed))
    rest, val = order.tensor_split([len(order) - len(order) // 10])
    parts = {"train": (train[0][rest], train[1][rest]), "val": (train[0][val], train[1][val]), "test": test}
    prepare = _colours if colour else _greys
    return {name: Sequences(as_sequences(prepare(images)), labels) for name, (images, labels) in parts.items()}


Labelled = tuple[UInt8[Tensor, "_ 3 32 32"], Int[Tensor, " _"]]


def read_cifar10(archive: Path) -> tuple[Labelled, Labelled]:
    """Training and test images of `cifar-10-binary.tar.gz`: a record is a label byte and 3 planes of 32x32 bytes.

    The Python version of the archive holds pickles, and reading a pickle runs what is in it; this one cannot.
    Raises: FormatError if the archive is not what it should be.
    """
    names = [f"cifar-10-batches-bin/{name}.bin" for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")]
    try:
        found = dict(untar(archive, names.__contains__, CIFAR_SIZE))
    except (FormatError, OSError) as error:
        raise FormatError(f"path {archive} is not the binary CIFAR-10 archive: {error}") from None
    batches: list[Labelled] = []
    for name in names:
        if name not in found:
            raise FormatError(f"path {archive} is not the binary CIFAR-10 archive: it holds no file {name}")
        records = np.frombuffer(found[name], np.uint8)
        if records.size == 0 or records.size % 3073 or records[::3073].max() > 9:
            raise FormatError(f"{archive}: {name} does not consist of 3073-byte records with labels 0 to 9")
        records = records.reshape(-1, 3073)
        batches.append((torch.tensor(records[:, 1:]).view(-1, 3, 32, 32), torch.tensor(records[:, 0]).long()))
    test = batches.pop()
    images, labels = zip(*batches, strict=True)
    return (torch.cat(images), torch.cat(labels)), test


def _colours(images: UInt8[Tensor, "b 3 32 32"]) -> Float[Tensor, "b 3 32 32"]:
    mean, deviation = torch.tensor([[0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]]).view(2, 3, 1, 1)
    return (images / 255 - mean) / deviation


def _greys(images: UInt8[Tensor, "b 3 32 32"]) -> Float[Tensor, "b 1 32 32"]:
    # in whole numbers, as image libraries round it
    luma = (images.int() * torch.tensor([19595, 38470, 7471]).view(3, 1, 1)).sum(1, keepdim=True) + 2**15 >> 16
    return (luma - 122.6) / 61


def mnist(permuted: bool = False, folder: Path | None = None, seed: int = 42) -> dict[str, Sequences]:
    """MNIST as sequences of 784 pixels in [0, 1], (784, 1); a tenth of the training set is "val".

    Args: permuted, in bit-reversed order (the authors' "permuted" MNIST, not the usual random permutation); folder of
    the four published files (default: fetched); seed of the split.
    Raises: FormatError for a file that is not IDX; DatasetUnavailable; ValueError.
    """
    permuted, seed = checks.flag(permuted, "permuted"), checked_seed(seed)
    paths = {
        part: DATASETS[f"mnist-{part}"].fetch() if folder is None else a_path(folder, "folder") / _MNIST_FILES[part][0]
        for part in _MNIST_FILES
    }
    data = {part: read_idx(path) for part, path in paths.items()}
    for name in ("train", "test"):
        images, labels = data[f"{name}-images"], data[f"{name}-labels"]
        if images.shape != (len(labels), 28, 28) or labels.ndim != 1 or labels.size == 0 or labels.max() > 9:
            raise FormatError(
                f"{paths[f'{name}-images']}: must hold 28x28 images, one for each label from 0 to 9, got images of "
                f"shape {images.shape} and labels of shape {labels.shape}"
            )
    order = bit_reversal(784) if permuted else np.arange(784)
    x = {name: torch.tensor(data[f"{name}-images"].reshape(-1, 784)[:, order, None]) for name in ("train", "test")}
    y = {name: torch.tensor(data[f"{name}-labels"].astype(np.int64)) for name in ("train", "test")}
    shuffled = torch.randperm(len(y["train"]), generator=torch.Generator().manual_seed(seed))
    kept = len(shuffled) - len(shuffled) // 10
    parts = {"train": shuffled[:kept], "val": shuffled[kept:]}
    chosen = {name: (x["train"][rows], y["train"][rows]) for name, rows in parts.items()}
    chosen["test"] = (x["test"], y["test"])
    return {name: Sequences(*pair, scale=255.0) for name, pair in chosen.items()}


def read_idx(path: Path) -> UInt8[np.ndarray, "*shape"]:
    """A gzipped IDX file of bytes: magic 0, 0, 8, dimensions; the big-endian sizes; the bytes. Raises: FormatError."""
    try:
        content = gunzip(a_path(path, "path"), IDX_SIZE)
    except (FormatError, OSError) as error:
        raise FormatError(f"path must be a gzipped IDX file, got {path}: {error}") from None
    dimensions = content[3] if len(content) > 4 and content[:3] == b"\x00\x00\x08" and content[3] <= 4 else 0
    sizes = content[4 : 4 + 4 * dimensions]
    shape = tuple(int(size) for size in np.frombuffer(sizes[: len(sizes) // 4 * 4], dtype=">u4"))
    values = np.frombuffer(content[4 + 4 * dimensions :], dtype=np.uint8)
    if not dimensions or len(shape) != dimensions or values.size != prod(shape):
        raise FormatError(f"path must be a whole IDX file of bytes, got {path}")
    return values.reshape(shape)


def bit_reversal(length: int) -> Int[np.ndarray, " length"]:
    """0..length-1 in the order of their reversed bits (those of the next power of two). Raises: ValueError."""
    length = checks.integer(length, "length", 1, 1 << 26)
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


def checked_seed(seed: Any) -> int:
    """A seed that both numpy and torch take. Raises: ValueError."""
    return checks.integer(seed, "seed", 0, 2**64 - 1)


def a_path(value: Any, name: str) -> Path:
    """A path. Raises: ValueError for what cannot be one."""
    if not isinstance(value, (str, Path)) or "\0" in str(value):
        raise ValueError(f"{name} must be a path, got {checks.shown(value)}")
    return Path(value)


def as_float(x: Float[np.ndarray, "*shape"]) -> Float[Tensor, "*shape"]:
    """Single precision."""
    return torch.tensor(x, dtype=torch.float32)
