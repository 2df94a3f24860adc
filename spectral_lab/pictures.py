"""Pictures with labels that more than one chapter reads: scikit-learn's digits, CIFAR-10 and CIFAR-100, MNIST.

All are (samples, colours, height, width). The published archives are read in their binary form: the Python form holds
pickles, and reading a pickle runs what is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, prod
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from spectral_lab import checks
from spectral_lab.archives import FormatError, gunzip, untar
from spectral_lab.datasets import Dataset, File
from spectral_lab.samples import Labelled

CIFAR_SIZE = 1 << 29  # bytes that are unpacked of an archive, which holds 184 MB
IDX_SIZE = 1 << 28  # of a file of MNIST, of which the largest holds 47 MB
_CIFAR = "https://www.cs.toronto.edu/~kriz/"
_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"


DATASETS = {
    **{
        f"cifar{classes}": Dataset(
            f"cifar{classes}",
            f"CIFAR-{classes}, 60 000 colour images of 32x32 in {classes} classes, binary version",
            (File(name, size, f"sha256:{digest}", (_CIFAR + name,)),),
        )
        for classes, name, size, digest in (
            (
                10,
                "cifar-10-binary.tar.gz",
                170_052_171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            ),
            (
                100,
                "cifar-100-binary.tar.gz",
                168_513_733,
                "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            ),
        )
    },
    "mnist": Dataset(
        "mnist",
        "MNIST, 70 000 handwritten digits of 28x28",
        tuple(
            File(f"mnist/{name}-ubyte.gz", size, f"sha256:{digest}", (f"{_MNIST}{name}-ubyte.gz",))
            for name, size, digest in (
                ("train-images-idx3", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
                ("train-labels-idx1", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
                ("t10k-images-idx3", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
                ("t10k-labels-idx1", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
            )
        ),
    ),
}


# --- digits ----------------------------------------------------------------------------------------------------------


def digits(size: int = 8, copies: int = 1, train_size: int = 1400, seed: int = 42) -> dict[str, Labelled]:
    """The 1797 handwritten digits of scikit-learn, (1, size, size), in "train" and "test": what is here offline.

    The split is a seeded permutation, and pixels are shifted and scaled by the mean and deviation of the training set.
    `size` enlarges the 8x8 images (bilinearly); `copies` draws each training digit that often, moved, turned and
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
    order = np.random.default_rng(checks.seed(seed)).permutation(len(labels))
    images, labels = torch.tensor(pixels[order], dtype=torch.float32).view(-1, 1, 8, 8), torch.tensor(labels[order])
    if size > 8:
        images = F.interpolate(images, size=(size, size), mode="bilinear", align_corners=False)
    train, test = images[:train_size], images[train_size:]
    if copies > 1:
        train = torch.cat([train, redraw(train.repeat(copies - 1, 1, 1, 1), seed)])
    mean, deviation = train.mean(), train.std()
    return {
        "train": Labelled((train - mean) / deviation, labels[:train_size].repeat(copies)),
        "test": Labelled((test - mean) / deviation, labels[train_size:]),
    }


def redraw(images: Float[Tensor, "b c h w"], seed: int) -> Float[Tensor, "b c h w"]:
    """Each image turned by up to 15 degrees, stretched by up to 15 % and moved by up to a tenth of its width.

    Raises: ValueError.
    """
    if not isinstance(images, Tensor) or images.ndim != 4 or not images.is_floating_point() or 0 in images.shape:
        raise ValueError(f"images must be a tensor of shape (b, c, h, w) in floating point, got {checks.shown(images)}")
    draw = torch.Generator().manual_seed(checks.seed(seed))
    angle, stretch, *shift = (2 * torch.rand(4, len(images), generator=draw) - 1).unbind()
    angle, stretch = angle * pi / 12, 1 + 0.15 * stretch
    across = torch.stack([stretch * angle.cos(), -stretch * angle.sin(), 0.2 * shift[0]], -1)
    down = torch.stack([stretch * angle.sin(), stretch * angle.cos(), 0.2 * shift[1]], -1)
    grid = F.affine_grid(torch.stack([across, down], 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


# --- CIFAR -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cifar:
    """One of the two archives: the files of each part, the label bytes of a record (the last one counts), classes."""

    parts: dict[str, tuple[str, ...]]
    labels: int
    classes: int


_CIFARS = {
    10: _Cifar(
        {
            "train": tuple(f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)),
            "test": ("cifar-10-batches-bin/test_batch.bin",),
        },
        labels=1,
        classes=10,
    ),
    100: _Cifar(
        {"train": ("cifar-100-binary/train.bin",), "test": ("cifar-100-binary/test.bin",)},
        labels=2,
        classes=100,
    ),
}


def cifar(classes: int = 10, path: str | Path | None = None) -> dict[str, Labelled]:
    """CIFAR-10 or CIFAR-100, (3, 32, 32), in "train" and "test", of 50 000 and 10 000; batches are in [0, 1].

    A record of the archive is a label byte (of CIFAR-100 two, the coarse class and the fine) and three planes of 32x32.
    Args: classes, 10 or 100 (the fine ones); path, the archive of the binary version, fetched if None.
    Raises: ValueError; FormatError if the archive is not what it should be; DatasetUnavailable.
    """
    if (form := _CIFARS.get(checks.integer(classes, "classes"))) is None:
        raise ValueError(f"classes must be 10 or 100, got {classes!r}")
    archive = DATASETS[f"cifar{classes}"].fetch()[0] if path is None else checks.path(path, "path")
    names = [name for part in form.parts.values() for name in part]
    try:
        found = dict(untar(archive, names.__contains__, CIFAR_SIZE))
    except (FormatError, OSError) as error:
        raise FormatError(f"path {archive} is not the binary CIFAR-{classes} archive: {error}") from None
    for name in names:
        if name not in found:
            raise FormatError(f"path {archive} is not the binary CIFAR-{classes} archive: it holds no file {name}")
    parts = {}
    for part, files in form.parts.items():
        rows = np.concatenate([_records(found[name], form, f"{archive}: {name}") for name in files])
        images = torch.tensor(rows[:, form.labels :]).view(-1, 3, 32, 32)
        parts[part] = Labelled(images, torch.tensor(rows[:, form.labels - 1]).long(), scale=255.0)
    return parts


def _records(content: bytes, form: _Cifar, name: str) -> UInt8[np.ndarray, "n width"]:
    values, width = np.frombuffer(content, np.uint8), form.labels + 3072
    if values.size == 0 or values.size % width or values[form.labels - 1 :: width].max() >= form.classes:
        raise FormatError(f"{name} does not consist of {width}-byte records with labels 0 to {form.classes - 1}")
    return values.reshape(-1, width)


# --- MNIST -----------------------------------------------------------------------------------------------------------


def mnist(folder: str | Path | None = None) -> dict[str, Labelled]:
    """MNIST, (1, 28, 28), in "train" and "test", of 60 000 and 10 000; batches are in [0, 1].

    Args: folder of the four published files, fetched if None.
    Raises: FormatError for a file that is not IDX; DatasetUnavailable; ValueError.
    """
    paths = DATASETS["mnist"].fetch(None if folder is None else checks.path(folder, "folder"))
    parts = {}
    for part, at, of in zip(("train", "test"), paths[::2], paths[1::2], strict=True):
        images, labels = read_idx(at), read_idx(of)
        if images.shape != (len(labels), 28, 28) or labels.ndim != 1 or labels.size == 0 or labels.max() > 9:
            raise FormatError(
                f"{at}: must hold 28x28 images, one for each label from 0 to 9, got images of shape {images.shape} and "
                f"labels of shape {labels.shape}"
            )
        parts[part] = Labelled(torch.tensor(images)[:, None], torch.tensor(labels.astype(np.int64)), scale=255.0)
    return parts


def read_idx(path: str | Path) -> UInt8[np.ndarray, "*shape"]:
    """A gzipped IDX file of bytes: magic 0, 0, 8, dimensions; the big-endian sizes; the bytes. Raises: FormatError."""
    try:
        content = gunzip(checks.path(path, "path"), IDX_SIZE)
    except (FormatError, OSError) as error:
        raise FormatError(f"path must be a gzipped IDX file, got {path}: {error}") from None
    dimensions = content[3] if len(content) > 4 and content[:3] == b"\x00\x00\x08" and content[3] <= 4 else 0
    sizes = content[4 : 4 + 4 * dimensions]
    shape = tuple(int(size) for size in np.frombuffer(sizes[: len(sizes) // 4 * 4], dtype=">u4"))
    values = np.frombuffer(content[4 + 4 * dimensions :], dtype=np.uint8)
    if not dimensions or len(shape) != dimensions or values.size != prod(shape):
        raise FormatError(f"path must be a whole IDX file of bytes, got {path}")
    return values.reshape(shape)
