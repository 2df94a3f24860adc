"""One good call of every public function of the chapter; tests/hostile.py spoils its arguments one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.matrix_functions import HEAT

CALLS: dict[str, dict[str, Any]] = {
    "filter_of": {"name": HEAT, "t": 2.0},
    "matrix_function": {"A": np.array([[2.0, -1.0], [-1.0, 2.0]]), "f": np.exp},
    "path_laplacian": {"n": 8},
    "signal": {"name": "bump"},
}
