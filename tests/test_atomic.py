"""Files are written whole or not at all, and nothing of a killed writer stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spectral_lab.atomic import make_writable, write_atomically

STUCK = """
import os, sys, time
from pathlib import Path
from spectral_lab.atomic import writing
with writing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("half", flush=True)
    time.sleep(60)
"""


def stuck(path: Path) -> subprocess.Popen:
    """A process that has written half of the file."""
    process = subprocess.Popen([sys.executable, "-c", STUCK, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"half\n"
    return process


def test_what_a_killed_writer_left_is_cleared_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_atomically(path, b"old")
    process = stuck(path)
    write_atomically(tmp_path / "other", b"")  # a writer that is still at work is left alone
    assert len(list(tmp_path.glob(".*.part"))) == 1
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.glob(".*.part"))) == 1
    make_writable(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["other", "record.json"]


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def crash(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, b"new and longer")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    kept = {".mine.part", "a.1.part", f".a.{os.getpid()}.part", ".a.word.part"}
    for name in kept:
        (tmp_path / name).touch()
    make_writable(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == kept


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        make_writable(tmp_path / "file" / "folder")
