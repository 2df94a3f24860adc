"""The spectra of a network's layers, in the order of its modules, and which parameters follow each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float
from torch import nn

from spectral_lab.heavytails.esd import esd
from spectral_lab.heavytails.tails import TailFit, tail_exponent
from spectral_lab.heavytails.windows import farms_spectrum

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm)


@dataclass(frozen=True)
class LayerSpectrum:
    """A layer's spectrum and tail; `parameters` are its own and those of the norm that its name leads to."""

    name: str
    shape: tuple[int, ...]
    eigenvalues: Float[np.ndarray, " N"]
    fit: TailFit
    parameters: tuple[str, ...]

    @property
    def alpha(self) -> float:
        """The exponent of the tail."""
        return self.fit.alpha


def layer_spectra(
    model: nn.Module,
    size: SupportsInt | None = None,
    Q: Any = 1.0,
    per_axis: SupportsInt = 9,
    fit: str = "guarded",
    rule: str = "median",
) -> list[LayerSpectrum]:
    """The spectrum of every convolution and linear layer, whole (size=None) or by windows, as `farms_exponent` cuts.

    The norm whose name is the layer's with `conv` turned into `bn` belongs to the layer: its rate follows the layer's,
    as in the released programs. Raises: ValueError.
    """
    modules, found = dict(model.named_modules()), []
    for name, module in modules.items():
        if not isinstance(module, (nn.Conv2d, nn.Linear)):
            continue
        W = module.weight.detach().float().cpu().numpy()
        if min(W.shape[:2]) * int(np.prod(W.shape[2:])) < 2:
            continue  # one eigenvalue has no tail
        if size is None:
            values = esd(W, "single")
            tail = tail_exponent(values, rule)
        else:
            values, tail = farms_spectrum(W, size, rule, Q=Q, per_axis=per_axis, fit=fit, precision="single")
        own = [f"{name}.{parameter}" for parameter, _ in module.named_parameters(recurse=False)]
        norm = name.replace("conv", "bn")
        if norm != name and isinstance(modules.get(norm), NORMS):
            own += [f"{norm}.{parameter}" for parameter, _ in modules[norm].named_parameters(recurse=False)]
        found.append(LayerSpectrum(name, tuple(W.shape), values, tail, tuple(own)))
    return found
