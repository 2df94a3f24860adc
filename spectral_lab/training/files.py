"""Where runs and records live."""

from __future__ import annotations

import os
from pathlib import Path

from spectral_lab.atomic import make_writable, write_atomically

__all__ = ["make_writable", "results_folder", "runs_folder", "write_atomically"]

_CHECKOUT = Path(__file__).resolve().parents[2]


def runs_folder() -> Path:
    """Where checkpoints are kept: `SPECTRAL_LAB_RUNS` if set, else `runs/` of the checkout, else of this folder."""
    return _folder("SPECTRAL_LAB_RUNS", "runs")


def results_folder() -> Path:
    """Where records are kept: `SPECTRAL_LAB_RESULTS` if set, else `results/` of the checkout, else of this folder."""
    return _folder("SPECTRAL_LAB_RESULTS", "results")


def _folder(variable: str, name: str) -> Path:
    chosen = os.environ.get(variable)
    if chosen:
        return Path(chosen).expanduser()
    return (_CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() else Path.cwd()) / name
