"""Modules that have moved: code that imports them by their old name still runs, and is told the new one.

A module of the old name holds what the new ones hold. It is made when it is imported, so this costs nothing else.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "cooling.cooling": ("cooling.protocol",),
    "cooling.hamiltonians": ("cooling.spin_chains",),
    "course.first_exercises": ("matrix_functions.exercises",),
    "course.first_explorer": ("matrix_functions.functions", "matrix_functions.path", "matrix_functions.explorers"),
    "eigenspaces.formats": ("eigenspaces.data.formats",),
    "eigenspaces.molecules": ("eigenspaces.data.molecules",),
    "hippo.data.sequences": ("pictures", "samples", "hippo.data.pixels"),
    "hippo.data.signals": ("hippo.data.memory_tasks",),
    "pseudospectra.scan": ("pseudospectra.models.scan",),
    "training.files": ("records", "checkout", "atomic"),
}


class Moved(MetaPathFinder, Loader):
    """Finds and fills the modules of old names (an entry of `sys.meta_path`)."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A module to be made here, if the name is an old one."""
        return ModuleSpec(name, self) if name.removeprefix("spectral_lab.") in MOVED else None

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary empty module."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill it from where its contents are now; a later module wins."""
        homes = [f"spectral_lab.{home}" for home in MOVED[module.__name__.removeprefix("spectral_lab.")]]
        warnings.warn(f"{module.__name__} is now {', '.join(homes)}", DeprecationWarning, stacklevel=2)
        for home in homes:
            contents = vars(importlib.import_module(home))
            vars(module).update({name: value for name, value in contents.items() if not name.startswith("__")})


def install() -> None:
    """Let Python ask here for modules of `spectral_lab` that it does not find elsewhere."""
    if not any(isinstance(finder, Moved) for finder in sys.meta_path):
        sys.meta_path.append(Moved())
