"""Still pictures without a browser: a figure as SVG, and an explorer as a block of HTML with its readout.

What is in an output where no kernel answers: in a notebook that is only read, in a page that nbconvert wrote. It draws
what `theme` makes (lines, points, words, bars, fields and contours on linear and logarithmic axes), on white. Fields
and contours are images of a few pixels' accuracy; the picture that moves is Plotly's.
"""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from spectral_lab.markup import math_html

WIDTH, BAR = 900, 64  # pixels; of which a colour bar takes so many
COLORS = {"$ink": "#1c1c1c", "$muted": "#6b6b6b", "$grid": "#e3e3e3", "$paper": "#ffffff"}
CIVIDIS = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#fee838"]
DASHES = {"dot": "2 3", "dash": "7 4", "dashdot": "7 3 2 3"}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# JupyterLab leaves a line of words where a widget without a kernel was; the still picture says it better.
STYLE = (
    ".jp-OutputArea-child:has(.sl-still) + .jp-OutputArea-child > .jp-OutputArea-output:not(:has(*)) {display: none}"
)


def html(key: str, title: str, controls: Iterable[tuple[str, str]], figure: dict[str, Any], readout: str) -> str:
    """An explorer as it stands: title, picture, readout, and where each control is, by its label, marked as idle."""
    try:
        picture = base64.b64encode(svg(figure).encode()).decode()
    except Exception:  # a figure that `theme` did not make: its words must do
        picture = ""
    stand = " · ".join(f"{math_html(label)} = {escape(text)}" for label, text in controls)
    return f"""<figure class="sl-still" id="sl-still-{key}" style="max-width: 960px; margin: 0">
<style>{STYLE}</style>
<b>{math_html(title)}</b>
<img src="data:image/svg+xml;base64,{picture}" alt="{escape(readout)}" style="display: block; width: 100%">
<figcaption>{escape(readout)}
<div style="opacity: 0.6">{stand}. A still picture: run this cell to move it.</div></figcaption>
</figure>"""


class Panel(NamedTuple):
    """One panel: its axes, and where they lie in pixels (left, right; bottom, top)."""

    x: dict[str, Any]
    y: dict[str, Any]
    across: tuple[float, float]
    upward: tuple[float, float]

    def place(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Data as pixels."""
        return _scaled(self.x, x, self.across), _scaled(self.y, y, self.upward)


def svg(figure: dict[str, Any], width: int = WIDTH) -> str:
    """A figure of `theme` as an SVG picture so many pixels wide."""
    layout, traces = figure["layout"], figure["data"]
    bars = any(trace.get("showscale") for trace in traces)
    margin, height = layout["margin"], layout["height"]
    frame = (margin["l"], width - margin["r"] - BAR * bars, height - margin["b"], margin["t"])
    panels = {
        name[5:]: _panel(
            layout[name], layout["yaxis" + name[5:]], frame, [t for t in traces if t["xaxis"][1:] == name[5:]]
        )
        for name in layout
        if name.startswith("xaxis")
    }
    body = [part for panel in panels.values() for part in _axes(panel)]
    for suffix, panel in panels.items():
        (left, right), (bottom, top) = panel.across, panel.upward
        box = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
        body.append(f'<clipPath id="p{suffix}"><rect {box}/></clipPath><g clip-path="url(#p{suffix})">')
        body += [part for trace in traces if trace["xaxis"][1:] == suffix for part in _trace(trace, panel)]
        body.append("</g>")
    for trace in traces:
        panel = panels[trace["xaxis"][1:]]
        body += _words(trace, panel) if trace.get("mode") == "text" else []
        body += _bar(trace, frame) if trace.get("showscale") else []
    body += [_note(note, panels, frame) for note in layout.get("annotations", [])]
    font = 'font-family="system-ui, sans-serif" font-size="12" fill="#1c1c1c"'
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    paper = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>{paper}{"".join(body)}</svg>'


def _panel(x: dict[str, Any], y: dict[str, Any], frame: tuple[float, ...], traces: list[dict[str, Any]]) -> Panel:
    left, right, bottom, top = frame
    x, y = (axis | {"range": axis.get("range") or _extent(axis, traces, key)} for axis, key in ((x, "x"), (y, "y")))
    start, end = (left + (right - left) * share for share in x["domain"])
    if y.get("scaleanchor"):  # the same scale on both axes: the longer side gives way
        spans = [abs(axis["range"][1] - axis["range"][0]) for axis in (x, y)]
        scale = min((end - start) / spans[0], (bottom - top) / spans[1])
        wide, high = ((end - start - scale * spans[0]) / 2, (bottom - top - scale * spans[1]) / 2)
        start, end, bottom, top = start + wide, end - wide, bottom - high, top + high
    return Panel(x, y, (start, end), (bottom, top))


def _extent(axis: dict[str, Any], traces: list[dict[str, Any]], key: str) -> list[float]:
    values = np.concatenate([np.ravel(_on(axis, trace[key])) for trace in traces] or [np.zeros(1)])
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
    room = 0.05 * (high - low) or 1.0
    return [low - room, high + room]


def _on(axis: dict[str, Any], values: Any) -> np.ndarray:
    """Values on the axis's own scale, logarithmic or not; None and what has no logarithm are gaps."""
    array = np.asarray(values, float)
    if axis.get("type") != "log":
        return array
    return np.asarray(np.log10(np.where(array > 0, array, np.nan)))


def _scaled(axis: dict[str, Any], values: Any, pixels: tuple[float, float], on_scale: bool = False) -> np.ndarray:
    low, high = axis["range"]
    share = ((np.asarray(values, float) if on_scale else _on(axis, values)) - low) / (high - low)
    return np.asarray(np.clip(pixels[0] + share * (pixels[1] - pixels[0]), -5e3, 5e3))


def _ticks(axis: dict[str, Any], room: float) -> list[tuple[float, str]]:
    """Places on the axis's scale and their labels."""
    low, high = sorted(axis["range"])
    if "tickvals" in axis:
        places = [float(place) for place in np.atleast_1d(_on(axis, axis["tickvals"]))]
        labels = axis.get("ticktext") or [f"{value:g}".replace("-", "−") for value in axis["tickvals"]]
        return [(place, label) for place, label in zip(places, labels, strict=True) if low <= place <= high]
    if axis.get("type") == "log":
        step = max(1, int(np.ceil((high - low) / room)))
        decades = range(int(np.ceil(low)), int(np.floor(high)) + 1)
        return [(k, "10" + str(k).translate(SUPERSCRIPTS)) for k in decades if k % step == 0]
    rough = (high - low) / max(room, 2)
    power = 10 ** np.floor(np.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough)
    places = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return [(place, f"{place + 0.0:.6g}".replace("-", "−")) for place in places.round(12)]


def _axes(panel: Panel) -> Iterator[str]:
    (left, right), (bottom, top) = panel.across, panel.upward
    muted, grid = COLORS["$muted"], COLORS["$grid"]
    for place, label in _ticks(panel.x, (right - left) / 60):
        x = _scaled(panel.x, place, panel.across, on_scale=True)
        if panel.x.get("showgrid", True):
            yield f'<path d="M{x:.1f} {bottom:.1f}V{top:.1f}" stroke="{grid}"/>'
        if panel.x.get("showticklabels", True):
            yield f'<path d="M{x:.1f} {bottom:.1f}v4" stroke="{muted}"/>' + _text(label, x, bottom + 17, "middle")
    for place, label in _ticks(panel.y, (bottom - top) / 40):
        y = _scaled(panel.y, place, panel.upward, on_scale=True)
        if panel.y.get("showgrid", True):
            yield f'<path d="M{left:.1f} {y:.1f}H{right:.1f}" stroke="{grid}"/>'
        if panel.y.get("showticklabels", True):
            yield f'<path d="M{left:.1f} {y:.1f}h-4" stroke="{muted}"/>' + _text(label, left - 7, y + 4, "end")
    title = panel.x["title"]["text"]
    yield _text(title, (left + right) / 2, bottom + 37 + 15 * title.count("<br>"), "middle", size=13)
    turned = f'transform="rotate(-90 {left - 46:.1f} {(bottom + top) / 2:.1f})"'
    yield _text(panel.y["title"]["text"], left - 46, (bottom + top) / 2, "middle", size=13, more=turned)


def _trace(trace: dict[str, Any], panel: Panel) -> Iterator[str]:
    if trace["type"] in ("heatmap", "contour"):
        yield _field(trace, panel)
    elif trace["type"] == "bar":
        x, y = panel.place(trace["x"], trace["y"])
        zero = float(_scaled(panel.y, 0.0, panel.upward))
        wide = 0.8 * float(np.min(np.diff(np.sort(x)))) if x.size > 1 else 20.0
        colour = _colour(trace.get("marker", {}).get("color"))
        for a, b in zip(x, y, strict=True):
            box = f'x="{a - wide / 2:.1f}" y="{min(b, zero):.1f}" width="{wide:.1f}" height="{abs(b - zero):.1f}"'
            yield f'<rect {box} fill="{colour}"/>'
    elif "lines" in trace.get("mode", ""):
        yield from _line(trace, panel)
    if "markers" in trace.get("mode", ""):
        yield from _points(trace, panel)


def _line(trace: dict[str, Any], panel: Panel) -> Iterator[str]:
    x, y = panel.place(trace["x"], trace["y"])
    gaps = np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))
    path = ""
    for start, end in pairwise([-1, *gaps.tolist(), x.size]):
        points = zip(x[start + 1 : end], y[start + 1 : end], strict=True)
        path += "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points) if end > start + 1 else ""
    opacity = trace.get("opacity", 1)
    if trace.get("fill") and path:
        zero = float(_scaled(panel.y, 0.0, panel.upward)) if panel.y.get("type") != "log" else panel.upward[0]
        ends = np.flatnonzero(np.isfinite(x) & np.isfinite(y))[[-1, 0]]
        closed = path + (
            "Z" if trace["fill"] == "toself" else f"L{x[ends[0]]:.1f} {zero:.1f}L{x[ends[1]]:.1f} {zero:.1f}Z"
        )
        fill = _colour(trace.get("fillcolor", trace["line"]["color"]))
        look = f'fill="{fill}" fill-opacity="{1 if "fillcolor" in trace else 0.3}" opacity="{opacity}"'
        yield f'<path d="{closed}" {look}/>'
    line = trace["line"]
    dash = f' stroke-dasharray="{DASHES[line["dash"]]}"' if line.get("dash") in DASHES else ""
    look = f'stroke="{_colour(line["color"])}" stroke-width="{line["width"]}" opacity="{opacity}"{dash}'
    yield f'<path d="{path}" fill="none" stroke-linejoin="round" {look}/>' if path else ""


def _points(trace: dict[str, Any], panel: Panel) -> Iterator[str]:
    x, y = panel.place(trace["x"], trace["y"])
    x, y = np.atleast_1d(x), np.atleast_1d(y)
    marker = trace["marker"]
    colours = marker["color"]
    if isinstance(colours, np.ndarray):
        share = (colours - marker["cmin"]) / ((marker["cmax"] - marker["cmin"]) or 1)
        colours = ["#" + bytes(rgb).hex() for rgb in _ramp(marker.get("colorscale"))(share)]
    sizes = np.broadcast_to(np.asarray(marker["size"], float), x.shape)
    symbol, opacity = marker.get("symbol") or "circle", marker.get("opacity", 1)
    for i in np.flatnonzero(np.isfinite(x) & np.isfinite(y)):
        colour = _colour(colours if isinstance(colours, str) else colours[i])
        line = marker.get("line", {})
        open_ = symbol.endswith("-open") or symbol == "x"
        rim = colour if open_ else _colour(line.get("color", "none"))
        edge = f'stroke="{rim}" stroke-width="{line.get("width", 1.5)}"'
        shape = _shape(symbol.removesuffix("-open"), float(x[i]), float(y[i]), float(sizes[i]) / 2)
        yield f'<{shape} fill="{"none" if open_ else colour}" opacity="{opacity}" {edge}/>'


def _shape(symbol: str, x: float, y: float, r: float) -> str:
    corners = {
        "x": f"M{x - r:.1f} {y - r:.1f}L{x + r:.1f} {y + r:.1f}M{x - r:.1f} {y + r:.1f}L{x + r:.1f} {y - r:.1f}",
        "line-ew": f"M{x - r:.1f} {y:.1f}H{x + r:.1f}",
        "line-ns": f"M{x:.1f} {y - r:.1f}V{y + r:.1f}",
        "diamond": f"M{x - r:.1f} {y:.1f}L{x:.1f} {y - r:.1f}L{x + r:.1f} {y:.1f}L{x:.1f} {y + r:.1f}Z",
        "square": f"M{x - r:.1f} {y - r:.1f}H{x + r:.1f}V{y + r:.1f}H{x - r:.1f}Z",
        "triangle-down": f"M{x - r:.1f} {y - r:.1f}H{x + r:.1f}L{x:.1f} {y + r:.1f}Z",
        "triangle-up": f"M{x - r:.1f} {y + r:.1f}H{x + r:.1f}L{x:.1f} {y - r:.1f}Z",
        "triangle-left": f"M{x + r:.1f} {y - r:.1f}V{y + r:.1f}L{x - r:.1f} {y:.1f}Z",
        "triangle-right": f"M{x - r:.1f} {y - r:.1f}V{y + r:.1f}L{x + r:.1f} {y:.1f}Z",
    }
    return f'path d="{corners[symbol]}"' if symbol in corners else f'circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"'


def _field(trace: dict[str, Any], panel: Panel) -> str:
    """A heat map or contours as an image: the field at every second pixel, coloured, its levels drawn."""
    (left, right), (bottom, top) = panel.across, panel.upward
    z = np.asarray(trace["z"], float)
    x, y = (np.asarray(trace[key], float) for key in "xy")
    px, py = panel.place(x, y)
    heat = trace["type"] == "heatmap"
    columns, inside_x = _between(px, np.arange(left, right, 1.0), heat)
    rows, inside_y = _between(py, np.arange(top, bottom, 1.0), heat)
    field = _mix(_mix(z, rows, 0), columns, 1)
    pixels = np.zeros((*field.shape, 4), np.uint8)
    low, high = trace["zmin"], trace["zmax"]
    levels = trace.get("contours")
    if levels:
        start, size = levels["start"], levels["size"] or 1.0
        band = np.floor((np.nan_to_num(field) - start) / size).clip(-1, round((levels["end"] - start) / size))
    if levels and levels["coloring"] != "fill":
        edge = np.zeros(field.shape, bool)
        edge[1:] |= band[1:] != band[:-1]
        edge[:, 1:] |= band[:, 1:] != band[:, :-1]
        pixels[edge] = [*_rgb(_colour(trace["line"].get("color", "$ink"))), 255]
    else:
        shades = start + (band + 0.5) * size if levels else np.nan_to_num(field)
        pixels[..., :3] = _ramp(trace["colorscale"])((shades - low) / (high - low))
        pixels[..., 3] = 255
    pixels[~np.isfinite(field) | ~(inside_y[:, None] & inside_x)] = 0
    picture = base64.b64encode(_png(pixels)).decode()
    box = f'x="{left:.1f}" y="{top:.1f}" width="{field.shape[1]}" height="{field.shape[0]}"'
    return f'<image {box} preserveAspectRatio="none" href="data:image/png;base64,{picture}"/>'


def _between(places: np.ndarray, pixels: np.ndarray, cells: bool) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """For each pixel the two samples beside it, as a real index, and whether it lies within the samples' cells."""
    order = np.flatnonzero(np.isfinite(places))
    order = order[np.argsort(places[order])]
    if not order.size:
        return (np.zeros(pixels.size, int), np.zeros(pixels.size)), np.zeros(pixels.size, bool)
    known = places[order]
    half = np.max(np.diff(known), initial=0.0) / 2 if cells else 0.0
    index = np.interp(pixels, known, order.astype(float))
    inside = (pixels >= known[0] - half) & (pixels <= known[-1] + half)
    low = np.floor(index).astype(int)
    return (low, index - low), inside


def _mix(z: np.ndarray, at: tuple[np.ndarray, np.ndarray], axis: int) -> np.ndarray:
    low, share = at
    high = np.minimum(low + 1, z.shape[axis] - 1)
    share = share[:, None] if axis == 0 else share
    return (1 - share) * z.take(low, axis) + share * z.take(high, axis)


def _bar(trace: dict[str, Any], frame: tuple[float, ...]) -> Iterator[str]:
    """A colour bar at the right edge."""
    _, right, bottom, top = frame
    left, low, high = right + 12, trace["zmin"], trace["zmax"]
    ramp = _ramp(trace["colorscale"])(np.linspace(1, 0, 64))[:, None]
    pixels = np.concatenate([ramp, np.full((64, 1, 1), 255)], axis=2).astype(np.uint8)
    picture = base64.b64encode(_png(pixels)).decode()
    box = f'x="{left}" y="{top}" width="12" height="{bottom - top}"'
    yield f'<image {box} preserveAspectRatio="none" href="data:image/png;base64,{picture}"/>'
    axis = {"range": [low, high]} | {key: v for key, v in trace.get("colorbar", {}).items() if key.startswith("tick")}
    for place, label in _ticks(axis, (bottom - top) / 40):
        yield _text(label, left + 16, float(_scaled(axis, place, (bottom, top))) + 4, size=11)
    middle = (bottom + top) / 2
    turned = f'transform="rotate(90 {left + 46} {middle:.1f})"'
    yield _text(trace.get("colorbar", {}).get("title", {}).get("text", ""), left + 46, middle, "middle", more=turned)


def _words(trace: dict[str, Any], panel: Panel) -> Iterator[str]:
    x, y = panel.place(trace["x"], trace["y"])
    vertical, horizontal = (trace.get("textposition", "middle center") + " center").split()[:2]
    anchor = {"left": "end", "right": "start"}.get(horizontal, "middle")
    shift = {"top": -6, "bottom": 15}.get(vertical, 4)
    font = trace["textfont"]
    for a, b, words in zip(np.atleast_1d(x), np.atleast_1d(y), trace["text"], strict=True):
        yield _text(words, a, b + shift, anchor, colour=font.get("color", "$ink"), size=font.get("size", 12))


def _note(note: dict[str, Any], panels: dict[str, Panel], frame: tuple[float, ...]) -> str:
    left, right, bottom, top = frame
    x, y = left + note["x"] * (right - left), bottom + note["y"] * (top - bottom)
    if note["xref"] != "paper":
        panel = panels[note["xref"][1:]]
        x = _scaled(panel.x, note["x"], panel.across, on_scale=True)
    if note["yref"] != "paper":
        panel = panels[note["yref"][1:]]
        y = _scaled(panel.y, note["y"], panel.upward, on_scale=True)
    anchor = {"left": "start", "right": "end"}.get(note.get("xanchor", "center"), "middle")
    y = y + {"bottom": -4, "top": 12}.get(note.get("yanchor", "middle"), 4) - note.get("yshift", 0)
    font = note.get("font", {})
    x = x + note.get("xshift", 0)
    return _text(note["text"], x, y, anchor, colour=font.get("color", "$ink"), size=font.get("size", 12))


def _text(
    words: str, x: Any, y: Any, anchor: str = "start", colour: str = "$ink", size: float = 12, more: str = ""
) -> str:
    """Words with Plotly's few tags; <br> begins a line."""
    lines = re.split(r"<br\s*/?>", str(words))
    spans = [
        f'<tspan x="{float(x):.1f}" dy="{15 * (i > 0) - 15 * (len(lines) - 1) * (i == 0)}">{_tags(line)}</tspan>'
        for i, line in enumerate(lines)
    ]
    look = f'text-anchor="{anchor}" font-size="{size}" fill="{_colour(colour)}"'
    return f'<text x="{float(x):.1f}" y="{float(y):.1f}" {look} {more}>{"".join(spans)}</text>' if words else ""


def _tags(line: str) -> str:
    styles = {"b": 'font-weight="bold"', "i": 'font-style="italic"'}
    styles |= {"sub": 'baseline-shift="sub" font-size="75%"', "sup": 'baseline-shift="super" font-size="75%"'}
    parts = re.split(r"(</?(?:b|i|sub|sup)>)", line)
    text = [
        escape(re.sub(r"<[^>]*>", "", part)).replace("&amp;lt;", "&lt;").replace("&amp;amp;", "&amp;")
        for part in parts[::2]
    ]
    tags = ["</tspan>" if tag[1] == "/" else f"<tspan {styles[tag[1:-1]]}>" for tag in parts[1::2]] + [""]
    return "".join(a + b for a, b in zip(text, tags, strict=True))


def _colour(name: Any) -> str:
    return COLORS.get(name, name) if isinstance(name, str) else "#2f86c9"


def _rgb(colour: str) -> list[int]:
    return (
        [int(colour[i : i + 2], 16) for i in (1, 3, 5)] if re.fullmatch("#[0-9a-fA-F]{6}", colour) else [110, 110, 110]
    )


def _ramp(scale: Any) -> Callable[[np.ndarray], np.ndarray]:
    """From a share in [0, 1] to red, green and blue, along a colour scale."""
    if not isinstance(scale, list):
        scale = list(zip(np.linspace(0, 1, len(CIVIDIS)), CIVIDIS, strict=True))
    places = np.array([place for place, _ in scale], float)
    colours = np.array([_rgb(_colour(colour)) for _, colour in scale])
    return lambda share: (
        np.stack([np.interp(share, places, colours[:, i]) for i in range(3)], -1).round().astype(np.uint8)
    )


def _png(pixels: np.ndarray) -> bytes:
    """An image of red, green, blue and opacity, as the bytes of a PNG file."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows.tobytes(), 6))
        + chunk(b"IEND", b"")
    )
