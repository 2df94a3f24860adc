"""Sets of sampled geometries with their labels.

    spectral-lab data hamiltonians water --count 400 --basis sto-3g --workers 2

writes one into the folder `hamiltonians` of the data, for the recipes. Geometries are drawn from the classical normal
modes of RHF/STO-3G at a temperature, by a seed. They are labelled in small files first, so that an interrupted command
goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from spectral_lab import checks
from spectral_lab.atomic import write_atomically
from spectral_lab.datasets import data_folder
from spectral_lab.hamiltonians.data import labels
from spectral_lab.hamiltonians.orbitals import SHELLS
from spectral_lab.hamiltonians.vibrations import normal_modes, sample_normal_modes

CHUNK = 20  # geometries a file


def generate(
    molecule: str, count: int, basis: str, temperature: float, seed: int, folder: Path, workers: int = 1,
    xc: str = labels.XC, tell: Callable[[str], None] = print,
) -> Path:  # fmt: skip
    """Draw and label `count` geometries of a molecule; returns the file of the finished set, an npz archive.

    Args: molecule, of `labels.MOLECULES`; temperature in Kelvin; seed of the geometries; folder, where parts are kept
    until all are there; workers, processes. Raises: ValueError, PySCFMissing, RuntimeError.
    """
    checks.choice(molecule, "molecule", tuple(labels.MOLECULES))
    checks.integer(count, "count", 1, 100_000)
    workers = checks.integer(workers, "workers", 1, 256)
    stem = f"{molecule}_{basis}_{xc}_{temperature:g}K_{count}_seed{seed}"
    whole = folder / f"{stem}.npz"
    if whole.exists():
        return whole
    parts_folder = folder / stem
    parts_folder.mkdir(parents=True, exist_ok=True)
    drawn = _geometries(molecule, count, temperature, seed, parts_folder / "geometries.npz")
    numbers = labels.MOLECULES[molecule][0]
    jobs = [(drawn[start : start + CHUNK], parts_folder / f"{start:06d}.npz") for start in range(0, count, CHUNK)]
    left = [job for job in jobs if not job[1].exists()]
    work = partial(_label_chunk, numbers, basis, xc)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, _ in enumerate(pool.map(work, left), len(jobs) - len(left) + 1):
            tell(f"{molecule}: {min(done * CHUNK, count)} of {count} geometries labelled")
    parts = [read_arrays(path) for _, path in jobs]
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    write_arrays(whole, {"Z": np.array(numbers), "X": drawn, **together, "seed": np.array(seed),
                   "temperature": np.array(temperature)})  # fmt: skip
    return whole


def _geometries(molecule: str, count: int, temperature: float, seed: int, path: Path) -> np.ndarray:
    """Drawn once and kept: a mode's sign depends on the machine, so the seed alone does not say them."""
    if not path.exists():
        positions, hessian = labels.minimum(molecule)
        masses = [labels.MASSES[number] for number in labels.MOLECULES[molecule][0]]
        modes = normal_modes(positions, masses, hessian)
        write_arrays(path, {"X": sample_normal_modes(positions, modes, temperature, count, seed)})
    return read_arrays(path)["X"]


def _label_chunk(numbers: Sequence[int], basis: str, xc: str, job: tuple[np.ndarray, Path]) -> None:
    geometries, path = job
    found = [labels.label(tuple(numbers), positions, basis, xc) for positions in geometries]
    write_arrays(path, {name: np.array([getattr(one, name) for one in found]) for name in labels.Label._fields})


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an npz archive; nothing in it is run."""
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write an npz archive, whole or not at all. Raises: OSError."""
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.description = "Draw geometries of molecules and label them with PySCF; an interrupted command goes on."
    parser.add_argument("molecule", nargs="+", choices=tuple(labels.MOLECULES))
    parser.add_argument("--count", type=int, default=1000, help="geometries of each molecule (default: 1000)")
    parser.add_argument("--basis", default="def2-svp", choices=tuple(SHELLS), help="default: def2-svp")
    parser.add_argument("--temperature", type=float, default=300.0, help="in Kelvin (default: 300)")
    parser.add_argument("--seed", type=int, default=0, help="of the geometries (default: 0)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")


def run(options: argparse.Namespace) -> int:
    """The command. Returns its exit code."""
    try:
        for name in options.molecule:
            print(generate(name, options.count, options.basis, options.temperature, options.seed,
                           data_folder() / "hamiltonians", options.workers))  # fmt: skip
    except (ValueError, RuntimeError, labels.PySCFMissing) as error:
        print(f"spectral-lab data: error: {error}", file=sys.stderr)
        return 2
    return 0
