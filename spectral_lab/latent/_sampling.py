"""Functions given by a caller, sampled where they are needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Inexact

from spectral_lab import checks

Function = Callable[[np.ndarray], Any]


def sample(f: Function, x: np.ndarray, name: str = "f") -> Inexact[np.ndarray, "*shape"]:
    """f at the points x, as finite numbers of x's shape; a constant f may return one number."""
    if not callable(f):
        raise ValueError(f"{name} must be a function of an array of points, got {checks.shown(f)}")
    values = checks.array(f(x), f"the values of {name}")
    if values.shape not in ((), x.shape):
        raise ValueError(f"{name} must return one value a point, of shape {x.shape}, got {values.shape}")
    return np.broadcast_to(values, x.shape)
