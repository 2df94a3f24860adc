"""A course of one or two short chapters, to build a site of in seconds: every kind of cell, and three claims."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from spectral_lab.course import Claim, Evidence, NotYetRun, below
from spectral_lab.course.chapters import Chapter
from spectral_lab.matrix_functions import exercises

IMPORTS = "from spectral_lab.matrix_functions import exercises, explorers"
PROSE = r"""# A short chapter

What is $f(A)$, and what is $x<y$ & more? See [the map](00_start_here.ipynb) and [the claims](../docs/claims.md).

![A picture](pictures/pseudospectra.png)
"""
SECTION = r"""## 1. One section

$$f(A)=V\,\mathrm{diag}(f(\lambda))\,V^\top,\qquad|x|=\begin{cases}x&x\ge0\\-x&x<0\end{cases}$$

| a | $\lambda$ |
|---|---|
| 1 | 2 |

### A part of it

Words that only the search finds: perihelion.
"""


@dataclass(frozen=True)
class Tiny(Chapter):
    """A chapter with three claims, told and not measured."""

    def room(self, name: str) -> ModuleType | Any:
        return SimpleNamespace(CLAIMS=CLAIMS) if name == "claims" else super().room(name)


def _missing() -> Evidence:
    raise NotYetRun("needs recorded runs: spectral-lab train tiny")


def _claim(number: int, expected: Any, evidence: Any, cost: Any = "instant", origin: Any = "paper") -> Claim:
    statement = rf"The {('first', 'second', 'third')[number - 1]}: $\lambda<{number}$."
    more = {"source": "paper, Theorem 1", "bound": "below 1", "cost": cost, "origin": origin}
    return Claim(id=f"C{number}", statement=statement, evidence=evidence, expected=expected, **more)


CLAIMS = (
    _claim(1, "holds", lambda: Evidence("0.5", below(0.5, 1))),
    _claim(2, "does not hold", lambda: Evidence("2", below(2, 1)), origin="addition"),
    _claim(3, "holds", _missing, cost="GPU"),
)


def chapter(number: int = 1, package: str = "matrix_functions") -> Tiny:
    """A chapter whose notebook is `tiny_N.ipynb`."""
    return Tiny(
        number=number,
        package=package,
        notebook=f"tiny_{number}.ipynb",
        title=f"Tiny {number}",
        paper=None,
        thesis="A chapter as short as can be.",
        function="$f(A)$",
    )


def write_notebook(folder: Path, item: Chapter, *calls: str) -> None:
    """The notebook of a chapter, with these calls of explorers: by default one as it starts and one moved."""
    calls = calls or ("explorers.functions_of_a_matrix()", "explorers.functions_of_a_matrix(t=12.0)")
    cells = [new_markdown_cell(PROSE), new_code_cell(IMPORTS), new_markdown_cell(SECTION)]
    cells += [
        new_code_cell("print('x' * 200)", outputs=[new_output("stream", text="x" * 200 + "\n")]),
        _shown("exercises.plucked_string", exercises.plucked_string),
        _shown("exercises.overshoot", exercises.overshoot),
        *(new_code_cell(call) for call in calls),
        new_markdown_cell("## 2. Exercises"),
        _shown("exercises.sum_of_eigenvalues", exercises.sum_of_eigenvalues),
        new_code_cell(
            "total = ...\nexercises.sum_of_eigenvalues.check(total)", outputs=[_result("… Not answered yet: dots")]
        ),
    ]
    nbformat.write(new_notebook(cells=cells), folder / item.notebook)


def _shown(source: str, value: Any) -> Any:
    return new_code_cell(source, outputs=[_result(repr(value), value._repr_html_())])


def _result(text: str, html: str | None = None) -> Any:
    data = {"text/plain": text} | ({"text/html": html} if html else {})
    return new_output("execute_result", data=data, execution_count=1)
