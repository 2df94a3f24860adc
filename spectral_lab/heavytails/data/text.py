"""Text byte by byte: what Python itself ships, so that everyone has some. It differs from version to version."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import UInt8
from torch import Tensor

from spectral_lab import checks
from spectral_lab.samples import Batched

SOURCES = ("topics", "library")
LEARNT = 0.9  # the first nine tenths are learnt from


def shipped_text(source: str = "topics") -> bytes:
    """The help topics of Python (half a megabyte), or the source of its library without tests (eleven).

    Topics stand in the order of their names with blank lines between them, files in the order of their paths.
    Raises: ValueError.
    """
    if checks.choice(source, "source", SOURCES) == "topics":
        from pydoc_data.topics import topics

        return "\n\n".join(topics[name] for name in sorted(topics)).encode()
    root = Path(hashlib.__file__).parent
    left_out = {"test", "tests", "idlelib", "site-packages", "__pycache__", "lib2to3"}
    files = (path for path in sorted(root.rglob("*.py")) if not left_out & set(path.relative_to(root).parts))
    return b"\n\n".join(path.read_bytes() for path in files)


def text_identity(source: str = "topics") -> str:
    """Size and SHA-256 of `shipped_text`, which differ from one version of Python to the next. Raises: ValueError."""
    content = shipped_text(source)
    return f"{len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}"


def passages(source: str = "topics", context: int = 128, most: int | None = None) -> dict[str, Passages]:
    """Passages of context + 1 bytes: "train" from the first nine tenths, "test" from the rest, `most` of them at most.

    Training passages start every half of a context, those of the test every whole one, so that these do not overlap.
    Raises: ValueError.
    """
    context = checks.integer(context, "context", 2, 65_536)
    content = torch.frombuffer(bytearray(shipped_text(source)), dtype=torch.uint8)
    cut = int(LEARNT * len(content))
    end = None if most is None else cut + most * context + 1
    return {
        "train": Passages(content[:cut], context, max(context // 2, 1)),
        "test": Passages(content[cut:end], context, context),
    }


@dataclass(frozen=True)
class Passages(Batched):
    """Passages of a text; a batch is (bytes, the bytes that follow each of them)."""

    content: UInt8[Tensor, " bytes"]
    context: int
    step: int

    def __len__(self) -> int:
        return max((len(self.content) - self.context - 1) // self.step + 1, 0)

    def __getitems__(self, rows: list[int]) -> tuple[Tensor, Tensor]:
        starts = torch.as_tensor(rows)[:, None] * self.step
        found = self.content[starts + torch.arange(self.context + 1)].long()
        return found[:, :-1], found[:, 1:]
