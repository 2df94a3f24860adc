"""What training makes small: errors of blocks, where the atoms have orbitals, and of levels."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def block_loss(
    predicted: tuple[Tensor, Tensor], target: tuple[Tensor, Tensor], masks: tuple[Tensor, Tensor]
) -> Float[Tensor, ""]:
    """Mean absolute plus mean square error over the real entries of diagonal and lower blocks."""
    error = _real(predicted, masks) - _real(target, masks)
    return error.abs().mean() + error.square().mean()


def wa_loss(
    H: Float[Tensor, "b n n"],
    coefficients: Float[Tensor, "b n n"],
    energies: Float[Tensor, "b n"],
    off_diagonal: float = 1.0,
) -> Float[Tensor, ""]:
    """The wavefunction alignment loss of `spectral_lab.hamiltonians.wa_loss` for a batch, differentiable in H.

    C and the energies are the reference's, so no derivative of an eigensolver is taken.
    """
    M = coefficients.mT @ H @ coefficients
    levels = M.diagonal(dim1=-2, dim2=-1)
    others = M - levels.diag_embed()
    count = max(1, M[0].numel() - M.shape[-1])
    return (levels - energies).square().mean() + off_diagonal * others.square().sum((1, 2)).mean() / count


def _real(blocks: tuple[Tensor, Tensor], masks: tuple[Bool[Tensor, "*n"], Bool[Tensor, "*n"]]) -> Tensor:
    return torch.cat([block[mask] for block, mask in zip(blocks, masks, strict=True)])
