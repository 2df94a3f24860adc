"""Files from strangers: what they claim is not believed, what is whole is read, and there is one error."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_lab.archives import FormatError, bounded, check_pickle, gunzip, inflate, inside, member, untar

LIMIT = 1 << 20
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@contextmanager
def refused(why: str) -> Iterator[None]:
    """A refusal that costs no more than a few megabytes, whatever the file claims."""
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=why):
            yield
        assert tracemalloc.get_traced_memory()[1] < 8 * LIMIT
    finally:
        tracemalloc.stop()


def tar(path: Path, *entries: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for info, content in entries:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info, b""


# --- zip, gzip, zlib ---


def test_a_member_is_read_from_a_folder_and_from_a_zip(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"seven")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/a.txt", b"seven")
    for place in (tmp_path, tmp_path / "a.zip"):
        with member(place, "a.txt") as file:
            assert file.read() == b"seven"
        with pytest.raises(FileNotFoundError), member(place, "b.txt"):
            pass


@pytest.mark.parametrize(
    ("method", "why"),
    [
        (zipfile.ZIP_DEFLATED, "holds more than the 1,048,576 bytes"),
        (zipfile.ZIP_BZIP2, "is packed by another method"),
        (zipfile.ZIP_LZMA, "is packed by another method"),
    ],
)
def test_a_small_zip_that_unpacks_to_much_is_refused(tmp_path: Path, method: int, why: str) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", method) as archive, archive.open("a", "w") as file:
        for _ in range(64):
            file.write(bytes(LIMIT))
    with refused(why), member(tmp_path / "bomb.zip", "a", LIMIT) as file:
        file.read()


def test_every_cut_or_flipped_zip_is_a_format_error_or_whole(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"spectrum" * 20)
    whole, path = buffer.getvalue(), tmp_path / "a.zip"
    for damaged in [whole[:at] for at in range(len(whole))] + [
        whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :] for at in range(len(whole)) for bit in range(8)
    ]:
        path.write_bytes(damaged)
        # the name may be the part that is damaged
        with suppress(FormatError, FileNotFoundError), member(path, "a", LIMIT) as file:
            assert file.read() == b"spectrum" * 20


def test_gzip_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(LIMIT)))
    assert gunzip(path, LIMIT) == bytes(LIMIT)
    with pytest.raises(FormatError, match="more than"):
        gunzip(path, LIMIT - 1)
    for damaged in (path.read_bytes()[:-9], b"not gzip", b"\x1f\x8b"):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match=r"a\.gz cannot be read"):
            gunzip(path, LIMIT)


def test_zlib_is_read_up_to_its_limit() -> None:
    packed = zlib.compress(bytes(1000))
    assert inflate(packed, 1000, "x") == bytes(1000)
    for data, limit in ((packed, 999), (packed[:-5], 1000), (b"nothing", 1000), (zlib.compress(bytes(64 << 20)), 1000)):
        with refused("x "):
            inflate(data, limit, "x")


# --- tar ---


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_wanted_files_of_a_tar_in_their_order(tmp_path: Path, mode: str) -> None:
    entries = [(tarfile.TarInfo(f"d/{name}"), name.encode()) for name in ("b", "a", "c")]
    path = tar(tmp_path / "a.tar", *entries, mode=mode)
    assert list(untar(path, lambda name: name != "d/a")) == [("d/b", b"b"), ("d/c", b"c")]


def test_links_are_passed_over_even_in_a_circle(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tgz", link("a", "b"), link("b", "a"), link("c", "/etc/passwd"))
    assert list(untar(path, lambda name: True)) == []


def test_a_tar_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    with gzip.open(path, "wb") as file:
        name = tarfile.TarInfo("long")
        name.type, name.size = tarfile.GNUTYPE_LONGNAME, 64 * LIMIT  # a name of 64 MB
        file.write(name.tobuf(tarfile.GNU_FORMAT))
        for _ in range(64):
            file.write(bytes(LIMIT))
    with refused("more than"):
        list(untar(path, lambda name: True, LIMIT))
    sparse = tarfile.TarInfo("sparse")
    sparse.type, sparse.size = tarfile.GNUTYPE_SPARSE, 0
    header = bytearray(sparse.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"77777777777\0"  # its real size
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:512]))
    (tmp_path / "sparse.tar").write_bytes(bytes(header) + bytes(1024))
    assert list(untar(tmp_path / "sparse.tar", lambda name: True, LIMIT)) == []


def test_every_damaged_tar_is_a_format_error_or_yields_files(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tgz", (tarfile.TarInfo("a"), b"1" * 700), (tarfile.TarInfo("b"), b"2"))
    whole = path.read_bytes()
    plain = gzip.decompress(whole)
    damaged = [whole[:at] for at in range(len(whole))] + [b"", b"not a tar"]
    damaged += [plain[:at] + bytes([plain[at] ^ 0x80]) + plain[at + 1 :] for at in range(512)]
    damaged += [plain[:124] + b"\xff" * 12 + plain[136:]]  # a negative size, over which older tarfiles run in a circle
    for content in damaged:
        path.write_bytes(content)
        with suppress(FormatError):
            list(untar(path, lambda name: True, LIMIT))


# --- names ---


def test_a_path_stays_inside_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    (folder / "circle").symlink_to(folder / "circle")
    assert inside(folder, "a", "b.png") == folder / "a" / "b.png"
    for parts in (("..", "b"), ("/etc/passwd",), ("a", "../../b"), ("out", "b"), ("nul\0",)):
        with pytest.raises(FormatError, match="is not a path inside"):
            inside(folder, *parts)
    with suppress(FormatError):  # newer Pythons resolve the circle to itself
        assert not inside(folder, "circle").is_file()


# --- pickles ---


@settings(max_examples=50)
@given(VALUES)
def test_every_pickle_of_python_passes(value: object) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        whole = pickle.dumps(value, protocol)
        file = io.BytesIO(whole + b"the next one")
        check_pickle(file, "x")
        assert file.tell() == len(whole)
        for cut in range(0, len(whole), 1 + len(whole) // 8):
            with pytest.raises(FormatError, match="x is not a whole pickle"):
                check_pickle(io.BytesIO(whole[:cut]), "x")


@pytest.mark.parametrize(
    "hostile",
    [
        b"\x8e" + struct.pack("<Q", 4 << 30) + b".",  # bytes of 4 GB
        b"\x8d" + struct.pack("<Q", 4 << 30) + b".",  # a text
        b"\x96" + struct.pack("<Q", 4 << 30) + b".",  # a bytearray
        b"X" + struct.pack("<I", 4_000_000_000) + b".",
        b"T" + struct.pack("<i", -1) + b".",
        b"\x8b" + struct.pack("<i", -5) + b".",  # a whole number of -5 bytes
        b"Nr" + struct.pack("<I", 1 << 29) + b".",  # the 2^29th object
        b"Np536870912\n.",
        b"N\x95" + struct.pack("<Q", 4 << 30) + b".",  # a frame
        b"\xff.",
        b"cos\nsystem",
    ],
)
def test_a_pickle_that_claims_more_than_it_is_is_refused(hostile: bytes) -> None:
    with refused("x is not a whole pickle"):
        check_pickle(bounded(io.BytesIO(hostile), "x"), "x")
