"""The error that every benchmark of the paper reports."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from spectral_lab import checks


def relative_l2(prediction: ArrayLike, target: ArrayLike) -> Float[np.ndarray, " samples"]:
    """||prediction - target||_2 / ||target||_2 for each sample of the first axis, all other axes flattened.

    The paper's text speaks of a mean squared error; its code and its authors' README mean this.

    Args: prediction and target (samples, ...), of one shape; no sample of target is 0. Raises: ValueError.
    """
    prediction, target = checks.array(prediction, "prediction"), checks.array(target, "target")
    if prediction.shape != target.shape or target.ndim == 0:
        raise ValueError(
            f"prediction and target must share a shape (samples, ...), got {prediction.shape} and {target.shape}"
        )
    scale = np.abs(target).reshape(len(target), -1).max(axis=1, initial=0)
    if (scale == 0).any():
        raise ValueError("target must have no sample of zeros, or its relative error is undefined")
    if max(np.abs(prediction).max(initial=0), scale.max(initial=0)) > 1e150:
        raise ValueError("prediction and target must be at most 1e150 in size")
    flat = [(part.reshape(len(target), -1).T / scale).T for part in (prediction - target, target)]
    return np.linalg.norm(flat[0], axis=1) / np.linalg.norm(flat[1], axis=1)
