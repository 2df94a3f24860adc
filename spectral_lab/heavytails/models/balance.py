"""TempBalance and TB_Sigmoid in the training loop: before each epoch each layer is read, and gets a rate of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from spectral_lab import checks
from spectral_lab.heavytails.allocation import sigmoid_balance, temperature_balance
from spectral_lab.heavytails.models.layers import LayerSpectrum, fourier_spectra, layer_spectra
from spectral_lab.training import Callback

ORDERS = ("as read", "reversed", "permuted")
FEWEST, FEWEST_SIGMOID = 5, 12  # eigenvalues; layers with fewer keep the global rate, as released


class TemperatureBalance(Callback):
    """Sets the factor on each layer's learning rate from its exponent; it remembers nothing between epochs.

    size None reads whole matrices (TempBalance), a size windows (FARMS). `excluded` of "first" and "last" leaves those
    layers at the global rate. Two controls for the question whether the exponents matter: order="reversed" gives
    low + high minus the factor, "permuted" deals the factors out at random.
    """

    def __init__(
        self,
        model: nn.Module,
        size: int | None = None,
        low: float = 0.5,
        high: float = 1.5,
        rule: str = "linear",
        excluded: tuple[str, ...] = (),
        order: str = "as read",
    ) -> None:
        super().__init__(model)
        self.size, self.low, self.high, self.rule = size, low, high, rule
        self.excluded, self.order = tuple(excluded), checks.choice(order, "order", ORDERS)

    def before_epoch(self, run: Any) -> None:
        layers = [layer for layer in layer_spectra(self.model, self.size) if len(layer.eigenvalues) >= FEWEST]
        layers = layers["first" in self.excluded : len(layers) - ("last" in self.excluded)]
        alphas = [layer.alpha for layer in layers]
        factors = temperature_balance(alphas, 1.0, self.low, self.high, self.rule)
        if self.order == "reversed":
            factors = self.low + self.high - factors
        elif self.order == "permuted":
            factors = factors[torch.randperm(len(factors)).numpy()]
        scale(run, layers, factors)


class SigmoidBalance(Callback):
    """TB_Sigmoid, for networks that learn from few data: the factors of `sigmoid_balance`; it remembers nothing.

    size None reads whole matrices, a size windows (FARMS). As released, layers with fewer than 12 eigenvalues of their
    own keep the global rate, and so do Fourier layers, which hold most of an FNO's weights but are neither convolutions
    nor linear; with `spectral` these are read too, as `fourier_spectra` does (ours).
    """

    def __init__(
        self,
        model: nn.Module,
        size: int | None = None,
        strength: float = 0.5,
        temperature: float = 10.0,
        spectral: bool = False,
    ) -> None:
        super().__init__(model)
        self.size, self.strength, self.temperature, self.spectral = size, strength, temperature, spectral

    def before_epoch(self, run: Any) -> None:
        layers = [layer for layer in layer_spectra(self.model, self.size) if _eigenvalues(layer) >= FEWEST_SIGMOID]
        if self.spectral:
            layers += fourier_spectra(self.model)
        alphas = [layer.alpha for layer in layers]
        scale(run, layers, sigmoid_balance(alphas, 1.0, self.strength, self.strength, self.temperature))


def scale(run: Any, layers: list[LayerSpectrum], factors: Float[np.ndarray, " layers"]) -> None:
    """Give each layer's parameters its factor, and note the exponents."""
    run.note("alpha", {layer.name: round(float(layer.alpha), 4) for layer in layers})
    rates = zip(layers, map(float, factors), strict=True)
    run.scale_rates({name: factor for layer, factor in rates for name in layer.parameters})


def _eigenvalues(layer: LayerSpectrum) -> int:
    """How many a layer has, not its windows together."""
    return min(layer.shape[:2]) * math.prod(layer.shape[2:])
