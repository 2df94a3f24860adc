"""What a page is given to show explorers: the kit's script and style, and Plotly's code."""

from __future__ import annotations

import importlib.metadata
from functools import cache
from pathlib import Path

SCRIPT, STYLE = ((Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("explorer.js", "explorer.css"))


@cache
def plotly_source() -> bytes:
    """Plotly's code, from its Python package: no network is needed."""
    distribution = importlib.metadata.distribution("plotly")
    return Path(str(distribution.locate_file("plotly/package_data/plotly.min.js"))).read_bytes()
