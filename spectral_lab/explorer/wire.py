"""From one picture to the next in few bytes: what changed, and arrays as binary buffers.

A figure is a tree of dicts, lists, numbers, strings and arrays. `difference` walks two trees together and returns
the changed leaves; `pack` moves the arrays out of the message into buffers. The browser keeps every unchanged part
of the tree by reference, so it can see at a glance which traces it must draw again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Path = list[str | int]
Patch = list[tuple[Path, Any]]


def difference(old: Any, new: Any, path: Path | None = None) -> Patch:
    """The changes [(path, value), ...] that turn `old` into `new`; an empty path replaces the whole tree."""
    path = path or []
    if isinstance(new, np.ndarray):
        same = isinstance(old, np.ndarray) and old.shape == new.shape and old.dtype == new.dtype
        # NaN marks a gap in a curve: two gaps at the same place are no change.
        return (
            [] if same and (old is new or np.array_equal(old, new, equal_nan=new.dtype.kind == "f")) else [(path, new)]
        )
    if isinstance(new, dict) and isinstance(old, dict) and old.keys() == new.keys():
        return [change for key in new for change in difference(old[key], new[key], [*path, key])]
    if isinstance(new, list) and isinstance(old, list) and len(old) == len(new):
        return [change for i in range(len(new)) for change in difference(old[i], new[i], [*path, i])]
    if isinstance(new, (dict, list)) or isinstance(old, (dict, list, np.ndarray)):
        return [(path, new)]
    return [] if type(old) is type(new) and old == new else [(path, new)]


def plain(value: Any, path: str = "figure", infinite: list[str] | None = None) -> Any:
    """The tree with numpy scalars as Python numbers, tuples as lists and arrays in a form the browser can read.

    An infinite number is a gap, as NaN is; the place of each goes into `infinite`, if a list is given.
    Raises TypeError that names the place of anything a picture cannot hold (complex numbers, objects).
    """
    if isinstance(value, dict):
        return {str(key): plain(item, f"{path}.{key}", infinite) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "US" or (value.dtype.kind == "O" and value.size == 0):
            return value.tolist()
        if value.dtype.kind not in "biuf":
            raise TypeError(f"{path} must hold real numbers or text, got an array of {value.dtype}")
        # Fields go as single precision: a third of a pixel needs three digits, and the message halves.
        with np.errstate(over="ignore"):
            array = np.ascontiguousarray(value, np.float32 if value.ndim > 1 else np.float64)
        gaps = np.isinf(array)
        if gaps.any():
            array = np.where(gaps, array.dtype.type(np.nan), array)
            if infinite is not None:
                infinite.append(path)
        return array
    if isinstance(value, (list, tuple)):
        if len(value) > 8 and all(isinstance(item, (int, float, np.number)) for item in value):
            return plain(np.asarray(value, float), path, infinite)
        return [plain(item, f"{path}[{i}]", infinite) for i, item in enumerate(value)]
    if isinstance(value, np.generic):
        return plain(value.item(), path, infinite)
    if isinstance(value, float) and not np.isfinite(value):
        if infinite is not None and np.isinf(value):
            infinite.append(path)
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{path} must hold numbers, text, lists, dicts or arrays, got {type(value).__name__}")


def pack(value: Any, buffers: list[memoryview]) -> Any:
    """The tree with each array replaced by {"$array": index, "shape": ...} and appended to `buffers`."""
    if isinstance(value, np.ndarray):
        buffers.append(value.data.cast("B") if value.size else memoryview(b""))
        return {"$array": len(buffers) - 1, "shape": list(value.shape), "single": value.dtype == np.float32}
    if isinstance(value, dict):
        return {key: pack(item, buffers) for key, item in value.items()}
    if isinstance(value, list):
        return [pack(item, buffers) for item in value]
    return value
