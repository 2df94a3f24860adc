"""Files from strangers, read within stated limits: what a file claims of itself is never believed.

A zip of 400 bytes may unpack to gigabytes, a pickle of eleven bytes may ask for four, a tar may link to itself, a
table may name a picture outside its folder. Every loader of a published format reads through these functions and
raises one error, `FormatError`:

    with member(path, "train.pickle") as file:      # of a folder or a zip file, at most LARGEST bytes
        check_pickle(file, "train.pickle")          # asks for no more memory than it is long; open it again to load it
    content = gunzip(path)                          # a gzip file
    for name, content in untar(path, wanted):       # the ordinary files of a tar whose names are wanted
    rows = inflate(data, height * (width + 1), path)
    picture = inside(folder, where, file)           # a path that a table names

Imports nothing but Python (and numpy, where an array is read), so that every chapter may use it.
"""

from __future__ import annotations

import bz2
import gzip
import io
import math
import pickletools
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

try:
    from lzma import LZMAError
except ImportError:  # a Python without this library, as some browsers' are: then no archive fails by it
    LZMAError = OSError  # type: ignore[assignment]

LARGEST = 1 << 32  # bytes of one file once it is unpacked; the largest that a chapter reads has 1.3 GB
BLOCK = 1 << 20
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, EOFError, OSError, RuntimeError)


class FormatError(ValueError):
    """A file does not hold what its format says, or more than is read of it; the message says where."""


class _Bounded(io.RawIOBase):
    """A file that refuses to be longer than it may be, and whose damage is a `FormatError`."""

    def __init__(self, file: Any, limit: int, name: Any) -> None:
        self.file, self.limit, self.name, self.taken = file, limit, name, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            block = self.file.read(min(len(buffer), BLOCK))
        except _BROKEN as error:  # cut, damaged, encrypted
            raise FormatError(f"{self.name} cannot be read: {error}") from None
        self.taken += len(block)
        if self.taken > self.limit:
            raise FormatError(f"{self.name} holds more than the {self.limit:,} bytes that are read of it")
        buffer[: len(block)] = block
        return len(block)


def bounded(file: Any, name: Any, limit: int = LARGEST) -> io.BufferedReader:
    """The file, from which at most `limit` bytes come before it raises FormatError; memory grows with what is there."""
    return io.BufferedReader(_Bounded(file, limit, name), BLOCK)


@contextmanager
def member(path: Path, name: str, limit: int = LARGEST) -> Iterator[IO[bytes]]:
    """A file of a folder, or of a zip file wherever in it the file is.

    Raises: FormatError if it is damaged or longer than `limit`; FileNotFoundError if there is none.
    """
    if path.is_dir():
        with inside(path, name).open("rb") as file:
            yield bounded(file, name, limit)
        return
    if not path.is_file():
        raise FileNotFoundError(f"there is no file or folder {path}")
    try:
        archive = zipfile.ZipFile(path)
    except (*_BROKEN, ValueError) as error:
        raise FormatError(f"{path} is not a zip file: {error}") from None
    with archive:
        found = [entry for entry in archive.infolist() if entry.filename.rsplit("/", 1)[-1] == name]
        if not found:
            raise FileNotFoundError(f"{path} holds no {name}")
        if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # Python unpacks others unbounded
            raise FormatError(f"{name} in {path} is packed by another method than deflation")
        try:
            entry = archive.open(found[0])
        except (*_BROKEN, ValueError) as error:
            raise FormatError(f"{name} in {path} cannot be read: {error}") from None
        with entry:
            yield bounded(entry, f"{name} in {path}", limit)


def gunzip(path: Path, limit: int = LARGEST) -> bytes:
    """The content of a gzip file. Raises: FormatError if it is none, damaged or longer than `limit` once unpacked."""
    with open(path, "rb") as file, gzip.GzipFile(fileobj=file) as unpacked:
        return bounded(unpacked, path, limit).read()


def inflate(data: bytes, limit: int, name: Any) -> bytes:
    """The content of a zlib stream of at most `limit` bytes. Raises: FormatError."""
    unpacked = zlib.decompressobj()
    try:
        content = unpacked.decompress(data, limit + 1)
    except zlib.error as error:
        raise FormatError(f"{name} cannot be read: {error}") from None
    if len(content) > limit or not unpacked.eof:
        raise FormatError(f"{name} is cut off or holds more than the {limit:,} bytes that are read of it")
    return content


def untar(path: Path, wanted: Callable[[str], bool], limit: int = LARGEST) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the ordinary files of a tar, plain, gzip or bzip2, whose names are wanted, in order.

    Links, devices and sparse files are passed over: nothing is looked up twice, so that no link can run in a circle.
    Raises: FormatError if it is no tar, damaged, or longer than `limit` in all once unpacked.
    """
    with open(path, "rb") as file:
        start = file.read(2)
        file.seek(0)
        packed = {b"\x1f\x8b": lambda: gzip.GzipFile(fileobj=file), b"BZ": lambda: bz2.BZ2File(file)}
        whole = bounded(packed.get(start, lambda: file)(), path, limit)
        try:
            with tarfile.open(fileobj=whole, mode="r|") as archive:  # as a stream, which cannot go back
                for entry in archive:
                    if entry.isreg() and not entry.issparse() and wanted(entry.name):
                        content = archive.extractfile(entry)
                        assert content is not None  # it is an ordinary file
                        yield entry.name, content.read()
        except FormatError:
            raise
        except (*_BROKEN, ValueError) as error:  # RecursionError, of long names in long names, among them
            raise FormatError(f"{path} is not a whole tar: {error}") from None


def inside(folder: Path, *parts: str) -> Path:
    """The path of a file that a table or an archive names in a folder. Raises: FormatError if it leads out of it."""
    try:
        path = Path(folder, *parts)
        within = path.resolve().is_relative_to(Path(folder).resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that no file can have
        within = False
    if not within:
        raise FormatError(f"{'/'.join(parts)!r} is not a path inside {folder}")
    return path


def npy(content: bytes, name: Any) -> Any:
    """The array of an .npy file that is in memory, if it is as long as its header says. Raises: FormatError."""
    import numpy as np

    file = io.BytesIO(content)
    try:
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, by_column, kind = read[np.lib.format.read_magic(file)](file)
        if kind.hasobject or math.prod(shape) * kind.itemsize != len(content) - file.tell():
            raise FormatError(f"{name} holds an array that is not as long as it says")
        return np.frombuffer(content, kind, offset=file.tell()).reshape(shape, order="F" if by_column else "C").copy()
    except FormatError:
        raise
    except (KeyError, ValueError, TypeError) as error:  # another version, or no header
        raise FormatError(f"{name} is not a whole .npy file: {error}") from None


_SIZES = {op.code: op.arg.n if op.arg else 0 for op in pickletools.opcodes}
_PREFIXES = {
    pickletools.TAKEN_FROM_ARGUMENT1: (1, False),
    pickletools.TAKEN_FROM_ARGUMENT4: (4, True),
    pickletools.TAKEN_FROM_ARGUMENT4U: (4, False),
    pickletools.TAKEN_FROM_ARGUMENT8U: (8, False),
}
_LINES = {op.code: 2 if op.name in ("GLOBAL", "INST") else 1 for op in pickletools.opcodes}


def check_pickle(file: Any, name: Any) -> None:
    """Read one pickle to its end without building anything: each length in it must be there, each memo number be used.

    Python's unpickler believes a length before it reads (a text of 4 GB), and makes room for the largest number of a
    memo (2^32 entries). What classes a pickle may ask for is the unpickler's own question.
    Raises: FormatError.
    """
    at = operations = frame = 0
    while (code := file.read(1).decode("latin1")) != ".":
        operations += 1
        size = _SIZES.get(code)
        if size is None:
            raise FormatError(f"{name} is not a whole pickle: {code!r} at byte {at} is no operation")
        at += 1
        if size in _PREFIXES:
            length, signed = _PREFIXES[size]
            at += length
            size = int.from_bytes(_exactly(file, length, name), "little", signed=signed)
        if size >= 0:
            argument = _exactly(file, size, name) if code in "qr\x95" else _skip(file, size, name)
            at += size
        elif size == pickletools.UP_TO_NEWLINE:
            argument = b"".join(_line(file, name) for _ in range(_LINES[code]))
            at += len(argument)
        else:
            raise FormatError(f"{name} is not a whole pickle: a negative length at byte {at}")
        if code in "qr":
            _used(int.from_bytes(argument, "little"), operations, name)
        elif code == "p":
            _used(int(argument) if argument.strip().isdigit() else operations + 1, operations, name)
        elif code == "\x95":
            frame = max(frame, at + int.from_bytes(argument, "little"))
    if frame > at + 1:
        raise FormatError(f"{name} is not a whole pickle: it claims {frame:,} bytes and has {at + 1:,}")


def _used(number: int, operations: int, name: Any) -> None:
    if number > operations:
        raise FormatError(f"{name} is not a whole pickle: it numbers {number:,} objects after {operations:,} steps")


def _exactly(file: Any, size: int, name: Any) -> bytes:
    found = file.read(size)
    if len(found) != size:
        raise FormatError(f"{name} is not a whole pickle: it is cut off")
    return found


def _skip(file: Any, size: int, name: Any) -> bytes:
    while size > 0:
        size -= len(_exactly(file, min(size, BLOCK), name))
    return b""


def _line(file: Any, name: Any) -> bytes:
    line = file.readline()
    if not line.endswith(b"\n"):
        raise FormatError(f"{name} is not a whole pickle: it is cut off")
    return line
