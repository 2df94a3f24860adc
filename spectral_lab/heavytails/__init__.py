"""Chapter 05: heavy tails of weight spectra, and what the shape of a matrix does to them.

1. The eigenvalues of W^T W of a trained layer have a tail. Heavy-tailed self-regularisation reads its exponent alpha as
   a mark: smaller alpha, heavier tail, better trained.
2. Noise has a spectrum too, and it depends on the shape: so does the alpha of noise, from 2.12 for a square matrix to
   13 at an aspect ratio of 100. Layers of different shapes get marks on different scales.
3. FARMS cuts every matrix into windows of one shape, pools their spectra and reads one exponent. The bias is gone; weak
   signals may go with it.
4. TempBalance turns exponents into learning rates, AlphaPruning into sparsities. Adding a number to every alpha changes
   neither: where all blocks have the same shapes the bias cancels.

Hu, Goel, Killiakov, Yang, "Eigenspectrum Analysis of Neural Networks without Aspect Ratio Bias", ICML 2025 (arXiv
2506.06280). The paper's text was not at hand: what follows it is reconstructed from its abstract and the released code.
"""

from __future__ import annotations

from spectral_lab.heavytails.allocation import alpha_pruning, sigmoid_balance, temperature_balance
from spectral_lab.heavytails.edges import largest_eigenvalue_law, tracy_widom_cdf
from spectral_lab.heavytails.ensembles import (
    gaussian_matrix,
    largest_wishart,
    pareto_matrix,
    phase_matrix,
    planted_matrix,
    wishart_spectra,
)
from spectral_lab.heavytails.esd import WeightMetrics, esd, weight_metrics
from spectral_lab.heavytails.lanczos import lanczos_density
from spectral_lab.heavytails.marchenko_pastur import MarchenkoPastur, Semicircle
from spectral_lab.heavytails.null import Corrected, NoiseExponent, noise_exponent, null_corrected
from spectral_lab.heavytails.pruning import magnitude_mask, sparsegpt, wanda_mask
from spectral_lab.heavytails.spikes import spiked_covariance, spiked_matrix, spiked_wigner
from spectral_lab.heavytails.tails import HillCurve, TailFit, hill_curve, tail_exponent
from spectral_lab.heavytails.windows import convolution_blocks, coverage, farms_esd, farms_exponent, window_starts

__all__ = [
    "Corrected",
    "HillCurve",
    "MarchenkoPastur",
    "NoiseExponent",
    "Semicircle",
    "TailFit",
    "WeightMetrics",
    "alpha_pruning",
    "convolution_blocks",
    "coverage",
    "esd",
    "farms_esd",
    "farms_exponent",
    "gaussian_matrix",
    "hill_curve",
    "lanczos_density",
    "largest_eigenvalue_law",
    "largest_wishart",
    "magnitude_mask",
    "noise_exponent",
    "null_corrected",
    "pareto_matrix",
    "phase_matrix",
    "planted_matrix",
    "sigmoid_balance",
    "sparsegpt",
    "spiked_covariance",
    "spiked_matrix",
    "spiked_wigner",
    "tail_exponent",
    "temperature_balance",
    "tracy_widom_cdf",
    "wanda_mask",
    "weight_metrics",
    "window_starts",
    "wishart_spectra",
]
