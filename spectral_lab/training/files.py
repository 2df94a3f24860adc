"""Where runs and records live, and how their files are written: whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryFile

_CHECKOUT = Path(__file__).resolve().parents[2]


def runs_folder() -> Path:
    """Where checkpoints are kept: `SPECTRAL_LAB_RUNS` if set, else `runs/` of the checkout, else of this folder."""
    return _folder("SPECTRAL_LAB_RUNS", "runs")


def results_folder() -> Path:
    """Where records are kept: `SPECTRAL_LAB_RESULTS` if set, else `results/` of the checkout, else of this folder."""
    return _folder("SPECTRAL_LAB_RESULTS", "results")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, sees either the old one or the new one, never a part.

    The new content is complete and on the disk under another name before it takes the place of the old.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def make_writable(folder: Path) -> None:
    """Make the folder if it is not there, and prove that a file can be written into it. Raises: OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):
        pass


def _folder(variable: str, name: str) -> Path:
    chosen = os.environ.get(variable)
    if chosen:
        return Path(chosen).expanduser()
    return (_CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() else Path.cwd()) / name
