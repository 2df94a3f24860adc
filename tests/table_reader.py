"""A table read back as the page reads it, independently of the code that writes it."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np


class Read:
    """The states of a table's script, each with its figure whole."""

    def __init__(self, script: str) -> None:
        self.key, packed = json.loads(script.strip().removeprefix("spectralLabTable(").removesuffix(");").join("[]"))
        head, singles, doubles = (zlib.decompress(base64.b64decode(part)) for part in packed)
        self.head: dict[str, Any] = json.loads(head)
        pools = {True: self._numbers(singles, np.float32), False: self._numbers(doubles, np.float64)}
        ends = {True: 0, False: 0}
        self.arrays = []
        for single, count in self.head["sizes"]:
            self.arrays.append(pools[single][ends[single] : ends[single] + count])
            ends[single] += count

    @staticmethod
    def _numbers(data: bytes, kind: Any) -> np.ndarray:
        width = np.dtype(kind).itemsize
        return np.frombuffer(np.frombuffer(data, np.uint8).reshape(width, -1).T.tobytes(), kind)

    def states(self) -> list[dict[str, Any]]:
        """The control values of every state."""
        values = self.head["values"]
        return [
            {name: values[name][i] for name, i in zip(values, entry["at"], strict=True)}
            for entry in self.head["states"]
        ]

    def figure(self, number: int) -> Any:
        """The whole picture at a state."""
        entry = self.head["states"][number]
        buffers = [self.arrays[i] for i in [*self.head["arrays"], *entry["arrays"]]]
        tree = _unpacked(self.head["figure"], buffers)
        for path, value in entry["patch"]:
            tree = _put(tree, path, _unpacked(value, buffers))
        return tree


def _unpacked(value: Any, buffers: list[np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_unpacked(item, buffers) for item in value]
    if not isinstance(value, dict):
        return value
    if "$array" in value:
        return buffers[value["$array"]].reshape(value["shape"])
    return {key: _unpacked(item, buffers) for key, item in value.items()}


def _put(tree: Any, path: list[Any], value: Any) -> Any:
    if not path:
        return value
    copy = list(tree) if isinstance(tree, list) else dict(tree)
    copy[path[0]] = _put(tree[path[0]], path[1:], value)
    return copy
