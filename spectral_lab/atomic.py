"""Files that are written whole or not at all; what a killed writer left is cleared away by the next one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write into that takes the place of `path` at the end: a reader, or a crash, sees the old or the new.

    The new content is complete and on the disk under another name before it takes that place. Raises: OSError.
    """
    make_writable(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file as `writing` does. Raises: OSError."""
    with writing(path) as file:
        file.write(content)


def make_writable(folder: Path) -> None:
    """Make the folder if it is not there, prove that a file can be written into it, and clear what was left in it.

    Raises: OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):  # it has no name, so that it cannot stay
        pass
    for part in folder.glob(".*.*.part"):
        writer = part.name.split(".")[-2]
        if writer.isdigit() and not _running(int(writer)):
            with suppress(OSError):
                part.unlink()


def _running(process: int) -> bool:
    if os.name != "posix":  # elsewhere this question would end the process
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to someone else
        return True
    return True
