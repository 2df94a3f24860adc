"""Diagonal state-space models in PyTorch, which start from a diagonalised HiPPO-LegS system.

    modes.py    `Modes`: S4D's, of the normal part (A_N, B_H / 2), unitary V but a spike at n^2/pi;
                PTD's, of the perturbed matrix (A_H + E, B_H), V of condition about 10 and no spike
    s4.py       S4D and S4-PTD: one scalar system for each channel, a convolution
    s5.py       S5 and S5-PTD: one system with many inputs and outputs, a scan
    scan.py     the scan, with its own adjoint
    noise.py    the tone of the robustness experiments

Blocks, stacks and networks are those of chapter 02: only the start of the kernel is new.
Yu et al., "Robustifying State-space Models for Long Sequences via Approximate Diagonalization" (arXiv 2310.01698);
S4D: Gu, Gupta, Goel, Re (arXiv 2206.11893); S5: Smith, Warrington, Linderman (arXiv 2208.04933).
Sequences are (batch, length, channels) throughout.
"""

from __future__ import annotations

from spectral_lab.hippo.models import Block, Network, Norm, PairNetwork, Stack, TiedDropout, reader
from spectral_lab.pseudospectra.models.modes import Modes, ptd_modes, s4d_modes
from spectral_lab.pseudospectra.models.noise import FourierNoise
from spectral_lab.pseudospectra.models.s4 import DiagonalSSM
from spectral_lab.pseudospectra.models.s5 import S5SSM, OneHot, S5Block
from spectral_lab.pseudospectra.models.scan import linear_scan

__all__ = [
    "S5SSM",
    "Block",
    "DiagonalSSM",
    "FourierNoise",
    "Modes",
    "Network",
    "Norm",
    "OneHot",
    "PairNetwork",
    "S5Block",
    "Stack",
    "TiedDropout",
    "linear_scan",
    "ptd_modes",
    "reader",
    "s4d_modes",
]
