"""HiPPO: memories as projections onto orthogonal bases, and the sequence models that grew from them (chapter 02).

S4 takes the matrix of HiPPO-LegS, derived for a memory that slows down with time, and runs it at constant speed.
What does that compute? e^{tA} B turns out to be Legendre polynomials in e^{-t}: the state is the best summary of the
whole past in an exponentially fading measure. The same reading works for any orthogonal basis whose kernels obey a
linear ODE; it gives the Fourier memory FouT, explains the normalisation of B and C, and makes the step a ruler:
1/step is how many samples the memory spans. Then S4 computes its convolution kernel from diagonal plus low rank, and
S4D drops the low rank and still works.

A. Gu, I. Johnson, A. Timalsina, A. Rudra, C. Re. How to Train Your HiPPO: State Space Models with Generalized
Orthogonal Basis Projections. ICLR 2023, arXiv 2206.12037. With HiPPO (2008.07669), S4 (2111.00396), S4D (2206.11893).
"""

from __future__ import annotations

from spectral_lab.hippo.bases import basis, impulse_response, measure, state_kernel, system
from spectral_lab.hippo.delay import delay_network, delay_readout_error, fourier_delay, pade_delay, transfer_function
from spectral_lab.hippo.diagonal import diagonal, discretize_diagonal, vandermonde_kernel, without_low_rank
from spectral_lab.hippo.discretization import discretize
from spectral_lab.hippo.dplr import DPLR, dplr, low_rank
from spectral_lab.hippo.exponential import expm
from spectral_lab.hippo.kernels import discrete_system, generating_function, kernel
from spectral_lab.hippo.matrices import fout, lagt, legs, legt, lmu
from spectral_lab.hippo.reconstruction import memory, projection, recall, reconstruct, relative_error, scaled_legs
from spectral_lab.hippo.signals import white_signal
from spectral_lab.hippo.timescales import (
    fourier_states_needed,
    gramian,
    horizon,
    orthogonality_defect,
    states_needed,
    stretch,
    tilt,
    timescale,
    turn,
)
from spectral_lab.hippo.timewarp import (
    EXPONENTIAL,
    UNIFORM,
    TimeWarp,
    warped_basis,
    warped_coefficients,
    warped_measure,
)

__all__ = [
    "DPLR",
    "EXPONENTIAL",
    "UNIFORM",
    "TimeWarp",
    "basis",
    "delay_network",
    "delay_readout_error",
    "diagonal",
    "discrete_system",
    "discretize",
    "discretize_diagonal",
    "dplr",
    "expm",
    "fourier_delay",
    "fourier_states_needed",
    "fout",
    "generating_function",
    "gramian",
    "horizon",
    "impulse_response",
    "kernel",
    "lagt",
    "legs",
    "legt",
    "lmu",
    "low_rank",
    "measure",
    "memory",
    "orthogonality_defect",
    "pade_delay",
    "projection",
    "recall",
    "reconstruct",
    "relative_error",
    "scaled_legs",
    "state_kernel",
    "states_needed",
    "stretch",
    "system",
    "tilt",
    "timescale",
    "transfer_function",
    "turn",
    "vandermonde_kernel",
    "warped_basis",
    "warped_coefficients",
    "warped_measure",
    "white_signal",
    "without_low_rank",
]
