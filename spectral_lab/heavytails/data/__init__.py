"""What the recipes of chapter 05 learn from: digits, CIFAR-100, text that Python ships, and compressible flows."""

from __future__ import annotations

from spectral_lab import pictures
from spectral_lab.heavytails.data.compressible import COMPRESSIBLE, compressible_flows
from spectral_lab.heavytails.data.images import cifar100, digits
from spectral_lab.heavytails.data.llama import LLAMA, calibration, tokenizer, windows_of
from spectral_lab.heavytails.data.text import Passages, passages, shipped_text, text_identity

DATASETS = {"cifar100": pictures.DATASETS["cifar100"], "llama": LLAMA, "compressible-flow": COMPRESSIBLE}

__all__ = [
    "COMPRESSIBLE",
    "DATASETS",
    "LLAMA",
    "Passages",
    "calibration",
    "cifar100",
    "compressible_flows",
    "digits",
    "passages",
    "shipped_text",
    "text_identity",
    "tokenizer",
    "windows_of",
]
