"""Diagonal state-space models in PyTorch, which start from a diagonalised HiPPO-LegS system.

    modes.py    `Modes`: S4D's, of the normal part (A_N, B_H / 2), unitary V but a spike at n^2/pi;
                PTD's, of the perturbed matrix (A_H + E, B_H), V of condition about 10 and no spike
    s4.py       S4D and S4-PTD: one scalar system for each channel, a convolution
    s5.py       S5 and S5-PTD: one system with many inputs and outputs, a scan
    layers.py   norm, classifiers
    noise.py    the tone of the robustness experiments

Yu et al., "Robustifying State-space Models for Long Sequences via Approximate Diagonalization" (arXiv 2310.01698);
S4D: Gu, Gupta, Goel, Re (arXiv 2206.11893); S5: Smith, Warrington, Linderman (arXiv 2208.04933).
Sequences are (batch, length, channels) throughout.
"""

from __future__ import annotations

from spectral_lab.hippo.models import TiedDropout
from spectral_lab.pseudospectra.models.layers import (
    ChannelNorm,
    OneHot,
    PairClassifier,
    SequenceClassifier,
    block_norm,
)
from spectral_lab.pseudospectra.models.modes import Modes, ptd_modes, s4d_modes
from spectral_lab.pseudospectra.models.noise import FourierNoise
from spectral_lab.pseudospectra.models.s4 import DiagonalSSM, S4Block
from spectral_lab.pseudospectra.models.s5 import S5SSM, S5Block

__all__ = [
    "S5SSM",
    "ChannelNorm",
    "DiagonalSSM",
    "FourierNoise",
    "Modes",
    "OneHot",
    "PairClassifier",
    "S4Block",
    "S5Block",
    "SequenceClassifier",
    "TiedDropout",
    "block_norm",
    "ptd_modes",
    "s4d_modes",
]
