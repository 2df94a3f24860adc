"""Read a model: the spectrum of every weight matrix, beside that of noise of the same shape.

`report(model_or_path)` in a notebook, `spectral-lab spectra PATH` in a shell. Each layer is read on its own; nothing
but one matrix and its Gram matrix is in memory. Matrices with a shorter side of more than 512 are analysed in single
precision: exponents of the median rule are right to 1e-5, eigenvalues below 4e-6 of the largest are not told from 0.
Matrices whose shorter side is above 10 000 are named and left out: `lanczos_density` finds their density, but no single
eigenvalues, and a tail's exponent is read from these.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, SupportsInt

import numpy as np
from jaxtyping import Float

from spectral_lab import checks
from spectral_lab.heavytails.checkpoints import Checkpoint, Entry, of_tensors, open_checkpoint
from spectral_lab.heavytails.edges import largest_eigenvalue_law
from spectral_lab.heavytails.esd import BATCH, esd
from spectral_lab.heavytails.marchenko_pastur import LARGEST_Q, MarchenkoPastur
from spectral_lab.heavytails.null import SEARCHED, noise_exponent
from spectral_lab.heavytails.tails import RULES, tail_exponent
from spectral_lab.heavytails.windows import farms_exponent

BINS = (8, 60)  # fewest and most of a histogram
FEWEST = 16  # eigenvalues; noise of fewer reads almost anything
CLEAR = 3.5  # standard deviations of noise that count as a difference
HEAVY = -0.25  # difference from noise, and
DECADES = 10.0  # span of the tail, from which it may be called heavy
BEYOND = 3.2724  # 99.9 % point of the Tracy-Widom law: noise passes it once in a thousand matrices
FLAT = 1e4  # an exponent beyond is that of equal values
SMALL = 512  # the largest shorter side that is read in double precision
MASK = "bias"  # the end of names such as h.0.attn.bias, the causal mask of GPT-2
SCALES = ("scale", "scales", "scale_inv", "absmax", "zeros")  # the end of names of what quantised weights come with
UNRESOLVED = {"single": 4e-6, "double": 1e-13}  # of the largest eigenvalue: what is not told from 0


@dataclass(frozen=True)
class LayerReading:
    """One weight matrix, or one convolution with its kernel positions pooled; `remarks` say what to mind."""

    name: str
    shape: tuple[int, ...]
    count: int  # eigenvalues
    aspect: float  # Q = longer over shorter side
    alpha: float
    x_min: float
    noise: float  # what noise of this shape reads, and its standard deviation
    spread: float
    farms: float | None
    spikes: int  # eigenvalues beyond the edge of a bulk whose variance is taken from the median
    variance: float
    stable_rank: float  # of pooled slices: sum over the largest of all, over their number; so it may be below 1
    reading: str
    start: float  # log10 of the ends of the histogram
    end: float
    histogram: tuple[int, ...]
    remarks: tuple[str, ...] = ()

    @property
    def corrected(self) -> float:
        """alpha minus that of noise: 0 for noise, negative for a heavier tail."""
        return self.alpha - self.noise


@dataclass(frozen=True)
class Report:
    """The readings of all layers in the order of the file, and a line for everything that was not read."""

    source: str
    rule: str
    farms: int | None
    layers: tuple[LayerReading, ...]
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join([*_table(self), *self.notes()])

    def _repr_html_(self) -> str:
        from spectral_lab.heavytails.page import fragment

        return fragment(self)

    def notes(self) -> list[str]:
        """What a reader must know beside the table."""
        careful = [f"{layer.name}: {remark}" for layer in self.layers for remark in layer.remarks]
        windows = (
            f" FARMS {self.farms}: alpha of its square windows, where large noise reads 2.12." if self.farms else ""
        )
        kernels = POOLED if any(len(layer.shape) > 2 for layer in self.layers) else ""
        return [*(f"note: {_printable(line)}" for line in (*self.remarks, *careful)), MEANING + windows + kernels]

    def json(self) -> str:
        """The report as JSON: numbers as they are, infinite ones as null."""
        return json.dumps(_finite(asdict(self)), indent=1)


MEANING = (
    "alpha: exponent of the tail; noise: what noise of this shape reads, and its scatter; less: alpha minus noise, "
    "0 for noise, negative for a heavier tail. A reading is a description, not a verdict on the model."
)
POOLED = " The positions of a kernel are pooled; its stable rank is a mean over them, and may be below 1."


def report(model_or_path: Any, farms: SupportsInt | None = None, rule: str = "median") -> Report:
    """Read a checkpoint (a path), a model (anything with `state_dict()`), or a mapping from names to arrays.

    farms: size of FARMS windows, or None for none; rule as `tail_exponent`. Raises: ValueError, FileNotFoundError.
    """
    if isinstance(model_or_path, (str, Path)):
        checkpoint = open_checkpoint(model_or_path)
    elif hasattr(model_or_path, "state_dict"):
        checkpoint = of_tensors(model_or_path.state_dict(), type(model_or_path).__name__)
    elif isinstance(model_or_path, Mapping):
        checkpoint = of_tensors(model_or_path, "tensors")
    else:
        raise ValueError(f"model_or_path must be a path, a model or a mapping, got {checks.shown(model_or_path)}")
    readings = read_layers(checkpoint, farms, rule)
    return gathered(checkpoint, readings, farms, rule)


def gathered(
    checkpoint: Checkpoint, readings: Iterable[LayerReading | str], farms: SupportsInt | None, rule: str
) -> Report:
    """Readings and remarks as one report."""
    items = list(readings)
    layers = tuple(item for item in items if isinstance(item, LayerReading))
    remarks = (*checkpoint.remarks, *(item for item in items if isinstance(item, str)))
    size = None if farms is None else checks.integer(farms, "farms", 2, checks.LARGEST_ORDER)
    return Report(checkpoint.source, rule, size, layers, remarks)


def read_layers(
    checkpoint: Checkpoint,
    farms: SupportsInt | None = None,
    rule: str = "median",
    known: Mapping[str, LayerReading | str] | None = None,
    done: Callable[[Entry], Any] | None = None,
) -> Iterator[LayerReading | str]:
    """A reading, or a line that says why there is none, for each matrix; `known` ones are not read again.

    `done` hears of each. Vectors and single numbers are passed over without a line.
    """
    rule = checks.choice(rule, "rule", RULES)
    size = None if farms is None else checks.integer(farms, "farms", 2, checks.LARGEST_ORDER)
    for entry in matrices(checkpoint):
        if known and entry.name in known:
            yield known[entry.name]
        else:
            yield _read(entry, size, rule)
        if done is not None:
            done(entry)


def matrices(checkpoint: Checkpoint) -> list[Entry]:
    """The tensors that are read as matrices: those of two to five axes (convolutions of one to three dimensions)."""
    return [entry for entry in checkpoint.entries if 2 <= len(layer_shape(entry)) <= 5]


def layer_shape(entry: Entry) -> tuple[int, ...]:
    """(rows, columns, positions...): axes of length 1 before a table fall away, an axis of experts goes to the end.

    So a vision transformer's positions (1, 197, 768) are a matrix, its class token (1, 1, 768) is none, and the experts
    of one layer (experts, in, out) are pooled like the positions of a kernel.
    """
    shape = entry.shape
    if _experts(entry):
        return (*shape[1:], shape[0])
    if (len(shape) == 3 and shape[0] == 1) or (len(shape) == 4 and shape[:2] == (1, 1)):
        return shape[-1:] if shape[-2] == 1 else shape[-2:]
    return shape


def _experts(entry: Entry) -> bool:
    return len(entry.shape) == 3 and "experts" in entry.name


def cost(entry: Entry) -> float:
    """About how many operations an entry takes: the Gram matrix and its eigenvalues."""
    shape = layer_shape(entry)
    low, high = sorted(shape[:2])
    return float(math.prod(shape[2:]) * (2.0 * low * low * high + 20.0 * low**3) + math.prod(shape))


def memory(checkpoint: Checkpoint) -> int:
    """About how many bytes the largest matrix takes: as stored, as it is worked on, and its Gram matrix twice."""

    def needs(entry: Entry) -> int:
        shape, width = layer_shape(entry), 4
        low, size = min(shape[:2]), math.prod(shape)
        numbers = 0 if entry.kind == "F32" else 4 * size  # numbers of 32 bits
        if low <= SMALL:
            numbers, width = numbers + 8 * size, 8
        if len(shape) == 2:
            return entry.size + numbers + 2 * width * low**2
        together = max(1, min(math.prod(shape[2:]), BATCH // math.prod(shape[:2])))  # positions that are worked on
        return entry.size + numbers + together * width * (math.prod(shape[:2]) + 2 * low**2)

    return max(map(needs, matrices(checkpoint)), default=0)


def _read(entry: Entry, size: int | None, rule: str) -> LayerReading | str:
    shape = layer_shape(entry)
    try:
        if entry.name.endswith(MASK):
            return f"{entry.name} of shape {entry.shape} is by its name a bias or a mask: left out"
        if entry.name.endswith(SCALES):
            return f"{entry.name} of shape {entry.shape} belongs by its name to quantised weights: left out"
        if 0 in entry.shape:
            return f"{entry.name} of shape {entry.shape} is empty: left out"
        if min(shape[:2]) > checks.LARGEST_ORDER:
            return (
                f"{entry.name} of shape {entry.shape} is too large to diagonalise (shorter side above 10,000): left out"
            )
        if math.prod(entry.shape) > 20 * checks.LARGEST_ARRAY:
            return f"{entry.name} of shape {entry.shape} is larger than the memory that is set aside: left out"
        weights = entry.read()
        weights = np.moveaxis(weights, 0, -1) if _experts(entry) else weights
        weights = weights.reshape(*shape[:2], -1, 1) if len(shape) > 2 else weights.reshape(shape)
        return _reading(entry, weights, size, rule)
    except (ValueError, OSError, MemoryError) as error:
        return f"{entry.name} cannot be read: {' '.join(str(error).split())[:200]}"


def _reading(entry: Entry, weights: Float[np.ndarray, "*shape"], size: int | None, rule: str) -> LayerReading | str:
    low, high = sorted(weights.shape[:2])
    slices = weights.shape[2] if weights.ndim == 4 else 1
    precision = "double" if low <= SMALL else "single"
    try:
        values = esd(weights, precision)
    except ValueError:  # looked for only where something is wrong: a look at every number takes its time
        unsound = weights.size - np.isfinite(weights).sum()
        if not unsound:
            raise
        return f"{entry.name} holds {unsound:,} NaN or infinite numbers of {weights.size:,}: left out"
    if not values[-1]:
        return f"{entry.name} is zero throughout: left out"
    lost = values <= UNRESOLVED[precision] * values[-1]
    if len(values) < 2 or high > LARGEST_Q * low:
        return f"{entry.name} of shape {entry.shape} has too few eigenvalues for any tail: left out"
    fit, noise = tail_exponent(values, rule), noise_exponent((low, high), rule, slices=min(slices, 4096))
    variance, spikes = _bulk(values, low, high)
    alpha = fit.alpha if math.isfinite(fit.alpha) else math.inf
    above = alpha - noise.mean
    flat = fit.alpha > FLAT  # so many equal values that the exponent is one of rounding
    remarks = list(fit.doubts if rule != "median" or fit.alpha <= 1 or flat else ())
    if lost[fit.start :].any():
        word = "low rank"
    elif flat:
        word = "equal values"
    else:
        word = _word(len(values), above, noise.spread, spikes, float(values[-1] / fit.x_min) if fit.x_min else 1.0)
    if rule != "median" and low > SEARCHED:
        remarks.append(f"noise of this rule is simulated up to {SEARCHED} rows; larger noise reads more")
    said = (values == 0).sum() if remarks else 0
    if lost.sum() > max(1, 0.01 * len(values), said):
        remarks.append(f"{int(lost.sum())} of {len(values)} eigenvalues are 0 or too small for {precision} precision")
    if _experts(entry):
        remarks.append(f"{entry.shape[0]} experts are pooled")
    if "F8" in entry.kind or "float8" in entry.kind:
        remarks.append("read without the scales that 8-bit numbers often have beside them")
    positive = np.log10(values[~lost])
    counts, edges = np.histogram(positive, min(max(len(positive) // 5, BINS[0]), BINS[1]))
    return LayerReading(
        name=entry.name,
        shape=layer_shape(entry),
        count=len(values),
        aspect=high / low,
        alpha=alpha,
        x_min=fit.x_min,
        noise=noise.mean,
        spread=noise.spread,
        farms=None if size is None else farms_exponent(weights, size, rule, precision=precision).alpha,
        spikes=spikes,
        variance=variance,
        stable_rank=float(values.sum() / values[-1]) / slices,
        reading=word,
        start=float(edges[0]),
        end=float(edges[-1]),
        histogram=tuple(int(count) for count in counts),
        remarks=tuple(remarks),
    )


def _bulk(values: Float[np.ndarray, " N"], low: int, high: int) -> tuple[float, int]:
    """The variance of entries that gives noise this median eigenvalue, and how many lie beyond that noise's edge."""
    variance = float(np.median(values)) / high / float(MarchenkoPastur(high / low).quantile(0.5))
    centre, scale = largest_eigenvalue_law(high, low)
    return variance, int((values > variance * (centre + BEYOND * scale)).sum())


def _word(count: int, above: float, spread: float, spikes: int, span: float) -> str:
    if count < FEWEST:
        return "too few values"
    if abs(above) <= CLEAR * spread and spikes == 0:
        return "like noise"
    return "heavy tail" if above <= HEAVY and spikes and span >= DECADES else "some structure"


def _table(report: Report) -> list[str]:
    head = ["layer", "shape", "Q", "alpha", "noise", "less", "spikes", "stable rank", "reading"]
    if report.farms is not None:
        head.insert(6, f"FARMS {report.farms}")
    rows = [head, *(row(layer, report.farms is not None) for layer in report.layers)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in rows]
    return [f"{report.source}: {len(report.layers)} matrices, rule {report.rule!r}", *lines]


def row(layer: LayerReading, farms: bool) -> list[str]:
    """A layer's line of the table."""
    cells = [
        _printable(layer.name),
        "x".join(map(str, layer.shape)),
        f"{layer.aspect:.3g}",
        _exponent(layer.alpha),
        f"{layer.noise:.2f} ± {layer.spread:.2g}",
        "" if layer.alpha > FLAT else f"{layer.corrected:+.2f}",
        str(layer.spikes),
        f"{layer.stable_rank:.1f}",
        layer.reading,
    ]
    if farms:
        cells.insert(6, "" if layer.farms is None else _exponent(layer.farms))
    return cells


def _exponent(alpha: float) -> str:
    return f"{alpha:.2f}" if alpha <= FLAT else f"above {FLAT:,.0f}"


def _printable(text: str) -> str:
    """A stranger's text without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
