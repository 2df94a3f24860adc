"""Weights of strangers, one tensor at a time: safetensors files, folders of them, and torch state dicts.

A safetensors file is read here and not by its library, because the library refuses the whole file where one entry lies.
Every claim of the header is checked against the file; an entry that fails is named with the reason, and the others are
still read. Memory holds one tensor. A torch file is loaded with `weights_only`, which runs no code of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from spectral_lab.archives import FormatError

LONGEST_HEADER = 100_000_000  # bytes, the limit of the format's own library
LARGEST_INDEX = 200_000_000
MOST_ENTRIES = 200_000
INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"
TORCH = (".bin", ".pt", ".pth", ".ckpt")
WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
WHOLE = {"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "U16": 2, "U32": 4, "U64": 8, "BOOL": 1}


@dataclass(frozen=True)
class Entry:
    """A tensor that can be read: its name, shape and type in the file, how many bytes, and how to read it."""

    name: str
    shape: tuple[int, ...]
    kind: str
    size: int
    read: Callable[[], Float[np.ndarray, "*shape"]] = field(repr=False)


@dataclass(frozen=True)
class Checkpoint:
    """What a path holds: tensors in the order of their names as stored, and a line for each that cannot be read."""

    source: str
    entries: tuple[Entry, ...]
    remarks: tuple[str, ...] = ()


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Look into a `.safetensors` file, a folder of them, or a torch state dict; no weight is read yet.

    Raises: FileNotFoundError; FormatError, a ValueError, where nothing in it can be read, with the reason.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise FormatError(f"{path.name} is neither a file nor a folder")
    if path.suffix == ".safetensors":
        return _safetensors(path)
    if path.name.endswith(".index.json"):
        return _sharded(path)
    if path.suffix in TORCH:
        return _torch(path)
    allowed = ", ".join((".safetensors", ".index.json", *TORCH))
    raise FormatError(f"{path.name} must be a folder or end in one of {allowed}")


def of_tensors(tensors: Mapping[str, Any], source: str) -> Checkpoint:
    """The tensors or arrays of a state dict; those that share their memory are read once."""
    entries, remarks, seen = [], list[str](), dict[Any, str]()
    for name, value in tensors.items():
        shape, kind = tuple(getattr(value, "shape", ())), str(getattr(value, "dtype", type(value).__name__))
        if not hasattr(value, "dtype") or not hasattr(value, "shape"):
            remarks.append(f"{name} is no tensor but a {kind}: left out")
            continue
        kind = kind.removeprefix("torch.")
        if getattr(value, "is_sparse", False) or getattr(value, "is_quantized", False):
            remarks.append(f"{name} is stored sparse or quantised: left out")
            continue
        if not any(part in kind for part in ("float", "complex")):
            remarks.extend(_whole_numbers(str(name), shape, kind))
            continue
        place = (value.data_ptr(), shape) if hasattr(value, "data_ptr") and value.numel() else (id(value), shape)
        if place in seen:
            remarks.append(f"{name} shares its values with {seen[place]}: read once")
            continue
        seen[place] = name
        size = int(math.prod(shape)) * int(getattr(value, "itemsize", 4))
        entries.append(Entry(str(name), shape, kind, size, lambda value=value: _as_float32(value)))
    return Checkpoint(source, tuple(entries), tuple(remarks))


# --- safetensors -----------------------------------------------------------------------------------------------------


def _folder(path: Path) -> Checkpoint:
    """A folder as models are published: an index with its parts, one file, or whatever can be read in it."""
    if (path / INDEX).is_file():
        return _sharded(path / INDEX)
    if (path / SINGLE).is_file():
        return _safetensors(path / SINGLE)
    files = sorted(path.glob("*.safetensors")) or sorted(p for p in path.iterdir() if p.suffix in TORCH and p.is_file())
    if not files:
        raise FormatError(f"{path} holds no .safetensors file and no torch file ({', '.join(TORCH)})")
    return _together(str(path), files, {})


def _sharded(index: Path) -> Checkpoint:
    """The parts that an index names, each only once, and only the tensors that the index places there."""
    if index.stat().st_size > LARGEST_INDEX:
        raise FormatError(f"{index.name} is longer than the {LARGEST_INDEX:,} bytes that are read of it")
    try:
        table = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        placed = {str(name): str(part) for name, part in table.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FormatError(f"{index.name} holds no table 'weight_map' from names to files") from None
    files, remarks = [], []
    for part in sorted(set(placed.values())):
        file = index.parent / part  # which may be a link to elsewhere: so do model hubs keep what they fetched
        if Path(part).name != part:
            remarks.append(f"{part!r} in {index.name} is no name of a file beside it")
        elif file.is_file():
            files.append(file)
        else:
            missing = sum(place == part for place in placed.values())
            remarks.append(f"{part} is missing, and {missing} tensors with it")
    return _together(str(index.parent), files, placed, remarks)


def _together(source: str, files: Iterable[Path], placed: Mapping[str, str], remarks: Iterable[str] = ()) -> Checkpoint:
    entries, lines = list[Entry](), list(remarks)
    for file in files:
        try:
            part = _safetensors(file) if file.suffix == ".safetensors" else _torch(file)
        except (FormatError, OSError) as error:
            lines.append(str(error))
            continue
        entries.extend(e for e in part.entries if placed.get(e.name, file.name) == file.name)
        lines.extend(part.remarks)
    missing = placed.keys() - {entry.name for entry in entries}
    told = " ".join(lines)
    lines.extend(f"{name} is in the index and in no file" for name in sorted(missing)[:20] if name not in told)
    if not entries:
        raise FormatError(f"{source}: no tensor can be read. {'; '.join(lines[:5])}")
    return Checkpoint(source, tuple(entries), tuple(lines))


def _safetensors(path: Path) -> Checkpoint:
    size = path.stat().st_size
    _no_pointer(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(LONGEST_HEADER, size - 8):
            raise FormatError(f"{path.name} is no safetensors file: its header claims {length:,} of {size:,} bytes")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{path.name} has a header that is no JSON: {str(error)[:80]}") from None
    if not isinstance(header, dict) or len(header) > MOST_ENTRIES:
        raise FormatError(f"{path.name} has a header that is no table of at most {MOST_ENTRIES:,} tensors")
    header.pop("__metadata__", None)
    entries, remarks, seen = [], list[str](), dict[Any, str]()
    for name, claim in header.items():
        try:
            shape, kind, start, end = _checked(claim, size - 8 - length)
        except FormatError as error:
            remarks.append(f"{name}: {error}")
            continue
        if kind not in WIDTHS:
            remarks.extend(_whole_numbers(name, shape, kind))
        elif end > start and (start, end) in seen:
            remarks.append(f"{name} shares its values with {seen[start, end]}: read once")
        else:
            seen[start, end] = name
            place = 8 + length + start
            read = lambda s=shape, k=kind, at=place: _read(path, s, k, at)  # noqa: E731
            entries.append(Entry(name, shape, kind, end - start, read))
    if not entries and remarks:
        raise FormatError(f"{path.name}: no tensor can be read. {'; '.join(remarks[:5])}")
    return Checkpoint(str(path), tuple(entries), tuple(remarks))


def _checked(claim: Any, room: int) -> tuple[tuple[int, ...], str, int, int]:
    """Shape, type and place of a tensor, if the header's claims agree with each other and with the file."""
    try:
        kind, shape, (start, end) = claim["dtype"], tuple(claim["shape"]), claim["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise FormatError("its entry lacks dtype, shape or data_offsets") from None
    if not isinstance(kind, str) or (kind not in WIDTHS and kind not in WHOLE):
        raise FormatError(f"its type {str(kind)[:20]!r} is not one that is read")
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (*shape, start, end))
    if not whole or len(shape) > 16:
        raise FormatError("its shape or its place is not made of whole numbers")
    wanted = math.prod(shape) * {**WIDTHS, **WHOLE}[kind]
    if end - start != wanted:
        raise FormatError(f"its shape {shape} needs {wanted:,} bytes, its place holds {end - start:,}")
    if end > room:
        raise FormatError(f"the file is cut short: {end - room:,} bytes of it are missing")
    return shape, kind, start, end


def _read(path: Path, shape: tuple[int, ...], kind: str, place: int) -> Float[np.ndarray, "*shape"]:
    raw = np.empty(math.prod(shape) * WIDTHS[kind], np.uint8)  # twice as fast as bytes, whose pages come one by one
    with path.open("rb") as file:
        file.seek(place)
        found = file.readinto(raw.data)
    if found != len(raw):
        raise FormatError("the file has become shorter since it was opened")
    return decode(raw, kind).reshape(shape)


def decode(raw: bytes | UInt8[np.ndarray, " bytes"], kind: str) -> Float[np.ndarray, " entries"]:
    """Little-endian numbers of the types of safetensors as float32."""
    if kind == "BF16":  # the upper half of a float32
        wide = np.frombuffer(raw, "<u2").astype(np.uint32)
        wide <<= 16
        return wide.view(np.float32)
    if kind == "F8_E5M2":  # the upper half of a float16
        return (np.frombuffer(raw, np.uint8).astype(np.uint16) << 8).view(np.float16).astype(np.float32)
    if kind == "F8_E4M3":
        return _e4m3()[np.frombuffer(raw, np.uint8)]
    with np.errstate(over="ignore"):  # a float64 too large for float32 becomes infinite, and is reported as such
        return np.frombuffer(raw, {"F64": "<f8", "F32": "<f4", "F16": "<f2"}[kind]).astype(np.float32, copy=False)


def _e4m3() -> Float[np.ndarray, " codes"]:
    """The values of the 256 codes: 4 bits of exponent with bias 7, 3 of fraction, no infinities (Micikevicius 2022)."""
    code = np.arange(256)
    exponent, fraction = (code >> 3) & 15, code & 7
    size = np.where(exponent == 0, fraction * 2.0**-9, (8 + fraction) * 2.0 ** (exponent - 10.0))
    size[(code & 127) == 127] = np.nan
    return np.where(code & 128, -size, size).astype(np.float32)


def _whole_numbers(name: str, shape: tuple[int, ...], kind: str) -> list[str]:
    """A line where a matrix of whole numbers may be a quantised weight; counters, places and masks are passed over."""
    if len(shape) < 2 or kind in ("BOOL", "bool", "I64", "int64") or name.endswith("bias"):
        return []
    return [f"{name} holds whole numbers ({kind}): without their scales they are codes, not weights; left out"]


# --- torch -----------------------------------------------------------------------------------------------------------


def _torch(path: Path) -> Checkpoint:
    import torch

    _no_pointer(path)
    with path.open("rb") as file:
        begin = file.read(4)
    if not begin.startswith((b"PK\3\4", b"\x80")):
        raise FormatError(f"{path.name} is not loaded: it is {'empty' if not begin else 'no file of torch.save'}")
    try:
        try:
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError:  # the old format cannot be mapped
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises of every kind for files that are broken or want to run code
        if "Unsupported global" in (reason := str(error)) or "Unsupported class" in reason or "GLOBAL" in reason:
            why = "it holds more than weights, and what it holds would run as code"
            raise FormatError(
                f"{path.name} is not loaded: {why}. Save model.state_dict() alone, or use safetensors"
            ) from None
        raise FormatError(f"{path.name} is not loaded: it is cut short, damaged, or no file of torch.save") from None
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping):
        raise FormatError(f"{path.name} holds a {type(content).__name__}, not a table of tensors")
    return of_tensors(content, str(path))


def _as_float32(value: Any) -> Float[np.ndarray, "*shape"]:
    if hasattr(value, "detach"):
        import torch

        value = value.detach().to("cpu", torch.float32).numpy()
    return np.asarray(value, dtype=np.float32)


def _no_pointer(path: Path) -> None:
    """Raises: FormatError for what git leaves in a clone in place of a large file."""
    with path.open("rb") as file:
        if file.read(40).startswith(b"version https://git-lfs"):
            raise FormatError(f"{path.name} is a pointer of git-lfs, not the file itself: `git lfs pull` fetches it")
