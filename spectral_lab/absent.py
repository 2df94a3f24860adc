"""Libraries that Python in a browser lacks: they are named in one line where they are used, and never at import."""

from __future__ import annotations

import sys

IN_BROWSER = sys.platform == "emscripten"  # Pyodide, as in JupyterLite
# By the name that is imported: what is compiled for computers only, or too large for a page.
NAMES = {
    "torch": "PyTorch",
    "lightning_fabric": "PyTorch",
    "safetensors": "PyTorch",
    "qutip": "QuTiP",
    "sklearn": "scikit-learn",
    "pymatgen": "pymatgen",
    "gemmi": "Gemmi",
    "rdkit": "RDKit",
    "smact": "SMACT",
    "h5py": "h5py",
    "skfem": "scikit-fem",
    "pyscf": "PySCF",
    "pooch": "a download (with Pooch)",
}


def missing(error: BaseException) -> str | None:
    """The library that an error misses, by its name in prose; None if it misses none of these, or outside a browser."""
    if not IN_BROWSER or not isinstance(error, ModuleNotFoundError):
        return None
    return NAMES.get((error.name or "").partition(".")[0])
