"""Build the site: tables and measured claims in parallel, kept by the hash of what they depend on; then the pages.

Every file is written whole or not at all, and one that is there is not made again: a build that was interrupted goes on
where it was, and after a change only what depends on it is computed.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from spectral_lab import records
from spectral_lab.atomic import make_writable, write_atomically
from spectral_lab.course import CHAPTERS, claims
from spectral_lab.course.chapters import NOTEBOOKS, Chapter
from spectral_lab.explorer import assets, still
from spectral_lab.site import pages, reference, runs, table
from spectral_lab.site.pages import Lesson, Made, Shown, Writer

HERE = Path(__file__).parent
PICTURE = Path("pictures", "pseudospectra.png")  # the one picture, beside the notebooks


@dataclass(frozen=True)
class Task:
    """Something to compute for the site: its name, the file that says that it is done, and how to make it."""

    name: str
    done: Path
    make: Callable[..., str]
    arguments: tuple[Any, ...]


def build(
    out: Path,
    *,
    lite: bool = False,
    chapters: tuple[Chapter, ...] = CHAPTERS,
    notebooks: Path = NOTEBOOKS,
    processes: int | None = None,
    seconds: float = table.SECONDS,
    say: Callable[[str], None] = print,
) -> None:
    """Write the site into a folder; `lite` says that a JupyterLite lies in its folder `lite`.

    The table of an explorer takes at most about so many seconds; `processes` (default: one a processor) share the work.
    Raises OSError, and RuntimeError with the name of an explorer or a chapter that could not be computed.
    """
    began = time.perf_counter()
    make_writable(out)
    open_chapters = [item for item in chapters if (notebooks / item.notebook).is_file()]
    cells = {item.package: pages.read_cells(notebooks / item.notebook) for item in open_chapters}
    shown = {item.package: pages.shown_explorers(item, cells[item.package]) for item in open_chapters}
    tables = {each.key: _table_task(out, item, each, seconds) for item in open_chapters for each in shown[item.package]}
    boards = {item.package: _claims_task(out, item) for item in chapters if item.room("claims")}
    _run([*tables.values(), *boards.values()], processes or os.cpu_count() or 1, say)

    writer = Writer(lite)
    opened = {item.package for item in open_chapters}
    made = {key: Made(**json.loads(task.done.read_text(encoding="utf-8"))) for key, task in tables.items()}
    lessons = [
        Lesson(item, cells[item.package], {each.cell: (each, made[each.key]) for each in shown[item.package]}, opened)
        for item in open_chapters
    ]
    files, entries = reference.pages(writer, chapters)
    for before, lesson, after in zip([None, *lessons], lessons, [*lessons[1:], None], strict=False):
        neighbours = (before.chapter if before else None, after.chapter if after else None)
        files[pages.page(lesson.chapter.package)] = pages.chapter_page(writer, lesson, neighbours)
    board = [row for task in boards.values() for row in json.loads(task.done.read_text(encoding="utf-8"))]
    files["index.html"] = pages.start_page(writer, chapters, opened, board, NOTEBOOKS / PICTURE)
    recorded = runs.by_chapter(chapters, records.select())
    files["runs.html"] = writer.page("runs.html", "Recorded runs", chapters=recorded)
    entries = [entry for lesson in lessons for entry in lesson.entries()] + entries
    files["search.js"] = pages.search_index(entries)
    files[".nojekyll"] = b""  # a host that knows Jekyll must leave the files as they are
    for path, content in (files | _static()).items():
        _write(out / path, content)
    for picture in {PICTURE, *(path.relative_to(notebooks) for path in notebooks.glob("pictures/*.png"))}:
        source = notebooks / picture if (notebooks / picture).is_file() else NOTEBOOKS / picture
        _write(out / picture, source.read_bytes())
    _remove_stale(out, {task.done.stem for task in (*tables.values(), *boards.values())})
    _say_sizes(out, time.perf_counter() - began, say)


# --- what is computed ------------------------------------------------------------------------------------------------


def _table_task(out: Path, item: Chapter, shown: Shown, seconds: float) -> Task:
    function = getattr(item.room("explorers"), shown.function, None)
    modules = [function.__module__] if function else imported(shown.imports)
    key = digest([*modules, table.__name__], f"{table.FORMAT} {seconds} {shown}")
    done = out / "tables" / f"{shown.key.replace('/', '-')}-{key}.json"
    return Task(shown.key, done, make_table, (shown, out, key, seconds))


def make_table(shown: Shown, out: Path, key: str, seconds: float) -> str:
    """Compute the table of an explorer and write it, its still picture, and what the page must know of them."""
    explorer = shown.make()
    result = table.tabulate(shown.key, explorer, seconds)
    name = f"{shown.key.replace('/', '-')}-{key}"
    height = explorer.figure["layout"]["height"]
    made = Made(explorer.title, result.readout, height, f"tables/{name}.js", f"tables/{name}.svg")
    _write(out / made.table, result.text.encode())
    _write(out / made.still, still.svg(result.start).encode())
    _write(out / "tables" / f"{name}.json", json.dumps(asdict(made)).encode())
    return f"{len(result.states)} states, {len(result.text) / 1e6:.1f} MB, {result.seconds:.0f} s"


def _claims_task(out: Path, item: Chapter) -> Task:
    written = sorted(records.results_folder().glob("*.json"))
    key = digest([f"spectral_lab.{item.package}.claims"], *(path.read_text(encoding="utf-8") for path in written))
    return Task(
        f"claims of {item.package}", out / "tables" / f"claims-{item.package}-{key}.json", measure, (item, out, key)
    )


def measure(item: Chapter, out: Path, key: str) -> str:
    """Measure the claims of a chapter and write their verdicts."""
    began = time.process_time()
    rows = [pages.claim_fields(item, claims.examine(claim)) for claim in item.listed("CLAIMS")]
    _write(out / "tables" / f"claims-{item.package}-{key}.json", json.dumps(rows).encode())
    return f"{len(rows)} claims, {time.process_time() - began:.0f} s"


def _run(tasks: Sequence[Task], processes: int, say: Callable[[str], None]) -> None:
    """Do what is not done yet, in so many processes; an interrupt ends them all."""
    open_ = [task for task in tasks if not task.done.is_file()]
    say(f"{len(tasks) - len(open_)} of {len(tasks)} tables are here; computing {len(open_)}")
    for number, (task, said) in enumerate(_results(open_, processes), 1):
        say(f"{number} of {len(open_)}: {task.name}: {said}")


def _results(tasks: Sequence[Task], processes: int) -> Iterator[tuple[Task, str]]:
    if processes == 1 or not tasks:
        for task in tasks:
            with _named(task):
                said = task.make(*task.arguments)
            yield task, said
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_quiet_worker) as pool:
        waiting = {pool.submit(task.make, *task.arguments): task for task in tasks}
        try:
            for future in as_completed(waiting):
                with _named(waiting[future]):
                    said = future.result()
                yield waiting[future], said
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()
            raise


@contextmanager
def _named(task: Task) -> Iterator[None]:
    """An error that says in which task it happened."""
    try:
        yield
    except Exception as error:
        raise RuntimeError(f"{task.name}: {error}") from error


def _quiet_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # without a stack trace each


# --- what it depends on ----------------------------------------------------------------------------------------------


def digest(modules: Sequence[str], *texts: str) -> str:
    """A hash of the modules, of all of spectral_lab that they import, of data beside them, of versions and of texts."""
    result = hashlib.sha256()
    for file in sorted({file for name in modules for file in _files(name)}):
        result.update(file.read_bytes())
    for text in (*texts, sys.version, version("numpy"), version("scipy"), version("latex2mathml")):
        result.update(text.encode())
    return result.hexdigest()[:12]


@cache
def _files(module: str) -> frozenset[Path]:
    """The sources of a module and of all of spectral_lab that it imports, directly or not, and the data beside them."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        source = _source(name)
        if name not in found and source:
            found[name] = source
            waiting += imported(source.read_text(encoding="utf-8"))
    beside = {path for source in found.values() for kind in ("*.npz", "*.json") for path in source.parent.glob(kind)}
    return frozenset({*found.values(), *beside})


def imported(source: str) -> list[str]:
    """The modules of spectral_lab that a piece of Python imports, anywhere in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.startswith("spectral_lab.") and _source(name)]


@cache
def _source(module: str) -> Path | None:
    """The file of a module; nothing if there is no such module: a name that is imported may be a function's."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin else None


# --- files -----------------------------------------------------------------------------------------------------------


def _static() -> dict[str, bytes]:
    """Scripts and styles. The browser module is a plain script here, since a page opened as a file loads no modules."""
    script = assets.SCRIPT.replace("export default", "globalThis.explorerWidget =")
    own = {f"static/{path.name}": path.read_bytes() for path in sorted((HERE / "static").iterdir())}
    return own | {
        "static/explorer.js": f"(() => {{\n{script}}})();\n".encode(),
        "static/explorer.css": assets.STYLE.encode(),
        "static/plotly.min.js": assets.plotly_source(),
    }


def _write(path: Path, content: bytes) -> None:
    """Write a file unless it is there with this content."""
    if not (path.is_file() and path.read_bytes() == content):
        write_atomically(path, content)


def _remove_stale(out: Path, names: set[str]) -> None:
    """Remove the tables of earlier builds."""
    for path in (out / "tables").glob("*-????????????.*"):
        if path.stem not in names:
            path.unlink()


def _say_sizes(out: Path, seconds: float, say: Callable[[str], None]) -> None:
    sizes = {path: path.stat().st_size for path in out.rglob("*") if path.is_file()}
    parts = {"pages": "*.html", "tables": "tables/*.js", "all": "*"}
    for name, pattern in parts.items():
        chosen = [size for path, size in sizes.items() if path.match(pattern)]
        largest = max(chosen, default=0)
        say(f"{name}: {len(chosen)} files, {sum(chosen) / 1e6:.1f} MB, the largest {largest / 1e6:.1f} MB")
    say(f"written to {out} in {seconds:.0f} s; open {out / 'index.html'}")
