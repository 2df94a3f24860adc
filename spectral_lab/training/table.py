"""A table of results: aligned text, and HTML in a notebook."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


def in_notebook() -> bool:
    """Whether this is a notebook that can show widgets."""
    ipython = sys.modules.get("IPython")
    if ipython is None or not hasattr(ipython.get_ipython(), "kernel"):
        return False
    return importlib.util.find_spec("ipywidgets") is not None


@dataclass(frozen=True)
class ResultsTable:
    """Rows of text under column names; shows as HTML in a notebook and as aligned columns elsewhere.

    `rows` hold what every machine agrees on: they are the text, and what the notebook file keeps. `exact` are the same
    rows with the numbers of this run, which a live notebook shows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    exact: tuple[tuple[str, ...], ...] | None = None

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = (self.columns, tuple("-" * width for width in widths), *self.rows)
        return "\n".join("  ".join(f"{c:<{w}}" for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)

    def _repr_html_(self) -> str:
        return self._html(self.rows if self.exact is None else self.exact)

    def _ipython_display_(self) -> None:
        """The rows that are kept; in a live notebook then those of this run, which hide them.

        They are two outputs, because a page without a kernel has no widget to show.
        """
        from IPython.display import display

        display({"text/plain": repr(self), "text/html": self._html(self.rows)}, raw=True)
        if self.exact is not None and in_notebook():
            from spectral_lab.training.live import shown

            display(shown(self._repr_html_()), raw=True)

    def _html(self, rows: Sequence[Sequence[str]]) -> str:
        head = "".join(f"<th style='text-align:left'>{escape(column)}</th>" for column in self.columns)
        cells = ("".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row) for row in rows)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
