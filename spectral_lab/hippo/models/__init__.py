"""S4 and S4D in PyTorch, the layers and networks they are used in, and what they are held against.

    kernels.py     one convolution kernel for each channel: S4, S4D, free
    layers.py      the convolution, the block around it, a stack of blocks
    networks.py    encoder, body and head; pairs of documents; the linear model of the delay task
    baselines.py   a GRU, a Transformer

Sequences are (batch, length, channels).
"""

from __future__ import annotations

from spectral_lab.hippo.models.baselines import Recurrent, Transformer
from spectral_lab.hippo.models.kernels import FreeKernel, S4DKernel, S4Kernel, StateSpaceKernel
from spectral_lab.hippo.models.layers import Block, Convolution, Norm, Stack, TiedDropout
from spectral_lab.hippo.models.networks import DelayModel, Network, PairNetwork, s4_stack

__all__ = [
    "Block",
    "Convolution",
    "DelayModel",
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
    "s4_stack",
]
