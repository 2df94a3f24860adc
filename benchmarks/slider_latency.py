"""How long from moving a slider to the painted picture, beside a widget that computes nothing and beside matplotlib?

    python benchmarks/slider_latency.py [pseudospectra hippo ...] [--only ringing_bell]

JupyterLab runs in headless Chromium. For every slider of every explorer three cells show the same pictures in turn:

    explorer     the explorer itself, moved to values it has not shown before
    bare         a plotly FigureWidget and an ipywidgets slider; the pictures are ready, so nothing is computed
    matplotlib   ipywidgets.interact around a matplotlib drawing of the same data

The clock runs from the event on the slider to the first frame after the last change of the picture. Wanted: a ratio to
bare of at most 1.3 and to matplotlib of at most 0.65; fields (heat maps, contours) at most 2 times bare.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

MOVES = 7
FIELDS = ("contour", "heatmap")
QUESTION = "Milliseconds from a slider's event to the painted picture"

MEASURE = """async ([cell, layers, native]) => {
  let last = null;
  const observer = new MutationObserver((changes) => {
    for (const change of changes) {
      const node = change.target.nodeType === 1 ? change.target : change.target.parentElement;
      if (node && node.closest(layers)) { last = performance.now(); break; }
    }
  });
  observer.observe(cell, { subtree: true, childList: true, attributes: true });
  const frames = [];
  let watching = true;
  const tick = () => { frames.push(performance.now()); if (watching) requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  const start = performance.now();
  if (native) {
    const input = cell.querySelectorAll("input.sl-input, select.sl-input")[native - 1];
    input.value = Number(input.value) + 1;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  } else {
    const press = new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true });
    cell.querySelector(".noUi-handle").dispatchEvent(press);
  }
  while (performance.now() - start < 3000 && (last === null || performance.now() - last < 250))
    await new Promise((resolve) => setTimeout(resolve, 20));
  watching = false;
  observer.disconnect();
  return last === null ? null : (frames.find((t) => t >= last) ?? last) - start;
}"""


def pictures(explorer: Any, slider: str) -> list[dict[str, Any]]:
    """The pictures that the measured moves pass through, in plain colours, as they look while dragging."""
    values = path(explorer, slider)
    states = [explorer.state | {slider: value} for value in values]
    return [_plain_colours(explorer._picture(state, coarse=True).figure) for state in states]


def path(explorer: Any, slider: str) -> list[float]:
    """Neighbouring values of the slider from its low end, as many as are measured."""
    return list(explorer._controls[slider].values[: MOVES + 1])


def bare(explorer: Any, slider: str) -> Any:
    """A FigureWidget and a slider that swap ready pictures: the floor of what ipywidgets and plotly can do."""
    import ipywidgets
    import plotly.graph_objects as go

    ready = pictures(explorer, slider)
    widget = go.FigureWidget(ready[0])
    control = ipywidgets.IntSlider(0, 0, len(ready) - 1)

    def show(change: dict[str, Any]) -> None:
        before, after = ready[change["old"]], ready[change["new"]]
        with widget.batch_update():
            for trace, old, new in zip(widget.data, before["data"], after["data"], strict=True):
                for key in ("x", "y", "z"):
                    if key in new and not np.array_equal(old[key], new[key]):
                        trace[key] = new[key]

    control.observe(show, "value")
    return ipywidgets.VBox([control, widget])


def with_matplotlib(explorer: Any, slider: str) -> None:
    """interact and matplotlib: the same data, computed and drawn anew for each value, as a notebook would."""
    import ipywidgets
    import matplotlib.pyplot as plt

    values = path(explorer, slider)

    def draw(i: int) -> None:
        figure = _plain_colours(explorer._picture(explorer.state | {slider: values[i]}, coarse=True).figure)
        panels = sorted({trace["xaxis"] for trace in figure["data"]})
        _, axes = plt.subplots(1, len(panels), figsize=(9.4, 3.8), squeeze=False)
        for trace in figure["data"]:
            _draw(axes[0, panels.index(trace["xaxis"])], trace)
        for axis, panel in zip(axes[0], panels, strict=True):
            for letter in "xy":
                spec = figure["layout"][letter + "axis" + panel[1:]]
                getattr(axis, f"set_{letter}scale")("log" if spec.get("type") == "log" else "linear")
                if "range" in spec:
                    low, high = spec["range"]
                    limits = (10.0**low, 10.0**high) if spec.get("type") == "log" else (low, high)
                    getattr(axis, f"set_{letter}lim")(*limits)
        plt.show()

    ipywidgets.interact(draw, i=ipywidgets.IntSlider(0, 0, len(values) - 1))


def _draw(axis: Any, trace: dict[str, Any]) -> None:
    if trace["type"] == "contour":
        spec = trace["contours"]
        levels = np.arange(spec["start"], spec["end"] + spec["size"] / 2, spec["size"])
        fill = spec["coloring"] == "fill" and len(levels) > 1
        (axis.contourf if fill else axis.contour)(trace["x"], trace["y"], trace["z"], levels)
    elif trace["type"] == "heatmap":
        axis.pcolormesh(trace["x"], trace["y"], trace["z"], vmin=trace["zmin"], vmax=trace["zmax"])
    elif trace["type"] == "bar":
        axis.bar(trace["x"], trace["y"])
    elif "lines" in trace.get("mode", ""):
        axis.plot(trace["x"], trace["y"])
    elif "markers" in trace.get("mode", ""):
        axis.plot(trace["x"], trace["y"], "o", markersize=3)


def _plain_colours(value: Any) -> Any:
    if isinstance(value, str):
        return {"$ink": "#222222", "$muted": "#777777", "$grid": "#dddddd", "$paper": "#ffffff"}.get(value, value)
    if isinstance(value, dict):
        return {key: _plain_colours(item) for key, item in value.items()}
    return [_plain_colours(item) for item in value] if isinstance(value, (list, tuple)) else value


def measure(page: Any, cell: int, layers: str, native: int = 0, moves: int = MOVES) -> list[float]:
    """Milliseconds of each move in one cell of the open notebook; the first two warm up, or one of a few."""
    handle = page.query_selector_all(".jp-CodeCell")[cell]
    handle.scroll_into_view_if_needed()
    page.wait_for_timeout(400)
    times = [page.evaluate(MEASURE, [handle, layers, native]) for _ in range(moves)]
    return [t for t in times[2 if moves > 4 else 1 :] if t is not None]


def explorers_of(package: str) -> dict[str, Any]:
    """The explorers of a chapter by name, not yet built."""
    from spectral_lab.course.chapters import chapter

    return {make.__name__: make for make in chapter(package).listed("EXPLORERS")}


def main() -> None:
    """Measure the explorers of the chapters given on the command line and publish the table."""
    from report import publish

    from spectral_lab.explorer import Slider, browser

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", default=["pseudospectra"])
    parser.add_argument("--only", default="", help="measure explorers whose name contains this, unrecorded")
    parser.add_argument("--moves", type=int, default=MOVES, help="moves of each slider, the first ones to warm up")
    options = parser.parse_args()
    here = str(Path(__file__).parent)
    with (
        browser.open_browser() as chromium,
        tempfile.TemporaryDirectory() as folder,
        browser.serve_lab(Path(folder)) as tree,
    ):
        for chapter in options.chapters:
            rows: list[dict[str, Any]] = []
            for name, make in explorers_of(chapter).items():
                if options.only not in name:
                    continue
                explorer = make()
                sliders = {k: c for k, c in explorer._controls.items() if isinstance(c, Slider)}
                sources = [
                    f"import sys; sys.path.insert(0, {here!r})\nimport slider_latency as s\n"
                    f"make = s.explorers_of({chapter!r})[{name!r}]"
                ]
                for slider, control in sliders.items():
                    call = f"make(**{ {slider: control.values[0]}!r})"
                    sources += [call, f"s.bare({call}, {slider!r})", f"s.with_matplotlib({call}, {slider!r})"]
                page = open_notebook(chromium, Path(folder), tree, f"{chapter}-{name}.ipynb", sources, len(sliders))
                for i, (slider, control) in enumerate(sliders.items()):
                    moves = min(options.moves, len(control.values) - 1)
                    native = 1 + list(explorer._controls).index(slider)
                    times = {
                        "explorer": measure(page, 3 * i + 1, ".sl-plot", native, moves),
                        "bare": measure(page, 3 * i + 2, ".js-plotly-plot", 0, moves),
                        "matplotlib": measure(page, 3 * i + 3, ".jp-OutputArea .jp-OutputArea", 0, moves),
                    }
                    rows.append(row(chapter, name, slider, explorer, times))
                    print(rows[-1], flush=True)
                page.close()
            if not options.only:
                publish(f"slider_latency/{chapter}", QUESTION, rows)


def open_notebook(chromium: Any, folder: Path, tree: str, file: str, sources: list[str], sliders: int) -> Any:
    """A page with a notebook of these cells, run."""
    import nbformat

    from spectral_lab.explorer import browser

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / file)
    page = chromium.new_page(viewport={"width": 1500, "height": 6000})
    browser.run_notebook(page, tree, file, 1, seconds=240)
    page.wait_for_timeout(1000 + 500 * sliders)
    return page


def row(chapter: str, name: str, slider: str, explorer: Any, times: dict[str, list[float]]) -> dict[str, Any]:
    """Medians, the 95th percentile of the explorer and the two ratios."""
    median = {kind: statistics.median(t) for kind, t in times.items()}
    field = any(trace["type"] in FIELDS for trace in explorer.figure["data"])
    p95 = float(np.percentile(times["explorer"], 95))
    return {
        "chapter": chapter,
        "explorer": name,
        "slider": slider,
        "kind": "field" if field else "light",
        "explorer ms": round(median["explorer"], 1),
        "p95 ms": round(p95, 1),
        "bare ms": round(median["bare"], 1),
        "matplotlib ms": round(median["matplotlib"], 1),
        "to bare": round(median["explorer"] / median["bare"], 2),
        "to matplotlib": round(median["explorer"] / median["matplotlib"], 2),
    }


if __name__ == "__main__":
    main()
