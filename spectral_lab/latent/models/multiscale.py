"""LSM: a U-Net of five scales with a spectral block on every scale; and the U-Net that it must beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from spectral_lab import checks
from spectral_lab.latent.models.spectral_block import NAMES, SpectralBlock, axes, multiple_of_heads
from spectral_lab.training.published import load

SCALES = 5
COARSEST = 2 ** (SCALES - 1)  # a cell of the coarsest grid is 16 points wide
WIDTHS = (1, 2, 4, 8, 8)
CHANNELS_LAST = 2  # halvings after which channels no longer lie last in memory: few points, and wide kernels
CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
CONVOLVE = {1: nn.functional.conv1d, 2: nn.functional.conv2d, 3: nn.functional.conv3d}
BODY_NAMES = (
    ("inc.double_conv.", "body.start."),
    *((f"down{i}.maxpool_conv.1.double_conv.", f"body.down.{i - 1}.1.") for i in range(1, SCALES)),
    *((f"up{i}.conv.double_conv.", f"body.up.{i - 1}.") for i in range(1, SCALES)),
    ("outc.conv.", "body.end."),
    *(
        (f"process{i}.{theirs}", f"body.blocks.{i - 1}.{ours}")
        for i in range(1, SCALES + 1)
        for theirs, ours in (*NAMES, ("weights", "weights"))
    ),
)
ENDS_NAMES = (("fc0.", "lift."), ("fc1.", "head.0."), ("fc2.", "head.2."))


class Body(nn.Module):
    """Five scales: convolve and halve four times; a block on each scale; double and convolve four times.

    Args: width, of the finest scale; dimension, 1 to 3; blocks, one a scale, fine to coarse.
    """

    def __init__(self, width: int, dimension: int, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        w = [width * factor for factor in WIDTHS]
        self.blocks = nn.ModuleList(blocks)
        self.start = double_conv(dimension, w[0], w[0], w[0])
        self.down = nn.ModuleList(
            nn.Sequential(POOL[dimension](2), double_conv(dimension, w[i], w[i + 1], w[i + 1]))
            for i in range(SCALES - 1)
        )
        # From coarse to fine: what a skip brings and what comes up, both of the skip's width, 2 w in all.
        self.up = nn.ModuleList(
            double_conv(dimension, 2 * w[i], w[i], w[max(i - 1, 0)]) for i in range(SCALES - 2, -1, -1)
        )
        self.end = CONV[dimension](width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, *grid) -> the same; each axis of the grid a multiple of 16."""
        skips = [self.start(x)]
        for i, down in enumerate(self.down):
            skips.append(down(skips[-1] if i < CHANNELS_LAST else skips[-1].contiguous()))
        skips = [block(skip) for block, skip in zip(self.blocks, skips, strict=True)]
        x = skips.pop()
        for up in self.up:
            x = convolve_joined(up, skips.pop(), x)
        # A convolution of one point is a matrix product, and quicker as one where channels lie last in memory.
        return nn.functional.linear(x.movedim(1, -1), self.end.weight.flatten(1), self.end.bias).movedim(-1, 1)


class OnGrid(nn.Module):
    """Fields on a grid through a body: coordinates and a lift, padding to the coarsest grid, cropping, a head.

    x (B, *grid, in) -> (B, *grid, out). Without a `grid`, any whose padded axes fit.
    """

    def __init__(
        self, in_channels: int, out_channels: int, width: int, padding: tuple[int, ...], body: nn.Module
    ) -> None:
        super().__init__()
        inputs = checks.integer(in_channels, "in_channels", 1, 10_000)
        self.in_channels, self.padding, self.body = inputs, padding, body
        self.lift = nn.Linear(inputs + len(padding), width)
        self.head = nn.Sequential(
            nn.Linear(width, 128), nn.GELU(), nn.Linear(128, checks.integer(out_channels, "out_channels", 1, 10_000))
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, *grid, in) -> (B, *grid, out)."""
        size = x.shape[1:-1]
        if x.shape[-1] != self.in_channels or len(size) != len(self.padding) or not len(x):
            shape = f"(B, {'n, ' * len(self.padding)}{self.in_channels})"
            raise ValueError(f"x must have shape {shape}, B at least 1, got {tuple(x.shape)}")
        self.check_size(tuple(size))
        x = self.lift(torch.cat([x, coordinates(x)], dim=-1))
        if any(self.padding):
            x = nn.functional.pad(x, [0, 0, *(n for more in reversed(self.padding) for n in (0, more))])
        x = self.body(x.movedim(-1, 1)).movedim(1, -1)  # channels stay last in memory
        return self.head(x[(slice(None), *(slice(n) for n in size))])

    def check_size(self, size: tuple[int, ...]) -> None:
        """Refuse a grid that the body cannot take."""


class MultiScale(OnGrid):
    """An OnGrid whose body has five scales, and the patches of its blocks, if any."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int,
        patch: Sequence[int] | None,
        padding: Sequence[int] | None,
        grid: Sequence[int] | None,
        blocks: Any,
    ) -> None:
        patch, padding = fit_to_grid(patch, padding, grid)
        body = Body(width, len(padding), [blocks(width * factor, patch) for factor in WIDTHS])
        super().__init__(in_channels, out_channels, width, padding, body)
        self.patch = patch

    def check_size(self, size: tuple[int, ...]) -> None:
        """Each padded axis must be a multiple of 16 patches."""
        for n, more, p in zip(size, self.padding, self.patch, strict=True):
            if (n + more) % (COARSEST * p):
                raise ValueError(
                    f"padding and patch must fit the grid: {n} + {more} points are no multiple of {COARSEST} times {p}"
                )

    def load_published(self, state_dict: Mapping[str, Any]) -> list[str]:
        """Take a published checkpoint by its own names; returns the names it did not need. Raises: ValueError."""
        return load(self, state_dict, (*BODY_NAMES, *ENDS_NAMES))


class LSM(MultiScale):
    """The latent spectral model on a grid of 1, 2 or 3 axes: x (B, *grid, in) -> (B, *grid, out).

    Published with patches such that each padded axis holds 16 of them on the finest scale and one on the coarsest.

    Args: patch and padding in the order of the axes (the published scripts give padding last axis first), or `grid`
    alone, from which both follow; num_basis N; num_token C; frequencies, "code" or "integer". Raises: ValueError.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int,
        patch: Sequence[int] | None = None,
        padding: Sequence[int] | None = None,
        num_basis: int = 12,
        num_token: int = 4,
        frequencies: str = "code",
        grid: Sequence[int] | None = None,
    ) -> None:
        width = multiple_of_heads(width)
        super().__init__(
            in_channels,
            out_channels,
            width,
            patch,
            padding,
            grid,
            lambda w, size: SpectralBlock(w, size, num_basis, num_token, frequencies),
        )


class UNet(MultiScale):
    """The LSM without its spectral blocks: what they must beat. Arguments as there; the patch is one point."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int,
        padding: Sequence[int] | None = None,
        grid: Sequence[int] | None = None,
    ) -> None:
        width = checks.integer(width, "width", 1, 4096)
        patch = None if padding is None else (1,) * len(padding)
        super().__init__(in_channels, out_channels, width, patch, padding, grid, lambda w, size: nn.Identity())
        self.patch = (1,) * len(self.patch)


def double_conv(dimension: int, inputs: int, middle: int, outputs: int) -> nn.Sequential:
    """Convolution of 3 points an axis, batch norm, ReLU, twice."""
    conv, norm = CONV[dimension], NORM[dimension]
    first, second = conv(inputs, middle, 3, padding=1, bias=False), conv(middle, outputs, 3, padding=1, bias=False)
    return nn.Sequential(first, norm(middle), nn.ReLU(True), second, norm(outputs), nn.ReLU(True))


def convolve_joined(up: nn.Module, skip: Tensor, x: Tensor) -> Tensor:
    """The double convolution of a skip (B, w, *grid) beside x (B, w, *half the grid) doubled."""
    first, *rest = up.children()
    weight = cast(Tensor, first.weight)  # a parameter, or what a parametrization makes of one
    own, risen = weight.chunk(2, dim=1)
    return nn.Sequential(*rest)(CONVOLVE[x.ndim - 2](skip, own, padding=1) + convolve_doubled(x, risen))


def convolve_doubled(x: Tensor, weight: Tensor) -> Tensor:
    """The convolution of x doubled by linear interpolation, corners on corners.

    To double is the same map for every channel, so the channels can be mixed first, on a fraction of the points; what
    each neighbour then sends is doubled, moved and added, one axis after the other (derived here).

    x (B, i, *grid), weight (o, i, 3, ...) -> (B, o, *twice the grid).
    """
    B, grid, o = len(x), x.shape[2:], len(weight)
    mix = weight.movedim((0, 1), (-2, -1)).flatten(0, -2)  # (neighbours o, i)
    shares = nn.functional.linear(x.movedim(1, -1), mix).unflatten(-1, (*weight.shape[2:], o))
    order = [axis for k in range(1, len(grid) + 1) for axis in (k, k + len(grid))]  # a point, its neighbour, the next
    y, done = shares.permute(0, *order, -1), B
    for n in grid:
        y = doubling_matrix(n, x) @ y.reshape(done, 3 * n, -1)
        done *= 2 * n
    return y.view(B, *(2 * n for n in grid), o).movedim(-1, 1)


def doubling_matrix(n: int, like: Tensor) -> Tensor:
    """(2n, 3n): how n points, each with three neighbours' shares, make twice as many; beyond the ends lies nothing."""
    eye = torch.eye(n, dtype=like.dtype, device=like.device)
    double = nn.functional.interpolate(eye[None], scale_factor=2.0, mode="linear", align_corners=True)[0].T
    padded = nn.functional.pad(double, (0, 0, 1, 1))
    return torch.stack([padded[a : a + 2 * n] for a in range(3)], dim=-1).flatten(1)


def coordinates(x: Tensor) -> Tensor:
    """(B, *grid, axes): where each point of the grid lies in [0, 1]^axes, both ends included."""
    size = x.shape[1:-1]
    axis = [torch.linspace(0, 1, n, dtype=x.dtype, device=x.device) for n in size]
    return torch.stack(torch.meshgrid(*axis, indexing="ij"), dim=-1).expand(*x.shape[:-1], len(size))


def fit_to_grid(patch: Any, padding: Any, grid: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(patch, padding) as given, or for a grid: padding to multiples of 16, and 16 patches along each axis."""
    if (grid is None) == (patch is None and padding is None):
        raise ValueError("grid must be given, or patch and padding, and not both")
    if grid is None:
        patch = axes(patch, "patch", 1)
        return patch, axes((0,) * len(patch) if padding is None else padding, "padding", 0, len(patch))
    grid = axes(grid, "grid", 1)
    padding = tuple(-n % COARSEST for n in grid)
    return tuple((n + more) // COARSEST for n, more in zip(grid, padding, strict=True)), padding
