"""Write the README's table of chapters from the list of chapters: `python tools/write_readme.py`."""

from __future__ import annotations

import os

from spectral_lab.course.chapters import ROOT, readme

page = ROOT / "README.md"
draft = page.with_suffix(".tmp")
draft.write_text(readme(page.read_text(encoding="utf-8")), encoding="utf-8")
os.replace(draft, page)
print(f"wrote the table of chapters in {page.name}")
