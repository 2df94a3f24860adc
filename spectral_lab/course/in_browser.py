"""In a browser: a cell that needs what browsers lack says so in one line, and the notebook goes on.

Training cells need PyTorch, which Pyodide does not have. Their first line would end in a traceback and stop "run all";
so would each later cell that uses what they were to make.
"""

from __future__ import annotations

import ast
from typing import Any

from spectral_lab import absent

WHERE = "which does not run in a browser. Where the course is installed it does: https://github.com/spectral-lab/spectral_lab"


def install(shell: Any) -> None:
    """Let this IPython shell tell what its cells miss: `absent.missing`, and names that such a cell was to make."""
    unmade: dict[str, str] = {}  # by name: the library that it waits for
    cell = ""

    def begin(info: Any) -> None:
        nonlocal cell
        cell = info.raw_cell

    def tell(shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None) -> None:
        name = getattr(error, "name", None)
        library = absent.missing(error) or (unmade.get(name or "") if isinstance(error, NameError) else None)
        if library is None:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
            return
        unmade.update(dict.fromkeys(_made(cell), library))
        above = f"{name}, which a cell above makes with {library}" if isinstance(error, NameError) else library
        print(f"This cell needs {above}, {WHERE}")

    shell.events.register("pre_run_cell", begin)
    shell.set_custom_exc((ModuleNotFoundError, NameError), tell)


def _made(cell: str) -> set[str]:
    """The names that a cell gives a meaning to: by assignment, import, definition or loop."""
    try:
        tree = ast.parse(cell)
    except SyntaxError:  # a magic line
        return set()
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return names
