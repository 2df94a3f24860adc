"""The command `spectral-lab`: open the lab, train, show the claims, fetch data, and look after the installation.

Each command imports what it needs when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

from spectral_lab import __version__
from spectral_lab.atomic import make_writable, write_atomically
from spectral_lab.checkout import ROOT
from spectral_lab.course.chapters import CHAPTERS, NOTEBOOKS, START, Chapter, chapter
from spectral_lab.datasets import Dataset, DatasetUnavailable, data_folder

CLAIMS_PAGE = ROOT / "docs" / "claims.md"
LARGEST_PORT = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Bad arguments end with a clear line and code 2, Ctrl-C with 130."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows only ASCII gets "?" for what it lacks
            stream.reconfigure(errors="replace")
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("spectral-lab: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever reads our output has seen enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # a folder without permission, a full disk
        print(f"spectral-lab: {error}", file=sys.stderr)
        return 1


def _run(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="spectral-lab", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--version", action="version", version=f"spectral_lab {__version__}")
    commands = parser.add_subparsers(metavar="command", required=True)

    lab = commands.add_parser("lab", help="open JupyterLab on the first notebook")
    lab.add_argument("--port", type=int, help="port to serve on (default: the first free one from 8888)")
    lab.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    lab.set_defaults(run=_lab)

    train = commands.add_parser("train", help="run a chapter's recipe: a training, or another long computation")
    if words[:1] == ["train"]:
        command = importlib.import_module("spectral_lab.training.command")
        train.add_argument("chapter", type=_chapter, help="a chapter's package or number, such as pseudospectra or 3")
        command.add_arguments(train)
        train.set_defaults(run=lambda options: _train(options, command))

    claims = commands.add_parser("claims", help="measure the papers' claims and show the board")
    what = claims.add_mutually_exclusive_group()
    what.add_argument("chapter", nargs="?", type=_chapter, help="a chapter's package or number (default: all)")
    what.add_argument("--write", action="store_true", help="write docs/claims.md instead")
    claims.set_defaults(run=_claims)

    sheet = commands.add_parser("sheet", help="make a sheet of a notebook, without solutions or with them")
    sheet.add_argument("notebook", type=Path, help="a notebook of the course, or a changed copy of one")
    sheet.add_argument(
        "--for", dest="reader", choices=("students", "teacher"), required=True, help="who gets the sheet"
    )
    sheet.add_argument("--out", type=Path, help="file to write (default: NOTEBOOK_students.ipynb in this folder)")
    sheet.set_defaults(run=_sheet)

    grade = commands.add_parser("grade", help="run submitted notebooks and judge their answers anew")
    grade.add_argument("folder", type=Path, help="folder with the submissions (.ipynb), in folders or not")
    grade.add_argument("--csv", type=Path, required=True, help="file for the table: a line for each exercise")
    grade.add_argument("--seconds", type=float, default=300, help="limit for a notebook (default: 300)")
    grade.add_argument("--memory", type=float, default=8, help="limit for a process in GiB of addresses (default: 8)")
    grade.set_defaults(run=_grade)

    data = commands.add_parser("data", help="list the data sets, fetch some, or make those of a chapter")
    if words[:1] == ["data"] and (maker := _maker(words[1:2])):
        data.add_argument("chapter", metavar=words[1], help="the chapter whose data are made")
        maker.add_arguments(data)
        data.set_defaults(run=maker.run)
    else:
        data.add_argument("names", nargs="*", metavar="name", help="data sets to fetch (default: list them all)")
        data.set_defaults(run=_data)

    site = commands.add_parser("site", help="build the course as a web site, whose explorers need no Python")
    site.add_argument("--out", type=Path, default=Path("site"), help="the folder to write into (default: site)")
    site.add_argument("--processes", type=int, help="how many to compute with (default: one a processor)")
    site.add_argument("--seconds", type=float, help="that one explorer's table may take; few make a coarse preview")
    site.add_argument("--lite", action="store_true", help="add the notebooks with Python in the browser (JupyterLite)")
    site.add_argument(
        "--pyodide", type=Path, help="the same, with a copy of this folder in place of Pyodide's own host"
    )
    site.set_defaults(run=_site)

    doctor = commands.add_parser("doctor", help="say what this machine has, and what to do about what it lacks")
    doctor.set_defaults(run=lambda _: _doctor())

    for item in CHAPTERS:
        if item.command is not None:
            own = commands.add_parser(item.command[0], help=item.command[1])
            if words[:1] == [item.command[0]] and (room := item.room("command")):
                room.add_arguments(own)
                own.set_defaults(run=room.run)

    options = parser.parse_args(words)
    if getattr(options, "port", None) is not None and not 0 <= options.port <= LARGEST_PORT:
        lab.error(f"argument --port: must be a whole number between 0 and {LARGEST_PORT}, got {options.port}")
    return int(options.run(options))


def _chapter(name: str) -> Chapter:
    try:
        return chapter(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


# --- train -----------------------------------------------------------------------------------------------------------


def _train(options: argparse.Namespace, command: ModuleType) -> int:
    recipes = options.chapter.listed("RECIPES")
    if not recipes:
        print(f"spectral-lab train: error: {options.chapter.package} has no recipe (yet)", file=sys.stderr)
        return 2
    return int(command.run(options, recipes))


# --- lab -------------------------------------------------------------------------------------------------------------


def _lab(options: argparse.Namespace) -> int:
    if not (NOTEBOOKS / START).is_file():
        print(f"{NOTEBOOKS / START} is missing: the notebooks come with a clone of the repository.", file=sys.stderr)
        return 1
    command = lab_command(options.port, browser=not options.no_browser and _has_browser())
    os.execv(command[0], command)
    return 1


def lab_command(port: int | None, browser: bool) -> list[str]:
    """The command line that serves the repository and opens notebook 00."""
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}"]
    command.append("--LabApp.news_url=None")  # no question about news over the first page
    command.append(f"--LabApp.default_url=/lab/tree/notebooks/{START}")
    if port is not None:
        command.append(f"--port={port}")
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # containers and lecture servers often have no other user
    return command


def _has_browser() -> bool:
    import webbrowser

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


# --- claims ----------------------------------------------------------------------------------------------------------


def _claims(options: argparse.Namespace) -> int:
    from spectral_lab.course import claims

    if options.write:
        if not CLAIMS_PAGE.parent.is_dir():
            print(f"{CLAIMS_PAGE.parent} is missing: the page comes with a clone of the repository.", file=sys.stderr)
            return 1
        make_writable(CLAIMS_PAGE.parent)  # better known now than after the measurements
        write_atomically(CLAIMS_PAGE, claims.markdown().encode())
        print(f"wrote {CLAIMS_PAGE}")
        return 0
    surprises = 0
    for item in CHAPTERS if options.chapter is None else (options.chapter,):
        print(f"\n{item.number:02d} {item.title}")
        stated = item.listed("CLAIMS")
        if not stated:
            print("  no claims yet")
        for claim in stated:
            row = claims.examine(claim)
            surprises += row.surprising
            print(f"  {claim.id}: {row.verdict}{' (not as expected)' if row.surprising else ''}")
            print(f"      {claim.statement}\n      measured: {row.measured}\n      bound: {claim.bound}", flush=True)
    return 1 if surprises else 0


# --- sheets ----------------------------------------------------------------------------------------------------------


def _sheet(options: argparse.Namespace) -> int:
    import nbformat

    from spectral_lab.course.sheet import sheet

    path = options.notebook
    target = options.out or Path(f"{path.stem}_{options.reader}.ipynb")
    try:
        if target.exists() and path.resolve() == target.resolve():
            raise ValueError(f"--out must be another file than the notebook, got {target}")
        made = sheet(nbformat.read(path, as_version=4), options.reader, path.parent)
    except (ValueError, nbformat.ValidationError) as error:
        print(f"spectral-lab sheet: error: {path}: {error}", file=sys.stderr)
        return 2
    write_atomically(target, (nbformat.writes(nbformat.from_dict(made)) + "\n").encode())
    print(f"wrote {target}")
    return 0


def _grade(options: argparse.Namespace) -> int:
    from spectral_lab.course import grading

    try:
        for name, marks in grading.grade(options.folder, options.csv, options.seconds, options.memory):
            total, most = sum(mark.points for mark in marks), sum(mark.of for mark in marks)
            said = f"{total} of {most} points" if most else marks[0].verdict
            print(f"{grading.plain(name)}: {said}", flush=True)
    except ValueError as error:
        print(f"spectral-lab grade: error: {error}", file=sys.stderr)
        return 2
    print(f"wrote {options.csv}\n{grading.FORMATIVE}")
    return 0


# --- data ------------------------------------------------------------------------------------------------------------


def _data(options: argparse.Namespace) -> int:
    known = _all_datasets()
    unknown = [name for name in options.names if name not in known]
    if unknown:
        listed = ", ".join(known) or "none yet"
        print(f"spectral-lab data: error: no data set named {', '.join(unknown)}; there are: {listed}", file=sys.stderr)
        return 2
    if not options.names:
        print(f"Data sets are kept in {data_folder()} (set SPECTRAL_LAB_DATA to change it).")
        for name, dataset in known.items():
            size = "" if dataset.size is None else f"{dataset.size / 1e6:.1f} MB; "
            print(f"  {name}: {dataset.description}; {size}{_how_to_get(dataset)}")
        for item in CHAPTERS:
            if item.makes is not None:
                print(f"  spectral-lab data {item.package} makes {item.makes}; --help says how")
        return 0
    for name in options.names:
        try:
            print(f"{name}: {', '.join(map(str, known[name].fetch()))}")
        except DatasetUnavailable as error:
            print(f"spectral-lab data: {error}", file=sys.stderr)
            return 1
    return 0


def _maker(names: Sequence[str]) -> ModuleType | None:
    """The room in which the chapter of this name makes data; None for any other name."""
    for item in CHAPTERS:
        if item.makes is not None and item.package in names:
            return item.room("data.generate")
    return None


def _how_to_get(dataset: Dataset) -> str:
    if dataset.present:
        return "present"
    by_hand = dataset.instructions()
    return f"not here, by hand:\n      {by_hand}" if by_hand else f"not here: spectral-lab data {dataset.name}"


def _all_datasets() -> dict[str, Dataset]:
    """Every chapter's data sets; one that two chapters read is listed once."""
    return {name: dataset for item in CHAPTERS for name, dataset in _datasets(item).items()}


def _datasets(item: Chapter) -> dict[str, Dataset]:
    """The chapter's data sets; a chapter whose optional packages are missing says so and lists none."""
    try:
        return item.listed("DATASETS")
    except ImportError as error:
        print(f"spectral-lab: the data of {item.package} cannot be listed: {error}", file=sys.stderr)
        return {}


# --- site ------------------------------------------------------------------------------------------------------------


def _site(options: argparse.Namespace) -> int:
    from spectral_lab.site import lite
    from spectral_lab.site.build import build

    for name in ("processes", "seconds"):
        if getattr(options, name) is not None and not getattr(options, name) >= (1 if name == "processes" else 0):
            print(f"spectral-lab site: error: --{name} must be positive, got {getattr(options, name)}", file=sys.stderr)
            return 2
    chosen = {} if options.seconds is None else {"seconds": options.seconds}
    try:
        if with_lite := options.lite or options.pyodide is not None:
            print(f"wrote {lite.build(options.out, options.pyodide)}", flush=True)
        say = functools.partial(print, flush=True)
        build(options.out, lite=with_lite, processes=options.processes, say=say, **chosen)
    except (RuntimeError, ValueError) as error:
        print(f"spectral-lab site: {error}", file=sys.stderr)
        return 1
    return 0


# --- doctor ----------------------------------------------------------------------------------------------------------


def _doctor() -> int:
    broken = 0
    for state, line in _findings():
        broken += state == "fix"
        print(f"{state:<5}{line}")
    return 1 if broken else 0


def _findings() -> Iterator[tuple[str, str]]:
    """Pairs of a state and a line: "ok", "note" (works without it), or "fix" (the lab needs it)."""
    yield _python()
    for package in ("numpy", "scipy", "torch", "lightning-fabric", "plotly", "ipywidgets", "anywidget", "jupyterlab"):
        yield _version(package)
    yield "ok", f"processor: {os.cpu_count()} cores"
    parts = {"GPU": _gpu, "Jupyter kernel": _kernel, "notebooks": _notebooks, "Chromium": _chromium, "data": _data_sets}
    for name, look in parts.items():
        yield _looked(name, look)


def _looked(name: str, look: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """What a part of the machine says of itself; one that cannot even be asked is one more thing to mend."""
    try:
        return look()
    except Exception as error:  # no home folder, no permission, a broken package
        return "fix", f"{name}: unknown ({type(error).__name__}: {error})"


def _python() -> tuple[str, str]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] < (3, 14)
    return ("ok", f"Python {version}") if fits else ("fix", f"Python {version}: install 3.11, 3.12 or 3.13")


def _version(package: str) -> tuple[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return "ok", f"{package} {version(package)}"
    except PackageNotFoundError:
        return "fix", f"{package} is missing: run `make lab`, or `pip install -e . -c constraints.txt`"


def _gpu() -> tuple[str, str]:
    try:
        import torch
    except ImportError as error:
        return "fix", f"GPU: unknown, as torch does not load ({error})"
    if torch.cuda.is_available():
        return "ok", f"GPU: {torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"
    return "note", "GPU: none found; training cells run their miniature on the CPU. Full runs need a CUDA device"


def _kernel() -> tuple[str, str]:
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError as error:
        return "fix", f"Jupyter kernel: {error}; run `pip install jupyterlab`"
    try:
        executable = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return "fix", "Jupyter kernel: python3 is missing; run `python -m ipykernel install --sys-prefix`"
    if Path(executable).name == executable or Path(executable).exists():
        return "ok", "Jupyter kernel: python3"
    return "fix", f"Jupyter kernel: {executable} is gone; run `python -m ipykernel install --sys-prefix`"


def _notebooks() -> tuple[str, str]:
    if not (NOTEBOOKS / START).is_file():
        return "fix", f"notebooks: none at {NOTEBOOKS}; clone the repository and install it with `pip install -e .`"
    return "ok", f"notebooks: {sum(item.status == 'open' for item in CHAPTERS)} at {NOTEBOOKS}"


def _data_sets() -> tuple[str, str]:
    known = _all_datasets()
    missing = [name for name, dataset in known.items() if not dataset.present]
    line = f"data: {len(known) - len(missing)} of {len(known)} sets are here"
    return ("note", f"{line}; fetch with `spectral-lab data NAME`: {', '.join(missing)}") if missing else ("ok", line)


def _chromium() -> tuple[str, str]:
    from spectral_lab.explorer.browser import chromium

    found = chromium()
    if found and Path(found).exists():
        return "ok", f"Chromium: {found}"
    return "note", "Chromium: not found, so browser tests are skipped; install it, or set CHROMIUM to its path"


if __name__ == "__main__":
    sys.exit(main())
