"""Every explorer of every notebook, in JupyterLab in a real browser, moved as a reader would move it.

For each notebook a short one is made: its first cell, which imports, and its explorer cells. One page is opened for
each; every control of every explorer is then moved, every preset pressed, one slider dragged fast.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browser.pages import AXE, Pad, open_page, violations

from spectral_lab.checkout import ROOT
from spectral_lab.explorer import preview
from spectral_lab.matrix_functions.explorers import functions_of_a_matrix

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXPLORER = re.compile(r"^\w*explorers?\.\w+\(.*\)$")
BROKEN = """
import numpy as np
from spectral_lab.explorer import Explorer, integers, theme
def compute(n):
    if n == 5:
        raise ValueError("n must not be 5 today")
    return {"x": np.arange(9.0), "n": n}
Explorer(
    title="Broken at five", controls=[integers("n", "n", 1, 9, 3)], compute=compute,
    figure=lambda d: theme.figure(theme.panel("", theme.axis("x"), theme.axis("y")).draw(theme.line(d.x, d.n * d.x))),
    readout=lambda d: f"n = {d['n']}", code=lambda n: f"print({n})",
)
"""

LAZY = """
Explorer(
    title="Deaf to its second slider", controls=[integers("n", "n", 1, 9, 3), integers("m", "m", 1, 9, 3)],
    compute=lambda n, m: {"x": np.arange(9.0), "n": n},
    figure=lambda d: theme.figure(theme.panel("", theme.axis("x"), theme.axis("y")).draw(theme.line(d.x, d.n * d.x))),
    readout=lambda d: f"n = {d['n']}", code=lambda n, m: "", presets={"Same": {}},
)
"""

FORGETFUL = """
explorer = Explorer(
    title="Loses its first picture and the first answer", controls=[integers("n", "n", 1, 9, 3)],
    compute=lambda n: {"x": np.arange(9.0), "n": n},
    figure=lambda d: theme.figure(theme.panel("", theme.axis("x"), theme.axis("y")).draw(theme.line(d.x, d.n * d.x))),
    readout=lambda d: f"n = {d['n']}", code=lambda n: f"print({n})",
)
send, lost = explorer.send, []
def lossy(content, buffers=None):
    if content["kind"] in ("welcome", "picture") and content["kind"] not in lost:
        lost.append(content["kind"])
    else:
        send(content, buffers)
explorer.send = lossy
explorer
"""

# 60 events within about a second, from the low end to two thirds of the way, and the release.
DRAG = """async ([root, i, last]) => {
  const input = root.querySelectorAll(".sl-input")[i];
  for (let k = 1; k <= 60; k++) {
    input.value = Math.round((last * k) / 60);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((resolve) => setTimeout(resolve, 16));
  }
  input.dispatchEvent(new Event("change", { bubbles: true }));
}"""


def explorer_cells(path: Path) -> tuple[list[str], list[str]]:
    """The source of a notebook's first code cell, which imports, and of the cells that end in a call of an explorer."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return cells[:1], [s for s in cells if EXPLORER.match(s.rstrip().splitlines()[-1])]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_explorer_of_the_notebook_answers_its_reader(path: Path, chromium: Any, tmp_path: Path) -> None:
    imports, calls = explorer_cells(path)
    assert calls, f"{path.name} has no explorer"
    with open_page(chromium, tmp_path, imports + calls, len(calls)) as (page, errors):
        pads = [Pad(page, handle) for handle in page.query_selector_all(".sl-explorer")]
        assert len(pads) == len(calls)
        if AXE.is_file():  # test_access.py says so where it is not
            assert violations(page, ".sl-explorer") == []
        problems = [problem for pad in pads for problem in check(pad)]
        assert problems == []
        assert errors == []


def check(pad: Pad) -> list[str]:
    """What is wrong with an explorer, in words; nothing, one hopes."""
    problems: list[str] = []
    reset = pad.handle.query_selector(".sl-reset")
    pad.settle()
    picture, readout, _ = pad.look()
    for i, control in enumerate(pad.inputs()):
        pad.move(i, elsewhere(control) if control["type"] == "range" else 0)
        new_picture, new_readout, error = pad.look()
        where = f"{pad.title}: {control['name']}"
        problems += [f"{where}: the picture stays"] * (new_picture == picture)
        problems += [f"{where}: the readout stays"] * (new_readout == readout)
        problems += [f"{where}: error {error}"] * bool(error)
        pad.press(reset)
        problems += [f"{where}: reset does not bring the start back"] * (pad.look()[1] != readout)
    presets = pad.handle.query_selector_all(".sl-preset")
    problems += [f"{pad.title}: has no preset"] * (not presets)
    for preset in presets:
        pad.press(preset)
        problems += [f"{pad.title}: preset {preset.inner_text()}: {pad.look()[2]}"] * bool(pad.look()[2])
        problems += [f"{pad.title}: preset {preset.inner_text()} changes nothing"] * (pad.look()[1] == readout)
        pad.press(reset)
    return problems + check_drag(pad)


def elsewhere(slider: dict[str, Any]) -> int:
    """Near a third of the range, or near two thirds if the slider stands there."""
    last, now = int(slider["max"]), int(slider["value"])
    return next(p for p in (round(last / 3), round(2 * last / 3), last, 0) if abs(p - now) > last / 6)


def check_drag(pad: Pad) -> list[str]:
    """A fast drag of the first slider ends on its last value and leaves no backlog of pictures."""
    i, slider = next((i, c) for i, c in enumerate(pad.inputs()) if c["type"] == "range")
    last = round(2 * int(slider["max"]) / 3)
    pad.move(i, last)
    at_last, readout = pad.shown(), pad.look()[1]
    pad.move(i, 0)
    before = int(pad.handle.get_attribute("data-frames"))
    pad.page.evaluate(DRAG, [pad.handle, i, last])
    pad.settle()
    frames = int(pad.handle.get_attribute("data-frames"))
    pad.page.wait_for_timeout(300)
    late = int(pad.handle.get_attribute("data-frames")) - frames
    problems = [f"{pad.title}: {frames - before} pictures for 60 events and a release"] * (frames - before > 61)
    problems += [f"{pad.title}: {late} pictures after the last one"] * (late > 0)
    wrong = pad.shown() != at_last or pad.look()[1] != readout
    return problems + [f"{pad.title}: a drag to {at_last} ended on {pad.shown()}"] * wrong


def test_on_a_narrow_page_the_picture_scrolls_and_keeps_its_width(chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 430, "height": 900})
    page.set_content(preview.page(functions_of_a_matrix()).replace("width:960px", "width:430px"))
    page.wait_for_function("document.title === 'drawn'")
    root, frame, plot = (page.query_selector(name) for name in (".sl-explorer", ".sl-frame", ".sl-plot"))
    assert frame.evaluate("e => [e.clientWidth <= 430, e.scrollWidth >= 640]") == [True, True]
    assert root.evaluate("e => e.scrollWidth <= e.clientWidth")  # title, controls and readout stay in view
    assert plot.evaluate("e => e._fullLayout.width") == 640
    page.close()


def test_an_error_a_deaf_slider_and_a_lost_answer_are_each_found_or_mended(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [BROKEN, LAZY, FORGETFUL], 3) as (page, errors):
        pad, lazy, forgetful = (Pad(page, handle) for handle in page.query_selector_all(".sl-explorer"))
        pad.settle()
        picture, readout, error = pad.look()
        assert (readout, error) == ("n = 3", "")
        pad.move(0, 4)
        assert pad.look() == (picture, "n = 3", "n must not be 5 today")
        pad.move(0, 5)
        new_picture, readout, error = pad.look()
        assert (readout, error) == ("n = 6", "")
        assert new_picture != picture
        assert errors == []
        # The checks above can fail: an explorer that ignores a slider and has an idle preset is found out.
        deaf = "Deaf to its second slider"
        assert check(lazy) == [
            f"{deaf}: m: the picture stays",
            f"{deaf}: m: the readout stays",
            f"{deaf}: preset Same changes nothing",
        ]
        # An answer that never arrives is asked for again, and the next ones are drawn on the right picture.
        for position in (6, 1):
            forgetful.move(0, position)
            picture, readout, error = forgetful.look()
            assert (readout, error) == (f"n = {position + 1}", "")
            assert f"n = {position + 1}" in forgetful.handle.query_selector(".sl-plot").get_attribute("aria-label")
