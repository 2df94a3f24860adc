"""Everyone can use an explorer: by keyboard, by ear, with large targets, in forced colours, on a phone, at 200 %.

axe-core looks at every explorer where it is to be had: `npm install axe-core`, and AXE names its axe.min.js if
node_modules is not in the checkout. In JupyterLab it looks at them in test_explorers.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser.pages import AXE, Pad, open_page, violations
from browser.test_explorers import DRAG
from browser.test_pictures import every_explorer

from spectral_lab.cooling.explorers import teach_it_to_cool
from spectral_lab.explorer import Explorer, preview
from spectral_lab.matrix_functions.explorers import functions_of_a_matrix

needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="no axe-core: npm install axe-core, or set AXE to axe.min.js")

DARK = "--jp-layout-color0:#111;--jp-ui-font-color1:#eee;--jp-ui-font-color2:#aaa;--jp-border-color2:#444;"

WAVES = """
import numpy as np
from spectral_lab.explorer import Explorer, choice, integers, theme, toggle
Explorer(
    title=r"A wave $e^{i k x}$",
    controls=[
        integers("n", r"nodes $n_1$", 1, 40, 3, play=True), choice("f", "form", ["sin", "cos"]),
        toggle("up", "upwards"),
    ],
    compute=lambda n, f, up: {"x": np.arange(9.0), "y": (-1) ** up * getattr(np, f)(n * np.arange(9.0))},
    figure=lambda d: theme.figure(theme.panel("", theme.axis("x"), theme.axis("y")).draw(theme.line(d.x, d.y))),
    readout=lambda d: f"n = {d.n}, {d.f}, {d.up}", code=lambda n, f, up: "", presets={"Fast": {"n": 40}},
)
"""
# Every message that a screen reader would be given from now on.
LISTEN = """root => {
  window.heard = [];
  for (const live of root.querySelectorAll("[aria-live], [role=status], [role=alert]"))
    new MutationObserver(() => live.textContent && window.heard.push(live.textContent))
      .observe(live, { childList: true, characterData: true, subtree: true });
}"""


@contextmanager
def on_a_page(chromium: Any, explorer: Explorer, **media: str) -> Iterator[Any]:
    """An explorer on a page of its own, its controls alive, for a reader with such preferences."""
    page = chromium.new_page(viewport={"width": 960, "height": 900})
    page.emulate_media(**media)
    html = preview.page(explorer).replace(preview._IDLE, "")
    page.set_content(html.replace("<body", '<html lang="en"><title>.</title><body'))
    page.wait_for_function("document.title === 'drawn'")
    page.evaluate("document.querySelectorAll('.sl-explorer :disabled').forEach((node) => (node.disabled = false))")
    yield page
    page.close()


@pytest.mark.parametrize("make", every_explorer())
@needs_axe
def test_axe_finds_nothing_on_an_explorer(make: Any, chromium: Any) -> None:
    with on_a_page(chromium, make()) as page:
        assert violations(page, ".sl-explorer") == []
        page.evaluate("document.body.setAttribute('style', document.body.getAttribute('style') + '" + DARK + "')")
        assert violations(page, ".sl-explorer") == []


@needs_axe
def test_axe_finds_nothing_in_jupyterlab_and_finds_what_is_there(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVES], 1) as (page, _):
        page.click(".sl-show-code")
        assert violations(page, ".sl-explorer") == []
        page.evaluate("document.querySelector('.sl-plot').removeAttribute('aria-label')")
        page.evaluate("document.querySelector('.sl-input').removeAttribute('aria-label')")
        page.evaluate("document.querySelector('.sl-label').remove()")
        found = violations(page, ".sl-explorer")
        assert {words.split(":")[0] for words in found} == {"role-img-alt", "label"}


def test_keys_move_sliders_and_the_picture_in_jupyterlab(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVES, "1"], 1) as (page, _):
        pad = Pad(page, page.query_selector(".sl-explorer"))
        lab = "window.jupyterapp.shell.currentWidget.content"
        page.focus(".sl-input")
        before = page.evaluate(f"[{lab}.activeCellIndex, {lab}.widgets.length, {lab}.mode]")
        for key, n in {
            "ArrowRight": 4,
            "ArrowUp": 5,
            "ArrowDown": 4,
            "ArrowLeft": 3,
            "End": 40,
            "Home": 1,
            "PageUp": 5,
        }.items():
            page.keyboard.press(key)
            pad.settle()
            assert pad.look()[1] == f"n = {n}, sin, False", key
        page.focus("select.sl-input")
        page.keyboard.press("ArrowDown")
        pad.settle()
        page.focus("input[type=checkbox]")
        page.keyboard.press("Space")
        pad.settle()
        assert pad.look()[1] == "n = 5, cos, True"
        page.focus(".sl-frame")
        span = "document.querySelector('.sl-plot')._fullLayout.xaxis.range.map(Number)"
        low, high = page.evaluate(span)
        page.keyboard.press("+")
        page.keyboard.press("ArrowRight")
        left, right = page.evaluate(span)
        assert right - left == pytest.approx(0.8 * (high - low))
        assert (left + right) / 2 == pytest.approx((low + high) / 2 + 0.08 * (high - low))
        page.keyboard.press("0")
        assert page.evaluate(span) == pytest.approx([low, high])
        assert page.evaluate(f"[{lab}.activeCellIndex, {lab}.widgets.length, {lab}.mode]") == before


def test_a_drag_is_one_message_and_playing_is_one(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVES], 1) as (page, _):
        pad = Pad(page, page.query_selector(".sl-explorer"))
        page.evaluate(LISTEN, pad.handle)
        frames = int(pad.handle.get_attribute("data-frames"))
        page.evaluate(DRAG, [pad.handle, 0, 30])
        pad.settle()
        page.wait_for_timeout(1500)
        assert int(pad.handle.get_attribute("data-frames")) > frames + 3
        assert page.evaluate("heard") == ["n = 31, sin, False"]
        page.click(".sl-play")
        page.wait_for_selector(".sl-play[aria-pressed=false]")
        page.wait_for_timeout(1000)
        assert page.evaluate("heard") == ["n = 31, sin, False", "n = 40, sin, False"]


def test_names_are_spoken_and_nothing_to_press_is_within_the_picture(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVES], 1) as (page, _):
        name = "[...document.querySelectorAll('.sl-explorer [aria-label]')].map((node) => node.ariaLabel)"
        names = page.evaluate(name)
        assert [n for n in names if set("$\\{}_^") & set(n)] == []
        assert {"nodes n 1", "form", "upwards", "play nodes n 1"} <= set(names)
        assert page.get_attribute(".sl-explorer", "aria-label") == "A wave e to the power i k x"
        assert page.get_attribute(".sl-plot", "role") == "img"
        assert page.query_selector_all(".sl-plot :is(button, a, input, select, [tabindex], [role=button])") == []


def test_forced_colours_are_the_colours_of_the_picture(chromium: Any) -> None:
    words = "getComputedStyle(document.querySelector('.sl-plot .xtick text')).fill"
    with on_a_page(chromium, teach_it_to_cool(), forced_colors="active", color_scheme="dark") as page:
        page.click(".sl-zoom")
        assert page.evaluate(words) == "rgb(255, 255, 255)"
        pressed, idle = (
            page.evaluate(f"getComputedStyle(document.querySelector('{name}')).backgroundColor")
            for name in (".sl-zoom", ".sl-whole")
        )
        assert pressed != idle
        page.emulate_media(forced_colors="none", color_scheme="light")
        page.wait_for_function(f"{words} !== 'rgb(255, 255, 255)'")


def test_who_wants_little_motion_sees_ten_pictures(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVES], 1) as (page, _):
        page.emulate_media(reduced_motion="reduce")
        pad = Pad(page, page.query_selector(".sl-explorer"))
        pad.move(0, 0)
        frames = int(pad.handle.get_attribute("data-frames"))
        page.click(".sl-play")
        page.wait_for_timeout(2600)
        assert 1 <= int(pad.handle.get_attribute("data-frames")) - frames <= 4
        assert page.evaluate("getComputedStyle(document.querySelector('.sl-explorer')).transitionDuration") == "0s"
        page.click(".sl-play")


def test_the_still_picture_has_its_readout_as_text() -> None:
    explorer = functions_of_a_matrix()
    (alt,) = re.findall(r'alt="([^"]*)"', explorer._still()["text/html"])
    assert alt == explorer.readout
