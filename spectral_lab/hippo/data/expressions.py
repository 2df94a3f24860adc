"""ListOps, generated: nested lists of digits under MIN, MAX, MED and SM (sum modulo 10), and the value of the whole.

The recipe of the Long Range Arena (Tay et al., arXiv 2011.04006; Nangia and Bowman, arXiv 1804.06028): a node at a
depth below max_depth is an operator with probability 1/4, with 2 to max_args arguments drawn uniformly; otherwise it
is a digit. Trees of length 500 to 2000 (operators, digits and closing brackets) are kept, each only once; 8 % are.

Here many trees grow at once, a level at a time: a level is an array of nodes, so numpy does the work. The distribution
is that of the recipe; the sample is not that of the release.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int, UInt8

from spectral_lab import checks
from spectral_lab.archives import LARGEST, FormatError, member, npy
from spectral_lab.datasets import data_folder

if TYPE_CHECKING:
    from spectral_lab.samples import Sequences

OPERATORS = ("[MIN", "[MAX", "[MED", "[SM")
# Tokens: padding, unknown and end, the digits, the operators, and X for the closing bracket: 18 in all.
VOCABULARY = ("<pad>", "<unk>", "<eos>", *map(str, range(10)), *OPERATORS, "X")
DIGIT, OPERATOR, CLOSE, END = 3, 13, 17, 2
TREES = 4000  # trees that grow together
CROWD = 10**6  # nodes of a level beyond which trees that are too long already stop growing


def listops_tokens(source: str) -> list[str]:
    """A source line of the release as tokens: round brackets are dropped, "]" becomes "X". Raises: ValueError."""
    if not isinstance(source, str):
        raise ValueError(f"source must be a line of text, got {checks.shown(source)}")
    tokens = ["X" if word == "]" else word for word in source.split() if word not in "()"]
    for token in tokens:
        checks.choice(token, "source", VOCABULARY[DIGIT:])
    return tokens


def listops_value(tokens: list[str]) -> int:
    """The value of an expression. MED rounds the median down, SM is the sum modulo 10. Raises: ValueError."""
    if isinstance(tokens, str) or not isinstance(tokens, Sequence):
        raise ValueError(f"tokens must be a list of tokens, got {checks.shown(tokens)}")
    stack: list[list[str | int]] = [[]]
    for token in tokens:
        checks.choice(token, "tokens", VOCABULARY[DIGIT:])
        if token in OPERATORS:
            stack.append([token])
        elif token != "X":
            stack[-1].append(int(token))
        elif len(stack) == 1 or len(stack[-1]) == 1:
            raise ValueError("tokens must close only lists that are open and hold something")
        else:
            operator, *values = stack.pop()
            stack[-1].append(_apply(str(operator), np.array(values, dtype=int)))
    if len(stack) != 1 or len(stack[0]) != 1:
        raise ValueError("tokens must be one whole expression")
    return int(stack[0][0])


def _apply(operator: str, values: Int[np.ndarray, " k"]) -> int:
    if operator == "[MIN":
        return int(values.min())
    if operator == "[MAX":
        return int(values.max())
    return int(np.median(values)) if operator == "[MED" else int(values.sum() % 10)


def listops_arrays(
    count: int,
    seed: int = 0,
    max_depth: int = 10,
    max_args: int = 10,
    min_length: int = 500,
    max_length: int = 2000,
    workers: int | None = None,
) -> tuple[UInt8[np.ndarray, "count longest"], Int[np.ndarray, " count"], Int[np.ndarray, " count"]]:
    """`count` distinct expressions: tokens padded with 0 and ended by <eos>, lengths with <eos>, and values.

    The result depends on the seed, not on the number of workers (processes: at most one a core, and no more than there
    is work for). At the Arena's settings a core makes about ten thousand expressions a second.
    Args: count up to 10^6; max_depth up to 100; max_args up to 1000; max_length up to 10^5. Raises: ValueError.
    """
    count, seed = checks.integer(count, "count", 1, 10**6), checks.seed(seed)
    max_depth, max_args = checks.integer(max_depth, "max_depth", 1, 100), checks.integer(max_args, "max_args", 2, 1000)
    min_length, max_length = (
        checks.integer(min_length, "min_length", 0),
        checks.integer(max_length, "max_length", 2, 10**5),
    )
    if count * max_length > LARGEST:
        raise ValueError(f"count and max_length must ask for at most {LARGEST:,} tokens, got {count} and {max_length}")
    if max_length <= max(min_length + 1, 1) or (max_depth == 1 and min_length > 0):
        raise ValueError(
            "max_length must leave room above min_length, and max_depth be 1 only where min_length is 0, got lengths "
            f"{min_length} to {max_length} and max_depth {max_depth}"
        )
    grow = partial(_accepted, max_depth=max_depth, max_args=max_args, shortest=min_length, longest=max_length)
    kept: dict[bytes, int] = {}
    batch = 0
    with in_processes(workers, min(count, 8)) as pool:
        barren = 0
        while len(kept) < count:
            seeds = [[seed, batch + i] for i in range(8)]
            before = len(kept)
            for found in pool.map(grow, seeds):
                for tokens, value in found:
                    kept.setdefault(tokens, value)
                if len(kept) >= count:
                    break
            batch += len(seeds)
            barren = barren + 1 if len(kept) == before else 0
            if barren > 4:
                raise ValueError(f"count must be at most the {len(kept)} expressions these limits allow, got {count}")
    chosen = list(kept.items())[:count]
    lengths = np.array([len(tokens) + 1 for tokens, _ in chosen])
    x = np.zeros((count, lengths.max()), dtype=np.uint8)
    for row, (tokens, _) in zip(x, chosen, strict=True):
        row[: len(tokens)] = np.frombuffer(tokens, dtype=np.uint8)
        row[len(tokens)] = END
    return x, lengths, np.array([value for _, value in chosen])


@contextmanager
def in_processes(workers: int | None, jobs: int) -> Iterator[Any]:
    """A pool with `map`: so many processes (None: one a core), or this one; never more than cores or jobs.

    A process whose parent is gone ends itself, and an interruption does not wait for the jobs that have not begun.
    """
    cores = os.cpu_count() or 1
    count = min(cores if workers is None else checks.integer(workers, "workers", 1), cores, jobs)
    if count == 1:
        yield SimpleNamespace(map=map)
        return
    with ProcessPoolExecutor(count, initializer=_end_with_parent) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _end_with_parent() -> None:
    from multiprocessing import connection, parent_process
    from threading import Thread

    parent = parent_process()
    if parent is not None:
        Thread(target=lambda: (connection.wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def _accepted(seed: list[int], max_depth: int, max_args: int, shortest: int, longest: int) -> list[tuple[bytes, int]]:
    """The trees of one batch whose length lies between the limits, as token bytes with their values."""
    rng = np.random.default_rng(seed)
    arity, parent, short = _grow(rng, max_depth, max_args, longest)
    length = _lengths(arity, parent)
    good = short & (length[0] > shortest) & (length[0] < longest)
    keep = _descendants(good, parent)
    # From here on only accepted trees exist, so that values and tokens are made for 8 % of the nodes.
    index = [np.cumsum(k) - 1 for k in keep]
    arity = [a[k] for a, k in zip(arity, keep, strict=True)]
    length = [n[k] for n, k in zip(length, keep, strict=True)]
    parent = [index[d][p[k]] for d, (p, k) in enumerate(zip(parent, keep[1:], strict=True))]
    codes = [
        np.where(a > 0, OPERATOR + rng.integers(4, size=len(a)), DIGIT + rng.integers(10, size=len(a))) for a in arity
    ]
    values = _values(arity, parent, codes)
    return list(zip(_write(length, parent, arity, codes), values.tolist(), strict=True))


def _grow(
    rng: np.random.Generator, max_depth: int, max_args: int, longest: int
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """For each level, the arguments of each node (0: a digit); for each level below, whose child a node is; and for
    each tree, whether it has fewer nodes than `longest`.

    A level of many arguments may outgrow memory. It is then left to the trees that can still be accepted.
    """
    nodes, arity, parent = TREES, [], []
    tree, size = np.arange(TREES), np.ones(TREES)
    for depth in range(1, max_depth + 1):
        operator = rng.random(nodes) <= 0.25 if depth < max_depth else np.zeros(nodes, dtype=bool)
        arity.append(np.where(operator, rng.integers(2, max_args + 1, size=nodes), 0))
        if not operator.any():
            break
        size += np.bincount(tree, arity[-1], TREES)
        if arity[-1].sum() > CROWD:
            arity[-1][size[tree] >= longest] = 0
        parent.append(np.repeat(np.arange(nodes), arity[-1]))
        tree = tree[parent[-1]]
        nodes = len(parent[-1])
    return arity, parent, size < longest


def _lengths(arity: list[np.ndarray], parent: list[np.ndarray]) -> list[np.ndarray]:
    """Tokens of each node's expression: 1 for a digit, 2 and those of its arguments for an operator."""
    length = [np.where(a > 0, 2, 1) for a in arity]
    for level in range(len(arity) - 2, -1, -1):
        length[level] = length[level] + np.bincount(parent[level], length[level + 1], len(arity[level])).astype(int)
    return length


def _descendants(good: np.ndarray, parent: list[np.ndarray]) -> list[np.ndarray]:
    keep = [good]
    for above in parent:
        keep.append(keep[-1][above])
    return keep


def _values(arity: list[np.ndarray], parent: list[np.ndarray], codes: list[np.ndarray]) -> Int[np.ndarray, " trees"]:
    """Values from the leaves up; a level's arguments stand in rows of a table, padded at the end."""
    below = np.zeros(0, dtype=int)
    for level in range(len(arity) - 1, -1, -1):
        value, operator = codes[level] - DIGIT, arity[level] > 0
        if operator.any():
            k = arity[level]
            first = np.cumsum(k) - k
            table = np.full((len(k), k.max()), 99)
            table[parent[level], np.arange(len(below)) - first[parent[level]]] = below
            table = np.sort(table[operator], axis=1)
            k, rows = k[operator], np.arange(operator.sum())
            inside = np.arange(table.shape[1]) < k[:, None]
            answers = np.stack(
                [
                    table[:, 0],
                    table[rows, k - 1],
                    (table[rows, (k - 1) // 2] + table[rows, k // 2]) // 2,
                    np.where(inside, table, 0).sum(axis=1) % 10,
                ]
            )
            value[operator] = answers[codes[level][operator] - OPERATOR, rows]
        below = value
    return below


def _write(
    length: list[np.ndarray], parent: list[np.ndarray], arity: list[np.ndarray], codes: list[np.ndarray]
) -> list[bytes]:
    """The tokens of all trees in reading order: a child stands after its parent and its elder siblings."""
    start = np.cumsum(length[0]) - length[0]
    text = np.zeros(int(length[0].sum()), dtype=np.uint8)
    ends = start + length[0]
    for level, code in enumerate(codes):
        text[start] = code
        operator = arity[level] > 0
        text[(start + length[level] - 1)[operator]] = CLOSE
        if level < len(parent):
            above, size = parent[level], length[level + 1]
            elder = np.cumsum(size) - size
            first = np.cumsum(arity[level]) - arity[level]
            start = start[above] + 1 + elder - elder[first[above]] if len(above) else np.zeros(0, dtype=int)
    return [text[a:b].tobytes() for a, b in zip(np.cumsum(length[0]) - length[0], ends, strict=True)]


def listops(
    train: int = 96_000,
    val: int = 2_000,
    test: int = 2_000,
    seed: int = 0,
    max_depth: int = 10,
    max_args: int = 10,
    min_length: int = 500,
    max_length: int = 2000,
    workers: int | None = None,
) -> dict[str, Sequences]:
    """The ListOps task, generated once for each setting and kept as arrays in the data folder.

    Args: sizes of the splits; seed; limits of the trees, the defaults being those of the Long Range Arena; workers,
    processes (default: all cores). Raises: ValueError.
    """
    import torch

    from spectral_lab.samples import Sequences

    sizes = {"train": train, "val": val, "test": test}
    sizes = {name: checks.integer(size, name, 1, 300_000) for name, size in sizes.items()}
    total, seed = sum(sizes.values()), checks.seed(seed)
    limits = tuple(
        checks.integer(value, name, 0, 10**5)
        for value, name in (
            (max_depth, "max_depth"), (max_args, "max_args"), (min_length, "min_length"), (max_length, "max_length"),
        )
    )  # fmt: skip
    path = data_folder() / "hippo" / f"listops-{total}-{seed}-{'-'.join(map(str, limits))}.npz"
    x, lengths, values = cached(path, lambda: listops_arrays(total, seed, *limits, workers=workers))
    cuts = np.cumsum(list(sizes.values()))[:-1]
    parts = zip(sizes, np.split(x, cuts), np.split(lengths, cuts), np.split(values, cuts), strict=True)
    return {name: Sequences(torch.tensor(a), torch.tensor(c), torch.tensor(b)) for name, a, b, c in parts}


def cached(path: Path, make: Callable[[], Sequence[np.ndarray]]) -> list[np.ndarray]:
    """The arrays in `path`, made and written (whole, or not at all) if they are not there. Raises: FormatError."""
    from io import BytesIO

    from spectral_lab.atomic import write_atomically

    if not path.is_file():
        made, file = list(make()), BytesIO()
        np.savez_compressed(file, *made)
        write_atomically(path, file.getvalue())
        return made
    arrays: list[np.ndarray] = []
    try:
        while True:
            with member(path, f"arr_{len(arrays)}.npy") as stored:
                arrays.append(npy(stored.read(), path))
    except FileNotFoundError:
        if arrays:
            return arrays
        raise FormatError(f"{path} is damaged, delete it to have it made anew: it holds no array") from None
    except (FormatError, OSError) as error:
        raise FormatError(f"{path} is damaged, delete it to have it made anew: {error}") from None
