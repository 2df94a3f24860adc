"""S4D and S4-PTD: the layer of chapter 02, started from a diagonalised LegS system. The start is all they differ in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from spectral_lab import checks
from spectral_lab.hippo.models import Convolution, DiagonalKernel
from spectral_lab.pseudospectra.models.modes import Modes


class DiagonalSSM(Convolution):
    """H scalar systems x' = diag(lambda) x + B u, y = 2 Re(C x) (+ D u), each with its own step and read-out.

    The read-out is C = C_0 V with C_0 real and normal, drawn for the state of HiPPO. All n modes are kept, not half of
    them: those of a complex perturbation have no partners. The 2 is that of the authors' code, so y is twice the output
    of the system. A trained mode stays stable, as Re lambda = -e^{A_real}; one that starts unstable is reflected.

    Args:
        modes: the system to start from, n modes.
        channels: H.
        steps: range of the steps, drawn log-uniformly, one for each channel.
        trainable: whether lambda, B and the steps are learnt; C always is.
        shared: one lambda for all channels, and B folded into C, as in the Long Range Arena models.
        bidirectional: a second kernel with its own C runs from the future.
        skip: whether there is a D.
    Raises: ValueError.
    """

    def __init__(
        self,
        modes: Modes,
        channels: int,
        *,
        steps: Sequence[float] = (1e-3, 1e-1),
        trainable: bool = True,
        shared: bool = False,
        bidirectional: bool = False,
        skip: bool = False,
    ) -> None:
        channels = checks.integer(channels, "channels", 1)
        copies, n = (1 if checks.flag(shared, "shared") else channels), len(modes.eigenvalues)
        directions = 1 + checks.flag(bidirectional, "bidirectional")
        Lambda = np.tile(-abs(modes.eigenvalues.real) + 1j * modes.eigenvalues.imag, (copies, 1))
        C = torch.randn(directions, channels, n).to(torch.complex128) @ torch.as_tensor(modes.V)
        if shared:
            C = C * torch.as_tensor(modes.B)
        B = None if shared else np.tile(modes.B, (copies, 1))
        kernel = DiagonalKernel(channels, Lambda, B, C, steps=steps, step_map="exp", trainable=trainable)
        super().__init__(kernel, skip=skip)
