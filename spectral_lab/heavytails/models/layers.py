"""The spectra of a network's layers, in the order of its modules, and which parameters follow each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, SupportsInt

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from spectral_lab.heavytails.esd import esd
from spectral_lab.heavytails.tails import TailFit, tail_exponent
from spectral_lab.heavytails.windows import farms_spectrum
from spectral_lab.latent.models import SpectralConv

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
    """The spectrum of every Conv2d and Linear, whole (size=None) or by windows, as `farms_exponent` cuts.

    Weights in float64 are read in double precision, all others in single. The norm whose name is the layer's with
    `conv` turned into `bn` belongs to the layer: its rate follows the layer's, as in the released programs.

    Raises: ValueError.
    """
    modules, found = dict(model.named_modules()), []
    for name, module in modules.items():
        if not isinstance(module, (nn.Conv2d, nn.Linear)):
            continue
        exact = module.weight.dtype == torch.float64
        W = module.weight.detach().to("cpu", torch.float64 if exact else torch.float32).numpy()
        precision = "double" if exact else "single"
        if min(W.shape[:2]) * int(np.prod(W.shape[2:])) < 2:
            continue  # one eigenvalue has no tail
        if size is None:
            values = esd(W, precision)
            tail = tail_exponent(values, rule)
        else:
            values, tail = farms_spectrum(W, size, rule, Q=Q, per_axis=per_axis, fit=fit, precision=precision)
        own = [f"{name}.{parameter}" for parameter, _ in module.named_parameters(recurse=False)]
        norm = name.replace("conv", "bn")
        if norm != name and isinstance(modules.get(norm), NORMS):
            own += [f"{norm}.{parameter}" for parameter, _ in modules[norm].named_parameters(recurse=False)]
        found.append(LayerSpectrum(name, tuple(W.shape), values, tail, tuple(own)))
    return found


def fourier_spectra(model: nn.Module, rule: str = "median") -> list[LayerSpectrum]:
    """The spectrum of every layer that multiplies Fourier modes, as an FNO does: our reading, no program has one.

    Each mode of a weight (in, out, *modes) is a complex matrix of its own. Its squared singular values, those of all
    modes of the layer together, are the spectrum, as a convolution pools its kernel positions. Where there are as many
    channels in as out, each of these matrices is square, and windows would change nothing. Raises: ValueError.
    """
    found = []
    for name, module in model.named_modules():
        if isinstance(module, SpectralConv):
            matrices = torch.cat([weight.detach().flatten(2).movedim(2, 0) for weight in module.corners])
            squares = torch.linalg.svdvals(matrices.to("cpu", torch.complex128)).square()
            values = np.sort(squares.flatten().numpy())
            own = tuple(f"{name}.{parameter}" for parameter, _ in module.named_parameters())
            shape = (*matrices.shape[1:], len(matrices))
            found.append(LayerSpectrum(name, shape, values, tail_exponent(values, rule), own))
    return found
