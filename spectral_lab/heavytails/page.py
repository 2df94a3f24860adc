"""A report as a page of its own: the table, and for each layer its spectrum beside noise and the fitted tail."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

import numpy as np

from spectral_lab.heavytails.marchenko_pastur import MarchenkoPastur
from spectral_lab.heavytails.report import LayerReading, Report, row

WIDTH, HEIGHT, LEFT, BOTTOM = 300, 190, 34, 26
STYLE = """
.spectra {font: 14px/1.5 system-ui, sans-serif}
.spectra table {border-collapse: collapse} .spectra td, .spectra th {padding: 2px 12px 2px 0; text-align: left}
.spectra th {border-bottom: 1px solid currentColor} .spectra figure {display: inline-block; margin: 8px 12px 8px 0}
.spectra figcaption {font-size: 12px; max-width: 300px; overflow-wrap: anywhere} .spectra svg {display: block}
"""
MOST_PICTURES = 400
NO_TAIL = ("low rank", "equal values")  # readings of spectra that neither noise nor a power law describes
Place = Callable[[float, float], tuple[float, float]]


def page(report: Report) -> str:
    """The whole report as one HTML page that needs nothing from the network."""
    title = escape(report.source.rstrip("/").split("/")[-1])
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Spectra of {title}</title>'
    body = ":root {color-scheme: light dark} body {margin: 24px; color: CanvasText; background: Canvas}"
    return (
        f"<!doctype html><html lang=en><head>{head}<style>{body}</style></head><body>{fragment(report)}</body></html>\n"
    )


def fragment(report: Report) -> str:
    """The report as a block of HTML for a notebook or a page."""
    with_farms = report.farms is not None
    names = ["layer", "shape", "Q", "alpha", "noise", "less", "spikes", "stable rank", "reading"]
    names = [*names[:6], f"FARMS {report.farms}", *names[6:]] if with_farms else names
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = ("".join(f"<td>{escape(cell)}</td>" for cell in row(layer, with_farms)) for layer in report.layers)
    table = "".join(f"<tr>{cells}</tr>" for cells in rows)
    notes = "".join(f"<p>{escape(line)}</p>" for line in report.notes())
    pictures = "".join(map(_figure, report.layers[:MOST_PICTURES]))
    title = f"<p><b>{escape(report.source)}</b>: {len(report.layers)} matrices, rule {escape(report.rule)}</p>"
    key = (
        "<p>Bars: density of the eigenvalues, both axes logarithmic. Dotted: noise of the same shape, its variance "
        "from the median (Marchenko-Pastur). Line: the fitted power law, from where the tail starts. A matrix of low "
        "rank or of equal values has neither.</p>"
    )
    return (
        f'<div class="spectra"><style>{STYLE}</style>{title}<table><tr>{head}</tr>{table}</table>{notes}{key}{pictures}'
        "</div>"
    )


def _figure(layer: LayerReading) -> str:
    alpha = row(layer, False)[3]
    caption = f"{layer.name}: alpha {alpha}, noise {layer.noise:.2f}, {layer.reading}"
    return f"<figure>{svg(layer)}<figcaption>{escape(caption)}</figcaption></figure>"


def svg(layer: LayerReading) -> str:
    """The density of one ESD on two logarithmic axes, in the colour of the text around it."""
    edges = np.linspace(layer.start, layer.end, len(layer.histogram) + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    counts = np.array(layer.histogram, dtype=float)
    density = counts / counts.sum() / np.maximum(10.0 ** edges[1:] - 10.0 ** edges[:-1], 1e-300)
    seen = counts > 0
    heights = np.log10(density, where=seen, out=np.full(len(density), np.nan))
    low, high = float(np.nanmin(heights)) - 0.2, float(np.nanmax(heights)) + 0.2
    left, right = layer.start - 0.05, layer.end + 0.05 + (layer.end == layer.start)

    def place(x: float, y: float) -> tuple[float, float]:
        across, up = (x - left) / (right - left), (y - low) / (high - low)
        return LEFT + across * (WIDTH - LEFT - 6), HEIGHT - BOTTOM - min(max(up, -0.05), 1.05) * (HEIGHT - BOTTOM - 8)

    parts = []
    for one, other, height in zip(edges[:-1][seen], edges[1:][seen], heights[seen], strict=True):
        (x0, y), (x1, floor) = place(one, height), place(other, low)
        parts.append(f'<rect x="{x0:.1f}" y="{y:.1f}" width="{max(x1 - x0, 0.6):.1f}" height="{floor - y:.1f}"/>')
    bars = f'<g fill="currentColor" opacity="0.35">{"".join(parts)}</g>'
    inside = bars
    if layer.reading not in NO_TAIL:
        inside += _line(_noise(layer), place, 'stroke="currentColor" stroke-dasharray="2 3"')
        inside += _line(_power_law(layer, middle, counts), place, 'stroke="#d35400" stroke-width="2"')
    across, down = WIDTH - LEFT, HEIGHT - BOTTOM  # an svg within the svg cuts off what leaves the axes
    box = f'x="{LEFT}" y="0" width="{across}" height="{down}" viewBox="{LEFT} 0 {across} {down}"'
    inside = f"<svg {box}>{inside}</svg>{_axes((left, right), (low, high), place)}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="spectrum of {escape(layer.name, quote=True)}">{inside}</svg>'
    )


def _noise(layer: LayerReading) -> list[tuple[float, float]]:
    """log10 of place and density of noise of this shape."""
    long = max(layer.shape[:2])
    law = MarchenkoPastur(layer.aspect, layer.variance) if 1e-100 < layer.variance < 1e100 else None
    if law is None:
        return []
    x = law.quantile(np.linspace(0.004, 0.996, 80))
    return list(zip(np.log10(x * long), np.log10(law.pdf(x) / long), strict=True))


def _power_law(layer: LayerReading, middle: np.ndarray, counts: np.ndarray) -> list[tuple[float, float]]:
    """log10 of place and density of the fitted tail, which holds the share of eigenvalues beyond x_min."""
    if not layer.x_min > 0 or not math.isfinite(layer.alpha) or layer.alpha <= 1:
        return []
    start = math.log10(layer.x_min)
    share = counts[middle >= start].sum() / counts.sum()
    if share <= 0:
        return []
    top = math.log10(share * (layer.alpha - 1)) - start
    return [(start, top), (layer.end, top - layer.alpha * (layer.end - start))]


def _line(points: list[tuple[float, float]], place: Place, how: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
    return f'<polyline points="{path}" fill="none" {how}/>' if points else ""


def _axes(across: tuple[float, float], up: tuple[float, float], place: Place) -> str:
    words = []
    for tick in _ticks(*across, 6):
        x, y = place(tick, up[0])
        words.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">1e{tick}</text>')
    for tick in _ticks(*up, 4):
        x, y = place(across[0], tick)
        words.append(f'<text x="{x - 4:.1f}" y="{y + 4:.1f}" text-anchor="end">1e{tick}</text>')
    (x0, y0), (x1, _) = place(across[0], up[0]), place(across[1], up[0])
    axis = f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y0}" stroke="currentColor" opacity="0.5"/>'
    return f'{axis}<g fill="currentColor" font-size="11">{"".join(words)}</g>'


def _ticks(low: float, high: float, most: int) -> list[int]:
    """Powers of ten between the ends, of which at most so many."""
    step = max(1, math.ceil((high - low) / most))
    return [tick for tick in range(math.ceil(low), math.floor(high) + 1) if tick % step == 0]
