"""The course in the browser: a JupyterLite site with the notebooks, and this library for Pyodide. No server computes.

What a page loads is pinned. Pyodide and what it has compiled (numpy, scipy) come from Pyodide's own host, or from a
copy of it beside the pages; `pyodide.json` names their files and hashes. What is pure Python is packed here, from the
packages that are installed, so that the widgets' two halves are of one version. Pyodide's loader takes both from one
lock file: `import spectral_lab` is all that a notebook needs.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat

from spectral_lab import __version__
from spectral_lab.atomic import write_atomically
from spectral_lab.checkout import ROOT
from spectral_lab.course.chapters import CHAPTERS, NOTEBOOKS

PINNED = Path(__file__).with_name("pyodide.json")
HOST = "https://cdn.jsdelivr.net/pyodide/v{version}/full"
KERNEL = "extensions/@jupyterlite/pyodide-kernel-extension/static/pypi"  # its own wheels, in a built site
LOCK = "static/pyodide/pyodide-lock.json"
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
COMPILED = ["ipython", "jedi", "micropip", "numpy", "scipy"]  # and what they need: from Pyodide
# By name: what it is imported as, and what it needs. Metadata would bring the half for a server too. Those that Pyodide
# has are taken from there, the others are packed.
PURE: dict[str, tuple[str, list[str]]] = {
    "anywidget": ("anywidget", ["ipywidgets", "psygnal", "typing-extensions"]),
    "comm": ("comm", []),
    "ipywidgets": ("ipywidgets", ["comm", "ipython", "traitlets"]),
    "jaxtyping": ("jaxtyping", ["wadler-lindig"]),
    "latex2mathml": ("latex2mathml", []),
    "networkx": ("networkx", []),
    "plotly": ("plotly", []),
    "psygnal": ("psygnal", []),
    "threadpoolctl": ("threadpoolctl", []),
    "traitlets": ("traitlets", []),
    "typing-extensions": ("typing_extensions", []),
    "wadler-lindig": ("wadler_lindig", []),
}
OURS = ["numpy", "scipy", "networkx", "threadpoolctl", "anywidget", "jaxtyping", "latex2mathml", "plotly"]
KERNEL_NEEDS = {"pyodide-kernel": ["comm", "ipykernel", "ipython"], "piplite": ["micropip"]}
# What the kernel asks for, and the library: all fetched at once, while Pyodide itself starts.
FIRST = ["micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython", "spectral-lab"]
EXTRA = "matplotlib"  # fetched only by a cell that imports it
Entries = dict[str, dict[str, Any]]


def address(notebook: str) -> str:
    """Where a notebook opens, seen from the folder that the lite site is in."""
    return f"lite/lab/index.html?path={quote(notebook)}"


def build(out: Path, pyodide: Path | None = None) -> Path:
    """Write the lite site into `out/lite`, in place of what is there; returns its path.

    pyodide: a folder with a Pyodide distribution (its core, its lock file, numpy and scipy), which is copied into the
    site, so that no page asks another host. Without it pages load the pinned version from Pyodide's host.
    Raises: RuntimeError where JupyterLite or the notebooks are missing; ValueError for a folder that lacks files;
    OSError.
    """
    for module in ("jupyterlite_core", "jupyterlite_pyodide_kernel"):
        try:
            metadata.distribution(module)
        except metadata.PackageNotFoundError:
            raise RuntimeError(
                "JupyterLite is not installed: run `pip install -e '.[site]' -c constraints.txt`"
            ) from None
    if not any((NOTEBOOKS / item.notebook).is_file() for item in CHAPTERS):
        raise RuntimeError(f"no notebooks at {NOTEBOOKS}: they come with a clone of the repository")
    lock = pinned() if pyodide is None else trimmed(_lock_of(pyodide), "")
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        _build_pages(Path(folder), site)
        _add_library(site, lock)
        if pyodide is not None:
            _copy(pyodide, (site / LOCK).parent, lock["packages"])
        core = HOST.format(version=lock["version"]) if pyodide is None else f"./{Path(LOCK).parent.as_posix()}"
        _configure(site, f"{core}/pyodide.mjs")
        shutil.rmtree(out / "lite", ignore_errors=True)
        out.mkdir(parents=True, exist_ok=True)
        shutil.move(site, out / "lite")
    return out / "lite"


# --- what Pyodide has compiled ----------------------------------------------------------------------------------------


def pinned() -> dict[str, Any]:
    """The version of Pyodide that readers get, and the files of it that pages load: `pyodide.json`."""
    return json.loads(PINNED.read_text(encoding="utf-8"))


def trimmed(lock: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Of Pyodide's own lock file, what the course can load. Raises: ValueError if it lacks what the course needs.

    networkx is freed of matplotlib, which it needs for drawings only: 12 MB that no chapter uses.
    """
    known = dict(lock["packages"])
    if "networkx" in known:
        known["networkx"] = known["networkx"] | {"depends": []}
    packages = _with_needs(known, COMPILED + [name for name in PURE if name in known])
    if EXTRA in known:
        packages |= _with_needs(known, [EXTRA])
    return {"version": version, "info": lock["info"], "packages": dict(sorted(packages.items()))}


def _with_needs(known: Entries, names: list[str]) -> Entries:
    """These packages and all that they need. Raises: ValueError for one that is not known."""
    found, todo = {}, list(names)
    while todo:
        name = todo.pop().lower().replace("_", "-")
        if name not in known:
            raise ValueError(f"this Pyodide has no {name}")
        if name not in found:
            found[name] = known[name]
            todo += known[name]["depends"]
    return found


def _lock_of(pyodide: Path) -> dict[str, Any]:
    """The lock file of a distribution, less what the folder does not hold."""
    try:
        lock = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"pyodide must be a folder with a Pyodide distribution: {error}") from None
    there = {name: entry for name, entry in lock["packages"].items() if (pyodide / entry["file_name"]).is_file()}
    return lock | {"packages": there}


def _copy(pyodide: Path, folder: Path, packages: Entries) -> None:
    """Copy Pyodide's core and these packages. Raises: ValueError for a file of another hash than its lock names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in CORE:
        if (pyodide / name).is_file():
            shutil.copyfile(pyodide / name, folder / name)
    for entry in packages.values():
        content = (pyodide / entry["file_name"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise ValueError(f"{pyodide / entry['file_name']} is not the file that its lock names")
        (folder / entry["file_name"]).write_bytes(content)


# --- what is pure Python ---------------------------------------------------------------------------------------------


def library_wheel() -> bytes:
    """This library with what it finds beside it in a checkout: records, and the notebooks without their outputs."""
    package = Path(__file__).parents[1]
    files = {
        f"spectral_lab/{file.relative_to(package).as_posix()}": file.read_bytes()
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and Path(__file__).parent not in file.parents
    }
    files["pyproject.toml"] = (ROOT / "pyproject.toml").read_bytes()
    files |= {f"results/{file.name}": file.read_bytes() for file in (ROOT / "results").glob("*.json")}
    files |= {f"notebooks/{file.name}": _bare(file) for file in NOTEBOOKS.glob("*.ipynb")}
    return _wheel("spectral_lab", __version__, files)


def _bare(notebook: Path) -> bytes:
    """A notebook's cells without outputs: the map of the chapters asks only which notebooks there are."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
    return json.dumps(content).encode()


def installed_wheel(name: str) -> tuple[str, bytes]:
    """An installed package as a wheel of pure Python, and its version: without compiled twins, commands, servers."""
    distribution = metadata.distribution(name)
    files = {}
    for path in distribution.files or ():
        parts, text = path.parts, path.as_posix()
        compiled = path.suffix in {".so", ".pyd", ".dll", ".dylib", ".pyc", ".map"}
        elsewhere = ".." in parts or path.is_absolute() or parts[0].endswith((".dist-info", ".egg-info"))
        # Of Plotly's 40 MB one file is ever read.
        unused = "tests" in parts or (name == "plotly" and text != "plotly/package_data/plotly.min.js")
        if not (compiled or elsewhere or unused):
            files[text] = Path(str(distribution.locate_file(path))).read_bytes()
    return distribution.version, _wheel(name.replace("-", "_"), distribution.version, files)


def _wheel(name: str, version: str, files: Mapping[str, bytes]) -> bytes:
    """A wheel of these files, byte for byte the same for the same files."""
    about = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: spectral_lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": b"",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def _entry(name: str, version: str, file: str, content: bytes, imports: str, depends: Iterable[str]) -> dict[str, Any]:
    return {
        "name": name,
        "version": version,
        "file_name": file,
        "install_dir": "site",
        "sha256": hashlib.sha256(content).hexdigest(),
        "package_type": "package",
        "imports": [imports],
        "depends": sorted(depends),
        "unvendored_tests": False,
    }


# --- the site --------------------------------------------------------------------------------------------------------


def _build_pages(folder: Path, site: Path) -> None:
    """Run JupyterLite's own builder on the notebooks, as they are stored."""
    contents = folder / "contents"
    contents.mkdir()
    for item in CHAPTERS:
        if (NOTEBOOKS / item.notebook).is_file():
            # Lines joined: the table of contents of the page fails at a text that is stored as a list of them.
            notebook = nbformat.read(NOTEBOOKS / item.notebook, as_version=nbformat.NO_CONVERT)
            text = nbformat.writes(notebook, version=nbformat.NO_CONVERT, split_lines=False)
            (contents / item.notebook).write_text(text, encoding="utf-8")
    if (NOTEBOOKS / "pictures").is_dir():
        shutil.copytree(NOTEBOOKS / "pictures", contents / "pictures")
    command = [
        sys.executable,
        "-m",
        "jupyterlite_core",
        "build",
        "--no-sourcemaps",
        "--no-libarchive",
        "--apps=lab",
        "--apps=repl",
    ]
    command += [f"--lite-dir={folder}", f"--contents={contents}", f"--output-dir={site}", "--ignore-sys-prefix"]
    command += [f"--LiteBuildConfig.federated_extensions={path}" for path in _extensions()]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if told.returncode:
        raise RuntimeError(f"JupyterLite could not be built:\n{(told.stdout + told.stderr)[-2000:]}")


def _extensions() -> Iterator[Path]:
    """The browser's halves of the kernel and the widgets, where their packages have installed them."""
    for name in ("jupyterlite-pyodide-kernel", "jupyterlab-widgets", "anywidget"):
        distribution = metadata.distribution(name)
        found = [
            path for path in distribution.files or () if "labextensions" in path.parts and path.name == "package.json"
        ]
        yield Path(str(distribution.locate_file(min(found, key=lambda path: len(path.parts))))).resolve().parent


def _add_library(site: Path, lock: Mapping[str, Any]) -> None:
    """Write the packed packages, and the lock file that names them beside those of Pyodide."""
    folder = site / Path(LOCK).parent
    folder.mkdir(parents=True, exist_ok=True)
    base = f"{HOST.format(version=lock['version'])}/" if lock["version"] else ""
    entries = {name: entry | {"file_name": base + entry["file_name"]} for name, entry in lock["packages"].items()}
    for name, version, content, imports, depends in _packed(entries):
        file = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        (folder / file).write_bytes(content)
        entries[name] = _entry(name, version, file, content, imports, depends)
    for wheel in sorted((site / KERNEL).glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        if name != "widgetsnbextension":
            file = f"../../{KERNEL}/{wheel.name}"
            key = name.replace("_", "-")
            entries[key] = _entry(key, version, file, wheel.read_bytes(), name, KERNEL_NEEDS.get(key, []))
    content = json.dumps({"info": lock["info"], "packages": entries}, indent=1).encode()
    write_atomically(site / LOCK, content)


def _packed(there: Entries) -> Iterator[tuple[str, str, bytes, str, list[str]]]:
    """Name, version, wheel, import and needs of each package that is packed here: those that Pyodide lacks."""
    for name, (imports, depends) in PURE.items():
        if name not in there:
            version, content = installed_wheel(name)
            yield name, version, content, imports, depends
    yield "spectral-lab", __version__, library_wheel(), "spectral_lab", OURS


def _configure(site: Path, pyodide: str) -> None:
    path = site / "jupyter-lite.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    settings = content["jupyter-config-data"]
    settings |= {"appName": "spectral_lab", "exposeAppInBrowser": True}
    settings.setdefault("litePluginSettings", {})["@jupyterlite/pyodide-kernel-extension:kernel"] = {
        "pyodideUrl": pyodide,
        "pipliteUrls": [f"./{KERNEL}/all.json"],
        "loadPyodideOptions": {"lockFileURL": f"./{LOCK}", "packages": FIRST},
    }
    write_atomically(path, json.dumps(content, indent=2).encode())
