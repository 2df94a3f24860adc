"""The course in the browser: what is packed, what is pinned, and two chapters driven in Chromium without any server.

The last needs a Pyodide distribution: `python tests/site/get_pyodide.py` makes one.
"""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pooch
import pytest
from browser.pages import Pad

from spectral_lab.checkout import ROOT
from spectral_lab.cli import main
from spectral_lab.course import CHAPTERS
from spectral_lab.explorer import browser
from spectral_lab.records import select
from spectral_lab.site import lite

PYODIDE = Path(os.environ.get("SPECTRAL_LAB_PYODIDE") or pooch.os_cache("spectral_lab") / "pyodide")
NO_PYODIDE = f"no Pyodide in {PYODIDE}: run `python tests/site/get_pyodide.py`, or set SPECTRAL_LAB_PYODIDE"
NO_JUPYTERLITE = "no JupyterLite: run `pip install -e '.[site]' -c constraints.txt`"


def installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


needs_jupyterlite = pytest.mark.skipif(not installed("jupyterlite-core"), reason=NO_JUPYTERLITE)
needs_pyodide = pytest.mark.skipif(not (PYODIDE / "pyodide-lock.json").is_file(), reason=NO_PYODIDE)
needs_chromium = pytest.mark.skipif(browser.chromium() is None, reason="no Chromium: install it, or set CHROMIUM")


def names(wheel: bytes) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(wheel)).namelist())


# --- what is packed --------------------------------------------------------------------------------------------------


def test_the_library_brings_its_records_and_its_chapters() -> None:
    packed = names(lite.library_wheel())
    assert {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")} <= packed
    assert {"spectral_lab/explorer/explorer.js", "spectral_lab/course/in_browser.py", "pyproject.toml"} <= packed
    assert sum(name.startswith("results/") for name in packed) >= len(select(folder=ROOT / "results"))
    assert not any("__pycache__" in name for name in packed)


@pytest.mark.parametrize("name", lite.PURE)
def test_packages_are_packed_without_compiled_files(name: str) -> None:
    version, wheel = lite.installed_wheel(name)
    packed = names(wheel)
    assert version == metadata.version(name)
    assert len(packed) > 3 or name == "plotly"
    assert not any(path.endswith((".so", ".pyd", ".pyc")) or ".." in path for path in packed)
    imported = lite.PURE[name][0]
    assert any(path.startswith((f"{imported}/", f"{imported}.py")) for path in packed)
    assert wheel == lite.installed_wheel(name)[1]


def test_everything_that_a_package_needs_is_named() -> None:
    known = lite.pinned()["packages"].keys() | lite.PURE.keys() | {"ipykernel", "pyodide-kernel", "piplite"}
    for needs in (lite.OURS, *(needs for _, needs in lite.PURE.values()), *lite.KERNEL_NEEDS.values()):
        assert set(needs) <= known
    assert set(lite.FIRST) <= known | {"spectral-lab"}


# --- what is pinned --------------------------------------------------------------------------------------------------


def test_the_pinned_lock_is_whole() -> None:
    lock = lite.pinned()
    for name, entry in lock["packages"].items():
        assert len(entry["sha256"]) == 64
        assert {need.lower().replace("_", "-") for need in entry["depends"]} <= lock["packages"].keys(), name
    assert "matplotlib" not in lock["packages"]["networkx"]["depends"]
    assert lite.trimmed(lock, lock["version"]) == lock


@needs_jupyterlite
def test_the_pinned_version_is_that_of_the_kernel() -> None:
    from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION

    assert lite.pinned()["version"] == PYODIDE_VERSION


def test_a_pyodide_without_numpy_is_refused() -> None:
    lock = lite.pinned()
    del lock["packages"]["numpy"]
    with pytest.raises(ValueError, match="no numpy"):
        lite.trimmed(lock, "")


def test_a_file_of_another_hash_is_refused(tmp_path: Path) -> None:
    good, bad = b"as named", b"as it came"
    entry = {"file_name": "numpy.whl", "sha256": hashlib.sha256(good).hexdigest()}
    (tmp_path / "numpy.whl").write_bytes(good)
    lite._copy(tmp_path, tmp_path / "out", {"numpy": entry})
    (tmp_path / "numpy.whl").write_bytes(bad)
    with pytest.raises(ValueError, match="not the file that its lock names"):
        lite._copy(tmp_path, tmp_path / "out", {"numpy": entry})


@needs_jupyterlite
def test_a_folder_without_pyodide_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pyodide must be a folder"):
        lite.build(tmp_path / "site", tmp_path)
    assert not (tmp_path / "site").exists()


@needs_jupyterlite
def test_the_command_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "--out", str(tmp_path / "site"), "--pyodide", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("spectral-lab site: pyodide must be a folder with a Pyodide distribution")
    assert told.count("\n") == 1


# --- the site --------------------------------------------------------------------------------------------------------


@needs_jupyterlite
def test_readers_get_the_pinned_pyodide_from_its_host(tmp_path: Path) -> None:
    site = lite.build(tmp_path)
    settings = json.loads((site / "jupyter-lite.json").read_text(encoding="utf-8"))["jupyter-config-data"]
    kernel = settings["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    host = lite.HOST.format(version=lite.pinned()["version"])
    assert kernel["pyodideUrl"] == f"{host}/pyodide.mjs"
    lock = json.loads((site / lite.LOCK).read_text(encoding="utf-8"))["packages"]
    assert lock["numpy"]["file_name"].startswith(f"{host}/numpy-")
    for name, entry in lock.items():
        if not entry["file_name"].startswith(host):
            content = ((site / lite.LOCK).parent / entry["file_name"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"], name
        assert {need.lower().replace("_", "-") for need in entry["depends"]} <= lock.keys()
    extensions = {extension["name"] for extension in settings["federated_extensions"]}
    assert extensions == {"@jupyterlite/pyodide-kernel-extension", "@jupyter-widgets/jupyterlab-manager", "anywidget"}
    for chapter in CHAPTERS:
        if chapter.status == "open":
            assert (site / "files" / chapter.notebook).is_file()
    assert sum(file.stat().st_size for file in site.rglob("*") if file.is_file()) < 60e6


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host of files, which computes nothing."""
    folder = tmp_path_factory.mktemp("site")
    lite.build(folder, PYODIDE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.open_browser() as started:
        yield started


class Notebook:
    """A notebook of the lite site, open in a page."""

    WIDGET = "window.jupyterapp.shell.currentWidget"

    def __init__(self, chromium: Any, address: str, name: str) -> None:
        self.page = chromium.new_page(viewport={"width": 1300, "height": 1000})
        self.elsewhere: list[str] = []
        self.page.on("request", lambda request: self._note(request.url, address))
        self.page.goto(address + lite.address(name))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
        self.page.wait_for_function(
            f"{self.WIDGET}?.sessionContext?.session?.kernel?.status === 'idle'", timeout=240_000
        )
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")

    def _note(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.elsewhere.append(url)

    def find(self, text: str) -> int:
        """The number of the code cell that holds this text."""
        cells = (
            f"{self.WIDGET}.content.widgets.map(w => w.model.type === 'code' ? w.model.sharedModel.getSource() : '')"
        )
        found = [i for i, source in enumerate(self.page.evaluate(cells)) if text in source]
        assert found, text
        return found[0]

    def run(self, text: str, seconds: float = 120) -> str:
        """Run the code cell that holds this text; returns its outputs as text."""
        i = self.find(text)
        cell = f"{self.WIDGET}.content.widgets[{i}].model"
        before = self.page.evaluate(f"{cell}.executionCount")  # null, or that of its last run
        self.page.evaluate(f"{self.WIDGET}.content.activeCellIndex = {i}")
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
        done = f"{cell}.executionState === 'idle' && {cell}.executionCount !== {json.dumps(before)}"
        self.page.wait_for_function(done, timeout=seconds * 1000)
        outputs = self.page.evaluate(f"{cell}.outputs.toJSON()")
        assert not [output for output in outputs if output["output_type"] == "error"], outputs
        return "".join(
            "".join(output["text"] if "text" in output else output.get("data", {}).get("text/plain", ""))
            for output in outputs
        )

    def guess(self) -> str:
        """Answer the prediction of the cell that was run last, with its first option or with 0."""
        cell = self.page.wait_for_selector(".jp-Notebook .jp-mod-active:has(button.jupyter-button)", timeout=60_000)
        for option in cell.query_selector_all("input[type=radio]")[:1]:
            option.click()
        cell.query_selector("button.jupyter-button").click()
        told = cell.wait_for_selector("button.jupyter-button + .widget-html p", timeout=60_000)
        return str(told.inner_text())

    def pad(self) -> Pad:
        """The explorer of the cell that was run last."""
        active = ".jp-Notebook .jp-mod-active .sl-explorer[data-busy=false]"
        return Pad(self.page, self.page.wait_for_selector(active, timeout=120_000))


STOPS = {
    "03_pseudospectra_and_ptd.ipynb": ("explorers.hidden_eigenvalues()", "exercises.guess_eigenvalues"),
    "01_eigenspace_instability.ipynb": ("explorers.crossing()", "exercises.jump"),
}


def in_the_browser(test: Any) -> Any:
    for mark in (pytest.mark.browser, needs_jupyterlite, needs_pyodide, needs_chromium):
        test = mark(test)
    return test


@in_the_browser
@pytest.mark.parametrize("name", STOPS)
def test_a_chapter_lives_in_the_browser(name: str, address: str, chromium: Any) -> None:
    explorer, guess = STOPS[name]
    notebook = Notebook(chromium, address, name)
    try:
        notebook.run("from spectral_lab.course import check")
        assert notebook.run(guess).startswith("Guess first: ")
        compared = notebook.guess()
        assert compared.startswith(("You said", "Yes"))
        said = notebook.run(explorer)
        pad = notebook.pad()
        before = pad.look()
        assert pad.title in said
        number, slider = next((i, field) for i, field in enumerate(pad.inputs()) if field["type"] == "range")
        pad.move(number, 0 if slider["value"] != "0" else int(slider["max"]))
        after = pad.look()
        assert after[2] == ""
        assert after[0] != before[0]
        assert after[1] != before[1]

        notebook.page.evaluate(
            f"{notebook.WIDGET}.content.widgets[{notebook.find('check(CLAIMS)')}].model.sharedModel.setSource("
            f"'check([claim for claim in CLAIMS if claim.id == \"C1\"])')"
        )
        assert "C1: holds" in notebook.run("check([claim for claim")

        told = notebook.run("import results_table, train_here")
        assert told.startswith("This cell needs PyTorch, which does not run in a browser.")
        assert told.count("\n") == 1
        assert "which a cell above makes with PyTorch" in notebook.run("results_table(")
        assert notebook.elsewhere == []
    finally:
        notebook.page.close()


@in_the_browser
def test_the_code_in_an_address_runs(address: str, chromium: Any) -> None:
    """A page of the site opens an explorer at a state by its code; this one needs qutip elsewhere."""
    code = "from spectral_lab.cooling import explorers\nexplorers.cooling_machine(steps=12)"
    page = chromium.new_page(viewport={"width": 1300, "height": 1000})
    try:
        page.goto(f"{address}lite/repl/index.html?kernel=python&toolbar=1&code={quote(code)}")
        pad = Pad(page, page.wait_for_selector(".sl-explorer[data-busy=false]", timeout=240_000))
        assert pad.shown()["steps"] == 12
    finally:
        page.close()
