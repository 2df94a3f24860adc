"""Grade submitted notebooks: run each in a process of its own, and judge its answers in this one.

The notebook's stored outputs count for nothing, and neither does anything that its process prints or returns as a
verdict: `spectral_lab.course.submission` hands over answers, and the exercises' own judges look at them here. What runs
too long, takes too much memory, ends its process or writes without end loses only what it had not answered by then.

This is formative. The solutions ship with the package, so a submission can look them up. And a process is no prison: it
runs as the same user, with the network and all files of that user, and could end this command. Grade what you do not
trust in a container, or as a user who owns nothing.
"""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from spectral_lab import checks
from spectral_lab.atomic import write_atomically
from spectral_lab.course.chapters import chapter
from spectral_lab.course.exercises import Exercise
from spectral_lab.course.sheet import named_exercises, points

MOST_READ = 8 * 2**20  # bytes of a submission's answers
FORMATIVE = "These points are formative: the solutions ship with the package, so anybody can look them up."
COLUMNS = ("submission", "chapter", "exercise", "level", "points", "of", "verdict")


@dataclass(frozen=True)
class Mark:
    """One exercise of one submission: a row of the table. `of` is what the exercise counts."""

    submission: str
    chapter: str
    exercise: str
    level: int
    points: int
    of: int
    verdict: str


def grade(folder: Path, table: Path, seconds: float = 300, memory: float = 8) -> Iterator[tuple[str, list[Mark]]]:
    """Grade each notebook in a folder and the folders in it; yields its name and its marks when the table has them.

    A notebook gets so many seconds, and each of its processes so many GiB of address space. Raises: ValueError if the
    folder holds no notebook or this system cannot bound a process; OSError if the table cannot be written.
    """
    checks.number(seconds, "seconds", 1, 86_400)
    checks.number(memory, "memory", 1, 1024)
    if os.name != "posix":
        raise ValueError("grading must be able to bound a process, which needs Linux, macOS or WSL")
    found = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    if not found:
        raise ValueError(f"folder must hold notebooks (.ipynb), got {folder}")
    marks: list[Mark] = []
    _write(table, marks)
    for path in found:
        name = path.relative_to(folder).as_posix()
        new = judge(name, *answers(path, seconds, memory))
        marks += new
        _write(table, marks)  # whole after each, should anything end this command
        yield name, new


def answers(path: Path, seconds: float, memory: float) -> tuple[list[Any], str]:
    """What a notebook's process wrote down, line by line, and how the process ended, if not by itself."""
    with tempfile.TemporaryFile() as record, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        words = ["-m", "spectral_lab.course.submission", str(path.resolve()), str(record.fileno())]
        process = subprocess.Popen(
            [sys.executable, *words, str(seconds), str(int(memory * 2**30))],
            cwd=place,
            env=_environment(place),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(record.fileno(),),
            start_new_session=True,
        )
        ended = ""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            ended = f"stopped after {seconds:g} seconds"
        finally:  # with all that it started and that has not left its group
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        lines = list(_lines(record))
    if not ended and lines[-1:] != [{"end": True}]:
        ended = "its process ended before the notebook did"
    return lines, ended


def judge(name: str, lines: list[Any], ended: str) -> list[Mark]:
    """The marks of a submission: one for each exercise of the chapter that its first line names, which may be none."""
    head = lines[0] if lines and isinstance(lines[0], dict) else {}
    try:
        item = chapter(str(head["chapter"]))
    except (KeyError, ValueError):
        return [Mark(name, "", "", 0, 0, 0, "no notebook of this course that can be read")]
    given: dict[str, Any] = {}
    for line in lines[1:]:
        if isinstance(line, dict) and isinstance(line.get("exercise"), str):
            given[line["exercise"]] = line.get("answer") or given.get(line["exercise"])
    marks = []
    for key, exercise in named_exercises(item).items():
        correct, words = _verdict(exercise, given[key]) if given.get(key) else (False, _absent(key in given, ended))
        worth = points(exercise)
        marks.append(Mark(name, item.package, key, exercise.level, worth * correct, worth, words))
    return marks


def _verdict(exercise: Exercise, answer: Any) -> tuple[bool, str]:
    try:
        verdict = exercise.check(_Replay(answer["function"]) if "function" in answer else decode(answer["value"]))
    except Exception as error:  # lines that no honest process wrote
        return False, f"The answer cannot be read: {type(error).__name__}."
    return verdict.correct, verdict.message


def decode(value: Any) -> Any:
    """What `submission.encode` wrote, as the judge is to see it. An error if `encode` did not."""
    if value is None:
        return ...
    if isinstance(value, list):
        return [decode(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if "shape" in value:
        real = np.array(value["real"])
        return (real + 1j * np.array(value["imag"]) if "imag" in value else real).reshape(value["shape"])
    kind, shown = str(value["kind"])[:40], str(value["shown"])[:120]
    return type(kind, (), {"__repr__": lambda self: shown})()


class _Replay:
    """In place of a submitted function: it returns, or raises, what that one did for the judge's cases, in order."""

    def __init__(self, returned: Any) -> None:
        self._returned = iter(list(returned))

    def __call__(self, *case: Any) -> Any:
        entry = next(self._returned)
        if "raised" in entry:
            raise type(str(entry["raised"])[:40], (Exception,), {})(str(entry["words"])[:200])
        return decode(entry["value"])

    def __repr__(self) -> str:
        return "a function"


def _absent(asked: bool, ended: str) -> str:
    if asked:
        return f"No answer within the limits{': ' + ended if ended else ''}."
    return f"Not checked{': ' + ended if ended else ' in this notebook'}."


def _lines(record: IO[bytes]) -> Iterator[Any]:
    record.seek(0)
    for line in record.read(MOST_READ).splitlines():
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):  # cut off, or not ours
            yield None


def _environment(place: str) -> dict[str, str]:
    """One thread for linear algebra, no pictures, and all that is written of itself in the temporary folder."""
    own = {"IPYTHONDIR": place, "SPECTRAL_LAB_RUNS": place, "SPECTRAL_LAB_PREVIEWS": "none"}
    return os.environ | own | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _write(table: Path, marks: list[Mark]) -> None:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    rows.writerows([plain(entry) if isinstance(entry, str) else entry for entry in astuple(mark)] for mark in marks)
    write_atomically(table, text.getvalue().encode("utf-8"))


def plain(text: str) -> str:
    """A text from a stranger for a terminal or a spreadsheet: no control characters, and nothing that is a formula."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
