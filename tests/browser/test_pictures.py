"""What lies over what: in no picture of any explorer does a title cover numbers, another title, or the edge.

Nor is anything to press smaller than 24 pixels, and on a phone only the picture is wider than the page.
"""

from __future__ import annotations

from typing import Any

import pytest

from spectral_lab.course import CHAPTERS
from spectral_lab.explorer import Explorer, integers, preview, theme
from spectral_lab.generation.explorers import crystal_microscope
from spectral_lab.matrix_functions.explorers import functions_of_a_matrix

WIDTH = 900  # pixels of the page; JupyterLab's column is as wide on a small laptop

# Titles of axes and headings of panels that overlap a number or one another by two pixels, or leave the picture.
CLASHES = """() => {
  const plot = document.querySelector(".sl-plot");
  const edge = plot.getBoundingClientRect();
  const find = (selector) => [...plot.querySelectorAll(selector)]
    .filter((node) => node.textContent)
    .map((node) => ({ words: node.textContent, box: node.getBoundingClientRect() }));
  const overlap = (a, b, low, high) => Math.min(a[high], b[high]) - Math.max(a[low], b[low]) > 2;
  const meet = ({ box: a }, { box: b }) => overlap(a, b, "left", "right") && overlap(a, b, "top", "bottom");
  const notes = plot.layout.annotations.map((note, i) => (note.name === "title" ? i : -1)).filter((i) => i >= 0);
  const headings = notes.map((i) => `.annotation[data-index="${i}"]`);
  const titles = find(['[class^="g-x"]', '[class^="g-y"]', ...headings].join(","));
  const ticks = find('[class$="tick"] text');
  const found = [];
  titles.forEach((title, i) => {
    const others = [...ticks, ...titles.slice(i + 1)].filter((other) => meet(title, other));
    found.push(...others.map((other) => `${title.words} / ${other.words}`));
    const { left, right, top } = title.box;
    const out = left < edge.left - 1 || right > edge.right + 1 || top < edge.top - 1;
    if (out) found.push(`${title.words} / edge`);
  });
  const axes = Object.keys(plot.layout).filter((key) => /axis/.test(key));
  const numbered = axes.some((key) => plot.layout[key].showticklabels !== false);
  return titles.length && (ticks.length || !numbered) ? found : ["nothing found to compare"];
}"""

PHONE = 390  # pixels; a page of twice the width at 200 % has as many
SMALL = """[...document.querySelectorAll(".sl-explorer :is(button, input, select)")]
  .map((node) => [node.className, node.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => `${name} is small`)"""
OUT = """[...document.querySelectorAll(".sl-explorer *")]
  .filter((node) => !node.closest(".sl-frame, .sl-status, math") && node.getBoundingClientRect().right > innerWidth)
  .map((node) => `${node.className} ${node.textContent} leaves the page`)"""


def every_explorer() -> list[Any]:
    return [
        pytest.param(make, id=f"{chapter.package}-{make.__name__}")
        for chapter in CHAPTERS
        for make in chapter.listed("EXPLORERS")
    ]


@pytest.fixture(scope="module")
def clashes(chromium: Any) -> Any:
    def of(explorer: Explorer) -> dict[str, list[str]]:
        page = chromium.new_page(viewport={"width": WIDTH, "height": 900})
        html = preview.page(explorer).replace(preview._IDLE, "")
        page.set_content(html.replace("width:960px", f"max-width:{WIDTH}px"))
        page.wait_for_function("document.title === 'drawn'")
        found = {"start": page.evaluate(CLASHES)}
        for name, values in explorer.presets.items():
            explorer.set(**values)
            page.evaluate("message => show(message)", preview.message(explorer))
            found[name] = page.evaluate(CLASHES)
        page.set_viewport_size({"width": PHONE, "height": 900})
        found["on a phone"] = page.evaluate(SMALL) + page.evaluate(OUT)
        page.close()
        return {name: words for name, words in found.items() if words}

    return of


@pytest.mark.parametrize("make", every_explorer())
def test_no_title_lies_over_another_word(make: Any, clashes: Any) -> None:
    assert clashes(make()) == {}


def test_long_headings_are_broken_and_a_covered_number_is_found(clashes: Any) -> None:
    def picture(titles: list[str], **more: Any) -> Explorer:
        y = [theme.axis("the height of the line", **more), theme.axis("y"), theme.axis("y")]
        panels = [theme.panel(title, theme.axis("x"), axis) for title, axis in zip(titles, y, strict=True)]
        return Explorer(
            title="t",
            controls=[integers("n", "n", 1, 9, 3)],
            compute=lambda n: {},
            figure=lambda d: theme.figure(*(panel.draw(theme.line([0, 1], [0, 1])) for panel in panels)),
            readout=lambda d: "",
            code=lambda n: "",
        )

    assert clashes(picture(["A heading of a panel that goes on for much longer than its panel is wide"] * 3)) == {}
    assert clashes(picture(["a", "b", "c"], tickprefix="a very long number: ")) != {}


# What JupyterLab does when its theme changes: the page is hidden meanwhile, and its body says which theme it is.
RETHEME = """async () => {
  const titles = () => [...document.querySelector(".sl-plot").layout.annotations].map((note) => note.text).join();
  const before = titles();
  const style = document.createElement("style");
  style.textContent = ".sl-explorer { --sl-ink: red !important }";
  document.head.append(style);
  document.body.style.display = "none";
  document.body.className = "another";
  await null;
  document.body.style.display = "";
  await new Promise((done) => setTimeout(done, 300));
  return [before, titles(), document.querySelector(".sl-plot").layout.font.color];
}"""


def test_headings_stay_broken_when_the_theme_changes(chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": WIDTH, "height": 900})
    page.set_content(preview.page(crystal_microscope()).replace(preview._IDLE, ""))
    page.wait_for_function("document.title === 'drawn'")
    before, after, color = page.evaluate(RETHEME)
    page.close()
    assert "<br>" in before
    assert after == before
    assert color == "rgba(255, 0, 0, 1)"


def test_what_is_too_small_or_too_wide_for_a_phone_is_found(clashes: Any, monkeypatch: Any) -> None:
    style = (
        preview.assets.STYLE
        + ".sl-explorer .sl-png { min-height: 9px; padding: 0; height: 9px } .sl-title { min-width: 500px }"
    )
    monkeypatch.setattr(preview.assets, "STYLE", style)
    words = " ".join(clashes(functions_of_a_matrix())["on a phone"])
    assert "sl-png is small" in words
    assert "sl-title A function of a matrix is a function of its spectrum leaves the page" in words
