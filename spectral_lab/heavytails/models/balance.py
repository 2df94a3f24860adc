"""TempBalance in the training loop: before each epoch the layers are read, and each gets a learning rate of its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from spectral_lab import checks
from spectral_lab.heavytails.allocation import temperature_balance
from spectral_lab.heavytails.models.layers import layer_spectra
from spectral_lab.training import Callback

ORDERS = ("as read", "reversed", "permuted")
FEWEST = 5  # eigenvalues; layers with fewer keep the global rate, as released


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
        run.note("alpha", {layer.name: round(float(alpha), 4) for layer, alpha in zip(layers, alphas, strict=True)})
        rates = zip(layers, map(float, factors), strict=True)
        run.scale_rates({name: factor for layer, factor in rates for name in layer.parameters})
