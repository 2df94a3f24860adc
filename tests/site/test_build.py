"""The site of one short chapter: what is on its pages, what they weigh, and what a second build computes."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import tiny_site

from spectral_lab.checkout import ROOT
from spectral_lab.course import CHAPTERS
from spectral_lab.site import build, pages, reference, runs


class Page(HTMLParser):
    """The ids, links and loaded files of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        self.ids += [fields["id"]] if fields.get("id") else []
        if tag in ("script", "img", "iframe", "source") and fields.get("src"):
            self.loaded.append(fields["src"])
        if tag == "img":
            self.images.append(fields)
        if tag == "link":
            self.loaded.append(fields["href"])
        if tag == "a" and fields.get("href"):
            self.links.append(fields["href"])


@pytest.fixture(scope="module", autouse=True)
def _one_reference() -> Iterator[None]:
    """The reference is the same in every build here, and takes longer than all the rest."""
    made: list[Any] = []

    def once(writer: pages.Writer, chapters: Any) -> Any:
        made[:] = made or [all_pages(writer, CHAPTERS)]
        return made[0]

    all_pages = reference.pages
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "pages", once)
        yield


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[str]]:
    """The site, the folder of its notebooks, and what the build said."""
    folder = tmp_path_factory.mktemp("tiny")
    notebooks, out = folder / "notebooks", folder / "site"
    notebooks.mkdir()
    tiny_site.write_notebook(notebooks, tiny_site.chapter())
    return out, notebooks, make(out, notebooks, tiny_site.chapter())


def make(out: Path, notebooks: Path, *chapters: Any) -> list[str]:
    said: list[str] = []
    build.build(out, chapters=chapters, notebooks=notebooks, processes=1, seconds=0.2, say=said.append)
    return said


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site: Any) -> None:
    out, _, _ = site
    found = {path: Page(path) for path in out.rglob("*.html")}
    assert {"index.html", "matrix_functions.html", "runs.html"} <= {path.name for path in found}
    for path, page in found.items():
        assert len(page.ids) == len(set(page.ids)), path
        for address in page.loaded:
            assert address == "data:," or (path.parent / address).is_file(), (path.name, address)
        for link in page.links:
            file, _, place = link.partition("#")
            if re.match("https?:", link):
                continue
            target = (path.parent / file).resolve() if file else path
            assert target in found or target.is_file(), (path.name, link)
            assert not place or place in found[target].ids, (path.name, link)
        assert all(image["alt"] for image in page.images), path
    for script in [*out.glob("static/page.js"), *out.glob("static/table.js"), *out.glob("static/*.css")]:
        assert not re.search(r"https?:|fetch\(|XMLHttpRequest|WebSocket|sendBeacon", script.read_text())


def test_the_page_has_prose_formulas_code_outputs_guesses_and_exercises(site: Any) -> None:
    page = Page(site[0] / "matrix_functions.html")
    text = page.text
    assert page.text.count("<math") >= 8
    assert not re.search(r"\$[^$<]{1,60}\$", re.sub(r"<(pre|code|script).*?</\1>", "", text, flags=re.S))
    assert "&lt;" in text  # x < y stays a formula
    assert {"1-one-section", "a-part-of-it", "2-exercises"} <= set(page.ids)
    assert f'<pre class="printed" tabindex="0">{"x" * 200}</pre>' in text
    assert text.count('class="guess"') == 2
    assert 'data-kind="choice" data-answer="1"' in text
    assert re.search(r'data-kind="number" data-answer="\d', text)
    assert text.count("<summary>Hint</summary>") == text.count("<summary>Solution</summary>") == 1
    assert "Not answered yet" not in text
    assert "https://github.com/spectral-lab/spectral_lab/blob/main/docs/claims.md" in page.links
    assert text.count('class="explorer"') == 2
    assert len([id for id in page.ids if id.startswith("a-function-of-a-matrix")]) == 2


def test_a_picture_of_sliders_leads_to_the_sliders() -> None:
    (lesson,) = (item for item in CHAPTERS if item.number == 3)
    first = pages.read_cells(ROOT / "notebooks" / lesson.notebook)[:1]
    (block,) = pages.Lesson(lesson, first, {}, {lesson.package}).blocks
    assert re.search(rf'<a href="{pages.PICTURE_PAGE}"><img [^>]*src="pictures/pseudospectra.png"', block)


def test_a_formula_that_alone_heads_a_column_is_named_by_its_letters() -> None:
    table = pages.prose("| | $f(x)$ | a $y$ |\n|---|---|---|\n| 0 | 1 | $z$ |")
    assert "<th></th>" not in table
    assert re.findall(r'<th><math aria-label="([^"]*)"', table) == ["f ( x )"]
    assert table.count("aria-label") == 1


def test_the_first_page_has_map_board_and_filters(site: Any) -> None:
    page = Page(site[0] / "index.html")
    assert [len(re.findall(f'data-verdict="{verdict}"', page.text)) for verdict in ("holds", "does not hold")] == [1, 1]
    assert 'data-cost="GPU"' in page.text
    assert '<option value="addition">' in page.text
    assert 'href="matrix_functions.html"' in page.text
    assert {"map", "claims", "matrix_functions-C2"} <= set(page.ids)


def test_the_search_finds_words_of_sections_explorers_and_functions(site: Any) -> None:
    script = (site[0] / "search.js").read_text(encoding="utf-8")
    entries = json.loads(script.removeprefix("spectralLabIndex(").removesuffix(");\n"))
    found = {entry["address"] for entry in entries if "perihelion" in entry["text"]}
    assert found == {"matrix_functions.html#a-part-of-it"}
    addresses = {entry["address"] for entry in entries}
    assert "reference/matrix_functions.html#matrix_function" in addresses
    explorer = next(
        entry for entry in entries if entry["address"].endswith("#a-function-of-a-matrix-is-a-function-of-its-spectrum")
    )
    assert "modes keep" in explorer["text"]


def test_a_page_without_tables_is_light(site: Any) -> None:
    out, _, _ = site
    for page in (out / "matrix_functions.html", out / "index.html"):
        loaded = [page, *(page.parent / name for name in Page(page).loaded if name != "data:,")]
        loaded += [*out.glob("static/*.woff2")]
        assert sum(path.stat().st_size for path in loaded) < 1_000_000


def test_a_second_build_computes_nothing_and_changes_no_file(site: Any) -> None:
    out, notebooks, first = site
    assert first[0] == "0 of 3 tables are here; computing 3"
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.rglob("*") if path.is_file()}
    assert make(out, notebooks, tiny_site.chapter())[0] == "3 of 3 tables are here; computing 0"
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.rglob("*") if path.is_file()} == before


def test_a_chapter_that_is_added_appears_and_a_table_that_is_not_needed_goes(site: Any, tmp_path: Path) -> None:
    out, notebooks, _ = site
    second = tiny_site.chapter(2, "eigenspaces")
    text = f"{tiny_site.IMPORTS}\nfrom spectral_lab.eigenspaces import explorers"
    tiny_site.write_notebook(notebooks, second, "explorers.lengths()")
    notebook = json.loads((notebooks / second.notebook).read_text())
    notebook["cells"][1]["source"] = text
    (notebooks / second.notebook).write_text(json.dumps(notebook))
    assert make(out, notebooks, tiny_site.chapter(), second)[0] == "3 of 5 tables are here; computing 2"
    page = Page(out / "eigenspaces.html")
    assert "more-eigenvectors-less-information" in page.ids
    assert 'href="eigenspaces.html"' in Page(out / "index.html").text
    assert "eigenspaces.html" in Page(out / "matrix_functions.html").links
    (notebooks / second.notebook).unlink()
    make(out, notebooks, tiny_site.chapter())
    assert not list((out / "tables").glob("eigenspaces-lengths-*"))


def test_a_table_is_made_anew_when_what_it_depends_on_changes() -> None:
    module = "spectral_lab.matrix_functions.explorers.three_views"
    names = {path.relative_to(ROOT).as_posix() for path in build._files(module)}
    assert {
        "spectral_lab/matrix_functions/explorers/three_views.py",
        "spectral_lab/matrix_functions/functions.py",
        "spectral_lab/explorer/wire.py",
        "spectral_lab/checks.py",
    } <= names
    assert not {name for name in names if "eigenspaces" in name or name.endswith("claims.py")}
    assert build.digest([module], "one") != build.digest([module], "two") != build.digest([], "two")


def test_an_interrupted_build_leaves_whole_files_and_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "site"
    calls = [f"explorers.functions_of_a_matrix(t={t})" for t in (0, 4, 8, 12)]
    tiny_site.write_notebook(tmp_path, tiny_site.chapter(), *calls)
    script = f"""
import tiny_site
from spectral_lab.site.build import build
from pathlib import Path
if __name__ == "__main__":
    say = lambda line: print(line, flush=True)
    build(Path({str(out)!r}), chapters=(tiny_site.chapter(),), notebooks=Path(), processes=2, seconds=1, say=say)
"""
    (tmp_path / "make.py").write_text(script)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    process = subprocess.Popen(
        [sys.executable, "make.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("1 of"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode
    assert not (out / "index.html").exists()
    done = list((out / "tables").glob("*.json"))
    assert 1 <= len(done) <= len(calls)  # and the claims
    for path in done:
        made = json.loads(path.read_text())
        if isinstance(made, dict):
            assert (out / made["table"]).read_text().endswith(");\n")


def test_an_explorer_that_fails_is_named(tmp_path: Path) -> None:
    item = tiny_site.chapter()
    tiny_site.write_notebook(tmp_path, item, "explorers.functions_of_a_matrix(t=-5)")
    with pytest.raises(RuntimeError, match=r"matrix_functions/functions_of_a_matrix: .*t must be"):
        make(tmp_path / "site", tmp_path, item)


def test_every_notebook_shows_the_explorers_of_its_chapter() -> None:
    for item in CHAPTERS:
        if item.status == "open":
            shown = pages.shown_explorers(item, pages.read_cells(ROOT / "notebooks" / item.notebook))
            assert {each.function for each in shown} >= {make.__name__ for make in item.listed("EXPLORERS")}


def test_a_state_for_a_notebook_is_python_that_makes_the_explorer() -> None:
    shown = pages.Shown(
        "a/lens", "lens", 3, "import numpy as np\nfrom spectral_lab.a import b, explorers", "", "explorers.lens(n=3)"
    )
    assert shown.for_a_notebook == ("from spectral_lab.a import explorers", "explorers.lens(")
    own = pages.Shown("a/own", "own", 3, "from spectral_lab.a import explorers", "A = [[1]]", "explorers.own(A)")
    assert own.for_a_notebook == ("from spectral_lab.a import explorers\nA = [[1]]", "explorers.own(A, ")


def test_every_formula_of_every_notebook_and_claim_becomes_mathml() -> None:
    for item in CHAPTERS:
        cells = pages.read_cells(ROOT / "notebooks" / item.notebook) if item.status == "open" else []
        texts = [pages.prose(cell.source) for cell in cells if cell.cell_type == "markdown"]
        texts += [pages.formulas(pages.markup.inline(claim.statement)) for claim in item.listed("CLAIMS")]
        for text in texts:
            for formula in re.findall(r"<math.*?</math>", text, re.S):
                assert "\\" not in formula, formula
            assert "$$" not in text


def test_the_reference_has_every_public_function_with_its_words_and_its_source() -> None:
    files, entries = reference.pages(pages.Writer(lite=False), CHAPTERS)
    for item in CHAPTERS:
        text = files[f"reference/{item.package}.html"].decode()
        module = importlib.import_module(f"spectral_lab.{item.package}")
        for name in module.__all__:
            assert f'<h2 id="{name}">' in text
        assert (
            text.count("<summary>Source</summary>")
            >= sum(callable(getattr(module, name)) for name in module.__all__) - 2
        )
    assert len(entries) > 300


def test_recorded_runs_have_numbers_and_curves() -> None:
    from spectral_lab.records import select

    recorded = runs.by_chapter(CHAPTERS, select())
    tasks = {task["name"]: task for chapter in recorded for task in chapter["tasks"]}
    assert any(task["curves"] for task in tasks.values())
    assert all(len(row) == len(task["columns"]) for task in tasks.values() for row in task["rows"])
    assert sum(len(task["rows"]) for task in tasks.values()) >= len(
        [run for run in select() if "rows" not in run.content]
    )
