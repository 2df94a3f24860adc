"""Chapter 06: latent spectral models, from Fourier series to a learned solver of partial differential equations.

1. A spectral method expands a solution in basis functions. The expansion converges as fast as the solution is smooth:
   like a power of N for finitely many derivatives, exponentially for analytic functions.
2. A solution operator, from the coefficients of an equation to its solution, can be learned from solved examples.
3. The latent spectral model (LSM) compresses each patch of the grid to a few tokens by attention, moves every entry of
   a token along a learned curve made of sines and cosines, and brings the result back by attention, at five scales.
4. What can be proved: the curve converges at Favard's rate for integer frequencies, and the way back is stable.
5. What cannot: the frequencies of the released code stay below pi, however many they are.

Wu, Hu, Luo, Wang, Long, "Solving High-Dimensional PDEs with Latent Spectral Models", ICML 2023 (arXiv 2301.12664).
"""

from __future__ import annotations

from spectral_lab.latent.basis import Fit, basis_matrix, block_frequencies, fit_residual, useful_directions
from spectral_lab.latent.burgers import burgers, cole_hopf
from spectral_lab.latent.chebyshev import (
    chebyshev_coefficients,
    chebyshev_differentiation,
    chebyshev_interpolation,
    chebyshev_nodes,
    chebyshev_sides,
    chebyshev_truncation,
    runge,
)
from spectral_lab.latent.darcy import (
    DarcySolution,
    correlation,
    darcy_coefficient,
    mean_solution_bounds,
    pcg_rate,
    solve_darcy,
)
from spectral_lab.latent.fourier import (
    Sides,
    analytic_sides,
    best_approximation_error,
    favard_constant,
    favard_sides,
    fourier_coefficients,
    fourier_interpolation,
    fourier_sum,
    fourier_truncation,
    poisson_kernel,
    smooth_sides,
)
from spectral_lab.latent.latent_block import attend, decode, decoder_sides, latent_solve, latent_tokens
from spectral_lab.latent.metrics import relative_l2
from spectral_lab.latent.miniatures import TrainedNetwork, trained_network
from spectral_lab.latent.patches import ThroughTokens, from_patches, patch_features, through_tokens, to_patches
from spectral_lab.latent.poisson import sine_coefficients, solve_poisson
from spectral_lab.latent.random_fields import complex_noise, random_field_neumann, random_field_periodic
from spectral_lab.latent.vorticity import navier_stokes

__all__ = [
    "DarcySolution",
    "Fit",
    "Sides",
    "ThroughTokens",
    "TrainedNetwork",
    "analytic_sides",
    "attend",
    "basis_matrix",
    "best_approximation_error",
    "block_frequencies",
    "burgers",
    "chebyshev_coefficients",
    "chebyshev_differentiation",
    "chebyshev_interpolation",
    "chebyshev_nodes",
    "chebyshev_sides",
    "chebyshev_truncation",
    "cole_hopf",
    "complex_noise",
    "correlation",
    "darcy_coefficient",
    "decode",
    "decoder_sides",
    "favard_constant",
    "favard_sides",
    "fit_residual",
    "fourier_coefficients",
    "fourier_interpolation",
    "fourier_sum",
    "fourier_truncation",
    "from_patches",
    "latent_solve",
    "latent_tokens",
    "mean_solution_bounds",
    "navier_stokes",
    "patch_features",
    "pcg_rate",
    "poisson_kernel",
    "random_field_neumann",
    "random_field_periodic",
    "relative_l2",
    "runge",
    "sine_coefficients",
    "smooth_sides",
    "solve_darcy",
    "solve_poisson",
    "through_tokens",
    "to_patches",
    "trained_network",
    "useful_directions",
]
