"""What lies over what: in no picture of any explorer does a title cover numbers, another title, or the edge."""

from __future__ import annotations

from typing import Any

import pytest

from spectral_lab.course import CHAPTERS
from spectral_lab.course.first_explorer import functions_of_a_matrix
from spectral_lab.explorer import Explorer, integers, preview, theme

WIDTH = 900  # pixels of the page; JupyterLab's column is as wide on a small laptop

# Pairs of words that overlap, by two pixels or more, and headings that leave the picture.
CLASHES = """() => {
  const plot = document.querySelector(".sl-plot");
  const boxes = (selector) => [...plot.querySelectorAll(selector)].map((node) => [node.textContent, node.getBoundingClientRect()]);
  const edge = plot.getBoundingClientRect();
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
  const axes = boxes("[class*=xtitle], [class*=ytitle], [class$=title] text");
  const titles = axes.filter(([words]) => words).concat(boxes(".annotation-text").filter(([, box]) => box.bottom < edge.top + 60 && box.bottom < Math.min(...boxes(".xy, [class*=subplot]").map(([, b]) => b.top)) + 4));
  const ticks = boxes(".xtick text, .ytick text, .x2tick text, .y2tick text, .x3tick text, .y3tick text");
  const found = [];
  titles.forEach(([words, box], i) => {
    for (const [other, b] of ticks) if (meet(box, b)) found.push(`${words} / ${other}`);
    for (const [other, b] of titles.slice(i + 1)) if (other !== words && meet(box, b)) found.push(`${words} / ${other}`);
    if (box.left < edge.left - 1 || box.right > edge.right + 1 || box.top < edge.top - 1) found.push(`${words} / edge`);
  });
  return [...new Set(found)];
}"""


def every_explorer() -> list[Any]:
    rooms = {chapter.package: chapter.room("explorers") for chapter in CHAPTERS}
    found = [
        pytest.param(getattr(room, name), id=f"{package}-{name}")
        for package, room in rooms.items()
        if room
        for name in room.__all__
    ]
    return [pytest.param(functions_of_a_matrix, id="course-functions_of_a_matrix"), *found]


@pytest.fixture(scope="module")
def clashes(chromium: Any) -> Any:
    def of(explorer: Explorer) -> dict[str, list[str]]:
        page = chromium.new_page(viewport={"width": WIDTH, "height": 900})
        page.set_content(preview.page(explorer).replace("width:960px", f"width:{WIDTH}px"))
        page.wait_for_function("document.title === 'drawn'")
        found = {"start": page.evaluate(CLASHES)}
        for name, values in explorer.presets.items():
            explorer.set(**values)
            page.evaluate("message => show(message)", preview.message(explorer))
            found[name] = page.evaluate(CLASHES)
        page.close()
        return {name: words for name, words in found.items() if words}

    return of


@pytest.mark.parametrize("make", every_explorer())
def test_no_title_lies_over_another_word(make: Any, clashes: Any) -> None:
    assert clashes(make()) == {}


def test_long_headings_are_broken_and_a_covered_number_is_found(clashes: Any) -> None:
    def picture(titles: list[str], **axis: Any) -> Explorer:
        traces = [theme.line([0, 1], [0, 1], panel=panel) for panel in (1, 2, 3)]
        return Explorer(
            title="t",
            controls=[integers("n", "n", 1, 9, 3)],
            compute=lambda n: {},
            figure=lambda d: theme.figure(
                traces,
                x=[theme.axis("x")] * 3,
                y=[theme.axis("y"), theme.axis("y", **axis), theme.axis("y")],
                titles=titles,
            ),
            readout=lambda d: "",
            code=lambda n: "",
        )

    assert clashes(picture(["A heading of a panel that goes on for much longer than its panel is wide"] * 3)) == {}
    assert clashes(picture(["a", "b", "c"], tickprefix="a very long number: ")) != {}
