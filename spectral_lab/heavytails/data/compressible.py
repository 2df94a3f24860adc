"""PDEBench's compressible flows in two dimensions (Takamoto and others 2022, arXiv 2210.07182), from their file.

The file holds `density`, `pressure`, `Vx` and `Vy`, each (samples, times, x, y), and coordinates, which are not read:
the network has its own. It is stacked and split as the released program of TB_Sigmoid does: the first samples are the
test, and of those that follow every so many are learnt from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, SupportsInt

import torch
from jaxtyping import Float
from torch import Tensor

from spectral_lab import checks
from spectral_lab.archives import FormatError
from spectral_lab.datasets import Dataset, File
from spectral_lab.latent.data import Fields, open_hdf5, plain

FIELDS = ("density", "pressure", "Vx", "Vy")  # in the order of the channels of a frame
COMPRESSIBLE = Dataset(
    "compressible-flow",
    "PDEBench, compressible flow on a torus, 10 000 flows of 21 frames, 128 x 128, four fields; 55 GB",
    (File("pdebench/2D_CFD_Rand_M0.1_Eta0.01_Zeta0.01_periodic_128_Train.hdf5"),),
    source="It is file 164687 of PDEBench, https://darus.uni-stuttgart.de/api/access/datafile/164687 "
    "(published MD5 5b21dcccaef4d2145ca579a71153c580, which is not checked here).",
)


def compressible_flows(
    path: str | Path | None = None,
    every: SupportsInt = 1,
    train: SupportsInt = 9000,
    test: SupportsInt = 1000,
    stride: SupportsInt = 2,
    first: SupportsInt = 10,
) -> dict[str, Fields]:
    """Frames 0..first-1 -> all that follow, on every `stride`-th point: (n, x, y, 4 first) -> (n, x, y, 4 later).

    "test" are the first `test` flows of the file, "train" every `every`-th of the `train` flows after them; only those
    are read. Raises: ValueError; FormatError; DatasetUnavailable, also if h5py is missing.
    """
    every, stride, first = (
        checks.integer(value, name, 1) for value, name in ((every, "every"), (stride, "stride"), (first, "first"))
    )
    train, test = checks.integer(train, "train", 1), checks.integer(test, "test", 1)
    (path,) = COMPRESSIBLE.fetch() if path is None else (Path(path),)
    rows = {"train": range(test, test + train, every), "test": range(test)}
    with open_hdf5(path) as file:
        _check(file, path, test + train, first)
        flows = {name: _read(file, chosen, stride) for name, chosen in rows.items()}
    return {name: plain(*_split(part, first)) for name, part in flows.items()}


def _check(file: Any, path: Path, samples: int, first: int) -> None:
    """Raises: FormatError unless the four fields are there, alike in shape, and long enough."""
    shapes = {getattr(file.get(name), "shape", None) for name in FIELDS}
    (shape, *more) = shapes
    if more or shape is None or len(shape) != 4:
        raise FormatError(
            f"{path} must hold {', '.join(FIELDS)}, each (samples, times, x, y), got {', '.join(sorted(file))}"
        )
    if shape[0] < samples or shape[1] <= first:
        raise FormatError(
            f"{path} must hold {samples} flows of more than {first} frames, got {shape[0]} of {shape[1]} frames"
        )


def _read(file: Any, rows: range, stride: int) -> Float[Tensor, "n x y channels"]:
    """Flows of the file, channels last: the four fields of the first frame, those of the next, and so on."""
    _, times, height, width = file[FIELDS[0]].shape
    flows = torch.empty(len(rows), -(-height // stride), -(-width // stride), times, len(FIELDS))
    for i, row in enumerate(rows):  # one by one: HDF5 is slow in steps, and the whole does not fit
        for channel, name in enumerate(FIELDS):
            frames = torch.from_numpy(file[name][row][:, ::stride, ::stride].astype("float32"))
            flows[i, ..., channel] = frames.permute(1, 2, 0)
    return flows.flatten(3)


def _split(flows: Float[Tensor, "n x y channels"], first: int) -> tuple[Tensor, Tensor]:
    return flows[..., : len(FIELDS) * first].clone(), flows[..., len(FIELDS) * first :].clone()
