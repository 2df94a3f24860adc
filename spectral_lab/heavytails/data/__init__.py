"""What the recipes of chapter 05 learn from: digits, CIFAR-100, and text that Python ships."""

from __future__ import annotations

from spectral_lab import pictures
from spectral_lab.heavytails.data.images import cifar100, digits
from spectral_lab.heavytails.data.text import Passages, passages, shipped_text, text_identity

DATASETS = {"cifar100": pictures.DATASETS["cifar100"]}

__all__ = ["DATASETS", "Passages", "cifar100", "digits", "passages", "shipped_text", "text_identity"]
