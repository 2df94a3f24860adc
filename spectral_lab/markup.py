"""Words, formulas and code as HTML that reads well on light and dark: no fixed colours, Jupyter's variables."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from xml.etree import ElementTree

RULE = "1px solid var(--jp-border-color2, color-mix(in srgb, currentColor 25%, transparent))"
CARD = (
    f"border-left: 3px solid var(--jp-brand-color1, currentColor); padding: 0.2em 0 0.2em 1em; border-bottom: {RULE};"
)
CODE = "background: var(--jp-layout-color2, transparent); padding: 0.6em 0.8em; overflow-x: auto;"


# What a formula of a label is made of, and how it is said; in this order.
SPOKEN = (
    (r"\\\|(.+?)\\\|", r" the norm of \1 "),
    (r"\\log_\{?10\}?", " log 10 of "),
    (r"\\(var)?(epsilon|theta|phi|rho|sigma)\b", r" \2 "),
    (r"\\ell(?![a-z])", " l "),
    (r"\\[,;!]", " "),
    (r"\\(?:mathrm|mathbf|mathcal|text)\{(.+?)\}", r" \1 "),
    (r"\\([A-Za-z]+)", r" \1 "),
    (r"_\{?(\w+)\}?", r" \1 "),
    (r"\^\{?2\}?(?!\d)", " squared "),
    (r"\^\{?3\}?(?!\d)", " cubed "),
    (r"\^\{(.+?)\}|\^(\w)", r" to the power \1\2 "),
    (r"/", " over "),
    (r"=", " equals "),
    (r"-", " minus "),
    (r"[{}\\]", ""),
    (r"\s+([,)])", r"\1"),
    (r"\(\s+", "("),
)


def inline(text: str) -> str:
    """Escape the text; `code` in backticks becomes a code element; $formulas$ are left to Jupyter's MathJax."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def prose(text: str) -> str:
    """Paragraphs, separated by blank lines in the text."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text.strip())]
    return "".join(f'<p style="margin: 0.4em 0; text-align: left;">{inline(part)}</p>' for part in paragraphs)


def folded(summary: str, text: str) -> str:
    """Text folded away behind a summary line."""
    return f'<details style="margin: 0.4em 0;"><summary>{inline(summary)}</summary>{prose(text)}</details>'


def code(text: str) -> str:
    """A block of code."""
    return f'<pre style="{CODE}"><code>{html.escape(text.strip(), quote=False)}</code></pre>'


@lru_cache(maxsize=512)
def math_html(text: str) -> str:
    """The text as HTML, each $formula$ in it as MathML."""
    return with_mathml(html.escape(text, quote=False))


def with_mathml(page: str) -> str:
    """A page with its $formulas$ as MathML, which browsers draw by themselves, also inside a widget."""
    return re.sub(r"\$([^$]+)\$", lambda found: mathml(html.unescape(found[1])), page)


def mathml(latex: str, display: str = "inline") -> str:
    r"""A formula as MathML. What stands in \text{} stays text, whatever it is, and no part of it becomes a link.

    `display` is "block" for one that stands on lines of its own.
    """
    from latex2mathml.converter import convert_to_element

    latex = re.sub(r"\\arg(?![a-zA-Z])", r"\\operatorname{arg}", latex)  # which the converter does not know
    tree = convert_to_element(latex, display=display)
    for node in tree.iter():
        # The converter writes some symbols as entities and then leaves all text unescaped, HTML in it too.
        node.text, node.tail = (part and html.unescape(part) for part in (node.text, node.tail))
        node.attrib.pop("href", None)
    return ElementTree.tostring(tree, encoding="unicode")


def spoken(text: str) -> str:
    """The text as a screen reader is to say it, each $formula$ in it in words: "the norm of E", "c 2", "log 10 of"."""
    words = re.sub(r"\$([^$]+)\$", lambda found: _said(found[1]), text)
    return words.replace(" of of ", " of ")


def _said(latex: str) -> str:
    for pattern, words in SPOKEN:
        latex = re.sub(pattern, words, latex)
    return " ".join(latex.split())


def card(*parts: str) -> str:
    """A block set off from the page by a coloured rule at its left."""
    return f'<div style="{CARD}">{"".join(parts)}</div>'


def table(header: list[str], rows: list[list[str]]) -> str:
    """A left-aligned table; cells are HTML already."""
    cell = f"text-align: left; vertical-align: top; padding: 0.4em 0.8em; border-bottom: {RULE}; white-space: normal;"
    head = "".join(f'<th style="{cell}">{name}</th>' for name in header)
    body = "".join("<tr>" + "".join(f'<td style="{cell}">{text}</td>' for text in row) + "</tr>" for row in rows)
    return f'<table style="border-collapse: collapse;"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
