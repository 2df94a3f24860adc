"""The latent spectral model and what it is measured against, on dense tensors with channels last."""

from __future__ import annotations

from spectral_lab.latent.models.deeponet import DeepONet
from spectral_lab.latent.models.fno import FNO, SpectralConv
from spectral_lab.latent.models.multiscale import LSM, UNet
from spectral_lab.latent.models.points import LSMPoints
from spectral_lab.latent.models.rollout import forecast, rollout
from spectral_lab.latent.models.spectral_block import SpectralBlock

__all__ = ["FNO", "LSM", "DeepONet", "LSMPoints", "SpectralBlock", "SpectralConv", "UNet", "forecast", "rollout"]
