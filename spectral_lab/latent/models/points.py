"""LSM on a cloud of points: a learned deformation, Fourier modes of the deformed points, and a grid between.

The way there and back is that of Geo-FNO (Li and others, arXiv 2207.05209).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.latent.models.fno import corners, multiply
from spectral_lab.latent.models.multiscale import BODY_NAMES, COARSEST, ENDS_NAMES, WIDTHS, Body, coordinates
from spectral_lab.latent.models.spectral_block import SpectralBlock, axes, multiple_of_heads
from spectral_lab.training.published import load, matched

CODE = 42  # radii that describe the void of a unit cell
CENTRE = 1e-4
PROJECTIONS = (("fftproject_in.weights", "to_grid."), ("fftproject_out.weights", "to_points."))
NAMES = (
    *((f"{theirs}{j + 1}", f"{ours}{j}") for theirs, ours in PROJECTIONS for j in range(2)),
    ("convproject_in.", "grid_map."),
    ("convproject_out.", "point_map."),
)


class Deformation(nn.Module):
    """xi = x (1 + g(x, code)): where the points of a cloud lie on a regular domain, learned.

    g is a network of three tanh layers on (x, y, angle, radius), on sines and cosines of 2^j pi times these, and on the
    code of the shape, if there is one.

    Args: width, a multiple of 4. Raises: ValueError.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.width = checks.integer(width, "deformation_width", 4, 4096)
        if width % 4:
            raise ValueError(f"deformation_width must be a multiple of 4, got {width}")
        self.fc0, self.fc_code, self.fc_no_code = (
            nn.Linear(4, width),
            nn.Linear(CODE, width),
            nn.Linear(3 * width, 4 * width),
        )
        self.fc1, self.fc2, self.fc3 = (nn.Linear(4 * width, 4 * width) for _ in range(3))
        self.fc4 = nn.Linear(4 * width, 2)
        self.frequencies: Tensor
        frequencies = math.pi * 2.0 ** torch.arange(width // 4, dtype=torch.get_default_dtype())
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        """Points (B, n, 2) and codes (B, 42) -> moved points (B, n, 2)."""
        away = x - CENTRE
        angle, radius = torch.atan2(away[..., 1], away[..., 0]), away.norm(dim=-1)
        polar = torch.stack([x[..., 0], x[..., 1], angle, radius], dim=-1)
        waves = (polar.unsqueeze(-1) * self.frequencies).flatten(-2)
        features = torch.cat([self.fc0(polar), waves.sin(), waves.cos()], dim=-1)
        if code is None:
            hidden = self.fc_no_code(features)
        else:
            hidden = torch.cat([self.fc_code(code).unsqueeze(1).expand(-1, x.shape[1], -1), features], dim=-1)
        for layer in (self.fc1, self.fc2, self.fc3):
            hidden = layer(hidden).tanh()
        return x + x * self.fc4(hidden)


class LSMPoints(nn.Module):
    """The latent spectral model on points (B, n, 2), both places and input -> (B, n, out).

    Args: in_channels, 2; modes (m1, m2), kept on the way there and back; grid between, each axis a multiple of 16
    patches; the others as for LSM. Raises: ValueError.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int,
        patch: Sequence[int] = (6, 6),
        modes: Sequence[int] = (12, 12),
        grid: Sequence[int] = (96, 96),
        num_basis: int = 12,
        num_token: int = 4,
        frequencies: str = "code",
        deformation_width: int = 32,
    ) -> None:
        super().__init__()
        width, patch = multiple_of_heads(width), axes(patch, "patch", 1, 2)
        self.modes, self.grid = axes(modes, "modes", 1, 2), axes(grid, "grid", COARSEST, 2)
        checks.integer(in_channels, "in_channels", 2, 2)
        if any(n % (COARSEST * p) for n, p in zip(self.grid, patch, strict=True)):
            raise ValueError(f"grid must hold a multiple of {COARSEST} patches of {patch}, got {self.grid}")
        if 2 * self.modes[0] > self.grid[0] or self.modes[1] > self.grid[1] // 2 + 1:
            raise ValueError(f"modes must fit the grid {self.grid}, got {self.modes}")
        self.deformation = Deformation(deformation_width)
        self.lift = nn.Linear(2, width)
        self.to_grid, self.to_points = (
            nn.ParameterList(complex_weight(width, self.modes) for _ in range(2)) for _ in range(2)
        )
        self.grid_map, self.point_map = nn.Linear(2, width), nn.Linear(2, width)
        self.body = Body(width, 2, [SpectralBlock(width * f, patch, num_basis, num_token, frequencies) for f in WIDTHS])
        self.head = nn.Sequential(
            nn.Linear(width, 128), nn.GELU(), nn.Linear(128, checks.integer(out_channels, "out_channels", 1, 10_000))
        )

    def forward(self, points: Tensor, code: Tensor | None = None) -> Tensor:
        """Points (B, n, 2) in the unit square, codes (B, 42) or None -> (B, n, out)."""
        if points.ndim != 3 or points.shape[-1] != 2 or not points.numel():
            raise ValueError(f"points must have shape (B, n, 2), B and n at least 1, got {tuple(points.shape)}")
        if code is not None and code.shape != (len(points), CODE):
            raise ValueError(f"code must have shape ({len(points)}, {CODE}), got {tuple(code.shape)}")
        basis = self.waves(self.deformation(points, code))
        x = nn.functional.gelu(self.points_to_grid(self.lift(points), basis))
        x = self.grid_to_points(self.body(x), basis) + self.point_map(points)
        return self.head(x)

    def waves(self, xi: Tensor) -> Tensor:
        """e^{-2 pi i k.xi} (B, n, 2 m1, 2 m2 - 1), for k1 = 0..m1-1, -m1..-1 and k2 = 0..m2-1, -(m2-1)..-1."""
        m1, m2 = self.modes
        k1 = torch.cat([torch.arange(m1), torch.arange(-m1, 0)]).to(xi)
        k2 = torch.cat([torch.arange(m2), torch.arange(1 - m2, 0)]).to(xi)
        first, second = (-2 * math.pi * xi[..., i, None] * k for i, k in enumerate((k1, k2)))
        return cis(first)[..., :, None] * cis(second)[..., None, :]

    def points_to_grid(self, u: Tensor, basis: Tensor) -> Tensor:
        """(B, n, width) -> (B, width, *grid): sums over the points for each mode, then an inverse FFT."""
        kept = basis[..., : self.modes[1]]
        spectrum = torch.einsum("bnc,bnxy->bcxy", u.to(basis.dtype), kept)
        out = basis.new_zeros(len(u), u.shape[-1], self.grid[0], self.grid[1] // 2 + 1)
        for corner, weight in zip(corners(self.modes), self.to_grid, strict=True):
            out[corner] = multiply(spectrum[corner], weight)
        place = coordinates(u.new_empty(1, *self.grid, 1))
        return torch.fft.irfft2(out, s=self.grid) + self.grid_map(place).movedim(-1, 1)

    def grid_to_points(self, x: Tensor, basis: Tensor) -> Tensor:
        """(B, width, *grid) -> (B, n, width): the kept modes, summed at the moved points, real part."""
        spectrum = torch.fft.rfft2(x)
        kept = [multiply(spectrum[c], w) for c, w in zip(corners(self.modes), self.to_points, strict=True)]
        half = torch.cat(kept, dim=-2)
        whole = torch.cat([half, half[..., 1:].flip(-1, -2).conj()], dim=-1)
        return torch.einsum("bcxy,bnxy->bnc", whole, basis.conj()).real

    def load_published(self, state_dict: Mapping[str, Any], deformation_state_dict: Mapping[str, Any]) -> list[str]:
        """Take a published checkpoint of the network and one of its deformation (IPHI), or neither.

        Raises: ValueError.
        """
        network = nn.ModuleDict({name: part for name, part in self.named_children() if name != "deformation"})
        ours, left_out = matched(network, state_dict, (*BODY_NAMES, *NAMES, *ENDS_NAMES))
        left_out += load(self.deformation, deformation_state_dict, ())
        network.load_state_dict(ours, strict=False)
        return left_out


def complex_weight(width: int, modes: tuple[int, ...]) -> nn.Parameter:
    """(width, width, *modes), real and imaginary part uniform in [0, 1 / width^2]."""
    shape = (width, width, *modes)
    return nn.Parameter(torch.complex(torch.rand(shape), torch.rand(shape)) / width**2)


def cis(phase: Tensor) -> Tensor:
    """cos + i sin."""
    return torch.polar(torch.ones_like(phase), phase)
