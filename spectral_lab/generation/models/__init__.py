"""The models of chapter 08: the decoder, the diffusion head, both in one causal stream, and two other heads."""

from spectral_lab.generation.models.baselines import BinnedHead, RegressionHead
from spectral_lab.generation.models.decoder import Decoder
from spectral_lab.generation.models.head import DiffusionHead
from spectral_lab.generation.models.unigenx import UniGenX, generate, write_symbols

__all__ = ["BinnedHead", "Decoder", "DiffusionHead", "RegressionHead", "UniGenX", "generate", "write_symbols"]
