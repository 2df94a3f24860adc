"""The models of chapter 08: the decoder, the diffusion head, and both in one causal stream."""

from spectral_lab.generation.models.decoder import Decoder
from spectral_lab.generation.models.head import DiffusionHead
from spectral_lab.generation.models.unigenx import UniGenX, generate, write_symbols

__all__ = ["Decoder", "DiffusionHead", "UniGenX", "generate", "write_symbols"]
