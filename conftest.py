"""Tests and notebook tests read the records that git knows: a run recorded on this machine changes none of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def pytest_configure(config) -> None:
    folder = Path(tempfile.mkdtemp(prefix="spectral-lab-results-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    root = folder if known_to_git(folder, config.rootpath) else config.rootpath
    os.environ["SPECTRAL_LAB_RESULTS"] = str(root / "results")


def known_to_git(folder: Path, root: Path) -> bool:
    """Copy `results/` as it is committed or staged; False where there is no git or no clone."""
    try:
        files = subprocess.run(["git", "ls-files", "-z", "results"], cwd=root, capture_output=True, check=True).stdout
        command = ["git", "checkout-index", "-z", "--stdin", f"--prefix={folder}/"]
        subprocess.run(command, cwd=root, input=files, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return (folder / "results").is_dir()
