"""Pages: a notebook as a page that reads like the book, and the start page.

What a page shows is what the notebook stores: its prose, formulas, code and outputs. A cell that ends in
`explorers.name(...)` becomes the place of an explorer; a guess asks before it tells; hints and solutions stay folded.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from spectral_lab import __version__, course, markup
from spectral_lab.course.chapters import Chapter
from spectral_lab.course.claims import SIGNS, Row
from spectral_lab.explorer.links import anchor, page

HERE = Path(__file__).parent
REPOSITORY = "https://github.com/spectral-lab/spectral_lab"
BINDER = "https://mybinder.org/v2/gh/spectral-lab/spectral_lab/main?urlpath=lab/tree/notebooks/"
PICTURE_PAGE = "pseudospectra.html#the-eigenvalues-that-are-not-there"  # where the picture of the first page moves
MOVES = {"pictures/pseudospectra.png": "03_pseudospectra_and_ptd.ipynb#the-eigenvalues-that-are-not-there"}
SHOWN = re.compile(r"(?:\w+\.)?explorers?\.(\w+)\((.*)\)")  # the last line of a cell that shows an explorer


@dataclass(frozen=True)
class Shown:
    """An explorer that a notebook shows: its key in the site, the number of its cell, and the code that makes it.

    `imports` is the notebook's first code cell, `before` what the cell says before its last line, which is `call`.
    """

    key: str
    function: str
    cell: int
    imports: str
    before: str
    call: str

    def make(self) -> Any:
        """The explorer, made as the notebook makes it: by the imports and this cell."""
        names: dict[str, Any] = {}
        exec(compile(f"{self.imports}\n{self.before}", self.key, "exec"), names)
        return eval(compile(self.call, self.key, "eval"), names)

    @property
    def for_a_notebook(self) -> tuple[str, str]:
        """What makes it in an empty notebook: the lines before the call, and the call up to its last argument."""
        room = re.search(r"^from spectral_lab\.(\w+) import .*\bexplorers\b", self.imports, re.M)
        imports = f"from spectral_lab.{room[1]} import explorers" if room and not self.before else self.imports
        arguments = self.call[self.call.index("(") + 1 : -1].strip()
        given = ast.parse(self.call, mode="eval").body
        assert isinstance(given, ast.Call)
        positional = ", ".join(ast.unparse(argument) for argument in given.args)
        opening = self.call[: self.call.index("(") + 1]
        return f"{imports}\n{self.before}".strip(), opening + (f"{positional}, " if arguments and positional else "")


@dataclass(frozen=True)
class Made:
    """What was made of an explorer: its title, readout and height, and where its script and its still picture lie."""

    title: str
    readout: str
    height: int
    table: str
    still: str


@dataclass(frozen=True)
class Entry:
    """A place that the search finds."""

    title: str
    page: str
    address: str
    text: str


# --- a notebook ------------------------------------------------------------------------------------------------------


def read_cells(path: Path) -> list[Any]:
    """The cells of a notebook."""
    return list(nbformat.read(path, as_version=4).cells)


def shown_explorers(chapter: Chapter, cells: Sequence[Any]) -> list[Shown]:
    """The explorers that a notebook shows, in its order."""
    found: list[Shown] = []
    imports = next((cell.source for cell in cells if cell.cell_type == "code"), "")
    for number, cell in enumerate(cells):
        *before, last = cell.source.rstrip().splitlines() if cell.cell_type == "code" and cell.source.strip() else [""]
        match = SHOWN.fullmatch(last)
        if match:
            again = sum(other.function == match[1] for other in found)
            key = f"{chapter.package}/{match[1]}" + (f"-{again + 1}" if again else "")
            found.append(Shown(key, match[1], number, imports, "\n".join(before).strip(), last))
    return found


class Lesson:
    """A notebook on its way to a page: `blocks` of HTML, one a cell; its sections; and what the search may find."""

    def __init__(self, chapter: Chapter, cells: Sequence[Any], made: Mapping[int, tuple[Shown, Made]], open_: set[str]):
        self.chapter, self.made, self.open = chapter, made, open_
        self.sections: list[tuple[str, Markup]] = []
        self.anchors: dict[str, int] = {}
        self.blocks = [Markup(self._cell(number, cell)) for number, cell in enumerate(cells)]

    def entries(self) -> list[Entry]:
        """The introduction, the sections and the explorers, each with its words."""
        html = f'<h2 id="main">{self.chapter.title}</h2>' + "".join(self.blocks)
        found = re.findall(
            r'<(?:h[23] id|div class="explorer" id)="([^"]+)"(.*?)(?=<h[23] id|<div class="explorer"|$)', html, re.S
        )
        titles = [re.split("</h[23]>|</b>", text, maxsplit=1) for _, text in found]
        return [
            Entry(
                words(f"<i{title}").rstrip("# "),
                self.chapter.title,
                f"{page(self.chapter.package)}#{name}",
                words(text),
            )
            for (name, _), (title, text) in zip(found, titles, strict=True)
        ]

    def _cell(self, number: int, cell: Any) -> str:
        if cell.cell_type == "markdown":
            return prose(cell.source, self._link, self._heading)
        if number in self.made:
            shown, made = self.made[number]
            code = _code(shown.before) if shown.before else ""
            printed = "".join(self._output(output) for output in cell.outputs if output.output_type == "stream")
            return code + printed + self._explorer(shown, made)
        text = _text(cell.outputs)
        if text.startswith("Guess first:"):
            return self._guess(cell)
        if text.startswith("Exercise, level"):
            return "".join(map(self._output, cell.outputs))
        if ".check(" in cell.source and "Not answered yet" in text:
            return '<p class="small"><a href="#run-it">The notebook</a> has a cell for your answer, and checks it.</p>'
        return _code(cell.source) + "".join(map(self._output, cell.outputs))

    def _heading(self, html: str, level: int) -> str:
        """A heading that can be linked to."""
        if level == 1:
            return f"<h1>{html}</h1>\n"
        name = self._named(words(html))
        if level == 2:
            self.sections.append((name, Markup(html)))
        link = f'<a class="here" href="#{name}" aria-label="Link to this section">#</a>'
        return f'<h{level} id="{name}">{html} {link}</h{level}>\n'

    def _named(self, title: str) -> str:
        """The name of a place in the page's address: each once."""
        name = anchor(title)
        self.anchors[name] = self.anchors.get(name, 0) + 1
        return name if self.anchors[name] == 1 else f"{name}-{self.anchors[name]}"

    def _link(self, address: str) -> str:
        """Where a link of the notebook leads on the site: to the chapter's page, to the picture, to the repository."""
        notebook = re.fullmatch(r"(?:\./)?(\w+)\.ipynb(#.*)?", address)
        if notebook:
            target = next((item for item in course.CHAPTERS if item.notebook == f"{notebook[1]}.ipynb"), None)
            if target and target.package in self.open:
                return page(target.package) + (notebook[2] or "")
        if re.match(r"[a-z]+:|#|pictures/", address):
            return address
        return f"{REPOSITORY}/blob/main/{re.sub(r'^notebooks/[.][.]/', '', f'notebooks/{address}')}"

    def _explorer(self, shown: Shown, made: Made) -> str:
        before, call = shown.for_a_notebook
        data = {"key": shown.key, "table": made.table, "before": before, "call": call}
        fields = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())
        name = self._named(made.title)
        picture = (
            f'<img src="{made.still}" width="900" height="{made.height}" loading="lazy" alt="{escape(made.readout)}">'
        )
        words = f"{escape(made.readout)}<small>A still picture. With a script that runs, it moves.</small>"
        still = f"<b>{markup.math_html(made.title)}</b>{picture}<figcaption>{words}</figcaption>"
        figure = f'<figure class="sl-still" id="sl-still-{shown.key}">{still}</figure>'
        return f'<div class="explorer" id="{name}" {fields}>{figure}</div>'

    def _guess(self, cell: Any) -> str:
        """A guess: the stored question and folded answer, and a form that compares before it tells."""
        card = "".join(map(self._output, cell.outputs))
        room = self.chapter.room("exercises")
        prediction = getattr(room, cell.source.strip().removeprefix("exercises."), None)
        told = re.search(r"<summary>the answer</summary><p[^>]*>(.*?)</p>", _html(cell.outputs), re.S)
        if prediction is None or told is None:
            return card
        options, name = prediction.options, anchor(cell.source)
        if options:
            right = [k for k, option in enumerate(options) if told[1].startswith(f"{markup.inline(option)}.")]
            fields = "".join(_option(name, k, option) for k, option in enumerate(options))
        else:
            right = [float(found[0]) for found in [re.match(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", told[1])] if found]
            unit = markup.with_mathml(markup.inline(prediction.unit))
            fields = f'<label>My guess <input type="text" inputmode="decimal" size="10"> {unit}</label>'
        if len(right) != 1:
            return card
        form = f'<form class="guessing" hidden>{fields}<button>Compare</button></form>'
        form += '<p class="verdict" role="status"></p>'
        data = f'data-kind="{"choice" if options else "number"}" data-answer="{right[0]}"'
        card = card.replace("<details", f"{form}<details", 1)
        return f'<div class="guess" {data} data-near="{prediction.tolerance}">{card}</div>'

    def _output(self, output: Any) -> str:
        if output.output_type == "stream":
            return f'<pre class="printed" tabindex="0">{escape(output.text.rstrip())}</pre>'
        data = output.get("data", {})
        if data.get("text/plain", "").startswith("Training:"):  # the place of curves that grow while the cell runs
            return ""
        if "text/html" in data:
            html = re.sub(r'href="(\w+\.ipynb)"', lambda found: f'href="{self._link(found[1])}"', data["text/html"])
            table = "<table" in html
            html = headed(formulas(html))
            return f'<div class="{"wide" if table else "card"}"{" tabindex=0" if table else ""}>{html}</div>'
        if "text/markdown" in data:
            return prose(data["text/markdown"], self._link, self._heading)
        if "image/png" in data:
            words = escape(data.get("text/plain", "picture"))
            return f'<img src="data:image/png;base64,{data["image/png"].strip()}" alt="{words}">'
        return f'<pre class="printed" tabindex="0">{escape(data.get("text/plain", ""))}</pre>'


def _option(name: str, number: int, option: str) -> str:
    said = markup.with_mathml(markup.inline(option))
    return f'<label><input type="radio" name="{name}" value="{number}"> <span>{said}</span></label>'


def _text(outputs: Sequence[Any]) -> str:
    return next((output.data.get("text/plain", "") for output in outputs if "data" in output), "")


def _html(outputs: Sequence[Any]) -> str:
    return next((output.data.get("text/html", "") for output in outputs if "data" in output), "")


# --- words -----------------------------------------------------------------------------------------------------------


class _Renderer(IPythonRenderer):
    """Markdown as Jupyter reads it, with formulas as MathML, and links and headings as the page wants them."""

    def __init__(self, link: Callable[[str], str], heading: Callable[[str, int], str]) -> None:
        super().__init__(escape=False)
        self._link, self._heading = link, heading

    def block_math(self, body: str) -> str:
        return markup.mathml(body.strip(), "block")

    def inline_math(self, body: str) -> str:
        return markup.mathml(body)

    def block_code(self, code: str, info: str | None = None) -> str:
        """A picture of letters, or a command: no line of it is broken."""
        return f'<pre class="drawn" tabindex="0">{escape(code)}</pre>\n'

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        return self._heading(text, level)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return super().link(text, self._link(url), title)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture; one that shows sliders leads to the explorer that has them."""
        picture = super().image(text, url, title)
        return f'<a href="{self._link(MOVES[url])}">{picture}</a>' if url in MOVES else picture

    def table(self, text: str) -> str:
        return f'<div class="wide" tabindex="0"><table>{headed(text)}</table></div>\n'


def prose(source: str, link: Callable[[str], str] = str, heading: Callable[[str, int], str] | None = None) -> str:
    """Markdown as HTML; `link` says where a link leads, `heading` writes one of a level."""
    plainly = heading or (lambda html, level: f"<h{level}>{html}</h{level}>\n")
    return str(MarkdownWithMath(renderer=_Renderer(link, plainly)).render(source))


def formulas(html: str) -> str:
    """HTML with its $formulas$ as MathML, but for those that stand in code."""
    parts = re.split(r"(<pre.*?</pre>|<code.*?</code>)", html, flags=re.S)
    return "".join(part if k % 2 else markup.with_mathml(part) for k, part in enumerate(parts))


def headed(html: str) -> str:
    """HTML where a formula that alone heads a column is named by its letters: some read aloud without MathML."""
    html = re.sub(r"<th( [^>]*)?></th>", r"<td\1></td>", html)  # the corner of a table heads nothing

    def named(found: re.Match[str]) -> str:
        letters = re.sub(r"<[^>]*>", " ", f"<math{found[2]}").replace('"', "&quot;")
        return f'{found[1]}<math aria-label="{" ".join(letters.split())}"{found[2]}{found[3]}'

    return re.sub(r"(<th\b[^>]*>\s*)<math((?:(?!</math>).)*</math>)(\s*</th>)", named, html, flags=re.S)


def words(html: str) -> str:
    """The words of a piece of HTML without its formulas and its code, for the search."""
    text = re.sub(r"<math.*?</math>|<pre.*?</pre>|<style.*?</style>|<[^>]*>?", " ", html, flags=re.S)
    return " ".join(unescape(text).split())


def _code(source: str) -> str:
    return f'<pre class="code" tabindex="0"><code>{coloured(source)}</code></pre>' if source.strip() else ""


def coloured(source: str) -> str:
    """Python with a class for each kind of word."""
    return str(highlight(source.strip("\n"), PythonLexer(), HtmlFormatter(nowrap=True)))


# --- pages -----------------------------------------------------------------------------------------------------------


class Writer:
    """Fills the templates; `root` is the way from a page to the site's first one."""

    def __init__(self, lite: bool) -> None:
        self.environment = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True)
        self.environment.globals.update(lite=lite, repository=REPOSITORY, version=__version__)

    def page(self, template: str, title: str, root: str = "", **more: Any) -> bytes:
        """A page by the name of its template."""
        more = {"description": title, **more}
        return self.environment.get_template(template).render(title=title, root=root, **more).encode()


def chapter_page(writer: Writer, lesson: Lesson, neighbours: tuple[Chapter | None, Chapter | None]) -> bytes:
    """The page of a chapter."""
    item = lesson.chapter
    return writer.page(
        "chapter.html",
        f"{item.number:02d} {item.title}",
        description=item.thesis,
        blocks=lesson.blocks,
        sections=lesson.sections,
        name=item.notebook,
        notebook=f"{REPOSITORY}/blob/main/notebooks/{item.notebook}",
        binder=BINDER + item.notebook,
        before=neighbours[0],
        after=neighbours[1],
    )


def claim_fields(chapter: Chapter, row: Row) -> dict[str, Any]:
    """A measured claim as plain values, with its formulas as HTML."""
    claim = row.claim
    said = {name: formulas(markup.inline(getattr(claim, name))) for name in ("statement", "bound", "source")}
    said["measured"] = formulas(markup.inline(row.measured))
    facts = {
        "id": claim.id,
        "origin": claim.origin,
        "cost": claim.cost,
        "verdict": row.verdict,
        "sign": SIGNS[row.verdict],
    }
    return {"package": chapter.package, "number": chapter.number, **facts, **said}


def start_page(
    writer: Writer, chapters: Sequence[Chapter], open_: set[str], claims: list[dict[str, Any]], picture: Path
) -> bytes:
    """The first page: the one picture, the map of the chapters, the board of claims."""
    from spectral_lab.course.claims import COSTS, ORIGINS

    items = [
        {
            "number": item.number,
            "package": item.package,
            "title": item.title,
            "thesis": item.thesis,
            "function": Markup(formulas(markup.inline(item.function))),
            "paper": Markup(item.paper.cited('<a href="{url}">{title}</a>')) if item.paper else "",
            "open": item.package in open_,
            "status": item.status,
            "claims": any(claim["package"] == item.package for claim in claims),
        }
        for item in chapters
    ]
    marked = [
        {name: Markup(value) if isinstance(value, str) else value for name, value in claim.items()} for claim in claims
    ]
    return writer.page(
        "index.html",
        "spectral_lab",
        description="An interactive course on spectra in machine learning and science",
        chapters=items,
        papers=_in_words(sum(item.paper is not None for item in chapters)),
        claims=marked,
        verdicts=list(SIGNS),
        origins=ORIGINS,
        costs=COSTS,
        picture=f"pictures/{picture.name}",
        picture_page=PICTURE_PAGE if "pseudospectra" in open_ else "#map",
        picture_size=_size(picture),
        picture_words="Pseudospectra of a HiPPO matrix: eigenvalues of perturbed copies follow a level line of the "
        "smallest singular value, far from the spectrum.",
    )


def _in_words(count: int) -> str:
    names = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
    return names[count] if count < len(names) else str(count)


def _size(png: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    header = png.read_bytes()[16:24]
    return int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")


def search_index(entries: Sequence[Entry]) -> bytes:
    """The script with what the search may find."""
    return f"spectralLabIndex({json.dumps([vars(entry) for entry in entries], ensure_ascii=False)});\n".encode()
