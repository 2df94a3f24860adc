"""Chapter 08: one causal stream for symbols and for numbers.

1. A crystal or a molecule is a sentence of symbols and of exact numbers. A softmax writes symbols well and spells
   numbers badly; diffusion writes numbers well, and sequences of unknown length badly.
2. UniGenX writes both in one causal sequence: symbols by a softmax, each 3-vector by a small diffusion head that is
   told the hidden state of the slot before.
3. What the samplers do to Gaussian data is exact: which mode appears when, how much too narrow it comes out, and why
   few steps of the ancestral chain explode. This spectral reading is ours; the paper has no spectral theory.
4. A match rate needs a random baseline beside it, and a judge of the volume: a matcher is blind to it.

Zhang, Li, Luo, Hu and others, "UniGenX: Unified Generation of Sequence and Structure with Autoregressive Diffusion",
arXiv 2503.06687 (2025). Its full text was not available to us: abstracts, released code and published tables were.
"""

from __future__ import annotations

from spectral_lab.generation.crystals import (
    Crystal,
    debye_waller,
    mean_intensity,
    structure_factor,
    structure_valid,
    xrd_cosine,
    xrd_pattern,
)
from spectral_lab.generation.edm import EDM, heun
from spectral_lab.generation.gaussian import (
    conditional_variances,
    emergence_step,
    gaussian_predictor,
    mixture_predictor,
    std_ratio,
    terminal_amplification,
    wiener_gain,
)
from spectral_lab.generation.matching import composition_valid as composition_valid  # not in __all__: needs smact
from spectral_lab.generation.matching import match, random_baseline
from spectral_lab.generation.molecules import (
    coulomb_spectrum,
    coverage_and_matching,
    edm_bond_order,
    edm_stability,
    gram_spectrum,
    principal_frame,
)
from spectral_lab.generation.noise import CosineSchedule, NoiseSchedule, respace
from spectral_lab.generation.prototypes import (
    PROTOTYPES,
    Prototype,
    generated_crystals,
    ionic_radius,
    prototype_crystal,
)
from spectral_lab.generation.samplers import ddim, ddpm, dpm_solver
from spectral_lab.generation.tokens import (
    TokenSequence,
    detokenize_conditional,
    detokenize_crystal,
    detokenize_molecule,
    flatten_formula,
    normalize_fractional,
    tokenize_conditional,
    tokenize_crystal,
    tokenize_molecule,
)
from spectral_lab.generation.vocabulary import Vocabulary

__all__ = [
    "EDM",
    "PROTOTYPES",
    "CosineSchedule",
    "Crystal",
    "NoiseSchedule",
    "Prototype",
    "TokenSequence",
    "Vocabulary",
    "conditional_variances",
    "coulomb_spectrum",
    "coverage_and_matching",
    "ddim",
    "ddpm",
    "debye_waller",
    "detokenize_conditional",
    "detokenize_crystal",
    "detokenize_molecule",
    "dpm_solver",
    "edm_bond_order",
    "edm_stability",
    "emergence_step",
    "flatten_formula",
    "gaussian_predictor",
    "generated_crystals",
    "gram_spectrum",
    "heun",
    "ionic_radius",
    "match",
    "mean_intensity",
    "mixture_predictor",
    "normalize_fractional",
    "principal_frame",
    "prototype_crystal",
    "random_baseline",
    "respace",
    "std_ratio",
    "structure_factor",
    "structure_valid",
    "terminal_amplification",
    "tokenize_conditional",
    "tokenize_crystal",
    "tokenize_molecule",
    "wiener_gain",
    "xrd_cosine",
    "xrd_pattern",
]
