"""The checkout that this package runs from, and the folders that belong to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def local_folder(variable: str, name: str, elsewhere: Callable[[], Path] | None = None) -> Path:
    """The folder that an environment variable names, else the one of this name in the checkout.

    Where there is no checkout: `elsewhere()`, or the one of this name in the present folder.
    """
    chosen = os.environ.get(variable)
    if chosen:
        return Path(os.path.expanduser(chosen))  # which leaves a ~ as it is where there is no home
    if (ROOT / "pyproject.toml").is_file():
        return ROOT / name
    return elsewhere() if elsewhere else Path.cwd() / name
