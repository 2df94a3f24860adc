"""The reference of the library: every public name with its signature, its docstring, and its source."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import Any

from markupsafe import Markup

import spectral_lab
from spectral_lab import markup
from spectral_lab.course.chapters import Chapter
from spectral_lab.site.pages import Entry, Writer, coloured, words

LEFT_OUT = ("cli", "site", "moved")  # commands and this site: nobody calls them from a notebook


def packages(chapters: tuple[Chapter, ...]) -> list[str]:
    """The modules that state what is public: those of the chapters first, then the kits."""
    ours = [f"spectral_lab.{item.package}" for item in chapters if item.written]
    others = [f"spectral_lab.{found.name}" for found in pkgutil.iter_modules(spectral_lab.__path__)]
    kits = [name for name in others if name not in ours and name.rsplit(".", 1)[1] not in LEFT_OUT]
    return [name for name in ours + kits if _public(name)]


def pages(writer: Writer, chapters: tuple[Chapter, ...]) -> tuple[dict[str, bytes], list[Entry]]:
    """The reference's pages by their paths, and what the search may find in them."""
    files: dict[str, bytes] = {}
    listed, entries = [], []
    for name in packages(chapters):
        module = importlib.import_module(name)
        short = name.split(".", 1)[1]
        path = f"reference/{short}.html"
        found = [_entry(module, public) for public in _public(name)]
        about = Markup(docstring(module.__doc__ or ""))
        files[path] = writer.page("reference.html", name, root="../", about=about, entries=found)
        listed.append({"file": f"{short}.html", "name": name, "line": (module.__doc__ or "").strip().split("\n")[0]})
        entries += [Entry(each["name"], name, f"{path}#{each['name']}", words(each["words"])) for each in found]
    files["reference/index.html"] = writer.page(
        "reference.html",
        "Reference",
        root="../",
        about=Markup(
            "<p>Every public name of the library: what it is, its shapes, its equation and where that stands.</p>"
        ),
        packages=listed,
    )
    return files, entries


def _public(name: str) -> list[str]:
    return list(getattr(importlib.import_module(name), "__all__", ()))


def _entry(module: Any, name: str) -> dict[str, Any]:
    value = getattr(module, name)
    known = inspect.isroutine(value) or inspect.isclass(value)
    if not known:
        kind = f"<p>{type(value).__name__}</p>"
        return {"name": name, "module": module.__name__, "words": Markup(kind), "signature": "", "source": ""}
    try:
        source = inspect.getsource(value)
    except (OSError, TypeError):  # made by a call, not written as a function
        source = ""
    return {
        "name": name,
        "module": getattr(value, "__module__", module.__name__),
        "signature": Markup(coloured(f"{name}{_signature(value)}")),
        "words": Markup(docstring(inspect.getdoc(value) or "")),
        "source": Markup(f'<pre class="code" tabindex="0">{coloured(source)}</pre>') if source else "",
    }


def _signature(value: Any) -> str:
    try:
        text = str(inspect.signature(value))
    except (TypeError, ValueError):
        return ""
    text = re.sub(r"'(\w[^']*)'", r"\1", text)  # annotations are kept as text
    return text if len(text) < 90 else text.replace(", ", ",\n    ").replace("(", "(\n    ", 1)


def docstring(text: str) -> str:
    """A docstring as HTML: paragraphs, indented blocks as they stand, `code` and $formulas$."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(text)) if text.strip() else []
    return "".join(_block(block) for block in blocks)


def _block(block: str) -> str:
    lines = block.splitlines()
    if any(line.startswith("  ") for line in lines):
        return f'<pre tabindex="0">{markup.html.escape(block, quote=False)}</pre>'
    return f"<p>{markup.with_mathml(markup.inline(block))}</p>"
