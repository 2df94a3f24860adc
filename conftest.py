"""Tests and notebook tests read the records that git knows: a run recorded on this machine changes none of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent


def pytest_configure(config) -> None:
    folder = Path(tempfile.mkdtemp(prefix="spectral-lab-results-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["SPECTRAL_LAB_RESULTS"] = str(folder / "results" if known_to_git(folder) else ROOT / "results")


def known_to_git(folder: Path) -> bool:
    """Copy `results/` as it is committed or staged; False where there is no git or no clone."""
    try:
        files = subprocess.run(["git", "ls-files", "-z", "results"], cwd=ROOT, capture_output=True, check=True).stdout
        command = ["git", "checkout-index", "-z", "--stdin", f"--prefix={folder}/"]
        subprocess.run(command, cwd=ROOT, input=files, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return (folder / "results").is_dir()
