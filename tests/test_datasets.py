"""Data sets: fetched once, checked always, never replaced, and clear about what to do offline."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from spectral_lab.course import CHAPTERS
from spectral_lab.datasets import Dataset, DatasetUnavailable, data_folder

CONTENT = b"seven spectra"


def dataset(url: str) -> Dataset:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return Dataset("toy", "a toy", len(CONTENT), (url,), f"sha256:{digest}", "toy.bin")


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
    assert toy.fetch().read_bytes() == CONTENT
    assert toy.present
    assert dataset("http://127.0.0.1:9/gone").fetch() == folder / "toy.bin"


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
    for needed in ("toy.bin", str(folder / "toy.bin"), toy.hash.split(":")[1], "http://127.0.0.1:9/gone"):
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
    script = "import sys; from spectral_lab.datasets import Dataset\n"
    script += f"Dataset('toy', 'a toy', 1 << 60, (sys.argv[1],), 'sha256:{'0' * 64}', 'toy.bin').fetch()"
    download = subprocess.Popen([sys.executable, "-c", script, address], stderr=subprocess.DEVNULL)
    assert begun.wait(60)
    download.send_signal(number)
    assert download.wait(60) != 0
    assert list(folder.iterdir()) == []


def test_every_data_set_comes_encrypted_and_is_proved_by_a_strong_hash() -> None:
    known = [dataset for item in CHAPTERS for dataset in item.listed("DATASETS").values()]
    assert len(known) >= 6
    for each in known:
        assert each.hash.startswith("sha256:"), each.name
        assert all(url.startswith("https://") for url in each.urls), each.name
