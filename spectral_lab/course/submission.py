"""Run one submitted notebook and write down its answers: the part of `spectral-lab grade` that runs strangers' code.

    python -m spectral_lab.course.submission NOTEBOOK RECORD SECONDS BYTES

Nothing that this process says is a verdict. It writes answers as lines of JSON to the open file number RECORD: numbers,
lists, texts, and for a function what it returns for the judge's cases. `spectral_lab.course.grading`, in another
process, judges them. The first line, written before any of the notebook runs, names the chapter.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from spectral_lab import checks
from spectral_lab.course.exercises import Exercise, Verdict, read_array, words_of
from spectral_lab.course.sheet import chapter_of, named_exercises

LARGEST_NOTEBOOK = 64 * 2**20
LARGEST_FILE = 256 * 2**20  # that the notebook may write
LARGEST_WHOLE = 2**63  # larger ones may have more digits than JSON's readers take
DEEPEST = 8  # lists within lists
CELLS = 4  # one cell may use this part of a notebook's seconds


def encode(value: Any, depth: int = 0) -> Any:
    """An answer as JSON: dots as null, numbers, texts, lists and arrays as they are, all else by its kind and words."""
    if value is ... or value is None:
        return None
    if isinstance(value, (list, tuple)) and depth < DEEPEST:
        return [encode(entry, depth + 1) for entry in value]
    if type(value) in (bool, float, str) or (type(value) is int and abs(value) < LARGEST_WHOLE):
        return value
    with suppress(Exception):  # whatever the answer is, its own code may run when it is read
        array = read_array(value)
        if array.dtype.kind in "biufcU":
            flat = array.ravel()
            parts = {"real": flat.real.tolist(), "imag": flat.imag.tolist()} if flat.dtype.kind == "c" else None
            return {"shape": list(array.shape), **(parts or {"real": flat.tolist()})}
    return {"kind": type(value).__name__, "shown": checks.shown(value)}


def watched(check: Callable[[Exercise, Any], Verdict], write: Callable[[Any, Any], None]) -> Any:
    """`Exercise.check` as it is, which also writes down what it was asked about: first that, then the answer."""

    def check_and_write(exercise: Exercise, answer: Any) -> Verdict:
        write(exercise, None)
        if not callable(answer):
            write(exercise, {"value": encode(answer)})
            return check(exercise, answer)
        returned: list[Any] = []

        def asked(*arguments: Any) -> Any:
            try:
                result = answer(*arguments)
            except BaseException as error:
                returned.append({"raised": type(error).__name__, "words": words_of(error)[:200]})
                raise
            returned.append({"value": encode(result)})
            return result

        verdict = check(exercise, asked)
        write(exercise, {"function": returned})
        return verdict

    return check_and_write


def main(notebook: str, record: int, seconds: float, most: int) -> NoReturn:
    """Read the notebook, bound this process, and run the cells up to the last one that checks an exercise."""
    _bound(seconds, most)
    file = os.fdopen(record, "a", encoding="utf-8", errors="backslashreplace", buffering=1)
    if Path(notebook).stat().st_size > LARGEST_NOTEBOOK:
        raise ValueError(f"the notebook must be smaller than {LARGEST_NOTEBOOK >> 20} MiB")
    content = json.loads(Path(notebook).read_text(encoding="utf-8"))
    chapter = chapter_of(content)
    print(json.dumps({"chapter": chapter.package}), file=file, flush=True)
    names = {id(exercise): name for name, exercise in named_exercises(chapter).items()}

    def write(exercise: Exercise, answer: Any) -> None:
        if id(exercise) in names:
            print(json.dumps({"exercise": names[id(exercise)], "answer": answer}), file=file, flush=True)

    Exercise.check = watched(Exercise.check, write)  # type: ignore[method-assign]
    sources = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    last = max((i for i, source in enumerate(sources) if ".check(" in source), default=-1)
    _run(sources[: last + 1], seconds / CELLS)
    print(json.dumps({"end": True}), file=file, flush=True)
    os._exit(0)  # whatever threads the notebook left


def _bound(seconds: float, most: int) -> None:
    limits = {
        resource.RLIMIT_AS: most,
        resource.RLIMIT_CPU: int(seconds) + 1,  # of all threads together; the clock is watched from outside
        resource.RLIMIT_FSIZE: LARGEST_FILE,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        with suppress(ValueError, OSError):  # a lower limit is in force, or the system has no such limit
            resource.setrlimit(kind, (limit, limit))


def _run(sources: list[str], seconds: float) -> None:
    """The cells, one after the other; an error ends its cell, and so do so many seconds."""
    from IPython.core.interactiveshell import InteractiveShell

    def late(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"the cell ran for {seconds:.0f} seconds")

    signal.signal(signal.SIGALRM, late)
    shell = InteractiveShell.instance()
    for source in sources:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        with suppress(BaseException):
            shell.run_cell(source, store_history=False)
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
