"""The web site in a real browser, opened as files with the network off: every explorer, address, filter, and paper.

A site of one short chapter is built for it. SPECTRAL_LAB_SITE names a built site to be tested instead, page by page.
"""

from __future__ import annotations

import functools
import http.server
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tiny_site
from browser.pages import Pad, violations
from browser.test_access import needs_axe
from browser.test_explorers import check

from spectral_lab.site import build, reference

BUILT = os.environ.get("SPECTRAL_LAB_SITE")
KEEP_THE_COPY = "navigator.clipboard.writeText = (text) => ((window.copied = text), Promise.resolve())"
REFERENCE = ["reference/index.html", "reference/matrix_functions.html"]
PAGES = (
    sorted(path.name for path in Path(BUILT).glob("*.html"))
    if BUILT
    else ["index.html", "matrix_functions.html", "runs.html"]
)
CHAPTERS = [name for name in PAGES if name not in ("index.html", "runs.html")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if BUILT:
        return Path(BUILT).resolve()
    folder = tmp_path_factory.mktemp("site")
    tiny_site.write_notebook(folder, tiny_site.chapter(), "explorers.functions_of_a_matrix()")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "packages", lambda _: ["spectral_lab.matrix_functions"])  # all take too long
        build.build(folder / "out", chapters=(tiny_site.chapter(),), notebooks=folder, processes=1, say=lambda _: None)
    return folder / "out"


Open = Callable[..., Any]


@pytest.fixture
def open_file(chromium: Any, site: Path) -> Iterator[Open]:
    """Opens a page of the site as a file, the network off; what goes wrong on it is found at the end."""
    contexts, errors = [], []

    def opened(address: str, **more: Any) -> Any:
        context = chromium.new_context(**{"offline": True, "viewport": {"width": 1200, "height": 900}, **more})
        contexts.append(context)
        context.add_init_script(KEEP_THE_COPY)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: re.match("file:|data:|blob:", request.url) or errors.append(request.url))
        page.goto(f"{site.as_uri()}/{address}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def pads(page: Any) -> list[Pad]:
    """Every explorer of the page, scrolled to and drawn."""
    found = []
    for place in page.query_selector_all(".explorer"):
        place.scroll_into_view_if_needed()
        drawn = "place => place.querySelector('.sl-explorer.sl-drawn[data-busy=false]')"
        page.wait_for_function(drawn, arg=place, timeout=60_000)
        found.append(Pad(page, place.query_selector(".sl-explorer")))
    return found


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_explorer_of_a_page_answers_its_reader(name: str, open_file: Open) -> None:
    page = open_file(name)
    found = pads(page)
    assert found
    assert [problem for pad in found for problem in check(pad)] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_address_of_a_picture_leads_back_to_it(name: str, open_file: Open) -> None:
    page = open_file(name)
    for pad in pads(page):
        for preset in (None, *pad.handle.query_selector_all(".sl-preset")):
            if preset:
                pad.press(preset)
            pad.handle.query_selector(".sl-link").click()
            address, shown, readout = page.evaluate("window.copied"), pad.shown(), pad.look()[1]
            page.evaluate("address => location.replace(address.split('#')[0] + '#main')", address)
            pad.press(pad.handle.query_selector(".sl-reset"))
            page.evaluate("address => location.replace(address)", address)
            page.wait_for_timeout(300)
            pad.settle()
            assert (pad.shown(), pad.look()[1]) == (shown, readout)
    fresh = open_file(f"{name}{address[address.index('#') :]}")
    fresh.wait_for_function("document.querySelector('.sl-explorer.sl-drawn[data-busy=false]')", timeout=60_000)
    title = fresh.evaluate("document.getElementById(location.hash.slice(1).split('?')[0]).getBoundingClientRect().top")
    assert -50 < title < 900


def test_a_state_that_was_not_computed_is_said_and_the_controls_go_where_the_picture_is(open_file: Open) -> None:
    page = open_file("matrix_functions.html#a-function-of-a-matrix-is-a-function-of-its-spectrum?t=7.77")
    pad = pads(page)[0]
    page.wait_for_function("root => root.querySelector('.sl-note').textContent", arg=pad.handle)
    assert "nearest" in pad.handle.query_selector(".sl-note").inner_text()
    assert abs(pad.shown()["t"] - 7.77) < 1
    assert pad.handle.query_selector(".sl-value").inner_text() == f"{pad.shown()['t']:g}"
    pad.press(pad.handle.query_selector(".sl-reset"))
    assert pad.handle.query_selector(".sl-note").inner_text() == ""


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_arrow_keys_lead_on_from_any_state(name: str, open_file: Open) -> None:
    page = open_file(name)
    for pad in pads(page):
        for i, control in enumerate(pad.inputs()):
            if control["type"] != "range":
                continue
            for j, other in enumerate(pad.inputs()):  # off the lines
                if other["type"] == "range" and j != i:
                    pad.move(j, round(int(other["max"]) * 0.4))
            before = pad.shown()[control["name"]]
            key = "ArrowLeft" if int(pad.inputs()[i]["value"]) == int(control["max"]) else "ArrowRight"
            pad.handle.query_selector_all(".sl-input")[i].press(key)
            pad.settle()
            assert pad.shown()[control["name"]] != before, (pad.title, control["name"])
            assert pad.look()[2] == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_telephone(name: str, scheme: str, open_file: Open) -> None:
    page = open_file(name, viewport={"width": 390, "height": 800}, color_scheme=scheme)
    found = pads(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = """[...document.querySelectorAll(
      '.sl-controls *, .sl-presets *, .sl-tools *, .sl-readout, .filters *, .top *')]
      .filter((e) => e.getClientRects().length && !e.closest('math') && e.getBoundingClientRect().right > 391)
      .map((e) => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(wide) == []
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", back))) < 300) == (scheme == "dark")
    for pad in [pad for pad in found if pad.handle.query_selector(".sl-plot .xtick text")][:1]:
        ink = pad.handle.evaluate("e => getComputedStyle(e.querySelector('.sl-plot .xtick text')).fill")
        assert (sum(map(int, re.findall(r"\d+", ink)[:3])) > 380) == (scheme == "dark")


def test_pictures_follow_the_scheme_while_the_page_is_open(open_file: Open) -> None:
    page = open_file("matrix_functions.html", color_scheme="light")
    pad = pads(page)[0]
    ink = "e => getComputedStyle(e.querySelector('.sl-plot .xtick text')).fill"
    light = pad.handle.evaluate(ink)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"([e, light]) => ({ink})(e) !== light", arg=[pad.handle, light])


@pytest.mark.parametrize("name", PAGES)
def test_on_paper_nothing_is_cut(name: str, open_file: Open) -> None:
    page = open_file(name, viewport={"width": 690, "height": 980})  # A4 between its margins
    pads(page)
    page.evaluate("document.querySelector('.unfold')?.click()")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(300)
    cut = """[...document.querySelectorAll('main *')]
      .filter((e) => e.getClientRects().length && !e.closest('math, svg, .sl-plot *'))
      .filter((e) => e.getBoundingClientRect().right > 691)
      .map((e) => e.outerHTML.slice(0, 120))"""
    assert page.evaluate(cut) == []
    assert page.evaluate("[...document.querySelectorAll('.sl-tools, .top')].every((e) => !e.getClientRects().length)")
    assert len(page.pdf(format="A4")) > 10_000


def test_on_paper_a_picture_is_light_whatever_the_screen_is(open_file: Open) -> None:
    page = open_file("matrix_functions.html", color_scheme="dark")
    pad = pads(page)[0]
    ink = "e => getComputedStyle(e.querySelector('.sl-plot .xtick text')).fill"
    light = "([e, ink]) => eval(ink)(e).match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) < 300"
    dark = pad.handle.evaluate(ink)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(light, arg=[pad.handle, ink])
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_function("([e, ink, dark]) => eval(ink)(e) === dark", arg=[pad.handle, ink, dark])


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*PAGES, *REFERENCE])
def test_axe_finds_nothing_on_a_page(name: str, scheme: str, open_file: Open) -> None:
    page = open_file(name, color_scheme=scheme)
    pads(page)
    page.evaluate("document.querySelector('.unfold')?.click()")
    assert violations(page, "html") == []


def test_search_guess_answers_filters_and_a_notebook(open_file: Open) -> None:
    page = open_file("matrix_functions.html")
    guess = page.locator(".guess").first
    guess.locator("button").click()
    assert "guess first" in guess.locator(".verdict").inner_text()
    guess.locator("input").first.check()
    guess.locator("button").click()
    assert "otherwise" in guess.locator(".verdict").inner_text()
    assert guess.locator("details").evaluate("e => e.open")
    page.locator(".unfold").click()
    assert page.evaluate("[...document.querySelectorAll('main details')].every((e) => e.open)")
    pad = pads(page)[0]
    pad.press(pad.handle.query_selector(".sl-preset"))
    pad.handle.query_selector(".sl-elsewhere").click()
    code = page.locator("dialog pre").inner_text()
    assert code.startswith("from spectral_lab.matrix_functions import explorers\nexplorers.functions_of_a_matrix(")
    names: dict[str, Any] = {}
    exec(code.rsplit("\n", 1)[0], names)
    assert eval(code.rsplit("\n", 1)[1], names).readout == pad.look()[1]
    page.keyboard.press("Escape")
    page.locator(".search input").fill("function spectrum")
    page.wait_for_selector(".search li a")
    page.locator(".search input").press("Enter")
    page.wait_for_function("location.hash || !location.href.includes('matrix_functions.html')")


def test_the_board_shows_what_is_asked_for(open_file: Open) -> None:
    page = open_file("index.html")
    rows = page.locator(".claim:visible")
    whole = rows.count()
    page.locator("select[name=verdict]").select_option("does not hold")
    assert 0 < rows.count() < whole
    assert set(rows.evaluate_all("rows => rows.map((row) => row.dataset.verdict)")) == {"does not hold"}
    page.locator("select[name=verdict]").select_option("")
    page.locator("input[name=words]").fill("no claim says this")
    assert rows.count() == 0
    assert page.locator(".filters output").inner_text() == f"0 of {whole}"


def test_without_scripts_a_page_has_its_words_pictures_and_answers(chromium: Any, site: Path) -> None:
    context = chromium.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/matrix_functions.html")
    still = page.locator(".sl-still").first
    still.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    assert still.locator("img").bounding_box()["height"] > 200
    assert "modes keep" in still.inner_text()
    context.close()


@contextmanager
def host(folder: Path) -> Iterator[str]:
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_static_host_serves_it_from_any_folder(chromium: Any, site: Path) -> None:
    with host(site.parent) as address:
        page = chromium.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/{site.name}/matrix_functions.html")
        assert pads(page)[0].look()[1]
        assert all(url.startswith((address, "data:", "blob:")) for url in asked)
        page.close()
