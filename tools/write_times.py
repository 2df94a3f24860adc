"""Write the times in the headers of the notebooks, by the rule of `spectral_lab.course.times`."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

from spectral_lab.atomic import write_atomically
from spectral_lab.course.chapters import NOTEBOOKS
from spectral_lab.course.times import with_times

for page in map(Path, sys.argv[1:] or sorted(NOTEBOOKS.glob("*.ipynb"))):
    notebook = nbformat.read(page, as_version=4)
    notebook.cells[0].source = with_times(notebook)
    write_atomically(page, (nbformat.writes(notebook) + "\n").encode())
