"""Published data sets: where they are, how large, and the hash that proves them. Fetched once, checked always.

A chapter's `data.py` lists what it can use beyond its generators:

    DATASETS = {
        "cifar10": Dataset(
            name="cifar10", description="CIFAR-10, 60 000 colour images, binary version", size=170_052_171,
            urls=("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
            hash="sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            file="cifar-10-binary.tar.gz",
        ),
    }

    path = DATASETS["cifar10"].fetch()          # downloads on first use; `spectral-lab data cifar10` does the same
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from spectral_lab.atomic import make_writable, writing
from spectral_lab.checkout import local_folder


def data_folder() -> Path:
    """Where data sets are kept: `SPECTRAL_LAB_DATA` if set, else `data/` of the checkout, else the user's cache."""
    return local_folder("SPECTRAL_LAB_DATA", "data", elsewhere=_cache)


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("spectral_lab"))


class DatasetUnavailable(RuntimeError):
    """A data set is neither here nor to be had; the message says which file to put where, and its hash."""


@dataclass(frozen=True)
class Dataset:
    """One file of published data: size in bytes, addresses in the order to try, hash as "algorithm:hex"."""

    name: str
    description: str
    size: int
    urls: tuple[str, ...]
    hash: str
    file: str

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        return data_folder() / self.file

    @property
    def present(self) -> bool:
        """True if the file is there (its hash is checked by `fetch`)."""
        return self.path.is_file()

    def fetch(self) -> Path:
        """The path of the file, downloaded if it is not there.

        Raises `DatasetUnavailable` if it cannot be downloaded, or if the file that is there has another hash; a
        file that is there is never replaced.
        """
        if self.present:
            return self._checked()
        reasons = []
        for url in self.urls:
            try:
                self._download(url)
                return self.path
            except Exception as error:  # no network, a moved page, a foreign file, no room: try the next address
                reasons.append(f"{url} ({type(error).__name__}: {error})")
        raise DatasetUnavailable(
            f"{self.name} could not be downloaded from {'; '.join(reasons)}. "
            f"Get {self.file} ({self.size / 1e6:.1f} MB) by other means and put it at {self.path}; "
            f"its {self._algorithm} must be {self._digest}."
        )

    def _download(self, url: str) -> None:
        """Into a file without a name, so that a killed download leaves nothing; kept once its hash is right."""
        import pooch

        make_writable(self.path.parent)
        with TemporaryFile(dir=self.path.parent) as file:
            pooch.HTTPDownloader(progressbar=True)(url, _Measured(file, self.size), None)
            found = self._hash_of(file)
            if found != self._digest:
                raise ValueError(f"what came has the {self._algorithm} hash {found}")
            file.seek(0)
            with writing(self.path) as kept:
                shutil.copyfileobj(file, kept)

    def _checked(self) -> Path:
        with self.path.open("rb") as file:
            found = self._hash_of(file)
        if found != self._digest:
            raise DatasetUnavailable(
                f"{self.path} is not {self.name}: its {self._algorithm} is {found}, but must be {self._digest}. "
                "Remove the file or put the right one in its place."
            )
        return self.path

    def _hash_of(self, file: Any) -> str:
        file.seek(0)
        return hashlib.file_digest(file, lambda: hashlib.new(self._algorithm, usedforsecurity=False)).hexdigest()

    @property
    def _algorithm(self) -> str:
        return self.hash.split(":")[0]

    @property
    def _digest(self) -> str:
        return self.hash.split(":")[1].lower()


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
