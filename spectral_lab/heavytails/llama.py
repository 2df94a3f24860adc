"""Exponents of LLaMA-7B, measured by others: what demonstrations and claims can say of a large model without it.

The four arrays were cached in the public repositories of FARMS and of AlphaPruning: the exponent of each of seven
matrices in each of 32 blocks, by the peak rule. "vanilla" and "farms" (windows of 2000, 15 an axis) are what FARMS
compares; "farms-10" has 10 an axis, and "other-team" is "vanilla" as AlphaPruning's authors measured it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

KEYS = {
    "vanilla": "llama7b_alpha_peak",
    "farms": "llama7b_alpha_peak_farms_ops15",
    "farms-10": "llama7b_alpha_peak_farms_ops10",
    "other-team": "llama7b_alpha_peak_alphapruning_repo",
}
MATRICES = ("q", "k", "v", "o", "gate", "up", "down")
HIDDEN, INTERMEDIATE, BLOCKS = 4096, 11008, 32
MATRIX_SIZES = (HIDDEN * HIDDEN,) * 4 + (HIDDEN * INTERMEDIATE,) * 3


@cache
def llama_alphas() -> dict[str, Float[np.ndarray, "32 7"]]:
    """The exponents by measurement: rows are blocks, columns the matrices q, k, v, o, gate, up, down."""
    with np.load(Path(__file__).with_name("llama_alphas.npz")) as stored:
        found = {name: stored[key].astype(float).reshape(BLOCKS, len(MATRICES)) for name, key in KEYS.items()}
    for alphas in found.values():
        alphas.flags.writeable = False
    return found
