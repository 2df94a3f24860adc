"""Run notebooks from a fresh kernel and store their outputs, with still pictures of the explorers.

    python tools/render_notebooks.py [notebooks/03_pseudospectra_and_ptd.ipynb ...]      (default: all of them)

Stored outputs hold text and pictures but no widget state: a reader without a kernel sees the picture, and opening the
notebook never shows a broken widget. Prints the seconds and the peak memory of each kernel.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

VIEW = "application/vnd.jupyter.widget-view+json"
MEMORY = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"


def render(path: Path) -> None:
    """Execute one notebook in place; an error in a cell leaves the file as it was and ends the run."""
    os.environ["SPECTRAL_LAB_PREVIEWS"] = "png"
    notebook = nbformat.read(path, as_version=4)
    cells = list(notebook.cells)
    notebook.cells.append(nbformat.v4.new_code_cell(MEMORY))
    start = time.perf_counter()
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    seconds = time.perf_counter() - start
    megabytes = notebook.cells[-1].outputs[0].text.strip()
    notebook.cells = cells
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in ("tags", "jupyter")}
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(VIEW, None)
            output.pop("transient", None)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("data", True)]
    temporary = path.with_suffix(".tmp")
    nbformat.write(notebook, temporary)
    temporary.replace(path)
    print(f"{path}: {seconds:.0f} s, kernel peak {megabytes} MB", flush=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(map(str, Path("notebooks").glob("*.ipynb"))):
        render(Path(name))
