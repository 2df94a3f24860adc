"""Chapter 03: pseudospectra, and how to diagonalise a matrix that must not be diagonalised.

1. S4 starts from the HiPPO-LegS matrix A_H. Its eigenvalues are -1..-n, but its eigenvectors are so nearly parallel
   that diagonalising it is ill-posed: the condition number grows like (3 + 2 sqrt 2)^n, 10^23 at n = 32.
2. S4D and S5 drop a rank-one part and diagonalise what is left. Their outputs converge to those of HiPPO
   for each fixed input, but not uniformly in frequency: a spike at w = n^2/pi keeps its height for every n.
3. A faint tone at that frequency is amplified out of proportion: models started there are fragile.
4. Perturb, then diagonalise (PTD): A_H + E with a small E has well-conditioned eigenvectors. Its eigenvalues are far
   from those of A_H, and that is harmless: the system is close, uniformly in frequency.
5. Pseudospectra say all of this in one picture: where eigenvalues go under a perturbation of size epsilon.

Yu, Nigmetov, Morozov, Mahoney, Erichson, "Robustifying State-space Models for Long Sequences via Approximate
Diagonalization", ICLR 2024 (arXiv 2310.01698).
"""

from __future__ import annotations

from spectral_lab.pseudospectra.conditioning import (
    departure_from_normality,
    eigenvalue_conditions,
    eigenvector_condition,
)
from spectral_lab.pseudospectra.convergence import impulse_gap, weak_error
from spectral_lab.pseudospectra.gallery import convection_diffusion, grcar, jordan_block
from spectral_lab.pseudospectra.legs import (
    allpass,
    allpass_phase,
    diag_gap,
    diag_gap_norm,
    legs_impulse_response,
    legs_normal,
    legs_normal_eigenpairs,
    legs_state_modes,
    legs_states,
    legs_transfer,
    s4d_frequencies,
    spikes,
)
from spectral_lab.pseudospectra.modal import (
    hold,
    modal_transfer,
    modes,
    sampled_transfer,
    tone_response,
    transfer_function,
)
from spectral_lab.pseudospectra.norms import h2_norm, hinf_norm
from spectral_lab.pseudospectra.numerical_range import field_of_values, numerical_radius
from spectral_lab.pseudospectra.pencils import arnoldi, energy_matrix, pencil_sigma_min
from spectral_lab.pseudospectra.ptd import PTD, Path, diagonalize, ptd, ptd_by_adam, rank_one_path, stored_path
from spectral_lab.pseudospectra.reading import read_matrix
from spectral_lab.pseudospectra.resolvent import legs_sigma_min, sigma_min
from spectral_lab.pseudospectra.transients import (
    growth_reached,
    kreiss_constant,
    numerical_abscissa,
    power_norms,
    pseudospectral_abscissa,
    semigroup_norms,
    spectral_abscissa,
)

__all__ = [
    "PTD",
    "Path",
    "allpass",
    "allpass_phase",
    "arnoldi",
    "convection_diffusion",
    "departure_from_normality",
    "diag_gap",
    "diag_gap_norm",
    "diagonalize",
    "eigenvalue_conditions",
    "eigenvector_condition",
    "energy_matrix",
    "field_of_values",
    "grcar",
    "growth_reached",
    "h2_norm",
    "hinf_norm",
    "hold",
    "impulse_gap",
    "jordan_block",
    "kreiss_constant",
    "legs_impulse_response",
    "legs_normal",
    "legs_normal_eigenpairs",
    "legs_sigma_min",
    "legs_state_modes",
    "legs_states",
    "legs_transfer",
    "modal_transfer",
    "modes",
    "numerical_abscissa",
    "numerical_radius",
    "pencil_sigma_min",
    "power_norms",
    "pseudospectral_abscissa",
    "ptd",
    "ptd_by_adam",
    "rank_one_path",
    "read_matrix",
    "s4d_frequencies",
    "sampled_transfer",
    "semigroup_norms",
    "sigma_min",
    "spectral_abscissa",
    "spikes",
    "stored_path",
    "tone_response",
    "transfer_function",
    "weak_error",
]
