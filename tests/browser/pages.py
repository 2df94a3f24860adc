"""A JupyterLab page with explorers on it, and what can be done with them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat

from spectral_lab.checkout import ROOT
from spectral_lab.explorer import browser

AXE = Path(os.environ.get("AXE") or ROOT / "node_modules" / "axe-core" / "axe.min.js")
VIOLATIONS = """async (where) => (await axe.run(where, { resultTypes: ["violations"], preload: false })).violations
  .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 100)).join(" / ")}`)"""

# Moves input number i of an explorer: a slider to position p (two events, as a hand does), others to their next value.
MOVE = """([root, i, p]) => {
  const input = root.querySelectorAll(".sl-input")[i];
  if (input.type === "range") input.value = p;
  else if (input.type === "checkbox") input.checked = !input.checked;
  else input.selectedIndex = (input.selectedIndex + 1) % input.options.length;
  for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
}"""


class Pad:
    """One explorer on the page and what can be done with it."""

    def __init__(self, page: Any, handle: Any) -> None:
        self.page, self.handle = page, handle
        handle.scroll_into_view_if_needed()
        self.title = handle.query_selector(".sl-title").inner_text()

    def settle(self) -> None:
        """Wait until nothing is being computed."""
        self.page.wait_for_function("root => root.dataset.busy === 'false'", arg=self.handle, timeout=20_000)

    def look(self) -> tuple[str, str, str]:
        """The picture (as the browser holds it), the readout, the error line."""
        script = "root => ['.sl-plot', '.sl-readout', '.sl-error'].map(s => root.querySelector(s).innerHTML)"
        # Plotly numbers its clip paths anew with every drawing.
        picture, readout, error = self.handle.evaluate(script)
        return re.sub(r"(clip|legend|g|topdefs-|defs-)[0-9a-f]{6}\w*", "", picture), readout, error

    def inputs(self) -> list[dict[str, Any]]:
        fields = "i => ({name: i.name, type: i.type, value: i.value, max: i.max})"
        script = f"root => [...root.querySelectorAll('.sl-input')].map({fields})"
        return self.handle.evaluate(script)

    def shown(self) -> dict[str, Any]:
        return json.loads(self.handle.get_attribute("data-shown"))

    def move(self, i: int, position: int = 0) -> None:
        self.page.evaluate(MOVE, [self.handle, i, position])
        self.settle()

    def press(self, button: Any) -> None:
        button.click()
        self.settle()


def write_page(folder: Path, sources: list[str]) -> None:
    """A notebook of these cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "page.ipynb")


@contextmanager
def open_page(chromium: Any, folder: Path, sources: list[str], explorers: int) -> Iterator[tuple[Any, list[str]]]:
    """A JupyterLab page with these cells run, and its list of console errors."""
    write_page(folder, sources)
    page = chromium.new_page(viewport={"width": 1500, "height": 1000})
    errors: list[str] = []

    def note(message: Any) -> None:
        """JupyterLab's own requests to its server may fail on a busy machine; explorers ask the kernel alone."""
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            errors.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    with browser.serve_lab(folder) as tree:
        browser.run_notebook(page, tree, "page.ipynb", explorers)
        # The still pictures give way, a scroll bar may go with them, and the pictures take their last width.
        page.wait_for_timeout(1000)
        yield page, errors
        page.close()


def violations(page: Any, where: str) -> list[str]:
    """What axe-core finds in that part of the page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(VIOLATIONS, where)
