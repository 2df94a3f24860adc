"""Write the README's table of chapters from the list of chapters: `python tools/write_readme.py`."""

from __future__ import annotations

from spectral_lab.atomic import write_atomically
from spectral_lab.checkout import ROOT
from spectral_lab.course.chapters import readme

page = ROOT / "README.md"
write_atomically(page, readme(page.read_text(encoding="utf-8")).encode())
print(f"wrote the table of chapters in {page.name}")
