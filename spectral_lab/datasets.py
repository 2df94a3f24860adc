"""Published data sets: where they are, how large, and the hash that proves them. Fetched once, checked always.

A chapter's `data` lists what it can use beyond its generators. A file with an address is fetched; one without is put
in its place by hand, and the set says where it is had:

    DATASETS = {
        "cifar10": Dataset(
            "cifar10", "CIFAR-10, 60 000 colour images, binary version",
            (File("cifar-10-binary.tar.gz", 170_052_171, "sha256:c4a38c50a1bc...", (ADDRESS,)),),
        ),
        "zinc": Dataset(
            "zinc", "ZINC-12k, molecules", (File("zinc/molecules.zip"), File("zinc/train.index")),
            source="molecules.zip is at ..., the index files at ...",
        ),
    }

    (archive,) = DATASETS["cifar10"].fetch()    # downloads on first use; `spectral-lab data cifar10` does the same
    molecules, index = DATASETS["zinc"].fetch()    # or says which file is missing, where it goes and where it is had
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import Any

from spectral_lab.atomic import make_writable, writing
from spectral_lab.checkout import local_folder

HASH = re.compile("sha256:[0-9a-f]{64}|git:[0-9a-f]{40}")


def data_folder() -> Path:
    """Where data sets are kept: `SPECTRAL_LAB_DATA` if set, else `data/` of the checkout, else the user's cache."""
    return local_folder("SPECTRAL_LAB_DATA", "data", elsewhere=_cache)


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("spectral_lab"))


class DatasetUnavailable(FileNotFoundError):
    """A data set is neither here nor to be had; the message says which file to put where, and its hash."""


@dataclass(frozen=True)
class File:
    """A file of published data: its place in the data folder, size in bytes, hash, and addresses in the order to try.

    A hash is "sha256:" or "git:" (SHA-1 of "blob SIZE", a zero byte and the content, by which git knows a file) with
    hexadecimal digits. A file without an address is fetched by hand; its hash is checked if one is published.
    Raises: ValueError for a place outside the data folder, an unknown hash, and a download that nothing would prove.
    """

    name: str
    size: int | None = None
    hash: str = ""
    urls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        place = PurePosixPath(self.name)
        if not self.name or place.is_absolute() or {"..", "."} & set(self.name.split("/")):
            raise ValueError(f"name must be a place in the data folder, got {self.name!r}")
        if self.hash and not HASH.fullmatch(self.hash):
            raise ValueError(f"hash must be 'sha256:' or 'git:' with 64 or 40 hexadecimal digits, got {self.hash!r}")
        if self.urls and not (self.hash and self.size):
            raise ValueError(f"{self.name} must have a size and a hash to be downloaded from {self.urls[0]}")

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        return data_folder() / self.name

    @property
    def algorithm(self) -> str:
        """The kind of the hash."""
        return self.hash.partition(":")[0]

    @property
    def digest(self) -> str:
        """The hash itself."""
        return self.hash.partition(":")[2]

    def digest_of(self, file: Any) -> str:
        """The hash of an open file, of the kind of this one's."""
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if self.algorithm == "git":
            start = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
            return hashlib.file_digest(file, lambda: start).hexdigest()
        return hashlib.file_digest(file, self.algorithm).hexdigest()

    def described(self) -> str:
        """The file and how it is known, for whoever fetches it by hand."""
        known = [f"{self.size / 1e6:.1f} MB"] if self.size is not None else []
        known += [f"{self.algorithm} {self.digest}"] if self.hash else []
        return f"{self.name} ({', '.join(known)})" if known else self.name


@dataclass(frozen=True)
class Dataset:
    """One or more files of published data; `source` says where those are had that have no address."""

    name: str
    description: str
    files: tuple[File, ...]
    source: str = ""

    @property
    def size(self) -> int | None:
        """Bytes in all; None if the size of a file is not known."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def by_hand(self) -> bool:
        """Whether a file of it has no address."""
        return not all(file.urls for file in self.files)

    @property
    def missing(self) -> tuple[File, ...]:
        """The files that are not in their place."""
        return tuple(file for file in self.files if not file.path.is_file())

    @property
    def present(self) -> bool:
        """True if all files are there (their hashes are checked by `fetch`)."""
        return not self.missing

    def instructions(self) -> str:
        """What is missing and must be put in its place by hand, and where it is had; empty if there is nothing."""
        wanted = [file.described() for file in self.missing if not file.urls]
        return f"put {', '.join(wanted)} into {data_folder()}. {self.source}".strip() if wanted else ""

    def fetch(self, folder: Path | None = None) -> tuple[Path, ...]:
        """The paths of the files, in their order, downloaded if they are not there.

        Args: folder, where the reader keeps them, in place of the data folder: they are taken from it as they are.
        Raises `DatasetUnavailable` if a file is missing and cannot be downloaded, or if one that is there has another
        hash; a file that is there is never replaced.
        """
        if folder is not None:
            return self._found(Path(folder))
        if by_hand := self.instructions():
            raise DatasetUnavailable(f"{self.name} is fetched by hand: {by_hand}")
        return tuple(self._checked(file) if file.path.is_file() else self._downloaded(file) for file in self.files)

    def _found(self, folder: Path) -> tuple[Path, ...]:
        paths = tuple(folder / PurePosixPath(file.name).name for file in self.files)
        if missing := [path.name for path in paths if not path.is_file()]:
            raise DatasetUnavailable(f"{self.name}: {folder} holds no {', '.join(missing)}. {self.source}".strip())
        return paths

    def _downloaded(self, file: File) -> Path:
        reasons = []
        for url in file.urls:
            try:
                _download(file, url)
                return file.path
            except Exception as error:  # no network, a moved page, a foreign file, no room: try the next address
                reasons.append(f"{url} ({type(error).__name__}: {error})")
        raise DatasetUnavailable(
            f"{self.name} could not be downloaded from {'; '.join(reasons)}. "
            f"Get {file.described()} by other means and put it at {file.path}."
        )

    def _checked(self, file: File) -> Path:
        if file.hash:
            with file.path.open("rb") as content:
                found = file.digest_of(content)
            if found != file.digest:
                raise DatasetUnavailable(
                    f"{file.path} is not {self.name}: its {file.algorithm} is {found}, but must be {file.digest}. "
                    "Remove the file or put the right one in its place."
                )
        return file.path


def _download(file: File, url: str) -> None:
    """Into a file without a name, so that a killed download leaves nothing; kept once its hash is right."""
    import pooch

    assert file.size is not None  # it has an address
    make_writable(file.path.parent)
    with TemporaryFile(dir=file.path.parent) as content:
        pooch.HTTPDownloader(progressbar=True)(url, _Measured(content, file.size), None)
        found = file.digest_of(content)
        if found != file.digest:
            raise ValueError(f"what came has the {file.algorithm} hash {found}")
        content.seek(0)
        with writing(file.path) as kept:
            shutil.copyfileobj(content, kept)


@dataclass
class _Measured:
    """A file that takes no more bytes than it shall have: an address that never ends must not fill the disk."""

    file: Any
    left: int

    def write(self, block: bytes) -> None:
        self.left -= len(block)
        if self.left < 0:
            raise ValueError("more came than the file has bytes")
        self.file.write(block)

    def flush(self) -> None:
        self.file.flush()
