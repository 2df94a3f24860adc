"""What importing costs: mathematics, explorers, claims and exercises bring in neither torch nor a plotting library."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pkgutil import iter_modules

import pytest

from spectral_lab.course import CHAPTERS

TORCH_ROOMS = {"models", "data", "recipe"}
HEAVY = {"torch", "lightning_fabric", "matplotlib", "plotly", "sklearn", "qutip", "mpmath", "pandas"}
# Slow parts of scipy: modules say `import scipy` and call `scipy.linalg.solve`, so that they load when first used.
SLOW = {"scipy.linalg", "scipy.optimize", "scipy.integrate", "scipy.stats", "scipy.signal", "scipy.interpolate"}
PACKAGES = [item.package for item in CHAPTERS if item.written]


def loaded(*modules: str) -> set[str]:
    """Every module that a fresh interpreter holds after importing these."""
    script = "import importlib, json, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
    script += "print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script, *modules], capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout))


def light_rooms(package: str) -> list[str]:
    """The modules of a chapter that must import without torch."""
    path = importlib.util.find_spec(f"spectral_lab.{package}").submodule_search_locations
    return [f"spectral_lab.{package}.{module.name}" for module in iter_modules(path) if module.name not in TORCH_ROOMS]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_chapter_is_light(package: str) -> None:
    assert loaded(f"spectral_lab.{package}", *light_rooms(package)) & (HEAVY | SLOW) == set()


def test_the_package_alone_imports_only_the_list_of_old_names() -> None:
    names = {name for name in loaded("spectral_lab") if name.startswith(("spectral_lab.", "numpy"))}
    assert names == {"spectral_lab.moved"}


def test_training_imports_no_widget() -> None:
    assert loaded("spectral_lab.training") & {"ipywidgets", "anywidget", "plotly", "matplotlib"} == set()
