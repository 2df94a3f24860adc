"""The seven published data sets (Wu and others 2023, section 4), from the files as they were published.

`.mat` files come in two kinds: version 5, which scipy reads, and 7.3, which is HDF5 with all axes reversed and needs
h5py. No hashes are published, so none is checked; `check_darcy` and `check_navier_stokes` compare a file's statistics
with those of generated data instead, and the loaders say what they found on stderr.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from spectral_lab.archives import FormatError
from spectral_lab.datasets import Dataset, DatasetUnavailable, File
from spectral_lab.latent.darcy import correlation, mean_solution_bounds
from spectral_lab.latent.data.fields import Fields, plain, pointwise

FNO_FOLDER = "https://drive.google.com/drive/folders/1UnbQh2WWc6knEHbLn-ZaXrKUZhp7pjt-"
GEO_FOLDER = "https://drive.google.com/drive/folders/1YBuaoTdOSr_qzaow-G-iwvbUI7fiUzu8"
MESH, INTERP = "lsm/elasticity/Meshes/Random_UnitCell", "lsm/elasticity/Interp/Random_UnitCell"
CHECKED = 200  # samples whose statistics are compared
LARGEST = 600_000_000  # numbers of one array; the airfoil's Q has 140 million
Splits = dict[str, TorchDataset[Any]]


def by_hand(name: str, description: str, folder: str, *files: str) -> Dataset:
    """A set that is fetched by hand."""
    return Dataset(name, description, tuple(File(file) for file in files), source=f"Its files are at {folder}.")


DATASETS = {
    "darcy": by_hand(
        "darcy", "Darcy flow, 2 x 1024 coefficients and solutions, 421 x 421", FNO_FOLDER,
        "lsm/darcy/piececonst_r421_N1024_smooth1.mat", "lsm/darcy/piececonst_r421_N1024_smooth2.mat",
    ),
    "navier-stokes": by_hand(
        "navier-stokes", "turbulence on a torus, 1200 flows of 20 frames, 64 x 64", FNO_FOLDER,
        "lsm/ns/NavierStokes_V1e-5_N1200_T20.mat",
    ),
    "airfoil": by_hand(
        "airfoil", "transonic flow past 2490 airfoils, 221 x 51", GEO_FOLDER,
        *(f"lsm/airfoil/NACA_Cylinder_{part}.npy" for part in "XYQ"),
    ),
    "pipe": by_hand(
        "pipe", "flow through 2310 bent pipes, 129 x 129", GEO_FOLDER, *(f"lsm/pipe/Pipe_{part}.npy" for part in "XYQ")
    ),
    "elasticity-points": by_hand(
        "elasticity-points", "stress around a void, 2000 clouds of 972 points", GEO_FOLDER,
        *(f"{MESH}_{part}_10.npy" for part in ("XY", "sigma", "rr")),
    ),
    "elasticity-grid": by_hand(
        "elasticity-grid", "the same on a grid of 41 x 41", GEO_FOLDER,
        *(f"{INTERP}_{part}_10_interp.npy" for part in ("mask", "sigma")),
    ),
    "plasticity": by_hand(
        "plasticity", "forging by 987 dies, 101 x 31 points, 20 times", GEO_FOLDER, "lsm/plasticity/plas_N987_T20.mat"
    ),
}  # fmt: skip


def darcy(folder: str | None = None, stride: int = 5, train: int = 1000, test: int = 200) -> Splits:
    """coeff -> sol on every fifth point: the first 1000 of `smooth1` and the first 200 of `smooth2`."""
    first, second = _files("darcy", folder)
    pairs = []
    for path, count in ((first, train), (second, test)):
        parts = [read_array(path, key)[:count, ::stride, ::stride, None] for key in ("coeff", "sol")]
        coeff, sol = _same_length(path, *parts)
        _say(path, check_darcy(coeff[:CHECKED, ..., 0], sol[:CHECKED, ..., 0]))
        pairs.append((_tensor(coeff), _tensor(sol)))
    return dict(zip(("train", "test"), pointwise(pairs[0], pairs[1]), strict=True))


def navier_stokes(folder: str | None = None, train: int = 1000, test: int = 200) -> Splits:
    """Frames 0 to 9 -> frames 10 to 19 of `u`: the first 1000 and the last 200 of 1200."""
    (path,) = _files("navier-stokes", folder)
    u = _tensor(_shaped(read_array(path, "u"), path, (None, None, None, 20)))
    _say(path, check_navier_stokes(u[:CHECKED].numpy()))
    return {"train": plain(*u[:train].split(10, -1)), "test": plain(*u[-test:].split(10, -1))}


def airfoil(folder: str | None = None, train: int = 1000, test: int = 200) -> Splits:
    """(X, Y) -> the Mach number, `Q[:, 4]`: 0 to 999 and 1000 to 1199."""
    return _deformed("airfoil", folder, 4, train, test)


def pipe(folder: str | None = None, train: int = 1000, test: int = 200) -> Splits:
    """(X, Y) -> the horizontal velocity, `Q[:, 0]`: 0 to 999 and 1000 to 1199."""
    return _deformed("pipe", folder, 0, train, test)


def elasticity_points(folder: str | None = None, train: int = 1000, test: int = 200) -> Splits:
    """Points and the radii of the void -> the stress: the first 1000 and the last 200 of 2000."""
    places, stress, radii = _files("elasticity-points", folder)
    xy = _tensor(np.transpose(_shaped(read_array(places), places, (None, 2, None)), (2, 0, 1)))
    sigma = _tensor(np.transpose(_shaped(read_array(stress), stress, (xy.shape[1], len(xy))))[..., None])
    code = _tensor(np.transpose(_shaped(read_array(radii), radii, (42, len(xy)))))
    first, last = slice(train), slice(-test, None)
    return {name: plain(xy[rows], sigma[rows], code[rows]) for name, rows in (("train", first), ("test", last))}


def elasticity_grid(folder: str | None = None, train: int = 1000, test: int = 200) -> Splits:
    """The mask of the material -> the stress, where there is material: the first 1000 and the last 200 of 2000."""
    where, stress = _files("elasticity-grid", folder)
    mask = _tensor(np.transpose(_shaped(read_array(where), where, (None, None, None)), (2, 0, 1))[..., None])
    shape = (*mask.shape[1:3], len(mask))
    sigma = _tensor(np.transpose(_shaped(read_array(stress), stress, shape), (2, 0, 1))[..., None])
    splits = {"train": slice(train), "test": slice(-test, None)}
    nothing = torch.zeros_like(sigma[:1])
    return {name: Fields(mask[rows], sigma[rows], nothing, mask[rows]) for name, rows in splits.items()}


def plasticity(folder: str | None = None, train: int = 900, test: int = 80) -> Splits:
    """The profile of the die, repeated over the grid and the times -> position and displacement: the first 900 and the
    last 80 of 987."""
    (path,) = _files("plasticity", folder)
    target = _tensor(_shaped(read_array(path, "output"), path, (None, None, None, None, 4)))
    profile = _tensor(_shaped(read_array(path, "input"), path, tuple(target.shape[:2])))
    die = profile[:, :, None, None, None].expand(*target.shape[:-1], 1)
    pairs = [(die[rows], target[rows]) for rows in (slice(train), slice(-test, None))]
    return dict(zip(("train", "test"), pointwise(pairs[0], pairs[1]), strict=True))


def check_darcy(coeff: Float[np.ndarray, "n K K"], sol: Float[np.ndarray, "n K K"]) -> dict[str, tuple[float, float]]:
    """Statistics of Darcy samples beside those of data generated by the published law: name -> (found, generated).

    The generated ones: 200 samples on 141 x 141 nodes.
    """
    lags = [max(1, round(26 / 421 * coeff.shape[-1] * j)) for j in (1, 3, 6)]
    found = {
        "share of 12": float((coeff == 12).mean()),
        "mean of u": float(sol.mean()),
        "median of the largest u": float(np.median(sol.max(axis=(1, 2)))),
        **{f"correlation at lag {lag}": correlation(coeff - 7.5, lag) for lag in lags},
        "share within the bounds of the mean": float(np.mean([_within(a, u) for a, u in zip(coeff, sol, strict=True)])),
    }
    return dict(
        zip(found, zip(found.values(), (0.5, 5.57e-3, 1.31e-2, 0.79, 0.48, 0.12, 1.0), strict=True), strict=True)
    )


def check_navier_stokes(u: Float[np.ndarray, "n N N T"]) -> dict[str, tuple[float, float]]:
    """The error of frame 10 as a guess of frames 11 to 20: name -> (found, of flows generated with strength 686)."""
    still, later = u[..., 9:10], u[..., 10:]
    error = np.linalg.norm((later - still).reshape(len(u), -1), axis=1)
    error /= np.linalg.norm(later.reshape(len(u), -1), axis=1)
    return {"persistence error": (float(error.mean()), 0.742)}


def _say(path: Path, statistics: dict[str, tuple[float, float]]) -> None:
    """What a file holds beside what generated data do: no more than a hint that it is another file, or damaged."""
    told = "; ".join(f"{name} {found:.3g} ({expected:.3g})" for name, (found, expected) in statistics.items())
    print(f"{path.name}, in brackets generated data: {told}", file=sys.stderr)


def read_array(path: Path, key: str = "") -> np.ndarray:
    """An array of an .npy file, or the one called `key` of a .mat file of version 5 or 7.3. Nothing is executed.

    Raises: FormatError if it is not there, damaged, or larger than is read; DatasetUnavailable if h5py is missing.
    """
    path = Path(path)
    try:
        if path.suffix == ".npy":
            return _numbers(np.load(path, mmap_mode="r", allow_pickle=False), path)
        with path.open("rb") as file:
            start = file.read(128)
        return _numbers(_hdf5(path, key) if b"MATLAB 7.3" in start else _version5(path, key), path)
    except (FormatError, DatasetUnavailable, FileNotFoundError):
        raise
    except Exception as error:  # the readers raise whatever damage makes them raise
        raise FormatError(f"{path} cannot be read: {type(error).__name__}: {error}") from None


def _version5(path: Path, key: str) -> np.ndarray:
    shapes = {name: shape for name, shape, _ in scipy.io.whosmat(path)}
    _known(path, key, shapes)
    return scipy.io.loadmat(path, variable_names=[key])[key]


def _hdf5(path: Path, key: str) -> np.ndarray:
    with open_hdf5(path) as file:
        _known(path, key, {name: file[name].shape for name in file if hasattr(file[name], "shape")})
        return np.transpose(file[key][()])  # MATLAB counts axes from the other end


def open_hdf5(path: Path) -> Any:
    """An HDF5 file, open to be read. Raises: DatasetUnavailable if it or h5py is missing; FormatError."""
    try:
        import h5py
    except ImportError:
        raise DatasetUnavailable(f"{path} is an HDF5 file: to read it, install h5py") from None
    try:
        return h5py.File(path, "r")
    except FileNotFoundError:
        raise DatasetUnavailable(f"there is no file {path}") from None
    except OSError as error:
        raise FormatError(f"{path} cannot be read as HDF5: {error}") from None


def _known(path: Path, key: str, shapes: dict[str, tuple[int, ...]]) -> None:
    if key not in shapes:
        raise FormatError(f"{path} holds no {key!r}, only {', '.join(sorted(shapes)) or 'nothing'}")
    if math.prod(shapes[key]) > LARGEST:
        raise FormatError(f"{path} says that {key!r} has shape {shapes[key]}, which is more than is read")


def _numbers(array: np.ndarray, path: Path) -> np.ndarray:
    if array.dtype.kind not in "fiu" or array.size > LARGEST:
        raise FormatError(
            f"{path} must hold at most {LARGEST:,} real numbers, got {array.dtype} of shape {array.shape}"
        )
    return array


def _shaped(array: np.ndarray, path: Path, shape: tuple[int | None, ...]) -> np.ndarray:
    fits = array.ndim == len(shape) and all(a in (None, b) for a, b in zip(shape, array.shape, strict=True))
    if not fits:
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise FormatError(f"{path} must hold an array of shape ({wanted}), got {array.shape}")
    return array


def _same_length(path: Path, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    if len({array.shape for array in arrays}) != 1 or arrays[0].ndim != 4:
        raise FormatError(f"{path} must hold coefficients and solutions of one shape, got {[a.shape for a in arrays]}")
    return arrays


def _deformed(name: str, folder: str | None, channel: int, train: int, test: int) -> Splits:
    paths = _files(name, folder)
    x, y, fields = (read_array(path) for path in paths)
    _shaped(x, paths[0], (None, None, None))
    _shaped(y, paths[1], x.shape)
    _shaped(fields, paths[2], (x.shape[0], None, *x.shape[1:]))
    if fields.shape[1] <= channel:
        raise FormatError(f"{paths[2]} must hold at least {channel + 1} fields, got {fields.shape[1]}")
    places = _tensor(np.stack([x[: train + test], y[: train + test]], axis=-1))
    target = _tensor(fields[: train + test, channel, ..., None])
    return {"train": plain(places[:train], target[:train]), "test": plain(places[train:], target[train:])}


def _files(name: str, folder: str | None) -> tuple[Path, ...]:
    return DATASETS[name].fetch(None if folder is None else Path(folder))


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def _within(a: np.ndarray, u: np.ndarray) -> bool:
    lower, upper = mean_solution_bounds(a)
    return bool(lower <= u.mean() * (len(u) / (len(u) - 1)) ** 2 <= upper * 1.01)
