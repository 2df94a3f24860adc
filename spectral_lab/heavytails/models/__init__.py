"""The networks of chapter 05, and how their layers are read and balanced."""

from __future__ import annotations

from spectral_lab.heavytails.models.balance import SigmoidBalance, TemperatureBalance
from spectral_lab.heavytails.models.gpt import TinyGPT
from spectral_lab.heavytails.models.images import VGG, ResNet, TinyImageNet
from spectral_lab.heavytails.models.layers import LayerSpectrum, fourier_spectra, layer_spectra
from spectral_lab.heavytails.models.llama import Llama, load_llama
from spectral_lab.heavytails.models.sequential import blocks_of, prune_blocks

__all__ = [
    "VGG",
    "LayerSpectrum",
    "Llama",
    "ResNet",
    "SigmoidBalance",
    "TemperatureBalance",
    "TinyGPT",
    "TinyImageNet",
    "blocks_of",
    "fourier_spectra",
    "layer_spectra",
    "load_llama",
    "prune_blocks",
]
