"""S4 and S4D in PyTorch, the layers and networks they are used in, and what they are held against.

    kernels.py     one convolution kernel for each channel: S4, S4D, free
    layers.py      the convolution, the block around it, a stack of blocks
    networks.py    encoder, body and head; pairs of documents; the linear model of the delay task
    baselines.py   a GRU, a Transformer

Sequences are (batch, length, channels).
"""

from __future__ import annotations

from spectral_lab.hippo.models.baselines import Recurrent, Transformer
from spectral_lab.hippo.models.kernels import (
    DiagonalKernel,
    FreeKernel,
    S4DKernel,
    S4Kernel,
    StateSpaceKernel,
    drawn_log_steps,
)
from spectral_lab.hippo.models.layers import Block, Convolution, Norm, Stack, TiedDropout
from spectral_lab.hippo.models.networks import DelayModel, Network, PairNetwork, reader, s4_stack

__all__ = [
    "Block",
    "Convolution",
    "DelayModel",
    "DiagonalKernel",
    "FreeKernel",
    "Network",
    "Norm",
    "PairNetwork",
    "Recurrent",
    "S4DKernel",
    "S4Kernel",
    "Stack",
    "StateSpaceKernel",
    "TiedDropout",
    "Transformer",
    "drawn_log_steps",
    "reader",
    "s4_stack",
]
