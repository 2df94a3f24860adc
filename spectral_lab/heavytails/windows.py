"""FARMS: cut every weight matrix into windows of one shape, pool their spectra, then read the exponent.

Fixed-Aspect-Ratio Matrix Subsampling (Hu, Goel, Killiakov, Yang 2025), reconstructed from the abstract and the released
code. Windows of one shape have noise of one spectrum, so exponents of layers of different shapes may be compared. The
windows are contiguous: neighbouring rows, not random ones. What windows cost: a signal that sticks out of an m by n
matrix must be (mn / rc)^{1/4} times stronger to stick out of a window of r by c.

The released programs differ in what they do when a window does not fit, and so does `fit`:

- "guarded" (ours): the window shrinks, keeping its aspect ratio, until it fits;
- "released" (images): it does not shrink; a start becomes negative, and Python then cuts from the far end;
- "released-llm": its rows shrink to min(m, n), after which its columns may still not fit.
"""

from __future__ import annotations

import math
from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from spectral_lab import checks
from spectral_lab.heavytails.ensembles import matrix_shape
from spectral_lab.heavytails.esd import BATCH, esd
from spectral_lab.heavytails.tails import TailFit, tail_exponent

FITS = ("guarded", "released", "released-llm")
PATTERNS = ("grid", "tiles")
CONV_NORM = 0.5  # the released programs multiply kernel slices by its root
MOST_WINDOWS = 250_000
MOST_TILES = 256


def window_starts(
    shape: Any,
    size: SupportsInt,
    Q: Any = 1.0,
    per_axis: SupportsInt | None = 9,
    step: SupportsInt | None = None,
    fit: str = "guarded",
) -> tuple[Int[np.ndarray, " rows"], Int[np.ndarray, " columns"], tuple[int, int]]:
    """(row starts, column starts, (height, width)): the windows are all pairs of starts.

    A window has `size` rows and floor(size Q) columns: Q is columns over rows. With per_axis = o windows an axis, an
    axis of length L and a window of w: the step is max(1, floor((L - w) / (o - 1))), there are
    min(o, floor((L - w) / step) + 1) starts, the i-th at min(i step, L - w); the floor may leave the last o - 2 rows or
    columns out. With per_axis = None the step is given and the windows stand at 0, step, 2 step, ... while they fit.
    Height and width are those of the window as cut; a negative start is given as the place from which it cuts.

    Args: shape (m, n); size from 1 to 10 000; Q from 1e-4 to 1e4; per_axis from 1 to 500, or None; step. Raises:
    ValueError.
    """
    m, n = matrix_shape(shape)
    rows, columns = _window(m, n, size, Q, fit)
    axes = [_axis(L, w, per_axis, step) for L, w in ((m, rows), (n, columns))]
    (row_starts, height), (column_starts, width) = axes
    if len(row_starts) * len(column_starts) > MOST_WINDOWS:
        wanted = len(row_starts) * len(column_starts)
        raise ValueError(f"step must leave at most {MOST_WINDOWS:,} windows, got {checks.shown(step)}: {wanted:,}")
    return row_starts, column_starts, (height, width)


def coverage(
    shape: Any,
    size: SupportsInt,
    Q: Any = 1.0,
    per_axis: SupportsInt | None = 9,
    step: SupportsInt | None = None,
    fit: str = "guarded",
) -> Int[np.ndarray, "m n"]:
    """How many windows of the schedule hold each entry of the matrix. Args and raises as `window_starts`."""
    rows, columns, (height, width) = window_starts(shape, size, Q, per_axis, step, fit)
    m, n = matrix_shape(shape)
    counts = []
    for length, starts, w in ((m, rows, height), (n, columns, width)):
        change = np.zeros(length + 1, dtype=int)
        np.add.at(change, starts, 1)
        np.add.at(change, starts + w, -1)
        counts.append(np.cumsum(change)[:-1])
    return np.outer(*counts)


def farms_esd(
    W: ArrayLike,
    size: SupportsInt,
    Q: Any = 1.0,
    per_axis: SupportsInt | None = 9,
    step: SupportsInt | None = None,
    fit: str = "guarded",
    windows: str = "grid",
    precision: str = "double",
) -> Float[np.ndarray, " N"]:
    """The pooled ascending eigenvalues of all windows of a matrix; of equal windows pooling is the average of ESDs.

    windows="tiles" cuts the matrix into windows that do not overlap and takes 256 of them, evenly spread, if there are
    more (as later work on bit allocation does, at random). A convolution's kernel (out, in, height, width) is cut as
    `convolution_blocks` does; then size, per_axis, step, fit and windows are not used.

    Args: as `window_starts` and `esd`. Raises: ValueError.
    """
    return np.sort(np.concatenate(_spectra(W, size, Q, per_axis, step, fit, windows, precision)))


def farms_exponent(
    W: ArrayLike,
    size: SupportsInt,
    rule: str = "median",
    Q: Any = 1.0,
    per_axis: SupportsInt | None = 9,
    step: SupportsInt | None = None,
    fit: str = "guarded",
    windows: str = "grid",
    precision: str = "double",
    position: Any = 2,
) -> TailFit:
    """The exponent of the pooled windows; of a convolution, the mean over its blocks of rows, as released.

    For a convolution alpha, distance and x_min are means over the blocks, start is that of the first block, count the
    sum. Args: as `farms_esd` and `tail_exponent`. Raises: ValueError.
    """
    return mean_fit(_spectra(W, size, Q, per_axis, step, fit, windows, precision), rule, position)


def farms_spectrum(
    W: ArrayLike, size: SupportsInt, rule: str = "median", **schedule: Any
) -> tuple[Float[np.ndarray, " N"], TailFit]:
    """(farms_esd, farms_exponent) for the price of one; `schedule` holds their other arguments. Raises: ValueError."""
    position = schedule.pop("position", 2)
    given = {"Q": 1.0, "per_axis": 9, "step": None, "fit": "guarded", "windows": "grid", "precision": "double"}
    spectra = _spectra(W, size, **{**given, **schedule})
    return np.sort(np.concatenate(spectra)), mean_fit(spectra, rule, position)


def mean_fit(spectra: list[Float[np.ndarray, " N"]], rule: str, position: Any) -> TailFit:
    """The fit of one spectrum, or the mean over several as `farms_exponent` says."""
    few = min(map(len, spectra))
    if few < 2:
        raise ValueError(f"W, size and Q must give at least 2 eigenvalues to the windows that are pooled, got {few}")
    fits = [tail_exponent(values, rule, position) for values in spectra]
    if len(fits) == 1:
        return fits[0]
    alpha, distance, x_min = (
        float(np.mean([getattr(fit, name) for fit in fits])) for name in ("alpha", "distance", "x_min")
    )
    doubts = tuple(dict.fromkeys(doubt for fit in fits for doubt in fit.doubts))
    return TailFit(alpha, x_min, distance, fits[0].start, sum(fit.count for fit in fits), doubts)


def convolution_blocks(W: ArrayLike, Q: Any = 1.0) -> list[Float[np.ndarray, "positions r c"]]:
    """The blocks of rows of a convolution's kernel (out, in, height, width), each a stack over kernel positions.

    Each out by in slice is multiplied by sqrt(1/2) and turned so that its R rows are not fewer than its C columns. A
    window has C rows and floor(C Q) columns for Q <= 1, floor(C / Q) rows and C columns for Q > 1; block i starts at
    row i r, i < floor(R / C). So for Q > 1 only about 1/Q of the rows is looked at: as released. For out = in and
    Q = 1 there is one block, the whole slice, and FARMS changes nothing.

    Raises: ValueError.
    """
    weights = _weights(W)
    if weights.ndim != 4:
        raise ValueError(f"W must be a kernel of 4 axes, none of them empty, got shape {np.shape(W)}")
    factor = weights.dtype.type(math.sqrt(CONV_NORM))
    return [factor * block for block in _blocks(weights, checks.number(Q, "Q", 1e-4, 1e4))]


def _blocks(weights: np.ndarray, Q: float) -> list[np.ndarray]:
    """As `convolution_blocks` cuts, without the factor."""
    slices = np.moveaxis(weights.reshape(*weights.shape[:2], -1), 2, 0)
    slices = slices if slices.shape[1] >= slices.shape[2] else slices.swapaxes(1, 2)
    R, C = slices.shape[1:]
    r, c = (C, max(1, int(C // (1 / Q)))) if Q <= 1 else (max(1, int(C // Q)), C)
    return [slices[:, i * r : (i + 1) * r, :c] for i in range(R // C)]


def _spectra(
    W: Any, size: Any, Q: Any, per_axis: Any, step: Any, fit: str, windows: str, precision: str
) -> list[Float[np.ndarray, " N"]]:
    """Of a matrix the pooled spectrum of its windows; of a kernel one for each block."""
    weights = _weights(W)
    if weights.ndim == 4:
        return [CONV_NORM * esd(block, precision) for block in _blocks(weights, checks.number(Q, "Q", 1e-4, 1e4))]
    return [_pooled(weights, size, Q, per_axis, step, fit, windows, precision)]


def _weights(W: Any) -> np.ndarray:
    """float32 stays float32; everything else is checked into double precision."""
    known = isinstance(W, np.ndarray) and W.dtype == np.float32 and not isinstance(W, np.ma.MaskedArray)
    weights = np.asarray(W) if known and np.isfinite(W).all() else checks.real_array(W, "W")
    if weights.ndim not in (2, 4) or weights.size == 0:
        raise ValueError(f"W must be a matrix or a kernel of 4 axes, none of them empty, got shape {np.shape(W)}")
    return weights


def _pooled(
    W: np.ndarray, size: Any, Q: Any, per_axis: Any, step: Any, fit: str, windows: str, precision: str
) -> Float[np.ndarray, " N"]:
    """The eigenvalues of all windows of a matrix, a few million entries cut out at a time."""
    if checks.choice(windows, "windows", PATTERNS) == "tiles":
        m, n = W.shape
        r, c = _window(m, n, size, Q, fit)
        r, c = min(r, m), min(c, n)
        rows, columns = np.arange(0, m - r + 1, r), np.arange(0, n - c + 1, c)
        most = MOST_TILES
    else:
        rows, columns, (r, c) = window_starts(W.shape, size, Q, per_axis, step, fit)
        most = MOST_WINDOWS
    count = len(rows) * len(columns)
    chosen = np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
    checks.room(len(chosen) * min(r, c), "size, step and the windows of W")
    corners = [(rows[i], columns[j]) for i, j in zip(*np.divmod(chosen, len(columns)), strict=True)]
    block = max(BATCH // (r * c), 1)
    parts = [
        esd(np.stack([W[i : i + r, j : j + c] for i, j in corners[start : start + block]]), precision)
        for start in range(0, len(chosen), block)
    ]
    return np.sort(np.concatenate(parts))


def _window(m: int, n: int, size: Any, Q: Any, fit: Any) -> tuple[int, int]:
    """Rows and columns that are asked for, before anything is cut."""
    r, Q = checks.integer(size, "size", 1, checks.LARGEST_ORDER), checks.number(Q, "Q", 1e-4, 1e4)
    fit = checks.choice(fit, "fit", FITS)
    if fit == "guarded":
        r = max(1, min(m, int(n / Q), r))
        return r, min(max(1, int(r * Q)), n)
    if fit == "released-llm":
        r = min(r, m, n)
    return r, max(1, int(r * Q))


def _axis(length: int, window: int, per_axis: Any, step: Any) -> tuple[Int[np.ndarray, " starts"], int]:
    """Starts along one axis, and the length of what is cut there."""
    free = length - window
    if per_axis is None:
        if step is None:
            raise ValueError("per_axis and step must not both be None")
        step = checks.integer(step, "step", 1, 10**9)
        starts = np.arange(0, max(free, 0) + 1, step)
    else:
        per_axis = checks.integer(per_axis, "per_axis", 1, 500)
        if step is not None:
            raise ValueError(f"step must be None unless per_axis is None, got {checks.shown(step)}")
        step = max(1, free // max(per_axis - 1, 1))
        starts = np.minimum(np.arange(min(per_axis, max(1, free // step + 1))) * step, free)
    first, end, _ = slice(int(starts[0]), int(starts[0]) + window).indices(length)
    return np.maximum(np.where(starts < 0, length + starts, starts), 0), end - first
