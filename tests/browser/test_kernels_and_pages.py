"""What a reader may do to an explorer besides moving it.

Come back, use the keyboard, restart the kernel, open it twice, run a cell again, save it and read it without a kernel.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser.pages import Pad, open_page, write_page

from spectral_lab.explorer import browser
from spectral_lab.explorer.explorer import Explorer

WAVE = """
import numpy as np
from spectral_lab.explorer import Explorer, choice, integers, theme
def wave(**state):
    return Explorer(
        title="Wave", controls=[integers("n", "n", 1, 40, 3), choice("f", "f", ["sin", "cos"])],
        compute=lambda n, f: {"x": np.arange(9.0), "y": getattr(np, f)(n * np.arange(9.0))},
        figure=lambda d: theme.figure(theme.panel("", theme.axis("x"), theme.axis("y")).draw(theme.line(d.x, d.y))),
        readout=lambda d: f"y(1) = {d['y'][1]:.6f}",
        code=lambda n, f: f"import numpy as np\\nprint('%.6f' % np.{f}({n} * 1.0))",
        presets={"Fast": {"n": 40}}, state=state,
    )
wave()
"""

SLOW = """
import time
from spectral_lab.explorer import Explorer, integers, theme
asked = []
def compute(n):
    asked.append(n)
    open(f"asked-{n}", "w").close()
    end = time.monotonic() + (60 if n == 7 else 0)
    while time.monotonic() < end:
        time.sleep(0.01)
    return {"n": n}
Explorer(
    title="Slow at seven", controls=[integers("n", "n", 1, 9, 3)], compute=compute,
    figure=lambda d: theme.figure(theme.panel("", theme.axis("x"), theme.axis("y")).draw(theme.line([0, 1], [0, d.n]))),
    readout=lambda d: f"n = {d['n']}", code=lambda n: "",
)
"""

GUESS = """
from spectral_lab.course import Prediction
Prediction("How many?", answer=lambda: 3, because="One for each.")
"""

LAB = "window.jupyterapp.shell.currentWidget"


def explorers(page: Any) -> list[Pad]:
    return [Pad(page, handle) for handle in page.query_selector_all(".sl-explorer")]


def run_code(page: Any, code: str) -> str:
    """What the page's kernel prints."""
    script = f"""async (code) => {{
      let text = "";
      const future = {LAB}.sessionContext.session.kernel.requestExecute({{ code }});
      future.onIOPub = (message) => {{ text += message.content.text ?? ""; }};
      await future.done;
      return text;
    }}"""
    return page.evaluate(script, code).strip()


def wait_for_error(page: Any, pad: Pad, words: str) -> None:
    has = "([root, words]) => root.querySelector('.sl-error').textContent.includes(words)"
    page.wait_for_function(has, arg=[pad.handle, words], timeout=20_000)


def test_code_and_files_are_of_the_picture_that_the_reader_came_back_to(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVE], 1) as (page, errors):
        (pad,) = explorers(page)
        pad.move(0, 9)
        pad.move(0, 4)
        pad.move(0, 9)  # kept by the browser: the kernel is not asked
        readout = pad.look()[1]
        assert readout == f"y(1) = {np.sin(10):.6f}"
        pad.handle.query_selector(".sl-show-code").click()
        shown = "root => root.querySelector('.sl-code').textContent"
        page.wait_for_function(f"root => ({shown})(root) !== ''", arg=pad.handle)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(pad.handle.evaluate(shown), {})
        assert readout == f"y(1) = {printed.getvalue().strip()}"
        pad.move(0, 4)  # and as the picture moves the code follows
        page.wait_for_function(f"root => ({shown})(root).includes('(5 *')", arg=pad.handle)
        with page.expect_download() as download:
            pad.handle.query_selector(".sl-csv").click()
        rows = download.value.path().read_text().splitlines()
        assert float(rows[2].split(",")[2]) == np.sin(5)
        with page.expect_download() as download:
            pad.handle.query_selector(".sl-npz").click()
        assert np.load(download.value.path())["y"][1] == np.sin(5)
        assert errors == []


def test_the_keyboard_reaches_every_control_and_no_cell(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVE, "1", "2"], 1) as (page, _):
        (pad,) = explorers(page)
        place = f"[{LAB}.content.activeCellIndex, {LAB}.content.widgets.length]"
        page.evaluate(f"{LAB}.content.activeCellIndex = 1")
        page.focus(".sl-explorer button")
        before = page.evaluate(place)
        reached = []
        for _ in range(12):
            focused = page.evaluate(
                "document.activeElement.closest('.sl-explorer') && document.activeElement.className"
            )
            if not focused:
                break
            reached.append(focused)
            for key in ("d", "d", "j", "k", "a", "b", "ArrowDown", "ArrowUp"):
                page.keyboard.press(key)
            if focused == "sl-input" and reached.count("sl-input") == 1:
                page.keyboard.press("ArrowRight")
            page.keyboard.press("Tab")
        pad.settle()
        assert page.evaluate(place) == before
        assert [reached.count(name) for name in ("sl-input", "sl-preset", "sl-show-code", "sl-png")] == [2, 1, 1, 1]
        assert pad.look()[1] == f"y(1) = {np.sin(4):.6f}"
        bare = "i => i.dataset.lmSuppressShortcuts !== 'true'"
        within = "[...document.querySelectorAll('.sl-explorer :is(input, button, select, a, [tabindex])')]"
        assert page.evaluate(f"{within}.filter({bare}).length") == 0


def test_a_restarted_and_a_killed_kernel_are_said_in_the_explorer(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVE], 1) as (page, _):
        for end in ("restart", "kill"):
            (pad,) = explorers(page)
            pad.move(0, 9)
            picture, readout, _ = pad.look()
            if end == "restart":
                page.evaluate(f"{LAB}.sessionContext.session.kernel.restart()")
            else:
                page.evaluate(
                    f"""void {LAB}.sessionContext.session.kernel.requestExecute(
                        {{ code: "import os; os.kill(os.getpid(), 9)" }})"""
                )
            wait_for_error(page, pad, "kernel that drew this picture is gone")
            assert pad.handle.get_attribute("data-busy") == "false"
            assert pad.look()[:2] == (picture, readout)
            assert pad.handle.evaluate("root => [...root.querySelectorAll('.sl-input')].every((i) => i.disabled)")
            pad.move(0, 20)
            assert pad.look()[:2] == (picture, readout)
            # And the way on that it names is one.
            page.wait_for_function(f"{LAB}.sessionContext.session.kernel.status === 'idle'")
            page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
            page.wait_for_function("document.querySelector('.sl-explorer')?.dataset.gone === 'false'")
            page.wait_for_selector(".sl-explorer.sl-drawn[data-busy=false]")


def test_an_interrupted_picture_is_not_computed_again(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [SLOW], 1) as (page, _):
        (pad,) = explorers(page)
        page.evaluate(
            "root => { const i = root.querySelector('.sl-input'); i.value = 6; i.dispatchEvent(new Event('change')); }",
            pad.handle,
        )
        while not (tmp_path / "asked-7").exists():
            page.wait_for_timeout(100)
        page.evaluate(f"{LAB}.sessionContext.session.kernel.interrupt()")
        wait_for_error(page, pad, "Interrupted")
        pad.settle()
        page.wait_for_timeout(1500)
        assert run_code(page, "print(asked)") == "[3, 7]"
        pad.move(0, 3)
        assert pad.look()[1:] == ("n = 4", "")


def test_two_tabs_each_show_a_true_picture(chromium: Any, tmp_path: Path) -> None:
    write_page(tmp_path, [WAVE])
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    with browser.serve_lab(tmp_path) as tree:
        one, two = context.new_page(), context.new_page()
        browser.run_notebook(one, tree, "page.ipynb", 1)
        one.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        one.wait_for_timeout(1000)
        two.goto(f"{tree}/page.ipynb")
        two.wait_for_selector(".sl-explorer.sl-drawn[data-busy=false]")
        left, right = explorers(one)[0], explorers(two)[0]
        for step, (pad, position) in enumerate(
            [(left, 9), (right, 19), (left, 14), (right, 4), (left, 9), (right, 29)]
        ):
            pad.page.bring_to_front()
            pad.move(0, position)
            for each in (left, right):
                value = int(each.handle.query_selector(".sl-value").inner_text())
                assert each.look()[1] == f"y(1) = {np.sin(value):.6f}", step
                assert each.shown()["n"] == value
                drawn = each.handle.evaluate("root => root.querySelector('.sl-plot').data[0].y[1]")
                assert drawn == np.sin(value), step
    context.close()


def test_a_cell_run_again_leaves_one_explorer(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVE], 1) as (page, _):
        count = "print(len(__import__('ipywidgets').widgets.widget._instances))"
        models = run_code(page, count)
        for _ in range(4):
            page.evaluate("document.querySelector('.sl-explorer').dataset.old = '1'")
            page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
            page.wait_for_selector(".sl-explorer.sl-drawn[data-busy=false]:not([data-old])")
        page.wait_for_timeout(500)
        assert run_code(page, count) == models == "2"  # the explorer and its layout
        assert page.evaluate("[spectralLab.sessions.size, document.querySelectorAll('.sl-explorer').length]") == [1, 1]


def test_saved_after_running_and_read_without_its_kernel(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVE + "\n", "wave(n=5)", GUESS], 2) as (page, _):
        assert page.locator(".sl-still").first.is_hidden()  # the explorer stands in its place
        page.click("button.jupyter-button")
        page.wait_for_function("document.body.innerText.includes('One for each.')")
        assert page.locator(".sl-guess").is_hidden()
        page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        page.wait_for_timeout(1500)
    page = chromium.new_page(viewport={"width": 1400, "height": 1200})
    with browser.serve_lab(tmp_path) as tree:
        page.goto(f"{tree}/page.ipynb?reset&token={browser.TOKEN}")
        page.wait_for_selector(".sl-still")
        page.wait_for_timeout(4000)
        for still, n in zip(page.locator(".sl-still").all(), (3, 5), strict=True):
            assert still.is_visible()
            assert f"y(1) = {np.sin(n):.6f}" in still.inner_text()
            assert "run this cell to move it" in still.inner_text()
            assert still.locator("img").evaluate("i => i.complete && i.naturalWidth") == 900
        assert page.locator(".sl-guess").is_visible()
        assert page.locator(".sl-guess summary").is_visible()
        assert "Error displaying widget" not in page.locator(".jp-Notebook").inner_text()
    page.close()


def test_an_exported_page_shows_picture_and_readout_without_a_network(chromium: Any, tmp_path: Path) -> None:
    write_page(tmp_path, [WAVE])
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", str(tmp_path / "page.ipynb")]
    subprocess.run(command, check=True, capture_output=True)
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.set_content((tmp_path / "page.html").read_text(), wait_until="domcontentloaded")
    still = page.locator(".sl-still")
    assert f"y(1) = {np.sin(3):.6f}" in still.inner_text()
    assert still.locator("img").evaluate("i => i.naturalWidth") == 900
    context.close()


def test_nothing_leaves_the_page(chromium: Any, tmp_path: Path) -> None:
    with open_page(chromium, tmp_path, [WAVE], 1) as (page, _):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.context.on("page", lambda new: asked.append(new.url))
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        (pad,) = explorers(page)
        buttons = pad.handle.query_selector_all("button")
        assert {b.inner_text() for b in buttons} >= {"PNG", "CSV", "NPZ", "Zoom", "Whole"}
        for button in buttons:
            button.click()
            pad.settle()
        page.wait_for_timeout(1000)
        ours = page.evaluate("location.origin")
        assert [url for url in asked if not url.startswith((ours, f"blob:{ours}", "data:"))] == []
        assert pad.handle.query_selector_all(".modebar-btn, a[href], form, iframe") == []
    source = Explorer._esm
    for way_out in (
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "EventSource",
        "sendBeacon",
        "http:",
        "https:",
        "window.open",
    ):
        assert way_out not in source


def test_the_server_asks_for_its_token(tmp_path: Path) -> None:
    import urllib.error
    import urllib.request

    with browser.serve_lab(tmp_path) as tree:
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(tree.replace("/lab/tree", "/api/terminals"))
        request = urllib.request.Request(tree.replace("/lab/tree", "/api/contents"))
        request.add_header("Authorization", f"token {browser.TOKEN}")
        assert urllib.request.urlopen(request).status == 200
    assert len(browser.TOKEN) >= 32
