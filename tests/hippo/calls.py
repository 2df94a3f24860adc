"""One good call of every public function of chapter 02: what tests/hostile.py spoils, one argument at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab.hippo import UNIFORM, dplr, legs

A, B = legs(4)
C = np.array([1.0, -1.0, 0.5, 2.0])
SIGNAL = np.sin(np.linspace(0, 6, 40))
HALF = np.array([-0.5 + 1j, -0.5 + 2j])

CALLS: dict[str, dict[str, Any]] = {
    "basis": {"family": "legt", "n": 4, "age": 0.3, "window": 1.0},
    "delay_network": {"family": "legt", "n": 4, "delay": 1.0},
    "delay_readout_error": {
        "family": "legt",
        "n": 4,
        "lag": 8,
        "step": 0.1,
        "band": 0.5,
        "frequencies": 64,
        "ridge": 1e-6,
    },
    "diagonal": {"name": "lin", "n": 4},
    "discrete_system": {"system": (A, B), "C": C, "step": 0.1, "discretization": "bilinear"},
    "discretize": {"A": A, "B": B, "step": 0.1, "method": "zoh"},
    "discretize_diagonal": {"Lambda": HALF, "B": np.ones(2), "step": 0.1, "method": "zoh"},
    "dplr": {"family": "legs", "n": 4, "window": 1.0},
    "expm": {"A": A},
    "fourier_delay": {"n": 4, "s": 1j},
    "fourier_states_needed": {"lipschitz": 1.0, "error": 0.1, "derivatives": 1},
    "fout": {"n": 4, "window": 1.0},
    "generating_function": {
        "system": dplr("legs", 4),
        "C": np.ones(2),
        "step": 0.1,
        "length": 8,
        "omega": np.array([1.0, 1j]),
    },
    "gramian": {"A": A, "B": B},
    "horizon": {"n": 4, "frequency": 3.0},
    "impulse_response": {"A": A, "B": B, "age": 0.5},
    "kernel": {"system": (A, B), "C": C, "step": 0.1, "length": 8, "method": "krylov", "discretization": "bilinear"},
    "lagt": {"n": 4},
    "legs": {"n": 4},
    "legt": {"n": 4, "window": 1.0},
    "lmu": {"n": 4},
    "low_rank": {"family": "legs", "n": 4, "window": 1.0},
    "measure": {"family": "legt", "age": 0.3, "window": 1.0},
    "memory": {"family": "legt", "n": 4, "signal": SIGNAL, "dt": 0.1, "method": "bilinear", "window": 1.0},
    "orthogonality_defect": {"A": A, "B": B, "decay": 1.0},
    "pade_delay": {"n": 4, "s": 1j},
    "projection": {"family": "legt", "n": 4, "signal": SIGNAL, "dt": 0.1, "window": 1.0},
    "recall": {"family": "legt", "state": C, "samples": 10, "dt": 0.1, "window": 1.0, "half_sample": False},
    "reconstruct": {
        "family": "legt",
        "n": 4,
        "signal": SIGNAL,
        "dt": 0.1,
        "at": -1,
        "method": "bilinear",
        "window": 1.0,
        "half_sample": False,
    },
    "relative_error": {"family": "legt", "estimate": SIGNAL + 0.1, "signal": SIGNAL, "dt": 0.1, "window": 1.0},
    "scaled_legs": {"n": 4, "signal": SIGNAL, "method": "bilinear"},
    "state_kernel": {"family": "legt", "n": 4, "age": 0.3, "window": 1.0},
    "states_needed": {"family": "legt", "frequency": 3.0, "age": 1.0},
    "stretch": {"A": A, "B": B, "c": 2.0},
    "system": {"family": "legt", "n": 4, "window": 1.0},
    "tilt": {"A": A, "B": B, "c": 2.0},
    "timescale": {"family": "legt", "window": 1.0},
    "transfer_function": {"A": A, "B": B, "C": C, "D": 0.0, "s": 1j},
    "turn": {"A": A, "B": B, "V": np.eye(4)},
    "vandermonde_kernel": {
        "Lambda": HALF,
        "B": np.ones(2),
        "C": np.ones(2),
        "step": 0.1,
        "length": 8,
        "method": "zoh",
        "algorithm": "two_level",
    },
    "warped_basis": {"warp": UNIFORM, "n": 4, "t": 1.0, "s": 0.5},
    "warped_coefficients": {"warp": UNIFORM, "n": 4, "signal": np.sin, "t": 1.0, "nodes": 40},
    "warped_measure": {"warp": UNIFORM, "t": 1.0, "s": 0.5},
    "white_signal": {"period": 1.0, "dt": 0.1, "freq": 2.0, "seed": 0},
    "without_low_rank": {"family": "legs", "n": 4, "window": 1.0},
}
