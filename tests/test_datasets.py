"""Data sets: fetched once, checked always, never replaced, and clear about what to do offline."""

from __future__ import annotations

import hashlib
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from spectral_lab.course import CHAPTERS
from spectral_lab.datasets import Dataset, DatasetUnavailable, File, data_folder

CONTENT = b"seven spectra"


def dataset(url: str) -> Dataset:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return Dataset("toy", "a toy", (File("toy.bin", len(CONTENT), f"sha256:{digest}", (url,)),))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPECTRAL_LAB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def server(tmp_path: Path):
    """A web server on this machine with one file to give."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "toy.bin").write_bytes(CONTENT)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "www"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/toy.bin"
        running.shutdown()


def test_fetch_once_then_use_what_is_here(server: str, folder: Path) -> None:
    toy = dataset(server)
    assert not toy.present
    (path,) = toy.fetch()
    assert path.read_bytes() == CONTENT
    assert toy.present
    assert dataset("http://127.0.0.1:9/gone").fetch() == (folder / "toy.bin",)


def test_a_foreign_file_is_named_and_left_alone(server: str, folder: Path) -> None:
    folder.mkdir()
    (folder / "toy.bin").write_bytes(b"something else")
    with pytest.raises(DatasetUnavailable, match=r"toy\.bin is not toy: its sha256 is .*, but must be"):
        dataset(server).fetch()
    assert (folder / "toy.bin").read_bytes() == b"something else"


def test_offline_says_which_file_goes_where(folder: Path) -> None:
    toy = dataset("http://127.0.0.1:9/gone")
    with pytest.raises(DatasetUnavailable) as caught:
        toy.fetch()
    for needed in ("toy.bin", str(folder / "toy.bin"), toy.files[0].digest, "http://127.0.0.1:9/gone"):
        assert needed in str(caught.value)
    assert not toy.present


def test_a_changed_download_is_refused(server: str, tmp_path: Path, folder: Path) -> None:
    (tmp_path / "www" / "toy.bin").write_bytes(b"tampered")
    with pytest.raises(DatasetUnavailable, match="hash"):
        dataset(server).fetch()
    assert not dataset(server).present


def test_default_folder_is_in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPECTRAL_LAB_DATA")
    assert data_folder().name == "data"
    assert (data_folder().parent / "pyproject.toml").is_file()


@pytest.fixture
def endless():
    """A web server that sends bytes for ever, slowly at first."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Event, Thread

    begun = Event()

    class Endless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):  # until the other side is gone
                while True:
                    self.wfile.write(bytes(1 << 14))
                    begun.set()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as running:
        running.daemon_threads = True
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/", begun
        running.shutdown()


def test_an_address_that_never_ends_does_not_fill_the_disk(endless, folder: Path) -> None:
    with pytest.raises(DatasetUnavailable, match="more came than the file has bytes"):
        dataset(endless[0]).fetch()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_download_leaves_nothing(endless, folder: Path, number: int) -> None:
    address, begun = endless
    script = "import sys; from spectral_lab.datasets import Dataset, File\n"
    script += f"file = File('toy.bin', 1 << 60, 'sha256:{'0' * 64}', (sys.argv[1],))\n"
    script += "Dataset('toy', 'a toy', (file,)).fetch()"
    download = subprocess.Popen([sys.executable, "-c", script, address], stderr=subprocess.DEVNULL)
    assert begun.wait(60)
    download.send_signal(number)
    assert download.wait(60) != 0
    assert list(folder.iterdir()) == []


# --- several files, and files that are fetched by hand ---------------------------------------------------------------


def by_hand(**of_data: object) -> Dataset:
    files = (File("toys/a.bin"), File("toys/b.bin", len(CONTENT), **of_data))
    return Dataset("toys", "two toys", files, source="They are in the cupboard.")


def test_what_is_fetched_by_hand_says_where_it_goes_and_where_it_is_had(folder: Path) -> None:
    toys = by_hand()
    assert (toys.size, toys.present, [file.name for file in toys.missing]) == (
        None,
        False,
        ["toys/a.bin", "toys/b.bin"],
    )
    expected = f"put toys/a.bin, toys/b.bin (0.0 MB) into {folder}. They are in the cupboard."
    assert toys.instructions() == expected
    with pytest.raises(DatasetUnavailable) as caught:
        toys.fetch()
    assert str(caught.value) == f"toys is fetched by hand: {expected}"
    (folder / "toys").mkdir(parents=True)
    (folder / "toys" / "a.bin").touch()
    assert "a.bin" not in toys.instructions()
    (folder / "toys" / "b.bin").touch()
    assert toys.present
    assert toys.instructions() == ""
    assert toys.fetch() == (folder / "toys" / "a.bin", folder / "toys" / "b.bin")


def test_a_reader_may_keep_the_files_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"anything")
    with pytest.raises(DatasetUnavailable, match=r"toys: .* holds no b\.bin\. They are in the cupboard"):
        by_hand().fetch(tmp_path)
    (tmp_path / "b.bin").touch()
    assert by_hand().fetch(tmp_path) == (tmp_path / "a.bin", tmp_path / "b.bin")


def test_a_set_of_a_file_with_an_address_and_one_without(server: str, folder: Path) -> None:
    (address,) = dataset(server).files
    mixed = Dataset("mixed", "both", (File("a.bin"), address))
    with pytest.raises(DatasetUnavailable, match=r"fetched by hand: put a\.bin into .*data\.$"):
        mixed.fetch()
    assert not address.path.exists()
    folder.mkdir(exist_ok=True)
    (folder / "a.bin").touch()
    assert mixed.fetch()[1].read_bytes() == CONTENT


def test_a_file_is_known_by_the_hash_that_git_knows_it_by(folder: Path) -> None:
    """`git hash-object` of b"seven spectra"."""
    toys = by_hand(hash="git:ed8c1c095574a86d2a3fca8a4f1c027bd9080951")
    (folder / "toys").mkdir(parents=True)
    (folder / "toys" / "a.bin").touch()
    (folder / "toys" / "b.bin").write_bytes(CONTENT)
    assert toys.fetch()[1].read_bytes() == CONTENT
    (folder / "toys" / "b.bin").write_bytes(CONTENT + b" ")
    with pytest.raises(DatasetUnavailable, match=r"b\.bin is not toys: its git is "):
        toys.fetch()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: File("../toy.bin"), "name must be a place in the data folder"),
        (lambda: File("/toy.bin"), "name must be a place in the data folder"),
        (lambda: File(""), "name must be a place in the data folder"),
        (lambda: File("toy.bin", 7, f"md5:{'0' * 32}"), "hash must be 'sha256:' or 'git:'"),
        (lambda: File("toy.bin", 7, "sha256:0"), "hash must be"),
        (lambda: File("toy.bin", 7, "", ("https://a.org",)), "must have a size and a hash"),
        (
            lambda: File("toy.bin", None, f"sha256:{'0' * 64}", ("https://a.org",)),
            "must have a size and a hash",
        ),
    ],
)
def test_files_that_cannot_be_kept_or_proved_are_refused(make, message) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_every_data_set_comes_encrypted_or_says_where_it_is_had() -> None:
    known = {name: dataset for item in CHAPTERS for name, dataset in item.listed("DATASETS").items()}
    assert {"cifar10", "mnist", "imdb", "aan", "zinc", "alchemy", "drugood-size"} <= set(known)
    for name, each in known.items():
        assert each.name == name
        assert all(url.startswith("https://") for file in each.files for url in file.urls), name
        assert not each.by_hand or re.search(r"https?://", each.source), name
