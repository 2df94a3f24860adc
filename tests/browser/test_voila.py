"""Voila shows a chapter as a page without code: its prose, its pictures, and explorers that answer.

`pip install voila anywidget`, best in an environment of its own, whose command VOILA then names: JupyterLab would take
up Voila's extensions. The kernel is of this Python in any case.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browser.pages import Pad
from browser.test_explorers import elsewhere, explorer_cells

from spectral_lab.checkout import ROOT
from spectral_lab.explorer import browser

VOILA = os.environ.get("VOILA") or shutil.which("voila") or shutil.which("voila", path=str(Path(sys.executable).parent))
NO_VOILA = "no Voila: pip install voila anywidget in an environment of its own, and set VOILA to its command"
needs_voila = pytest.mark.skipif(VOILA is None, reason=NO_VOILA)
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
NOTEBOOK = "03_pseudospectra_and_ptd.ipynb"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Voila server on a folder with chapter 03 as slides have it, and with a page whose picture lies outside."""
    folder = tmp_path_factory.mktemp("voila")
    notebooks = folder / "notebooks"
    shutil.copytree(ROOT / "notebooks" / "pictures", notebooks / "pictures")
    shutil.copy(notebooks / "pictures" / "pseudospectra.png", folder / "outside.png")
    write(notebooks / NOTEBOOK, slides(ROOT / "notebooks" / NOTEBOOK))
    for name, picture in (("inside", "pictures/pseudospectra.png"), ("outside", "../outside.png")):
        cells = [nbformat.v4.new_markdown_cell(f"![a picture]({picture})"), nbformat.v4.new_markdown_cell("The end.")]
        write(notebooks / f"{name}.ipynb", cells)
    kernel = folder / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "Python 3", "language": "python"}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [str(VOILA), str(notebooks), "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"],
        env=os.environ | {"JUPYTER_PATH": str(folder / "jupyter")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        browser._wait_for(f"http://127.0.0.1:{port}/", server)
        yield f"http://127.0.0.1:{port}/voila/render"
    finally:
        server.terminate()
        server.wait(20)


def slides(path: Path) -> list[Any]:
    """The words of a notebook, the cell that imports, and its explorers; other code is not for slides."""
    imports, calls = explorer_cells(path)
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "markdown" or cell.source in imports + calls]


def write(path: Path, cells: list[Any]) -> None:
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


def show(page: Any, address: str, explorers: int, seconds: float) -> None:
    """Open a page and wait until it is whole; TimeoutError if it is not."""
    page.goto(address, wait_until="commit")
    drawn = f"document.querySelectorAll('.sl-explorer.sl-drawn[data-busy=false]').length >= {explorers}"
    whole = "document.readyState !== 'loading' && !document.querySelector('#loading')"  # Voila's word that it runs
    page.wait_for_function(f"({whole}) && {drawn}", timeout=1000 * seconds)


UNSEEN = """[...document.querySelectorAll("img")].filter((img) => !(img.complete && img.naturalWidth))
  .map((img) => img.outerHTML.slice(0, 120))"""


@needs_voila
def test_a_chapter_is_shown_with_its_pictures_and_its_explorers_answer(chromium: Any, address: str) -> None:
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    explorers = len(explorer_cells(ROOT / "notebooks" / NOTEBOOK)[1])
    show(page, f"{address}/{NOTEBOOK}", explorers, seconds=180)
    assert page.evaluate(UNSEEN) == []
    assert page.locator("img[src^='data:image/png']").count() >= 1  # the picture of the first cell is inside the page
    assert page.locator(".jp-CodeCell .jp-InputArea:visible").count() == 0
    pads = [Pad(page, handle) for handle in page.query_selector_all(".sl-explorer")]
    assert len(pads) == explorers
    for pad in pads:
        i, slider = next((i, control) for i, control in enumerate(pad.inputs()) if control["type"] == "range")
        readout = pad.look()[1]
        pad.move(i, elsewhere(slider))
        assert pad.look()[2] == ""
        assert pad.look()[1] != readout, pad.title
    page.close()


@needs_voila
def test_a_picture_outside_the_folder_is_found_to_keep_a_page_from_its_reader(chromium: Any, address: str) -> None:
    from playwright.sync_api import TimeoutError as Unfinished

    page = chromium.new_page()
    show(page, f"{address}/inside.ipynb", 0, seconds=60)
    assert "The end." in page.locator("body").inner_text()
    assert page.evaluate(UNSEEN) == []
    with pytest.raises(Unfinished):
        show(page, f"{address}/outside.ipynb", 0, seconds=10)
    page.close()


def test_every_picture_of_a_notebook_lies_beside_it() -> None:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                for picture in PICTURE.findall(cell.source):
                    assert (path.parent / picture).is_file(), (path.name, picture)
                    assert ".." not in picture, (path.name, picture)
