"""Pathfinder and Path-X, generated: are the two marked ends joined by one dashed curve?

Linsley, Kim, Veerabadran, Serre, "Learning long-range spatial dependencies with horizontal gated recurrent units"
(arXiv 1805.08315), in the settings of the Long Range Arena ("hard": curves of 14 dashes). A snake is a chain of
paddles (short strokes); the next paddle starts a margin beyond the last, in a direction drawn with weight
max(cos(min(continuity * turn, 90 degrees)), 0)^2, and must not touch what is there. Two long snakes start near each
other, short ones distract, and two discs mark both ends of one long snake (label 1) or one end of each (label 0).

The rules, and the ways they round, are those of the authors' generator (github.com/drewlinsley/pathfinder); the
pictures have the same statistics, not the same random numbers. A paddle is drawn at twice the resolution and shrunk
with a Lanczos filter; there are only a few hundred different ones, so each is drawn once and then pasted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from math import ceil, cos, floor, pi, sin
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from spectral_lab import checks
from spectral_lab.archives import LARGEST
from spectral_lab.hippo.data.expressions import cached, in_processes

if TYPE_CHECKING:
    from spectral_lab.samples import Sequences

Point = tuple[int, int]  # (row, column)
FINE = 2  # paddles and discs are drawn at this many times the resolution
TRIES, SNAKE_TRIES = 3, 5


@dataclass(frozen=True)
class Setting:
    """What one size of the task is made of, in pixels."""

    window: int
    margins: tuple[int, ...]
    seed_distance: int
    marker_radius: float
    dashes: int
    thickness: float
    paddle: int
    continuity: float
    distractor_dashes: int
    distractors: int
    target_contrast: float
    distractor_contrast: float


SETTINGS = {
    32: Setting(32, (1,), 7, 1.5, 14, 0.5, 2, 1.0, 4, 5, 1.5, 2.0),
    128: Setting(128, (2, 3), 20, 3, 14, 1.5, 5, 1.8, 4, 8, 0.9, 0.9),
}


@dataclass(frozen=True)
class Sprite:
    """A paddle to paste: its brightness and its mask (the paddle widened by the margin), centred on its first end."""

    line: Float[np.ndarray, "m m"]
    mask: Float[np.ndarray, "m m"]

    @property
    def radius(self) -> int:
        """Pixels from the centre to the edge."""
        return len(self.line) // 2


def shifted(point: Point, angle: float, distance: float) -> Point:
    """The pixel that lies `distance` away, each coordinate rounded up."""
    return ceil(point[0] + distance * sin(angle)), ceil(point[1] + distance * cos(angle))


def fine_tip(setting: Setting, angle: float, margin: int) -> Point:
    """The end of a paddle at the fine resolution, seen from its start.

    Rounding up happens on the paddle's own picture: added to its centre, the 1e-16 of a "straight" sine is lost, where
    on its own it would be rounded up to a whole pixel and slant every level and upright paddle.
    """
    centre = _radius(setting.paddle, setting.thickness, margin) * FINE
    row, column = shifted((centre, centre), angle, setting.paddle * FINE)
    return row - centre, column - centre


def _radius(length: int, thickness: float, margin: int) -> int:
    return length + ceil(thickness) + margin


@cache
def disc(radius: int) -> Int[np.ndarray, "points 2"]:
    """The offsets of the pixels within a radius."""
    return np.argwhere(_disc_mask(radius)) - radius


def _disc_mask(radius: int) -> Bool[np.ndarray, "m m"]:
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return x**2 + y**2 <= radius**2


@cache
def sprite(tip: Point, length: int, thickness: float, margin: int) -> Sprite:
    """The paddle whose end, at the fine resolution, is `tip` away from its start."""
    radius = _radius(length, thickness, margin)
    center, fine = radius * FINE, np.zeros((2 * radius * FINE + 1,) * 2)
    fine[_stroke(fine.shape[0], (center, center), (center + tip[0], center + tip[1]), round(thickness * FINE))] = 255
    wide = np.zeros_like(fine)
    for row, column in np.argwhere(fine > 0):
        block = wide[row - margin * FINE : row + margin * FINE + 1, column - margin * FINE : column + margin * FINE + 1]
        block[_disc_mask(margin * FINE)] = 255
    return Sprite(shrink(fine, 2 * radius + 1) / 255, shrink(wide, 2 * radius + 1) / 255)


def _stroke(size: int, start: Point, end: Point, width: int) -> Bool[np.ndarray, "size size"]:
    """The pixels of a stroke: Bresenham's line, or a parallelogram filled row by row, as image libraries do it.

    The corners are shifted from the ends by half the width, in whole pixels; halves go outwards on one side only. A row
    is filled from its left edge to its right edge, both rounded to the nearest pixel (halves inwards).
    """
    (r0, c0), (r1, c1) = start, end
    down, across = r1 - r0, c1 - c0
    result = np.zeros((size, size), dtype=bool)
    steps = max(abs(down), abs(across))
    if width <= 1:
        along = np.arange(steps + 1) / max(steps, 1)
        row, column = (np.floor(along * abs(d) + 0.5) * np.sign(d) + at for d, at in ((down, r0), (across, c0)))
        result[row.astype(int), column.astype(int)] = True
        return result
    half = (width - 1) / 2 / np.hypot(down, across)
    (r_low, r_high), (c_low, c_high) = _whole(half * across), _whole(half * down)
    corners = [
        (r0 + r_high, c0 - c_low),
        (r1 + r_high, c1 - c_low),
        (r1 - r_low, c1 + c_high),
        (r0 - r_low, c0 + c_high),
    ]
    for row in range(min(r for r, _ in corners), max(r for r, _ in corners) + 1):
        edges: list[float] = []
        for (ra, ca), (rb, cb) in zip(corners, corners[1:] + corners[:1], strict=True):
            if min(ra, rb) <= row <= max(ra, rb):
                edges += [ca, cb] if ra == rb else [ca + (row - ra) * (cb - ca) / (rb - ra)]
        result[row, floor(min(edges) + 0.5) : ceil(max(edges) - 0.5) + 1] = True
    return result


def _whole(x: float) -> tuple[int, int]:
    """The nearest whole numbers: halves towards 0, and away from it."""
    sign = 1 if x >= 0 else -1
    return sign * ceil(abs(x) - 0.5), sign * floor(abs(x) + 0.5)


def shrink(image: Float[np.ndarray, "n n"], size: int) -> Float[np.ndarray, "size size"]:
    """A square image made smaller by a Lanczos filter of three lobes, in whole grey values from 0 to 255."""
    weights = _lanczos(len(image), size)
    rows = np.clip(np.round(image @ weights.T), 0, 255)
    return np.clip(np.round(weights @ rows), 0, 255)


@cache
def _lanczos(old: int, new: int) -> Float[np.ndarray, "new old"]:
    scale = old / new
    centre = (np.arange(new) + 0.5) * scale
    x = (np.arange(old) + 0.5 - centre[:, None]) / scale
    weights = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)
    return weights / weights.sum(axis=1, keepdims=True)


@cache
def circle(radius: int) -> tuple[Int[np.ndarray, "points 2"], Float[np.ndarray, " points"]]:
    """The pixels on a circle (one sample for each pixel of arc, rounded down), as offsets with their directions."""
    angle = np.deg2rad(np.arange(0, 360, 360 / (2 * pi * radius)))
    offsets = np.unique(np.floor(radius * np.stack([np.sin(angle), np.cos(angle)], 1)).astype(int), axis=0)
    return offsets, np.arctan2(offsets[:, 0], offsets[:, 1])


class Canvas:
    """A picture in the making: brightness, mask of what is taken, and the random numbers.

    The arrays have a rim as wide as a sprite, so that pasting needs no clipping at the edge. The rim is never seen, and
    never taken: only the picture itself can be in a snake's way.
    """

    def __init__(self, setting: Setting, margin: int, rng: np.random.Generator) -> None:
        self.setting, self.margin, self.rng = setting, margin, rng
        self.rim = _radius(setting.paddle, setting.thickness, margin) + 1
        full = setting.window + 2 * self.rim
        self.image, self.mask, self.picture = (np.zeros((full, full)) for _ in range(3))
        self.seen(self.picture)[:] = 1
        seen = self.seen(self.mask)  # its border of one pixel is taken
        seen[0], seen[-1], seen[:, 0], seen[:, -1] = 1, 1, 1, 1

    def paddle(self, angle: float) -> Sprite:
        """The paddle in this direction."""
        s = self.setting
        return sprite(fine_tip(s, angle, self.margin), s.paddle, s.thickness, self.margin)

    def window(self, array: np.ndarray, at: Point, radius: int) -> np.ndarray:
        """The view of an array around a pixel."""
        row, column = at[0] + self.rim, at[1] + self.rim
        return array[row - radius : row + radius + 1, column - radius : column + radius + 1]

    def draw(self, at: Point, paddle: Sprite, contrast: float) -> None:
        """Paste the paddle's brightness."""
        view = self.window(self.image, at, paddle.radius)
        np.maximum(view, contrast * paddle.line, out=view)

    def take(self, at: Point, paddle: Sprite) -> None:
        """Paste the paddle's mask."""
        view = self.window(self.mask, at, paddle.radius)
        np.maximum(view, paddle.mask * self.window(self.picture, at, paddle.radius), out=view)

    def inside(self, *points: Point) -> bool:
        """Whether all the points lie in the picture."""
        return all(0 <= row < self.setting.window and 0 <= column < self.setting.window for row, column in points)

    def seen(self, array: np.ndarray) -> np.ndarray:
        """An array without its rim."""
        return array[self.rim : -self.rim, self.rim : -self.rim]


@dataclass
class Snake:
    """The growing end of a snake: pivot and direction of the last paddle, and where its mask will be pasted."""

    pivot: Point
    angle: float
    at: Point
    paddle: Sprite


def _seed_angle(rng: np.random.Generator) -> float:
    return float(rng.integers(-180, 180)) * pi / 180


@cache
def footprint(tip: Point, length: int, thickness: float, margin: int) -> Int[np.ndarray, "pixels 2"]:
    """The solid part of a paddle's mask as offsets from its start; none for a direction that the authors' code skips.

    Their footprint stands one pixel off centre and is cut at the reach of a paddle. And where it could lie wholly
    outside the picture, for a start in a corner, their dilation has no value, which they take for "no room": at 32
    pixels nine directions in ten are lost in this way. It is kept, for it decides how many distractors there are.
    """
    paddle = sprite(tip, length, thickness, margin)
    solid = np.argwhere(paddle.mask >= 1) - paddle.radius + 1
    solid = solid[(np.abs(solid) <= length + margin).all(axis=1)]
    corners = [(solid * sign <= 0).all(axis=1).any() for sign in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
    return solid if all(corners) else solid[:0]


def _free(canvas: Canvas, border: int, angle: float) -> Int[np.ndarray, "places 2"]:
    """Where a paddle may start: no pixel of its footprint meets the mask or the border."""
    s = canvas.setting
    solid = footprint(fine_tip(s, angle, canvas.margin), s.paddle, s.thickness, canvas.margin)
    if not len(solid):
        return solid
    taken = canvas.seen(canvas.mask) > 0.3
    taken[:border], taken[-border:], taken[:, :border], taken[:, -border:] = True, True, True, True
    reach, size = s.paddle + canvas.margin, s.window
    wide = np.zeros((size + 2 * reach,) * 2, dtype=bool)
    wide[reach:-reach, reach:-reach] = taken
    met = np.zeros((size, size), dtype=bool)
    for row, column in solid + reach:
        met |= wide[row : row + size, column : column + size]
    return np.argwhere(~met)


def _sprout(canvas: Canvas, tail: Point, angle: float) -> Snake | None:
    """A snake of one paddle from its tail, or None where it would leave the picture."""
    s = canvas.setting
    head = shifted(tail, angle, s.paddle)
    backwards = angle + pi if angle < 0 else angle - pi
    pivot = shifted(head, backwards, s.paddle + canvas.margin)
    return Snake(pivot, angle, tail, canvas.paddle(angle)) if canvas.inside(head, pivot) else None


def _seed(canvas: Canvas, border: int) -> Snake | None:
    """A snake somewhere free: up to three directions are tried."""
    for _ in range(TRIES):
        angle = _seed_angle(canvas.rng)
        places = _free(canvas, border, angle)
        if not len(places):
            return None
        row, column = places[canvas.rng.integers(len(places))]
        snake = _sprout(canvas, (int(row), int(column)), angle)
        if snake is not None:
            return snake
    return None


def _seed_beside(canvas: Canvas, tail: Point) -> Snake | None:
    """The second target: it starts at a set distance from the first, in any direction."""
    for _ in range(TRIES):
        angle, around = _seed_angle(canvas.rng), float(canvas.rng.integers(360)) * pi / 180
        distance = canvas.setting.seed_distance
        beside = (round(tail[0] + distance * sin(around)), round(tail[1] + distance * cos(around)))
        snake = _sprout(canvas, beside, angle)
        if snake is not None:
            return snake
    return None


def _extend(canvas: Canvas, snake: Snake, contrast: float) -> Snake | None:
    """One more paddle, or None at a dead end. The mask of the paddle before it is pasted only now."""
    s, margin = canvas.setting, canvas.margin
    pivot = shifted(snake.pivot, snake.angle, s.paddle + 2 * margin)
    offsets, angles = circle(s.paddle + margin)
    turn = np.abs(angles - snake.angle)
    turn = np.minimum(turn, 2 * pi - turn) * s.continuity
    heads = offsets + pivot
    possible = (turn < pi / 2) & ((heads >= 0) & (heads < s.window)).all(axis=1)
    if not possible.any():
        return None
    heads, angles = heads[possible], angles[possible]
    rows, columns = (heads[:, None] + disc(margin) + canvas.rim).transpose(2, 0, 1)  # (heads, pixels of the disc)
    taken = canvas.mask[rows, columns].max(axis=1)
    weight = np.cumsum((1 - taken) * np.cos(turn[possible]) ** 2)
    if weight[-1] < 1e-4:
        return None
    for _ in range(TRIES):
        chosen = int(np.argmax(weight > canvas.rng.random() * weight[-1]))
        head, angle = (int(heads[chosen, 0]), int(heads[chosen, 1])), float(angles[chosen])
        paddle = canvas.paddle(angle + pi if angle < 0 else angle - pi)  # drawn from its head backwards
        r = paddle.radius
        if (canvas.window(canvas.mask, head, r) + paddle.mask).max() < 1.8:
            canvas.draw(head, paddle, contrast)
            canvas.take(snake.at, snake.paddle)
            return Snake(pivot, angle, head, paddle)
    return None


def _targets(canvas: Canvas) -> tuple[list[Point], list[Point]] | None:
    """Two long snakes, grown a paddle at a time in turn: their first and their last tips, or None at a dead end."""
    s = canvas.setting
    first = _seed(canvas, 2 * s.seed_distance)
    second = None if first is None else _seed_beside(canvas, first.at)
    if first is None or second is None:
        return None
    snakes, tips = [first, second], [first.at, second.at]
    for snake in snakes:
        canvas.draw(snake.at, snake.paddle, s.target_contrast)
    for _ in range(s.dashes - 1):
        for i in (0, 1):
            longer = _extend(canvas, snakes[i], s.target_contrast)
            if longer is None:
                return None
            snakes[i] = longer
    canvas.take(snakes[1].at, snakes[1].paddle)
    return tips, [snake.at for snake in snakes]


def _distract(canvas: Canvas) -> None:
    """Short snakes where there is room: each has five tries, and a picture may end up with fewer."""
    s = canvas.setting
    for _ in range(s.distractors):
        for _ in range(SNAKE_TRIES):
            if (canvas.seen(canvas.mask) <= 0.3).mean() < 0.01:
                return
            before = canvas.image.copy(), canvas.mask.copy()
            snake = _seed(canvas, 1)
            if snake is not None:
                canvas.draw(snake.at, snake.paddle, s.distractor_contrast)
            for _ in range(s.distractor_dashes - 1):
                snake = None if snake is None else _extend(canvas, snake, s.distractor_contrast)
            if snake is not None:
                canvas.take(snake.at, snake.paddle)
                break
            canvas.image, canvas.mask = before


def _marker(window: int, at: Point, radius: float) -> Float[np.ndarray, "window window"]:
    """A disc from 0 to 1, drawn fine and shrunk."""
    k = np.arange(window * FINE)
    fine = (k[:, None] - at[0] * FINE) ** 2 + (k - at[1] * FINE) ** 2 <= (radius * FINE) ** 2
    return shrink(fine * 255.0, window) / 255


def one_image(setting: Setting, rng: np.random.Generator) -> tuple[UInt8[np.ndarray, "window window"], int]:
    """A picture and its label: 1 if both discs lie on one snake."""
    label, margin = int(rng.integers(2)), int(rng.choice(setting.margins))
    tips = None
    while tips is None:
        canvas = Canvas(setting, margin, rng)
        tips = _targets(canvas)
    _distract(canvas)
    origin = int(rng.integers(2))
    image = canvas.seen(canvas.image)
    for at in (tips[0][origin], tips[1][origin if label else 1 - origin]):
        image = np.maximum(image, _marker(setting.window, at, setting.marker_radius))
    low, high = image.min(), image.max()
    return np.round((image - low) * (255 / (high - low))).astype(np.uint8), label


def _known(size: int) -> int:
    size = checks.integer(size, "size")
    if size not in SETTINGS:
        raise ValueError(f"size must be {' or '.join(map(str, SETTINGS))}, got {size}")
    return size


def _chunk(seed: list[int], count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    pairs = [one_image(SETTINGS[size], rng) for _ in range(count)]
    return np.stack([image for image, _ in pairs]), np.array([label for _, label in pairs])


def pathfinder_images(
    count: int, size: int = 32, seed: int = 0, workers: int | None = None
) -> tuple[UInt8[np.ndarray, "count size size"], Int[np.ndarray, " count"]]:
    """`count` pictures of 32x32 (Pathfinder) or 128x128 (Path-X) with their labels.

    The result depends on the seed, not on the number of workers (processes: at most one a core, and no more than there
    is work for). A core makes about 100 pictures a second, or 6 of the large ones. Args: count up to 10^6. Raises:
    ValueError.
    """
    count, seed = checks.integer(count, "count", 1, 10**6), checks.seed(seed)
    size = _known(size)
    if count * size**2 > LARGEST:
        raise ValueError(f"count must ask for at most {LARGEST:,} pixels, got {count} pictures")
    chunk = 50
    sizes = [min(chunk, count - start) for start in range(0, count, chunk)]
    jobs = [[seed, i] for i in range(len(sizes))]
    with in_processes(workers, len(jobs)) as pool:
        parts = list(pool.map(partial(_chunk, size=size), jobs, sizes))
    return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])


def pathfinder(
    size: int = 32,
    train: int = 160_000,
    val: int = 20_000,
    test: int = 20_000,
    seed: int = 0,
    workers: int | None = None,
) -> dict[str, Sequences]:
    """Pathfinder (32) or Path-X (128) as sequences of pixels in [0, 1], read row by row: (size^2, 1), not centred.

    Generated once for each setting and kept as arrays in the data folder. Raises: ValueError.
    """
    import torch

    from spectral_lab.datasets import data_folder
    from spectral_lab.hippo.data.pixels import as_sequences
    from spectral_lab.samples import Sequences

    size = _known(size)
    sizes = {"train": train, "val": val, "test": test}
    sizes = {name: checks.integer(count, name, 1, 300_000) for name, count in sizes.items()}
    total, seed = sum(sizes.values()), checks.seed(seed)
    # "v2": the drawing before it had slanted paddles, which an older file may still hold.
    path = data_folder() / "hippo" / f"pathfinder{size}-v2-{total}-{seed}.npz"
    images, labels = cached(path, lambda: pathfinder_images(total, size, seed, workers))
    cuts = np.cumsum(list(sizes.values()))[:-1]
    parts = zip(sizes, np.split(images, cuts), np.split(labels, cuts), strict=True)
    return {
        name: Sequences(as_sequences(torch.tensor(x)[:, None]), torch.tensor(y), scale=255.0) for name, x, y in parts
    }
