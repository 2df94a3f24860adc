"""Where runs and records live, and how their files are written."""

from __future__ import annotations

from pathlib import Path

from spectral_lab.atomic import make_writable, write_atomically
from spectral_lab.records import local_folder, results_folder

__all__ = ["make_writable", "results_folder", "runs_folder", "write_atomically"]


def runs_folder() -> Path:
    """Where checkpoints are kept: `SPECTRAL_LAB_RUNS` if set, else `runs/` of the checkout, else of this folder."""
    return local_folder("SPECTRAL_LAB_RUNS", "runs")
