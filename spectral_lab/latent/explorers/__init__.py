"""The demonstrations of the chapter; `EXPLORERS` has them in the order of the lesson."""

from spectral_lab.latent.explorers.coefficients import pde_in_coefficients
from spectral_lab.latent.explorers.curve import learnable_curve
from spectral_lab.latent.explorers.smooth import how_smooth
from spectral_lab.latent.explorers.solve import solve_or_learn
from spectral_lab.latent.explorers.tokens import tokens_as_averages
from spectral_lab.latent.explorers.turbulence import turbulence_budget

EXPLORERS = (
    how_smooth,
    pde_in_coefficients,
    tokens_as_averages,
    learnable_curve,
    solve_or_learn,
    turbulence_budget,
)

__all__ = [
    "EXPLORERS",
    "how_smooth",
    "learnable_curve",
    "pde_in_coefficients",
    "solve_or_learn",
    "tokens_as_averages",
    "turbulence_budget",
]
