"""One good call of every public function of chapter 08: what tests/hostile.py spoils, one argument at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_lab import generation

SCHEDULE = generation.respace(generation.CosineSchedule(), 10)
ROCKSALT = generation.Crystal(2.82 * (1 - np.eye(3)), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
CRYSTAL = {
    "lattice": [[0, 2.82, 2.82], [2.82, 0, 2.82], [2.82, 2.82, 0]],
    "sites": [
        {"element": "Na", "fractional_coordinates": [0, 0, 0]},
        {"element": "Cl", "fractional_coordinates": [0.5, 0.5, 0.5]},
    ],
}
MOLECULE = {"smi": "CCO", "num": 3, "pos": [[-1.2, 0.1, 0], [0.1, -0.5, 0.1], [1.2, 0.4, -0.2]]}
POSITIONS = np.array(MOLECULE["pos"])


def half(x: Any, t: Any) -> Any:
    return 0.5 * x


def tape(shape: Any) -> Any:
    return np.random.RandomState(0).standard_normal(shape)


SAMPLER = {"predictor": half, "schedule": SCHEDULE, "shape": (2, 3), "noise": tape}
CALLS: dict[str, dict[str, Any]] = {
    "conditional_variances": {"covariance": np.array([[2.0, 1.0], [1.0, 3.0]]), "order": [1, 0]},
    "coulomb_spectrum": {"numbers": [6, 6, 8], "positions": POSITIONS},
    "coverage_and_matching": {"generated": [POSITIONS], "reference": [POSITIONS], "smiles": "CCO", "threshold": 0.5},
    "ddim": {**SAMPLER, "start": 1},
    "ddpm": {**SAMPLER, "temperature": 1.0, "variance": "small", "clip": 16.0, "start": 1},
    "debye_waller": {"hkl": [[1, 0, 0]], "sigma": 0.1},
    "detokenize_conditional": {"sequence": generation.tokenize_conditional(MOLECULE, {"gap": 1.0})},
    "detokenize_crystal": {"sequence": generation.tokenize_crystal(CRYSTAL), "layout": "material", "scale": 1.0},
    "detokenize_molecule": {"sequence": generation.tokenize_molecule(MOLECULE), "vocabulary": "uni"},
    "dpm_solver": {**SAMPLER, "steps": 5, "order": 2, "matched": True},
    "edm_bond_order": {"a": "C", "b": "O", "distance": 1.4},
    "edm_stability": {"symbols": ["C", "C", "O"], "positions": POSITIONS},
    "emergence_step": {"variance": 0.1},
    "flatten_formula": {"formula": "Al2(SO4)3"},
    "gaussian_predictor": {"mean": [0.0, 1.0], "covariance": np.array([[2.0, 1.0], [1.0, 3.0]])},
    "generated_crystals": {"names": ["cscl"]},
    "gram_spectrum": {"positions": POSITIONS},
    "heun": {"denoise": half, "edm": generation.EDM(), "shape": (2, 3), "noise": tape, "steps": 5},
    "ionic_radius": {"element": "Na", "charge": 1, "coordination": 6},
    "match": {"structure": ROCKSALT, "reference": ROCKSALT, "tolerance": "cdvae"},
    "mean_intensity": {"crystal": ROCKSALT, "hkl": [[1, 0, 0]], "sigma": 0.1},
    "mixture_predictor": {"means": np.array([[0.0, 1.0], [2.0, 0.0]]), "std": 0.1},
    "normalize_fractional": {"positions": [0.1, 1.2]},
    "principal_frame": {"positions": POSITIONS},
    "prototype_crystal": {"name": "rocksalt", "ions": [("Na", 1), ("Cl", -1)]},
    "random_baseline": {"reference": ROCKSALT, "draws": 2, "seed": 0, "tolerance": "cdvae"},
    "respace": {"schedule": generation.CosineSchedule(), "steps": 10},
    "std_ratio": {"sampler": "ddpm", "std": 0.1, "steps": 10, "variance": "small", "temperature": 1.0},
    "structure_factor": {"crystal": ROCKSALT, "hkl": [[1, 0, 0]]},
    "structure_valid": {"crystal": ROCKSALT},
    "terminal_amplification": {"steps": 10},
    "tokenize_conditional": {"record": MOLECULE, "properties": {"gap": 1.0}},
    "tokenize_crystal": {"record": CRYSTAL, "layout": "material", "scale": 1.0},
    "tokenize_molecule": {"record": MOLECULE, "vocabulary": "uni"},
    "wiener_gain": {"variance": [0.1, 1.0], "t": 100},
    "xrd_cosine": {"a": ROCKSALT, "b": ROCKSALT, "fwhm": 0.3},
    "xrd_pattern": {"crystal": ROCKSALT},
}
