"""What the pruning of LLaMA-7B needs: its checkpoint, the text it is tested on, and that it is calibrated with."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor

from spectral_lab.archives import FormatError
from spectral_lab.datasets import Dataset, File

MODEL, TEST, CALIBRATION = "llama-7b", "wikitext-2-raw/wiki.test.raw", "c4/c4-train.00000-of-01024.json.gz"
LLAMA = Dataset(
    "llama",
    "LLaMA-7B, the test of WikiText-2 and a part of C4: what the pruning of the paper is measured on",
    (
        File(f"{MODEL}/config.json"),
        File(f"{MODEL}/model.safetensors.index.json"),
        File(f"{MODEL}/tokenizer.json"),
        File(TEST),
        File(CALIBRATION),
    ),
    source="LLaMA-7B in safetensors from whoever licensed it to you, its parts beside the index; WikiText-2 raw and "
    "the first training file of C4 (https://huggingface.co/datasets/allenai/c4, en) as their authors publish them.",
)
Encode = Callable[[str], list[int]]


def tokenizer(folder: Path) -> Encode:
    """Text to tokens by the `tokenizer.json` of a checkpoint. Raises: ImportError."""
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise ImportError("tokens are made by the package tokenizers: pip install tokenizers") from None
    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return lambda text: made.encode(text).ids


def windows_of(path: Path, encode: Encode, length: int) -> Int[Tensor, "windows length"]:
    """The whole text as tokens, in windows that do not overlap; what is left over at the end is left out."""
    tokens = torch.tensor(encode(path.read_text(encoding="utf-8")))
    return _some(tokens[: len(tokens) // length * length].view(-1, length), path)


def calibration(path: Path, encode: Encode, length: int, samples: int, seed: int) -> Int[Tensor, "samples length"]:
    """A random window of each of as many random documents that are long enough, of a file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    draw, found = torch.Generator().manual_seed(seed), list[Tensor]()
    for place in torch.randperm(len(texts), generator=draw).tolist():
        if len(found) == samples:
            break
        if len(tokens := encode(texts[place])) > length:
            start = int(torch.randint(len(tokens) - length, (1,), generator=draw))
            found.append(torch.tensor(tokens[start : start + length]))
    return _some(torch.stack(found) if len(found) == samples else torch.empty(0, length), path)


def _some(windows: Tensor, path: Path) -> Tensor:
    if not len(windows):
        raise FormatError(f"{path} is too short for what is taken of it")
    return windows
