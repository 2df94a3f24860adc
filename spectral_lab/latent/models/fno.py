"""The Fourier neural operator (Li and others 2021, arXiv 2010.08895), as the published comparison runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.latent.models.multiscale import CONV, ENDS_NAMES, OnGrid
from spectral_lab.latent.models.spectral_block import axes
from spectral_lab.training.published import load

LAYERS = 4
LETTERS = "xyz"


class SpectralConv(nn.Module):
    """Multiply the lowest Fourier modes of (B, in, *grid) by a matrix each, drop the others: (B, out, *grid).

    Axes but the last keep modes 0..m-1 and -m..-1, the last, of a real transform, 0..m-1.
    """

    def __init__(self, in_channels: int, out_channels: int, modes: tuple[int, ...]) -> None:
        super().__init__()
        self.modes, self.out_channels = modes, out_channels
        shape, scale = (in_channels, out_channels, *modes), 1 / (in_channels * out_channels)
        self.corners = nn.ParameterList(
            nn.Parameter(scale * torch.complex(torch.rand(shape), torch.rand(shape))) for _ in corners(modes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, *grid) -> (B, out, *grid)."""
        over = tuple(range(2, x.ndim))
        spectrum = torch.fft.rfftn(x, dim=over)
        out = spectrum.new_zeros(len(x), self.out_channels, *spectrum.shape[2:])
        for corner, weight in zip(corners(self.modes), self.corners, strict=True):
            out[corner] = multiply(spectrum[corner], weight)
        return torch.fft.irfftn(out, s=x.shape[2:], dim=over)


class FourierLayers(nn.Module):
    """Four times a spectral convolution plus a pointwise map, with GELU between."""

    def __init__(self, width: int, modes: tuple[int, ...]) -> None:
        super().__init__()
        self.modes = modes
        self.spectral = nn.ModuleList(SpectralConv(width, width, modes) for _ in range(LAYERS))
        self.pointwise = nn.ModuleList(CONV[len(modes)](width, width, 1) for _ in range(LAYERS))

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, *grid) -> the same."""
        for i, (spectral, pointwise) in enumerate(zip(self.spectral, self.pointwise, strict=True)):
            x = spectral(x) + pointwise(x)
            if i < LAYERS - 1:
                x = nn.functional.gelu(x)
        return x


class FNO(OnGrid):
    """The FNO on a grid of 1, 2 or 3 axes: x (B, *grid, in) -> (B, *grid, out).

    Args: modes and padding in the order of the axes. Raises: ValueError.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int,
        modes: Sequence[int],
        padding: Sequence[int] | None = None,
    ) -> None:
        width, modes = checks.integer(width, "width", 1, 4096), axes(modes, "modes", 1)
        padding = axes((0,) * len(modes) if padding is None else padding, "padding", 0, len(modes))
        super().__init__(in_channels, out_channels, width, padding, FourierLayers(width, modes))
        self.modes = modes

    def check_size(self, size: tuple[int, ...]) -> None:
        """No mode may be asked for that the padded grid has not, nor twice."""
        for i, (n, more, m) in enumerate(zip(size, self.padding, self.modes, strict=True)):
            last = i == len(size) - 1
            if (n + more) // 2 + 1 < m if last else n + more < 2 * m:
                raise ValueError(f"modes must fit the grid, got {m} modes for an axis of {n} + {more} points")

    def load_published(self, state_dict: Mapping[str, Any]) -> list[str]:
        """Take a published checkpoint; returns the names it did not need. Raises: ValueError.

        The published 3-D model holds four batch norms, bn0 to bn3, that its forward never calls: they are left out.
        """
        return load(self, state_dict, (*layer_names(len(self.modes)), *ENDS_NAMES), r"bn\d\..*")


def corners(modes: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """Where the kept modes stand in a real transform (B, channels, *modes): low and high ends of all axes but the last,
    the first axis changing first."""
    *front, last = modes
    ends = [tuple(reversed(choice)) for choice in product(*([slice(m), slice(-m, None)] for m in reversed(front)))]
    return [(slice(None), slice(None), *end, slice(last)) for end in ends]


def multiply(spectrum: Tensor, weight: Tensor) -> Tensor:
    """(B, in, *modes) and (in, out, *modes) -> (B, out, *modes), in the precision of the spectrum.

    A model's double() and float() pass complex parameters by, so the weight may have another precision than the rest.
    """
    letters = LETTERS[: weight.ndim - 2]
    return torch.einsum(f"bi{letters},io{letters}->bo{letters}", spectrum, weight.to(spectrum.dtype))


def layer_names(dimension: int) -> list[tuple[str, str]]:
    """Published names of the Fourier layers: conv0.weights1, w0.weight, and so on."""
    convolutions = [
        (f"conv{i}.weights{j + 1}", f"body.spectral.{i}.corners.{j}")
        for i in range(LAYERS)
        for j in range(2 ** (dimension - 1))
    ]
    return convolutions + [(f"w{i}.", f"body.pointwise.{i}.") for i in range(LAYERS)]
